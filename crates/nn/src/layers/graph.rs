//! Layers over graphs, which are lists of edges between rows of a matrix of nodes.
//!
//! Invariant: an edge that is masked has no influence; one that names no node gives NaN, and an error
//! under `Config::checks`. Several graphs are one: their nodes follow each other, and edges name them.

use gradus::{Array, Tree, Val, as_operation, concatenate, ones, refuse, segment_max, segment_sum, where_};

use super::embedding::{counted, zeros_within};
use super::{Activation, Dense};
use crate::Keys;

/// The edges of a graph: node `senders[i]` sends to node `receivers[i]`.
///
/// A graph without directions has each edge twice.
#[derive(Tree, Clone, Debug)]
pub struct Edges<T = Array> {
    /// Integers `[edges]`.
    pub senders: T,
    /// Integers `[edges]`.
    pub receivers: T,
    /// Which edges are there, truth values `[edges]`; all, if `None`. The others are padding.
    pub mask: Option<T>,
}

/// How what a node receives becomes one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// The sum; zero of nothing.
    #[default]
    Sum,
    /// The mean; zero of nothing.
    Mean,
    /// The largest of each feature; zero of nothing.
    Max,
}

impl Edges<Val> {
    /// What senders have, `[nodes, ..] -> [edges, ..]`.
    ///
    /// # Errors
    /// If the lists of the edges are not integers of one length.
    #[track_caller]
    pub fn sent(&self, nodes: &Val) -> Val {
        as_operation("Edges", || self.read(&self.senders, nodes))
    }
    /// What receivers have, `[nodes, ..] -> [edges, ..]`.
    ///
    /// # Errors
    /// As [`Edges::sent`].
    #[track_caller]
    pub fn received(&self, nodes: &Val) -> Val {
        as_operation("Edges", || self.read(&self.receivers, nodes))
    }
    /// What each of `nodes` nodes receives from all its edges, `[edges, features] -> [nodes, features]`.
    ///
    /// # Errors
    /// If there is not a message for each edge.
    #[track_caller]
    pub fn aggregate(&self, messages: &Val, nodes: usize, how: Aggregation) -> Val {
        as_operation("Edges", || {
            if let Some(refused) = self.refused(Some(messages)) {
                return refused;
            }
            let to = self.named(&self.receivers);
            let received = match how {
                Aggregation::Sum => segment_sum(self.or(messages, 0.0), to, nodes),
                Aggregation::Mean => {
                    let count = self.degrees(nodes).astype(messages.dtype()).max(1.0);
                    segment_sum(self.or(messages, 0.0), to, nodes) / count.expand_dims(1)
                }
                Aggregation::Max => {
                    let received = self.degrees(nodes).gt(0).expand_dims(1);
                    let largest = segment_max(self.or(messages, f64::NEG_INFINITY), to, nodes);
                    where_(received, largest, 0.0)
                }
            };
            // A segment that is not there is left out without a word.
            received + zeros_within(&to, nodes, received.dtype()).sum()
        })
    }
    /// How many edges lead to each of `nodes` nodes: `i32[nodes]`.
    ///
    /// # Errors
    /// If the lists of the edges are not integers of one length.
    #[track_caller]
    pub fn degrees(&self, nodes: usize) -> Val {
        as_operation("Edges", || match self.refused(None) {
            Some(refused) => refused,
            None => {
                let each = ones(self.receivers.shape(), gradus::Dtype::I32);
                segment_sum(
                    self.mask.map_or(each, |mask| where_(mask, each, 0)),
                    self.named(&self.receivers),
                    nodes,
                )
            }
        })
    }

    /// Messages, those of masked edges replaced.
    #[track_caller]
    fn or(&self, messages: &Val, other: f64) -> Val {
        self.mask.map_or(*messages, |mask| where_(mask.expand_dims(1), messages, other))
    }
    /// The ends of edges, where those of padding, which may be no node, are the first.
    #[track_caller]
    fn named(&self, ends: &Val) -> Val {
        self.mask.map_or(*ends, |mask| where_(mask, ends, 0))
    }
    #[track_caller]
    fn read(&self, ends: &Val, nodes: &Val) -> Val {
        match self.refused(None) {
            Some(refused) => refused,
            None if nodes.rank() == 0 => {
                refuse("Edges", format!("the nodes are {}, expected [nodes, ..]", nodes.ty()))
            }
            None => nodes.take(counted(&self.named(ends), nodes.shape()[0]), 0),
        }
    }
    #[track_caller]
    fn refused(&self, messages: Option<&Val>) -> Option<Val> {
        let (from, to) = (self.senders.ty(), self.receivers.ty());
        if from.shape != to.shape || from.rank() != 1 || !from.dtype.is_integer() || !to.dtype.is_integer() {
            let message =
                format!("senders are {from}, receivers {to}; expected integers [edges] of one length");
            return Some(refuse("Edges", message));
        }
        let mask = self.mask.map(|mask| mask.ty());
        if let Some(mask) = mask.filter(|mask| mask.shape != from.shape || mask.dtype != gradus::Dtype::Bool)
        {
            return Some(refuse(
                "Edges",
                format!("the mask is {mask}, expected truth values {}", from.shape),
            ));
        }
        let messages = messages.map(|messages| messages.ty());
        let messages = messages.filter(|m| m.rank() != 2 || m.shape.dim(0) != from.shape.dim(0))?;
        Some(refuse("Edges", format!("messages are {messages}, expected [{}, features]", from.shape.dim(0))))
    }
}

