//! Systems of equations, inverses and least squares.

use super::{LuFactors, Transposed, adjoint, epsilon, extents, matrices, square, svd};
use crate::val::broadcast::common_shape;
use crate::val::promote::promote_all;
use crate::val::{Known, strict};
use crate::{ErrorKind, IntoExtents, Shape, Val, custom_jvp, eye, keep, where_, zeros};
use gradus_ir::ops::index::IndexMode;
use gradus_ir::ops::linalg::Linalg;
use gradus_ir::{Val as Strict, bind1};

/// Matrices and right sides as floats of one element type, with the same batch axes.
struct System {
    a: Strict,
    b: Strict,
    /// Whether the right sides are vectors, which became matrices of one column.
    of_vectors: bool,
}

impl System {
    /// A vector is a right side with one axis, or, as `per_matrix`, one with one axis fewer than the matrices
    /// whose last
    /// axis is theirs.
    #[track_caller]
    fn new(a: Val, b: Val, known: &[Known], columns: bool, per_matrix: bool) -> Result<System, ErrorKind> {
        let (ta, tb) = (&known[0].ty, &known[1].ty);
        super::of_matrices(ta)?;
        let (m, n) = extents(ta);
        let one_each = tb.rank() + 1 == ta.rank() && tb.shape.dims().last() == Some(&n);
        let of_vectors = tb.rank() == 1 || per_matrix && one_each;
        if tb.rank() == 0 || m != n {
            let message = format!("takes square matrices and right sides, not {ta} and {tb}");
            return Err(ErrorKind::invalid(message));
        }
        let b_shape = if of_vectors { tb.shape.with_axis(tb.rank(), 1) } else { tb.shape.clone() };
        let (rows, row_columns) = (b_shape.dim(b_shape.rank() - 2), b_shape.dim(b_shape.rank() - 1));
        let found = if columns { row_columns } else { rows };
        if found != n {
            let message = format!(
                "matrices of shape {} and right sides of shape {} do not go together: {n} unknowns and {found} \
                 equations; make these extents equal",
                ta.shape, tb.shape
            );
            return Err(ErrorKind::invalid(message));
        }
        let dtype = super::wide(promote_all(known).inexact().dtype);
        let batch = |shape: &Shape| -> Shape { shape.dims()[..shape.rank() - 2].into() };
        let common = common_shape([&batch(&ta.shape), &batch(&b_shape)])?;
        let whole = |shape: &Shape| -> Shape {
            common.dims().into_iter().chain(shape.dims()[shape.rank() - 2..].iter().copied()).collect()
        };
        let a = strict::broadcast(strict::convert_literal(a, dtype), &whole(&ta.shape));
        let b = strict::convert_literal(b, dtype).reshape(b_shape.clone());
        Ok(System { a, b: strict::broadcast(b, &whole(&b_shape)), of_vectors })
    }
    /// The solution in the form of the right side.
    #[track_caller]
    fn result(&self, x: Strict) -> Val {
        let rank = x.shape().rank();
        Val::from_ir(if self.of_vectors { x.squeeze(&[rank - 1]) } else { x })
    }
}

/// The solution X of A · X = B: `a` is `[.., n, n]`, `b` a vector `[n]` or `[.., n, k]`. Infinities and NaN if A is
/// singular.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val, b: &Val| linalg::solve(a, b));
/// let x = f(&Array::from([[1.0f64, 2.0], [3.0, 5.0]]), &Array::from([1.0f64, 2.0]))?;
/// assert!((x.to_vec::<f64>()?[0] + 1.0).abs() < 1e-12);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn solve(a: impl Into<Val>, b: impl Into<Val>) -> Val {
    let (a, b) = (a.into(), b.into());
    Val::derive("solve", &[a, b], |known| {
        let system = System::new(a, b, known, false, false)?;
        let factors = system.a.lu();
        Ok(system.result(solve_factored(factors[0], factors[2], system.b)))
    })
}

