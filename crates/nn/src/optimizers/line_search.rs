//! How far to go along a direction: [`Zoom`] finds a step with the strong Wolfe conditions, [`Backtracking`] one
//! that decreases enough.
//!
//! Invariant: a search ends after a bounded number of evaluations, and never at a value that is no number: then the
//! step is 0.

use gradus::{Array, Traced, Tree, Val, where_, while_loop};

use super::lbfgs::dot;
use crate::Parameters;

/// How far [`Lbfgs`](crate::Lbfgs) goes along its direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LineSearch {
    /// To a step with the strong Wolfe conditions.
    Zoom(Zoom),
    /// To a step that decreases the loss enough, from a long one down.
    Backtracking(Backtracking),
    /// Always the direction times this number.
    Constant(f64),
}

/// A bracketing search for the strong Wolfe conditions (Nocedal and Wright, 2006, algorithms 3.5 and 3.6), with the
/// approximate decrease of Hager and Zhang (2006) near a minimum: `optax.scale_by_zoom_linesearch`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zoom {
    /// Evaluations of the loss and its gradient at most.
    pub max_evaluations: usize,
    /// The longest step; none if `None`.
    pub max_step: Option<f64>,
    /// How much longer each step is while no interval is found.
    pub increase: f64,
    /// The share of the first slope by which the loss must fall: `c₁`.
    pub decrease_tolerance: f64,
    /// The share of the first slope that the last one may have: `c₂`.
    pub curvature_tolerance: f64,
    /// How near the first value a value must be for the approximate decrease, relative to it.
    pub approximate_tolerance: f64,
    /// An interval shorter than this ends the search at the best step so far.
    pub precision: f64,
}

impl Default for Zoom {
    fn default() -> Zoom {
        Zoom {
            max_evaluations: 20,
            max_step: None,
            increase: 2.0,
            decrease_tolerance: 1e-4,
            curvature_tolerance: 0.9,
            approximate_tolerance: 1e-6,
            precision: 1e-5,
        }
    }
}

/// Steps that shrink until the loss falls enough (Armijo's condition): `optax.scale_by_backtracking_linesearch`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backtracking {
    /// Evaluations of the loss at most, after the first.
    pub max_evaluations: usize,
    /// The share of the slope by which the loss must fall.
    pub decrease_tolerance: f64,
    /// By what a step that is too long is multiplied.
    pub decrease: f64,
    /// By what the step of the last search is multiplied to begin this one.
    pub increase: f64,
    /// The longest step.
    pub max_step: f64,
}

impl Default for Backtracking {
    fn default() -> Backtracking {
        Backtracking {
            max_evaluations: 30,
            decrease_tolerance: 1e-4,
            decrease: 0.8,
            increase: 1.5,
            max_step: 1.0,
        }
    }
}

/// The loss and its gradient as a function of the parameters.
pub(super) type Objective<'a> = dyn Fn(&Parameters<Val>) -> (Val, Parameters<Val>) + 'a;

/// Where a search begins: parameters, the loss and its gradient there, and the way to go.
pub(super) struct Start<'a> {
    pub(super) params: &'a Parameters<Val>,
    pub(super) value: Val,
    pub(super) grads: &'a Parameters<Val>,
    pub(super) direction: &'a Parameters<Val>,
}

/// Where a search ended.
#[derive(Tree, Clone, Debug)]
pub(super) struct Found<T = Array> {
    pub(super) step: T,
    pub(super) value: T,
    pub(super) grads: Parameters<T>,
    pub(super) evaluations: T,
}

impl LineSearch {
    /// Searches from `start`; `last` is the step of the search before.
    pub(super) fn run(&self, objective: &Objective<'_>, start: &Start<'_>, last: Val) -> Found<Val> {
        match self {
            LineSearch::Zoom(zoom) => zoom.run(objective, start),
            LineSearch::Backtracking(backtracking) => backtracking.run(objective, start, last),
            LineSearch::Constant(step) => {
                let step = start.value.full_like(*step);
                let (value, grads) = objective(&start.at(step));
                Found { step, value, grads, evaluations: Val::from(1).astype(gradus::Dtype::I32) }
            }
        }
    }
}

impl Start<'_> {
    /// The parameters after a step.
    pub(super) fn at(&self, step: Val) -> Parameters<Val> {
        self.params.zip_map(self.direction, |p, d| p + step.astype(p.dtype()) * d)
    }
}

/// `yes` or `no`, as a whole.
fn either<M: Traced>(condition: Val, yes: &M, no: &M) -> M {
    yes.zip_map(no, |yes, no| where_(condition, yes, no))
}

