//! Tracing: writing a [`Program`] down by running a function on [`Val`]s.
//!
//! A thread has a stack of open traces; operations go to the innermost. A value of an outer trace that
//! meets an inner one becomes an operand of every trace in between (a *capture*). The first error is
//! kept, with the line that caused it; later operations on poisoned values stay silent. Invariant: a
//! trace is closed by the guard that opened it, also when user code panics.

use crate::program::{Builder, Var, Vars};
use crate::{Array, Error, ErrorKind, Op, Program, Shape, SourceLocation, Type, verify};
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, ThreadId};

/// A value inside a trace: strict, its operations never broadcast or promote.
#[derive(Clone, Copy, Debug)]
pub struct Val {
    trace: u32,
    index: u32,
}

/// Results of one operation.
pub type Vals = SmallVec<[Val; 2]>;

/// The index of a value that an error left behind. Indices are below it, so that their top bit stays free for
/// the marks of a layer above (see [`Val::to_bits`]).
const POISONED: u32 = u32::MAX >> 1;

/// What an operand of a trace was outside of it.
#[derive(Clone, Debug)]
pub enum Capture {
    /// A value of the enclosing trace.
    Val(Val),
    /// Data that the function holds; only at the outermost trace.
    Array(Array),
}

/// A traced function.
#[derive(Debug)]
pub struct Traced {
    /// Its parameters are the arguments, then the captures.
    pub program: Program,
    /// What the hidden parameters stand for.
    pub captures: Vec<Capture>,
}

struct Trace {
    id: u32,
    builder: Builder,
    captures: Vec<Capture>,
    lifted: FxHashMap<(u32, u32), Var>,
    error: Option<Error>,
    caller: Caller,
}

/// On whose behalf operations are written: the user's line, and the function that was called there.
#[derive(Clone, Copy, Default)]
struct Caller {
    place: Option<SourceLocation>,
    op: Option<&'static str>,
}

impl Caller {
    /// An error of what was called there, with the name of what the user called.
    fn names(self, error: Error) -> Error {
        match self {
            Caller { place: Some(place), op: Some(op) } if error.place().is_same_line(place) => error.of(op),
            _ => error,
        }
    }
}

thread_local!(static STACK: RefCell<Vec<Trace>> = const { RefCell::new(vec![]) });
// The caller where no trace is open: what is called there panics, and says where.
thread_local!(static OUTSIDE: Cell<Caller> = const { Cell::new(Caller { place: None, op: None }) });

/// The payload that unwinds to the border when a poisoned value is asked for its type.
pub struct Poisoned;

/// Runs `f` on a value for each of `types` and returns the program it wrote down.
///
/// # Errors
/// The first error of the operations inside.
pub fn trace(
    at: SourceLocation,
    types: &[Type],
    f: impl FnOnce(&[Val]) -> Vec<Val>,
) -> Result<Traced, Error> {
    let guard = Guard::open(at);
    let args: Vec<Val> = types.iter().map(|ty| guard.param(ty.clone())).collect();
    let results = f(&args);
    guard.close(&results)
}

struct Guard {
    id: u32,
}

impl Guard {
    fn open(at: SourceLocation) -> Guard {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        remember(id, at);
        let trace = Trace {
            id,
            builder: Builder::new(),
            captures: vec![],
            lifted: FxHashMap::default(),
            error: None,
            caller: Caller::default(),
        };
        STACK.with_borrow_mut(|stack| stack.push(trace));
        Guard { id }
    }
    fn param(&self, ty: Type) -> Val {
        STACK.with_borrow_mut(|stack| {
            let trace = stack.last_mut().expect("internal: an open trace");
            Val { trace: self.id, index: trace.builder.param(ty).index() as u32 }
        })
    }
    fn close(self, results: &[Val]) -> Result<Traced, Error> {
        let vars: Vars = STACK.with_borrow_mut(|stack| {
            let level = stack.len() - 1;
            results.iter().map(|v| operand(stack, level, *v).unwrap_or(Var::new(0))).collect()
        });
        let trace = STACK.with_borrow_mut(Vec::pop).expect("internal: an open trace");
        forget(self.id);
        std::mem::forget(self);
        match trace.error {
            Some(error) => Err(error),
            None => Ok(Traced { program: trace.builder.finish(&vars), captures: trace.captures }),
        }
    }
}

