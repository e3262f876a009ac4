//! Index arithmetic of row-major arrays, which evaluation and kernels share.

use crate::{Array, Shape};
use smallvec::SmallVec;

/// How a result is read from an operand: element `i` of the result is the operand's element `offset + Σ iₖ stridesₖ`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Position of the first element.
    pub offset: usize,
    /// Positions between neighbours along each axis of the result; 0 repeats, negative ones walk back.
    pub strides: SmallVec<[isize; 4]>,
}

impl View {
    /// The view whose axis `k` walks along axis `axes[k]` of an array of `shape`.
    pub fn of_axes(shape: &Shape, axes: &[usize]) -> View {
        let strides = shape.strides();
        View { offset: 0, strides: axes.iter().map(|axis| strides[*axis] as isize).collect() }
    }
    /// The positions read by a result of `shape`, in row-major order.
    pub fn positions(&self, shape: &Shape) -> Vec<usize> {
        debug_assert_eq!(shape.rank(), self.strides.len(), "internal: a stride for each axis");
        // Other extents than the one that is 0 may have a product that no list holds.
        if shape.size() == 0 {
            return vec![];
        }
        let mut positions = vec![self.offset];
        for (axis, &stride) in self.strides.iter().enumerate() {
            let extent = shape.dim(axis);
            let mut longer = Vec::with_capacity(positions.len() * extent);
            for start in positions {
                longer.extend((0..extent as isize).map(|i| start.wrapping_add_signed(i * stride)));
            }
            positions = longer;
        }
        positions
    }
    /// The array of `shape` that reads `x` in this way.
    pub(crate) fn read(&self, x: &Array, shape: &Shape) -> Array {
        x.take(shape, &self.positions(shape))
    }
}

/// The axes of an array of `rank` that are in none of `lists`, increasing.
pub fn other_axes(rank: usize, lists: &[&[usize]]) -> crate::Dims {
    (0..rank).filter(|axis| !lists.iter().any(|list| list.contains(axis))).collect()
}

/// Whether `axes` are strictly increasing axes of an array of `rank`.
pub(crate) fn are_increasing_axes(axes: &[usize], rank: usize) -> bool {
    axes.windows(2).all(|pair| pair[0] < pair[1]) && axes.iter().all(|axis| *axis < rank)
}

/// Whether `axes` are axes of an array of `rank`, none twice.
pub(crate) fn are_distinct_axes(axes: &[usize], rank: usize) -> bool {
    axes.iter().enumerate().all(|(i, axis)| *axis < rank && !axes[..i].contains(axis))
}

/// The permutation that puts `axes[k]` at position `k`, undone.
pub(crate) fn inverse_permutation(permutation: &[usize]) -> crate::Dims {
    let mut inverse = crate::Dims::from_elem(0, permutation.len());
    for (k, axis) in permutation.iter().enumerate() {
        inverse[*axis] = k;
    }
    inverse
}

/// The positions of `axes` in increasing order of axis.
pub(crate) fn argsort(axes: &[usize]) -> crate::Dims {
    let mut order: crate::Dims = (0..axes.len()).collect();
    order.sort_by_key(|k| axes[*k]);
    order
}
