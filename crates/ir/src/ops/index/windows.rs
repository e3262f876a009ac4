//! Dimension numbers of gather and scatter, and where their windows lie.
//!
//! A window is a block of the operand. One index vector, the last axis of the indices, says where it starts; the other
//! axes of the indices count the windows.

use crate::ops::strided::{View, are_distinct_axes, are_increasing_axes, other_axes};
use crate::{Array, Dims, ErrorKind, Kind, Shape, Type};

/// What an index out of bounds does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexMode {
    /// The window is moved to the nearest place where it fits.
    Clip,
    /// A gather gives the fill value for the whole window, a scatter leaves its update out.
    FillOrDrop,
    /// The caller promises that there is none; then it is as `Clip`.
    PromiseInBounds,
}

impl IndexMode {
    /// Every one of them.
    pub const ALL: &'static [IndexMode] =
        &[IndexMode::Clip, IndexMode::FillOrDrop, IndexMode::PromiseInBounds];

    /// The printed name.
    pub fn name(self) -> &'static str {
        match self {
            IndexMode::Clip => "clip",
            IndexMode::FillOrDrop => "fill_or_drop",
            IndexMode::PromiseInBounds => "promise_in_bounds",
        }
    }
}

/// Dimension numbers of a gather, as in StableHLO; the index vectors are the last axis of the indices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GatherDims {
    /// The result axes that walk through a window, increasing; the others count windows.
    pub offset_dims: Dims,
    /// Operand axes of window extent 1 that the result does not have.
    pub collapsed_slice_dims: Dims,
    /// Operand axes along which each index reads its own part.
    pub operand_batching_dims: Dims,
    /// The axes of the indices that belong to `operand_batching_dims`, in the same order.
    pub start_indices_batching_dims: Dims,
    /// The operand axis of each entry of an index vector.
    pub start_index_map: Dims,
}

/// Dimension numbers of a scatter, as in StableHLO; the index vectors are the last axis of the indices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScatterDims {
    /// The axes of the updates that walk through a window, increasing; the others count windows.
    pub update_window_dims: Dims,
    /// Operand axes of window extent 1 that the updates do not have.
    pub inserted_window_dims: Dims,
    /// Operand axes along which each index writes its own part.
    pub operand_batching_dims: Dims,
    /// The axes of the indices that belong to `operand_batching_dims`, in the same order.
    pub scatter_indices_batching_dims: Dims,
    /// The operand axis of each entry of an index vector.
    pub scatter_dims_to_operand_dims: Dims,
}

impl ScatterDims {
    /// Of the gather that reads what this scatter writes.
    pub fn to_gather(&self) -> GatherDims {
        GatherDims {
            offset_dims: self.update_window_dims.clone(),
            collapsed_slice_dims: self.inserted_window_dims.clone(),
            operand_batching_dims: self.operand_batching_dims.clone(),
            start_indices_batching_dims: self.scatter_indices_batching_dims.clone(),
            start_index_map: self.scatter_dims_to_operand_dims.clone(),
        }
    }
    /// The extents of a window along the axes of an operand of `rank`.
    pub fn window_sizes(&self, rank: usize, updates: &Shape) -> Dims {
        let mut sizes = Dims::from_elem(1, rank);
        for (axis, update_axis) in self.to_gather().window_axes(rank).iter().zip(&self.update_window_dims) {
            sizes[*axis] = updates.dim(*update_axis);
        }
        sizes
    }
}

