//! What a call allocates once calls of its kind have been made: a handle for each returned array, the containers of
//! the result, and nothing else, on whatever thread. What libraries take for themselves is told apart by where it is
//! taken.
//!
//! One test, since a second one beside it would be counted too.

mod counting;

use counting::{Block, blocks_of};
use gradus::{
    Array, Config, Dtype, Jitted, Padding, Pool, Val, fft, grad, jit, linalg, random, s, scan,
    value_and_grad, vmap, while_loop, zeros,
};
use gradus_tests::workloads::{mlp_step, noise};
use std::hint::spin_loop;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A handle is a shared buffer: the buffer's own place and length, and two counts.
const HANDLE: usize = size_of::<gradus_ir::Buffer>() + 2 * size_of::<usize>();

/// So many calls in a row allocate what they may.
const CALLS: usize = 2;
/// Calls before the first that is counted, and those that are counted at most.
const WARM_UP: usize = 3;
const MOST_COUNTED: usize = 60;

/// What a call may allocate.
struct May {
    /// Handles: one for each returned array that is not an argument as it was.
    handles: usize,
    /// Bytes of the result's own containers.
    containers: Vec<usize>,
    /// Whether a library may work in it, and take memory for itself: for products, as the host has no kernel of ours.
    library: bool,
}

fn handles(handles: usize) -> May {
    May { handles, containers: vec![], library: false }
}

impl May {
    fn and_a_list_of(mut self, arrays: usize) -> May {
        self.containers.push(arrays * size_of::<Array>());
        self
    }
    fn and_a_library(self) -> May {
        May { library: true, ..self }
    }
    /// Whether a call that took these blocks kept to it.
    fn allows(&self, blocks: &[Block]) -> bool {
        // Where a block was taken is dear to find out.
        if blocks.len() < self.handles + self.containers.len() {
            return false;
        }
        let (of_library, mut ours): (Vec<&Block>, Vec<&Block>) =
            blocks.iter().partition(|b| b.is_of_library());
        for bytes in &self.containers {
            match ours.iter().position(|block| block.bytes == *bytes) {
                Some(at) => drop(ours.remove(at)),
                None => return false,
            }
        }
        let are_handles = ours.iter().all(|block| block.bytes == HANDLE);
        are_handles && ours.len() == self.handles && (self.library || of_library.is_empty())
    }
}

/// Calls until some calls in a row allocate exactly what they may; panics if none do.
#[track_caller]
fn check(name: &str, may: &May, mut call: impl FnMut()) {
    let mut in_a_row = 0;
    let mut latest = vec![];
    (0..WARM_UP).for_each(|_| call());
    for _ in 0..MOST_COUNTED {
        latest = blocks_of(&mut call);
        in_a_row = if may.allows(&latest) { in_a_row + 1 } else { 0 };
        if in_a_row == CALLS {
            return;
        }
    }
    let blocks: Vec<String> = latest.iter().map(Block::explain).collect();
    panic!(
        "`{name}` may allocate {} handles of {HANDLE} bytes and containers of {:?} bytes, not\n{}",
        may.handles,
        may.containers,
        blocks.join("\n")
    );
}

const RIGHT: &str = "a right program";

fn small_functions() {
    let x = Array::from([1.0f32; 4]);
    let f = jit(|x: &Val| x * 2.0 + 1.0);
    check("x * 2 + 1", &handles(1), || drop(f(&x).expect(RIGHT)));
    let f = jit(|x: &Val| vec![x.sin(), x.cos(), x.sum()]);
    check("a list of three", &handles(3).and_a_list_of(3), || drop(f(&x).expect(RIGHT)));
    // The same value twice shares a handle, and an argument keeps its own.
    let f = jit(|x: &Val| {
        let y = x.exp();
        (y, y, *x)
    });
    check("what is there already", &handles(1), || drop(f(&x).expect(RIGHT)));
    // Another function between two calls, and another shape.
    let f = jit(|x: &Val| x.tanh());
    let y = noise([6, 5, 4, 3, 2, 1], 1);
    check("two shapes in turn", &handles(2), || {
        drop(f(&x).expect(RIGHT));
        drop(f(&y).expect(RIGHT));
    });
    let f = jit(vmap(grad(|x: &Val| (x * x).sin())));
    check("vmap of grad", &handles(1), || drop(f(&x).expect(RIGHT)));
    let key = random::seed(1);
    let f = jit(|key: &Val| random::normal(key, [100]));
    check("random", &handles(1), || drop(f(&key).expect(RIGHT)));
}

