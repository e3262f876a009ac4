//! What `per_lane` stands for: zeros for the lanes that do not run, and sums over those that do.
//!
//! A sum of products over lanes, such as the gradient of a matrix that they share, is one product: the results of the
//! lanes are not stacked.

use super::{PerLane, axes, or_zero};
use crate::ops::contract::{Contraction, DotDims};
use crate::ops::elementwise::Binary;
use crate::ops::movement::Movement;
use crate::program::Var;
use crate::trace::{Val, Vals, at_place, bind};
use crate::{Dims, Equation, Op, Program};

/// The results of `op` by `program`, its Program with all lanes' axes in front of every result.
pub(super) fn masked_results(op: &PerLane, program: &Program, mask: Val, inputs: &[Val]) -> Vec<Val> {
    let mut values = inputs.to_vec();
    let mut defined: Vec<Option<&Equation>> = vec![None; inputs.len()];
    for eqn in program.equations() {
        let args: Vals = eqn.args.iter().map(|arg| values[arg.index()]).collect();
        values.extend(at_place(eqn.place, || bind(eqn.op.clone(), &args)));
        defined.resize(values.len(), Some(eqn));
    }
    let lanes = Summed { mask, num_lanes: op.lanes, values: &values, defined: &defined };
    let result = |(var, bits): (&Var, &usize)| {
        let left_out: Dims = axes(op.lanes, op.all() & !bits).collect();
        match left_out.is_empty() {
            true => or_zero(mask, values[var.index()]),
            false => lanes.sum(*var, &left_out),
        }
    };
    program.results().iter().zip(&op.results).map(result).collect()
}

/// Values of a Program that have the lanes' axes in front, and how they are computed.
struct Summed<'a> {
    mask: Val,
    num_lanes: usize,
    values: &'a [Val],
    defined: &'a [Option<&'a Equation>],
}

impl Summed<'_> {
    /// The sum of `var` over lanes that run, along `axes`; along the other lanes' axes those that do not are zeros.
    fn sum(&self, var: Var, axes: &Dims) -> Val {
        let eqn = self.defined[var.index()];
        let moved = eqn.and_then(|eqn| match &eqn.op {
            Op::Contraction(Contraction::DotGeneral(dims)) => self.sum_of_products(eqn, dims, axes),
            Op::Binary(Binary::Add) => Some(self.sum(eqn.args[0], axes) + self.sum(eqn.args[1], axes)),
            Op::Movement(Movement::Transpose { permutation }) => {
                let stay = (0..self.num_lanes).all(|axis| permutation[axis] == axis);
                stay.then(|| self.sum(eqn.args[0], axes).transpose(&without(permutation, axes)))
            }
            _ => None,
        });
        moved.unwrap_or_else(|| sum_along(or_zero(self.mask, self.values[var.index()]), axes))
    }
    /// Σ xᵢ·yᵢ = x·y, contracted over the lanes too: where both have them, and lanes that do not run are zeros in both.
    fn sum_of_products(&self, eqn: &Equation, dims: &DotDims, axes: &Dims) -> Option<Val> {
        let n = self.num_lanes;
        let (lhs, rhs) = (dims.lhs_batch.get(..n)?, dims.rhs_batch.get(..n)?);
        let [x, y] = [self.values[eqn.args[0].index()], self.values[eqn.args[1].index()]];
        let masked = |v: Val, own: &[usize]| {
            own.is_sorted().then(|| self.mask.broadcast(v.shape(), own).select(v, v.zeros_like()))
        };
        let (x, y) = (masked(x, lhs)?, masked(y, rhs)?);
        let contracted = |own: &Dims, batch: &Dims| -> Dims {
            own.iter().copied().chain(axes.iter().map(|axis| batch[*axis])).collect()
        };
        let left = |batch: &Dims| -> Dims {
            (0..batch.len()).filter(|i| !axes.contains(i)).map(|i| batch[i]).collect()
        };
        let dims = DotDims {
            lhs_contracting: contracted(&dims.lhs_contracting, &dims.lhs_batch),
            rhs_contracting: contracted(&dims.rhs_contracting, &dims.rhs_batch),
            lhs_batch: left(&dims.lhs_batch),
            rhs_batch: left(&dims.rhs_batch),
        };
        Some(x.dot_general(y, dims))
    }
}

/// The permutation of the axes that are left.
fn without(permutation: &Dims, axes: &Dims) -> Dims {
    let renumbered = |axis: &usize| axis - axes.iter().filter(|left_out| *left_out < axis).count();
    permutation.iter().filter(|axis| !axes.contains(axis)).map(renumbered).collect()
}

fn sum_along(v: Val, axes: &Dims) -> Val {
    match v.ty().is_tape() {
        true => Val::map_tapes(&[v], |elements| sum_along(elements[0], axes)),
        false => v.reduce_sum(axes),
    }
}
