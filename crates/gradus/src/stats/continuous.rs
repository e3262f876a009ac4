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
            let outside = x.gt(loc + scale) | x.lt(loc);
            let y = where_(outside, 0.5, (x - loc) / scale);
            let linear = special::xlogy(a - 1.0, y) + special::xlog1py(b - 1.0, -y);
            let log = linear - special::betaln(a, b) - scale.log();
            let log = where_(outside, f64::NEG_INFINITY, log);
            where_(a.le(0) | b.le(0) | scale.le(0), f64::NAN, log)
        };
        pdf(x, a, b, loc, scale) => {
            let outside = x.gt(loc + scale) | x.lt(loc);
            let density = special::beta_density(a, b, where_(outside, 0.5, (x - loc) / scale)) / scale;
            where_(a.le(0) | b.le(0) | scale.le(0), f64::NAN, where_(outside, 0.0, density))
        };
        cdf(x, a, b, loc, scale) =>
            of_positive(a, b, at_steep_end([x, loc, scale], a.lt(1), |root| root, |y| {
                between(y, |y| special::betainc(a, b, y))
            }));
        logcdf(x, a, b, loc, scale) => {
            let of = |y: Val| log_of(special::betainc(a, b, y), special::betainc(b, a, 1.0 - y));
            of_positive(a, b, log_between((x - loc) / scale, of))
        };
        sf(x, a, b, loc, scale) => {
            of_positive(a, b, at_steep_end([x, loc, scale], a.lt(1), |root| 1.0 - root, |y| {
                between(1.0 - y, |y| special::betainc(b, a, y))
            }))
        };
        logsf(x, a, b, loc, scale) => {
            let of = |y: Val| log_of(special::betainc(b, a, y), special::betainc(a, b, 1.0 - y));
            of_positive(a, b, at_steep_end([x, loc, scale], a.lt(1), |root| -root, |y| log_between(1.0 - y, of)))
        };
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
        pdf(x, a, loc, scale) => {
            let inside = x.ge(loc);
            let y = where_(inside, (x - loc) / scale, 1.0);
            where_(inside, special::gamma_density(a, y) / scale, 0.0)
        };
        cdf(x, a, loc, scale) => at_steep_end([x, loc, scale], a.lt(1), |root| root, |y| gamma_below(a, y));
        logcdf(x, a, loc, scale) => log_gamma_below(a, (x - loc) / scale);
        sf(x, a, loc, scale) => at_steep_end([x, loc, scale], a.lt(1), |root| 1.0 - root, |y| gamma_above(a, y));
        logsf(x, a, loc, scale) => at_steep_end([x, loc, scale], a.lt(1), |root| -root, |y| log_gamma_above(a, y));
    }
}

