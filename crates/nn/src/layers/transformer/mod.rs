//! Transformers: blocks of attention and an MLP, each beside a residual, and stacks of them.
//!
//! Invariant: a block computes what PyTorch's layer of the same options does.

mod decoder;
mod encoder;

pub use decoder::{DecoderBlock, DecoderCache, TransformerDecoder};
pub use encoder::{EncoderBlock, TransformerEncoder};

use gradus::{Array, Tree, Val};

use super::{Activation, LayerNorm, Mlp, MultiHeadAttention, Positions, RmsNorm};
use crate::{Context, Keys};

/// Where a block normalizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NormOrder {
    /// Before attention and MLP: `x + f(norm(x))`, as GPT-2; a stack ends in a norm.
    #[default]
    Pre,
    /// After the residual: `norm(x + f(x))`, as the paper and BERT.
    Post,
}

/// Which norm a block has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NormKind {
    /// [`LayerNorm`].
    #[default]
    Layer,
    /// [`RmsNorm`].
    Rms,
}

/// One of the norms of a block.
#[derive(Tree, Clone, Debug)]
pub enum Norm<T = Array> {
    /// Mean and variance.
    Layer(LayerNorm<T>),
    /// Mean of squares.
    Rms(RmsNorm<T>),
}

impl Norm<Val> {
    /// The norm's output for `x`.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        match self {
            Norm::Layer(norm) => norm.apply(x),
            Norm::Rms(norm) => norm.apply(x),
        }
    }
}

/// What the blocks of a transformer are like: widths and options.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Context, Keys, Transformer, TransformerEncoder, init};
/// let blocks = Transformer::new(8, 2).causal().with_dropout(0.1);
/// let gpt = init(0, |keys: &Keys| TransformerEncoder::new(keys, 3, &blocks))?;
/// let apply = jit(|gpt: &TransformerEncoder<Val>, x: &Val| gpt.apply(x, None, &Context::evaluation()));
/// assert_eq!(apply(&gpt, &Array::new([4, 5, 8], [0.1f32; 160])?)?.shape(), [4, 5, 8]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transformer {
    /// Features of each position.
    pub width: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Hidden features of the MLP.
    pub hidden: usize,
    /// Where blocks normalize.
    pub order: NormOrder,
    /// By which norm.
    pub norm: NormKind,
    /// What is added under its root; `None` for the norm's own.
    pub epsilon: Option<f64>,
    /// The activation of the MLP.
    pub activation: Activation,
    /// Whether the MLP is gated.
    pub gated: bool,
    /// Whether products, and layer norms, have biases.
    pub bias: bool,
    /// Whether no position of an encoder sees one behind it; in decoders that is always so.
    pub causal: bool,
    /// How self-attention knows of positions.
    pub positions: Positions,
    /// The rate of dropout in training: of attention weights, of the MLP's hidden features, of what joins a residual.
    pub dropout: f64,
}

impl Transformer {
    /// Pre-norm blocks with biases, layer norms, a GELU MLP of `4 · width` hidden features and no dropout: GPT-2's.
    pub fn new(width: usize, heads: usize) -> Transformer {
        Transformer {
            width,
            heads,
            kv_heads: heads,
            hidden: 4 * width,
            order: NormOrder::Pre,
            norm: NormKind::Layer,
            epsilon: None,
            activation: Activation::Gelu,
            gated: false,
            bias: true,
            causal: false,
            positions: Positions::None,
            dropout: 0.0,
        }
    }
    /// The same with so many hidden features of the MLP.
    pub fn with_hidden(self, hidden: usize) -> Transformer {
        Transformer { hidden, ..self }
    }
    /// The same with fewer heads of keys and values.
    pub fn with_kv_heads(self, kv_heads: usize) -> Transformer {
        Transformer { kv_heads, ..self }
    }
    /// The same with norms after residuals.
    pub fn post_norm(self) -> Transformer {
        Transformer { order: NormOrder::Post, ..self }
    }
    /// The same with [`RmsNorm`]s.
    pub fn with_rms_norm(self) -> Transformer {
        Transformer { norm: NormKind::Rms, ..self }
    }
    /// The same with another `epsilon` of the norms.
    pub fn with_epsilon(self, epsilon: f64) -> Transformer {
        Transformer { epsilon: Some(epsilon), ..self }
    }
    /// The same with another activation of the MLP.
    pub fn with_activation(self, activation: Activation) -> Transformer {
        Transformer { activation, ..self }
    }
    /// The same with a gated MLP and [`Activation::Silu`], as Llama's.
    pub fn with_swiglu(self) -> Transformer {
        Transformer { gated: true, activation: Activation::Silu, ..self }
    }
    /// The same without biases.
    pub fn without_bias(self) -> Transformer {
        Transformer { bias: false, ..self }
    }
    /// The same in which no position sees one behind it.
    pub fn causal(self) -> Transformer {
        Transformer { causal: true, ..self }
    }
    /// The same whose self-attention knows of positions in this way.
    pub fn with_positions(self, positions: Positions) -> Transformer {
        Transformer { positions, ..self }
    }
    /// The same with dropout in training.
    pub fn with_dropout(self, rate: f64) -> Transformer {
        Transformer { dropout: rate, ..self }
    }

    #[track_caller]
    fn attention(&self, keys: &Keys) -> MultiHeadAttention<Val> {
        let attention = MultiHeadAttention::new(keys, self.width, self.heads)
            .with_kv_heads(self.kv_heads)
            .with_dropout(self.dropout);
        if self.bias { attention } else { attention.without_bias() }
    }
    #[track_caller]
    fn self_attention(&self, keys: &Keys) -> MultiHeadAttention<Val> {
        let attention = self.attention(keys).with_positions(self.positions);
        if self.causal { attention.causal() } else { attention }
    }
    #[track_caller]
    fn mlp(&self, keys: &Keys) -> Mlp<Val> {
        let mlp = Mlp::new(keys, self.width, self.hidden)
            .with_activation(self.activation)
            .with_dropout(self.dropout);
        let mlp = if self.gated { mlp.gated(keys) } else { mlp };
        if self.bias { mlp } else { mlp.without_bias() }
    }
    #[track_caller]
    fn new_norm(&self) -> Norm<Val> {
        match self.norm {
            NormKind::Layer => {
                let norm = LayerNorm::new(self.width);
                let epsilon = self.epsilon.unwrap_or(norm.epsilon);
                let norm = norm.with_epsilon(epsilon);
                Norm::Layer(if self.bias { norm } else { norm.without_bias() })
            }
            NormKind::Rms => {
                let norm = RmsNorm::new(self.width);
                let epsilon = self.epsilon.unwrap_or(norm.epsilon);
                Norm::Rms(norm.with_epsilon(epsilon))
            }
        }
    }
    /// The norm behind a stack.
    #[track_caller]
    fn last_norm(&self) -> Option<Norm<Val>> {
        (self.order == NormOrder::Pre).then(|| self.new_norm())
    }
}

/// A residual around `f`, with a norm before `f` or after the sum.
#[derive(Clone, Copy)]
struct Residual {
    order: NormOrder,
    dropout: f64,
}

impl Residual {
    #[track_caller]
    fn around(self, x: &Val, norm: &Norm<Val>, ctx: &Context, f: impl FnOnce(&Val) -> Val) -> Val {
        match self.order {
            NormOrder::Pre => x + ctx.dropout(f(&norm.apply(x)), self.dropout),
            NormOrder::Post => norm.apply(&(x + ctx.dropout(f(x), self.dropout))),
        }
    }
}

#[cfg(test)]
#[path = "transformer_tests.rs"]
mod tests;
