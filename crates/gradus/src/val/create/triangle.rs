//! Identity matrices, triangles and diagonals: of values, and their indices.

use crate::val::axes::Integer;
use crate::val::{Slice, Val, arange, iota, strict, where_, zeros};
use crate::{Array, Dtype, ErrorKind, Shape, Type};

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
    let dtype = Dtype::of_index(shape.dims().into_iter().max().unwrap_or(0));
    let index = |axis| Val::from_ir(strict::iota(dtype, shape, axis));
    index(rank - 1) - index(rank - 2)
}

fn matrices(ty: &Type) -> Result<(), ErrorKind> {
    if ty.rank() >= 2 {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("takes matrices, not {ty}; add an axis with `expand_dims`")))
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
        let of_index = Dtype::of_index(shape.into_iter().max().unwrap_or(0));
        let index = |axis: i64| iota(of_index, shape, axis);
        Ok((index(1) - index(0)).le(offset.to_i64()).astype(dtype))
    })
}

/// The pairs `(row, column)` of a matrix of `[rows, columns]` that `wanted` has, in row order, as data of the program.
#[track_caller]
fn pairs(op: &'static str, shape: [usize; 2], wanted: impl Fn(i64, i64) -> bool) -> (Val, Val) {
    let all = || -> Result<(Vec<i32>, Vec<i32>), ErrorKind> {
        strict::small_table(shape)?;
        let cells = (0..shape[0] as i64).flat_map(|i| (0..shape[1] as i64).map(move |j| (i, j)));
        Ok(cells.filter(|(i, j)| wanted(*i, *j)).map(|(i, j)| (i as i32, j as i32)).unzip())
    };
    let constant = |v: fn((Vec<i32>, Vec<i32>)) -> Vec<i32>| {
        Val::derive(op, &[], |_| Ok(Val::from_ir(strict::constant(Array::from(v(all()?).as_slice())))))
    };
    crate::val::at_caller(op, || (constant(|both| both.0), constant(|both| both.1)))
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
    crate::val::at_caller("diag_indices", || (0..rank).map(|_| arange(n)).collect())
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
            flat.push(rows.saturating_mul(columns));
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
            let square = Type::new(ty.dtype, [side, side]);
            if square.size_bytes() > 1 << 46 {
                return Err(ErrorKind::invalid(format!(
                    "a result of type {square} is larger than any memory"
                )));
            }
            let used = first + n + (n - 1) * side;
            let behind = (side * side) as i64 - used as i64;
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
            let places: Vec<Slice> = diag_indices(n, shape.rank()).into_iter().map(Into::into).collect();
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
