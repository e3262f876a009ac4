//! Convolutions, windows and running totals large enough for every way in which they are compiled: against the
//! interpreter, and the same bits on one thread and on two.

use gradus_compile::{Config, compile};
use gradus_ir::eval::eval;
use gradus_ir::ops::convolution::{AxisRoles, ConvDims, Convolution};
use gradus_ir::ops::cumulative::Cumulative;
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::sample::Argument;
use gradus_ir::ops::window::{Select, Window, Windowing};
use gradus_ir::{Array, Dtype, Op, Program, SourceLocation, Type, bind, trace};

fn program(types: &[Type], op: impl Into<Op>) -> Program {
    let op = op.into();
    trace(SourceLocation::unknown(), types, |x| bind(op.clone(), x).to_vec())
        .unwrap_or_else(|e| panic!("{e}"))
        .program
}

/// Runs an operation compiled, and interpreted; `tolerance` is relative to the largest element.
#[track_caller]
fn check(types: &[Type], op: impl Into<Op>, tolerance: f64) -> String {
    let program = program(types, op);
    let fill = |(k, ty): (usize, &Type)| Argument::Range(ty.clone(), -1.0, 1.0).fill(k as u64 + 3);
    let args: Vec<Array> = types.iter().enumerate().map(fill).collect();
    let expected = eval(&program, &args).unwrap_or_else(|e| panic!("{e}"));
    let run = |threads: usize| {
        let executable =
            compile(&program, &Config { threads, ..Config::default() }).unwrap_or_else(|e| panic!("{e}"));
        let found = executable.run(&args.iter().collect::<Vec<_>>()).unwrap_or_else(|e| panic!("{e}"));
        (found, executable.explain())
    };
    let ((found, explained), (shared, _)) = (run(1), run(2));
    for ((found, shared), expected) in found.iter().zip(&shared).zip(&expected) {
        assert_eq!(found.bytes(), shared.bytes(), "threads change bits\n{explained}");
        let expected = expected.to_f64_vec();
        let largest = expected.iter().filter(|x| x.is_finite()).fold(1.0f64, |m, x| m.max(x.abs()));
        for (i, (a, b)) in found.to_f64_vec().into_iter().zip(expected).enumerate() {
            assert!(
                a == b || (a - b).abs() <= tolerance * largest,
                "element {i}: {a} is not {b}\n{explained}\n{program:?}"
            );
        }
    }
    explained
}

fn layouts(n: usize) -> [ConvDims; 3] {
    let (first, last) = (AxisRoles::features_first(n), AxisRoles::features_last(n));
    [
        ConvDims { lhs: last.clone(), rhs: AxisRoles::kernel_last(n), out: last.clone() },
        ConvDims { lhs: first.clone(), rhs: first.clone(), out: first.clone() },
        ConvDims { lhs: last, rhs: first.clone(), out: first },
    ]
}

/// Types of input and kernel for these extents, in these roles.
fn types(
    dims: &ConvDims,
    dtype: Dtype,
    input: (usize, &[usize], usize),
    kernel: (usize, &[usize], usize),
) -> [Type; 2] {
    let shape = |roles: &AxisRoles, (batch, spatial, feature): (usize, &[usize], usize)| {
        let mut shape = vec![0; spatial.len() + 2];
        (shape[roles.batch], shape[roles.feature]) = (batch, feature);
        roles.spatial.iter().zip(spatial).for_each(|(axis, n)| shape[*axis] = *n);
        Type::new(dtype, shape)
    };
    [shape(&dims.lhs, input), shape(&dims.rhs, kernel)]
}

#[test]
fn convolutions_by_the_library() {
    for (number, dims) in layouts(2).into_iter().enumerate() {
        for dtype in [Dtype::F32, Dtype::F64] {
            let plain = || Convolution::new(dims.clone());
            let with = |strides: [usize; 2], low: [i64; 2], high: [i64; 2]| Convolution {
                strides: strides.as_slice().into(),
                low: low.as_slice().into(),
                high: high.as_slice().into(),
                ..plain()
            };
            let dilated = |lhs: [usize; 2], rhs: [usize; 2], op: Convolution| Convolution {
                lhs_dilation: lhs.as_slice().into(),
                rhs_dilation: rhs.as_slice().into(),
                ..op
            };
            let cases = [
                (plain(), (2, [9, 8], 5), (6, [3, 3], 5)),
                (with([1, 1], [1, 1], [1, 1]), (3, [7, 9], 1), (33, [3, 3], 1)),
                (with([2, 3], [2, 0], [1, 3]), (2, [11, 10], 3), (7, [5, 2], 3)),
                (with([2, 1], [-1, 2], [2, -2]), (2, [9, 12], 4), (5, [3, 2], 4)),
                (dilated([2, 1], [1, 3], with([1, 2], [2, 3], [2, 3])), (2, [6, 11], 4), (8, [3, 3], 4)),
                (dilated([3, 2], [2, 1], with([2, 1], [4, -2], [1, 5])), (1, [7, 8], 6), (9, [2, 4], 6)),
                (
                    Convolution { feature_group_count: 3, ..with([1, 1], [1, 0], [1, 1]) },
                    (2, [6, 7], 12),
                    (15, [3, 2], 4),
                ),
                (
                    Convolution { batch_group_count: 2, ..with([1, 2], [1, 0], [1, 1]) },
                    (6, [6, 7], 5),
                    (12, [3, 2], 5),
                ),
                // One element, with and without strides: a product of matrices.
                (plain(), (2, [7, 8], 6), (9, [1, 1], 6)),
                (with([2, 3], [0, 0], [0, 0]), (2, [17, 18], 6), (9, [1, 1], 6)),
                // Few windows and many outputs; many terms.
                (plain(), (1, [4, 5], 70), (65, [3, 3], 70)),
                (plain(), (3, [30, 31], 20), (5, [28, 28], 20)),
            ];
            for (op, input, kernel) in cases {
                let (input, kernel) = ((input.0, &input.1[..], input.2), (kernel.0, &kernel.1[..], kernel.2));
                let tolerance = if dtype == Dtype::F32 { 2e-6 } else { 1e-14 };
                let explained = check(&types(&dims, dtype, input, kernel), op, tolerance);
                let by_library = explained.contains("convolution ") || explained.contains("matmul ");
                assert!(by_library, "layout {number}:\n{explained}");
            }
        }
    }
}

