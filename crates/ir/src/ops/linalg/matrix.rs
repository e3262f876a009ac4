//! Formulas over batches of matrices: the words in which derivatives of decompositions are written.

use crate::ops::contract::DotDims;
use crate::ops::index::IndexMode;
use crate::trace::Val;
use crate::{Dims, Dtype, Shape};

/// Axes before those of the matrix.
fn batch_rank(x: Val) -> usize {
    x.shape().rank() - 2
}

/// The matrices transposed.
#[track_caller]
pub fn transposed(x: Val) -> Val {
    let batch = batch_rank(x);
    let axes: Dims = (0..batch).chain([batch + 1, batch]).collect();
    x.transpose(&axes)
}

/// The matrices transposed and conjugated.
#[track_caller]
pub fn adjoint(x: Val) -> Val {
    conjugate(transposed(x))
}

/// The conjugated elements; real ones are their own.
#[track_caller]
pub fn conjugate(x: Val) -> Val {
    if x.ty().dtype.is_complex() { x.conj() } else { x }
}

/// The real parts; real elements are their own.
#[track_caller]
pub fn real_part(x: Val) -> Val {
    if x.ty().dtype.is_complex() { x.real() } else { x }
}

/// The products of matrices.
#[track_caller]
pub fn product(x: Val, y: Val) -> Val {
    let batch = batch_rank(x);
    let axes: Dims = (0..batch).collect();
    x.dot_general(y, DotDims::contracting(&[batch + 1], &[batch]).batch(&axes, &axes))
}

/// Where the column is at most `above` right of the row's diagonal element.
fn is_lower(x: Val, above: i64) -> Val {
    let (row, column) = positions(x);
    row.ge(column - Val::full(row.ty(), above as f64))
}

fn positions(x: Val) -> (Val, Val) {
    let (ty, batch) = (x.ty(), batch_rank(x));
    let dtype = Dtype::of_index(ty.shape.dim(batch).max(ty.shape.dim(batch + 1)));
    let ty = ty.with_dtype(dtype);
    (Val::iota(ty.clone(), batch), Val::iota(ty, batch + 1))
}

/// The lower triangle up to the diagonal `above` the main one (below it if negative), and zeros.
#[track_caller]
pub fn lower(x: Val, above: i64) -> Val {
    is_lower(x, above).select(x, x.zeros_like())
}

/// The upper triangle from the diagonal `above` the main one on, and zeros.
#[track_caller]
pub fn upper(x: Val, above: i64) -> Val {
    is_lower(x, above - 1).select(x.zeros_like(), x)
}

/// Ones on the diagonals of matrices as those of `x`.
#[track_caller]
pub fn identity_like(x: Val) -> Val {
    let (row, column) = positions(x);
    row.eq(column).select(x.ones_like(), x.zeros_like())
}

/// The diagonals of square matrices.
#[track_caller]
pub fn diagonal(x: Val) -> Val {
    let (row, column) = positions(x);
    let batch = batch_rank(x);
    row.eq(column).select(x, x.zeros_like()).reduce_sum(&[batch + 1])
}

/// One vector for each matrix, repeated as every row of matrices of shape `shape`.
#[track_caller]
pub fn as_rows(vectors: Val, shape: &Shape) -> Val {
    let batch = shape.rank() - 2;
    let axes: Dims = (0..batch).chain([batch + 1]).collect();
    vectors.broadcast(shape.clone(), &axes)
}

/// One vector for each matrix, repeated as every column of matrices of shape `shape`.
#[track_caller]
pub fn as_columns(vectors: Val, shape: &Shape) -> Val {
    let axes: Dims = (0..shape.rank() - 1).collect();
    vectors.broadcast(shape.clone(), &axes)
}

/// The columns `start..limit`.
#[track_caller]
pub fn columns(x: Val, start: usize, limit: usize) -> Val {
    x.slice_axis(batch_rank(x) + 1, start, limit)
}

/// The rows `start..limit`.
#[track_caller]
pub fn rows(x: Val, start: usize, limit: usize) -> Val {
    x.slice_axis(batch_rank(x), start, limit)
}

/// The Hermitian matrices whose lower triangles are those of `x`; imaginary parts on the diagonal do not count.
#[track_caller]
pub fn hermitian_of_lower(x: Val) -> Val {
    let below = lower(x, -1);
    if !x.ty().dtype.is_complex() {
        return lower(x, 0) + adjoint(below);
    }
    let diagonal = lower(x, 0) - below;
    below + adjoint(below) + (diagonal + adjoint(diagonal)) / 2.0
}

/// Row `i` is row `permutation[i]` of `x`, in every matrix.
#[track_caller]
pub fn permuted_rows(x: Val, permutation: Val) -> Val {
    let indices = as_columns(permutation, &x.shape());
    x.take_along_axis(indices, batch_rank(x), IndexMode::PromiseInBounds)
}
