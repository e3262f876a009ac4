//! Running loops and choices whose Programs are lists of steps.
//!
//! One thread walks a loop, without returning to the list around it; it shares steps that are worth it with those
//! that wait for it. An iteration costs a few pointers besides its steps.

use super::pointers::Pointers;
use super::step::{self, Call, SCRATCH, Slot, Step, Task};
use super::tape::{self, EMPTY};
use gradus_ir::ops::control::too_many_steps;
use gradus_ir::{Array, Error, Result, SourceLocation};

/// A list of steps inside of a loop, and what it reads that never changes.
#[derive(Debug)]
pub(crate) struct Block {
    steps: Vec<Step>,
    /// Into how many parts each is shared.
    parts: Vec<u32>,
    constants: Vec<Array>,
}

/// A carried value.
#[derive(Debug)]
pub(crate) struct Carry {
    pub(crate) init: Slot,
    pub(crate) result: Slot,
    /// A second place, if an iteration reads it after it has written it.
    pub(crate) spare: Option<Slot>,
    pub(crate) bytes: usize,
}

/// An array or a tape of which each iteration sees a row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) slot: Slot,
    /// Of one row.
    pub(crate) bytes: usize,
    /// Whether the slot holds the handle of a tape, not the rows.
    pub(crate) on_tape: bool,
}

/// How many iterations a scan has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trips {
    Known(usize),
    /// An i32 in this place.
    At(Slot),
}

/// What a step with steps inside does.
#[derive(Debug)]
pub(crate) struct LoopTask {
    pub(crate) form: LoopForm,
    /// How often the lists run, as far as is known.
    pub(crate) trips: u64,
    /// Whether the tapes that an iteration makes end with it.
    pub(crate) frees_tapes: bool,
    pub(crate) at: SourceLocation,
}

#[derive(Debug)]
pub(crate) enum LoopForm {
    Scan(ScanForm),
    While(WhileForm),
    Cond(CondForm),
}

#[derive(Debug)]
pub(crate) struct ScanForm {
    pub(crate) body: Block,
    pub(crate) trips: Trips,
    pub(crate) reverse: bool,
    pub(crate) consts: Box<[Slot]>,
    pub(crate) carries: Box<[Carry]>,
    pub(crate) xs: Box<[Row]>,
    pub(crate) ys: Box<[Row]>,
    /// What stands for rows beyond a tape's end.
    pub(crate) zeros: Slot,
    pub(crate) num_zeros: usize,
    pub(crate) workspace: Slot,
}

#[derive(Debug)]
pub(crate) struct WhileForm {
    pub(crate) test: Block,
    pub(crate) body: Block,
    pub(crate) test_consts: Box<[Slot]>,
    pub(crate) body_consts: Box<[Slot]>,
    pub(crate) carries: Box<[Carry]>,
    /// What is recorded of each iteration.
    pub(crate) ys: Box<[Row]>,
    /// Where the number of iterations goes, if they are recorded.
    pub(crate) count: Option<Slot>,
    /// Where the test's outcome is.
    pub(crate) flag: Slot,
    pub(crate) workspace: Slot,
}

#[derive(Debug)]
pub(crate) struct CondForm {
    pub(crate) branches: Vec<Block>,
    pub(crate) index: Slot,
    pub(crate) operands: Box<[Slot]>,
    pub(crate) results: Box<[Slot]>,
    pub(crate) workspace: Slot,
}

impl Block {
    pub(crate) fn new(steps: Vec<Step>, constants: Vec<Array>, threads: usize) -> Block {
        let parts = steps.iter().map(|step| step.parts(threads as u64)).collect();
        Block { steps, parts, constants }
    }
    pub(crate) fn scratch_bytes(&self) -> usize {
        self.steps.iter().map(|step| step.scratch_bytes).max().unwrap_or(0)
    }
    pub(crate) fn cost(&self) -> u64 {
        self.steps.iter().map(|step| step.cost).fold(0, u64::saturating_add)
    }
    /// The cost of what threads can share.
    fn shareable(&self) -> u64 {
        let each = self.steps.iter().zip(&self.parts).map(|(step, parts)| step.shareable(*parts));
        each.fold(0, u64::saturating_add)
    }

    /// The first pointers of a run: arena and scratch.
    fn frame(&self, workspace: *mut u8, outer: &Pointers) -> Pointers {
        Pointers::of([workspace, outer[SCRATCH]].into_iter())
    }

