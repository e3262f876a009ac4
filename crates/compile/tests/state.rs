//! State: replaced in place where nobody else holds it, never seen half written, the same on any number of threads.

use gradus_compile::{Config, compile, compile_with_state};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::{Array, Dtype, Program, SourceLocation, Type, Val, eval::eval, trace::trace};

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Program {
    trace(SourceLocation::here(), types, f).unwrap_or_else(|e| panic!("{e}")).program
}

fn f32s(shape: &[usize]) -> Type {
    Type::new(Dtype::F32, shape)
}

/// Small whole numbers, so that sums and products are exact.
fn data(ty: &Type, seed: usize) -> Array {
    Array::from_f64(ty, (0..ty.shape.size()).map(|k| ((k * 37 + seed * 11) % 7) as f64))
}

/// Runs with the first `num_state` arguments as state and compares all results with the interpreter's.
#[track_caller]
fn check(program: &Program, num_state: usize) {
    let args: Vec<Array> = program.param_types().iter().enumerate().map(|(k, ty)| data(ty, k)).collect();
    let expected = eval(program, &args).unwrap_or_else(|e| panic!("{e}"));
    let executable =
        compile_with_state(program, num_state, &Config::default()).unwrap_or_else(|e| panic!("{e}"));
    for shared in [false, true] {
        let mut own: Vec<Array> =
            program.param_types().iter().enumerate().map(|(k, ty)| data(ty, k)).collect();
        let held: Vec<Array> = if shared { own.clone() } else { vec![] };
        let (state, rest) = own.split_at_mut(num_state);
        let mut state: Vec<&mut Array> = state.iter_mut().collect();
        let rest: Vec<&Array> = rest.iter().collect();
        let results = executable.run_with_state(&mut state, &rest).unwrap_or_else(|e| panic!("{e}"));
        let found: Vec<Array> = state.iter().map(|a| (**a).clone()).chain(results).collect();
        assert_eq!(found, expected, "shared: {shared}\n{}", executable.explain());
        if shared {
            assert_eq!(held, args, "what others hold is not written");
        }
    }
}

#[test]
fn an_elementwise_update_keeps_its_buffer() {
    let p = program(&[f32s(&[100]), f32s(&[100])], |x| vec![x[0] + x[1]]);
    check(&p, 1);
    let executable = compile_with_state(&p, 1, &Config::default()).unwrap();
    let (mut state, x) = (data(&f32s(&[100]), 0), data(&f32s(&[100]), 1));
    let before = state.bytes().as_ptr();
    executable.run_with_state(&mut [&mut state], &[&x]).unwrap();
    assert_eq!(before, state.bytes().as_ptr());
}

#[test]
fn states_that_read_each_other() {
    let ty = || f32s(&[5, 5]);
    // Exchanged; one kept; each from both; transposed into itself; shifted by a neighbour's row.
    check(&program(&[ty(), ty()], |x| vec![x[1], x[0]]), 2);
    check(&program(&[ty(), ty()], |x| vec![x[0] + x[1], x[1]]), 2);
    check(&program(&[ty(), ty()], |x| vec![x[0] + x[1], x[0] - x[1]]), 2);
    check(&program(&[ty()], |x| vec![x[0].transpose(&[1, 0]) + x[0]]), 1);
    check(&program(&[ty(), ty()], |x| vec![x[0].matmul(x[1]), x[1].matmul(x[0])]), 2);
    check(
        &program(&[ty()], |x| vec![x[0] + x[0].reduce(Monoid::Sum, &[0]).broadcast([5, 5], &[1]), x[0]]),
        1,
    );
    check(
        &program(&[ty(), ty()], |x| {
            let y = x[0] + x[1];
            vec![y, y]
        }),
        2,
    );
    check(
        &program(&[ty(), ty()], |x| {
            let y = x[0] + x[1];
            vec![y, x[1] + y, x[0]]
        }),
        2,
    );
}

#[test]
fn one_array_as_two_states() {
    let p = program(&[f32s(&[64]), f32s(&[64])], |x| vec![x[0] + x[1], x[0] - x[1]]);
    let executable = compile_with_state(&p, 2, &Config::default()).unwrap();
    let x = data(&f32s(&[64]), 3);
    let (mut a, mut b) = (x.clone(), x.clone());
    executable.run_with_state(&mut [&mut a, &mut b], &[]).unwrap();
    assert_eq!(vec![a, b], eval(&p, &[x.clone(), x]).unwrap());
}

#[test]
fn wrong_arguments_are_refused_and_change_nothing() {
    let p = program(&[f32s(&[4]), f32s(&[4])], |x| vec![x[0] + x[1]]);
    let executable = compile_with_state(&p, 1, &Config::default()).unwrap();
    let mut state = data(&f32s(&[4]), 0);
    let before = state.clone();
    let wrong = data(&f32s(&[5]), 1);
    assert!(executable.run_with_state(&mut [&mut state], &[&wrong]).is_err());
    assert!(executable.run_with_state(&mut [&mut state], &[]).is_err());
    assert_eq!(state, before);
}

#[test]
fn more_memory_than_there_is_is_refused_before_the_call() {
    let p = program(&[f32s(&[])], |x| vec![x[0].broadcast([1 << 20, 1 << 18], &[])]);
    let executable = compile(&p, &Config::default()).unwrap();
    let error = executable.run(&[&Array::scalar(1f32)]).unwrap_err();
    assert!(error.to_string().contains("bytes at its peak"), "{error}");
}

#[test]
fn one_and_two_threads_give_the_same_bits() {
    let n = 300_000;
    let p = program(&[f32s(&[n]), f32s(&[600, 500])], |x| {
        let wide = x[0].reshape([600, 500]) * x[1].sin();
        let e = (wide - wide.reduce(Monoid::Max, &[1]).broadcast([600, 500], &[0])).exp();
        let rows = e / e.reduce(Monoid::Sum, &[1]).broadcast([600, 500], &[0]);
        vec![
            rows.matmul(x[1].transpose(&[1, 0])),
            rows.reduce(Monoid::Sum, &[0]),
            x[0].reduce(Monoid::Sum, &[0]),
        ]
    });
    let args = [data(&f32s(&[n]), 1), data(&f32s(&[600, 500]), 2)];
    let refs: Vec<&Array> = args.iter().collect();
    let results: Vec<Vec<Array>> = [1, 2, 2]
        .map(|threads| compile(&p, &Config { threads, ..Config::default() }).unwrap().run(&refs).unwrap())
        .into();
    assert_eq!(results[0], results[1]);
    assert_eq!(results[1], results[2]);
}

#[test]
fn many_threads_may_call_at_once() {
    let p =
        program(&[f32s(&[300, 300]), f32s(&[300, 300])], |x| vec![(x[0].matmul(x[1]) + x[0]).exp().tanh()]);
    let executable = compile(&p, &Config::default()).unwrap();
    let args = [data(&f32s(&[300, 300]), 1), data(&f32s(&[300, 300]), 2)];
    let expected = executable.run(&[&args[0], &args[1]]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(executable.run(&[&args[0], &args[1]]).unwrap(), expected);
                }
            });
        }
    });
}
