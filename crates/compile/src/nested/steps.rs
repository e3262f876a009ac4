//! A loop or choice as one step with lists of steps inside.
//!
//! Constants are read where they stand, stacked rows where they lie in their array, and stacked results are written
//! there. A carried value whose every read in an iteration comes before its write stands in one place; any other
//! has two, which are swapped.

use super::{Form, Length, Nested, nested, parts, written_parts};
use crate::buffers::{ALIGNMENT, Access};
use crate::cache::Compiled;
use crate::draft::Draft;
use crate::graph::{Graph, Id};
use crate::runtime::nested::{self as run, Block, Carry, Row};
use crate::runtime::{Slot, Step, Work};
use gradus_kernel::Kernel;
use std::sync::Arc;

/// Drafts of the Programs inside, and the memory that they need besides operands and results.
pub(crate) struct NestedDraft<'g> {
    id: Id,
    inside: Vec<Draft<'g>>,
    /// For each carried value with two places, where the second is in the workspace.
    spares: Vec<Option<usize>>,
    /// Where the outcome of a test is in the workspace.
    flag: usize,
    /// What a tape has beyond its end: zeros, as many as its longest row.
    zeros: usize,
    workspace: usize,
}

impl<'g> NestedDraft<'g> {
    pub(crate) fn of(graph: &'g Graph, id: Id) -> NestedDraft<'g> {
        let (inside, body): (Vec<Draft<'g>>, Option<usize>) = match &nested(graph, id).form {
            Form::Scan(scan) => {
                let replaced: Vec<_> = (0..scan.num_carry).map(|k| (k, scan.num_consts + k)).collect();
                (vec![Draft::of(&scan.body, &replaced)], Some(0))
            }
            Form::While(inner) => {
                let replaced: Vec<_> = (0..inner.num_carry).map(|k| (k, inner.num_body_consts + k)).collect();
                (vec![Draft::of(&inner.test, &[]), Draft::of(&inner.body, &replaced)], Some(1))
            }
            Form::Cond(branches) => (branches.iter().map(|branch| Draft::of(branch, &[])).collect(), None),
        };
        // One of the lists runs at a time.
        let mut workspace = inside.iter().map(|draft| draft.plan().arena_bytes).max().unwrap_or(0);
        let mut take = |bytes: usize| {
            let at = workspace.next_multiple_of(ALIGNMENT);
            workspace = at.saturating_add(bytes);
            at
        };
        let flag = take(1);
        let zeros = take(longest_tape_row(graph, id));
        let num_carry = num_carry(graph, id);
        let spares = parts(graph, id)
            .take(num_carry)
            .enumerate()
            .map(|(k, part)| {
                let in_place = body.is_none_or(|body| inside[body].plan().in_place[k].is_some());
                (!in_place).then(|| take(graph.ty(part).size_bytes()))
            })
            .collect();
        NestedDraft { id, inside, spares, flag, zeros, workspace }
    }

    pub(crate) fn kernels(&self, precise: bool, all: &mut Vec<Kernel>) {
        self.inside.iter().for_each(|draft| draft.kernels(precise, all));
    }

    pub(crate) fn access(&self, graph: &Graph) -> Access {
        let args = &graph.node(self.id).args;
        let first = args.len() - num_rows(graph, self.id) - self.spares.len();
        let only_read_here = |arg: &Id| args.iter().filter(|other| *other == arg).count() == 1;
        let in_place =
            parts(graph, self.id).zip(&self.spares).enumerate().filter(|(_, (_, spare))| spare.is_none());
        let replaces = in_place.map(|(k, (part, _))| (args[first + k], part)).filter(|(init, _)| {
            !matches!(nested(graph, self.id).form, Form::Cond(_)) && only_read_here(init)
        });
        Access {
            reads: args.iter().copied().filter(|arg| graph.ty(*arg).shape.size() > 0).collect(),
            writes: written_parts(graph, self.id),
            replaces: replaces.collect(),
            workspace: self.workspace,
            ..Access::default()
        }
    }

    /// The step; `slot` gives the places of values of the graph around it.
    pub(crate) fn step(
        &self,
        graph: &Graph,
        slot: impl Fn(Id) -> Slot,
        workspace: Slot,
        codes: &mut std::vec::IntoIter<Arc<Compiled>>,
        threads: usize,
    ) -> Step {
        let node = graph.node(self.id);
        let shape = nested(graph, self.id);
        let mut blocks: Vec<Block> = self
            .inside
            .iter()
            .map(|draft| Block::new(draft.steps(codes, threads), draft.constants(), threads))
            .collect();
        let scratch_bytes = blocks.iter().map(Block::scratch_bytes).max().unwrap_or(0);
        let inside = blocks.iter().map(Block::cost).fold(0, u64::saturating_add);
        let slots = |ids: &[Id]| -> Box<[Slot]> { ids.iter().map(|&id| slot(id)).collect() };
        let results: Vec<Id> = parts(graph, self.id).collect();
        let carries = |init: &[Id]| -> Box<[Carry]> {
            let all = init.iter().zip(&results).zip(&self.spares);
            all.map(|((init, result), spare)| Carry {
                init: slot(*init),
                result: slot(*result),
                spare: spare.map(|at| workspace.offset(at)),
                bytes: graph.ty(*result).size_bytes(),
            })
            .collect()
        };
        let work = match &shape.form {
            Form::Scan(scan) => {
                let args = &node.args[scan.num_lengths()..];
                let (consts, rest) = args.split_at(scan.num_consts);
                let (init, xs) = rest.split_at(scan.num_carry);
                let row = |array: Id, of: Id, on_tape: bool| Row {
                    slot: slot(array),
                    bytes: scan.body.ty(of).size_bytes(),
                    on_tape,
                };
                let of_xs = (scan.num_consts + scan.num_carry..).map(Id::new);
                let xs = xs.iter().zip(of_xs).zip(&scan.xs_on_tape);
                let ys = results.iter().zip(&scan.body.results).skip(scan.num_carry).zip(&scan.ys_on_tape);
                run::Nested::Scan(run::Scan {
                    body: blocks.remove(0),
                    length: match scan.length {
                        Length::Known(length) => run::Length::Known(length),
                        Length::Operand => run::Length::At(slot(node.args[0])),
                    },
                    reverse: scan.reverse,
                    consts: slots(consts),
                    carries: carries(init),
                    xs: xs.map(|((&x, of), &on_tape)| row(x, of, on_tape)).collect(),
                    ys: ys.map(|((&y, &of), &on_tape)| row(y, of, on_tape)).collect(),
                    zeros: workspace.offset(self.zeros),
                    num_zeros: longest_tape_row(graph, self.id),
                    workspace,
                })
            }
            Form::While(inner) => {
                let (of_test, rest) = node.args.split_at(inner.num_test_consts);
                let (of_body, init) = rest.split_at(inner.num_body_consts);
                let recorded =
                    results.iter().skip(inner.num_carry + 1).zip(&inner.body.results[inner.num_carry..]);
                let ys = recorded.map(|(&y, &of)| Row {
                    slot: slot(y),
                    bytes: inner.body.ty(of).size_bytes(),
                    on_tape: true,
                });
                run::Nested::While(run::While {
                    test: blocks.remove(0),
                    body: blocks.remove(0),
                    test_consts: slots(of_test),
                    body_consts: slots(of_body),
                    carries: carries(init),
                    ys: ys.collect(),
                    count: inner.is_recorded.then(|| slot(results[inner.num_carry])),
                    flag: workspace.offset(self.flag),
                    workspace,
                })
            }
            Form::Cond(_) => run::Nested::Cond(run::Cond {
                branches: blocks,
                index: slot(node.args[0]),
                operands: slots(&node.args[1..]),
                results: slots(&results),
                workspace,
            }),
        };
        Step {
            extent: 1,
            grain: 1,
            cost: inside.saturating_mul(shape.trips()),
            scratch_bytes,
            // What is seen from outside keeps its place.
            barrier: nested(graph, self.id).can_fail(),
            at: node.place,
            label: shape.describe(),
            clock: crate::runtime::Clock::default(),
            work: Work::Nested(Box::new(run::NestedStep {
                nested: work,
                trips: shape.trips(),
                frees_tapes: frees_tapes(shape),
                place: node.place,
            })),
        }
    }
}

fn num_carry(graph: &Graph, id: Id) -> usize {
    match &nested(graph, id).form {
        Form::Scan(scan) => scan.num_carry,
        Form::While(inner) => inner.num_carry,
        Form::Cond(_) => 0,
    }
}

/// Operands that are read row by row.
fn num_rows(graph: &Graph, id: Id) -> usize {
    match &nested(graph, id).form {
        Form::Scan(scan) => graph.node(id).args.len() - scan.first_row(),
        _ => 0,
    }
}

/// Whether no tape that an iteration makes is seen after it.
fn frees_tapes(nested: &Nested) -> bool {
    match &nested.form {
        Form::Scan(scan) => scan.body.makes_tapes() && !scan.returns_tapes,
        Form::While(inner) => inner.body.makes_tapes() && !inner.returns_tapes,
        Form::Cond(_) => false,
    }
}

/// Bytes of the longest row that is read from a tape.
fn longest_tape_row(graph: &Graph, id: Id) -> usize {
    let Form::Scan(scan) = &nested(graph, id).form else { return 0 };
    let rows = (scan.num_consts + scan.num_carry..).zip(&scan.xs_on_tape).filter(|(_, on_tape)| **on_tape);
    rows.map(|(param, _)| scan.body.ty(Id::new(param)).size_bytes()).max().unwrap_or(0)
}
