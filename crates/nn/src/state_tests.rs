//! Buffers, keys and counts through steps of training.

use gradus::{grad, jit};

use super::*;
use crate::{Adam, BatchNorm, Sgd, init, mean_squared_error};

/// A scale, the running mean of what it saw, and a count of the examples.
#[derive(Tree, Clone, Debug)]
struct Running<T = Array> {
    scale: T,
    #[tree(buffer)]
    mean: T,
    #[tree(buffer)]
    seen: T,
}

impl Running<Val> {
    fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        if ctx.is_training() {
            self.mean = 0.5 * self.mean + 0.5 * x.mean();
            self.seen += x.size() as i64;
        }
        self.scale * (x - self.mean)
    }
}

fn running() -> Running {
    Running { scale: Array::from(2.0f32), mean: Array::from(1.0f32), seen: Array::from(7i64) }
}

#[test]
fn what_a_loss_assigns_to_buffers_is_in_the_state_after_the_step() {
    let sgd = Sgd::new(0.25);
    let mut state = TrainState::new((running(), vec![running()]), &sgd, 0).unwrap();
    let step = jit(move |state: &mut Training<(Running<Val>, Vec<Running<Val>>), Sgd>, x: &Val| {
        state.step(&sgd, |model, ctx| {
            let h = model.0.apply(x, ctx);
            mean_squared_error(&model.1[0].apply(&h, ctx), &h.zeros_like())
        })
    });
    step(&mut state, &Array::from([1.0f32, 5.0])).unwrap();
    let (first, second) = (&state.model.0, &state.model.1[0]);
    assert_eq!((&first.mean, &first.seen), (&Array::from(2.0f32), &Array::from(9i64)));
    // h = 2 (x − 2) = [−2, 6], of mean 2.
    assert_eq!(second.mean, Array::from(1.5f32));
    assert_ne!(second.scale, Array::from(2.0f32));
    assert_eq!(state.step, Array::from(1i32));
    // Neither the optimizer nor the parameters know of buffers.
    assert_eq!(Parameters::of(&state.model).paths(), ["0.scale", "1.0.scale"]);
    assert_eq!(Parameters::of(&state).paths(), ["model.0.scale", "model.1.0.scale"]);
}

#[test]
fn gradients_of_buffers_are_zeros_of_their_types() {
    let loss = |model: &Running<Val>, x: &Val| (model.scale * (x - model.mean)).sum() + model.seen;
    let slope = jit(grad(loss))(&running(), &Array::from([3.0f32, 5.0])).unwrap();
    assert_eq!(slope.scale, Array::from(6.0f32));
    assert_eq!((slope.mean, slope.seen), (Array::from(0.0f32), Array::from(0i64)));
}

#[test]
fn a_loss_that_assigns_to_a_parameter_or_changes_a_buffers_type_is_refused() {
    let refused = |change: fn(&mut Running<Val>)| {
        let sgd = Sgd::new(0.25);
        let mut state = TrainState::new(running(), &sgd, 0).unwrap();
        let step = jit(move |state: &mut Training<Running<Val>, Sgd>, x: &Val| {
            state.step(&sgd, |model, ctx| {
                change(model);
                model.apply(x, ctx).sum()
            })
        });
        let error = step(&mut state, &Array::from([1.0f32])).unwrap_err().to_string();
        assert_eq!(state.step, Array::from(0i32));
        assert!(error.contains("state_tests.rs"), "{error}");
        error
    };
    let error = refused(|model| model.scale += 1.0);
    assert!(error.contains("assigned to the parameter `scale`"), "{error}");
    let error = refused(|model| model.mean = gradus::ones([2], Dtype::F32));
    assert!(error.contains("the buffer `mean` was f32[] and is f32[2]"), "{error}");
}

#[test]
fn losses_compute_in_another_type_and_parameters_keep_theirs() {
    let adam = Adam::new(0.1);
    let mut state = TrainState::new(running(), &adam, 0).unwrap().with_compute(Dtype::BF16);
    let step = jit(move |state: &mut Training<Running<Val>, Adam>, x: &Val| {
        state.step(&adam, |model, _| {
            let y = model.scale * x.astype(model.scale.dtype());
            (y.sum(), y)
        })
    });
    let (_, y) = step(&mut state, &Array::from([1.001f32, 3.0])).unwrap();
    assert_eq!((y.dtype(), state.model.scale.dtype()), (Dtype::BF16, Dtype::F32));
    assert_eq!(state.model.mean.dtype(), Dtype::F32);
    assert!((state.model.scale.item::<f32>().unwrap() - 1.9).abs() < 1e-3);
}

#[test]
fn each_step_and_each_use_has_a_key_of_its_own() {
    let sgd = Sgd::new(0.0);
    let mut state = TrainState::new(Array::from(1.0f32), &sgd, 3).unwrap();
    let step = jit(move |state: &mut Training<Val, Sgd>| {
        state.step(&sgd, |model, ctx| {
            let draws = [ctx.next_key(), ctx.next_key()].map(|key| key.expect("training"));
            (*model * 1.0, draws)
        })
    });
    let mut keys = vec![];
    for _ in 0..3 {
        keys.extend(step(&mut state).unwrap().1.map(|key| key.to_vec::<u32>().unwrap()));
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 6);
    assert!(Context::evaluation().next_key().is_none());
}

#[test]
fn a_layer_applied_to_a_copy_in_training_is_refused() {
    let sgd = Sgd::new(0.1);
    let mut state = TrainState::new(init(0, |_| BatchNorm::new(2)).unwrap(), &sgd, 0).unwrap();
    let step = jit(move |state: &mut Training<BatchNorm<Val>, Sgd>, x: &Val| {
        state.step(&sgd, |norm, ctx| norm.clone().apply(x, ctx).square().sum())
    });
    let error = step(&mut state, &Array::from([[1.0f32, 2.0], [3.0, 5.0]])).unwrap_err().to_string();
    assert!(error.starts_with("step: a layer brought its buffers up to date"), "{error}");
    assert!(error.contains("state_tests.rs"), "{error}");
}

#[test]
fn an_optimizers_state_of_another_model_is_refused() {
    let adam = Adam::new(0.1);
    let of = |n: usize| TrainState::new(vec![Array::from(1.0f32); n], &adam, 0).unwrap();
    let mut state = TrainState { optimizer: of(2).optimizer, ..of(1) };
    let optimizer = adam.clone();
    let step =
        jit(move |state: &mut Training<Vec<Val>, Adam>| state.step(&optimizer, |model, _| model[0] * 2.0));
    let error = step(&mut state).unwrap_err().to_string();
    assert!(error.starts_with("step: the optimizer's state has"), "{error}");
    assert!(error.contains("state_tests.rs"), "{error}");
}
