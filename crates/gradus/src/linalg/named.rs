//! Matrices with names, made of a few numbers; and the polar decomposition.

use super::functions::solve_anticommutator;
use super::{adjoint, matrices, solve, svd};
use crate::val::broadcast::common_shape;
use crate::val::promote::promote_all;
use crate::{Dtype, ErrorKind, Shape, Type, Val, arange, complex, concatenate, custom_jvp, eye_of, iota};
use std::f64::consts::PI;

/// The extent of the last axis, of which there must be something.
fn last(op_needs: &str, ty: &Type) -> Result<usize, ErrorKind> {
    match ty.rank().checked_sub(1).map(|axis| ty.shape.dim(axis)) {
        Some(n) if n > 0 => Ok(n),
        _ => Err(ErrorKind::invalid(format!("{op_needs} is {ty}; give a vector of at least one element"))),
    }
}

/// Both with the axes before the last to which they broadcast, the second one without its first element.
#[track_caller]
fn edges(c: Val, r: Val) -> Result<[Val; 2], ErrorKind> {
    let r = r.slice([crate::Slice::Ellipsis, (1..).into()]);
    let shapes = [c, r].map(|v| v.shape());
    let before = shapes.each_ref().map(|shape| Shape::from(shape[..shape.len() - 1].to_vec()));
    let batch = common_shape(&before)?.dims().to_vec();
    let wide = |v: Val, own: &[usize]| v.broadcast_to([&batch[..], &own[own.len() - 1..]].concat());
    Ok([wide(c, &shapes[0]), wide(r, &shapes[1])])
}

/// The matrices `[.., m, n]` whose diagonals are constant: first columns `c`, `[.., m]`, and first rows `r`, `[.., n]`,
/// whose first element is not read. SciPy's default for `r` is the conjugate of `c`.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|c: &Val, r: &Val| linalg::toeplitz(c, r));
/// let y = f(&Array::from([1i32, 2]), &Array::from([0i32, 8, 9]))?;
/// assert_eq!(y, Array::from([[1i32, 8, 9], [2, 1, 8]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn toeplitz(c: impl Into<Val>, r: impl Into<Val>) -> Val {
    let (c, r) = (c.into(), r.into());
    Val::derive("toeplitz", &[c, r], |known| {
        let (m, n) = (last("the first column", &known[0].ty)?, last("the first row", &known[1].ty)?);
        let dtype = promote_all(known).dtype;
        // From the lower left corner along the edge to the upper right one.
        let [c, r] = edges(c.astype(dtype).flip(-1), r.astype(dtype))?;
        let edge = concatenate([c, r], -1);
        let place = arange(n) - arange(m).expand_dims(1) + (m as i64 - 1);
        Ok(edge.take(place, -1))
    })
}

/// The matrices `[.., m, n]` that are constant from the lower left to the upper right: first columns `c`, `[.., m]`,
/// and last rows `r`, `[.., n]`, whose first element is not read. SciPy's default for `r` is zeros.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|c: &Val, r: &Val| linalg::hankel(c, r));
/// let y = f(&Array::from([1i32, 2]), &Array::from([0i32, 8, 9]))?;
/// assert_eq!(y, Array::from([[1i32, 2, 8], [2, 8, 9]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hankel(c: impl Into<Val>, r: impl Into<Val>) -> Val {
    let (c, r) = (c.into(), r.into());
    Val::derive("hankel", &[c, r], |known| {
        let (m, n) = (last("the first column", &known[0].ty)?, last("the last row", &known[1].ty)?);
        let dtype = promote_all(known).dtype;
        let [c, r] = edges(c.astype(dtype), r.astype(dtype))?;
        let edge = concatenate([c, r], -1);
        Ok(edge.take(arange(n) + arange(m).expand_dims(1), -1))
    })
}

/// The matrices `[.., n, n]` whose columns are `c`, `[.., n]`, turned on by one from each to the next.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|c: &Val| linalg::circulant(c))(&Array::from([1i32, 2, 3]))?;
/// assert_eq!(y, Array::from([[1i32, 3, 2], [2, 1, 3], [3, 2, 1]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn circulant(c: impl Into<Val>) -> Val {
    let c = c.into();
    Val::derive("circulant", &[c], |known| {
        let n = last("the first column", &known[0].ty)?;
        Ok(c.take((arange(n).expand_dims(1) - arange(n)) % n as i64, -1))
    })
}

/// The matrix `[n - 1, n - 1]` whose eigenvalues are the zeros of the polynomial of coefficients `p`, `[n]`, the
/// highest power first; floats.
///
/// # Errors
/// If `p` is no vector of at least two elements.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|p: &Val| linalg::companion(p))(&Array::from([2.0f32, 4.0, 6.0]))?;
/// assert_eq!(y, Array::from([[-2.0f32, -3.0], [1.0, 0.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn companion(p: impl Into<Val>) -> Val {
    let p = p.into();
    Val::derive("companion", &[p], |known| {
        let ty = &known[0].ty;
        let n = if ty.rank() == 1 { ty.shape.dim(0) } else { 0 };
        if n < 2 {
            return Err(ErrorKind::invalid(format!(
                "the coefficients are {ty}; give a vector of two or more"
            )));
        }
        let p = p.astype(promote_all(known).inexact().dtype);
        let row = -p.slice([(1..).into()]) / p.at(0);
        Ok(concatenate([row.expand_dims(0), eye_of([n - 2, n - 1], 0, p.dtype())], 0))
    })
}