/// A graph convolution: `D^(−1/2) (A + 1) D^(−1/2) x · w + b`, `[nodes, inputs] -> [nodes, outputs]`.
///
/// Kipf and Welling, 2017, arXiv:1609.02907. `D` counts what a node receives and itself.
#[derive(Tree, Clone, Debug)]
pub struct GraphConv<T = Array> {
    /// Of each node.
    pub dense: Dense<T>,
}

impl GraphConv<Val> {
    /// Weights as [`Dense::new`] has them.
    #[track_caller]
    pub fn new(keys: &Keys, inputs: usize, outputs: usize) -> GraphConv<Val> {
        GraphConv { dense: Dense::new(keys, inputs, outputs) }
    }
    /// The layer's output for `nodes`; edges lead both ways.
    ///
    /// # Errors
    /// If `nodes` is no `[nodes, inputs]`, or the lists of edges are not of one length.
    #[track_caller]
    pub fn apply(&self, nodes: &Val, edges: &Edges<Val>) -> Val {
        as_operation("GraphConv", || {
            if nodes.rank() != 2 {
                return refuse(
                    "GraphConv",
                    format!("the nodes are {}, expected [nodes, inputs]", nodes.ty()),
                );
            }
            let count = nodes.shape()[0];
            let x = nodes.astype(self.dense.w.dtype()).dot(self.dense.w);
            // 1 / √degree, with the loop of each node to itself.
            let scale = (edges.degrees(count).astype(x.dtype()) + 1.0).rsqrt().expand_dims(1);
            let received = edges.aggregate(&edges.sent(&(x * scale)), count, Aggregation::Sum);
            let y = (received + x * scale) * scale;
            self.dense.b.map_or(y, |b| y + b)
        })
    }
}

/// Message passing: `h' = activation(update([h, Σ activation(message([h_sender, h_receiver?, edge]))]))`.
///
/// The sum, mean or maximum is over the edges that lead to a node. With [`Aggregation::Mean`] and messages of senders
/// alone it is GraphSAGE (Hamilton et al., 2017); with features of edges it passes messages of molecules (Gilmer et
/// al., 2017, arXiv:1704.01212).
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Edges, Keys, MessagePassing, init};
/// let layer = init(0, |keys: &Keys| MessagePassing::new(keys, 2, 8))?;
/// let edges = Edges { senders: Array::from([0i32, 1]), receivers: Array::from([1i32, 2]), mask: None };
/// let apply = jit(|l: &MessagePassing<Val>, x: &Val, edges: &Edges<Val>| l.apply(x, edges, None));
/// assert_eq!(apply(&layer, &Array::new([3, 2], [1.0f32; 6])?, &edges)?.shape(), [3, 8]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct MessagePassing<T = Array> {
    /// `[inputs + .., outputs]`, of each edge.
    pub message: Dense<T>,
    /// `[inputs + outputs, outputs]`, of each node.
    pub update: Dense<T>,
    /// How messages become one.
    #[tree(static)]
    pub aggregation: Aggregation,
    /// What is done to messages and to nodes.
    #[tree(static)]
    pub activation: Activation,
    /// Whether a message knows its receiver.
    #[tree(static)]
    pub of_receiver: bool,
}

impl MessagePassing<Val> {
    /// Sums of messages of senders alone, with a ReLU.
    #[track_caller]
    pub fn new(keys: &Keys, inputs: usize, outputs: usize) -> MessagePassing<Val> {
        MessagePassing {
            message: Dense::new(keys, inputs, outputs),
            update: Dense::new(keys, inputs + outputs, outputs),
            aggregation: Aggregation::Sum,
            activation: Activation::Relu,
            of_receiver: false,
        }
    }
    /// The same whose messages know the features of their edges, too.
    #[track_caller]
    pub fn with_edge_features(self, keys: &Keys, features: usize) -> MessagePassing<Val> {
        let shape = self.message.w.shape();
        MessagePassing { message: Dense::new(keys, shape[0] + features, shape[1]), ..self }
    }
    /// The same whose messages know their receivers, too.
    #[track_caller]
    pub fn with_receivers(self, keys: &Keys) -> MessagePassing<Val> {
        let (message, update) = (self.message.w.shape(), self.update.w.shape());
        let inputs = message[0] + update[0] - update[1];
        MessagePassing { message: Dense::new(keys, inputs, message[1]), of_receiver: true, ..self }
    }
    /// The same with another way to aggregate.
    pub fn with_aggregation(self, aggregation: Aggregation) -> MessagePassing<Val> {
        MessagePassing { aggregation, ..self }
    }
    /// The same with another activation.
    pub fn with_activation(self, activation: Activation) -> MessagePassing<Val> {
        MessagePassing { activation, ..self }
    }

