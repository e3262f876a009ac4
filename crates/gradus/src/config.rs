//! How functions are compiled and run, and what the environment says of it.

use gradus_compile::codegen::Isa;
use gradus_ir::ErrorKind;
use gradus_ir::environment::variable;
use gradus_transform::Checks;
use std::sync::OnceLock;

/// What runs a jitted function.
///
/// ```
/// use gradus::{Array, BackendKind, Config, Val, jit};
/// let f = jit(|x: &Val| (x * 2.0).sum());
/// let by_line = f.with(Config { backend: BackendKind::Interpreter, ..Config::default() });
/// let x = Array::from([1.0f32, 2.5]);
/// assert_eq!(by_line(&x)?, f(&x)?);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BackendKind {
    /// Machine code, optimized and fused.
    #[default]
    Compiler,
    /// The reference interpreter: slow and exact, one operation of the user's after the other, as traced and with every
    /// operation rounded as written (`precise`); what `disable_jit` is to JAX.
    ///
    /// Each operation that has run, those in loops and branches too, is a `tracing` event of the target
    /// `gradus::interpreter` at trace level, with the fields `operation`, `place` (the user's line) and `results`: a
    /// subscriber sees every line as it is computed. Threads, instructions and fusion play no part,
    /// and `tape_bytes` limits each loop by itself.
    Interpreter,
}

impl BackendKind {
    /// What `GRADUS_BACKEND` names, read once: the compiler if it is not set.
    ///
    /// # Errors
    /// If it names none.
    fn of_environment() -> Result<BackendKind, ErrorKind> {
        static KIND: OnceLock<Result<BackendKind, ErrorKind>> = OnceLock::new();
        let named = |name: &str| match name {
            "compiler" => Some(BackendKind::Compiler),
            "interpreter" => Some(BackendKind::Interpreter),
            _ => None,
        };
        let read = || variable("GRADUS_BACKEND", "`compiler` or `interpreter`", named);
        KIND.get_or_init(|| Ok(read()?.unwrap_or_default())).clone()
    }
}

/// How a jitted function is compiled and run. Part of the cache key.
///
/// The default is all processors, the widest instructions and contracted products. Variables of the environment, read
/// once, change it; one that says nothing of the kind makes every call return an `Err`.
///
/// | variable | says |
/// |---|---|
/// | `GRADUS_BACKEND` | `compiler`, or `interpreter` |
/// | `GRADUS_THREADS` | how many threads work on a call, at most as many as there are processors |
/// | `GRADUS_ISA` | the widest instructions: `scalar`, or `sse` |
/// | `GRADUS_TAPE_BYTES` | `tape_bytes`, by default 4 GiB |
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What runs a traced function.
    pub backend: BackendKind,
    /// Threads that work on one call. The results do not depend on it.
    pub threads: usize,
    /// Instructions that may be used.
    pub isa: Isa,
    /// Rounds a product before it is added to something, as written, instead of once for both.
    pub precise: bool,
    /// Bytes that the tapes of one call may hold: what loops of unknown length keep of their steps for derivatives. A
    /// call that needs more returns an `Err`.
    pub tape_bytes: usize,
    /// A call whose result is NaN returns an `Err` that names the first operation that made one.
    pub debug_nans: bool,
    /// What makes a call return an `Err` with the user's line: a NaN, an index out of bounds, a divisor that is zero.
    pub checks: Checks,
}

impl Default for Config {
    fn default() -> Config {
        let gradus_compile::Config { threads, isa, precise, tape_bytes } = gradus_compile::Config::default();
        let backend = BackendKind::of_environment().unwrap_or_default();
        Config { backend, threads, isa, precise, tape_bytes, debug_nans: false, checks: Checks::default() }
    }
}

impl Config {
    /// Refuses what variables of the environment say and nobody understands.
    ///
    /// # Errors
    /// The first of them.
    pub(crate) fn check_environment() -> Result<(), ErrorKind> {
        BackendKind::of_environment()?;
        gradus_compile::Config::of_environment().map(drop)
    }
    /// What of it the compiler reads.
    pub(crate) fn of_compiler(&self) -> gradus_compile::Config {
        let Config { threads, isa, precise, tape_bytes, .. } = *self;
        gradus_compile::Config { threads, isa, precise, tape_bytes }
    }
}
