//! [`Lbfgs`]: a quasi-Newton method with a line search, for losses over all examples.

use gradus::{
    Array, Dtype, Result, Scan, Stored, Traced, Tree, Val, as_operation, cond, iota, jit, refuse, s,
};
use gradus::{where_, while_loop};

use super::line_search::{Objective, Start};
use super::{LineSearch, Optimizer, Zoom, incremented, widened, zero_count};
use crate::{Parameters, loss_and_grads};

/// The product of an approximate inverse Hessian with the gradient (Liu and Nocedal, 1989): `optax.scale_by_lbfgs`.
///
/// It learns from the differences of parameters and gradients of the last updates, whatever made these.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleByLbfgs {
    memory: usize,
    scales: bool,
}

/// The differences that [`ScaleByLbfgs`] remembers, along the leading axis of each leaf.
#[derive(Tree, Clone, Debug)]
pub struct ScaleByLbfgsState<T = Array> {
    /// The number of updates: an `i32` that stops at its largest value.
    pub count: T,
    /// The parameters of the last update.
    pub params: Parameters<T>,
    /// Its gradients.
    pub grads: Parameters<T>,
    /// Differences of parameters: `[memory, ..]`.
    pub param_steps: Parameters<T>,
    /// Differences of gradients: `[memory, ..]`.
    pub grad_steps: Parameters<T>,
    /// For each, 1 over the product of both: `[memory]`.
    pub weights: T,
}

impl Default for ScaleByLbfgs {
    fn default() -> ScaleByLbfgs {
        ScaleByLbfgs { memory: 10, scales: true }
    }
}

impl ScaleByLbfgs {
    /// With a memory of 10 differences.
    pub fn new() -> ScaleByLbfgs {
        ScaleByLbfgs::default()
    }
    /// With a memory of `memory` differences.
    pub fn with_memory(self, memory: usize) -> ScaleByLbfgs {
        ScaleByLbfgs { memory, ..self }
    }
    /// Begins each product with the identity as it is, not with its scale of the last differences.
    pub fn without_scale(self) -> ScaleByLbfgs {
        ScaleByLbfgs { scales: false, ..self }
    }

    /// By what the identity is multiplied, the first guess of the inverse Hessian.
    fn scale(&self, count: Val, grads: &Parameters<Val>, step: &Pair) -> Val {
        if !self.scales {
            return step.product.full_like(1.0);
        }
        let squares = dot(&step.grads, &step.grads);
        let learned = where_(squares.gt(0.0), step.product / squares, 1.0);
        let first = (1.0 / dot(grads, grads).sqrt()).min(1.0);
        where_(count.gt(0), learned, first)
    }
}

/// The newest differences and their product.
struct Pair {
    params: Parameters<Val>,
    grads: Parameters<Val>,
    product: Val,
}

/// The sum of products over all elements: f64 if a leaf is, else f32.
pub(super) fn dot(a: &Parameters<Val>, b: &Parameters<Val>) -> Val {
    let products = a.zip_map(b, |a, b| {
        let dtype = widened(a.dtype());
        (a.astype(dtype) * b.astype(dtype)).sum()
    });
    let zero = Val::from(0.0).astype(scalar_dtype(a));
    products.leaves().iter().fold(zero, |sum, product| sum + product)
}

/// The type of scalars about these parameters: f64 if a leaf is, else f32.
fn scalar_dtype(params: &Parameters<Val>) -> Dtype {
    let wide = params.leaves().iter().any(|leaf| leaf.dtype() == Dtype::F64);
    if wide { Dtype::F64 } else { Dtype::F32 }
}

/// `a + factor · b`.
fn plus(a: &Parameters<Val>, factor: Val, b: &Parameters<Val>) -> Parameters<Val> {
    a.zip_map(b, |a, b| a + factor.astype(a.dtype()) * b)
}

