//! [`compile`]: a Program becomes an [`Executable`], a flat list of steps with resolved places.

use crate::buffers::{self, Access, Base, Place, Plan};
use crate::cache::{self, Refusal};
use crate::config::Config;
use crate::convolve;
use crate::fuse::{Unit, fuse};
use crate::graph::{Graph, Id, Kind};
use crate::lower::lower;
use crate::matmul::{self, Matmul};
use crate::nest::{self, Needed, Nest, Param};
use crate::runtime::{COPY_GRAIN, Runtime, Slot, Step, Work};
use crate::sort;
use crate::weigh::Roots;
use gradus_ir::{Array, Error, ErrorKind, Place as Line, Program, Result, Type};
use std::fmt::Write;

/// A compiled program. Immutable: any number of threads may run it at once.
#[derive(Debug)]
pub struct Executable {
    runtime: Runtime,
    param_types: Vec<Type>,
    num_state: usize,
}

/// Compiles `program`.
///
/// # Errors
/// If an operation has no compiled form, or the host gives no executable memory.
pub fn compile(program: &Program, config: &Config) -> Result<Executable> {
    compile_with_state(program, 0, config)
}

/// Compiles `program`, whose first `num_state` results are the new values of its first `num_state` parameters.
///
/// # Errors
/// As [`compile`].
///
/// # Panics
/// If a state's new value is of another type.
pub fn compile_with_state(program: &Program, num_state: usize, config: &Config) -> Result<Executable> {
    for k in 0..num_state {
        let (before, after) = (&program.param_types()[k], program.ty(program.results()[k]));
        assert_eq!(before, after, "internal: a state keeps its type");
    }
    let graph = lower(program)?;
    let roots = Roots::choose(&graph);
    let units = fuse(&graph, &roots);
    let outside = read_outside(&graph, &roots.stored, &units);
    let needed = Needed { graph: &graph, stored: &roots.stored, outside: &outside };
    let pieces: Vec<Piece> = units.iter().filter_map(|unit| Piece::of(&needed, unit)).collect();
    let accesses: Vec<Access> = pieces.iter().map(|piece| piece.access(&graph)).collect();
    let can_fail = graph.ids().any(|id| graph.node(id).kind.can_fail());
    let plan = buffers::plan(&graph, &accesses, if can_fail { 0 } else { num_state });
    let steps = resolve(&graph, pieces, &accesses, &plan, config)?;
    let runtime = Runtime::new(&graph, plan, steps, config.threads);
    Ok(Executable { runtime, param_types: program.param_types().to_vec(), num_state })
}

/// A unit before its places are known.
enum Piece {
    Kernel(Box<Nest>),
    Library(Id),
    /// The memory of the first is copied to that of the second.
    Copy {
        from: Id,
        to: Id,
    },
}

