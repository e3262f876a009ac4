//! What the operands of decompositions and systems must be, and the types of their results.

use super::Linalg;
use crate::ops::Infer;
use crate::{Dtype, ErrorKind, Shape, Type};

const MATRICES: &str = "The operand's last two axes are those of matrices.";
const FLOATS: &str = "The element type is f32 or f64.";
const NUMBERS: &str = "The element type is f32, f64, complex64 or complex128.";
const SQUARE: &str = "The matrices are square.";
const SAME_DTYPE: &str = "All operands have the same element type.";

pub(super) fn constraints(op: &Linalg) -> &'static [&'static str] {
    match op {
        Linalg::Cholesky | Linalg::Eigh { .. } => &[MATRICES, NUMBERS, SQUARE],
        Linalg::Eig { .. } => {
            &[MATRICES, FLOATS, SQUARE, "The imaginary part has the type of the real part."]
        }
        Linalg::Lu => &[MATRICES, NUMBERS, "There are no more rows than `i32` counts."],
        Linalg::Qr { .. } | Linalg::Svd { .. } => &[MATRICES, NUMBERS],
        Linalg::TriangularSolve { .. } => &[
            "The operands' last two axes are those of matrices, and they have as many axes.",
            NUMBERS,
            "The matrices of the first operand are square.",
            SAME_DTYPE,
            "Leading axes have the same extents.",
            "The right side has as many rows, or columns if not `left_side`, as the matrix.",
        ],
        Linalg::TridiagonalSolve => &[
            "The right side has one more axis than each diagonal, which has one at least.",
            NUMBERS,
            SAME_DTYPE,
            "The three diagonals have the same shape: that of the right side without its last axis.",
        ],
    }
}

/// Eigenvalues of any matrix take its parts: they are complex where the matrix is real.
fn numbers(op: &Linalg, ty: &Type) -> Result<(), ErrorKind> {
    let real = matches!(op, Linalg::Eig { .. });
    match ty.dtype {
        Dtype::F32 | Dtype::F64 => Ok(()),
        Dtype::Complex64 | Dtype::Complex128 if !real => Ok(()),
        _ => {
            let wanted = if real { "f32 or f64" } else { "f32, f64, complex64 or complex128" };
            Err(ErrorKind::constraint(2, format!("takes {wanted}, not {ty}; convert it first")))
        }
    }
}

fn matrices(ty: &Type) -> Result<(), ErrorKind> {
    if ty.rank() < 2 {
        let message = format!("{ty} holds no matrices; give it two axes at least");
        return Err(ErrorKind::constraint(1, message));
    }
    Ok(())
}

fn square(ty: &Type) -> Result<usize, ErrorKind> {
    let [.., m, n] = ty.shape.dims()[..] else { unreachable!("internal: a matrix") };
    if m != n {
        let message = format!("the matrices of {ty} are not square but {m} by {n}");
        return Err(ErrorKind::constraint(3, message));
    }
    Ok(n)
}

fn same_dtype(number: u8, args: &[&Type]) -> Result<(), ErrorKind> {
    match args.iter().find(|ty| ty.dtype != args[0].dtype) {
        Some(other) => {
            let (lhs, rhs, hint) = (args[0].clone(), (*other).clone(), "convert one of them");
            Err(ErrorKind::DtypeMismatch { number, lhs: lhs.into(), rhs: rhs.into(), hint })
        }
        None => Ok(()),
    }
}

/// The type with other extents in place of the last two.
fn with_matrix(ty: &Type, core: &[usize]) -> Type {
    let batch = ty.rank() - 2;
    ty.with_shape(ty.shape.dims().into_iter().take(batch).chain(core.iter().copied()).collect::<Shape>())
}

