//! The learning rate: [`LearningRate`] at the end of a chain, and [`Descent`], the state of every ready optimizer.
//!
//! Invariant: the rate is computed in `f64` from a count in the state, and rounded once to the type of each update.

use gradus::{Array, Dtype, Tree, Val};

use super::{Optimizer, incremented, kept, wide, zero_count};
use crate::{Parameters, Schedule};

/// Multiplies updates by minus the rate, a number or a schedule: `optax.scale_by_learning_rate`.
#[derive(Clone, Debug)]
pub struct LearningRate {
    schedule: Schedule,
    sign: f64,
}

impl LearningRate {
    /// For descent: updates are multiplied by `−rate`.
    pub fn new(rate: impl Into<Schedule>) -> LearningRate {
        LearningRate { schedule: rate.into(), sign: -1.0 }
    }
    /// Updates are multiplied by `rate` itself: `optax.scale_by_schedule`.
    pub fn ascent(self) -> LearningRate {
        LearningRate { sign: 1.0, ..self }
    }
}

/// How often a rate was used, and what it is multiplied by.
///
/// `scale` is there to be changed from outside: the rate is another one from the next update on, and nothing is traced
/// again.
#[derive(Tree, Clone, Debug)]
pub struct RateState<T = Array> {
    /// The number of updates, which is the step of the schedule: an `i32` that stops at its largest value.
    pub count: T,
    /// What the scheduled rate is multiplied by: an `f64`, 1 at the beginning.
    pub scale: T,
    /// The rate used last, with `scale`: an `f64`, 0 before the first update.
    pub last: T,
}

impl Optimizer for LearningRate {
    type State = RateState<Val>;

    fn init(&self, _: &Parameters<Val>) -> RateState<Val> {
        let number = |x: f64| Val::from(x).astype(Dtype::F64);
        RateState { count: zero_count(), scale: number(1.0), last: number(0.0) }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &RateState<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, RateState<Val>) {
        let last = self.schedule.at(state.count) * state.scale;
        let factor = self.sign * last;
        let updates = wide(grads).map(|g| factor.astype(g.dtype().real()) * g);
        let updates = kept(grads, &updates);
        (updates, RateState { count: incremented(state.count), scale: state.scale, last })
    }
}

/// Multiplies updates by a number: `optax.scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale(f64);

impl Scale {
    /// By `factor`.
    pub fn new(factor: f64) -> Scale {
        Scale(factor)
    }
}

impl Optimizer for Scale {
    type State = ();
    fn init(&self, _: &Parameters<Val>) {}
    fn update(&self, grads: &Parameters<Val>, (): &(), _: &Parameters<Val>) -> (Parameters<Val>, ()) {
        (grads.map(|g| self.0 * g), ())
    }
}

/// The state of a ready optimizer: that of the direction in which it goes, and that of the rate.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Sgd, TrainState, Training};
///
/// let sgd = Sgd::new(0.5);
/// let mut state = TrainState::new(Array::from(8.0f32), &sgd, 0)?;
/// let step = jit(move |state: &mut Training<Val, Sgd>| state.step(&sgd, |x, _| *x * 1.0));
/// step(&mut state)?;
/// assert_eq!(state.optimizer.rate.last.item::<f64>()?, 0.5);
/// // A tenth of the rate from now on; the step is not traced again.
/// state.optimizer.rate.scale = Array::from(0.1f64);
/// step(&mut state)?;
/// assert_eq!(state.model.item::<f32>()?, 8.0 - 0.5 - 0.05);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Descent<S, T = Array> {
    /// What the direction of the update is made of.
    pub direction: S,
    /// The rate: changed and read here.
    pub rate: RateState<T>,
}

/// Implements [`Optimizer`] for structures of a `direction` and a `rate`, one after the other.
macro_rules! descends {
    ($($Name:ident: $Direction:ty;)*) => { $(
        impl $crate::Optimizer for $Name {
            type State = $crate::optimizers::Descent<<$Direction as $crate::Optimizer>::State, gradus::Val>;

            fn init(&self, params: &$crate::Parameters<gradus::Val>) -> Self::State {
                $crate::optimizers::Descent {
                    direction: self.direction.init(params),
                    rate: self.rate.init(params),
                }
            }
            fn update(
                &self,
                grads: &$crate::Parameters<gradus::Val>,
                state: &Self::State,
                params: &$crate::Parameters<gradus::Val>,
            ) -> ($crate::Parameters<gradus::Val>, Self::State) {
                let (updates, direction) = self.direction.update(grads, &state.direction, params);
                let (updates, rate) = self.rate.update(&updates, &state.rate, params);
                (updates, $crate::optimizers::Descent { direction, rate })
            }
        }
    )* };
}
pub(super) use descends;
