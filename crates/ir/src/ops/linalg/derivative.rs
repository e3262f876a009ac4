//! Tangents and transposes of decompositions and systems.
//!
//! Sources: Giles, "An extended collection of matrix derivative results" (2008), for singular values and eigenvalues;
//! Murray, "Differentiation of the Cholesky decomposition" (arXiv 1602.07527); de Hoog, Anderssen and Lukas,
//! "Differentiation of matrix functionals using triangular factorization" (2011), for LU; Roberts and Roberts, "QR and
//! LQ decomposition matrix backpropagation" (arXiv 2009.10071), for QR and its wide form.

use super::matrix::{
    adjoint, as_columns, as_rows, columns, conjugate, diagonal, hermitian_of_lower, identity_like, lower,
    permuted_rows, product, real_part, rows, transposed, upper,
};
use super::{Linalg, Transposed};
use crate::ops::monoid::Monoid;
use crate::ops::{Operand, sum_terms};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Dtype, Shape};
use smallvec::smallvec;

/// Results and tangents.
type Pushed = (Vals, Vec<Option<Val>>);

pub(super) fn jvp(op: &Linalg, x: &[Val], dx: &[Option<Val>]) -> Pushed {
    if dx.iter().all(Option::is_none) {
        let y = bind(*op, x);
        let none = vec![None; y.len()];
        return (y, none);
    }
    match (op, dx[0]) {
        (Linalg::TriangularSolve { .. }, _) => triangular_solve(op, x, dx),
        (Linalg::Eig { compute_vectors }, _) => super::eigen::jvp(*compute_vectors, x, dx),
        (Linalg::TridiagonalSolve, _) => tridiagonal_solve(x, dx),
        (Linalg::Cholesky, Some(dx)) => cholesky(x[0], dx),
        (Linalg::Lu, Some(dx)) => lu(x[0], dx),
        (Linalg::Qr { full_matrices }, Some(dx)) => qr(*full_matrices, x[0], dx),
        (Linalg::Svd { full_matrices, compute_uv }, Some(dx)) => svd(*full_matrices, *compute_uv, x[0], dx),
        (Linalg::Eigh { compute_vectors }, Some(dx)) => eigh(*compute_vectors, x[0], dx),
        _ => unreachable!("internal: a tangent of the one operand"),
    }
}

/// dL = L · Φ(L⁻¹ · dA · L⁻ᴴ), where Φ takes the lower triangle with half the diagonal.
fn cholesky(x: Val, dx: Val) -> Pushed {
    let l = x.cholesky();
    let inner = l.triangular_solve(hermitian_of_lower(dx), false, true, Transposed::Adjoint, false);
    let inner = l.triangular_solve(inner, true, true, Transposed::No, false);
    let halved = lower(inner, 0) / (inner.ones_like() + identity_like(inner));
    (smallvec![l], vec![Some(product(l, halved))])
}

/// dX = op(A)⁻¹ · (dB - op(dA) · X), and with the factors exchanged for a matrix on the right.
fn triangular_solve(op: &Linalg, x: &[Val], dx: &[Option<Val>]) -> Pushed {
    let Linalg::TriangularSolve { left_side, lower: is_lower, transpose_a, unit_diagonal } = *op else {
        unreachable!("internal: a triangular system");
    };
    let y = bind1(*op, x);
    let from_a = dx[0].map(|da| {
        let off = i64::from(unit_diagonal);
        let da = if is_lower { lower(da, -off) } else { upper(da, off) };
        let da = match transpose_a {
            Transposed::No => da,
            Transposed::Transpose => transposed(da),
            Transposed::Adjoint => adjoint(da),
        };
        -(if left_side { product(da, y) } else { product(y, da) })
    });
    let right = sum_terms([from_a, dx[1]]).expect("internal: a tangent");
    (smallvec![y], vec![Some(bind1(*op, &[x[0], right]))])
}

/// The product of the matrix of three diagonals with a right side.
fn tridiagonal_product(diagonals: [Option<Val>; 3], b: Val) -> Option<Val> {
    let shape = b.shape();
    let axis = shape.rank() - 2;
    let n = shape.dim(axis);
    let moved = |x: Val, by: i64| {
        let (mut low, none) = (vec![0; shape.rank()], vec![0; shape.rank()]);
        low[axis] = by;
        let high: Vec<i64> = low.iter().map(|by| -by).collect();
        x.pad(Val::full(x.ty().with_shape([0usize; 0]), 0.0), &low, &high, &none)
    };
    if n == 0 {
        return None;
    }
    let terms = diagonals.into_iter().zip([1, 0, -1]).map(|(d, by)| {
        let d = as_columns(d?, &shape);
        Some(if by == 0 { d * b } else { d * moved(b, by) })
    });
    sum_terms(terms)
}

