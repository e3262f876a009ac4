//! Running an executable: memory for a call, then the steps.
//!
//! Invariant: a call touches its own arena, its own results, its arguments and the constants, all of which stay alive,
//! and are written by nobody else, until the call returns.

mod bases;
mod board;
mod failure;
mod memory;
mod meter;
pub(crate) mod nested;
mod pace;
mod tape;
pub(crate) mod tapes;
mod team;

use crate::buffers::{Base, Output, Place, Plan};
use crate::cache::Compiled;
use crate::convolve::Convolve;
use crate::host::Host;
use crate::library::Routine;
use crate::matmul::Matmul;
use crate::sort::Sort;
pub(crate) use bases::Bases;
use board::Board;
use failure::Failure;
use gradus_ir::{Array, Buffer, Error, ErrorKind, Result, Type};
pub(crate) use meter::Clock;
use meter::Meter;
use pace::Pace;
use smallvec::SmallVec;
use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tape::{Scope, TapeMemory};

/// One entry of the flat list.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) work: Work,
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
    pub(crate) at: gradus_ir::SourceLocation,
    pub(crate) label: String,
    pub(crate) clock: Clock,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Work {
    Kernel {
        compiled: Arc<Compiled>,
        slots: Box<[Slot]>,
    },
    Matmul(Box<Matmul>),
    Convolve(Box<Convolve>),
    Sort(Box<Sort>),
    /// A loop or a choice, with steps of its own.
    Nested(Box<nested::NestedStep>),
    Tapes(Box<tapes::TapeWork>),
    Host(Box<Host>),
    Library(Box<Routine>),
    /// Bytes moved as they are; nothing where both places are one.
    Copy {
        from: Slot,
        to: Slot,
        bytes: usize,
    },
}

/// A place, resolved to one of the [`Bases`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    base: usize,
    offset: usize,
}

const ARENA: usize = 0;
const SCRATCH: usize = 1;
const PARAMS: usize = 2;

impl Slot {
    /// The slot of a place in the memory of a program with so many parameters and written results.
    pub(crate) fn of(place: Place, num_params: usize, num_written: usize) -> Slot {
        let base = match place.base {
            Base::Arena => ARENA,
            Base::Scratch => SCRATCH,
            Base::Param(k) => PARAMS + k,
            Base::Result(k) => PARAMS + num_params + k,
            Base::Constant(k) => PARAMS + num_params + num_written + k,
        };
        Slot { base, offset: place.offset }
    }

    /// The slot so many bytes further.
    pub(crate) fn offset(self, bytes: usize) -> Slot {
        Slot { base: self.base, offset: self.offset + bytes }
    }

    /// Where it is in this call.
    ///
    /// # Safety
    /// `bases` are of the program that the slot was made for.
    pub(crate) unsafe fn pointer(self, bases: &Bases) -> *mut u8 {
        // SAFETY: the plan places every value within the memory of its base.
        unsafe { bases.get_unchecked(self.base).add(self.offset) }
    }
}

/// Everything a call needs.
#[derive(Debug)]
pub(crate) struct Runtime {
    steps: Vec<Step>,
    constants: Vec<Array>,
    written: Vec<Type>,
    in_place: Vec<Option<usize>>,
    outputs: Vec<Output>,
    /// For each output whether it is the last with its buffer.
    is_last: Vec<bool>,
    /// Outputs that are a state's old value in another place.
    num_kept: usize,
    arena_bytes: usize,
    scratch_bytes: usize,
    threads: usize,
    spaces: Spaces,
    meter: Meter,
    pace: Pace,
    /// How many parts each step has when threads share it.
    parts: Vec<u32>,
    /// For each step the phase it belongs to: steps between two waits.
    phases: Vec<u32>,
    /// Parts of each phase.
    phase_parts: Vec<u32>,
    /// The cost of what threads can share.
    shareable: u64,
    /// Bytes that tapes of a call may hold, if it makes any.
    tape_bytes: usize,
}

/// What steps need to know of the call that runs them.
pub(crate) struct Call<'c> {
    /// Where loops post steps for threads that wait; none if nobody does.
    board: Option<&'c Board>,
    /// Where tapes are made; none for a step that makes none.
    scope: Option<&'c Scope<'c>>,
    /// Whether steps note what they take.
    measured: bool,
}

