//! The kernel of a group of roots: loops, passes over rows, stores.
//!
//! A group without reductions is a nest with lanes innermost. A group with row reductions has a loop over rows and in
//! it one lanes loop per *pass*: a reduction's result is there from the next pass on.

use super::nest::{LoopNest, Needed, Param, merged_axes, row_loops};
use crate::elements::{Emitter, address, scaled, sum};
use crate::fuse::{Axis, Group, Member, Placement, Space, position_at, reduces_rows, row_major, row_term};
use crate::graph::{Graph, Id, Kind};
use gradus_ir::Dims;
use gradus_kernel::{
    Access, Block, BufferId, Builder, Index, Kernel, Reduce, Statement, Value, reduction_lanes,
};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// The kernel of a group.
pub(super) fn build(needed: &Needed<'_>, group: &Group) -> LoopNest {
    GroupNest::new(needed, group).build()
}

/// Recomputing up to this much is cheaper than keeping a row.
const CHEAP_TO_REPEAT: u32 = 14;
/// A body of this weight hides the latency of a reduction by itself.
const HEAVY: u32 = 24;

struct GroupNest<'p> {
    needed: &'p Needed<'p>,
    group: &'p Group,
    /// Pass in which each member is computed; a value of the row is there after that pass.
    passes: Vec<usize>,
    num_passes: usize,
    axes: Vec<Axis>,
    targets: FxHashMap<Id, BufferId>,
    scratch: FxHashMap<Id, BufferId>,
}

impl<'p> GroupNest<'p> {
    fn new(needed: &'p Needed<'p>, group: &'p Group) -> GroupNest<'p> {
        let axes = merged_axes(&group.space, |k| group.members.iter().all(|m| may_merge(&group.space, m, k)));
        let mut nest = GroupNest {
            needed,
            group,
            passes: vec![],
            num_passes: 1,
            axes,
            targets: FxHashMap::default(),
            scratch: FxHashMap::default(),
        };
        nest.schedule();
        nest
    }

    /// Puts members into passes.
    fn schedule(&mut self) {
        let position: FxHashMap<Id, usize> =
            self.group.members.iter().enumerate().map(|(k, m)| (m.id, k)).collect();
        for member in &self.group.members {
            let read = member.profile.reads.iter().filter_map(|read| position.get(&read.id));
            let pass = read
                .map(|&k| match (self.group.members[k].placement, member.placement) {
                    (Placement::Full, _) | (_, Placement::Row) => self.passes[k],
                    _ => self.passes[k] + 1,
                })
                .max()
                .unwrap_or(0);
            let pass = if member.placement == Placement::Row { pass } else { pass.max(1) };
            self.passes.push(pass);
            self.num_passes = self.num_passes.max(pass);
        }
    }

    /// Is the value of a member read in a later pass than its own?
    fn is_read_later(&self, k: usize) -> bool {
        let id = self.group.members[k].id;
        let reads = |m: &Member| m.profile.reads.iter().any(|read| read.id == id);
        let mut readers = self.group.members.iter().zip(&self.passes).filter(|(m, _)| reads(m));
        readers.any(|(m, &pass)| m.placement != Placement::Row && pass > self.passes[k])
    }

    fn build(mut self) -> LoopNest {
        let has_rows = self.group.space.has_reduced();
        // Members are not stored while this kernel computes them.
        let mut stored = self.needed.stored.to_vec();
        self.group.members.iter().for_each(|m| stored[m.id.index()] = false);
        let mut e = Emitter::new(self.needed.graph, &stored);
        let mut b = Builder::new();
        self.add_targets(&mut e, &mut b);
        let mut axes = std::mem::take(&mut self.axes);
        let columns: SmallVec<[usize; 4]> = match (has_rows, axes.len()) {
            (true, n) => (0..n).filter(|&k| axes[k].reduced).collect(),
            (false, 0) => SmallVec::new(),
            (false, n) => SmallVec::from_slice(&[n - 1]),
        };
        let rows: SmallVec<[usize; 4]> = (0..axes.len()).filter(|k| !columns.contains(k)).collect();
        let extents = |ks: &[usize]| ks.iter().map(|&k| axes[k].extent).product::<i64>();
        let (num_rows, num_columns) = (extents(&rows), extents(&columns));
        let on_lanes = !has_rows && (rows.is_empty() || (axes[rows[0]].extent < 16 && num_columns >= 4096));
        let extent = match rows.first() {
            _ if on_lanes => num_columns,
            Some(&k) => axes[k].extent,
            None => 1,
        };
        let mut body = |e: &mut Emitter<'_>, b: &mut Builder, axes: &mut Vec<Axis>| {
            if has_rows {
                self.row_passes(e, b, axes, &columns);
            } else {
                self.elements(e, b, axes, columns.first().copied(), on_lanes);
            }
        };
        if rows.is_empty() && !on_lanes {
            let [lower, upper] = b.range();
            b.serial(lower, upper, |b, _| e.scoped(|e| body(e, b, &mut axes)));
        } else {
            row_loops(&mut e, &mut b, &mut axes, &rows, !on_lanes, &mut body);
        }
        let weight: u32 = self.group.members.iter().map(|m| m.profile.weight).sum();
        let inner: u64 =
            self.group.members.iter().map(|m| inner_iterations(self.needed.graph, m.id)).max().unwrap_or(1);
        let cost = (num_rows * num_columns) as u64 * u64::from(weight + 2) * inner;
        let params = self.params(&e, num_columns);
        let writes = self.targets.keys().copied().collect();
        let kernel = b.finish();
        let late = read_after_a_store(&kernel);
        let is_late = |id: &Id| {
            params.iter().zip(&late).any(|(p, late)| *late && matches!(p, Param::Value(v) if v == id))
        };
        let mut same_element = self.same_element();
        same_element.retain(|id| !is_late(id));
        LoopNest {
            kernel,
            params,
            extent,
            grain: if on_lanes { 64 } else { 1 },
            cost,
            same_element,
            writes,
            is_loop: false,
        }
    }

