//! Norms, determinants and ranks.

use super::{
    LuFactors, Transposed, Triangle, adjoint, entry, epsilon, extents, inv, lu_factor, matrices, square,
    svdvals, triangular_solve,
};
use crate::val::promote::Promoted;
use crate::val::strict;
use crate::{Dtype, ErrorKind, IntoAxes, Val, arange, custom_jvp, eye, keep, where_};

/// √Σ|x|² along axes, of numbers scaled so that squares neither overflow nor underflow. At zero the derivative is zero,
/// the subgradient of least length.
#[track_caller]
fn length(x: Val, axes: crate::AxisSet) -> Val {
    let scaled = x.scaled(axes.clone());
    let squares = (scaled.x * scaled.x.conj()).real().sum_axes(axes);
    scaled.back(squares.deviation(), 1)
}

/// Which norm.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Order {
    /// Of vectors the p-th root of the sum of |x|ᵖ: 0 counts what is not zero, 1 and 2 are the usual ones,
    /// infinities are
    /// the extrema. Of matrices 1 and -1 are the extrema of the sums of columns, 2 and -2 of the singular values,
    /// infinities of the sums of rows.
    P(f64),
    /// Of matrices, the root of the sum of all squares.
    Frobenius,
    /// Of matrices, the sum of the singular values.
    Nuclear,
}

impl From<f64> for Order {
    fn from(p: f64) -> Order {
        Order::P(p)
    }
}
impl From<i32> for Order {
    fn from(p: i32) -> Order {
        Order::P(p.into())
    }
}

/// The operand as a float.
#[track_caller]
fn inexact(op: &'static str, x: Val) -> Val {
    Val::derive(op, &[x], |known| {
        Ok(Val::from_ir(strict::convert_literal(x, Promoted::from(&known[0]).inexact().dtype)))
    })
}

/// The root of the sum of all squares.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::norm(x))(&Array::from([3.0f32, 4.0]))?;
/// assert_eq!(y.item::<f32>()?, 5.0);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn norm(x: impl Into<Val>) -> Val {
    let x = inexact("norm", x.into());
    Val::derive("norm", &[x], |_| Ok(length(x, (..).into_axes())))
}

/// The root of the sums of squares along axes: the length of vectors, or Frobenius' norm of matrices.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::norm_axes(x, 1))(&Array::from([[3.0f32, 4.0], [0.0, 1.0]]))?;
/// assert_eq!(y, Array::from([5.0f32, 1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn norm_axes(x: impl Into<Val>, axes: impl IntoAxes) -> Val {
    let (x, axes) = (inexact("norm", x.into()), axes.into_axes());
    Val::derive("norm", &[x], |_| Ok(length(x, axes)))
}

/// The norm `order` of the vectors along one axis, or of the matrices along two: rows first.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|x: &Val| (linalg::norm_ord(x, 1, -1), linalg::norm_ord(x, f64::INFINITY, [0, 1])));
/// let (rows, matrix) = f(&Array::from([[1.0f32, -2.0], [3.0, 0.5]]))?;
/// assert_eq!((rows.to_vec::<f32>()?, matrix.item::<f32>()?), (vec![3.0, 3.5], 3.5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn norm_ord(x: impl Into<Val>, order: impl Into<Order>, axes: impl IntoAxes) -> Val {
    let (x, order, axes) = (inexact("norm", x.into()), order.into(), axes.into_axes());
    Val::derive("norm", &[x], |known| {
        let shape = &known[0].ty.shape;
        let kept = axes.resolve(shape)?.1;
        match axes.in_order(shape)?[..] {
            [axis] => vector_norm(x, order, axis, kept),
            [row, column] => matrix_norm(x, order, row, column, kept),
            _ => Err(ErrorKind::invalid(format!(
                "norms are along one axis or two, not along {axes:?} of shape {shape}"
            ))),
        }
    })
}

/// Axes that stay with extent 1, or not.
fn kept(axes: impl IntoAxes, stay: bool) -> crate::AxisSet {
    if stay { keep(axes) } else { axes.into_axes() }
}

