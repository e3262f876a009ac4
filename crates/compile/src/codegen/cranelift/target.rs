//! The machine that code is generated for: the host, up to an instruction set.

use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};

use crate::codegen::code::CompileError;
use crate::codegen::isa::Isa;

/// An instruction set together with what the host can do. Shared by all threads that compile.
#[derive(Clone)]
pub struct Target {
    isa: Isa,
    machine: OwnedTargetIsa,
    has_fma: bool,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("isa", &self.isa)
            .field("has_fma", &self.has_fma)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// The host's instructions, used up to an instruction set.
    ///
    /// A host without a fused multiply-add instruction computes it by a call for each lane: slow, but the same bits.
    ///
    /// # Errors
    /// A host that Cranelift does not know, or an x86-64 one without SSE4.2 (which rounding, blending and
    /// comparison of vectors need).
    pub fn host(isa: Isa) -> Result<Target, CompileError> {
        let refused = |message: String| CompileError(format!("this host is not supported: {message}"));
        let mut flags = settings::builder();
        let verify = if cfg!(debug_assertions) { "true" } else { "false" };
        for (name, value) in [
            ("opt_level", "none"),
            ("regalloc_algorithm", "backtracking"),
            ("enable_verifier", verify),
            ("is_pic", "false"),
            ("unwind_info", "false"),
            ("enable_probestack", "false"),
        ] {
            flags.set(name, value).map_err(|error| refused(error.to_string()))?;
        }
        let builder = cranelift_native::builder().map_err(|error| refused(error.to_string()))?;
        let machine =
            builder.finish(settings::Flags::new(flags)).map_err(|error| refused(error.to_string()))?;
        let enabled = |name: &str| {
            machine.isa_flags().iter().any(|flag| flag.name == name && flag.as_bool() == Some(true))
        };
        let is_x86 = cfg!(target_arch = "x86_64");
        if is_x86 && !enabled("has_sse42") {
            return Err(refused("x86-64 without SSE4.2".to_string()));
        }
        let has_fma = !is_x86 || enabled("has_fma");
        Ok(Target { isa, machine, has_fma })
    }

    /// The instruction set.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    pub(super) fn machine(&self) -> &dyn TargetIsa {
        &*self.machine
    }

    pub(super) fn has_fma(&self) -> bool {
        self.has_fma
    }
}
