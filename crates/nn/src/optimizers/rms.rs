//! RMSProp, as in optax.

use gradus::{Array, Tree, Val};

use super::{
    LearningRate, Optimizer, RateState, Schedule, Trace, abs_squared, corrected, incremented, kept, moment,
    real_like, wide, zero_count,
};
use crate::Parameters;

/// Divides gradients by the root of the decaying mean of their squares: `optax.scale_by_rms`, and centered
/// `optax.scale_by_stddev`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleByRms {
    decay: f64,
    epsilon: f64,
    start: f64,
    outside: bool,
    centered: bool,
    corrects: bool,
}

/// What RMSProp knows of the gradients so far.
#[derive(Tree, Clone, Debug)]
pub struct RmsState<T = Array> {
    /// The number of updates, an `i32` that stops at its largest value; without correction there is none.
    pub count: Option<T>,
    /// The decaying mean of the gradients, if centered.
    pub mean: Option<Parameters<T>>,
    /// The decaying mean of their squares.
    pub square: Parameters<T>,
}

impl Default for ScaleByRms {
    fn default() -> ScaleByRms {
        ScaleByRms { decay: 0.9, epsilon: 1e-8, start: 0.0, outside: false, centered: false, corrects: false }
    }
}

/// The options of RMSProp's direction, for the structures that have one.
macro_rules! rms_options {
    ($($Name:ident: |$own:ident| $place:expr;)*) => { $(
        impl $Name {
            /// The decay of the means; 0.9 if not given.
            pub fn with_decay(mut self, decay: f64) -> $Name {
                let $own = &mut self;
                $place.decay = decay;
                self
            }
            /// What keeps the divisor away from zero; 1e-8 if not given.
            pub fn with_epsilon(mut self, epsilon: f64) -> $Name {
                let $own = &mut self;
                $place.epsilon = epsilon;
                self
            }
            /// `ε` is added to the root and not below it, as in torch.
            pub fn with_epsilon_outside(mut self) -> $Name {
                let $own = &mut self;
                $place.outside = true;
                self
            }
            /// The mean of the squares before the first update; 0 if not given.
            pub fn with_start(mut self, start: f64) -> $Name {
                let $own = &mut self;
                $place.start = start;
                self
            }
            /// Divides by the deviation from the mean: the mean's square is taken from that of the squares.
            pub fn centered(mut self) -> $Name {
                let $own = &mut self;
                $place.centered = true;
                self
            }
            /// With the correction of the bias of means that begin at zero.
            pub fn with_correction(mut self) -> $Name {
                let $own = &mut self;
                $place.corrects = true;
                self
            }
        }
    )* };
}
rms_options! {
    ScaleByRms: |own| own;
    RmsProp: |own| own.direction;
}

impl ScaleByRms {
    /// With optax's constants.
    pub fn new() -> ScaleByRms {
        ScaleByRms::default()
    }
}

impl Optimizer for ScaleByRms {
    type State = RmsState<Val>;

    fn init(&self, params: &Parameters<Val>) -> RmsState<Val> {
        RmsState {
            count: self.corrects.then(zero_count),
            mean: self.centered.then(|| params.zeros_like()),
            square: real_like(params, self.start),
        }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &RmsState<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, RmsState<Val>) {
        let own = wide(grads);
        let square = moment(&state.square, &own.map(abs_squared), self.decay);
        let mean = state.mean.as_ref().map(|mean| moment(mean, &own, self.decay));
        let count = state.count.map(incremented);
        let unbiased = |m: &Parameters<Val>| count.map_or(wide(m), |count| corrected(m, self.decay, count));
        let variance = match &mean {
            None => unbiased(&square),
            Some(mean) => unbiased(&square).zip_map(&unbiased(mean), |v, m| v - abs_squared(m)),
        };
        let updates = own.zip_map(&variance, |g, v| match self.outside {
            true => g / (v.sqrt() + self.epsilon),
            false => g / (v + self.epsilon).sqrt(),
        });
        (kept(grads, &updates), RmsState { count, mean, square })
    }
}

/// RMSProp (Hinton, 2012) as in `optax.rmsprop`: `v ← β v + (1 − β) g²`, and the update is `−rate · g / √(v + ε)`.
///
/// torch adds `ε` to the root, which is [`RmsProp::with_epsilon_outside`], and its decay is 0.99. Momentum is a
/// trace of the updates, the rate with them, as in optax; torch's trace is without the rate, which is the same
/// while the rate is.
#[derive(Debug, Clone)]
pub struct RmsProp {
    direction: ScaleByRms,
    rate: LearningRate,
    momentum: Option<Trace>,
}

/// The state of [`RmsProp`].
#[derive(Tree, Clone, Debug)]
pub struct RmsPropState<T = Array> {
    /// What the direction of the update is made of.
    pub direction: RmsState<T>,
    /// The rate: changed and read here.
    pub rate: RateState<T>,
    /// The decaying sum of updates, if there is momentum.
    pub trace: Option<Parameters<T>>,
}

impl RmsProp {
    /// With optax's constants: decay 0.9 and `ε` = 1e-8.
    pub fn new(rate: impl Into<Schedule>) -> RmsProp {
        RmsProp { direction: ScaleByRms::new(), rate: LearningRate::new(rate), momentum: None }
    }
    /// With momentum of this decay.
    pub fn with_momentum(self, decay: f64) -> RmsProp {
        RmsProp { momentum: Some(Trace::new(decay)), ..self }
    }
    /// With Nesterov's momentum of this decay.
    pub fn with_nesterov(self, decay: f64) -> RmsProp {
        RmsProp { momentum: Some(Trace::new(decay).nesterov()), ..self }
    }
}

impl Optimizer for RmsProp {
    type State = RmsPropState<Val>;

    fn init(&self, params: &Parameters<Val>) -> RmsPropState<Val> {
        RmsPropState {
            direction: self.direction.init(params),
            rate: self.rate.init(params),
            trace: self.momentum.init(params),
        }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &RmsPropState<Val>,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, RmsPropState<Val>) {
        let (updates, direction) = self.direction.update(grads, &state.direction, params);
        let (updates, rate) = self.rate.update(&updates, &state.rate, params);
        let (updates, trace) = self.momentum.update(&updates, &state.trace, params);
        (updates, RmsPropState { direction, rate, trace })
    }
}
