//! [`compile`]: a Program becomes an [`Executable`], a flat list of steps with resolved places.

use crate::cache::{self, Refusal};
use crate::codegen::{self, Code, Isa};
use crate::config::Config;
use crate::draft::Draft;
use crate::lower::lower;
use crate::runtime::Runtime;
use gradus_ir::{Array, Error, ErrorKind, Program, Result, Type};
use gradus_kernel::Kernel;

/// A compiled program. Immutable: any number of threads may run it at once.
#[derive(Debug)]
pub struct Executable {
    runtime: Runtime,
    param_types: Vec<Type>,
    num_state: usize,
}

/// Compiles `program`.
///
/// # Errors
/// If an operation has no compiled form, or the host gives no executable memory.
pub fn compile(program: &Program, config: &Config) -> Result<Executable> {
    compile_with_state(program, 0, config)
}

/// Compiles `program`, whose first `num_state` results are the new values of its first `num_state` parameters.
///
/// # Errors
/// As [`compile`].
///
/// # Panics
/// If a state's new value is of another type.
pub fn compile_with_state(program: &Program, num_state: usize, config: &Config) -> Result<Executable> {
    for k in 0..num_state {
        let (before, after) = (&program.param_types()[k], program.ty(program.results()[k]));
        assert_eq!(before, after, "internal: a state keeps its type");
    }
    let graph = lower(program)?;
    // Where the call can fail, state is written to buffers of its own.
    let replaced: Vec<(usize, usize)> = match graph.can_fail() {
        true => vec![],
        false => (0..num_state).map(|k| (k, k)).collect(),
    };
    let draft = Draft::of(&graph, &replaced);
    let mut kernels = vec![];
    draft.kernels(config.precise, &mut kernels);
    let codes = cache::compiled(kernels, config.isa, config.threads).map_err(refused)?;
    let steps = draft.steps(&mut codes.into_iter(), config.threads);
    let constants = draft.constants();
    let tape_bytes = if graph.makes_tapes() { config.tape_bytes } else { 0 };
    let runtime = Runtime::new(constants, draft.into_plan(), steps, config.threads, tape_bytes, num_state);
    Ok(Executable { runtime, param_types: program.param_types().to_vec(), num_state })
}

/// The kernels of `program` in order of execution and their machine code, before any of it is mapped: what a change
/// that only moves things must leave as it is (`cargo xtask replay`).
///
/// # Errors
/// As [`compile`].
pub fn kernels(program: &Program, config: &Config) -> Result<Vec<(Kernel, Code)>> {
    let graph = lower(program)?;
    let mut kernels = vec![];
    Draft::of(&graph, &[]).kernels(config.precise, &mut kernels);
    let refused = |error| refused(Refusal::Code(error));
    let isa = Isa::host(config.isa).map_err(refused)?;
    let code = |kernel: Kernel| Ok((kernel.clone(), codegen::compile(&kernel, &isa).map_err(refused)?));
    kernels.into_iter().map(code).collect()
}

fn refused(error: Refusal) -> Error {
    Error::new("compile", ErrorKind::invalid(error.to_string()), Default::default())
}

impl Executable {
    /// Runs the program on `args`.
    ///
    /// # Errors
    /// If an argument is not of its parameter's type, or the memory does not suffice. Nothing was changed then.
    pub fn run(&self, args: &[&Array]) -> Result<Vec<Array>> {
        self.run_with_state(&mut [], args)
    }

    /// Runs the program on `state` and `args`, replaces the state and returns the other results.
    ///
    /// A state's buffer that nobody else holds is updated in place.
    ///
    /// # Errors
    /// If an argument is not of its parameter's type, or the memory does not suffice. Nothing was changed then.
    pub fn run_with_state(&self, state: &mut [&mut Array], args: &[&Array]) -> Result<Vec<Array>> {
        let mut results = Vec::with_capacity(self.runtime.num_outputs() - state.len().min(self.num_state));
        self.run_into(state, args, &mut results)?;
        Ok(results)
    }

    /// [`Executable::run_with_state`] that appends the results to a list, so that the list can be used again: the
    /// second call of its kind allocates a handle for each result and nothing else, but for what libraries and steps
    /// on the host do themselves.
    ///
    /// # Errors
    /// As [`Executable::run_with_state`].
    pub fn run_into(
        &self,
        state: &mut [&mut Array],
        args: &[&Array],
        results: &mut Vec<Array>,
    ) -> Result<()> {
        self.check(state, args)?;
        self.runtime.run(state, args, results)
    }

    fn check(&self, state: &[&mut Array], args: &[&Array]) -> Result<()> {
        let fits = state.len() == self.num_state
            && state.len() + args.len() == self.param_types.len()
            && state.iter().map(|a| a.ty()).chain(args.iter().map(|a| a.ty())).eq(&self.param_types);
        if fits {
            return Ok(());
        }
        let found: Vec<_> = state.iter().map(|a| a.ty()).chain(args.iter().map(|a| a.ty())).collect();
        let message = format!(
            "the program takes {:?} (of which {} are state), not {found:?}",
            self.param_types, self.num_state
        );
        Err(Error::new("run", ErrorKind::invalid(message), Default::default()))
    }

    /// One line for each step: what runs, in order; steps inside of a loop follow it, indented.
    pub fn steps(&self) -> Vec<String> {
        self.runtime.labels()
    }

    /// Bytes that a call needs beyond its arguments at its peak: arena, results and scratch.
    pub fn memory(&self) -> usize {
        self.runtime.memory()
    }

    /// Steps with code sizes, and memory, in words.
    pub fn explain(&self) -> String {
        self.runtime.explain()
    }
}