/// The solution of A · X = B by the factors of A.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val, b: &Val| linalg::lu_solve(&linalg::lu_factor(a), b));
/// let x = f(&Array::from([[0.0f32, 2.0], [1.0, 0.0]]), &Array::from([4.0f32, 3.0]))?;
/// assert_eq!(x.to_vec::<f32>()?, [3.0, 2.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn lu_solve(factors: &LuFactors, b: impl Into<Val>) -> Val {
    let (lu, permutation, b) = (factors.lu, factors.permutation, b.into());
    Val::derive("lu_solve", &[lu, b, permutation], |known| {
        let system = System::new(lu, b, &known[..2], false, false)?;
        let shape = system.a.shape();
        let rows: Shape = shape.dims()[..shape.rank() - 1].into();
        let given = &known[2].ty.shape;
        if common_shape([given, &rows]).ok().as_ref() != Some(&rows) {
            let message = format!("the permutation is {given}, but the factors have the rows {rows}");
            return Err(ErrorKind::invalid(message));
        }
        let permutation = strict::broadcast(permutation.ir(), &rows);
        Ok(system.result(solve_factored(system.a, permutation, system.b)))
    })
}

/// X of L · U · X = P · B.
#[track_caller]
fn solve_factored(lu: Strict, permutation: Strict, b: Strict) -> Strict {
    let shape = b.shape();
    let axes: Vec<usize> = (0..shape.rank() - 1).collect();
    let indices = permutation.broadcast(shape.clone(), &axes);
    let b = b.take_along_axis(indices, shape.rank() - 2, IndexMode::PromiseInBounds);
    let y = lu.triangular_solve(b, true, true, Transposed::No, true);
    lu.triangular_solve(y, true, false, Transposed::No, false)
}

/// The inverses of square matrices; infinities and NaN where there is none.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|a: &Val| linalg::inv(a))(&Array::from([[2.0f32, 0.0], [0.0, 4.0]]))?;
/// assert_eq!(y, Array::from([[0.5f32, 0.0], [0.0, 0.25]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn inv(a: impl Into<Val>) -> Val {
    let a = square("inv", a.into());
    Val::derive("inv", &[a], |known| {
        let (n, _) = extents(&known[0].ty);
        Ok(solve(a, eye(n, known[0].ty.dtype).broadcast_to(known[0].ty.shape.clone())))
    })
}

/// Which triangle holds the matrix of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// The lower one.
    Lower,
    /// The upper one.
    Upper,
}

/// The solution X of op(A) · X = B for triangular A: `a` is `[.., n, n]`, `b` a vector `[n]`, or one for each
/// matrix, or
/// `[.., n, k]`. The other triangle is not read.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// use gradus::linalg::{Transposed, Triangle};
/// let f = jit(|a: &Val, b: &Val| linalg::solve_triangular(a, b, Triangle::Lower, Transposed::No));
/// let x = f(&Array::from([[2.0f32, 9.0], [1.0, 4.0]]), &Array::from([2.0f32, 9.0]))?;
/// assert_eq!(x.to_vec::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn solve_triangular(a: impl Into<Val>, b: impl Into<Val>, triangle: Triangle, op: Transposed) -> Val {
    let (a, b) = (a.into(), b.into());
    Val::derive("solve_triangular", &[a, b], |known| {
        let system = System::new(a, b, known, false, true)?;
        let lower = triangle == Triangle::Lower;
        Ok(system.result(system.a.triangular_solve(system.b, true, lower, op, false)))
    })
}

/// A triangular system with everything that the primitive takes: X of op(A) · X = B, or of X · op(A) = B without
/// `left_side`; with `unit_diagonal` the diagonal stands for ones. As `jax.lax.linalg.triangular_solve`.
#[track_caller]
pub fn triangular_solve(
    a: impl Into<Val>,
    b: impl Into<Val>,
    left_side: bool,
    triangle: Triangle,
    op: Transposed,
    unit_diagonal: bool,
) -> Val {
    let (a, b) = (a.into(), b.into());
    Val::derive("triangular_solve", &[a, b], |known| {
        let lower = triangle == Triangle::Lower;
        if known[1].ty.rank() == 1 && !left_side {
            let row = b.expand_dims(0);
            let solved = triangular_solve(a, row, left_side, triangle, op, unit_diagonal);
            return Ok(solved.squeeze(-2));
        }
        let system = System::new(a, b, known, !left_side, false)?;
        Ok(system.result(system.a.triangular_solve(system.b, left_side, lower, op, unit_diagonal)))
    })
}

