//! Tapes of a running call: rows whose number shows only while running.
//!
//! A tape is known by a handle, its address, or 0 if it is empty. Its rows never move, since it grows by chunks of
//! twice as many rows each. It lives as long as the scope that it was made in: an iteration that returns no tape, or
//! the call. Chunks are kept for the next tapes and calls.

use super::memory;
use gradus_ir::{Buffer, Error, ErrorKind, Result, SourceLocation};
use std::sync::{Mutex, MutexGuard};

/// The handle of a tape without rows.
pub(crate) const EMPTY: u64 = 0;
/// Bytes of a first chunk, or one row.
const FIRST_CHUNK: usize = 512;
/// Chunks of this size are given only if the system has so much memory.
const LARGE_CHUNK: usize = 64 << 20;

/// Chunks of the tapes of one call, and of calls before it.
pub(super) struct TapeMemory {
    /// Bytes that the tapes of a call may hold together.
    limit: usize,
    chunks: Mutex<Chunks>,
}

/// Rows and lists that wait; those of tapes that ended serve the next, so that a call like the last one allocates none.
#[derive(Default)]
struct Chunks {
    used_bytes: usize,
    idle: Vec<Buffer>,
    idle_tapes: Tapes,
    idle_lists: Vec<Tapes>,
}

/// A tape's handle is its address.
#[allow(clippy::vec_box, reason = "a tape's handle is its address")]
type Tapes = Vec<Box<Tape>>;

