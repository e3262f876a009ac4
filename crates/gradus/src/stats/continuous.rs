//! Continuous distributions.

use crate::val::broadcast::floats;
use crate::{Val, special, where_};
use std::f64::consts::{LN_2, PI};

distribution! {
    /// The normal distribution: mean `loc`, standard deviation `scale`.
    norm {
        ///
        /// ```
        /// use gradus::{Array, Val, jit, stats};
        /// let y = jit(|x: &Val| stats::norm::logpdf(x, 1.0, 2.0))(&Array::from([1.0f64]))?;
        /// assert!((y.to_vec::<f64>()?[0] + (2.0 * (2.0 * std::f64::consts::PI).sqrt()).ln()).abs() < 1e-15);
        /// # Ok::<(), gradus::Error>(())
        /// ```
        logpdf(x, loc, scale) => {
            let variance = scale * scale;
            -0.5 * ((2.0 * PI * variance).log() + (x - loc) * (x - loc) / variance)
        };
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        cdf(x, loc, scale) => special::ndtr((x - loc) / scale);
        logcdf(x, loc, scale) => special::log_ndtr((x - loc) / scale);
        sf(x, loc, scale) => special::ndtr((loc - x) / scale);
        logsf(x, loc, scale) => special::log_ndtr((loc - x) / scale);
        ppf(q, loc, scale) => special::ndtri(q) * scale + loc;
        isf(q, loc, scale) => special::ndtri(1.0 - q) * scale + loc;
    }
}

distribution! {
    /// The beta distribution on [loc, loc + scale].
    beta {
        /// -∞ outside, NaN for parameters that are not positive.
        logpdf(x, a, b, loc, scale) => {
            let y = (x - loc) / scale;
            let linear = special::xlogy(a - 1.0, y) + special::xlog1py(b - 1.0, -y);
            let log = linear - special::betaln(a, b) - scale.log();
            let log = where_(x.gt(loc + scale) | x.lt(loc), f64::NEG_INFINITY, log);
            where_(a.le(0) | b.le(0) | scale.le(0), f64::NAN, log)
        };
        pdf(x, a, b, loc, scale) => logpdf(x, a, b, loc, scale).exp();
        cdf(x, a, b, loc, scale) => special::betainc(a, b, ((x - loc) / scale).clip(0.0, 1.0));
        logcdf(x, a, b, loc, scale) => log_of(cdf(x, a, b, loc, scale), sf(x, a, b, loc, scale));
        sf(x, a, b, loc, scale) => special::betainc(b, a, 1.0 - ((x - loc) / scale).clip(0.0, 1.0));
        logsf(x, a, b, loc, scale) => log_of(sf(x, a, b, loc, scale), cdf(x, a, b, loc, scale));
    }
}

distribution! {
    /// The gamma distribution of shape `a`.
    gamma {
        /// -∞ below `loc`.
        logpdf(x, a, loc, scale) => {
            let inside = x.ge(loc);
            let y = where_(inside, (x - loc) / scale, 1.0);
            let log = special::xlogy(a - 1.0, y) - y - (a.lgamma() + scale.log());
            where_(inside, log, f64::NEG_INFINITY)
        };
        pdf(x, a, loc, scale) => logpdf(x, a, loc, scale).exp();
        cdf(x, a, loc, scale) => special::gammainc(a, ((x - loc) / scale).max(0.0));
        logcdf(x, a, loc, scale) => log_of(cdf(x, a, loc, scale), sf(x, a, loc, scale));
        sf(x, a, loc, scale) => {
            let y = (x - loc) / scale;
            where_(y.lt(0), 1.0, special::gammaincc(a, y))
        };
        logsf(x, a, loc, scale) => log_of(sf(x, a, loc, scale), cdf(x, a, loc, scale));
    }
}

distribution! {
    /// The Laplace distribution.
    laplace {
        logpdf(x, loc, scale) => -((x - loc).abs() / scale + (2.0 * scale).log());
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        cdf(x, loc, scale) => {
            let distance = (x - loc) / scale;
            let tail = 0.5 * (-distance.abs()).exp();
            where_(distance.le(0), tail, 1.0 - tail)
        };
    }
}

