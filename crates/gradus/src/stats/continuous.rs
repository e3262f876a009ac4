//! Continuous distributions.

use crate::val::special::floats;
use crate::{Val, special, where_};
use std::f64::consts::{LN_2, PI};

/// The normal distribution: mean `loc`, standard deviation `scale`.
pub mod norm {
    use super::*;

    /// The logarithm of the density.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, stats};
    /// let y = jit(|x: &Val| stats::norm::logpdf(x, 1.0, 2.0))(&Array::from([1.0f64]))?;
    /// assert!((y.to_vec::<f64>()?[0] + (2.0 * (2.0 * std::f64::consts::PI).sqrt()).ln()).abs() < 1e-15);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("norm.logpdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            let variance = scale * scale;
            -0.5 * ((2.0 * PI * variance).log() + (x - loc) * (x - loc) / variance)
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("norm.cdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            special::ndtr((x - loc) / scale)
        })
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("norm.logcdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            special::log_ndtr((x - loc) / scale)
        })
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("norm.sf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            special::ndtr((loc - x) / scale)
        })
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("norm.logsf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            special::log_ndtr((loc - x) / scale)
        })
    }
    /// The inverse of [`cdf`].
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("norm.ppf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            special::ndtri(q) * scale + loc
        })
    }
    /// The inverse of [`sf`].
    #[track_caller]
    pub fn isf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("norm.isf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            special::ndtri(1.0 - q) * scale + loc
        })
    }
}

/// The beta distribution on [loc, loc + scale].
pub mod beta {
    use super::*;

    /// The logarithm of the density; -∞ outside, NaN for parameters that are not positive.
    #[track_caller]
    pub fn logpdf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        floats(
            "beta.logpdf",
            [x.into(), a.into(), b.into(), loc.into(), scale.into()],
            |[x, a, b, loc, scale]| {
                let y = (x - loc) / scale;
                let linear = special::xlogy(a - 1.0, y) + special::xlog1py(b - 1.0, -y);
                let log = linear - special::betaln(a, b) - scale.log();
                let log = where_(x.gt(loc + scale) | x.lt(loc), f64::NEG_INFINITY, log);
                where_(a.le(0) | b.le(0) | scale.le(0), f64::NAN, log)
            },
        )
    }
    /// The density.
    #[track_caller]
    pub fn pdf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        logpdf(x, a, b, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        floats(
            "beta.cdf",
            [x.into(), a.into(), b.into(), loc.into(), scale.into()],
            |[x, a, b, loc, scale]| special::betainc(a, b, ((x - loc) / scale).clip(0.0, 1.0)),
        )
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        cdf(x, a, b, loc, scale).log()
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        floats(
            "beta.sf",
            [x.into(), a.into(), b.into(), loc.into(), scale.into()],
            |[x, a, b, loc, scale]| special::betainc(b, a, 1.0 - ((x - loc) / scale).clip(0.0, 1.0)),
        )
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        sf(x, a, b, loc, scale).log()
    }
}

/// The gamma distribution of shape `a`.
pub mod gamma {
    use super::*;

    /// The logarithm of the density; -∞ below `loc`.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, a: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gamma.logpdf", [x.into(), a.into(), loc.into(), scale.into()], |[x, a, loc, scale]| {
            let inside = x.ge(loc);
            let y = where_(inside, (x - loc) / scale, 1.0);
            let log = special::xlogy(a - 1.0, y) - y - (a.lgamma() + scale.log());
            where_(inside, log, f64::NEG_INFINITY)
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, a: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, a, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, a: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gamma.cdf", [x.into(), a.into(), loc.into(), scale.into()], |[x, a, loc, scale]| {
            special::gammainc(a, ((x - loc) / scale).max(0.0))
        })
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(x: impl Into<Val>, a: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        cdf(x, a, loc, scale).log()
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, a: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gamma.sf", [x.into(), a.into(), loc.into(), scale.into()], |[x, a, loc, scale]| {
            let y = (x - loc) / scale;
            where_(y.lt(0), 1.0, special::gammaincc(a, y))
        })
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(x: impl Into<Val>, a: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        sf(x, a, loc, scale).log()
    }
}