/// Hilbert's matrix of `n` rows, 1 / (i + j + 1).
///
/// ```
/// use gradus::{Array, Dtype, jit, linalg};
/// let y = jit(|_: &()| linalg::hilbert(2, Dtype::F64))(&())?;
/// assert_eq!(y, Array::from([[1.0f64, 0.5], [0.5, 1.0 / 3.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hilbert(n: usize, dtype: Dtype) -> Val {
    Val::derive("hilbert", &[], |_| {
        let along = |axis: i64| iota(dtype, [n, n], axis);
        Ok((1.0 / (along(0) + along(1) + 1)).astype(dtype))
    })
}

/// Sylvester's matrix of Hadamard of `n` rows, a power of two: 1 and -1, orthogonal rows.
///
/// # Errors
/// If `n` is no power of two.
///
/// ```
/// use gradus::{Array, Dtype, jit, linalg};
/// let y = jit(|_: &()| linalg::hadamard(2, Dtype::I32))(&())?;
/// assert_eq!(y, Array::from([[1i32, 1], [1, -1]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hadamard(n: usize, dtype: Dtype) -> Val {
    Val::derive("hadamard", &[], |_| {
        if !n.is_power_of_two() {
            return Err(ErrorKind::invalid(format!("{n} rows; give a power of two")));
        }
        let along = |axis: i64| iota(Dtype::of_index(n), [n, n], axis);
        // The sign is the parity of the bits that row and column share.
        let odd = (along(0) & along(1)).population_count() & 1;
        Ok((1 - 2 * odd).astype(dtype))
    })
}

/// The matrix of `n` rows that transforms vectors as [`crate::fft::fft`] does: exp(-2πi·j·k/n), `complex64`.
///
/// ```
/// use gradus::{Complex, jit, linalg};
/// let y = jit(|_: &()| linalg::dft(2))(&())?.to_vec::<Complex<f32>>()?;
/// assert!((y[3] - Complex::new(-1.0, 0.0)).norm() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn dft(n: usize) -> Val {
    Val::derive("dft", &[], |_| {
        // The products of two indices count in it.
        let along = |axis: i64| iota(Dtype::of_index(n.saturating_mul(n)), [n, n], axis);
        // Whole turns do not count; taken out, angles keep their digits.
        let share = (along(0) * along(1)) % n.max(1) as i64;
        let angle = share.astype(Dtype::F64) * (-2.0 * PI / n.max(1) as f64);
        Ok(complex(angle.cos(), angle.sin()).astype(Dtype::Complex64))
    })
}

/// U · P = A with U of orthonormal columns (or rows, if there are fewer) and P positive semidefinite: `[.., m, n]`
/// gives `[.., m, n]` and `[.., n, n]`. By the singular values.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val| { let (u, p) = linalg::polar(a); (u.matmul(p) - a).abs().amax() });
/// assert!(f(&Array::from([[1.0f32, 2.0], [0.0, 3.0]]))?.item::<f32>()? < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn polar(a: impl Into<Val>) -> (Val, Val) {
    let a = matrices("polar", a.into());
    let part = |unitary: bool| {
        Val::derive("polar", &[a], |_| {
            let u = unitary_factor(a, 2);
            if unitary {
                return Ok(u);
            }
            let p = adjoint(u).matmul(a);
            Ok((p + adjoint(p)) / 2.0)
        })
    };
    crate::val::at_caller("polar", || (part(true), part(false)))
}

/// U · Vᴴ of the singular vectors, with derivatives of so many orders that exist where singular values are equal, which
/// those of the vectors themselves do not.
#[track_caller]
fn unitary_factor(a: Val, orders: usize) -> Val {
    let value = |a: Val| {
        let (u, _, vh) = svd(a);
        u.matmul(vh)
    };
    let (m, n) = super::extents(&a.ty());
    if m < n {
        return adjoint(unitary_factor(adjoint(a), orders));
    }
    if orders == 0 {
        return value(a);
    }
    custom_jvp(a, value, move |a, da| (unitary_factor(a, orders - 1), unitary_tangent(a, da, orders - 1)))
}

/// dW = W · X + (1 - W · Wᴴ) · dA · P⁻¹, where P = Wᴴ · A, and X solves P · X + X · P = K - Kᴴ for K = Wᴴ · dA.
#[track_caller]
fn unitary_tangent(a: Val, da: Val, orders: usize) -> Val {
    let w = unitary_factor(a, orders);
    let (p, k) = (adjoint(w).matmul(a), adjoint(w).matmul(da));
    let p = (p + adjoint(p)) / 2.0;
    let turn = w.matmul(solve_anticommutator(p, k - adjoint(k)));
    let (m, n) = super::extents(&a.ty());
    if m == n {
        return turn;
    }
    let rest = da - w.matmul(k);
    turn + adjoint(solve(p, adjoint(rest)))
}
