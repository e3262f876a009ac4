//! A graph's work in order of execution with planned memory, before there is code.
//!
//! Lists inside of loops are scheduled with the list around them, so that all kernels of a program are compiled at once
//! and all memory is one plan. Invariant: `verify` holds, which all `unsafe` of `runtime` rests on.

mod barriers;
mod buffers;
mod loops;
mod text;
mod verify;

use crate::codegen::Compiled;
use crate::fuse::{Roots, Unit, fuse};
use crate::graph::{Graph, Id, Kind};
use crate::kernels::{self, LoopNest, Needed, Param};
use crate::runtime::{Block, Copy, KernelCall, Layout, Slot, Step};
use buffers::{Base, BufferSlice, MemoryUse, Plan, plan};
use gradus_ir::{Array, SourceLocation};
use gradus_kernel::Kernel;
use loops::LoopMemory;
use std::fmt::Write;
use std::sync::Arc;

/// Entries and their memory.
pub(crate) struct Schedule<'g> {
    graph: &'g Graph,
    entries: Vec<Entry<'g>>,
    plan: Plan,
    /// Results that may be written to the place of a parameter, and which.
    replaced: Vec<(usize, usize)>,
}

/// What runs as one step.
struct Entry<'g> {
    work: Work<'g>,
    memory: MemoryUse,
    /// Must all threads have finished what is before it?
    barrier: bool,
}

enum Work<'g> {
    /// `number` is that of its kernel among all of the program.
    Kernel {
        nest: Box<LoopNest>,
        number: usize,
    },
    Routine(Id),
    Loop {
        id: Id,
        inside: Vec<Schedule<'g>>,
        memory: LoopMemory,
    },
    /// The memory of the first is copied to that of the second.
    Copy {
        from: Id,
        to: Id,
    },
}

/// The kernels of a program, by number.
pub(crate) struct Kernels {
    precise: bool,
    list: Vec<Kernel>,
}

impl Kernels {
    /// `precise` keeps multiplications and additions apart.
    pub(crate) fn new(precise: bool) -> Kernels {
        Kernels { precise, list: vec![] }
    }
    fn add(&mut self, nest: &LoopNest) -> usize {
        self.list.push(kernels::finished(nest, self.precise));
        self.list.len() - 1
    }
    pub(crate) fn into_list(self) -> Vec<Kernel> {
        self.list
    }
}

