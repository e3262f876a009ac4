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

#[cfg(test)]
mod tests {
    use super::{Solve, cholesky, triangular_solve};

    #[test]
    fn cholesky_of_what_is_not_positive_is_nan() {
        let mut l = [0.0; 4];
        cholesky(2, &[4.0, 7.0, 2.0, 5.0], &mut l);
        assert_eq!(l, [2.0, 0.0, 1.0, 2.0]);
        for a in [[-1.0, 0.0, 0.0, 1.0], [1.0, 2.0, 2.0, 1.0], [f64::NAN; 4]] {
            cholesky(2, &a, &mut l);
            assert!(l[0].is_nan() && l[1] == 0.0 && l[2].is_nan() && l[3].is_nan(), "{a:?}: {l:?}");
        }
    }

    #[test]
    fn every_kind_of_system_is_solved() {
        let a = [2.0, 3.0, 5.0, 4.0];
        for k in 0..16 {
            let [left_side, lower, transpose, unit_diagonal] = [1, 2, 4, 8].map(|bit| k & bit != 0);
            let how = Solve { left_side, lower, transpose, conjugate: false, unit_diagonal };
            let diagonal = if unit_diagonal { [1.0, 1.0] } else { [2.0, 4.0] };
            let mut op = [diagonal[0], 0.0, 0.0, diagonal[1]];
            let place = if lower { 2 } else { 1 };
            op[if transpose { 3 - place } else { place }] = a[place];
            let mut x = [1.0, -2.0, 3.0, 7.0];
            triangular_solve(how, (2, 2), &a, &mut x);
            let (l, r) = if left_side { (op, x) } else { (x, op) };
            let product = [0, 1, 2, 3].map(|p| {
                let (i, j) = (p / 2, p % 2);
                l[2 * i] * r[j] + l[2 * i + 1] * r[2 + j]
            });
            for (found, expected) in product.into_iter().zip([1.0, -2.0, 3.0, 7.0]) {
                assert!((found - expected).abs() < 1e-12, "{how:?}: {product:?}");
            }
        }
    }
}
