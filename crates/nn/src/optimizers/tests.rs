//! Five updates of every optimizer against optax 0.2.8, on gradients that do not depend on the parameters.

use std::collections::BTreeMap;

use gradus::{Array, Tree, Val};

use super::*;
use crate::{TrainState, Training};

type Params<T> = BTreeMap<String, T>;

fn params(a: [f32; 3], b: f32) -> Params<Array> {
    BTreeMap::from([("a".to_owned(), Array::from(a)), ("b".to_owned(), Array::from(b))])
}

/// The parameters after five updates, `a` first.
fn trained<O: Optimizer>(optimizer: O) -> Vec<f32> {
    let model = params([1.0, -2.0, 0.5], 3.0);
    let mut state = TrainState::new(model, &optimizer, 0).unwrap();
    let step =
        jit(move |state: &mut Training<Params<Val>, O>, grads: &Params<Val>| state.apply(&optimizer, grads));
    for t in 0..5 {
        let t = t as f32;
        step(&mut state, &params([0.1 * (t + 1.0), -0.3, 1e-4 * (t - 2.0)], 2.0 - 0.5 * t)).unwrap();
    }
    state.model.leaves().into_iter().flat_map(|leaf| leaf.to_vec::<f32>().unwrap()).collect()
}

/// Each operation rounds once, so five updates agree within a few units in the last place.
fn check(optimizer: impl Optimizer, expected: [f32; 4]) {
    for (found, expected) in trained(optimizer).into_iter().zip(expected) {
        assert!((found - expected).abs() <= 8.0 * f32::EPSILON * expected.abs(), "{found} is not {expected}");
    }
}

#[test]
fn sgd_agrees_with_optax() {
    check(Sgd::new(0.1), [0.85, -1.850_000_1, 0.5, 2.5]);
}

#[test]
fn momentum_agrees_with_optax() {
    let sgd = Sgd::new(0.1).with_momentum(Momentum::Heavy(0.9));
    check(sgd, [0.682_969_03, -1.605_676_9, 0.500_077_37, 1.299_13]);
    let sgd = Sgd::new(0.1).with_momentum(Momentum::Nesterov(0.9));
    check(sgd, [0.564_672_1, -1.495_109_2, 0.500_069_7, 0.969_216_94]);
}

#[test]
fn adam_agrees_with_optax() {
    check(Adam::new(0.01), [0.951_492_1, -1.950_000_4, 0.528_054_5, 2.954_782_2]);
}

#[test]
fn adamw_agrees_with_optax() {
    check(AdamW::new(0.01), [0.951_487_1, -1.949_990_5, 0.528_051_85, 2.954_767_7]);
}

#[test]
fn optimizers_chain() {
    // The updates of the first, −0.5 g, are the gradients of the second: 0.1 · 0.5 g in all, upwards.
    let chained = trained((Sgd::new(0.5), Sgd::new(-0.2)));
    for (found, expected) in chained.into_iter().zip(trained(Sgd::new(0.1))) {
        assert!((found - expected).abs() <= 8.0 * f32::EPSILON * expected.abs(), "{found} is not {expected}");
    }
}

#[test]
fn state_has_the_dtypes_of_the_parameters() {
    let model = (Array::from([1.0f64, 2.0]), Array::from(1.0f32));
    let state = Adam::new(0.1).start(&model).unwrap();
    let types: Vec<String> = state.leaves().iter().map(|leaf| leaf.ty().to_string()).collect();
    assert_eq!(types, ["i32[]", "f64[2]", "f32[]", "f64[2]", "f32[]"]);
    let mut state = TrainState::new(model, &Adam::new(0.1), 0).unwrap();
    let step =
        jit(|state: &mut Training<(Val, Val), Adam>, grads: &(Val, Val)| state.apply(&Adam::new(0.1), grads));
    let grads = (Array::from([0.5f64, -0.5]), Array::from(0.25f32));
    step(&mut state, &grads).unwrap();
    assert_eq!(state.optimizer.count, Array::from(1i32));
}

#[test]
fn count_of_updates_stops_at_its_largest_value() {
    let model = Array::from(1.0f32);
    let mut state = TrainState::new(model, &Adam::new(0.1), 0).unwrap();
    state.optimizer.count = Array::from(i32::MAX - 1);
    let step = jit(|state: &mut Training<Val, Adam>, grads: &Val| state.apply(&Adam::new(0.1), grads));
    for _ in 0..2 {
        step(&mut state, &Array::from(0.5f32)).unwrap();
        assert_eq!(state.optimizer.count, Array::from(i32::MAX));
    }
    assert!(state.model.item::<f32>().unwrap() < 1.0);
}

#[test]
fn parameters_of_another_structure_are_refused_and_the_state_is_untouched() {
    let model = vec![Array::from(1.0f32)];
    let mut state = TrainState::new(model, &Sgd::new(0.1), 0).unwrap();
    let step =
        jit(|state: &mut Training<Vec<Val>, Sgd>, grads: &Vec<Val>| state.apply(&Sgd::new(0.1), grads));
    let error = step(&mut state, &vec![Array::from(1.0f32), Array::from(2.0f32)]).unwrap_err().to_string();
    assert!(error.contains("1 parameters (0) and 2 gradients (0, 1)"), "{error}");
    assert_eq!(state.model, [Array::from(1.0f32)]);
}
