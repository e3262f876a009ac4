//! Distributions of `random` at a fixed key: mean and variance within 5 standard errors, range, element type; and what
//! they give of parameters at the edge, which is JAX 0.10.2's.

use gradus::{Array, Dtype, Val, jit, linalg, random};
use std::f64::consts::PI;

const N: i64 = 20_000;
const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

struct Case {
    name: &'static str,
    f: fn(Val) -> Val,
    dtype: Dtype,
    mean: f64,
    variance: f64,
    range: [f64; 2],
}

macro_rules! cases {
    ([$k:ident] $({ $($f:tt)* } is
        $dtype:ident, mean $mean:expr, variance $variance:expr, in $low:expr, $high:expr;)*) => {
        vec![$(Case {
            name: stringify!($($f)*),
            f: |$k| $($f)*,
            dtype: Dtype::$dtype,
            mean: $mean,
            variance: $variance,
            range: [$low, $high],
        }),*]
    };
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    let euler = 0.577_215_664_901_532_9;
    cases! { [k]
        { random::uniform(k, N) } is F32, mean 0.5, variance 1.0 / 12.0, in 0.0, 1.0;
        { random::uniform_between(k, N, Dtype::F64, -3, 1) } is F64, mean -1.0, variance 16.0 / 12.0, in -3.0, 1.0;
        { random::bits(k, N, Dtype::U8) } is U8, mean 127.5, variance 65_535.0 / 12.0, in 0.0, 255.0;
        { random::randint(k, N, -3, 11) } is I32, mean 3.5, variance 195.0 / 12.0, in -3.0, 10.0;
        { random::randint_of(k, N, Dtype::U16, 10, 20) } is U16, mean 14.5, variance 99.0 / 12.0, in 10.0, 19.0;
        { random::normal(k, N) } is F32, mean 0.0, variance 1.0, in -INF, INF;
        { random::normal_of(k, N, Dtype::F16) } is F16, mean 0.0, variance 1.0, in -INF, INF;
        { random::normal_of(k, N, Dtype::F64) } is F64, mean 0.0, variance 1.0, in -INF, INF;
        { random::truncated_normal(k, N, -1, 2) } is F32,
            mean 0.22963717909132902, variance 0.5197625392115339, in -1.0, 2.0;
        { random::exponential(k, N) } is F32, mean 1.0, variance 1.0, in 0.0, INF;
        { random::exponential_of(k, N, Dtype::F64) } is F64, mean 1.0, variance 1.0, in 0.0, INF;
        { random::gumbel(k, N) } is F32, mean euler, variance PI * PI / 6.0, in -INF, INF;
        { random::gumbel_of(k, N, Dtype::F64) } is F64, mean euler, variance PI * PI / 6.0, in -INF, INF;
        { random::logistic(k, N) } is F32, mean 0.0, variance PI * PI / 3.0, in -INF, INF;
        { random::laplace(k, N) } is F32, mean 0.0, variance 2.0, in -INF, INF;
        // Of no mean themselves.
        { random::cauchy(k, N).atan() } is F32, mean 0.0, variance PI * PI / 12.0, in -1.58, 1.58;
        { random::pareto(k, 5, N).log() } is F32, mean 0.2, variance 0.04, in 0.0, INF;
        { random::lognormal(k, 0.25, N) } is F32, mean 1.0317434074991025, variance 0.06865399414896677, in 0.0, INF;
        { random::rayleigh(k, 2, N) } is F32, mean 2.5066282746310002, variance 1.7168146928204138, in 0.0, INF;
        { random::weibull_min(k, 2, 1.5, N) } is F32, mean 1.805490585901867, variance 1.5027611392557279, in 0.0, INF;
        { random::triangular(k, -1, 0.5, 2, N) } is F32, mean 0.5, variance 0.375, in -1.0, 2.0;
        { random::wald(k, 2, N) } is F32, mean 2.0, variance 8.0, in 0.0, INF;
        { random::maxwell(k, N) } is F32, mean 1.5957691216057308, variance 0.45352091052967447, in 0.0, INF;
        { random::double_sided_maxwell(k, 1, 2, N) } is F32, mean 1.0, variance 12.0, in -INF, INF;
        { random::generalized_normal(k, 3.0, N) } is F32, mean 0.0, variance 0.3732821739073952, in -INF, INF;
        { random::ball(k, 3, 2.0, N) } is F32, mean 0.0, variance 0.2, in -1.0, 1.0;
        { random::ball(k, 3, 2.0, N).square().sum_axes(-1) } is F32,
            mean 0.6, variance 3.0 / 7.0 - 0.36, in 0.0, 1.000001;
        { random::poisson(k, 4, N) } is I32, mean 4.0, variance 4.0, in 0.0, INF;
        { random::poisson(k, 40, N) } is I32, mean 40.0, variance 40.0, in 0.0, INF;
        { random::binomial(k, 10, 0.3, N) } is F32, mean 3.0, variance 2.1, in 0.0, 10.0;
        { random::binomial(k, 100, 0.6, N) } is F32, mean 60.0, variance 24.0, in 0.0, 100.0;
        { random::multinomial(k, 10, &Array::from([0.2f32, 0.3, 0.5]), N).slice(gradus::s![.., 1]) } is F32,
            mean 3.0, variance 2.1, in 0.0, 10.0;
        { random::bernoulli(k, 0.3, N) } is Bool, mean 0.3, variance 0.21, in 0.0, 1.0;
        { random::rademacher(k, N) } is I32, mean 0.0, variance 1.0, in -1.0, 1.0;
        { random::geometric(k, 0.3, N) } is I32, mean 1.0 / 0.3, variance 0.7 / 0.09, in 1.0, INF;
        { random::gamma(k, 0.5, N) } is F32, mean 0.5, variance 0.5, in 0.0, INF;
        { random::gamma(k, 3, N) } is F32, mean 3.0, variance 3.0, in 0.0, INF;
        { random::gamma_of(k, 3, N, Dtype::F64) } is F64, mean 3.0, variance 3.0, in 0.0, INF;
        { random::loggamma(k, 3, N) } is F32, mean 0.9227843350984671, variance 0.39493406684822646, in -INF, INF;
        { random::beta(k, 2, 0.5, N) } is F32, mean 0.8, variance 0.045714285714285714, in 0.0, 1.0;
        { random::dirichlet(k, &Array::from([1.0f32, 2.0, 3.0]), N).slice(gradus::s![.., 2]) } is F32,
            mean 0.5, variance 9.0 / 252.0, in 0.0, 1.0;
        { random::chisquare(k, 3, N) } is F32, mean 3.0, variance 6.0, in 0.0, INF;
        { random::t(k, 10, N) } is F32, mean 0.0, variance 1.25, in -INF, INF;
        { random::f(k, 5, 12, N) } is F32, mean 1.2, variance 1.08, in 0.0, INF;
        { random::multivariate_normal(k, &Array::from([1.0f32, 2.0]), &Array::from([[2.0f32, 1.0], [1.0, 3.0]]), N)
            .sum_axes(-1) } is F32, mean 3.0, variance 7.0, in -INF, INF;
        { random::orthogonal(k, 4, N / 16) } is F32, mean 0.0, variance 0.25, in -1.000001, 1.000001;
        { random::categorical(k, &Array::from([0.0, 10f64.ln()]), N) } is I32,
            mean 10.0 / 11.0, variance 10.0 / 121.0, in 0.0, 1.0;
        { random::choice(k, 10, N) } is I32, mean 4.5, variance 8.25, in 0.0, 9.0;
        { random::Choice { p: Some((&Array::from([0.25f32, 0.75])).into()), ..Default::default() }
            .draw(k, 2, N) } is I32, mean 0.75, variance 0.1875, in 0.0, 1.0;
    }
}

