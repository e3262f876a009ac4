//! Steps that run an operation by its own meaning: what is seen from outside, calls back or checks.
//!
//! Such a step waits for all before it, so that effects come in program order, and works on copies of its operands.

use crate::graph::{Graph, Id, Kind};
use crate::runtime::{Bases, Slot, Step, Work};
use gradus_ir::{Array, Buffer, Error, Op, Result, SourceLocation as Place, Type};

/// An operation, ready to run.
#[derive(Debug)]
pub(crate) struct Host {
    op: Op,
    at: Place,
    args: Vec<(Type, Slot)>,
    results: Vec<(Type, Slot)>,
}

/// The results of the operation `id`: the nodes after it, which is none itself.
pub(crate) fn results(graph: &Graph, id: Id) -> impl Iterator<Item = Id> {
    let is_result = move |next: &Id| {
        let node = graph.node(*next);
        matches!(node.kind, Kind::Extra) && node.args[0] == id
    };
    (id.index() + 1..graph.len()).map(Id::new).take_while(is_result)
}

/// An operation that the host runs.
#[derive(Clone, Debug)]
pub(crate) struct HostOp {
    pub(crate) op: Op,
    /// Types of operands and results as the operation knows them: in the graph complex numbers are their parts.
    pub(crate) args: Vec<Type>,
    pub(crate) results: Vec<Type>,
}

/// The step of the operation `id`.
pub(crate) fn step(graph: &Graph, id: Id, op: &HostOp, slot: impl Fn(Id) -> Slot) -> Step {
    let node = graph.node(id);
    let HostOp { op, args, results: types } = op;
    let placed = |(id, ty): (Id, &Type)| {
        debug_assert_eq!(graph.ty(id), &ty.parts(), "internal: the bytes of an operand's type");
        (ty.clone(), slot(id))
    };
    let host = Host {
        op: op.clone(),
        at: node.place,
        args: node.args.iter().copied().zip(args).map(placed).collect(),
        results: results(graph, id).zip(types).map(placed).collect(),
    };
    Step {
        extent: 1,
        grain: 1,
        cost: 0,
        scratch_bytes: 0,
        barrier: true,
        at: node.place,
        label: format!("{} on the host", op.rules().name()),
        clock: crate::runtime::Clock::default(),
        work: Work::Host(Box::new(host)),
    }
}

impl Host {
    /// Runs the operation.
    ///
    /// # Errors
    /// What the operation refuses, with the user's line.
    ///
    /// # Safety
    /// `bases` are the pointers of a running call; everything before this step has run, and no other thread touches
    /// its operands or results.
    pub(crate) unsafe fn run(&self, bases: &Bases) -> Result<()> {
        let read = |(ty, slot): &(Type, Slot)| {
            let mut buffer = Buffer::any(ty.size_bytes());
            // SAFETY: the plan gives each value so many bytes, which are written: everything before has run.
            unsafe {
                let from = slot.pointer(bases);
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
                std::ptr::copy_nonoverlapping(array.bytes().as_ptr(), slot.pointer(bases), ty.size_bytes());
            }
        }
        Ok(())
    }
}