distribution! {
    /// The Laplace distribution.
    laplace {
        logpdf(x, loc, scale) => -((x - loc).abs() / scale + (2.0 * scale).log());
        pdf(x, loc, scale) => logpdf(x, loc, scale).exp();
        cdf(x, loc, scale) => {
            let distance = (x - loc) / scale;
            let below = distance.le(0);
            let (low, high) = (where_(below, distance, 0.0), where_(below, 0.0, distance));
            where_(below, 0.5 * low.exp(), 1.0 - 0.5 * (-high).exp())
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
        cdf(x, loc, scale) => above((x - loc) / scale, 0.0, |y| -(-y).expm1());
        logcdf(x, loc, scale) => {
            above((x - loc) / scale, f64::NEG_INFINITY, |y| log_of(-(-y).expm1(), (-y).exp()))
        };
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
            let (half, outside) = (0.5 * df, x.lt(loc));
            let y = where_(outside, 1.0, (x - loc) / scale);
            let power = special::xlogy(half - 1.0, y);
            let log = power - 0.5 * y - (half.lgamma() + half * LN_2) - scale.log();
            where_(outside, f64::NEG_INFINITY, log)
        };
        pdf(x, df, loc, scale) => {
            let outside = x.lt(loc);
            let y = where_(outside, 1.0, 0.5 * (x - loc) / scale);
            where_(outside, 0.0, 0.5 * special::gamma_density(0.5 * df, y) / scale)
        };
        cdf(x, df, loc, scale) =>
            at_steep_end([x, loc, scale], df.lt(2), |root| root, |y| gamma_below(0.5 * df, 0.5 * y));
        logcdf(x, df, loc, scale) => log_gamma_below(0.5 * df, 0.5 * (x - loc) / scale);
        sf(x, df, loc, scale) =>
            at_steep_end([x, loc, scale], df.lt(2), |root| 1.0 - root, |y| gamma_above(0.5 * df, 0.5 * y));
        logsf(x, df, loc, scale) =>
            at_steep_end([x, loc, scale], df.lt(2), |root| -root, |y| log_gamma_above(0.5 * df, 0.5 * y));
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
            // At the lower end a logarithm has the infinite slopes.
            let at_end = y.eq(a) & a.lt(b);
            let end = where_(at_end, where_(at_end, y - a, 1.0).log(), f64::NEG_INFINITY);
            let log = where_(y.gt(a) & y.lt(b), log_share(y, a, b), where_(y.ge(b), 0.0, end));
            where_(a.ge(b) | y.isnan(), f64::NAN, log)
        };
        cdf(x, a, b, loc, scale) => {
            let y = (x - loc) / scale;
            let (at_a, at_b) = (y.eq(a) & a.lt(b), y.eq(b) & a.lt(b));
            let at_end = at_a | at_b;
            // At an end by the density in the middle between end and point, which has two derivatives of the whole.
            let apart = where_(at_end, y - where_(at_a, a, b), 0.0);
            let middle = where_(at_end, y - 0.5 * apart, 0.0);
            let density = truncated_density(middle, where_(at_end, a, -1.0), where_(at_end, b, 1.0));
            let end = where_(at_b, 1.0, 0.0) + apart * density;
            let inside = where_(y.gt(a) & y.lt(b), log_share(y, a, b).exp(), where_(y.gt(b), y.ones_like(), 0.0));
            where_(a.ge(b) | y.isnan(), f64::NAN, where_(at_end, end, inside))
        };
        logsf(x, a, b, loc, scale) => logcdf(-x, -b, -a, -loc, scale);
        sf(x, a, b, loc, scale) => cdf(-x, -b, -a, -loc, scale);
    }
}

distribution! {
    /// The Pareto distribution of exponent `b`, from `loc + scale` on.
    pareto {
        /// -∞ below.
        logpdf(x, b, loc, scale) => {
            let outside = x.lt(loc + scale);
            let log = -((scale / b).log() + (b + 1.0) * where_(outside, 1.0, (x - loc) / scale).log());
            where_(outside, f64::NEG_INFINITY, log)
        };
        pdf(x, b, loc, scale) => logpdf(x, b, loc, scale).exp();
        cdf(x, b, loc, scale) => {
            let outside = x.lt(loc + scale);
            where_(outside, 0.0, 1.0 - where_(outside, 1.0, (x - loc) / scale).pow(-b))
        };
        logcdf(x, b, loc, scale) => {
            let outside = x.lt(loc + scale);
            let log = (-where_(outside, 2.0, (x - loc) / scale).pow(-b)).log1p();
            where_(outside, f64::NEG_INFINITY, log)
        };
        logsf(x, b, loc, scale) => {
            let outside = x.lt(loc + scale);
            where_(outside, 0.0, -b * where_(outside, 1.0, (x - loc) / scale).log())
        };
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
        pdf(x, loc, scale) => {
            let z = (x - loc) / scale;
            where_(scale.gt(0) & z.gt(f64::NEG_INFINITY), double_exponential(-z) / scale, f64::NAN)
        };
        logcdf(x, loc, scale) => where_(scale.gt(0), -((loc - x) / scale).exp(), f64::NAN);
        cdf(x, loc, scale) => where_(scale.gt(0), (-tame_exp((loc - x) / scale)).exp(), f64::NAN);
        sf(x, loc, scale) => where_(scale.gt(0), -(-tame_exp((loc - x) / scale)).expm1(), f64::NAN);
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
        pdf(x, loc, scale) => {
            let z = (x - loc) / scale;
            where_(scale.gt(0) & z.lt(f64::INFINITY), double_exponential(z) / scale, f64::NAN)
        };
        logsf(x, loc, scale) => where_(scale.gt(0), -((x - loc) / scale).exp(), f64::NAN);
        sf(x, loc, scale) => where_(scale.gt(0), (-tame_exp((x - loc) / scale)).exp(), f64::NAN);
        cdf(x, loc, scale) => where_(scale.gt(0), -(-tame_exp((x - loc) / scale)).expm1(), f64::NAN);
        /// NaN outside of (0, 1).
        ppf(q, loc, scale) => where_(q.gt(0) & q.lt(1), loc + scale * (-(-q).log1p()).log(), f64::NAN);
    }
}

