//! Adam, AdamW and Nadam with bias correction, as in optax.

use gradus::{Array, Dtype, Tree, Val};

use super::rate::descends;
use super::{
    AddDecayedWeights, LearningRate, Optimizer, Schedule, abs_squared, corrected, incremented, kept, moment,
    real_like, wide, zero_count,
};
use crate::Parameters;

/// The direction of Adam: `optax.scale_by_adam`.
///
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) |g|²`, `t ← t + 1`, and the direction is
/// `(m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ) + ε_root) + ε)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleByAdam {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    epsilon_root: f64,
    mean_dtype: Option<Dtype>,
    nesterov: bool,
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

impl Default for ScaleByAdam {
    fn default() -> ScaleByAdam {
        let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
        ScaleByAdam { beta1, beta2, epsilon, epsilon_root: 0.0, mean_dtype: None, nesterov: false }
    }
}

/// The options of Adam's direction, for the structures that have one.
macro_rules! adam_options {
    ($($Name:ident: |$own:ident| $place:expr;)*) => { $(
        impl $Name {
            /// The decay of the mean of the gradients; 0.9 if not given.
            pub fn with_beta1(mut self, beta1: f64) -> $Name {
                let $own = &mut self;
                $place.beta1 = beta1;
                self
            }
            /// The decay of the mean of their squares; 0.999 if not given.
            pub fn with_beta2(mut self, beta2: f64) -> $Name {
                let $own = &mut self;
                $place.beta2 = beta2;
                self
            }
            /// What keeps the divisor away from zero; 1e-8 if not given.
            pub fn with_epsilon(mut self, epsilon: f64) -> $Name {
                let $own = &mut self;
                $place.epsilon = epsilon;
                self
            }
            /// What is added below the root, for derivatives through the update; 0 if not given.
            pub fn with_epsilon_root(mut self, epsilon: f64) -> $Name {
                let $own = &mut self;
                $place.epsilon_root = epsilon;
                self
            }
            /// Keeps the mean of the gradients in this type, say `f32` for parameters of 16 bits.
            pub fn with_mean_dtype(mut self, dtype: Dtype) -> $Name {
                let $own = &mut self;
                $place.mean_dtype = Some(dtype);
                self
            }
        }
    )* };
}
pub(super) use adam_options;
adam_options! {
    ScaleByAdam: |own| own;
    Adam: |own| own.direction;
    Nadam: |own| own.direction;
    AdamW: |own| own.direction.0;
}

impl ScaleByAdam {
    /// With optax's constants.
    pub fn new() -> ScaleByAdam {
        ScaleByAdam::default()
    }
    /// Looks one step ahead along the mean (Dozat, 2016), as `nesterov=True` of optax.
    pub fn nesterov(self) -> ScaleByAdam {
        ScaleByAdam { nesterov: true, ..self }
    }
}

/// Zeros in which means of gradients are kept: in `dtype`, or in the parameters' own.
pub(super) fn first_mean(params: &Parameters<Val>, dtype: Option<Dtype>) -> Parameters<Val> {
    params.map(|leaf| gradus::zeros(leaf.shape(), dtype.unwrap_or(leaf.dtype())))
}

impl Optimizer for ScaleByAdam {
    type State = AdamState<Val>;

    fn init(&self, params: &Parameters<Val>) -> AdamState<Val> {
        let mean = first_mean(params, self.mean_dtype);
        AdamState { count: zero_count(), mean, square: real_like(params, 0.0) }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &AdamState<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, AdamState<Val>) {
        let grads = wide(grads);
        let mean = moment(&state.mean, &grads, self.beta1);
        let square = moment(&state.square, &grads.map(abs_squared), self.beta2);
        let count = incremented(state.count);
        let ahead = match self.nesterov {
            false => corrected(&mean, self.beta1, count),
            true => corrected(&mean, self.beta1, incremented(count))
                .zip_map(&corrected(&grads, self.beta1, count), |m, g| {
                    self.beta1 * m + (1.0 - self.beta1) * g
                }),
        };
        let direction = ahead.zip_map(&corrected(&square, self.beta2, count), |m, v| {
            let v = if self.epsilon_root == 0.0 { *v } else { v + self.epsilon_root };
            m / (v.sqrt() + self.epsilon)
        });
        (kept(&mean, &direction), AdamState { count, mean, square })
    }
}

/// Adam (Kingma and Ba, 2015, algorithm 1) as in `optax.adam`: minus the rate times the direction of
/// [`ScaleByAdam`].
///
/// torch's `Adam` is the same; its `weight_decay` is an [`AddDecayedWeights`] chained before.
#[derive(Debug, Clone)]
pub struct Adam {
    direction: ScaleByAdam,
    rate: LearningRate,
}

impl Adam {
    /// With optax's constants: `β₁` = 0.9, `β₂` = 0.999 and `ε` = 1e-8.
    pub fn new(rate: impl Into<Schedule>) -> Adam {
        Adam { direction: ScaleByAdam::new(), rate: LearningRate::new(rate) }
    }
}

/// Adam with Nesterov's momentum (Dozat, 2016) as in `optax.nadam`.
///
/// Keras' and torch's have a momentum that grows with the steps (`schedule_decay`, `momentum_decay`); this one is
/// fixed.
#[derive(Debug, Clone)]
pub struct Nadam {
    direction: ScaleByAdam,
    rate: LearningRate,
}

impl Nadam {
    /// With the constants of [`Adam::new`].
    pub fn new(rate: impl Into<Schedule>) -> Nadam {
        Nadam { direction: ScaleByAdam::new().nesterov(), rate: LearningRate::new(rate) }
    }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019) as in `optax.adamw`: the update is that of
/// [`Adam`] less `rate · decay · p`.
///
/// ```
/// use gradus_nn::{AdamW, WarmUpCosine};
/// // Matrices decay, biases and scales do not.
/// let adamw = AdamW::new(WarmUpCosine::new(1e-3, 100, 2000)).with_decay(0.1).with_mask(|_, leaf| leaf.rank() > 1);
/// # let _ = adamw;
/// ```
#[derive(Debug, Clone)]
pub struct AdamW {
    direction: (ScaleByAdam, AddDecayedWeights),
    rate: LearningRate,
}

impl AdamW {
    /// With the constants of [`Adam::new`] and optax's decay of 1e-4 (torch's is 1e-2).
    pub fn new(rate: impl Into<Schedule>) -> AdamW {
        AdamW { direction: (ScaleByAdam::new(), AddDecayedWeights::new(1e-4)), rate: LearningRate::new(rate) }
    }
    /// How much of each parameter is taken away, in units of the rate.
    pub fn with_decay(self, decay: f64) -> AdamW {
        AdamW { direction: (self.direction.0, self.direction.1.with_decay(decay)), ..self }
    }
    /// Only parameters decay that `mask` wants, by path and leaf.
    pub fn with_mask(self, mask: impl Fn(&str, &Val) -> bool + Send + Sync + 'static) -> AdamW {
        AdamW { direction: (self.direction.0, self.direction.1.masked(mask)), ..self }
    }
    /// With Nesterov's momentum: `optax.nadamw`.
    pub fn nesterov(self) -> AdamW {
        AdamW { direction: (self.direction.0.nesterov(), self.direction.1), ..self }
    }
}

descends! {
    Adam: ScaleByAdam;
    Nadam: ScaleByAdam;
    AdamW: (ScaleByAdam, AddDecayedWeights);
}
