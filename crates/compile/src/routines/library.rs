//! Steps that a library's routine computes: decompositions of matrices, Fourier transforms.
//!
//! The operation's rules name the routine, the same that the interpreter calls; a step makes its calls, one for each
//! element of the batch, and these are what threads share.

use crate::graph::{Graph, Id, Routine};
use crate::runtime::{Call, Pointers, Slot, Step, Task};
use gradus_ir::Result;
use gradus_ir::ops::library::Calls;

/// What a library's routine computes of all operands.
#[derive(Clone, Debug)]
pub(crate) struct LibraryCall(pub(crate) Calls);

/// The calls of a routine, ready to be made.
#[derive(Debug)]
struct LibraryTask {
    calls: Calls,
    operands: Vec<Slot>,
    results: Vec<Slot>,
}

impl Routine for LibraryCall {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn step(&self, graph: &Graph, id: Id, slot: &dyn Fn(Id) -> Slot) -> Step {
        let (node, calls) = (graph.node(id), &self.0);
        // A routine's setup costs about as much as some hundred operations.
        let work = (calls.work() as u64).saturating_add(500).saturating_mul(calls.count as u64);
        let task = LibraryTask {
            calls: calls.clone(),
            operands: node.args.iter().map(|id| slot(*id)).collect(),
            results: graph.results_of(id).map(slot).collect(),
        };
        let label = format!("{} {}", calls.name(), graph.ty(node.args[0]));
        Step {
            extent: calls.count as i64,
            cost: work.saturating_mul(10),
            ..Step::new(task, node.location, label)
        }
    }
}

impl Task for LibraryTask {
    fn code(&self) -> String {
        "library".into()
    }
    unsafe fn run(&self, _: &Call<'_>, pointers: &Pointers, lower: i64, upper: i64) -> Result<()> {
        for k in lower as usize..upper as usize {
            let operands = self.operands.iter().zip(&self.calls.operands).map(|(slot, ty)| {
                let bytes = ty.size_bytes();
                // SAFETY: the operand has `count` such parts one after the other, and nobody writes them now.
                unsafe { std::slice::from_raw_parts(slot.pointer(pointers).add(k * bytes), bytes) }
            });
            let results = self.results.iter().zip(&self.calls.results).map(|(slot, ty)| {
                let bytes = ty.size_bytes();
                // SAFETY: likewise; results share no bytes with each other nor with operands, and this part is this
                // thread's.
                unsafe { std::slice::from_raw_parts_mut(slot.pointer(pointers).add(k * bytes), bytes) }
            });
            self.calls.run(operands, results);
        }
        Ok(())
    }
}
