//! Differences, slopes and integrals of numbers given at points, and what lies between them.

use crate::val::axes::{Integer, IntoAxes, axis_of};
use crate::val::broadcast::Promotion;
use crate::val::index::gather::IndexMode;
use crate::val::promote::Promoted;
use crate::val::{Side, Val, concatenate, where_};
use crate::{Dtype, ErrorKind};

/// `x` from `start` on and up to `end` positions before the last along `axis`.
#[track_caller]
fn part(x: Val, axis: usize, start: usize, before_end: usize) -> Val {
    let n = x.shape()[axis];
    Val::from_ir(x.ir().slice_axis(axis, start, n - before_end))
}

impl Val {
    /// The differences of neighbours along `axis`, taken `times` times.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.diff(1, 0))(&Array::from([1i32, 4, 9]))?;
    /// assert_eq!(y, Array::from([3i32, 5]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn diff(self, times: usize, axis: impl Integer) -> Val {
        self.derive1("diff", |ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let mut x = self;
            crate::val::strict::written_out(times.min(ty.shape.dim(axis)), "differences")?;
            for _ in 0..times.min(ty.shape.dim(axis)) {
                let (high, low) = (part(x, axis, 1, 0), part(x, axis, 0, 1));
                x = if ty.dtype == Dtype::Bool { high.ne(low) } else { high - low };
            }
            Ok(x)
        })
    }
    /// The differences of neighbours of all elements in order.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.ediff1d())(&Array::from([1i32, 4, 9]))?;
    /// assert_eq!(y, Array::from([3i32, 5]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn ediff1d(self) -> Val {
        Val::derive("ediff1d", &[self], |_| Ok(self.ravel().diff(1, 0)))
    }
    /// The slopes along each axis named, of points at distance `spacing`: half the difference of both
    /// neighbours, at the
    /// edges the difference to the one there is.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.gradient(1.0, 0)[0])(&Array::from([0.0f32, 1.0, 4.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, 2.0, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn gradient(self, spacing: impl Into<Val>, axes: impl IntoAxes) -> Vec<Val> {
        let (spacing, axes) = (spacing.into(), axes.into_axes());
        let resolved = self.known().ok().and_then(|known| axes.in_order(&known.ty.shape).ok());
        let Some(resolved) = resolved else {
            return vec![self.derive1("gradient", |ty| match axes.in_order(&ty.shape) {
                Err(kind) => Err(kind),
                Ok(_) => Ok(self),
            })];
        };
        let mut all = vec![];
        for axis in resolved {
            all.push(self.gradient_along(spacing, axis));
        }
        all
    }
    /// The slopes along `axis` of points at distance `spacing`, or at the positions `spacing` if it is a vector.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.gradient_along(2.0, 0))(&Array::from([0.0f32, 2.0, 8.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, 2.0, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn gradient_along(self, spacing: impl Into<Val>, axis: impl Integer) -> Val {
        let spacing = spacing.into();
        Val::derive("gradient", &[self, spacing], |known| {
            let (ty, by) = (&known[0].ty, &known[1].ty);
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let n = ty.shape.dim(axis);
            if n < 2 {
                let message = format!("axis {axis} of shape {} has {n} points; a slope needs two", ty.shape);
                return Err(ErrorKind::invalid(message));
            }
            if by.rank() > 1 || by.rank() == 1 && by.shape.dim(0) != n {
                let message =
                    format!("positions {by} for {n} points; give one for each, or a scalar distance");
                return Err(ErrorKind::invalid(message));
            }
            let dtype = Promotion::Inexact.of(known).dtype;
            let x = self.astype(dtype);
            if by.rank() == 0 {
                let slope = (part(x, axis, 2, 0) - part(x, axis, 0, 2)) * 0.5 / spacing;
                let first = (part(x, axis, 1, n - 2) - part(x, axis, 0, n - 1)) / spacing;
                let last = (part(x, axis, n - 1, 0) - part(x, axis, n - 2, 1)) / spacing;
                return Ok(concatenate([first, slope, last], axis));
            }
            let mut thin = vec![1; ty.rank()];
            thin[axis] = n;
            let steps = spacing.astype(dtype).diff(1, 0).reshape({
                thin[axis] = n - 1;
                thin
            });
            let rises = x.diff(1, axis) / steps;
            // Between its neighbours a parabola: their slopes, weighted by the other's distance.
            let (before, behind) = (part(steps, axis, 0, 1), part(steps, axis, 1, 0));
            let inner =
                (part(rises, axis, 0, 1) * behind + part(rises, axis, 1, 0) * before) / (before + behind);
            let ends = [part(rises, axis, 0, n - 2), part(rises, axis, n - 2, 0)];
            Ok(concatenate([ends[0], inner, ends[1]], axis))
        })
    }
    /// Phases along `axis` with jumps of more than half a `period` taken out: whole periods are added behind each.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.unwrap_phase(4.0, -1))(&Array::from([0.0f32, 1.0, 2.0, -1.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 1.0, 2.0, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn unwrap_phase(self, period: f64, axis: impl Integer) -> Val {
        Val::derive("unwrap_phase", &[self], |known| {
            let ty = &known[0].ty;
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let x = self.astype(Promoted::from(&known[0]).inexact().dtype);
            if ty.shape.dim(axis) < 2 {
                return Ok(x);
            }
            let steps = x.diff(1, axis);
            let half = 0.5 * period;
            // Between -half and half; a step of exactly half a period up stays one.
            let within = (steps + half) % period - half;
            let within = where_(within.eq(-half) & steps.gt(0), half, within);
            let missing = where_(steps.abs().lt(half), 0.0, within - steps);
            let mut widths = vec![(0, 0); ty.rank()];
            widths[axis] = (1, 0);
            Ok(x + missing.cumsum(axis).pad(widths, 0))
        })
    }
    /// The integral along `axis` by trapezoids between points at distance `dx`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.trapezoid(0.5, 0))(&Array::from([1.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from(1.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn trapezoid(self, dx: impl Into<Val>, axis: impl Integer) -> Val {
        let dx = dx.into();
        Val::derive("trapezoid", &[self, dx], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let x = self.astype(Promoted::from(&known[0]).inexact().dtype);
            if known[0].ty.shape.dim(axis) == 0 {
                return Ok(x.sum_axes(axis));
            }
            Ok(0.5 * (dx * (part(x, axis, 1, 0) + part(x, axis, 0, 1))).sum_axes(axis))
        })
    }
    /// The integral along `axis` by trapezoids between points at `positions`: a vector, or of the value's shape.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|y: &Val, x: &Val| y.trapezoid_at(x, 0));
    /// let area = f(&Array::from([0.0f32, 2.0, 2.0]), &Array::from([0.0f32, 1.0, 3.0]))?;
    /// assert_eq!(area.item::<f32>()?, 5.0);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn trapezoid_at(self, positions: impl Into<Val>, axis: impl Integer) -> Val {
        let positions = positions.into();
        Val::derive("trapezoid", &[self, positions], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let behind = known[0].ty.rank() - 1 - axis;
            let steps = match known[1].ty.rank() {
                1 => positions.diff(1, 0).reshape([vec![-1], vec![1; behind]].concat()),
                _ => positions.diff(1, axis),
            };
            Ok(self.trapezoid(steps, axis))
        })
    }
    /// The value at every element of the line through the points `(xs, ys)`, `xs` increasing; the first and last `ys`
    /// outside.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.interp(&Array::from([0.0f32, 1.0, 3.0]), &Array::from([0.0f32, 10.0, 30.0])));
    /// assert_eq!(f(&Array::from([0.5f32, 2.0, 9.0]))?, Array::from([5.0f32, 20.0, 30.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn interp(self, xs: impl Into<Val>, ys: impl Into<Val>) -> Val {
        self.interp_outside(xs, ys, Outside::Edge, Outside::Edge)
    }
    /// [`Val::interp`] with what stands before the first and behind the last point.
    ///
    /// ```
    /// use gradus::{Array, Outside, Val, jit};
    /// let (xs, ys) = (Array::from([0.0f32, 1.0]), Array::from([0.0f32, 2.0]));
    /// let further = Outside::Extrapolate;
    /// let f = jit(move |x: &Val| x.interp_outside(&xs, &ys, further, further));
    /// let y = f(&Array::from([9.0f32]))?;
    /// assert_eq!(y, Array::from([18.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn interp_outside(
        self,
        xs: impl Into<Val>,
        ys: impl Into<Val>,
        left: Outside,
        right: Outside,
    ) -> Val {
        let (xs, ys) = (xs.into(), ys.into());
        Val::derive("interp", &[self, xs, ys], |known| {
            points(&known[1].ty, &known[2].ty)?;
            let dtype = Promotion::Inexact.of(&known[..2]).dtype;
            let (x, xs) = (self.astype(dtype), xs.astype(dtype));
            let ys = ys.astype(Promoted::from(&known[2]).inexact().dtype);
            let line = between(x, xs, ys);
            let outside = |how: Outside, edge: i64, is_outside: Val, line: Val| match how {
                Outside::Edge => where_(is_outside, ys.at(edge), line),
                Outside::Gives(v) => where_(is_outside, v, line),
                Outside::Extrapolate => line,
            };
            let line = outside(left, 0, x.lt(xs.at(0)), line);
            Ok(outside(right, -1, x.gt(xs.at(-1)), line))
        })
    }
    /// [`Val::interp`] of points that repeat after `period`, in any order.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let (xs, ys) = (Array::from([0.0f32, 180.0]), Array::from([0.0f32, 18.0]));
    /// let f = jit(move |x: &Val| x.interp_periodic(&xs, &ys, 360.0));
    /// let y = f(&Array::from([370.0f32]))?;
    /// assert!(y.to_f64_vec().iter().zip([1.0]).all(|(a, b)| (a - b).abs() < 1e-5));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn interp_periodic(self, xs: impl Into<Val>, ys: impl Into<Val>, period: f64) -> Val {
        let (xs, ys, period) = (xs.into(), ys.into(), period.abs());
        Val::derive("interp", &[self, xs, ys], |known| {
            points(&known[1].ty, &known[2].ty)?;
            let dtype = Promotion::Inexact.of(&known[..2]).dtype;
            let (x, xs) = (self.astype(dtype) % period, xs.astype(dtype) % period);
            let ys = ys.astype(Promoted::from(&known[2]).inexact().dtype);
            let sorted = crate::val::sort_together([xs, ys], 1, 0);
            let (xs, ys) = (sorted[0], sorted[1]);
            let (first, last) = (|v: Val| part(v, 0, 0, v.size() - 1), |v: Val| part(v, 0, v.size() - 1, 0));
            let xs = concatenate([last(xs) - period, xs, first(xs) + period], 0);
            Ok(between(x, xs, concatenate([last(ys), ys, first(ys)], 0)))
        })
    }
}