/// How far `error` is above 0; a NaN is infinitely far.
fn violation(error: Val) -> Val {
    where_(error.isnan(), f64::INFINITY, error.max(0.0))
}

/// A step, the loss there and its slope along the direction.
#[derive(Tree, Clone, Debug)]
struct Point<T = Array> {
    step: T,
    value: T,
    slope: T,
}

/// What one evaluation of [`Zoom`] hands to the next.
#[derive(Tree, Clone, Debug)]
struct Search<T = Array> {
    count: T,
    last: Point<T>,
    grads: Parameters<T>,
    /// By how much the last point decreases too little; infinite outside of the domain.
    decrease_error: T,
    /// Whether an interval with a right step is known: from then on it is `low` to `high`, the lower value first.
    bracketed: T,
    done: T,
    failed: T,
    low: Point<T>,
    high: Point<T>,
    /// A third point, for the cubic.
    reference: Point<T>,
    /// The best point that decreases enough; a step of 0 if there is none.
    safe: Point<T>,
    safe_grads: Parameters<T>,
}

impl Zoom {
    fn run(&self, objective: &Objective<'_>, start: &Start<'_>) -> Found<Val> {
        let zero = start.value.zeros_like();
        let first = Point {
            step: zero,
            value: start.value,
            slope: dot(start.direction, start.grads).astype(zero.dtype()),
        };
        let no = Val::from(false).astype(gradus::Dtype::Bool);
        let search = Search {
            count: super::zero_count(),
            last: first.clone(),
            grads: start.grads.clone(),
            decrease_error: zero.full_like(f64::INFINITY),
            bracketed: no,
            done: no,
            failed: no,
            low: first.clone(),
            high: first.clone(),
            reference: first.clone(),
            safe: first.clone(),
            safe_grads: start.grads.clone(),
        };
        let going = |search: Search<Val>| !(search.done | search.failed);
        let ended = while_loop(search, going, |search| self.evaluate(objective, start, &first, &search));
        // A step that decreases enough is better than one with the right slope that does not.
        let back = ended.failed & (ended.safe.step.gt(0.0) | ended.decrease_error.eq(f64::INFINITY));
        let point = either(back, &ended.safe, &ended.last);
        let grads = either(back, &ended.safe_grads, &ended.grads);
        Found { step: point.step, value: point.value, grads, evaluations: ended.count }
    }

    /// The step to try: ever longer ones until an interval is found, then one within it.
    fn candidate(&self, search: &Search<Val>) -> Val {
        let longer = where_(search.count.eq(0), 1.0, self.increase * search.last.step);
        let longer = self.max_step.map_or(longer, |most| longer.min(most));
        where_(search.bracketed, within(&search.low, &search.high, &search.reference), longer)
    }

    /// By how much a point violates the condition of decrease.
    fn decrease_error(&self, first: &Point<Val>, point: &Point<Val>) -> Val {
        let armijo = point.value - first.value - self.decrease_tolerance * point.step * first.slope;
        let by_slope = point.slope - (2.0 * self.decrease_tolerance - 1.0) * first.slope;
        let near = point.value - first.value - self.approximate_tolerance * first.value.abs();
        violation(armijo.min(by_slope.max(near)))
    }

    fn evaluate(
        &self,
        objective: &Objective<'_>,
        start: &Start<'_>,
        first: &Point<Val>,
        search: &Search<Val>,
    ) -> Search<Val> {
        let step = self.candidate(search);
        let (value, grads) = objective(&start.at(step));
        let new = Point { step, value, slope: dot(start.direction, &grads).astype(value.dtype()) };
        let decrease_error = self.decrease_error(first, &new);
        let curvature_error = violation(new.slope.abs() - self.curvature_tolerance * first.slope.abs());
        let right = decrease_error.le(0.0) & curvature_error.le(0.0);

        let takes_safe = decrease_error.le(0.0) & (!search.bracketed | value.lt(search.safe.value));
        let safe = either(takes_safe, &new, &search.safe);
        let safe_grads = either(takes_safe, &grads, &search.safe_grads);
        let count = search.count + 1;
        let spent = count.ge(self.max_evaluations as i64);

        let outside = self.bracket(search, &new, decrease_error, right);
        let inside = self.narrow(search, &new, decrease_error, right, safe.step);
        let Interval { low, high, reference, bracketed, done, failed } =
            either(search.bracketed, &inside, &outside);
        let failed = (failed | spent) & !done;
        Search {
            count,
            last: new,
            grads,
            decrease_error,
            bracketed,
            done,
            failed,
            low,
            high,
            reference,
            safe,
            safe_grads,
        }
    }

