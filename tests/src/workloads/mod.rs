//! The programs that gradus measures itself on, by the names of the table of peers.
//!
//! `cargo xtask bench` runs them all with the machine's limits and the peers; `cargo bench` a few of them.

mod models;

use gradus::{
    Array, Dtype, Jitted, Shape, Tree, Type, Val, fori_loop, grad, jit, keep, scan, stack, trace, zeros,
};
use gradus_nn::data::Dataset;
use gradus_nn::{Adam, Dense, Keys, TrainState, Training, cross_entropy, init};

/// What bounds a workload.
#[derive(Clone, Debug)]
pub enum Limit {
    /// Nothing that a machine states: overheads.
    None,
    /// The peak of fused multiply-adds of two threads.
    Flops,
    /// Memory, as the request to the C program of `benches/limits.c` says.
    Memory(String),
    /// The same loop in C, as the request to `benches/loops.c` says.
    Loop(String),
}

/// One workload.
pub struct Workload {
    /// Its name in the table of peers.
    pub name: &'static str,
    /// Floating-point operations of one run, where they are what counts.
    pub flops: f64,
    /// Bytes moved by one run, where they are what counts.
    pub bytes: f64,
    /// What bounds it.
    pub limit: Limit,
    /// Untimed runs before the first timed one.
    pub warm_up: usize,
    /// Timed runs at least.
    pub least_runs: usize,
    /// Makes the data and the function to time.
    pub prepare: Box<dyn Fn() -> Box<dyn FnMut()>>,
}

impl Workload {
    fn new(name: &'static str, prepare: impl Fn() -> Box<dyn FnMut()> + 'static) -> Workload {
        Workload {
            name,
            flops: 0.0,
            bytes: 0.0,
            limit: Limit::None,
            warm_up: 3,
            least_runs: 20,
            prepare: Box::new(prepare),
        }
    }
    fn flops(self, flops: f64) -> Workload {
        Workload { flops, limit: Limit::Flops, ..self }
    }
    fn bytes(self, bytes: f64) -> Workload {
        Workload { bytes, ..self }
    }
    fn limit(self, request: String) -> Workload {
        Workload { limit: Limit::Memory(request), ..self }
    }
    fn loop_in_c(self, request: &str) -> Workload {
        Workload { limit: Limit::Loop(request.into()), ..self }
    }
    fn runs(self, warm_up: usize, least_runs: usize) -> Workload {
        Workload { warm_up, least_runs, ..self }
    }
}

/// Every workload, in the order of the table.
pub fn all() -> Vec<Workload> {
    let mut all = vec![
        Workload::new("W1_mnist_mlp_train_step", || Box::new(train_step())),
        Workload::new("W1_mnist_mlp_epoch", || Box::new(train_epoch())).runs(1, 5),
    ];
    for (n, suffix) in [(10_000, 0), (1_000_000, 1), (16_000_000, 2)] {
        all.extend(elementwise(n, suffix));
    }
    let n = 16_000_000;
    let streams = |k: usize| (4 * k * n) as f64;
    all.push(
        Workload::new("W2f_add_n1.6e7", move || Box::new(add(n)))
            .bytes(streams(3))
            .limit(format!("add {n} 2")),
    );
    all.push(
        Workload::new("W2g_sum_n1.6e7", move || Box::new(sum(n)))
            .bytes(streams(1))
            .limit(format!("read {n} 2")),
    );
    for (n, name) in [
        (128, "W3_matmul_f32_128"),
        (256, "W3_matmul_f32_256"),
        (512, "W3_matmul_f32_512"),
        (1024, "W3_matmul_f32_1024"),
        (2048, "W3_matmul_f32_2048"),
    ] {
        all.push(Workload::new(name, move || Box::new(matmul(n))).flops(2.0 * (n as f64).powi(3)));
    }
    all.extend(models::all());
    let lstm_flops = (2 * STEPS * BATCH * (INPUTS + HIDDEN) * 4 * HIDDEN) as f64;
    all.push(Workload::new("W6_lstm_fwd", || Box::new(lstm_forward())).flops(lstm_flops));
    all.push(Workload::new("W6_lstm_fwd_bwd_sgd", || Box::new(lstm_step())).flops(3.0 * lstm_flops));
    all.push(Workload::new("W6_lstm_small_loop1e3", || Box::new(lstm_small_loop())));
    all.push(Workload::new("W6_lstm_small_cell1e3", || Box::new(lstm_small_cell())));
    all.push(Workload::new("W7_loop1e6", || Box::new(decay())).loop_in_c("decay 1000000"));
    all.push(Workload::new("W7_lorenz1e5", || Box::new(lorenz())).loop_in_c("lorenz 100000"));
    all.push(Workload::new("W7_lorenz1e5_vector", || Box::new(lorenz_vector())).loop_in_c("lorenz 100000"));
    all.push(Workload::new("W7_dispatch", || Box::new(dispatch())));
    all.push(Workload::new("W8_first_call_mlp", || Box::new(first_call())).runs(0, 9));
    all.push(Workload::new("W8_compile_10k", || Box::new(compile_10k())).runs(0, 5));
    all
}

