//! Selection, clamping and conversions.

use super::{Found, many, one, three};
use crate::manifest::Params;
use gradus::{Dtype, Val, piecewise, select, select_n, where_};

/// An element type by the oracle's name.
pub(super) fn dtype(name: &str) -> Option<Dtype> {
    Some(match name {
        "bool" => Dtype::Bool,
        "uint8" => Dtype::U8,
        "uint32" => Dtype::U32,
        "int32" => Dtype::I32,
        "int64" => Dtype::I64,
        "float32" => Dtype::F32,
        "float64" => Dtype::F64,
        _ => return None,
    })
}

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "lax.select" | "jnp.where" => three(|p, x, y| where_(p, x, y)),
        "lax.clamp" => three(|low, x, high| x.clip(low, high)),
        "jnp.clip" => {
            let (low, high) = (params.float("lo"), params.float("hi"));
            match (low, high) {
                (None, None) => three(|x, low, high| x.clip(low, high)),
                (low, high) => {
                    one(move |x| x.clip(low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY)))
                }
            }
        }
        "lax.select_n" => many(|a| vec![select_n(a[0], &a[1..])]),
        "jnp.piecewise" => one(|x| {
            piecewise(x, [x.lt(-0.5), x.gt(0.5)], &[&|v: Val| -v, &|v: Val| v * v], |_| Val::from(0.25))
        }),
        "jnp.select" => one(|x| select([x.lt(-0.5), x.lt(0.5)], [x * 2, x * x], 3.0)),
        "lax.convert_element_type" => {
            let dtype = dtype(params.text("dt")?)?;
            one(move |x| x.astype(dtype))
        }
        "lax.bitcast_convert_type" => {
            // Between types of different widths it is not there yet.
            let dtype = dtype(params.text("dt")?).filter(|d| *d != Dtype::U8)?;
            one(move |x| x.bitcast(dtype))
        }
        _ => None,
    }
}
