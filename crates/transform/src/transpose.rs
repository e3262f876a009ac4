//! Transposition of linear programs: cotangents flow from the results back to the linear parameters.
//!
//! ```text
//! fn(%0: f32[4], %1: f32[4]) { %2 = mul(%0, %1)  %3 = neg(%2)  return %3 }
//! // transpose, linear in %1
//! fn(%0: f32[4], %1: f32[4]) { %2 = neg(%1)  %3 = mul(%0, %2)  return %3 }
//! ```

use crate::write::{marked, spread, write};
use gradus_ir::program::Var;
use gradus_ir::trace::at_place;
use gradus_ir::{Equation, Operand, Passes, Program, Type, Val, Vals, bind};

/// See [`Passes::transpose`].
pub(crate) fn transpose(
    passes: &dyn Passes,
    program: &Program,
    linear: &[bool],
    has_cotangent: &[bool],
) -> (Program, Vec<bool>) {
    let known: Vec<bool> = linear.iter().map(|linear| !linear).collect();
    let known_types = marked(program.param_types(), &known);
    let results = program.result_types();
    let types: Vec<Type> = known_types.chain(marked(&results, has_cotangent)).cloned().collect();
    let mut nonzero = vec![];
    let written = write(&types, |inputs| {
        let num_known = types.len() - has_cotangent.iter().filter(|has| **has).count();
        let (known_inputs, cotangents) = inputs.split_at(num_known);
        let known = evaluate_known(program, spread(known_inputs, &known));
        let mut cotangent = Cotangents { known: &known, sums: vec![None; program.num_vars()] };
        for (r, ct) in program.results().iter().zip(spread(cotangents, has_cotangent)) {
            cotangent.add(*r, ct);
        }
        for eqn in program.equations().iter().rev() {
            at_place(eqn.place, || pull_back(passes, program, eqn, &mut cotangent));
        }
        let wanted: Vec<Option<Val>> = marked(program.params(), linear).map(|p| cotangent.take(p)).collect();
        nonzero = wanted.iter().map(Option::is_some).collect();
        wanted.into_iter().flatten().collect()
    });
    (written, nonzero)
}

/// Values of everything that does not depend on linear parameters; `None` for the rest.
fn evaluate_known(program: &Program, mut value: Vec<Option<Val>>) -> Vec<Option<Val>> {
    for eqn in program.equations() {
        let args: Option<Vals> = eqn.args.iter().map(|a| value[a.index()]).collect();
        match args {
            Some(args) => {
                let results = at_place(eqn.place, || bind(eqn.op.clone(), &args));
                value.extend(results.into_iter().map(Some));
            }
            None => value.resize(value.len() + eqn.results.len(), None),
        }
    }
    value
}

/// The sum of the cotangents that reached each variable so far; `None` is zero.
struct Cotangents<'a> {
    known: &'a [Option<Val>],
    sums: Vec<Option<Val>>,
}

impl Cotangents<'_> {
    fn add(&mut self, var: Var, ct: Option<Val>) {
        let sum = &mut self.sums[var.index()];
        if let (Some(ct), None) = (ct, self.known[var.index()]) {
            *sum = Some(sum.map_or(ct, |sum| sum.plus(ct)));
        }
    }
    fn take(&mut self, var: Var) -> Option<Val> {
        self.sums[var.index()].take()
    }
}

fn pull_back(passes: &dyn Passes, program: &Program, eqn: &Equation, cotangent: &mut Cotangents) {
    let ct: Vec<Option<Val>> = eqn.results.iter().map(|r| cotangent.take(*r)).collect();
    if ct.iter().all(Option::is_none) {
        return;
    }
    let operand = |a: &Var| match cotangent.known[a.index()] {
        Some(value) => Operand::Known(value),
        None => Operand::Linear(program.ty(*a).clone()),
    };
    let args: Vec<Operand> = eqn.args.iter().map(operand).collect();
    let back = eqn.op.rules().transpose(passes, &ct, &args);
    assert_eq!(
        back.len(),
        args.len(),
        "internal: {} transposes to a cotangent for each operand",
        eqn.op.rules().name()
    );
    for (arg, ct) in eqn.args.iter().zip(back) {
        cotangent.add(*arg, ct);
    }
}
