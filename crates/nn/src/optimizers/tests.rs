//! What optimizers promise whatever their formulas: types, bits, counts, and words. Formulas: tests/reference.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gradus::{Array, BackendKind, Config, Dtype, Tree, Val};

use super::*;
use crate::{TrainState, Trained, Training, load, save};

type Params<T> = BTreeMap<String, T>;

fn params(a: [f32; 3], b: f32) -> Params<Array> {
    BTreeMap::from([("a".to_owned(), Array::from(a)), ("b".to_owned(), Array::from(b))])
}

fn grads(t: usize) -> Params<Array> {
    let t = t as f32;
    params([0.1 * (t + 1.0), -0.3, 1e-4 * (t - 2.0)], 2.0 - 0.5 * t)
}

/// The state after `steps` updates from `state` on, as `config` compiles.
fn after<O: Optimizer>(
    optimizer: &O,
    mut state: Trained<Params<Array>, O>,
    steps: std::ops::Range<usize>,
    config: Config,
) -> Trained<Params<Array>, O> {
    let own = optimizer.clone();
    let step = jit(move |state: &mut Training<Params<Val>, O>, grads: &Params<Val>| state.apply(&own, grads));
    let step = step.with(config);
    for t in steps {
        step(&mut state, &grads(t)).unwrap();
    }
    state
}

fn bytes(tree: &impl Tree<Array>) -> Vec<Vec<u8>> {
    tree.leaves().into_iter().map(|leaf| leaf.bytes().to_vec()).collect()
}

/// Runs a check for each kind of optimizer.
macro_rules! each_optimizer {
    ($check:ident) => {
        $check("Sgd", Sgd::new(0.1).with_nesterov(0.9));
        $check("Adam", Adam::new(Polynomial::new(0.1, 0.01, 10, 2.0)));
        $check("AdamW", AdamW::new(0.1).with_mask(|path, _| path == "a"));
        $check("Nadam", Nadam::new(0.1));
        $check("AmsGrad", AmsGrad::new(0.1));
        $check("RmsProp", RmsProp::new(0.1).centered().with_epsilon(1e-3).with_momentum(0.9));
        $check("Adagrad", Adagrad::new(0.1));
        $check("Adadelta", Adadelta::new(1.0));
        $check("Lion", Lion::new(0.1));
        $check("chain", (ClipByGlobalNorm::new(1.0), Adam::new(0.1), ParameterEma::new(0.9)));
        $check("MultiSteps", MultiSteps::new(2, Adam::new(0.1)));
        $check("ApplyIfFinite", ApplyIfFinite::new(3, Adam::new(0.1)));
        $check("Partition", Partition::new(|path, _| usize::from(path == "b"), (Freeze, Lion::new(0.1))));
        $check("ScaleByLbfgs", (ScaleByLbfgs::new().with_memory(3), Scale::new(-0.1)));
    };
}

#[test]
fn a_run_that_is_saved_and_loaded_goes_on_with_the_same_bits() {
    fn check<O: Optimizer>(name: &str, optimizer: O) {
        let start = || TrainState::new(params([1.0, -2.0, 0.5], 3.0), &optimizer, 0).unwrap();
        let whole = after(&optimizer, start(), 0..7, Config::default());
        let half = after(&optimizer, start(), 0..3, Config::default());
        let file = std::env::temp_dir().join(format!("gradus-optimizer-{name}-{}", std::process::id()));
        save(&file, &half).unwrap();
        let half = load(&file, &start()).unwrap();
        std::fs::remove_file(&file).unwrap();
        let resumed = after(&optimizer, half, 3..7, Config::default());
        assert_eq!(bytes(&resumed), bytes(&whole), "{name}");
        assert_ne!(bytes(&start().model), bytes(&whole.model), "{name}");
    }
    each_optimizer!(check);
}

#[test]
fn updates_are_those_of_the_interpreter_bit_for_bit() {
    fn check<O: Optimizer>(name: &str, optimizer: O) {
        let run = |config| {
            let start = TrainState::new(params([1.0, -2.0, 0.5], 3.0), &optimizer, 0).unwrap();
            bytes(&after(&optimizer, start, 0..4, config))
        };
        let interpreter = Config { backend: BackendKind::Interpreter, ..Config::default() };
        let compiler = Config { backend: BackendKind::Compiler, precise: true, ..Config::default() };
        assert_eq!(run(compiler), run(interpreter), "{name}");
    }
    each_optimizer!(check);
}

