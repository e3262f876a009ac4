//! From a graph to units of work: which roots share a kernel, and in which order units run.
//!
//! Invariant: a unit reads only what units before it, or the unit itself, have computed. Roots are visited in order
//! of definition; one joins an earlier group only if all it reads from elsewhere is computed before that group.

mod cost;
mod materialize;
mod profile;
mod small_loops;
mod text;

pub(crate) use materialize::Roots;
pub(crate) use profile::{Axis, Profile, Space, position_at, reduces_rows, row_term};
pub(crate) use small_loops::MOST_ELEMENTS;
pub(crate) use text::describe;

use crate::graph::{Class, Graph, Id, Kind};
use cost::LARGEST_KERNEL;
use gradus_ir::Dims;
use profile::Read;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A root of a group.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: Id,
    pub(crate) placement: Placement,
    pub(crate) profile: Profile,
}

/// Where in a group's loops a root is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// For each element of the space.
    Full,
    /// For each row: the result of reducing it.
    Reduced,
    /// For each row, from other values of the row.
    Row,
}

/// Roots that are computed in one kernel.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) space: Space,
    pub(crate) members: Vec<Member>,
    weight: u32,
}

/// What runs as one step.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    /// A kernel over one index space.
    Group(Group),
    /// The first operand of updated slices or of a scatter, copied whole.
    Base(Id),
    /// Operand number `update` of updated slices, written to its place; the base is not counted.
    SliceUpdate { whole: Id, update: usize },
    /// Scattered updates, one after the other.
    Scatter(Id),
    /// Running totals along lines.
    Cumulate(Id),
    /// A routine.
    Routine(Id),
    /// A loop or a choice as a step with steps inside.
    Loop(Id),
    /// A loop or a choice as one kernel.
    SmallLoop(Id),
}

/// The most buffers of one kernel.
const MOST_BUFFERS: usize = 40;
/// Rows are computed on one thread each: a long single row stays out of a group with its reduction.
const LONGEST_ONLY_ROW: usize = 1 << 14;
/// How many groups are tried that share an input with a root.
const MOST_SIBLINGS_TRIED: usize = 4;

struct Fusion<'g> {
    graph: &'g Graph,
    roots: &'g Roots,
    units: Vec<Unit>,
    unit_of: Vec<Option<usize>>,
    readers: FxHashMap<Id, SmallVec<[usize; 4]>>,
    /// Single numbers made of single numbers: those that come first share a kernel, whatever they read.
    early: Vec<bool>,
}

/// Units of work in order of execution.
pub(crate) fn fuse(graph: &Graph, roots: &Roots) -> Vec<Unit> {
    let unit_of = vec![None; graph.len()];
    let (order, early) = scalars_first(graph);
    let mut fusion = Fusion { graph, roots, units: vec![], unit_of, readers: FxHashMap::default(), early };
    for id in order {
        let kind = &graph.node(id).kind;
        if !roots.stored[id.index()] || kind.is_source() {
            continue;
        }
        match kind {
            Kind::TupleElement => fusion.unit_of[id.index()] = fusion.unit_of[graph.node(id).args[0].index()],
            Kind::Routine(_) => fusion.place(id, Unit::Routine(id)),
            Kind::Cumulate { .. } => fusion.place(id, Unit::Cumulate(id)),
            Kind::ControlFlow(_) if roots.is_small(id) => fusion.place(id, Unit::SmallLoop(id)),
            Kind::ControlFlow(_) => fusion.place(id, Unit::Loop(id)),
            Kind::Scatter { .. } => {
                fusion.place(id, Unit::Base(id));
                fusion.place(id, Unit::Scatter(id));
            }
            Kind::UpdateSlices { based, updates } => {
                if *based {
                    fusion.place(id, Unit::Base(id));
                }
                (0..updates.len())
                    .for_each(|update| fusion.place(id, Unit::SliceUpdate { whole: id, update }));
            }
            kind => {
                debug_assert!(kind.class() != Class::Step, "internal: {kind:?} is no unit");
                fusion.add_root(id);
            }
        }
    }
    fusion.units
}

/// All nodes in an order of definition in which single numbers made of single numbers come first: a kernel that
/// reads them (the correction of Adam's moments) can then join the one that computes its other operands. And which
/// these are.
fn scalars_first(graph: &Graph) -> (Vec<Id>, Vec<bool>) {
    let mut early = vec![false; graph.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        early[id.index()] = node.ty.shape.size() == 1
            && node.args.iter().all(|arg| early[arg.index()] || graph.node(*arg).kind.is_source());
    }
    let (mut order, rest): (Vec<Id>, Vec<Id>) = graph.ids().partition(|id| early[id.index()]);
    order.extend(rest);
    (order, early)
}

