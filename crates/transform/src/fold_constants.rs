//! Constant folding: an equation whose operands are constants is replaced by its value.
//!
//! ```text
//! fn() { %0 = constant {value = f32[] [2.0]}  %1 = neg(%0)  return %1 }
//! // fold_constants
//! fn() { %0 = constant {value = f32[] [2.0]}  %1 = constant {value = f32[] [-2.0]}  return %1 }
//! ```

use crate::rebuild::Rebuild;
use gradus_ir::ops::control::Control;
use gradus_ir::ops::source::Source;
use gradus_ir::program::{Program, Vars};
use gradus_ir::{Array, Effect, Equation, Op};

/// More elements are not computed at compile time.
const MOST_ELEMENTS: usize = 4096;

/// The program whose small constant equations are values. Results are never larger than what they are made of, so
/// that a broadcast constant stays a broadcast; operations that hold Programs are left alone.
pub fn fold_constants(program: &Program) -> Program {
    let mut copy = Rebuild::new(program);
    let mut value: Vec<Option<Array>> = vec![None; program.num_vars()];
    for eqn in program.equations() {
        if let Op::Source(Source::Constant(array)) = &eqn.op {
            value[eqn.results[0].index()] = Some(array.clone());
        }
        match folded(program, eqn, &value) {
            Some(array) => {
                value[eqn.results[0].index()] = Some(array.clone());
                copy.replace(eqn, Source::Constant(array).into(), Vars::new());
            }
            None => copy.copy(eqn),
        }
    }
    copy.finish()
}

fn folded(program: &Program, eqn: &Equation, value: &[Option<Array>]) -> Option<Array> {
    let [result] = eqn.results[..] else { return None };
    let args: Vec<&Array> = eqn.args.iter().map(|a| value[a.index()].as_ref()).collect::<Option<_>>()?;
    let read: usize = args.iter().map(|a| a.size()).sum();
    let written = program.ty(result).shape.size();
    if args.is_empty() || read > MOST_ELEMENTS || written > read || stays(&eqn.op) {
        return None;
    }
    if written == 0 {
        return Some(Array::zeros(program.ty(result).clone()));
    }
    eqn.op.rules().eval(&args).ok()?.pop()
}

/// Barriers keep what is before them apart, effects belong to the call, and Programs inside may take long.
fn stays(op: &Op) -> bool {
    let rules = op.rules();
    matches!(op, Op::Control(Control::OptimizationBarrier))
        || rules.effect() != Effect::None
        || !rules.programs().is_empty()
}