#[test]
fn states_and_parameters_keep_their_types_of_every_float_and_of_no_elements() {
    fn check<O: Optimizer>(name: &str, optimizer: O) {
        let of = |dtype, shape: &[usize]| Array::zeros(gradus::Type::new(dtype, shape));
        let model = || {
            Params::from([
                ("a".to_owned(), of(Dtype::F64, &[2])),
                ("b".to_owned(), of(Dtype::BF16, &[3])),
                ("c".to_owned(), of(Dtype::F32, &[0, 2])),
                ("d".to_owned(), of(Dtype::F16, &[])),
            ])
        };
        let mut state = TrainState::new(model(), &optimizer, 0).unwrap();
        let types = |state: &Trained<Params<Array>, O>| -> Vec<String> {
            state.leaves().iter().map(|leaf| leaf.ty().to_string()).collect()
        };
        let before = types(&state);
        let step = jit(move |state: &mut Training<Params<Val>, O>, grads: &Params<Val>| {
            state.apply(&optimizer, grads)
        });
        for _ in 0..2 {
            step(&mut state, &model()).unwrap();
        }
        assert_eq!(types(&state), before, "{name}");
        assert!(state.leaves().iter().all(|leaf| leaf.to_f64_vec().iter().all(|x| x.is_finite())), "{name}");
    }
    each_optimizer!(check);
    fn empty<O: Optimizer>(name: &str, optimizer: O) {
        let mut state = TrainState::new(Params::new(), &optimizer, 0).unwrap();
        let step = jit(move |state: &mut Training<Params<Val>, O>| {
            let none = Params::new();
            state.apply(&optimizer, &none)
        });
        step(&mut state).unwrap();
        assert_eq!(state.step, Array::from(1i32), "{name}");
    }
    each_optimizer!(empty);
}

#[test]
fn sixteen_bit_parameters_have_updates_in_their_type_and_an_f32_mean_on_request() {
    let model = Array::from([1.0f32]);
    let model = jit(|x: &Val| x.astype(Dtype::BF16))(&model).unwrap();
    let state = Adam::new(0.1).start(&model).unwrap();
    let types = |state: &Descent<AdamState>| -> Vec<Dtype> {
        state.direction.leaves().iter().map(|leaf| leaf.dtype()).collect()
    };
    assert_eq!(types(&state), [Dtype::I32, Dtype::BF16, Dtype::BF16]);
    let wide = Adam::new(0.1).with_mean_dtype(Dtype::F32);
    assert_eq!(types(&wide.start(&model).unwrap()), [Dtype::I32, Dtype::F32, Dtype::BF16]);
    let mut state = TrainState::new(model, &wide, 0).unwrap();
    let step = jit(move |state: &mut Training<Val, Adam>| state.step(&wide, |x, _| x.sum()));
    step(&mut state).unwrap();
    assert_eq!((state.model.dtype(), state.model.to_f64_vec()), (Dtype::BF16, vec![0.8984375]));
    assert_eq!(types(&state.optimizer), [Dtype::I32, Dtype::F32, Dtype::BF16]);
}

#[test]
fn chains_are_associative() {
    let run = |model: Params<Array>| bytes(&model);
    let (a, b, c) = (ClipByGlobalNorm::new(0.5), ScaleByAdam::new(), LearningRate::new(0.1));
    let start = || params([1.0, -2.0, 0.5], 3.0);
    fn trained<O: Optimizer>(optimizer: O, model: Params<Array>) -> Params<Array> {
        let mut state = TrainState::new(model, &optimizer, 0).unwrap();
        let step = jit(move |state: &mut Training<Params<Val>, O>, grads: &Params<Val>| {
            state.apply(&optimizer, grads)
        });
        (0..5).for_each(|t| step(&mut state, &grads(t)).unwrap());
        state.model
    }
    let flat = run(trained((a, b, c.clone()), start()));
    assert_eq!(run(trained(((a, b), c.clone()), start())), flat);
    assert_eq!(run(trained((a, (b, c.clone())), start())), flat);
    // Others do not commute: a clipped update is not the update of a clipped gradient.
    assert_ne!(run(trained((b, a, c), start())), flat);
}

