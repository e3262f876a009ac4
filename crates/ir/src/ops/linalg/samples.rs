//! Samples and refusals of decompositions and systems.

use super::{Linalg, Transposed};
use crate::ops::Sample;
use crate::ops::sample::refused;
use crate::{Dtype, Type};

const F32: Dtype = Dtype::F32;
const F64: Dtype = Dtype::F64;
const C64: Dtype = Dtype::Complex64;
const C128: Dtype = Dtype::Complex128;

pub(super) fn samples() -> Vec<Sample> {
    let on =
        |op: Linalg, dtype, dims: &[usize], added| Sample::new(op).diagonal(Type::new(dtype, dims), added);
    let qr = |full_matrices| Linalg::Qr { full_matrices };
    let svd = |full_matrices, compute_uv| Linalg::Svd { full_matrices, compute_uv };
    let eig = |compute_vectors| Linalg::Eig { compute_vectors };
    let eigh = |compute_vectors| Linalg::Eigh { compute_vectors };
    let mut all = vec![
        on(Linalg::Cholesky, F32, &[3, 3], 4.0),
        on(Linalg::Cholesky, F64, &[2, 1, 4, 4], 5.0),
        on(Linalg::Cholesky, F64, &[2, 0, 0], 0.0),
        on(Linalg::Cholesky, F64, &[3, 3], -4.0).not_smooth(),
        on(Linalg::Lu, F32, &[3, 3], 0.0),
        on(Linalg::Lu, F64, &[2, 4, 2], 0.5),
        on(Linalg::Lu, F64, &[2, 4], 0.5),
        on(Linalg::Lu, F64, &[2, 0], 0.0),
        on(qr(false), F32, &[3, 3], 1.0),
        on(qr(false), F64, &[2, 4, 2], 1.0),
        on(qr(false), F64, &[2, 3], 1.0),
        on(qr(true), F64, &[2, 4, 2], 1.0),
        on(qr(true), F64, &[2, 3], 1.0),
        on(qr(true), F64, &[3, 0], 0.0),
        on(svd(false, true), F32, &[3, 3], 1.0),
        on(svd(false, true), F64, &[2, 4, 2], 1.0),
        on(svd(false, true), F64, &[2, 3], 1.0),
        on(svd(false, false), F64, &[2, 3, 3], 1.0),
        on(svd(true, true), F64, &[3, 3], 1.0),
        // The last vectors are free up to a rotation.
        on(svd(true, true), F64, &[2, 4, 2], 1.0).not_smooth(),
        on(svd(true, true), F64, &[2, 4], 1.0).not_smooth(),
        on(svd(true, true), F64, &[2, 0], 0.0).not_smooth(),
        on(eigh(true), F32, &[3, 3], 0.0),
        on(eigh(true), F64, &[2, 3, 3], 0.0),
        on(eigh(true), F64, &[0, 0], 0.0),
        on(eigh(false), F64, &[4, 4], 0.0),
        on(eig(true), F32, &[3, 3], 0.0),
        on(eig(true), F64, &[2, 3, 3], 0.0),
        on(eig(true), F64, &[3, 3], 0.0).diagonal(Type::new(F64, [3, 3]), 0.5),
        on(eig(false), F64, &[4, 4], 0.0),
        on(eig(true), F64, &[0, 0], 0.0),
    ];
    all.extend(complex_samples());
    for k in 0..16 {
        let [left_side, lower, transpose, unit_diagonal] = [1, 2, 4, 8].map(|bit| k & bit != 0);
        let transpose_a = if transpose { Transposed::Transpose } else { Transposed::No };
        let op = Linalg::TriangularSolve { left_side, lower, transpose_a, unit_diagonal };
        let right: &[usize] = if left_side { &[2, 3, 2] } else { &[2, 2, 3] };
        let dtype = if k % 2 == 0 { F32 } else { F64 };
        all.push(on(op, dtype, &[2, 3, 3], 3.0).arg(Type::new(dtype, right), -1.0, 1.0));
        let adjoint = Linalg::TriangularSolve {
            left_side,
            lower,
            transpose_a: if transpose { Transposed::Adjoint } else { Transposed::No },
            unit_diagonal,
        };
        let dtype = if k % 3 == 0 { C64 } else { C128 };
        all.push(on(adjoint, dtype, &[2, 3, 3], 3.0).arg(Type::new(dtype, right), -1.0, 1.0));
    }
    all.push(on(lower_system(), F64, &[0, 0], 3.0).arg(Type::new(F64, [0, 2]), -1.0, 1.0));
    for dtype in [F32, F64, C64, C128] {
        let [diagonal, right] = [&[2, 4][..], &[2, 4, 3]].map(|dims| Type::new(dtype, dims));
        let system = Sample::new(Linalg::TridiagonalSolve).arg(diagonal.clone(), -1.0, 1.0);
        all.push(system.arg(diagonal.clone(), 3.0, 4.0).arg(diagonal, -1.0, 1.0).arg(right, -1.0, 1.0));
    }
    all
}

