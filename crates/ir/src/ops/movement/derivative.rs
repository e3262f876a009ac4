//! How cotangents flow back through movements, and movements over a new leading axis.

use super::Movement;
use crate::ops::strided::inverse_permutation;
use crate::ops::{Lanes, Operand};
use crate::trace::{Val, bind1};
use crate::{Dims, Type};

impl Movement {
    /// The cotangents of the operands, given that of the result.
    pub(super) fn pull_back(&self, ct: Val, args: &[Operand]) -> Vec<Option<Val>> {
        let Operand::Linear(x) = &args[0] else { return vec![None] };
        vec![Some(match self {
            Movement::Broadcast { dims, .. } => sum_of_copies(ct, dims, x),
            Movement::Reshape { .. } => ct.reshape(x.shape.clone()),
            Movement::Transpose { permutation } => ct.transpose(&inverse_permutation(permutation)),
        })]
    }

    /// The same movement over a new leading axis.
    pub(super) fn batched(&self, args: &[Val], _mapped: &[bool], lanes: Lanes) -> Val {
        let after = |dims: &Dims| std::iter::once(0).chain(dims.iter().map(|d| d + 1)).collect();
        let op = match self {
            Movement::Broadcast { shape, dims } => {
                Movement::Broadcast { shape: shape.with_axis(0, lanes.size), dims: after(dims) }
            }
            Movement::Reshape { shape } => Movement::Reshape { shape: shape.with_axis(0, lanes.size) },
            Movement::Transpose { permutation } => Movement::Transpose { permutation: after(permutation) },
        };
        bind1(op, args)
    }
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
