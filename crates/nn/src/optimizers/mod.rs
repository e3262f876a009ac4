//! Optimizers in optax's form: a pure `init` and a pure `update`, over any tree of parameters.
//!
//! Ready ones ([`Adam`], [`Sgd`], ..) are chains of a direction and of minus the rate; their parts stand beside
//! them, to be chained otherwise. Invariant: state, gradients and updates have the structure of the parameters
//! wherever they speak of them, and their element types too, but where an option says otherwise.

mod accumulate;
mod adadelta;
mod adagrad;
mod adam;
mod amsgrad;
mod average;
mod clip;
mod decay;
mod finite;
mod lbfgs;
mod line_search;
mod lion;
mod partition;
mod rate;
mod rms;
mod schedule;
mod sgd;

pub use accumulate::{MultiSteps, MultiStepsState};
pub use adadelta::{Adadelta, AdadeltaState, ScaleByAdadelta};
pub use adagrad::{Adagrad, ScaleByAdagrad};
pub use adam::{Adam, AdamState, AdamW, Nadam, ScaleByAdam};
pub use amsgrad::{AmsGrad, AmsGradState, ScaleByAmsGrad};
pub use average::{ParameterEma, ParameterEmaState};
pub use clip::{Clip, ClipByBlockRms, ClipByGlobalNorm, ClipByNorm};
pub use decay::AddDecayedWeights;
pub use finite::{ApplyIfFinite, ApplyIfFiniteState};
pub use lbfgs::{Lbfgs, LbfgsState, Minimum, ScaleByLbfgs, ScaleByLbfgsState};
pub use line_search::{Backtracking, LineSearch, Zoom};
pub use lion::{Lion, ScaleByLion};
pub use partition::{Freeze, Masked, Partition};
pub use rate::{Descent, LearningRate, RateState, Scale};
pub use rms::{RmsProp, RmsPropState, RmsState, ScaleByRms};
pub use schedule::{Cosine, Exponential, OneCycle, Piecewise, Polynomial, Schedule, WarmUpCosine};
pub use sgd::{Sgd, Trace};

use gradus::{Data, Dtype, Result, Stored, Traced, Val, jit};

use crate::Parameters;

/// A gradient transformation: `init(params) -> state`, `update(grads, state, params) -> (updates, state)`.
///
/// It sees parameters as a list with names, so that its state does not depend on the type of the model. Updates are
/// added to the parameters by [`apply_updates`](crate::apply_updates);
/// [`TrainState::step`](crate::TrainState::step) does it all.
///
/// Tuples chain: the updates of the first are the gradients of the second. So an [`AdamW`] of one's own is
///
/// ```
/// use gradus_nn::{AddDecayedWeights, ClipByGlobalNorm, Cosine, LearningRate, ScaleByAdam};
/// let optimizer = (
///     ClipByGlobalNorm::new(1.0),
///     ScaleByAdam::new().with_beta2(0.99),
///     AddDecayedWeights::new(0.1).masked(|_, leaf| leaf.rank() > 1),
///     LearningRate::new(Cosine::new(1e-3, 10_000)),
/// );
/// # let _ = optimizer;
/// ```
///
/// Two optimizers on two parts of a state, as for a GAN, are two [`TrainState`](crate::TrainState)s in one
/// structure:
///
/// ```
/// use gradus::{Array, Tree, Val, jit};
/// use gradus_nn::{Adam, Dense, Keys, Optimizer, Sgd, TrainState, init};
///
/// #[derive(Tree)]
/// struct Gan<G, C, T = Array> {
///     generator: TrainState<Dense<T>, G, T>,
///     critic: TrainState<Dense<T>, C, T>,
/// }
/// type State<O> = <O as Optimizer>::State;
///
/// let (adam, sgd) = (Adam::new(1e-3).with_beta1(0.5), Sgd::new(1e-2));
/// let (generator, critic) = init(0, |keys: &Keys| (Dense::new(keys, 2, 3), Dense::new(keys, 3, 1)))?;
/// let mut gan = Gan {
///     generator: TrainState::new(generator, &adam, 1)?,
///     critic: TrainState::new(critic, &sgd, 2)?,
/// };
/// let step = jit(move |gan: &mut Gan<State<Adam>, State<Sgd>, Val>, real: &Val, noise: &Val| {
///     let fake = gan.generator.model.apply(noise);
///     gan.critic.step(&sgd, |critic, _| (critic.apply(&fake) - critic.apply(real)).mean());
///     let critic = gan.critic.model.clone();
///     gan.generator.step(&adam, |generator, _| -critic.apply(&generator.apply(noise)).mean())
/// });
/// step(&mut gan, &Array::from([[1.0f32, 0.0, 2.0]]), &Array::from([[0.5f32, -1.0]]))?;
/// assert_eq!((gan.generator.step, gan.critic.step), (Array::from(1i32), Array::from(1i32)));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// Parameters of 16 bits have moments of 16 bits and get updates in their own type, in which a small one is lost,
/// though each formula is computed in `f32`: keep parameters in `f32` and compute losses in 16 bits
/// ([`TrainState::with_compute`](crate::TrainState::with_compute)), or give the mean another type
/// ([`Adam::with_mean_dtype`]). Squares of complex gradients are those of their absolute values, and real, but in
/// [`Adadelta`], as in optax.
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
chain!(A 0, B 1, C 2, D 3, E 4);
chain!(A 0, B 1, C 2, D 3, E 4, F 5);

