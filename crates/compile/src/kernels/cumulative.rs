//! Running totals as a kernel: along a line one element after the other, over lines at once.

use super::nest::{LoopNest, Needed, Param};
use crate::elements::{Emitter, Part, address, emit_scalars, scaled, sum};
use crate::graph::{Graph, Id, Kind};
use gradus_kernel::{Access, BufferId, Builder, Index, Value};

/// Lines side by side at least so many are computed in lanes, and shared by threads in parts of so many.
const FEWEST_LANES: i64 = 4;
const GRAIN: i64 = 64;

struct Lines<'g> {
    graph: &'g Graph,
    id: Id,
    body: &'g Graph,
    reverse: bool,
    target: BufferId,
    length: i64,
    inner: i64,
}

/// The kernel of the running totals `id`.
pub(super) fn build(needed: &Needed<'_>, id: Id) -> LoopNest {
    let graph = needed.graph;
    let node = graph.node(id);
    let Kind::Cumulate { reverse, body } = &node.kind else { unreachable!("internal: running totals") };
    let [outer, length, inner] = [0, 1, 2].map(|axis| node.ty.shape.dim(axis) as i64);
    let mut stored = needed.stored.to_vec();
    stored[id.index()] = false;
    let mut e = Emitter::new(graph, &stored);
    let mut b = Builder::new();
    let in_lanes = inner >= FEWEST_LANES;
    let access = if in_lanes { Access::ReadWrite } else { Access::Write };
    let target = e.add_buffer(&mut b, id, access);
    let lines = Lines { graph, id, body, reverse: *reverse, target, length, inner };
    let splits_inner = in_lanes && outer == 1;
    let [lower, upper] = b.range();
    if splits_inner {
        lines.in_lanes(&mut e, &mut b, &Index::constant(0), true);
    } else {
        b.serial(lower, upper, |b, o| {
            e.ranges.set(o, 0, outer - 1);
            e.scoped(|e| {
                if in_lanes {
                    lines.in_lanes(e, b, &o.into(), false);
                } else {
                    lines.one_by_one(e, b, &o.into());
                }
            });
        });
    }
    let params = e.buffers.iter().map(|held| Param::Value(held.expect("internal: no scratch"))).collect();
    let extent = if splits_inner { inner } else { outer };
    let grain = if splits_inner { GRAIN.min(inner) } else { 1 };
    let cost = 8 * body.len() as u64 * node.ty.shape.size() as u64;
    LoopNest {
        kernel: b.finish(),
        params,
        extent,
        grain,
        cost,
        same_element: vec![],
        writes: vec![id],
        is_loop: false,
    }
}

impl Lines<'_> {
    /// Place `step` on the way along a line.
    fn along(&self, step: &Index) -> Index {
        if self.reverse { sum(Index::constant(self.length - 1), &scaled(step, -1)) } else { step.clone() }
    }

    fn address(&self, outer: &Index, at: &Index, inner: &Index) -> Index {
        let position = [outer, at, inner].into_iter().cloned().map(Part::one).collect();
        address(&self.graph.ty(self.id).shape.dims(), &position)
    }

    fn operand(
        &self,
        e: &mut Emitter<'_>,
        b: &mut Builder,
        outer: &Index,
        at: &Index,
        inner: &Index,
    ) -> Value {
        let position = [outer, at, inner].into_iter().cloned().map(Part::one).collect();
        e.emit(b, self.graph.node(self.id).args[0], &position)
    }

    /// All lines of an outer index, side by side in lanes: totals of the step before are read back.
    fn in_lanes(&self, e: &mut Emitter<'_>, b: &mut Builder, outer: &Index, ranged: bool) {
        let [lower, upper] = b.range();
        let lanes = |e: &mut Emitter<'_>, b: &mut Builder, step: &Index, is_first: bool| {
            let at = self.along(step);
            let body = |b: &mut Builder, i: Value| {
                e.lanes_body(i, self.inner, |e| {
                    let inner = Index::from(i);
                    let mut value = self.operand(e, b, outer, &at, &inner);
                    if !is_first {
                        let before = self.along(&step.clone().offset(-1));
                        let before = b.load(self.target, self.address(outer, &before, &inner));
                        value = emit_scalars(b, self.body, &[before, value])[0];
                    }
                    b.store(self.target, self.address(outer, &at, &inner), value);
                });
            };
            if ranged { b.lanes(lower, upper, body) } else { b.lanes(0, self.inner, body) }
        };
        lanes(e, b, &Index::constant(0), true);
        b.serial(1, self.length, |b, step| {
            e.ranges.set(step, 1, self.length - 1);
            e.scoped(|e| lanes(e, b, &step.into(), false));
        });
    }

    /// The lines of an outer index one after the other: the total is handed on.
    fn one_by_one(&self, e: &mut Emitter<'_>, b: &mut Builder, outer: &Index) {
        for i in 0..self.inner {
            let inner = Index::constant(i);
            let first = self.along(&Index::constant(0));
            let start = self.operand(e, b, outer, &first, &inner);
            b.store(self.target, self.address(outer, &first, &inner), start);
            b.carry(1, self.length, &[start], |b, step, carried| {
                e.ranges.set(step, 1, self.length - 1);
                e.scoped(|e| {
                    let at = self.along(&step.into());
                    let value = self.operand(e, b, outer, &at, &inner);
                    let total = emit_scalars(b, self.body, &[carried[0], value])[0];
                    b.store(self.target, self.address(outer, &at, &inner), total);
                    vec![total]
                })
            });
        }
    }
}