impl Fusion<'_> {
    fn place(&mut self, id: Id, unit: Unit) {
        self.unit_of[id.index()] = Some(self.units.len());
        self.units.push(unit);
    }

    fn add_root(&mut self, id: Id) {
        let profile = Profile::of(self.graph, &self.roots.stored, id);
        let placement = if reduces_rows(self.graph, id) { Placement::Reduced } else { Placement::Full };
        let latest = profile.reads.iter().filter_map(|read| self.unit_of[read.id.index()]).max();
        let unit = match self.find_group(&profile, placement, latest, self.early[id.index()]) {
            Some((unit, placement)) => {
                let Unit::Group(group) = &mut self.units[unit] else { unreachable!("internal: a group") };
                group.weight += profile.weight;
                if placement == Placement::Reduced {
                    group.space.reduced = profile.space.reduced.clone();
                }
                group.members.push(Member { id, placement, profile: profile.clone() });
                unit
            }
            None => {
                let (space, weight) = (profile.space.clone(), profile.weight);
                let members = vec![Member { id, placement, profile: profile.clone() }];
                self.units.push(Unit::Group(Group { space, members, weight }));
                self.units.len() - 1
            }
        };
        self.unit_of[id.index()] = Some(unit);
        for read in &profile.reads {
            let readers = self.readers.entry(read.id).or_default();
            if readers.last() != Some(&unit) {
                readers.push(unit);
            }
        }
    }

    /// The group that computes what `id` reads, or one after it that reads the same; of early numbers the newest
    /// too.
    fn find_group(
        &self,
        profile: &Profile,
        placement: Placement,
        latest: Option<usize>,
        is_early: bool,
    ) -> Option<(usize, Placement)> {
        let mut candidates: SmallVec<[usize; 8]> = latest.into_iter().collect();
        if is_early {
            // The newest unit is one of single numbers too: a step costs more than such a number.
            candidates.extend(self.units.len().checked_sub(1));
        }
        for read in &profile.reads {
            let readers = self.readers.get(&read.id).map_or(&[][..], |readers| &readers[..]);
            let after = |unit: &&usize| latest.is_none_or(|latest| **unit > latest);
            candidates.extend(readers.iter().rev().take(MOST_SIBLINGS_TRIED).filter(after).copied());
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates.into_iter().find_map(|unit| Some((unit, self.joins(profile, placement, unit)?)))
    }

    /// At which placement `id` can join the group `unit`, if it can.
    fn joins(&self, profile: &Profile, placement: Placement, unit: usize) -> Option<Placement> {
        let Unit::Group(group) = &self.units[unit] else { return None };
        if group.weight + profile.weight > LARGEST_KERNEL
            || group.num_buffers() + profile.reads.len() > MOST_BUFFERS
        {
            return None;
        }
        let space = &group.space;
        let placement = match placement {
            Placement::Full if profile.space.dims == space.dims => Placement::Full,
            Placement::Full if space.has_reduced() && profile.space.dims == space.kept() => Placement::Row,
            Placement::Reduced if profile.space == *space => Placement::Reduced,
            Placement::Reduced if !space.has_reduced() && profile.space.dims == space.dims => {
                self.may_become_rows(group, &profile.space).then_some(Placement::Reduced)?
            }
            _ => return None,
        };
        let mut inside = profile
            .reads
            .iter()
            .filter_map(|read| group.members.iter().find(|m| m.id == read.id).map(|member| (read, member)));
        let reduced = if placement == Placement::Reduced { &profile.space.reduced } else { &space.reduced };
        inside
            .all(|(read, member)| is_same_iteration(read, member, placement, profile, reduced))
            .then_some(placement)
    }

    /// Whether an elementwise group may run row by row.
    fn may_become_rows(&self, group: &Group, rows: &Space) -> bool {
        let num_rows: usize = rows.kept().iter().product();
        let all_elementwise = group
            .members
            .iter()
            .all(|m| !self.graph.node(m.id).kind.is_reduction() && m.placement == Placement::Full);
        all_elementwise && (num_rows >= 16 || num_rows * rows.num_reduced_elements() <= LONGEST_ONLY_ROW)
    }
}

/// Whether `read` needs nothing of another iteration of the group's loops than the one that reads.
fn is_same_iteration(
    read: &Read,
    member: &Member,
    placement: Placement,
    profile: &Profile,
    reduced: &[bool],
) -> bool {
    let Some(strides) = &read.strides else { return false };
    let dims = &profile.space.dims;
    match (member.placement, placement) {
        (Placement::Full, Placement::Row) => false,
        (Placement::Full, _) | (_, Placement::Row) => *strides == row_major(dims),
        // A value of the row, whichever of its elements reads it.
        _ => {
            let of_row = || strides.iter().zip(dims).zip(reduced);
            let kept: Dims = of_row().filter(|(_, r)| !**r).map(|((_, n), _)| *n).collect();
            let mut kept_strides = of_row().filter(|(_, r)| !**r).map(|((s, _), _)| *s);
            let same_for_all = of_row().filter(|(_, r)| **r).all(|((s, _), _)| *s == 0);
            same_for_all && kept_strides.by_ref().eq(row_major(&kept))
        }
    }
}

impl Group {
    fn num_buffers(&self) -> usize {
        self.members.iter().map(|m| 1 + m.profile.reads.len()).sum()
    }
}

/// Elements between neighbours along each axis.
pub(crate) fn row_major(dims: &[usize]) -> Dims {
    let mut strides = Dims::from_elem(1, dims.len());
    for k in (1..dims.len()).rev() {
        strides[k - 1] = strides[k] * dims[k];
    }
    strides
}
