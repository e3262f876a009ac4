//! Random Programs: compiled code returns what the interpreter returns, and the same bits on one thread and on two,
//! from scalar and from vector code.

use gradus_compile::codegen::Isa;
use gradus_compile::{Config, compile};
use gradus_ir::arbitrary::{Draw, Recipe, Reference, Tally, arguments, kept, num_programs};
use gradus_ir::{Array, Program};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use proptest::{array::uniform6, collection::vec};
use std::cell::RefCell;

fn recipes() -> impl Strategy<Value = Recipe> {
    let params = vec(any::<u16>(), 1..4);
    let steps = vec(uniform6(any::<u16>()), 0..20);
    (params, steps).prop_map(|(params, steps)| Recipe { params, steps })
}

fn run(program: &Program, threads: usize, isa: Isa, args: &[Array]) -> Vec<Array> {
    let config = Config { threads, isa, ..Config::default() };
    let executable = compile(program, &config).unwrap_or_else(|e| panic!("{e}\n{program}"));
    executable.run(&args.iter().collect::<Vec<_>>()).unwrap_or_else(|e| panic!("{e}\n{program}"))
}

/// The same bits, but for the payload of a NaN, which is an instruction's own affair.
fn same_numbers(a: &Array, b: &Array) -> bool {
    let same = |(a, b): (f64, f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    match a.dtype().is_inexact() {
        true => a.parts().to_f64_vec().into_iter().zip(b.parts().to_f64_vec()).all(same),
        false => a == b,
    }
}

#[test]
fn compiled_code_is_what_the_interpreter_says() {
    let config =
        ProptestConfig { cases: num_programs(), failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let tally = RefCell::new(Tally::default());
    let outcome = runner.run(&(recipes(), any::<u64>()), |(recipe, seed)| {
        let program = recipe.program(Draw::All);
        let args = arguments(&program, seed);
        let reference = Reference::run(&program, &args).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let one = run(&program, 1, Isa::Sse, &args);
        let left_out =
            reference.check(&one).map_err(|why| TestCaseError::fail(format!("{why}\n{program}")))?;
        let two = run(&program, 2, Isa::Sse, &args);
        prop_assert!(one == two, "one and two threads differ in\n{program}");
        let scalar = run(&program, 1, Isa::Scalar, &args);
        prop_assert!(
            one.iter().zip(&scalar).all(|(a, b)| same_numbers(a, b)),
            "scalar and vector code differ in\n{program}"
        );
        tally.borrow_mut().add(&program, left_out);
        Ok(())
    });
    if let Err(failure) = outcome {
        let file = match &failure {
            TestError::Fail(_, (recipe, _)) => kept("compiled", &recipe.program(Draw::All)),
            TestError::Abort(_) => String::new(),
        };
        panic!("{failure}\n{file}");
    }
    tally.borrow().judge().unwrap_or_else(|why| panic!("{why}"));
}
