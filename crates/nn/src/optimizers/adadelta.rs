//! Adadelta, as in optax.

use gradus::{Array, Tree, Val};

use super::rate::descends;
use super::{AddDecayedWeights, LearningRate, Optimizer, Schedule, kept, moment, wide};
use crate::Parameters;

/// Scales gradients by the ratio of past updates to past gradients: `optax.scale_by_adadelta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleByAdadelta {
    rho: f64,
    epsilon: f64,
}

/// What Adadelta knows of the past.
#[derive(Tree, Clone, Debug)]
pub struct AdadeltaState<T = Array> {
    /// The decaying mean of the squares of the gradients.
    pub grads: Parameters<T>,
    /// That of the updates.
    pub updates: Parameters<T>,
}

impl Default for ScaleByAdadelta {
    fn default() -> ScaleByAdadelta {
        ScaleByAdadelta { rho: 0.9, epsilon: 1e-6 }
    }
}

impl ScaleByAdadelta {
    /// With optax's constants.
    pub fn new() -> ScaleByAdadelta {
        ScaleByAdadelta::default()
    }
    /// The decay of the means; 0.9 if not given.
    pub fn with_rho(self, rho: f64) -> ScaleByAdadelta {
        ScaleByAdadelta { rho, ..self }
    }
    /// What is added below both roots; 1e-6 if not given.
    pub fn with_epsilon(self, epsilon: f64) -> ScaleByAdadelta {
        ScaleByAdadelta { epsilon, ..self }
    }
}

impl Optimizer for ScaleByAdadelta {
    type State = AdadeltaState<Val>;

    fn init(&self, params: &Parameters<Val>) -> AdadeltaState<Val> {
        AdadeltaState { grads: params.zeros_like(), updates: params.zeros_like() }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &AdadeltaState<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, AdadeltaState<Val>) {
        // Squares, of complex numbers too, as in optax.
        let squares = |tree: &Parameters<Val>| tree.map(|v| v * v);
        let root = |v: &Val| (v + self.epsilon).sqrt();
        let own = wide(grads);
        let seen = moment(&state.grads, &squares(&own), self.rho);
        let ratio = wide(&state.updates).zip_map(&wide(&seen), |made, seen| root(made) / root(seen));
        let updates = ratio.zip_map(&own, |ratio, g| ratio * g);
        let made = moment(&state.updates, &squares(&updates), self.rho);
        (kept(grads, &updates), AdadeltaState { grads: seen, updates: made })
    }
}

/// Adadelta (Zeiler, 2012) as in `optax.adadelta`: the update is `−rate · g · √(E[Δ²] + ε) / √(E[g²] + ε)`.
///
/// The paper has no rate, which is a rate of 1, torch's default too.
#[derive(Debug, Clone)]
pub struct Adadelta {
    direction: (AddDecayedWeights, ScaleByAdadelta),
    rate: LearningRate,
}

impl Adadelta {
    /// With optax's constants: decay 0.9 and `ε` = 1e-6.
    pub fn new(rate: impl Into<Schedule>) -> Adadelta {
        let direction = (AddDecayedWeights::new(0.0), ScaleByAdadelta::new());
        Adadelta { direction, rate: LearningRate::new(rate) }
    }
    /// See [`ScaleByAdadelta::with_rho`].
    pub fn with_rho(self, rho: f64) -> Adadelta {
        Adadelta { direction: (self.direction.0, self.direction.1.with_rho(rho)), ..self }
    }
    /// See [`ScaleByAdadelta::with_epsilon`].
    pub fn with_epsilon(self, epsilon: f64) -> Adadelta {
        Adadelta { direction: (self.direction.0, self.direction.1.with_epsilon(epsilon)), ..self }
    }
    /// How much of each parameter is added to its gradient; 0 if not given.
    pub fn with_decay(self, decay: f64) -> Adadelta {
        Adadelta { direction: (self.direction.0.with_decay(decay), self.direction.1), ..self }
    }
    /// Only parameters decay that `mask` wants, by path and leaf.
    pub fn with_mask(self, mask: impl Fn(&str, &Val) -> bool + Send + Sync + 'static) -> Adadelta {
        Adadelta { direction: (self.direction.0.masked(mask), self.direction.1), ..self }
    }
}

descends! {
    Adadelta: (AddDecayedWeights, ScaleByAdadelta);
}