#[track_caller]
fn vector_norm(x: Val, order: Order, axis: usize, stay: bool) -> Result<Val, ErrorKind> {
    let Order::P(p) = order else {
        let message = format!("{order:?} is a norm of matrices; name two axes");
        return Err(ErrorKind::invalid(message));
    };
    let axes = kept(axis, stay);
    Ok(if p == 2.0 {
        length(x, axes)
    } else if p == f64::INFINITY {
        largest(x.abs(), axis, stay)
    } else if p == f64::NEG_INFINITY {
        x.abs().amin_axes(axes)
    } else if p == 0.0 {
        x.ne(0).astype(x.dtype().real()).sum_axes(axes)
    } else if p == 1.0 {
        x.abs().sum_axes(axes)
    } else {
        power_norm(x, p, axis, stay)
    })
}

/// (Σ |x|ᵖ)^(1/p), divided by the largest before they are raised; zero where all are, and so is the derivative.
#[track_caller]
fn power_norm(x: Val, p: f64, axis: usize, stay: bool) -> Val {
    let largest = largest(x.abs().stop_gradient(), axis, true);
    let scale = where_(largest.gt(0) & largest.is_finite(), largest, 1.0);
    let zero = x.eq(0);
    let any_zero = zero.any_axes(kept(axis, stay));
    let powers = if p > 0.0 && p % 2.0 == 0.0 && p < f64::from(i32::MAX) {
        even_power(x / scale, p as i32 / 2)
    } else {
        // A power of zero has no slope of its own: neither that of p < 1, infinite, nor NaN.
        where_(zero, 0.0, where_(zero, 1.0, x.abs() / scale).pow(p))
    };
    let sum = powers.sum_axes(kept(axis, stay));
    let none = sum.eq(0);
    let root = where_(none, 0.0, where_(none, 1.0, sum).pow(1.0 / p)) * scale.reshape(&sum.ty().shape);
    // 1 / 0 is infinite, and so is the sum; its root is zero.
    if p < 0.0 { where_(any_zero, 0.0, root) } else { root }
}

/// |x|²ᵏ, smooth at zero too.
#[track_caller]
fn even_power(x: Val, k: i32) -> Val {
    (x * x.conj()).real().pow(k)
}

/// The largest of numbers from 0 on; 0 of none.
#[track_caller]
fn largest(x: Val, axis: usize, stay: bool) -> Val {
    if x.shape()[axis] == 0 { x.sum_axes(kept(axis, stay)) } else { x.amax_axes(kept(axis, stay)) }
}

#[track_caller]
fn matrix_norm(x: Val, order: Order, row: usize, column: usize, stay: bool) -> Result<Val, ErrorKind> {
    let both = |stay| kept([row, column], stay);
    let sums = |axis: usize| x.abs().sum_axes(keep(axis));
    let dropped = |x: Val| if stay { x } else { x.squeeze([row, column]) };
    let singular = |reduce: fn(Val) -> Val| {
        let moved = x.moveaxis(row, -1).moveaxis(if column > row { column - 1 } else { column }, -1);
        let y = reduce(svdvals(moved));
        let mut axes = [row, column];
        axes.sort_unstable();
        if stay { y.expand_dims(axes) } else { y }
    };
    match order {
        Order::Frobenius => return Ok(length(x, both(stay))),
        Order::Nuclear => return Ok(singular(|s| s.sum_axes(-1))),
        Order::P(1.0) => return Ok(dropped(largest(sums(row), column, true))),
        Order::P(-1.0) => return Ok(dropped(sums(row).amin_axes(keep(column)))),
        Order::P(f64::INFINITY) => return Ok(dropped(largest(sums(column), row, true))),
        Order::P(f64::NEG_INFINITY) => return Ok(dropped(sums(column).amin_axes(keep(row)))),
        Order::P(2.0) => return Ok(singular(|s| largest(s, s.rank() - 1, false))),
        Order::P(-2.0) => return Ok(singular(|s| s.amin_axes(-1))),
        Order::P(_) => {}
    }
    Err(ErrorKind::invalid(format!(
        "matrices have no norm {order:?}; use 1, 2, infinity, their negatives, Frobenius or Nuclear"
    )))
}