    /// The layer's output for `nodes`, `[nodes, inputs] -> [nodes, outputs]`, with features of edges `[edges,
    /// features]` if it was made for them.
    ///
    /// # Errors
    /// If shapes do not agree with each other or with the layer.
    #[track_caller]
    pub fn apply(&self, nodes: &Val, edges: &Edges<Val>, features: Option<&Val>) -> Val {
        as_operation("MessagePassing", || {
            if nodes.rank() != 2 {
                let message = format!("the nodes are {}, expected [nodes, inputs]", nodes.ty());
                return refuse("MessagePassing", message);
            }
            let receivers = self.of_receiver.then(|| edges.received(nodes));
            let parts = [Some(edges.sent(nodes)), receivers, features.copied()];
            let about = concatenate(parts.into_iter().flatten(), -1);
            let messages = self.activation.apply(&self.message.apply(&about));
            let received = edges.aggregate(&messages, nodes.shape()[0], self.aggregation);
            let both = concatenate([nodes.astype(received.dtype()), received], -1);
            self.activation.apply(&self.update.apply(&both))
        })
    }
}

/// Message passing along directed edges, which never goes straight back: D-MPNN (Yang et al., 2019, arXiv:1904.01561).
///
/// An edge `v → w` begins with `h⁰ = τ([x_v, e] · W_i)`; each step makes `h = τ(h⁰ + (Σ h_{k → v} − h_{w → v}) · W_h)`;
/// in the end a node is `τ([x_v, Σ h_{k → v}] · W_o + b)`.
#[derive(Tree, Clone, Debug)]
pub struct DirectedMessagePassing<T = Array> {
    /// `[inputs + edge features, outputs]`.
    pub input: Dense<T>,
    /// `[outputs, outputs]`.
    pub hidden: Dense<T>,
    /// `[inputs + outputs, outputs]`.
    pub output: Dense<T>,
    /// How many times messages are passed.
    #[tree(static)]
    pub steps: usize,
    /// `τ`.
    #[tree(static)]
    pub activation: Activation,
}

impl DirectedMessagePassing<Val> {
    /// `steps` steps over nodes of `inputs` and edges of `features` features, with a ReLU.
    #[track_caller]
    pub fn new(
        keys: &Keys,
        inputs: usize,
        features: usize,
        outputs: usize,
        steps: usize,
    ) -> DirectedMessagePassing<Val> {
        DirectedMessagePassing {
            input: Dense::new(keys, inputs + features, outputs).without_bias(),
            hidden: Dense::new(keys, outputs, outputs).without_bias(),
            output: Dense::new(keys, inputs + outputs, outputs),
            steps,
            activation: Activation::Relu,
        }
    }
    /// The same with another activation.
    pub fn with_activation(self, activation: Activation) -> DirectedMessagePassing<Val> {
        DirectedMessagePassing { activation, ..self }
    }

    /// The layer's output for `nodes` `[nodes, inputs]` and the `features` of edges `[edges, features]`: `[nodes,
    /// outputs]`.
    ///
    /// `reverse[i]`, an integer, is the number of the edge that leads back where edge `i` comes from.
    ///
    /// # Errors
    /// If shapes do not agree with each other or with the layer.
    #[track_caller]
    pub fn apply(&self, nodes: &Val, edges: &Edges<Val>, features: &Val, reverse: &Val) -> Val {
        const NAME: &str = "DirectedMessagePassing";
        as_operation(NAME, || {
            if nodes.rank() != 2 || reverse.shape() != edges.senders.shape() || !reverse.dtype().is_integer()
            {
                let message = format!(
                    "the nodes are {} and the reverse edges {}, expected [nodes, inputs] and integers {:?}",
                    nodes.ty(),
                    reverse.ty(),
                    edges.senders.shape()
                );
                return refuse(NAME, message);
            }
            let (count, back) = (nodes.shape()[0], counted(&edges.named(reverse), reverse.size()));
            let first = self.input.apply(&concatenate([edges.sent(nodes), *features], -1));
            let mut h = self.activation.apply(&first);
            for _ in 0..self.steps {
                let received = edges.aggregate(&h, count, Aggregation::Sum);
                let messages = edges.sent(&received) - edges.or(&h, 0.0).take(back, 0);
                h = self.activation.apply(&(first + self.hidden.apply(&messages)));
            }
            let received = edges.aggregate(&h, count, Aggregation::Sum);
            let both = concatenate([nodes.astype(received.dtype()), received], -1);
            self.activation.apply(&self.output.apply(&both))
        })
    }
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