distribution! {
    /// Student's t distribution of `df` degrees of freedom.
    t {
        logpdf(x, df, loc, scale) => {
            let y = (x - loc) / scale;
            let (half, power) = (0.5 * df, 0.5 * df + 0.5);
            let normalizer = half.lgamma() + 0.5 * (scale * scale * PI * df).log() - power.lgamma();
            -(normalizer + power * (y * y / df).log1p())
        };
        pdf(x, df, loc, scale) => logpdf(x, df, loc, scale).exp();
    }
}

distribution! {
    /// The exponential distribution of mean `scale`, from `loc` on.
    expon {
        /// -∞ below `loc`.
        logpdf(x, loc, scale) => where_(x.lt(loc), f64::NEG_INFINITY, -((x - loc) / scale + scale.log()));
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        cdf(x, loc, scale) => where_(x.lt(loc), 0.0, -((loc - x) / scale).expm1());
        logcdf(x, loc, scale) => (-sf(x, loc, scale)).log1p();
        logsf(x, loc, scale) => where_(x.lt(loc), 0.0, (loc - x) / scale);
        sf(x, loc, scale) => logsf(x, loc, scale).exp();
        /// NaN outside of [0, 1].
        ppf(q, loc, scale) => where_(q.ge(0) & q.le(1), loc - scale * (-q).log1p(), f64::NAN);
    }
}

distribution! {
    /// The uniform distribution on [loc, loc + scale].
    uniform {
        /// -∞ outside.
        logpdf(x, loc, scale) => where_(x.gt(loc + scale) | x.lt(loc), f64::NEG_INFINITY, -scale.log());
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        cdf(x, loc, scale) => {
            let inside = where_(x.gt(loc + scale), 1.0, (x - loc) / scale);
            where_(x.lt(loc), 0.0, inside)
        };
        /// NaN outside of [0, 1].
        ppf(q, loc, scale) => where_(q.ge(0) & q.le(1), loc + scale * q, f64::NAN);
    }
}

distribution! {
    /// The Cauchy distribution.
    cauchy {
        logpdf(x, loc, scale) => {
            let y = (x - loc) / scale;
            -((PI * scale).log() + (y * y).log1p())
        };
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        cdf(x, loc, scale) => x.ones_like().atan2((loc - x) / scale) / PI;
        logcdf(x, loc, scale) => log_of(cdf(x, loc, scale), sf(x, loc, scale));
        sf(x, loc, scale) => x.ones_like().atan2((x - loc) / scale) / PI;
        logsf(x, loc, scale) => log_of(sf(x, loc, scale), cdf(x, loc, scale));
        /// NaN outside of [0, 1].
        ppf(q, loc, scale) => loc + scale * quantile(q);
        /// NaN outside of [0, 1].
        isf(q, loc, scale) => loc - scale * quantile(q);
    }
}

distribution! {
    /// The χ² distribution of `df` degrees of freedom.
    chi2 {
        /// -∞ below `loc`.
        logpdf(x, df, loc, scale) => {
            let y = (x - loc) / scale;
            let half = 0.5 * df;
            let log = (half - 1.0) * y.log() - 0.5 * y - (half.lgamma() + half * LN_2) - scale.log();
            where_(x.lt(loc), f64::NEG_INFINITY, log)
        };
        pdf(x, df, loc, scale) => logpdf(x, df, loc, scale).exp();
        cdf(x, df, loc, scale) => special::gammainc(0.5 * df, (0.5 * (x - loc) / scale).max(0.0));
        logcdf(x, df, loc, scale) => log_of(cdf(x, df, loc, scale), sf(x, df, loc, scale));
        sf(x, df, loc, scale) => special::gammaincc(0.5 * df, (0.5 * (x - loc) / scale).max(0.0));
        logsf(x, df, loc, scale) => log_of(sf(x, df, loc, scale), cdf(x, df, loc, scale));
    }
}

