//! Selection, clamping and conversions.

use super::{Found, many, one, three};
use crate::manifest::Params;
use gradus::{Dtype, Val, piecewise, select, select_n, where_};

/// An element type by the oracle's name.
pub(super) fn dtype(name: &str) -> Option<Dtype> {
    let short = ["uint", "bfloat", "float", "int"].into_iter().find_map(|kind| {
        let bits = name.strip_prefix(kind)?;
        Some(format!("{}{bits}", if kind == "bfloat" { "bf" } else { &kind[..1] }))
    });
    Dtype::from_name(short.as_deref().unwrap_or(name))
}

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "lax.select" | "jnp.where" => three(|p, x, y| where_(p, x, y)),
        "lax.clamp" => three(|low, x, high| x.clip(low, high)),
        "jnp.clip" => match (params.number("lo"), params.number("hi")) {
            (None, None) => three(|x, low, high| x.clip(low, high)),
            (Some(low), Some(high)) => one(move |x| x.clip(low, high)),
            (Some(low), None) => one(move |x| x.max(low)),
            (None, Some(high)) => one(move |x| x.min(high)),
        },
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
            let dtype = dtype(params.text("dt")?)?;
            one(move |x| x.bitcast(dtype))
        }
        _ => None,
    }
}
