//! The instruction sets that code is generated for.

use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};

use super::CompileError;

/// How wide the generated code works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// One lane at a time.
    Scalar,
    /// 128-bit vectors.
    Sse,
}

impl Level {
    /// Every level that this build can generate, narrowest first.
    pub const ALL: [Level; 2] = [Level::Scalar, Level::Sse];
}

/// A level together with what the host can do. Shared by all threads that compile.
#[derive(Clone)]
pub struct Isa {
    level: Level,
    target: OwnedTargetIsa,
    has_fma: bool,
}

impl std::fmt::Debug for Isa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Isa")
            .field("level", &self.level)
            .field("has_fma", &self.has_fma)
            .finish_non_exhaustive()
    }
}

impl Isa {
    /// The host's instructions, used up to a level.
    ///
    /// A host without a fused multiply-add instruction computes it by a call for each lane: slow, but the same bits.
    ///
    /// # Errors
    /// A host that Cranelift does not know, or an x86-64 one without SSE4.2 (which rounding, blending and
    /// comparison of vectors need).
    pub fn host(level: Level) -> Result<Isa, CompileError> {
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
        let target =
            builder.finish(settings::Flags::new(flags)).map_err(|error| refused(error.to_string()))?;
        let enabled = |name: &str| {
            target.isa_flags().iter().any(|flag| flag.name == name && flag.as_bool() == Some(true))
        };
        let is_x86 = cfg!(target_arch = "x86_64");
        if is_x86 && !enabled("has_sse42") {
            return Err(refused("x86-64 without SSE4.2".to_string()));
        }
        let has_fma = !is_x86 || enabled("has_fma");
        Ok(Isa { level, target, has_fma })
    }

    /// The level.
    pub fn level(&self) -> Level {
        self.level
    }

    pub(super) fn target(&self) -> &dyn TargetIsa {
        &*self.target
    }

    pub(super) fn has_fma(&self) -> bool {
        self.has_fma
    }
}
