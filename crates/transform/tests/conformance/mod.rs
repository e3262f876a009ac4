//! Every primitive has the rules that its `eval` demands: derivatives are those of differences, transposes are
//! adjoints, batches are loops. A new primitive is tested by its samples alone.

mod batch;
mod derivative;

use gradus_ir::ops::{self, Sample};
use gradus_ir::{Array, Program, SourceLocation, Type, bind, eval::eval, trace};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `check` on every sample and names all of those that fail.
fn for_each_sample(check: impl Fn(&Sample)) {
    let mut failures = vec![];
    for sample in ops::samples().into_iter().filter(|sample| sample.is_run()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| check(&sample))) {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| s.to_string()));
            failures.push(format!("{:?} on {:?}: {}", sample.op, sample.types(), text.unwrap_or_default()));
        }
    }
    assert!(failures.is_empty(), "{} samples fail:\n{}", failures.len(), failures.join("\n"));
}

/// A program of the sample's one equation.
fn program_of(sample: &Sample) -> Program {
    let f = trace(SourceLocation::unknown(), &sample.types(), |x| bind(sample.op.clone(), x).to_vec());
    f.unwrap_or_else(|e| panic!("{e}")).program
}

fn run(program: &Program, args: &[Array]) -> Vec<Array> {
    eval(program, args).unwrap_or_else(|e| panic!("{e}"))
}

fn near(x: f64, y: f64, tolerance: f64) -> bool {
    x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= tolerance * (1.0 + x.abs().max(y.abs()))
}

#[track_caller]
fn assert_near(got: &Array, expected: &Array, tolerance: f64, what: &str) {
    assert_eq!(got.ty(), expected.ty(), "{what}");
    let pairs = got.parts().to_f64_vec().into_iter().zip(expected.parts().to_f64_vec());
    let worst = pairs.clone().find(|(x, y)| !near(*x, *y, tolerance));
    assert!(worst.is_none(), "{what}: {worst:?} in\n{got}\nnot\n{expected}");
}

#[test]
fn results_are_of_the_inferred_types() {
    for_each_sample(|sample| {
        let program = program_of(sample);
        for seed in 1..4 {
            let args: Vec<Array> = sample.args.iter().map(|a| a.fill(seed)).collect();
            let types: Vec<Type> = run(&program, &args).iter().map(|a| a.ty().clone()).collect();
            assert_eq!(types, program.result_types());
        }
    });
}