#[test]
fn what_is_frozen_masked_or_gathered_keeps_every_bit() {
    let odd = || params([-0.0, f32::INFINITY, 1e-45], 3.0);
    let freeze = Partition::new(|path, _| usize::from(path == "b"), (Freeze, Adam::new(0.1)));
    let state = TrainState::new(odd(), &freeze, 0).unwrap();
    let after_freeze = after(&freeze, state, 0..3, Config::default());
    assert_eq!(after_freeze.model["a"].bytes(), odd()["a"].bytes());
    assert_ne!(after_freeze.model["b"], odd()["b"]);
    // No moments of what rests.
    let paths = after_freeze.optimizer.paths();
    assert!(paths.contains(&"1.direction.mean.b".to_owned()), "{paths:?}");
    assert!(paths.iter().all(|path| !path.ends_with(".a")), "{paths:?}");

    let last = (Sgd::new(0.1), Masked::new(|path, _| path == "a", Freeze));
    let state = TrainState::new(odd(), &last, 0).unwrap();
    let after_mask = after(&last, state, 0..3, Config::default());
    assert_eq!(after_mask.model["a"].bytes(), odd()["a"].bytes());

    let gather = MultiSteps::new(4, Adam::new(0.1));
    let state = TrainState::new(odd(), &gather, 0).unwrap();
    let gathered = after(&gather, state, 0..3, Config::default());
    assert_eq!(bytes(&gathered.model), bytes(&odd()));
    assert_eq!(gathered.optimizer.inner.rate.count, Array::from(0i32));
    let whole = after(&gather, gathered, 3..4, Config::default());
    assert_ne!(whole.model["b"], odd()["b"]);
    assert_eq!(whole.optimizer.gradient_step, Array::from(1i32));
    assert_eq!(whole.optimizer.mini_step, Array::from(0i32));
}

/// A scale and the running mean of what it saw.
#[derive(Tree, Clone, Debug)]
struct Running<T = Array> {
    scale: T,
    #[tree(buffer)]
    mean: T,
}

#[test]
fn buffers_are_nothing_to_optimizers() {
    let model = Running { scale: Array::from(1.0f32), mean: Array::from(-0.0f32) };
    let optimizer = (ClipByGlobalNorm::new(1.0), AdamW::new(0.1).with_decay(0.5), ParameterEma::new(0.5));
    type Own = (ClipByGlobalNorm, AdamW, ParameterEma);
    let mut state = TrainState::new(model, &optimizer, 0).unwrap();
    assert!(state.optimizer.paths().iter().all(|path| !path.contains("mean.mean")));
    let step = jit(move |state: &mut Training<Running<Val>, Own>| {
        // A gradient for the buffer too, which nobody looks at.
        let grads = Running {
            scale: Val::from(1.0).astype(Dtype::F32),
            mean: Val::from(f64::NAN).astype(Dtype::F32),
        };
        state.apply(&optimizer, &grads);
    });
    step(&mut state).unwrap();
    assert_eq!(state.model.mean.bytes(), Array::from(-0.0f32).bytes());
    assert!(state.model.scale.item::<f32>().unwrap() < 0.9);
    // The slow copy has the buffer as it is.
    let slow = state.optimizer.2.model(&state.model).unwrap();
    let scale = state.model.scale.item::<f32>().unwrap();
    assert_eq!(slow.mean.bytes(), state.model.mean.bytes());
    assert!((slow.scale.item::<f32>().unwrap() - (0.5 + 0.5 * scale)).abs() < 1e-6);
}

#[test]
fn the_rate_is_changed_and_read_without_a_new_trace() {
    let traced = Arc::new(AtomicUsize::new(0));
    let count = traced.clone();
    let sgd = Sgd::new(Polynomial::linear(1.0, 0.0, 4));
    let mut state = TrainState::new(Array::from(10.0f32), &sgd, 0).unwrap();
    let step = jit(move |state: &mut Training<Val, Sgd>| {
        count.fetch_add(1, Ordering::Relaxed);
        state.step(&sgd, |x, _| *x * 1.0)
    });
    let mut rates = vec![];
    for t in 0..4 {
        if t == 2 {
            state.optimizer.rate.scale = Array::from(0.5f64);
        }
        step(&mut state).unwrap();
        rates.push(state.optimizer.rate.last.item::<f64>().unwrap());
    }
    assert_eq!(rates, [1.0, 0.75, 0.25, 0.125]);
    assert_eq!(state.model, Array::from(10.0f32 - 2.125));
    assert_eq!(traced.load(Ordering::Relaxed), 1);
}

