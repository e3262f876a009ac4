//! Values of every function of `Val`, against NumPy and JAX 0.10.2 (the expected numbers are theirs).

use gradus::{
    Array, Dtype, NewAxis, Val, arange, arange_step, concatenate, einsum, eye, eye_of, full, iota, jit, keep, linspace,
    one_hot, ones, s, stack, where_, zeros,
};
use std::f64::{INFINITY as INF, NAN};

struct Case {
    name: &'static str,
    f: fn(Val, Val, Val, Val) -> Val,
    dtype: Dtype,
    shape: Vec<usize>,
    values: Vec<f64>,
}

macro_rules! cases {
    ([$x:ident, $y:ident, $i:ident, $b:ident] $({ $($f:tt)* } is $dtype:ident [$($n:expr),*] [$($value:expr),*];)*) => {
        vec![$(Case {
            name: stringify!($($f)*),
            f: |$x, $y, $i, $b| { let _ = ($x, $y, $i, $b); $($f)* },
            dtype: Dtype::$dtype,
            shape: vec![$($n),*],
            values: vec![$($value),*],
        }),*]
    };
}

/// `x` is f32[2,3], `y` f32[3], `i` i32[4], `b` f32[2,3,4].
fn inputs() -> (Array, Array, Array, Array) {
    let b: Vec<f32> = (0..24).map(|n| n as f32 / 8.0 - 1.0).collect();
    (
        Array::from([[0.5f32, -1.25, 2.0], [3.0, -0.75, 1.5]]),
        Array::from([2.0f32, -0.5, 4.0]),
        Array::from([3i32, -7, 0, 5]),
        Array::new([2, 3, 4], b).unwrap(),
    )
}

fn near(got: f64, expected: f64) -> bool {
    got == expected || (got.is_nan() && expected.is_nan()) || (got - expected).abs() <= 2e-6 + 2e-6 * expected.abs()
}

#[test]
fn values_are_those_of_numpy() {
    let inputs = inputs();
    let mut wrong = vec![];
    for Case { name, f, dtype, shape, values } in cases() {
        let result = match jit(move |a: &(Val, Val, Val, Val)| f(a.0, a.1, a.2, a.3))(&inputs) {
            Ok(result) => result,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let got = result.to_f64_vec();
        let agrees = got.len() == values.len() && got.iter().zip(&values).all(|(a, b)| near(*a, *b));
        if !agrees || result.dtype() != dtype || result.shape() != shape {
            wrong.push(format!("{name}: {} {got:?}, expected {dtype}{shape:?} {values:?}", result.ty()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    cases! { [x, y, i, b]
    }
}