impl<'g> Schedule<'g> {
    /// `replaced` lists results that may be written to the place of a parameter; kernels are added to the program's.
    pub(crate) fn of(graph: &'g Graph, replaced: Vec<(usize, usize)>, kernels: &mut Kernels) -> Schedule<'g> {
        let roots = Roots::choose(graph);
        let units = fuse(graph, &roots);
        let outside = read_outside(graph, &roots.stored, &units);
        let needed = Needed { graph, stored: &roots.stored, outside: &outside };
        let works = units.iter().filter_map(|unit| Work::of(graph, &needed, unit, kernels));
        let (works, uses): (Vec<Work<'_>>, Vec<MemoryUse>) =
            works.map(|work| (work.memory_use(graph), work)).map(|(memory, work)| (work, memory)).unzip();
        let plan = plan(graph, &uses, &replaced);
        let ordered: Vec<bool> = works.iter().map(|work| work.is_ordered(graph)).collect();
        let barriers = barriers::place(graph, &plan, &uses, &ordered);
        let entries = works.into_iter().zip(uses).zip(barriers);
        let entries = entries.map(|((work, memory), barrier)| Entry { work, memory, barrier }).collect();
        Schedule { graph, entries, plan, replaced }
    }

    /// Checks the plan, and those of the lists inside.
    ///
    /// # Errors
    /// Which entry breaks which rule, with the bytes.
    pub(crate) fn verify(&self) -> Result<(), String> {
        let entries = self.entries.iter().map(|entry| (&entry.memory, entry.barrier)).collect::<Vec<_>>();
        verify::verify(self.graph, &self.plan, &entries, &self.replaced)
            .map_err(|broken| format!("{broken}\n{self}"))?;
        let inside = self.entries.iter().filter_map(|entry| match &entry.work {
            Work::Loop { inside, .. } => Some(inside),
            _ => None,
        });
        inside.flatten().try_for_each(Schedule::verify)
    }

    /// The memory that the steps work on.
    pub(crate) fn into_layout(self) -> Layout {
        Layout {
            constants: self.constants(),
            arena_bytes: self.plan.arena_bytes,
            written: self.plan.written_types,
            in_place: self.plan.in_place,
            outputs: self.plan.outputs,
        }
    }

    /// The constants' data, by number.
    fn constants(&self) -> Vec<Array> {
        let data = |id: &Id| match &self.graph.node(*id).kind {
            Kind::Constant(array) => array.clone(),
            kind => unreachable!("internal: {kind:?} is no constant"),
        };
        self.plan.constants.iter().map(data).collect()
    }

    /// The steps, with the code of the kernels by number and resolved places.
    pub(crate) fn steps(&self, codes: &[Arc<Compiled>], threads: usize) -> Vec<Step> {
        let step = |(number, entry): (usize, &Entry<'g>)| {
            let step = self.step(number, &entry.work, codes, threads);
            Step { barrier: entry.barrier, ..step }
        };
        self.entries.iter().enumerate().map(step).collect()
    }

    fn slot(&self, slice: BufferSlice) -> Slot {
        let (params, written) = (self.graph.num_params, self.plan.written.len());
        match slice.base {
            Base::Arena => Slot::arena(slice.offset),
            Base::Scratch => Slot::scratch(slice.offset),
            Base::Param(k) => Slot::outside(k, slice.offset),
            Base::Result(k) => Slot::outside(params + k, slice.offset),
            Base::Constant(k) => Slot::outside(params + written + k, slice.offset),
        }
    }

    fn step(&self, number: usize, work: &Work<'g>, codes: &[Arc<Compiled>], threads: usize) -> Step {
        let graph = self.graph;
        let slot = |id| self.slot(self.plan.slice(id));
        match work {
            Work::Kernel { nest, number } => self.kernel_step(nest, codes[*number].clone()),
            Work::Routine(id) => match &graph.node(*id).kind {
                Kind::Routine(routine) => routine.step(graph, *id, &slot),
                kind => unreachable!("internal: {kind:?} is no routine"),
            },
            Work::Loop { id, inside, memory } => {
                let block =
                    |list: &Schedule<'_>| Block::new(list.steps(codes, threads), list.constants(), threads);
                let workspace = Slot::arena(self.plan.workspaces[number]);
                memory.step(graph, *id, &slot, workspace, inside.iter().map(block).collect())
            }
            Work::Copy { from, to } => {
                let bytes = graph.ty(*to).size_bytes();
                let copy = Copy { from: slot(*from), to: slot(*to), bytes };
                let (extent, cost) = (copy.extent(), bytes as u64 / 2);
                let label = format!("copy {}", graph.ty(*to));
                Step { extent, cost, ..Step::new(copy, graph.node(*to).location, label) }
            }
        }
    }

    fn kernel_step(&self, nest: &LoopNest, compiled: Arc<Compiled>) -> Step {
        let (slices, scratch_bytes) = self.slices_of(nest);
        let slots = slices.into_iter().map(|slice| self.slot(slice)).collect();
        let mut label = String::from("kernel");
        for id in &nest.writes {
            let _ = write!(label, " {}:{}", self.graph.name(*id), self.graph.ty(*id));
        }
        let at = nest.writes.first().map_or(SourceLocation::unknown(), |id| self.graph.node(*id).location);
        Step {
            extent: nest.extent,
            grain: nest.grain,
            cost: nest.cost,
            scratch_bytes,
            ..Step::new(KernelCall { compiled, slots }, at, label)
        }
    }

    /// Where the parameters of a kernel are, and the bytes of its scratch rows.
    fn slices_of(&self, nest: &LoopNest) -> (Vec<BufferSlice>, usize) {
        let mut scratch_bytes: usize = 0;
        let mut slice = |param: &Param| match param {
            Param::Value(id) => self.plan.slice(*id),
            Param::Scratch(bytes) => {
                let offset = scratch_bytes;
                scratch_bytes += bytes.next_multiple_of(64);
                BufferSlice { base: Base::Scratch, offset }
            }
        };
        let slices = nest.params.iter().map(&mut slice).collect();
        (slices, scratch_bytes)
    }
}

impl<'g> Work<'g> {
    /// `None` if there is nothing to do.
    fn of(graph: &'g Graph, needed: &Needed<'_>, unit: &Unit, kernels: &mut Kernels) -> Option<Work<'g>> {
        let writes: Vec<Id> = match unit {
            Unit::Group(group) => group.members.iter().map(|m| m.id).collect(),
            Unit::Loop(id) | Unit::SmallLoop(id) => graph.written_elements_of(*id),
            Unit::Routine(id) => graph.results_of(*id).collect(),
            Unit::Base(id) | Unit::SliceUpdate { whole: id, .. } | Unit::Scatter(id) | Unit::Cumulate(id) => {
                vec![*id]
            }
        };
        // A loop without results may still print or fail.
        let does_more =
            matches!(unit, Unit::Loop(id) | Unit::SmallLoop(id) if graph.node(*id).kind.can_fail());
        if !does_more && writes.iter().all(|id| graph.ty(*id).shape.size() == 0) {
            return None;
        }
        Some(match unit {
            Unit::Routine(id) => Work::Routine(*id),
            Unit::Loop(id) => {
                let inner = graph.control_flow(*id);
                let lists = inner.graphs().into_iter().zip(loops::replaced(inner));
                let inside: Vec<Schedule<'_>> =
                    lists.map(|(list, replaced)| Schedule::of(list, replaced, kernels)).collect();
                let plans: Vec<&Plan> = inside.iter().map(|list| &list.plan).collect();
                let memory = LoopMemory::of(graph, *id, &plans);
                Work::Loop { id: *id, inside, memory }
            }
            Unit::Base(to) if is_copied_whole(needed, *to) => {
                Work::Copy { from: graph.node(*to).args[0], to: *to }
            }
            unit => {
                let nest = kernels::build(needed, unit);
                let number = kernels.add(&nest);
                Work::Kernel { nest: Box::new(nest), number }
            }
        })
    }

    fn memory_use(&self, graph: &Graph) -> MemoryUse {
        match self {
            Work::Kernel { nest, .. } => MemoryUse {
                reads: nest
                    .params
                    .iter()
                    .filter_map(|param| match param {
                        Param::Value(id) if !nest.writes.contains(id) => Some(*id),
                        _ => None,
                    })
                    .collect(),
                writes: nest.writes.clone(),
                same_element: nest.same_element.clone(),
                ..MemoryUse::default()
            },
            Work::Copy { from, to } => MemoryUse {
                reads: vec![*from],
                writes: vec![*to],
                same_element: vec![*from],
                ..MemoryUse::default()
            },
            Work::Loop { id, memory, .. } => memory.memory_use(graph, *id),
            Work::Routine(id) => MemoryUse {
                reads: sources(graph, *id),
                writes: graph.results_of(*id).collect(),
                ..MemoryUse::default()
            },
        }
    }

    /// Is it seen from outside, so that it keeps its place?
    fn is_ordered(&self, graph: &Graph) -> bool {
        match self {
            Work::Routine(id) => {
                matches!(&graph.node(*id).kind, Kind::Routine(routine) if routine.is_ordered())
            }
            Work::Loop { id, .. } => graph.node(*id).kind.can_fail(),
            Work::Kernel { .. } | Work::Copy { .. } => false,
        }
    }
}

/// The stored values that a routine reads.
fn sources(graph: &Graph, id: Id) -> Vec<Id> {
    match &graph.node(id).kind {
        Kind::Routine(routine) => routine.sources(graph, id),
        _ => graph.node(id).args.to_vec(),
    }
}

/// Which values someone reads other than the unit that computes them.
fn read_outside(graph: &Graph, stored: &[bool], units: &[Unit]) -> Vec<bool> {
    let mut outside = vec![false; graph.len()];
    graph.results.iter().for_each(|r| outside[r.index()] = true);
    for unit in units {
        match unit {
            Unit::Group(group) => {
                for read in group.members.iter().flat_map(|m| &m.profile.reads) {
                    outside[read.id.index()] |= group.members.iter().all(|m| m.id != read.id);
                }
            }
            // What these read is found by walking down to what is stored.
            Unit::Base(id)
            | Unit::SliceUpdate { whole: id, .. }
            | Unit::Scatter(id)
            | Unit::Cumulate(id)
            | Unit::Routine(id)
            | Unit::Loop(id)
            | Unit::SmallLoop(id) => {
                outside[id.index()] = true;
                let mut open = graph.node(*id).args.to_vec();
                // A routine looks through movements, also those that stand in memory.
                open.extend(sources(graph, *id));
                while let Some(id) = open.pop() {
                    if !std::mem::replace(&mut outside[id.index()], true) && !stored[id.index()] {
                        open.extend(&graph.node(id).args);
                    }
                }
            }
        }
    }
    outside
}

/// Is the base of an update or a scatter there in memory as it is needed?
fn is_copied_whole(needed: &Needed<'_>, whole: Id) -> bool {
    let source = needed.graph.node(whole).args[0];
    needed.stored[source.index()] && needed.graph.ty(source) == needed.graph.ty(whole)
}
