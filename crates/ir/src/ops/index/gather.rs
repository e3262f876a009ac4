//! `gather`: windows of the operand, at computed places.

use super::windows::{GatherDims, IndexMode, Names, Windows, check_dims, check_window_dims, default_fill};
use super::{Gather, Indexing, Scatter};
use crate::ops::Lanes;
use crate::ops::monoid::Monoid;
use crate::trace::{Val, bind1};
use crate::{Array, Dims, ErrorKind, Type};

pub(super) const SENTENCES: &[&str] = &[
    "The indices are integers.",
    "The last axis of the indices has an entry for each of `start_index_map`.",
    "`start_index_map` with `operand_batching_dims`, and `collapsed_slice_dims` with `operand_batching_dims`, name axes of the operand, none twice.",
    "`start_indices_batching_dims` names an axis of the indices but the last for each of `operand_batching_dims`, none twice.",
    "Axes that are batched together have the same extent.",
    "`slice_sizes` has an entry for each operand axis, at most its extent, and 1 for axes that are collapsed or batched (where the extent may be 0).",
    "`offset_dims` names a result axis for each operand axis that is neither collapsed nor batched, strictly increasing.",
    "`fill`, if given, is a scalar of the operand's element type.",
];

const NAMES: Names = Names {
    window: "offset_dims",
    collapsed: "collapsed_slice_dims",
    index_map: "start_index_map",
    indices_batching: "start_indices_batching_dims",
};

impl Gather {
    pub(super) fn result_type(&self, operand: &Type, indices: &Type) -> Result<Type, ErrorKind> {
        let Gather { dims, slice_sizes, fill, .. } = self;
        check_dims(dims, &NAMES, operand, indices)?;
        let alone = |axis: &usize| {
            dims.collapsed_slice_dims.contains(axis) || dims.operand_batching_dims.contains(axis)
        };
        let fits = |axis: usize| {
            let size = slice_sizes[axis];
            // Along an empty batched axis there is no window that would have to fit.
            let enough = size <= operand.shape.dim(axis) || dims.operand_batching_dims.contains(&axis);
            enough && (size == 1 || !alone(&axis))
        };
        if slice_sizes.len() != operand.rank() || !(0..operand.rank()).all(fits) {
            let message = format!(
                "slice_sizes {slice_sizes:?} must fit into {operand}, and be 1 for the collapsed and batched axes"
            );
            return Err(ErrorKind::constraint(6, message));
        }
        let rank = indices.rank() - 1 + dims.window_axes(operand.rank()).len();
        check_window_dims(7, dims, &NAMES, operand, rank)?;
        if let Some(fill) = fill
            && *fill.ty() != Type::scalar(operand.dtype)
        {
            let message =
                format!("{operand} is filled with a scalar of its element type, not with {}", fill.ty());
            return Err(ErrorKind::constraint(8, message));
        }
        Ok(operand.with_shape(dims.result_shape(&indices.shape, slice_sizes)))
    }
    pub(super) fn evaluate(&self, operand: &Array, indices: &Array) -> Array {
        let shape = self.dims.result_shape(&indices.ty().shape, &self.slice_sizes);
        let from = &operand.ty().shape;
        let windows = Windows::new(&self.dims, self.mode, from, &self.slice_sizes, indices, &shape);
        let fill = self.fill.clone().unwrap_or_else(|| default_fill(operand.dtype()));
        let mut positions = vec![None; shape.size()];
        windows.pairs().for_each(|(to, from)| positions[to] = from);
        operand.take_or(&fill, &shape, &positions)
    }
    /// The same gather of a tangent: what is out of bounds does not change.
    pub(super) fn of_tangent(&self, dx: Val, indices: Val) -> Val {
        let zero = Array::zeros(Type::scalar(dx.ty().dtype));
        bind1(Indexing::from(Gather { fill: Some(zero), ..self.clone() }), &[dx, indices])
    }
    /// What was read several times adds its cotangents.
    pub(super) fn pull_back(&self, ct: Val, operand: &Type, indices: Val) -> Val {
        let combine = Some(Monoid::Sum);
        let op = Scatter { combine, dims: self.dims.to_scatter(), mode: self.mode, unique_indices: false };
        bind1(Indexing::from(op), &[Val::zeros(operand.clone()), indices, ct])
    }
    pub(super) fn batched(&self, args: &[Val], mapped: &[bool], lanes: Lanes) -> Val {
        let mut slice_sizes = self.slice_sizes.clone();
        let dims = match (mapped[0], mapped[1]) {
            (operand, true) => {
                if operand {
                    slice_sizes.insert(0, 1);
                }
                self.dims.batched_by_indices(operand)
            }
            (_, false) => {
                slice_sizes.insert(0, lanes.size);
                self.dims.batched_by_operand()
            }
        };
        bind1(Indexing::from(Gather { dims, slice_sizes, ..self.clone() }), args)
    }
}

impl Val {
    /// Windows of `self` at `indices`, by StableHLO's dimension numbers. `fill` stands for what is out of
    /// bounds, if not
    /// [`default_fill`].
    #[track_caller]
    pub fn gather(
        self,
        indices: Val,
        dims: GatherDims,
        slice_sizes: &[usize],
        mode: IndexMode,
        fill: Option<Array>,
    ) -> Val {
        let slice_sizes = slice_sizes.into();
        bind1(Indexing::from(Gather { dims, slice_sizes, mode, fill }), &[self, indices])
    }
    /// The parts of `self` at `indices` along `axis`, which is replaced by the axes of the indices.
    #[track_caller]
    pub fn take(self, indices: Val, axis: usize, mode: IndexMode) -> Val {
        let (shape, count) = (self.shape(), indices.shape().rank());
        let mut sizes = shape.dims();
        sizes[axis] = 1;
        let offset_dims = (0..axis).chain(axis + count..shape.rank() - 1 + count).collect();
        let only: Dims = [axis].as_slice().into();
        let dims = GatherDims {
            offset_dims,
            collapsed_slice_dims: only.clone(),
            start_index_map: only,
            ..GatherDims::default()
        };
        self.gather(indices.expand_dims(count), dims, &sizes, mode, None)
    }
    /// The element of `self` along `axis` that `indices` names, for each of the other axes alone: the indices have the
    /// extents of `self` but along `axis`.
    #[track_caller]
    pub fn take_along_axis(self, indices: Val, axis: usize, mode: IndexMode) -> Val {
        let (ty, shape) = (self.ty(), indices.shape());
        if shape.size() == 0 {
            return Val::zeros(ty.with_shape(shape));
        }
        let rank = ty.rank();
        let others: Dims = (0..rank).filter(|other| *other != axis).collect();
        let only: Dims = [axis].as_slice().into();
        let dims = GatherDims {
            offset_dims: Dims::new(),
            collapsed_slice_dims: only.clone(),
            operand_batching_dims: others.clone(),
            start_indices_batching_dims: others,
            start_index_map: only,
        };
        self.gather(indices.expand_dims(rank), dims, &Dims::from_elem(1, rank), mode, None)
    }
}