impl Call<'_> {
    /// For a step that makes no tapes and posts nothing.
    fn alone(measured: bool) -> Call<'static> {
        Call { board: None, scope: None, measured }
    }
    fn scope(&self) -> &Scope<'_> {
        self.scope.expect("internal: a step that makes tapes is told where")
    }
}

/// Memory of one call.
struct Space {
    lists: Lists,
    working: Working,
}

/// What becomes results; long lists are used again.
#[derive(Default)]
struct Lists {
    written: SmallVec<[Written; INLINE_RESULTS]>,
    /// Old values of states that are results in other places, in order of the outputs.
    kept: SmallVec<[Array; INLINE_RESULTS]>,
}

/// Results whose lists need no memory besides the stack.
const INLINE_RESULTS: usize = 8;

/// What the steps of a call work with.
struct Working {
    /// The arena, and behind it the scratch of each thread.
    bytes: Buffer,
    /// Parts of each step that someone has taken.
    taken: Box<[AtomicU32]>,
    /// Parts of each phase that are done.
    done: Box<[AtomicU32]>,
    /// What is shared of a loop.
    board: Board,
    tapes: TapeMemory,
}

/// A part of a step costs at least this much, or sharing it does not pay.
const SMALLEST_PART: u64 = 50_000;
/// Parts of a step for each thread: more than one, so that a thread that started late takes fewer.
const PARTS_PER_THREAD: u64 = 4;
/// Parts of kernels that cost more than this are cut further, so that less is left for one thread at the end.
const DEAR_PART: u64 = 1_000_000;
const MOST_PARTS_PER_THREAD: u64 = 16;
/// A call cheaper than this runs on its caller alone.
const WORTH_SHARING: u64 = 150_000;
/// A call cheaper than this wakes nobody.
const WORTH_WAKING: u64 = 1_000_000;

/// Memory of calls that ended, for the next ones.
#[derive(Default)]
#[allow(clippy::vec_box, reason = "a space is taken and given back by its pointer")]
struct Spaces(Mutex<Vec<Box<Space>>>);

impl std::fmt::Debug for Spaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spaces")
    }
}

/// Memory of calls that ended is kept for so many at once, or one for each processor if there are more.
const MOST_IDLE_SPACES: usize = 8;

/// A value that a step has written for results.
enum Written {
    /// In a buffer of its own.
    Buffer(Buffer),
    /// In a buffer that a result has already.
    Array(Array),
    /// In the buffer of the state that it replaces; or all results have it.
    InPlace,
}

