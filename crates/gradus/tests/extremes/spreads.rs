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
fn spreads_neither_overflow_nor_underflow() {
    let scales = [1e20f32, 2e38, 1e-20, 1e-30, 1.0];
    let of = |scale: f32| Array::from([scale, -scale, 0.5 * scale]);
    // Of 1, -1, ½: mean ⅙, variance 26 / 36.
    let (deviation, mean) = ((26f64 / 36.0).sqrt(), 1.0 / 6.0);
    let slopes = [1.0, -1.0, 0.5].map(|x| (x - mean) / (3.0 * deviation));
    let all = |x: Val| x.eq(x);
    for scale in scales {
        let (x, size) = (of(scale), f64::from(scale));
        let standard = [1.0, -1.0, 0.5].map(|x| (x - mean) / deviation);
        let deviations: [fn(Val) -> Val; 4] = [
            |x| x.std(),
            |x| x.nanstd(0, 0.0),
            |x| x.std_where(0, x.eq(x), 0.0),
            |x| x.reshape([1, 3]).std_axes(1).at(0),
        ];
        for f in deviations {
            near(&value(f, &x), &[size * deviation], 1e-6);
            near(&value(move |x| grad(move |x: &Val| f(*x))(&x), &x), &slopes, 1e-6);
        }
        near(&value(|x| x.standardize(0, 0.0), &x), &standard, 1e-6);
        near(&value(move |x| x.standardize_where(0, all(x), 0.0), &x), &standard, 1e-6);
        // The variance of the standardized numbers is 1 whatever they are: no slope.
        let slope = |x: Val| grad(|x: &Val| x.standardize(0, 0.0).square().sum())(&x);
        assert!(value(slope, &x).iter().all(|slope| slope.abs() <= 1e-5 / size));
        let pairs = |x: Val| gradus::stack([x, -x], 0).corrcoef().reshape(-1);
        near(&value(pairs, &x), &[1.0, -1.0, -1.0, 1.0], 1e-6);
    }
    for scale in [1e18f32, 1e-18] {
        let variance = f64::from(scale).powi(2) * 26.0 / 36.0;
        let variances: [fn(Val) -> Val; 4] =
            [|x| x.var(), |x| x.nanvar(0, 0.0), |x| x.var_where(0, x.eq(x), 0.0), |x| x.cov_ddof(0.0)];
        for f in variances {
            near(&value(f, &of(scale)), &[variance], 1e-6);
        }
    }
    // Sums of squares that only the mean brings back.
    let many = Array::from((0..64).map(|i| if i % 2 == 0 { 1e19f32 } else { -1e19 }).collect::<Vec<_>>());
    near(&value(|x| x.var(), &many), &[1e38], 1e-6);
    // An epsilon stays one.
    near(
        &value(|x| x.standardize(0, 1e-5), &of(1e-30)),
        &[1.0, -1.0, 0.5].map(|x| (x - mean) * 1e-30 / 1e-5f64.sqrt()),
        1e-5,
    );
    near(
        &value(|x| x.standardize(0, 1.0), &of(2.0)),
        &[1.0, -1.0, 0.5].map(|x| 2.0 * (x - mean) / (1.0f64 + 26.0 / 9.0).sqrt()),
        1e-6,
    );
    // Where nothing varies: no slope, as that of a length of zero.
    let same = Array::from([3.0f32; 4]);
    near(&value(|x| grad(|x: &Val| x.std())(&x), &same), &[0.0; 4], 0.0);
}

