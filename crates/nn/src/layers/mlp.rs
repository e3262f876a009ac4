//! [`Mlp`]: two fully connected layers with an activation between, or a gated pair before the last.

use gradus::{Array, Tree, Val, as_operation};

use super::Dense;
use crate::{Context, Keys};

/// A nonlinear function of each element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// The Gaussian error unit by a hyperbolic tangent, as GPT-2 and Flax have it.
    #[default]
    Gelu,
    /// The Gaussian error unit by the error function, as PyTorch and BERT have it.
    GeluErf,
    /// `x · sigmoid(x)`, also called swish.
    Silu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// The function of each element.
    #[track_caller]
    pub fn apply(self, x: &Val) -> Val {
        match self {
            Activation::Relu => x.relu(),
            Activation::Gelu => x.gelu(),
            Activation::GeluErf => x.gelu_erf(),
            Activation::Silu => x.silu(),
            Activation::Tanh => x.tanh(),
        }
    }
}

/// `down(activation(up(x)))`, or `down(activation(gate(x)) · up(x))`: `[.., width] -> [.., width]`.
///
/// The gated form with [`Activation::Silu`] is SwiGLU (Shazeer, 2020, arXiv:2002.05202).
#[derive(Tree, Clone, Debug)]
pub struct Mlp<T = Array> {
    /// `[width, hidden]`.
    pub up: Dense<T>,
    /// `[width, hidden]`, if it is gated.
    pub gate: Option<Dense<T>>,
    /// `[hidden, width]`.
    pub down: Dense<T>,
    /// What is done to the hidden features, or to the gate.
    #[tree(static)]
    pub activation: Activation,
    /// The rate of dropout of the hidden features in training.
    #[tree(static)]
    pub dropout: f64,
}

impl Mlp<Val> {
    /// Two layers with [`Activation::Gelu`].
    #[track_caller]
    pub fn new(keys: &Keys, width: usize, hidden: usize) -> Mlp<Val> {
        let (up, down) = (Dense::new(keys, width, hidden), Dense::new(keys, hidden, width));
        Mlp { up, gate: None, down, activation: Activation::default(), dropout: 0.0 }
    }
    /// Three layers without biases and with [`Activation::Silu`], SwiGLU.
    #[track_caller]
    pub fn swiglu(keys: &Keys, width: usize, hidden: usize) -> Mlp<Val> {
        Mlp::new(keys, width, hidden).gated(keys).with_activation(Activation::Silu).without_bias()
    }
    /// The same with a gate.
    #[track_caller]
    pub fn gated(self, keys: &Keys) -> Mlp<Val> {
        let shape = self.up.w.shape();
        let gate = Dense::new(keys, shape[0], shape[1]);
        Mlp { gate: Some(Dense { b: self.up.b.map(|_| gate.b).unwrap_or(None), ..gate }), ..self }
    }
    /// The same with another activation.
    pub fn with_activation(self, activation: Activation) -> Mlp<Val> {
        Mlp { activation, ..self }
    }
    /// The same without biases.
    pub fn without_bias(self) -> Mlp<Val> {
        let (up, down) = (self.up.without_bias(), self.down.without_bias());
        Mlp { up, gate: self.gate.map(Dense::without_bias), down, ..self }
    }
    /// The same with dropout of its hidden features, in training.
    pub fn with_dropout(self, rate: f64) -> Mlp<Val> {
        Mlp { dropout: rate, ..self }
    }

    /// The layer's output for `x`.
    ///
    /// # Errors
    /// If `x` has another number of features.
    #[track_caller]
    pub fn apply(&self, x: &Val, ctx: &Context) -> Val {
        as_operation("Mlp", || {
            let up = self.up.apply(x);
            let hidden = match &self.gate {
                Some(gate) => self.activation.apply(&gate.apply(x)) * up,
                None => self.activation.apply(&up),
            };
            self.down.apply(&ctx.dropout(hidden, self.dropout))
        })
    }
}
