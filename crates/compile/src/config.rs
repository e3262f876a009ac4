//! How a program is compiled.

use crate::codegen::Isa;
use gradus_ir::ErrorKind;
use gradus_ir::environment::variable;
use gradus_ir::ops::control::{MOST_TAPE_BYTES, tape_limit_bytes};
use std::sync::OnceLock;

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
    /// [`Config::of_environment`]. A variable that says nothing of the kind is refused when something is compiled.
    fn default() -> Config {
        Config::of_environment().unwrap_or_else(|_| Config::of_machine())
    }
}

impl Config {
    /// All processors, the widest instructions of this host, contracted products. Variables, read once, change the
    /// first two (`GRADUS_THREADS`, at most as many as there are processors; `GRADUS_ISA`, `scalar` or `sse`) and the
    /// last (`GRADUS_TAPE_BYTES`).
    ///
    /// # Errors
    /// If one of them says nothing of the kind.
    pub fn of_environment() -> Result<Config, ErrorKind> {
        static READ: OnceLock<Result<Config, ErrorKind>> = OnceLock::new();
        READ.get_or_init(Config::read).clone()
    }
    fn read() -> Result<Config, ErrorKind> {
        let machine = Config::of_machine();
        let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n > 0);
        let threads = variable("GRADUS_THREADS", "a number of threads, from 1 on", number)?;
        let names: Vec<String> = Isa::ALL.iter().filter(|isa| isa.is_supported()).map(Isa::name).collect();
        let isa = variable("GRADUS_ISA", &format!("one of {}", names.join(", ")), |name| {
            Isa::named(name).filter(|isa| isa.is_supported())
        })?;
        Ok(Config {
            threads: threads.map_or(machine.threads, |threads| threads.min(machine.threads)),
            isa: isa.unwrap_or(machine.isa),
            tape_bytes: tape_limit_bytes()?,
            ..machine
        })
    }
    /// Whatever the environment says.
    fn of_machine() -> Config {
        Config {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            isa: Isa::widest(),
            precise: false,
            tape_bytes: MOST_TAPE_BYTES,
        }
    }
}
