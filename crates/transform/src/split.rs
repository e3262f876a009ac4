//! Partial evaluation: a program in two, first what can be computed from the known parameters, then the rest.
//!
//! ```text
//! fn(%0: f32[4], %1: f32[4]) { %2 = sin(%0)  %3 = cos(%0)  %4 = mul(%1, %3)  return %2, %4 }
//! // split, %0 known
//! fn(%0: f32[4]) { %1 = sin(%0)  %2 = cos(%0)  return %1, %2 }          // known: result, residual
//! fn(%0: f32[4], %1: f32[4]) { %2 = mul(%1, %0)  return %2 }            // rest: residual, unknown
//! ```

use crate::dce::dce;
use crate::rebuild::{Rebuild, with_results};
use crate::write::{marked, spread, write, write_with_captures};
use gradus_ir::program::{Program, Var, Vars};
use gradus_ir::trace::at_place;
use gradus_ir::{
    Capture, Equation, Halves, Op, Passes, Remaining, Residual, SourceLocation, Split, Traced, Type, Val,
    Vals, bind,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// See [`Passes::split`].
pub(crate) fn split(passes: &dyn Passes, program: &Program, known: &[bool]) -> Halves {
    let Whole { known, rest, known_results } = split_whole(passes, program, known);
    let num_known = known_results.iter().filter(|known| **known).count();
    let (results, residual_vars) = known.results().split_at(num_known);
    let mut kept = results.to_vec();
    let mut place: FxHashMap<Var, Residual> =
        known.params().enumerate().map(|(i, param)| (param, Residual::Parameter(i))).collect();
    for (i, var) in results.iter().enumerate() {
        place.entry(*var).or_insert(Residual::Result(i));
    }
    let mut keep = |var: &Var| {
        *place.entry(*var).or_insert_with(|| {
            kept.push(*var);
            Residual::Result(kept.len() - 1)
        })
    };
    let residuals = residual_vars.iter().map(&mut keep).collect();
    let known = dce(&with_results(&known, &kept));
    Halves { known: Arc::new(known), rest: Arc::new(rest), known_results, residuals }
}

/// The halves, where the known one returns every residual.
pub(crate) struct Whole {
    /// `(known parameters..) -> (known results.., residuals..)`.
    pub(crate) known: Program,
    /// `(residuals.., unknown parameters..) -> (unknown results..)`.
    pub(crate) rest: Program,
    /// Which results are known.
    pub(crate) known_results: Vec<bool>,
}

/// Splits `program` by which parameters are known.
pub(crate) fn split_whole(passes: &dyn Passes, program: &Program, known: &[bool]) -> Whole {
    let params = program.param_types();
    assert_eq!(params.len(), known.len(), "internal: a flag for each parameter");
    let unknown: Vec<bool> = known.iter().map(|known| !known).collect();
    let known_types: Vec<Type> = marked(params, known).cloned().collect();
    let unknown_types: Vec<Type> = marked(params, &unknown).cloned().collect();
    let (mut rest, mut known_results) = (None, vec![]);
    let known = write(&known_types, |inputs| {
        let mut value = spread(inputs, known);
        let remains = evaluate_known(passes, program, &mut value);
        let traced = write_rest(program, &remains, &value, &unknown, &unknown_types);
        known_results = program.results().iter().map(|r| value[r.index()].is_some()).collect();
        let residuals = traced.captures.iter().map(|capture| match capture {
            Capture::Val(v) => *v,
            Capture::Array(_) => unreachable!("internal: rules hold no arrays"),
        });
        let results = program.results().iter().filter_map(|r| value[r.index()]).chain(residuals).collect();
        rest = Some(captures_first(&traced));
        results
    });
    let rest = rest.expect("internal: the rest is written with the known part");
    Whole { known: dce(&known), rest, known_results }
}

/// An equation of the rest.
struct Step<'a> {
    op: &'a Op,
    args: Vec<StepOperand>,
    results: Vars,
    place: SourceLocation,
}

/// What a step reads: a variable of the whole program, or a known value that only the rest knows.
enum StepOperand {
    Var(Var),
    Known(Val),
}

