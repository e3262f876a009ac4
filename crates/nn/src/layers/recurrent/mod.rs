//! [`Rnn`], [`Lstm`] and [`Gru`]: layers that read a sequence step by step.
//!
//! Invariant: each layer and direction is one `scan`, before which one product projects the inputs of all steps.

mod cells;

pub use cells::{GruCell, GruForm, LstmCell, LstmState, RecurrentCell, RnnActivation, RnnCell};

use gradus::{Scan, Traced, Tree, Val, arange, as_operation, concatenate, refuse, where_};

use super::embedding::zeros_within;
use crate::{Context, Keys};

/// A simple recurrent network: `h' = tanh(x · w_input + h · w_hidden + b)`.
pub type Rnn<T = gradus::Array> = Recurrent<RnnCell<T>>;
/// Long short-term memory (Hochreiter and Schmidhuber, 1997) with forget gates (Gers et al., 2000).
pub type Lstm<T = gradus::Array> = Recurrent<LstmCell<T>>;
/// Gated recurrent units (Cho et al., 2014).
pub type Gru<T = gradus::Array> = Recurrent<GruCell<T>>;

/// What there is of each direction of a layer: its cell, or its state.
#[derive(Tree, Clone, Debug)]
pub struct Directions<C> {
    /// From the first step to the last.
    pub forward: C,
    /// From the last step to the first, if the layer is bidirectional.
    pub backward: Option<C>,
}

/// Layers of cells over a sequence, `[.., time, inputs] -> [.., time, outputs]`; see [`Lstm`], [`Gru`], [`Rnn`].
///
/// There are `hidden` outputs, twice as many if it is bidirectional: those of the forward direction first.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Context, Keys, Lstm, init};
/// let lstm = init(0, |keys: &Keys| Lstm::new(keys, 3, 4).with_layers(keys, 2).bidirectional(keys))?;
/// let apply = jit(|lstm: &Lstm<Val>, x: &Val, lengths: &Val| {
///     lstm.scan(x, &lstm.start(&[2]), Some(lengths), &Context::evaluation())
/// });
/// let x = Array::new([2, 5, 3], [0.1f32; 30])?;
/// let (y, last) = apply(&lstm, &x, &Array::from([5i32, 2]))?;
/// assert_eq!((y.shape(), last.len()), (vec![2, 5, 8], 2));
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Recurrent<C> {
    /// The cells of each layer, from input to output.
    pub layers: Vec<Directions<C>>,
    /// The rate of dropout between layers in training.
    #[tree(static)]
    pub dropout: f64,
}

impl<C: RecurrentCell + Clone> Recurrent<C> {
    /// One layer of one direction.
    pub fn of(cell: C) -> Recurrent<C> {
        Recurrent { layers: vec![Directions { forward: cell, backward: None }], dropout: 0.0 }
    }
    /// The same with `count` layers in all, each over the outputs of the one before.
    ///
    /// # Errors
    /// If that is none.
    #[track_caller]
    pub fn with_layers(mut self, keys: &Keys, count: usize) -> Recurrent<C> {
        if count == 0 {
            refuse(C::NAME, "there is at least one layer, not 0");
            return self;
        }
        self.layers.truncate(count);
        while let Some(last) = self.layers.last().filter(|_| self.layers.len() < count) {
            let inputs = outputs(last);
            let forward = last.forward.with_inputs(keys, inputs);
            let backward = last.backward.as_ref().map(|cell| cell.with_inputs(keys, inputs));
            self.layers.push(Directions { forward, backward });
        }
        self
    }
    /// The same with a second direction in each layer, whose outputs follow those of the first.
    #[track_caller]
    pub fn bidirectional(self, keys: &Keys) -> Recurrent<C> {
        let mut inputs = None;
        let both = |layer: Directions<C>| {
            let forward = match inputs {
                Some(inputs) if inputs != layer.forward.inputs() => layer.forward.with_inputs(keys, inputs),
                _ => layer.forward,
            };
            let backward = layer.backward.unwrap_or_else(|| forward.with_inputs(keys, forward.inputs()));
            inputs = Some(2 * forward.hidden());
            Directions { forward, backward: Some(backward) }
        };
        Recurrent { layers: self.layers.into_iter().map(both).collect(), ..self }
    }
    /// The same with dropout of what one layer gives to the next, in training.
    pub fn with_dropout(self, rate: f64) -> Recurrent<C> {
        Recurrent { dropout: rate, ..self }
    }
    /// The same with `f` of every cell: an option of the cell, as in `lstm.map_cells(LstmCell::without_bias)`.
    pub fn map_cells(self, mut f: impl FnMut(C) -> C) -> Recurrent<C> {
        let layers = self
            .layers
            .into_iter()
            .map(|layer| Directions { forward: f(layer.forward), backward: layer.backward.map(&mut f) });
        Recurrent { layers: layers.collect(), ..self }
    }