impl GatherDims {
    /// Of the scatter that writes what this gather reads.
    pub fn to_scatter(&self) -> ScatterDims {
        ScatterDims {
            update_window_dims: self.offset_dims.clone(),
            inserted_window_dims: self.collapsed_slice_dims.clone(),
            operand_batching_dims: self.operand_batching_dims.clone(),
            scatter_indices_batching_dims: self.start_indices_batching_dims.clone(),
            scatter_dims_to_operand_dims: self.start_index_map.clone(),
        }
    }
    /// The axes of an operand of `rank` that the result has as `offset_dims`, in the same order.
    pub fn window_axes(&self, rank: usize) -> Dims {
        other_axes(rank, &[&self.collapsed_slice_dims, &self.operand_batching_dims])
    }
    /// The shape of the gathered windows.
    pub fn result_shape(&self, indices: &Shape, slice_sizes: &[usize]) -> Shape {
        let windows = self.window_axes(slice_sizes.len());
        let rank = indices.rank() - 1 + windows.len();
        let mut within = windows.iter().map(|axis| slice_sizes[*axis]);
        let mut among = (0..indices.rank() - 1).map(|axis| indices.dim(axis));
        let extent = |axis: usize| match self.offset_dims.contains(&axis) {
            true => within.next(),
            false => among.next(),
        };
        (0..rank).map(extent).map(|n| n.expect("internal: as many extents as axes")).collect()
    }
    /// The dimension numbers over a new leading axis of the indices and, if `operand`, of the operand as well, so that
    /// each lane reads its own part.
    pub(super) fn batched_by_indices(&self, operand: bool) -> GatherDims {
        let by = usize::from(operand);
        let mut dims = GatherDims {
            offset_dims: shifted(&self.offset_dims, 1),
            collapsed_slice_dims: shifted(&self.collapsed_slice_dims, by),
            operand_batching_dims: shifted(&self.operand_batching_dims, by),
            start_indices_batching_dims: shifted(&self.start_indices_batching_dims, 1),
            start_index_map: shifted(&self.start_index_map, by),
        };
        if operand {
            dims.operand_batching_dims.insert(0, 0);
            dims.start_indices_batching_dims.insert(0, 0);
        }
        dims
    }
    /// The dimension numbers over a new leading axis of the operand, all of which is in every window.
    pub(super) fn batched_by_operand(&self) -> GatherDims {
        let mut dims = GatherDims {
            offset_dims: shifted(&self.offset_dims, 1),
            collapsed_slice_dims: shifted(&self.collapsed_slice_dims, 1),
            operand_batching_dims: shifted(&self.operand_batching_dims, 1),
            start_indices_batching_dims: self.start_indices_batching_dims.clone(),
            start_index_map: shifted(&self.start_index_map, 1),
        };
        dims.offset_dims.insert(0, 0);
        dims
    }
}

fn shifted(axes: &[usize], by: usize) -> Dims {
    axes.iter().map(|axis| axis + by).collect()
}

/// The nearest start from which `size` elements fit into `extent`.
pub fn clamp_start(start: i128, extent: usize, size: usize) -> usize {
    start.clamp(0, (extent - size) as i128) as usize
}

/// The value of an index out of bounds where no other is given: NaN, the least signed, the greatest unsigned integer,
/// true.
pub fn default_fill(dtype: crate::Dtype) -> Array {
    match dtype.kind() {
        Kind::Signed => Array::from_i128(dtype, 1 << (8 * dtype.size_bytes() - 1)),
        Kind::Unsigned | Kind::Bool => Array::from_i128(dtype, -1),
        _ => Array::from_f64(&Type::scalar(dtype), [f64::NAN]),
    }
}

/// Where the windows of a gather or scatter lie.
pub(super) struct Windows {
    /// Position in the operand of each window's first element; none if it is out of bounds.
    pub(super) starts: Vec<Option<usize>>,
    /// Positions of a window's elements, from its first one.
    pub(super) within: Vec<usize>,
    /// Position in the result, or in the updates, of each window's first element.
    pub(super) outer_starts: Vec<usize>,
    /// Positions there of a window's elements, from its first one.
    pub(super) outer_within: Vec<usize>,
}

impl Windows {
    /// `outer` is the shape of the result of a gather, or of the updates of a scatter.
    pub(super) fn new(
        dims: &GatherDims,
        mode: IndexMode,
        operand: &Shape,
        sizes: &[usize],
        indices: &Array,
        outer: &Shape,
    ) -> Windows {
        let window: Dims = dims.window_axes(operand.rank());
        let extents: Shape = window.iter().map(|axis| sizes[*axis]).collect();
        let among = other_axes(outer.rank(), &[&dims.offset_dims]);
        let counts: Shape = among.iter().map(|axis| outer.dim(*axis)).collect();
        Windows {
            starts: starts(dims, mode, operand, sizes, indices),
            within: View::of_axes(operand, &window).positions(&extents),
            outer_starts: View::of_axes(outer, &among).positions(&counts),
            outer_within: View::of_axes(outer, &dims.offset_dims).positions(&extents),
        }
    }
    /// For each element of the result or the updates, in order of windows: its position, and its position in the
    /// operand if it is in bounds.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, Option<usize>)> {
        self.starts.iter().zip(&self.outer_starts).flat_map(move |(start, outer)| {
            let places = self.outer_within.iter().zip(&self.within);
            places.map(move |(to, from)| (outer + to, start.map(|start| start + from)))
        })
    }
}

