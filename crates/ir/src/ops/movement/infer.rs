//! What operands and attributes of movements must satisfy.

use super::Movement;
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
        }
    }
    pub(super) fn result_type(&self, args: &[&Type]) -> Result<Type, ErrorKind> {
        let x = args[0];
        match self {
            Movement::Broadcast { shape, dims } => broadcast(x, shape, dims),
            Movement::Reshape { shape } => reshape(x, shape),
            Movement::Transpose { permutation } => transpose(x, permutation),
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