#[test]
fn counts_stop_at_their_largest_value() {
    let adam = Adam::new(0.1);
    let mut state = TrainState::new(Array::from(1.0f32), &adam, 0).unwrap();
    let last = Array::from(i32::MAX - 1);
    state.optimizer.direction.count = last.clone();
    state.optimizer.rate.count = last.clone();
    state.step = last;
    let step = jit(move |state: &mut Training<Val, Adam>, grads: &Val| state.apply(&adam, grads));
    for _ in 0..2 {
        step(&mut state, &Array::from(0.5f32)).unwrap();
        let counts = [&state.optimizer.direction.count, &state.optimizer.rate.count, &state.step];
        assert!(counts.iter().all(|count| **count == Array::from(i32::MAX)), "{counts:?}");
    }
    assert!(state.model.item::<f32>().unwrap() < 1.0);
}

#[test]
fn gradients_that_are_no_numbers_are_skipped_until_it_gives_up() {
    let optimizer = ApplyIfFinite::new(2, Sgd::new(1.0));
    let mut state = TrainState::new(Array::from([4.0f32, 5.0]), &optimizer, 0).unwrap();
    let step =
        jit(move |state: &mut Training<Val, ApplyIfFinite<Sgd>>, grads: &Val| state.apply(&optimizer, grads));
    let mut make = |x: f32| {
        step(&mut state, &Array::from([x, 1.0])).unwrap();
        let flags = &state.optimizer;
        let counts = [&flags.consecutive, &flags.total].map(|count| count.item::<i32>().unwrap());
        let flags = [&flags.last_finite, &flags.gave_up].map(|flag| flag.item::<bool>().unwrap());
        (state.model.to_vec::<f32>().unwrap(), counts, flags)
    };
    assert_eq!(make(1.0), (vec![3.0, 4.0], [0, 0], [true, false]));
    assert_eq!(make(f32::NAN), (vec![3.0, 4.0], [1, 1], [false, false]));
    assert_eq!(make(f32::INFINITY), (vec![3.0, 4.0], [2, 2], [false, false]));
    assert_eq!(make(1.0), (vec![2.0, 3.0], [0, 2], [true, false]));
    make(f32::NAN);
    make(f32::NAN);
    let (model, counts, flags) = make(f32::NAN);
    assert!(model[0].is_nan());
    assert_eq!((counts, flags), ([3, 5], [false, true]));
}

#[test]
fn small_batches_that_are_gathered_train_as_one_large_batch() {
    let trained = |every: usize, rows: usize| {
        let optimizer = MultiSteps::new(every, Sgd::new(0.1).with_momentum(0.9));
        let mut state = TrainState::new(Array::from(0.0f64), &optimizer, 0).unwrap();
        let step = jit(move |state: &mut Training<Val, MultiSteps<Sgd>>, x: &Val| {
            state.step(&optimizer, |w, _| (*w * x - 2.0).square().mean())
        });
        let data: Vec<f64> = (0..24).map(|i| 0.1 * f64::from(i)).collect();
        data.chunks(rows).for_each(|x| drop(step(&mut state, &Array::from(x.to_vec())).unwrap()));
        state.model.item::<f64>().unwrap()
    };
    let (small, large) = (trained(4, 2), trained(1, 8));
    assert!((small - large).abs() < 1e-12 && large != 0.0, "{small} {large}");
}

/// What a GAN trains: two models, each with an optimizer of its own.
#[derive(Tree)]
struct Gan<T = Array> {
    generator: TrainState<Params<T>, Descent<AdamState<T>, T>, T>,
    critic: TrainState<Params<T>, Descent<Option<Parameters<T>>, T>, T>,
}

#[test]
fn two_optimizers_train_two_parts_of_a_state() {
    let (adam, sgd) = (Adam::new(0.1).with_beta1(0.5), Sgd::new(0.1));
    let mut gan = Gan {
        generator: TrainState::new(params([1.0, 2.0, 3.0], 1.0), &adam, 0).unwrap(),
        critic: TrainState::new(params([3.0, 1.0, 2.0], 1.0), &sgd, 1).unwrap(),
    };
    let made = |generator: &Params<Val>| generator["a"] * generator["b"];
    let score = |critic: &Params<Val>, x: &Val| (critic["a"] * x).sum() + critic["b"];
    let step = jit(move |gan: &mut Gan<Val>, real: &Val| {
        let fake = made(&gan.generator.model);
        gan.critic.step(&sgd, |critic, _| score(critic, &fake) - score(critic, real));
        let critic = gan.critic.model.clone();
        gan.generator.step(&adam, |generator, _| -score(&critic, &made(generator)))
    });
    step(&mut gan, &Array::from([0.0f32; 3])).unwrap();
    // The critic falls along the fake, the generator climbs along the critic as it is by then.
    assert_eq!(gan.critic.model["a"].to_vec::<f32>().unwrap(), [2.9, 0.8, 1.7]);
    let generator = gan.generator.model["a"].to_vec::<f32>().unwrap();
    assert!(generator.iter().zip([1.1, 2.1, 3.1]).all(|(g, e)| (g - e).abs() < 1e-5), "{generator:?}");
}