distribution! {
    /// The generalized normal distribution exp(-|x|ᵇ) of exponent `beta`.
    gennorm {
        logpdf(x, beta) => (0.5 * beta).log() - (1.0 / beta).lgamma() - power_of_size(x, beta);
        pdf(x, beta) => logpdf(x, beta).exp();
        cdf(x, beta) => {
            // Near the middle ½ + x β / 2Γ(1/β) Σ (-t)ᵏ / (k! (kβ + 1)) of t = |x|ᵝ, smooth where β is even.
            let is_near = x.abs().lt(0.5);
            let (near, outer) = (where_(is_near, x, 0.0), where_(is_near, 1.0, x));
            let t = power_of_size(near, beta);
            let term = |(sum, power): (Val, Val), k: u32| {
                let power = power * (-t / f64::from(k));
                (sum + power / (f64::from(k) * beta + 1.0), power)
            };
            let (series, _) = (1..=18).fold((t.ones_like(), t.ones_like()), term);
            let middle = 0.5 + near * series * 0.5 * beta / (1.0 / beta).lgamma().exp();
            let tail = 0.5 * special::gammaincc(1.0 / beta, outer.abs().pow(beta));
            where_(is_near, middle, where_(x.gt(0), 1.0 - tail, tail))
        };
    }
}

distribution! {
    /// The von Mises distribution of angles, denser near 0 for a larger `kappa`.
    vonmises {
        /// Uniform for a `kappa` of 0, NaN below.
        logpdf(x, kappa) => {
            // e^-κ I₀(κ) has a bend at 0, I₀ itself grows too fast.
            let near = kappa.lt(1);
            let (low, high) = (where_(near, kappa, 0.0), where_(near, 1.0, kappa));
            let near_log = low * x.cos() - (2.0 * PI * special::i0(low)).log();
            let log = high * (x.cos() - 1.0) - (2.0 * PI * high.bessel_i0e()).log();
            where_(kappa.ge(0), where_(near, near_log, log), f64::NAN)
        };
        pdf(x, kappa) => logpdf(x, kappa).exp();
    }
}

distribution! {
    /// The Cauchy distribution wrapped round a circle: on [0, 2π], denser near its ends for a larger `c`.
    wrapcauchy {
        /// -∞ outside; uniform for a `c` of 0, NaN for one outside of [0, 1).
        logpdf(x, c) => {
            let known = c.ge(0) & c.lt(1);
            let c = where_(known, c, 0.5);
            let density = (1.0 - c * c).log() - (2.0 * PI).ln() - (1.0 + c * c - 2.0 * c * x.cos()).log();
            let log = where_(x.ge(0) & x.le(2.0 * PI), density, f64::NEG_INFINITY);
            where_(known, log, f64::NAN)
        };
        pdf(x, c) => logpdf(x, c).exp();
    }
}

/// `f`, a function of the beta distribution, where its parameters are positive; NaN elsewhere.
#[track_caller]
fn of_positive(a: Val, b: Val, f: Val) -> Val {
    where_(a.le(0) | b.le(0), f64::NAN, f)
}

/// `f` of (x - loc) / scale. At `loc`, where `f` is `steep`, `end` of a root of x - loc, which is 0 and has the
/// infinite slopes by x and by loc: no scale moves that point.
#[track_caller]
fn at_steep_end(
    [x, loc, scale]: [Val; 3],
    steep: Val,
    end: impl FnOnce(Val) -> Val,
    f: impl FnOnce(Val) -> Val,
) -> Val {
    let apart = x - loc;
    let at = steep & apart.eq(0);
    let inside = f(where_(at, 0.5, apart / scale));
    where_(at, end(where_(at, apart, 1.0).sqrt()), inside)
}

/// P(a, y), 0 below 0.
#[track_caller]
fn gamma_below(a: Val, y: Val) -> Val {
    above(y, 0.0, |y| special::gammainc(a, y))
}

/// Q(a, y), 1 below 0.
#[track_caller]
fn gamma_above(a: Val, y: Val) -> Val {
    above(y, 1.0, |y| special::gammaincc(a, y))
}

