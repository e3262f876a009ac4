//! QR decomposition by Householder reflections.

use crate::{Field, write_identity};
use faer::linalg::solvers::Solve;
use faer::{Mat, MatRef};

/// `A = Q · R` of `a [m, n]`, with as many columns of `Q` as `q` has room for: `m`, or the smaller extent. As in
/// LAPACK the diagonal of `R` is real, and mostly below zero where that of `A` is above.
pub(crate) fn qr<T: Field>((m, n): (usize, usize), a: &[T], q: &mut [T], r: &mut [T]) {
    if m == 0 || n == 0 {
        return write_identity(m, q);
    }
    let columns = q.len() / m;
    let factors = MatRef::from_row_major_slice(a, m, n).qr();
    let completed = columns == m && m > n;
    let basis = match completed && T::IS_COMPLEX {
        false if columns == m => factors.compute_Q(),
        _ => factors.compute_thin_Q(),
    };
    copy_columns(basis.as_ref(), columns, q);
    r.fill(T::from_parts(0.0, 0.0));
    for (i, row) in r.chunks_exact_mut(n).take(m.min(n)).enumerate() {
        (i..n).for_each(|j| row[j] = factors.R()[(i, j)]);
    }
    for i in 0..m.min(n) {
        make_real(i, n, columns, q, r);
    }
    if completed && T::IS_COMPLEX {
        complete(m, n, q);
    }
}

/// Copies a matrix into the first columns of the rows of a slice.
fn copy_columns<T: Field>(from: MatRef<'_, T>, columns: usize, to: &mut [T]) {
    for (i, row) in to.chunks_exact_mut(columns).enumerate() {
        row.iter_mut().take(from.ncols()).enumerate().for_each(|(j, place)| *place = from[(i, j)]);
    }
}

/// Completes the first `n` columns of the square `q [m, m]` as reflections whose phases make the diagonal of R real,
/// those of LAPACK, would: I + (Q - I) · Zᴴ with Z = Q_pn · (Q_nn - I)⁻¹, Q_nn the first `n` rows and Q_pn the others.
fn complete<T: Field>(m: usize, n: usize, q: &mut [T]) {
    let one = |i: usize, j: usize| if i == j { T::ONE } else { T::from_parts(0.0, 0.0) };
    let conjugate = |x: T| T::from_parts(x.parts().0, -x.parts().1);
    let adjoint = Mat::from_fn(n, n, |i, j| conjugate(q[j * m + i]) - one(i, j));
    let right = Mat::from_fn(n, m - n, |i, j| conjugate(q[(n + j) * m + i]));
    let z = adjoint.partial_piv_lu().solve(&right);
    for i in 0..m {
        for j in n..m {
            let sum = (0..n).fold(one(i, j), |sum, k| sum + (q[i * m + k] - one(i, k)) * z[(k, j - n)]);
            q[i * m + j] = sum;
        }
    }
}

/// Turns row `i` of `R` and column `i` of `Q` so that the diagonal is real, of the sign that LAPACK's reflection gives
/// it: faer does not reflect the last row, which has nothing below it.
fn make_real<T: Field>(i: usize, n: usize, columns: usize, q: &mut [T], r: &mut [T]) {
    let (real, imaginary) = r[i * n + i].parts();
    let length = real.hypot(imaginary);
    if imaginary == 0.0 || length == 0.0 || !length.is_finite() {
        return;
    }
    let is_last = (i + 1) * columns == q.len();
    let sign = if (real < 0.0) == is_last { 1.0 } else { -1.0 };
    let turn = T::from_parts(sign * real / length, -sign * imaginary / length);
    let back = T::from_parts(sign * real / length, sign * imaginary / length);
    r[i * n + i] = T::from_parts(sign * length, 0.0);
    r[i * n + i + 1..(i + 1) * n].iter_mut().for_each(|x| *x *= turn);
    q.iter_mut().skip(i).step_by(columns).for_each(|x| *x *= back);
}