impl Optimizer for ScaleByLbfgs {
    type State = ScaleByLbfgsState<Val>;

    fn init(&self, params: &Parameters<Val>) -> Self::State {
        if self.memory == 0 {
            refuse("Lbfgs", "L-BFGS with a memory of 0 differences; give at least 1");
        }
        if let Some((path, leaf)) = params.iter().find(|(_, leaf)| !leaf.dtype().is_float()) {
            refuse("Lbfgs", format!("the parameter `{path}` is {}; L-BFGS is for real numbers", leaf.ty()));
        }
        let stacked =
            params.map(|leaf| gradus::zeros([vec![self.memory], leaf.shape()].concat(), leaf.dtype()));
        ScaleByLbfgsState {
            count: zero_count(),
            params: params.zeros_like(),
            grads: params.zeros_like(),
            param_steps: stacked.clone(),
            grad_steps: stacked,
            weights: gradus::zeros([self.memory], scalar_dtype(params)),
        }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &Self::State,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, Self::State) {
        let (count, memory) = (state.count, self.memory as i64);
        let begun = count.gt(0);
        let difference = |new: &Parameters<Val>, old: &Parameters<Val>| {
            new.zip_map(old, |new, old| where_(begun, new - old, 0.0))
        };
        let (dp, dg) = (difference(params, &state.params), difference(grads, &state.grads));
        let step = Pair { product: dot(&dg, &dp), params: dp, grads: dg };
        let weight = where_(step.product.eq(0.0), 0.0, 1.0 / step.product);

        let place = (count + (memory - 1)) % memory;
        let put = |all: &Parameters<Val>, new: &Parameters<Val>| {
            all.zip_map(new, |all, new| all.set_at(s![place], new))
        };
        let param_steps = put(&state.param_steps, &step.params);
        let grad_steps = put(&state.grad_steps, &step.grads);
        let weights = state.weights.set_at(s![place], weight);

        // The two loops over the memory, from the newest to the oldest and back.
        let places = (iota(Dtype::I32, [self.memory], 0) + count % memory) % memory;
        let of = |all: &Parameters<Val>, i: Val| all.map(|leaf| leaf.at(i));
        let down = |v: Parameters<Val>, i: Val| {
            let share = weights.at(i) * dot(&of(&param_steps, i), &v);
            (plus(&v, -share, &of(&grad_steps, i)), share)
        };
        let newest_first = Scan { reverse: true, ..Scan::default() };
        let (v, shares) = newest_first.run(grads.clone(), &places, down);
        let scale = self.scale(count, grads, &step);
        let v = v.map(|leaf| scale.astype(leaf.dtype()) * leaf);
        let up = |v: Parameters<Val>, (i, share): (Val, Val)| {
            let own = weights.at(i) * dot(&of(&grad_steps, i), &v);
            (plus(&v, share - own, &of(&param_steps, i)), ())
        };
        let (direction, ()) = gradus::scan(v, &(places, shares), up);

        let (params, grads) = (params.clone(), grads.clone());
        let count = incremented(count);
        (direction, ScaleByLbfgsState { count, params, grads, param_steps, grad_steps, weights })
    }
}

/// L-BFGS with a line search, for losses that are a function of the parameters alone: `optax.lbfgs`.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::Lbfgs;
///
/// let rosenbrock = |p: &Val| 100.0 * (p.at(1) - p.at(0).square()).square() + (1.0 - p.at(0)).square();
/// let found = jit(move |p: &Val| Lbfgs::new().minimize(p, rosenbrock))(&Array::from([-1.2f64, 1.0]))?;
/// assert!(found.converged.item::<bool>()?);
/// assert!(found.model.to_vec::<f64>()?.iter().all(|p| (p - 1.0).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Lbfgs {
    direction: ScaleByLbfgs,
    search: LineSearch,
    max_iterations: usize,
    tolerance: f64,
}