impl TapeMemory {
    pub(super) fn new(limit: usize) -> TapeMemory {
        TapeMemory { limit, chunks: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Chunks> {
        self.chunks.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A chunk for a tape of the loop at `place`.
    fn take(&self, bytes: usize, place: SourceLocation) -> Result<Buffer> {
        let mut chunks = self.lock();
        let used = chunks.used_bytes.saturating_add(bytes);
        let refused = |message: String| Err(Error::new("while", ErrorKind::invalid(message), place));
        if used > self.limit {
            return refused(format!(
                "what this loop keeps of its steps for the derivative needs more than the {} bytes that tapes may \
                 take; raise GRADUS_TAPE_BYTES or the configuration's `tape_bytes`, or let the loop end sooner",
                self.limit
            ));
        }
        if let Some(at) = chunks.idle.iter().position(|chunk| chunk.bytes().len() == bytes) {
            chunks.used_bytes = used;
            return Ok(chunks.idle.swap_remove(at));
        }
        if bytes >= LARGE_CHUNK && bytes > memory::available() {
            return refused(format!(
                "what this loop keeps of its steps for the derivative needs {bytes} bytes more than there are"
            ));
        }
        chunks.used_bytes = used;
        Ok(Buffer::any(bytes))
    }
}

/// Tapes that end together.
pub(crate) struct Scope<'m> {
    memory: &'m TapeMemory,
    tapes: Mutex<Tapes>,
}

/// Rows of one size.
#[derive(Default)]
struct Tape {
    rows: usize,
    row_bytes: usize,
    /// Rows of the first chunk.
    first: usize,
    chunks: Vec<Buffer>,
}

impl<'m> Scope<'m> {
    pub(super) fn new(memory: &'m TapeMemory) -> Scope<'m> {
        Scope { memory, tapes: Mutex::default() }
    }

    /// A scope within this one.
    pub(super) fn inner(&self) -> Scope<'m> {
        Scope::new(self.memory)
    }

    /// The handle of a new tape, to which at least one row is added before anyone reads it.
    pub(crate) fn tape(&self, row_bytes: usize) -> u64 {
        let first = (FIRST_CHUNK / row_bytes.max(1)).max(1);
        let mut tapes = self.tapes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut memory = self.memory.lock();
        if tapes.capacity() == 0 {
            *tapes = memory.idle_lists.pop().unwrap_or_default();
        }
        let mut tape = memory.idle_tapes.pop().unwrap_or_default();
        (tape.row_bytes, tape.first) = (row_bytes, first);
        let handle = (&raw mut *tape) as usize as u64;
        tapes.push(tape);
        handle
    }

    /// Adds a row to the tape and returns where it is; its bytes are any.
    ///
    /// # Errors
    /// If tapes hold too much, naming the loop at `place`.
    ///
    /// # Safety
    /// The handle is of a tape of this scope that no other thread uses now.
    pub(crate) unsafe fn add_row(&self, handle: u64, place: SourceLocation) -> Result<*mut u8> {
        // SAFETY: the caller's promise; the scope keeps the tape where it is.
        let tape = unsafe { &mut *(handle as usize as *mut Tape) };
        let (chunk, _) = tape.locate(tape.rows);
        if chunk == tape.chunks.len() {
            let bytes = (tape.first << chunk).saturating_mul(tape.row_bytes);
            tape.chunks.push(self.memory.take(bytes, place)?);
        }
        tape.rows += 1;
        Ok(tape.row(tape.rows - 1))
    }

    /// Ends all tapes of the scope.
    pub(super) fn clear(&mut self) {
        let tapes = self.tapes.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        if tapes.is_empty() {
            return;
        }
        let mut memory = self.memory.lock();
        for mut tape in tapes.drain(..) {
            tape.rows = 0;
            for chunk in tape.chunks.drain(..) {
                memory.used_bytes -= chunk.bytes().len();
                memory.idle.push(chunk);
            }
            memory.idle_tapes.push(tape);
        }
        memory.idle_lists.push(std::mem::take(tapes));
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Tape {
    /// Chunk and number within it of row `k`: chunk `c` holds `first · 2^c` rows.
    fn locate(&self, k: usize) -> (usize, usize) {
        let chunk = (k / self.first + 1).ilog2() as usize;
        (chunk, k - self.first * ((1 << chunk) - 1))
    }

    fn row(&mut self, k: usize) -> *mut u8 {
        let (chunk, within) = self.locate(k);
        self.chunks[chunk].bytes_mut()[within * self.row_bytes..].as_mut_ptr()
    }
}

/// The number of rows of a tape.
///
/// # Safety
/// The handle is of a tape whose scope stands.
pub(crate) unsafe fn num_rows(handle: u64) -> usize {
    match handle {
        EMPTY => 0,
        // SAFETY: the caller's promise.
        _ => unsafe { (*(handle as usize as *const Tape)).rows },
    }
}

/// Where row `k` of a tape is; `None` beyond its end.
///
/// # Safety
/// As [`num_rows`]; nobody adds rows at the same time.
pub(crate) unsafe fn row(handle: u64, k: usize) -> Option<*mut u8> {
    // SAFETY: the caller's promise; a row's address is made from a reference that ends here.
    unsafe { (k < num_rows(handle)).then(|| (*(handle as usize as *mut Tape)).row(k)) }
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, Scope, TapeMemory, num_rows, row};
    use gradus_ir::SourceLocation;

    #[test]
    fn rows_stay_where_they_are_and_chunks_are_used_again() {
        let memory = TapeMemory::new(1 << 20);
        for row_bytes in [0, 1, 8, 700] {
            let mut scope = Scope::new(&memory);
            let tape = scope.tape(row_bytes);
            // SAFETY: one thread, and the scope stands.
            unsafe {
                let added: Vec<*mut u8> =
                    (0..500).map(|_| scope.add_row(tape, SourceLocation::unknown()).unwrap()).collect();
                for (k, at) in added.iter().enumerate() {
                    (0..row_bytes).for_each(|byte| at.add(byte).write(k as u8));
                }
                for (k, at) in added.iter().enumerate() {
                    assert_eq!(row(tape, k), Some(*at));
                    assert!((0..row_bytes).all(|byte| at.add(byte).read() == k as u8));
                }
                assert_eq!((num_rows(tape), row(tape, 500), num_rows(EMPTY)), (500, None, 0));
            }
            assert!(row_bytes == 0 || memory.lock().used_bytes >= 500 * row_bytes);
            scope.clear();
            assert_eq!(memory.lock().used_bytes, 0);
        }
    }

    #[test]
    fn too_many_rows_are_refused() {
        let memory = TapeMemory::new(10_000);
        let scope = Scope::new(&memory);
        let tape = scope.tape(8);
        // SAFETY: one thread, and the scope stands.
        let refused = (0..2000).find_map(|_| unsafe { scope.add_row(tape, SourceLocation::here()).err() });
        let message = refused.expect("16,000 bytes are too many").to_string();
        assert!(message.contains("10000 bytes") && message.contains("tape.rs"), "{message}");
    }
}
