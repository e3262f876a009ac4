//! Executable memory: many kernels in one mapping, freed when the last of its functions is.
//!
//! Pages are writable while they are filled and executable afterwards, never both.

use std::io;
use std::ptr::NonNull;
use std::sync::Arc;

use super::code::Code;

/// Alignment of each function's entry and of its constants.
const ALIGNMENT: usize = 64;

/// Executable memory for any number of kernels.
#[derive(Debug)]
pub struct CodeArena {
    start: NonNull<u8>,
    num_bytes: usize,
}

// SAFETY: after `map` returns, the mapping is never written again until it is unmapped by `drop`, which has the
// only reference; reading and executing it from several threads is sound.
unsafe impl Send for CodeArena {}
// SAFETY: as above.
unsafe impl Sync for CodeArena {}

type Entry = unsafe extern "C" fn(buffers: *const *mut u8, lower: i64, upper: i64, constants: *const u8);

/// A compiled kernel that can be called. Keeps its memory mapped.
#[derive(Clone, Debug)]
pub struct Function {
    arena: Arc<CodeArena>,
    entry: Entry,
    constants: usize,
}

impl CodeArena {
    /// Maps the code of kernels; one function for each, in order.
    ///
    /// # Errors
    /// Those of the operating system: no memory, or executable mappings forbidden.
    pub fn map<'c>(codes: impl IntoIterator<Item = &'c Code>) -> io::Result<Vec<Function>> {
        let mut image = Vec::new();
        let mut places = Vec::new();
        for code in codes {
            let mut append = |bytes: &[u8]| {
                image.resize(image.len().next_multiple_of(ALIGNMENT), 0);
                image.extend_from_slice(bytes);
                image.len() - bytes.len()
            };
            let entry = append(&code.bytes);
            let constants = append(&code.constants);
            places.push((entry, constants));
        }
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let arena = Arc::new(CodeArena::filled(&image)?);
        let functions = places.into_iter().map(|(entry, constants)| {
            // SAFETY: both offsets lie within the mapping, whose bytes at `entry` are a function of this
            // signature as `compile` generated it.
            let (entry, constants) = unsafe {
                let start = arena.start.as_ptr();
                (std::mem::transmute::<*mut u8, Entry>(start.add(entry)), start.add(constants) as usize)
            };
            Function { arena: Arc::clone(&arena), entry, constants }
        });
        Ok(functions.collect())
    }

    /// A mapping that holds `image` and can be executed.
    fn filled(image: &[u8]) -> io::Result<CodeArena> {
        // SAFETY: an anonymous mapping at an address of the system's choice touches no existing memory.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                image.len(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).expect("internal: a mapping at address 0");
        let arena = CodeArena { start, num_bytes: image.len() };
        // SAFETY: the mapping is at least as long as the image, writable, and nobody else knows it yet.
        let status = unsafe {
            std::ptr::copy_nonoverlapping(image.as_ptr(), start.as_ptr(), image.len());
            libc::mprotect(start.as_ptr().cast(), image.len(), libc::PROT_READ | libc::PROT_EXEC)
        };
        if status != 0 {
            return Err(io::Error::last_os_error());
        }
        #[cfg(target_arch = "aarch64")]
        clear_instruction_cache(start.as_ptr(), image.len());
        Ok(arena)
    }

    /// Size of the mapping in bytes.
    pub fn num_bytes(&self) -> usize {
        self.num_bytes
    }
}

/// Makes freshly written instructions visible to instruction fetch, which aarch64 does not do by itself.
#[cfg(target_arch = "aarch64")]
fn clear_instruction_cache(start: *mut u8, num_bytes: usize) {
    unsafe extern "C" {
        fn __clear_cache(start: *mut core::ffi::c_void, end: *mut core::ffi::c_void);
    }
    // SAFETY: the range is one mapping of this process; the function only maintains caches.
    unsafe { __clear_cache(start.cast(), start.add(num_bytes).cast()) }
}

impl Drop for CodeArena {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `filled` with this length, and no function of it is left.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.num_bytes) };
    }
}

impl Function {
    /// Runs the kernel over `lower..upper` of its outer range.
    ///
    /// # Safety
    /// `buffers` points to as many pointers as the kernel has buffers; each is valid for every element that the
    /// kernel accesses over this range, for reads or writes as declared, aligned to nothing; two of them overlap
    /// only where the kernel's result does not depend on it; and no other thread writes what is read or
    /// accesses what is written here.
    pub unsafe fn call(&self, buffers: *const *mut u8, lower: i64, upper: i64) {
        // SAFETY: the code is mapped as long as `self.arena` lives; the rest is the caller's promise.
        unsafe { (self.entry)(buffers, lower, upper, self.constants as *const u8) }
    }

    /// The memory that holds the code.
    pub fn arena(&self) -> &CodeArena {
        &self.arena
    }
}
