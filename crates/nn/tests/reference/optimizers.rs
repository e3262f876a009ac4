//! Optimizers and schedules against optax 0.2.8 in f64: 20 steps from given gradients.

use std::collections::BTreeMap;

use gradus::{Array, Complex, Result, Tree, Val, concatenate, jit};
use gradus_nn::*;
use safetensors::SafeTensors;

const FILE: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/optimizers.safetensors"));
const STEPS: usize = 20;

type Model<T> = BTreeMap<String, T>;

/// The tensor of that name, with its shape.
fn tensor(name: &str) -> (Vec<usize>, Vec<f64>) {
    let file = SafeTensors::deserialize(FILE).unwrap();
    let view = file.tensor(name).unwrap();
    let numbers = view.data().chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
    (view.shape().to_vec(), numbers)
}

fn array(name: &str) -> Array {
    let (shape, data) = tensor(name);
    Array::new(shape, data).unwrap()
}

fn model() -> Model<Array> {
    ["b", "w"].map(|name| (name.to_owned(), array(&format!("params.{name}")))).into()
}

/// The gradients of one step, `b` from the tensor of that name.
fn grads(step: usize, b: &str) -> Model<Array> {
    let part = |name: &str| {
        let (shape, data) = tensor(name);
        let size: usize = shape[1..].iter().product();
        Array::new(shape[1..].to_vec(), &data[step * size..][..size]).unwrap()
    };
    [("b".to_owned(), part(b)), ("w".to_owned(), part("grads.w"))].into()
}

/// Every number is within `tolerance` of the largest.
fn near(name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().filter(|x| x.is_finite()).fold(0.0f64, |most, x| most.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let both = found.is_nan() && expected.is_nan() || found == expected;
        let error = (found - expected).abs() / largest;
        assert!(both || error <= tolerance, "{name}: {found} is not {expected} at {i}, by {error:e}");
    }
}

fn run<O: Optimizer>(
    optimizer: O,
    params: Model<Array>,
    grads: impl Fn(usize) -> Model<Array>,
) -> Vec<Array> {
    let mut state = TrainState::new(params, &optimizer, 0).unwrap();
    let step =
        jit(move |state: &mut Training<Model<Val>, O>, grads: &Model<Val>| state.apply(&optimizer, grads));
    let mut rows = vec![];
    for t in 0..STEPS {
        step(&mut state, &grads(t)).unwrap();
        rows.extend(state.model.values().cloned());
    }
    rows
}

fn check<O: Optimizer>(name: &str, optimizer: O) {
    check_from(name, "grads.b", optimizer);
}

fn check_from<O: Optimizer>(name: &str, b: &str, optimizer: O) {
    let rows = run(optimizer, model(), |t| grads(t, b));
    let found: Vec<f64> = rows.iter().flat_map(|leaf| leaf.to_vec::<f64>().unwrap()).collect();
    near(name, &found, &tensor(&format!("optimizer.{name}")).1, 1e-9);
}

fn warm() -> WarmUpCosine {
    WarmUpCosine::new(0.1, 5, 20).with_end(0.01)
}

fn is_matrix(_: &str, leaf: &Val) -> bool {
    leaf.rank() > 1
}

/// 0 for `b`, 1 for `w`.
fn label(path: &str, _: &Val) -> usize {
    usize::from(path == "w")
}

#[test]
fn descent_with_momentum() {
    check("sgd", Sgd::new(0.1));
    check("momentum", Sgd::new(0.1).with_momentum(0.9));
    check("nesterov", Sgd::new(warm()).with_nesterov(0.8));
}

#[test]
fn adam_and_its_kin() {
    check("adam", Adam::new(0.1));
    let options =
        Adam::new(warm()).with_beta1(0.8).with_beta2(0.95).with_epsilon(1e-3).with_epsilon_root(1e-4);
    check("adam.options", options);
    check("nadam", Nadam::new(0.1));
    check("nadam.options", Nadam::new(0.05).with_beta1(0.7).with_beta2(0.9).with_epsilon(1e-5));
    check("adamw", AdamW::new(0.1));
    check("adamw.mask", AdamW::new(0.1).with_decay(0.2).with_mask(is_matrix));
    check("nadamw", AdamW::new(0.1).with_decay(0.01).nesterov());
    check("amsgrad", AmsGrad::new(0.1));
    check("amsgrad.options", AmsGrad::new(0.1).with_beta2(0.9).with_correction(false, false));
}

