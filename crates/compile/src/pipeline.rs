//! From a Program to an executable: the stages, in order.
//!
//! 1. `optimize` (crates/transform): simplify, fold constants, share equal equations, drop dead ones;
//! 2. `legalize` (crates/transform): complex numbers by their parts, 16-bit floats through `f32`;
//! 3. `lower`: a graph, calls inlined, each primitive as nodes;
//! 4. `fuse`: which values stand in memory, and which share a kernel;
//! 5. `kernels`: a loop nest for each unit;
//! 6. `schedule`: entries in order, their memory, where threads wait; verified in debug builds;
//! 7. `codegen`: machine code, equal kernels once;
//! 8. `runtime`: steps, ready to be called.

use crate::codegen::{self, Code, Refusal, Target};
use crate::config::Config;
use crate::executable::Executable;
use crate::fuse::{Roots, describe, fuse};
use crate::graph::Graph;
use crate::lower::lower;
use crate::runtime::Runtime;
use crate::schedule::{Kernels, Schedule};
use gradus_ir::{Error, ErrorKind, Program, Result};
use gradus_kernel::Kernel;
pub use gradus_transform::{Checks, legalize, optimize};

/// The Program that is compiled for a user's: with the checks asked for, and optimized.
pub fn prepare(program: &Program, checks: Checks) -> Program {
    optimize(&gradus_transform::instrument(program, checks))
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
    Config::of_environment().map_err(|kind| Error::new("compile", kind, Default::default()))?;
    for k in 0..num_state {
        let (before, after) = (&program.param_types()[k], program.ty(program.results()[k]));
        assert_eq!(before, after, "internal: a state keeps its type");
    }
    let graph = lower(&legalize(program)?)?;
    let mut kernels = Kernels::new(config.precise);
    let schedule = scheduled(&graph, num_state, &mut kernels);
    let codes = codegen::compiled(kernels.into_list(), config.isa, config.threads).map_err(refused)?;
    let steps = schedule.steps(&codes, config.threads);
    let tape_bytes = if graph.makes_tapes() { config.tape_bytes } else { 0 };
    let runtime = Runtime::new(schedule.into_layout(), steps, config.threads, tape_bytes, num_state);
    Ok(Executable::new(runtime, program.param_types().to_vec(), num_state))
}

/// The schedule of a graph, verified in debug builds.
fn scheduled<'g>(graph: &'g Graph, num_state: usize, kernels: &mut Kernels) -> Schedule<'g> {
    // Where the call can fail, state is written to buffers of its own.
    let replaced = if graph.can_fail() { vec![] } else { (0..num_state).map(|k| (k, k)).collect() };
    let schedule = Schedule::of(graph, replaced, kernels);
    if cfg!(debug_assertions)
        && let Err(broken) = schedule.verify()
    {
        panic!("internal: a wrong schedule: {broken}");
    }
    schedule
}

/// The kernels of `program` in order of execution and their machine code, before any of it is mapped: what a change
/// that only moves things must leave as it is (`cargo xtask replay`).
///
/// # Errors
/// As [`compile`].
pub fn kernels(program: &Program, config: &Config) -> Result<Vec<(Kernel, Code)>> {
    let graph = lower(&legalize(program)?)?;
    let mut kernels = Kernels::new(config.precise);
    scheduled(&graph, 0, &mut kernels);
    let refused = |error| refused(Refusal::Code(error));
    let target = Target::host(config.isa).map_err(refused)?;
    let code = |kernel: Kernel| Ok((kernel.clone(), codegen::compile(&kernel, &target).map_err(refused)?));
    kernels.into_list().into_iter().map(code).collect()
}

/// A stage whose outcome has a text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The legalized Program.
    Legalize,
    /// The graph.
    Lower,
    /// The graph with what stands in memory, and the units of work.
    Fuse,
    /// The kernels.
    Kernels,
    /// Entries with their slices of memory, and barriers.
    Schedule,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 5] = [Stage::Legalize, Stage::Lower, Stage::Fuse, Stage::Kernels, Stage::Schedule];

    /// The stage of a name, such as `fuse`.
    pub fn named(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| format!("{stage:?}").eq_ignore_ascii_case(name))
    }

    /// What the stage makes of `program`, whose first results replace so many parameters, as text.
    ///
    /// # Errors
    /// As [`compile`].
    pub fn text(self, program: &Program, num_state: usize) -> Result<String> {
        let program = legalize(program)?;
        if self == Stage::Legalize {
            return Ok(program.to_string());
        }
        let graph = lower(&program)?;
        let mut kernels = Kernels::new(false);
        Ok(match self {
            Stage::Legalize | Stage::Lower => graph.to_string(),
            Stage::Fuse => {
                let roots = Roots::choose(&graph);
                describe(&graph, &roots, &fuse(&graph, &roots))
            }
            Stage::Kernels => {
                scheduled(&graph, num_state, &mut kernels);
                kernels.into_list().iter().map(Kernel::to_string).collect::<Vec<_>>().join("\n")
            }
            Stage::Schedule => scheduled(&graph, num_state, &mut kernels).to_string(),
        })
    }
}

fn refused(error: Refusal) -> Error {
    Error::new("compile", ErrorKind::invalid(error.to_string()), Default::default())
}
