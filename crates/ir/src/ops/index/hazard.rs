//! Indices out of bounds, found out where a call is to be checked.

use super::Indexing;
use crate::trace::Val;
use crate::{Dims, Shape};

impl Indexing {
    /// Whether every window lies inside of the operand: a scalar bool.
    pub(super) fn in_bounds(&self, args: &[Val]) -> Val {
        let operand = args[0].shape();
        let starts = |sizes: &[usize], starts: &[Val]| {
            let each = starts.iter().enumerate().map(|(axis, start)| {
                let last = operand.dim(axis).saturating_sub(sizes[axis]);
                start.ge(start.zeros_like()) & start.le(start.full_like(last as f64))
            });
            each.reduce(|a, b| a & b).unwrap_or_else(|| Val::constant(crate::Array::scalar(true)))
        };
        match self {
            Indexing::DynamicSlice { sizes } => starts(sizes, &args[1..]),
            Indexing::DynamicUpdateSlice => starts(&args[1].shape().dims(), &args[2..]),
            Indexing::Gather(gather) => {
                windows_in_bounds(&operand, &gather.dims.start_index_map, &gather.slice_sizes, args[1])
            }
            Indexing::Scatter(scatter) | Indexing::ScatterBy { scatter, .. } => {
                let sizes = scatter.dims.window_sizes(operand.rank(), &args[2].shape());
                windows_in_bounds(&operand, &scatter.dims.scatter_dims_to_operand_dims, &sizes, args[1])
            }
        }
    }
}

/// Whether each entry of the index vectors, along the last axis of `indices`, is a start inside of its axis.
fn windows_in_bounds(operand: &Shape, axes: &Dims, sizes: &[usize], indices: Val) -> Val {
    let last: Vec<f64> =
        axes.iter().map(|axis| operand.dim(*axis).saturating_sub(sizes[*axis]) as f64).collect();
    let ty = indices.ty();
    let bounds = crate::Array::from_f64(&ty.with_shape(vec![last.len()]), last);
    let bounds = Val::constant(bounds).broadcast(ty.shape.clone(), &[ty.rank() - 1]);
    let inside = indices.ge(indices.zeros_like()) & indices.le(bounds);
    inside.reduce_and(&(0..ty.rank()).collect::<Vec<_>>())
}
