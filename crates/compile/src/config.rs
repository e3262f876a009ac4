//! How a program is compiled.

use crate::codegen::Isa;

/// What compilation may choose; part of the key of a compiled program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Threads that a call may use, the caller included. The results do not depend on it.
    pub threads: usize,
    /// Instructions that may be used. The results do not depend on it, but for library kernels.
    pub isa: Isa,
    /// Whether `a * b + c` is rounded twice, as written, instead of once. Rounded once it is nearer to the exact value,
    /// but `a * b - a * b` is then the rounding error of the first product instead of 0: where a difference of equal
    /// products must vanish, say `precise`.
    pub precise: bool,
    /// Bytes that the tapes of one call may hold: what loops of unknown length keep for their derivatives.
    pub tape_bytes: usize,
}

impl Default for Config {
    /// All processors, the widest instructions of this host, contracted products. `GRADUS_THREADS` and `GRADUS_ISA`
    /// (`scalar`, `sse`, ..) change the first two, `GRADUS_TAPE_BYTES` the last; they are read once.
    fn default() -> Config {
        static DEFAULT: std::sync::OnceLock<Config> = std::sync::OnceLock::new();
        DEFAULT.get_or_init(Config::from_environment).clone()
    }
}

impl Config {
    fn from_environment() -> Config {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
        let isa = std::env::var("GRADUS_ISA").ok().and_then(|name| Isa::named(&name));
        Config {
            threads: number("GRADUS_THREADS").unwrap_or(processors).clamp(1, processors.max(1)),
            isa: isa.filter(|isa| isa.is_supported()).unwrap_or_else(Isa::widest),
            precise: false,
            tape_bytes: gradus_ir::ops::control::tape_limit_bytes(),
        }
    }
}
