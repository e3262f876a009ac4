//! Running an executable: memory for a call, then the steps.
//!
//! Invariant: a call touches its own arena, its own results, its arguments and the constants, all of which stay alive,
//! and are written by nobody else, until the call returns. Nothing here knows graphs: `schedule` makes the steps.

mod autotune;
mod failure;
mod kernel;
mod loops;
mod memory;
mod pointers;
mod profile;
mod space;
mod step;
mod tape;
mod thread_pool;
mod work_queue;

pub(crate) use kernel::{Copy, KernelCall};
pub(crate) use loops::{Block, Carry, CondForm, LoopForm, LoopTask, Row, ScanForm, Trips, WhileForm};
pub(crate) use pointers::Pointers;
pub(crate) use step::{Call, Slot, Step, Task};
pub(crate) use tape::{EMPTY, num_rows, row};

use autotune::Autotuner;
use failure::Failure;
use gradus_ir::{Array, Buffer, Error, ErrorKind, Result, Type};
use profile::Profiler;
use space::{INLINE_RESULTS, Lists, Space, Spaces, Working, Written};
use std::fmt::Write;
use std::sync::atomic::Ordering;
use step::{SCRATCH, for_each_step, meetings};
use tape::Scope;

/// Where a result of the program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A buffer of its own, by number.
    Written(usize),
    /// A parameter unchanged.
    Param(usize),
    /// A constant, by number.
    Constant(usize),
}

/// The memory that steps work on, besides parameters.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) arena_bytes: usize,
    pub(crate) constants: Vec<Array>,
    /// Types of the results that are written.
    pub(crate) written: Vec<Type>,
    /// For each of them the donated parameter whose buffer it may be written to.
    pub(crate) in_place: Vec<Option<usize>>,
    pub(crate) outputs: Vec<Output>,
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
    profiler: Profiler,
    autotuner: Autotuner,
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

/// A call cheaper than this runs on its caller alone.
const WORTH_SHARING: u64 = 150_000;
/// A call cheaper than this wakes nobody.
const WORTH_WAKING: u64 = 1_000_000;