#[test]
fn rmsprop_in_all_forms() {
    check("rmsprop", RmsProp::new(0.1));
    let centered = RmsProp::new(0.05).with_decay(0.8).centered().with_epsilon(1e-3).with_momentum(0.9);
    check("rmsprop.centered", centered);
    let outside = RmsProp::new(warm()).with_epsilon_outside().with_epsilon(1e-4).with_start(0.5);
    check("rmsprop.outside", outside.with_nesterov(0.7));
    check("rmsprop.corrected", RmsProp::new(0.1).with_correction().with_epsilon(1e-2));
    check("rmsprop.centered.corrected", RmsProp::new(0.1).centered().with_correction().with_epsilon(1e-2));
}

#[test]
fn adagrad_adadelta_and_lion() {
    check("adagrad", Adagrad::new(0.1));
    check("adagrad.options", Adagrad::new(warm()).with_start(0.0).with_epsilon(1e-5));
    check("adadelta", Adadelta::new(1.0));
    let options = Adadelta::new(0.5).with_rho(0.95).with_epsilon(1e-4).with_decay(0.1).with_mask(is_matrix);
    check("adadelta.options", options);
    check("lion", Lion::new(0.01));
    let options = Lion::new(warm()).with_beta1(0.95).with_beta2(0.98).with_decay(0.1).with_mask(is_matrix);
    check("lion.options", options);
}

#[test]
fn chains() {
    check("clip", (Clip::new(0.5), Sgd::new(0.1)));
    check("clip.block_rms", (ClipByBlockRms::new(0.5), Sgd::new(0.1)));
    check("clip.global_norm", (ClipByGlobalNorm::new(1.5), Sgd::new(0.1)));
    check("clip.global_norm.wide", (ClipByGlobalNorm::new(8.0), Adam::new(0.1)));
    check("l2", (AddDecayedWeights::new(0.3).masked(is_matrix), Sgd::new(0.1)));
    let falling = LearningRate::new(Schedule::new(|t| -0.1 / (t + 1))).ascent();
    check("chain", (Trace::new(0.5), Scale::new(0.5), falling));
}

#[test]
fn optimizers_of_optimizers() {
    check("multi_steps", MultiSteps::new(3, Adam::new(0.1)));
    check("masked", (Masked::new(is_matrix, ScaleByAdam::new()), Scale::new(-0.1)));
    check("partition", Partition::new(label, (Adam::new(0.1), Sgd::new(0.01).with_momentum(0.9))));
    check("frozen", Partition::new(label, (Freeze, AdamW::new(0.1))));
    check_from("apply_if_finite", "faulty.b", ApplyIfFinite::new(5, Adam::new(0.1)));
}

/// As the script does: `x + i roll(x, 1)` of parameters.
fn complex_model() -> Model<Array> {
    let complex = |array: &Array| {
        let x = array.to_vec::<f64>().unwrap();
        let n = x.len();
        let data: Vec<Complex<f64>> = (0..n).map(|i| Complex::new(x[i], x[(i + n - 1) % n])).collect();
        Array::new(array.shape(), data).unwrap()
    };
    model().map(complex)
}

/// And `x − i/2 flip(x)` of gradients, along the last axis.
fn complex_grads(step: usize) -> Model<Array> {
    let complex = |array: &Array| {
        let x = array.to_vec::<f64>().unwrap();
        let flipped = |i: usize| x[i / 3 * 3 + 2 - i % 3];
        let data: Vec<Complex<f64>> = (0..x.len()).map(|i| Complex::new(x[i], -0.5 * flipped(i))).collect();
        Array::new(array.shape(), data).unwrap()
    };
    grads(step, "grads.b").map(complex)
}

