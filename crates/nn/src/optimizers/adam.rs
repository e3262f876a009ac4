//! Adam and AdamW with bias correction, as in optax.

use gradus::{Array, Tree, Val};

use super::Optimizer;
use crate::Parameters;

/// Adam (Kingma and Ba, 2015, algorithm 1) as in `optax.adam`:
///
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `t ← t + 1`, and the update is
/// `−rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// The learning rate.
    pub rate: f64,
    /// The decay of the mean of the gradients.
    pub beta1: f64,
    /// The decay of the mean of their squares.
    pub beta2: f64,
    /// Keeps the divisor away from zero.
    pub epsilon: f64,
}

/// What Adam knows of the gradients so far.
#[derive(Tree, Clone, Debug)]
pub struct AdamState<T = Array> {
    /// The number of updates, an `i32` that stops at its largest value.
    pub count: T,
    /// The decaying mean of the gradients, not corrected.
    pub mean: Parameters<T>,
    /// The decaying mean of their squares, not corrected.
    pub square: Parameters<T>,
}

impl Adam {
    /// With the usual `β₁` = 0.9, `β₂` = 0.999 and `ε` = 1e-8.
    pub fn new(rate: f64) -> Adam {
        Adam { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }

    /// The corrected mean over the root of the corrected square, and the next state.
    fn direction(
        &self,
        grads: &Parameters<Val>,
        state: &AdamState<Val>,
    ) -> (Parameters<Val>, AdamState<Val>) {
        let average = |old: &Parameters<Val>, new: &Parameters<Val>, beta: f64| {
            old.zip_map(new, |old, new| beta * old + (1.0 - beta) * new)
        };
        let mean = average(&state.mean, grads, self.beta1);
        let square = average(&state.square, &grads.map(|g| g * g), self.beta2);
        let count = state.count.min(i64::from(i32::MAX) - 1) + 1;
        // A mean that began at zero is too small by this factor after `count` updates.
        let correct = |beta: f64| 1.0 - Val::from(beta).pow(count);
        let (correct1, correct2) = (correct(self.beta1), correct(self.beta2));
        let direction = mean.zip_map(&square, |m, v| m / correct1 / ((v / correct2).sqrt() + self.epsilon));
        (direction, AdamState { count, mean, square })
    }
}

impl Optimizer for Adam {
    type State = AdamState<Val>;

    fn init(&self, params: &Parameters<Val>) -> AdamState<Val> {
        AdamState { count: Val::from(0), mean: params.zeros_like(), square: params.zeros_like() }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &AdamState<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, AdamState<Val>) {
        let (direction, state) = self.direction(grads, state);
        (direction.map(|d| -self.rate * d), state)
    }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019) as in `optax.adamw`: the update is that of [`Adam`]
/// less `rate · decay · p`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Everything but the decay.
    pub adam: Adam,
    /// How much of each parameter is taken away, in units of the learning rate.
    pub decay: f64,
}

impl AdamW {
    /// With the usual constants of [`Adam::new`] and a decay of 1e-4.
    pub fn new(rate: f64) -> AdamW {
        AdamW { adam: Adam::new(rate), decay: 1e-4 }
    }
}

impl Optimizer for AdamW {
    type State = AdamState<Val>;

    fn init(&self, params: &Parameters<Val>) -> AdamState<Val> {
        self.adam.init(params)
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &AdamState<Val>,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, AdamState<Val>) {
        let (direction, state) = self.adam.direction(grads, state);
        let decayed = direction.zip_map(params, |d, p| -self.adam.rate * (d + self.decay * p));
        (decayed, state)
    }
}
