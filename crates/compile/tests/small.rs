//! Small programs: compiled against the reference interpreter.

use gradus_compile::{Config, compile};
use gradus_ir::{Array, Dtype, Program, SourceLocation, Type, Val, eval::eval, trace::trace};

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Program {
    trace(SourceLocation::here(), types, f).unwrap_or_else(|e| panic!("{e}")).program
}

fn data(ty: &Type, seed: usize) -> Array {
    let n = ty.shape.size();
    Array::from_f64(ty, (0..n).map(|k| ((k * 37 + seed * 11) % 101 + 1) as f64 / 50.0))
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

#[test]
fn reductions() {
    use gradus_ir::ops::monoid::Monoid;
    for shape in [&[7usize, 5][..], &[1, 9], &[64, 3], &[3, 64], &[5], &[2, 3, 4], &[0, 3]] {
        for axes in [vec![0usize], (0..shape.len()).collect(), vec![shape.len() - 1]] {
            let steps = check(&[f32s(shape)], |x| vec![(x[0] * x[0]).reduce(Monoid::Sum, &axes)]);
            assert!(steps.len() <= 1, "{steps:?}");
            if shape[0] > 0 {
                check(&[f32s(shape)], |x| vec![x[0].reduce(Monoid::Max, &axes)]);
            }
        }
    }
}

#[test]
fn long_reductions_are_cut() {
    use gradus_ir::ops::monoid::Monoid;
    check(&[f32s(&[100_003])], |x| vec![x[0].reduce(Monoid::Sum, &[0])]);
    check(&[f32s(&[20_011, 7])], |x| vec![x[0].reduce(Monoid::Max, &[0]), x[0].reduce(Monoid::Sum, &[0, 1])]);
}

#[test]
fn softmax_is_one_kernel() {
    use gradus_ir::ops::monoid::Monoid;
    for shape in [[32usize, 10], [3, 100], [1, 17]] {
        let steps = check(&[f32s(&shape)], |x| {
            let spread = |v: Val| v.broadcast(shape, &[0]);
            let e = (x[0] - spread(x[0].reduce(Monoid::Max, &[1]))).exp();
            vec![e / spread(e.reduce(Monoid::Sum, &[1]))]
        });
        assert_eq!(steps.len(), 1, "{steps:?}");
    }
}

#[test]
fn products() {
    use gradus_ir::ops::contract::DotDims;
    for (m, k, n) in [(3, 4, 5), (32, 784, 128), (1, 9, 7), (9, 7, 1), (65, 33, 17), (1, 100, 1)] {
        let (a, b) = (f32s(&[m, k]), f32s(&[k, n]));
        check(&[a, b], |x| vec![x[0].dot_general(x[1], DotDims::contracting(&[1], &[0]))]);
        let (a, b) = (f32s(&[k, m]), f32s(&[n, k]));
        check(&[a, b], |x| vec![x[0].dot_general(x[1], DotDims::contracting(&[0], &[1]))]);
        let (a, b) = (f32s(&[k, 2, m]), f32s(&[n, k, 2]));
        check(&[a, b], |x| vec![x[0].dot_general(x[1], DotDims::contracting(&[0], &[1]).batch(&[1], &[2]))]);
    }
}

#[test]
fn a_product_reads_below_a_view_that_stands_in_memory() {
    check(&[f32s(&[3]), f32s(&[130])], |x| {
        let sum = (x[0] * x[0]).reduce_sum(&[0]);
        let total = x[1].reduce_sum(&[0]).broadcast([16, 9], &[]);
        let right = total.tanh() + total.tanh();
        vec![sum, right, sum.broadcast([8, 16], &[]).matmul(right)]
    });
}