/// Numbers between -1 and 1, the same for the same seed.
pub fn noise(shape: impl Into<Shape>, seed: u64) -> Array {
    let shape = shape.into();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let numbers = (0..shape.size()).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    });
    let numbers: Vec<f64> = numbers.collect();
    Array::from_f64(&Type::new(Dtype::F32, shape), numbers)
}

const UNWRAP: &str = "the workloads are right programs";

// ------------------------------------------------------------ W1: MNIST

/// The 784-128-64-10 network of the MNIST example.
#[derive(Tree, Clone)]
pub struct Mlp<T = Array> {
    hidden1: Dense<T>,
    hidden2: Dense<T>,
    out: Dense<T>,
}

impl Mlp<Val> {
    fn new(keys: &Keys) -> Mlp<Val> {
        let dense = |n, m| Dense::new(keys, n, m);
        Mlp { hidden1: dense(784, 128), hidden2: dense(128, 64), out: dense(64, 10) }
    }
    fn apply(&self, x: &Val) -> Val {
        let h = self.hidden1.apply(x).relu();
        let h = self.hidden2.apply(&h).relu();
        self.out.apply(&h)
    }
}

fn loss(model: &Mlp<Val>, x: &Val, y: &Val) -> Val {
    cross_entropy(&model.apply(x), y)
}

type State = Training<Mlp<Val>, Adam>;
type Step = Jitted<fn(&mut State, &Val, &Val) -> Val>;

/// The train step of the MNIST example, not compiled yet, and a first state.
pub fn mlp_step() -> (Step, gradus::Data<State>) {
    let optimizer = Adam::new(1e-3);
    let model = init(0, Mlp::new).expect(UNWRAP);
    let state = TrainState::new(model, &optimizer, 0).expect(UNWRAP);
    (step(optimizer), state)
}

fn step(optimizer: Adam) -> Step {
    jit(move |state: &mut State, x: &Val, y: &Val| state.step(&optimizer, |model, _| loss(model, x, y)))
}

/// Images and labels like MNIST's, for timing: `[n, 784]` f32, `[n]` i32.
fn examples(n: usize) -> (Array, Array) {
    let labels: Vec<i32> = (0..n).map(|i| (i * 7 % 10) as i32).collect();
    (noise([n, 784], 1), Array::from(labels))
}

fn train_step() -> impl FnMut() {
    let (step, mut state) = mlp_step();
    let (x, y) = examples(32);
    move || {
        step(&mut state, &x, &y).expect(UNWRAP);
    }
}