impl Written {
    /// What one more result gets; the last one takes it along.
    fn give(&mut self, ty: &Type, is_last: bool) -> Written {
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

impl Runtime {
    pub(crate) fn new(
        constants: Vec<Array>,
        plan: Plan,
        steps: Vec<Step>,
        threads: usize,
        tape_bytes: usize,
        num_state: usize,
    ) -> Runtime {
        let scratch_bytes = steps.iter().map(|step| step.scratch_bytes).max().unwrap_or(0);
        let threads = threads.max(1);
        let parts: Vec<u32> = steps.iter().map(|step| step.parts(threads as u64)).collect();
        let (mut phases, mut phase_parts) = (vec![], vec![]);
        for (step, parts) in steps.iter().zip(&parts) {
            if step.barrier || phase_parts.is_empty() {
                phase_parts.push(0);
            }
            phases.push(phase_parts.len() as u32 - 1);
            *phase_parts.last_mut().expect("internal: a phase") += parts;
        }
        let outputs = plan.outputs;
        let is_last = (0..outputs.len()).map(|k| !outputs[k + 1..].contains(&outputs[k])).collect();
        let is_state = |number: usize, k: usize| k < num_state && k != number;
        let is_kept =
            |(number, output): (usize, &Output)| matches!(output, Output::Param(k) if is_state(number, *k));
        let shareable = shareable(&steps, &parts, &phases, &phase_parts);
        Runtime {
            num_kept: outputs.iter().enumerate().filter(|pair| is_kept(*pair)).count(),
            is_last,
            outputs,
            tape_bytes,
            shareable,
            parts,
            phases,
            phase_parts,
            constants,
            written: plan.written_types,
            in_place: plan.in_place,
            arena_bytes: plan.arena_bytes,
            scratch_bytes: scratch_bytes.next_multiple_of(64),
            threads,
            spaces: Spaces::default(),
            meter: Meter::default(),
            pace: Pace::of_calls(shareable, meetings(&steps)),
            steps,
        }
    }

    /// How many values a call makes, new states among them.
    pub(crate) fn num_outputs(&self) -> usize {
        self.outputs.len()
    }

    /// What runs, a line for each step; steps inside of a step follow it.
    pub(crate) fn labels(&self) -> Vec<String> {
        let mut labels = vec![];
        for_each_step(&self.steps, 0, &mut |step, depth, part| {
            labels.push(format!("{:1$}{2}{3}", "", 2 * depth, part, step.label));
        });
        labels
    }

    pub(crate) fn memory(&self) -> usize {
        self.known_memory().saturating_add(self.tape_bytes)
    }

    /// The same without tapes, which are refused when they grow too large.
    fn known_memory(&self) -> usize {
        let results = self.written.iter().map(Type::size_bytes).fold(0, usize::saturating_add);
        self.call_bytes().saturating_add(results)
    }

    /// Arena and scratch of one call.
    fn call_bytes(&self) -> usize {
        self.arena_bytes.saturating_add(self.threads * self.scratch_bytes)
    }

    pub(crate) fn explain(&self) -> String {
        let mut text = String::new();
        let mut k = 0;
        let measured = self.meter.latest();
        for_each_step(&self.steps, 0, &mut |step, depth, part| {
            let code = match &step.work {
                Work::Kernel { compiled, .. } => format!("{} bytes of code", compiled.num_bytes),
                Work::Matmul(_) | Work::Convolve(_) | Work::Sort(_) | Work::Library(_) => "library".into(),
                Work::Host(_) => "as written".into(),
                Work::Copy { .. } => "a copy unless in place".into(),
                Work::Nested(_) => "the steps below".into(),
                Work::Tapes(_) => "tapes".into(),
            };
            let wait = if step.barrier { "after all before" } else { "at once" };
            let indent = 2 * depth;
            let time = measured.map_or(String::new(), |_| format!("{:.1?}, ", step.clock.time()));
            let at = step.at.location().map_or(String::new(), |_| format!("  at {}", step.at));
            let _ = writeln!(
                text,
                "{:indent$}{k:3}. {part}{}  [{} iterations, {time}{code}, {wait}]{at}",
                "", step.label, step.extent
            );
            k += 1;
        });
        if let Some(number) = measured {
            let _ = writeln!(text, "times: of call {number}, threads and iterations of loops added up");
        }
        let _ = writeln!(
            text,
            "memory: arena {} bytes, scratch {} bytes for each thread, results {} bytes",
            self.arena_bytes,
            self.scratch_bytes,
            self.known_memory() - self.call_bytes()
        );
        if self.tape_bytes > 0 {
            let _ = writeln!(text, "tapes: at most {} bytes", self.tape_bytes);
        }
        text
    }

    /// Runs the steps and appends the results; the arguments have been checked.
    pub(crate) fn run(
        &self,
        state: &mut [&mut Array],
        args: &[&Array],
        results: &mut Vec<Array>,
    ) -> Result<()> {
        self.admit()?;
        let mut space = self.take_space();
        let mut own_lists = Lists::default();
        let (lists, working) = match space.as_deref_mut() {
            Some(space) => (&mut space.lists, Some(&mut space.working)),
            None => (&mut own_lists, None),
        };
        let outcome = self.run_in(state, args, lists, working);
        if outcome.is_ok() {
            self.finish(state, args, lists, results);
        }
        lists.written.clear();
        lists.kept.clear();
        if let Some(space) = space {
            self.give_back(space);
        }
        outcome
    }

    fn run_in(
        &self,
        state: &mut [&mut Array],
        args: &[&Array],
        lists: &mut Lists,
        mut working: Option<&mut Working>,
    ) -> Result<()> {
        // Old values that are results in other places; their buffers are shared then, and not written.
        for (number, output) in self.outputs.iter().enumerate() {
            match output {
                Output::Param(k) if *k < state.len() && *k != number => {
                    lists.kept.push((*state[*k]).clone());
                }
                _ => {}
            }
        }
        let mut bases = Bases::new();
        let arena = working.as_mut().map_or(std::ptr::dangling_mut(), |w| w.bytes.bytes_mut().as_mut_ptr());
        let scratch_offset = if working.is_some() { self.arena_bytes } else { 0 };
        bases.push(arena);
        // SAFETY: the scratch lies behind the arena in the same buffer.
        bases.push(unsafe { arena.add(scratch_offset) });
        bases.extend(state.iter().map(|array| array.bytes().as_ptr().cast_mut()));
        bases.extend(args.iter().map(|array| array.bytes().as_ptr().cast_mut()));
        for (ty, in_place) in self.written.iter().zip(&self.in_place) {
            if let Some(own) = in_place.and_then(|k| state[k].bytes_mut()) {
                bases.push(own.as_mut_ptr());
                lists.written.push(Written::InPlace);
            } else {
                let mut buffer = Buffer::any(ty.size_bytes());
                bases.push(buffer.bytes_mut().as_mut_ptr());
                lists.written.push(Written::Buffer(buffer));
            }
        }
        bases.extend(self.constants.iter().map(|array| array.bytes().as_ptr().cast_mut()));
        let measured = self.meter.starts(&self.steps);
        // SAFETY: the pointers are of this call's memory, laid out as the plan says; written are only the arena, fresh
        // buffers and state whose buffer `bytes_mut` has shown to be unshared.
        let outcome = unsafe { self.run_steps(&bases, working.as_deref(), measured) };
        if measured {
            self.meter.finish();
        }
        outcome
    }

    /// # Errors
    /// That of the first step that fails.
    ///
    /// # Safety
    /// `bases` are the pointers of one call, and nobody else uses what they are written through.
    unsafe fn run_steps(&self, bases: &Bases, space: Option<&Working>, measured: bool) -> Result<()> {
        let wakes = self.shareable >= WORTH_WAKING;
        let scope = space.map(|space| Scope::new(&space.tapes));
        let alone = || {
            let call = Call { board: None, scope: scope.as_ref(), measured };
            // SAFETY: the caller's promise; steps run in order.
            self.steps.iter().try_for_each(|step| unsafe { step.run(&call, bases, 0, step.extent) })
        };
        let space = match space {
            Some(space) if self.shares() && (wakes || !team::is_asleep()) => space,
            _ => return alone(),
        };
        let turn = self.pace.next();
        self.pace.run(turn, || {
            if !turn.is_shared {
                return alone();
            }
            space.taken.iter().chain(&space.done).for_each(|counter| counter.store(0, Ordering::Relaxed));
            let pointers = Pointers(bases);
            let failure = Failure::default();
            team::share(self.threads, wakes, &|member| {
                let mut bases = pointers.get().clone();
                // SAFETY: the scratch of each member lies behind that of the one before; parts are taken once and
                // write different elements.
                unsafe {
                    bases[SCRATCH] = bases[SCRATCH].add(member * self.scratch_bytes);
                    let call = Call { board: Some(&space.board), scope: scope.as_ref(), measured };
                    self.walk_shared(&bases, space, &call, &failure);
                }
            });
            failure.into_result()
        })
    }

    /// Is a call dear enough for several threads?
    fn shares(&self) -> bool {
        self.threads > 1 && self.shareable >= WORTH_SHARING
    }

    /// Takes parts of steps until none is left; waits at the end of a phase for the parts of others. After a failure
    /// parts of later steps are taken and not run.
    ///
    /// # Safety
    /// As [`Runtime::run_steps`]; `space` is this call's, and every member of the team walks with it.
    unsafe fn walk_shared(&self, bases: &Bases, space: &Working, call: &Call<'_>, failure: &Failure) {
        let mut phase = 0;
        for (k, step) in self.steps.iter().enumerate() {
            let own_phase = self.phases[k];
            while phase < own_phase {
                self.end_phase(space, phase, bases[SCRATCH]);
                phase += 1;
            }
            let parts = self.parts[k];
            // A look before the write, so that what is all taken costs no exclusive access.
            while space.taken[k].load(Ordering::Relaxed) < parts {
                let part = space.taken[k].fetch_add(1, Ordering::Relaxed);
                if part >= parts {
                    break;
                }
                let [lower, upper] = [part, part + 1].map(|part| step.bound(part, parts));
                if failure.is_before(k) {
                    // SAFETY: this part is this member's; all phases before are done.
                    if let Err(error) = unsafe { step.run(call, bases, lower, upper) } {
                        failure.note(k, error);
                    }
                }
                space.done[own_phase as usize].fetch_add(1, Ordering::Release);
            }
        }
        if let Some(last) = self.phase_parts.len().checked_sub(1) {
            self.end_phase(space, last as u32, bases[SCRATCH]);
        }
    }

    /// Waits until every part of a phase is done, and helps the loops in it.
    fn end_phase(&self, space: &Working, phase: u32, scratch: *mut u8) {
        let (done, all) = (&space.done[phase as usize], self.phase_parts[phase as usize]);
        team::wait_until(|| {
            // SAFETY: the scratch is this member's, and as large as any step of this program needs.
            unsafe { space.board.take_parts(scratch) };
            done.load(Ordering::Acquire) == all
        });
    }

    /// Replaces the state and appends the results. A state keeps its handle unless a clone shares it.
    fn finish(&self, state: &mut [&mut Array], args: &[&Array], lists: &mut Lists, results: &mut Vec<Array>) {
        let mut kept = lists.kept.drain(..);
        for (number, output) in self.outputs.iter().enumerate() {
            let value = match output {
                Output::Written(k) => match lists.written[*k].give(&self.written[*k], self.is_last[number]) {
                    // In the state's own buffer.
                    Written::InPlace => match self.in_place[*k] {
                        Some(own) if own != number => Written::Array((*state[own]).clone()),
                        _ => continue,
                    },
                    value => value,
                },
                Output::Param(k) if *k == number && *k < state.len() => continue,
                Output::Param(k) if *k < state.len() => {
                    Written::Array(kept.next().expect("internal: every old value is kept"))
                }
                Output::Param(k) => Written::Array(args[*k - state.len()].clone()),
                Output::Constant(k) => Written::Array(self.constants[*k].clone()),
            };
            match (state.get_mut(number), value) {
                (Some(place), Written::Buffer(buffer)) => place.replace_buffer(buffer),
                (Some(place), Written::Array(array)) => **place = array,
                (None, Written::Buffer(buffer)) => {
                    let Output::Written(k) = output else { unreachable!("internal: a buffer was written") };
                    results.push(Array::from_buffer(self.written[*k].clone(), buffer));
                }
                (None, Written::Array(array)) => results.push(array),
                (_, Written::InPlace) => unreachable!("internal: every result is there"),
            }
        }
    }

    /// Refuses a call whose memory is not there.
    fn admit(&self) -> Result<()> {
        let needed = self.known_memory();
        if needed < memory::ALWAYS_THERE {
            return Ok(());
        }
        let available = memory::available();
        if needed <= available {
            return Ok(());
        }
        let message = format!("a call needs {needed} bytes at its peak, and {available} are available");
        Err(Error::new("run", ErrorKind::invalid(message), Default::default()))
    }

    fn take_space(&self) -> Option<Box<Space>> {
        let lists = self.written.len().max(self.num_kept);
        if self.call_bytes() == 0 && !self.shares() && lists <= INLINE_RESULTS {
            return None;
        }
        let idle = self.spaces.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
        let counters = |n: usize| (0..n).map(|_| AtomicU32::new(0)).collect();
        let new = || Space {
            lists: Lists::default(),
            working: Working {
                bytes: Buffer::any(self.call_bytes()),
                taken: counters(self.steps.len()),
                done: counters(self.phase_parts.len()),
                board: Board::new(),
                tapes: TapeMemory::new(self.tape_bytes),
            },
        };
        Some(idle.unwrap_or_else(|| Box::new(new())))
    }

    fn give_back(&self, space: Box<Space>) {
        static PROCESSORS: LazyLock<usize> =
            LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));
        let mut idle = self.spaces.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if idle.len() < MOST_IDLE_SPACES.max(*PROCESSORS) {
            idle.push(space);
        }
    }
}

