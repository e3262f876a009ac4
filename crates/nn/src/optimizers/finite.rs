//! [`ApplyIfFinite`]: gradients that are no numbers leave the parameters alone.

use gradus::{Array, Dtype, Tree, Val, cond};

use super::{Optimizer, incremented, kept, no_updates, wide, zero_count};
use crate::Parameters;

/// Skips the update of an optimizer where a gradient is infinite or NaN: `optax.apply_if_finite`.
///
/// After more than `max_consecutive` of these in a row it gives up, which `gave_up` of its state says, and lets them
/// through, so that the fault is seen.
#[derive(Debug, Clone)]
pub struct ApplyIfFinite<O> {
    max_consecutive: usize,
    optimizer: O,
}

/// The counts of gradients that were not finite, and the state of the optimizer.
#[derive(Tree, Clone, Debug)]
pub struct ApplyIfFiniteState<S, T = Array> {
    /// How many in a row were not finite, up to now: an `i32` that stops at its largest value.
    pub consecutive: T,
    /// How many in all: an `i32` that stops at its largest value.
    pub total: T,
    /// Whether the last ones were finite: a `bool`.
    pub last_finite: T,
    /// Whether too many in a row were not: a `bool`. Such gradients reach the parameters.
    pub gave_up: T,
    /// The state of the optimizer.
    pub inner: S,
}

impl<O: Optimizer> ApplyIfFinite<O> {
    /// `optimizer`, which at most `max_consecutive` times in a row is not asked.
    pub fn new(max_consecutive: usize, optimizer: O) -> ApplyIfFinite<O> {
        ApplyIfFinite { max_consecutive, optimizer }
    }
}

impl<O: Optimizer> Optimizer for ApplyIfFinite<O> {
    type State = ApplyIfFiniteState<O::State, Val>;

    fn init(&self, params: &Parameters<Val>) -> Self::State {
        let truth = |x: bool| Val::from(x).astype(Dtype::Bool);
        ApplyIfFiniteState {
            consecutive: zero_count(),
            total: zero_count(),
            last_finite: truth(true),
            gave_up: truth(false),
            inner: self.optimizer.init(params),
        }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &Self::State,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, Self::State) {
        let all = grads.leaves().iter().map(|g| g.isfinite().all()).reduce(|a, b| a & b);
        let finite = all.unwrap_or_else(|| Val::from(true).astype(Dtype::Bool));
        let more = |count: Val, otherwise: Val| gradus::where_(finite, otherwise, incremented(count));
        let consecutive = more(state.consecutive, state.consecutive.zeros_like());
        let most = self.max_consecutive.min(i32::MAX as usize) as i64;
        let gave_up = consecutive.gt(most);
        let like = wide(params);
        let (updates, inner) = cond(
            finite | gave_up,
            (),
            |()| {
                let (updates, inner) = self.optimizer.update(grads, &state.inner, params);
                (kept(&like, &updates), inner)
            },
            |()| (no_updates(&like), gradus::Traced::copy(&state.inner)),
        );
        let total = more(state.total, state.total);
        (updates, ApplyIfFiniteState { consecutive, total, last_finite: finite, gave_up, inner })
    }
}
