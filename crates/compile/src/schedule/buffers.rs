//! Where every stored value stands: parameters, results, constants, or a place in one arena.
//!
//! Invariant: two values share bytes only if one is dead before the other is written, or if the kernel that writes one
//! reads the other at the very element it writes.

use crate::graph::{Graph, Id, Kind};
use crate::runtime::Output;
use gradus_ir::Type;
use rustc_hash::FxHashMap;

/// The memory that a slice is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Base {
    Arena,
    /// Memory of one thread, valid during one step.
    Scratch,
    Param(usize),
    Result(usize),
    Constant(usize),
}

/// Where a value stands in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BufferSlice {
    pub(crate) base: Base,
    pub(crate) offset: usize,
}

/// What a step does with memory, in order of execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryUse {
    pub(crate) reads: Vec<Id>,
    pub(crate) writes: Vec<Id>,
    /// Reads that are made only at the element that is written.
    pub(crate) same_element: Vec<Id>,
    /// Pairs of a read and a write that may be one place.
    pub(crate) replaces: Vec<(Id, Id)>,
    /// Bytes that the step needs while it runs.
    pub(crate) workspace: usize,
}

/// The plan of a program's memory.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) slices: FxHashMap<Id, BufferSlice>,
    pub(crate) arena_bytes: usize,
    /// For each step where its workspace is in the arena.
    pub(crate) workspaces: Vec<usize>,
    /// Nodes of the constants, by number.
    pub(crate) constants: Vec<Id>,
    /// Nodes of the results that are written, by number.
    pub(crate) written: Vec<Id>,
    /// Their types as results.
    pub(crate) written_types: Vec<Type>,
    /// For each written result: the donated parameter whose buffer it may be written to.
    pub(crate) in_place: Vec<Option<usize>>,
    pub(crate) outputs: Vec<Output>,
}

/// Every value starts at a multiple of so many bytes of its base.
pub(crate) const ALIGNMENT: usize = 64;

/// Plans the memory of `steps`; `replaced` lists results that may be written to the place of a parameter.
pub(crate) fn plan(graph: &Graph, steps: &[MemoryUse], replaced: &[(usize, usize)]) -> Plan {
    let mut plan = Plan::default();
    plan.place_sources(graph, steps);
    plan.place_results(graph);
    let lives = Lives::of(graph, steps);
    plan.in_place =
        (0..plan.written.len()).map(|k| plan.replaced_param(graph, steps, &lives, replaced, k)).collect();
    plan.place_in_arena(graph, steps, &lives);
    plan
}

/// First write and last read of each value, by step.
struct Lives {
    first_write: FxHashMap<Id, usize>,
    last_use: FxHashMap<Id, usize>,
}

impl Lives {
    fn of(graph: &Graph, steps: &[MemoryUse]) -> Lives {
        let mut lives = Lives { first_write: FxHashMap::default(), last_use: FxHashMap::default() };
        for (step, access) in steps.iter().enumerate() {
            for id in &access.writes {
                lives.first_write.entry(*id).or_insert(step);
                lives.last_use.insert(*id, step);
            }
            for id in &access.reads {
                lives.last_use.insert(*id, step);
            }
        }
        for result in &graph.results {
            lives.last_use.insert(*result, usize::MAX);
        }
        lives
    }
}

impl Plan {
    /// Where a value is; one without elements is anywhere.
    pub(crate) fn slice(&self, id: Id) -> BufferSlice {
        self.slices.get(&id).copied().unwrap_or(BufferSlice { base: Base::Arena, offset: 0 })
    }

    fn place_sources(&mut self, graph: &Graph, steps: &[MemoryUse]) {
        let read = steps.iter().flat_map(|access| &access.reads).chain(&graph.results);
        for &id in read {
            match graph.node(id).kind {
                Kind::Param(k) => {
                    self.slices.insert(id, BufferSlice { base: Base::Param(k), offset: 0 });
                }
                Kind::Constant(_) => {
                    let next = self.constants.len();
                    let place = BufferSlice { base: Base::Constant(next), offset: 0 };
                    if *self.slices.entry(id).or_insert(place) == place {
                        self.constants.push(id);
                    }
                }
                _ => {}
            }
        }
    }

    fn place_results(&mut self, graph: &Graph) {
        for (&id, ty) in graph.results.iter().zip(&graph.result_types) {
            let next = BufferSlice { base: Base::Result(self.written.len()), offset: 0 };
            let place = *self.slices.entry(id).or_insert(next);
            let output = match place.base {
                Base::Param(k) => Output::Param(k),
                Base::Constant(k) => Output::Constant(k),
                Base::Result(k) => Output::Written(k),
                base => unreachable!("internal: a result in {base:?}"),
            };
            if place == next {
                self.written.push(id);
                self.written_types.push(ty.clone());
            }
            self.outputs.push(output);
        }
    }

