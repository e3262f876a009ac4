//! Discrete distributions.

use crate::val::special::floats;
use crate::{Val, special, where_};

/// The Poisson distribution of mean `mu`.
pub mod poisson {
    use super::*;

    /// The logarithm of the probability of `k`; -∞ where that is no natural number.
    #[track_caller]
    pub fn logpmf(k: impl Into<Val>, mu: impl Into<Val>, loc: impl Into<Val>) -> Val {
        floats("poisson.logpmf", [k.into(), mu.into(), loc.into()], |[k, mu, loc]| {
            let x = k - loc;
            let log = special::xlogy(x, mu) - (x + 1.0).lgamma() - mu;
            where_(x.lt(0) | k.round().ne(k), f64::NEG_INFINITY, log)
        })
    }
    /// The probability.
    #[track_caller]
    pub fn pmf(k: impl Into<Val>, mu: impl Into<Val>, loc: impl Into<Val>) -> Val {
        logpmf(k, mu, loc).exp()
    }
    /// The distribution function.
    #[track_caller]
    pub fn cdf(k: impl Into<Val>, mu: impl Into<Val>, loc: impl Into<Val>) -> Val {
        floats("poisson.cdf", [k.into(), mu.into(), loc.into()], |[k, mu, loc]| {
            let x = k - loc;
            where_(x.lt(0), 0.0, special::gammaincc((1.0 + x).floor(), mu))
        })
    }
}

/// The distribution of one trial that succeeds with probability `p`.
pub mod bernoulli {
    use super::*;

    /// The logarithm of the probability of `k`; -∞ outside of 0 and 1.
    #[track_caller]
    pub fn logpmf(k: impl Into<Val>, p: impl Into<Val>, loc: impl Into<Val>) -> Val {
        floats("bernoulli.logpmf", [k.into(), p.into(), loc.into()], |[k, p, loc]| {
            let x = k - loc;
            let log = special::xlogy(x, p) + special::xlog1py(1.0 - x, -p);
            where_(x.lt(0) | x.gt(1), f64::NEG_INFINITY, log)
        })
    }
    /// The probability.
    #[track_caller]
    pub fn pmf(k: impl Into<Val>, p: impl Into<Val>, loc: impl Into<Val>) -> Val {
        logpmf(k, p, loc).exp()
    }
    /// The distribution function; NaN for an impossible `p`.
    #[track_caller]
    pub fn cdf(k: impl Into<Val>, p: impl Into<Val>) -> Val {
        floats("bernoulli.cdf", [k.into(), p.into()], |[k, p]| {
            let known = k.eq(k) & p.ge(0) & p.le(1);
            let inside = where_(k.lt(0), 0.0, where_(k.lt(1), 1.0 - p, 1.0));
            where_(known, inside, f64::NAN)
        })
    }
    /// The inverse of [`cdf`]; NaN outside of [0, 1].
    #[track_caller]
    pub fn ppf(q: impl Into<Val>, p: impl Into<Val>) -> Val {
        floats("bernoulli.ppf", [q.into(), p.into()], |[q, p]| {
            let known = q.ge(0) & q.le(1) & p.ge(0) & p.le(1);
            where_(known, where_(q.le(1.0 - p), 0.0, q.ones_like()), f64::NAN)
        })
    }
}

/// The distribution of the successes among `n` trials of probability `p`.
pub mod binom {
    use super::*;

    /// The logarithm of the probability of `k`; -∞ outside of 0 ..= n.
    #[track_caller]
    pub fn logpmf(k: impl Into<Val>, n: impl Into<Val>, p: impl Into<Val>, loc: impl Into<Val>) -> Val {
        floats("binom.logpmf", [k.into(), n.into(), p.into(), loc.into()], |[k, n, p, loc]| {
            let y = k - loc;
            let ways = (n + 1.0).lgamma() - ((y + 1.0).lgamma() + (n - y + 1.0).lgamma());
            let linear = special::xlogy(y, p) + special::xlog1py(n - y, -p);
            let certain = y.eq(0) & n.eq(0) | linear.eq(0);
            let log = where_(certain, 0.0, ways + linear);
            where_(k.ge(loc) & k.lt(loc + n + 1.0), log, f64::NEG_INFINITY)
        })
    }
    /// The probability.
    #[track_caller]
    pub fn pmf(k: impl Into<Val>, n: impl Into<Val>, p: impl Into<Val>, loc: impl Into<Val>) -> Val {
        logpmf(k, n, p, loc).exp()
    }
}

/// The distribution of the number of trials up to the first success of probability `p`.
pub mod geom {
    use super::*;

    /// The logarithm of the probability of `k`; -∞ below 1.
    #[track_caller]
    pub fn logpmf(k: impl Into<Val>, p: impl Into<Val>, loc: impl Into<Val>) -> Val {
        floats("geom.logpmf", [k.into(), p.into(), loc.into()], |[k, p, loc]| {
            let x = k - loc;
            where_(x.le(0), f64::NEG_INFINITY, special::xlog1py(x - 1.0, -p) + p.log())
        })
    }
    /// The probability.
    #[track_caller]
    pub fn pmf(k: impl Into<Val>, p: impl Into<Val>, loc: impl Into<Val>) -> Val {
        logpmf(k, p, loc).exp()
    }
}

/// The distribution of the number of failures before `n` successes of probability `p`.
pub mod nbinom {
    use super::*;

    /// The logarithm of the probability of `k`; -∞ below 0.
    #[track_caller]
    pub fn logpmf(k: impl Into<Val>, n: impl Into<Val>, p: impl Into<Val>, loc: impl Into<Val>) -> Val {
        floats("nbinom.logpmf", [k.into(), n.into(), p.into(), loc.into()], |[k, n, p, loc]| {
            let y = k - loc;
            let ways = (y + n).lgamma() - n.lgamma() - (y + 1.0).lgamma();
            let log = ways + special::xlogy(n, p) + special::xlogy(y, 1.0 - p);
            where_(k.lt(loc), f64::NEG_INFINITY, log)
        })
    }
    /// The probability.
    #[track_caller]
    pub fn pmf(k: impl Into<Val>, n: impl Into<Val>, p: impl Into<Val>, loc: impl Into<Val>) -> Val {
        logpmf(k, n, p, loc).exp()
    }
}
