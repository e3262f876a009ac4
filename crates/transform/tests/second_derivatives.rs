//! Passes on passes: Hessians, batches of gradients and gradients of batches, calls inside of everything.
//!
//! All in f64, against differences and against loops.

use gradus_ir::eval::eval;
use gradus_ir::ops::control::call;
use gradus_ir::ops::sample::Argument;
use gradus_ir::verify::verify;
use gradus_ir::{Array, Dtype, Lanes, Program, Shape, SourceLocation, Type, Val, trace};
use gradus_transform::{Calls, batch, inline_calls, jvp, linearize, optimize, vjp};
use std::collections::HashSet;
use std::slice;
use std::sync::Arc;

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Program {
    let program = trace(SourceLocation::unknown(), types, f).unwrap().program;
    verify(&program).unwrap();
    program
}

fn f64s(shape: impl Into<Shape>) -> Type {
    Type::new(Dtype::F64, shape)
}

// ---- functions to differentiate: parameters to a scalar, the first parameter is the one that matters

/// `log(sum(exp(x)))` along the last axis of a matrix, safe from overflow.
fn logsumexp(x: Val) -> Val {
    let ty = x.ty();
    let largest = x.reduce_max(&[1]).stop_gradient();
    let shifted = x - largest.broadcast(ty.shape, &[0]);
    shifted.exp().reduce_sum(&[1]).log() + largest
}

fn cross_entropy(logits: Val, targets: Val) -> Val {
    (logsumexp(logits) - (logits * targets).reduce_sum(&[1])).reduce_sum(&[0])
}

/// `(w, x, v, targets)`: a layer with tanh, a second with softmax and cross-entropy.
fn mlp() -> Program {
    program(&[f64s([3, 4]), f64s([5, 3]), f64s([4, 2]), f64s([5, 2])], |p| {
        let hidden = p[1].matmul(p[0]).tanh();
        vec![cross_entropy(hidden.matmul(p[2]), p[3])]
    })
}

/// `sqrt(sum(x²))`, times a sine so that nothing is symmetric.
fn norm() -> Program {
    program(&[f64s([6])], |p| {
        let squares = (p[0] * p[0]).reduce_sum(&[0]);
        vec![squares.sqrt() * p[0].sin().reduce_sum(&[0])]
    })
}

/// Transposes, reshapes, a batched product, division and a power.
fn shapes() -> Program {
    program(&[f64s([2, 3, 2]), f64s([2, 3])], |p| {
        let x = p[0].transpose(&[0, 2, 1]).reshape([2, 6]);
        let y = p[1].broadcast([2, 2, 3], &[1, 2]).reshape([4, 3]);
        let gram =
            p[0].reshape([2, 6]).dot_general(x, gradus_ir::ops::contract::DotDims::contracting(&[1], &[1]));
        let quotient = gram.reduce_sum(&[1]) / (y * y).reduce_sum(&[0, 1]).broadcast([2], &[]).exp();
        vec![quotient.logistic().reduce_sum(&[0])]
    })
}

/// A residual layer, called three times as one shared Program.
fn mlp_of_calls() -> Program {
    let layer = program(&[f64s([4, 4]), f64s([5, 4])], |p| {
        let y = p[1].matmul(p[0]).tanh();
        vec![y + p[1], y]
    });
    let layer = Arc::new(layer);
    program(&[f64s([4, 4]), f64s([5, 4]), f64s([5, 4])], |p| {
        let h = call(&layer, "layer", &[p[0], p[1]]);
        let h = call(&layer, "layer", &[p[0], h[0]]);
        let h = call(&layer, "layer", &[p[0], h[0]]);
        vec![cross_entropy(h[0], p[2])]
    })
}

fn functions() -> Vec<(&'static str, Program)> {
    vec![("mlp", mlp()), ("norm", norm()), ("shapes", shapes()), ("calls", mlp_of_calls())]
}

// ---- derivatives as programs

fn first(program: &Program) -> Vec<bool> {
    (0..program.num_params()).map(|i| i == 0).collect()
}

