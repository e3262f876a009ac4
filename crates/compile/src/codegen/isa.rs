//! The instruction sets that code is generated for.

/// How wide the generated code works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// One lane at a time.
    Scalar,
    /// 128-bit vectors.
    Sse,
}

impl Isa {
    /// Every one that this build can generate, narrowest first.
    pub const ALL: [Isa; 2] = [Isa::Scalar, Isa::Sse];

    /// Has this host its instructions? Those of 128 bits are there wherever we run at all.
    pub fn is_supported(self) -> bool {
        match self {
            Isa::Scalar | Isa::Sse => true,
        }
    }

    /// The widest that this host has.
    pub fn widest() -> Isa {
        Isa::ALL.into_iter().rfind(|isa| isa.is_supported()).unwrap_or(Isa::Scalar)
    }

    /// That of a name, in any case: `scalar`, `sse`.
    pub fn named(name: &str) -> Option<Isa> {
        Isa::ALL.into_iter().find(|isa| isa.name().eq_ignore_ascii_case(name))
    }
    /// `scalar`, `sse`
    pub fn name(&self) -> String {
        format!("{self:?}").to_lowercase()
    }
}