/// `f` of y >= 0, and `below` for what is less, where `f` meets a point of its domain.
#[track_caller]
fn above(y: Val, below: f64, f: impl FnOnce(Val) -> Val) -> Val {
    let outside = y.lt(0);
    where_(outside, below, f(where_(outside, 1.0, y)))
}

/// `f` of y in [0, 1], 0 below and 1 above.
#[track_caller]
fn between(y: Val, f: impl FnOnce(Val) -> Val) -> Val {
    let (low, high) = (y.lt(0), y.gt(1));
    where_(low, 0.0, where_(high, 1.0, f(where_(low | high, 0.5, y))))
}

/// `f`, a logarithm of a distribution function, of y in (0, 1]: -∞ up to 0, with infinite slopes there, and 0 above.
#[track_caller]
fn log_between(y: Val, f: impl FnOnce(Val) -> Val) -> Val {
    let (low, zero, high) = (y.lt(0), y.eq(0), y.gt(1));
    let inside = f(where_(low | zero | high, 0.5, y));
    let end = where_(zero, y, 1.0).log();
    // At 1 the slope is the density: the value is f's.
    let top = where_(high, 0.0, inside);
    where_(low, f64::NEG_INFINITY, where_(zero, end, top))
}

/// log P(a, y), -∞ up to 0, with infinite slopes there.
#[track_caller]
fn log_gamma_below(a: Val, y: Val) -> Val {
    let (low, zero) = (y.lt(0), y.eq(0));
    let safe = where_(low | zero, 1.0, y);
    let inside = log_of(special::gammainc(a, safe), special::gammaincc(a, safe));
    where_(low, f64::NEG_INFINITY, where_(zero, where_(zero, y, 1.0).log(), inside))
}

/// log Q(a, y), 0 below 0.
#[track_caller]
fn log_gamma_above(a: Val, y: Val) -> Val {
    above(y, 0.0, |y| log_of(special::gammaincc(a, y), special::gammainc(a, y)))
}

/// eᶻ up to where e^-eᶻ has vanished long since: neither it nor its slope is infinite.
#[track_caller]
fn tame_exp(z: Val) -> Val {
    let limit = if z.dtype() == crate::Dtype::F64 { 300.0 } else { 40.0 };
    let limit = if z.dtype().is_half() { 6.0 } else { limit };
    where_(z.gt(limit), limit, z).exp()
}

/// eᶻ⁻ᵉˣᵖ⁽ᶻ⁾, likewise.
#[track_caller]
fn double_exponential(z: Val) -> Val {
    let power = tame_exp(z);
    let vanished = power.gt(1e4);
    where_(vanished, 0.0, (where_(vanished, 0.0, z) - where_(vanished, 0.0, power)).exp())
}

/// |x|ᵝ. At 0 an even β has the derivatives of xᵝ.
#[track_caller]
fn power_of_size(x: Val, beta: Val) -> Val {
    let smooth = x.eq(0) & beta.fmod(2).eq(0);
    where_(smooth, x, x.abs()).pow(beta)
}

/// The logarithm of the share of the mass between `a` and `b` that is below `y` between them; elsewhere a smooth value.
#[track_caller]
fn log_share(y: Val, a: Val, b: Val) -> Val {
    let inside = y.gt(a) & y.lt(b);
    let (a, y, b) = (where_(inside, a, -1.0), where_(inside, y, 0.0), where_(inside, b, 1.0));
    let whole = log_mass(a, b);
    let (below, above) = (log_mass(a, y) - whole, log_mass(y, b) - whole);
    let is_near = below.gt(-0.1);
    where_(is_near, (-where_(is_near, above, -1.0).exp()).log1p(), below)
}

/// The density at `y` of the standard normal distribution between `a` and `b`.
#[track_caller]
fn truncated_density(y: Val, a: Val, b: Val) -> Val {
    (-0.5 * y * y - special::LOG_SQRT_TWO_PI - log_mass(a, b)).exp()
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
    // The one that is not chosen is kept smooth.
    let apart = where_(central | of_low.eq(f64::NEG_INFINITY), -1.0, of_low - of_high);
    let tail = of_high + where_(of_low.eq(f64::NEG_INFINITY), 0.0, (-apart.exp()).log1p());
    let [a, b] = [(a, -1.0), (b, 1.0)].map(|(end, safe)| where_(central, end, safe));
    where_(central, (-special::ndtr(a) - special::ndtr(-b)).log1p(), tail)
}
