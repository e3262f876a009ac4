//! One entry of the flat list that a call runs: what it does, and how threads may share it.
//!
//! Invariant: whoever runs a part of a step holds pointers of a call in which everything before the step has run, and
//! nobody else touches what the part writes.

use super::pointers::Pointers;
use super::profile::Clock;
use super::tape::Scope;
use gradus_ir::{Result, SourceLocation};

/// One entry of the flat list.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) task: Box<dyn Task>,
    /// Iterations that may be split over threads.
    pub(crate) extent: i64,
    /// Parts are multiples of so many iterations.
    pub(crate) grain: i64,
    /// A measure of its time, by which threads share: about the operations on four bytes, each some 0.04 ns.
    pub(crate) cost: u64,
    pub(crate) scratch_bytes: usize,
    /// Must all threads have finished what is before it?
    pub(crate) barrier: bool,
    /// The user's line that it computes, of several the first.
    pub(crate) at: SourceLocation,
    pub(crate) label: String,
    pub(crate) clock: Clock,
}

/// What a step does: a kernel, a routine, a copy, a loop.
pub(crate) trait Task: std::fmt::Debug + Send + Sync {
    /// What runs, for `explain`.
    fn code(&self) -> String;
    /// Runs iterations `lower..upper`.
    ///
    /// # Errors
    /// Those of the operation, of a kind whose `Kind::can_fail` says so; the call ends with it and its state is
    /// untouched.
    ///
    /// # Safety
    /// `pointers` are of one call in which everything before this step has run, and nobody else touches what these
    /// iterations write.
    unsafe fn run(&self, call: &Call<'_>, pointers: &Pointers, lower: i64, upper: i64) -> Result<()>;
    /// Does it cost nothing to start a part of it, as with kernels? Routines prepare anew for every part.
    fn is_finely_divisible(&self) -> bool {
        false
    }
    /// The cost of what threads can share of the steps inside; `None` if it is divided itself.
    fn shareable_inside(&self) -> Option<u64> {
        None
    }
    /// How often threads wait for each other at most.
    fn meetings(&self) -> u64 {
        1
    }
    /// Calls `visit` with each list of steps inside, and what it is as a prefix.
    fn for_each_block(&self, _visit: &mut dyn FnMut(&'static str, &[Step])) {}
}

/// A place, resolved to one of the [`Pointers`] of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pointer: usize,
    offset: usize,
}

/// Numbers of the first pointers of a list of steps.
const ARENA: usize = 0;
pub(super) const SCRATCH: usize = 1;
const PARAMS: usize = 2;

impl Slot {
    /// In the arena.
    pub(crate) fn arena(offset: usize) -> Slot {
        Slot { pointer: ARENA, offset }
    }
    /// In the scratch memory of each thread.
    pub(crate) fn scratch(offset: usize) -> Slot {
        Slot { pointer: SCRATCH, offset }
    }
    /// In the memory of number `k` of parameters, written results and constants, in this order.
    pub(crate) fn outside(k: usize, offset: usize) -> Slot {
        Slot { pointer: PARAMS + k, offset }
    }

    /// The slot so many bytes further.
    pub(crate) fn offset(self, bytes: usize) -> Slot {
        Slot { pointer: self.pointer, offset: self.offset + bytes }
    }

    /// Where it is in this call.
    ///
    /// # Safety
    /// `pointers` are of the program that the slot was made for.
    pub(crate) unsafe fn pointer(self, pointers: &Pointers) -> *mut u8 {
        // SAFETY: the plan places every value within the memory of its base.
        unsafe { pointers.get_unchecked(self.pointer).add(self.offset) }
    }
}

/// What steps need to know of the call that runs them.
pub(crate) struct Call<'c> {
    /// Where loops post steps for threads that wait; none if nobody does.
    pub(super) queue: Option<&'c dyn Share>,
    /// Where tapes are made; none for a step that makes none.
    pub(super) scope: Option<&'c Scope<'c>>,
    /// Whether steps note what they take.
    pub(super) measured: bool,
}

/// Runs a step in parts, with the help of threads that wait.
pub(crate) trait Share: Sync {
    /// # Errors
    /// That of the first part that fails.
    ///
    /// # Safety
    /// As [`Task::run`] for all iterations; `pointers` are of the calling thread.
    unsafe fn share(&self, step: &Step, parts: u32, call: &Call<'_>, pointers: &Pointers) -> Result<()>;
}

impl Call<'_> {
    /// For a step that makes no tapes and posts nothing.
    pub(super) fn alone(measured: bool) -> Call<'static> {
        Call { queue: None, scope: None, measured }
    }
    /// Where tapes are made.
    pub(crate) fn scope(&self) -> &Scope<'_> {
        self.scope.expect("internal: a step that makes tapes is told where")
    }
}

