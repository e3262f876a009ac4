//! The reference interpreter: one operation after the other, by its own meaning.

use crate::{Array, Effect, Equation, Error, ErrorKind, Program};
use std::cell::Cell;

/// Looks at an equation that was evaluated, with its operands and results; its error ends the run.
pub type Observer = fn(&Equation, &[&Array], &[Array]) -> Result<(), Error>;

/// How a Program is run, and those inside of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    /// Looks at each equation, in the order in which they end: those of a loop's body before the loop.
    pub observer: Option<Observer>,
    /// Bytes that the tapes of one loop may hold; by default what `GRADUS_TAPE_BYTES` says.
    pub tape_bytes: Option<usize>,
}

// Operations run the Programs inside of them by `eval`, which knows of the run no other way.
thread_local!(static RUN: Cell<Run> = const { Cell::new(Run { observer: None, tape_bytes: None }) });

impl Run {
    /// Runs `program` on `args` so.
    ///
    /// # Errors
    /// As [`eval`], or what the observer returns.
    pub fn eval(self, program: &Program, args: &[Array]) -> Result<Vec<Array>, Error> {
        struct Restore(Run);
        impl Drop for Restore {
            fn drop(&mut self) {
                RUN.set(self.0);
            }
        }
        let _restore = Restore(RUN.replace(self));
        eval(program, args)
    }
}

/// Bytes that the tapes of one loop may hold in this run.
///
/// # Errors
/// If the environment has the word, and it is none.
pub(crate) fn tape_limit_bytes() -> Result<usize, ErrorKind> {
    RUN.get().tape_bytes.map_or_else(crate::ops::control::tape_limit_bytes, Ok)
}

/// Runs `program` on `args`.
///
/// # Errors
/// If the arguments are not of the parameters' types, or an operation refuses its values.
pub fn eval(program: &Program, args: &[Array]) -> Result<Vec<Array>, Error> {
    check_args(program, args)?;
    let mut env: Vec<Option<Array>> = args.iter().cloned().map(Some).collect();
    env.resize(program.num_vars(), None);
    let last_use = last_uses(program);
    for (i, eqn) in program.equations().iter().enumerate() {
        let read = |a: &crate::Var| env[a.index()].as_ref().expect("internal: a value still in use");
        let args: Vec<&Array> = eqn.args.iter().map(read).collect();
        let results = match nothing(program, eqn) {
            Some(empty) => Ok(empty),
            None => eqn.op.rules().eval(&args),
        };
        let results = results.map_err(|kind| Error::new(eqn.op.rules().name(), kind, eqn.place))?;
        if let Some(observer) = RUN.get().observer {
            observer(eqn, &args, &results)?;
        }
        for (var, result) in eqn.results.iter().zip(results) {
            debug_assert_eq!(
                program.ty(*var),
                result.ty(),
                "internal: {} evaluates to its type",
                eqn.op.rules().name()
            );
            env[var.index()] = Some(result);
        }
        for a in eqn.args.iter().filter(|a| last_use[a.index()] == i) {
            env[a.index()] = None;
        }
    }
    let read = |r: &crate::Var| env[r.index()].clone().expect("internal: results are kept");
    Ok(program.results().iter().map(read).collect())
}

/// The results of an equation that has no element to compute, whatever the extents of the other axes are.
fn nothing(program: &Program, eqn: &Equation) -> Option<Vec<Array>> {
    let rules = eqn.op.rules();
    let is_empty = |var: &crate::Var| program.ty(*var).tapes == 0 && program.ty(*var).shape.size() == 0;
    let none = rules.effect() == Effect::None && eqn.results.iter().all(is_empty);
    none.then(|| eqn.results.iter().map(|var| Array::zeros(program.ty(*var).clone())).collect())
}

/// Whether `args` are what `program` takes.
///
/// # Errors
/// If their number or a type differs.
pub fn check_args(program: &Program, args: &[Array]) -> Result<(), Error> {
    let expected = program.param_types();
    if args.len() != expected.len() {
        let message = format!("the program takes {} arguments, not {}", expected.len(), args.len());
        return Err(Error::new("eval", ErrorKind::invalid(message), Default::default()));
    }
    for (i, (arg, ty)) in args.iter().zip(expected).enumerate() {
        if arg.ty() != ty {
            let message = format!("argument {i} is {}, but the program takes {ty}", arg.ty());
            return Err(Error::new("eval", ErrorKind::invalid(message), Default::default()));
        }
    }
    Ok(())
}

/// [`eval`] that stops at the first operation, of a Program inside too, that makes a NaN from operands without one.
///
/// # Errors
/// The error of that operation, with its operands; or what [`eval`] returns.
pub fn eval_until_nan(program: &Program, args: &[Array]) -> Result<Vec<Array>, Error> {
    Run { observer: Some(refuse_new_nan), ..RUN.get() }.eval(program, args)
}

/// Whether an element, or a part of it, is NaN.
pub fn has_nan(array: &Array) -> bool {
    array.dtype().is_inexact() && array.parts().to_f64_vec().iter().any(|x| x.is_nan())
}

fn refuse_new_nan(eqn: &Equation, args: &[&Array], results: &[Array]) -> Result<(), Error> {
    if !results.iter().any(has_nan) || args.iter().copied().any(has_nan) {
        return Ok(());
    }
    let shown: Vec<String> = args.iter().map(|a| format!("{}: {}", a.ty(), shortened(a))).collect();
    let message = format!("the first NaN is made here, from {}", shown.join("; "));
    Err(Error::new(eqn.op.rules().name(), ErrorKind::invalid(message), eqn.place))
}

/// The values that a message has room for.
fn shortened(array: &Array) -> String {
    const MOST: usize = 8;
    let values = array.to_f64_vec();
    let shown: Vec<String> = values.iter().take(MOST).map(f64::to_string).collect();
    let more = if values.len() > MOST { ", .." } else { "" };
    format!("[{}{more}]", shown.join(", "))
}

/// Bytes of the values that [`eval`] holds at once at most, beyond the arguments. Of tapes, which have no size before
/// they run, nothing is counted.
pub fn memory(program: &Program) -> usize {
    let bytes = |var: &crate::Var| match program.ty(*var) {
        ty if ty.is_tape() => 0,
        ty => ty.size_bytes(),
    };
    let last_use = last_uses(program);
    let (mut held, mut peak) = (0, 0);
    for (i, eqn) in program.equations().iter().enumerate() {
        let inside = eqn.op.rules().programs().into_iter().map(|program| memory(program)).max();
        held += eqn.results.iter().map(bytes).sum::<usize>();
        peak = peak.max(held + inside.unwrap_or_default());
        let mut over: Vec<crate::Var> = eqn.args.iter().copied().collect();
        over.sort_unstable();
        over.dedup();
        let is_over = |a: &&crate::Var| a.index() >= program.num_params() && last_use[a.index()] == i;
        held -= over.iter().filter(is_over).map(bytes).sum::<usize>();
    }
    peak
}

/// For each variable the equation that reads it last, or `usize::MAX` for a result.
fn last_uses(program: &Program) -> Vec<usize> {
    let mut last_use = vec![0; program.num_vars()];
    for (i, eqn) in program.equations().iter().enumerate() {
        eqn.args.iter().for_each(|a| last_use[a.index()] = i);
    }
    program.results().iter().for_each(|r| last_use[r.index()] = usize::MAX);
    last_use
}
