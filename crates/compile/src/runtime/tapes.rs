//! Running operations on tapes.

use super::tape::{EMPTY, num_rows, row};
use super::{Bases, Call, Slot};
use gradus_ir::{Result, SourceLocation as Place};

/// An operation on tapes, ready to run.
#[derive(Debug)]
pub(crate) enum TapeWork {
    Length { tape: Slot, to: Slot },
    Select(Select),
}

/// Rows of one tape where flags hold, else of the other.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) flags: Slot,
    /// Each is for an equal share of a row.
    pub(crate) num_flags: usize,
    pub(crate) tapes: [Slot; 2],
    pub(crate) to: Slot,
    pub(crate) row_bytes: usize,
    pub(crate) depth: u8,
    pub(crate) place: Place,
}

impl TapeWork {
    /// # Errors
    /// If tapes hold too much.
    ///
    /// # Safety
    /// `bases` are the pointers of one call in which everything before this step has run.
    pub(super) unsafe fn run(&self, call: &Call<'_>, bases: &Bases) -> Result<()> {
        // SAFETY: the plan has a place of a handle or a number for each of these; the scopes of tapes in them stand.
        unsafe {
            match self {
                TapeWork::Length { tape, to } => {
                    let rows = num_rows(*tape.pointer(bases).cast::<u64>());
                    *to.pointer(bases).cast::<i32>() = i32::try_from(rows).unwrap_or(i32::MAX);
                }
                TapeWork::Select(select) => {
                    let [on, off] = select.tapes.map(|tape| *tape.pointer(bases).cast::<u64>());
                    let flags = select.flags.pointer(bases);
                    let flags = std::slice::from_raw_parts(flags, select.num_flags);
                    *select.to.pointer(bases).cast::<u64>() =
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