/// Reached only when user code unwinds: the trace is closed, and its error goes to the enclosing one.
impl Drop for Guard {
    fn drop(&mut self) {
        forget(self.id);
        STACK.with_borrow_mut(|stack| {
            if let Some(closed) = stack.pop()
                && let (Some(error), Some(outer)) = (closed.error, stack.last_mut())
            {
                outer.error.get_or_insert(outer.caller.names(error));
            }
            if stack.is_empty() {
                stack.shrink_to(8);
            }
        });
    }
}

/// Runs `f`, in which a poisoned value may unwind: then the result is `None`.
///
/// Other panics go on.
pub fn catch_poison<R>(f: impl FnOnce() -> R) -> Option<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
        .map_err(|payload| {
            if !payload.is::<Poisoned>() {
                std::panic::resume_unwind(payload)
            }
        })
        .ok()
}

/// Traces as [`trace`] does, at the border: a poisoned value that unwinds becomes its error.
///
/// # Errors
/// The first error of the operations inside.
pub fn trace_at_border(
    at: SourceLocation,
    types: &[Type],
    f: impl FnOnce(&[Val]) -> Vec<Val>,
) -> Result<Traced, Error> {
    let guard = Guard::open(at);
    let args: Vec<Val> = types.iter().map(|ty| guard.param(ty.clone())).collect();
    let results = catch_poison(|| f(&args)).unwrap_or_default();
    guard.close(&results)
}

/// The number of the innermost open trace of this thread, which no other trace ever has.
pub fn innermost() -> Option<u32> {
    STACK.with_borrow(|stack| stack.last().map(|trace| trace.id))
}

/// Whether a trace is open on this thread.
pub fn is_tracing() -> bool {
    STACK.with_borrow(|stack| !stack.is_empty())
}

/// Keeps `error` as the first of the innermost trace and returns a poisoned value.
///
/// An error of an operation that another function is made of carries the name of the function that the user called.
///
/// # Panics
/// If no trace is open on this thread: then there is nowhere to keep it.
pub fn refuse(error: Error) -> Val {
    let error = current_caller().names(error);
    STACK.with_borrow_mut(|stack| match stack.last_mut() {
        Some(trace) => {
            trace.error.get_or_insert(error);
            Val { trace: trace.id, index: POISONED }
        }
        None => panic!("{error}\n  outside of a trace: call it in a function given to `jit` or `trace`"),
    })
}

/// Keeps `error` as the first of the innermost trace and unwinds to the border, which returns it: for functions
/// whose result cannot be made up.
///
/// # Panics
/// So it unwinds; and as [`refuse`] where no trace is open.
pub fn abandon(error: Error) -> ! {
    refuse(error);
    std::panic::resume_unwind(Box::new(Poisoned))
}

fn current_caller() -> Caller {
    STACK.with_borrow(|stack| stack.last().map_or_else(|| OUTSIDE.get(), |trace| trace.caller))
}

/// Puts the caller of a trace back, also when a panic unwinds.
struct CallerGuard {
    trace: Option<u32>,
    before: Caller,
}
impl CallerGuard {
    fn set(caller: Caller) -> CallerGuard {
        STACK.with_borrow_mut(|stack| match stack.last_mut() {
            Some(trace) => {
                let before = std::mem::replace(&mut trace.caller, caller);
                CallerGuard { trace: Some(trace.id), before }
            }
            None => CallerGuard { trace: None, before: OUTSIDE.replace(caller) },
        })
    }
}
impl Drop for CallerGuard {
    fn drop(&mut self) {
        STACK.with_borrow_mut(|stack| match self.trace {
            None => OUTSIDE.set(self.before),
            Some(id) => {
                if let Some(trace) = stack.iter_mut().rfind(|trace| trace.id == id) {
                    trace.caller = self.before;
                }
            }
        });
    }
}

/// Equations written while `f` runs carry `place`, not the line that writes them.
pub fn at_place<R>(place: SourceLocation, f: impl FnOnce() -> R) -> R {
    let _guard = CallerGuard::set(Caller { place: Some(place), op: current_caller().op });
    f()
}

/// [`at_place`]; and what `f` refuses there is an error of `op`, or of the function that called `op` in turn.
pub fn called_at<R>(op: &'static str, place: SourceLocation, f: impl FnOnce() -> R) -> R {
    let op = current_caller().op.unwrap_or(op);
    let _guard = CallerGuard::set(Caller { place: Some(place), op: Some(op) });
    f()
}

