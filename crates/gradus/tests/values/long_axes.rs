//! Axes that are longer than `i32` counts, and numbers that are none of `i32`: indices and counts are of `i64`
//! there, or the answer is an error, but never another number.
//!
//! Mostly traced alone, for 2 GB are much; `GRADUS_SLOW` runs some.

use gradus::{
    Array, Dtype, IndexMode, Interpolation, PlaceMode, Result, Side, Val, Window, arange, arange_between,
    choose, indices, iota, jit, linalg, one_hot, ravel_multi_index, segment_sum, switch, unravel_index,
    zeros,
};

/// More than `i32` counts.
const N: usize = (1 << 31) + 10;

fn long() -> Val {
    zeros([N], Dtype::U8)
}

#[track_caller]
fn is_wide(what: &str, f: fn() -> Val) {
    let program = gradus::trace(move |_: &()| f())(&()).unwrap_or_else(|e| panic!("{what}: {e}"));
    let types = program.result_types();
    assert_eq!(types[0].dtype, Dtype::I64, "{what}:\n{program}");
    for eqn in program.equations() {
        let name = eqn.op.rules().name();
        let narrow = eqn.results.iter().any(|r| {
            let ty = program.ty(*r);
            name == "iota" && ty.dtype == Dtype::I32 && ty.shape.dims().contains(&N)
        });
        assert!(!narrow, "{what}: {name} counts in i32:\n{program}");
    }
}

#[test]
fn indices_and_counts_of_long_axes_are_of_i64() {
    is_wide("argmax", || long().argmax(0));
    is_wide("argmin", || long().argmin(0));
    is_wide("nanargmax", || zeros([N], Dtype::F32).nanargmax(0));
    is_wide("argsort", || long().argsort(0));
    is_wide("argsort_descending", || long().argsort_descending(0));
    is_wide("top_k", || long().top_k(3).1);
    is_wide("count_nonzero", || long().count_nonzero(0));
    is_wide("sum of truth values", || long().gt(0).sum());
    is_wide("sum of windows of truth values", || {
        let window = Window { strides: vec![N], ..Window::new([N]) };
        long().gt(0).window_sum(&window)
    });
    is_wide("cumsum of truth values", || long().gt(0).cumsum(0));
    is_wide("arange", || arange(N));
    is_wide("arange_between", || arange_between(-3, N as i64, 1));
    is_wide("arange_between far away", || arange_between(1 << 40, (1 << 40) + 3, 1));
    is_wide("indices", || indices([1, N]));
    is_wide("nonzero", || long().nonzero(2)[0]);
    is_wide("searchsorted", || long().searchsorted_side(Val::from(3), Side::Left));
    is_wide("bincount", || long().bincount(3));
}

#[test]
fn reading_and_writing_along_long_axes_keeps_every_index() {
    let index = |dtype: Dtype| zeros([2], dtype) + 1;
    for dtype in [Dtype::U32, Dtype::I32, Dtype::U8, Dtype::U64, Dtype::I64] {
        let read = gradus::trace(move |_: &()| long().take(index(dtype), 0))(&()).expect("well typed");
        let indices = |program: &gradus::Program, name: &str| -> Vec<Dtype> {
            let of = program.equations().iter().filter(|eqn| eqn.op.rules().name() == name);
            of.map(|eqn| program.ty(eqn.args[1]).dtype).collect()
        };
        assert_eq!(indices(&read, "gather"), [Dtype::I64], "{read}");
        let written = move |_: &()| long().index([index(dtype).into()]).set(7);
        let written = gradus::trace(written)(&()).expect("well typed");
        assert_eq!(indices(&written, "scatter"), [Dtype::I64], "{written}");
    }
}

#[test]
fn a_type_that_does_not_hold_an_index_is_refused() {
    let refused = gradus::trace(|_: &()| iota(Dtype::I32, [N], 0))(&()).expect_err("too long").to_string();
    assert!(refused.contains("does not hold every index along axis 0"), "{refused}");
    let refused = gradus::trace(|_: &()| iota(Dtype::U8, [300], 0))(&()).expect_err("too long").to_string();
    assert!(refused.contains("count in i64"), "{refused}");
}

