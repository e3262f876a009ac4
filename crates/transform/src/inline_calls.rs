//! Calls are replaced by what they call where that is no loss, and operations that only transforms see by what they
//! stand for.
//!
//! ```text
//! fn(%0: f32[4]) { %1 = call(%0) {name = "f", program = fn(%0: f32[4]) { %1 = sin(%0)  return %1 }}  return %1 }
//! // inline_calls
//! fn(%0: f32[4]) { %1 = sin(%0)  return %1 }
//! ```

use crate::nested::map_nested;
use crate::passes::Transforms;
use crate::write::write;
use gradus_ir::ops::control::Control;
use gradus_ir::trace::at_place;
use gradus_ir::{Op, Program, Val, Vals, bind};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Which calls stay calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Calls {
    /// Those of a Program that is called more than once and is not small, so that it is compiled once.
    #[default]
    KeepShared,
    /// None.
    InlineAll,
}

/// A Program with fewer equations is inlined however often it is called: a call would cost more.
const SMALL: usize = 8;

/// The program with the equations of called Programs in place of the calls that `keep` does not keep.
pub fn inline_calls(program: &Program, keep: Calls) -> Program {
    let program = inlined_inside(program, keep, &mut FxHashMap::default());
    inline_level(&program, keep)
}

/// The program in which the Programs inside have no calls to inline any more; equal ones are visited once.
fn inlined_inside(
    program: &Program,
    keep: Calls,
    done: &mut FxHashMap<Arc<Program>, Arc<Program>>,
) -> Program {
    map_nested(program, |_, inside| {
        if let Some(known) = done.get(inside) {
            return known.clone();
        }
        let new = Arc::new(inline_level(&inlined_inside(inside, keep, done), keep));
        done.insert(inside.clone(), new.clone());
        new
    })
}

/// Inlines the calls among the equations of `program` itself; what they call has been visited.
fn inline_level(program: &Program, keep: Calls) -> Program {
    let mut uses: FxHashMap<&Arc<Program>, usize> = FxHashMap::default();
    for callee in program.equations().iter().filter_map(|eqn| callee(&eqn.op)) {
        *uses.entry(callee).or_default() += 1;
    }
    let kept = |callee: &Arc<Program>| {
        keep == Calls::KeepShared && uses[callee] > 1 && callee.equations().len() >= SMALL
    };
    let stands = program.equations().iter().all(|eqn| !eqn.op.rules().expands());
    if stands && uses.keys().all(|callee| kept(callee)) {
        return program.clone();
    }
    let passes = Transforms::default();
    write(program.param_types(), |inputs| {
        let mut env: Vec<Val> = inputs.to_vec();
        for eqn in program.equations() {
            let args: Vals = eqn.args.iter().map(|a| env[a.index()]).collect();
            match callee(&eqn.op).filter(|callee| !kept(callee)) {
                Some(callee) => env.extend(callee.inline(&args)),
                None if eqn.op.rules().expands() => {
                    env.extend(at_place(eqn.place, || eqn.op.rules().expand(&passes, &args)));
                }
                None => env.extend(at_place(eqn.place, || bind(eqn.op.clone(), &args))),
            }
        }
        program.results().iter().map(|r| env[r.index()]).collect()
    })
}

fn callee(op: &Op) -> Option<&Arc<Program>> {
    match op {
        Op::Control(Control::Call(call)) => Some(&call.program),
        _ => None,
    }
}
