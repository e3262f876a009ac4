//! Lanes that take branches and steps of their own: every order of derivatives and batches says the same.
//!
//! The functions inside are partial, and each lane runs only those that are defined for it: whatever the others would
//! make of its operands must not show, in no value and in no derivative of any order.

use gradus_ir::eval::eval;
use gradus_ir::ops::contract::DotDims;
use gradus_ir::ops::control::{While, call, cond, while_loop};
use gradus_ir::verify::verify;
use gradus_ir::{Array, Dtype, Lanes, Program, Shape, SourceLocation, Type, Val, trace};
use gradus_transform::{batch, inline_calls, jvp, optimize, vjp};
use std::sync::Arc;

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    let program = trace(SourceLocation::unknown(), types, f).unwrap_or_else(|e| panic!("{e}")).program;
    verify(&program).unwrap();
    Arc::new(program)
}

fn f64s(shape: impl Into<Shape>) -> Type {
    Type::new(Dtype::F64, shape)
}

fn number(x: f64) -> Val {
    Val::full(f64s([]), x)
}

// ---- random functions

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

type Function = fn(Val, Val) -> Val;

/// Defined for `0 < x < 1`, with w > 0.
const INSIDE: [Function; 7] = [
    |x, w| x.log() * w,
    |x, w| w / x,
    |x, _| x.sqrt(),
    |x, _| x.acos(),
    |x, w| x.pow(w),
    |x, w| (number(1.0) - x).log() * w.sin(),
    |x, _| (x / (number(1.0) - x)).log(),
];
/// Defined for `x >= 1`.
const ABOVE: [Function; 4] = [
    |x, w| (x - number(0.5)).log() * w,
    |x, w| (x - number(0.25)).sqrt() * w,
    |x, _| number(1.0) / (x * x),
    |x, w| x.pow(w.neg()),
];
/// Defined for `x <= 0`.
const BELOW: [Function; 4] = [
    |x, _| x * number(0.0),
    |x, w| (number(0.5) - x).log() * w,
    |x, w| w / (x - number(1.0)),
    |x, w| (number(0.25) - x).sqrt() * w.log(),
];

/// `0` where `x <= 0`, `1` where `x < 1`, else `2`.
fn region(x: Val) -> Val {
    let count = |truth: Val| truth.convert(Dtype::I32);
    count(x.gt(number(0.0))) + count(x.ge(number(1.0)))
}

/// A function for each region, as a branch of `(x, w)`; one of them may be a loop or another choice.
fn branches(random: &mut Random, depth: usize) -> Vec<Arc<Program>> {
    let scalar = || f64s([]);
    let mut branch = |functions: &[Function], inner: bool| {
        let (f, g) = (random.pick(functions), random.pick(functions));
        let nested = (inner && depth > 0).then(|| random.below(3));
        let more = nested.map(|_| branches(random, depth - 1));
        program(&[scalar(), scalar()], |x| {
            let y = f(x[0], x[1]) + g(x[0], x[1]) * x[0];
            let y = match (nested, more) {
                (Some(0), Some(more)) => y + cond(more, region(x[0]), x)[0],
                (Some(1), Some(more)) => {
                    let inner = program(&[scalar(), scalar()], |x| cond(more, region(x[0]), x).to_vec());
                    y * call(&inner, "inner", x)[0]
                }
                (Some(_), _) => y + steps(x[0] * number(3.0), x[1]),
                _ => y,
            };
            vec![y]
        })
    };
    vec![branch(&BELOW, false), branch(&INSIDE, true), branch(&ABOVE, true)]
}

/// Σ f(n - i), for i from 0 as long as i < n; in the last step n - i is the smallest.
fn steps(n: Val, w: Val) -> Val {
    let k = n.stop_gradient();
    let test = program(&[f64s([]), f64s([]), f64s([])], |x| vec![x[1].lt(x[0])]);
    let body = program(&vec![f64s([]); 4], |x| {
        let [n, w, i, sum] = x[..] else { unreachable!() };
        let left = n - i;
        vec![i + number(1.0), sum + w / left + left.log() * left.sqrt() + (w * w).log() * left]
    });
    let op = While { cond: test, body, num_cond_consts: 1, num_body_consts: 2, record: false };
    while_loop(op, &[k, n, w, number(0.0), number(0.0)])[1]
}

fn random_program(seed: u64, depth: usize) -> Program {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let branches = branches(&mut random, depth);
    let loops = random.below(2) == 0;
    let f = program(&[f64s([]), f64s([])], |x| {
        let y = cond(branches, region(x[0]), x)[0];
        vec![if loops { y + steps(x[0] + number(2.0), x[1]) } else { y }]
    });
    (*f).clone()
}