/// A permutation of `0..n`, another for each epoch.
fn order(n: usize, epoch: u64) -> Vec<usize> {
    let mut keyed: Vec<(u64, usize)> =
        (0..n).map(|i| ((i as u64 + 1).wrapping_mul(epoch * 2 + 0x9E37_79B9_7F4A_7C15), i)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, i)| i).collect()
}

/// 1,500 steps on shuffled batches of 32, gathered on the host as the example's `fit` does.
fn train_epoch() -> impl FnMut() {
    let (step, mut state) = mlp_step();
    let (images, labels) = examples(48_000);
    let data = Dataset::new(images, labels).expect(UNWRAP);
    let loader = data.loader(32).expect(UNWRAP).ordered_by(|epoch| order(48_000, epoch));
    let mut epoch = 0;
    move || {
        epoch += 1;
        for batch in loader.epoch(epoch) {
            let (x, y) = batch.expect(UNWRAP).examples;
            step(&mut state, &x, &y).expect(UNWRAP);
        }
    }
}

// ------------------------------------------------------ W2: elementwise

fn elementwise(n: usize, suffix: usize) -> Vec<Workload> {
    let names = |all: [&'static str; 3]| all[suffix];
    let streams = |k: usize| (4 * k * n) as f64;
    vec![
        Workload::new(names(["W2a_gelu_n1e4", "W2a_gelu_n1e6", "W2a_gelu_n1.6e7"]), move || {
            let f = jit(|x: &Val, w: &Val, b: &Val| (x * w + b).gelu());
            let (x, w, b) = (noise([n], 2), Array::scalar(1.1f32), Array::scalar(0.1f32));
            Box::new(move || drop(f(&x, &w, &b).expect(UNWRAP)))
        })
        .bytes(streams(2)),
        Workload::new(names(["W2b_softmax_n1e4", "W2b_softmax_n1e6", "W2b_softmax_n1.6e7"]), move || {
            let f = jit(|x: &Val| x.softmax(-1));
            let x = noise([n / 1000, 1000], 2);
            Box::new(move || drop(f(&x).expect(UNWRAP)))
        })
        .bytes(streams(2)),
        Workload::new(
            names(["W2c_layernorm_n1e4", "W2c_layernorm_n1e6", "W2c_layernorm_n1.6e7"]),
            move || {
                let f = jit(layer_norm);
                let (x, g, b) =
                    (noise([n / 1024, 1024], 2), Array::full([1024], 1.1f32), Array::full([1024], 0.1f32));
                Box::new(move || drop(f(&x, &g, &b).expect(UNWRAP)))
            },
        )
        .bytes(streams(2)),
        Workload::new(names(["W2d_dot_n1e4", "W2d_dot_n1e6", "W2d_dot_n1.6e7"]), move || {
            let f = jit(|x: &Val, y: &Val| (x * y).sum());
            let (x, y) = (noise([n], 2), noise([n], 3));
            Box::new(move || drop(f(&x, &y).expect(UNWRAP)))
        })
        .bytes(streams(2)),
        Workload::new(names(["W2e_chain_n1e4", "W2e_chain_n1e6", "W2e_chain_n1.6e7"]), move || {
            let f = jit(|x: &Val| (x.sin() * (-(x * x)).exp()).tanh());
            let x = noise([n], 2);
            Box::new(move || drop(f(&x).expect(UNWRAP)))
        })
        .bytes(streams(2)),
    ]
}

fn layer_norm(x: &Val, g: &Val, b: &Val) -> Val {
    let centred = x - x.mean_axes(keep(-1));
    let variance = (centred * centred).mean_axes(keep(-1));
    centred * (variance + 1e-5).rsqrt() * g + b
}

fn add(n: usize) -> impl FnMut() {
    let f = jit(|x: &Val, y: &Val| x + y);
    let (x, y) = (noise([n], 2), noise([n], 3));
    move || drop(f(&x, &y).expect(UNWRAP))
}

fn sum(n: usize) -> impl FnMut() {
    let f = jit(|x: &Val| x.sum());
    let x = noise([n], 2);
    move || drop(f(&x).expect(UNWRAP))
}

// ------------------------------------------------------------- W6: LSTM

const INPUTS: usize = 64;
const HIDDEN: usize = 128;
const STEPS: usize = 256;
const BATCH: usize = 16;

/// Of the input, of the state, and biases.
pub(crate) type Weights<V> = (V, V, V);

/// The hidden states of all steps.
pub(crate) fn lstm(p: &Weights<Val>, x: &Val) -> Val {
    let (input, recurrent, bias) = *p;
    let driven = x.dot(input) + bias;
    let zero = zeros([BATCH, HIDDEN], Dtype::F32);
    scan((zero, zero), &driven, |state, x| lstm_cell(recurrent, state, x)).1
}

/// One step of an LSTM from state and driven input: the new state and output.
fn lstm_cell(recurrent: Val, (h, s): (Val, Val), x: Val) -> ((Val, Val), Val) {
    let gates = (x + h.dot(recurrent)).split(4, -1);
    let s = gates[1].sigmoid() * s + gates[0].sigmoid() * gates[3].tanh();
    let h = gates[2].sigmoid() * s.tanh();
    ((h, s), h)
}

/// Length and width of the loop over a small cell, whose step is short beside what a loop could cost.
const SMALL: [usize; 2] = [1000, 64];

/// A thousand steps of a small cell; a step beyond what [`lstm_small_cell`] takes is the loop's own.
fn lstm_small_loop() -> impl FnMut() {
    let [steps, n] = SMALL;
    let f = jit(move |recurrent: &Val, driven: &Val| {
        let zero = zeros([1, n], Dtype::F32);
        scan((zero, zero), driven, |state, x| lstm_cell(*recurrent, state, x)).1
    });
    let (recurrent, driven) = (noise([n, 4 * n], 6), noise([steps, 1, 4 * n], 7));
    move || drop(f(&recurrent, &driven).expect(UNWRAP))
}

/// A thousand calls of the cell alone.
fn lstm_small_cell() -> impl FnMut() {
    let [steps, n] = SMALL;
    let f = jit(|state: &mut (Val, Val), recurrent: &Val, x: &Val| {
        let (next, h) = lstm_cell(*recurrent, *state, *x);
        *state = next;
        h
    });
    let zero = Array::full([1, n], 0.0f32);
    let (mut state, recurrent, x) = ((zero.clone(), zero), noise([n, 4 * n], 6), noise([1, 4 * n], 7));
    move || (0..steps).for_each(|_| drop(f(&mut state, &recurrent, &x).expect(UNWRAP)))
}

fn lstm_data() -> (Weights<Array>, Array) {
    let weights = |shape: [usize; 2], seed| {
        let noise = noise(shape, seed);
        Array::from_f64(noise.ty(), noise.to_f64_vec().into_iter().map(|w| 0.14 * w))
    };
    let p = (
        weights([INPUTS, 4 * HIDDEN], 5),
        weights([HIDDEN, 4 * HIDDEN], 6),
        Array::full([4 * HIDDEN], 0.0f32),
    );
    (p, noise([STEPS, BATCH, INPUTS], 7))
}

fn lstm_forward() -> impl FnMut() {
    let f = jit(lstm);
    let (p, x) = lstm_data();
    move || drop(f(&p, &x).expect(UNWRAP))
}

fn lstm_step() -> impl FnMut() {
    let f = jit(|p: &Weights<Val>, x: &Val| -> Weights<Val> {
        let loss = |p: &Weights<Val>, x: &Val| {
            let y = lstm(p, x);
            (y * y).mean()
        };
        let (a, b, c) = grad(loss)(p, x);
        (p.0 - 0.01 * a, p.1 - 0.01 * b, p.2 - 0.01 * c)
    });
    let (p, x) = lstm_data();
    move || drop(f(&p, &x).expect(UNWRAP))
}

// ----------------------------------------------------------- W3, W7, W8

fn matmul(n: usize) -> impl FnMut() {
    let f = jit(|x: &Val, y: &Val| x.dot(y));
    let (x, y) = (noise([n, n], 2), noise([n, n], 3));
    move || drop(f(&x, &y).expect(UNWRAP))
}

/// 1e6 steps of `x * 0.999 + 0.1`.
fn decay() -> impl FnMut() {
    let f = jit(|x: &Val| fori_loop(0, 1_000_000, *x, |_, x| x * 0.999 + 0.1));
    let x = Array::scalar(1.0f32);
    move || drop(f(&x).expect(UNWRAP))
}

type Point = (Val, Val, Val);

fn slope((x, y, z): Point) -> Point {
    (10.0 * (y - x), x * (28.0 - z) - y, x * y - (8.0 / 3.0) * z)
}

/// One step of the classical Runge-Kutta method on Lorenz' equations.
fn lorenz_step(s: Point) -> Point {
    let h = 1e-3;
    let moved = |k: Point, c: f64| (s.0 + c * k.0, s.1 + c * k.1, s.2 + c * k.2);
    let a = slope(s);
    let b = slope(moved(a, h / 2.0));
    let c = slope(moved(b, h / 2.0));
    let d = slope(moved(c, h));
    let sum = |a, b, c, d| a + 2.0 * b + 2.0 * c + d;
    let k = (sum(a.0, b.0, c.0, d.0), sum(a.1, b.1, c.1, d.1), sum(a.2, b.2, c.2, d.2));
    moved(k, h / 6.0)
}

/// 1e5 steps of three numbers.
fn lorenz() -> impl FnMut() {
    let f = jit(|x: &Val, y: &Val, z: &Val| fori_loop(0, 100_000, (*x, *y, *z), |_, s| lorenz_step(s)));
    let one = Array::scalar(1.0f32);
    move || drop(f(&one, &one, &one).expect(UNWRAP))
}

/// 1e5 steps of one vector.
fn lorenz_vector() -> impl FnMut() {
    let f = jit(|s: &Val| {
        fori_loop(0, 100_000, *s, |_, s| {
            let (x, y, z) = lorenz_step((s.at(0), s.at(1), s.at(2)));
            stack([x, y, z], 0)
        })
    });
    let start = Array::from([1.0f32; 3]);
    move || drop(f(&start).expect(UNWRAP))
}

fn dispatch() -> impl FnMut() {
    let f = jit(|x: &Val| x * 2.0 + 1.0);
    let x = Array::from([1.0f32; 4]);
    move || drop(f(&x).expect(UNWRAP))
}

/// Traces, differentiates and compiles the train step, and runs it once.
fn first_call() -> impl FnMut() {
    let (x, y) = examples(32);
    let (_, state) = mlp_step();
    move || {
        let step = step(Adam::new(1e-3));
        let mut state = state.clone();
        step(&mut state, &x, &y).expect(UNWRAP);
    }
}

/// A program of 10,000 equations, no two of which are the same, from tracing to an executable that ran.
fn compile_10k() -> impl FnMut() {
    let x = noise([64], 4);
    move || {
        let f = jit(ten_thousand);
        drop(f(&x).expect(UNWRAP));
    }
}

/// 10,000 equations over vectors.
pub fn ten_thousand(x: &Val) -> Val {
    let mut y = *x;
    for i in 0..2_500 {
        let scale = 1.0 + 1e-4 * f64::from(i);
        y = (y * scale).sin() + x;
    }
    y
}

/// The number of equations of a traced function, for the tests.
pub fn equations_of_ten_thousand() -> usize {
    let program = trace(ten_thousand)(&noise([64], 4)).expect(UNWRAP);
    program.equations().len()
}