distribution! {
    /// The logistic distribution.
    logistic {
        logpdf(x, loc, scale) => {
            let half = 0.5 * (x - loc) / scale;
            -2.0 * half.logaddexp(-half) - scale.log()
        };
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        cdf(x, loc, scale) => special::expit((x - loc) / scale);
        sf(x, loc, scale) => special::expit((loc - x) / scale);
        ppf(q, loc, scale) => special::logit(q) * scale + loc;
        isf(q, loc, scale) => -special::logit(q) * scale + loc;
    }
}

distribution! {
    /// The normal distribution cut off below `a` and above `b`, which count standard deviations from `loc`.
    truncnorm {
        /// -∞ outside, NaN for `a >= b`.
        logpdf(x, a, b, loc, scale) => {
            let y = (x - loc) / scale;
            let log = norm::logpdf(x, loc, scale) - log_mass(a, b);
            let log = where_(y.lt(a) | y.gt(b), f64::NEG_INFINITY, log);
            where_(a.ge(b), f64::NAN, log)
        };
        pdf(x, a, b, loc, scale) => logpdf(x, a, b, loc, scale).exp();
        logcdf(x, a, b, loc, scale) => {
            let y = (x - loc) / scale;
            let whole = log_mass(a, b);
            let inner = y.max(a).min(b);
            let (below, above) = (log_mass(a, inner) - whole, log_mass(inner, b) - whole);
            let log = where_(below.gt(-0.1), (-above.exp()).log1p(), below);
            let log = where_(y.ge(b), 0.0, where_(y.le(a), f64::NEG_INFINITY, log));
            where_(a.ge(b), f64::NAN, log)
        };
        cdf(x, a, b, loc, scale) => logcdf(x, a, b, loc, scale).exp();
        logsf(x, a, b, loc, scale) => logcdf(-x, -b, -a, -loc, scale);
        sf(x, a, b, loc, scale) => logsf(x, a, b, loc, scale).exp();
    }
}

distribution! {
    /// The Pareto distribution of exponent `b`, from `loc + scale` on.
    pareto {
        /// -∞ below.
        logpdf(x, b, loc, scale) => {
            let log = -((scale / b).log() + (b + 1.0) * ((x - loc) / scale).log());
            where_(x.lt(loc + scale), f64::NEG_INFINITY, log)
        };
        pdf(x, b, loc, scale) => logpdf(x, b, loc, scale).exp();
        cdf(x, b, loc, scale) => where_(x.lt(loc + scale), 0.0, 1.0 - ((x - loc) / scale).pow(-b));
        logcdf(x, b, loc, scale) => {
            let log = (-((x - loc) / scale).pow(-b)).log1p();
            where_(x.lt(loc + scale), f64::NEG_INFINITY, log)
        };
        logsf(x, b, loc, scale) => where_(x.lt(loc + scale), 0.0, -b * ((x - loc) / scale).log());
        sf(x, b, loc, scale) => logsf(x, b, loc, scale).exp();
        /// NaN outside of [0, 1].
        ppf(q, b, loc, scale) => where_(q.ge(0) & q.le(1), loc + scale * (1.0 - q).pow(-1.0 / b), f64::NAN);
    }
}

distribution! {
    /// The Gumbel distribution of largest values.
    gumbel_r {
        /// NaN for a scale that is not positive.
        logpdf(x, loc, scale) => {
            let z = (x - loc) / scale;
            where_(scale.gt(0), -scale.log() - (z + (-z).exp()), f64::NAN)
        };
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        logcdf(x, loc, scale) => where_(scale.gt(0), -((loc - x) / scale).exp(), f64::NAN);
        cdf(x, loc, scale) => logcdf(x, loc, scale).exp();
        sf(x, loc, scale) => where_(scale.gt(0), -(-((loc - x) / scale).exp()).expm1(), f64::NAN);
        /// NaN outside of (0, 1).
        ppf(q, loc, scale) => where_(q.gt(0) & q.lt(1), loc - scale * (-q.log()).log(), f64::NAN);
    }
}

