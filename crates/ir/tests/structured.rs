//! Values of the structured primitives, worked out by hand or with NumPy and JAX.

use gradus_ir::eval::eval;
use gradus_ir::ops::contract::DotDims;
use gradus_ir::ops::control::{call, optimization_barrier};
use gradus_ir::ops::index::{GatherDims, IndexMode, ScatterDims};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::{reduce, sort};
use gradus_ir::{Array, Dtype, Op, Program, SourceLocation, Type, Val, trace};
use std::sync::Arc;

/// The results of `f` on `args`.
fn run(args: &[Array], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Vec<Array> {
    let types: Vec<Type> = args.iter().map(|a| a.ty().clone()).collect();
    let traced = trace(SourceLocation::here(), &types, f).unwrap();
    eval(&traced.program, args).unwrap()
}

#[track_caller]
fn check(args: &[Array], f: impl FnOnce(&[Val]) -> Val, expected: impl Into<Array>) {
    assert_eq!(run(args, |x| vec![f(x)]), [expected.into()]);
}

/// 0, 1, 2, ... in an array of `shape`.
fn count(shape: &[usize]) -> Array {
    let ty = Type::new(Dtype::F64, shape);
    Array::from_f64(&ty, (0..ty.shape.size()).map(|i| i as f64))
}

fn shaped(shape: &[usize], elements: &[f64]) -> Array {
    Array::new(shape, elements).unwrap()
}

fn body(dtype: Dtype, f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    Arc::new(trace(SourceLocation::here(), &[Type::scalar(dtype), Type::scalar(dtype)], f).unwrap().program)
}

// ---- movement

#[test]
fn broadcast_repeats_new_axes_and_axes_of_extent_one() {
    let x = Array::from([[1.0], [2.0]]);
    check(
        &[x],
        |x| x[0].broadcast([2, 2, 2], &[0, 2]),
        shaped(&[2, 2, 2], &[1., 1., 1., 1., 2., 2., 2., 2.]),
    );
}

#[test]
fn transpose_takes_axes_in_the_order_of_the_permutation() {
    // numpy.transpose(x, (2, 0, 1)) for x = arange(12).reshape(2, 3, 2)
    let expected = shaped(&[2, 2, 3], &[0., 2., 4., 6., 8., 10., 1., 3., 5., 7., 9., 11.]);
    check(&[count(&[2, 3, 2])], |x| x[0].transpose(&[2, 0, 1]), expected);
}

#[test]
fn slice_walks_in_strides() {
    check(&[count(&[3, 5])], |x| x[0].slice(&[1, 0], &[3, 5], &[1, 2]), [[5., 7., 9.], [10., 12., 14.]]);
}

#[test]
fn pad_puts_values_around_and_between() {
    let expected = [9., 0., 9., 9., 1., 9., 9., 2., 9., 9.];
    check(&[count(&[3]), Array::scalar(9.0)], |x| x[0].pad(x[1], &[1], &[2], &[2]), expected);
}

#[test]
fn pad_by_negative_amounts_cuts_off_after_what_it_put_between() {
    check(&[count(&[4]), Array::scalar(9.0)], |x| x[0].pad(x[1], &[-1], &[-2], &[1]), [9., 1., 9., 2.]);
    check(&[count(&[1]), Array::scalar(9.0)], |x| x[0].pad(x[1], &[-3], &[4], &[5]), [9., 9.]);
}

#[test]
fn concatenate_joins_along_an_inner_axis() {
    let (x, y) = (Array::from([[1, 2], [3, 4]]), Array::from([[5], [6]]));
    check(&[x, y], |x| Val::concatenate(x, 1), [[1, 2, 5], [3, 4, 6]]);
}

#[test]
fn rev_walks_every_listed_axis_backwards() {
    check(&[count(&[2, 3])], |x| x[0].rev(&[1, 0]), [[5., 4., 3.], [2., 1., 0.]]);
}

// ---- reductions

#[test]
fn sums_of_f32_are_rounded_once() {
    let tiny = 2f32.powi(-24);
    let x = Array::from(vec![1.0, tiny, tiny, tiny, tiny]);
    check(&[x], |x| x[0].reduce_sum(&[0]), 1.0 + 4.0 * tiny);
}

#[test]
fn sums_and_products_of_integers_wrap() {
    check(&[Array::from([200u8, 100])], |x| x[0].reduce_sum(&[0]), 44u8);
    check(&[Array::from([i32::MAX, 1])], |x| x[0].reduce_sum(&[0]), i32::MIN);
    check(&[Array::from([i64::MAX, 2])], |x| x[0].reduce_prod(&[0]), -2i64);
}

#[test]
fn a_reduction_of_nothing_is_the_identity() {
    let empty = Array::zeros(Type::new(Dtype::F32, [0, 2]));
    check(std::slice::from_ref(&empty), |x| x[0].reduce_sum(&[0]), [0f32, 0.]);
    check(std::slice::from_ref(&empty), |x| x[0].reduce_prod(&[0]), [1f32, 1.]);
    check(std::slice::from_ref(&empty), |x| x[0].reduce_max(&[0]), [f32::NEG_INFINITY; 2]);
    check(&[empty], |x| x[0].reduce_min(&[0]), [f32::INFINITY; 2]);
    let integers = Array::zeros(Type::new(Dtype::I32, [0]));
    check(std::slice::from_ref(&integers), |x| x[0].reduce_max(&[0]), i32::MIN);
    check(&[integers], |x| x[0].reduce_and(&[0]), -1);
    check(&[Array::zeros(Type::new(Dtype::Bool, [0]))], |x| x[0].reduce_and(&[0]), true);
}

#[test]
fn extrema_propagate_nan() {
    let x = Array::from([[1.0f32, f32::NAN], [3.0, 2.0]]);
    let y = run(&[x], |x| vec![x[0].reduce_max(&[1]), x[0].reduce_min(&[1])]);
    let [max, min] = [&y[0], &y[1]].map(|a| a.to_vec::<f32>().unwrap());
    assert!(max[0].is_nan() && min[0].is_nan());
    assert_eq!([max[1], min[1]], [3.0, 2.0]);
}

#[test]
fn bits_are_combined_one_by_one() {
    let x = Array::from([[0b1100u8, 0b1010], [0b0110, 0b0011]]);
    check(std::slice::from_ref(&x), |x| x[0].reduce_and(&[1]), [0b1000u8, 0b0010]);
    check(std::slice::from_ref(&x), |x| x[0].reduce_or(&[1]), [0b1110u8, 0b0111]);
    check(&[x], |x| x[0].reduce_xor(&[0, 1]), 0b0011u8);
}

#[test]
fn argmax_is_the_first_nan_or_the_first_of_equals() {
    let x = Array::from([[1.0, 3.0, 3.0], [f64::NAN, 9.0, f64::NAN], [0.0, -0.0, -1.0]]);
    check(std::slice::from_ref(&x), |x| x[0].argmax(1, Dtype::I32), [1, 0, 0]);
    check(&[x], |x| x[0].argmin(1, Dtype::I64), [0i64, 0, 2]);
    // Integers that f64 cannot tell apart.
    check(&[Array::from([i64::MAX - 1, i64::MAX])], |x| x[0].argmax(0, Dtype::U8), 1u8);
}

#[test]
fn reduce_runs_its_body_from_the_initial_value() {
    let horner = body(Dtype::I32, |x| vec![x[0] * x[1] + x[0]]);
    let (x, init) = (Array::from([[1, 2], [3, 4]]), Array::scalar(1));
    let y = run(&[x, init], |x| reduce::reduce(&x[..1], &x[1..], &[1], &horner).to_vec());
    assert_eq!(y, [Array::from([6, 20])]);
}

#[test]
fn a_body_that_adds_becomes_a_sum() {
    let add = body(Dtype::I32, |x| vec![x[1] + x[0]]);
    assert_eq!(Monoid::of_body(&add), Some(Monoid::Sum));
    let types = [Type::new(Dtype::I32, [3]), Type::scalar(Dtype::I32)];
    let traced =
        trace(SourceLocation::here(), &types, |x| reduce::reduce(&x[..1], &x[1..], &[0], &add).to_vec())
            .unwrap();
    let has_sum = |op: &Op| op.rules().name() == "reduce_sum";
    assert!(traced.program.equations().iter().any(|eqn| has_sum(&eqn.op)), "{}", traced.program);
    let y = eval(&traced.program, &[Array::from([1, 2, 3]), Array::scalar(10)]).unwrap();
    assert_eq!(y, [Array::scalar(16)]);
    assert_eq!(Monoid::of_body(&body(Dtype::I32, |x| vec![x[0] + x[0]])), None);
    assert_eq!(Monoid::of_body(&body(Dtype::I32, |x| vec![x[0] - x[1]])), None);
}

// ---- dot_general

#[test]
fn dot_general_puts_batch_axes_first() {
    // numpy.einsum("bij,kib->bjk", x, y)
    let expected = [
        20.0, 56.0, 92.0, 128.0, 164.0, 23.0, 68.0, 113.0, 158.0, 203.0, 26.0, 80.0, 134.0, 188.0, 242.0,
        29.0, 92.0, 155.0, 218.0, 281.0, 80.0, 224.0, 368.0, 512.0, 656.0, 84.5, 237.5, 390.5, 543.5, 696.5,
        89.0, 251.0, 413.0, 575.0, 737.0, 93.5, 264.5, 435.5, 606.5, 777.5,
    ];
    let dims = DotDims::contracting(&[1], &[1]).batch(&[0], &[2]);
    let args = [count(&[2, 3, 4]), count(&[5, 3, 2])];
    check(&args, |x| x[0].dot_general(x[1] * 0.5, dims), shaped(&[2, 4, 5], &expected));
}

#[test]
fn dot_general_sums_over_several_axes_in_their_order() {
    // numpy.einsum("ij,jki->k", x, y)
    let dims = DotDims::contracting(&[0, 1], &[2, 0]);
    check(&[count(&[3, 4]), count(&[4, 2, 3])], |x| x[0].dot_general(x[1], dims), [782.0, 980.0]);
}

#[test]
fn products_of_f32_are_exact_until_the_sum_is_rounded() {
    let x = Array::from([1.0f32 + f32::EPSILON, -1.0]);
    let y = Array::from([1.0f32 - f32::EPSILON / 2.0, 1.0]);
    let exact = (1.0 + f64::from(f32::EPSILON)) * (1.0 - f64::from(f32::EPSILON) / 2.0) - 1.0;
    check(&[x, y], |x| x[0].dot_general(x[1], DotDims::contracting(&[0], &[0])), exact as f32);
}

#[test]
fn products_of_integers_wrap() {
    let x = Array::from([[i64::MAX, 3]]);
    check(&[x, Array::from([[2i64], [1]])], |x| x[0].matmul(x[1]), [[1i64]]);
}

// ---- reads and writes at computed places

#[test]
fn dynamic_slice_moves_its_window_to_where_it_fits() {
    let at = |i: i32, j: i32| [count(&[3, 4]), Array::scalar(i), Array::scalar(j)];
    check(&at(1, 1), |x| x[0].dynamic_slice(&x[1..], &[2, 2]), [[5., 6.], [9., 10.]]);
    check(&at(-7, 99), |x| x[0].dynamic_slice(&x[1..], &[2, 2]), [[2., 3.], [6., 7.]]);
}

#[test]
fn dynamic_update_slice_moves_its_window_to_where_it_fits() {
    let args = [count(&[5]), Array::from([7.0, 8.0]), Array::scalar(u32::MAX)];
    check(&args, |x| x[0].dynamic_update_slice(x[1], &x[2..]), [0., 1., 2., 7., 8.]);
}

#[test]
fn take_reads_rows_and_fills_what_is_out_of_bounds() {
    let args = [Array::from([[1, 2], [3, 4]]), Array::from([1, -1, 2, 0])];
    check(&args, |x| x[0].take(x[1], 0, IndexMode::Clip), [[3, 4], [1, 2], [3, 4], [1, 2]]);
    let m = i32::MIN;
    check(&args, |x| x[0].take(x[1], 0, IndexMode::FillOrDrop), [[3, 4], [m, m], [m, m], [1, 2]]);
    let args = [Array::from([[1u8, 2], [3, 4]]), Array::from([[0, 5]])];
    let expected = Array::new([2, 1, 2], [1u8, 255, 3, 255]).unwrap();
    check(&args, |x| x[0].take(x[1], 1, IndexMode::FillOrDrop), expected);
}

#[test]
fn take_along_axis_reads_one_of_each_row() {
    let args = [count(&[2, 3]), Array::from([[2, 0], [1, 1]])];
    check(&args, |x| x[0].take_along_axis(x[1], 1, IndexMode::Clip), [[2., 0.], [4., 4.]]);
}

#[test]
fn gather_reads_windows_by_dimension_numbers() {
    // lax.gather(arange(30).reshape(5, 6), [[1, 2], [0, 3]], offset_dims=(1, 2), start_index_map=(0, 1), (2, 3))
    let dims = GatherDims {
        offset_dims: [1, 2].as_slice().into(),
        start_index_map: [0, 1].as_slice().into(),
        ..GatherDims::default()
    };
    let expected = shaped(&[2, 2, 3], &[8., 9., 10., 14., 15., 16., 3., 4., 5., 9., 10., 11.]);
    let args = [count(&[5, 6]), Array::from([[1, 2], [0, 3]])];
    check(&args, |x| x[0].gather(x[1], dims, &[2, 3], IndexMode::Clip, None), expected);
}

#[test]
fn a_gather_whose_offsets_come_first_transposes_its_windows() {
    // Columns of a matrix, each a window, counted along the last axis of the result.
    let dims = GatherDims {
        offset_dims: [0].as_slice().into(),
        collapsed_slice_dims: [1].as_slice().into(),
        start_index_map: [1].as_slice().into(),
        ..GatherDims::default()
    };
    let args = [count(&[2, 3]), Array::from([[2], [0]])];
    check(&args, |x| x[0].gather(x[1], dims, &[2, 1], IndexMode::Clip, None), [[2., 0.], [5., 3.]]);
}

/// Scatters scalars into a vector.
fn scalars_into_vector() -> ScatterDims {
    ScatterDims {
        inserted_window_dims: [0].as_slice().into(),
        scatter_dims_to_operand_dims: [0].as_slice().into(),
        ..ScatterDims::default()
    }
}

#[test]
fn scatter_combines_in_the_order_of_the_indices() {
    let args = [
        Array::from([10, 20, 30]),
        Array::from([[1], [1], [2], [9], [-1]]),
        Array::from([2, 3, 4, 100, 100]),
    ];
    let by = |combine: Option<Monoid>, mode: IndexMode, expected: [i32; 3]| {
        check(&args, |x| x[0].scatter(x[1], x[2], combine, scalars_into_vector(), mode), expected);
    };
    by(None, IndexMode::FillOrDrop, [10, 3, 4]);
    by(Some(Monoid::Sum), IndexMode::FillOrDrop, [10, 25, 34]);
    by(Some(Monoid::Prod), IndexMode::FillOrDrop, [10, 120, 120]);
    by(Some(Monoid::Min), IndexMode::FillOrDrop, [10, 2, 4]);
    by(Some(Monoid::Max), IndexMode::FillOrDrop, [10, 20, 30]);
    by(Some(Monoid::Sum), IndexMode::Clip, [110, 25, 134]);
    by(None, IndexMode::Clip, [100, 3, 100]);
}

#[test]
fn scatter_sums_of_f32_are_rounded_once() {
    let tiny = 2f32.powi(-24);
    let args = [Array::from([1.0f32]), Array::from([[0], [0]]), Array::from([tiny, tiny])];
    let add = Some(Monoid::Sum);
    check(
        &args,
        |x| x[0].scatter(x[1], x[2], add, scalars_into_vector(), IndexMode::Clip),
        [1.0 + 2.0 * tiny],
    );
}

// ---- sort

#[test]
fn sort_puts_nan_last_and_keeps_the_order_of_equals() {
    let x = Array::from([2.0f32, f32::NAN, -0.0, f32::NEG_INFINITY, 0.0, -f32::NAN, f32::INFINITY]);
    check(&[x], |x| x[0].argsort(0, Dtype::I32), [3, 2, 4, 0, 6, 1, 5]);
    check(&[Array::from([true, false, true])], |x| x[0].sort(0), [false, true, true]);
}

#[test]
fn sort_decides_by_the_later_keys_where_the_first_are_equal() {
    let keys = [Array::from([[1, 0, 1, 0]]), Array::from([[3, 9, 2, 8]]), Array::from([[0u8, 1, 2, 3]])];
    let y = run(&keys, |x| sort::sort(x, 1, 2).to_vec());
    assert_eq!(y, [Array::from([[0, 0, 1, 1]]), Array::from([[8, 9, 2, 3]]), Array::from([[3u8, 1, 2, 0]])]);
}

#[test]
fn sort_works_along_outer_axes() {
    check(&[Array::from([[3, 1], [2, 2], [1, 3]])], |x| x[0].sort(0), [[1, 1], [2, 2], [3, 3]]);
}

// ---- control

#[test]
fn a_call_runs_its_program() {
    let both = body(Dtype::I32, |x| vec![x[0] - x[1], x[0] * x[1]]);
    let y = run(&[Array::scalar(7), Array::scalar(3)], |x| call(&both, "both", x).to_vec());
    assert_eq!(y, [Array::scalar(4), Array::scalar(21)]);
}

#[test]
fn a_barrier_returns_its_operands() {
    let args = [Array::from([1.0, 2.0]), Array::scalar(true)];
    assert_eq!(run(&args, |x| optimization_barrier(x).to_vec()), args);
}
