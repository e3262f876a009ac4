//! Cotangents of both operands, and batches: convolutions again.
//!
//! With input `x` dilated by `d`, strides `s`, kernel dilation `r` and low padding `p`, window `o` meets tap `k` at
//! input `i` where `d·i + p = s·o + r·k`. Solved for another index, the same equation is another convolution.

use super::{ConvDims, Convolution, dilated};
use crate::ops::Lanes;
use crate::ops::movement::Amounts;
use crate::trace::Val;
use crate::{Dims, Shape, Type};

/// The leading axis of `x` as part of what was axis `axis` without it: `groups` outermost, then the lanes,
/// then the rest.
fn fold_within(x: Val, axis: usize, groups: usize) -> Val {
    let shape = x.shape();
    let (lanes, extent) = (shape.dim(0), shape.dim(axis + 1));
    let rest = extent / groups;
    let split = shape.with_dim(axis + 1, rest).with_axis(axis + 1, groups);
    // [lanes, .., groups, rest, ..] -> [.., groups, lanes, rest, ..]
    x.reshape(split).move_axis(0, axis + 1).reshape(shape.without(&[0]).with_dim(axis, extent * lanes))
}

/// The leading axis of `x` as the outer part of what was axis `axis` without it.
fn fold(x: Val, axis: usize) -> Val {
    fold_within(x, axis, 1)
}

/// Undoes [`fold_within`].
fn unfold_within(x: Val, axis: usize, groups: usize, lanes: usize) -> Val {
    let shape = x.shape();
    let extent = shape.dim(axis) / lanes;
    let rest = extent / groups;
    let split = shape.with_dim(axis, rest).with_axis(axis, lanes).with_axis(axis, groups);
    // [.., groups, lanes, rest, ..] -> [lanes, .., groups, rest, ..]
    x.reshape(split).move_axis(axis + 1, 0).reshape(shape.with_dim(axis, extent).with_axis(0, lanes))
}

fn unfold(x: Val, axis: usize, lanes: usize) -> Val {
    unfold_within(x, axis, 1, lanes)
}

/// Spatial extents of an array with these roles.
fn spatial(shape: &Shape, axes: &Dims) -> Dims {
    axes.iter().map(|axis| shape.dim(*axis)).collect()
}

/// An amount that is known to fit because the arrays exist.
fn amount(x: i128) -> i64 {
    i64::try_from(x).expect("internal: an amount of padding between existing arrays")
}

impl Convolution {
    /// The cotangent of the input: the kernel, reversed, over the cotangent. `d·i + (r·(K-1) - p) + r·(..) = s·o`.
    pub(super) fn pull_input(&self, ct: Val, lhs: &Type, rhs: Val) -> Val {
        let (from, kernel, out) = (lhs.shape.clone(), rhs.shape(), ct.shape());
        if from.size() == 0 || kernel.size() == 0 || out.size() == 0 {
            return Val::full(lhs.clone(), 0.0);
        }
        let ConvDims { lhs: of_input, rhs: of_kernel, out: of_result } = &self.dims;
        let groups = self.feature_group_count * self.batch_group_count;
        // Each group's outputs are inputs now: the groups move from the outputs to the inputs.
        let regrouped = fold(unfold(rhs, of_kernel.batch, groups), of_kernel.feature);
        let reversed = regrouped.rev(&of_kernel.spatial);
        let (n, k, m) = (
            spatial(&from, &of_input.spatial),
            spatial(&kernel, &of_kernel.spatial),
            spatial(&out, &of_result.spatial),
        );
        let (mut low, mut high) = (Amounts::new(), Amounts::new());
        for axis in 0..self.num_spatial() {
            let (taps, windows) =
                (dilated(k[axis], self.rhs_dilation[axis]), dilated(m[axis], self.strides[axis]));
            let before = taps - 1 - i128::from(self.low[axis]);
            low.push(amount(before));
            high.push(amount(dilated(n[axis], self.lhs_dilation[axis]) + taps - 1 - windows - before));
        }
        let op = Convolution {
            dims: ConvDims { lhs: of_result.clone(), rhs: of_kernel.swapped(), out: of_input.clone() },
            strides: self.lhs_dilation.clone(),
            low,
            high,
            lhs_dilation: self.strides.clone(),
            rhs_dilation: self.rhs_dilation.clone(),
            feature_group_count: groups,
            batch_group_count: 1,
        };
        let pulled = ct.convolution(reversed, op);
        if self.batch_group_count == 1 {
            return pulled;
        }
        fold(unfold(pulled, of_input.feature, self.batch_group_count), of_input.batch)
    }

    /// The cotangent of the kernel: the cotangent as a kernel over the input, examples as features. `r·k = d·i
    /// + p - s·o`.
    pub(super) fn pull_kernel(&self, ct: Val, lhs: Val, rhs: &Type) -> Val {
        let (from, kernel, out) = (lhs.shape(), rhs.shape.clone(), ct.shape());
        if from.size() == 0 || kernel.size() == 0 || out.size() == 0 {
            return Val::full(rhs.clone(), 0.0);
        }
        let ConvDims { lhs: of_input, rhs: of_kernel, out: of_result } = &self.dims;
        let (n, k, m) = (
            spatial(&from, &of_input.spatial),
            spatial(&kernel, &of_kernel.spatial),
            spatial(&out, &of_result.spatial),
        );
        let high = (0..self.num_spatial()).map(|axis| {
            let (taps, windows) =
                (dilated(k[axis], self.rhs_dilation[axis]), dilated(m[axis], self.strides[axis]));
            amount(
                taps - 1 + windows - dilated(n[axis], self.lhs_dilation[axis]) - i128::from(self.low[axis]),
            )
        });
        let op = Convolution {
            dims: ConvDims { lhs: of_input.swapped(), rhs: of_result.swapped(), out: of_kernel.swapped() },
            strides: self.rhs_dilation.clone(),
            low: self.low.clone(),
            high: high.collect(),
            lhs_dilation: self.lhs_dilation.clone(),
            rhs_dilation: self.strides.clone(),
            feature_group_count: self.batch_group_count,
            batch_group_count: self.feature_group_count,
        };
        lhs.convolution(ct, op)
    }

    /// The convolution over a new leading axis of the operands marked.
    pub(super) fn batched(&self, args: &[Val], mapped: &[bool], lanes: Lanes) -> Val {
        let (input, kernel) = (args[0], args[1]);
        let ConvDims { lhs, rhs, out } = self.dims.clone();
        let mut op = self.clone();
        match (mapped[0], mapped[1]) {
            (true, true) if self.batch_group_count > 1 => {
                op.batch_group_count *= lanes.size;
                let result = fold(input, lhs.batch).convolution(fold(kernel, rhs.batch), op);
                unfold(result, out.feature, lanes.size)
            }
            (true, true) => {
                op.feature_group_count *= lanes.size;
                let result = fold(input, lhs.feature).convolution(fold(kernel, rhs.batch), op);
                unfold(result, out.feature, lanes.size)
            }
            (true, false) => {
                let folded = fold_within(input, lhs.batch, self.batch_group_count);
                unfold(folded.convolution(kernel, op), out.batch, lanes.size)
            }
            (false, _) => {
                let groups = self.feature_group_count * self.batch_group_count;
                let folded = fold_within(kernel, rhs.batch, groups);
                unfold_within(input.convolution(folded, op), out.feature, groups, lanes.size)
            }
        }
    }
}