/// Symmetric matrices of equal eigenvalues: a multiple of 1, and one that is turned.
fn tied() -> [Array; 2] {
    let turn =
        [[2.0, -2.0, 1.0], [1.0, 2.0, 2.0], [2.0, 1.0, -2.0]].map(|row: [f64; 3]| row.map(|x| x / 3.0));
    let values = [2.0, 2.0, 5.0];
    let element = |i: usize, j: usize| (0..3).map(|k| turn[i][k] * values[k] * turn[j][k]).sum::<f64>();
    let turned = [0, 1, 2].map(|i| [0, 1, 2].map(|j| element(i, j)));
    [Array::from([[2.0f64, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]), Array::from(turned)]
}

/// The gradient of `f`, and that of the square of its length, of second order, by differences of the values below.
#[track_caller]
fn smooth(f: fn(Val) -> Val, a: &Array, orders: usize) {
    let first = move |a: Val| grad(move |a: &Val| f(*a))(&a);
    let second = move |a: Val| grad(move |a: &Val| first(*a).square().sum())(&a);
    let below = move |a: Val| first(a).square().sum();
    let numbers = a.to_f64_vec();
    let step = 1e-4;
    let difference = |f: &dyn Fn(&Array) -> f64| {
        let moved = |k: usize, by: f64| {
            let mut all = numbers.clone();
            all[k] += by * step;
            f(&Array::new([3, 3], all).unwrap())
        };
        let slope =
            |k| (8.0 * (moved(k, 1.0) - moved(k, -1.0)) - (moved(k, 2.0) - moved(k, -2.0))) / (12.0 * step);
        (0..9).map(slope).collect::<Vec<f64>>()
    };
    let close = |got: Vec<f64>, expected: Vec<f64>, order: usize| {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-6 * (1.0 + b.abs());
        assert!(got.iter().zip(&expected).all(near), "order {order}: {got:?}, not {expected:?}");
    };
    close(value(first, a), difference(&|a| value(f, a)[0]), 1);
    if orders > 1 {
        close(value(second, a), difference(&|a| value(below, a)[0]), 2);
    }
}

fn weights() -> Val {
    Val::from(&Array::from([[1.0f64, 2.0, -1.0], [0.5, 4.0, 2.0], [3.0, -2.0, 1.0]]))
}

#[test]
fn equal_eigenvalues_have_derivatives() {
    for a in tied() {
        let product = |a: Val| {
            let (w, v) = linalg::eigh(a);
            ((v * w).matmul(v.matrix_transpose()) * weights()).sum()
        };
        smooth(product, &a, 1);
        smooth(|a| linalg::eigvalsh(a).exp().sum(), &a, 1);
        smooth(|a| (0.1 * linalg::eigvalsh(a).sum()).exp(), &a, 2);
        smooth(|a| linalg::eigvalsh(a).square().sum(), &a, 2);
        smooth(|a| (linalg::sqrtm(a) * weights()).sum(), &a, 2);
        smooth(|a| (linalg::polar(a).0 * weights()).sum(), &a, 2);
        smooth(|a| (linalg::polar(a).1 * weights()).sum(), &a, 2);
        // Of other functions of the vectors derivatives are wrong at worst, and no NaN.
        let vectors = |a: Val| grad(|a: &Val| grad(|a: &Val| linalg::eigh(a).1.at(0).sum())(a).sum())(&a);
        assert!(value(vectors, &a).iter().all(|x| x.is_finite()));
    }
    let zero = Array::from([[0.0f64; 2]; 2]);
    let product = |a: Val| {
        grad(|a: &Val| {
            let (w, v) = linalg::eigh(a);
            (v * w).matmul(v.matrix_transpose()).at(0).at(0)
        })(&a)
    };
    assert!(value(product, &zero).iter().all(|x| x.is_finite()));
}

#[test]
fn wide_matrices_turn_too() {
    let a = Array::from([[2.0f64, 0.0, 0.0], [0.0, 2.0, 0.0]]);
    let w = || Val::from(&Array::from([[1.0f64, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    let wide = move |a: Val| grad(move |a: &Val| (linalg::polar(a).0 * w().transpose()).sum())(&a);
    let tall =
        move |a: Val| grad(move |a: &Val| (linalg::polar(a).0 * w()).sum())(&a.transpose()).transpose();
    near(&value(wide, &a), &value(tall, &a), 1e-12);
    near(&value(wide, &a)[..2], &[0.0, 0.25], 1e-12);
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