distribution! {
    /// The Gumbel distribution of smallest values.
    gumbel_l {
        /// NaN for a scale that is not positive.
        logpdf(x, loc, scale) => {
            let z = (x - loc) / scale;
            where_(scale.gt(0), -scale.log() + z - z.exp(), f64::NAN)
        };
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        logsf(x, loc, scale) => where_(scale.gt(0), -((x - loc) / scale).exp(), f64::NAN);
        sf(x, loc, scale) => logsf(x, loc, scale).exp();
        cdf(x, loc, scale) => where_(scale.gt(0), -(-((x - loc) / scale).exp()).expm1(), f64::NAN);
        /// NaN outside of (0, 1).
        ppf(q, loc, scale) => where_(q.gt(0) & q.lt(1), loc + scale * (-(-q).log1p()).log(), f64::NAN);
    }
}

distribution! {
    /// The generalized normal distribution exp(-|x|ᵇ) of exponent `beta`.
    gennorm {
        logpdf(x, beta) => (0.5 * beta).log() - (1.0 / beta).lgamma() - x.abs().pow(beta);
        pdf(x, beta) => logpdf(x, beta).exp();
        cdf(x, beta) => {
            let tail = 0.5 * special::gammaincc(1.0 / beta, x.abs().pow(beta));
            where_(x.gt(0), 1.0 - tail, tail)
        };
    }
}

distribution! {
    /// The von Mises distribution of angles, denser near 0 for a larger `kappa`.
    vonmises {
        /// NaN for a `kappa` that is not positive.
        logpdf(x, kappa) => {
            let log = kappa * (x.cos() - 1.0) - (2.0 * PI * kappa.bessel_i0e()).log();
            where_(kappa.gt(0), log, f64::NAN)
        };
        pdf(x, kappa) => logpdf(x, kappa).exp();
    }
}

distribution! {
    /// The Cauchy distribution wrapped round a circle: on [0, 2π], denser near its ends for a larger `c`.
    wrapcauchy {
        /// -∞ outside, NaN for a `c` outside of (0, 1).
        logpdf(x, c) => {
            let density = (1.0 - c * c).log() - (2.0 * PI).ln() - (1.0 + c * c - 2.0 * c * x.cos()).log();
            let log = where_(x.ge(0) & x.le(2.0 * PI), density, f64::NEG_INFINITY);
            where_(c.gt(0) & c.lt(1), log, f64::NAN)
        };
        pdf(x, c) => logpdf(x, c).exp();
    }
}

/// log p of p and 1 - p, whose digits it takes where p is near 1.
#[track_caller]
fn log_of(p: Val, rest: Val) -> Val {
    let near = p.gt(0.5);
    where_(near, (-where_(near, rest, 0.0)).log1p(), where_(near, 1.0, p).log())
}

/// Cauchy's standard quantile tan π(q - ½), by the middle or the end that is nearer.
#[track_caller]
fn quantile(q: Val) -> Val {
    let (low, from_middle) = (q.lt(0.5), q - 0.5);
    let central = from_middle.abs().lt(0.25);
    let middle = (PI * where_(central, from_middle, 0.0)).tan();
    let size = 1.0 / (PI * where_(central, 0.25, where_(low, q, 1.0 - q))).tan();
    let end = where_(low, -size, size);
    where_(q.ge(0) & q.le(1), where_(central, middle, end), f64::NAN)
}

/// The logarithm of the normal distribution's mass between `a` and `b`, from the tail that is nearer.
#[track_caller]
fn log_mass(a: Val, b: Val) -> Val {
    let right = a.gt(0);
    let central = !(b.le(0) | right);
    let (low, high) = (where_(right, -b, a), where_(right, -a, b));
    let (of_high, of_low) = (special::log_ndtr(high), special::log_ndtr(low));
    let tail = of_high + (-(of_low - of_high).exp()).log1p();
    where_(central, (-special::ndtr(a) - special::ndtr(-b)).log1p(), tail)
}
