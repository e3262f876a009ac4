//! Loops and choices: small ones as one kernel, others as steps with steps inside, both as the interpreter has them.

use gradus_compile::{Config, Executable, compile, compile_with_state};
use gradus_ir::ops::control::{Cond, Scan, While};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::{Array, Dtype, Program, SourceLocation, Type, Val, bind, eval::eval, trace::trace};
use std::sync::Arc;

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    Arc::new(trace(SourceLocation::here(), types, f).unwrap_or_else(|e| panic!("{e}")).program)
}

fn f32s(shape: &[usize]) -> Type {
    Type::new(Dtype::F32, shape)
}

fn i32s(shape: &[usize]) -> Type {
    Type::new(Dtype::I32, shape)
}

/// Small multiples of 1/8, so that short sums and products are exact.
fn data(ty: &Type, seed: usize) -> Array {
    let scale = if ty.dtype.is_float() { 8.0 } else { 1.0 };
    Array::from_f64(ty, (0..ty.shape.size()).map(|k| ((k * 37 + seed * 11) % 9) as f64 / scale))
}

fn scan(body: Arc<Program>, num_consts: usize, num_carry: usize, length: usize) -> Scan {
    Scan { body, num_consts, num_carry, length: Some(length), reverse: false, unroll: 1 }
}

/// Compiles and runs on one and two threads; the results are those of the interpreter, up to `tolerance`.
#[track_caller]
fn check(program: &Program, args: &[Array], tolerance: f64) -> Executable {
    let expected = eval(program, args).unwrap_or_else(|e| panic!("{e}"));
    let run = |threads| {
        let config = Config { threads, ..Config::default() };
        let executable = compile(program, &config).unwrap_or_else(|e| panic!("{e}\n{program}"));
        let found = executable.run(&args.iter().collect::<Vec<_>>()).unwrap_or_else(|e| panic!("{e}"));
        (found, executable)
    };
    let (found, executable) = run(1);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.ty(), expected.ty());
        for (a, b) in found.to_f64_vec().into_iter().zip(expected.to_f64_vec()) {
            let close = (a - b).abs() <= tolerance * b.abs().max(1.0) || a == b || (a.is_nan() && b.is_nan());
            assert!(close, "{a} is not {b}\n{found}\n{expected}\n{program}\n{}", executable.explain());
        }
    }
    assert_eq!(run(2).0, found, "one and two threads differ");
    executable
}

#[track_caller]
fn check_data(program: &Program, tolerance: f64) -> Executable {
    let args: Vec<Array> = program.param_types().iter().enumerate().map(|(k, ty)| data(ty, k)).collect();
    check(program, &args, tolerance)
}

#[test]
fn a_recurrence_of_one_number_is_one_kernel() {
    let body = program(&[i32s(&[]), f32s(&[])], |p| {
        vec![p[0] + p[0].full_like(1.0), p[1] * p[1].full_like(0.999) + p[1].full_like(0.1)]
    });
    let whole = program(&[i32s(&[]), f32s(&[])], |p| bind(scan(body, 0, 2, 1000), p).to_vec());
    let executable = check_data(&whole, 1e-4);
    assert_eq!(executable.steps().len(), 1, "{}", executable.explain());
}

#[test]
fn small_rows_are_read_and_written_in_one_kernel() {
    for reverse in [false, true] {
        let body = program(&[f32s(&[40]), f32s(&[3]), i32s(&[]), f32s(&[2])], |p| {
            let picked = p[0].dynamic_slice(&[p[2]], &[3]);
            let h = p[1] * p[1].full_like(0.5) + picked;
            let sum = p[3].reduce(Monoid::Sum, &[0]);
            let h = h + sum.broadcast([3], &[]);
            let next = p[2] + p[2].full_like(2.0);
            vec![h, next, h.slice(&[1], &[3], &[1]) * p[3], sum]
        });
        let inner = Scan { reverse, ..scan(body, 1, 2, 7) };
        let whole =
            program(&[f32s(&[40]), f32s(&[3]), i32s(&[]), f32s(&[7, 2])], |p| bind(inner, p).to_vec());
        let executable = check_data(&whole, 1e-5);
        assert_eq!(executable.steps().len(), 1, "{}", executable.explain());
    }
}

