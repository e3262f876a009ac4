//! Random Programs verify, print and parse back, and run to their types.

use gradus_ir::Program;
use gradus_ir::arbitrary::{Draw, Random, Recipe, arguments};
use gradus_ir::{Dtype, Type, eval::eval, text::parse, verify::verify};
use proptest::prelude::*;
use proptest::{array::uniform6, collection::vec};
use std::collections::BTreeSet;

fn recipes() -> impl Strategy<Value = Recipe> {
    let params = vec(any::<u16>(), 1..4);
    let steps = vec(uniform6(any::<u16>()), 0..25);
    (params, steps).prop_map(|(params, steps)| Recipe { params, steps })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_print_and_parse_back(recipe in recipes()) {
        for draw in [Draw::All, Draw::Smooth] {
            let program = recipe.program(draw);
            verify(&program).unwrap();
            let text = program.to_string();
            let back = parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            prop_assert_eq!(&back, &program);
            prop_assert_eq!(back.to_string(), text);
        }
    }

    #[test]
    fn random_programs_run_to_their_types(recipe in recipes(), seed: u64) {
        for draw in [Draw::All, Draw::Smooth] {
            let program = recipe.program(draw);
            let results = eval(&program, &arguments(&program, seed)).unwrap();
            let types: Vec<Type> = results.iter().map(|a| a.ty().clone()).collect();
            prop_assert_eq!(types, program.result_types());
            if draw == Draw::Smooth {
                let finite = results.iter().all(|a| a.to_f64_vec().iter().all(|x| x.is_finite()));
                prop_assert!(finite, "{}", program);
            }
        }
    }
}

/// The names of the primitives in `program` and in the Programs inside, and the element types.
fn parts(program: &Program, names: &mut BTreeSet<&'static str>, dtypes: &mut BTreeSet<Dtype>) {
    for eqn in program.equations() {
        names.insert(eqn.op.rules().name());
        dtypes.extend(eqn.results.iter().map(|result| program.ty(*result).dtype));
        eqn.op.rules().programs().into_iter().for_each(|inside| parts(inside, names, dtypes));
    }
}

/// What is not drawn is not tested by random Programs: every primitive of the specification that can be run is
/// drawn, and every element type. Only a `custom_linear` cannot be drawn, which forward mode leaves behind and
/// nothing runs.
#[test]
fn every_primitive_and_element_type_is_drawn() {
    let mut random = Random::new(1);
    let (mut names, mut dtypes) = (BTreeSet::new(), BTreeSet::new());
    let all: BTreeSet<&str> = gradus_ir::ops::samples().iter().map(|s| s.op.rules().name()).collect();
    let (mut never, mut left_out) = (all.clone(), Dtype::ALL.to_vec());
    // Until all are: the rarest is drawn once in some hundred Programs.
    for _ in 0..10_000 {
        let steps = (0..20).map(|_| std::array::from_fn(|_| random.bits() as u16)).collect();
        let recipe = Recipe { params: vec![random.bits() as u16, random.bits() as u16], steps };
        parts(&recipe.program(Draw::All), &mut names, &mut dtypes);
        never = all.difference(&names).copied().filter(|name| *name != "custom_linear").collect();
        left_out.retain(|dtype| !dtypes.contains(dtype));
        if never.is_empty() && left_out.is_empty() {
            return;
        }
    }
    panic!(
        "never drawn: {never:?} {left_out:?}; do their samples fit no value, or have they too many elements?"
    );
}