impl Runtime {
    pub(crate) fn new(
        layout: Layout,
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
        let outputs = layout.outputs;
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
            constants: layout.constants,
            written: layout.written,
            in_place: layout.in_place,
            arena_bytes: layout.arena_bytes,
            scratch_bytes: scratch_bytes.next_multiple_of(64),
            threads,
            spaces: Spaces::default(),
            profiler: Profiler::default(),
            autotuner: Autotuner::of_calls(shareable, meetings(&steps)),
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
        for_each_step(&self.steps, &mut |step, depth, part| {
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
        let measured = self.profiler.latest();
        for_each_step(&self.steps, &mut |step, depth, part| {
            let code = step.task.code();
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
            self.spaces.give_back(space);
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
        let mut pointers = Pointers::new();
        let arena = working.as_mut().map_or(std::ptr::dangling_mut(), |w| w.bytes.bytes_mut().as_mut_ptr());
        let scratch_offset = if working.is_some() { self.arena_bytes } else { 0 };
        pointers.push(arena);
        // SAFETY: the scratch lies behind the arena in the same buffer.
        pointers.push(unsafe { arena.add(scratch_offset) });
        pointers.extend(state.iter().map(|array| array.bytes().as_ptr().cast_mut()));
        pointers.extend(args.iter().map(|array| array.bytes().as_ptr().cast_mut()));
        for (ty, in_place) in self.written.iter().zip(&self.in_place) {
            if let Some(own) = in_place.and_then(|k| state[k].bytes_mut()) {
                pointers.push(own.as_mut_ptr());
                lists.written.push(Written::InPlace);
            } else {
                let mut buffer = Buffer::any(ty.size_bytes());
                pointers.push(buffer.bytes_mut().as_mut_ptr());
                lists.written.push(Written::Buffer(buffer));
            }
        }
        pointers.extend(self.constants.iter().map(|array| array.bytes().as_ptr().cast_mut()));
        let measured =
            self.profiler.starts(|| for_each_step(&self.steps, &mut |step, _, _| step.clock.reset()));
        // SAFETY: the pointers are of this call's memory, laid out as the plan says; written are only the arena, fresh
        // buffers and state whose buffer `bytes_mut` has shown to be unshared.
        let outcome = unsafe { self.run_steps(&pointers, working.as_deref(), measured) };
        if measured {
            self.profiler.finish();
        }
        outcome
    }

    /// # Errors
    /// That of the first step that fails.
    ///
    /// # Safety
    /// `pointers` are the pointers of one call, and nobody else uses what they are written through.
    unsafe fn run_steps(&self, pointers: &Pointers, space: Option<&Working>, measured: bool) -> Result<()> {
        let wakes = self.shareable >= WORTH_WAKING;
        let scope = space.map(|space| Scope::new(&space.tapes));
        let alone = || {
            let call = Call { queue: None, scope: scope.as_ref(), measured };
            // SAFETY: the caller's promise; steps run in order.
            self.steps.iter().try_for_each(|step| unsafe { step.run(&call, pointers, 0, step.extent) })
        };
        let space = match space {
            Some(space) if self.shares() && (wakes || !thread_pool::is_asleep()) => space,
            _ => return alone(),
        };
        let turn = self.autotuner.next();
        self.autotuner.run(turn, || {
            if !turn.is_shared {
                return alone();
            }
            space.taken.iter().chain(&space.done).for_each(|counter| counter.store(0, Ordering::Relaxed));
            let shared = Shared(pointers);
            let failure = Failure::default();
            thread_pool::share(self.threads, wakes, &|member| {
                let mut pointers = shared.get().clone();
                // SAFETY: the scratch of each member lies behind that of the one before; parts are taken once and
                // write different elements.
                unsafe {
                    pointers[SCRATCH] = pointers[SCRATCH].add(member * self.scratch_bytes);
                    let call = Call { queue: Some(&space.queue), scope: scope.as_ref(), measured };
                    self.walk_shared(&pointers, space, &call, &failure);
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
    unsafe fn walk_shared(&self, pointers: &Pointers, space: &Working, call: &Call<'_>, failure: &Failure) {
        let mut phase = 0;
        for (k, step) in self.steps.iter().enumerate() {
            let own_phase = self.phases[k];
            while phase < own_phase {
                self.end_phase(space, phase, pointers[SCRATCH]);
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
                    if let Err(error) = unsafe { step.run(call, pointers, lower, upper) } {
                        failure.note(k, error);
                    }
                }
                space.done[own_phase as usize].fetch_add(1, Ordering::Release);
            }
        }
        if let Some(last) = self.phase_parts.len().checked_sub(1) {
            self.end_phase(space, last as u32, pointers[SCRATCH]);
        }
    }

    /// Waits until every part of a phase is done, and helps the loops in it.
    fn end_phase(&self, space: &Working, phase: u32, scratch: *mut u8) {
        let (done, all) = (&space.done[phase as usize], self.phase_parts[phase as usize]);
        thread_pool::wait_until(|| {
            // SAFETY: the scratch is this member's, and as large as any step of this program needs.
            unsafe { space.queue.take_parts(scratch) };
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

    /// Memory for a call, unless it needs none but the stack.
    fn take_space(&self) -> Option<Box<Space>> {
        let lists = self.written.len().max(self.num_kept);
        if self.call_bytes() == 0 && !self.shares() && lists <= INLINE_RESULTS {
            return None;
        }
        let new = || Space::new(self.call_bytes(), self.steps.len(), self.phase_parts.len(), self.tape_bytes);
        Some(self.spaces.take().unwrap_or_else(|| Box::new(new())))
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

/// Pointers of a call that all its threads may use.
struct Shared<'p>(&'p Pointers);

// SAFETY: what members do with the pointers is kept apart by parts and phases; see `walk_shared`.
unsafe impl Sync for Shared<'_> {}

impl Shared<'_> {
    fn get(&self) -> &Pointers {
        self.0
    }
}