    fn push_constants(&self, pointers: &mut Pointers) {
        pointers.extend(self.constants.iter().map(|array| array.bytes().as_ptr().cast_mut()));
    }

    /// Runs all steps in order.
    ///
    /// # Errors
    /// That of the first step that fails.
    ///
    /// # Safety
    /// `pointers` are laid out as the plan of these steps says, and nobody else uses what is written through them.
    unsafe fn run(&self, call: &Call<'_>, pointers: &Pointers) -> Result<()> {
        for (step, &parts) in self.steps.iter().zip(&self.parts) {
            match call.queue {
                // SAFETY: the caller's promise; the parts of a step may run at once.
                Some(queue) if parts > 1 => unsafe { queue.share(step, parts, call, pointers)? },
                // SAFETY: the caller's promise; steps run in order.
                _ => unsafe { step.run(call, pointers, 0, step.extent)? },
            }
        }
        Ok(())
    }
}

impl LoopTask {
    fn blocks(&self) -> impl Iterator<Item = (&'static str, &Block)> {
        let (first, second, branches): (_, _, &[Block]) = match &self.form {
            LoopForm::Scan(scan) => (Some(("body: ", &scan.body)), None, &[]),
            LoopForm::While(inner) => (Some(("test: ", &inner.test)), Some(("body: ", &inner.body)), &[]),
            LoopForm::Cond(cond) => (None, None, &cond.branches),
        };
        first.into_iter().chain(second).chain(branches.iter().map(|branch| ("branch: ", branch)))
    }
}

impl Task for LoopTask {
    fn code(&self) -> String {
        "the steps below".into()
    }
    fn shareable_inside(&self) -> Option<u64> {
        let inside = self.blocks().map(|(_, block)| block.shareable()).fold(0, u64::saturating_add);
        Some(inside.saturating_mul(self.trips))
    }
    fn meetings(&self) -> u64 {
        let inside = self.blocks().map(|(_, block)| step::meetings(&block.steps));
        inside.fold(0, u64::saturating_add).saturating_mul(self.trips)
    }
    fn for_each_block(&self, visit: &mut dyn FnMut(&'static str, &[Step])) {
        self.blocks().for_each(|(part, block)| visit(part, &block.steps));
    }
    unsafe fn run(&self, call: &Call<'_>, outer: &Pointers, _: i64, _: i64) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe {
            match &self.form {
                LoopForm::Scan(scan) => scan.run(self, call, outer),
                LoopForm::While(inner) => inner.run(self, call, outer),
                LoopForm::Cond(cond) => cond.run(call, outer),
            }
        }
    }
}

/// Copies a value, unless both places are one.
///
/// # Safety
/// Both places have so many bytes, and nobody else writes them.
unsafe fn move_value(from: *const u8, to: *mut u8, bytes: usize) {
    if !std::ptr::eq(from, to) {
        // SAFETY: the caller's promise; `copy` allows an overlap.
        unsafe { std::ptr::copy(from, to, bytes) };
    }
}

impl Carry {
    /// Where an iteration finds the value first: in its only place, or where it comes from.
    ///
    /// # Safety
    /// `outer` are the pointers of the list around the loop.
    unsafe fn first(&self, outer: &Pointers) -> *mut u8 {
        // SAFETY: the caller's promise; the plan places init and result apart, or in one place.
        unsafe {
            let init = self.init.pointer(outer);
            if self.spare.is_some() {
                return init;
            }
            let result = self.result.pointer(outer);
            move_value(init, result, self.bytes);
            result
        }
    }

    /// Where the value goes that replaces the one at `now`.
    ///
    /// # Safety
    /// As [`Carry::first`].
    unsafe fn other(&self, outer: &Pointers, now: *mut u8) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            let result = self.result.pointer(outer);
            match self.spare {
                Some(spare) if now == result => spare.pointer(outer),
                _ => result,
            }
        }
    }
}

impl LoopTask {
    /// Runs the list of one iteration.
    ///
    /// # Errors
    /// As [`Block::run`].
    ///
    /// # Safety
    /// As [`Block::run`].
    unsafe fn iteration(&self, block: &Block, call: &Call<'_>, pointers: &Pointers) -> Result<()> {
        if !self.frees_tapes {
            // SAFETY: the caller's promise.
            return unsafe { block.run(call, pointers) };
        }
        let scope = call.scope().inner();
        // SAFETY: the caller's promise; nothing that outlives the iteration holds its tapes.
        unsafe { block.run(&Call { scope: Some(&scope), ..*call }, pointers) }
    }
}

