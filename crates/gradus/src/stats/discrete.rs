//! Discrete distributions.

use crate::val::broadcast::floats;
use crate::{Val, special, where_};

distribution! {
    /// The Poisson distribution of mean `mu`.
    poisson {
        /// -∞ where that is no natural number.
        logpmf(k, mu, loc) => {
            let outside = k.lt(loc) | k.round().ne(k);
            let x = where_(outside, 0.0, k - loc);
            let log = special::xlogy(x, mu) - (x + 1.0).lgamma() - mu;
            where_(outside, f64::NEG_INFINITY, log)
        };
        pmf(k, mu, loc) => {
            let outside = k.lt(loc) | k.round().ne(k);
            where_(outside, 0.0, special::gamma_density(where_(outside, 1.0, k - loc + 1.0), mu))
        };
        cdf(k, mu, loc) => {
            let below = k.lt(loc);
            where_(below, 0.0, special::gammaincc((1.0 + where_(below, 0.0, k - loc)).floor(), mu))
        };
    }
}

distribution! {
    /// The distribution of one trial that succeeds with probability `p`.
    bernoulli {
        /// -∞ outside of 0 and 1.
        logpmf(k, p, loc) => {
            let outside = (k - loc).lt(0) | (k - loc).gt(1);
            let x = where_(outside, 0.0, k - loc);
            let log = special::xlogy(x, p) + special::xlog1py(1.0 - x, -p);
            where_(outside, f64::NEG_INFINITY, log)
        };
        pmf(k, p, loc) => {
            let outside = (k - loc).lt(0) | (k - loc).gt(1);
            let x = where_(outside, 0.0, k - loc);
            where_(outside, 0.0, product_of_powers(p, x, 1.0 - x, p.zeros_like()))
        };
        /// NaN for an impossible `p`.
        cdf(k, p) => {
            let known = k.eq(k) & p.ge(0) & p.le(1);
            let inside = where_(k.lt(0), 0.0, where_(k.lt(1), 1.0 - p, 1.0));
            where_(known, inside, f64::NAN)
        };
        /// NaN outside of [0, 1].
        ppf(q, p) => {
            let known = q.ge(0) & q.le(1) & p.ge(0) & p.le(1);
            where_(known, where_(q.le(1.0 - p), 0.0, q.ones_like()), f64::NAN)
        };
    }
}

distribution! {
    /// The distribution of the successes among `n` trials of probability `p`.
    binom {
        /// -∞ outside of 0 ..= n.
        logpmf(k, n, p, loc) => {
            let inside = k.ge(loc) & k.lt(loc + n + 1.0);
            let (y, n) = (where_(inside, k - loc, 0.0), where_(inside, n, 0.0));
            let log = ways(y, n) + special::xlogy(y, p) + special::xlog1py(n - y, -p);
            where_(inside, log, f64::NEG_INFINITY)
        };
        pmf(k, n, p, loc) => {
            let inside = k.ge(loc) & k.lt(loc + n + 1.0);
            let (y, n) = (where_(inside, k - loc, 0.0), where_(inside, n, 0.0));
            where_(inside, product_of_powers(p, y, n - y, ways(y, n)), 0.0)
        };
    }
}

/// The logarithm of the number of ways to choose `y` of `n`.
#[track_caller]
fn ways(y: Val, n: Val) -> Val {
    (n + 1.0).lgamma() - ((y + 1.0).lgamma() + (n - y + 1.0).lgamma())
}

/// eˡᵒᵍ pᵃ (1 - p)ᵇ, with the derivatives of powers where p is 0 or 1.
#[track_caller]
fn product_of_powers(p: Val, a: Val, b: Val, log: Val) -> Val {
    let (low, log_p) = special::power_parts(p, a);
    let (high, _) = special::power_parts(1.0 - p, b);
    let log_rest = b * (-where_(p.eq(1), 0.0, p)).log1p();
    low * high * (log + log_p + log_rest).exp()
}

distribution! {
    /// The distribution of the number of trials up to the first success of probability `p`.
    geom {
        /// -∞ below 1.
        logpmf(k, p, loc) => {
            let outside = k.le(loc);
            let x = where_(outside, 1.0, k - loc);
            where_(outside, f64::NEG_INFINITY, special::xlog1py(x - 1.0, -p) + p.log())
        };
        pmf(k, p, loc) => {
            let outside = k.le(loc);
            let x = where_(outside, 1.0, k - loc);
            where_(outside, 0.0, product_of_powers(p, p.ones_like(), x - 1.0, p.zeros_like()))
        };
    }
}

distribution! {
    /// The distribution of the number of failures before `n` successes of probability `p`.
    nbinom {
        /// -∞ below 0.
        logpmf(k, n, p, loc) => {
            let outside = k.lt(loc);
            let y = where_(outside, 0.0, k - loc);
            let ways = (y + n).lgamma() - n.lgamma() - (y + 1.0).lgamma();
            let log = ways + special::xlogy(n, p) + special::xlog1py(y, -p);
            where_(outside, f64::NEG_INFINITY, log)
        };
        pmf(k, n, p, loc) => {
            let outside = k.lt(loc);
            let y = where_(outside, 0.0, k - loc);
            let ways = (y + n).lgamma() - n.lgamma() - (y + 1.0).lgamma();
            where_(outside, 0.0, product_of_powers(p, n, y, ways))
        };
    }
}

distribution! {
    /// The distribution of the successes among `n` trials whose probability is of the beta distribution.
    betabinom {
        /// -∞ outside of 0 ..= n, NaN for parameters that are not positive.
        logpmf(k, n, a, b, loc) => {
            let outside = (k.floor() - loc).lt(0) | (k.floor() - loc).gt(n);
            let unknown = n.lt(0) | a.le(0) | b.le(0);
            let (y, n) = (where_(outside, 0.0, k.floor() - loc), where_(outside | unknown, 0.0, n));
            let ways = -(n.log1p() + special::betaln(n - y + 1.0, y + 1.0));
            let log = ways + special::betaln(y + a, n - y + b) - special::betaln(a, b);
            where_(unknown, f64::NAN, where_(outside, f64::NEG_INFINITY, log))
        };
        pmf(k, n, a, b, loc) => logpmf(k, n, a, b, loc).exp();
    }
}