/// The factor of a positive definite matrix for [`cho_solve`]: [`super::cholesky`]'s, or the upper one.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|x: &Val| linalg::cho_factor(x, linalg::Triangle::Lower).0.at(-1));
/// let y = f(&Array::from([[4.0f32, 2.0], [2.0, 2.0]]))?;
/// assert_eq!(y, Array::from([1.0f32, 1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cho_factor(a: impl Into<Val>, triangle: Triangle) -> (Val, Triangle) {
    let a = square("cho_factor", a.into());
    let factor = match triangle {
        Triangle::Lower => super::cholesky(a),
        Triangle::Upper => super::cholesky_upper(a),
    };
    (factor, triangle)
}

/// The solution of A · X = B by the factor of Cholesky of A: L of A = L · Lᴴ, or U of A = Uᴴ · U.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val, b: &Val| linalg::cho_solve(linalg::cho_factor(a, linalg::Triangle::Lower), b));
/// let x = f(&Array::from([[4.0f32, 2.0], [2.0, 5.0]]), &Array::from([8.0f32, 12.0]))?;
/// assert_eq!(x.to_vec::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cho_solve(factor: (Val, Triangle), b: impl Into<Val>) -> Val {
    let ((c, triangle), b) = (factor, b.into());
    let (first, second) = match triangle {
        Triangle::Lower => (Transposed::No, Transposed::Adjoint),
        Triangle::Upper => (Transposed::Adjoint, Transposed::No),
    };
    Val::derive("cho_solve", &[c, b], |_| {
        Ok(solve_triangular(c, solve_triangular(c, b, triangle, first), triangle, second))
    })
}

/// The solution of systems of three diagonals: row i of a matrix is `dl[i]`, `d[i]`, `du[i]` at columns i-1, i and i+1.
/// The diagonals are `[.., n]`, the right sides `[.., n, k]`; `dl[0]` and the last element of `du` are not read.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|d: &Val, b: &Val| linalg::tridiagonal_solve(d * 0.0, d, d * 0.0, b));
/// let x = f(&Array::from([2.0f32, 4.0]), &Array::from([[2.0f32], [2.0]]))?;
/// assert_eq!(x, Array::from([[1.0f32], [0.5]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn tridiagonal_solve(
    dl: impl Into<Val>,
    d: impl Into<Val>,
    du: impl Into<Val>,
    b: impl Into<Val>,
) -> Val {
    let all = [dl.into(), d.into(), du.into(), b.into()];
    Val::derive("tridiagonal_solve", &all, |known| {
        let dtype = super::wide(promote_all(known).inexact().dtype);
        Ok(Val::from_ir(bind1(Linalg::TridiagonalSolve, &all.map(|x| strict::convert_literal(x, dtype)))))
    })
}

/// What [`lstsq`] finds.
#[derive(Clone, Copy, Debug)]
pub struct LeastSquares {
    /// The solution of least length `[n]` or `[n, k]`.
    pub x: Val,
    /// The squared lengths of B - A · X, one for each column `[k]`.
    pub residuals: Val,
    /// The number of singular values of A that count, an `i32`.
    pub rank: Val,
    /// The singular values of A.
    pub singular_values: Val,
}

/// X of least length for which A · X is nearest to B: `a` is `[m, n]`, `b` is `[m]` or `[m, k]`. Singular values below
/// the larger extent times the precision times the largest one count as 0.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val, b: &Val| linalg::lstsq(a, b).x);
/// let x = f(&Array::from([[1.0f32], [1.0]]), &Array::from([1.0f32, 3.0]))?;
/// assert!((x.to_vec::<f32>()?[0] - 2.0).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn lstsq(a: impl Into<Val>, b: impl Into<Val>) -> LeastSquares {
    crate::val::at_caller("lstsq", || least_squares(a.into(), b.into(), None))
}

