//! Values made from numbers alone: constants, counters, evenly spaced numbers, one-hot vectors.

use crate::val::axes::{Integer, IntoExtents, axis_of};
use crate::val::broadcast::common_shape;
use crate::val::promote::promote_all;
use crate::val::{Val, strict, where_};
use crate::{Dtype, ErrorKind};

/// Elements equal to `fill`, of `shape`; the element type is that of `fill`.
///
/// ```
/// use gradus::{Array, Val, full, jit};
/// let y = jit(|x: &Val| x + full([2, 2], 0.5))(&Array::from([1.0f32, 2.0]))?;
/// assert_eq!(y, Array::from([[1.5f32, 2.5], [1.5, 2.5]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn full(shape: impl IntoExtents, fill: impl Into<Val>) -> Val {
    let (extents, fill) = (shape.into_extents(), fill.into());
    Val::derive("full", &[fill], |known| {
        let shape = extents.shape()?;
        if common_shape([&known[0].ty.shape, &shape])? != shape {
            let message = format!("{} does not broadcast to shape {shape}; give a scalar", known[0].ty);
            return Err(ErrorKind::invalid(message));
        }
        Ok(Val::from_ir(strict::broadcast(fill.ir(), &shape)))
    })
}
/// Zeros of `shape` and element type `dtype`.
///
/// ```
/// use gradus::{Array, Dtype, Val, concatenate, jit, zeros};
/// let y = jit(|x: &Val| concatenate([*x, zeros([2], Dtype::F32)], 0))(&Array::from([1.0f32]))?;
/// assert_eq!(y, Array::from([1.0f32, 0.0, 0.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn zeros(shape: impl IntoExtents, dtype: Dtype) -> Val {
    let extents = shape.into_extents();
    Val::derive("zeros", &[], |_| Ok(full(extents, Val::from(0).astype(dtype))))
}
/// Ones of `shape` and element type `dtype`.
///
/// ```
/// use gradus::{Array, Dtype, Val, jit, ones};
/// let y = jit(|x: &Val| x + ones([2], Dtype::F32))(&Array::from([2.0f32]))?;
/// assert_eq!(y, Array::from([3.0f32, 3.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ones(shape: impl IntoExtents, dtype: Dtype) -> Val {
    let extents = shape.into_extents();
    Val::derive("ones", &[], |_| Ok(full(extents, Val::from(1).astype(dtype))))
}
/// The index along `axis` at every element.
///
/// ```
/// use gradus::{Array, Dtype, Val, iota, jit};
/// let y = jit(|x: &Val| x + iota(Dtype::I32, [2, 2], 1))(&Array::from(10i32))?;
/// assert_eq!(y, Array::from([[10i32, 11], [10, 11]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn iota(dtype: Dtype, shape: impl IntoExtents, axis: impl Integer) -> Val {
    let extents = shape.into_extents();
    Val::derive("iota", &[], |_| {
        let shape = extents.shape()?;
        Ok(Val::from_ir(strict::iota(dtype, &shape, axis_of(axis.to_i64(), &shape)?)))
    })
}
/// 0, 1, .. below `n`, as `i32`, and as `i64` where that does not hold `n`.
///
/// ```
/// use gradus::{Array, arange, jit};
/// let y = jit(|_: &()| 2 * arange(3))(&())?;
/// assert_eq!(y.to_vec::<i32>()?, [0, 2, 4]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn arange(n: impl Integer) -> Val {
    Val::derive("arange", &[], |_| {
        let n = n.to_i64();
        Ok(iota(Dtype::of_index(n.unsigned_abs() as usize), [n], 0))
    })
}
/// `start`, `start + step`, .. up to, but without, `end`, as `f32`.
///
/// ```
/// use gradus::{Array, Val, arange_step, jit};
/// let y = jit(|x: &Val| x + arange_step(0.0, 1.0, 0.25))(&Array::from(0.0f32))?;
/// assert_eq!(y, Array::from([0.0f32, 0.25, 0.5, 0.75]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn arange_step(start: f64, end: f64, step: f64) -> Val {
    Val::derive("arange_step", &[], |_| {
        let n = ((end - start) / step).ceil();
        if !n.is_finite() {
            let message = format!(
                "steps of {step} do not lead from {start} to {end}; give finite numbers and a step that is not 0"
            );
            return Err(ErrorKind::invalid(message));
        }
        Ok(iota(Dtype::F32, [n.max(0.0) as i64], 0) * step + start)
    })
}
/// `n` numbers from `start` to `end`, both included, evenly spaced, as `f32`.
///
/// ```
/// use gradus::{Array, Val, jit, linspace};
/// let y = jit(|x: &Val| x + linspace(0.0, 1.0, 3))(&Array::from(0.0f32))?;
/// assert_eq!(y, Array::from([0.0f32, 0.5, 1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn linspace(start: f64, end: f64, n: usize) -> Val {
    Val::derive("linspace", &[], |_| {
        let Some(last) = n.checked_sub(1) else { return Ok(zeros([0], Dtype::F32)) };
        if last == 0 {
            return Ok(full([1], Val::from(start).astype(Dtype::F32)));
        }
        let index = iota(Dtype::F32, [n], 0);
        let share = index / (last as f64);
        let line = start * (1.0 - share) + end * share;
        // The end is met exactly.
        Ok(where_(index.eq(last as i64), end, line))
    })
}

