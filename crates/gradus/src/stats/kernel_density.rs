//! The density of a distribution from its samples: a normal density at each.

use crate::val::promote::promote_all;
use crate::{Dtype, ErrorKind, Val, linalg, ones, random, special};
use std::f64::consts::PI;

/// How wide the density at a sample is, as a share of the spread of all.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Bandwidth {
    /// n^(-1 / (d + 4)) for n samples in d dimensions: Scott, "Multivariate density estimation" (1992).
    Scott,
    /// (n (d + 2) / 4)^(-1 / (d + 4)): Silverman, "Density estimation" (1986).
    Silverman,
    /// That.
    Factor(f64),
}

/// The density estimated from samples by a normal density at each: `jax.scipy.stats.gaussian_kde`.
///
/// ```
/// use gradus::{Array, Val, jit, stats::GaussianKde};
/// let f = jit(|samples: &Val, x: &Val| GaussianKde::new(samples).pdf(x));
/// let y = f(&Array::from([-1.0f32, 0.0, 1.0]), &Array::from([-2.0f32, 2.0]))?.to_vec::<f32>()?;
/// assert!(y[0] > 0.0 && (y[0] - y[1]).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GaussianKde {
    samples: Val,
    weights: Option<Val>,
    bandwidth: Bandwidth,
}

/// Samples `[d, n]`, their weights of sum 1 `[n]`, and the lower Cholesky factor `[d, d]` of the covariance at each.
struct Fitted {
    samples: Val,
    weights: Val,
    factor: Val,
}

impl GaussianKde {
    /// From samples `[n]`, or `[d, n]` in `d` dimensions, with Scott's bandwidth.
    pub fn new(samples: impl Into<Val>) -> GaussianKde {
        GaussianKde { samples: samples.into(), weights: None, bandwidth: Bandwidth::Scott }
    }
    /// What each sample counts for, `[n]`.
    pub fn weights(self, weights: impl Into<Val>) -> GaussianKde {
        GaussianKde { weights: Some(weights.into()), ..self }
    }
    /// How wide the density at each is.
    pub fn bandwidth(self, bandwidth: Bandwidth) -> GaussianKde {
        GaussianKde { bandwidth, ..self }
    }
    /// The density at points `[m]`, or `[d, m]`.
    ///
    /// # Errors
    /// If the points have not as many dimensions as the samples.
    #[track_caller]
    pub fn pdf(self, points: impl Into<Val>) -> Val {
        let points = points.into();
        self.derive("GaussianKde.pdf", &[points], |dtype| {
            Ok(self.log_terms(points, dtype)?.exp().sum_axes(0))
        })
    }
    /// The logarithm of the density at points `[m]`, or `[d, m]`.
    ///
    /// # Errors
    /// If the points have not as many dimensions as the samples.
    #[track_caller]
    pub fn logpdf(self, points: impl Into<Val>) -> Val {
        let points = points.into();
        self.derive("GaussianKde.logpdf", &[points], |dtype| {
            Ok(self.log_terms(points, dtype)?.logsumexp_axes(0))
        })
    }
    /// The probability of numbers between `low` and `high`, scalars; of samples in one dimension.
    ///
    /// # Errors
    /// If there are more dimensions.
    #[track_caller]
    pub fn integrate_box_1d(self, low: impl Into<Val>, high: impl Into<Val>) -> Val {
        let (low, high) = (low.into(), high.into());
        self.derive("GaussianKde.integrate_box_1d", &[low, high], |dtype| {
            let Fitted { samples, weights, factor } = self.fitted(dtype)?;
            if factor.size() != 1 {
                let message = format!(
                    "between two numbers are no points of {} dimensions; use `pdf`",
                    factor.shape()[0]
                );
                return Err(ErrorKind::invalid(message));
            }
            let below =
                |end: Val| special::ndtr((end.astype(dtype) - samples.squeeze(0)) / factor.reshape(()));
            Ok((weights * (below(high) - below(low))).sum())
        })
    }
    /// `count` samples of the estimated density, `[d, count]`.
    #[track_caller]
    pub fn resample(self, key: impl Into<Val>, count: usize) -> Val {
        let key = key.into();
        self.derive("GaussianKde.resample", &[key], |dtype| {
            let Fitted { samples, weights, factor } = self.fitted(dtype)?;
            let [d, n] = [samples.shape()[0], samples.shape()[1]];
            let [which, noise] = random::split_into(key);
            let choice = random::Choice { p: Some(weights), ..Default::default() };
            let chosen = choice.draw(which, n, [count]);
            let away = factor.matmul(random::normal_of(noise, [d, count], dtype));
            Ok(samples.take(chosen, 1) + away)
        })
    }