/// What [`Lbfgs`] keeps between steps.
#[derive(Tree, Clone, Debug)]
pub struct LbfgsState<T = Array> {
    /// The differences seen.
    pub direction: ScaleByLbfgsState<T>,
    /// The loss at the parameters as they are now; infinite before the first step.
    pub value: T,
    /// Its gradients there.
    pub grads: Parameters<T>,
    /// The last step along the direction; 0 if the line search found none.
    pub step_size: T,
    /// The number of evaluations of the loss: an `i32`.
    pub evaluations: T,
}

/// Where [`Lbfgs::minimize`] ended.
#[derive(Tree, Clone, Debug)]
pub struct Minimum<M, T = Array> {
    /// The model with the parameters found.
    pub model: M,
    /// The loss there.
    pub value: T,
    /// The largest absolute value of its gradient.
    pub gradient: T,
    /// The number of steps: an `i32`.
    pub iterations: T,
    /// The number of evaluations of the loss: an `i32`.
    pub evaluations: T,
    /// Whether the gradient is as small as was asked for: a `bool`.
    pub converged: T,
}

impl Default for Lbfgs {
    fn default() -> Lbfgs {
        let search = LineSearch::Zoom(Zoom::default());
        Lbfgs { direction: ScaleByLbfgs::new(), search, max_iterations: 1000, tolerance: 1e-5 }
    }
}

impl Lbfgs {
    /// With a memory of 10, a [`Zoom`] search, at most 1000 steps and a gradient of 1e-5 to be reached.
    pub fn new() -> Lbfgs {
        Lbfgs::default()
    }
    /// With a memory of `memory` differences.
    pub fn with_memory(self, memory: usize) -> Lbfgs {
        Lbfgs { direction: self.direction.with_memory(memory), ..self }
    }
    /// See [`ScaleByLbfgs::without_scale`].
    pub fn without_scale(self) -> Lbfgs {
        Lbfgs { direction: self.direction.without_scale(), ..self }
    }
    /// With another line search.
    pub fn with_line_search(self, search: LineSearch) -> Lbfgs {
        Lbfgs { search, ..self }
    }
    /// At most so many steps in [`Lbfgs::minimize`].
    pub fn with_max_iterations(self, max_iterations: usize) -> Lbfgs {
        Lbfgs { max_iterations, ..self }
    }
    /// [`Lbfgs::minimize`] ends where no element of the gradient is larger than this.
    pub fn with_tolerance(self, tolerance: f64) -> Lbfgs {
        Lbfgs { tolerance, ..self }
    }

    /// The state before the first step.
    pub fn init(&self, params: &Parameters<Val>) -> LbfgsState<Val> {
        let number = |x: f64| Val::from(x).astype(scalar_dtype(params));
        LbfgsState {
            direction: self.direction.init(params),
            value: number(f64::INFINITY),
            grads: params.zeros_like(),
            step_size: number(1.0),
            evaluations: zero_count(),
        }
    }
    /// [`Lbfgs::init`] outside a trace.
    ///
    /// # Errors
    /// If a parameter is no real number.
    #[track_caller]
    pub fn start<M: Stored>(&self, model: &M) -> Result<LbfgsState> {
        jit(|model: &M::Traced| self.init(&Parameters::of(model)))(model)
    }

    /// Makes one step of a loop of one's own; returns the loss before it.
    ///
    /// `loss` must be the same function in each step, of the same data: what the last step knows of it is used again.
    #[track_caller]
    pub fn step<M: Traced>(
        &self,
        model: &mut M,
        state: &mut LbfgsState<Val>,
        loss: impl Fn(&M) -> Val + Send + Sync,
    ) -> Val {
        as_operation("Lbfgs", || {
            let (params, before) = (Parameters::of(model), model.copy());
            let objective = objective(&before, &loss);
            let first = state.direction.count.eq(0);
            let known = || (state.value, state.grads.clone());
            let (value, grads) = cond(first, (), |()| objective(&params), |()| known());
            let evaluations = state.evaluations + first.astype(Dtype::I32);
            let now = LbfgsState { value, grads, evaluations, ..state.clone() };
            let (params, next) = self.advance(&objective, &params, &now);
            *model = params.in_model(model);
            *state = next;
            value
        })
    }