/// The cost of what threads can share: steps in parts, steps that run at once, and what loops share.
fn shareable(steps: &[Step], parts: &[u32], phases: &[u32], phase_parts: &[u32]) -> u64 {
    let of_step = |((step, &parts), &phase): ((&Step, &u32), &u32)| match phase_parts[phase as usize] {
        1 => step.shareable(parts),
        _ => step.cost,
    };
    steps.iter().zip(parts).zip(phases).map(of_step).fold(0, u64::saturating_add)
}

/// How often threads wait for each other at most: after every step, also of loops.
fn meetings(steps: &[Step]) -> u64 {
    let of_step = |step: &Step| match &step.work {
        Work::Nested(nested) => nested.meetings(),
        _ => 1,
    };
    steps.iter().map(of_step).fold(0, u64::saturating_add)
}

/// Calls `visit` with each step, how deep it lies, and what it is part of.
fn for_each_step(steps: &[Step], depth: usize, visit: &mut impl FnMut(&Step, usize, &str)) {
    fn walk(steps: &[Step], depth: usize, part: &str, visit: &mut dyn FnMut(&Step, usize, &str)) {
        for step in steps {
            visit(step, depth, part);
            if let Work::Nested(nested) = &step.work {
                nested.for_each_block(&mut |part, block| walk(block.steps(), depth + 1, part, visit));
            }
        }
    }
    walk(steps, depth, "", visit);
}

