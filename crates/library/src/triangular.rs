//! The decomposition of Cholesky, and solutions of triangular systems.

use crate::{Field, Solve, copy_rows, with_real_diagonal};
use faer::linalg::triangular_solve as solve;
use faer::{Conj, MatMut, MatRef, Par, Side};

/// `L` of `A = L · Lᴴ`, for a positive definite `A [n, n]` of which the lower triangle is read. NaN in the lower
/// triangle if `A` is not positive definite.
pub(crate) fn cholesky<T: Field>(n: usize, a: &[T], l: &mut [T]) {
    let a = with_real_diagonal(n, a);
    let matrix = MatRef::from_row_major_slice(&a, n, n);
    match matrix.llt(Side::Lower) {
        Ok(factor) => copy_rows(factor.L(), l),
        Err(_) => l.fill(T::NAN),
    }
    for (i, row) in l.chunks_exact_mut(n.max(1)).enumerate() {
        row[i + 1..].fill(T::from_parts(0.0, 0.0));
    }
}

/// Overwrites `b [rows, columns]` by the solution of a triangular system with the square `a`.
pub(crate) fn triangular_solve<T: Field>(how: Solve, (rows, columns): (usize, usize), a: &[T], b: &mut [T]) {
    let n = if how.left_side { rows } else { columns };
    let matrix = MatRef::from_row_major_slice(a, n, n);
    let right = MatMut::from_row_major_slice_mut(b, rows, columns);
    // X · op(A) = B is op(A)ᵀ · Xᵀ = Bᵀ.
    let transposed = how.transpose == how.left_side;
    let right = if how.left_side { right } else { right.transpose_mut() };
    let matrix = if transposed { matrix.transpose() } else { matrix };
    let conjugate = if how.conjugate { Conj::Yes } else { Conj::No };
    let solve = match (how.lower != transposed, how.unit_diagonal) {
        (true, false) => solve::solve_lower_triangular_in_place_with_conj,
        (true, true) => solve::solve_unit_lower_triangular_in_place_with_conj,
        (false, false) => solve::solve_upper_triangular_in_place_with_conj,
        (false, true) => solve::solve_unit_upper_triangular_in_place_with_conj,
    };
    solve(matrix, conjugate, right, Par::Seq);
}
