//! What operands and attributes of movements must satisfy.

use super::{Movement, padded_len, slice_len};
use crate::ops::strided::{are_distinct_axes, are_increasing_axes};
use crate::{Dims, ErrorKind, Shape, Type};

impl Movement {
    pub(super) fn sentences(&self) -> &'static [&'static str] {
        match self {
            Movement::Broadcast { .. } => &[
                "`dims` has one entry for each operand axis, strictly increasing, each an axis of the result.",
                "Each operand extent is 1 or the extent of its result axis.",
            ],
            Movement::Reshape { .. } => &["The operand has as many elements as `shape` holds."],
            Movement::Transpose { .. } => &["`permutation` names each axis of the operand once."],
            Movement::Slice { .. } => &[
                "`starts`, `limits` and `strides` have one entry for each operand axis.",
                "Along each axis the start is at most the limit, and the limit at most the extent.",
                "Each stride is at least 1.",
            ],
            Movement::Pad { .. } => &[
                "`low`, `high` and `interior` have one entry for each operand axis.",
                "The second operand is a scalar.",
                "Both operands have the same element type.",
                "No more is cut off an axis than there is.",
            ],
            Movement::Concatenate { .. } => &[
                "`dimension` is an axis of the operands.",
                "All operands have the same element type.",
                "All operands have the same shape but for the extent of `dimension`.",
            ],
            Movement::Rev { .. } => &["`dimensions` are axes of the operand, strictly increasing."],
        }
    }
    pub(super) fn result_type(&self, args: &[&Type]) -> Result<Type, ErrorKind> {
        let x = args[0];
        match self {
            Movement::Broadcast { shape, dims } => broadcast(x, shape, dims),
            Movement::Reshape { shape } => reshape(x, shape),
            Movement::Transpose { permutation } => transpose(x, permutation),
            Movement::Slice { starts, limits, strides } => slice(x, starts, limits, strides),
            Movement::Pad { low, high, interior } => pad(x, args[1], low, high, interior),
            Movement::Concatenate { dimension } => concatenate(args, *dimension),
            Movement::Rev { dimensions } => rev(x, dimensions),
        }
    }
}

fn refuse<T>(number: u8, message: String) -> Result<T, ErrorKind> {
    Err(ErrorKind::constraint(number, message))
}

fn broadcast(x: &Type, shape: &Shape, dims: &Dims) -> Result<Type, ErrorKind> {
    if dims.len() != x.rank() || !are_increasing_axes(dims, shape.rank()) {
        return refuse(
            1,
            format!(
                "dims {dims:?} do not place the axes of {x} in {shape}; give a result axis for each, increasing"
            ),
        );
    }
    if dims.iter().enumerate().any(|(i, d)| x.shape.dim(i) != 1 && x.shape.dim(i) != shape.dim(*d)) {
        return refuse(
            2,
            format!("{x} does not broadcast to {shape} along dims {dims:?}; only axes of extent 1 repeat"),
        );
    }
    Ok(x.with_shape(shape.clone()))
}

fn reshape(x: &Type, shape: &Shape) -> Result<Type, ErrorKind> {
    if x.shape.size() != shape.size() {
        let (have, want) = (x.shape.size(), shape.size());
        return refuse(1, format!("{x} has {have} elements, but {shape} holds {want}; the sizes must agree"));
    }
    Ok(x.with_shape(shape.clone()))
}

fn transpose(x: &Type, permutation: &[usize]) -> Result<Type, ErrorKind> {
    if permutation.len() != x.rank() || !are_distinct_axes(permutation, x.rank()) {
        let message =
            format!("permutation {permutation:?} does not name each of the {} axes of {x} once", x.rank());
        return refuse(1, message);
    }
    Ok(x.with_shape(permutation.iter().map(|axis| x.shape.dim(*axis)).collect::<Shape>()))
}

fn slice(x: &Type, starts: &[usize], limits: &[usize], strides: &[usize]) -> Result<Type, ErrorKind> {
    if [starts, limits, strides].iter().any(|list| list.len() != x.rank()) {
        let lists = format!("starts {starts:?}, limits {limits:?} and strides {strides:?}");
        return refuse(1, format!("{lists} need one entry for each of the {} axes of {x}", x.rank()));
    }
    for axis in 0..x.rank() {
        let (start, limit, stride) = (starts[axis], limits[axis], strides[axis]);
        if start > limit || limit > x.shape.dim(axis) {
            let message =
                format!("{start}..{limit} is no range of axis {axis} of {x}; it must lie in its extent");
            return refuse(2, message);
        }
        if stride == 0 {
            return refuse(3, format!("the stride along axis {axis} of {x} is 0; it must be at least 1"));
        }
    }
    let len = |axis: usize| slice_len(starts[axis], limits[axis], strides[axis]);
    Ok(x.with_shape((0..x.rank()).map(len).collect::<Shape>()))
}

fn pad(x: &Type, value: &Type, low: &[i64], high: &[i64], interior: &[usize]) -> Result<Type, ErrorKind> {
    if [low.len(), high.len(), interior.len()].iter().any(|len| *len != x.rank()) {
        let lists = format!("low {low:?}, high {high:?} and interior {interior:?}");
        return refuse(1, format!("{lists} need one entry for each of the {} axes of {x}", x.rank()));
    }
    if value.rank() != 0 {
        return refuse(2, format!("{x} is padded with one scalar, not with {value}"));
    }
    if value.dtype != x.dtype {
        let (lhs, rhs, hint) = (x.clone(), value.clone(), "convert one of them");
        return Err(ErrorKind::DtypeMismatch { number: 3, lhs: lhs.into(), rhs: rhs.into(), hint });
    }
    let len = |axis: usize| {
        let len = padded_len(x.shape.dim(axis), low[axis], high[axis], interior[axis]);
        if len < 0 {
            let message =
                format!("low {low:?} and high {high:?} cut more off axis {axis} of {x} than there is");
            return refuse(4, message);
        }
        // What does not fit is refused with the result's type, as larger than any memory.
        Ok(usize::try_from(len).unwrap_or(usize::MAX))
    };
    Ok(x.with_shape((0..x.rank()).map(len).collect::<Result<Shape, _>>()?))
}

fn concatenate(args: &[&Type], dimension: usize) -> Result<Type, ErrorKind> {
    let first = args[0];
    if dimension >= first.rank() {
        return refuse(
            1,
            format!("axis {dimension} does not exist in {first}; it has {} axes", first.rank()),
        );
    }
    for other in &args[1..] {
        if other.dtype != first.dtype {
            let (lhs, rhs, hint) = (first.clone(), (*other).clone(), "convert one of them");
            return Err(ErrorKind::DtypeMismatch { number: 2, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        if other.rank() != first.rank()
            || other.shape.with_dim(dimension, 0) != first.shape.with_dim(dimension, 0)
        {
            let (lhs, rhs) = (first.shape.clone(), other.shape.clone());
            let hint = "only the extents along the concatenated axis may";
            return Err(ErrorKind::ShapeMismatch { number: 3, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
    }
    let total = args.iter().fold(0usize, |total, ty| total.saturating_add(ty.shape.dim(dimension)));
    Ok(first.with_shape(first.shape.with_dim(dimension, total)))
}

fn rev(x: &Type, dimensions: &[usize]) -> Result<Type, ErrorKind> {
    if !are_increasing_axes(dimensions, x.rank()) {
        let message =
            format!("dimensions {dimensions:?} are not axes of {x} in increasing order, none twice");
        return refuse(1, message);
    }
    Ok(x.clone())
}
