//! Memory of arrays. Large buffers are recycled: a fresh one costs a page fault per 4 KiB, which is
//! several times what a kernel needs to fill it.

use aligned_vec::{AVec, ConstAlign};
use std::sync::Mutex;

type Bytes = AVec<u8, ConstAlign<64>>;

/// Bytes of one array, aligned to 64.
pub struct Buffer(Bytes);

/// Smaller buffers go to the allocator, which is fast for them.
const SMALLEST_RECYCLED: usize = 32 << 10;
/// The most that waits for reuse.
const MOST_RECYCLED: usize = 1 << 30;

static WAITING: Mutex<Waiting> = Mutex::new(Waiting { total_bytes: 0, buffers: Vec::new() });

struct Waiting {
    total_bytes: usize,
    buffers: Vec<Bytes>,
}

impl Buffer {
    /// Zeros.
    pub fn zeroed(len: usize) -> Buffer {
        let mut buffer = Buffer::any(len);
        buffer.0.fill(0);
        buffer
    }
    /// Bytes of any value: for those who write every one of them.
    pub fn any(len: usize) -> Buffer {
        if len >= SMALLEST_RECYCLED
            && let Some(bytes) = recycled(len)
        {
            return Buffer(bytes);
        }
        let mut bytes = Bytes::with_capacity(64, capacity_for(len));
        bytes.resize(len, 0);
        Buffer(bytes)
    }
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
    /// The bytes, for writing.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// Size classes an eighth apart, so that nearly equal sizes serve each other.
fn capacity_for(len: usize) -> usize {
    if len < SMALLEST_RECYCLED {
        return len;
    }
    let step = (len.next_power_of_two() / 16).max(1);
    len.next_multiple_of(step)
}

fn recycled(len: usize) -> Option<Bytes> {
    let capacity = capacity_for(len);
    let mut waiting = WAITING.lock().ok()?;
    let found = waiting.buffers.iter().rposition(|b| b.capacity() == capacity)?;
    let mut bytes = waiting.buffers.swap_remove(found);
    waiting.total_bytes -= capacity;
    drop(waiting);
    // The bytes were written before: only a longer request than the last one is filled.
    bytes.resize(len, 0);
    Some(bytes)
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let capacity = self.0.capacity();
        if capacity < SMALLEST_RECYCLED {
            return;
        }
        if let Ok(mut waiting) = WAITING.lock()
            && waiting.total_bytes + capacity <= MOST_RECYCLED
        {
            waiting.total_bytes += capacity;
            waiting.buffers.push(std::mem::replace(&mut self.0, Bytes::new(64)));
        }
    }
}
