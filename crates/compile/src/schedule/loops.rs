//! A loop or choice as one step with lists of steps inside: its memory, and the step.
//!
//! Constants are read where they stand, stacked rows where they lie in their array, and stacked results are written
//! there. A carried value whose every read in an iteration comes before its write stands in one place; any other
//! has two, which are swapped.

use super::buffers::{ALIGNMENT, MemoryUse, Plan};
use crate::graph::{ControlFlow, Graph, Id, TripCount};
use crate::runtime::{
    Block, Carry, CondForm, LoopForm, LoopTask, Row, ScanForm, Slot, Step, Trips, WhileForm,
};

/// The memory that a loop needs besides operands, results and the arenas of the lists inside.
#[derive(Debug)]
pub(super) struct LoopMemory {
    /// For each carried value with two places, where the second is in the workspace.
    pub(super) spares: Vec<Option<usize>>,
    /// Where the outcome of a test is in the workspace.
    flag: usize,
    /// What a tape has beyond its end: zeros, as many as its longest row.
    zeros: usize,
    workspace: usize,
}

/// For each list inside the results that may be written to the place of a parameter: new carries over old ones.
pub(super) fn replaced(inner: &ControlFlow<Graph>) -> Vec<Vec<(usize, usize)>> {
    match inner {
        ControlFlow::Scan(scan) => vec![(0..scan.num_carry).map(|k| (k, scan.num_consts + k)).collect()],
        ControlFlow::While(inner) => {
            vec![vec![], (0..inner.num_carry).map(|k| (k, inner.num_body_consts + k)).collect()]
        }
        ControlFlow::Cond(branches) => vec![vec![]; branches.len()],
    }
}

impl LoopMemory {
    /// `inside` are the plans of the lists inside.
    pub(super) fn of(graph: &Graph, id: Id, inside: &[&Plan]) -> LoopMemory {
        let inner = graph.control_flow(id);
        let body = match inner {
            ControlFlow::Scan(_) => Some(0),
            ControlFlow::While(_) => Some(1),
            ControlFlow::Cond(_) => None,
        };
        // One of the lists runs at a time.
        let mut workspace = inside.iter().map(|plan| plan.arena_bytes).max().unwrap_or(0);
        let mut take = |bytes: usize| {
            let at = workspace.next_multiple_of(ALIGNMENT);
            workspace = at.saturating_add(bytes);
            at
        };
        let flag = take(1);
        let zeros = take(longest_tape_row(inner));
        let spares = graph
            .elements_of(id)
            .take(inner.num_carry())
            .enumerate()
            .map(|(k, element)| {
                let in_place = body.is_none_or(|body| inside[body].in_place[k].is_some());
                (!in_place).then(|| take(graph.ty(element).size_bytes()))
            })
            .collect();
        LoopMemory { spares, flag, zeros, workspace }
    }

    pub(super) fn memory_use(&self, graph: &Graph, id: Id) -> MemoryUse {
        let args = &graph.node(id).args;
        let inner = graph.control_flow(id);
        let num_rows = (0..args.len()).filter(|&k| inner.is_row(k)).count();
        let first = args.len() - num_rows - self.spares.len();
        let only_read_here = |arg: &Id| args.iter().filter(|other| *other == arg).count() == 1;
        let in_place =
            graph.elements_of(id).zip(&self.spares).enumerate().filter(|(_, (_, spare))| spare.is_none());
        let replaces = in_place
            .map(|(k, (element, _))| (args[first + k], element))
            .filter(|(init, _)| !matches!(inner, ControlFlow::Cond(_)) && only_read_here(init));
        MemoryUse {
            reads: args.iter().copied().filter(|arg| graph.ty(*arg).shape.size() > 0).collect(),
            writes: graph.written_elements_of(id),
            replaces: replaces.collect(),
            workspace: self.workspace,
            ..MemoryUse::default()
        }
    }

    /// The step; `slot` gives the places of values of the graph around it.
    pub(super) fn step(
        &self,
        graph: &Graph,
        id: Id,
        slot: &dyn Fn(Id) -> Slot,
        workspace: Slot,
        blocks: Vec<Block>,
    ) -> Step {
        let inner = graph.control_flow(id);
        let scratch_bytes = blocks.iter().map(Block::scratch_bytes).max().unwrap_or(0);
        let inside = blocks.iter().map(Block::cost).fold(0, u64::saturating_add);
        let results: Vec<Id> = graph.elements_of(id).collect();
        let parts = LoopParts { memory: self, graph, id, slot, workspace, results };
        let node = graph.node(id);
        let task = LoopTask {
            form: parts.form(inner, blocks),
            trips: inner.trips(),
            frees_tapes: inner.frees_tapes(),
            at: node.location,
        };
        Step {
            cost: inside.saturating_mul(inner.trips()),
            scratch_bytes,
            ..Step::new(task, node.location, inner.describe())
        }
    }
}

