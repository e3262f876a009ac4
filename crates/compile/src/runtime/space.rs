//! The memory of one call, and that of calls that ended, for the next ones (docs/design/0012).

use super::tape::TapeMemory;
use super::work_queue::WorkQueue;
use gradus_ir::{Array, Buffer, Type};
use smallvec::SmallVec;
use std::sync::atomic::AtomicU32;
use std::sync::{LazyLock, Mutex};

/// Memory of one call.
pub(super) struct Space {
    pub(super) lists: Lists,
    pub(super) working: Working,
}

/// What becomes results; long lists are used again.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) written: SmallVec<[Written; INLINE_RESULTS]>,
    /// Old values of states that are results in other places, in order of the outputs.
    pub(super) kept: SmallVec<[Array; INLINE_RESULTS]>,
}

/// Results whose lists need no memory besides the stack.
pub(super) const INLINE_RESULTS: usize = 8;

/// What the steps of a call work with.
pub(super) struct Working {
    /// The arena, and behind it the scratch of each thread.
    pub(super) bytes: Buffer,
    /// Parts of each step that someone has taken.
    pub(super) taken: Box<[AtomicU32]>,
    /// Parts of each phase that are done.
    pub(super) done: Box<[AtomicU32]>,
    /// What is shared of a loop.
    pub(super) queue: WorkQueue,
    pub(super) tapes: TapeMemory,
}

/// Memory of calls that ended, for the next ones.
#[derive(Default)]
#[allow(clippy::vec_box, reason = "a space is taken and given back by its pointer")]
pub(super) struct Spaces(Mutex<Vec<Box<Space>>>);

impl std::fmt::Debug for Spaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spaces")
    }
}

/// Memory of calls that ended is kept for so many at once, or one for each processor if there are more.
const MOST_IDLE_SPACES: usize = 8;

/// A value that a step has written for results.
pub(super) enum Written {
    /// In a buffer of its own.
    Buffer(Buffer),
    /// In a buffer that a result has already.
    Array(Array),
    /// In the buffer of the state that it replaces; or all results have it.
    InPlace,
}

impl Written {
    /// What one more result gets; the last one takes it along.
    pub(super) fn give(&mut self, ty: &Type, is_last: bool) -> Written {
        let own = std::mem::replace(self, Written::InPlace);
        if is_last {
            return own;
        }
        let shared = match own {
            Written::Buffer(buffer) => Array::from_buffer(ty.clone(), buffer),
            Written::Array(array) => array,
            Written::InPlace => return Written::InPlace,
        };
        *self = Written::Array(shared.clone());
        Written::Array(shared)
    }
}

impl Space {
    /// For a call of so many steps in so many phases.
    pub(super) fn new(bytes: usize, steps: usize, phases: usize, tape_bytes: usize) -> Space {
        let counters = |n: usize| (0..n).map(|_| AtomicU32::new(0)).collect();
        Space {
            lists: Lists::default(),
            working: Working {
                bytes: Buffer::any(bytes),
                taken: counters(steps),
                done: counters(phases),
                queue: WorkQueue::new(),
                tapes: TapeMemory::new(tape_bytes),
            },
        }
    }
}

impl Spaces {
    /// One that waits.
    pub(super) fn take(&self) -> Option<Box<Space>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop()
    }

    /// Keeps it for the next call, unless enough wait.
    pub(super) fn give_back(&self, space: Box<Space>) {
        static PROCESSORS: LazyLock<usize> =
            LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
        let mut idle = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if idle.len() < MOST_IDLE_SPACES.max(*PROCESSORS) {
            idle.push(space);
        }
    }
}
