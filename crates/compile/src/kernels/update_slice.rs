//! The kernels of updated slices: an operand, or the base, copied to its place.

use super::nest::{LoopNest, Needed, Param, merged_axes, row_loops};
use crate::elements::{Emitter, Position, address, scaled, sum};
use crate::fuse::{Axis, Space, position_at};
use crate::graph::{Graph, Id, Kind, SliceUpdate};
use gradus_ir::{Dims, Shape};
use gradus_kernel::{Access, Builder, Index, Value};
use smallvec::SmallVec;

/// A copy of an operand to its place in the whole; `None` is the base, which fills it.
pub(super) fn build(needed: &Needed<'_>, whole: Id, update: Option<usize>) -> LoopNest {
    let graph = needed.graph;
    let node = graph.node(whole);
    let (based, updates) = match &node.kind {
        Kind::UpdateSlices { based, updates } => (based, &updates[..]),
        _ => (&true, &[][..]),
    };
    let source = node.args[update.map_or(0, |update| update + usize::from(*based))];
    let spread = update.is_none() && graph.ty(source).rank() == 0;
    let shape = if spread { &node.ty.shape } else { &graph.ty(source).shape };
    let dims: Dims = shape.dims().into_iter().filter(|&n| n != 1).collect();
    let space = Space { reduced: SmallVec::from_elem(false, dims.len()), dims };
    let mut axes = merged_axes(&space, |_| update.is_none() && needed.stored[source.index()]);
    let mut e = Emitter::new(graph, needed.stored);
    let mut b = Builder::new();
    let target = b.buffer(graph.scalar(whole), Access::Write);
    e.buffers.push(Some(whole));
    let rows: SmallVec<[usize; 4]> = (0..axes.len().saturating_sub(1)).collect();
    let lanes = axes.len().checked_sub(1);
    let ranged = !rows.is_empty();
    let extent = axes.first().map_or(1, |axis| axis.extent);
    let cost = 4 * shape.size() as u64;
    let write = |e: &mut Emitter<'_>, b: &mut Builder, axes: &[Axis]| {
        let position = position_at(shape, axes);
        let value =
            if spread { e.emit(b, source, &Default::default()) } else { e.emit(b, source, &position) };
        let at = match update {
            None => address(&shape.dims(), &position),
            Some(update) => place_in_whole(e, b, graph, whole, &updates[update], &position, shape),
        };
        b.store(target, at, value);
    };
    let mut body = |e: &mut Emitter<'_>, b: &mut Builder, axes: &mut Vec<Axis>| {
        let [lower, upper] = b.range();
        let Some(k) = lanes else {
            return b.serial(lower, upper, |b, _| e.scoped(|e| write(e, b, axes)));
        };
        let inner_extent = axes[k].extent;
        let inner = |b: &mut Builder, variable: Value| {
            axes[k].variable = variable.into();
            e.lanes_body(variable, inner_extent, |e| write(e, b, axes));
        };
        if ranged { b.lanes(0, inner_extent, inner) } else { b.lanes(lower, upper, inner) }
    };
    row_loops(&mut e, &mut b, &mut axes, &rows, ranged, &mut body);
    let params = e.buffers.iter().map(|held| Param::Value(held.expect("internal: no scratch"))).collect();
    let grain = if ranged { 1 } else { 64 };
    LoopNest {
        kernel: b.finish(),
        params,
        extent,
        grain,
        cost,
        same_element: vec![],
        writes: vec![whole],
        is_loop: false,
    }
}

/// Where element `position` of an update stands in the whole.
fn place_in_whole(
    e: &mut Emitter<'_>,
    b: &mut Builder,
    graph: &Graph,
    whole: Id,
    update: &SliceUpdate,
    position: &Position,
    shape: &Shape,
) -> Index {
    let node = graph.node(whole);
    let mut parts = e.single(b, position, shape);
    for (axis, part) in parts.iter_mut().enumerate() {
        let placed = scaled(&part.at, update.strides[axis] as i64).offset(update.starts[axis] as i64);
        part.at = match update.dynamic {
            None => placed,
            Some(first) => {
                let most = (node.ty.shape.dim(axis) - shape.dim(axis)) as i64;
                let start = e.clamped_start(b, node.args[first + axis], &Default::default(), most);
                sum(placed, &start)
            }
        };
    }
    address(&node.ty.shape.dims(), &parts)
}
