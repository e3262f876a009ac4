//! Functions of one element.

use super::{Found, one};
use crate::manifest::Params;
use gradus::Val;

pub(super) fn find(op: &str, params: &Params) -> Found {
    let f: fn(Val) -> Val = match op {
        "lax.neg" => |x| -x,
        "lax.abs" => Val::abs,
        "lax.sign" => Val::sign,
        "lax.exp" => Val::exp,
        "lax.exp2" => Val::exp2,
        "lax.expm1" => Val::expm1,
        "lax.log" => Val::log,
        "lax.log1p" => Val::log1p,
        "lax.sqrt" => Val::sqrt,
        "lax.rsqrt" => Val::rsqrt,
        "lax.cbrt" => Val::cbrt,
        "lax.sin" => Val::sin,
        "lax.cos" => Val::cos,
        "lax.tan" => Val::tan,
        "lax.asin" => Val::asin,
        "lax.acos" => Val::acos,
        "lax.atan" => Val::atan,
        "lax.sinh" => Val::sinh,
        "lax.cosh" => Val::cosh,
        "lax.tanh" => Val::tanh,
        "lax.asinh" => Val::asinh,
        "lax.acosh" => Val::acosh,
        "lax.atanh" => Val::atanh,
        "lax.logistic" => Val::logistic,
        "lax.floor" => Val::floor,
        "lax.ceil" => Val::ceil,
        "lax.square" => Val::square,
        "lax.reciprocal" => Val::reciprocal,
        "lax.is_finite" => Val::is_finite,
        "lax.erf" => Val::erf,
        "lax.erfc" => Val::erfc,
        "lax.erf_inv" => Val::erf_inv,
        "lax.round_away" => Val::round_away,
        "lax.round_even" => Val::round_even,
        "lax.bitwise_not" => |x| !x,
        "lax.population_count" => Val::population_count,
        "lax.clz" => Val::clz,
        "jnp.trunc" => Val::trunc,
        "jnp.sinc" => Val::sinc,
        "jnp.nan_to_num" => Val::nan_to_num,
        "jnp.signbit" => Val::signbit,
        "jnp.deg2rad" => Val::deg2rad,
        "jnp.isnan" => Val::isnan,
        "jnp.isinf" => Val::isinf,
        "jnp.log2" => Val::log2,
        "jnp.log10" => Val::log10,
        "lax.integer_pow" => {
            let exponent = params.int("y")?;
            return one(move |x| x.pow(exponent));
        }
        _ => return None,
    };
    one(f)
}
