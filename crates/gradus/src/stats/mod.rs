//! Probability distributions, named as in `jax.scipy.stats`: a module for each. And numbers that sum samples up.
//!
//! `x` (or `k`, or `q`) comes first, then the shape parameters, then `loc` and `scale`; all broadcast and promote to
//! floats. `sf` is 1 - `cdf`, `ppf` the inverse of `cdf`, `isf` that of `sf`.

/// What the function of that name is of every distribution.
macro_rules! about {
    (logpdf) => {
        "The logarithm of the density."
    };
    (pdf) => {
        "The density."
    };
    (logpmf) => {
        "The logarithm of the probability of `k`."
    };
    (pmf) => {
        "The probability of `k`."
    };
    (cdf) => {
        "The distribution function."
    };
    (logcdf) => {
        "The logarithm of the distribution function."
    };
    (sf) => {
        "One minus the distribution function."
    };
    (logsf) => {
        "The logarithm of [`sf`]."
    };
    (ppf) => {
        "The inverse of [`cdf`]."
    };
    (isf) => {
        "The inverse of [`sf`]."
    };
}

/// A distribution is a module of functions. A record of one is its name, its operands, which arrive broadcast and
/// promoted to floats, and its formula; what it does out of range is its comment.
macro_rules! distribution {
    ($(#[$of:meta])* $name:ident {
        $($(#[$more:meta])* $function:ident($($x:ident),+) => $formula:expr;)*
    }) => {
        $(#[$of])*
        pub mod $name {
            use super::*;
            $(
                #[doc = about!($function)]
                $(#[$more])*
                #[track_caller]
                pub fn $function($($x: impl Into<Val>),+) -> Val {
                    let name = concat!(stringify!($name), ".", stringify!($function));
                    floats(name, [$($x.into()),+], |[$($x),+]| $formula)
                }
            )*
        }
    };
}

mod continuous;
mod dirichlet_density;
mod discrete;
mod kernel_density;
mod several;
mod summary;

pub use continuous::{
    beta, cauchy, chi2, expon, gamma, gennorm, gumbel_l, gumbel_r, laplace, logistic, norm, pareto, t,
    truncnorm, uniform, vonmises, wrapcauchy,
};
pub use dirichlet_density::dirichlet;
pub use discrete::{bernoulli, betabinom, binom, geom, nbinom, poisson};
pub use kernel_density::{Bandwidth, GaussianKde};
pub use several::{multinomial, multivariate_normal};
pub use summary::{Ties, mode, rankdata, rankdata_along, sem};
