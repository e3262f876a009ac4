//! Values made from numbers alone: spaced numbers, grids, indices of triangles and diagonals.

use crate::val::axes::{Integer, IntoExtents};
use crate::val::promote::promote_all;
use crate::val::{Val, iota, strict, where_};
use crate::{Array, Dtype, ErrorKind};

/// Whether the end of a range belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// It is the last number.
    Included,
    /// The numbers end one step before it.
    Excluded,
}

/// In which order a grid has its axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridOrder {
    /// The first value's axis is the first: rows, columns.
    Matrix,
    /// The first value's axis is the second: x, y. NumPy's default.
    Cartesian,
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
/// `f` of the indices along each axis, `i32`, at every element of an array of `shape`.
///
/// ```
/// use gradus::{Array, fromfunction, jit};
/// let y = jit(|_: &()| fromfunction([2, 2], |i| 10 * i[0] + i[1]))(&())?;
/// assert_eq!(y, Array::from([[0i32, 1], [10, 11]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn fromfunction(shape: impl IntoExtents, f: impl FnOnce(&[Val]) -> Val) -> Val {
    let extents = shape.into_extents();
    Val::derive("fromfunction", &[], |_| {
        let rank = extents.shape()?.rank();
        let along: Vec<Val> = (0..rank).map(|axis| iota(Dtype::I32, extents.clone(), axis)).collect();
        Ok(f(&along))
    })
}
/// `start`, `start + step`, .. up to, but without, `end`, as `i32`.
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
        Ok(iota(Dtype::I32, [n], 0) * step + start)
    })
}
/// The values, vectors, spread over the axes of a common grid: one result for each, of the grid's shape.
///
/// ```
/// use gradus::{Array, GridOrder, arange, jit, meshgrid};
/// let f = jit(|_: &()| meshgrid([arange(2), arange(3)], GridOrder::Matrix));
/// let grid = f(&())?;
/// assert_eq!(grid[0], Array::from([[0i32, 0, 0], [1, 1, 1]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn meshgrid(values: impl IntoIterator<Item = impl Into<Val>>, order: GridOrder) -> Vec<Val> {
    let values: Vec<Val> = values.into_iter().map(Into::into).collect();
    let one = |index: usize| {
        Val::derive("meshgrid", &values, |known| {
            if let Some(wrong) = known.iter().find(|k| k.ty.rank() > 1) {
                return Err(ErrorKind::invalid(format!(
                    "a grid is made of vectors, not {}; ravel it",
                    wrong.ty
                )));
            }
            let mut dims: Vec<usize> = known.iter().map(|k| k.ty.shape.size()).collect();
            let mut axis = index;
            if order == GridOrder::Cartesian && dims.len() >= 2 {
                dims.swap(0, 1);
                axis = [1, 0].get(index).copied().unwrap_or(index);
            }
            let mut thin = vec![1; dims.len()];
            thin[axis] = dims[axis];
            Ok(values[index].reshape(thin).broadcast_to(dims))
        })
    };
    crate::val::at_caller(|| (0..values.len()).map(one).collect())
}
/// A matrix of `[rows, columns]` with ones on and below diagonal `offset`, zeros above.
///
/// ```
/// use gradus::{Array, Dtype, Val, jit, tri};
/// let y = jit(|x: &Val| x * tri([2, 3], 0, Dtype::I32))(&Array::from(3i32))?;
/// assert_eq!(y, Array::from([[3i32, 0, 0], [3, 3, 0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn tri(shape: [usize; 2], offset: impl Integer, dtype: Dtype) -> Val {
    Val::derive("tri", &[], |_| {
        let index = |axis: i64| iota(Dtype::I32, shape, axis);
        Ok((index(1) - index(0)).le(offset.to_i64()).astype(dtype))
    })
}
/// For each axis of an array of `shape` the index along it at every element, as `i32` along a new first axis.
///
/// ```
/// use gradus::{Array, Val, indices, jit};
/// let y = jit(|x: &Val| x + indices([2, 2]).at(1))(&Array::from(0i32))?;
/// assert_eq!(y, Array::from([[0i32, 1], [0, 1]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn indices(shape: impl IntoExtents) -> Val {
    let extents = shape.into_extents();
    Val::derive("indices", &[], |_| {
        let shape = extents.shape()?;
        if shape.rank() == 0 {
            return Ok(crate::val::zeros([0], Dtype::I32));
        }
        Ok(crate::val::stack((0..shape.rank()).map(|axis| iota(Dtype::I32, &shape, axis)), 0))
    })
}

