//! [`TrainState`]: all that training changes, and one step of it.
//!
//! Invariant: a step changes parameters through the optimizer alone, and buffers through what the loss assigned to
//! them.

use std::sync::{Mutex, PoisonError};

use gradus::{Array, Data, Dtype, LeafKind, Result, Stored, Traced, Tree, Val, as_operation, random, refuse};

use crate::optimizers::incremented;
use crate::{Context, Optimizer, Parameters, apply_updates};

/// A model, the state of its optimizer, the key of what is random and the count of steps: what a train step changes.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Adam, Context, Dense, Keys, TrainState, Training, init, mean_squared_error};
///
/// let adam = Adam::new(0.1);
/// let model = init(0, |keys: &Keys| Dense::new(keys, 1, 1))?;
/// let mut state = TrainState::new(model, &adam, 0)?;
/// let step = jit(move |state: &mut Training<Dense<Val>, Adam>, x: &Val, y: &Val| {
///     state.step(&adam, |model, _: &Context| mean_squared_error(&model.apply(x), y))
/// });
/// let (x, y) = (Array::from([[0.0f32], [1.0]]), Array::from([[1.0f32], [3.0]]));
/// let first = step(&mut state, &x, &y)?.item::<f32>()?;
/// for _ in 0..20 {
///     step(&mut state, &x, &y)?;
/// }
/// assert!(step(&mut state, &x, &y)?.item::<f32>()? < first / 4.0);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct TrainState<M, S, T = Array> {
    /// The model: its parameters and buffers.
    pub model: M,
    /// What the optimizer keeps between updates.
    #[tree(buffer)]
    pub optimizer: S,
    /// What each step's keys follow from, together with `step`: `u32[2]`.
    #[tree(buffer)]
    pub key: T,
    /// Steps made: an `i32` that stops at its largest value.
    #[tree(buffer)]
    pub step: T,
    /// The element type that the loss sees parameters in; `None` for their own.
    #[tree(static)]
    pub compute: Option<Dtype>,
}

/// The [`TrainState`] of a model `M` under an optimizer `O`, inside a trace.
pub type Training<M, O> = TrainState<M, <O as Optimizer>::State, Val>;

impl<M: Stored, S> TrainState<M, S> {
    /// The state before the first step; keys follow from `seed`.
    ///
    /// # Errors
    /// If the optimizer refuses the parameters of this model.
    #[track_caller]
    pub fn new<O>(model: M, optimizer: &O, seed: u64) -> Result<TrainState<M, S>>
    where
        O: Optimizer,
        O::State: Traced<Data = S>,
    {
        let optimizer = optimizer.start(&model)?;
        Ok(TrainState { model, optimizer, key: random::seed(seed), step: Array::from(0i32), compute: None })
    }
}

impl<M, S, T> TrainState<M, S, T> {
    /// The same state whose losses see float parameters as `dtype`, say [`Dtype::BF16`]: the parameters themselves,
    /// gradients as the optimizer gets them, and buffers stay as they are (Micikevicius et al., 2018).
    pub fn with_compute(self, dtype: Dtype) -> TrainState<M, S, T> {
        TrainState { compute: Some(dtype), ..self }
    }
}

impl<M: Traced, S: Traced> TrainState<M, S, Val> {
    /// Makes one step: the loss and its gradients, the update by `optimizer`, new buffers. Returns what `loss` returns,
    /// the loss or a pair of the loss and anything else.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err`, and the state stays as it was, if the loss is no float scalar, assigns to a
    /// parameter, or gives a buffer another type.
    #[track_caller]
    pub fn step<O, L>(&mut self, optimizer: &O, loss: impl Fn(&mut M, &Context) -> L + Send + Sync) -> L
    where
        O: Optimizer<State = S>,
        L: Loss,
    {
        as_operation("step", || {
            let key = random::fold_in(self.key, self.step);
            let (compute, refused) = (self.compute, Mutex::new(None));
            let (out, grads) = loss_and_grads(&mut self.model, |model| {
                let ctx = Context::training(&key);
                let mut seen = computing_in(model, compute);
                let before = seen.copy();
                let out = loss(&mut seen, &ctx);
                match fault(&before, &seen, &ctx) {
                    Some(message) => *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(message),
                    None => *model = Parameters::of(model).in_model(&seen),
                }
                out
            });
            if let Some(message) = refused.into_inner().unwrap_or_else(PoisonError::into_inner) {
                refuse("step", message);
            }
            self.apply(optimizer, &grads);
            out
        })
    }

