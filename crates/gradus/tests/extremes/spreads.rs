//! Lengths, spreads, slopes and draws where naive formulas overflow, underflow or cancel.

use gradus::{Array, Dtype, Result, Val, grad, jit, linalg, random, s, vmap};

fn value(f: impl Fn(Val) -> Val + Send + Sync + 'static, x: &Array) -> Vec<f64> {
    jit(move |x: &Val| f(*x))(x).unwrap().to_f64_vec()
}

fn near(got: &[f64], expected: &[f64], tolerance: f64) {
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance * b.abs().max(f64::MIN_POSITIVE) || a == b;
    assert!(got.len() == expected.len() && got.iter().zip(expected).all(close), "{got:?}, not {expected:?}");
}

#[test]
fn lengths_neither_overflow_nor_underflow() {
    for scale in [3e30f32, 1e-30, 1.0] {
        let x = Array::from([3.0 * scale, 4.0 * scale]);
        let five = [5.0 * f64::from(scale)];
        near(&value(|x| linalg::norm(x), &x), &five, 1e-6);
        near(&value(|x| linalg::norm_ord(x, 2, 0), &x), &five, 1e-6);
        near(&value(|x| linalg::norm_ord(x, 3, 0), &x), &[f64::from(scale) * 91f64.cbrt()], 1e-6);
        near(&value(|x| grad(|x: &Val| linalg::norm(x))(&x), &x), &[0.6, 0.8], 1e-6);
    }
    let zero = Array::from([[0.0f32, 0.0], [3.0, 4.0]]);
    let rows = |x: Val| vmap(grad(|x: &Val| linalg::norm(x)))(&x);
    near(&value(rows, &zero), &[0.0, 0.0, 0.6, 0.8], 1e-6);
    let rows = |x: Val| vmap(grad(|x: &Val| linalg::norm_ord(x, 3, 0)))(&x);
    near(&value(rows, &zero)[..2], &[0.0, 0.0], 0.0);
    let second = |x: Val| grad(|x: &Val| grad(|x: &Val| linalg::norm(x))(x).slice(s![0]))(&x);
    near(&value(second, &Array::from([3.0f64, 4.0])), &[0.128, -0.096], 1e-12);
}

#[test]
fn spreads_of_large_numbers_are_exact() {
    let n = 1000;
    let x: Vec<f32> = (0..n).map(|i| 1e6 + (i % 2) as f32).collect();
    let x = Array::from(x);
    near(&value(|x| x.var(), &x), &[0.25], 1e-6);
    near(&value(|x| x.std(), &x), &[0.5], 1e-6);
    near(&value(|x| x.nanvar(0, 0.0), &x), &[0.25], 1e-6);
    near(&value(|x| x.cov_ddof(0.0), &x), &[0.25], 1e-6);
    near(&value(|x| x.var_where(.., x.gt(0), 0.0), &x), &[0.25], 1e-6);
    near(&value(|x| x.standardize(0, 0.0).abs().amax(), &x), &[1.0], 1e-5);
    near(&value(|x| x.standardize_where(0, x.gt(0), 0.0).abs().amax(), &x), &[1.0], 1e-5);
    // Nothing varies, whatever the rounding of the mean.
    let same = Array::from(vec![1e6f32 + 0.1; 1001]);
    near(&value(|x| x.var(), &same), &[0.0], 0.0);
    let slope = |x: Val| grad(|x: &Val| x.var())(&x);
    near(&value(slope, &Array::from([1.0f64, 3.0])), &[-1.0, 1.0], 1e-12);
}

#[test]
fn slopes_underflow_where_they_must() {
    let slope = |f: fn(Val) -> Val| move |x: Val| grad(move |x: &Val| f(*x))(&x);
    let at = |x: f32| Array::from(x);
    near(&value(slope(|x| x.tanh()), &at(20.0)), &[4.0 * (-40f64).exp()], 1e-5);
    near(&value(slope(|x| x.tanh()), &at(-20.0)), &[4.0 * (-40f64).exp()], 1e-5);
    near(&value(slope(|x| x.sigmoid()), &at(40.0)), &[(-40f64).exp()], 1e-5);
    near(&value(slope(|x| x.sigmoid()), &at(-40.0)), &[(-40f64).exp()], 1e-5);
    near(&value(slope(|x| x.asinh()), &at(1e22)), &[1e-22], 1e-5);
    near(&value(slope(|x| x.acosh()), &at(1e22)), &[1e-22], 1e-5);
    near(&value(slope(|x| x.asinh()), &Array::from(1e200f64)), &[1e-200], 1e-12);
    near(&value(slope(|x| x.atan2(1e30)), &at(1e30)), &[5e-31], 1e-5);
    near(&value(slope(|x| x.atan2(1e-25)), &at(1e-25)), &[5e24], 1e-5);
    // The orders at zero: tanh‴ = -2, and of the logistic function -⅛.
    let third = |f: fn(Val) -> Val| {
        move |x: Val| grad(move |x: &Val| grad(move |x: &Val| grad(move |x: &Val| f(*x))(x))(x))(&x)
    };
    near(&value(third(|x| x.tanh()), &Array::from(0.0f64)), &[-2.0], 1e-12);
    near(&value(third(|x| x.sigmoid()), &Array::from(0.0f64)), &[-0.125], 1e-12);
    let second = |x: Val| grad(|x: &Val| grad(|x: &Val| x.asinh())(x))(&x);
    near(&value(second, &Array::from([2.0f64, 1e150][0])), &[-2.0 / 5f64.powf(1.5)], 1e-12);
}

