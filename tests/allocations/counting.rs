//! A global allocator that can note every block that any thread takes, and from where.
//!
//! The one `unsafe` outside of the compiler: the trait asks for it, and what it does is the system's allocator's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static BLOCKS: Mutex<Vec<Block>> = Mutex::new(Vec::new());

thread_local! {
    /// The thread is noting a block: what it allocates for that does not count.
    static IS_NOTING: Cell<bool> = const { Cell::new(false) };
}

/// A block that was taken.
pub(crate) struct Block {
    pub(crate) bytes: usize,
    from: Backtrace,
}

/// What the names of functions of a library have, or the file that calls it: it takes memory for itself and gives it
/// back before it returns. Panels of packed matrices, workspace of decompositions, plans of transforms.
const LIBRARIES: [&str; 5] =
    ["gemm", "faer::", "rustfft", "gradus_ir::ops::library::", "crates/ir/src/ops/library.rs"];

impl Block {
    /// Whether a library took it.
    pub(crate) fn is_of_library(&self) -> bool {
        let from = self.from.to_string();
        LIBRARIES.iter().any(|library| from.contains(library))
    }
    /// The functions that led to it, innermost first, up to the border of the call.
    pub(crate) fn explain(&self) -> String {
        let from = self.from.to_string();
        let frames = from.lines().map(str::trim).take_while(|line| !line.contains("form.rs"));
        let ours = frames.filter(|line| !line.contains("/rustc/") && !line.contains("counting.rs"));
        let shortened: Vec<&str> = ours.map(|line| line.get(..100).unwrap_or(line)).collect();
        format!("{} bytes from {}", self.bytes, shortened.join(" < "))
    }
}

/// The blocks that `call` takes, on whatever thread.
pub(crate) fn blocks_of(call: &mut dyn FnMut()) -> Vec<Block> {
    BLOCKS.lock().expect("a list").clear();
    IS_COUNTING.store(true, Ordering::SeqCst);
    call();
    IS_COUNTING.store(false, Ordering::SeqCst);
    mem::take(&mut *BLOCKS.lock().expect("a list"))
}

fn note(bytes: usize) {
    if !IS_COUNTING.load(Ordering::Relaxed) || IS_NOTING.try_with(|is| is.replace(true)).unwrap_or(true) {
        return;
    }
    let block = Block { bytes, from: Backtrace::force_capture() };
    BLOCKS.lock().expect("a list").push(block);
    IS_NOTING.set(false);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}
