//! Optimizers in optax's form: a pure `init` and a pure `update`, over any tree of parameters.
//!
//! An optimizer turns gradients into updates that are added to the parameters. Tuples chain: the updates of the first
//! are the gradients of the second. Invariant: state, gradients and updates have the structure of the parameters
//! wherever they speak of them, and their dtypes too.

mod adam;
mod sgd;

pub use adam::{Adam, AdamState, AdamW};
pub use sgd::{Momentum, Sgd, SgdState};

use gradus::{Data, Result, Stored, Traced, Val, jit};

use crate::Parameters;

/// A gradient transformation: `init(params) -> state`, `update(grads, state, params) -> (updates, state)`.
///
/// It sees parameters as a list with names, so that its state does not depend on the type of the model. Updates are
/// added to the parameters by [`apply_updates`](crate::apply_updates).
pub trait Optimizer: Clone + Send + Sync + 'static {
    /// What is kept from one update to the next.
    type State: Traced;

    /// The state before the first update.
    fn init(&self, params: &Parameters<Val>) -> Self::State;

    /// What to add to `params`, and the next state.
    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &Self::State,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, Self::State);

    /// [`Optimizer::init`] outside a trace, for the parameters of `model`.
    ///
    /// # Errors
    /// If `init` is refused for these parameters.
    #[track_caller]
    fn start<M: Stored>(&self, model: &M) -> Result<Data<Self::State>> {
        jit(|model: &M::Traced| self.init(&Parameters::of(model)))(model)
    }
}

macro_rules! chain {
    ($($Optimizer:ident $i:tt),*) => {
        impl<$($Optimizer: Optimizer),*> Optimizer for ($($Optimizer,)*) {
            type State = ($($Optimizer::State,)*);
            fn init(&self, params: &Parameters<Val>) -> Self::State {
                ($(self.$i.init(params),)*)
            }
            fn update(
                &self,
                grads: &Parameters<Val>,
                state: &Self::State,
                params: &Parameters<Val>,
            ) -> (Parameters<Val>, Self::State) {
                let mut updates = grads.clone();
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

#[cfg(test)]
mod tests;
