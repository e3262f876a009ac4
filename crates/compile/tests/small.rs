//! Small programs: compiled against the reference interpreter.

use gradus_compile::{Config, compile};
use gradus_ir::{Array, Dtype, Place, Program, Type, Val, eval::eval, trace::trace};

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Program {
    trace(Place::here(), types, f).unwrap_or_else(|e| panic!("{e}")).program
}

fn data(ty: &Type, seed: usize) -> Array {
    let n = ty.shape.size();
    Array::from_f64(ty, (0..n).map(|k| (((k * 37 + seed * 11) % 101) as f64 - 50.0) / 25.0))
}

#[track_caller]
fn check(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Vec<String> {
    let program = program(types, f);
    let args: Vec<Array> = types.iter().enumerate().map(|(k, ty)| data(ty, k)).collect();
    let expected = eval(&program, &args).unwrap_or_else(|e| panic!("{e}"));
    let executable = compile(&program, &Config::default()).unwrap_or_else(|e| panic!("{e}"));
    let refs: Vec<&Array> = args.iter().collect();
    for _ in 0..2 {
        let found = executable.run(&refs).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.ty(), expected.ty());
            for (a, b) in found.to_f64_vec().iter().zip(expected.to_f64_vec()) {
                let close = (a - b).abs() <= 1e-5 * (1.0 + b.abs()) || (a.is_nan() && b.is_nan());
                assert!(close, "{a} is not {b}\n{}\n{found}\n{expected}", executable.explain());
            }
        }
    }
    executable.steps()
}

fn f32s(shape: &[usize]) -> Type {
    Type::new(Dtype::F32, shape)
}

#[test]
fn elementwise_chains_are_one_kernel() {
    let steps = check(&[f32s(&[7, 5]), f32s(&[7, 5])], |x| {
        let y = (x[0] * x[1]).sin() + x[0].exp();
        vec![y, y * y - x[1]]
    });
    assert_eq!(steps.len(), 1, "{steps:?}");
}

#[test]
fn scalars_and_empty_arrays() {
    check(&[f32s(&[])], |x| vec![x[0] * x[0]]);
    check(&[f32s(&[0, 3])], |x| vec![x[0] * x[0]]);
}

#[test]
fn broadcasts() {
    let steps = check(&[f32s(&[6, 5]), f32s(&[5]), f32s(&[6])], |x| {
        let row = x[1].broadcast([6, 5], &[1]);
        let column = x[2].exp().broadcast([6, 5], &[0]);
        vec![x[0] * row + column]
    });
    assert_eq!(steps.len(), 1, "{steps:?}");
}

#[test]
fn results_that_are_parameters_or_given_twice() {
    check(&[f32s(&[3]), f32s(&[3])], |x| {
        let y = x[0] + x[1];
        vec![x[0], y, y, x[1]]
    });
}
