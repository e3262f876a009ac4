//! A graph's work with planned memory, before there is code: pieces in order of execution.
//!
//! Lists inside of loops are drafted with the list around them, so that all kernels of a program are compiled at once
//! and all memory is one plan.

use crate::buffers::{self, Access, Base, Place, Plan};
use crate::cache::Compiled;
use crate::convolve;
use crate::fuse::{Unit, fuse};
use crate::graph::{Graph, Id, Kind};
use crate::host;
use crate::library;
use crate::matmul::{self, Matmul};
use crate::nest::{self, Needed, Nest, Param};
use crate::nested::{self, NestedDraft};
use crate::runtime::{COPY_GRAIN, Slot, Step, Work};
use crate::sort;
use crate::tapes;
use crate::weigh::Roots;
use gradus_ir::{Array, SourceLocation as Line};
use gradus_kernel::Kernel;
use std::fmt::Write;
use std::sync::Arc;

/// A unit before its places are known.
enum Piece<'g> {
    Kernel(Box<Nest>),
    Library(Id),
    Nested(Box<NestedDraft<'g>>),
    /// The memory of the first is copied to that of the second.
    Copy {
        from: Id,
        to: Id,
    },
}

/// Pieces and their memory.
pub(crate) struct Draft<'g> {
    graph: &'g Graph,
    pieces: Vec<Piece<'g>>,
    accesses: Vec<Access>,
    plan: Plan,
}