/// What could be needed after the known part: an unknown equation, or a known one that is cheap enough to be
/// computed again rather than kept; or what an operation left over.
enum Remains<'a> {
    Whole(&'a Equation),
    Part(&'a Equation, Box<Split>),
}

/// Computes what is known, into `value`, and returns what else could be needed.
fn evaluate_known<'a>(
    passes: &dyn Passes,
    program: &'a Program,
    value: &mut Vec<Option<Val>>,
) -> Vec<Remains<'a>> {
    let mut remains = vec![];
    for eqn in program.equations() {
        let args: Vec<Option<Val>> = eqn.args.iter().map(|a| value[a.index()]).collect();
        let all: Option<Vals> = args.iter().copied().collect();
        if let Some(args) = all {
            let results = at_place(eqn.place, || bind(eqn.op.clone(), &args));
            value.extend(results.into_iter().map(Some));
            if args.is_empty() || eqn.op.rules().is_cheap() {
                remains.push(Remains::Whole(eqn));
            }
            continue;
        }
        let part = match args.iter().any(Option::is_some) {
            true => at_place(eqn.place, || eqn.op.rules().split(passes, &args)),
            false => None,
        };
        match part {
            Some(part) => {
                value.extend(part.known.iter().copied());
                remains.push(Remains::Part(eqn, Box::new(part)));
            }
            None => {
                value.resize(value.len() + eqn.results.len(), None);
                remains.push(Remains::Whole(eqn));
            }
        }
    }
    remains
}

impl Remains<'_> {
    fn step(&self, value: &[Option<Val>]) -> Step<'_> {
        match self {
            Remains::Whole(eqn) => Step {
                op: &eqn.op,
                args: eqn.args.iter().copied().map(StepOperand::Var).collect(),
                results: eqn.results.clone(),
                place: eqn.place,
            },
            Remains::Part(eqn, part) => {
                let unknown = |v: &&Var| value[v.index()].is_none();
                let read = |operand: &Remaining| match operand {
                    Remaining::Known(v) => StepOperand::Known(*v),
                    Remaining::Operand(i) => StepOperand::Var(eqn.args[*i]),
                };
                Step {
                    op: &part.rest,
                    args: part.operands.iter().map(read).collect(),
                    results: eqn.results.iter().filter(unknown).copied().collect(),
                    place: eqn.place,
                }
            }
        }
    }
}

/// Writes what the unknown results need; known values that are read become captures.
fn write_rest(
    program: &Program,
    remains: &[Remains],
    value: &[Option<Val>],
    unknown: &[bool],
    unknown_types: &[Type],
) -> Traced {
    let steps = needed_steps(program, remains, value);
    write_with_captures(unknown_types, |inputs| {
        let mut env = value.to_vec();
        for (param, input) in marked(program.params(), unknown).zip(inputs) {
            env[param.index()] = Some(*input);
        }
        let read =
            |env: &[Option<Val>], var: Var| env[var.index()].expect("internal: read after it is written");
        for step in &steps {
            let arg = |a: &StepOperand| match a {
                StepOperand::Var(var) => read(&env, *var),
                StepOperand::Known(v) => *v,
            };
            let args: Vals = step.args.iter().map(arg).collect();
            let results = at_place(step.place, || bind(step.op.clone(), &args));
            for (var, v) in step.results.iter().zip(results) {
                env[var.index()] = Some(v);
            }
        }
        let unknown = program.results().iter().filter(|r| value[r.index()].is_none());
        unknown.map(|r| read(&env, *r)).collect()
    })
}

fn needed_steps<'a>(program: &Program, remains: &'a [Remains], value: &[Option<Val>]) -> Vec<Step<'a>> {
    let mut needed = vec![false; program.num_vars()];
    for r in program.results().iter().filter(|r| value[r.index()].is_none()) {
        needed[r.index()] = true;
    }
    let mut steps = vec![];
    for step in remains.iter().rev().map(|r| r.step(value)) {
        if step.op.rules().effect().stays() || step.results.iter().any(|r| needed[r.index()]) {
            for arg in &step.args {
                if let StepOperand::Var(var) = arg {
                    needed[var.index()] = true;
                }
            }
            steps.push(step);
        }
    }
    steps.reverse();
    steps
}

/// The traced program with the captures as its first parameters.
fn captures_first(traced: &Traced) -> Program {
    let program = &traced.program;
    let params: Vec<Var> = program.params().collect();
    let (inputs, captures) = params.split_at(params.len() - traced.captures.len());
    let mut copy = Rebuild::empty(program);
    captures.iter().chain(inputs).for_each(|p| copy.param(*p));
    program.equations().iter().for_each(|eqn| copy.copy(eqn));
    copy.finish()
}
