//! The generator by Cranelift: complete, on 128-bit vectors. The only folder that names Cranelift.

mod arithmetic;
mod convert;
mod emit;
mod held;
mod lanes;
mod memory;
mod scalar;
mod target;
mod vector;

pub use target::Target;

use super::code::{Code, CompileError};
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_frontend::FunctionBuilderContext;
use gradus_kernel::Kernel;

/// Compiles one kernel.
///
/// # Errors
/// The generator's own refusal, such as a function beyond its limits of size.
pub fn compile(kernel: &Kernel, target: &Target) -> Result<Code, CompileError> {
    let mut context = Context::new();
    let mut builders = FunctionBuilderContext::new();
    let constants = emit::emit(kernel, target, &mut context.func, &mut builders);
    let refused = |message: String| CompileError(format!("internal: code generation failed: {message}"));
    let compiled = context
        .compile(target.machine(), &mut ControlPlane::default())
        .map_err(|error| refused(format!("{:?}\n{}", error.inner, error.func.display())))?;
    if !compiled.buffer.relocs().is_empty() {
        return Err(refused(format!("it needs relocations: {:?}", compiled.buffer.relocs())));
    }
    Ok(Code { bytes: compiled.buffer.data().to_vec(), constants })
}
