//! Operations on tapes: their length, and the choice between two.

use crate::graph::{Graph, Id};
use crate::runtime::tapes::{Select, TapeWork};
use crate::runtime::{Slot, Step, Work};
use gradus_ir::Type;

/// What is asked of tapes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TapeOp {
    /// The number of rows of `args[0]`.
    Length,
    /// Rows of `args[1]` where `args[0]` holds, else of `args[2]`.
    Select {
        /// Of one array in the tapes.
        row_bytes: usize,
        /// How many tapes are around an array.
        depth: u8,
    },
}

/// How a value stands in memory: an array as it is, complex numbers as pairs, a tape as its handle.
pub(crate) fn in_memory(ty: &Type) -> Type {
    if ty.is_tape() { Type::scalar(gradus_ir::Dtype::I64) } else { ty.parts() }
}

/// The step of the node `id`.
pub(crate) fn step(graph: &Graph, id: Id, op: TapeOp, slot: impl Fn(Id) -> Slot) -> Step {
    let node = graph.node(id);
    let work = match op {
        TapeOp::Length => TapeWork::Length { tape: slot(node.args[0]), to: slot(id) },
        TapeOp::Select { row_bytes, depth } => TapeWork::Select(Select {
            flags: slot(node.args[0]),
            num_flags: graph.ty(node.args[0]).shape.size(),
            tapes: [slot(node.args[1]), slot(node.args[2])],
            to: slot(id),
            row_bytes,
            depth,
            place: node.place,
        }),
    };
    Step {
        extent: 1,
        grain: 1,
        cost: 1000,
        scratch_bytes: 0,
        barrier: false,
        at: node.place,
        clock: crate::runtime::Clock::default(),
        label: match op {
            TapeOp::Length => "length of a tape".into(),
            TapeOp::Select { .. } => "choice between tapes".into(),
        },
        work: Work::Tapes(Box::new(work)),
    }
}