impl Row {
    /// Where row `number` is, `zeros` if a tape has none.
    ///
    /// # Safety
    /// `outer` are the pointers of the list around the loop; an array has such a row.
    unsafe fn at(&self, outer: &Pointers, number: usize, zeros: *mut u8) -> *mut u8 {
        // SAFETY: the caller's promise; the slot of a tape holds its handle, and its scope stands.
        unsafe {
            let base = self.slot.pointer(outer);
            match self.on_tape {
                true => tape::row(*base.cast::<u64>(), number).unwrap_or(zeros),
                false => base.add(self.bytes * number),
            }
        }
    }

    /// Puts a tape of so many rows, or an empty one, into its place.
    ///
    /// # Errors
    /// If tapes hold too much.
    ///
    /// # Safety
    /// As [`Row::at`].
    unsafe fn make_tape(
        &self,
        call: &Call<'_>,
        outer: &Pointers,
        rows: usize,
        place: SourceLocation,
    ) -> Result<()> {
        let mut handle = EMPTY;
        if rows > 0 {
            handle = call.scope().tape(self.bytes);
        }
        for _ in 0..rows {
            // SAFETY: nobody else knows the tape.
            unsafe { call.scope().add_row(handle, place)? };
        }
        // SAFETY: the slot has room for a handle.
        unsafe { *self.slot.pointer(outer).cast::<u64>() = handle };
        Ok(())
    }
}

impl ScanForm {
    /// # Safety
    /// As [`Task::run`].
    unsafe fn run(&self, step: &LoopTask, call: &Call<'_>, outer: &Pointers) -> Result<()> {
        // SAFETY: the plan places all operands and results in the memory around, rows within their arrays.
        let pointer = |slot: Slot| unsafe { slot.pointer(outer) };
        let length = match self.trips {
            Trips::Known(length) => length,
            // SAFETY: an aligned i32.
            Trips::At(slot) => unsafe { *pointer(slot).cast::<i32>() }.max(0) as usize,
        };
        for y in self.ys.iter().filter(|y| y.on_tape) {
            // SAFETY: the place of a handle.
            unsafe { y.make_tape(call, outer, length, step.at)? };
        }
        if length == 0 {
            for carry in &self.carries {
                // SAFETY: both places are the value's.
                unsafe { move_value(pointer(carry.init), pointer(carry.result), carry.bytes) };
            }
            return Ok(());
        }
        let zeros = pointer(self.zeros);
        // SAFETY: the workspace has room for so many.
        unsafe { zeros.write_bytes(0, self.num_zeros) };
        let first = if self.reverse { length - 1 } else { 0 };
        // SAFETY: there is such a row, or it is beyond the end of a tape.
        let row = |row: &Row, number: usize| unsafe { row.at(outer, number, zeros) };
        let mut pointers = self.body.frame(pointer(self.workspace), outer);
        pointers.extend(self.consts.iter().map(|&slot| pointer(slot)));
        let carried = pointers.len();
        // SAFETY: `outer` is of the list around.
        pointers.extend(self.carries.iter().map(|carry| unsafe { carry.first(outer) }));
        let xs = pointers.len();
        pointers.extend(self.xs.iter().map(|x| row(x, first)));
        let next = pointers.len();
        // The last iteration writes the result.
        pointers.extend(self.carries.iter().map(|carry| match carry.spare {
            Some(spare) if length.is_multiple_of(2) => pointer(spare),
            _ => pointer(carry.result),
        }));
        let ys = pointers.len();
        pointers.extend(self.ys.iter().map(|y| row(y, first)));
        self.body.push_constants(&mut pointers);
        for number in 1..=length {
            // SAFETY: the pointers are laid out as `crate::schedule::loops` says.
            unsafe { step.iteration(&self.body, call, &pointers)? };
            if number == length {
                break;
            }
            let at = if self.reverse { length - 1 - number } else { number };
            for (k, x) in self.xs.iter().enumerate() {
                pointers[xs + k] = row(x, at);
            }
            for (k, y) in self.ys.iter().enumerate() {
                pointers[ys + k] = row(y, at);
            }
            for (k, carry) in self.carries.iter().enumerate() {
                let written = pointers[next + k];
                pointers[carried + k] = written;
                // SAFETY: `outer` is of the list around.
                pointers[next + k] = unsafe { carry.other(outer, written) };
            }
        }
        Ok(())
    }
}