fn tridiagonal_solve(x: &[Val], dx: &[Option<Val>]) -> Pushed {
    let y = bind1(Linalg::TridiagonalSolve, x);
    let changed = tridiagonal_product([dx[0], dx[1], dx[2]], y);
    let right = sum_terms([dx[3], changed.map(|change| -change)]);
    let dy = right.map(|right| bind1(Linalg::TridiagonalSolve, &[x[0], x[1], x[2], right]));
    (smallvec![y], vec![dy])
}

/// dL = L · tril(L⁻¹ · P · dA · U⁻¹, -1) and dU = triu(L⁻¹ · P · dA · U⁻¹) · U, L and U completed to square matrices.
fn lu(x: Val, dx: Val) -> Pushed {
    let y = x.lu();
    let (packed, permutation) = (y[0], y[2]);
    let shape = x.shape();
    let rank = shape.rank();
    let (m, n) = (shape.dim(rank - 2), shape.dim(rank - 1));
    let k = m.min(n);
    // Beyond the smaller extent the completed factors are those of the identity.
    let completed = |part: Val, extent: usize| {
        let mut high = vec![0; rank];
        let part_shape = part.shape();
        high[rank - 2] = (extent - part_shape.dim(rank - 2)) as i64;
        high[rank - 1] = (extent - part_shape.dim(rank - 1)) as i64;
        let none = vec![0; rank];
        part.pad(Val::full(part.ty().with_shape([0usize; 0]), 0.0), &vec![0; rank], &high, &none)
    };
    let l = completed(lower(columns(packed, 0, k), -1), m);
    let l = l + identity_like(l);
    let u = completed(upper(rows(packed, 0, k), 0), n);
    let beyond = lower(identity_like(u), 0) - completed(identity_like(rows(columns(u, 0, k), 0, k)), n);
    let u = u + beyond;
    let inner = l.triangular_solve(permuted_rows(dx, permutation), true, true, Transposed::No, true);
    let inner = u.triangular_solve(inner, false, false, Transposed::No, false);
    let dl = product(l, lower(inner, -1));
    let du = product(upper(inner, 0), u);
    (y, vec![Some(dl + du), None, None])
}

/// Tangents of Q and R for at least as many rows as columns.
fn thin_qr(q: Val, r: Val, dx: Val) -> (Val, Val) {
    let dx_r = r.triangular_solve(dx, false, false, Transposed::No, false);
    let inner = product(adjoint(q), dx_r);
    let below = lower(inner, -1);
    let mut skew = below - adjoint(below);
    if inner.ty().dtype.is_complex() {
        // The diagonal of R stays real.
        skew = skew + identity_like(inner) * (inner - inner.conj()) / 2.0;
    }
    (product(q, skew - inner) + dx_r, product(inner - skew, r))
}

fn qr(full_matrices: bool, x: Val, dx: Val) -> Pushed {
    let y = x.qr(full_matrices);
    let (q, r) = (y[0], y[1]);
    let shape = x.shape();
    let rank = shape.rank();
    let (m, n) = (shape.dim(rank - 2), shape.dim(rank - 1));
    if m < n {
        // X₁ = Q · R₁ is square, and R₂ = Qᴴ · X₂.
        let (dq, dr1) = thin_qr(q, columns(r, 0, m), columns(dx, 0, m));
        let dr2 = product(adjoint(dq), columns(x, m, n)) + product(adjoint(q), columns(dx, m, n));
        return (y, vec![Some(dq), Some(Val::concatenate(&[dr1, dr2], rank - 1))]);
    }
    if !full_matrices || m == n {
        let (dq, dr) = thin_qr(q, r, dx);
        return (y, vec![Some(dq), Some(dr)]);
    }
    let thin = columns(q, 0, n);
    let (dq, dr) = thin_qr(thin, rows(r, 0, n), dx);
    let rest = completion(thin, columns(q, n, m), dq);
    let dq = Val::concatenate(&[dq, rest], rank - 1);
    let zeros = rows(r, n, m).zeros_like();
    (y, vec![Some(dq), Some(Val::concatenate(&[dr, zeros], rank - 2))])
}

