//! Scattered updates as a kernel: windows one after the other, in the order of the indices.

use super::nest::{LoopNest, Needed, Param};
use crate::elements::{Emitter, Part, Position, address, emit_scalars, window_element};
use crate::graph::{Graph, Id, Join, Kind, Windows};
use gradus_ir::Dims;
use gradus_kernel::{Access, BufferId, Builder, Index, Value};

/// Windows at least this long along their last axis are split over threads, each of which walks all indices.
const LONG_ENOUGH_TO_SPLIT: usize = 64;

struct Scatter<'g> {
    graph: &'g Graph,
    id: Id,
    windows: &'g Windows,
    join: &'g Join,
    target: BufferId,
    /// Axes of the updates that count windows, then those within a window.
    among: Dims,
    within: Dims,
    splits: bool,
}

/// The kernel that joins the updates of `id` to its operand's copy.
pub(super) fn build(needed: &Needed<'_>, id: Id) -> LoopNest {
    let graph = needed.graph;
    let node = graph.node(id);
    let Kind::Scatter { windows, join } = &node.kind else { unreachable!("internal: a scatter") };
    let updates = graph.ty(node.args[2]).shape.clone();
    let mut stored = needed.stored.to_vec();
    stored[id.index()] = false;
    let mut e = Emitter::new(graph, &stored);
    let mut b = Builder::new();
    let access = if matches!(join, Join::Overwrite) { Access::Write } else { Access::ReadWrite };
    let target = e.add_buffer(&mut b, id, access);
    let is_within = |axis: &usize| windows.dims.offset_dims.contains(axis);
    let (within, among): (Dims, Dims) = (0..updates.rank()).partition(is_within);
    let last = within.last().map_or(1, |&axis| updates.dim(axis));
    let splits = last >= LONG_ENOUGH_TO_SPLIT;
    let scatter = Scatter { graph, id, windows, join, target, among, within, splits };
    let mut coordinates = vec![Index::constant(0); updates.rank()];
    if splits {
        scatter.among(&mut e, &mut b, &mut coordinates, 0);
    } else {
        let [lower, upper] = b.range();
        b.serial(lower, upper, |b, _| e.scoped(|e| scatter.among(e, b, &mut coordinates, 0)));
    }
    let params = e.buffers.iter().map(|held| Param::Value(held.expect("internal: no scratch"))).collect();
    LoopNest {
        kernel: b.finish(),
        params,
        extent: if splits { last as i64 } else { 1 },
        grain: if splits { 16 } else { 1 },
        cost: 16 * updates.size() as u64,
        same_element: vec![],
        writes: vec![id],
        is_loop: false,
    }
}

impl Scatter<'_> {
    fn updates_dim(&self, axis: usize) -> i64 {
        self.graph.ty(self.graph.node(self.id).args[2]).shape.dim(axis) as i64
    }

    /// Loops over the windows from axis number `depth` of those that count them.
    fn among(&self, e: &mut Emitter<'_>, b: &mut Builder, coordinates: &mut [Index], depth: usize) {
        if let Some(&axis) = self.among.get(depth) {
            let extent = self.updates_dim(axis);
            return b.serial(0, extent, |b, variable| {
                e.ranges.set(variable, 0, extent - 1);
                coordinates[axis] = variable.into();
                e.scoped(|e| self.among(e, b, coordinates, depth + 1));
            });
        }
        let indices = self.graph.node(self.id).args[1];
        let batch: Position = self.among.iter().map(|&axis| Part::one(coordinates[axis].clone())).collect();
        let found = e.window_starts(b, indices, &batch, self.windows, &self.graph.ty(self.id).shape);
        match found.inside {
            None => self.within(e, b, coordinates, &found.starts, 0),
            Some(inside) => {
                let write = |b: &mut Builder| {
                    e.scoped(|e| self.within(e, b, coordinates, &found.starts, 0));
                    vec![]
                };
                b.branch(inside, write, |_| vec![]);
            }
        }
    }

    /// Loops within a window.
    fn within(
        &self,
        e: &mut Emitter<'_>,
        b: &mut Builder,
        coordinates: &mut [Index],
        starts: &[Index],
        depth: usize,
    ) {
        let Some(&axis) = self.within.get(depth) else { return self.join(e, b, coordinates, starts) };
        let extent = self.updates_dim(axis);
        let is_last = depth + 1 == self.within.len();
        let [lower, upper] = b.range();
        let body = |b: &mut Builder, variable: Value| {
            coordinates[axis] = variable.into();
            if is_last {
                e.lanes_body(variable, extent, |e| self.join(e, b, coordinates, starts));
            } else {
                e.ranges.set(variable, 0, extent - 1);
                e.scoped(|e| self.within(e, b, coordinates, starts, depth + 1));
            }
        };
        match (is_last, self.splits) {
            (true, true) => b.lanes(lower, upper, body),
            (true, false) => b.lanes(0, extent, body),
            (false, _) => b.serial(0, extent, body),
        }
    }

    /// Joins one element.
    fn join(&self, e: &mut Emitter<'_>, b: &mut Builder, coordinates: &[Index], starts: &[Index]) {
        let update: Position = coordinates.iter().cloned().map(Part::one).collect();
        let update = e.emit(b, self.graph.node(self.id).args[2], &update);
        let within: Position = self.within.iter().map(|&axis| Part::one(coordinates[axis].clone())).collect();
        let at = window_element(starts, &within, self.windows);
        let at = address(&self.graph.ty(self.id).shape.dims(), &at);
        let value = match self.join {
            Join::Overwrite => update,
            Join::Combine(combine) => {
                let before = b.load(self.target, at.clone());
                b.binary(combine.binary(), before, update)
            }
            Join::Body(body) => {
                let before = b.load(self.target, at.clone());
                emit_scalars(b, body, &[before, update])[0]
            }
        };
        b.store(self.target, at, value);
    }
}
