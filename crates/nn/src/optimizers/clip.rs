//! Clipping: by value, by norm of each parameter, by root mean square of each, by norm of all.

use gradus::{Val, where_};

use super::{Optimizer, abs_squared, widened};
use crate::Parameters;

/// A transformation without state: `$update` of the gradients.
macro_rules! stateless {
    ($($Name:ident: |$own:ident, $grads:ident| $update:expr;)*) => { $(
        impl Optimizer for $Name {
            type State = ();
            fn init(&self, _: &Parameters<Val>) {}
            fn update(&self, grads: &Parameters<Val>, (): &(), _: &Parameters<Val>) -> (Parameters<Val>, ()) {
                let ($own, $grads) = (self, grads);
                ($update, ())
            }
        }
    )* };
}

/// Each element between `−largest` and `largest`: `optax.clip`, torch's `clip_grad_value_`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clip {
    largest: f64,
}
/// Each parameter's gradient of a norm of at most `largest`: Keras' `clipnorm`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipByNorm {
    largest: f64,
}
/// Each parameter's gradient of a root mean square of at most `largest`: `optax.clip_by_block_rms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipByBlockRms {
    largest: f64,
}
/// All gradients, as one vector, of a norm of at most `largest`: `optax.clip_by_global_norm`.
///
/// torch's `clip_grad_norm_` adds 1e-6 to the norm by which it divides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipByGlobalNorm {
    largest: f64,
}

impl Clip {
    /// To this absolute value.
    pub fn new(largest: f64) -> Clip {
        Clip { largest }
    }
}
impl ClipByNorm {
    /// To this norm.
    pub fn new(largest: f64) -> ClipByNorm {
        ClipByNorm { largest }
    }
}
impl ClipByBlockRms {
    /// To this root mean square.
    pub fn new(largest: f64) -> ClipByBlockRms {
        ClipByBlockRms { largest }
    }
}
impl ClipByGlobalNorm {
    /// To this norm.
    pub fn new(largest: f64) -> ClipByGlobalNorm {
        ClipByGlobalNorm { largest }
    }
}

/// `g` as it is where `norm` is below `largest`, else scaled to that norm. A norm that is no number stays visible.
fn to_norm(g: &Val, norm: Val, largest: f64) -> Val {
    let own = norm.astype(g.dtype().real());
    where_(norm.lt(largest), g, g / own * largest)
}

/// The sum of squares of one gradient, f32 at least.
fn sum_of_squares(g: &Val) -> Val {
    let squares = abs_squared(g);
    squares.astype(widened(squares.dtype())).sum()
}

stateless! {
    Clip: |own, grads| grads.map(|g| g.clip(-own.largest, own.largest));
    ClipByNorm: |own, grads| grads.map(|g| to_norm(g, sum_of_squares(g).sqrt(), own.largest));
    ClipByBlockRms: |own, grads| grads.map(|g| match g.size() {
        0 => *g,
        n => {
            let rms = (sum_of_squares(g) / n as f64).sqrt();
            g / (rms / own.largest).max(1.0).astype(g.dtype().real())
        }
    });
    ClipByGlobalNorm: |own, grads| {
        let norm = grads.global_norm();
        grads.map(|g| to_norm(g, norm, own.largest))
    };
}
