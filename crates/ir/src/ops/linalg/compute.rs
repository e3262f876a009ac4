//! The calls of the library.

use super::{Linalg, Transposed};
use crate::Type;
use crate::ops::library::{Block, BlockMut, Library};
use gradus_library::{Number, Solve, c64};

impl Library for Linalg {
    fn batch_rank(&self, args: &[&Type]) -> usize {
        match self {
            Linalg::TridiagonalSolve => args[0].rank() - 1,
            _ => args[0].rank() - 2,
        }
    }
    fn work(&self, args: &[Type]) -> usize {
        let dims = args[0].shape.dims();
        let (m, n) = (dims[0], *dims.last().expect("internal: an axis"));
        let (large, small) = (m.max(n), m.min(n));
        let product = large.saturating_mul(small).saturating_mul(small);
        match self {
            Linalg::Cholesky => product / 3,
            Linalg::TriangularSolve { .. } => args[1].shape.size().saturating_mul(n),
            Linalg::Lu => product,
            Linalg::Qr { .. } => product.saturating_mul(4),
            Linalg::Svd { .. } => product.saturating_mul(20),
            Linalg::Eigh { .. } => product.saturating_mul(10),
            Linalg::Eig { .. } => product.saturating_mul(30),
            Linalg::TridiagonalSolve => args[3].shape.size().saturating_mul(8),
        }
    }
    fn compute(&self, operands: &[Block<'_>], results: &mut [BlockMut<'_>]) {
        if operands[0].ty.dtype.is_complex() {
            compute::<c64>(self, operands, results);
        } else {
            compute::<f64>(self, operands, results);
        }
    }
}

fn zeros<T: Number>(n: usize) -> Vec<T> {
    vec![T::from_parts(0.0, 0.0); n]
}

fn compute<T: Number>(op: &Linalg, operands: &[Block<'_>], results: &mut [BlockMut<'_>]) {
    let first = &operands[0];
    let (m, n) = (first.dim(0), first.ty.shape.dims().last().copied().unwrap_or(0));
    let mut a: Vec<T> = first.numbers();
    match op {
        Linalg::Cholesky => {
            let mut l = zeros::<T>(n * n);
            T::cholesky(n, &a, &mut l);
            results[0].write(&l);
        }
        Linalg::TriangularSolve { left_side, lower, transpose_a, unit_diagonal } => {
            let how = Solve {
                left_side: *left_side,
                lower: *lower,
                transpose: *transpose_a != Transposed::No,
                conjugate: *transpose_a == Transposed::Adjoint,
                unit_diagonal: *unit_diagonal,
            };
            let mut b: Vec<T> = operands[1].numbers();
            T::triangular_solve(how, (operands[1].dim(0), operands[1].dim(1)), &a, &mut b);
            results[0].write(&b);
        }
        Linalg::Lu => {
            let (mut pivots, mut permutation) = (vec![0; m.min(n)], vec![0; m]);
            T::lu((m, n), &mut a, &mut pivots, &mut permutation);
            results[0].write(&a);
            results[1].write_indices(&pivots);
            results[2].write_indices(&permutation);
        }
        Linalg::Qr { .. } => {
            let (mut q, mut r) = (zeros::<T>(size(&results[0])), zeros::<T>(size(&results[1])));
            T::qr((m, n), &a, &mut q, &mut r);
            results[0].write(&q);
            results[1].write(&r);
        }
        Linalg::Svd { compute_uv, .. } => {
            let mut s = vec![0.0; m.min(n)];
            let mut vectors =
                compute_uv.then(|| (zeros::<T>(size(&results[1])), zeros::<T>(size(&results[2]))));
            T::svd((m, n), &a, &mut s, vectors.as_mut().map(|(u, vh)| (&mut u[..], &mut vh[..])));
            results[0].write(&s);
            if let Some((u, vh)) = vectors {
                results[1].write(&u);
                results[2].write(&vh);
            }
        }
        Linalg::Eigh { compute_vectors } => {
            let (mut w, mut v) = (vec![0.0; n], compute_vectors.then(|| zeros::<T>(n * n)));
            T::eigh(n, &a, &mut w, v.as_deref_mut());
            results[0].write(&w);
            if let Some(v) = v {
                results[1].write(&v);
            }
        }
        Linalg::Eig { .. } => eig(operands, results),
        Linalg::TridiagonalSolve => {
            let [_, d, u, b] = operands else { unreachable!("internal: four operands") };
            let (d, u, mut b): (Vec<T>, Vec<T>, Vec<T>) = (d.numbers(), u.numbers(), b.numbers());
            T::tridiagonal_solve(&a, &d, &u, &mut b);
            results[0].write(&b);
        }
    }
}

fn eig(operands: &[Block<'_>], results: &mut [BlockMut<'_>]) {
    let n = operands[0].dim(0);
    let (mut w, mut v) = (zeros::<c64>(n), zeros::<c64>(n * n));
    let real: Vec<f64> = operands[0].numbers();
    match operands.get(1) {
        None => f64::eig(n, &real, &mut w, &mut v),
        Some(part) => {
            let imaginary: Vec<f64> = part.numbers();
            let a: Vec<c64> = real.iter().zip(imaginary).map(|(re, im)| c64::new(*re, im)).collect();
            c64::eig(n, &a, &mut w, &mut v);
        }
    }
    for (pair, values) in results.chunks_exact_mut(2).zip([&w, &v]) {
        pair[0].write(&values.iter().map(|x| x.re).collect::<Vec<f64>>());
        pair[1].write(&values.iter().map(|x| x.im).collect::<Vec<f64>>());
    }
}

fn size(result: &BlockMut<'_>) -> usize {
    result.ty.shape.size()
}
