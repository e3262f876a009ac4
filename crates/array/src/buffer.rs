//! Memory of arrays. Buffers are recycled, so that a function called again and again asks the system for none: a fresh
//! large one costs a page fault per 4 KiB, which is several times what a kernel needs to fill it, and a fresh small one
//! costs more than a small kernel.
//!
//! Small buffers wait with the thread that let go of them, which costs no lock; what is too much for one thread, and
//! every large one, waits where all threads find it. Both are bounded, so a thread that only lets go of what others
//! take passes it on, and nothing grows.

use aligned_vec::{AVec, ConstAlign};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::sync::Mutex;

type Bytes = AVec<u8, ConstAlign<ALIGN>>;

const ALIGN: usize = 64;
/// Buffers of less than this are small.
const SMALLEST_LARGE: usize = 32 << 10;
/// The most that waits for reuse by all threads.
const MOST_SHARED: usize = 1 << 30;
/// The most that waits with one thread.
const MOST_OWN: usize = 1 << 20;
/// The most buffers of one size that wait with one thread.
const MOST_OWN_OF_A_SIZE: usize = 64;

/// Bytes of one array, aligned to 64.
pub struct Buffer {
    /// At least `len` bytes; those of a recycled buffer were all written before.
    bytes: Bytes,
    len: usize,
}

/// What waits for all threads, by capacity.
struct Shared {
    total_bytes: usize,
    by_capacity: BTreeMap<usize, Vec<Bytes>>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { total_bytes: 0, by_capacity: BTreeMap::new() });

/// What waits with one thread, by class.
struct Own {
    total_bytes: usize,
    by_class: [Vec<Bytes>; NUM_CLASSES],
}

thread_local! {
    static OWN: RefCell<Own> =
        const { RefCell::new(Own { total_bytes: 0, by_class: [const { Vec::new() }; NUM_CLASSES] }) };
}

impl Buffer {
    /// Zeros.
    pub fn zeroed(len: usize) -> Buffer {
        let mut buffer = Buffer::any(len);
        buffer.bytes_mut().fill(0);
        buffer
    }
    /// Bytes of any value: for those who write every one of them.
    pub fn any(len: usize) -> Buffer {
        let capacity = capacity_for(len);
        let waiting = if capacity < SMALLEST_LARGE { take_own(capacity) } else { None };
        let mut bytes = waiting
            .or_else(|| take_shared(capacity))
            .unwrap_or_else(|| Bytes::with_capacity(ALIGN, capacity));
        if bytes.len() < len {
            bytes.resize(len, 0);
        }
        Buffer { bytes, len }
    }
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
    /// The bytes, for writing.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = mem::replace(&mut self.bytes, Bytes::new(ALIGN));
        match bytes.capacity() {
            0 => {}
            small if small < SMALLEST_LARGE => give_own(bytes),
            _ => give_shared(bytes),
        }
    }
}

/// Size classes an eighth apart, so that nearly equal sizes serve each other; small ones a cache line apart.
fn capacity_for(len: usize) -> usize {
    len.next_multiple_of((len.next_power_of_two() / 16).max(ALIGN))
}

/// Classes of small capacities: 16 up to 1 KiB, then 8 for each doubling.
const NUM_CLASSES: usize = 16 + 8 * (SMALLEST_LARGE.ilog2() as usize - 10);

/// The number of a small capacity among all of them.
fn class_of(capacity: usize) -> usize {
    if capacity <= 1024 {
        return capacity / ALIGN - 1;
    }
    let below = (capacity - 1).ilog2() as usize;
    16 + 8 * (below - 10) + (capacity - (1 << below)) / (1 << (below - 3)) - 1
}

fn take_own(capacity: usize) -> Option<Bytes> {
    if capacity == 0 {
        return None;
    }
    let take = |own: &RefCell<Own>| {
        let mut own = own.borrow_mut();
        let bytes = own.by_class[class_of(capacity)].pop()?;
        own.total_bytes -= capacity;
        Some(bytes)
    };
    // A thread that ends has no memory of its own any more.
    OWN.try_with(take).ok().flatten()
}