/// A body with a product that is no kernel: a step with steps inside.
fn cell(n: usize) -> Arc<Program> {
    program(&[f32s(&[n, n]), f32s(&[n, n]), f32s(&[n, n]), f32s(&[n, n])], |p| {
        let (w, h, c, x) = (p[0], p[1], p[2], p[3]);
        let g = h.matmul(w) * x.full_like(0.01) + x;
        let c = c * g.logistic() + g.tanh();
        let h = c.tanh() * g.logistic();
        vec![h, c, h, x - h]
    })
}

#[test]
fn a_recurrent_cell_runs_as_steps_inside() {
    for (n, length, reverse) in [(24, 1, false), (24, 2, true), (24, 5, false), (64, 6, true), (24, 0, false)]
    {
        let inner = Scan { reverse, ..scan(cell(n), 1, 2, length) };
        let types = [f32s(&[n, n]), f32s(&[n, n]), f32s(&[n, n]), f32s(&[length, n, n])];
        let whole = program(&types, |p| bind(inner, p).to_vec());
        let executable = check_data(&whole, 1e-4);
        assert!(
            executable.steps().iter().any(|step| step.contains("body: matmul")),
            "{:?}",
            executable.steps()
        );
        assert!(executable.memory() > 0);
    }
}

#[test]
fn a_loop_without_iterations_reads_rows_that_nobody_wrote() {
    for n in [3, 40] {
        let forward = program(&[f32s(&[n]), f32s(&[n])], |p| vec![p[0] * p[1], p[1], p[0].sin()]);
        let back = program(&[f32s(&[n]), f32s(&[n])], |p| vec![p[0] * p[1]]);
        let whole = program(&[f32s(&[n]), f32s(&[n])], |p| {
            let forward = bind(scan(forward, 0, 2, 0), p);
            bind(scan(back, 0, 1, 0), &[p[1], forward[2]]).to_vec()
        });
        check_data(&whole, 0.0);
    }
}

#[test]
fn carries_that_are_exchanged_kept_and_returned_twice() {
    let n = 40;
    let types = || vec![f32s(&[n]); 4];
    let body = program(&types(), |p| vec![p[1], p[0], p[2], p[0] + p[3], p[2], p[3]]);
    for length in [0, 1, 2, 3, 6] {
        let inner = scan(body.clone(), 0, 4, length);
        check_data(&program(&types(), |p| bind(inner, p).to_vec()), 1e-6);
    }
    // The same operand as several initial carries.
    let inner = scan(body, 0, 4, 3);
    check_data(&program(&[f32s(&[n])], |p| bind(inner, &[p[0], p[0], p[0] + p[0], p[0]]).to_vec()), 1e-6);
}

