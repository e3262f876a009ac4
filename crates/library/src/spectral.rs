//! Singular values and eigenvalues.
//!
//! Vectors are known up to their sign, or phase. The routines leave it to chance; here the largest element of
//! each vector,
//! of equal ones the first, is positive, so that vectors change smoothly with their matrix almost everywhere.
//!
//! Matrices that hold an infinity or NaN have NaN for results, as in JAX.

use crate::{Field, c64, copy_rows, with_real_diagonal, write_identity};
use faer::linalg::solvers::{Eigen, Svd};
use faer::traits::ComplexField;
use faer::{MatRef, Side};

/// The singular values of `a [m, n]`, decreasing, in `s`; the left singular vectors as columns of `u [m, ..]` and the
/// conjugated right ones as rows of `vh [.., n]`, as many as these have room for.
pub(crate) fn svd<T: Field>(
    (m, n): (usize, usize),
    a: &[T],
    s: &mut [f64],
    vectors: Option<(&mut [T], &mut [T])>,
) {
    let k = m.min(n);
    let matrix = MatRef::from_row_major_slice(a, m, n);
    let finite = a.iter().all(|x| Field::is_finite(*x));
    if k == 0 {
        if let Some((u, vh)) = vectors {
            write_identity(m, u);
            write_identity(n, vh);
        }
        return;
    }
    let Some((u, vh)) = vectors else {
        match if finite { matrix.singular_values() } else { Ok(vec![f64::NAN; k]) } {
            Ok(values) => s.copy_from_slice(&values),
            Err(_) => s.fill(f64::NAN),
        }
        return;
    };
    let full = u.len() == m * m && vh.len() == n * n;
    let found = finite.then(|| if full { Svd::new(matrix) } else { Svd::new_thin(matrix) });
    let Some(Ok(found)) = found else {
        s.fill(f64::NAN);
        u.fill(T::NAN);
        return vh.fill(T::NAN);
    };
    s.iter_mut().enumerate().for_each(|(i, place)| *place = found.S()[i].parts().0);
    copy_rows(found.U(), u);
    for (i, row) in vh.chunks_exact_mut(n).enumerate() {
        (0..n).for_each(|j| row[j] = ComplexField::conj_impl(&found.V()[(j, i)]));
    }
    turn_vectors((m, n), u, vh);
}

/// Gives every singular vector its sign; U · diag(S) · Vᴴ stays.
fn turn_vectors<T: Field>((m, n): (usize, usize), u: &mut [T], vh: &mut [T]) {
    let (left, right) = (u.len() / m, vh.len() / n);
    let mut backs = vec![];
    for i in 0..left {
        let turn = turn_of(u.iter().skip(i).step_by(left).copied());
        u.iter_mut().skip(i).step_by(left).for_each(|x| *x *= turn);
        backs.push(ComplexField::conj_impl(&turn));
    }
    for (i, row) in vh.chunks_exact_mut(n).enumerate().take(right) {
        let back = if i < m.min(n) { backs[i] } else { turn_of(row.iter().copied()) };
        row.iter_mut().for_each(|x| *x *= back);
    }
}

/// The number of size 1 that makes the largest of `elements`, the first of equal ones, positive.
fn turn_of<T: Field>(elements: impl Iterator<Item = T>) -> T {
    let length = |x: T| x.parts().0.hypot(x.parts().1);
    // What differs by rounding alone is equal.
    let larger = |best: T, x: T| if length(x) > length(best) * (1.0 + 1e-9) { x } else { best };
    let largest = elements.fold(T::from_parts(0.0, 0.0), larger);
    let (real, imaginary) = largest.parts();
    let size = length(largest);
    if size == 0.0 { T::ONE } else { T::from_parts(real / size, -imaginary / size) }
}

/// The eigenvalues, increasing, of the Hermitian `a [n, n]`, of which the lower triangle is read, and the eigenvectors
/// as columns of `v`.
pub(crate) fn eigh<T: Field>(n: usize, a: &[T], w: &mut [f64], v: Option<&mut [T]>) {
    if n == 0 {
        return;
    }
    let a = with_real_diagonal(n, a);
    let matrix = MatRef::from_row_major_slice(&a, n, n);
    let finite = (0..n).all(|i| a[i * n..i * n + i + 1].iter().all(|x| Field::is_finite(*x)));
    let Some(v) = v else {
        match if finite { matrix.self_adjoint_eigenvalues(Side::Lower) } else { Ok(vec![f64::NAN; n]) } {
            Ok(values) => w.copy_from_slice(&values),
            Err(_) => w.fill(f64::NAN),
        }
        return;
    };
    match finite.then(|| matrix.self_adjoint_eigen(Side::Lower)) {
        Some(Ok(found)) => {
            w.iter_mut().enumerate().for_each(|(i, place)| *place = found.S()[i].parts().0);
            copy_rows(found.U(), v);
            for j in 0..n {
                let turn = turn_of(v.iter().skip(j).step_by(n).copied());
                v.iter_mut().skip(j).step_by(n).for_each(|x| *x *= turn);
            }
        }
        _ => {
            w.fill(f64::NAN);
            v.fill(T::NAN);
        }
    }
}

/// The eigenvalues of the square `a [n, n]` and the right eigenvectors as columns of `v`, of length 1, the largest
/// element of each positive.
pub(crate) fn eig<T: Field>(n: usize, a: &[T], w: &mut [c64], v: &mut [c64]) {
    if n == 0 {
        return;
    }
    let finite = a.iter().all(|x| Field::is_finite(*x));
    let is_real = a.iter().all(|x| x.parts().1 == 0.0);
    let found = finite.then(|| {
        if is_real {
            let real: Vec<f64> = a.iter().map(|x| x.parts().0).collect();
            Eigen::new_from_real(MatRef::from_row_major_slice(&real, n, n))
        } else {
            let complex: Vec<c64> = a.iter().map(|x| c64::new(x.parts().0, x.parts().1)).collect();
            Eigen::new(MatRef::from_row_major_slice(&complex, n, n))
        }
    });
    let Some(Ok(found)) = found else {
        w.fill(c64::NAN);
        return v.fill(c64::NAN);
    };
    w.iter_mut().enumerate().for_each(|(i, place)| *place = found.S()[i]);
    copy_rows(found.U(), v);
    for j in 0..n {
        let column = || (0..n).map(|i| i * n + j);
        let length = column().map(|p| v[p].norm_sqr()).sum::<f64>().sqrt();
        let largest = column().fold(j, |best, p| if v[p].norm() > v[best].norm() { p } else { best });
        let head = v[largest] / v[largest].norm();
        column().for_each(|p| v[p] = v[p] / head / length);
        v[largest] = c64::new(v[largest].re, 0.0);
    }
}
