//! [`MultiSteps`]: gradients of several small batches as those of a large one.

use gradus::{Array, Tree, Val, cond, refuse};

use super::{Optimizer, incremented, kept, no_updates, wide, zero_count};
use crate::Parameters;

/// One update of an optimizer for the mean gradient of each `every` calls: `optax.MultiSteps`.
///
/// Updates between change nothing, not even a bit.
#[derive(Debug, Clone)]
pub struct MultiSteps<O> {
    every: usize,
    optimizer: O,
}

/// What is gathered, and the state of the optimizer.
#[derive(Tree, Clone, Debug)]
pub struct MultiStepsState<S, T = Array> {
    /// The number of gradients gathered: an `i32`.
    pub mini_step: T,
    /// The number of updates: an `i32` that stops at its largest value.
    pub gradient_step: T,
    /// The state of the optimizer.
    pub inner: S,
    /// The mean of what is gathered; f32 at least.
    pub mean: Parameters<T>,
}

impl<O: Optimizer> MultiSteps<O> {
    /// `optimizer` after each `every` calls.
    ///
    /// # Errors
    /// Starting is refused if `every` is 0.
    pub fn new(every: usize, optimizer: O) -> MultiSteps<O> {
        MultiSteps { every, optimizer }
    }
}

impl<O: Optimizer> Optimizer for MultiSteps<O> {
    type State = MultiStepsState<O::State, Val>;

    fn init(&self, params: &Parameters<Val>) -> Self::State {
        if self.every == 0 {
            refuse("MultiSteps", "MultiSteps updates after every 0 calls; give at least 1");
        }
        MultiStepsState {
            mini_step: zero_count(),
            gradient_step: zero_count(),
            inner: self.optimizer.init(params),
            mean: wide(params).zeros_like(),
        }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &Self::State,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, Self::State) {
        // m ← m + (g − m) / (n + 1), the mean of n + 1 gradients without their sum.
        let seen = state.mini_step + 1;
        let mean = state.mean.zip_map(&wide(grads), |m, g| m + (g - m) / seen.astype(m.dtype().real()));
        let update = || {
            let (updates, inner) = self.optimizer.update(&kept(grads, &mean), &state.inner, params);
            let next = MultiStepsState {
                mini_step: zero_count(),
                gradient_step: incremented(state.gradient_step),
                inner,
                mean: mean.zeros_like(),
            };
            (kept(&mean, &updates), next)
        };
        let gather = || {
            let next = MultiStepsState {
                mini_step: seen,
                gradient_step: state.gradient_step,
                inner: gradus::Traced::copy(&state.inner),
                mean: mean.clone(),
            };
            (no_updates(&mean), next)
        };
        cond(seen.ge(self.every as i64), (), |()| update(), |()| gather())
    }
}