    /// Makes one update of `optimizer` by `grads`, whose buffers are not looked at.
    #[track_caller]
    pub fn apply<O: Optimizer<State = S>>(&mut self, optimizer: &O, grads: &M) {
        as_operation("apply", || {
            let (params, grads) = (Parameters::of(&self.model), Parameters::of(grads));
            if let Some(difference) = difference(&params, &grads) {
                refuse("apply", difference);
                return;
            }
            let fresh = optimizer.init(&params);
            if let Some(difference) = other_state(&fresh, &self.optimizer) {
                refuse("apply", difference);
                return;
            }
            let (updates, state) = optimizer.update(&grads, &self.optimizer, &params);
            self.model = apply_updates(&self.model, &updates);
            self.optimizer = state;
            self.step = incremented(self.step);
        })
    }
}

/// How gradients differ from what they are of, in words.
fn difference(params: &Parameters<Val>, grads: &Parameters<Val>) -> Option<String> {
    if params.paths() != grads.paths() {
        let (one, other) = (params.paths().len(), grads.paths().len());
        let [params, grads] = [params, grads].map(|tree| tree.paths().join(", "));
        return Some(format!(
            "{one} parameters ({params}) and {other} gradients ({grads}); give one for each"
        ));
    }
    let mut both = params.iter().zip(grads.leaves());
    let ((path, param), grad) = both.find(|((_, param), grad)| param.shape() != grad.shape())?;
    Some(format!("the parameter `{path}` is {}, and its gradient {}", param.ty(), grad.ty()))
}

/// How the state of an optimizer differs from that of these parameters, in words: it was made for another model.
fn other_state<S: Traced>(fresh: &S, state: &S) -> Option<String> {
    let hint = "it is the state of another model or optimizer; make one with `TrainState::new`";
    if fresh.paths() != state.paths() {
        let (expected, found) = (fresh.paths(), state.paths());
        let first = found.iter().find(|path| !expected.contains(path));
        let first = first.or_else(|| expected.iter().find(|path| !found.contains(path)));
        let first = first.map_or("the order of its leaves", String::as_str);
        let (found, expected) = (found.len(), expected.len());
        return Some(format!(
            "the optimizer's state has {found} leaves, and that of these parameters {expected}; `{first}` is the \
             first that differs; {hint}"
        ));
    }
    let mut both = fresh.leaves().into_iter().zip(state.leaves()).zip(fresh.paths());
    let ((fresh, state), path) = both.find(|((fresh, state), _)| fresh.ty() != state.ty())?;
    Some(format!("the optimizer's state `{path}` is {}, expected {}; {hint}", state.ty(), fresh.ty()))
}

/// What a loss function returns: the loss, or a pair of the loss and whatever comes with it.
#[diagnostic::on_unimplemented(
    message = "a loss function returns one `Val`, or `(loss, anything)`; this one returns `{Self}`"
)]
pub trait Loss: Traced {
    /// The value to differentiate.
    fn loss(&self) -> Val;
}
impl Loss for Val {
    fn loss(&self) -> Val {
        *self
    }
}
impl<A: Traced> Loss for (Val, A)
where
    (Val, A): Traced,
{
    fn loss(&self) -> Val {
        self.0
    }
}