impl WhileForm {
    /// # Safety
    /// As [`Task::run`].
    unsafe fn run(&self, step: &LoopTask, call: &Call<'_>, outer: &Pointers) -> Result<()> {
        // SAFETY: the plan places all operands and results in the memory around.
        let pointer = |slot: Slot| unsafe { slot.pointer(outer) };
        let (workspace, flag) = (pointer(self.workspace), pointer(self.flag));
        // SAFETY: `outer` is of the list around.
        let first = Pointers::of(self.carries.iter().map(|carry| unsafe { carry.first(outer) }));
        let mut of_test = self.test.frame(workspace, outer);
        of_test.extend(self.test_consts.iter().map(|&slot| pointer(slot)));
        let tested = of_test.len();
        of_test.extend(first.iter().copied());
        of_test.push(flag);
        self.test.push_constants(&mut of_test);
        let mut of_body = self.body.frame(workspace, outer);
        of_body.extend(self.body_consts.iter().map(|&slot| pointer(slot)));
        let carried = of_body.len();
        of_body.extend(first.iter().copied());
        let next = of_body.len();
        for (carry, &now) in self.carries.iter().zip(first.iter()) {
            // SAFETY: `outer` is of the list around.
            of_body.push(unsafe { carry.other(outer, now) });
        }
        let ys = of_body.len();
        of_body.extend(self.ys.iter().map(|_| workspace));
        self.body.push_constants(&mut of_body);
        // Handles are addresses.
        let mut tapes = Pointers::of(self.ys.iter().map(|_| std::ptr::null_mut()));
        let mut count = 0_i32;
        loop {
            // SAFETY: the pointers are laid out as `crate::schedule::loops` says; the test writes its flag.
            unsafe {
                self.test.run(call, &of_test)?;
                if *flag == 0 {
                    break;
                }
                for (k, y) in self.ys.iter().enumerate() {
                    if tapes[k].is_null() {
                        tapes[k] = call.scope().tape(y.bytes) as usize as *mut u8;
                    }
                    of_body[ys + k] = call.scope().add_row(tapes[k] as usize as u64, step.at)?;
                }
                step.iteration(&self.body, call, &of_body)?;
            }
            count = match count.checked_add(1) {
                None if self.count.is_some() => {
                    return Err(Error::new("while", too_many_steps(), step.at));
                }
                more => more.unwrap_or(i32::MAX),
            };
            for (k, carry) in self.carries.iter().enumerate() {
                let written = of_body[next + k];
                of_test[tested + k] = written;
                of_body[carried + k] = written;
                // SAFETY: `outer` is of the list around.
                of_body[next + k] = unsafe { carry.other(outer, written) };
            }
        }
        for (k, carry) in self.carries.iter().enumerate() {
            // SAFETY: both places are the value's.
            unsafe { move_value(of_test[tested + k], pointer(carry.result), carry.bytes) };
        }
        if let Some(place) = self.count {
            // SAFETY: the place of an i32.
            unsafe { *pointer(place).cast::<i32>() = count };
        }
        for (y, &tape) in self.ys.iter().zip(tapes.iter()) {
            // SAFETY: the place of a handle; that of no tape is 0.
            unsafe { *pointer(y.slot).cast::<u64>() = tape as usize as u64 };
        }
        Ok(())
    }
}

impl CondForm {
    /// # Safety
    /// As [`Task::run`].
    unsafe fn run(&self, call: &Call<'_>, outer: &Pointers) -> Result<()> {
        // SAFETY: the plan places all operands and results in the memory around.
        let pointer = |slot: Slot| unsafe { slot.pointer(outer) };
        // SAFETY: an aligned i32.
        let index = unsafe { *pointer(self.index).cast::<i32>() };
        let number = usize::try_from(index).unwrap_or(0).min(self.branches.len() - 1);
        let branch = &self.branches[number];
        let mut pointers = branch.frame(pointer(self.workspace), outer);
        pointers.extend(self.operands.iter().map(|&slot| pointer(slot)));
        pointers.extend(self.results.iter().map(|&slot| pointer(slot)));
        branch.push_constants(&mut pointers);
        // SAFETY: the pointers are laid out as `crate::schedule::loops` says.
        unsafe { branch.run(call, &pointers) }
    }
}