/// The sign and the logarithm of the absolute value of the determinants of `[.., n, n]`; 0 and -∞ of singular ones.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let (sign, log) = jit(|a: &Val| linalg::slogdet(a))(&Array::from([[0.0f32, 1.0], [1.0, 0.0]]))?;
/// assert_eq!((sign.item::<f32>()?, log.item::<f32>()?), (-1.0, 0.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn slogdet(a: impl Into<Val>) -> (Val, Val) {
    let a = square("slogdet", a.into());
    let part = |pick: fn(Val, Val) -> Val| {
        Val::derive("slogdet", &[a], |_| {
            let (diagonal, parity) = diagonal_and_parity(a);
            Ok(pick(diagonal, parity))
        })
    };
    let sign = part(|diagonal, parity| {
        let zero = diagonal.eq(0);
        let phase = if diagonal.is_complex() {
            let size = where_(zero, 1.0, diagonal.abs());
            where_(zero, 0.0, diagonal / size)
        } else {
            diagonal.sign()
        };
        phase.prod_axes(-1) * parity
    });
    let log = part(|diagonal, _| {
        let zero = diagonal.eq(0).any_axes(-1);
        where_(zero, f64::NEG_INFINITY, diagonal.abs().log().sum_axes(-1))
    });
    (sign, log)
}

/// The diagonal of U, and 1 or -1 for an even or odd number of exchanged rows.
#[track_caller]
fn diagonal_and_parity(a: Val) -> (Val, Val) {
    let factors = lu_factor(a);
    let n = factors.pivots.shape()[factors.pivots.rank() - 1];
    let exchanged = factors.pivots.ne(arange(n)).astype(Dtype::I32).sum_axes(-1);
    (factors.lu.last_diagonal(0), (1 - 2 * (exchanged % 2)).astype(a.dtype().real()))
}

/// The determinants of `[.., n, n]`.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|a: &Val| linalg::det(a))(&Array::from([[1.0f32, 2.0], [3.0, 4.0]]))?;
/// assert_eq!(y.item::<f32>()?, -2.0);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn det(a: impl Into<Val>) -> Val {
    let a = square("det", a.into());
    Val::derive("det", &[a], |known| {
        let (n, _) = extents(&known[0].ty);
        let at = |i: usize, j: usize| entry(entry(a, i, 2), j, 1);
        Ok(match n {
            2 => at(0, 0) * at(1, 1) - at(0, 1) * at(1, 0),
            3 => {
                let turn = |i: usize, j: usize, k: usize| at(0, i) * at(1, j) * at(2, k);
                turn(0, 1, 2) + turn(1, 2, 0) + turn(2, 0, 1) - turn(2, 1, 0) - turn(0, 2, 1) - turn(1, 0, 2)
            }
            0 | 1 => by_factors(a),
            // The product of the factors' diagonal has no derivative where a factor is singular.
            _ => custom_jvp(a, by_factors, |a, da| (by_factors(a), adjugate_trace(a, da))),
        })
    })
}

#[track_caller]
fn by_factors(a: Val) -> Val {
    let (diagonal, parity) = diagonal_and_parity(a);
    diagonal.prod_axes(-1) * parity
}

/// tr(adj(A) · dA), the tangent of the determinant (Jacobi's formula), by the factors of A, also where U has a zero at
/// the end of its diagonal: with x = L⁻¹ · P · dA the adjugate's product is U⁻¹ · det(U) · x, and in the last row the
/// u_nn by which U⁻¹ divides is a factor of det(U). Zeros where U has another zero: as if there were two.
#[track_caller]
fn adjugate_trace(a: Val, da: Val) -> Val {
    let LuFactors { lu, permutation, .. } = lu_factor(a);
    let (diagonal, parity) = diagonal_and_parity(a);
    let n = diagonal.shape()[diagonal.rank() - 1];
    let head = Val::from_ir(diagonal.ir().slice_axis(diagonal.rank() - 1, 0, n - 1)).prod_axes(-1);
    let defined = head.ne(0).expand_dims([-2, -1]);
    let last = eye(n, Dtype::Bool) & arange(n).eq(n as i64 - 1);
    // u_nn stands for 1 / det(U₁..n₋₁), so that U⁻¹ multiplies the last row by that.
    let u = where_(last, 1.0 / head.expand_dims([-2, -1]), lu);
    let u = where_(defined, u, eye(n, lu.dtype()));
    let rows = permutation.expand_dims(-1);
    let x = solve_triangular_unit(lu, da.take_along_axis(rows, -2));
    let is_last = arange(n).eq(n as i64 - 1).expand_dims(-1);
    let x = where_(is_last, x, x * diagonal.prod_axes(-1).expand_dims([-2, -1]));
    let x = triangular_solve(u, x, true, Triangle::Upper, Transposed::No, false);
    where_(defined, x, 0.0).last_diagonal(0).sum_axes(-1) * parity
}