/// What `loss` returns and the gradient of its loss by the parameters of `model`; what it assigns to buffers is in
/// `model` afterwards.
///
/// In the gradient, buffers are zeros.
///
/// # Errors
/// The enclosing `jit` returns `Err` if the loss is no float scalar, assigns to a parameter, or gives a buffer another
/// type.
#[track_caller]
pub fn loss_and_grads<M: Traced, L: Loss>(model: &mut M, loss: impl Fn(&mut M) -> L + Send + Sync) -> (L, M) {
    as_operation("loss_and_grads", || {
        // An error of the checks is said outside of the inner trace, where the caller's line is known.
        let refused = Mutex::new(None);
        let traced = |before: &M| {
            let mut after = before.copy();
            let out = loss(&mut after);
            let fault = fault(before, &after, &Context::evaluation());
            let buffers = if fault.is_none() { buffers(&after) } else { buffers(before) };
            *refused.lock().unwrap_or_else(PoisonError::into_inner) = fault;
            (out.loss(), (out, buffers))
        };
        let ((_, (out, buffers)), grads) = gradus::value_and_grad_aux(traced)(model);
        if let Some(message) = refused.into_inner().unwrap_or_else(PoisonError::into_inner) {
            refuse("loss_and_grads", message);
        }
        let mut buffers = buffers.into_iter();
        let mut kinds = model.kinds().into_iter();
        *model = model.map(|leaf| match kinds.next() {
            Some(LeafKind::Buffer) => buffers.next().unwrap_or(*leaf),
            _ => *leaf,
        });
        (out, grads)
    })
}

fn buffers<M: Traced>(model: &M) -> Vec<Val> {
    let leaves = model.leaves().into_iter().zip(model.kinds());
    leaves.filter(|(_, kind)| *kind == LeafKind::Buffer).map(|(leaf, _)| *leaf).collect()
}

/// What a loss did that would be lost or is not allowed: assigned to a parameter, changed a buffer's type, or brought
/// buffers of a copy up to date.
fn fault<M: Traced>(before: &M, after: &M, ctx: &Context) -> Option<String> {
    if before.paths() != after.paths() {
        return Some("the loss changed the structure of the model; it may assign to buffers only".into());
    }
    let leaves = before.leaves().into_iter().zip(after.leaves());
    let mut all = leaves.zip(before.kinds()).zip(before.paths());
    let changed = |((old, new), kind): ((&Val, &Val), LeafKind), path: String| match kind {
        LeafKind::Parameter if !old.is_same(*new) => Some(format!(
            "the loss assigned to the parameter `{path}`, which the optimizer changes alone; make its field a \
             `#[tree(buffer)]`, or assign to a copy"
        )),
        LeafKind::Buffer if old.ty() != new.ty() => {
            Some(format!("the buffer `{path}` was {} and is {}; a buffer keeps its type", old.ty(), new.ty()))
        }
        _ => None,
    };
    let fault = all.find_map(|(leaf, path)| changed(leaf, path));
    let both = buffers(before).into_iter().zip(buffers(after));
    let is_lost = ctx.has_assigned() && both.into_iter().all(|(old, new)| old.is_same(new));
    fault.or_else(|| {
        is_lost.then(|| {
            "a layer brought its buffers up to date, and the model has the old ones: it was applied to a copy; call \
             `apply` of the model that the loss is given, not of its `clone()`"
                .into()
        })
    })
}

/// `model` with its float parameters as `dtype`, if one is given.
fn computing_in<M: Traced>(model: &M, dtype: Option<Dtype>) -> M {
    let Some(dtype) = dtype else { return model.copy() };
    let cast = |leaf: &Val| if leaf.dtype().is_float() { leaf.astype(dtype) } else { *leaf };
    Parameters::of(model).map(cast).in_model(model)
}

/// The state of a [`TrainState`] outside of a trace.
pub type Trained<M, O> = TrainState<M, Data<<O as Optimizer>::State>>;

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