/// The pairs `(row, column)` of a matrix of `[rows, columns]` that `wanted` has, in row order, as data of the program.
#[track_caller]
fn pairs(op: &'static str, shape: [usize; 2], wanted: impl Fn(i64, i64) -> bool) -> (Val, Val) {
    let all = || -> Result<(Vec<i32>, Vec<i32>), ErrorKind> {
        small_table(shape)?;
        let cells = (0..shape[0] as i64).flat_map(|i| (0..shape[1] as i64).map(move |j| (i, j)));
        Ok(cells.filter(|(i, j)| wanted(*i, *j)).map(|(i, j)| (i as i32, j as i32)).unzip())
    };
    let constant = |v: fn((Vec<i32>, Vec<i32>)) -> Vec<i32>| {
        Val::derive(op, &[], |_| Ok(Val::from_ir(strict::constant(Array::from(v(all()?).as_slice())))))
    };
    crate::val::at_caller(|| (constant(|both| both.0), constant(|both| both.1)))
}

/// Tables computed while tracing become part of the program and stay small.
pub(crate) fn small_table([rows, columns]: [usize; 2]) -> Result<(), ErrorKind> {
    const LARGEST: usize = 1 << 26;
    if rows.saturating_mul(columns) <= LARGEST {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!(
        "a table of {rows} by {columns} would be part of the program; make it of `iota` at run time"
    )))
}
/// The rows and columns of the elements on and below diagonal `offset` of a matrix of `[rows, columns]`, as `i32`.
///
/// ```
/// use gradus::{Array, jit, tril_indices};
/// let (rows, columns) = jit(|_: &()| tril_indices([2, 2], 0))(&())?;
/// assert_eq!((rows, columns), (Array::from([0i32, 1, 1]), Array::from([0i32, 0, 1])));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn tril_indices(shape: [usize; 2], offset: impl Integer) -> (Val, Val) {
    pairs("tril_indices", shape, |i, j| j - i <= offset.to_i64())
}
/// The rows and columns of the elements on and above diagonal `offset` of a matrix of `[rows, columns]`, as `i32`.
///
/// ```
/// use gradus::{Array, Val, jit, s, triu_indices};
/// let f = jit(|x: &Val| {
///     let (rows, columns) = triu_indices([2, 2], 0);
///     x.slice(s![rows, columns])
/// });
/// let y = f(&Array::from([[1i32, 2], [3, 4]]))?;
/// assert_eq!(y, Array::from([1i32, 2, 4]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn triu_indices(shape: [usize; 2], offset: impl Integer) -> (Val, Val) {
    pairs("triu_indices", shape, |i, j| j - i >= offset.to_i64())
}
/// The indices of the main diagonal of an array of `rank` axes of extent `n`: the same vector for each axis.
#[track_caller]
pub fn diag_indices(n: usize, rank: usize) -> Vec<Val> {
    (0..rank).map(|_| crate::val::arange(n)).collect()
}

impl Val {
    /// The value with `part`, a scalar or a vector, on the main diagonal: of a matrix, or of equal axes.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.fill_diagonal(0));
    /// assert_eq!(f(&Array::from([[1i32, 2], [3, 4]]))?, Array::from([[0i32, 2], [3, 0]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn fill_diagonal(self, part: impl Into<Val>) -> Val {
        let part = part.into();
        Val::derive("fill_diagonal", &[self, part], |known| {
            let shape = &known[0].ty.shape;
            let n = shape.dims().iter().copied().min().unwrap_or(0);
            if shape.rank() < 2 || shape.rank() > 2 && shape.dims().iter().any(|m| *m != n) {
                let message = format!("shape {shape} has no main diagonal; give a matrix, or equal extents");
                return Err(ErrorKind::invalid(message));
            }
            let places: Vec<crate::val::Slice> =
                diag_indices(n, shape.rank()).into_iter().map(Into::into).collect();
            Ok(self.index(places).unique().set(part))
        })
    }
    /// A matrix with all elements of the value on diagonal `offset`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.diagflat(0))(&Array::from([[1i32, 2]]))?;
    /// assert_eq!(y, Array::from([[1i32, 0], [0, 2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn diagflat(self, offset: impl Integer) -> Val {
        Val::derive("diagflat", &[self], |_| Ok(self.ravel().diag(offset)))
    }
}
