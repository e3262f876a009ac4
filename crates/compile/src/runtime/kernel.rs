//! The steps that move and compute elements themselves: a kernel on its buffers, and a copy of bytes.

use super::pointers::Pointers;
use super::step::{Call, Slot, Task};
use crate::codegen::Compiled;
use gradus_ir::Result;
use std::sync::Arc;

/// A kernel with the places of its buffers.
#[derive(Debug)]
pub(crate) struct KernelCall {
    pub(crate) compiled: Arc<Compiled>,
    pub(crate) slots: Box<[Slot]>,
}

impl Task for KernelCall {
    fn code(&self) -> String {
        format!("{} bytes of code", self.compiled.num_bytes)
    }
    fn is_finely_divisible(&self) -> bool {
        true
    }
    unsafe fn run(&self, _: &Call<'_>, pointers: &Pointers, lower: i64, upper: i64) -> Result<()> {
        // SAFETY: the plan places each parameter within its base.
        let buffers = Pointers::of(self.slots.iter().map(|slot| unsafe { slot.pointer(pointers) }));
        // SAFETY: a pointer for each buffer of the kernel, in its order; the rest is the caller's promise.
        unsafe { self.compiled.function.call(buffers.as_ptr(), lower, upper) };
        Ok(())
    }
}

/// Bytes moved as they are; nothing where both places are one.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) from: Slot,
    pub(crate) to: Slot,
    pub(crate) bytes: usize,
}

impl Copy {
    /// Bytes of one iteration.
    const GRAIN: usize = 4096;

    /// Iterations of all of it.
    pub(crate) fn extent(&self) -> i64 {
        self.bytes.div_ceil(Copy::GRAIN) as i64
    }
}

impl Task for Copy {
    fn code(&self) -> String {
        "a copy unless in place".into()
    }
    unsafe fn run(&self, _: &Call<'_>, pointers: &Pointers, lower: i64, upper: i64) -> Result<()> {
        // SAFETY: both places have so many bytes; `copy` allows that they are one place.
        unsafe {
            let (from, to) = (self.from.pointer(pointers), self.to.pointer(pointers));
            if from != to {
                let [start, end] = [lower, upper].map(|bound| self.bytes.min(bound as usize * Copy::GRAIN));
                std::ptr::copy(from.add(start), to.add(start), end - start);
            }
        }
        Ok(())
    }
}