fn check_complex<O: Optimizer>(name: &str, optimizer: O) {
    let rows = run(optimizer, complex_model(), complex_grads);
    let all: Vec<Complex<f64>> = rows.iter().flat_map(|leaf| leaf.to_vec().unwrap()).collect();
    let (real, imag): (Vec<f64>, Vec<f64>) = all.iter().map(|z| (z.re, z.im)).unzip();
    near(name, &real, &tensor(&format!("complex.{name}.real")).1, 1e-9);
    near(name, &imag, &tensor(&format!("complex.{name}.imag")).1, 1e-9);
}

#[test]
fn complex_parameters() {
    check_complex("adam", Adam::new(0.1));
    check_complex("nesterov", Sgd::new(0.1).with_nesterov(0.9));
    check_complex("rmsprop.centered", RmsProp::new(0.05).centered().with_epsilon(1e-2));
    check_complex("adagrad", Adagrad::new(0.1));
    check_complex("lion", Lion::new(0.1));
    check_complex("adadelta", Adadelta::new(1.0));
    check_complex("clip.global_norm", (ClipByGlobalNorm::new(1.5), Sgd::new(0.1)));
}

#[test]
fn schedules() {
    let check = |name: &str, schedule: Schedule| {
        near(name, &schedule.values(40).unwrap(), &tensor(&format!("schedule.{name}")).1, 1e-12);
    };
    check("constant", 0.3.into());
    check("linear", Polynomial::linear(1.0, 0.1, 10).with_begin(5).into());
    check("polynomial", Polynomial::new(0.1, 2.0, 15, 3.0).into());
    check("cosine", Cosine::new(0.5, 20).into());
    check("cosine.options", Cosine::new(0.5, 20).with_alpha(0.1).with_exponent(2.0).into());
    check("warm_up_cosine", warm().into());
    let options = WarmUpCosine::new(0.2, 8, 30).with_start(0.02).with_end(0.05).with_exponent(1.5);
    check("warm_up_cosine.options", options.into());
    check("exponential", Exponential::new(0.5, 0.6, 7).into());
    let staircase = Exponential::new(0.5, 0.6, 7).with_begin(3).staircase().with_end(0.15);
    check("exponential.staircase", staircase.into());
    check("exponential.rise", Exponential::new(0.01, 1.5, 4).with_end(0.2).into());
    check("piecewise", Piecewise::new(1.0, [(5, 0.5), (20, 0.1)]).into());
    check("one_cycle", OneCycle::new(0.4, 30).into());
    let options = OneCycle::new(0.4, 30).with_rise(0.25).with_divisor(10.0).with_last_divisor(100.0);
    check("one_cycle.options", options.into());
    check("one_cycle.linear", OneCycle::new(0.4, 30).linear().into());
    let options = OneCycle::new(0.4, 33).with_rise(0.2).with_fall(0.7).with_divisor(5.0);
    check("one_cycle.linear.options", options.with_last_divisor(50.0).into());
    let joined = Schedule::from(Polynomial::linear(0.0, 1.0, 6)).then(6, 1.0);
    check("joined", joined.then(12, Exponential::new(1.0, 0.5, 5)));
}

fn rosenbrock(model: &Model<Val>) -> Val {
    let x = concatenate(model.values().map(|leaf| leaf.ravel()).collect::<Vec<_>>(), 0);
    let n = x.size() as i64;
    let (low, high) = (x.slice(gradus::s![..n - 1]), x.slice(gradus::s![1..]));
    (100.0 * (high - low.square()).square() + (1.0 - low).square()).sum()
}

/// The trajectory of steps of one's own, and the minimum found in one call.
fn check_lbfgs(name: &str, lbfgs: Lbfgs, tolerance: f64) -> Result<()> {
    let mut run = (model(), lbfgs.start(&model())?);
    let own = lbfgs.clone();
    let step =
        jit(move |run: &mut (Model<Val>, LbfgsState<Val>)| own.step(&mut run.0, &mut run.1, rosenbrock));
    let mut found = vec![];
    for _ in 0..STEPS {
        let before = jit(rosenbrock)(&run.0)?.item::<f64>()?;
        let told = step(&mut run)?.item::<f64>()?;
        assert!((told - before).abs() <= 1e-9 * before.abs().max(1e-9), "{name}: {told} is not {before}");
        found.extend(run.0.values().flat_map(|leaf| leaf.to_vec::<f64>().unwrap()));
    }
    near(name, &found, &tensor(&format!("lbfgs.{name}")).1, tolerance);
    Ok(())
}