#[test]
fn numbers_that_are_none_of_i32_are_no_other_place() -> Result<()> {
    let far = Array::from([1i64 << 32, 1]);
    let x = Array::from([10i32, 20, 30]);
    assert_eq!(
        jit(|x: &Val, i: &Val| x.take_mode(i, 0, IndexMode::Clip))(&x, &far)?,
        Array::from([30i32, 20])
    );
    let refused =
        jit(|x: &Val| x.take_mode(1i64 << 32, 0, IndexMode::Clip))(&x).expect_err("no i32").to_string();
    assert!(refused.contains("does not fit i32"), "{refused}");
    assert_eq!(
        jit(|x: &Val, i: &Val| segment_sum(x.slice(gradus::s![..2]), i, 3))(&x, &far)?,
        Array::from([0i32, 20, 0])
    );
    let i = jit(|x: &Val, i: &Val| switch(i.at(0), *x, &[&|x: Val| x, &|x: Val| x + 1, &|x: Val| x + 2]))(
        &x, &far,
    )?;
    assert_eq!(i, Array::from([12i32, 22, 32]));
    let unsigned = Array::from([u32::MAX, 0]);
    let i = jit(|x: &Val, i: &Val| switch(i.at(0), *x, &[&|x: Val| x, &|x: Val| x + 1]))(&x, &unsigned)?;
    assert_eq!(i, Array::from([11i32, 21, 31]));
    let chosen = jit(|x: &Val, i: &Val| choose(i.at(0), [*x, x + 1, x + 2], IndexMode::Clip))(&x, &far)?;
    assert_eq!(chosen, Array::from([12i32, 22, 32]));
    Ok(())
}

#[test]
fn positions_in_large_shapes_are_right() -> Result<()> {
    let side = 1usize << 20;
    let f = move |i: &Val| ravel_multi_index([*i, *i], [side, side], IndexMode::Clip);
    let expected: Vec<i64> = [5i64, (1 << 20) - 1].iter().map(|i| (i << 20) + i).collect();
    assert_eq!(jit(f)(&Array::from([5i32, (1 << 20) - 1]))?, Array::from(&expected[..]));
    // Of small types too.
    let small = |i: &Val| ravel_multi_index([*i, *i], [30, 20], IndexMode::Clip);
    assert_eq!(jit(small)(&Array::from([25u8]))?.to_f64_vec(), [25.0 * 20.0 + 19.0]);
    let back = move |i: &Val| unravel_index(i, [side, side]);
    let found = jit(back)(&Array::from(&expected[..]))?;
    assert_eq!(found[0].to_f64_vec(), [5.0, f64::from((1 << 20) - 1)]);
    assert_eq!(found[1].to_f64_vec(), [5.0, f64::from((1 << 20) - 1)]);
    let from_end = jit(move |i: &Val| unravel_index(i, [side, side]))(&Array::from([-1i32]))?;
    assert_eq!(from_end[1].to_f64_vec(), [f64::from((1 << 20) - 1)]);
    assert_eq!(jit(|i: &Val| unravel_index(i, [600]))(&Array::from([-1i8]))?[0].to_f64_vec(), [599.0]);
    Ok(())
}

#[test]
fn a_narrow_type_of_indices_limits_nothing() -> Result<()> {
    // 300 classes by a byte, and more than i32 counts by an i32.
    let hot = jit(|i: &Val| one_hot(i, 300, Dtype::I32).sum_axes(-1))(&Array::from([255u8, 3]))?;
    assert_eq!(hot, Array::from([1i32, 1]));
    let long = gradus::trace(|i: &Val| one_hot(i, N, Dtype::U8))(&Array::from(3i32))?;
    assert_eq!(long.result_types()[0].shape.dims()[..], [N]);
    let half = Array::from([1.0f32]);
    let refused = jit(|i: &Val| one_hot(i.astype(Dtype::F16), 4096, Dtype::F32))(&half);
    let refused = refused.expect_err("f16 counts to 2048").to_string();
    assert!(refused.contains("f16 does not tell 4096 classes apart"), "{refused}");
    // 400 rows in two groups whose sizes are bytes.
    let f = |x: &Val, sizes: &Val| {
        x.ragged_dot(&Array::new([2, 1, 1], vec![1f32, 10.0]).expect("two elements"), sizes).sum()
    };
    let rows = Array::full([400, 1], 1f32);
    assert_eq!(jit(f)(&rows, &Array::from([200u8, 200]))?, Array::from(2200f32));
    let chosen = |i: &Val| choose(i, [10, 20, 30], IndexMode::Clip);
    assert_eq!(jit(chosen)(&Array::from([u32::MAX, 1]))?, Array::from([30i32, 20]));
    Ok(())
}

