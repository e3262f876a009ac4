//! Functions of one or several real numbers by name, and points at which they are tried.

use gradus::{Dtype, Val, special, stats};
use std::collections::BTreeMap;

pub(crate) type Function = fn(&[Val]) -> Val;

macro_rules! of {
    ($f:path, 1) => {
        |x| $f(x[0])
    };
    ($f:path, 2) => {
        |x| $f(x[0], x[1])
    };
    ($f:path, 3) => {
        |x| $f(x[0], x[1], x[2])
    };
    ($f:path, 4) => {
        |x| $f(x[0], x[1], x[2], x[3])
    };
    ($f:path, 5) => {
        |x| $f(x[0], x[1], x[2], x[3], x[4])
    };
}

/// Functions by name: modules of functions with their numbers of operands.
macro_rules! functions {
    (special { $($special:ident $n:tt;)* } $(stats::$module:ident { $($name:ident $m:tt;)* })*) => {
        BTreeMap::from([
            $((stringify!($special), of!(special::$special, $n) as Function),)*
            $($((concat!(stringify!($module), ".", stringify!($name)), of!(stats::$module::$name, $m)),)*)*
        ])
    };
}

/// Those of `special` and the distributions of `stats`.
#[rustfmt::skip]
pub(crate) fn functions() -> BTreeMap<&'static str, Function> {
    let mut all = functions! {
    special {
        gammaln 1; digamma 1; gammasgn 1; gamma 1; factorial 1; comb 2; poch 2; betaln 2; beta 2; logit 1;
        expit 1; xlogy 2; xlog1py 2; entr 1; rel_entr 2; kl_div 2; boxcox 2; boxcox1p 2; ndtr 1;
        log_ndtr 1; ndtri 1; expi 1; exp1 1; i0 1; i0e 1; i1 1; i1e 1; zeta 2; gammainc 2; gammaincc 2;
        betainc 3;
    }
    stats::norm { logpdf 3; pdf 3; cdf 3; logcdf 3; sf 3; logsf 3; ppf 3; isf 3; }
    stats::beta { logpdf 5; pdf 5; cdf 5; logcdf 5; sf 5; logsf 5; }
    stats::gamma { logpdf 4; pdf 4; cdf 4; logcdf 4; sf 4; logsf 4; }
    stats::laplace { logpdf 3; pdf 3; cdf 3; }
    stats::t { logpdf 4; pdf 4; }
    stats::expon { logpdf 3; pdf 3; cdf 3; logcdf 3; sf 3; logsf 3; ppf 3; }
    stats::uniform { logpdf 3; pdf 3; cdf 3; ppf 3; }
    stats::cauchy { logpdf 3; pdf 3; cdf 3; logcdf 3; sf 3; logsf 3; ppf 3; isf 3; }
    stats::chi2 { logpdf 4; pdf 4; cdf 4; logcdf 4; sf 4; logsf 4; }
    stats::logistic { logpdf 3; pdf 3; cdf 3; sf 3; ppf 3; isf 3; }
    stats::truncnorm { logpdf 5; pdf 5; cdf 5; logcdf 5; sf 5; logsf 5; }
    stats::pareto { logpdf 4; pdf 4; cdf 4; logcdf 4; sf 4; logsf 4; ppf 4; }
    stats::gumbel_r { logpdf 3; pdf 3; logcdf 3; cdf 3; sf 3; ppf 3; }
    stats::gumbel_l { logpdf 3; pdf 3; logsf 3; sf 3; cdf 3; ppf 3; }
    stats::gennorm { logpdf 2; pdf 2; cdf 2; }
    stats::vonmises { logpdf 2; pdf 2; }
    stats::wrapcauchy { logpdf 2; pdf 2; }
    stats::poisson { logpmf 3; pmf 3; cdf 3; }
    stats::bernoulli { logpmf 3; pmf 3; cdf 2; ppf 2; }
    stats::binom { logpmf 4; pmf 4; }
    stats::geom { logpmf 3; pmf 3; }
    stats::nbinom { logpmf 4; pmf 4; }
    stats::betabinom { logpmf 5; pmf 5; }
    };
    all.insert("erf_inv", |x| x[0].erf_inv());
    // Orders are integers.
    all.insert("polygamma", |x| special::polygamma(x[0].astype(Dtype::I32), x[1]));
    all.insert("expn", |x| special::expn(x[0].astype(Dtype::I32), x[1]));
    all.insert("multigammaln", |x| special::multigammaln(x[0], 3));
    all
}

/// Arguments, and the value there.
pub(crate) type Row = (Vec<f64>, f64);

/// The rows of the table by function.
pub(crate) fn table() -> BTreeMap<&'static str, Vec<Row>> {
    let number = |word: &str| word.parse::<f64>().unwrap_or_else(|_| panic!("{word} is no number"));
    let (mut rows, mut name) = (BTreeMap::<_, Vec<_>>::new(), "");
    for line in include_str!("../special.txt").lines() {
        match line.split_once(" = ") {
            None => name = line,
            Some((args, value)) => {
                let args = args.split(' ').map(number).collect();
                rows.entry(name).or_default().push((args, number(value)));
            }
        }
    }
    rows
}
