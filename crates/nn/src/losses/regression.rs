//! Losses of numbers: distances, and negative log-likelihoods of distributions.

use gradus::{IntoAxes, Val, as_operation, custom_jvp, refuse, where_};

use super::{differ, elementwise, like, wide};

/// `(prediction − target)²` of each element.
///
/// # Errors
/// If the shapes differ, as for every loss.
#[track_caller]
pub fn squared_error(predictions: &Val, targets: &Val) -> Val {
    elementwise("squared_error", predictions, targets, |x, y| (x - y).square())
}

/// The mean of `(prediction − target)²` over all elements.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::mean_squared_error;
/// let loss = jit(mean_squared_error)(&Array::from([1.0f32, 2.0]), &Array::from([3.0f32, 5.0]))?;
/// assert_eq!(loss.item::<f32>()?, 6.5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn mean_squared_error(predictions: &Val, targets: &Val) -> Val {
    elementwise("mean_squared_error", predictions, targets, |x, y| (x - y).square().mean())
}

/// `|prediction − target|` of each element.
#[track_caller]
pub fn absolute_error(predictions: &Val, targets: &Val) -> Val {
    elementwise("absolute_error", predictions, targets, |x, y| (x - y).abs())
}

/// The mean of `|prediction − target|` over all elements.
#[track_caller]
pub fn mean_absolute_error(predictions: &Val, targets: &Val) -> Val {
    elementwise("mean_absolute_error", predictions, targets, |x, y| (x - y).abs().mean())
}

/// Huber's loss of each element: `d² / 2` where the distance `d` is at most `delta`, else `delta · (d − delta / 2)`.
///
/// Huber, 1964.
///
/// # Errors
/// If the shapes differ, or `delta` is not positive.
#[track_caller]
pub fn huber(predictions: &Val, targets: &Val, delta: f64) -> Val {
    elementwise("huber", predictions, targets, |x, y| {
        if delta.is_nan() || delta <= 0.0 {
            return refuse("huber", format!("delta is {delta}, expected a positive number"));
        }
        let distance = (x - y).abs();
        let near = distance.le(delta);
        // The branch that is not chosen must not overflow.
        let inside = where_(near, x - y, 0.0);
        where_(near, 0.5 * inside.square(), delta * (distance - 0.5 * delta))
    })
}

/// `log cosh(prediction − target)` of each element: the square near zero, the distance far from it, smooth.
#[track_caller]
pub fn log_cosh(predictions: &Val, targets: &Val) -> Val {
    let value = |d: Val| {
        let near = d.abs().lt(1.0);
        // cosh d = 1 + 2 sinh²(d / 2), so that no digit is lost near zero.
        let inside = (2.0 * (0.5 * where_(near, d, 0.0)).sinh().square()).log1p();
        where_(near, inside, d.abs() + (-2.0 * d.abs()).exp().log1p() - std::f64::consts::LN_2)
    };
    elementwise("log_cosh", predictions, targets, |x, y| {
        custom_jvp(x - y, value, |d, tangent| (value(d), tangent * d.tanh()))
    })
}

/// The negative log-likelihood of each count under Poisson's distribution of rate `exp(log_rate)`, without the term
/// `log count!` that no gradient reads: `exp(log_rate) − count · log_rate`.
#[track_caller]
pub fn poisson_nll(log_rates: &Val, counts: &Val) -> Val {
    elementwise("poisson_nll", log_rates, counts, |x, y| x.exp() - y * x)
}

/// The negative log-likelihood of each target under a normal distribution, without its constant:
/// `(log variance + (mean − target)² / variance) / 2`.
///
/// All three have one shape. A variance below zero gives NaN; keep it positive by `softplus`, or learn its logarithm.
///
/// Nix and Weigend, 1994.
#[track_caller]
pub fn gaussian_nll(means: &Val, variances: &Val, targets: &Val) -> Val {
    as_operation("gaussian_nll", || {
        if means.shape() != targets.shape() {
            return differ("gaussian_nll", ("means", means), ("targets", targets));
        }
        if variances.shape() != targets.shape() {
            return differ("gaussian_nll", ("variances", variances), ("targets", targets));
        }
        let (mean, variance) = (wide(means), wide(variances));
        0.5 * (variance.log() + (mean - like(targets, &mean)).square() / variance)
    })
}

/// The Dice loss of regions: `1 − (2 Σ p · t + smooth) / (Σ p + Σ t + smooth)`, summed along `axes`.
///
/// Predictions are probabilities and targets probabilities or `bool`, both of one shape: of `[batch, height, width,
/// classes]`, the axes `[-3, -2]` give a loss for each example and class. `smooth`, often 1, makes two empty regions
/// equal; with 0 they are NaN.
///
/// Milletari et al., 2016, with sums of the probabilities themselves.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::dice;
/// let loss = jit(|p: &Val, t: &Val| dice(p, t, -1, 0.0));
/// let loss = loss(&Array::from([1.0f32, 0.0, 1.0]), &Array::from([true, false, false]))?;
/// assert!((loss.item::<f32>()? - 1.0 / 3.0).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn dice(predictions: &Val, targets: &Val, axes: impl IntoAxes, smooth: f64) -> Val {
    elementwise("dice", predictions, targets, |p, t| {
        let axes = axes.into_axes();
        let overlap = 2.0 * (p * t).sum_axes(axes.clone());
        1.0 - (overlap + smooth) / (p.sum_axes(axes.clone()) + t.sum_axes(axes) + smooth)
    })
}