/// The Laplace distribution.
pub mod laplace {
    use super::*;

    /// The logarithm of the density.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("laplace.logpdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            -((x - loc).abs() / scale + (2.0 * scale).log())
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("laplace.cdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            let distance = (x - loc) / scale;
            let tail = 0.5 * (-distance.abs()).exp();
            where_(distance.le(0), tail, 1.0 - tail)
        })
    }
}

/// Student's t distribution of `df` degrees of freedom.
pub mod t {
    use super::*;

    /// The logarithm of the density.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, df: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("t.logpdf", [x.into(), df.into(), loc.into(), scale.into()], |[x, df, loc, scale]| {
            let y = (x - loc) / scale;
            let (half, power) = (0.5 * df, 0.5 * df + 0.5);
            let normalizer = half.lgamma() + 0.5 * (scale * scale * PI * df).log() - power.lgamma();
            -(normalizer + power * (y * y / df).log1p())
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, df: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, df, loc, scale).exp()
    }
}

/// The exponential distribution of mean `scale`, from `loc` on.
pub mod expon {
    use super::*;

    /// The logarithm of the density; -∞ below `loc`.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("expon.logpdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            where_(x.lt(loc), f64::NEG_INFINITY, -((x - loc) / scale + scale.log()))
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("expon.cdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            where_(x.lt(loc), 0.0, -((loc - x) / scale).expm1())
        })
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        (-sf(x, loc, scale)).log1p()
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("expon.logsf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            where_(x.lt(loc), 0.0, (loc - x) / scale)
        })
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logsf(x, loc, scale).exp()
    }
    /// The inverse of [`cdf`]; NaN outside of [0, 1].
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("expon.ppf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            where_(q.ge(0) & q.le(1), loc - scale * (-q).log1p(), f64::NAN)
        })
    }
}

/// The uniform distribution on [loc, loc + scale].
pub mod uniform {
    use super::*;

    /// The logarithm of the density; -∞ outside.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("uniform.logpdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            where_(x.gt(loc + scale) | x.lt(loc), f64::NEG_INFINITY, -scale.log())
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("uniform.cdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            let inside = where_(x.gt(loc + scale), 1.0, (x - loc) / scale);
            where_(x.lt(loc), 0.0, inside)
        })
    }
    /// The inverse of [`cdf`]; NaN outside of [0, 1].
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("uniform.ppf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            where_(q.ge(0) & q.le(1), loc + scale * q, f64::NAN)
        })
    }
}

/// The Cauchy distribution.
pub mod cauchy {
    use super::*;

    /// The logarithm of the density.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("cauchy.logpdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            let y = (x - loc) / scale;
            -((PI * scale).log() + (y * y).log1p())
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("cauchy.cdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            0.5 + ((x - loc) / scale).atan() / PI
        })
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        cdf(x, loc, scale).log()
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("cauchy.sf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            0.5 + ((loc - x) / scale).atan() / PI
        })
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        sf(x, loc, scale).log()
    }
    /// The inverse of [`cdf`].
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("cauchy.ppf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            (PI * q - 0.5 * PI).tan() * scale + loc
        })
    }
    /// The inverse of [`sf`].
    #[track_caller]
    pub fn isf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("cauchy.isf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            (0.5 * PI - PI * q).tan() * scale + loc
        })
    }
}

/// The χ² distribution of `df` degrees of freedom.
pub mod chi2 {
    use super::*;

    /// The logarithm of the density; -∞ below `loc`.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, df: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("chi2.logpdf", [x.into(), df.into(), loc.into(), scale.into()], |[x, df, loc, scale]| {
            let y = (x - loc) / scale;
            let half = 0.5 * df;
            let log = (half - 1.0) * y.log() - 0.5 * y - (half.lgamma() + half * LN_2) - scale.log();
            where_(x.lt(loc), f64::NEG_INFINITY, log)
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, df: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, df, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, df: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("chi2.cdf", [x.into(), df.into(), loc.into(), scale.into()], |[x, df, loc, scale]| {
            special::gammainc(0.5 * df, (0.5 * (x - loc) / scale).max(0.0))
        })
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(x: impl Into<Val>, df: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        cdf(x, df, loc, scale).log()
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, df: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("chi2.sf", [x.into(), df.into(), loc.into(), scale.into()], |[x, df, loc, scale]| {
            special::gammaincc(0.5 * df, (0.5 * (x - loc) / scale).max(0.0))
        })
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(x: impl Into<Val>, df: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        sf(x, df, loc, scale).log()
    }
}

/// The logistic distribution.
pub mod logistic {
    use super::*;

