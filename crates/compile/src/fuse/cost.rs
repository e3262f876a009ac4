//! The cost model of fusion: what a node costs where it is computed, and what is too dear to be computed twice.
//!
//! Costs are counted in operations of a kernel, on one lane. Elementwise operations are counted by lowering them once.

use crate::graph::{Graph, Id, Kind};
use gradus_ir::Op;
use gradus_kernel::{Access, Builder, Scalar, Value};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Recomputing up to this many operations is cheaper than a store and a load.
pub(super) const CHEAP: u32 = 10;
/// A kernel larger than this compiles slowly and spills registers.
pub(super) const LARGEST_KERNEL: u32 = 300;
/// A comparison with the extremum and with itself, a selection.
const ARGMIN_CANDIDATE: u32 = 4;
/// The number and its conversion.
const IOTA: u32 = 2;
/// A start that is clamped, once for many elements.
const DYNAMIC_SLICE: u32 = 2;
/// An index that is loaded, clamped, compared and multiplied for each window, and a load that jumps.
const GATHER: u32 = 8;

/// How much `arg` may cost and still be computed each time that `id` reads it, where it does so several times per
/// element; none where it reads it once.
pub(super) fn dearest_repeated(graph: &Graph, id: Id, arg: Id) -> Option<u32> {
    let node = graph.node(id);
    let (from, to) = (graph.ty(arg).shape.size(), node.ty.shape.size());
    Some(match &node.kind {
        Kind::Broadcast { dims } if to > from => {
            // Along inner axes alone the operand is computed once per row.
            let inner = dims.iter().enumerate().all(|(k, d)| k == *d);
            if inner { u32::MAX } else { CHEAP / 2 }
        }
        Kind::Gather(_) if node.args[0] == arg && to > from => CHEAP / 2,
        Kind::Gather(_) | Kind::DynamicSlice | Kind::Scatter { .. } if node.args[0] != arg => CHEAP,
        Kind::Scatter { .. } => 0,
        Kind::Contract(_) => 2,
        // Windows that overlap read an element several times.
        Kind::Patches { .. } if to > from => CHEAP / 2,
        _ => return None,
    })
}

/// Kernel operations of one node, found by lowering it once.
#[derive(Default)]
pub(crate) struct NodeCosts(FxHashMap<(Op, SmallVec<[Scalar; 4]>), u32>);

impl NodeCosts {
    pub(crate) fn of(&mut self, graph: &Graph, id: Id) -> u32 {
        let node = graph.node(id);
        match &node.kind {
            Kind::Elementwise { op, .. } => {
                let scalars: SmallVec<[Scalar; 4]> = node.args.iter().map(|arg| graph.scalar(*arg)).collect();
                *self.0.entry((op.clone(), scalars.clone())).or_insert_with(|| lowered_cost(op, &scalars))
            }
            Kind::ArgminCandidate => ARGMIN_CANDIDATE,
            Kind::Iota { .. } => IOTA,
            Kind::DynamicSlice => DYNAMIC_SLICE,
            Kind::Gather(_) => GATHER,
            _ => 1,
        }
    }
}

fn lowered_cost(op: &Op, scalars: &[Scalar]) -> u32 {
    let mut b = Builder::new();
    let args: SmallVec<[_; 4]> = scalars
        .iter()
        .enumerate()
        .map(|(k, &scalar)| {
            let buffer = b.buffer(scalar, Access::Read);
            b.load(buffer, k as i64)
        })
        .collect();
    let rules = op.rules().elementwise().expect("internal: an elementwise node has elementwise rules");
    let results = rules.lower(&mut b, &args);
    let last = |values: &[Value]| values.iter().map(|v| v.index()).max().unwrap_or(0);
    (last(&results).saturating_sub(last(&args)) as u32).max(1)
}
