//! Systems of three diagonals, by Gaussian elimination with partial pivoting, as LAPACK's `gtsv` does it.

use crate::Field;

/// Overwrites `b [n, columns]` by the solution of the system whose row `i` is `lower[i]`, `diagonal[i]`, `upper[i]` on
/// the diagonals below, at and above the main one; `lower[0]` and the last `upper` stand outside. NaN if it is
/// singular.
pub(crate) fn tridiagonal_solve<T: Field>(lower: &[T], diagonal: &[T], upper: &[T], b: &mut [T]) {
    let n = diagonal.len();
    if n == 0 || b.is_empty() {
        return;
    }
    let columns = b.len() / n;
    let mut d = diagonal.to_vec();
    // The two diagonals above; the second one is filled by exchanges of rows.
    let zero = T::from_parts(0.0, 0.0);
    let mut above: Vec<[T; 2]> = upper.iter().map(|u| [*u, zero]).collect();
    for i in 0..n - 1 {
        let (head, tail) = b.split_at_mut((i + 1) * columns);
        let (row, next) = (&mut head[i * columns..], &mut tail[..columns]);
        let mut below = lower[i + 1];
        if below.size() > d[i].size() {
            std::mem::swap(&mut below, &mut d[i]);
            let next_diagonal = std::mem::replace(&mut d[i + 1], above[i][0]);
            above[i] = [next_diagonal, std::mem::replace(&mut above[i + 1][0], zero)];
            row.swap_with_slice(next);
        }
        let factor = below / d[i];
        d[i + 1] -= factor * above[i][0];
        above[i + 1][0] = above[i + 1][0] - factor * above[i][1];
        next.iter_mut().zip(row).for_each(|(x, y)| *x -= factor * *y);
    }
    if d.iter().any(|pivot| pivot.size() == 0.0) {
        return b.fill(T::NAN);
    }
    for i in (0..n).rev() {
        for j in 0..columns {
            // Beyond the last row stands nothing, whatever the diagonals hold there.
            let term =
                |by: usize| if i + by < n { above[i][by - 1] * b[(i + by) * columns + j] } else { zero };
            let known = term(1) + term(2);
            b[i * columns + j] = (b[i * columns + j] - known) / d[i];
        }
    }
}
