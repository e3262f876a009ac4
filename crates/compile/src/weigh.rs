//! Which values stand in memory: the roots of fusion.
//!
//! Everything else is computed where it is read. A value becomes a root because someone outside needs it (a result,
//! a library step), because it is a reduction, because several roots would compute it again at a price, or
//! because the kernel that computes it would grow too large.

use crate::graph::{Graph, Id, Kind};
use crate::matmul::Matmul;
use gradus_ir::Op;
use gradus_kernel::{Access, Builder, Scalar};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Recomputing up to this many operations is cheaper than a store and a load.
const CHEAP: u32 = 10;
/// A kernel larger than this compiles slowly and spills registers.
pub(crate) const LARGEST_KERNEL: u32 = 300;

/// What the roots are and what computing each node from memory costs.
pub(crate) struct Roots {
    /// Stands in memory: sources and roots.
    pub(crate) stored: Vec<bool>,
    /// Kernel operations from stored values to this one.
    pub(crate) weight: Vec<u32>,
}

impl Roots {
    pub(crate) fn choose(graph: &Graph) -> Roots {
        let mut roots = Roots { stored: vec![false; graph.len()], weight: vec![1; graph.len()] };
        roots.mark_required(graph);
        roots.weigh(graph);
        roots.mark_shared(graph);
        roots
    }

    fn mark_required(&mut self, graph: &Graph) {
        for id in graph.ids() {
            let node = graph.node(id);
            if node.kind.is_source() || node.kind.is_step() || node.kind.is_reduction() {
                self.stored[id.index()] = true;
            }
            match &node.kind {
                Kind::Matmul(_) => {
                    for source in Matmul::sources(graph, id) {
                        self.stored[source.index()] = true;
                    }
                }
                Kind::Convolve(_) => {
                    for source in crate::convolve::sources(graph, id) {
                        self.stored[source.index()] = true;
                    }
                }
                Kind::Sort(_) | Kind::Library(_) | Kind::Tape(_) | Kind::Host(_) => {
                    for &arg in &node.args {
                        self.stored[arg.index()] = true;
                    }
                }
                Kind::Nested(nested) => {
                    for (k, &arg) in node.args.iter().enumerate() {
                        self.stored[arg.index()] |= !nested.computes_operand(k, graph.node(arg));
                    }
                }
                _ => {}
            }
        }
        for &result in &graph.results {
            self.stored[result.index()] = true;
        }
    }

    /// Costs in order of definition; what grows too large becomes a root on the way.
    fn weigh(&mut self, graph: &Graph) {
        let mut own_weights = OwnWeights::default();
        let mut visited = Visited { stamp: 0, seen: vec![0; graph.len()] };
        let mut own = vec![0; graph.len()];
        for id in graph.ids() {
            own[id.index()] = own_weights.of(graph, id);
            let node = graph.node(id);
            for &arg in &node.args {
                self.root_if_repeated(graph, id, arg);
            }
            let operands: u32 =
                node.args.iter().map(|arg| self.weight_read(*arg)).fold(0, u32::saturating_add);
            let mut weight = operands.saturating_add(own[id.index()]);
            if weight > LARGEST_KERNEL {
                weight = self.distinct_weight(graph, id, &own, &mut visited);
            }
            if weight > LARGEST_KERNEL {
                self.stored[id.index()] = true;
            }
            self.weight[id.index()] = weight;
        }
    }

    fn weight_read(&self, id: Id) -> u32 {
        if self.stored[id.index()] { 1 } else { self.weight[id.index()] }
    }

    /// An operand that is read several times per element had better stand in memory, unless it is cheap.
    fn root_if_repeated(&mut self, graph: &Graph, id: Id, arg: Id) {
        let node = graph.node(id);
        let (from, to) = (graph.ty(arg).shape.size(), node.ty.shape.size());
        let most = match &node.kind {
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
            Kind::Unfold { .. } if to > from => CHEAP / 2,
            _ => return,
        };
        if self.weight_read(arg) > most {
            self.stored[arg.index()] = true;
        }
    }

    /// The operations below `id`, each counted once; stops a little above the limit.
    fn distinct_weight(&self, graph: &Graph, id: Id, own: &[u32], visited: &mut Visited) -> u32 {
        visited.stamp += 1;
        let mut total = 0;
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut visited.seen[id.index()], visited.stamp) == visited.stamp {
                continue;
            }
            total += own[id.index()];
            if total > LARGEST_KERNEL {
                break;
            }
            open.extend(graph.node(id).args.iter().filter(|arg| !self.stored[arg.index()]));
        }
        total
    }

    /// Against the order of definition: what several roots would compute at a price becomes a root itself.
    fn mark_shared(&mut self, graph: &Graph) {
        let mut readers: Vec<Readers> = vec![Readers::None; graph.len()];
        for id in graph.ids().rev() {
            let shared = matches!(readers[id.index()], Readers::Several);
            if shared && self.weight[id.index()] > CHEAP && !is_free(&graph.node(id).kind) {
                self.stored[id.index()] = true;
            }
            let passed_on = if self.stored[id.index()] { Readers::One(id) } else { readers[id.index()] };
            for &arg in &graph.node(id).args {
                readers[arg.index()] = readers[arg.index()].with(passed_on);
            }
        }
    }
}

/// Movement alone: what lies below it is what may deserve memory.
fn is_free(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Splat(_)
            | Kind::Iota { .. }
            | Kind::Broadcast { .. }
            | Kind::Reshape
            | Kind::Transpose { .. }
            | Kind::Slice { .. }
            | Kind::Reverse { .. }
            | Kind::Unfold { .. }
    )
}

#[derive(Clone, Copy)]
enum Readers {
    None,
    One(Id),
    Several,
}

impl Readers {
    fn with(self, other: Readers) -> Readers {
        match (self, other) {
            (Readers::None, x) | (x, Readers::None) => x,
            (Readers::One(a), Readers::One(b)) if a == b => self,
            _ => Readers::Several,
        }
    }
}

struct Visited {
    stamp: u32,
    seen: Vec<u32>,
}

/// Kernel operations of one node, found by lowering it once.
#[derive(Default)]
pub(crate) struct OwnWeights(FxHashMap<(Op, SmallVec<[Scalar; 4]>), u32>);

impl OwnWeights {
    pub(crate) fn of(&mut self, graph: &Graph, id: Id) -> u32 {
        let node = graph.node(id);
        match &node.kind {
            Kind::Elementwise { op, .. } => {
                let scalars: SmallVec<[Scalar; 4]> = node.args.iter().map(|arg| graph.scalar(*arg)).collect();
                *self.0.entry((op.clone(), scalars.clone())).or_insert_with(|| lowered_weight(op, &scalars))
            }
            Kind::Hit => 4,
            Kind::Iota { .. } | Kind::DynamicSlice => 2,
            Kind::Gather(_) => 8,
            _ => 1,
        }
    }
}

fn lowered_weight(op: &Op, scalars: &[Scalar]) -> u32 {
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
    let last = |values: &[gradus_kernel::Value]| values.iter().map(|v| v.index()).max().unwrap_or(0);
    (last(&results).saturating_sub(last(&args)) as u32).max(1)
}