    /// The logarithm of the density.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("logistic.logpdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            let half = 0.5 * (x - loc) / scale;
            -2.0 * half.logaddexp(-half) - scale.log()
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("logistic.cdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            special::expit((x - loc) / scale)
        })
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("logistic.sf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            special::expit((loc - x) / scale)
        })
    }
    /// The inverse of [`cdf`].
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("logistic.ppf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            special::logit(q) * scale + loc
        })
    }
    /// The inverse of [`sf`].
    #[track_caller]
    pub fn isf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("logistic.isf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            -special::logit(q) * scale + loc
        })
    }
}

/// The normal distribution cut off below `a` and above `b`, which count standard deviations from `loc`.
pub mod truncnorm {
    use super::*;

    /// The logarithm of the density; -∞ outside, NaN for `a >= b`.
    #[track_caller]
    pub fn logpdf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        floats(
            "truncnorm.logpdf",
            [x.into(), a.into(), b.into(), loc.into(), scale.into()],
            |[x, a, b, loc, scale]| {
                let y = (x - loc) / scale;
                let log = super::norm::logpdf(x, loc, scale) - log_mass(a, b);
                let log = where_(y.lt(a) | y.gt(b), f64::NEG_INFINITY, log);
                where_(a.ge(b), f64::NAN, log)
            },
        )
    }
    /// The density.
    #[track_caller]
    pub fn pdf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        logpdf(x, a, b, loc, scale).exp()
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        floats(
            "truncnorm.logcdf",
            [x.into(), a.into(), b.into(), loc.into(), scale.into()],
            |[x, a, b, loc, scale]| {
                let y = (x - loc) / scale;
                let whole = log_mass(a, b);
                let inner = y.max(a).min(b);
                let (below, above) = (log_mass(a, inner) - whole, log_mass(inner, b) - whole);
                let log = where_(below.gt(-0.1), (-above.exp()).log1p(), below);
                let log = where_(y.ge(b), 0.0, where_(y.le(a), f64::NEG_INFINITY, log));
                where_(a.ge(b), f64::NAN, log)
            },
        )
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        logcdf(x, a, b, loc, scale).exp()
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        floats(
            "truncnorm.logsf",
            [x.into(), a.into(), b.into(), loc.into(), scale.into()],
            |[x, a, b, loc, scale]| logcdf(-x, -b, -a, -loc, scale),
        )
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(
        x: impl Into<Val>,
        a: impl Into<Val>,
        b: impl Into<Val>,
        loc: impl Into<Val>,
        scale: impl Into<Val>,
    ) -> Val {
        logsf(x, a, b, loc, scale).exp()
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
}

/// The Pareto distribution of exponent `b`, from `loc + scale` on.
pub mod pareto {
    use super::*;