#[test]
fn lbfgs_with_line_searches() -> Result<()> {
    check_lbfgs("zoom", Lbfgs::new(), 1e-6)?;
    let zoom = Zoom {
        max_evaluations: 30,
        max_step: Some(2.0),
        curvature_tolerance: 0.3,
        increase: 3.0,
        ..Zoom::default()
    };
    let options = Lbfgs::new().with_memory(3).without_scale().with_line_search(LineSearch::Zoom(zoom));
    check_lbfgs("zoom.options", options, 1e-6)?;
    let backtracking = Backtracking { max_evaluations: 25, decrease: 0.5, ..Backtracking::default() };
    let options = Lbfgs::new().with_memory(5).with_line_search(LineSearch::Backtracking(backtracking));
    check_lbfgs("backtracking", options.clone(), 1e-6)?;
    check_lbfgs("none", Lbfgs::new().with_line_search(LineSearch::Constant(0.1)), 1e-6)?;

    for lbfgs in [Lbfgs::new(), options] {
        let lbfgs = lbfgs.with_tolerance(1e-9);
        let minimum = jit(move |model: &Model<Val>| lbfgs.minimize(model, rosenbrock))(&model())?;
        assert!(minimum.converged.item::<bool>()?, "{minimum:?}");
        // The other minimum, near [-1, 1, .., 1], has the value 3.98...
        let all: Vec<f64> = minimum.model.leaves().iter().flat_map(|leaf| leaf.to_vec().unwrap()).collect();
        let value = minimum.value.item::<f64>()?;
        let global = all.iter().all(|x| (x - 1.0).abs() < 1e-6) && value < 1e-12;
        let local = (all[0] + 1.0).abs() < 0.1 && (3.5..4.2).contains(&value);
        assert!(global || local, "{all:?} {value}");
    }
    Ok(())
}

/// The parameters after five updates in f32, as optax makes them with 64-bit types off.
fn check_f32<O: Optimizer>(optimizer: O, expected: [f32; 4]) {
    let params = |a: [f32; 3], b: f32| -> Model<Array> {
        [("a".to_owned(), Array::from(a)), ("b".to_owned(), Array::from(b))].into()
    };
    let mut state = TrainState::new(params([1.0, -2.0, 0.5], 3.0), &optimizer, 0).unwrap();
    let step =
        jit(move |state: &mut Training<Model<Val>, O>, grads: &Model<Val>| state.apply(&optimizer, grads));
    for t in 0..5 {
        let t = t as f32;
        step(&mut state, &params([0.1 * (t + 1.0), -0.3, 1e-4 * (t - 2.0)], 2.0 - 0.5 * t)).unwrap();
    }
    let found: Vec<f32> = state.model.values().flat_map(|leaf| leaf.to_vec::<f32>().unwrap()).collect();
    for (found, expected) in found.into_iter().zip(expected) {
        // Each operation rounds once, so five updates agree within a few units in the last place.
        assert!((found - expected).abs() <= 8.0 * f32::EPSILON * expected.abs(), "{found} is not {expected}");
    }
}

#[test]
fn updates_in_f32_round_as_those_of_optax() {
    check_f32(Sgd::new(0.1), [0.85, -1.850_000_1, 0.5, 2.5]);
    check_f32(Sgd::new(0.1).with_momentum(0.9), [0.682_969_03, -1.605_676_9, 0.500_077_37, 1.299_13]);
    check_f32(Sgd::new(0.1).with_nesterov(0.9), [0.564_672_1, -1.495_109_2, 0.500_069_7, 0.969_216_94]);
    check_f32(Adam::new(0.01), [0.951_492_1, -1.950_000_4, 0.528_054_5, 2.954_782_2]);
    check_f32(AdamW::new(0.01), [0.951_487_1, -1.949_990_5, 0.528_051_85, 2.954_767_7]);
}