#[track_caller]
fn solve_triangular_unit(l: Val, b: Val) -> Val {
    triangular_solve(l, b, true, Triangle::Lower, Transposed::No, true)
}

/// The numbers, as `i32`, of singular values above the larger extent · the precision · the largest one.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::matrix_rank(x))(&Array::from([[1.0f32, 2.0], [2.0, 4.0]]))?;
/// assert_eq!(y, Array::from(1i32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn matrix_rank(a: impl Into<Val>) -> Val {
    let a = inexact("matrix_rank", a.into());
    Val::derive("matrix_rank", &[a], |known| {
        let ty = &known[0].ty;
        if ty.rank() < 2 {
            return Ok(a.ne(0).any().astype(Dtype::I32));
        }
        let (m, n) = extents(ty);
        let s = svdvals(a);
        let share = m.max(n) as f64 * epsilon(ty.dtype);
        let largest = if m.min(n) == 0 { s.sum_axes(keep(-1)) } else { s.amax_axes(keep(-1)) };
        Ok(s.gt(largest * share).sum_axes(-1))
    })
}

/// The numbers, as `i32`, of singular values above `tol`.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::matrix_rank_tol(x, 0.5))(&Array::from([[1.0f32, 0.0], [0.0, 0.1]]))?;
/// assert_eq!(y, Array::from(1i32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn matrix_rank_tol(a: impl Into<Val>, tol: impl Into<Val>) -> Val {
    let (a, tol) = (matrices("matrix_rank", a.into()), tol.into());
    Val::derive("matrix_rank", &[a, tol], |known| {
        let tol = if known[1].ty.rank() == 0 { tol } else { tol.expand_dims(-1) };
        Ok(svdvals(a).gt(tol).sum_axes(-1))
    })
}

/// The ratio of the largest to the smallest singular value; infinity of singular matrices.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::cond(x))(&Array::from([[4.0f32, 0.0], [0.0, 2.0]]))?;
/// assert!((y.item::<f32>()? - 2.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cond(a: impl Into<Val>) -> Val {
    cond_ord(a, 2)
}

/// The condition numbers in a norm: ‖A‖ · ‖A⁻¹‖.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::cond_ord(x, 1))(&Array::from([[4.0f32, 0.0], [0.0, 2.0]]))?;
/// assert!((y.item::<f32>()? - 2.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cond_ord(a: impl Into<Val>, order: impl Into<Order>) -> Val {
    let (a, order) = (matrices("cond", a.into()), order.into());
    Val::derive("cond", &[a], |known| {
        let ty = &known[0].ty;
        let (m, n) = extents(ty);
        if m == 0 || n == 0 {
            return Err(ErrorKind::invalid(format!("matrices of shape {} have no elements", ty.shape)));
        }
        let ends = || {
            let s = svdvals(a);
            (entry(s, 0, 1), entry(s, m.min(n) - 1, 1))
        };
        let ratio = match order {
            Order::P(2.0) => {
                let (largest, smallest) = ends();
                return Ok(largest / smallest);
            }
            Order::P(-2.0) => {
                let (largest, smallest) = ends();
                smallest / largest
            }
            _ if m != n => {
                let message = format!("norm {order:?} needs square matrices, not {ty}; use 2 or -2");
                return Err(ErrorKind::invalid(message));
            }
            _ => norm_ord(a, order, [-2, -1]) * norm_ord(inv(a), order, [-2, -1]),
        };
        let known = !a.isnan().any_axes([-2, -1]);
        Ok(where_(ratio.isnan() & known, f64::INFINITY, ratio))
    })
}

impl Val {
    /// The matrices of the last two axes transposed and conjugated.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.matrix_adjoint())(&Array::from([[1.0f32, 2.0]]))?;
    /// assert_eq!(y, Array::from([[1.0f32], [2.0]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn matrix_adjoint(self) -> Val {
        Val::derive("matrix_adjoint", &[self], |_| Ok(adjoint(self)))
    }
}
