//! Operations on tapes: their length, and the choice between two.

use crate::graph::{Graph, Id, Routine};
use crate::runtime::{Call, EMPTY, Pointers, Slot, Step, Task, num_rows, row};
use gradus_ir::{Result, SourceLocation};

/// What is asked of tapes, each of which stands in memory as a handle.
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

/// An operation on tapes, ready to run.
#[derive(Debug)]
enum TapeTask {
    Length { tape: Slot, to: Slot },
    Select(Select),
}

/// Rows of one tape where flags hold, else of the other.
#[derive(Debug)]
struct Select {
    flags: Slot,
    /// Each is for an equal share of a row.
    num_flags: usize,
    tapes: [Slot; 2],
    to: Slot,
    row_bytes: usize,
    depth: u8,
    place: SourceLocation,
}

/// What an operation on tapes costs: some tens of microseconds at most.
const COST: u64 = 1000;

impl Routine for TapeOp {
    fn name(&self) -> &'static str {
        "tape"
    }
    fn makes_tapes(&self) -> bool {
        matches!(self, TapeOp::Select { .. })
    }
    fn step(&self, graph: &Graph, id: Id, slot: &dyn Fn(Id) -> Slot) -> Step {
        let node = graph.node(id);
        let (task, label) = match *self {
            TapeOp::Length => {
                (TapeTask::Length { tape: slot(node.args[0]), to: slot(id) }, "length of a tape")
            }
            TapeOp::Select { row_bytes, depth } => {
                let select = Select {
                    flags: slot(node.args[0]),
                    num_flags: graph.ty(node.args[0]).shape.size(),
                    tapes: [slot(node.args[1]), slot(node.args[2])],
                    to: slot(id),
                    row_bytes,
                    depth,
                    place: node.location,
                };
                (TapeTask::Select(select), "choice between tapes")
            }
        };
        Step { cost: COST, ..Step::new(task, node.location, label.into()) }
    }
}

impl Task for TapeTask {
    fn code(&self) -> String {
        "tapes".into()
    }
    unsafe fn run(&self, call: &Call<'_>, pointers: &Pointers, _: i64, _: i64) -> Result<()> {
        // SAFETY: the plan has a place of a handle or a number for each of these; the scopes of tapes in them stand.
        unsafe {
            match self {
                TapeTask::Length { tape, to } => {
                    let rows = num_rows(*tape.pointer(pointers).cast::<u64>());
                    *to.pointer(pointers).cast::<i32>() = i32::try_from(rows)
                        .expect("internal: a loop that makes a tape counts its rows in i32");
                }
                TapeTask::Select(select) => {
                    let [on, off] = select.tapes.map(|tape| *tape.pointer(pointers).cast::<u64>());
                    let flags = select.flags.pointer(pointers);
                    let flags = std::slice::from_raw_parts(flags, select.num_flags);
                    *select.to.pointer(pointers).cast::<u64>() =
                        select.choose(call, flags, select.depth, [on, off])?;
                }
            }
        }
        Ok(())
    }
}

impl Select {
    /// The handle of the tape with rows of both, as long as the longer one.
    ///
    /// # Safety
    /// The handles are of tapes of so many tapes in one another, whose scopes stand.
    unsafe fn choose(&self, call: &Call<'_>, flags: &[u8], depth: u8, tapes: [u64; 2]) -> Result<u64> {
        // SAFETY: the caller's promise.
        let rows = unsafe { tapes.map(|tape| num_rows(tape)) };
        if rows == [0, 0] {
            return Ok(EMPTY);
        }
        let scope = call.scope();
        let chosen = scope.tape(if depth > 1 { size_of::<u64>() } else { self.row_bytes });
        for k in 0..rows[0].max(rows[1]) {
            // SAFETY: the new tape is known to nobody else; rows of tapes are handles.
            unsafe {
                let to = scope.add_row(chosen, self.place)?;
                let from = tapes.map(|tape| row(tape, k));
                if depth > 1 {
                    let inner = from.map(|row| row.map_or(EMPTY, |row| *row.cast::<u64>()));
                    *to.cast::<u64>() = self.choose(call, flags, depth - 1, inner)?;
                    continue;
                }
                let share = self.row_bytes / self.num_flags.max(1);
                for (part, &flag) in flags.iter().enumerate() {
                    let to = to.add(part * share);
                    match from[usize::from(flag == 0)] {
                        Some(from) => std::ptr::copy_nonoverlapping(from.add(part * share), to, share),
                        None => to.write_bytes(0, share),
                    }
                }
            }
        }
        Ok(chosen)
    }
}