/// More arrays than stand on the stack.
fn many_arrays() {
    let leaves = |n: usize| (0..n).map(|k| noise([3], k as u64)).collect::<Vec<_>>();
    let f = jit(|x: &Vec<Val>| x.iter().map(|x| x * 2.0).collect::<Vec<Val>>());
    let x = leaves(70);
    check("70 arrays", &handles(70).and_a_list_of(70), || drop(f(&x).expect(RIGHT)));
    let step: Jitted<fn(&mut Vec<Val>, &Vec<Val>) -> ()> = jit(|state: &mut Vec<Val>, x: &Vec<Val>| {
        state.iter_mut().zip(x).for_each(|(s, x)| *s = 0.5 * *s + x);
    });
    let mut state = leaves(70);
    check("70 states", &handles(0), || step(&mut state, &x).expect(RIGHT));
    // States that change places cannot stay where they are: they keep or swap handles.
    let turn: Jitted<fn(&mut Vec<Val>) -> ()> = jit(|state: &mut Vec<Val>| state.rotate_left(1));
    check("70 states that change places", &handles(0), || turn(&mut state).expect(RIGHT));
    let captured = leaves(40);
    let f = jit(move |x: &Val| captured.iter().fold(*x, |sum, c| sum + c));
    check("40 captures", &handles(1), || drop(f(&x[0]).expect(RIGHT)));
}

fn training() {
    let (step, mut state) = mlp_step();
    let (x, y) = (noise([32, 784], 1), Array::from((0..32).map(|i| i % 10).collect::<Vec<i32>>()));
    check("the MNIST step", &handles(1).and_a_library(), || drop(step(&mut state, &x, &y).expect(RIGHT)));
    let network = |w: &(Val, Val), x: &Val| {
        let h = x.conv(w.0, [1, 1], Padding::Same).relu();
        let h = h.max_pool(&Pool::new([2, 2]));
        h.reshape([4, -1]).dot(w.1).square().mean()
    };
    let step: Jitted<fn(&mut (Val, Val), &Val) -> Val> = jit(move |w: &mut (Val, Val), x: &Val| {
        let (loss, slope) = value_and_grad(network)(w, x);
        *w = (w.0 - 0.1 * slope.0, w.1 - 0.1 * slope.1);
        loss
    });
    let mut w = (noise([3, 3, 3, 8], 2), noise([8 * 6 * 6, 10], 3));
    let x = noise([4, 12, 12, 3], 4);
    let may = handles(1).and_a_library();
    check("a step of convolution and pooling", &may, || drop(step(&mut w, &x).expect(RIGHT)));
}

