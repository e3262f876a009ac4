//! Lion, as in optax.

use gradus::{Dtype, Val};

use super::adam::first_mean;
use super::rate::descends;
use super::{AddDecayedWeights, LearningRate, Optimizer, Schedule, kept, moment, wide};
use crate::Parameters;

/// The sign of a mean of past gradients and this one: `optax.scale_by_lion`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleByLion {
    beta1: f64,
    beta2: f64,
    mean_dtype: Option<Dtype>,
}

impl Default for ScaleByLion {
    fn default() -> ScaleByLion {
        ScaleByLion { beta1: 0.9, beta2: 0.99, mean_dtype: None }
    }
}

impl ScaleByLion {
    /// With optax's constants.
    pub fn new() -> ScaleByLion {
        ScaleByLion::default()
    }
    /// How much of the mean takes part in the direction; 0.9 if not given.
    pub fn with_beta1(self, beta1: f64) -> ScaleByLion {
        ScaleByLion { beta1, ..self }
    }
    /// The decay of the mean; 0.99 if not given.
    pub fn with_beta2(self, beta2: f64) -> ScaleByLion {
        ScaleByLion { beta2, ..self }
    }
    /// Keeps the mean in this type, not in that of the parameters.
    pub fn with_mean_dtype(self, dtype: Dtype) -> ScaleByLion {
        ScaleByLion { mean_dtype: Some(dtype), ..self }
    }
}

impl Optimizer for ScaleByLion {
    /// The decaying mean of the gradients.
    type State = Parameters<Val>;

    fn init(&self, params: &Parameters<Val>) -> Parameters<Val> {
        first_mean(params, self.mean_dtype)
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &Parameters<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, Parameters<Val>) {
        let own = wide(grads);
        let sign = |m: &Val, g: &Val| ((1.0 - self.beta1) * g + self.beta1 * m).sign();
        (kept(state, &wide(state).zip_map(&own, sign)), moment(state, &own, self.beta2))
    }
}

/// Lion (Chen et al., 2023) as in `optax.lion`: the update is `−rate · (sign(β₁ m + (1 − β₁) g) + decay · p)`, then
/// `m ← β₂ m + (1 − β₂) g`.
#[derive(Debug, Clone)]
pub struct Lion {
    direction: (ScaleByLion, AddDecayedWeights),
    rate: LearningRate,
}

impl Lion {
    /// With optax's constants: `β₁` = 0.9, `β₂` = 0.99 and a decay of 1e-3.
    pub fn new(rate: impl Into<Schedule>) -> Lion {
        Lion { direction: (ScaleByLion::new(), AddDecayedWeights::new(1e-3)), rate: LearningRate::new(rate) }
    }
    /// See [`ScaleByLion::with_beta1`].
    pub fn with_beta1(self, beta1: f64) -> Lion {
        Lion { direction: (self.direction.0.with_beta1(beta1), self.direction.1), ..self }
    }
    /// See [`ScaleByLion::with_beta2`].
    pub fn with_beta2(self, beta2: f64) -> Lion {
        Lion { direction: (self.direction.0.with_beta2(beta2), self.direction.1), ..self }
    }
    /// See [`ScaleByLion::with_mean_dtype`].
    pub fn with_mean_dtype(self, dtype: Dtype) -> Lion {
        Lion { direction: (self.direction.0.with_mean_dtype(dtype), self.direction.1), ..self }
    }
    /// How much of each parameter is taken away, in units of the rate.
    pub fn with_decay(self, decay: f64) -> Lion {
        Lion { direction: (self.direction.0, self.direction.1.with_decay(decay)), ..self }
    }
    /// Only parameters decay that `mask` wants, by path and leaf.
    pub fn with_mask(self, mask: impl Fn(&str, &Val) -> bool + Send + Sync + 'static) -> Lion {
        Lion { direction: (self.direction.0, self.direction.1.masked(mask)), ..self }
    }
}

descends! {
    Lion: (ScaleByLion, AddDecayedWeights);
}
