//! Which values are materialized, that is stand in memory: the roots of fusion.
//!
//! Everything else is computed where it is read. A value becomes a root because someone outside needs it (a result,
//! a library step), because it is a reduction, because several roots would compute it again at a price, or
//! because the kernel that computes it would grow too large.

use super::cost::{CHEAP, LARGEST_KERNEL, NodeCosts, dearest_repeated};
use super::small_loops::{computes_operand, is_small};
use crate::graph::{Class, Graph, Id, Kind, Node};

/// What the roots are and what computing each node from memory costs.
pub(crate) struct Roots {
    /// Stands in memory: sources and roots.
    pub(crate) stored: Vec<bool>,
    /// Kernel operations from stored values to this one.
    weight: Vec<u32>,
    /// Loops and choices that are one kernel.
    small: Vec<Id>,
}

impl Roots {
    pub(crate) fn choose(graph: &Graph) -> Roots {
        let mut roots =
            Roots { stored: vec![false; graph.len()], weight: vec![1; graph.len()], small: vec![] };
        roots.mark_required(graph);
        roots.weigh(graph);
        roots.mark_shared(graph);
        roots
    }

    /// Is this loop or choice one kernel?
    pub(crate) fn is_small(&self, id: Id) -> bool {
        self.small.binary_search(&id).is_ok()
    }

    fn mark_required(&mut self, graph: &Graph) {
        for id in graph.ids() {
            let node = graph.node(id);
            if matches!(node.kind.class(), Class::Source | Class::Step | Class::Reduction) {
                self.stored[id.index()] = true;
            }
            match &node.kind {
                Kind::Routine(routine) => {
                    for source in routine.sources(graph, id) {
                        self.stored[source.index()] = true;
                    }
                }
                Kind::ControlFlow(inner) => {
                    let is_small = is_small(graph, id);
                    if is_small {
                        self.small.push(id);
                    }
                    for (k, &arg) in node.args.iter().enumerate() {
                        let is_computed = is_small && computes_operand(inner, k, graph.node(arg));
                        self.stored[arg.index()] |= !is_computed;
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
        let mut costs = NodeCosts::default();
        let mut visited = Visited { stamp: 0, seen: vec![0; graph.len()] };
        let mut own = vec![0; graph.len()];
        for id in graph.ids() {
            own[id.index()] = costs.of(graph, id);
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
        if dearest_repeated(graph, id, arg).is_some_and(|most| self.weight_read(arg) > most) {
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
            if shared && self.weight[id.index()] > CHEAP && !is_free(graph.node(id)) {
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
fn is_free(node: &Node) -> bool {
    matches!(node.kind.class(), Class::Generator | Class::Movement)
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