/// What [`Val::interp_outside`] gives before the first or behind the last point.
#[derive(Clone, Copy, Debug)]
pub enum Outside {
    /// The value at that point.
    Edge,
    /// This value.
    Gives(Val),
    /// The line through the last two points.
    Extrapolate,
}

fn points(xs: &crate::Type, ys: &crate::Type) -> Result<(), ErrorKind> {
    if xs.rank() == 1 && xs.shape == ys.shape && xs.shape.size() > 0 {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("points at {xs} with values {ys}; give two vectors of one length")))
}

/// The value at `x` of the line through the two points next to it.
#[track_caller]
fn between(x: Val, xs: Val, ys: Val) -> Val {
    let n = xs.size();
    let upper = xs.searchsorted_side(x, Side::Right).clip(1, n.max(2) - 1);
    let at = |v: Val, i: Val| v.take_mode(i, 0, IndexMode::Clip);
    let (x0, y0) = (at(xs, upper - 1), at(ys, upper - 1));
    let (width, height) = (at(xs, upper) - x0, at(ys, upper) - y0);
    // Points closer than a float resolves count as one, so that no slope is infinite.
    let epsilon = if xs.dtype() == Dtype::F64 { f64::EPSILON * f64::EPSILON } else { 1.42e-14 };
    let same = width.abs().le(epsilon);
    where_(same, y0, y0 + (x - x0) / where_(same, 1, width) * height)
}