/// The gradient by the first parameter, of a program with one scalar result.
fn gradient(f: &Program) -> Program {
    let halves = vjp(f, &first(f), &[true]);
    program(f.param_types(), |x| {
        let y = halves.forward.inline(x);
        let one = Val::full(Type::scalar(Dtype::F64), 1.0);
        halves.backward.inline(&[&y[1..], &[one]].concat())
    })
}

/// `(x.., dx) -> derivative of the first result` in the direction dx of the first parameter.
fn directional(f: &Program) -> Program {
    let (pushed, nonzero) = jvp(f, &first(f));
    assert!(nonzero[0]);
    program(pushed.param_types(), |x| vec![pushed.inline(x)[f.results().len()]])
}

fn pull(f: &Program) -> Program {
    let halves = vjp(f, &first(f), &[true]);
    let ct = f.result_types()[0].clone();
    program(&[f.param_types(), &[ct]].concat(), |x| {
        let (ct, x) = x.split_last().unwrap();
        let y = halves.forward.inline(x);
        halves.backward.inline(&[&y[1..], &[*ct]].concat())
    })
}

/// All of `f`'s derivatives along the unit directions, as the leading axis of the result.
fn over_basis(f: &Program, args: &[Array], basis_of: &Type) -> Vec<Array> {
    let n = basis_of.shape.size();
    let mapped: Vec<bool> = (0..f.num_params()).map(|i| i + 1 == f.num_params()).collect();
    let (batched, _) = batch(f, &mapped, Lanes::new(n));
    let shape = basis_of.shape.with_axis(0, n);
    let identity = (0..n * n).map(|i| if i % n == i / n { 1.0 } else { 0.0 });
    let basis = Array::from_f64(&Type::new(Dtype::F64, shape), identity);
    eval(&batched, &[args, &[basis]].concat()).unwrap()
}

// ---- numbers

fn operands(f: &Program) -> Vec<Array> {
    let fill = |(i, ty): (usize, &Type)| Argument::Range(ty.clone(), 0.2, 1.3).fill(i as u64 + 3);
    f.param_types().iter().enumerate().map(fill).collect()
}

/// Central differences of the first result by each element of the first parameter, as its leading axis.
fn differences(f: &Program, args: &[Array]) -> Vec<f64> {
    let step = 1e-5;
    let x = args[0].to_f64_vec();
    let at = |i: usize, step: f64| {
        let mut moved = x.clone();
        moved[i] += step;
        let moved = Array::from_f64(args[0].ty(), moved);
        eval(f, &[&[moved], &args[1..]].concat()).unwrap()[0].to_f64_vec()
    };
    let slope = |i: usize| {
        let (above, below) = (at(i, step), at(i, -step));
        above.into_iter().zip(below).map(move |(a, b)| (a - b) / (2.0 * step))
    };
    (0..x.len()).flat_map(slope).collect()
}

fn near(what: &str, actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0f64, |m, x| m.max(x.abs()));
    for (a, e) in actual.iter().zip(expected) {
        assert!((a - e).abs() <= tolerance * scale, "{what}: {a} is not near {e}");
    }
    assert!(expected.iter().any(|e| *e != 0.0), "{what}: a derivative that is zero everywhere shows nothing");
}

fn run(program: &Program, args: &[Array]) -> Vec<f64> {
    verify(program).unwrap();
    eval(program, args).unwrap()[0].to_f64_vec()
}

#[test]
fn gradients_agree_with_differences() {
    for (name, f) in functions() {
        let args = operands(&f);
        near(name, &run(&gradient(&f), &args), &differences(&f, &args), 1e-8);
    }
}

