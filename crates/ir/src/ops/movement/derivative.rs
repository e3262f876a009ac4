//! How cotangents flow back through movements, and movements over a new leading axis.

use super::{Amounts, Movement};
use crate::ops::strided::inverse_permutation;
use crate::ops::{Lanes, Operand};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dims, Type};
use std::iter::once;

impl Movement {
    /// The cotangents of the operands, given that of the result.
    pub(super) fn pull_back(&self, ct: Val, args: &[Operand]) -> Vec<Option<Val>> {
        match self {
            Movement::Pad { low, high, interior } => return unpad(ct, args, low, high, interior),
            Movement::Concatenate { dimension } => return take_apart(ct, args, *dimension),
            _ => {}
        }
        let Operand::Linear(x) = &args[0] else { return vec![None] };
        vec![Some(match self {
            Movement::Broadcast { dims, .. } => sum_of_copies(ct, dims, x),
            Movement::Reshape { .. } => ct.reshape(x.shape.clone()),
            Movement::Transpose { permutation } => ct.transpose(&inverse_permutation(permutation)),
            Movement::Slice { starts, strides, .. } => put_back(ct, starts, strides, x),
            Movement::Rev { dimensions } => ct.rev(dimensions),
            Movement::Pad { .. } | Movement::Concatenate { .. } => unreachable!("internal: answered above"),
        })]
    }

    /// The same movement over a new leading axis.
    pub(super) fn batched(&self, args: &[Val], mapped: &[bool], lanes: Lanes) -> Val {
        let leading =
            |first: usize, list: &Dims| -> Dims { once(first).chain(list.iter().copied()).collect() };
        let behind = |axes: &Dims| -> Dims { axes.iter().map(|axis| axis + 1).collect() };
        let everywhere = |i: usize| if mapped[i] { args[i] } else { args[i].repeat_leading(lanes.size) };
        let op = match self {
            Movement::Broadcast { shape, dims } => {
                let shape = shape.with_axis(0, lanes.size);
                Movement::Broadcast { shape, dims: leading(0, &behind(dims)) }
            }
            Movement::Reshape { shape } => Movement::Reshape { shape: shape.with_axis(0, lanes.size) },
            Movement::Transpose { permutation } => {
                Movement::Transpose { permutation: leading(0, &behind(permutation)) }
            }
            Movement::Slice { starts, limits, strides } => Movement::Slice {
                starts: leading(0, starts),
                limits: leading(lanes.size, limits),
                strides: leading(1, strides),
            },
            Movement::Rev { dimensions } => Movement::Rev { dimensions: behind(dimensions) },
            Movement::Pad { low, high, interior } => {
                let none = |list: &Amounts| -> Amounts { once(0).chain(list.iter().copied()).collect() };
                let op = Movement::Pad { low: none(low), high: none(high), interior: leading(0, interior) };
                return match mapped[1] {
                    false => bind1(op, args),
                    true => pad_each(op, everywhere(0), args[1]),
                };
            }
            Movement::Concatenate { dimension } => {
                let args: Vals = (0..args.len()).map(everywhere).collect();
                return bind1(Movement::Concatenate { dimension: dimension + 1 }, &args);
            }
        };
        bind1(op, args)
    }
}

/// Pads every lane of `x` with a value of its own.
fn pad_each(op: Movement, x: Val, values: Val) -> Val {
    let ty = x.ty();
    let truth = |x: bool| Val::constant(Array::scalar(x));
    let padding = bind1(op.clone(), &[truth(false).splat(ty.shape.clone()), truth(true)]);
    let padded = bind1(op, &[x, Val::full(Type::scalar(ty.dtype), 0.0)]);
    padding.select(values.broadcast(padded.shape(), &[0]), padded)
}

/// The transpose of a slice: the elements return to where they came from, amid zeros.
fn put_back(ct: Val, starts: &[usize], strides: &[usize], x: &Type) -> Val {
    let shape = ct.shape();
    let low = starts.iter().map(|start| *start as i64);
    let behind = |axis: usize| match shape.dim(axis) {
        0 => starts[axis],
        n => starts[axis] + (n - 1) * strides[axis] + 1,
    };
    let high = (0..x.rank()).map(|axis| (x.shape.dim(axis) - behind(axis)) as i64);
    // The distance between the only neighbours of one element means nothing, and may be huge.
    let interior = (0..x.rank()).map(|axis| if shape.dim(axis) > 1 { strides[axis] - 1 } else { 0 });
    let op = Movement::Pad { low: low.collect(), high: high.collect(), interior: interior.collect() };
    bind1(op, &[ct, Val::full(Type::scalar(x.dtype), 0.0)])
}

/// The transpose of a pad: the elements' own cotangents, and the sum of all others for the padding value.
fn unpad(ct: Val, args: &[Operand], low: &[i64], high: &[i64], interior: &[usize]) -> Vec<Option<Val>> {
    let shape = match &args[0] {
        Operand::Known(x) => x.shape(),
        Operand::Linear(x) => x.shape.clone(),
    };
    let (below, above) = (low.iter().map(|n| -(*n).min(0)), high.iter().map(|n| -(*n).min(0)));
    let restored = Movement::Pad {
        low: below.collect(),
        high: above.collect(),
        interior: Dims::from_elem(0, shape.rank()),
    };
    let is_cut = low.iter().chain(high).any(|n| *n < 0);
    let zero = || Val::full(Type::scalar(ct.ty().dtype), 0.0);
    let whole = if is_cut { bind1(restored, &[ct, zero()]) } else { ct };
    let starts: Dims = low.iter().map(|n| (*n).max(0) as usize).collect();
    let len = |axis: usize| shape.dim(axis) + shape.dim(axis).saturating_sub(1) * interior[axis];
    let limits: Dims = (0..shape.rank()).map(|axis| starts[axis] + len(axis)).collect();
    let strides: Dims = interior.iter().map(|n| n + 1).collect();
    let own = whole.slice(&starts, &limits, &strides);
    let all_axes: Dims = (0..shape.rank()).collect();
    vec![
        args[0].known().is_none().then_some(own),
        args[1].known().is_none().then(|| ct.reduce_sum(&all_axes) - own.reduce_sum(&all_axes)),
    ]
}

/// The transpose of a concatenation: each operand's part.
fn take_apart(ct: Val, args: &[Operand], dimension: usize) -> Vec<Option<Val>> {
    let mut start = 0;
    let part = |arg: &Operand| {
        let extent = match arg {
            Operand::Known(x) => x.shape().dim(dimension),
            Operand::Linear(x) => x.shape.dim(dimension),
        };
        start += extent;
        arg.known().is_none().then(|| ct.slice_axis(dimension, start - extent, start))
    };
    args.iter().map(part).collect()
}

/// The copies that a broadcast made add their cotangents.
fn sum_of_copies(ct: Val, dims: &[usize], x: &Type) -> Val {
    let shape = ct.shape();
    let repeated = |axis: usize| match dims.iter().position(|d| *d == axis) {
        Some(i) => x.shape.dim(i) != shape.dim(axis),
        None => shape.dim(axis) != 1,
    };
    let axes: Dims = (0..shape.rank()).filter(|axis| repeated(*axis)).collect();
    ct.reduce_sum(&axes).reshape(x.shape.clone())
}
