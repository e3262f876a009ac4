//! Compiled kernels by structure: equal kernels are compiled once, in one program and across programs.
//!
//! The table holds weak references, so code is freed with the last executable that uses it.

use super::arena::{CodeArena, Function};
use super::code::{Code, CompileError};
use super::cranelift::{self, Target};
use super::isa::Isa;
use gradus_kernel::Kernel;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

/// A kernel's machine code in executable memory.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) function: Function,
    /// Bytes of its instructions.
    pub(crate) num_bytes: usize,
}

/// Why there is no code.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The generator or the host refuses.
    Code(CompileError),
    /// The system gives no executable memory.
    Memory(std::io::Error),
}

impl From<CompileError> for Refusal {
    fn from(error: CompileError) -> Refusal {
        Refusal::Code(error)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Code(error) => error.fmt(f),
            Refusal::Memory(error) => write!(f, "the system gives no executable memory: {error}"),
        }
    }
}

type Table = FxHashMap<(Isa, Kernel), Weak<Compiled>>;

static TABLE: Mutex<Option<Table>> = Mutex::new(None);
/// At this size entries whose code is gone are removed.
static NEXT_PURGE: AtomicUsize = AtomicUsize::new(1024);

/// Code for each of `kernels`, in order; what is missing is compiled on up to `threads` threads.
///
/// # Errors
/// If the host is not supported or gives no executable memory.
pub(crate) fn compiled(
    kernels: Vec<Kernel>,
    isa: Isa,
    threads: usize,
) -> Result<Vec<Arc<Compiled>>, Refusal> {
    let mut distinct: FxHashMap<&Kernel, usize> = FxHashMap::default();
    let mut order: Vec<&Kernel> = vec![];
    let slots: Vec<usize> = kernels
        .iter()
        .map(|kernel| {
            *distinct.entry(kernel).or_insert_with(|| {
                order.push(kernel);
                order.len() - 1
            })
        })
        .collect();
    let mut found: Vec<Option<Arc<Compiled>>> = {
        let mut table = TABLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let table = table.get_or_insert_default();
        order.iter().map(|kernel| table.get(&(isa, (*kernel).clone()))?.upgrade()).collect()
    };
    let missing: Vec<usize> = (0..order.len()).filter(|&k| found[k].is_none()).collect();
    let target = host(isa)?;
    let codes = compile_all(missing.iter().map(|&k| order[k]).collect(), &target, threads)?;
    let functions = CodeArena::map(&codes).map_err(Refusal::Memory)?;
    let mut table = TABLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let table = table.get_or_insert_default();
    for ((&k, code), function) in missing.iter().zip(&codes).zip(functions) {
        let compiled = Arc::new(Compiled { function, num_bytes: code.num_bytes() });
        table.insert((isa, order[k].clone()), Arc::downgrade(&compiled));
        found[k] = Some(compiled);
    }
    if table.len() > NEXT_PURGE.load(Ordering::Relaxed) {
        table.retain(|_, compiled| compiled.strong_count() > 0);
        NEXT_PURGE.store((2 * table.len()).max(1024), Ordering::Relaxed);
    }
    Ok(slots.into_iter().map(|k| found[k].clone().expect("internal: every kernel is compiled")).collect())
}

fn host(isa: Isa) -> Result<Arc<Target>, Refusal> {
    static HOSTS: OnceLock<Mutex<Vec<Arc<Target>>>> = OnceLock::new();
    let mut hosts = HOSTS.get_or_init(Mutex::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(target) = hosts.iter().find(|target| target.isa() == isa) {
        return Ok(target.clone());
    }
    hosts.push(Arc::new(Target::host(isa)?));
    Ok(hosts.last().expect("internal: just pushed").clone())
}

fn compile_all(kernels: Vec<&Kernel>, target: &Target, threads: usize) -> Result<Vec<Code>, Refusal> {
    let threads = threads.min(kernels.len());
    if threads <= 1 {
        return kernels.into_iter().map(|kernel| Ok(cranelift::compile(kernel, target)?)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = vec![];
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            let Some(kernel) = kernels.get(k) else { return done };
            done.push((k, cranelift::compile(kernel, target)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for helper in helpers {
            all.extend(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_by_key(|(k, _)| *k);
    all.into_iter().map(|(_, code)| Ok(code?)).collect()
}
