//! Special functions and the densities made of them.

use super::{Found, one, three, two};
use crate::manifest::Params;
use gradus::{Val, special, stats};

pub(super) fn find(op: &str, _: &Params) -> Found {
    let f: fn(Val) -> Val = match op {
        "lax.igamma" => return two(special::gammainc),
        "lax.igammac" => return two(special::gammaincc),
        "lax.betainc" => return three(special::betainc),
        "lax.lgamma" => Val::lgamma,
        "lax.digamma" => Val::digamma,
        "lax.bessel_i0e" => Val::bessel_i0e,
        "lax.bessel_i1e" => Val::bessel_i1e,
        "jsp.gammaln" => special::gammaln,
        "jsp.entr" => special::entr,
        "jsp.exp1" => special::exp1,
        "jsp.expi" => special::expi,
        "jsp.i0" => special::i0,
        "jsp.i1" => special::i1,
        "jsp.logit" => special::logit,
        "jsp.ndtr" => special::ndtr,
        "jsp.ndtri" => special::ndtri,
        "jsp.log_ndtr" => special::log_ndtr,
        "jsp.polygamma1" => |x| special::polygamma(1, x),
        "jsp.zeta2" => |x| special::zeta(x, 2.0),
        "jsp.norm_cdf" => |x| stats::norm::cdf(x, 0, 1),
        "jsp.norm_logpdf" => |x| stats::norm::logpdf(x, 0.3, 1.7),
        "jsp.beta_logpdf" => |x| stats::beta::logpdf(x, 2.0, 3.0, 0, 1),
        "jsp.gamma_logpdf" => |x| stats::gamma::logpdf(x, 2.0, 0, 1),
        "jsp.laplace_logpdf" => |x| stats::laplace::logpdf(x, 0, 1),
        "jsp.poisson_logpmf" => |x| stats::poisson::logpmf(x.floor(), 2.5, 0),
        "jsp.t_logpdf" => |x| stats::t::logpdf(x, 4.0, 0, 1),
        _ => return None,
    };
    one(f)
}