    fn add_targets(&mut self, e: &mut Emitter<'_>, b: &mut Builder) {
        let size = |id: Id| self.needed.graph.scalar(id);
        for (k, member) in self.group.members.iter().enumerate() {
            let later = member.placement == Placement::Full && self.is_read_later(k);
            if self.needed.outside[member.id.index()] {
                let access = if later { Access::ReadWrite } else { Access::Write };
                let buffer = e.add_buffer(b, member.id, access);
                self.targets.insert(member.id, buffer);
            } else if later && member.profile.weight > CHEAP_TO_REPEAT {
                let buffer = e.add_scratch(b, size(member.id));
                self.scratch.insert(member.id, buffer);
            }
        }
    }

    fn params(&self, e: &Emitter<'_>, num_columns: i64) -> Vec<Param> {
        let mut scratch = self.group.members.iter().filter(|m| self.scratch.contains_key(&m.id));
        e.buffers
            .iter()
            .map(|held| match held {
                Some(id) => Param::Value(*id),
                None => {
                    let member = scratch.next().expect("internal: a member for each scratch row");
                    Param::Scratch(num_columns as usize * self.needed.graph.scalar(member.id).size_bytes())
                }
            })
            .collect()
    }

    /// A nest without row reductions: lanes over the last axis.
    fn elements(
        &self,
        e: &mut Emitter<'_>,
        b: &mut Builder,
        axes: &mut [Axis],
        lanes: Option<usize>,
        on_lanes: bool,
    ) {
        let Some(k) = lanes else {
            return self.full_members(e, b, axes, 1);
        };
        let extent = axes[k].extent;
        let [lower, upper] = b.range();
        let body = |b: &mut Builder, variable: Value| {
            axes[k].variable = variable.into();
            e.lanes_body(variable, extent, |e| self.full_members(e, b, axes, 1));
        };
        if on_lanes { b.lanes(lower, upper, body) } else { b.lanes(0, extent, body) }
    }