impl Piece {
    /// `None` if there is nothing to do.
    fn of(needed: &Needed<'_>, unit: &Unit) -> Option<Piece> {
        let writes: Vec<Id> = match unit {
            Unit::Group(group) => group.members.iter().map(|m| m.id).collect(),
            Unit::Base(id)
            | Unit::Piece { whole: id, .. }
            | Unit::Scatter(id)
            | Unit::Cumulate(id)
            | Unit::Library(id) => {
                vec![*id]
            }
        };
        if writes.iter().all(|id| needed.graph.ty(*id).shape.size() == 0) {
            return None;
        }
        Some(match unit {
            Unit::Library(id) => Piece::Library(*id),
            Unit::Base(to) if is_copied_whole(needed, *to) => {
                Piece::Copy { from: needed.graph.node(*to).args[0], to: *to }
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
            },
            Piece::Copy { from, to } => {
                Access { reads: vec![*from], writes: vec![*to], same_element: vec![*from] }
            }
            Piece::Library(id) => {
                let writes = match graph.node(*id).kind {
                    Kind::Sort(_) => sort::results(graph, *id).collect(),
                    _ => vec![*id],
                };
                Access { reads: library_reads(graph, *id), writes, same_element: vec![] }
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
            | Unit::Library(id) => {
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

fn refused(error: Refusal) -> Error {
    Error::new("compile", ErrorKind::invalid(error.to_string()), Default::default())
}

/// Compiles kernels and gives every parameter its place.
fn resolve(
    graph: &Graph,
    pieces: Vec<Piece>,
    accesses: &[Access],
    plan: &Plan,
    config: &Config,
) -> Result<Vec<Step>> {
    let kernels = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Kernel(nest) => {
                let mut kernel = nest.kernel.clone();
                if !config.precise {
                    gradus_kernel::contract(&mut kernel);
                }
                Some(kernel)
            }
            Piece::Library(_) | Piece::Copy { .. } => None,
        })
        .collect();
    let slot = |place| Slot::of(place, graph.num_params, plan.written.len());
    let mut compiled = cache::compiled(kernels, config.isa, config.threads).map_err(refused)?.into_iter();
    let mut steps: Vec<Step> = pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Kernel(nest) => {
                let place = |param: &Param| match param {
                    Param::Value(id) => plan.places[id],
                    Param::Scratch(_) => Place { base: Base::Scratch, offset: 0 },
                };
                let mut places: Vec<Place> = nest.params.iter().map(place).collect();
                let scratch_bytes = place_scratch(&nest.params, &mut places);
                let compiled = compiled.next().expect("internal: code for each kernel");
                Step {
                    extent: nest.extent,
                    grain: nest.grain,
                    cost: nest.cost,
                    scratch_bytes,
                    barrier: false,
                    at: nest.writes.first().map_or(Line::unknown(), |id| graph.node(*id).place),
                    label: describe(graph, &nest),
                    work: Work::Kernel { compiled, slots: places.into_iter().map(slot).collect() },
                }
            }
            Piece::Copy { from, to } => copy_step(graph, from, to, |id| slot(plan.places[&id])),
            Piece::Library(id) => match &graph.node(id).kind {
                Kind::Matmul(dims) => matmul::step(graph, id, dims, |id| slot(plan.places[&id])),
                Kind::Convolve(op) => {
                    let scratch = slot(Place { base: Base::Scratch, offset: 0 });
                    convolve::step(graph, id, op, |id| slot(plan.places[&id]), scratch)
                }
                Kind::Sort(key) => {
                    let scratch = slot(Place { base: Base::Scratch, offset: 0 });
                    sort::step(graph, id, key, |id| slot(plan.places[&id]), scratch)
                }
                kind => unreachable!("internal: {kind:?} is no library step"),
            },
        })
        .collect();
    place_barriers(graph, plan, accesses, &mut steps);
    Ok(steps)
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
        if conflict || read.len() + written.len() > 256 {
            step.barrier = true;
            read.clear();
            written.clear();
        }
        read.extend(reads);
        written.extend(writes);
    }
}

impl Executable {
    /// Runs the program on `args`.
    ///
    /// # Errors
    /// If an argument is not of its parameter's type, or the memory does not suffice. Nothing was changed then.
    pub fn run(&self, args: &[&Array]) -> Result<Vec<Array>> {
        self.run_with_state(&mut [], args)
    }

    /// Runs the program on `state` and `args`, replaces the state and returns the other results.
    ///
    /// A state's buffer that nobody else holds is updated in place.
    ///
    /// # Errors
    /// If an argument is not of its parameter's type, or the memory does not suffice. Nothing was changed then.
    pub fn run_with_state(&self, state: &mut [&mut Array], args: &[&Array]) -> Result<Vec<Array>> {
        self.check(state, args)?;
        self.runtime.run(state, args)
    }

    fn check(&self, state: &[&mut Array], args: &[&Array]) -> Result<()> {
        let fits = state.len() == self.num_state
            && state.len() + args.len() == self.param_types.len()
            && state.iter().map(|a| a.ty()).chain(args.iter().map(|a| a.ty())).eq(&self.param_types);
        if fits {
            return Ok(());
        }
        let found: Vec<_> = state.iter().map(|a| a.ty()).chain(args.iter().map(|a| a.ty())).collect();
        let message = format!(
            "the program takes {:?} (of which {} are state), not {found:?}",
            self.param_types, self.num_state
        );
        Err(Error::new("run", ErrorKind::invalid(message), Default::default()))
    }

    /// One line for each step: what runs, in order.
    pub fn steps(&self) -> Vec<String> {
        self.runtime.steps().iter().map(|step| step.label.clone()).collect()
    }

    /// Bytes that a call needs beyond its arguments at its peak: arena, results and scratch.
    pub fn memory(&self) -> usize {
        self.runtime.memory()
    }

    /// Steps with code sizes, and memory, in words.
    pub fn explain(&self) -> String {
        self.runtime.explain()
    }
}
