//! LU decomposition with partial pivoting.
//!
//! faer divides by a zero pivot; LAPACK and JAX go on to the next column, so that a singular matrix has a finite
//! decomposition and the determinant 0. So the panels are ours, and the products and triangular systems faer's.

use crate::Field;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place;
use faer::{Accum, MatMut, Par};

/// Columns that are eliminated before the rest of the matrix follows.
const PANEL: usize = 32;

/// Overwrites `a [m, n]` by `L` (below the diagonal, whose ones are not stored) and `U` of `P · A = L · U`. Row `i`
/// was exchanged with row `pivots[i]`, in order of `i`; row `i` of `P · A` is row `permutation[i]` of `A`.
pub(crate) fn lu<T: Field>(
    (m, n): (usize, usize),
    a: &mut [T],
    pivots: &mut [usize],
    permutation: &mut [usize],
) {
    let k = m.min(n);
    permutation.iter_mut().enumerate().for_each(|(i, place)| *place = i);
    for first in (0..k).step_by(PANEL) {
        let last = k.min(first + PANEL);
        for (j, place) in (first..last).zip(&mut pivots[first..last]) {
            let pivot = (j + 1..m)
                .fold(j, |best, i| if a[i * n + j].size() > a[best * n + j].size() { i } else { best });
            *place = pivot;
            if pivot != j {
                let (above, below) = a.split_at_mut(pivot * n);
                above[j * n..(j + 1) * n].swap_with_slice(&mut below[..n]);
                permutation.swap(j, pivot);
            }
            eliminate(n, a, j, last);
        }
        follow(a, (m, n), first, last);
    }
}

/// Subtracts multiples of row `j` from those below, in the columns before `last`.
fn eliminate<T: Field>(n: usize, a: &mut [T], j: usize, last: usize) {
    let (above, below) = a.split_at_mut((j + 1) * n);
    let row = &above[j * n..];
    let pivot = row[j];
    if pivot.size() == 0.0 {
        return;
    }
    for other in below.chunks_exact_mut(n) {
        let factor = other[j] / pivot;
        other[j] = factor;
        for (x, y) in other[j + 1..last].iter_mut().zip(&row[j + 1..last]) {
            *x -= factor * *y;
        }
    }
}

/// The columns from `last` on follow the eliminated panel.
fn follow<T: Field>(a: &mut [T], (m, n): (usize, usize), first: usize, last: usize) {
    let whole = MatMut::from_row_major_slice_mut(a, m, n);
    let (_, rest) = whole.split_at_row_mut(first);
    let (left, right) = rest.split_at_col_mut(last);
    let (panel, below) = left.as_ref().get(.., first..last).split_at_row(last - first);
    let (mut upper, lower) = right.split_at_row_mut(last - first);
    solve_unit_lower_triangular_in_place(panel, upper.as_mut(), Par::Seq);
    matmul(lower, Accum::Add, below, upper.as_ref(), -T::ONE, Par::Seq);
}