    /// The parameter that written result `k` may overwrite while the program runs.
    fn replaced_param(
        &self,
        graph: &Graph,
        steps: &[MemoryUse],
        lives: &Lives,
        replaced: &[(usize, usize)],
        k: usize,
    ) -> Option<usize> {
        let id = self.written[k];
        let (_, number) = *replaced.iter().find(|(result, _)| self.outputs[*result] == Output::Written(k))?;
        let param = Id::new(number);
        if graph.ty(param) != &self.written_types[k] {
            return None;
        }
        let write = *lives.first_write.get(&id)?;
        match lives.last_use.get(&param) {
            None => Some(number),
            Some(&last) if last < write => Some(number),
            Some(&last) if last == write => {
                let MemoryUse { same_element, replaces, .. } = &steps[write];
                (same_element.contains(&param) || replaces.contains(&(param, id))).then_some(number)
            }
            Some(_) => None,
        }
    }

    fn place_in_arena(&mut self, graph: &Graph, steps: &[MemoryUse], lives: &Lives) {
        let mut arena = Arena::default();
        // Arena values by the step after which they are dead.
        let mut dying: Vec<Vec<Id>> = vec![vec![]; steps.len()];
        for (step, access) in steps.iter().enumerate() {
            let mut reused: Vec<Id> = vec![];
            let workspace = arena.take(access.workspace);
            self.workspaces.push(workspace);
            for &id in &access.writes {
                if self.slices.contains_key(&id) {
                    continue;
                }
                let bytes = graph.ty(id).size_bytes();
                let paired = access.replaces.iter().filter(|(_, write)| *write == id).map(|(read, _)| *read);
                let reusable = access.same_element.iter().copied().chain(paired).find(|dead| {
                    lives.last_use.get(dead) == Some(&step)
                        && !reused.contains(dead)
                        && graph.ty(*dead).size_bytes() == bytes
                        && graph.scalar(*dead) == graph.scalar(id)
                        && self.slices.get(dead).is_some_and(|place| place.base == Base::Arena)
                });
                let offset = match reusable {
                    Some(dead) => {
                        reused.push(dead);
                        self.slices[&dead].offset
                    }
                    None => arena.take(bytes),
                };
                self.slices.insert(id, BufferSlice { base: Base::Arena, offset });
                dying[lives.last_use[&id]].push(id);
            }
            arena.give_back(workspace, access.workspace);
            for id in &dying[step] {
                if !reused.contains(id) {
                    arena.give_back(self.slices[id].offset, graph.ty(*id).size_bytes());
                }
            }
        }
        self.arena_bytes = arena.end;
    }
}

/// Free places of an arena that grows at its end.
#[derive(Default)]
struct Arena {
    end: usize,
    /// Offset and length of gaps, by offset; no two touch.
    gaps: Vec<(usize, usize)>,
}

impl Arena {
    /// The smallest gap that fits, or the end.
    fn take(&mut self, bytes: usize) -> usize {
        let bytes = rounded(bytes);
        let fitting = self.gaps.iter().enumerate().filter(|(_, gap)| gap.1 >= bytes);
        if let Some((k, &(offset, length))) = fitting.min_by_key(|(_, gap)| gap.1) {
            if length == bytes {
                self.gaps.remove(k);
            } else {
                self.gaps[k] = (offset + bytes, length - bytes);
            }
            return offset;
        }
        // A gap at the very end is grown.
        let offset = match self.gaps.last() {
            Some(&(offset, length)) if offset + length == self.end => {
                self.gaps.pop();
                offset
            }
            _ => self.end,
        };
        self.end = offset.saturating_add(bytes);
        offset
    }

    fn give_back(&mut self, offset: usize, bytes: usize) {
        let bytes = rounded(bytes);
        if bytes == 0 {
            return;
        }
        let k = self.gaps.partition_point(|gap| gap.0 < offset);
        self.gaps.insert(k, (offset, bytes));
        if k + 1 < self.gaps.len() && offset + bytes == self.gaps[k + 1].0 {
            self.gaps[k].1 += self.gaps.remove(k + 1).1;
        }
        if k > 0 && self.gaps[k - 1].0 + self.gaps[k - 1].1 == offset {
            self.gaps[k - 1].1 += self.gaps.remove(k).1;
        }
    }
}

fn rounded(bytes: usize) -> usize {
    bytes.checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX)
}