#[test]
fn numbers_beyond_i32_are_cut_before_they_are_narrowed() -> Result<()> {
    let far = Array::from([1i64 << 32, -(1 << 32)]);
    let scaled = jit(|x: &Val, n: &Val| x.ldexp(n))(&Array::from([1f64, 1.0]), &far)?;
    assert_eq!(scaled, Array::from([f64::INFINITY, 0.0]));
    // Bounds of which a byte holds none: all bytes, and the largest alone.
    let draw = |key: &Val, low: &Val, high: &Val| gradus::random::randint_of(key, [64], Dtype::U8, low, high);
    let key = gradus::random::seed(1);
    let all = jit(draw)(&key, &Array::from(0i64), &Array::from(1i64 << 32))?.to_f64_vec();
    assert!(all.iter().any(|x| *x > 200.0) && all.iter().any(|x| *x < 50.0), "{all:?}");
    // 50,000 squared is none of i32.
    let turn = jit(|_: &()| linalg::dft(50_000).at(49_999).at(49_999))(&())?;
    let expected = (-2.0 * std::f64::consts::PI / 50_000.0).cos();
    assert!((turn.to_complex_vec()[0].re - expected).abs() < 1e-6);
    let counts = Array::from([1i64 << 33, 0]);
    let f = |x: &Val, n: &Val| gradus::stats::multinomial::logpmf(x, n, &Array::from([0.5f64, 0.5]));
    let log = jit(f)(&counts, &Array::from(1i64 << 33))?.item::<f64>()?;
    assert!(((log + (1i64 << 33) as f64 * 2f64.ln()) / log).abs() < 1e-9, "{log}");
    Ok(())
}

#[test]
fn places_of_images_fold_in_the_type_that_holds_them() -> Result<()> {
    let x = Array::from([0f32, 1.0, 2.0]);
    let far = Array::from([(3i64 << 32) + 1, -1]);
    let f = |mode| move |x: &Val, at: &Val| x.map_coordinates([*at], Interpolation::Nearest, mode);
    assert_eq!(jit(f(PlaceMode::Wrap))(&x, &far)?, Array::from([1f32, 2.0]));
    assert_eq!(jit(f(PlaceMode::Nearest))(&x, &far)?, Array::from([2f32, 0.0]));
    let last = Array::from([i32::MAX - 1]);
    // 2^31 - 2 is a multiple of 6, the period of the mirrored line 0 1 2 2 1 0.
    assert_eq!(jit(f(PlaceMode::Reflect))(&x, &last)?, Array::from([0f32]));
    Ok(())
}

#[test]
fn the_last_element_of_a_long_axis_is_found() -> Result<()> {
    if std::env::var_os("GRADUS_SLOW").is_none() {
        return Ok(());
    }
    let last = N - 1;
    let f = jit(move |x: &Val, i: &Val| {
        let ones = x.broadcast_to([N]);
        let x = ones.index([i.into()]).set(7);
        (x.argmax(0), x.take(i, 0), x.argmin(0), x.count_nonzero(0))
    });
    let (at, element, least, count) = f(&Array::from(1u8), &Array::from(last as u32))?;
    assert_eq!((at, element), (Array::from(last as i64), Array::from(7u8)));
    assert_eq!((least, count), (Array::from(0i64), Array::from(N as i64)));
    Ok(())
}
