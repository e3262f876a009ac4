//! Programs whose kernels need neither complex numbers nor 16-bit floats.
//!
//! A complex number is two real ones: every equation on complex numbers becomes equations on their parts, by the
//! rule [`decompose_complex`](gradus_ir::Rules::decompose_complex) of its operation. A 16-bit float is computed in
//! `f32` and rounded after every equation, fused or not. What remains of both types are moves, and `complex`, `real`
//! and `imag` at the borders, which say how complex numbers lie in memory.
//!
//! ```text
//! fn(%0: complex64[4]) { %1 = mul(%0, %0)  return %1 }
//! // legalize
//! fn(%0: complex64[4]) { %1 = real(%0)  %2 = imag(%0)  ..  %8 = complex(%6, %7)  return %8 }
//! ```

use crate::nested::map_nested;
use crate::passes::Transforms;
use crate::{cse, dce, simplify};
use gradus_ir::ops::elementwise::{f32_to_half, half_to_f32};
use gradus_ir::trace::{at_place, refuse};
use gradus_ir::verify::infer;
use gradus_ir::{
    Dtype, Effect, Equation, Error, ErrorKind, Op, Program, SourceLocation, Type, Val, Vals, bind, trace,
};
use std::sync::Arc;

/// A formula may use another function of complex numbers, whose formula uses real ones.
const MOST_ROUNDS: usize = 6;

/// The program without complex arithmetic and without arithmetic of 16-bit floats, nested Programs included.
///
/// # Errors
/// If an operation has no form in real and imaginary parts.
pub fn legalize(program: &Program) -> Result<Program, Error> {
    let mut program = with_legal_nested(program)?;
    for _ in 0..MOST_ROUNDS {
        if program.equations().iter().all(|eqn| need(&program, eqn) == Need::Nothing) {
            return Ok(program);
        }
        program = with_legal_nested(&dce(&cse(&simplify(&round(&program)?))))?;
    }
    panic!("internal: formulas of complex numbers do not end in real ones\n{program}");
}

fn with_legal_nested(program: &Program) -> Result<Program, Error> {
    let mut error = None;
    let legal = map_nested(program, |_, inside| match legalize(inside) {
        // A body on scalars keeps none of the complex numbers that its formulas joined.
        Ok(legal) if has_parts(&legal) => Arc::new(dce(&simplify(&legal))),
        Ok(legal) => Arc::new(legal),
        Err(found) => {
            error.get_or_insert(found);
            inside.clone()
        }
    });
    error.map_or(Ok(legal), Err)
}

fn has_parts(program: &Program) -> bool {
    program.equations().iter().any(|eqn| matches!(eqn.op, Op::Parts(_)))
}

/// What an equation needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    Parts,
    F32,
}

fn need(program: &Program, eqn: &Equation) -> Need {
    let of =
        |test: fn(Dtype) -> bool| eqn.args.iter().chain(&eqn.results).any(|v| test(program.ty(*v).dtype));
    let rules = eqn.op.rules();
    // The host runs an effect by its own meaning, on the user's types.
    if rules.effect() != Effect::None && rules.programs().is_empty() {
        return Need::Nothing;
    }
    if of(Dtype::is_complex) && !holds_complex(&eqn.op) {
        return Need::Parts;
    }
    if of(Dtype::is_half) && !rules.moves_elements() && rules.programs().is_empty() {
        return Need::F32;
    }
    Need::Nothing
}

/// Whether the operation takes complex numbers as they lie in memory: the three that look inside, those that the
/// runtime or a library computes, and those whose Programs do.
fn holds_complex(op: &Op) -> bool {
    match op {
        Op::Parts(_) => true,
        Op::Reduction(_) => false,
        Op::Control(_) => true,
        op => op.rules().library().is_some() || !op.rules().programs().is_empty(),
    }
}

/// Every equation that is not legal by its formula, once.
fn round(program: &Program) -> Result<Program, Error> {
    let traced = trace(SourceLocation::unknown(), program.param_types(), |params| {
        let mut env = params.to_vec();
        for eqn in program.equations() {
            let args: Vals = eqn.args.iter().map(|arg| env[arg.index()]).collect();
            let results = at_place(eqn.place, || match need(program, eqn) {
                Need::Nothing => bind(eqn.op.clone(), &args),
                Need::Parts => decompose_complex(eqn, &args),
                Need::F32 => promote_to_f32(&eqn.op, &args),
            });
            env.extend(results);
        }
        program.results().iter().map(|result| env[result.index()]).collect()
    });
    Ok(traced?.program)
}

fn decompose_complex(eqn: &Equation, args: &[Val]) -> Vals {
    let rules = eqn.op.rules();
    let expanded = || rules.expand(&Transforms::default(), args).into();
    let formula = || rules.decompose_complex(args).or_else(|| rules.expands().then(expanded));
    formula().unwrap_or_else(|| {
        let message =
            "this operation has no compiled form for complex numbers; use their parts, `real` and `imag`";
        let refused = refuse(Error::new(rules.name(), ErrorKind::invalid(message), eqn.place));
        eqn.results.iter().map(|_| refused).collect()
    })
}

/// The operation in `f32`, its results rounded once.
fn promote_to_f32(op: &Op, args: &[Val]) -> Vals {
    if let Some(results) = op.rules().promote_to_f32(args) {
        return results;
    }
    let types: Vec<Type> = args.iter().map(|arg| arg.ty()).collect();
    let results = infer(op, &types.iter().collect::<Vec<_>>());
    let results = results.expect("internal: an operation that was accepted before");
    let wide = |arg: &Val| if arg.ty().dtype.is_half() { half_to_f32(*arg) } else { *arg };
    let computed = bind(op.clone(), &args.iter().map(wide).collect::<Vals>());
    let round = |(v, ty): (Val, Type)| if ty.dtype.is_half() { f32_to_half(v, ty.dtype) } else { v };
    computed.into_iter().zip(results).map(round).collect()
}