#[test]
fn an_array_that_is_updated_row_by_row_is_updated_in_place() {
    let n = 64;
    let body = program(&[f32s(&[n]), f32s(&[50, n]), i32s(&[])], |p| {
        let zero = p[2].full_like(0.0);
        let row = p[1].dynamic_slice(&[p[2], zero], &[1, n]);
        let row = row + p[0].reshape([1, n]);
        let next = p[2] + p[2].full_like(1.0);
        vec![p[1].dynamic_update_slice(row, &[p[2], zero]), next]
    });
    let whole = program(&[f32s(&[n]), f32s(&[50, n]), i32s(&[])], |p| bind(scan(body, 1, 2, 9), p).to_vec());
    check_data(&whole, 1e-6);
    let config = Config::default();
    let stateful = program(&[f32s(&[50, n]), f32s(&[n]), i32s(&[])], |p| {
        let body = program(&[f32s(&[n]), f32s(&[50, n]), i32s(&[])], |p| {
            let zero = p[2].full_like(0.0);
            let row = p[0].reshape([1, n]);
            let next = p[2] + p[2].full_like(1.0);
            vec![p[1].dynamic_update_slice(row, &[p[2], zero]), next]
        });
        vec![bind(scan(body, 1, 2, 4), &[p[1], p[0], p[2]])[0]]
    });
    let executable = compile_with_state(&stateful, 1, &config).unwrap_or_else(|e| panic!("{e}"));
    let args: Vec<Array> = stateful.param_types().iter().enumerate().map(|(k, ty)| data(ty, k)).collect();
    let expected = eval(&stateful, &args).unwrap_or_else(|e| panic!("{e}"));
    let mut state = data(&f32s(&[50, n]), 0);
    let before = state.bytes().as_ptr();
    executable.run_with_state(&mut [&mut state], &[&args[1], &args[2]]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(state, expected[0]);
    assert_eq!(before, state.bytes().as_ptr(), "{}", executable.explain());
}

fn count_down(n: Option<usize>) -> Arc<Program> {
    let ty = n.map_or(f32s(&[]), |n| f32s(&[n]));
    let test = program(&[f32s(&[]), ty.clone(), i32s(&[])], |p| {
        let smallest = match n {
            Some(_) => p[1].reduce(Monoid::Min, &[0]),
            None => p[1],
        };
        vec![smallest.lt(p[0])]
    });
    let body = program(&[ty.clone(), ty.clone(), i32s(&[])], |p| {
        vec![p[1] * p[1].full_like(1.25) + p[0], p[2] + p[2].full_like(1.0)]
    });
    let inner = While { cond: test, body, num_cond_consts: 1, num_body_consts: 1, record: false };
    program(&[f32s(&[]), ty.clone(), ty, i32s(&[])], |p| bind(inner, p).to_vec())
}

#[test]
fn loops_of_unknown_length() {
    for n in [None, Some(7), Some(300)] {
        let whole = count_down(n);
        for limit in [0.5f32, 30.0, 1000.0] {
            let mut args: Vec<Array> = whole.param_types().iter().map(|ty| data(ty, 3)).collect();
            args[0] = Array::scalar(limit);
            args[1] = Array::from_f64(&args[1].ty().clone(), (0..args[1].ty().shape.size()).map(|_| 0.75));
            let executable = check(&whole, &args, 1e-4);
            let one_kernel = executable.steps().len() == 1;
            assert_eq!(one_kernel, n != Some(300), "{}", executable.explain());
        }
    }
}

#[test]
fn one_of_several_branches() {
    for n in [3, 100] {
        let types = || vec![f32s(&[n]), f32s(&[n])];
        let branches = vec![
            program(&types(), |p| vec![p[0] + p[1], p[0]]),
            program(&types(), |p| vec![p[1].sin(), p[0].exp()]),
            program(&types(), |p| vec![p[1].full_like(2.0), p[1]]),
        ];
        let whole = program(&[i32s(&[]), f32s(&[n]), f32s(&[n])], |p| {
            bind(Cond { branches }, p).into_iter().map(|v| v * v).collect()
        });
        for index in [-5, 0, 1, 2, 3, i32::MAX] {
            let mut args: Vec<Array> =
                whole.param_types().iter().enumerate().map(|(k, ty)| data(ty, k)).collect();
            args[0] = Array::scalar(index);
            check(&whole, &args, 1e-5);
        }
    }
}

#[test]
fn loops_in_loops() {
    // A small loop in a small one, written out where its rows are values, and a large one around both.
    let innermost = program(&[f32s(&[]), f32s(&[]), f32s(&[])], |p| {
        let h = p[1] * p[0] + p[2];
        vec![h, h * h]
    });
    for n in [3, 5, 40] {
        let inner = scan(innermost.clone(), 1, 1, n);
        let middle = program(&[f32s(&[]), f32s(&[n])], |p| {
            let r = bind(inner.clone(), &[p[0] * p[0].full_like(0.25), p[0], p[1]]);
            vec![r[0] * p[0].full_like(0.125), r[1]]
        });
        let whole = program(&[f32s(&[]), f32s(&[6, n])], |p| bind(scan(middle.clone(), 0, 1, 6), p).to_vec());
        check_data(&whole, 1e-4);
        let outer = program(&[f32s(&[6, n]), f32s(&[]), f32s(&[20, 20])], |p| {
            let r = bind(scan(middle.clone(), 0, 1, 6), &[p[1], p[0]]);
            let product = p[2].matmul(p[2]) * p[2].full_like(0.001);
            vec![r[0] * r[0].full_like(0.5), product + r[0].broadcast([20, 20], &[]), r[1]]
        });
        let types = [f32s(&[6, n]), f32s(&[]), f32s(&[20, 20])];
        let whole = program(&types, |p| bind(scan(outer.clone(), 1, 2, 4), p).to_vec());
        check_data(&whole, 1e-4);
    }
}

#[test]
fn threads_share_the_steps_of_a_loop() {
    let n = 192;
    let inner = scan(cell(n), 1, 2, 3);
    let types = [f32s(&[n, n]), f32s(&[n, n]), f32s(&[n, n]), f32s(&[3, n, n])];
    let whole = program(&types, |p| bind(inner, p).to_vec());
    let args: Vec<Array> = types.iter().enumerate().map(|(k, ty)| data(ty, k)).collect();
    let args: Vec<&Array> = args.iter().collect();
    let run = |threads: usize| {
        let config = Config { threads, ..Config::default() };
        compile(&whole, &config).unwrap_or_else(|e| panic!("{e}"))
    };
    let expected = run(1).run(&args).unwrap_or_else(|e| panic!("{e}"));
    let executable = run(2);
    for _ in 0..20 {
        assert_eq!(executable.run(&args).unwrap_or_else(|e| panic!("{e}")), expected);
    }
}

/// A loop that leaves `x` at each step behind, and one that adds them up from the last on.
fn recorded(n: usize) -> Arc<Program> {
    let ty = || f32s(&[n]);
    let test = program(&[f32s(&[]), ty()], |p| vec![p[1].reduce(Monoid::Min, &[0]).lt(p[0])]);
    let body = program(&[ty()], |p| vec![p[0] * p[0].full_like(1.25), p[0] + p[0]]);
    let inner = While { cond: test, body, num_cond_consts: 1, num_body_consts: 0, record: true };
    let pull = program(&[ty(), ty()], |p| vec![p[0] * p[0].full_like(0.5) + p[1]]);
    program(&[f32s(&[]), ty()], |p| {
        let results = bind(inner, p);
        let back = Scan { length: None, reverse: true, ..scan(pull, 0, 1, 0) };
        let sum = bind(back, &[results[1], p[1], results[2]])[0];
        vec![results[0], results[1], sum]
    })
}

#[test]
fn tapes_hold_what_a_loop_leaves_behind() {
    for n in [1, 5, 700] {
        let whole = recorded(n);
        for limit in [0.5f32, 2.0, 100.0] {
            let start = Array::from_f64(&f32s(&[n]), (0..n).map(|k| 0.75 + (k % 7) as f64));
            check(&whole, &[Array::scalar(limit), start], 1e-4);
        }
    }
}

#[test]
fn a_tape_over_its_limit_ends_the_call_and_leaves_state_untouched() {
    let n = 100;
    let whole = recorded(n);
    let stateful = program(&[f32s(&[n]), f32s(&[])], |p| vec![whole.inline(&[p[1], p[0]])[2]]);
    let config = Config { tape_bytes: 10_000, ..Config::default() };
    let executable = compile_with_state(&stateful, 1, &config).unwrap_or_else(|e| panic!("{e}"));
    let start = Array::from_f64(&f32s(&[n]), (0..n).map(|k| 0.75 + (k % 7) as f64));
    for _ in 0..2 {
        let mut state = start.clone();
        let error = executable.run_with_state(&mut [&mut state], &[&Array::scalar(1e6f32)]);
        let message = error.expect_err("60 steps of 400 bytes are too many").to_string();
        assert!(message.contains("10000 bytes") && message.contains("loops.rs"), "{message}");
        assert_eq!(state, start);
        executable
            .run_with_state(&mut [&mut state], &[&Array::scalar(2f32)])
            .unwrap_or_else(|e| panic!("{e}"));
        assert_ne!(state, start);
    }
    assert!(executable.memory() >= 10_000 && executable.explain().contains("at most 10000 bytes"));
}
