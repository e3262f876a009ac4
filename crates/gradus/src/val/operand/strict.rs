//! The strict primitives that functions of every folder need, as plain functions: constants, counters, conversions.

use crate::val::Val;
use crate::{Array, Dtype, ErrorKind, Shape};
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

/// Tables computed while tracing become part of the program and stay small.
pub(crate) fn small_table([rows, columns]: [usize; 2]) -> Result<(), ErrorKind> {
    const LARGEST: usize = 1 << 26;
    if rows.saturating_mul(columns) <= LARGEST {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!(
        "a table of {rows} by {columns} would be part of the program; make it of `iota` at run time"
    )))
}

/// What is written out once for each of `n` elements stays a program that compiles.
///
/// # Errors
/// If there are too many of them.
pub(crate) fn written_out(n: usize, what: &str) -> Result<(), ErrorKind> {
    const MOST: usize = 1 << 16;
    if n <= MOST {
        return Ok(());
    }
    let message = format!("{n} {what} would be written out one by one, which ends at {MOST}; use `scan`");
    Err(ErrorKind::invalid(message))
}