    /// The parameters near those of `model` where `loss` is smallest.
    ///
    /// It ends at a small gradient ([`Lbfgs::with_tolerance`]), after [`Lbfgs::with_max_iterations`] steps, or where no
    /// step changes the parameters.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` if a parameter is no real number, or the loss no float scalar.
    #[track_caller]
    pub fn minimize<M: Traced>(&self, model: &M, loss: impl Fn(&M) -> Val + Send + Sync) -> Minimum<M, Val> {
        as_operation("Lbfgs", || {
            let params = Parameters::of(model);
            let objective = objective(model, &loss);
            let (value, grads) = objective(&params);
            let state = LbfgsState { value, grads, evaluations: zero_count() + 1, ..self.init(&params) };
            let moved = Val::from(true).astype(Dtype::Bool);
            let most = self.max_iterations.min(i32::MAX as usize) as i64;
            let going = |(_, state, moved): (Parameters<Val>, LbfgsState<Val>, Val)| {
                let large = !largest(&state.grads).le(self.tolerance);
                moved & large & state.direction.count.lt(most)
            };
            let step = |(params, state, _): (Parameters<Val>, LbfgsState<Val>, Val)| {
                let (next, state) = self.advance(&objective, &params, &state);
                let changed = next.zip_map(&params, |new, old| new.ne(old).any());
                let moved = changed.leaves().iter().fold(Val::from(false), |any, own| any | own);
                (next, state, moved.astype(Dtype::Bool))
            };
            let (params, state, _) = while_loop((params, state, moved), going, step);
            let gradient = largest(&state.grads);
            Minimum {
                model: params.in_model(model),
                value: state.value,
                gradient,
                iterations: state.direction.count,
                evaluations: state.evaluations,
                converged: gradient.le(self.tolerance),
            }
        })
    }

    /// The next parameters, and the state there, whose loss and gradients are those of `params`.
    fn advance(
        &self,
        objective: &Objective<'_>,
        params: &Parameters<Val>,
        state: &LbfgsState<Val>,
    ) -> (Parameters<Val>, LbfgsState<Val>) {
        let (uphill, direction) = self.direction.update(&state.grads, &state.direction, params);
        let downhill = uphill.map(|leaf| -leaf);
        let start = Start { params, value: state.value, grads: &state.grads, direction: &downhill };
        let found = self.search.run(objective, &start, state.step_size);
        let evaluations = state.evaluations + found.evaluations;
        let (value, grads, step_size) = (found.value, found.grads, found.step);
        (start.at(step_size), LbfgsState { direction, value, grads, step_size, evaluations })
    }
}

/// The loss of `model` as a function of its parameters, with its gradient.
fn objective<'a, M: Traced>(
    model: &'a M,
    loss: &'a (impl Fn(&M) -> Val + Send + Sync),
) -> impl Fn(&Parameters<Val>) -> (Val, Parameters<Val>) + 'a {
    move |params| {
        let mut own = params.in_model(model);
        let (value, grads) = loss_and_grads(&mut own, |model: &mut M| loss(model));
        (value.astype(scalar_dtype(params)), Parameters::of(&grads))
    }
}

/// The largest absolute value of all elements; 0 of none.
fn largest(tree: &Parameters<Val>) -> Val {
    let full = tree.leaves().iter().filter(|leaf| leaf.size() > 0);
    let dtype = scalar_dtype(tree);
    let each = full.map(|leaf| leaf.abs().amax().astype(dtype));
    each.fold(Val::from(0.0).astype(dtype), |most, own| most.max(own))
}
