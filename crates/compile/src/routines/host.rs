//! Steps that run an operation by its own meaning: what is seen from outside, calls back or checks.
//!
//! Such a step waits for all before it, so that effects come in program order, and works on copies of its operands.

use crate::graph::{Graph, Id, Routine};
use crate::runtime::{Call, Pointers, Slot, Step, Task};
use gradus_ir::{Array, Buffer, Error, Op, Result, SourceLocation, Type};

/// An operation that the host runs. Its node says nothing; the tuple elements after it are the results.
#[derive(Clone, Debug)]
pub(crate) struct HostCall {
    pub(crate) op: Op,
    /// Types of operands and results as the operation knows them: in the graph complex numbers are their parts.
    pub(crate) args: Vec<Type>,
    pub(crate) results: Vec<Type>,
}

/// An operation, ready to run.
#[derive(Debug)]
struct HostTask {
    op: Op,
    at: SourceLocation,
    args: Vec<(Type, Slot)>,
    results: Vec<(Type, Slot)>,
}

impl Routine for HostCall {
    fn name(&self) -> &'static str {
        self.op.rules().name()
    }
    fn can_fail(&self) -> bool {
        true
    }
    fn is_ordered(&self) -> bool {
        true
    }
    fn step(&self, graph: &Graph, id: Id, slot: &dyn Fn(Id) -> Slot) -> Step {
        let node = graph.node(id);
        let placed = |(id, ty): (Id, &Type)| {
            debug_assert_eq!(graph.ty(id), &ty.parts(), "internal: the bytes of an operand's type");
            (ty.clone(), slot(id))
        };
        let task = HostTask {
            op: self.op.clone(),
            at: node.location,
            args: node.args.iter().copied().zip(&self.args).map(placed).collect(),
            results: graph.elements_of(id).zip(&self.results).map(placed).collect(),
        };
        Step::new(task, node.location, format!("{} on the host", self.name()))
    }
}

impl Task for HostTask {
    fn code(&self) -> String {
        "as written".into()
    }
    unsafe fn run(&self, _: &Call<'_>, pointers: &Pointers, _: i64, _: i64) -> Result<()> {
        let read = |(ty, slot): &(Type, Slot)| {
            let mut buffer = Buffer::any(ty.size_bytes());
            // SAFETY: the plan gives each value so many bytes, which are written: everything before has run.
            unsafe {
                let from = slot.pointer(pointers);
                std::ptr::copy_nonoverlapping(from, buffer.bytes_mut().as_mut_ptr(), ty.size_bytes());
            }
            Array::from_buffer(ty.clone(), buffer)
        };
        let args: Vec<Array> = self.args.iter().map(read).collect();
        let outcome = self.op.rules().eval(&args.iter().collect::<Vec<_>>());
        let results = outcome.map_err(|kind| Error::new(self.op.rules().name(), kind, self.at))?;
        for (array, (ty, slot)) in results.iter().zip(&self.results) {
            assert_eq!(array.ty(), ty, "internal: {} evaluates to its type", self.op.rules().name());
            // SAFETY: the plan gives each result the bytes of its type, and nobody else touches them.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    array.bytes().as_ptr(),
                    slot.pointer(pointers),
                    ty.size_bytes(),
                );
            }
        }
        Ok(())
    }
}
