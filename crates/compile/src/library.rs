//! Steps that a library's routine computes: decompositions of matrices, Fourier transforms.
//!
//! The operation's rules name the routine, the same that the interpreter calls; a step makes its calls, one for each
//! element of the batch, and these are what threads share.

use crate::graph::{Graph, Id};
use crate::runtime::{Bases, Slot, Step, Work};
use gradus_ir::ops::library::Calls;

/// The calls of a routine, ready to be made.
#[derive(Debug)]
pub(crate) struct Routine {
    calls: Calls,
    operands: Vec<Slot>,
    results: Vec<Slot>,
}

/// The step of the routine `id`.
pub(crate) fn step(graph: &Graph, id: Id, calls: &Calls, slot: impl Fn(Id) -> Slot) -> Step {
    let node = graph.node(id);
    // A routine's setup costs about as much as some hundred operations.
    let work = (calls.work() as u64).saturating_add(500).saturating_mul(calls.count as u64);
    Step {
        extent: calls.count as i64,
        grain: 1,
        cost: work.saturating_mul(10),
        scratch_bytes: 0,
        barrier: false,
        at: node.place,
        label: format!("{} {}", calls.name(), graph.ty(node.args[0])),
        clock: crate::runtime::Clock::default(),
        work: Work::Library(Box::new(Routine {
            calls: calls.clone(),
            operands: node.args.iter().map(|id| slot(*id)).collect(),
            results: graph.results_of(id).map(slot).collect(),
        })),
    }
}

impl Routine {
    /// Makes the calls `lower..upper`.
    ///
    /// # Safety
    /// `bases` are the pointers of a running call; no other thread writes the operands or touches the results of
    /// these calls.
    pub(crate) unsafe fn run(&self, bases: &Bases, lower: i64, upper: i64) {
        for k in lower as usize..upper as usize {
            let operands = self.operands.iter().zip(&self.calls.operands).map(|(slot, ty)| {
                let bytes = ty.size_bytes();
                // SAFETY: the operand has `count` such parts one after the other, and nobody writes them now.
                unsafe { std::slice::from_raw_parts(slot.pointer(bases).add(k * bytes), bytes) }
            });
            let results = self.results.iter().zip(&self.calls.results).map(|(slot, ty)| {
                let bytes = ty.size_bytes();
                // SAFETY: likewise; results share no bytes with each other nor with operands, and this part is this
                // thread's.
                unsafe { std::slice::from_raw_parts_mut(slot.pointer(bases).add(k * bytes), bytes) }
            });
            self.calls.run(operands, results);
        }
    }
}
