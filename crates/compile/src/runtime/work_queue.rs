//! Steps inside of a loop, shared with the threads that wait for the loop.
//!
//! The thread that walks a loop posts a step; others, who wait at the end of a phase, take parts of it. A ticket holds
//! the step's number, its number of parts and how many are taken: who raises it owns a part, and since the walker
//! waits until all parts are done, what was posted with the ticket is still there.

use super::failure::Failure;
use super::pointers::Pointers;
use super::step::{Call, SCRATCH, Share, Step};
use super::thread_pool;
use gradus_ir::Result;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// One step at a time, for whoever waits.
pub(super) struct WorkQueue {
    /// Someone has posted.
    busy: AtomicBool,
    /// Number of the post in the upper half, then parts, then parts taken, 16 bits each.
    ticket: AtomicU64,
    job: AtomicPtr<Job<'static>>,
    done: AtomicU32,
}

/// What is posted; it stands on the poster's stack.
struct Job<'j> {
    step: &'j Step,
    pointers: &'j Pointers,
    failure: Failure,
    measured: bool,
}

impl WorkQueue {
    pub(super) fn new() -> WorkQueue {
        WorkQueue {
            busy: AtomicBool::new(false),
            ticket: AtomicU64::new(0),
            job: AtomicPtr::new(null_mut()),
            done: AtomicU32::new(0),
        }
    }

    /// Takes parts of what is posted, until none is left.
    ///
    /// # Safety
    /// `scratch` is the calling thread's memory, enough for every step of the call that the queue belongs to.
    pub(super) unsafe fn take_parts(&self, scratch: *mut u8) {
        let mut ticket = self.ticket.load(Ordering::Acquire);
        loop {
            let [parts, part] = [(ticket >> 16) as u16, ticket as u16].map(u32::from);
            if part >= parts {
                return;
            }
            let job = self.job.load(Ordering::Relaxed);
            let raised =
                self.ticket.compare_exchange(ticket, ticket + 1, Ordering::AcqRel, Ordering::Acquire);
            if let Err(now) = raised {
                ticket = now;
                continue;
            }
            // SAFETY: the ticket had not changed, so the job is the one that was posted with it, and it stands until
            // this part is done.
            let job = unsafe { &*job };
            let mut pointers = job.pointers.clone();
            pointers[SCRATCH] = scratch;
            if job.failure.is_before(part as usize) {
                let [lower, upper] = [part, part + 1].map(|part| job.step.bound(part, parts));
                // SAFETY: this part is this thread's alone; what it needs has run.
                let outcome = unsafe { job.step.run(&Call::alone(job.measured), &pointers, lower, upper) };
                if let Err(error) = outcome {
                    job.failure.note(part as usize, error);
                }
            }
            self.done.fetch_add(1, Ordering::Release);
            ticket = self.ticket.load(Ordering::Acquire);
        }
    }
}

impl Share for WorkQueue {
    unsafe fn share(&self, step: &Step, parts: u32, call: &Call<'_>, pointers: &Pointers) -> Result<()> {
        if self.busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            // SAFETY: the caller's promise.
            return unsafe { step.run(call, pointers, 0, step.extent) };
        }
        let job = Job { step, pointers, failure: Failure::default(), measured: call.measured };
        self.done.store(0, Ordering::Relaxed);
        self.job.store((&raw const job).cast_mut().cast(), Ordering::Relaxed);
        let number = (self.ticket.load(Ordering::Relaxed) >> 32).wrapping_add(1);
        self.ticket.store(number << 32 | u64::from(parts) << 16, Ordering::Release);
        // SAFETY: the caller's promise; the job stands until all its parts are done.
        unsafe { self.take_parts(pointers[SCRATCH]) };
        thread_pool::wait_until(|| self.done.load(Ordering::Acquire) == parts);
        self.busy.store(false, Ordering::Release);
        job.failure.into_result()
    }
}