fn loops() {
    let x = noise([50, 8], 5);
    let f = jit(|x: &Val| scan(zeros([8], Dtype::F32), x, |c, x| ((c + x).tanh(), c * x)));
    check("scan", &handles(2), || drop(f(&x).expect(RIGHT)));
    // A loop inside of a loop, both with more values than stand on the stack, and its gradient.
    let carries = vec![noise([5], 6); 30];
    let nested = |carries: &Vec<Val>, x: &Val| {
        let turn = |c: Vec<Val>, x: Val| {
            let next = |k: usize| c[(k + 1) % c.len()].sin() + c[k] * x.mean();
            ((0..c.len()).map(next).collect::<Vec<_>>(), ())
        };
        let outer = |c, _: Val| scan(c, x, turn);
        scan(carries.clone(), x, outer).0.iter().fold(Val::from(0.0), |sum, c| sum + c.sum())
    };
    let (f, few) = (jit(nested), noise([4, 8], 7));
    check("a loop in a loop", &handles(1), || drop(f(&carries, &few).expect(RIGHT)));
    let f = jit(grad(nested));
    let may = handles(30).and_a_list_of(30);
    check("its gradient", &may, || drop(f(&carries, &few).expect(RIGHT)));
    let decay = |x: &Val| while_loop(*x, |x| x.square().sum().gt(1e-2), |x| x * 0.9).sum();
    let f = jit(grad(decay));
    let x = noise([100], 8);
    check("the gradient of a while loop", &handles(1), || drop(f(&x).expect(RIGHT)));
    // A call that may fail writes states to new buffers: their handles stay.
    let step: Jitted<fn(&mut Val) -> ()> = jit(move |x: &mut Val| *x -= 0.01 * grad(decay)(x));
    let mut state = x.clone();
    check("a state that waits for success", &handles(0), || step(&mut state).expect(RIGHT));
    let f = jit(|x: &Val| {
        let inner = |x: Val| while_loop(x, |x| x.square().sum().gt(1e-2), |x| x * 0.5);
        grad(move |x: &Val| while_loop(*x, |x| x.sum().abs().gt(1e-3), |x| 0.9 * inner(x)).sum())(x)
    });
    check("tapes of tapes", &handles(1), || drop(f(&x).expect(RIGHT)));
}

fn threads() {
    let two = Config { threads: 2, ..Config::default() };
    let (x, y) = (noise([384, 384], 9), noise([384, 384], 10));
    let f = jit(|x: &Val, y: &Val| x.dot(y)).with(two.clone());
    check("a product", &handles(1).and_a_library(), || drop(f(&x, &y).expect(RIGHT)));
    let x = noise([1 << 20], 11);
    let f = jit(|x: &Val| (x.sin(), x.sum())).with(two);
    check("a large array", &handles(2), || drop(f(&x).expect(RIGHT)));
    // As large as a call has to ask for what the system leaves.
    let x = Array::full([17 << 20], 1.0f32);
    let f = jit(|x: &Val| x + 1.0);
    check("a huge array", &handles(1), || drop(f(&x).expect(RIGHT)));
}

/// Results that another thread lets go of.
fn results_go_elsewhere() {
    let results = Mutex::new(Vec::with_capacity(8));
    let is_over = AtomicBool::new(false);
    let x = noise([1000], 12);
    let f = jit(|x: &Val| x * 2.0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                results.lock().expect("a list").clear();
                spin_loop();
            }
        });
        // What waits with the other thread is bounded: then it comes back.
        let call = || {
            results.lock().expect("a list").push(f(&x).expect(RIGHT));
            while !results.lock().expect("a list").is_empty() {
                std::thread::yield_now();
            }
        };
        (0..200).for_each(|_| call());
        check("results for another thread", &handles(1), call);
        is_over.store(true, Ordering::Release);
    });
}

fn lookups_and_libraries() {
    let (x, at) = (noise([40, 30], 13), Array::from((0..40).map(|k| k * 7 % 40).collect::<Vec<i32>>()));
    let f =
        jit(|x: &Val, at: &Val| (x.sort(0), x.argsort(-1), x.take(at, 0), x.add_at(s![at], x), x.cumsum(0)));
    check("sort, gather, scatter, running sums", &handles(5), || drop(f(&x, &at).expect(RIGHT)));
    let a = noise([30, 30], 14);
    let f = jit(|a: &Val, b: &Val| linalg::solve(a, b));
    check("solve", &handles(1).and_a_library(), || drop(f(&a, &a).expect(RIGHT)));
    let f = jit(|a: &Val| fft::rfft(a).abs());
    check("fft", &handles(1).and_a_library(), || drop(f(&a).expect(RIGHT)));
}

#[test]
fn a_steady_call_allocates_handles_and_containers_of_its_result() {
    small_functions();
    many_arrays();
    training();
    loops();
    threads();
    results_go_elsewhere();
    lookups_and_libraries();
}
