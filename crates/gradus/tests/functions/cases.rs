//! Functions of real numbers whose derivatives are tried, with points.

use crate::functions::{Function, functions, table};
use gradus::Val;
use std::ops::{Div, Mul, Neg, Sub};

/// At which points a function is tried.
#[derive(Clone, Copy)]
pub(crate) enum Pattern {
    /// At those of special.txt.
    Table,
    /// Where every operand is each of these.
    Grid(&'static [f64]),
    /// At both.
    Both(&'static [f64]),
}

/// A function of real numbers, element by element.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) arity: usize,
    pub(crate) f: Function,
    pub(crate) pattern: Pattern,
    /// Operands that have no derivative.
    pub(crate) fixed: &'static [usize],
}

/// Ties, middles, and a little beside.
const LINE: &[f64] = &[
    -40.0, -20.0, -10.0, -9.999, -5.0, -2.0, -1.0, -0.999, -0.5, -0.25, -0.1, -1e-2, -1e-3, -1e-5, -1e-8,
    0.0, 1e-8, 1e-5, 1e-3, 1e-2, 0.1, 0.25, 0.5, 0.625, 0.75, 0.925, 0.999, 1.0, 1.001, 1.25, 1.5, 2.0,
    2.001, 3.0, 5.0, 8.0, 10.0, 20.0, 40.0,
];
const PLANE: &[f64] = &[-3.0, -1.0, -0.5, -1e-3, 0.0, 1e-4, 0.5, 1.0, 1.001, 2.0, 4.0, 9.0];
const SPACE: &[f64] = &[-2.0, -1.0, 0.0, 1e-3, 0.5, 1.0, 1.5];

macro_rules! methods {
    ($($pattern:ident: $($name:ident $n:tt)*;)*) => {
        vec![$($(Case {
            name: stringify!($name),
            arity: $n,
            f: method!($name $n),
            pattern: Pattern::Grid($pattern),
            fixed: &[],
        },)*)*]
    };
}
macro_rules! method {
    ($name:ident 1) => {
        |x| x[0].$name()
    };
    ($name:ident 2) => {
        |x| x[0].$name(x[1])
    };
}
/// Functions of several elements, by those elements.
macro_rules! of_several {
    ($($name:literal: $f:expr;)*) => {
        vec![$(Case {
            name: $name,
            arity: 3,
            f: |x| {
                let f: fn(Val) -> Val = $f;
                f(gradus::stack(x.iter().copied(), 0))
            },
            pattern: Pattern::Grid(SPACE),
            fixed: &[],
        },)*]
    };
}

/// Functions of a vector of three elements, each of the points its own.
macro_rules! of_vectors {
    ($($name:literal: $f:expr;)*) => {
        vec![$(Case {
            name: $name,
            arity: 3,
            f: |x| {
                let f: fn(Val) -> Val = $f;
                gradus::vmap(move |x: &Val| f(*x))(&gradus::stack(x.iter().copied(), 1))
            },
            pattern: Pattern::Grid(SPACE),
            fixed: &[],
        },)*]
    };
}

/// Every smooth function, and those with bends.
pub(crate) fn all() -> Vec<Case> {
    let table = table();
    let of_table = |(name, f): (&'static str, Function)| {
        let fixed: &[usize] = match name {
            // Counts jump.
            "poisson.logpmf" | "poisson.pmf" | "poisson.cdf" => &[0, 2],
            "bernoulli.logpmf" | "bernoulli.pmf" | "geom.logpmf" | "geom.pmf" => &[0, 2],
            "binom.logpmf" | "binom.pmf" | "nbinom.logpmf" | "nbinom.pmf" => &[0, 1, 3],
            "betabinom.logpmf" | "betabinom.pmf" => &[0, 1, 4],
            "polygamma" | "expn" => &[0],
            "betainc" => &[0, 1],
            "beta.cdf" | "beta.sf" | "beta.logcdf" | "beta.logsf" => &[1, 2],
            "gammainc" | "gammaincc" => &[0],
            "gamma.cdf" | "gamma.sf" | "gamma.logcdf" | "gamma.logsf" | "chi2.cdf" | "chi2.sf"
            | "chi2.logcdf" | "chi2.logsf" | "gennorm.cdf" => &[1],
            _ => &[],
        };
        let arity = table[name][0].0.len();
        let pattern = match arity {
            1 => Pattern::Both(LINE),
            // Orders are integers.
            2 if !["polygamma", "expn"].contains(&name) => Pattern::Both(PLANE),
            _ => Pattern::Table,
        };
        Case { name, arity, f, pattern, fixed }
    };
    let mut all: Vec<Case> = vec![];
    all.extend(methods! {
        LINE: neg 1 abs 1 exp 1 exp2 1 expm1 1 log 1 log1p 1 sqrt 1 rsqrt 1 cbrt 1 sin 1 cos 1 tan 1 asin 1 acos 1
            atan 1 sinh 1 cosh 1 tanh 1 asinh 1 acosh 1 atanh 1 logistic 1 erf 1 erfc 1 lgamma 1 digamma 1
            bessel_i0e 1 bessel_i1e 1 expi 1 log2 1 log10 1 deg2rad 1 rad2deg 1 sinc 1 erf_inv 1 reciprocal 1
            square 1 nan_to_num 1 log1mexp 1
            relu 1 relu6 1 selu 1 gelu 1 gelu_erf 1 sigmoid 1 log_sigmoid 1 softplus 1 silu 1 mish 1 hard_tanh 1
            hard_sigmoid 1 hard_silu 1 soft_sign 1 sparse_plus 1 sparse_sigmoid 1;
        PLANE: sub 2 mul 2 div 2 pow 2 atan2 2 max 2 min 2 hypot 2 logaddexp 2 logaddexp2 2 copysign 2 heaviside 2
            xlogy 2 leaky_relu 2 elu 2 celu 2 squareplus 2 float_power 2 fmod 2 fmax 2 fmin 2;
    });
    all.extend(of_several! {
        "logsumexp": |x| x.logsumexp_axes(0);
        "logmeanexp": |x| x.logmeanexp(0);
        "logsumexp_where": |x| x.logsumexp_where(0, x.lt(10));
        "logsumexp_signed": |x| x.logsumexp_signed(0, x * 0.0 + 2.0).0;
        "softmax": |x| x.softmax(0).square().sum_axes(0);
        "log_softmax": |x| x.log_softmax(0).square().sum_axes(0);
        "cumlogsumexp": |x| x.cumlogsumexp(0).square().sum_axes(0);
        "cumlogsumexp_reverse": |x| x.cumlogsumexp_reverse(0).square().sum_axes(0);
        "cumprod": |x| x.cumprod(0).square().sum_axes(0);
        "cumprod_reverse": |x| x.cumprod_reverse(0).square().sum_axes(0);
        "prod": |x| x.prod_axes(0);
        "nanprod": |x| x.nanprod(0);
        "window_prod": |x| x.cumprod(0).sin().sum_axes(0);
        "var": |x| x.var_axes(0);
        "std": |x| x.std_axes(0);
        "nanvar": |x| x.nanvar(0, 0.0);
        "nanstd": |x| x.nanstd(0, 0.0);
        "var_where": |x| x.var_where(0, x.lt(10), 0.0);
        "std_where": |x| x.std_where(0, x.lt(10), 0.0);
        "standardize": |x| (x.standardize(0, 0.1) * gradus::arange(3).reshape([3, 1])).sum_axes(0);
        "standardize_where": |x| (x.standardize_where(0, x.lt(10), 0.1) * gradus::arange(3).reshape([3, 1])).sum_axes(0);
        "norm": |x| gradus::linalg::norm_axes(x, 0);
        "norm_3": |x| gradus::linalg::norm_ord(x, 3.0, 0);
        "norm_4": |x| gradus::linalg::norm_ord(x, 4.0, 0);
        "glu": |x| gradus::concatenate([x, x.square().expand_dims(0).squeeze(0)], 0).glu(0).sum_axes(0);
    });
    all.extend(of_vectors! {
        "softmax_where": |x| x.softmax_where(0, x.lt(10)).square().sum();
        "log_softmax_where": |x| x.log_softmax_where(0, x.lt(10)).square().sum();
        "mean_where": |x| x.mean_where(0, x.lt(10)).sin();
        "sum_where": |x| x.sum_where(0, x.lt(10)).sin();
        "prod_where": |x| x.prod_where(0, x.lt(10)).sin();
        "nanmean": |x| x.nanmean(0).sin();
        "nansum": |x| x.nansum(0).sin();
        "nancumsum": |x| x.nancumsum(0).square().sum();
        "nancumprod": |x| x.nancumprod(0).square().sum();
        "average": |x| x.average(x.square() + 1.0, 0);
        "cov": |x| gradus::stack([x, x.square()], 0).cov().square().sum();
        "corrcoef": |x| gradus::stack([x, x * x * x + gradus::arange(3) % 2 * 3], 0).corrcoef().at(0).at(1);
        "sem": |x| gradus::stats::sem(x, 0, 1.0);
        "multivariate_normal.logpdf": |x| {
            let cov = x.outer(x) + gradus::eye(3, x.dtype());
            gradus::stats::multivariate_normal::logpdf(x, x.square(), cov)
        };
        "multivariate_normal.pdf": |x| {
            let cov = x.outer(x) + gradus::eye(3, x.dtype());
            gradus::stats::multivariate_normal::pdf(x, x.square(), cov)
        };
        "dirichlet.logpdf": |x| gradus::stats::dirichlet::logpdf(x.softmax(0), x.square() + 0.5);
        "dirichlet.pdf": |x| gradus::stats::dirichlet::pdf(x.softmax(0), x.square() + 0.5);
        "multinomial.logpmf": |x| gradus::stats::multinomial::logpmf(gradus::arange(3), 3, x.softmax(0));
        "multinomial.pmf": |x| gradus::stats::multinomial::pmf(gradus::arange(3), 3, x.softmax(0));
        "polyval": |x| x.polyval(x.at(1));
        "kaiser": |x| (gradus::kaiser(4, x.at(0)) * x.square().sum()).sin().sum();
        "dot_product_attention": |x| {
            let x = x.reshape([1, 3, 1, 1]);
            gradus::dot_product_attention(x, x.sin(), x.square()).square().sum()
        };
        "segment_prod": |x| gradus::segment_prod(x, gradus::arange(3) % 2, 2).sin().sum();
        "eigvalsh": |x| {
            let a = x.outer(x) + x.square().diag(0) + gradus::eye(3, x.dtype());
            gradus::linalg::eigvalsh(a).log().sum()
        };
        "sqrtm": |x| {
            let a = x.outer(x) + gradus::eye(3, x.dtype());
            gradus::linalg::sqrtm(a).sin().sum()
        };
    });
    all.extend(functions().into_iter().map(of_table));
    all
}
