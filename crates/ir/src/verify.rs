//! The verifier: what every Program must satisfy, whoever built it.
//!
//! - A variable is defined once, before its first use: parameters first, then results in order.
//! - An operation has as many operands as it takes, of types that its constraints allow.
//! - Its results have the types that its operands give them, and none is larger than any memory.
//! - Results of the Program are variables of it.
//! - No value has more than [`MOST_AXES`] axes, and no more than [`DEEPEST`] Programs stand inside one another.
//! - All this holds in the Programs inside operations.

use crate::{Error, ErrorKind, Op, Program, SourceLocation, Type};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Whether `program` is one that the rest of gradus may believe in.
///
/// # Errors
/// The first equation that breaks a rule, in the words of the operation.
pub fn verify(program: &Program) -> Result<(), Error> {
    verify_unseen(program, &mut FxHashSet::default())
}

/// The most Programs that may stand inside one another: what walks into them recurses.
pub const DEEPEST: usize = 64;
/// The most axes of a value; NumPy's limit.
pub const MOST_AXES: usize = 64;

fn verify_unseen(program: &Program, seen: &mut FxHashSet<*const Program>) -> Result<(), Error> {
    program
        .param_types()
        .iter()
        .try_for_each(check_rank)
        .map_err(|kind| Error::new("verify", kind, SourceLocation::unknown()))?;
    let mut num_defined = program.num_params();
    for (number, eqn) in program.equations().iter().enumerate() {
        let rules = eqn.op.rules();
        let refuse = |kind: ErrorKind, place: SourceLocation| {
            let note = format!("in equation {number}: {:?} = {}({:?})", eqn.results, rules.name(), eqn.args);
            Error::new("verify", ErrorKind::invalid(format!("{}: {kind}", rules.name())), place)
                .with_note(note, SourceLocation::unknown())
        };
        let broken = |message: String| refuse(ErrorKind::invalid(message), eqn.place);
        if let Some(arg) = eqn.args.iter().find(|arg| arg.index() >= num_defined) {
            return Err(broken(format!("{arg} is used before it is defined")));
        }
        let types: Vec<&Type> = eqn.args.iter().map(|arg| program.ty(*arg)).collect();
        let inferred = infer(&eqn.op, &types).map_err(|kind| refuse(kind, eqn.place))?;
        for result in &eqn.results {
            if result.index() != num_defined {
                return Err(broken(format!("{result} is defined out of order")));
            }
            num_defined += 1;
        }
        let types: Vec<Type> = eqn.results.iter().map(|var| program.ty(*var).clone()).collect();
        if types != inferred {
            return Err(broken(format!("the results are of types {inferred:?}, not {types:?}")));
        }
        for inner in rules.programs() {
            if seen.insert(Arc::as_ptr(inner)) {
                verify_unseen(inner, seen)
                    .map_err(|e| e.with_note(format!("inside of {}", rules.name()), eqn.place))?;
            }
        }
    }
    match program.results().iter().find(|var| var.index() >= num_defined) {
        Some(var) => {
            let message = format!("the result {var} is not defined");
            Err(Error::new("verify", ErrorKind::invalid(message), SourceLocation::unknown()))
        }
        None => Ok(()),
    }
}

/// More bytes than any machine has: refused before anything is allocated.
const ABSURD_BYTES: usize = 1 << 46;

/// The types of the results of `op` on operands of types `args`: the rule of the operation, and what holds for all.
///
/// # Errors
/// If the operation refuses its operands, or a result is larger than any memory.
pub fn infer(op: &Op, args: &[&Type]) -> Result<Vec<Type>, ErrorKind> {
    let arity = op.rules().arity();
    if !arity.contains(&args.len()) {
        let (least, most) = (arity.start(), arity.end());
        let takes = match *most {
            usize::MAX => format!("at least {least}"),
            most if most == *least => format!("{least}"),
            most => format!("{least} to {most}"),
        };
        return Err(ErrorKind::invalid(format!("takes {takes} operands, not {}", args.len())));
    }
    if let Some(tape) = args.iter().find(|ty| ty.is_tape()).filter(|_| !op.rules().takes_tapes()) {
        return Err(ErrorKind::invalid(format!("takes arrays, not a tape, {tape}; only loops read tapes")));
    }
    if op.rules().programs().iter().any(|program| program.depth() >= DEEPEST) {
        let message =
            format!("more than {DEEPEST} programs stand inside one another; call some of them in turn");
        return Err(ErrorKind::invalid(message));
    }
    let types = op.rules().infer(args)?;
    types.iter().try_for_each(check_rank)?;
    match types.iter().find(|ty| ty.size_bytes() > ABSURD_BYTES) {
        Some(ty) => Err(ErrorKind::invalid(format!("a result of type {ty} is larger than any memory"))),
        None => Ok(types),
    }
}

fn check_rank(ty: &Type) -> Result<(), ErrorKind> {
    if ty.rank() <= MOST_AXES {
        return Ok(());
    }
    let message =
        format!("{ty} has {} axes, but {MOST_AXES} are the most; merge some by `reshape`", ty.rank());
    Err(ErrorKind::invalid(message))
}
