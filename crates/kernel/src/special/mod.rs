//! Special functions of `f64`: the meaning of their primitives, and what kernels call where a loop or a table is
//! needed.
//!
//! Each is plain arithmetic with `libm`, total, and bounded in its steps, so that it gives the same bits under
//! every instruction set. For f32 the result is rounded once.

pub(crate) mod bessel;
mod exponential_integral;
mod gamma;
mod incomplete_beta;
mod incomplete_gamma;
pub mod normal_quantile;
mod random_gamma;
mod zeta;

pub use bessel::{bessel_i0e, bessel_i1e};
pub use exponential_integral::{expi, expn};
pub use gamma::{STIRLING, digamma, lgamma};
pub use incomplete_beta::betainc;
pub use incomplete_gamma::{igamma, igamma_grad_a, igammac, random_gamma_grad};
pub use random_gamma::{Precision, random_gamma, random_loggamma, threefry2x32};
pub use zeta::{BERNOULLI, polygamma, zeta};