/// An optimizer that may be left out: none changes nothing.
impl<O: Optimizer> Optimizer for Option<O> {
    type State = Option<O::State>;

    fn init(&self, params: &Parameters<Val>) -> Option<O::State> {
        self.as_ref().map(|own| own.init(params))
    }
    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &Option<O::State>,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, Option<O::State>) {
        match (self, state) {
            (Some(own), Some(state)) => {
                let (updates, state) = own.update(grads, state, params);
                (updates, Some(state))
            }
            _ => (grads.clone(), None),
        }
    }
}

/// A count of updates: zero, an `i32`.
fn zero_count() -> Val {
    Val::from(0).astype(Dtype::I32)
}

/// One more; stays at its largest value.
pub(crate) fn incremented(count: Val) -> Val {
    count.min(i64::from(i32::MAX) - 1) + 1
}

/// `|g|²` of each element, real.
fn abs_squared(g: &Val) -> Val {
    if g.dtype().is_complex() { g.real().square() + g.imag().square() } else { g * g }
}

/// Real numbers `value` of each parameter's shape.
fn real_like(params: &Parameters<Val>, value: f64) -> Parameters<Val> {
    params.map(|leaf| gradus::full(leaf.shape(), Val::from(value).astype(leaf.dtype().real())))
}

/// The type in which a formula over elements of this type is computed: 16-bit floats are only kept so.
fn widened(dtype: Dtype) -> Dtype {
    if dtype.is_half() { Dtype::F32 } else { dtype }
}

/// 16-bit floats as f32.
fn wide(tree: &Parameters<Val>) -> Parameters<Val> {
    tree.map(|leaf| leaf.astype(widened(leaf.dtype())))
}

/// Each leaf of `new` in the element type of that of `old`: a state keeps its types.
fn kept(old: &Parameters<Val>, new: &Parameters<Val>) -> Parameters<Val> {
    old.zip_map(new, |old, new| new.astype(old.dtype()))
}

/// `β old + (1 − β) new` in the element types of `old`, for a `new` that is [`wide`].
fn moment(old: &Parameters<Val>, new: &Parameters<Val>, beta: f64) -> Parameters<Val> {
    kept(old, &wide(old).zip_map(new, |old, new| beta * old + (1.0 - beta) * new))
}

/// By what a moment that began at zero is too small after `count` updates, `1 − βᵗ`, in the real type of `leaf`.
fn correction(beta: f64, count: Val, leaf: &Val) -> Val {
    1.0 - Val::from(beta).astype(leaf.dtype().real()).pow(count)
}

/// A moment, made [`wide`], without the bias of its beginning.
fn corrected(moment: &Parameters<Val>, beta: f64, count: Val) -> Parameters<Val> {
    wide(moment).map(|leaf| leaf / correction(beta, count, leaf))
}

/// Updates that change nothing, not even the sign of a zero: minus zeros.
fn no_updates(params: &Parameters<Val>) -> Parameters<Val> {
    params.map(|leaf| -leaf.zeros_like())
}

#[cfg(test)]
mod tests;
