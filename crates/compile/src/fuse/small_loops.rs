//! Which loops and choices are one kernel: those whose every value is a few elements.

use super::cost::NodeCosts;
use crate::graph::{Class, ControlFlow, Graph, Id, Kind, Node, TripCount};

/// A value with more elements stays in memory.
pub(crate) const MOST_ELEMENTS: usize = 16;
/// A reduction inside is written out up to this many elements.
const MOST_REDUCED: usize = 64;
/// Elements that all carried values may have together.
const MOST_CARRIED: usize = 40;
/// Kernel operations of one iteration at most: code beyond it compiles slowly, and is better run on vectors.
const MOST_OPERATIONS: usize = 2000;
/// An inner loop over rows that are no memory is written out up to this length.
const LONGEST_WRITTEN_OUT: usize = 8;

/// Whether the loop or choice `id` is one kernel; that depends on its Programs and on the sizes of its operands alone.
pub(super) fn is_small(graph: &Graph, id: Id) -> bool {
    let sizes: Vec<usize> = graph.node(id).args.iter().map(|arg| graph.ty(*arg).shape.size()).collect();
    let in_memory: Vec<bool> = sizes.iter().map(|&size| size > MOST_ELEMENTS).collect();
    let mut small = Small { costs: NodeCosts::default(), left: MOST_OPERATIONS };
    small.form(graph.control_flow(id), &sizes, &in_memory, true).is_some()
}

/// Whether a small loop or choice computes its operand `k`, this node, where it reads it, instead of finding it stored.
pub(super) fn computes_operand(inner: &ControlFlow<Graph>, k: usize, node: &Node) -> bool {
    let is_few = node.ty.shape.size() <= MOST_ELEMENTS;
    (inner.is_row(k) || is_few) && node.kind.class() == Class::Generator
}

struct Small {
    costs: NodeCosts,
    left: usize,
}

impl Small {
    /// Counts operations; `None` if there are too many.
    fn spend(&mut self, operations: usize) -> Option<()> {
        self.left = self.left.checked_sub(operations)?;
        Some(())
    }

    fn form(
        &mut self,
        form: &ControlFlow<Graph>,
        sizes: &[usize],
        in_memory: &[bool],
        outermost: bool,
    ) -> Option<()> {
        match form {
            ControlFlow::Scan(scan) => {
                let TripCount::Known(length) = scan.trip_count else { return None };
                if scan.xs_on_tape.contains(&true) || scan.ys_on_tape.contains(&true) {
                    return None;
                }
                let (carries, rows) = sizes[scan.num_consts..].split_at(scan.num_carry);
                if carries.iter().sum::<usize>() > MOST_CARRIED {
                    return None;
                }
                let row_memory = &in_memory[scan.num_consts + scan.num_carry..];
                let num_ys = scan.body.results.len() - scan.num_carry;
                let written_out = !outermost && (num_ys > 0 || row_memory.contains(&false));
                if written_out && (length > LONGEST_WRITTEN_OUT || row_memory.contains(&true)) {
                    return None;
                }
                if rows.iter().any(|size| size / length.max(1) > MOST_ELEMENTS) {
                    return None;
                }
                let mut params = in_memory.to_vec();
                params[scan.num_consts..].fill(false);
                for _ in 0..if written_out { length } else { 1 } {
                    self.graph(&scan.body, &params)?;
                }
                Some(())
            }
            ControlFlow::While(inner) if inner.is_recorded => None,
            ControlFlow::While(inner) => {
                let num_consts = inner.num_test_consts + inner.num_body_consts;
                if sizes[num_consts..].iter().sum::<usize>() > MOST_CARRIED {
                    return None;
                }
                let carries = &in_memory[num_consts..];
                let (test, body) = in_memory[..num_consts].split_at(inner.num_test_consts);
                self.graph(&inner.test, &[test, carries].concat())?;
                self.graph(&inner.body, &[body, carries].concat())
            }
            ControlFlow::Cond(branches) => {
                branches.iter().try_for_each(|branch| self.graph(branch, &in_memory[1..]))
            }
        }
    }

    /// `in_memory` says which parameters are read from memory.
    fn graph(&mut self, graph: &Graph, in_memory: &[bool]) -> Option<()> {
        graph.ids().try_for_each(|id| self.node(graph, id, in_memory))
    }

    fn node(&mut self, graph: &Graph, id: Id, in_memory: &[bool]) -> Option<()> {
        let node = graph.node(id);
        let size = node.ty.shape.size();
        let operand_size = |k: usize| graph.ty(node.args[k]).shape.size();
        let stands_in_memory = |arg: Id| matches!(graph.node(arg).kind, Kind::Param(p) if in_memory[p]);
        if let Kind::Param(k) = node.kind {
            return (in_memory[k] || size <= MOST_ELEMENTS).then_some(());
        }
        if size > MOST_ELEMENTS {
            return None;
        }
        let operations = match &node.kind {
            Kind::Elementwise { .. } => size * self.costs.of(graph, id) as usize,
            Kind::Reduce { .. } if operand_size(0) <= MOST_REDUCED => operand_size(0),
            Kind::Contract(dims) => {
                let from = &graph.ty(node.args[0]).shape;
                size * dims.lhs_contract.iter().map(|&axis| from.dim(axis)).product::<usize>()
            }
            Kind::DynamicSlice if stands_in_memory(node.args[0]) => size * 4,
            Kind::DynamicSlice => size * operand_size(0) * (1 + node.ty.rank()),
            Kind::Gather(_) if stands_in_memory(node.args[0]) => size * 8,
            Kind::UpdateSlices { based, updates } => {
                let first = usize::from(*based);
                let of_update = |k: usize| match updates[k].dynamic {
                    Some(_) => size * operand_size(first + k) * (1 + node.ty.rank()),
                    None => size,
                };
                (0..updates.len()).map(of_update).sum::<usize>().max(size)
            }
            Kind::ControlFlow(inner) => return self.inner(graph, id, inner, in_memory),
            Kind::ArgminCandidate => 4 * size,
            Kind::Constant(_)
            | Kind::Splat(_)
            | Kind::Iota { .. }
            | Kind::Broadcast { .. }
            | Kind::Reshape
            | Kind::Transpose { .. }
            | Kind::Slice { .. }
            | Kind::Reverse { .. }
            | Kind::TupleElement => size,
            _ => return None,
        };
        self.spend(operations)
    }

    fn inner(&mut self, graph: &Graph, id: Id, inner: &ControlFlow<Graph>, in_memory: &[bool]) -> Option<()> {
        let args = &graph.node(id).args;
        let sizes: Vec<usize> = args.iter().map(|arg| graph.ty(*arg).shape.size()).collect();
        let memory: Vec<bool> =
            args.iter().map(|arg| matches!(graph.node(*arg).kind, Kind::Param(p) if in_memory[p])).collect();
        self.form(inner, &sizes, &memory, false)
    }
}