/// The tangent of the columns that complete the reflections' Q [m, n] to a square matrix. With the blocks of Q
/// before and
/// after row n, Z = Q_pn · (Q_nn - I)⁻¹: dQ₂ = dQ · Zᴴ - (Q + Q₂ · Z) · (dQ_pn - Z · dQ_nn)ᴴ (arXiv
/// 2409.13374, eq. 32, 33).
fn completion(q: Val, q2: Val, dq: Val) -> Val {
    let shape = q.shape();
    let (m, n) = (shape.dim(shape.rank() - 2), shape.dim(shape.rank() - 1));
    let (top, bottom) = (rows(q, 0, n), rows(q, n, m));
    let factors = adjoint(top - identity_like(top)).lu();
    let (packed, permutation) = (factors[0], factors[2]);
    let z_h = permuted_rows(adjoint(bottom), permutation);
    let z_h = packed.triangular_solve(z_h, true, true, Transposed::No, true);
    let z_h = packed.triangular_solve(z_h, true, false, Transposed::No, false);
    let z = adjoint(z_h);
    let off = rows(dq, n, m) - product(z, rows(dq, 0, n));
    product(dq, z_h) - product(q + product(q2, z), adjoint(off))
}

fn svd(full_matrices: bool, compute_uv: bool, x: Val, dx: Val) -> Pushed {
    let thin = x.svd(false);
    let (s, u, vh) = (thin[0], thin[1], thin[2]);
    let (uh, v) = (adjoint(u), adjoint(vh));
    let inner = product(product(uh, dx), v);
    let ds = real_part(diagonal(inner));
    if !compute_uv {
        return (smallvec![s], vec![Some(ds)]);
    }
    let square = inner.shape();
    let dtype = x.ty().dtype;
    let rows_of = |s: Val, shape: &Shape| as_rows(s.convert(dtype), shape);
    let eye = identity_like(inner);
    let [for_u, for_v] = turns(s, inner);
    let zeros = s.eq(s.zeros_like());
    let s_or_one = zeros.select(s.ones_like(), s);
    let inverse = zeros.select(s.zeros_like(), s.ones_like() / s_or_one);
    let phase = 0.5 * (inner - adjoint(inner)) * rows_of(inverse, &square) * eye;
    let mut du = product(u, for_u + phase);
    let mut dv = product(v, for_v);
    let shape = x.shape();
    let rank = shape.rank();
    let (m, n) = (shape.dim(rank - 2), shape.dim(rank - 1));
    if m > n {
        let moved = product(dx, v);
        du = du + (moved - product(u, product(uh, moved))) / rows_of(s, &moved.shape());
    }
    if n > m {
        let moved = product(adjoint(dx), u);
        dv = dv + (moved - product(v, product(vh, moved))) / rows_of(s, &moved.shape());
    }
    if dtype.is_complex() {
        let turn = phase_kept(u, du);
        du = du + u * turn;
        dv = dv + v * as_rows(turn.slice_axis(rank - 2, 0, 1).squeeze(&[rank - 2]), &v.shape());
    }
    if !full_matrices || m == n {
        return (smallvec![s, u, vh], vec![Some(ds), Some(du), Some(adjoint(dv))]);
    }
    let full = x.svd(true);
    let (du, dvh) = if m > n {
        let rest = columns(full[1], n, m);
        (Val::concatenate(&[du, following(u, rest, du)], rank - 1), adjoint(dv))
    } else {
        let rest = adjoint(rows(full[2], m, n));
        (du, Val::concatenate(&[adjoint(dv), adjoint(following(v, rest, dv))], rank - 2))
    };
    (full, vec![Some(ds), Some(du), Some(dvh)])
}

/// How much of each singular vector the others take on while `inner` = Uᴴ · dA · V moves the matrix, for U and for V:
/// (σⱼ · inner + (σⱼ · inner)ᴴ) / (σⱼ² - σᵢ²), by ratios that neither overflow nor underflow. Vectors of equal singular
/// values, up to rounding, have no derivative; half of `inner` / σ goes to either side, by which U · diag(σ) · Vᴴ has
/// its own.
fn turns(s: Val, inner: Val) -> [Val; 2] {
    let (square, dtype) = (inner.shape(), inner.ty().dtype);
    let (row, column) = (as_rows(s, &square), as_columns(s, &square));
    let (sum, apart) = (row + column, row - column);
    let none = sum.eq(sum.zeros_like());
    let sum = none.select(sum.ones_like(), sum);
    let epsilon = s.ty().dtype.finfo().map_or(0.0, |info| info.eps);
    let equal = apart.abs().le(sum * (16.0 * epsilon));
    let apart = equal.select(apart.ones_like(), apart).convert(dtype);
    let off = identity_like(inner).ones_like() - identity_like(inner);
    let of = |weighted: Val, shared: Val| {
        off * equal.select(shared / sum.convert(dtype), (weighted + adjoint(weighted)) / apart)
    };
    let share = |side: Val| inner * (side / sum).convert(dtype);
    [of(share(row), inner), of(share(column), adjoint(inner))]
}