#[test]
fn equal_singular_values_have_derivatives() {
    let eye = Array::from([[2.0f64, 0.0], [0.0, 2.0]]);
    let w = || Val::from(&Array::from([[1.0f64, 2.0], [3.0, 4.0]]));
    let product = move |a: Val| {
        grad(move |a: &Val| {
            let (u, s, vh) = linalg::svd(a);
            ((u * s).matmul(vh) * w()).sum()
        })(&a)
    };
    near(&value(product, &eye), &[1.0, 2.0, 3.0, 4.0], 1e-12);
    // x = A⁻¹ b: the gradient of Σ x is -A⁻ᵀ 1 xᵀ.
    let solution = |a: Val| grad(|a: &Val| linalg::lstsq(a, &Array::from([1.0f64, 3.0])).x.sum())(&a);
    near(&value(solution, &eye), &[-0.25, -0.75, -0.25, -0.75], 1e-12);
    // The orthogonal factor of 2 · 1 turns with the skew part alone.
    let turn = move |a: Val| grad(move |a: &Val| (linalg::polar(a).0 * w()).sum())(&a);
    near(&value(turn, &eye), &[0.0, -0.25, 0.25, 0.0], 1e-12);
}

#[test]
fn singular_vectors_of_tiny_matrices_have_derivatives() {
    let f = |scale: f64| {
        move |a: Val| {
            let a = a * scale;
            grad(|a: &Val| linalg::svd(a).0.slice(s![0, 0]))(&a) * scale
        }
    };
    let a = Array::from([[1.0f32, 2.0], [3.0, 5.0]]);
    near(&value(f(1e-25), &a), &value(f(1.0), &a), 1e-4);
}

#[test]
fn uniform_numbers_stay_below_their_bound() {
    for dtype in [Dtype::BF16, Dtype::F16, Dtype::F32, Dtype::F64] {
        for (low, high) in [(2.0, 3.0), (-1.0, 0.0), (-3.0, -2.0), (0.5, 1.0), (100.0, 101.0)] {
            let draw = move |key: &Val| random::uniform_between(key, [100_000], dtype, low, high);
            let x = jit(draw)(&random::seed(1)).unwrap().to_f64_vec();
            assert!(x.iter().all(|x| (low..high).contains(x)), "{dtype} in [{low}, {high})");
        }
    }
    let wide = |key: &Val| random::uniform_between(key, [1000], Dtype::F32, -3e38, 3e38);
    let x = jit(wide)(&random::seed(1)).unwrap().to_f64_vec();
    assert!(x.iter().all(|x| x.is_finite()) && x.iter().any(|x| *x < -1e38) && x.iter().any(|x| *x > 1e38));
}

#[test]
fn no_more_elements_are_drawn_than_can_be() -> Result<()> {
    let draw = |key: &Val, p: &Val| random::Choice { replace: false, p: Some(*p), axis: 0 }.draw(key, 3, [2]);
    let f = jit(draw);
    let mut drawn = f(&random::seed(0), &Array::from([0.5f32, 0.0, 0.5]))?.to_vec::<i32>()?;
    drawn.sort_unstable();
    assert_eq!(drawn, [0, 2]);
    let refused = f(&random::seed(0), &Array::from([1.0f32, 0.0, 0.0])).unwrap_err().to_string();
    assert!(refused.contains("2 of 1 elements of positive probability"), "{refused}");
    Ok(())
}

#[test]
fn small_shapes_of_gamma_have_slopes() {
    // d log x / da = (ψ(a + 1) - log x) / a where x is tiny.
    let a = Array::from(1e-5f64);
    let y = value(|a| random::loggamma_of(&random::seed(3), a, [8], Dtype::F64), &a);
    let slope =
        value(|a| grad(|a: &Val| random::loggamma_of(&random::seed(3), a, [8], Dtype::F64).sum())(&a), &a);
    let digamma = -0.577_199_215_433_9;
    let expected: f64 = y.iter().map(|y| (digamma - y) / 1e-5).sum();
    near(&slope, &[expected], 1e-9);
}
