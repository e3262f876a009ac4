//! Reductions with every parameter that NumPy's functions take.

use super::{Found, many, one, two};
use crate::manifest::Params;
use gradus::{Quantile, Val, keep, reduce_by, where_};

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
        _ => return find_others(op, params),
    };
    let (axes, keepdims) = (params.ints("axis"), params.bool("keepdims").unwrap_or(false));
    let dtype = match params.text("dtype") {
        Some(name) => Some(super::choice::dtype(name)?),
        None => None,
    };
    let initial = params.number("initial");
    let join: fn(Val, Val) -> Val = match op {
        "jnp.sum" => |x, initial| x + initial,
        "jnp.prod" => |x, initial| x * initial,
        "jnp.max" => |x, initial| x.max(initial),
        "jnp.min" => |x, initial| x.min(initial),
        _ if initial.is_some() => return None,
        _ => |x, _| x,
    };
    one(move |x| {
        let found = f(dtype.map_or(x, |dtype| x.astype(dtype)), axes.as_deref(), keepdims);
        initial.map_or(found, |initial| join(found, initial).astype(found.dtype()))
    })
}

fn find_others(op: &str, params: &Params) -> Found {
    if let Some(found) = without_nan(op, params).or_else(|| by_function(op)) {
        return Some(found);
    }
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
        _ => None,
    }
}

/// Axes as the parameters name them, all if they do not.
fn axes_of(x: Val, axes: Option<&[i64]>, keepdims: bool) -> gradus::AxisSet {
    let axes = axes.map_or_else(|| all_axes(x), <[i64]>::to_vec);
    if keepdims { keep(axes) } else { gradus::IntoAxes::into_axes(axes) }
}

/// Reductions that take axes and leave NaN out, or sort.
fn without_nan(op: &str, params: &Params) -> Found {
    type Along = fn(Val, gradus::AxisSet, f64) -> Val;
    let f: Along = match op {
        "jnp.ptp" => |x, axes, _| x.ptp(axes),
        "jnp.count_nonzero" => |x, axes, _| x.count_nonzero(axes),
        "jnp.nansum" => |x, axes, _| x.nansum(axes),
        "jnp.nanprod" => |x, axes, _| x.nanprod(axes),
        "jnp.nanmean" => |x, axes, _| x.nanmean(axes),
        "jnp.nanvar" => |x, axes, ddof| x.nanvar(axes, ddof),
        "jnp.nanstd" => |x, axes, ddof| x.nanstd(axes, ddof),
        "jnp.nanmin" => |x, axes, _| x.nanmin(axes),
        "jnp.nanmax" => return one(|x| x.nanmax(0)),
        "jnp.median" => |x, axes, _| x.median(axes),
        "jnp.nanmedian" => |x, axes, _| x.nanmedian(axes),
        "jnp.quantile" => {
            let axes = params.ints("q");
            let q = gradus::Array::from([0.1f32, 0.5, 0.77]);
            return one(move |x| x.quantile_by(&q, axes_of(x, axes.as_deref(), false), Quantile::Linear));
        }
        "jnp.average" => return two(|x, w| x.average(w, 0)),
        _ => return None,
    };
    let (axes, keepdims) = (params.ints("axis"), params.bool("keepdims").unwrap_or(false));
    let ddof = params.float("ddof").unwrap_or(0.0);
    one(move |x| f(x, axes_of(x, axes.as_deref(), keepdims), ddof))
}

/// Reductions by a function of scalars.
fn by_function(op: &str) -> Found {
    match op {
        "lax.reduce_or_custom" => one(|x| reduce_by([x], [1.0], 1, |a, b| vec![a[0] * b[0] + 0.0])[0]),
        "lax.reduce_argmax_pair" => many(|v| {
            let initial = [Val::from(f64::NEG_INFINITY), Val::from(0)];
            reduce_by(v, initial, 1, |a, b| {
                let first = a[0].ge(b[0]);
                vec![where_(first, a[0], b[0]), where_(first, a[1], b[1])]
            })
        }),
        "lax.reduce_xor" => one(|x| reduce_by([x], [0], 0, |a, b| vec![a[0] ^ b[0]])[0]),
        _ => None,
    }
}
