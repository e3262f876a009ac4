//! Probability distributions, named as in `jax.scipy.stats`: a module for each.
//!
//! `x` (or `k`, or `q`) comes first, then the shape parameters, then `loc` and `scale`; all broadcast and promote to
//! floats. `sf` is 1 - `cdf`, `ppf` the inverse of `cdf`, `isf` that of `sf`.

mod continuous;
mod dirichlet_density;
mod discrete;

pub use continuous::{
    beta, cauchy, chi2, expon, gamma, gennorm, gumbel_l, gumbel_r, laplace, logistic, norm, pareto, t,
    truncnorm, uniform,
};
pub use dirichlet_density::dirichlet;
pub use discrete::{bernoulli, binom, geom, nbinom, poisson};