/// A part of a step costs at least this much, or sharing it does not pay.
const SMALLEST_PART: u64 = 50_000;
/// Parts of a step for each thread: more than one, so that a thread that started late takes fewer.
const PARTS_PER_THREAD: u64 = 4;
/// Parts of kernels that cost more than this are cut further, so that less is left for one thread at the end.
const DEAR_PART: u64 = 1_000_000;
const MOST_PARTS_PER_THREAD: u64 = 16;

impl Step {
    /// A step of one iteration that costs nothing, to be said otherwise.
    pub(crate) fn new(task: impl Task + 'static, at: SourceLocation, label: String) -> Step {
        Step {
            task: Box::new(task),
            extent: 1,
            grain: 1,
            cost: 0,
            scratch_bytes: 0,
            barrier: false,
            at,
            label,
            clock: Clock::default(),
        }
    }

    /// Into how many parts threads share it.
    pub(super) fn parts(&self, threads: u64) -> u32 {
        let most = (self.extent / self.grain.max(1)).max(1) as u64;
        let fine = if self.task.is_finely_divisible() { self.cost / DEAR_PART } else { 0 };
        let finest = (fine / threads).clamp(PARTS_PER_THREAD, MOST_PARTS_PER_THREAD);
        (self.cost / SMALLEST_PART).clamp(1, finest * threads).min(most) as u32
    }

    /// Where part `part` of `parts` starts.
    pub(super) fn bound(&self, part: u32, parts: u32) -> i64 {
        if part == parts {
            return self.extent;
        }
        let grains = self.extent / self.grain.max(1);
        (i128::from(grains) * i128::from(part) / i128::from(parts)) as i64 * self.grain.max(1)
    }

    /// The cost of what threads can share of it, if it is cut into so many parts.
    pub(super) fn shareable(&self, parts: u32) -> u64 {
        self.task.shareable_inside().unwrap_or(if parts > 1 { self.cost } else { 0 })
    }

    /// Runs iterations `lower..upper`.
    ///
    /// # Errors
    /// As [`Task::run`].
    ///
    /// # Safety
    /// As [`Task::run`].
    pub(super) unsafe fn run(
        &self,
        call: &Call<'_>,
        pointers: &Pointers,
        lower: i64,
        upper: i64,
    ) -> Result<()> {
        // SAFETY: the caller's promise.
        let work = || unsafe { self.task.run(call, pointers, lower, upper) };
        if call.measured { self.clock.measure(work) } else { work() }
    }
}

/// How often threads wait for each other at most: after every step, also of loops.
pub(super) fn meetings(steps: &[Step]) -> u64 {
    steps.iter().map(|step| step.task.meetings()).fold(0, u64::saturating_add)
}

/// Calls `visit` with each step, how deep it lies, and what it is part of.
pub(super) fn for_each_step(steps: &[Step], visit: &mut dyn FnMut(&Step, usize, &str)) {
    fn walk(steps: &[Step], depth: usize, part: &str, visit: &mut dyn FnMut(&Step, usize, &str)) {
        for step in steps {
            visit(step, depth, part);
            step.task.for_each_block(&mut |part, steps| walk(steps, depth + 1, part, visit));
        }
    }
    walk(steps, 0, "", visit);
}