pub(super) fn infer(op: &Linalg, args: &[&Type]) -> Infer {
    let ty = args[0];
    match op {
        Linalg::TriangularSolve { left_side, .. } => return triangular(op, *left_side, ty, args[1]),
        Linalg::TridiagonalSolve => return tridiagonal(op, args),
        _ => {}
    }
    matrices(ty)?;
    numbers(op, ty)?;
    let real = ty.with_dtype(ty.dtype.real());
    let [.., m, n] = ty.shape.dims()[..] else { unreachable!("internal: a matrix") };
    let (k, i32s) = (m.min(n), ty.with_dtype(Dtype::I32));
    Ok(match op {
        Linalg::Cholesky => {
            square(ty)?;
            vec![ty.clone()]
        }
        Linalg::Eigh { compute_vectors } => {
            let values = with_matrix(&real, &[square(ty)?]);
            if *compute_vectors { vec![values, ty.clone()] } else { vec![values] }
        }
        Linalg::Eig { compute_vectors } => {
            let values = with_matrix(ty, &[square(ty)?]);
            if let Some(other) = args.iter().find(|other| **other != ty) {
                let message =
                    format!("the real part {ty} and the imaginary part {other} are of different types");
                return Err(ErrorKind::constraint(4, message));
            }
            let vectors = [ty.clone(), ty.clone()];
            let values = [values.clone(), values];
            if *compute_vectors { values.into_iter().chain(vectors).collect() } else { values.into() }
        }
        Linalg::Lu if i32::try_from(m).is_err() => {
            let message =
                format!("the matrices of {ty} have {m} rows, whose numbers are none of i32; factor blocks");
            return Err(ErrorKind::constraint(3, message));
        }
        Linalg::Lu => vec![ty.clone(), with_matrix(&i32s, &[k]), with_matrix(&i32s, &[m])],
        Linalg::Qr { full_matrices } => {
            let inner = if *full_matrices { m } else { k };
            vec![with_matrix(ty, &[m, inner]), with_matrix(ty, &[inner, n])]
        }
        Linalg::Svd { compute_uv: false, .. } => vec![with_matrix(&real, &[k])],
        Linalg::Svd { full_matrices, .. } => {
            let (left, right) = if *full_matrices { (m, n) } else { (k, k) };
            vec![with_matrix(&real, &[k]), with_matrix(ty, &[m, left]), with_matrix(ty, &[right, n])]
        }
        Linalg::TriangularSolve { .. } | Linalg::TridiagonalSolve => unreachable!("internal: seen above"),
    })
}

fn triangular(op: &Linalg, left_side: bool, a: &Type, b: &Type) -> Infer {
    matrices(a)?;
    matrices(b)?;
    if a.rank() != b.rank() {
        let message =
            format!("{a} and {b} have different numbers of axes; repeat one of them over the batch");
        return Err(ErrorKind::constraint(1, message));
    }
    numbers(op, a)?;
    let n = square(a)?;
    same_dtype(4, &[a, b])?;
    let batch = a.rank() - 2;
    if a.shape.extents()[..batch] != b.shape.extents()[..batch] {
        let (lhs, rhs) = (a.shape.clone(), b.shape.clone());
        let hint = "leading axes are batches and must agree";
        return Err(ErrorKind::ShapeMismatch { number: 5, lhs: lhs.into(), rhs: rhs.into(), hint });
    }
    let (axis, what) = if left_side { (batch, "rows") } else { (batch + 1, "columns") };
    if b.shape.dim(axis) != n {
        let message = format!("a matrix of {a} needs {n} {what} of the right side, not those of {b}");
        return Err(ErrorKind::constraint(6, message));
    }
    Ok(vec![b.clone()])
}

fn tridiagonal(op: &Linalg, args: &[&Type]) -> Infer {
    let [lower, diagonal, upper, b] = args else { unreachable!("internal: four operands") };
    if diagonal.rank() == 0 || b.rank() != diagonal.rank() + 1 {
        let message = format!("diagonals {diagonal} go with a right side of one more axis, not {b}");
        return Err(ErrorKind::constraint(1, message));
    }
    numbers(op, b)?;
    same_dtype(3, args)?;
    let wanted = b.shape.without(&[b.rank() - 1]);
    for shape in [lower, diagonal, upper].map(|ty| &ty.shape) {
        if *shape != wanted {
            let hint = "each diagonal has the shape of the right side without its last axis";
            return Err(ErrorKind::ShapeMismatch {
                number: 4,
                lhs: Box::new(shape.clone()),
                rhs: Box::new(b.shape.clone()),
                hint,
            });
        }
    }
    Ok(vec![(*b).clone()])
}