// ---- derivatives of one lane, or of all, by the first or the second parameter

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Forward,
    Reverse,
}

/// `(x, w) -> dy/dx`, where lanes are independent: of the sum, or along ones.
fn derivative(f: &Program, mode: Mode) -> Program {
    let wrt = [true, false];
    let of = |ty: &Type, x: f64| Val::full(ty.clone(), x);
    let derivative = program(f.param_types(), |x| match mode {
        Mode::Forward => {
            let (pushed, nonzero) = jvp(f, &wrt);
            let ones = of(&f.param_types()[0], 1.0);
            let results = pushed.inline(&[x, &[ones]].concat());
            vec![if nonzero[0] { results[1] } else { of(&f.result_types()[0], 0.0) }]
        }
        Mode::Reverse => {
            let halves = vjp(f, &wrt, &[true]);
            let y = halves.forward.inline(x);
            halves.backward.inline(&[&y[1..], &[of(&f.result_types()[0], 1.0)]].concat())
        }
    });
    (*derivative).clone()
}

/// The gradient of the sum of all results by the parameter that lanes share.
fn by_shared(f: &Program) -> Program {
    let gradient = program(f.param_types(), |x| {
        let halves = vjp(f, &[false, true], &[true]);
        let y = halves.forward.inline(x);
        halves.backward.inline(&[&y[1..], &[Val::full(f.result_types()[0].clone(), 1.0)]].concat())
    });
    (*gradient).clone()
}

fn in_lanes(f: &Program, n: usize, axes: &[bool]) -> Program {
    let (batched, along) = batch(f, axes, Lanes::new(n));
    assert!(along[0], "the result differs from lane to lane");
    batched
}

fn run(f: &Program, args: &[Array]) -> Vec<f64> {
    verify(f).unwrap();
    let found = eval(f, args).unwrap_or_else(|e| panic!("{e}"))[0].to_f64_vec();
    // What it stands for means the same.
    let expanded = inline_calls(f, Default::default());
    let again = eval(&expanded, args).unwrap_or_else(|e| panic!("{e}"))[0].to_f64_vec();
    near(&again, &found, "expanded");
    found
}

#[track_caller]
fn near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (x, y) in found.iter().zip(expected) {
        assert!(y.is_finite(), "{what}: {expected:?} says nothing");
        let close = if *y == 0.0 { *x == 0.0 } else { (x - y).abs() <= 1e-9 * (1.0 + y.abs()) };
        assert!(close, "{what}:\n{found:?} is not\n{expected:?}");
    }
}

const LANES: [f64; 7] = [-1.0, 0.0, 0.5, 0.25, 1.0, 2.0, 1.5];

/// Every list of modes of that length.
fn modes(order: usize) -> Vec<Vec<Mode>> {
    let longer = |all: Vec<Vec<Mode>>| {
        let both = [Mode::Forward, Mode::Reverse];
        all.iter().flat_map(|list| both.map(|mode| [&list[..], &[mode]].concat())).collect()
    };
    (0..order).fold(vec![vec![]], |all, _| longer(all))
}

fn check(name: &str, f: &Program, order: usize, w: f64) {
    let w = Array::scalar(w);
    let n = LANES.len();
    let one_by_one = |f: &Program| -> Vec<f64> {
        LANES.iter().map(|x| run(f, &[Array::scalar(*x), w.clone()])[0]).collect()
    };
    for order in 0..=order {
        let forward = vec![Mode::Forward; order];
        let expected = one_by_one(&forward.iter().fold(f.clone(), |f, mode| derivative(&f, *mode)));
        let gradients =
            one_by_one(&by_shared(&forward.iter().fold(f.clone(), |f, mode| derivative(&f, *mode))));
        for modes in modes(order) {
            for before in 0..=order {
                let what = format!("{name}: {modes:?}, batched behind {before}");
                let (inner, outer) = modes.split_at(before);
                let inside = inner.iter().fold(f.clone(), |f, mode| derivative(&f, *mode));
                let batched = in_lanes(&inside, n, &[true, false]);
                let all = outer.iter().fold(batched, |f, mode| derivative(&f, *mode));
                near(&run(&all, &[Array::from(LANES), w.clone()]), &expected, &what);
                let shared = run(&by_shared(&all), &[Array::from(LANES), w.clone()]);
                near(&shared, &[gradients.iter().sum()], &format!("{what}, by what lanes share"));
            }
        }
    }
}

