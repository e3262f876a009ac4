//! [`Executable`]: a compiled program, a flat list of steps over planned memory.

use crate::runtime::Runtime;
use gradus_ir::{Array, Error, ErrorKind, Result, Type};

/// A compiled program. Immutable: any number of threads may run it at once.
#[derive(Debug)]
pub struct Executable {
    runtime: Runtime,
    param_types: Vec<Type>,
    num_state: usize,
}

impl Executable {
    pub(crate) fn new(runtime: Runtime, param_types: Vec<Type>, num_state: usize) -> Executable {
        Executable { runtime, param_types, num_state }
    }

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
