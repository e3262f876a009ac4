//! AMSGrad, as in optax.

use gradus::{Array, Dtype, Tree, Val};

use super::adam::{adam_options, first_mean};
use super::rate::descends;
use super::{
    LearningRate, Optimizer, Schedule, abs_squared, corrected, incremented, kept, moment, real_like, wide,
    zero_count,
};
use crate::Parameters;

/// The direction of AMSGrad: that of Adam, whose divisor never falls: `optax.scale_by_amsgrad`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleByAmsGrad {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    epsilon_root: f64,
    mean_dtype: Option<Dtype>,
    corrects: [bool; 2],
}

/// What AMSGrad knows of the gradients so far.
#[derive(Tree, Clone, Debug)]
pub struct AmsGradState<T = Array> {
    /// The number of updates, an `i32` that stops at its largest value.
    pub count: T,
    /// The decaying mean of the gradients, not corrected.
    pub mean: Parameters<T>,
    /// The decaying mean of their squares, not corrected.
    pub square: Parameters<T>,
    /// The largest of these so far, corrected.
    pub largest: Parameters<T>,
}

impl Default for ScaleByAmsGrad {
    fn default() -> ScaleByAmsGrad {
        let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
        ScaleByAmsGrad { beta1, beta2, epsilon, epsilon_root: 0.0, mean_dtype: None, corrects: [true; 2] }
    }
}

adam_options! {
    ScaleByAmsGrad: |own| own;
    AmsGrad: |own| own.direction;
}

impl ScaleByAmsGrad {
    /// With optax's constants.
    pub fn new() -> ScaleByAmsGrad {
        ScaleByAmsGrad::default()
    }
    /// Without correction of the bias of the mean, of the squares, or of both, as in the paper.
    pub fn with_correction(self, mean: bool, square: bool) -> ScaleByAmsGrad {
        ScaleByAmsGrad { corrects: [mean, square], ..self }
    }
}

impl Optimizer for ScaleByAmsGrad {
    type State = AmsGradState<Val>;

    fn init(&self, params: &Parameters<Val>) -> AmsGradState<Val> {
        AmsGradState {
            count: zero_count(),
            mean: first_mean(params, self.mean_dtype),
            square: real_like(params, 0.0),
            largest: real_like(params, 0.0),
        }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &AmsGradState<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, AmsGradState<Val>) {
        let grads = wide(grads);
        let mean = moment(&state.mean, &grads, self.beta1);
        let square = moment(&state.square, &grads.map(abs_squared), self.beta2);
        let count = incremented(state.count);
        let [corrects_mean, corrects_square] = self.corrects;
        let ahead = if corrects_mean { corrected(&mean, self.beta1, count) } else { wide(&mean) };
        let own = if corrects_square { corrected(&square, self.beta2, count) } else { square.clone() };
        let largest = kept(&state.largest, &state.largest.zip_map(&own, |old, new| old.max(new)));
        let direction = ahead.zip_map(&wide(&largest), |m, v| {
            let v = if self.epsilon_root == 0.0 { *v } else { v + self.epsilon_root };
            m / (v.sqrt() + self.epsilon)
        });
        (kept(&mean, &direction), AmsGradState { count, mean, square, largest })
    }
}

/// AMSGrad (Reddi et al., 2018) as in `optax.amsgrad`.
///
/// torch's `Adam(amsgrad=True)` keeps the largest square before its correction: that differs in the first steps.
#[derive(Debug, Clone)]
pub struct AmsGrad {
    direction: ScaleByAmsGrad,
    rate: LearningRate,
}

impl AmsGrad {
    /// With optax's constants: `β₁` = 0.9, `β₂` = 0.999 and `ε` = 1e-8.
    pub fn new(rate: impl Into<Schedule>) -> AmsGrad {
        AmsGrad { direction: ScaleByAmsGrad::new(), rate: LearningRate::new(rate) }
    }
    /// See [`ScaleByAmsGrad::with_correction`].
    pub fn with_correction(self, mean: bool, square: bool) -> AmsGrad {
        AmsGrad { direction: self.direction.with_correction(mean, square), ..self }
    }
}

descends! {
    AmsGrad: ScaleByAmsGrad;
}