#[test]
fn every_order_of_derivatives_and_batches_agrees() {
    let (num_programs, order) = if std::env::var_os("GRADUS_SLOW").is_some() { (200, 3) } else { (4, 2) };
    for seed in 1..=num_programs {
        check(&format!("program {seed}"), &random_program(seed, 2), order, 1.3);
    }
    check("third order", &random_program(3, 0), 3, 0.7);
}

#[test]
fn two_axes_of_lanes_agree_with_one() {
    for seed in 1..4 {
        let f = random_program(seed, 1);
        let weights = [0.7, 1.3];
        // Lanes of both, of the points alone within lanes of the weights, and the other way around.
        let inner = in_lanes(&derivative(&f, Mode::Reverse), LANES.len(), &[true, false]);
        let expected: Vec<f64> =
            weights.iter().flat_map(|w| run(&inner, &[Array::from(LANES), Array::scalar(*w)])).collect();
        let points = in_lanes(&f, LANES.len(), &[true, false]);
        let both = in_lanes(&points, 2, &[true, true]);
        let repeated = Array::from([LANES, LANES]);
        let gradient = derivative(&both, Mode::Reverse);
        near(&run(&gradient, &[repeated, Array::from(weights)]), &expected, "points inside");
        let outer = in_lanes(&points, 2, &[false, true]);
        let rows = derivative(&outer, Mode::Reverse);
        let sums: Vec<f64> = (0..LANES.len()).map(|i| expected[i] + expected[i + LANES.len()]).collect();
        near(&run(&rows, &[Array::from(LANES), Array::from(weights)]), &sums, "shared points");
        let by_weights = by_shared(&both);
        let each = by_shared(&points);
        let expected: Vec<f64> =
            weights.iter().flat_map(|w| run(&each, &[Array::from(LANES), Array::scalar(*w)])).collect();
        let found = run(&by_weights, &[Array::from([LANES, LANES]), Array::from(weights)]);
        near(&found, &expected, "by weights of their own");
    }
}

/// The gradient of a matrix that lanes share is one product, not a stack of the gradients of the lanes.
#[test]
fn shared_matrices_have_no_gradient_for_each_lane() {
    let vector = || f64s([3]);
    let types = [vector(), f64s([3, 3])];
    let taken = program(&types, |x| {
        let y = x[1].dot_general(x[0], DotDims::contracting(&[1], &[0]));
        vec![(y.log()).reduce_sum(&[0])]
    });
    let other = program(&types, |x| vec![x[0].reduce_sum(&[0])]);
    let f = program(&types, |x| {
        let zero = number(0.0);
        let positive = x[0].reduce_min(&[0]).gt(zero).convert(Dtype::I32);
        cond(vec![other, taken], positive, x).to_vec()
    });
    let n = 64;
    let batched = in_lanes(&f, n, &[true, false]);
    let gradient = optimize(&by_shared(&batched));
    let widest = |program: &Program| {
        let all = program.equations().iter().flat_map(|eqn| eqn.results.iter());
        all.map(|r| program.ty(*r).shape.size()).max().unwrap_or(0)
    };
    assert!(widest(&gradient) <= 3 * n, "a matrix for each lane:\n{gradient}");
    let x: Vec<f64> = (0..3 * n).map(|i| if i % 5 == 0 { -1.0 } else { 0.1 + i as f64 / 90.0 }).collect();
    let w = Array::from_f64(&f64s([3, 3]), (0..9).map(|i| 0.2 + i as f64 / 10.0));
    let expected = x.chunks(3).fold(vec![0.0; 9], |mut sum, x| {
        let one = run(&by_shared(&f), &[Array::from_f64(&vector(), x.iter().copied()), w.clone()]);
        sum.iter_mut().zip(one).for_each(|(sum, x)| *sum += x);
        sum
    });
    let points = Array::from_f64(&f64s([n, 3]), x.iter().copied());
    near(&run(&gradient, &[points, w]), &expected, "shared matrix");
}

/// What needs no derivative is what it was: the branches of all lanes, and a choice between them.
#[test]
fn batched_branches_are_one_choice_for_each_result() {
    let types = [f64s([]), f64s([])];
    let (first, second) =
        (program(&types, |x| vec![x[0].log() * x[1]]), program(&types, |x| vec![x[0].sin() + x[1]]));
    let f = program(&types, |x| {
        let index = x[0].gt(number(0.0)).convert(Dtype::I32);
        cond(vec![first, second], index, x).to_vec()
    });
    let batched = optimize(&in_lanes(&f, 8, &[true, false]));
    let selects = batched.equations().iter().filter(|eqn| eqn.op.rules().name() == "select").count();
    assert_eq!(selects, 1, "{batched}");
    assert!(batched.equations().iter().all(|eqn| eqn.op.rules().programs().is_empty()), "{batched}");
}