#[test]
fn convolutions_in_one_and_three_dimensions() {
    for dims in layouts(1) {
        let op = Convolution {
            low: [40].as_slice().into(),
            high: [3].as_slice().into(),
            ..Convolution::new(dims.clone())
        };
        check(&types(&dims, Dtype::F32, (2, &[70], 3), (5, &[50], 3)), op, 2e-6);
    }
    for dims in layouts(3) {
        let op = Convolution {
            strides: [1, 2, 1].as_slice().into(),
            low: [1, 0, 1].as_slice().into(),
            high: [0, 1, 1].as_slice().into(),
            ..Convolution::new(dims.clone())
        };
        check(&types(&dims, Dtype::F32, (2, &[4, 5, 6], 3), (8, &[2, 3, 3], 3)), op, 2e-6);
    }
}

#[test]
fn depthwise_and_integer_convolutions() {
    for dims in layouts(2) {
        let padded = Convolution {
            low: [1, 1].as_slice().into(),
            high: [1, 1].as_slice().into(),
            ..Convolution::new(dims.clone())
        };
        let depthwise = Convolution { feature_group_count: 24, ..padded.clone() };
        check(&types(&dims, Dtype::F32, (2, &[9, 10], 24), (24, &[3, 3], 1)), depthwise.clone(), 2e-6);
        check(&types(&dims, Dtype::F32, (2, &[9, 10], 24), (48, &[5, 4], 1)), depthwise, 2e-6);
        let integers = types(&dims, Dtype::I32, (2, &[9, 10], 5), (7, &[3, 3], 5));
        check(&integers, padded, 0.0);
    }
}

#[test]
fn reductions_of_large_windows() {
    let ty = |shape: &[usize]| [Type::new(Dtype::F32, shape)];
    for monoid in [Monoid::Sum, Monoid::Max, Monoid::Min, Monoid::Prod] {
        let window = Window {
            strides: [2, 1, 3].as_slice().into(),
            low: [3, 0, 1].as_slice().into(),
            high: [1, 2, 4].as_slice().into(),
            window_dilation: [1, 2, 1].as_slice().into(),
            ..Window::new(&[5, 3, 4])
        };
        check(&ty(&[20, 12, 17]), Windowing::Monoid { monoid, window }, 1e-5);
        let pool = Window { strides: [1, 2, 2, 1].as_slice().into(), ..Window::new(&[1, 2, 2, 1]) };
        check(&ty(&[3, 13, 14, 9]), Windowing::Monoid { monoid, window: pool }, 1e-6);
    }
}

#[test]
fn selections_side_by_side_and_overlapping() {
    let pool = |low: i64, high: i64| Window {
        strides: [1, 3, 2, 1].as_slice().into(),
        low: [0, low, 0, 0].as_slice().into(),
        high: [0, high, 0, 0].as_slice().into(),
        ..Window::new(&[1, 3, 2, 1])
    };
    let overlapping = Window { strides: [1, 2, 1, 1].as_slice().into(), ..pool(1, 1) };
    for (window, rows) in [(pool(0, 0), 4), (pool(1, 2), 5), (pool(-1, 0), 3), (overlapping, 6)] {
        let columns = if window.strides[2] == 1 { 10 } else { 5 };
        let x = Type::new(Dtype::F32, [2, 12, 11, 6]);
        let source = Type::new(Dtype::F32, [2, rows, columns, 6]);
        for select in [Select::Ge, Select::Le] {
            let scatter = Windowing::SelectAndScatterAdd { select, window: window.clone() };
            check(&[source.clone(), x.clone()], scatter, 1e-6);
            let gather = Windowing::SelectAndGatherAdd { select, window: window.clone() };
            check(&[x.clone(), x.clone()], gather, 1e-6);
        }
    }
}

#[test]
fn long_running_totals() {
    for reverse in [false, true] {
        for (shape, dimension) in
            [(vec![5000], 0), (vec![2, 1500, 5], 1), (vec![3, 1030], 1), (vec![40, 9], 0)]
        {
            for monoid in [Monoid::Sum, Monoid::Max, Monoid::Min, Monoid::Prod] {
                let ty = [Type::new(Dtype::F64, shape.clone())];
                check(&ty, Cumulative::Monoid { monoid, dimension, reverse }, 1e-12);
                let integers = [Type::new(Dtype::I32, shape.clone())];
                check(&integers, Cumulative::Monoid { monoid, dimension, reverse }, 0.0);
            }
            check(&[Type::new(Dtype::F64, shape)], Cumulative::LogSumExp { dimension, reverse }, 1e-12);
        }
    }
}
