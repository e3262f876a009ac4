//! Reductions with every parameter that NumPy's functions take.

use super::{Found, many, one};
use crate::manifest::Params;
use gradus::{Dtype, Val, keep};

type Reduction = fn(Val, Option<&[i64]>, bool) -> Val;

macro_rules! reduction {
    ($all:ident, $some:ident) => {
        |x, axes, keepdims| match (axes, keepdims) {
            (None, false) => x.$all(),
            (None, true) => x.$some(keep(all_axes(x))),
            (Some(axes), false) => x.$some(axes.to_vec()),
            (Some(axes), true) => x.$some(keep(axes.to_vec())),
        }
    };
}

fn all_axes(x: Val) -> Vec<i64> {
    (0..x.rank() as i64).collect()
}

pub(super) fn find(op: &str, params: &Params) -> Found {
    let f: Reduction = match op {
        "jnp.sum" => reduction!(sum, sum_axes),
        "jnp.prod" => reduction!(prod, prod_axes),
        "jnp.max" => reduction!(amax, amax_axes),
        "jnp.min" => reduction!(amin, amin_axes),
        "jnp.mean" => reduction!(mean, mean_axes),
        "jnp.any" => reduction!(any, any_axes),
        "jnp.all" => reduction!(all, all_axes),
        "jsp.logsumexp" | "jax.nn.logsumexp" => reduction!(logsumexp, logsumexp_axes),
        "jnp.ptp" => |x, axes, keepdims| {
            let (high, low): (Reduction, Reduction) =
                (reduction!(amax, amax_axes), reduction!(amin, amin_axes));
            high(x, axes, keepdims) - low(x, axes, keepdims)
        },
        "jnp.count_nonzero" => |x, axes, keepdims| {
            let count: Reduction = reduction!(sum, sum_axes);
            count(x.ne(0).astype(Dtype::I32), axes, keepdims)
        },
        "jnp.nansum" => |x, axes, keepdims| {
            let sum: Reduction = reduction!(sum, sum_axes);
            sum(gradus::where_(x.isnan(), x.zeros_like(), x), axes, keepdims)
        },
        "jnp.nanmean" => |x, axes, keepdims| {
            let sum: Reduction = reduction!(sum, sum_axes);
            let known = x.isnan();
            let total = sum(gradus::where_(known, x.zeros_like(), x), axes, keepdims);
            total / sum((!known).astype(x.dtype()), axes, keepdims)
        },
        _ => return find_others(op, params),
    };
    let (axes, keepdims) = (params.ints("axis"), params.bool("keepdims").unwrap_or(false));
    one(move |x| f(x, axes.as_deref(), keepdims))
}

fn find_others(op: &str, params: &Params) -> Found {
    match op {
        "jnp.var" | "jnp.std" => {
            let (axes, keepdims) = (params.ints("axis"), params.bool("keepdims").unwrap_or(false));
            let (ddof, root) = (params.float("ddof").unwrap_or(0.0), op == "jnp.std");
            one(move |x| {
                let axes = axes.clone().unwrap_or_else(|| all_axes(x));
                match (root, keepdims) {
                    (false, false) => x.var_ddof(axes, ddof),
                    (false, true) => x.var_ddof(keep(axes), ddof),
                    (true, false) => x.std_ddof(axes, ddof),
                    (true, true) => x.std_ddof(keep(axes), ddof),
                }
            })
        }
        "jnp.argmax" | "jnp.argmin" => {
            let (axis, keepdims) = (params.int("axis"), params.bool("keepdims").unwrap_or(false));
            let largest = op == "jnp.argmax";
            one(move |x| {
                let (x, axis) = match axis {
                    Some(axis) => (x, axis),
                    None => (x.ravel(), 0),
                };
                let found = if largest { x.argmax(axis) } else { x.argmin(axis) };
                if keepdims { found.expand_dims(axis) } else { found }
            })
        }
        "jnp.average" => many(|a| {
            let (x, w) = (a[0], a[1]);
            let tall: Vec<i64> = (1..x.rank() as i64).collect();
            vec![(x * w.expand_dims(tall)).sum_axes(0) / w.sum()]
        }),
        _ => None,
    }
}