/// Runs a function of the user's inside of another one: what it does carries its own lines and names.
pub fn by_user<R>(f: impl FnOnce() -> R) -> R {
    let _guard = CallerGuard::set(Caller::default());
    f()
}

/// What the user called: `op`, or the function that called `op` in turn.
pub fn called(op: &'static str) -> &'static str {
    current_caller().op.unwrap_or(op)
}

/// The place that [`at_place`] asked for, or the caller's line.
#[track_caller]
pub fn current_place() -> SourceLocation {
    let here = SourceLocation::here();
    current_caller().place.unwrap_or(here)
}

impl Val {
    /// Whether an error left this value behind.
    pub fn is_poisoned(self) -> bool {
        self.index == POISONED
    }
    /// A value that stands for a refused one: operations on it stay silent.
    pub fn poisoned() -> Val {
        Val { trace: 0, index: POISONED }
    }
    /// The handle as a number: the trace, which is never 0 but for a poisoned value, above 31 bits of index.
    /// Bit 31 is zero; a layer above may keep a mark there.
    pub fn to_bits(self) -> u64 {
        u64::from(self.trace) << 32 | u64::from(self.index)
    }
    /// The handle of that number, without its mark.
    pub fn from_bits(bits: u64) -> Val {
        Val { trace: (bits >> 32) as u32, index: bits as u32 & POISONED }
    }
    /// The type, known while tracing.
    ///
    /// A poisoned value has none: the call unwinds to the border, which returns the first error.
    #[track_caller]
    pub fn ty(self) -> Type {
        let at = current_place();
        self.try_ty().unwrap_or_else(|error| {
            if let Some(kind) = error {
                refuse(Error::new("shape", kind, at));
            }
            std::panic::resume_unwind(Box::new(Poisoned))
        })
    }
    /// The type, known while tracing.
    ///
    /// # Errors
    /// `None` for a poisoned value, else why this trace does not know the value.
    pub fn try_ty(self) -> Result<Type, Option<ErrorKind>> {
        if self.is_poisoned() {
            return Err(None);
        }
        let ty = STACK.with_borrow(|stack| {
            let trace = stack.iter().rev().find(|t| t.id == self.trace)?;
            Some(trace.builder.ty(Var::new(self.index as usize)).clone())
        });
        ty.ok_or_else(|| Some(foreign(self)))
    }
    /// The shape, known while tracing. See [`Val::ty`].
    #[track_caller]
    pub fn shape(self) -> Shape {
        self.ty().shape
    }
    /// Data as an operand of the innermost trace.
    ///
    /// At the outermost trace it becomes a hidden operand; a clone of the same buffer shares it.
    #[track_caller]
    pub fn array(array: &Array) -> Val {
        let place = current_place();
        STACK.with_borrow_mut(|stack| {
            let Some(outermost) = stack.first_mut() else {
                panic!("an Array was used as a Val outside of a trace at {place}: give the function to `jit` or `trace`");
            };
            let same = |c: &Capture| matches!(c, Capture::Array(a) if a.shares_buffer(array) && a.ty() == array.ty());
            let position = outermost.captures.iter().position(same).unwrap_or_else(|| {
                outermost.captures.push(Capture::Array(array.clone()));
                let var = outermost.builder.param(array.ty().clone());
                outermost.lifted.insert((0, (outermost.captures.len() - 1) as u32), var);
                outermost.captures.len() - 1
            });
            let var = outermost.lifted[&(0, position as u32)];
            Val { trace: outermost.id, index: var.index() as u32 }
        })
    }
}

/// The one door through which operations enter a program: `op` with `args` in the innermost trace.
///
/// A refused operation stores the first error of the trace and returns poisoned values.
#[track_caller]
pub fn bind(op: impl Into<Op>, args: &[Val]) -> Vals {
    bind_at(op.into(), args, current_place())
}

/// [`bind`] for an operation with one result.
#[track_caller]
pub fn bind1(op: impl Into<Op>, args: &[Val]) -> Val {
    bind_at(op.into(), args, current_place())[0]
}

fn bind_at(op: Op, args: &[Val], place: SourceLocation) -> Vals {
    let outcome = STACK.with_borrow_mut(|stack| -> Result<Vals, Option<Error>> {
        let Some(level) = stack.len().checked_sub(1) else {
            let message = "there is no open trace: call it in a function given to `jit` or `trace`";
            panic!("{}", Error::new(op.rules().name(), ErrorKind::invalid(message), place));
        };
        if args.iter().any(|v| v.is_poisoned()) {
            return Err(None);
        }
        let vars = args
            .iter()
            .map(|v| {
                operand(stack, level, *v).map_err(|kind| Some(Error::new(op.rules().name(), kind, place)))
            })
            .collect::<Result<Vars, _>>()?;
        let trace = &mut stack[level];
        let out = {
            let types: SmallVec<[&Type; 4]> = vars.iter().map(|v| trace.builder.ty(*v)).collect();
            verify::infer(&op, &types)
        };
        let out = out.map_err(|kind| Some(Error::new(op.rules().name(), kind, place)))?;
        let results = trace.builder.push(op.clone(), vars, out, place);
        Ok(results.iter().map(|r| Val { trace: trace.id, index: r.index() as u32 }).collect())
    });
    outcome.unwrap_or_else(|error| {
        if let Some(error) = error {
            refuse(error);
        }
        let results = op.rules().num_results(args.len());
        smallvec![Val::poisoned(); results]
    })
}

/// `v` as a variable of the trace at `level`, lifted through every trace in between.
fn operand(stack: &mut [Trace], level: usize, v: Val) -> Result<Var, ErrorKind> {
    if v.is_poisoned() {
        return Err(ErrorKind::invalid("internal: a poisoned operand"));
    }
    if stack[level].id == v.trace {
        return Ok(Var::new(v.index as usize));
    }
    if let Some(var) = stack[level].lifted.get(&(v.trace, v.index)) {
        return Ok(*var);
    }
    if level == 0 {
        return Err(foreign(v));
    }
    let outer = operand(stack, level - 1, v)?;
    let ty = stack[level - 1].builder.ty(outer).clone();
    let captured = Val { trace: stack[level - 1].id, index: outer.index() as u32 };
    let inner = &mut stack[level];
    let var = inner.builder.param(ty);
    inner.captures.push(Capture::Val(captured));
    inner.lifted.insert((v.trace, v.index), var);
    Ok(var)
}

// ---- where traces were, for the message about a value used outside of its own

struct Known {
    id: u32,
    at: SourceLocation,
    thread: ThreadId,
    open: bool,
}
static KNOWN: Mutex<VecDeque<Known>> = Mutex::new(VecDeque::new());
const MOST_KNOWN: usize = 256;

fn remember(id: u32, at: SourceLocation) {
    if let Ok(mut known) = KNOWN.lock() {
        if known.len() >= MOST_KNOWN {
            known.pop_front();
        }
        known.push_back(Known { id, at, thread: thread::current().id(), open: true });
    }
}

fn forget(id: u32) {
    if let Ok(mut known) = KNOWN.lock()
        && let Some(trace) = known.iter_mut().rev().find(|k| k.id == id)
    {
        trace.open = false;
    }
}

fn foreign(v: Val) -> ErrorKind {
    let found = KNOWN.lock().ok().and_then(|known| {
        let k = known.iter().find(|k| k.id == v.trace)?;
        let whose = match (k.open, k.thread == thread::current().id()) {
            (true, false) => "a trace that is open on another thread",
            (true, true) => "an enclosing trace that this one cannot see",
            (false, _) => "a trace that is finished",
        };
        Some(format!("a Val of {whose} (begun at {}) was used here; return it from its function, or pass its data as an Array", k.at))
    });
    let message =
        found.unwrap_or_else(|| "a Val was used outside of its trace; return it from its function".into());
    ErrorKind::invalid(message)
}

impl Program {
    /// Writes the equations into the innermost trace, `args` standing for the parameters.
    pub fn inline(&self, args: &[Val]) -> Vec<Val> {
        assert_eq!(args.len(), self.num_params(), "internal: as many arguments as parameters");
        let mut env: Vec<Val> = args.to_vec();
        for eqn in self.equations() {
            let args: Vals = eqn.args.iter().map(|a| env[a.index()]).collect();
            env.extend(bind_at(eqn.op.clone(), &args, eqn.place));
        }
        self.results().iter().map(|r| env[r.index()]).collect()
    }
}