    /// The logarithm of the density; -∞ below.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, b: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("pareto.logpdf", [x.into(), b.into(), loc.into(), scale.into()], |[x, b, loc, scale]| {
            let log = -((scale / b).log() + (b + 1.0) * ((x - loc) / scale).log());
            where_(x.lt(loc + scale), f64::NEG_INFINITY, log)
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, b: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, b, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, b: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("pareto.cdf", [x.into(), b.into(), loc.into(), scale.into()], |[x, b, loc, scale]| {
            where_(x.lt(loc + scale), 0.0, 1.0 - ((x - loc) / scale).pow(-b))
        })
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(x: impl Into<Val>, b: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("pareto.logcdf", [x.into(), b.into(), loc.into(), scale.into()], |[x, b, loc, scale]| {
            where_(x.lt(loc + scale), f64::NEG_INFINITY, (-((x - loc) / scale).pow(-b)).log1p())
        })
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(x: impl Into<Val>, b: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("pareto.logsf", [x.into(), b.into(), loc.into(), scale.into()], |[x, b, loc, scale]| {
            where_(x.lt(loc + scale), 0.0, -b * ((x - loc) / scale).log())
        })
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, b: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logsf(x, b, loc, scale).exp()
    }
    /// The inverse of [`cdf`]; NaN outside of [0, 1].
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, b: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("pareto.ppf", [q.into(), b.into(), loc.into(), scale.into()], |[q, b, loc, scale]| {
            where_(q.ge(0) & q.le(1), loc + scale * (1.0 - q).pow(-1.0 / b), f64::NAN)
        })
    }
}

/// The Gumbel distribution of largest values.
pub mod gumbel_r {
    use super::*;

    /// The logarithm of the density; NaN for a scale that is not positive.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gumbel_r.logpdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            let z = (x - loc) / scale;
            where_(scale.gt(0), -scale.log() - (z + (-z).exp()), f64::NAN)
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, loc, scale).exp()
    }
    /// The logarithm of the distribution function.
    #[track_caller]
    pub fn logcdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gumbel_r.logcdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            where_(scale.gt(0), -((loc - x) / scale).exp(), f64::NAN)
        })
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logcdf(x, loc, scale).exp()
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gumbel_r.sf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            where_(scale.gt(0), -(-((loc - x) / scale).exp()).expm1(), f64::NAN)
        })
    }
    /// The inverse of [`cdf`]; NaN outside of (0, 1).
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gumbel_r.ppf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            where_(q.gt(0) & q.lt(1), loc - scale * (-q.log()).log(), f64::NAN)
        })
    }
}

/// The Gumbel distribution of smallest values.
pub mod gumbel_l {
    use super::*;

    /// The logarithm of the density; NaN for a scale that is not positive.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gumbel_l.logpdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            let z = (x - loc) / scale;
            where_(scale.gt(0), -scale.log() + z - z.exp(), f64::NAN)
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logpdf(x, loc, scale).exp()
    }
    /// The logarithm of [`sf`].
    #[track_caller]
    pub fn logsf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gumbel_l.logsf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            where_(scale.gt(0), -((x - loc) / scale).exp(), f64::NAN)
        })
    }
    /// One minus the distribution function.
    #[track_caller]
    pub fn sf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        logsf(x, loc, scale).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gumbel_l.cdf", [x.into(), loc.into(), scale.into()], |[x, loc, scale]| {
            where_(scale.gt(0), -(-((x - loc) / scale).exp()).expm1(), f64::NAN)
        })
    }
    /// The inverse of [`cdf`]; NaN outside of (0, 1).
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, loc: impl Into<Val>, scale: impl Into<Val>) -> Val {
        floats("gumbel_l.ppf", [q.into(), loc.into(), scale.into()], |[q, loc, scale]| {
            where_(q.gt(0) & q.lt(1), loc + scale * (-(-q).log1p()).log(), f64::NAN)
        })
    }
}

/// The generalized normal distribution exp(-|x|ᵇ) of exponent `beta`.
pub mod gennorm {
    use super::*;

    /// The logarithm of the density.
    #[track_caller]
    pub fn logpdf(x: impl Into<Val>, beta: impl Into<Val>) -> Val {
        floats("gennorm.logpdf", [x.into(), beta.into()], |[x, beta]| {
            (0.5 * beta).log() - (1.0 / beta).lgamma() - x.abs().pow(beta)
        })
    }
    /// The density.
    #[track_caller]
    pub fn pdf(x: impl Into<Val>, beta: impl Into<Val>) -> Val {
        logpdf(x, beta).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(x: impl Into<Val>, beta: impl Into<Val>) -> Val {
        floats("gennorm.cdf", [x.into(), beta.into()], |[x, beta]| {
            0.5 * (1.0 + x.sign() * special::gammainc(1.0 / beta, x.abs().pow(beta)))
        })
    }
}
