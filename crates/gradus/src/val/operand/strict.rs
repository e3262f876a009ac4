//! The strict primitives by plain functions: the only file of `val`, with `elementwise`, that names them.

use crate::val::Val;
use crate::{Array, Dtype, Shape};
use gradus_ir::ops::source::Source;
use gradus_ir::{Val as Strict, bind1};

/// Data of the program itself.
#[track_caller]
pub(crate) fn constant(array: Array) -> Strict {
    bind1(Source::Constant(array), &[])
}
/// The index along `axis` at every element.
#[track_caller]
pub(crate) fn iota(dtype: Dtype, shape: &Shape, axis: usize) -> Strict {
    bind1(Source::Iota { ty: crate::Type::new(dtype, shape.clone()), dimension: axis }, &[])
}
/// Elements of another type; nothing is written if they are of it.
#[track_caller]
pub(crate) fn convert(x: Strict, dtype: Dtype) -> Strict {
    if x.is_poisoned() || x.ty().dtype == dtype { x } else { x.convert(dtype) }
}
/// [`convert`] of a value that may be a literal, which is not rounded before.
#[track_caller]
pub(crate) fn convert_literal(x: Val, dtype: Dtype) -> Strict {
    match x.literal() {
        Some(literal) => literal.write(dtype),
        None => convert(x.ir(), dtype),
    }
}
/// Repeated to `shape`, aligned at the last axis; nothing is written if it has that shape.
#[track_caller]
pub(crate) fn broadcast(x: Strict, shape: &Shape) -> Strict {
    if x.is_poisoned() || x.shape() == *shape {
        return x;
    }
    let rank = x.shape().rank();
    let dims: Vec<usize> = (shape.rank() - rank..shape.rank()).collect();
    x.broadcast(shape.clone(), &dims)
}
/// The sum along axes.
#[track_caller]
pub(crate) fn sum(x: Strict, axes: &[usize]) -> Strict {
    x.reduce_sum(axes)
}