/// A loop with the places of what it works on.
struct LoopParts<'p> {
    memory: &'p LoopMemory,
    graph: &'p Graph,
    id: Id,
    slot: &'p dyn Fn(Id) -> Slot,
    workspace: Slot,
    results: Vec<Id>,
}

impl LoopParts<'_> {
    fn slots(&self, ids: &[Id]) -> Box<[Slot]> {
        ids.iter().map(|&id| (self.slot)(id)).collect()
    }

    fn carries(&self, init: &[Id]) -> Box<[Carry]> {
        let all = init.iter().zip(&self.results).zip(&self.memory.spares);
        all.map(|((init, result), spare)| Carry {
            init: (self.slot)(*init),
            result: (self.slot)(*result),
            spare: spare.map(|at| self.workspace.offset(at)),
            bytes: self.graph.ty(*result).size_bytes(),
        })
        .collect()
    }

    fn form(&self, inner: &ControlFlow<Graph>, mut blocks: Vec<Block>) -> LoopForm {
        let (args, results, slot) = (&self.graph.node(self.id).args, &self.results, self.slot);
        match inner {
            ControlFlow::Scan(scan) => {
                let (consts, rest) = args[scan.num_lengths()..].split_at(scan.num_consts);
                let (init, xs) = rest.split_at(scan.num_carry);
                let row = |array: Id, of: Id, on_tape: bool| Row {
                    slot: slot(array),
                    bytes: scan.body.ty(of).size_bytes(),
                    on_tape,
                };
                let of_xs = (scan.num_consts + scan.num_carry..).map(Id::new);
                let xs = xs.iter().zip(of_xs).zip(&scan.xs_on_tape);
                let ys = results.iter().zip(&scan.body.results).skip(scan.num_carry).zip(&scan.ys_on_tape);
                LoopForm::Scan(ScanForm {
                    body: blocks.remove(0),
                    trips: match scan.trip_count {
                        TripCount::Known(length) => Trips::Known(length),
                        TripCount::Operand => Trips::At(slot(args[0])),
                    },
                    reverse: scan.reverse,
                    consts: self.slots(consts),
                    carries: self.carries(init),
                    xs: xs.map(|((&x, of), &on_tape)| row(x, of, on_tape)).collect(),
                    ys: ys.map(|((&y, &of), &on_tape)| row(y, of, on_tape)).collect(),
                    zeros: self.workspace.offset(self.memory.zeros),
                    num_zeros: longest_tape_row(inner),
                    workspace: self.workspace,
                })
            }
            ControlFlow::While(inner) => {
                let (of_test, rest) = args.split_at(inner.num_test_consts);
                let (of_body, init) = rest.split_at(inner.num_body_consts);
                let recorded =
                    results.iter().skip(inner.num_carry + 1).zip(&inner.body.results[inner.num_carry..]);
                let ys = recorded.map(|(&y, &of)| Row {
                    slot: slot(y),
                    bytes: inner.body.ty(of).size_bytes(),
                    on_tape: true,
                });
                LoopForm::While(WhileForm {
                    test: blocks.remove(0),
                    body: blocks.remove(0),
                    test_consts: self.slots(of_test),
                    body_consts: self.slots(of_body),
                    carries: self.carries(init),
                    ys: ys.collect(),
                    count: inner.is_recorded.then(|| slot(results[inner.num_carry])),
                    flag: self.workspace.offset(self.memory.flag),
                    workspace: self.workspace,
                })
            }
            ControlFlow::Cond(_) => LoopForm::Cond(CondForm {
                branches: blocks,
                index: slot(args[0]),
                operands: self.slots(&args[1..]),
                results: self.slots(results),
                workspace: self.workspace,
            }),
        }
    }
}

/// Bytes of the longest row that is read from a tape.
fn longest_tape_row(inner: &ControlFlow<Graph>) -> usize {
    let ControlFlow::Scan(scan) = inner else { return 0 };
    let rows = (scan.num_consts + scan.num_carry..).zip(&scan.xs_on_tape).filter(|(_, on_tape)| **on_tape);
    rows.map(|(param, _)| scan.body.ty(Id::new(param)).size_bytes()).max().unwrap_or(0)
}