/// 1 at the position that each element names, 0 elsewhere, along a new last axis of extent `classes`.
///
/// An element outside of the classes gives zeros.
///
/// ```
/// use gradus::{Array, Dtype, Val, jit, one_hot};
/// let y = jit(|i: &Val| one_hot(i, 3, Dtype::F32))(&Array::from([2i32, 0]))?;
/// assert_eq!(y, Array::from([[0.0f32, 0.0, 1.0], [1.0, 0.0, 0.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn one_hot(index: impl Into<Val>, classes: usize, dtype: Dtype) -> Val {
    let index = index.into();
    Val::derive("one_hot", &[index], |known| {
        let (rank, own) = (known[0].ty.rank(), known[0].ty.dtype);
        let shape = known[0].ty.shape.with_axis(rank, classes);
        let last = classes.saturating_sub(1);
        if let Some(info) = own.finfo()
            && last >> (info.nmant + 1) > 0
        {
            let message =
                format!("{own} does not tell {classes} classes apart; give the classes as integers");
            return Err(ErrorKind::invalid(message));
        }
        // A narrow type may not hold every class.
        let wide = if own.holds(last) { own } else { Dtype::of_index(last) };
        let counter = Val::from_ir(strict::iota(wide, &shape, rank));
        Ok(index.astype(wide).expand_dims(-1).eq(counter).astype(dtype))
    })
}

/// Whether the end of a range belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// It is the last number.
    Included,
    /// The numbers end one step before it.
    Excluded,
}
/// `n` evenly spaced numbers from `start` to `end`, which broadcast, along a new first axis.
///
/// ```
/// use gradus::{Array, Endpoint, Val, jit, linspace_of};
/// let f = jit(|a: &Val| linspace_of(a, 1.0, 2, Endpoint::Excluded));
/// assert_eq!(f(&Array::from(0.0f32))?, Array::from([0.0f32, 0.5]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn linspace_of(start: impl Into<Val>, end: impl Into<Val>, n: usize, endpoint: Endpoint) -> Val {
    let (start, end) = (start.into(), end.into());
    Val::derive("linspace", &[start, end], |known| {
        let met = promote_all(known).inexact();
        let shape = crate::val::broadcast::common_shape(known.iter().map(|k| &k.ty.shape))?;
        let [start, end] =
            [start, end].map(|v| Val::from_ir(crate::val::broadcast::bring(v, met.dtype, &shape)));
        let wide = shape.with_axis(0, n);
        let intervals = if endpoint == Endpoint::Included { n.saturating_sub(1) } else { n };
        if n == 0 || intervals == 0 {
            return Ok(Val::from_ir(strict::broadcast(start.ir().reshape(shape.with_axis(0, 1)), &wide)));
        }
        let number = Val::from_ir(strict::iota(met.dtype, &wide, 0));
        let share = number / (intervals as f64);
        let line = start * (1.0 - share) + end * share;
        // The end is met exactly.
        Ok(if endpoint == Endpoint::Included { where_(number.eq(intervals as f64), end, line) } else { line })
    })
}
/// `n` numbers whose logarithms to `base` are evenly spaced from `start` to `end`, as `f32`.
///
/// ```
/// use gradus::{Array, Endpoint, Val, jit, logspace};
/// let y = jit(|x: &Val| x * logspace(0.0, 2.0, 3, 2.0, Endpoint::Included))(&Array::from(1.0f32))?;
/// assert!(y.to_f64_vec().iter().zip([1.0, 2.0, 4.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn logspace(start: f64, end: f64, n: usize, base: f64, endpoint: Endpoint) -> Val {
    Val::derive("logspace", &[], |_| Ok(Val::from(base).float_power(linspace_of(start, end, n, endpoint))))
}
/// `n` numbers of equal ratio from `start` to `end`, which have the same sign, as `f32`.
///
/// ```
/// use gradus::{Array, Endpoint, geomspace, jit};
/// let y = jit(|_: &()| geomspace(1.0, 100.0, 3, Endpoint::Included))(&())?;
/// assert!((y.to_f64_vec()[1] - 10.0).abs() < 1e-4);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn geomspace(start: f64, end: f64, n: usize, endpoint: Endpoint) -> Val {
    Val::derive("geomspace", &[], |_| {
        if start * end <= 0.0 {
            let message =
                format!("{start} and {end} have no common ratio; give two numbers of one sign, not 0");
            return Err(ErrorKind::invalid(message));
        }
        let line = linspace_of(start.abs().log10(), end.abs().log10(), n, endpoint);
        Ok(Val::from(10.0).float_power(line) * start.signum())
    })
}
/// `start`, `start + step`, .. up to, but without, `end`, as `i32`, and as `i64` where that does not hold them.
///
/// ```
/// use gradus::{Array, arange_between, jit};
/// assert_eq!(jit(|_: &()| arange_between(7, 0, -2))(&())?, Array::from([7i32, 5, 3, 1]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn arange_between(start: i64, end: i64, step: i64) -> Val {
    Val::derive("arange", &[], |_| {
        if step == 0 {
            return Err(ErrorKind::invalid("a step of 0 leads nowhere; use 1, or -1 to count down"));
        }
        let away = if step > 0 { end.saturating_sub(start) } else { start.saturating_sub(end) };
        let n = away.max(0).unsigned_abs().div_ceil(step.unsigned_abs());
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        // Wide enough for the numbers, and for those on the way to them.
        let dtype = [n, start, end, step].map(|x| Dtype::of_index(x.unsigned_abs() as usize));
        let dtype = if dtype.contains(&Dtype::I64) { Dtype::I64 } else { Dtype::I32 };
        let number = |x: i64| Val::from(x).astype(dtype);
        Ok(iota(dtype, [n], 0) * number(step) + number(start))
    })
}