    #[track_caller]
    fn derive(self, op: &'static str, args: &[Val], f: impl FnOnce(Dtype) -> Result<Val, ErrorKind>) -> Val {
        let all: Vec<Val> = [self.samples].into_iter().chain(self.weights).collect();
        let every: Vec<Val> = all.iter().chain(args).copied().collect();
        Val::derive(op, &every, |known| f(promote_all(&known[..all.len()]).inexact().dtype))
    }
    #[track_caller]
    fn fitted(self, dtype: Dtype) -> Result<Fitted, ErrorKind> {
        let samples = self.samples.astype(dtype).atleast_2d();
        let shape = samples.shape();
        let [d, n] = shape[..] else {
            return Err(ErrorKind::invalid(format!(
                "the samples are of shape {shape:?}; give [n] or [d, n]"
            )));
        };
        if n < 2 {
            return Err(ErrorKind::invalid(format!("{n} samples have no spread; give at least two")));
        }
        let weights = match self.weights {
            None => ones([n], dtype) / n as f64,
            Some(weights) if weights.shape() == [n] => weights.astype(dtype) / weights.astype(dtype).sum(),
            Some(weights) => {
                let message =
                    format!("weights of shape {:?} for {n} samples; give one for each", weights.shape());
                return Err(ErrorKind::invalid(message));
            }
        };
        // As many samples of one weight would tell as much.
        let count = 1.0 / weights.square().sum();
        let power = -1.0 / (d as f64 + 4.0);
        let share = match self.bandwidth {
            Bandwidth::Scott => count.pow(power),
            Bandwidth::Silverman => (count * (d as f64 + 2.0) / 4.0).pow(power),
            Bandwidth::Factor(share) => count.full_like(share),
        };
        let centred = samples - (samples * weights).sum_axes(1).expand_dims(1);
        let covariance = (centred * weights).matmul(centred.transpose()) / (1.0 - weights.square().sum());
        Ok(Fitted { samples, weights, factor: linalg::cholesky(covariance) * share })
    }
    /// The logarithm of what each sample adds to the density at each point, `[n, m]`.
    #[track_caller]
    fn log_terms(self, points: Val, dtype: Dtype) -> Result<Val, ErrorKind> {
        let Fitted { samples, weights, factor } = self.fitted(dtype)?;
        let d = samples.shape()[0];
        let points = points.astype(dtype).atleast_2d();
        if points.rank() != 2 || points.shape()[0] != d {
            let message =
                format!("points of shape {:?} for samples in {d} dimensions; give [{d}, m]", points.shape());
            return Err(ErrorKind::invalid(message));
        }
        let scaled =
            |x: Val| linalg::solve_triangular(factor, x, linalg::Triangle::Lower, linalg::Transposed::No);
        let apart = scaled(samples).expand_dims(2) - scaled(points).expand_dims(1);
        let log_norm = factor.diagonal(0).log().sum() + 0.5 * d as f64 * (2.0 * PI).ln();
        Ok(weights.log().expand_dims(1) - log_norm - 0.5 * apart.square().sum_axes(0))
    }
}
