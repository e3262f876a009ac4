//! Sorting.

use super::{Found, many, one};
use crate::manifest::Params;
use gradus::{Val, sort_together};

/// What a stable sort need not be told.
fn read_stability(params: &Params) {
    let _ = (params.bool("is_stable"), params.bool("stable"));
}

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "lax.sort" => {
            let axis = params.int("dimension").unwrap_or(-1);
            let _ = params.int("num_keys");
            read_stability(params);
            one(move |x| x.sort(axis))
        }
        "lax.sort_multi" => {
            let keys = params.int("num_keys")? as usize;
            many(move |a| sort_together(a, keys, 0))
        }
        "jnp.argsort" => {
            let (axis, flat) = match (params.int("axis"), params.has("axis")) {
                (Some(axis), _) => (axis, false),
                (None, true) => (0, true),
                (None, false) => (-1, false),
            };
            let descending = params.bool("descending").unwrap_or(false);
            read_stability(params);
            one(move |x| {
                let x = if flat { x.ravel() } else { x };
                if descending { x.argsort_descending(axis) } else { x.argsort(axis) }
            })
        }
        "jnp.sort_desc" => one(|x: Val| x.sort_descending(-1)),
        "lax.top_k" => {
            let k = params.int("k")? as usize;
            many(move |a| {
                let (values, at) = a[0].top_k(k);
                vec![values, at]
            })
        }
        _ => None,
    }
}