fn starts(
    dims: &GatherDims,
    mode: IndexMode,
    operand: &Shape,
    sizes: &[usize],
    indices: &Array,
) -> Vec<Option<usize>> {
    let strides = operand.strides();
    let shape = &indices.ty().shape;
    let numbers = indices.to_i128_vec();
    let len = dims.start_index_map.len();
    let counts = shape.without(&[shape.rank() - 1]);
    let index_strides = counts.strides();
    let start = |window: usize| {
        let along = |axis: &usize| window / index_strides[*axis] % counts.dim(*axis);
        let own = dims.operand_batching_dims.iter().zip(&dims.start_indices_batching_dims);
        let mut position: usize = own.map(|(axis, of_indices)| along(of_indices) * strides[*axis]).sum();
        for (k, axis) in dims.start_index_map.iter().enumerate() {
            let wanted = numbers[window * len + k];
            let clamped = clamp_start(wanted, operand.dim(*axis), sizes[*axis]);
            if mode == IndexMode::FillOrDrop && wanted != clamped as i128 {
                return None;
            }
            position += clamped * strides[*axis];
        }
        Some(position)
    };
    (0..counts.size()).map(start).collect()
}

/// How the dimension numbers are called, in a gather or in a scatter.
pub(super) struct Names {
    pub(super) window: &'static str,
    pub(super) collapsed: &'static str,
    pub(super) index_map: &'static str,
    pub(super) indices_batching: &'static str,
}

/// (C1) to (C5) of gather and scatter.
pub(super) fn check_dims(
    dims: &GatherDims,
    names: &Names,
    operand: &Type,
    indices: &Type,
) -> Result<(), ErrorKind> {
    let refuse = |number, message: String| Err(ErrorKind::constraint(number, message));
    let Names { collapsed, index_map, indices_batching, .. } = names;
    if !indices.dtype.is_integer() {
        return refuse(1, format!("indices are integers, not {indices}; convert them first"));
    }
    let num_indices = dims.start_index_map.len();
    if indices.rank() == 0 || indices.shape.dim(indices.rank() - 1) != num_indices {
        let wanted = format!("{num_indices} entries, one for each of {index_map} {:?}", dims.start_index_map);
        return refuse(2, format!("the last axis of {indices} must have {wanted}; reshape the indices"));
    }
    let with_batching =
        |axes: &Dims| -> Dims { axes.iter().chain(&dims.operand_batching_dims).copied().collect() };
    for (name, axes) in [(index_map, &dims.start_index_map), (collapsed, &dims.collapsed_slice_dims)] {
        if !are_distinct_axes(&with_batching(axes), operand.rank()) {
            let batching = &dims.operand_batching_dims;
            let message = format!(
                "{name} {axes:?} and operand_batching_dims {batching:?} are not different axes of {operand}"
            );
            return refuse(3, message);
        }
    }
    let (own, of_indices) = (&dims.operand_batching_dims, &dims.start_indices_batching_dims);
    if own.len() != of_indices.len() || !are_distinct_axes(of_indices, indices.rank() - 1) {
        let message = format!(
            "{indices_batching} {of_indices:?} must name an axis of {indices} but the last for each of operand_batching_dims {own:?}"
        );
        return refuse(4, message);
    }
    for (axis, of_indices) in own.iter().zip(of_indices) {
        let (n, m) = (operand.shape.dim(*axis), indices.shape.dim(*of_indices));
        if n != m {
            let axes = format!(
                "axis {axis} of {operand} (extent {n}) and axis {of_indices} of {indices} (extent {m})"
            );
            return refuse(5, format!("{axes} are batched together; they must agree"));
        }
    }
    Ok(())
}

/// The window axes of the result or the updates, of `rank`: increasing, one for each window axis of the operand.
pub(super) fn check_window_dims(
    number: u8,
    dims: &GatherDims,
    names: &Names,
    operand: &Type,
    rank: usize,
) -> Result<(), ErrorKind> {
    let window = dims.window_axes(operand.rank());
    if dims.offset_dims.len() == window.len() && are_increasing_axes(&dims.offset_dims, rank) {
        return Ok(());
    }
    let (name, axes) = (names.window, &dims.offset_dims);
    let message = format!(
        "{name} {axes:?} must name one of {rank} axes for each of the axes {window:?} of {operand} that are in a window, increasing"
    );
    Err(ErrorKind::constraint(number, message))
}
