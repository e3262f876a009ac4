//! Which loops and choices are one kernel: those whose every value is a few elements.

use super::{Form, Length, Nested};
use crate::graph::{Graph, Id, Kind};
use crate::weigh::OwnWeights;

/// A value with more elements stays in memory.
pub(super) const MOST_ELEMENTS: usize = 16;
/// A reduction inside is written out up to this many elements.
const MOST_REDUCED: usize = 64;
/// Elements that all carried values may have together.
const MOST_CARRIED: usize = 40;
/// Kernel operations of one iteration at most: code beyond it compiles slowly, and is better run on vectors.
const MOST_OPERATIONS: usize = 2000;
/// An inner loop over rows that are no memory is written out up to this length.
const LONGEST_WRITTEN_OUT: usize = 8;

/// Whether a loop or choice whose operands have these sizes is one kernel.
pub(super) fn is_small(form: &Form, sizes: &[usize]) -> bool {
    let in_memory: Vec<bool> = sizes.iter().map(|&size| size > MOST_ELEMENTS).collect();
    let mut small = Small { weights: OwnWeights::default(), left: MOST_OPERATIONS };
    small.form(form, sizes, &in_memory, true).is_some()
}

struct Small {
    weights: OwnWeights,
    left: usize,
}

impl Small {
    /// Counts operations; `None` if there are too many.
    fn spend(&mut self, operations: usize) -> Option<()> {
        self.left = self.left.checked_sub(operations)?;
        Some(())
    }

    fn form(&mut self, form: &Form, sizes: &[usize], in_memory: &[bool], outermost: bool) -> Option<()> {
        match form {
            Form::Scan(scan) => {
                let Length::Known(length) = scan.length else { return None };
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
            Form::While(inner) if inner.is_recorded => None,
            Form::While(inner) => {
                let num_consts = inner.num_test_consts + inner.num_body_consts;
                if sizes[num_consts..].iter().sum::<usize>() > MOST_CARRIED {
                    return None;
                }
                let carries = &in_memory[num_consts..];
                let (test, body) = in_memory[..num_consts].split_at(inner.num_test_consts);
                self.graph(&inner.test, &[test, carries].concat())?;
                self.graph(&inner.body, &[body, carries].concat())
            }
            Form::Cond(branches) => {
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
            Kind::Elementwise { .. } => size * self.weights.of(graph, id) as usize,
            Kind::Reduce { .. } if operand_size(0) <= MOST_REDUCED => operand_size(0),
            Kind::Contract(dims) => {
                let from = &graph.ty(node.args[0]).shape;
                size * dims.lhs_contract.iter().map(|&axis| from.dim(axis)).product::<usize>()
            }
            Kind::DynamicSlice if stands_in_memory(node.args[0]) => size * 4,
            Kind::DynamicSlice => size * operand_size(0) * (1 + node.ty.rank()),
            Kind::Gather(_) if stands_in_memory(node.args[0]) => size * 8,
            Kind::Assemble { based, pieces } => {
                let first = usize::from(*based);
                let of_piece = |k: usize| match pieces[k].dynamic {
                    Some(_) => size * operand_size(first + k) * (1 + node.ty.rank()),
                    None => size,
                };
                (0..pieces.len()).map(of_piece).sum::<usize>().max(size)
            }
            Kind::Nested(nested) => return self.inner(graph, id, nested, in_memory),
            Kind::Hit => 4 * size,
            Kind::Constant(_)
            | Kind::Splat(_)
            | Kind::Iota { .. }
            | Kind::Broadcast { .. }
            | Kind::Reshape
            | Kind::Transpose { .. }
            | Kind::Slice { .. }
            | Kind::Reverse { .. }
            | Kind::Part => size,
            _ => return None,
        };
        self.spend(operations)
    }

    fn inner(&mut self, graph: &Graph, id: Id, nested: &Nested, in_memory: &[bool]) -> Option<()> {
        let args = &graph.node(id).args;
        let sizes: Vec<usize> = args.iter().map(|arg| graph.ty(*arg).shape.size()).collect();
        let memory: Vec<bool> =
            args.iter().map(|arg| matches!(graph.node(*arg).kind, Kind::Param(p) if in_memory[p])).collect();
        self.form(&nested.form, &sizes, &memory, false)
    }
}
