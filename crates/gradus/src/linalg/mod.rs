//! Linear algebra with the names of NumPy and SciPy: decompositions, systems, norms, functions of matrices.
//!
//! Matrices are the last two axes, axes before them are batches and broadcast. Integers become floats. What does not
//! exist is NaN, never an error: the factor of a matrix that is not positive definite, the inverse of a singular one.
//!
//! ```
//! use gradus::{Array, Val, jit, linalg};
//! let f = jit(|a: &Val, b: &Val| linalg::solve(a, b));
//! let x = f(&Array::from([[2.0f32, 0.0], [1.0, 4.0]]), &Array::from([2.0f32, 9.0]))?;
//! assert_eq!(x.to_vec::<f32>()?, [1.0, 2.0]);
//! # Ok::<(), gradus::Error>(())
//! ```

mod decompositions;
mod functions;
mod iterative;
mod named;
mod norms;
mod reflections;
mod systems;

use crate::val::promote::Promoted;
use crate::val::strict;
use crate::{Dtype, ErrorKind, Type, Val};
pub use decompositions::{
    LuFactors, cholesky, cholesky_upper, eig, eigh, eigvals, eigvalsh, lu, lu_factor, qr, qr_full, svd,
    svd_full, svdvals,
};
pub use functions::{block_diag, diagonal, expm, expm_frechet, matrix_power, multi_dot, sqrtm, trace};
pub use gradus_ir::ops::linalg::Transposed;
pub use iterative::{Krylov, bicgstab, cg, gmres};
pub use named::{circulant, companion, dft, hadamard, hankel, hilbert, polar, toeplitz};
pub use norms::{
    Order, cond, cond_ord, det, matrix_rank, matrix_rank_tol, norm, norm_axes, norm_ord, slogdet,
};
pub use reflections::{geqrf, householder_product, lu_pivots_to_permutation};
pub use systems::{
    LeastSquares, Triangle, cho_factor, cho_solve, inv, lstsq, lstsq_rcond, lu_solve, pinv, pinv_rtol, solve,
    solve_triangular, tensorinv, tensorsolve, triangular_solve, tridiagonal_solve,
};

/// The matrices of `a` as floats, of 32 bits at least, or complex numbers.
///
/// If `a` has fewer than two axes, `op` refuses it.
#[track_caller]
fn matrices(op: &'static str, a: Val) -> Val {
    Val::derive(op, &[a], |known| {
        of_matrices(&known[0].ty)?;
        Ok(Val::from_ir(strict::convert_literal(a, wide(Promoted::from(&known[0]).inexact().dtype))))
    })
}

/// [`matrices`] that have as many rows as columns.
#[track_caller]
fn square(op: &'static str, a: Val) -> Val {
    let a = matrices(op, a);
    Val::derive(op, &[a], |known| {
        let ty = &known[0].ty;
        let (m, n) = extents(ty);
        if m != n {
            let message = format!("takes square matrices, but those of {ty} are {m} by {n}");
            return Err(ErrorKind::invalid(message));
        }
        Ok(a)
    })
}

/// 16-bit floats are computed as `f32`.
fn wide(dtype: Dtype) -> Dtype {
    if dtype.is_complex() { dtype } else { dtype.complex().real() }
}

fn of_matrices(ty: &Type) -> Result<(), ErrorKind> {
    if ty.rank() >= 2 {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("takes matrices, not {ty}; add an axis with `expand_dims`")))
}

/// Rows and columns.
fn extents(ty: &Type) -> (usize, usize) {
    (ty.shape.dim(ty.rank() - 2), ty.shape.dim(ty.rank() - 1))
}

/// The matrices transposed and conjugated.
#[track_caller]
fn adjoint(x: Val) -> Val {
    x.swapaxes(-1, -2).conj()
}

/// What stands at `index` of the axis that is `from_end`, counted from 1, from the last.
#[track_caller]
fn entry(x: Val, index: usize, from_end: usize) -> Val {
    let axis = x.rank() - from_end;
    Val::from_ir(x.ir().slice_axis(axis, index, index + 1).squeeze(&[axis]))
}

/// The distance from 1 to the next larger number.
fn epsilon(dtype: Dtype) -> f64 {
    if dtype.real().size_bytes() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}
