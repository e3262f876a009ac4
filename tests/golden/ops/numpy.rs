//! Other functions of `jax.numpy`.

use super::{Found, many, one, two};
use crate::manifest::Params;
use gradus::{Array, PowerOrder, Val, concatenate, linspace};

pub(super) fn find(op: &str, params: &Params) -> Found {
    let f: fn(Val) -> Val = match op {
        "jnp.ediff1d" => Val::ediff1d,
        "jnp.trapezoid" => |x| x.trapezoid(0.3, -1),
        "jnp.vander" => |x| x.vander(3, PowerOrder::Decreasing),
        "jnp.cov" => Val::cov,
        "jnp.corrcoef" => Val::corrcoef,
        "jnp.polyval" => |x| Val::from(&Array::from([1.0f32, -2.0, 0.5])).polyval(x),
        "jnp.interp" => |x| {
            let points = linspace(-2.0, 2.0, 6);
            x.interp(points, points.square())
        },
        "jnp.kron" => return two(|a, b| a.kron(b)),
        "jnp.cross" => return two(|a, b| a.cross(b)),
        "jnp.gradient" => return many(|a| a[0].gradient(1.0, ..)),
        "jnp.unwrap" => |x| (x * 4).unwrap_phase(std::f64::consts::TAU, -1),
        "jnp.diff" => {
            let (n, axis) = (params.int("n").unwrap_or(1) as usize, params.int("axis").unwrap_or(-1));
            let (before, behind) = (params.number("prepend"), params.number("append"));
            return one(move |x| {
                let edge = x.dynamic_slice_in_dim(0, 1, axis);
                let ends = |end: Option<Val>| end.map(|end| edge.full_like(end));
                let all = [ends(before), Some(x), ends(behind)];
                concatenate(all.into_iter().flatten(), axis).diff(n, axis)
            });
        }
        _ => return None,
    };
    one(f)
}
