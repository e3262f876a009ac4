//! Dead code elimination: equations that no result needs, and that do nothing else, are left out.
//!
//! ```text
//! fn(%0: f32[4]) { %1 = sin(%0)  %2 = cos(%0)  return %2 }
//! // dce
//! fn(%0: f32[4]) { %1 = cos(%0)  return %1 }
//! ```

use crate::rebuild::Rebuild;
use crate::write::marked;
use gradus_ir::{Equation, Narrowed, Program, Type, Vars};

/// The program without equations that no result needs, and without what nobody reads inside of loops, branches and
/// calls. Parameters stay.
pub fn dce(program: &Program) -> Program {
    let mut needed = vec![false; program.num_vars()];
    program.results().iter().for_each(|r| needed[r.index()] = true);
    let mut plans: Vec<Plan> = vec![];
    for eqn in program.equations().iter().rev() {
        let read: Vec<bool> = eqn.results.iter().map(|r| needed[r.index()]).collect();
        let plan = match eqn.op.rules().effect().stays() || read.contains(&true) {
            true => eqn.op.rules().narrow(&read).map_or(Plan::Keep, Plan::Narrow),
            false => Plan::Drop,
        };
        for (i, arg) in eqn.args.iter().enumerate() {
            needed[arg.index()] |= match &plan {
                Plan::Keep => true,
                Plan::Narrow(narrowed) => narrowed.args[i],
                Plan::Drop => false,
            };
        }
        plans.push(plan);
    }
    if plans.iter().all(|plan| matches!(plan, Plan::Keep)) {
        return program.clone();
    }
    let mut copy = Rebuild::new(program);
    for (eqn, plan) in program.equations().iter().zip(plans.into_iter().rev()) {
        match plan {
            Plan::Keep => copy.copy(eqn),
            Plan::Narrow(narrowed) => copy_narrowed(&mut copy, program, eqn, narrowed),
            Plan::Drop => {}
        }
    }
    copy.finish()
}

/// What becomes of an equation.
enum Plan {
    Keep,
    Narrow(Narrowed),
    Drop,
}

fn copy_narrowed(copy: &mut Rebuild<'_>, program: &Program, eqn: &Equation, narrowed: Narrowed) {
    let Narrowed { op, args, results } = narrowed;
    let args: Vars = marked(&eqn.args, &args).map(|a| copy.get(*a)).collect();
    let results: Vars = marked(&eqn.results, &results).copied().collect();
    let types: Vec<Type> = results.iter().map(|r| program.ty(*r).clone()).collect();
    let new = copy.builder.push(op, args, types, eqn.place);
    results.iter().zip(new).for_each(|(old, new)| copy.set(*old, new));
}
