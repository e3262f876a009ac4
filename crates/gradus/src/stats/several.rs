//! Distributions whose samples are vectors, other than Dirichlet's.

use crate::val::promote::promote_all;
use crate::{ErrorKind, Val, linalg, special, where_};
use std::f64::consts::PI;

/// The normal distribution of vectors of mean `mean` and covariance `cov`.
pub mod multivariate_normal {
    use super::*;

    /// The logarithm of the density at `x`, `[.., n]`: `mean` is `[.., n]`, `cov` `[.., n, n]`, or a scalar for that
    /// variance of every coordinate; the axes before broadcast. With a scalar mean the coordinates are samples of one.
    ///
    /// NaN for a covariance that is not positive definite.
    ///
    /// # Errors
    /// If the extents do not fit.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, stats};
    /// let f = jit(|x: &Val, c: &Val| stats::multivariate_normal::pdf(x, 0.0 * x, c));
    /// let y = f(&Array::from([0.0f64, 0.0]), &Array::from([[2.0f64, 0.0], [0.0, 0.5]]))?;
    /// assert!((y.item::<f64>()? - 0.5 / std::f64::consts::PI).abs() < 1e-14);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, mean: impl Into<Val>, cov: impl Into<Val>) -> Val {
        let args = [x.into(), mean.into(), cov.into()];
        Val::derive("multivariate_normal.logpdf", &args, |known| {
            let dtype = promote_all(known).inexact().dtype;
            let [x, mean, cov] = args.map(|v| v.astype(dtype));
            let centred = x - mean;
            let log_two_pi = (2.0 * PI).ln();
            let (mean_ty, cov_ty) = (&known[1].ty, &known[2].ty);
            let Some(last) = mean_ty.rank().checked_sub(1) else {
                return Ok(-0.5 * centred.square() / cov - 0.5 * (log_two_pi + cov.log()));
            };
            let n = mean_ty.shape.dim(last);
            if cov_ty.rank() == 0 {
                let squares = centred.square().sum_axes(-1);
                return Ok(-0.5 * squares / cov - 0.5 * n as f64 * (log_two_pi + cov.log()));
            }
            let rank = cov_ty.rank();
            if rank < 2 || cov_ty.shape.dims()[rank - 2..] != [n, n] {
                let message = format!("{cov_ty} is no covariance of vectors {mean_ty}; give [.., {n}, {n}]");
                return Err(ErrorKind::invalid(message));
            }
            let factor = linalg::cholesky(cov);
            // |L⁻¹ (x - m)|², with the axes before broadcast by hand: a right side has one more.
            let shape = centred.shape();
            let mut batch: Vec<usize> = shape[..shape.len() - 1].to_vec();
            let own = factor.shape();
            let whole = crate::val::broadcast::common_shape([
                &crate::Shape::from(batch.clone()),
                &crate::Shape::from(own[..own.len() - 2].to_vec()),
            ])?;
            batch = whole.dims().to_vec();
            let right = centred.broadcast_to([batch.clone(), vec![n]].concat()).expand_dims(-1);
            let left = factor.broadcast_to([batch, vec![n, n]].concat());
            let lower = linalg::Triangle::Lower;
            let scaled = linalg::solve_triangular(left, right, lower, linalg::Transposed::No).squeeze(-1);
            let log_root_determinant = linalg::diagonal(factor, 0).log().sum_axes(-1);
            Ok(-0.5 * scaled.square().sum_axes(-1) - 0.5 * n as f64 * log_two_pi - log_root_determinant)
        })
    }
    /// The density.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, stats};
    /// let f = jit(|x: &Val| stats::multivariate_normal::pdf(x, &Array::from([0.0f32]), 1.0));
    /// let y = f(&Array::from([0.0f32]))?;
    /// assert!((y.item::<f32>()? - 0.398942).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, mean: impl Into<Val>, cov: impl Into<Val>) -> Val {
        crate::val::at_caller("multivariate_normal.pdf", || logpdf(x, mean, cov).exp())
    }
}

/// The distribution of the counts of `n` trials with several outcomes of probabilities `p`.
pub mod multinomial {
    use super::*;

    /// The logarithm of the probability of the counts `x`, integers `[.., k]`; `p` is `[.., k]`. -∞ where their sum is
    /// not `n`.
    ///
    /// # Errors
    /// If the counts are not integers.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, stats};
    /// let f = jit(|x: &Val| stats::multinomial::pmf(x, 2, &Array::from([0.5f64, 0.5])));
    /// assert!((f(&Array::from([1i32, 1]))?.item::<f64>()? - 0.5).abs() < 1e-14);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logpmf(x: impl Into<Val>, n: impl Into<Val>, p: impl Into<Val>) -> Val {
        mass("multinomial.logpmf", [x.into(), n.into(), p.into()], f64::NEG_INFINITY, |x, p, ways| {
            ways + special::xlogy(x, p).sum_axes(-1)
        })
    }
    /// The probability of the counts.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, stats};
    /// let f = jit(|x: &Val| stats::multinomial::pmf(x, 2, &Array::from([0.5f32, 0.5])));
    /// let y = f(&Array::from([1i32, 1]))?;
    /// assert!((y.item::<f32>()? - 0.5).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn pmf(x: impl Into<Val>, n: impl Into<Val>, p: impl Into<Val>) -> Val {
        mass("multinomial.pmf", [x.into(), n.into(), p.into()], 0.0, |x, p, ways| {
            special::product_of_powers(p, x, ways, -1)
        })
    }

    /// `of` counts, probabilities and the logarithm of the number of orders; `outside` where the counts do not add up.
    #[track_caller]
    fn mass(op: &'static str, args: [Val; 3], outside: f64, of: fn(Val, Val, Val) -> Val) -> Val {
        let [x, n, p] = args;
        Val::derive(op, &args, |known| {
            let counts = &known[0].ty;
            if !counts.dtype.is_integer() || counts.rank() == 0 || !known[1].ty.dtype.is_integer() {
                let message = format!(
                    "takes integer counts along an axis, not {counts} of {}; convert them",
                    known[1].ty
                );
                return Err(ErrorKind::invalid(message));
            }
            let dtype = promote_all(&known[2..]).inexact().dtype;
            let shape = crate::val::broadcast::common_shape([&counts.shape, &known[2].ty.shape])?;
            let total = x.sum_axes(-1);
            let fits = total.eq(n);
            let [x, n, p] = [x, n, p].map(|v| v.astype(dtype));
            let (x, p) = (x.broadcast_to(&shape), p.broadcast_to(&shape));
            let ways = (n + 1.0).lgamma() - (x + 1.0).lgamma().sum_axes(-1);
            Ok(where_(fits, of(x, p, ways), outside))
        })
    }
}