    /// Algorithm 3.5: whether `new` and the point before it enclose a right step.
    fn bracket(&self, search: &Search<Val>, new: &Point<Val>, error: Val, right: Val) -> Interval<Val> {
        let before = &search.last;
        let too_high = error.gt(0.0) | (new.value.ge(before.value) & search.count.gt(0));
        let rises = new.slope.ge(0.0) & !too_high;
        let low = either(rises, new, before);
        let bracketed = too_high | rises | right;
        // No longer step is allowed: this one decreases, and must do.
        let longest = match self.max_step {
            Some(most) => new.step.ge(most) & !bracketed,
            None => right,
        };
        Interval {
            reference: low.clone(),
            low,
            high: either(rises, before, new),
            bracketed,
            done: right | longest,
            failed: right & !right,
        }
    }

    /// Algorithm 3.6: the part of the interval in which a right step is.
    fn narrow(
        &self,
        search: &Search<Val>,
        new: &Point<Val>,
        error: Val,
        right: Val,
        safe: Val,
    ) -> Interval<Val> {
        let (low, high) = (&search.low, &search.high);
        let to_high = error.gt(0.0) | new.value.ge(low.value);
        let turned = (new.slope * (high.step - low.step)).ge(0.0) & !to_high;
        let short = (high.step - low.step).abs().le(self.precision);
        Interval {
            low: either(to_high, low, new),
            high: either(turned, low, &either(to_high, new, high)),
            reference: either(to_high | turned, high, low),
            bracketed: search.bracketed,
            done: right,
            failed: short & safe.gt(0.0) & !right,
        }
    }
}

/// What an evaluation makes of the interval.
#[derive(Tree, Clone, Debug)]
struct Interval<T = Array> {
    low: Point<T>,
    high: Point<T>,
    reference: Point<T>,
    bracketed: T,
    done: T,
    failed: T,
}

/// A step between `low` and `high`: the minimum of a cubic through three points, of a parabola, or the middle.
///
/// A minimum that is too near an end is not taken, nor one that is no number.
fn within(low: &Point<Val>, high: &Point<Val>, reference: &Point<Val>) -> Val {
    let length = (high.step - low.step).abs();
    let (left, right) = (high.step.min(low.step), high.step.max(low.step));
    let valid = |x: Val, share: f64| x.gt(left + share * length) & x.lt(right - share * length);
    let cubic = cubic_minimum(low, high, reference);
    let parabola = parabola_minimum(low, high);
    let middle = (low.step + high.step) / 2.0;
    where_(valid(cubic, 0.2), cubic, where_(valid(parabola, 0.1), parabola, middle))
}

/// Of `a (x − x₀)³ + b (x − x₀)² + slope (x − x₀) + value` through the values of all three.
fn cubic_minimum(at: &Point<Val>, second: &Point<Val>, third: &Point<Val>) -> Val {
    let (db, dc) = (second.step - at.step, third.step - at.step);
    let fb = second.value - at.value - at.slope * db;
    let fc = third.value - at.value - at.slope * dc;
    let divisor = (db * dc).square() * (db - dc);
    let a = (dc.square() * fb - db.square() * fc) / divisor;
    let b = (db * db.square() * fc - dc * dc.square() * fb) / divisor;
    at.step + ((b * b - 3.0 * a * at.slope).sqrt() - b) / (3.0 * a)
}

/// Of `b (x − x₀)² + slope (x − x₀) + value` through the value of the second.
fn parabola_minimum(at: &Point<Val>, second: &Point<Val>) -> Val {
    let d = second.step - at.step;
    let b = (second.value - at.value - at.slope * d) / d.square();
    at.step - at.slope / (2.0 * b)
}

impl Backtracking {
    fn run(&self, objective: &Objective<'_>, start: &Start<'_>, last: Val) -> Found<Val> {
        let slope = dot(start.direction, start.grads).astype(start.value.dtype());
        let longest = (self.increase * last).min(self.max_step);
        let infinite = start.value.full_like(f64::INFINITY);
        let most = self.max_evaluations as i64;
        let going = |(_, error, count): (Val, Val, Val)| !error.le(0.0) & count.le(most);
        let shorter = |(step, _, count): (Val, Val, Val)| {
            let step = where_(count.gt(0), self.decrease * step, step);
            let value = objective(&start.at(step)).0;
            let error = violation(value - start.value - step * self.decrease_tolerance * slope);
            (step, error, count + 1)
        };
        let (step, error, count) = while_loop((longest, infinite, super::zero_count()), going, shorter);
        // No step gives a number: stay.
        let step = where_(error.eq(f64::INFINITY), 0.0, step);
        let (value, grads) = objective(&start.at(step));
        Found { step, value, grads, evaluations: count + 1 }
    }
}