/// The tangent of columns that complete an orthonormal basis and are known up to a rotation among themselves:
/// that without
/// one.
fn following(basis: Val, rest: Val, d_basis: Val) -> Val {
    -product(basis, product(adjoint(d_basis), rest))
}

/// dW = diag(Vᴴ · dA · V) and dV = V · (F ∘ (Vᴴ · dA · V)), where F holds the reciprocal differences of eigenvalues.
fn eigh(compute_vectors: bool, x: Val, dx: Val) -> Pushed {
    let y = x.eigh();
    let (w, v) = (y[0], y[1]);
    let inner = product(product(adjoint(v), hermitian_of_lower(dx)), v);
    let dw = real_part(diagonal(inner));
    if !compute_vectors {
        return (smallvec![w], vec![Some(dw)]);
    }
    let mut dv = product(v, inner * apart(w, &inner.shape()).convert(x.ty().dtype));
    if x.ty().dtype.is_complex() && x.shape().size() > 0 {
        dv = dv + v * phase_kept(v, dv);
    }
    (smallvec![w, v], vec![Some(dw), Some(dv)])
}

/// 1 / (wⱼ - wᵢ), and 0 on the diagonal. Vectors of equal eigenvalues, up to rounding, have no derivative; they are
/// given 1 / (wᵢ + wⱼ), by which V · diag(w) · Vᴴ has its own, and 0 where that sum vanishes.
fn apart(w: Val, square: &Shape) -> Val {
    if square.size() == 0 {
        return Val::zeros(w.ty().with_shape(square.clone()));
    }
    let (row, column) = (as_rows(w, square), as_columns(w, square));
    let (sum, difference) = (row + column, row - column);
    let epsilon = w.ty().dtype.finfo().map_or(0.0, |info| info.eps);
    let largest = w.abs().reduce(Monoid::Max, &[w.shape().rank() - 1]);
    let batch: crate::Dims = (0..square.rank() - 2).collect();
    let largest = largest.broadcast(square.clone(), &batch);
    let equal = difference.abs().le(largest * (16.0 * epsilon));
    let divisor = equal.select(sum, difference);
    let none = divisor.eq(divisor.zeros_like());
    let reciprocal = none.select(sum.zeros_like(), sum.ones_like() / none.select(sum.ones_like(), divisor));
    reciprocal * (sum.ones_like() - identity_like(sum))
}

/// For each column i · t, with which `v · (1 + i · t)` keeps the largest element of each column of `v` real while `v`
/// moves by `dv`; repeated over the rows.
fn phase_kept(v: Val, dv: Val) -> Val {
    let shape = v.shape();
    let (axis, dtype) = (shape.rank() - 2, v.ty().dtype);
    let (re, im) = (v.real(), v.imag());
    let largest = as_rows((re * re + im * im).argmax(axis, Dtype::I32), &shape);
    let here = Val::iota(largest.ty(), axis).eq(largest);
    let at = |x: Val| here.select(x, x.zeros_like()).reduce_sum(&[axis]);
    let turn = as_rows(-(at(dv.imag()) / at(re)), &shape);
    Val::complex(turn.zeros_like(), turn).convert(dtype)
}

pub(super) fn transpose(op: &Linalg, ct: Option<Val>, args: &[Operand]) -> Vec<Option<Val>> {
    let mut pulled = vec![None; args.len()];
    let Some(ct) = ct else { return pulled };
    let known = |i: usize| args[i].known().expect("internal: a system is linear in its right side");
    match *op {
        Linalg::TriangularSolve { left_side, lower, transpose_a, unit_diagonal } => {
            let (a, transpose_a) = match transpose_a {
                Transposed::No => (known(0), Transposed::Transpose),
                Transposed::Transpose => (known(0), Transposed::No),
                Transposed::Adjoint => (conjugate(known(0)), Transposed::No),
            };
            pulled[1] = Some(a.triangular_solve(ct, left_side, lower, transpose_a, unit_diagonal));
        }
        Linalg::TridiagonalSolve => {
            let (dl, d, du) = (known(0), known(1), known(2));
            let axis = d.shape().rank() - 1;
            let n = d.shape().dim(axis);
            if n == 0 {
                pulled[3] = Some(ct);
                return pulled;
            }
            // Row i of the transposed matrix is du[i - 1], d[i], dl[i + 1].
            let below =
                Val::concatenate(&[du.slice_axis(axis, n - 1, n), du.slice_axis(axis, 0, n - 1)], axis);
            let above = Val::concatenate(&[dl.slice_axis(axis, 1, n), dl.slice_axis(axis, 0, 1)], axis);
            pulled[3] = Some(bind1(Linalg::TridiagonalSolve, &[below, d, above, ct]));
        }
        _ => unreachable!("internal: {op:?} is not linear"),
    }
    pulled
}
