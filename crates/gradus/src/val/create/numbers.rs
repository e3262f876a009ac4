//! Values made from numbers alone: constants, counters, grids, triangles.

use crate::val::axes::{Integer, IntoExtents, axis_of};
use crate::val::broadcast::common_shape;
use crate::val::{Val, strict, where_};
use crate::{Dtype, ErrorKind, Shape, Type};

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
/// 0, 1, .. below `n`, as `i32`.
///
/// ```
/// use gradus::{Array, arange, jit};
/// let y = jit(|_: &()| 2 * arange(3))(&())?;
/// assert_eq!(y.to_vec::<i32>()?, [0, 2, 4]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn arange(n: impl Integer) -> Val {
    Val::derive("arange", &[], |_| Ok(iota(Dtype::I32, [n.to_i64()], 0)))
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
/// The identity matrix of `n` rows.
///
/// ```
/// use gradus::{Array, Dtype, Val, eye, jit};
/// let y = jit(|x: &Val| x * eye(2, Dtype::F32))(&Array::from(3.0f32))?;
/// assert_eq!(y, Array::from([[3.0f32, 0.0], [0.0, 3.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn eye(n: usize, dtype: Dtype) -> Val {
    eye_of([n, n], 0, dtype)
}
/// A matrix of `[rows, columns]` with ones on diagonal `offset` (above the main one if positive).
///
/// ```
/// use gradus::{Array, Dtype, Val, eye_of, jit};
/// let y = jit(|x: &Val| x * eye_of([2, 3], 1, Dtype::F32))(&Array::from(3.0f32))?;
/// assert_eq!(y, Array::from([[0.0f32, 3.0, 0.0], [0.0, 0.0, 3.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn eye_of(shape: [usize; 2], offset: impl Integer, dtype: Dtype) -> Val {
    Val::derive("eye", &[], |_| Ok(from_diagonal(&shape.into()).eq(offset.to_i64()).astype(dtype)))
}
/// How far every element of the last two axes stands above the main diagonal, an `i32`.
#[track_caller]
fn from_diagonal(shape: &Shape) -> Val {
    let rank = shape.rank();
    let index = |axis| Val::from_ir(strict::iota(Dtype::I32, shape, axis));
    index(rank - 1) - index(rank - 2)
}

impl Val {
    /// Zeros above diagonal `offset` of the last two axes.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.tril(0))(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y, Array::from([[1i32, 0], [3, 4]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn tril(self, offset: impl Integer) -> Val {
        self.triangle("tril", |above| above.le(offset.to_i64()))
    }
    /// Zeros below diagonal `offset` of the last two axes.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.triu(1))(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y, Array::from([[0i32, 2], [0, 0]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn triu(self, offset: impl Integer) -> Val {
        self.triangle("triu", |above| above.ge(offset.to_i64()))
    }
    #[track_caller]
    fn triangle(self, op: &'static str, keep: impl FnOnce(Val) -> Val) -> Val {
        self.derive1(op, |ty| {
            matrices(ty)?;
            let matrix: Shape = ty.shape.dims()[ty.rank() - 2..].into();
            Ok(where_(keep(from_diagonal(&matrix)), self, self.zeros_like()))
        })
    }
    /// The diagonal `offset` of the first two axes, as a new last axis: `[n, m, ..] -> [.., k]`. (For the last two see
    /// [`linalg::diagonal`](crate::linalg::diagonal).)
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.diagonal(1))(&Array::from([[1.0f32, 2.0], [3.0, 4.0]]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [2.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn diagonal(self, offset: impl Integer) -> Val {
        let offset = offset.to_i64();
        self.derive1("diagonal", |ty| {
            matrices(ty)?;
            let last = if ty.rank() == 2 { self } else { self.moveaxis(0, -1).moveaxis(0, -1) };
            Ok(last.last_diagonal(offset))
        })
    }
    /// The diagonal `offset` of the last two axes, as a new last axis.
    #[track_caller]
    pub(crate) fn last_diagonal(self, offset: i64) -> Val {
        self.keep_weak("diagonal", |x, ty| {
            matrices(ty)?;
            let rank = ty.rank();
            let (rows, columns) = (ty.shape.dim(rank - 2), ty.shape.dim(rank - 1));
            let away = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let (first, n) = if offset >= 0 {
                (away, columns.saturating_sub(away).min(rows))
            } else {
                (away.saturating_mul(columns), rows.saturating_sub(away).min(columns))
            };
            let mut flat = ty.shape.dims()[..rank - 2].to_vec();
            flat.push(rows * columns);
            let (mut starts, mut strides) = (vec![0; rank - 1], vec![1; rank - 1]);
            let mut limits = flat.clone();
            if n == 0 {
                limits[rank - 2] = 0;
            } else {
                (starts[rank - 2], strides[rank - 2]) = (first, columns + 1);
                limits[rank - 2] = first + (n - 1) * (columns + 1) + 1;
            }
            Ok(x.reshape(flat).slice(&starts, &limits, &strides))
        })
    }
    /// A square matrix with this vector on diagonal `offset`, zeros elsewhere; of a matrix the diagonal itself.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.diag(0))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([[1i32, 0], [0, 2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn diag(self, offset: impl Integer) -> Val {
        let offset = offset.to_i64();
        self.keep_weak("diag", |x, ty| {
            if ty.rank() == 2 {
                return Ok(self.last_diagonal(offset).ir());
            }
            if ty.rank() != 1 {
                let message =
                    format!("takes a vector or a matrix, not {ty}; use `diagonal` to read a diagonal");
                return Err(ErrorKind::invalid(message));
            }
            let away = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let n = ty.shape.dim(0);
            let side = n.saturating_add(away);
            if n == 0 {
                return Ok(zeros([side, side], ty.dtype).ir());
            }
            let first = if offset >= 0 { away } else { away.saturating_mul(side) };
            let used = first + n + (n - 1) * side;
            let behind = side.saturating_mul(side) as i64 - used as i64;
            let zero = Val::from(0).astype(ty.dtype).ir();
            Ok(x.pad(zero, &[first as i64], &[behind], &[side]).reshape([side, side]))
        })
    }
    /// The sum of the elements on the diagonal of the first two axes: `[n, m, ..] -> [..]`. (For the last two see
    /// [`linalg::trace`](crate::linalg::trace).)
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.trace())(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y, Array::from(5i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn trace(self) -> Val {
        Val::derive("trace", &[self], |_| Ok(self.diagonal(0).sum_axes(-1)))
    }
}

fn matrices(ty: &Type) -> Result<(), ErrorKind> {
    if ty.rank() >= 2 {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("takes matrices, not {ty}; add an axis with `expand_dims`")))
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
        let rank = known[0].ty.rank();
        let shape = known[0].ty.shape.with_axis(rank, classes);
        let counter = Val::from_ir(strict::iota(known[0].ty.dtype, &shape, rank));
        Ok(index.expand_dims(-1).eq(counter).astype(dtype))
    })
}
