//! What runs a traced Program: the compiler, or the reference interpreter.
//!
//! [`Backend`] is all that the engine asks of either, and [`Runnable`] all that a call does. The files of this folder
//! name neither's types.

use crate::config::{BackendKind, Config};
use crate::{Array, Error};
use gradus_ir::eval::{self, Run};
use gradus_ir::{Equation, Program};
use std::fmt::Write as _;

impl BackendKind {
    pub(super) fn backend(self) -> &'static dyn Backend {
        match self {
            BackendKind::Compiler => &Compiler,
            BackendKind::Interpreter => &Interpreter,
        }
    }
}

/// Makes Programs ready to run.
pub(super) trait Backend {
    /// Readies `program`, whose first `num_state` results are the new values of its first parameters.
    ///
    /// # Errors
    /// If it has no form that this backend can run.
    fn compile(
        &self,
        program: &Program,
        num_state: usize,
        config: &Config,
    ) -> Result<Box<dyn Runnable>, Error>;
}

/// A Program ready to run, by any number of threads at once.
pub(super) trait Runnable: Send + Sync {
    /// Runs it on `state` and `args`, replaces the state by the first results and appends the others to `results`.
    ///
    /// # Errors
    /// What only shows while running; then `state` and `results` are as they were.
    fn run_into(
        &self,
        state: &mut [&mut Array],
        args: &[&Array],
        results: &mut Vec<Array>,
    ) -> Result<(), Error>;

    /// Bytes that a call needs beyond its arguments at its peak.
    fn memory(&self) -> usize;

    /// What is run, in words.
    fn explain(&self) -> String;
}

/// Machine code by `gradus_compile`.
struct Compiler;

struct Compiled {
    /// As it is run.
    optimized: Program,
    executable: gradus_compile::Executable,
}

impl Backend for Compiler {
    fn compile(
        &self,
        program: &Program,
        num_state: usize,
        config: &Config,
    ) -> Result<Box<dyn Runnable>, Error> {
        let optimized = gradus_compile::pipeline::prepare(program, config.checks);
        let executable = gradus_compile::compile_with_state(&optimized, num_state, &config.of_compiler())?;
        Ok(Box::new(Compiled { optimized, executable }))
    }
}

impl Runnable for Compiled {
    fn run_into(
        &self,
        state: &mut [&mut Array],
        args: &[&Array],
        results: &mut Vec<Array>,
    ) -> Result<(), Error> {
        self.executable.run_into(state, args, results)
    }
    fn memory(&self) -> usize {
        self.executable.memory()
    }
    fn explain(&self) -> String {
        format!("optimized:\n{}\ncompiled:\n{}", self.optimized, self.executable.explain())
    }
}

/// The meaning of a Program, by `gradus_ir::eval`.
struct Interpreter;

struct Interpreted {
    /// As it was traced, with the checks asked for: no pass merges or drops a line of the user's.
    program: Program,
    num_state: usize,
    tape_bytes: usize,
}

impl Backend for Interpreter {
    fn compile(
        &self,
        program: &Program,
        num_state: usize,
        config: &Config,
    ) -> Result<Box<dyn Runnable>, Error> {
        let program = gradus_transform::instrument(program, config.checks);
        Ok(Box::new(Interpreted { program, num_state, tape_bytes: config.tape_bytes }))
    }
}

impl Runnable for Interpreted {
    fn run_into(
        &self,
        state: &mut [&mut Array],
        args: &[&Array],
        results: &mut Vec<Array>,
    ) -> Result<(), Error> {
        let all: Vec<Array> = state.iter().map(|a| &**a).chain(args.iter().copied()).cloned().collect();
        let run = Run { observer: Some(report), tape_bytes: Some(self.tape_bytes) };
        let mut made = run.eval(&self.program, &all)?;
        let rest = made.split_off(self.num_state);
        for (old, new) in state.iter_mut().zip(made) {
            **old = new;
        }
        results.extend(rest);
        Ok(())
    }
    fn memory(&self) -> usize {
        eval::memory(&self.program)
    }
    fn explain(&self) -> String {
        format!("interpreted:\n{}", self.program)
    }
}

/// Tells whoever subscribes of an equation that has run.
fn report(eqn: &Equation, _: &[&Array], results: &[Array]) -> Result<(), Error> {
    if tracing::enabled!(target: "gradus::interpreter", tracing::Level::TRACE) {
        let (operation, place) = (eqn.op.rules().name(), eqn.place);
        let results = listed(results);
        tracing::trace!(target: "gradus::interpreter", operation, %place, %results);
    }
    Ok(())
}

/// Types and values, those of a large array in part.
fn listed(arrays: &[Array]) -> String {
    let mut text = String::new();
    for (i, array) in arrays.iter().enumerate() {
        let separator = if i == 0 { "" } else { "; " };
        let written = match array.ty().is_tape() {
            true => write!(text, "{separator}{} of {} elements", array.ty(), array.tape_len()),
            false => write!(text, "{separator}{} {array}", array.ty()),
        };
        written.expect("internal: text takes text");
    }
    text
}