/// Of complex matrices. What is free up to a phase is turned by its largest element.
fn complex_samples() -> Vec<Sample> {
    let on =
        |op: Linalg, dtype, dims: &[usize], added| Sample::new(op).diagonal(Type::new(dtype, dims), added);
    let qr = |full_matrices| Linalg::Qr { full_matrices };
    let svd = |full_matrices, compute_uv| Linalg::Svd { full_matrices, compute_uv };
    let eigh = |compute_vectors| Linalg::Eigh { compute_vectors };
    vec![
        on(Linalg::Cholesky, C64, &[3, 3], 5.0),
        on(Linalg::Cholesky, C128, &[2, 3, 3], 6.0),
        on(Linalg::Cholesky, C128, &[3, 3], -4.0).not_smooth(),
        on(Linalg::Lu, C64, &[3, 3], 3.0),
        on(Linalg::Lu, C128, &[2, 4, 2], 3.0),
        on(Linalg::Lu, C128, &[2, 4], 3.0),
        on(qr(false), C64, &[3, 3], 2.0),
        on(qr(false), C128, &[2, 4, 2], 2.0),
        on(qr(false), C128, &[2, 3], 2.0),
        on(qr(true), C128, &[2, 4, 2], 2.0),
        on(svd(false, true), C64, &[3, 3], 1.0),
        on(svd(false, true), C128, &[2, 4, 2], 1.0),
        on(svd(false, true), C128, &[2, 3], 1.0),
        on(svd(false, false), C128, &[2, 3, 3], 1.0),
        on(svd(true, true), C128, &[2, 4, 2], 1.0).not_smooth(),
        on(eigh(true), C64, &[3, 3], 0.0),
        on(eigh(true), C128, &[2, 3, 3], 0.0),
        on(eigh(false), C128, &[4, 4], 0.0),
        on(eigh(true), C128, &[0, 0], 0.0),
    ]
}

fn lower_system() -> Linalg {
    Linalg::TriangularSolve {
        left_side: true,
        lower: true,
        transpose_a: Transposed::No,
        unit_diagonal: false,
    }
}

pub(super) fn refusals() -> Vec<(u8, Sample)> {
    let float = |dims: &[usize]| Type::new(F32, dims);
    let integer = |dims: &[usize]| Type::new(Dtype::I32, dims);
    let mut all = vec![];
    for op in [
        Linalg::Cholesky,
        Linalg::Eigh { compute_vectors: true },
        Linalg::Eig { compute_vectors: true },
        Linalg::Lu,
        Linalg::Qr { full_matrices: true },
        Linalg::Svd { full_matrices: true, compute_uv: true },
    ] {
        all.push(refused(op, 1, [float(&[3])]));
        all.push(refused(op, 2, [integer(&[3, 3])]));
    }
    all.push(refused(Linalg::Cholesky, 3, [float(&[2, 3])]));
    all.push(refused(Linalg::Lu, 3, [float(&[1 << 31, 1])]));
    all.push(refused(Linalg::Eigh { compute_vectors: false }, 3, [float(&[2, 3])]));
    all.push(refused(Linalg::Eig { compute_vectors: false }, 3, [float(&[2, 3])]));
    all.push(refused(Linalg::Eig { compute_vectors: false }, 4, [float(&[3, 3]), float(&[2, 2])]));
    let lower = lower_system();
    let Linalg::TriangularSolve { lower: is_lower, transpose_a, unit_diagonal, .. } = lower else {
        unreachable!("internal: a triangular system");
    };
    let right = Linalg::TriangularSolve { left_side: false, lower: is_lower, transpose_a, unit_diagonal };
    all.extend([
        refused(lower, 1, [float(&[3, 3]), float(&[3])]),
        refused(lower, 1, [float(&[2, 3, 3]), float(&[3, 3])]),
        refused(lower, 2, [integer(&[3, 3]), integer(&[3, 3])]),
        refused(lower, 3, [float(&[3, 2]), float(&[3, 2])]),
        refused(lower, 4, [float(&[3, 3]), Type::new(F64, [3, 2])]),
        refused(lower, 5, [float(&[2, 3, 3]), float(&[4, 3, 2])]),
        refused(lower, 6, [float(&[3, 3]), float(&[2, 3])]),
        refused(right, 6, [float(&[3, 3]), float(&[3, 2])]),
    ]);
    let diagonal = float(&[3]);
    let system = |b: Type| [diagonal.clone(), diagonal.clone(), diagonal.clone(), b];
    all.extend([
        refused(Linalg::TridiagonalSolve, 1, system(float(&[3]))),
        refused(
            Linalg::TridiagonalSolve,
            2,
            [0; 3].map(|_| integer(&[3])).into_iter().chain([integer(&[3, 1])]),
        ),
        refused(Linalg::TridiagonalSolve, 3, system(Type::new(F64, [3, 1]))),
        refused(Linalg::TridiagonalSolve, 4, system(float(&[4, 1]))),
    ]);
    all
}