fn give_own(bytes: Bytes) {
    let mut bytes = Some(bytes);
    let give = |own: &RefCell<Own>| {
        let mut own = own.borrow_mut();
        let capacity = bytes.as_ref().map_or(0, |bytes| bytes.capacity());
        let class = class_of(capacity);
        if own.total_bytes + capacity <= MOST_OWN && own.by_class[class].len() < MOST_OWN_OF_A_SIZE {
            own.total_bytes += capacity;
            own.by_class[class].extend(bytes.take());
        }
    };
    let _ = OWN.try_with(give);
    if let Some(bytes) = bytes {
        give_shared(bytes);
    }
}

fn take_shared(capacity: usize) -> Option<Bytes> {
    if capacity == 0 {
        return None;
    }
    let mut shared = SHARED.lock().ok()?;
    let bytes = shared.by_capacity.get_mut(&capacity)?.pop()?;
    shared.total_bytes -= capacity;
    Some(bytes)
}

fn give_shared(bytes: Bytes) {
    let capacity = bytes.capacity();
    if let Ok(mut shared) = SHARED.lock()
        && shared.total_bytes + capacity <= MOST_SHARED
    {
        shared.total_bytes += capacity;
        shared.by_capacity.entry(capacity).or_default().push(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Buffer, MOST_OWN, MOST_OWN_OF_A_SIZE, NUM_CLASSES, OWN, SMALLEST_LARGE, capacity_for, class_of,
    };

    #[test]
    fn small_sizes_have_a_class_each() {
        let mut capacities: Vec<usize> = (1..SMALLEST_LARGE).map(capacity_for).collect();
        capacities.dedup();
        capacities.retain(|capacity| *capacity < SMALLEST_LARGE);
        let classes: Vec<usize> = capacities.iter().map(|capacity| class_of(*capacity)).collect();
        assert_eq!(classes, (0..capacities.len()).collect::<Vec<_>>());
        assert!(classes.len() <= NUM_CLASSES, "{}", classes.len());
        for len in 1..100_000 {
            let capacity = capacity_for(len);
            assert!(capacity >= len && capacity <= (len + len / 7).max(len + 63), "{len} in {capacity}");
        }
    }

    #[test]
    fn a_buffer_is_used_again_and_as_long_as_asked() {
        for len in [1, 63, 64, 1000, 20_000, 100_000] {
            let mut first = Buffer::any(len);
            first.bytes_mut().fill(7);
            let place = first.bytes().as_ptr();
            drop(first);
            let second = Buffer::zeroed(len);
            assert_eq!((second.bytes().as_ptr(), second.bytes().len()), (place, len));
            assert!(second.bytes().iter().all(|byte| *byte == 0));
        }
        assert!(Buffer::any(0).bytes().is_empty());
    }

    #[test]
    fn what_waits_with_a_thread_is_bounded_and_what_is_too_much_reaches_others() {
        let own = || OWN.with_borrow(|own| own.total_bytes);
        let many = |len: usize| (0..200).map(|_| Buffer::any(len)).collect::<Vec<_>>();
        std::thread::spawn(move || {
            drop(many(999));
            assert_eq!(own(), MOST_OWN_OF_A_SIZE * 1024);
            drop(many(30_000));
            assert!(own() <= MOST_OWN && own() + 2 * 32_768 > MOST_OWN, "{}", own());
            // Buffers taken here and let go of there come back by way of what all threads share.
            let place = |buffer: &Buffer| buffer.bytes().as_ptr() as usize;
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..100 {
                let taken = many(12_345);
                seen.extend(taken.iter().map(place));
                std::thread::spawn(move || drop(taken)).join().expect("it only drops");
            }
            // A thread that ends frees what waited with it.
            assert!(seen.len() < 100 * 100, "{}", seen.len());
        })
        .join()
        .expect("no assertion failed");
    }
}