#[test]
fn clipping_by_norm_is_for_each_parameter_and_keeps_what_is_no_number() {
    let sgd = (ClipByNorm::new(1.0), Sgd::new(1.0));
    let mut state = TrainState::new(params([0.0; 3], 0.0), &sgd, 0).unwrap();
    let step = jit(move |state: &mut Training<Params<Val>, (ClipByNorm, Sgd)>, grads: &Params<Val>| {
        state.apply(&sgd, grads)
    });
    step(&mut state, &params([-3.0, 0.0, -4.0], -0.5)).unwrap();
    let near = |found: &[f32], expected: &[f32]| {
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-6), "{found:?}");
    };
    near(&state.model["a"].to_vec::<f32>().unwrap(), &[0.6, 0.0, 0.8]);
    near(&state.model["b"].to_vec::<f32>().unwrap(), &[0.5]);
    step(&mut state, &params([f32::NAN, 0.0, 0.0], 0.0)).unwrap();
    assert!(state.model["a"].to_vec::<f32>().unwrap()[0].is_nan());
}

#[test]
fn a_slow_copy_forgets_its_beginning_sooner_with_a_warm_up() {
    let slow = |ema: ParameterEma| {
        let optimizer = (Sgd::new(1.0), ema);
        let mut state = TrainState::new(Array::from(0.0f64), &optimizer, 0).unwrap();
        let step = jit(move |state: &mut Training<Val, (Sgd, ParameterEma)>| {
            state.step(&optimizer, |x, _| -*x * 1.0)
        });
        (0..3).for_each(|_| drop(step(&mut state).unwrap()));
        state.optimizer.1.average.leaves()[0].item::<f64>().unwrap()
    };
    // 0, then 1, 2, 3.
    let plain = 0.1 * (3.0 + 0.9 * 2.0 + 0.81);
    assert!((slow(ParameterEma::new(0.9)) - plain).abs() < 1e-12);
    let mut warm = 0.0;
    for t in 0..3 {
        let decay = (1.0 + f64::from(t)) / (10.0 + f64::from(t));
        warm = decay * warm + (1.0 - decay) * f64::from(t + 1);
    }
    assert!((slow(ParameterEma::new(0.9).with_warm_up()) - warm).abs() < 1e-12);
}

#[test]
fn parameters_of_another_structure_are_refused_and_the_state_is_untouched() {
    let model = vec![Array::from(1.0f32)];
    let sgd = Sgd::new(0.1);
    let mut state = TrainState::new(model, &sgd, 0).unwrap();
    let step = jit(move |state: &mut Training<Vec<Val>, Sgd>, grads: &Vec<Val>| state.apply(&sgd, grads));
    let error = step(&mut state, &vec![Array::from(1.0f32), Array::from(2.0f32)]).unwrap_err().to_string();
    assert!(error.contains("1 parameters (0) and 2 gradients (0, 1)"), "{error}");
    assert_eq!(state.model, [Array::from(1.0f32)]);
}

/// What starting, or a first update, says.
fn refused<O: Optimizer>(optimizer: O) -> String {
    let model = || params([1.0, 2.0, 3.0], 4.0);
    let started = TrainState::new(model(), &optimizer, 0);
    let updated = started.and_then(|mut state| {
        let step = jit(move |state: &mut Training<Params<Val>, O>, grads: &Params<Val>| {
            state.apply(&optimizer, grads)
        });
        step(&mut state, &model())
    });
    let error = updated.unwrap_err().to_string();
    assert!(error.contains("tests.rs"), "{error}");
    error
}