impl<'g> Draft<'g> {
    /// `replaced` lists results that may be written to the place of a parameter.
    pub(crate) fn of(graph: &'g Graph, replaced: &[(usize, usize)]) -> Draft<'g> {
        let roots = Roots::choose(graph);
        let units = fuse(graph, &roots);
        let outside = read_outside(graph, &roots.stored, &units);
        let needed = Needed { graph, stored: &roots.stored, outside: &outside };
        let pieces: Vec<Piece<'g>> =
            units.iter().filter_map(|unit| Piece::of(graph, &needed, unit)).collect();
        let accesses: Vec<Access> = pieces.iter().map(|piece| piece.access(graph)).collect();
        let plan = buffers::plan(graph, &accesses, replaced);
        Draft { graph, pieces, accesses, plan }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn into_plan(self) -> Plan {
        self.plan
    }

    /// The constants' data, by number.
    pub(crate) fn constants(&self) -> Vec<Array> {
        constants(self.graph, &self.plan)
    }

    /// The kernels to compile, in the order in which [`Draft::steps`] takes their code.
    pub(crate) fn kernels(&self, precise: bool, all: &mut Vec<Kernel>) {
        for piece in &self.pieces {
            match piece {
                Piece::Kernel(nest) => {
                    let mut kernel = nest.kernel.clone();
                    if !precise {
                        gradus_kernel::contract(&mut kernel);
                    }
                    if nest.is_loop {
                        gradus_kernel::reduce_register_pressure(&mut kernel);
                    }
                    all.push(kernel);
                }
                Piece::Nested(draft) => draft.kernels(precise, all),
                Piece::Library(_) | Piece::Copy { .. } => {}
            }
        }
    }

    /// The steps, with code and resolved places.
    pub(crate) fn steps(&self, codes: &mut std::vec::IntoIter<Arc<Compiled>>, threads: usize) -> Vec<Step> {
        let mut steps: Vec<Step> =
            self.pieces.iter().enumerate().map(|(k, piece)| self.step(k, piece, codes, threads)).collect();
        place_barriers(self.graph, &self.plan, &self.accesses, &mut steps);
        steps
    }

    fn slot(&self, place: Place) -> Slot {
        Slot::of(place, self.graph.num_params, self.plan.written.len())
    }

    fn step(
        &self,
        number: usize,
        piece: &Piece<'g>,
        codes: &mut std::vec::IntoIter<Arc<Compiled>>,
        threads: usize,
    ) -> Step {
        let graph = self.graph;
        let slot = |id| self.slot(self.plan.place(id));
        match piece {
            Piece::Kernel(nest) => {
                let place = |param: &Param| match param {
                    Param::Value(id) => self.plan.place(*id),
                    Param::Scratch(_) => Place { base: Base::Scratch, offset: 0 },
                };
                let mut places: Vec<Place> = nest.params.iter().map(place).collect();
                let scratch_bytes = place_scratch(&nest.params, &mut places);
                let compiled = codes.next().expect("internal: code for each kernel");
                Step {
                    extent: nest.extent,
                    grain: nest.grain,
                    cost: nest.cost,
                    scratch_bytes,
                    barrier: false,
                    at: nest.writes.first().map_or(Line::unknown(), |id| graph.node(*id).place),
                    label: describe(graph, nest),
                    clock: crate::runtime::Clock::default(),
                    work: Work::Kernel {
                        compiled,
                        slots: places.into_iter().map(|place| self.slot(place)).collect(),
                    },
                }
            }
            Piece::Nested(draft) => {
                let workspace = Place { base: Base::Arena, offset: self.plan.workspaces[number] };
                draft.step(graph, slot, self.slot(workspace), codes, threads)
            }
            Piece::Copy { from, to } => copy_step(graph, *from, *to, slot),
            Piece::Library(id) => match &graph.node(*id).kind {
                Kind::Matmul(dims) => {
                    let scratch = self.slot(Place { base: Base::Scratch, offset: 0 });
                    matmul::step(graph, *id, dims, slot, scratch)
                }
                Kind::Convolve(op) => {
                    let scratch = self.slot(Place { base: Base::Scratch, offset: 0 });
                    convolve::step(graph, *id, op, slot, scratch)
                }
                Kind::Sort(key) => {
                    let scratch = self.slot(Place { base: Base::Scratch, offset: 0 });
                    sort::step(graph, *id, key, slot, scratch)
                }
                Kind::Library(calls) => library::step(graph, *id, calls, slot),
                Kind::Tape(op) => tapes::step(graph, *id, *op, slot),
                Kind::Host(op) => host::step(graph, *id, op, slot),
                kind => unreachable!("internal: {kind:?} is no library step"),
            },
        }
    }
}

/// The data of a plan's constants.
pub(crate) fn constants(graph: &Graph, plan: &Plan) -> Vec<Array> {
    let data = |id: &Id| match &graph.node(*id).kind {
        Kind::Constant(array) => array.clone(),
        kind => unreachable!("internal: {kind:?} is no constant"),
    };
    plan.constants.iter().map(data).collect()
}

impl<'g> Piece<'g> {
    /// `None` if there is nothing to do.
    fn of(graph: &'g Graph, needed: &Needed<'_>, unit: &Unit) -> Option<Piece<'g>> {
        let writes: Vec<Id> = match unit {
            Unit::Group(group) => group.members.iter().map(|m| m.id).collect(),
            Unit::Nested(id) => nested::written_parts(graph, *id),
            Unit::Library(id) => graph.results_of(*id).collect(),
            Unit::Base(id) | Unit::Piece { whole: id, .. } | Unit::Scatter(id) | Unit::Cumulate(id) => {
                vec![*id]
            }
        };
        // A loop without results may still print or fail.
        let does_more = matches!(unit, Unit::Nested(id) if graph.node(*id).kind.can_fail());
        if !does_more && writes.iter().all(|id| graph.ty(*id).shape.size() == 0) {
            return None;
        }
        Some(match unit {
            Unit::Library(id) => Piece::Library(*id),
            Unit::Nested(id) if !nested::nested(graph, *id).is_small => {
                Piece::Nested(Box::new(NestedDraft::of(graph, *id)))
            }
            Unit::Base(to) if is_copied_whole(needed, *to) => {
                Piece::Copy { from: graph.node(*to).args[0], to: *to }
            }
            unit => Piece::Kernel(Box::new(nest::build(needed, unit))),
        })
    }

    fn access(&self, graph: &Graph) -> Access {
        match self {
            Piece::Kernel(nest) => Access {
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
                ..Access::default()
            },
            Piece::Copy { from, to } => Access {
                reads: vec![*from],
                writes: vec![*to],
                same_element: vec![*from],
                ..Access::default()
            },
            Piece::Nested(draft) => draft.access(graph),
            Piece::Library(id) => {
                let writes = match graph.node(*id).kind {
                    Kind::Sort(_) | Kind::Library(_) => graph.results_of(*id).collect(),
                    Kind::Host(_) => std::iter::once(*id).chain(host::results(graph, *id)).collect(),
                    _ => vec![*id],
                };
                Access { reads: library_reads(graph, *id), writes, ..Access::default() }
            }
        }
    }
}

/// The stored values that a library step reads.
fn library_reads(graph: &Graph, id: Id) -> Vec<Id> {
    match graph.node(id).kind {
        Kind::Matmul(_) => Matmul::sources(graph, id),
        Kind::Convolve(_) => convolve::sources(graph, id),
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
            | Unit::Piece { whole: id, .. }
            | Unit::Scatter(id)
            | Unit::Cumulate(id)
            | Unit::Library(id)
            | Unit::Nested(id) => {
                outside[id.index()] = true;
                let mut open = graph.node(*id).args.to_vec();
                if let Unit::Library(id) = unit {
                    // The library looks through movements, also those that stand in memory.
                    open.extend(library_reads(graph, *id));
                }
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

/// Is the base of an assembly or a scatter there in memory as it is needed?
fn is_copied_whole(needed: &Needed<'_>, whole: Id) -> bool {
    let source = needed.graph.node(whole).args[0];
    needed.stored[source.index()] && needed.graph.ty(source) == needed.graph.ty(whole)
}

fn copy_step(graph: &Graph, from: Id, to: Id, slot: impl Fn(Id) -> Slot) -> Step {
    let bytes = graph.ty(to).size_bytes();
    Step {
        work: Work::Copy { from: slot(from), to: slot(to), bytes },
        extent: bytes.div_ceil(COPY_GRAIN) as i64,
        grain: 1,
        cost: bytes as u64 / 2,
        scratch_bytes: 0,
        barrier: false,
        at: graph.node(to).place,
        label: format!("copy {}", graph.ty(to)),
        clock: crate::runtime::Clock::default(),
    }
}

/// Offsets of a step's scratch rows; returns their bytes.
fn place_scratch(params: &[Param], places: &mut [Place]) -> usize {
    let mut end: usize = 0;
    for (param, place) in params.iter().zip(places) {
        if let Param::Scratch(bytes) = param {
            place.offset = end;
            end += bytes.next_multiple_of(64);
        }
    }
    end
}

fn describe(graph: &Graph, nest: &Nest) -> String {
    let mut text = String::from("kernel");
    for id in &nest.writes {
        let node = graph.node(*id);
        let _ = write!(text, " {}:{}", node.kind.name(), node.ty);
    }
    text
}

/// A step waits for the others where it touches what one of them has touched since the last wait.
fn place_barriers(graph: &Graph, plan: &Plan, accesses: &[Access], steps: &mut [Step]) {
    type Span = (Base, usize, usize);
    let span = |id: &Id| -> Option<Span> {
        let place = plan.places.get(id)?;
        let base = match place.base {
            // A donated parameter and its new value may share bytes.
            Base::Result(k) => plan.in_place[k].map_or(place.base, Base::Param),
            base => base,
        };
        Some((base, place.offset, place.offset + graph.ty(*id).size_bytes()))
    };
    let touch = |a: &Span, b: &Span| a.0 == b.0 && a.1 < b.2 && b.1 < a.2;
    let (mut read, mut written): (Vec<Span>, Vec<Span>) = (vec![], vec![]);
    for (access, step) in accesses.iter().zip(steps) {
        let reads: Vec<Span> = access.reads.iter().filter_map(span).collect();
        let writes: Vec<Span> = access.writes.iter().filter_map(span).collect();
        let conflict = reads.iter().any(|r| written.iter().any(|w| touch(r, w)))
            || writes.iter().any(|w| read.iter().chain(&written).any(|other| touch(w, other)));
        if conflict || step.barrier || read.len() + written.len() > 256 {
            step.barrier = true;
            read.clear();
            written.clear();
        }
        read.extend(reads);
        written.extend(writes);
    }
}
