//! Random Programs: compiled code returns what the interpreter returns, and the same bits on one thread and on two,
//! from scalar and from vector code.

use gradus_compile::codegen::Isa;
use gradus_compile::{Config, compile};
use gradus_ir::arbitrary::{Draw, LeftOut, Recipe, Reference, arguments, kept, num_programs};
use gradus_ir::{Array, Program};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use proptest::{array::uniform6, collection::vec};
use std::cell::Cell;

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
    let (elements, programs) = (Cell::new(LeftOut::default()), Cell::new(LeftOut::default()));
    let add = |total: &Cell<LeftOut>, more: LeftOut| {
        let mut sum = total.get();
        sum += more;
        total.set(sum);
    };
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
        add(&elements, left_out);
        let useless = usize::from(2 * left_out.elements > left_out.of);
        add(&programs, LeftOut { elements: useless, flips: 0, of: 1 });
        Ok(())
    });
    if let Err(failure) = outcome {
        let file = match &failure {
            TestError::Fail(_, (recipe, _)) => kept("compiled", &recipe.program(Draw::All)),
            TestError::Abort(_) => String::new(),
        };
        panic!("{failure}\n{file}");
    }
    let share = |part: LeftOut| part.elements as f64 / part.of.max(1) as f64;
    assert!(share(elements.get()) <= 0.02, "{:?} elements said nothing", elements.get());
    let flips = elements.get().flips as f64 / elements.get().of.max(1) as f64;
    assert!(flips <= 0.002, "{:?} elements were rounded the other way", elements.get());
    assert!(share(programs.get()) <= 0.05, "{:?} programs said nothing", programs.get());
}