    /// The states before a sequence, zeros, of a batch of this shape.
    #[track_caller]
    pub fn start(&self, batch: &[usize]) -> Vec<Directions<C::State>> {
        let start = |layer: &Directions<C>| Directions {
            forward: layer.forward.start(batch),
            backward: layer.backward.as_ref().map(|cell| cell.start(batch)),
        };
        self.layers.iter().map(start).collect()
    }
    /// The outputs of the last layer for the sequences `x`, from states of zero.
    #[track_caller]
    pub fn apply(&self, x: &Val, ctx: &Context) -> Val {
        as_operation(C::NAME, || match x.rank() {
            0 | 1 => no_sequence(C::NAME, x),
            rank => self.scan(x, &self.start(&x.shape()[..rank - 2]), None, ctx).0,
        })
    }
    /// The outputs of the last layer for the sequences `x`, from `states` on, and the states after it.
    ///
    /// With `lengths`, integers `[..]`, the steps of a sequence beyond its length are padding: they change no state, and
    /// their outputs are zero; the backward direction begins at the last step that is none. A length that is negative
    /// or larger than the number of steps gives NaN, or an error under [`Checks::out_of_bounds`](gradus::Checks).
    ///
    /// # Errors
    /// If `x`, `states` and `lengths` are not of one batch, or `states` not of these layers.
    #[track_caller]
    pub fn scan(
        &self,
        x: &Val,
        states: &[Directions<C::State>],
        lengths: Option<&Val>,
        ctx: &Context,
    ) -> (Val, Vec<Directions<C::State>>) {
        as_operation(C::NAME, || {
            if let Some(refused) = self.refused(x, states, lengths) {
                return (refused, self.start(&[]).map(|_| refused));
            }
            // [.., time, inputs] -> [time, .., inputs]
            let mut y = x.moveaxis(-2, 0);
            let live = lengths.map(|lengths| {
                let live = live(lengths, y.shape()[0]);
                // What stands in the padding has no influence, not even a NaN on a derivative.
                y = where_(live, y, 0.0) + zeros_within(lengths, y.shape()[0] + 1, y.dtype()).expand_dims(-1);
                live
            });
            let mut last = vec![];
            for (i, (layer, state)) in self.layers.iter().zip(states).enumerate() {
                let input = if i == 0 { y } else { ctx.dropout(y, self.dropout) };
                let (forward, out) = scan_one(&layer.forward, &input, &state.forward, live.as_ref(), false);
                let backward = layer.backward.as_ref().zip(state.backward.as_ref());
                let backward =
                    backward.map(|(cell, state)| scan_one(cell, &input, state, live.as_ref(), true));
                y = backward.as_ref().map_or(out, |(_, back)| concatenate([out, *back], -1));
                last.push(Directions { forward, backward: backward.map(|(state, _)| state) });
            }
            (y.moveaxis(0, -2), last)
        })
    }
    /// One step of all layers, in evaluation: `[.., inputs] -> [.., outputs]`, and the next states.
    ///
    /// # Errors
    /// If the layers are bidirectional: they need all of a sequence.
    #[track_caller]
    pub fn step(&self, x: &Val, states: &[Directions<C::State>]) -> (Val, Vec<Directions<C::State>>) {
        as_operation(C::NAME, || {
            let x = match self.layers.iter().any(|layer| layer.backward.is_some()) {
                true => refuse(C::NAME, "a bidirectional layer reads whole sequences; use `scan`"),
                false => x.expand_dims(-2),
            };
            let (y, states) = self.scan(&x, states, None, &Context::evaluation());
            (y.squeeze(-2), states)
        })
    }

