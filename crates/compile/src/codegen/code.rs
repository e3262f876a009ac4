//! What a generator makes of a kernel: position-independent bytes, and constants.

/// The machine code of one kernel, and the constants that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    pub(super) bytes: Vec<u8>,
    pub(super) constants: Vec<u8>,
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
pub struct CompileError(pub(super) String);

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CompileError {}