    /// Computes and stores the members of a pass that stand at each element.
    fn full_members(&self, e: &mut Emitter<'_>, b: &mut Builder, axes: &[Axis], pass: usize) {
        for (member, _) in self.members_in(pass).filter(|(m, _)| m.placement == Placement::Full) {
            self.store(e, b, member, axes);
        }
    }

    fn members_in(&self, pass: usize) -> impl Iterator<Item = (&Member, usize)> {
        let passes = self.passes.iter().copied();
        self.group.members.iter().zip(passes).filter(move |(_, p)| *p == pass)
    }

    /// Computes a member at these loop variables and stores it if someone else needs it.
    fn store(&self, e: &mut Emitter<'_>, b: &mut Builder, member: &Member, axes: &[Axis]) {
        let shape = &self.needed.graph.ty(member.id).shape;
        let position = position_at(shape, axes);
        let at = address(&shape.dims(), &position);
        let value = e.compute(b, member.id, &position);
        e.know(member.id, at.clone(), value);
        if let Some(&target) = self.targets.get(&member.id) {
            b.store(target, at, value);
        } else if let Some(&scratch) = self.scratch.get(&member.id) {
            b.store(scratch, column_number(axes), value);
        }
    }

    /// The passes over one row.
    fn row_passes(&mut self, e: &mut Emitter<'_>, b: &mut Builder, axes: &mut Vec<Axis>, columns: &[usize]) {
        self.row_members(e, b, axes, 0);
        for pass in 1..=self.num_passes {
            let reduced: Vec<&Member> =
                self.members_in(pass).map(|(m, _)| m).filter(|m| m.placement == Placement::Reduced).collect();
            let init: Vec<Value> = reduced.iter().map(|m| reduction_identity(e, b, m.id)).collect();
            let results = self.pass_loops(e, b, axes, columns, pass, &reduced, init);
            for (member, value) in reduced.iter().zip(results) {
                let at = self.row_address(member.id, axes);
                e.know(member.id, at.clone(), value);
                if let Some(&target) = self.targets.get(&member.id) {
                    b.store(target, at, value);
                }
            }
            self.row_members(e, b, axes, pass);
            for (k, member) in self.group.members.iter().enumerate() {
                if self.passes[k] == pass && member.placement == Placement::Full && self.is_read_later(k) {
                    if self.targets.contains_key(&member.id) {
                        e.written.insert(member.id);
                    } else if let Some(&scratch) = self.scratch.get(&member.id) {
                        e.kept_rows.insert(member.id, scratch);
                    }
                }
            }
        }
        e.written.clear();
        e.kept_rows.clear();
    }

    fn row_members(&self, e: &mut Emitter<'_>, b: &mut Builder, axes: &[Axis], pass: usize) {
        let rows: Vec<Axis> = axes.iter().filter(|axis| !axis.reduced).cloned().collect();
        for (member, _) in self.members_in(pass).filter(|(m, _)| m.placement == Placement::Row) {
            self.store(e, b, member, &rows);
        }
    }

    fn row_address(&self, id: Id, axes: &[Axis]) -> Index {
        let rows: Vec<Axis> = axes.iter().filter(|axis| !axis.reduced).cloned().collect();
        let shape = &self.needed.graph.ty(id).shape;
        address(&shape.dims(), &position_at(shape, &rows))
    }