#[test]
fn moments_are_those_of_the_distributions() {
    let (mut wrong, cases) = (vec![], cases());
    for Case { name, f, dtype, mean, variance, range } in cases {
        let x = jit(move |key: &Val| f(*key))(&random::seed(20)).expect(name);
        if x.dtype() != dtype {
            wrong.push(format!("{name} is {}", x.dtype()));
        }
        let all = x.to_f64_vec();
        let n = all.len() as f64;
        let power = |p: i32, centre: f64| all.iter().map(|x| (x - centre).powi(p)).sum::<f64>() / n;
        let (own, second, fourth) = (power(1, 0.0), power(2, mean), power(4, mean));
        // The error of the variance by the fourth moment, which is the sample's own.
        let errors = [(variance / n).sqrt(), ((fourth - second * second) / n).sqrt()];
        let off = [(own - mean) / errors[0], (second - variance) / errors[1].max(1e-12)];
        if !(off[0].abs() < 5.0 && off[1].abs() < 5.0) {
            wrong.push(format!("{name}: mean {own}, not {mean}; variance {second}, not {variance}: {off:?}"));
        }
        if let Some(x) = all.iter().find(|x| !(range[0]..=range[1]).contains(x)) {
            wrong.push(format!("{name} gives {x}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn vectors_and_matrices_keep_their_constraints() {
    let f = jit(|key: &Val| {
        let q = random::orthogonal(key, 5, [3]);
        let simplex = random::dirichlet(key, &Array::from([0.1f32, 1.0, 5.0]), [50]);
        let counts = random::multinomial(key, 7, &Array::from([0.0f32, 0.4, 0.6]), [50]);
        let off = (q.matmul(q.matrix_transpose()) - gradus::eye(5, Dtype::F32)).abs().amax();
        (off, (simplex.sum_axes(-1) - 1.0).abs().amax(), counts.sum_axes(-1), linalg::det(q).abs())
    });
    let (off, simplex, counts, determinants) = f(&random::seed(3)).unwrap();
    assert!(off.item::<f32>().unwrap() < 2e-6 && simplex.item::<f32>().unwrap() < 1e-6);
    assert_eq!(counts, Array::from(vec![7.0f32; 50]));
    assert!(determinants.to_f64_vec().iter().all(|d| (d - 1.0).abs() < 1e-5));
}

/// A parameter at the edge, and what is drawn with it.
macro_rules! edges {
    ([$k:ident] $({ $($f:tt)* } gives [$($value:expr),*];)*) => {
        vec![$((stringify!($($f)*), (|$k: Val| $($f)*) as fn(Val) -> Val, vec![$($value),*])),*]
    };
}

fn of<const M: usize>(values: [f32; M]) -> Val {
    gradus::stack(values.map(|x| Val::from(f64::from(x)).astype(Dtype::F32)), 0)
}

#[rustfmt::skip]
#[test]
fn edges_are_those_of_jax() {
    let most = f64::from(i32::MAX);
    let edges = edges! { [k]
        { random::gamma(k, of([0.0, -1.0, f32::NAN, f32::INFINITY, 1e-5]), 5) } gives [0.0, NAN, NAN, INF, 0.0];
        { random::poisson(k, of([0.0, -1.0, f32::NAN, f32::INFINITY]), 4) } gives [0.0, -1.0, -1.0, most];
        { random::binomial(k, of([0.0, 5.0, 5.0, 5.0, -1.0, f32::NAN, 5.0, 5.0]),
            of([0.5, 0.0, 1.0, f32::NAN, 0.5, 0.5, -0.1, 1.5]), 8) } gives [0.0, 0.0, 5.0, NAN, NAN, NAN, NAN, NAN];
        { random::bernoulli(k, of([0.0, 1.0, f32::NAN, 2.0, -1.0]), 5) } gives [0.0, 1.0, 0.0, 1.0, 0.0];
        { random::geometric(k, of([1.0, 0.0, f32::NAN, 0.5]), 4) } gives [1.0, most, 0.0, 2.0];
        { random::beta(k, of([0.0, 1.0, 0.0]), of([1.0, 0.0, 0.0]), 3) } gives [0.0, 1.0, NAN];
        { random::chisquare(k, of([0.0, 1e-3]), 2) } gives [0.0, 0.0];
        { random::randint(k, 3, 5, 5) } gives [5.0, 5.0, 5.0];
        { random::uniform_between(k, 2, Dtype::F32, 2, 1) } gives [2.0, 2.0];
        { random::pareto(k, of([0.0, f32::INFINITY]), 2) } gives [INF, 1.0];
        { random::categorical(k, of([f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY]), 3) } gives [1.0, 1.0, 1.0];
        { random::multinomial(k, 10, &Array::from([0.2f32, 0.3, 0.5]), ()) } gives [1.0, 1.0, 8.0];
        { random::uniform(k, [0, 3]) } gives [];
        { random::poisson(k, 3.0, [0]) } gives [];
    };
    for (name, f, expected) in edges {
        let got = jit(move |key: &Val| f(*key))(&random::seed(0)).expect(name).to_f64_vec();
        let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
        assert!(got.len() == expected.len() && got.iter().zip(&expected).all(same), "{name}: {got:?}, not {expected:?}");
    }
}