/// [`lstsq`] where singular values below `rcond` times the largest one count as 0; below 0 it stands for the precision.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|x: &Val| linalg::lstsq_rcond(x, &Array::from([1.0f32, 1.0]), 0.1).x);
/// let y = f(&Array::from([[1.0f32, 0.0], [0.0, 1e-3]]))?;
/// assert!(y.to_f64_vec().iter().zip([1.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn lstsq_rcond(a: impl Into<Val>, b: impl Into<Val>, rcond: f64) -> LeastSquares {
    crate::val::at_caller("lstsq_rcond", || least_squares(a.into(), b.into(), Some(rcond)))
}

#[track_caller]
fn least_squares(a: Val, b: Val, rcond: Option<f64>) -> LeastSquares {
    let part = |pick: fn(&LeastSquares) -> Val| {
        Val::derive("lstsq", &[a, b], |known| Ok(pick(&least_squares_of(a, b, known, rcond)?)))
    };
    LeastSquares {
        x: part(|all| all.x),
        residuals: part(|all| all.residuals),
        rank: part(|all| all.rank),
        singular_values: part(|all| all.singular_values),
    }
}

fn least_squares_of(a: Val, b: Val, known: &[Known], rcond: Option<f64>) -> Result<LeastSquares, ErrorKind> {
    let (ta, tb) = (&known[0].ty, &known[1].ty);
    if ta.rank() != 2 || !(1..=2).contains(&tb.rank()) || ta.shape.dim(0) != tb.shape.dim(0) {
        let message = format!(
            "takes a matrix [m, n] and right sides [m] or [m, k], not shapes {} and {}",
            ta.shape, tb.shape
        );
        return Err(ErrorKind::invalid(message));
    }
    let dtype = super::wide(promote_all(known).inexact().dtype);
    let [a, b] = [a, b].map(|x| Val::from_ir(strict::convert_literal(x, dtype)));
    let columns = if tb.rank() == 1 { b.expand_dims(1) } else { b };
    let (m, n) = extents(ta);
    let found = if ta.shape.size() == 0 {
        let none = zeros([0], dtype);
        let x = zeros([n, columns.shape()[1]], dtype);
        (x, Val::from(0).astype(crate::Dtype::I32), none)
    } else {
        let share = match rcond {
            None => epsilon(dtype) * m.max(n) as f64,
            Some(rcond) if rcond < 0.0 => epsilon(dtype),
            Some(rcond) => rcond,
        };
        let s = super::svdvals(a);
        let counts = s.gt(0.0) & s.ge(share * s.at(0));
        // By the pseudoinverse, which has a derivative where singular values are equal and their vectors have none.
        let x = differentiable_inverse(a, share, 2).matmul(columns);
        (x, counts.sum(), s)
    };
    let (x, rank, singular_values) = found;
    let residuals = super::norm_axes(columns - a.matmul(x), 0).square();
    let x = if tb.rank() == 1 { x.squeeze(1) } else { x };
    Ok(LeastSquares { x, residuals, rank, singular_values })
}

/// The pseudoinverses `[.., n, m]` of Moore and Penrose of matrices `[.., m, n]`. Singular values of at most
/// 10 · the larger
/// extent · the precision · the largest one count as 0.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|a: &Val| linalg::pinv(a))(&Array::from([[2.0f32, 0.0], [0.0, 0.0]]))?;
/// assert_eq!(y, Array::from([[0.5f32, 0.0], [0.0, 0.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn pinv(a: impl Into<Val>) -> Val {
    pseudoinverse(a.into(), None)
}

/// [`pinv`] where singular values of at most `rtol` times the largest one count as 0.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::pinv_rtol(x, 0.1))(&Array::from([[2.0f32, 0.0], [0.0, 1e-3]]))?;
/// assert!(y.to_f64_vec().iter().zip([0.5, 0.0, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn pinv_rtol(a: impl Into<Val>, rtol: f64) -> Val {
    pseudoinverse(a.into(), Some(rtol))
}

#[track_caller]
fn pseudoinverse(a: Val, rtol: Option<f64>) -> Val {
    let a = matrices("pinv", a);
    Val::derive("pinv", &[a], |known| {
        let ty = &known[0].ty;
        let (m, n) = extents(ty);
        if m == 0 || n == 0 {
            return Ok(adjoint(a));
        }
        Ok(differentiable_inverse(a, rtol.unwrap_or(10.0 * m.max(n) as f64 * epsilon(ty.dtype)), 2))
    })
}