    /// The refusal of arguments of [`Recurrent::scan`] that do not belong together.
    #[track_caller]
    fn refused(&self, x: &Val, states: &[Directions<C::State>], lengths: Option<&Val>) -> Option<Val> {
        let (shape, first) = (x.shape(), self.layers.first()?);
        if shape.len() < 2 {
            return Some(no_sequence(C::NAME, x));
        }
        let (batch, inputs) = (&shape[..shape.len() - 2], first.forward.inputs());
        if shape[shape.len() - 1] != inputs {
            let message =
                format!("x is {}, expected [.., time, {inputs}]: the layer has {inputs} inputs", x.ty());
            return Some(refuse(C::NAME, message));
        }
        if let Some(lengths) = lengths.filter(|n| n.shape() != batch || !n.dtype().is_integer()) {
            let message = format!(
                "lengths are {}, expected integers of shape {batch:?} for x {}",
                lengths.ty(),
                x.ty()
            );
            return Some(refuse(C::NAME, message));
        }
        let shapes = |states: &[Directions<C::State>]| -> Vec<Vec<usize>> {
            states
                .iter()
                .flat_map(|s| s.leaves().into_iter().map(|leaf| leaf.shape()).collect::<Vec<_>>())
                .collect()
        };
        let (found, expected) = (shapes(states), shapes(&self.start(batch)));
        (found != expected || states.len() != self.layers.len()).then(|| {
            let message = format!("the states are {found:?}, expected {expected:?} for x {}", x.ty());
            refuse(C::NAME, message)
        })
    }
}

/// A layer's number of outputs.
fn outputs<C: RecurrentCell>(layer: &Directions<C>) -> usize {
    layer.forward.hidden() * if layer.backward.is_some() { 2 } else { 1 }
}

#[track_caller]
fn no_sequence(op: &'static str, x: &Val) -> Val {
    refuse(op, format!("x is {}, expected [.., time, inputs]", x.ty()))
}

/// Which steps are no padding, `[time, .., 1]`.
#[track_caller]
fn live(lengths: &Val, time: usize) -> Val {
    let mut shape = vec![1; lengths.rank() + 1];
    shape[0] = time;
    arange(time).reshape(shape).lt(lengths).expand_dims(-1)
}

/// One direction of one layer, over `x` `[time, .., inputs]`: its last state and its outputs `[time, .., hidden]`.
#[track_caller]
fn scan_one<C: RecurrentCell>(
    cell: &C,
    x: &Val,
    state: &C::State,
    live: Option<&Val>,
    reverse: bool,
) -> (C::State, Val) {
    let scan = Scan { reverse, ..Scan::default() };
    let state = state.copy();
    let projected = cell.project(x);
    match live {
        None => scan.run(state, &projected, |state, x| {
            let next = cell.next(&x, &state);
            let y = C::output(&next);
            (next, y)
        }),
        Some(live) => scan.run(state, &(projected, *live), |state, (x, live)| {
            let next = cell.next(&x, &state);
            let y = where_(live, C::output(&next), 0.0);
            (next.zip_map(&state, |next, old| where_(live, next, old)), y)
        }),
    }
}

#[cfg(test)]
#[path = "recurrent_tests.rs"]
mod tests;
