//! Searching, counting and combining by value.

use super::{Found, many, one, two};
use crate::manifest::Params;
use gradus::{Histogram, Side, Val, segment_max, segment_sum};

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "jnp.searchsorted" => two(|x, v| x.searchsorted(v)),
        "jnp.digitize" => two(|x, v| v.digitize(x, Side::Left)),
        "jnp.histogram" => two(|x, v| Histogram::new(4).range(-2.0, 2.0).weights(v).of(x).0),
        "jnp.isin" => two(|x, v| x.round().isin(v.round())),
        "jnp.bincount" => {
            let n = params.int("n")? as usize;
            one(move |x| x.bincount(n))
        }
        "jnp.unique_size" => {
            let n = params.int("n")? as usize;
            many(move |a| {
                let found = a[0].unique(n);
                vec![found.values, found.inverse, found.counts]
            })
        }
        "jnp.nonzero_size" => {
            let n = params.int("n")? as usize;
            many(move |a| a[0].gt(0).nonzero_filled(n, -1))
        }
        "jax.ops.segment_sum" | "jax.ops.segment_max" => {
            let n = params.int("n")? as usize;
            let f: fn(Val, Val, usize) -> Val = if op == "jax.ops.segment_sum" {
                |x, s, n| segment_sum(x, s, n)
            } else {
                |x, s, n| segment_max(x, s, n)
            };
            two(move |x, s| f(x, s, n))
        }
        _ => None,
    }
}