    #[allow(clippy::too_many_arguments, reason = "one recursive loop nest")]
    fn pass_loops(
        &self,
        e: &mut Emitter<'_>,
        b: &mut Builder,
        axes: &mut Vec<Axis>,
        columns: &[usize],
        pass: usize,
        reduced: &[&Member],
        init: Vec<Value>,
    ) -> Vec<Value> {
        let (&k, rest) = columns.split_first().expect("internal: a row has columns");
        let extent = axes[k].extent;
        if !rest.is_empty() {
            return b.carry(0, extent, &init, |b, variable, carried| {
                e.ranges.set(variable, 0, extent - 1);
                axes[k].variable = variable.into();
                e.scoped(|e| self.pass_loops(e, b, axes, rest, pass, reduced, carried.to_vec()))
            });
        }
        let reduce: Vec<Reduce> =
            reduced.iter().zip(init).map(|(m, init)| Reduce { combine: e.combine_of(m.id), init }).collect();
        let weight: u32 = self.members_in(pass).map(|(m, _)| m.profile.weight).sum();
        let scalar = reduced.first().map(|m| self.needed.graph.scalar(m.id));
        let lanes = scalar.map_or(1, |scalar| reduction_lanes(scalar, Some(extent), weight > HEAVY));
        b.reduce_lanes(0, extent, lanes, &reduce, |b, variable| {
            axes[k].variable = variable.into();
            e.columns = column_number(axes);
            e.lanes_body(variable, extent, |e| {
                self.full_members(e, b, axes, pass);
                reduced.iter().map(|m| row_term(e, b, self.needed.graph, m.id, axes)).collect()
            })
        })
    }

    /// Values that are read only at the element that the same iteration writes.
    fn same_element(&self) -> Vec<Id> {
        let mut different = FxHashSet::default();
        let mut all = vec![];
        let dims = &self.group.space.dims;
        for member in &self.group.members {
            // A row is read several times; a lane's own reduction reads other elements.
            let plain = self.num_passes == 1 && member.placement == Placement::Full;
            let plain = plain && !self.group.space.has_reduced();
            for read in &member.profile.reads {
                all.push(read.id);
                if !plain || read.strides.as_ref() != Some(&row_major(dims)) {
                    different.insert(read.id);
                }
            }
        }
        all.retain(|id| !different.contains(id));
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Which buffers are read after something was stored: what is stored may not take their place.
fn read_after_a_store(kernel: &Kernel) -> Vec<bool> {
    fn walk(block: &Block, stored: &mut bool, late: &mut [bool]) {
        for statement in &block.statements {
            match statement {
                Statement::Load { buffer, .. } => late[buffer.index()] |= *stored,
                Statement::Store { .. } => *stored = true,
                Statement::Loop(inner) => walk(&inner.body, stored, late),
                Statement::Let { .. } => {}
                // No group has these; reading as late is always safe.
                _ => late.fill(true),
            }
        }
    }
    let mut late = vec![false; kernel.buffers().len()];
    walk(kernel.body(), &mut false, &mut late);
    late
}

/// Row-major number within a row.
fn column_number(axes: &[Axis]) -> Index {
    let columns = axes.iter().filter(|axis| axis.reduced);
    columns.fold(Index::constant(0), |number, axis| sum(scaled(&number, axis.extent), &axis.variable))
}

fn may_merge(space: &Space, member: &Member, k: usize) -> bool {
    if member.placement != Placement::Row {
        return member.profile.mergeable[k];
    }
    // The member's own loops are the kept ones alone.
    if space.reduced[k] || space.reduced[k + 1] {
        return true;
    }
    let number = space.reduced[..k].iter().filter(|r| !**r).count();
    member.profile.mergeable[number]
}

fn reduction_identity(e: &Emitter<'_>, b: &mut Builder, id: Id) -> Value {
    let scalar = e.scalar(id);
    b.bits(scalar, e.combine_of(id).identity(scalar))
}

/// Iterations of the loops that a lane makes for one element.
fn inner_iterations(graph: &Graph, id: Id) -> u64 {
    let node = graph.node(id);
    if !node.kind.is_reduction() || reduces_rows(graph, id) {
        return 1;
    }
    let extents: Dims = match &node.kind {
        Kind::Reduce { axes, .. } | Kind::Fold { axes, .. } => {
            axes.iter().map(|&a| graph.ty(node.args[0]).shape.dim(a)).collect()
        }
        Kind::Contract(dims) => {
            dims.lhs_contract.iter().map(|&a| graph.ty(node.args[0]).shape.dim(a)).collect()
        }
        _ => Dims::new(),
    };
    extents.iter().map(|&n| n as u64).product()
}
