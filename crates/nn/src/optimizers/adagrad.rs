//! Adagrad, as in optax.

use gradus::{Val, where_};

use super::rate::descends;
use super::{LearningRate, Optimizer, Schedule, abs_squared, kept, real_like, wide};
use crate::Parameters;

/// Divides gradients by the root of the sum of all their squares: `optax.scale_by_rss`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleByAdagrad {
    start: f64,
    epsilon: f64,
}

impl Default for ScaleByAdagrad {
    fn default() -> ScaleByAdagrad {
        ScaleByAdagrad { start: 0.1, epsilon: 1e-7 }
    }
}

impl ScaleByAdagrad {
    /// With optax's constants.
    pub fn new() -> ScaleByAdagrad {
        ScaleByAdagrad::default()
    }
    /// The sum before the first update; 0.1 if not given.
    pub fn with_start(self, start: f64) -> ScaleByAdagrad {
        ScaleByAdagrad { start, ..self }
    }
    /// What keeps the divisor away from zero; 1e-7 if not given.
    pub fn with_epsilon(self, epsilon: f64) -> ScaleByAdagrad {
        ScaleByAdagrad { epsilon, ..self }
    }
}

impl Optimizer for ScaleByAdagrad {
    /// The sums of squares.
    type State = Parameters<Val>;

    fn init(&self, params: &Parameters<Val>) -> Parameters<Val> {
        real_like(params, self.start)
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &Parameters<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, Parameters<Val>) {
        let own = wide(grads);
        let sums = kept(state, &wide(state).zip_map(&own, |sum, g| abs_squared(g) + sum));
        // Where nothing was ever seen there is nothing to go by.
        let updates = own.zip_map(&wide(&sums), |g, sum| {
            g * where_(sum.gt(0.0), 1.0 / (sum + self.epsilon).sqrt(), sum.zeros_like())
        });
        (kept(grads, &updates), sums)
    }
}

/// Adagrad (Duchi et al., 2011) as in `optax.adagrad`: `s ← s + g²`, and the update is `−rate · g / √(s + ε)`.
///
/// torch begins with `s` = 0 and adds `ε` = 1e-10 to the root; optax begins with 0.1.
#[derive(Debug, Clone)]
pub struct Adagrad {
    direction: ScaleByAdagrad,
    rate: LearningRate,
}

impl Adagrad {
    /// With optax's constants: sums that begin with 0.1, and `ε` = 1e-7.
    pub fn new(rate: impl Into<Schedule>) -> Adagrad {
        Adagrad { direction: ScaleByAdagrad::new(), rate: LearningRate::new(rate) }
    }
    /// See [`ScaleByAdagrad::with_start`].
    pub fn with_start(self, start: f64) -> Adagrad {
        Adagrad { direction: self.direction.with_start(start), ..self }
    }
    /// See [`ScaleByAdagrad::with_epsilon`].
    pub fn with_epsilon(self, epsilon: f64) -> Adagrad {
        Adagrad { direction: self.direction.with_epsilon(epsilon), ..self }
    }
}

descends! {
    Adagrad: ScaleByAdagrad;
}