/// The byte where iteration `bound` of a copy starts.
fn copied(bound: i64, extent: i64, bytes: usize) -> usize {
    if bound == extent { bytes } else { bound as usize * COPY_GRAIN }
}

/// Bytes of one iteration of a copy.
pub(crate) const COPY_GRAIN: usize = 4096;

/// Pointers of a call that its team may use.
struct Pointers<'p>(&'p Bases);

// SAFETY: what members do with the pointers is kept apart by parts and phases; see `walk_shared`.
unsafe impl Sync for Pointers<'_> {}

impl Pointers<'_> {
    fn get(&self) -> &Bases {
        self.0
    }
}

impl Step {
    /// Into how many parts threads share it.
    fn parts(&self, threads: u64) -> u32 {
        let most = (self.extent / self.grain.max(1)).max(1) as u64;
        // Libraries prepare anew for every part.
        let fine = if matches!(self.work, Work::Kernel { .. }) { self.cost / DEAR_PART } else { 0 };
        let finest = (fine / threads).clamp(PARTS_PER_THREAD, MOST_PARTS_PER_THREAD);
        (self.cost / SMALLEST_PART).clamp(1, finest * threads).min(most) as u32
    }

    /// Where part `part` of `parts` starts.
    fn bound(&self, part: u32, parts: u32) -> i64 {
        if part == parts {
            return self.extent;
        }
        let grains = self.extent / self.grain.max(1);
        (i128::from(grains) * i128::from(part) / i128::from(parts)) as i64 * self.grain.max(1)
    }

