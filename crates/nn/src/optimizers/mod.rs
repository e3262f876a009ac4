//! Optimizers in optax's form: a pure `init` and a pure `update`, over any tree of parameters.
//!
//! An optimizer turns gradients into updates that are added to the parameters. Tuples chain: the updates of the first
//! are the gradients of the second. Invariant: state, gradients and updates have the structure of the parameters
//! wherever they speak of them, and their dtypes too.

mod adam;
mod sgd;

pub use adam::{Adam, AdamState, AdamW};
pub use sgd::{Momentum, Sgd, SgdState};

use gradus::{Data, Result, Traced, Tree, jit};

/// A gradient transformation: `init(params) -> state`, `update(grads, state, params) -> (updates, state)`.
pub trait Optimizer<P: Traced>: Clone + Send + Sync + 'static {
    /// What is kept from one update to the next.
    type State: Traced;

    /// The state before the first update.
    fn init(&self, params: &P) -> Self::State;

    /// What to add to `params`, and the next state.
    fn update(&self, grads: &P, state: &Self::State, params: &P) -> (P, Self::State);

    /// [`Optimizer::init`] outside a trace.
    ///
    /// # Errors
    /// If `init` is refused for these parameters.
    fn start(&self, params: &P::Data) -> Result<Data<Self::State>> {
        let optimizer = self.clone();
        jit(move |params: &P| optimizer.init(params))(params)
    }
}

/// The parameters after an update.
#[track_caller]
pub fn apply_updates<P: Traced>(params: &P, updates: &P) -> P {
    params.zip_map(updates, |param, update| param + update)
}

macro_rules! chain {
    ($($Optimizer:ident $i:tt),*) => {
        impl<P: Traced, $($Optimizer: Optimizer<P>),*> Optimizer<P> for ($($Optimizer,)*) {
            type State = ($($Optimizer::State,)*);
            fn init(&self, params: &P) -> Self::State {
                ($(self.$i.init(params),)*)
            }
            fn update(&self, grads: &P, state: &Self::State, params: &P) -> (P, Self::State) {
                let mut updates = grads.copy();
                let next = ($({
                    let (transformed, next) = self.$i.update(&updates, &state.$i, params);
                    updates = transformed;
                    next
                },)*);
                (updates, next)
            }
        }
    };
}
chain!(A 0, B 1);
chain!(A 0, B 1, C 2);
chain!(A 0, B 1, C 2, D 3);

/// A model and the state of the optimizer that trains it: what a train step changes.
#[derive(Tree, Clone, Debug)]
pub struct TrainState<M, S> {
    /// The parameters.
    pub model: M,
    /// What the optimizer keeps between updates.
    pub optimizer: S,
}

/// The [`TrainState`] of a model `M` under an optimizer `O`, inside a trace.
pub type Training<M, O> = TrainState<M, <O as Optimizer<M>>::State>;

impl<M: Traced, S: Traced> TrainState<M, S> {
    /// Makes one update of `optimizer` by `grads`.
    #[track_caller]
    pub fn apply<O: Optimizer<M, State = S>>(&mut self, optimizer: &O, grads: &M) {
        let (updates, state) = optimizer.update(grads, &self.optimizer, &self.model);
        self.model = apply_updates(&self.model, &updates);
        self.optimizer = state;
    }
}

#[cfg(test)]
mod tests;