/// The pseudoinverse with derivatives of so many orders that exist whatever the rank, as long as it does not change;
/// further ones are those of the singular vectors.
#[track_caller]
fn differentiable_inverse(a: Val, rtol: f64, orders: usize) -> Val {
    if orders == 0 {
        return by_singular_values(a, rtol);
    }
    custom_jvp(
        a,
        |a| by_singular_values(a, rtol),
        |a, da| {
            let p = differentiable_inverse(a, rtol, orders - 1);
            (p, inverse_tangent(a, p, da))
        },
    )
}

#[track_caller]
fn by_singular_values(a: Val, rtol: f64) -> Val {
    let (u, s, vh) = svd(a);
    let counts = s.gt(rtol * s.amax_axes(keep(-1)));
    let inverse = where_(counts, 1.0 / where_(counts, s, 1.0), 0.0).expand_dims(-1);
    adjoint(vh).matmul(inverse * adjoint(u))
}

/// dP = -P · dA · P + P · Pᴴ · dAᴴ · (1 - A · P) + (1 - P · A) · dAᴴ · Pᴴ · P, for matrices of constant rank: Golub and
/// Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems" (1973).
#[track_caller]
fn inverse_tangent(a: Val, p: Val, da: Val) -> Val {
    let (ph, dah) = (adjoint(p), adjoint(da));
    let left = p.matmul(ph.matmul(dah));
    let right = dah.matmul(ph.matmul(p));
    left - left.matmul(a.matmul(p)) + right - p.matmul(a.matmul(right)) - p.matmul(da).matmul(p)
}

/// X of `tensordot(a, x, x.ndim)` = B: `a` has the axes of `b`, then those of `x`.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|x: &Val| linalg::tensorsolve(x, &Array::from([2.0f32, 2.0])));
/// let y = f(&Array::from([[2.0f32, 0.0], [0.0, 4.0]]))?;
/// assert_eq!(y, Array::from([1.0f32, 0.5]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn tensorsolve(a: impl Into<Val>, b: impl Into<Val>) -> Val {
    let (a, b) = (a.into(), b.into());
    Val::derive("tensorsolve", &[a, b], |known| {
        let (ta, tb) = (&known[0].ty, &known[1].ty);
        let starts = ta.rank() >= tb.rank() && ta.shape.dims()[..tb.rank()] == tb.shape.dims()[..];
        let rest: Shape = ta.shape.dims().get(tb.rank()..).unwrap_or_default().into();
        if !starts || rest.size() != tb.shape.size() {
            let message = format!(
                "shapes {} and {} do not go together: the first has the axes of the second, then others of as many \
                 elements",
                ta.shape, tb.shape
            );
            return Err(ErrorKind::invalid(message));
        }
        let n = rest.size();
        Ok(solve(a.reshape([n, n]), b.ravel()).reshape(rest.into_extents()))
    })
}

/// The inverse of `a` as a map by `tensordot` from its axes from `ind` on to those before.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::tensorinv(x, 1))(&Array::from([[2.0f32, 0.0], [0.0, 4.0]]))?;
/// assert_eq!(y, Array::from([[0.5f32, 0.0], [0.0, 0.25]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn tensorinv(a: impl Into<Val>, ind: usize) -> Val {
    let a = a.into();
    Val::derive("tensorinv", &[a], |known| {
        let shape = &known[0].ty.shape;
        let (before, after): (Shape, Shape) = match shape.dims().split_at_checked(ind) {
            Some((before, after)) if ind > 0 => (before.into(), after.into()),
            _ => {
                let message = format!("axis {ind} does not part shape {shape}; give 1 to {}", shape.rank());
                return Err(ErrorKind::invalid(message));
            }
        };
        if before.size() != after.size() {
            let message = format!("axes {before} and {after} hold different numbers of elements");
            return Err(ErrorKind::invalid(message));
        }
        let n = before.size();
        let whole: Shape = after.dims().into_iter().chain(before.dims()).collect();
        Ok(inv(a.reshape([n, n])).reshape(whole.into_extents()))
    })
}