#[test]
fn options_that_cannot_be_are_refused_in_words() {
    let says = |error: String, words: &str| assert!(error.contains(words), "{error}");
    says(refused(MultiSteps::new(0, Sgd::new(0.1))), "every 0 calls; give at least 1");
    let partition = Partition::new(|path, _| if path == "b" { 2 } else { 0 }, (Freeze, Sgd::new(0.1)));
    says(refused(partition), "the label of `b` is 2, and the partition has 2 optimizers");
    says(refused(ScaleByLbfgs::new().with_memory(0)), "a memory of 0 differences");
    says(refused(Sgd::new(Cosine::new(0.1, 0))), "a cosine over 0 steps; give at least 1");
    says(refused(Sgd::new(WarmUpCosine::new(0.1, 10, 10))), "10 steps with a warm-up of 10 leave none");
    says(refused(Sgd::new(Exponential::new(0.1, -1.0, 10))), "a rate of -1 over 10 steps");
    says(refused(Sgd::new(OneCycle::new(0.1, 2))), "the parts of one cycle meet at steps 0, 0, 2");
    says(
        refused(Sgd::new(Schedule::new(|t| gradus::stack([t, t], 0)))),
        "the rate is f64[2], expected a scalar",
    );
    let complex = Array::from(gradus::Complex::new(1.0f32, 2.0));
    let error = Lbfgs::new().start(&complex).unwrap_err().to_string();
    says(error, "is complex64[]; L-BFGS is for real numbers");
}

#[test]
fn lbfgs_minimizes_a_model_with_buffers_over_data_in_f32() {
    let model = Running { scale: Array::from(0.0f32), mean: Array::from(5.0f32) };
    let fit = jit(|model: &Running<Val>, x: &Val, y: &Val| {
        Lbfgs::new().minimize(model, |model| (model.scale * (x - model.mean) - y).square().mean())
    });
    let (x, y) = (Array::from([6.0f32, 7.0, 9.0]), Array::from([3.0f32, 6.0, 12.0]));
    let minimum = fit(&model, &x, &y).unwrap();
    assert!(minimum.converged.item::<bool>().unwrap(), "{minimum:?}");
    assert!((minimum.model.scale.item::<f32>().unwrap() - 3.0).abs() < 1e-5);
    assert_eq!(minimum.model.mean, Array::from(5.0f32));
    // At a minimum already there is nothing to do; a loss that is no number ends at once.
    let again = fit(&minimum.model, &x, &y).unwrap();
    assert_eq!(again.iterations, Array::from(0i32));
    let nan = Running { scale: Array::from(f32::NAN), ..model };
    let lost = fit(&nan, &x, &y).unwrap();
    assert!(!lost.converged.item::<bool>().unwrap());
    assert!(lost.iterations.item::<i32>().unwrap() <= 1000);
}

#[test]
fn lbfgs_of_many_problems_at_once_is_that_of_each() {
    let found = |p: &Val| {
        let loss = |p: &Val| (p.at(1) - p.at(0).square()).square() * 10.0 + (1.0 - p.at(0)).square();
        Lbfgs::new().with_tolerance(1e-8).minimize(p, loss)
    };
    let starts = [[-1.2f64, 1.0], [0.3, -2.0], [1.0, 1.0]];
    let all = jit(gradus::vmap(found))(&Array::from(starts)).unwrap();
    assert_eq!(all.converged.to_vec::<bool>().unwrap(), [true; 3]);
    let lanes = all.model.to_vec::<f64>().unwrap();
    for (lane, start) in starts.into_iter().enumerate() {
        let own = jit(found)(&Array::from(start)).unwrap();
        let (iterations, evaluations) = (own.iterations.item::<i32>(), own.evaluations.item::<i32>());
        assert_eq!(all.iterations.to_vec::<i32>().unwrap()[lane], iterations.unwrap());
        assert_eq!(all.evaluations.to_vec::<i32>().unwrap()[lane], evaluations.unwrap());
        for (own, lane) in own.model.to_vec::<f64>().unwrap().into_iter().zip(&lanes[2 * lane..]) {
            assert!((own - lane).abs() < 1e-9, "{own} {lane}");
        }
    }
}

#[test]
fn schedules_are_drawn_and_joined() {
    let rise = Schedule::from(0.5).with_warm_up(2);
    assert_eq!(rise.values(4).unwrap(), [0.0, 0.25, 0.5, 0.5]);
    assert_eq!(
        rise.scaled(2.0).then(3, Piecewise::new(8.0, [(1, 0.5)])).values(5).unwrap(),
        [0.0, 0.5, 1.0, 8.0, 4.0]
    );
    assert!(rise.values(0).unwrap().is_empty());
    assert_eq!(Schedule::from(Polynomial::linear(1.0, 0.25, 0)).values(1).unwrap(), [0.25]);
    assert_eq!(format!("{:?}", Adam::new(0.1)).matches("Schedule(constant)").count(), 1);
}