    /// Runs iterations `lower..upper`.
    ///
    /// # Errors
    /// Those of the operation, of a kind whose `Kind::can_fail` says so; the call ends with it and its state is
    /// untouched.
    ///
    /// # Safety
    /// `bases` are the pointers of one call in which everything before this step has run, and nobody else touches what
    /// these iterations write.
    unsafe fn run(&self, call: &Call<'_>, bases: &Bases, lower: i64, upper: i64) -> Result<()> {
        // SAFETY: the caller's promise.
        let work = || unsafe { self.perform(call, bases, lower, upper) };
        if call.measured { self.clock.measure(work) } else { work() }
    }

    /// # Errors
    /// As [`Step::run`].
    ///
    /// # Safety
    /// As [`Step::run`].
    unsafe fn perform(&self, call: &Call<'_>, bases: &Bases, lower: i64, upper: i64) -> Result<()> {
        match &self.work {
            Work::Kernel { compiled, slots } => {
                // SAFETY: the plan places each parameter within its base.
                let pointers = Bases::of(slots.iter().map(|slot| unsafe { slot.pointer(bases) }));
                // SAFETY: a pointer for each buffer of the kernel, in its order; the rest is the caller's promise.
                unsafe { compiled.function.call(pointers.as_ptr(), lower, upper) };
            }
            // SAFETY: the caller's promise.
            Work::Matmul(matmul) => unsafe { matmul.run(bases, lower, upper) },
            // SAFETY: the caller's promise.
            Work::Convolve(convolve) => unsafe { convolve.run(bases, lower, upper) },
            // SAFETY: the caller's promise.
            Work::Sort(sort) => unsafe { sort.run(bases, lower, upper) },
            // SAFETY: the caller's promise.
            Work::Tapes(tapes) => return unsafe { tapes.run(call, bases) },
            // SAFETY: the caller's promise.
            Work::Nested(nested) => return unsafe { nested.run(call, bases) },
            // SAFETY: the caller's promise.
            Work::Host(host) => return unsafe { host.run(bases) },
            // SAFETY: likewise; no step's results share bytes with its operands.
            Work::Library(routine) => unsafe { routine.run(bases, lower, upper) },
            Work::Copy { from, to, bytes } => {
                // SAFETY: both places have so many bytes; `copy` allows that they are one place.
                unsafe {
                    let (from, to) = (from.pointer(bases), to.pointer(bases));
                    if from != to {
                        let [start, end] = [lower, upper].map(|bound| copied(bound, self.extent, *bytes));
                        std::ptr::copy(from.add(start), to.add(start), end - start);
                    }
                }
            }
        }
        Ok(())
    }
}
