//! Discrete distributions.

use crate::val::broadcast::floats;
use crate::{Val, special, where_};

distribution! {
    /// The Poisson distribution of mean `mu`.
    poisson {
        /// -∞ where that is no natural number.
        logpmf(k, mu, loc) => {
            let x = k - loc;
            let log = special::xlogy(x, mu) - (x + 1.0).lgamma() - mu;
            where_(x.lt(0) | k.round().ne(k), f64::NEG_INFINITY, log)
        };
        pmf(k, mu, loc) => logpmf(k, mu, loc).exp();
        cdf(k, mu, loc) => {
            let x = k - loc;
            where_(x.lt(0), 0.0, special::gammaincc((1.0 + x).floor(), mu))
        };
    }
}

distribution! {
    /// The distribution of one trial that succeeds with probability `p`.
    bernoulli {
        /// -∞ outside of 0 and 1.
        logpmf(k, p, loc) => {
            let x = k - loc;
            let log = special::xlogy(x, p) + special::xlog1py(1.0 - x, -p);
            where_(x.lt(0) | x.gt(1), f64::NEG_INFINITY, log)
        };
        pmf(k, p, loc) => logpmf(k, p, loc).exp();
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
            let y = k - loc;
            let ways = (n + 1.0).lgamma() - ((y + 1.0).lgamma() + (n - y + 1.0).lgamma());
            let linear = special::xlogy(y, p) + special::xlog1py(n - y, -p);
            let certain = y.eq(0) & n.eq(0) | linear.eq(0);
            let log = where_(certain, 0.0, ways + linear);
            where_(k.ge(loc) & k.lt(loc + n + 1.0), log, f64::NEG_INFINITY)
        };
        pmf(k, n, p, loc) => logpmf(k, n, p, loc).exp();
    }
}

distribution! {
    /// The distribution of the number of trials up to the first success of probability `p`.
    geom {
        /// -∞ below 1.
        logpmf(k, p, loc) => {
            let x = k - loc;
            where_(x.le(0), f64::NEG_INFINITY, special::xlog1py(x - 1.0, -p) + p.log())
        };
        pmf(k, p, loc) => logpmf(k, p, loc).exp();
    }
}

distribution! {
    /// The distribution of the number of failures before `n` successes of probability `p`.
    nbinom {
        /// -∞ below 0.
        logpmf(k, n, p, loc) => {
            let y = k - loc;
            let ways = (y + n).lgamma() - n.lgamma() - (y + 1.0).lgamma();
            let log = ways + special::xlogy(n, p) + special::xlogy(y, 1.0 - p);
            where_(k.lt(loc), f64::NEG_INFINITY, log)
        };
        pmf(k, n, p, loc) => logpmf(k, n, p, loc).exp();
    }
}

distribution! {
    /// The distribution of the successes among `n` trials whose probability is of the beta distribution.
    betabinom {
        /// -∞ outside of 0 ..= n, NaN for parameters that are not positive.
        logpmf(k, n, a, b, loc) => {
            let y = k.floor() - loc;
            let ways = -(n.log1p() + special::betaln(n - y + 1.0, y + 1.0));
            let log = ways + special::betaln(y + a, n - y + b) - special::betaln(a, b);
            let log = where_(y.eq(0) & n.eq(0), 0.0, log);
            let log = where_(y.lt(0) | y.gt(n), f64::NEG_INFINITY, log);
            where_(n.lt(0) | a.le(0) | b.le(0), f64::NAN, log)
        };
        pmf(k, n, a, b, loc) => logpmf(k, n, a, b, loc).exp();
    }
}
