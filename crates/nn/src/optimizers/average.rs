//! [`ParameterEma`]: a slow copy of the parameters, for evaluation.

use gradus::{Array, Result, Stored, Traced, Tree, Val, jit};

use super::{Optimizer, incremented, wide, zero_count};
use crate::Parameters;

/// Keeps `a ← decay · a + (1 − decay) · p` of the parameters, beginning with a copy of them; at the end of a chain.
///
/// The updates pass as they are. The average is kept in f32 at least, for 16 bits would lose its steps.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Adam, ParameterEma, TrainState, Training};
///
/// let optimizer = (Adam::new(0.1), ParameterEma::new(0.9));
/// let mut state = TrainState::new(Array::from(1.0f32), &optimizer, 0)?;
/// let step = jit(move |state: &mut Training<Val, (Adam, ParameterEma)>| {
///     state.step(&optimizer, |x, _| x.square())
/// });
/// step(&mut state)?;
/// let slow = state.optimizer.1.model(&state.model)?;
/// assert!(state.model.item::<f32>()? < slow.item::<f32>()? && slow.item::<f32>()? < 1.0);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterEma {
    decay: f64,
    warm_up: bool,
}

/// The average of the parameters so far.
#[derive(Tree, Clone, Debug)]
pub struct ParameterEmaState<T = Array> {
    /// The number of updates: an `i32` that stops at its largest value.
    pub count: T,
    /// The average.
    pub average: Parameters<T>,
}

impl ParameterEma {
    /// With this decay, 0.999 say.
    pub fn new(decay: f64) -> ParameterEma {
        ParameterEma { decay, warm_up: false }
    }
    /// With a decay of at most `(1 + t) / (10 + t)` after `t` updates, so that the beginning is soon forgotten.
    pub fn with_warm_up(self) -> ParameterEma {
        ParameterEma { warm_up: true, ..self }
    }
}

impl Optimizer for ParameterEma {
    type State = ParameterEmaState<Val>;

    fn init(&self, params: &Parameters<Val>) -> ParameterEmaState<Val> {
        ParameterEmaState { count: zero_count(), average: wide(params) }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &ParameterEmaState<Val>,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, ParameterEmaState<Val>) {
        let added = params.zip_map(grads, |p, update| (p + update).astype(p.dtype()));
        let toward = |old: &Val, new: &Val| {
            if !self.warm_up {
                return self.decay * old + (1.0 - self.decay) * new;
            }
            let count = state.count.astype(old.dtype().real());
            let decay = ((1.0 + count) / (10.0 + count)).min(self.decay);
            decay * old + (1.0 - decay) * new
        };
        let average = state.average.zip_map(&wide(&added), toward);
        (grads.clone(), ParameterEmaState { count: incremented(state.count), average })
    }
}

impl ParameterEmaState<Val> {
    /// `model` with the averaged parameters, in the element types that its own have; its buffers stay.
    ///
    /// # Panics
    /// If they are not those of such a model.
    pub fn traced_model<M: Traced>(&self, model: &M) -> M {
        let own = Parameters::of(model);
        own.zip_map(&self.average, |own, average| average.astype(own.dtype())).in_model(model)
    }
}

impl ParameterEmaState {
    /// [`ParameterEmaState::traced_model`] outside a trace.
    ///
    /// # Errors
    /// If the call fails.
    #[track_caller]
    pub fn model<M: Stored>(&self, model: &M) -> Result<M> {
        jit(|own: &ParameterEmaState<Val>, model: &M::Traced| own.traced_model(model))(self, model)
    }
}
