//! Machine code from kernels: the only place that names Cranelift.
//!
//! [`compile`] turns one kernel into position-independent bytes, on any thread; [`CodeArena::map`] puts many of
//! them into shared executable pages and hands out [`Function`]s. Generated code computes the same bits as
//! `gradus_kernel::interpret` under every [`Level`], never traps, and calls nothing but the kernel's cold
//! functions.

mod arena;
mod arithmetic;
mod convert;
mod emit;
mod isa;
mod lanes;
mod memory;
mod scalar;
mod vector;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_frontend::FunctionBuilderContext;
use gradus_kernel::Kernel;

pub use arena::{CodeArena, Function};
pub use isa::{Isa, Level};

/// The machine code of one kernel, and the constants that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    bytes: Vec<u8>,
    constants: Vec<u8>,
}

impl Code {
    /// Size of the instructions in bytes.
    pub fn num_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The instructions.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The constants that they read.
    pub fn constants(&self) -> &[u8] {
        &self.constants
    }
}

/// Why a kernel or a host is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError(String);

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CompileError {}

/// Compiles one kernel.
///
/// # Errors
/// The generator's own refusal, such as a function beyond its limits of size.
pub fn compile(kernel: &Kernel, isa: &Isa) -> Result<Code, CompileError> {
    let mut context = Context::new();
    let mut builders = FunctionBuilderContext::new();
    let constants = emit::emit(kernel, isa, &mut context.func, &mut builders);
    let refused = |message: String| CompileError(format!("internal: code generation failed: {message}"));
    let compiled = context
        .compile(isa.target(), &mut ControlPlane::default())
        .map_err(|error| refused(format!("{:?}\n{}", error.inner, error.func.display())))?;
    if !compiled.buffer.relocs().is_empty() {
        return Err(refused(format!("it needs relocations: {:?}", compiled.buffer.relocs())));
    }
    Ok(Code { bytes: compiled.buffer.data().to_vec(), constants })
}
