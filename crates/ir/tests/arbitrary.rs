//! Random Programs verify, print and parse back, and run to their types.

use gradus_ir::Program;
use gradus_ir::arbitrary::{Draw, Recipe, arguments};
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

/// What is not drawn is not tested by random Programs: every primitive of the specification is drawn, and every element
/// type. One that cannot be drawn would be named here, with the reason; there is none.
#[test]
fn every_primitive_and_element_type_is_drawn() {
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u16
    };
    let (mut names, mut dtypes) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..1000 {
        let steps = (0..20).map(|_| std::array::from_fn(|_| random())).collect();
        let recipe = Recipe { params: vec![random(), random()], steps };
        parts(&recipe.program(Draw::All), &mut names, &mut dtypes);
    }
    let all: BTreeSet<&str> = gradus_ir::ops::samples().iter().map(|s| s.op.rules().name()).collect();
    let never: BTreeSet<&str> = all.difference(&names).copied().collect();
    assert!(never.is_empty(), "never drawn: {never:?}");
    let left_out: Vec<&Dtype> = Dtype::ALL.iter().filter(|dtype| !dtypes.contains(dtype)).collect();
    assert!(left_out.is_empty(), "never drawn: {left_out:?}");
}