#[test]
fn hessians_agree_with_differences_forward_over_reverse_and_reverse_over_forward() {
    for (name, f) in functions() {
        let args = operands(&f);
        let x = args[0].ty().clone();
        let expected = differences(&gradient(&f), &args);
        let forward_over_reverse = over_basis(&directional(&gradient(&f)), &args, &x);
        near(name, &forward_over_reverse[0].to_f64_vec(), &expected, 1e-7);
        let reverse_over_reverse = over_basis(&pull(&gradient(&f)), &args, &x);
        near(name, &reverse_over_reverse[0].to_f64_vec(), &expected, 1e-7);
        // d/dx of (df · v), for every v: reverse over forward.
        let reverse_over_forward = gradient(&directional(&f));
        let hessian = over_basis(&reverse_over_forward, &args, &x);
        near(name, &hessian[0].to_f64_vec(), &expected, 1e-7);
    }
}

#[test]
fn third_derivatives_agree_with_differences() {
    for (name, f) in functions() {
        let hessian_vector = gradient(&directional(&f));
        let direction = Argument::Range(f.param_types()[0].clone(), -1.0, 1.0).fill(99);
        let args = [&operands(&f)[..], &[direction]].concat();
        let expected = differences(&hessian_vector, &args);
        let third = over_basis(&directional(&hessian_vector), &args, args[0].ty());
        near(name, &third[0].to_f64_vec(), &expected, 1e-6);
    }
}

#[test]
fn a_batch_of_gradients_is_a_loop_and_so_is_the_gradient_of_a_batch() {
    const LANES: usize = 3;
    for (name, f) in functions() {
        let lanes: Vec<Array> = (0..LANES)
            .map(|i| Argument::Range(f.param_types()[0].clone(), 0.2, 1.3).fill(50 + i as u64))
            .collect();
        let rest = &operands(&f)[1..];
        let g = gradient(&f);
        let looped: Vec<f64> =
            lanes.iter().flat_map(|x| run(&g, &[slice::from_ref(x), rest].concat())).collect();
        let shape = lanes[0].ty().shape.with_axis(0, LANES);
        let stacked = Array::from_f64(&f64s(shape), lanes.iter().flat_map(Array::to_f64_vec));
        let args = [&[stacked], rest].concat();

        let (batched, mapped) = batch(&g, &first(&g), Lanes::new(LANES));
        assert_eq!(mapped, [true]);
        near(name, &run(&batched, &args), &looped, 1e-13);

        let (batched, _) = batch(&f, &first(&f), Lanes::new(LANES));
        let total = program(batched.param_types(), |x| vec![batched.inline(x)[0].reduce_sum(&[0])]);
        near(name, &run(&gradient(&total), &args), &looped, 1e-13);
    }
}

#[test]
fn linearize_is_the_directional_derivative() {
    for (name, f) in functions() {
        let args = operands(&f);
        let dx = Argument::Range(f.param_types()[0].clone(), -1.0, 1.0).fill(5);
        let halves = linearize(&f, &first(&f));
        let residuals = &eval(&halves.primal, &args).unwrap()[1..];
        let dy = run(&halves.linear, &[residuals, slice::from_ref(&dx)].concat());
        near(name, &dy, &run(&directional(&f), &[&args[..], &[dx]].concat()), 1e-13);
    }
}

#[test]
fn optimized_derivatives_are_the_same() {
    for (name, f) in functions() {
        let args = operands(&f);
        let g = gradient(&f);
        near(name, &run(&optimize(&g), &args), &run(&g, &args), 1e-13);
        let inlined = inline_calls(&g, Calls::InlineAll);
        let small = optimize(&inlined);
        assert!(small.equations().len() < inlined.equations().len(), "{name}");
        near(name, &run(&small, &args), &run(&g, &args), 1e-13);
    }
}

#[test]
fn calls_of_one_program_stay_calls_of_one_program() {
    let g = gradient(&mlp_of_calls());
    let callees: Vec<&Arc<Program>> =
        g.equations().iter().flat_map(|eqn| eqn.op.rules().programs()).collect();
    let distinct: HashSet<*const Program> = callees.iter().map(|callee| Arc::as_ptr(callee)).collect();
    // The first layer's input has no derivative, so its Programs are its own.
    assert_eq!((callees.len(), distinct.len()), (6, 4), "forward and backward, three times each\n{g}");
}
