//! Functions that move elements, and arrays made from nothing.

use super::{Found, many, one};
use crate::manifest::{Params, ints};
use gradus::{Dtype, Val, arange, arange_step, concatenate, eye, eye_of, iota, s, stack, where_};

pub(super) fn find(op: &str, params: &Params) -> Found {
    fixed(op).or_else(|| with_params(op, params)).or_else(|| created(op))
}

fn fixed(op: &str) -> Found {
    let f: fn(Val) -> Val = match op {
        "jnp.tile" => |x| x.tile([2, 3]),
        "jnp.repeat" => |x| x.repeat(3, 0),
        "jnp.roll" => |x| x.roll(2, 0),
        "jnp.roll2" => |x| x.roll(1, 0).roll(-2, 1),
        "jnp.flip" => |x| x.flip((0..x.rank() as i64).collect::<Vec<_>>()),
        "jnp.rot90" => |x| x.swapaxes(0, 1).flip(0),
        "jnp.stack" => |x| stack([x, 2 * x, x * x], 1),
        "jnp.tril" => |x| x.tril(1),
        "jnp.triu" => |x| x.triu(-1),
        "jnp.moveaxis" => |x| x.moveaxis(0, -1),
        "jnp.swapaxes" => |x| x.swapaxes(0, 1),
        "jnp.ravel" => Val::ravel,
        "jnp.diag" => |x| x.diag(0),
        "jnp.diagonal" => |x| x.diagonal(1),
        "jnp.trace" => |x| x.trace(),
        "jnp.hstack" => |x| concatenate([x, x + 1], if x.rank() == 1 { 0 } else { 1 }),
        "jnp.vander" => |x| stack([x * x, x, x.ones_like()], 1),
        "jnp.polyval" => |x| (x * 1.0 - 2.0) * x + 0.5,
        "jnp.trapezoid" => |x| 0.3 * 0.5 * (x.slice(s![..., 1..]) + x.slice(s![..., ..-1])).sum_axes(-1),
        "jnp.ediff1d" => |x| {
            let x = x.ravel();
            x.slice(s![1..]) - x.slice(s![..-1])
        },
        "jnp.broadcast_to" => |x| x.broadcast_to([vec![2], x.shape()].concat()),
        "jnp.nanmax" => |x| where_(x.isnan(), f64::NEG_INFINITY, x).amax_axes(0),
        _ => return None,
    };
    one(f)
}

fn with_params(op: &str, params: &Params) -> Found {
    match op {
        "lax.rev" => {
            let dims = params.ints("dims")?;
            one(move |x| x.flip(dims.clone()))
        }
        "lax.transpose" => {
            let perm = params.ints("perm")?;
            one(move |x| x.permute_dims(perm.clone()))
        }
        "lax.reshape" => {
            let shape = params.ints("s")?;
            one(move |x| x.reshape(shape.clone()))
        }
        "lax.squeeze" => {
            let dims = params.ints("d")?;
            one(move |x| x.squeeze(dims.clone()))
        }
        "lax.expand_dims" => {
            let dims = params.ints("d")?;
            one(move |x| x.expand_dims(dims.clone()))
        }
        "lax.broadcast_in_dim" => {
            let (shape, dims) = (params.dims("shape")?, params.dims("dims")?);
            one(move |x| {
                let mut thin = vec![1; shape.len()];
                dims.iter().zip(x.shape()).for_each(|(d, n)| thin[*d] = n);
                x.reshape(thin).broadcast_to(shape.clone())
            })
        }
        "lax.pad" => {
            let config: Vec<Vec<i64>> = params.get("cfg")?.as_array()?.iter().map(ints).collect();
            let config: Vec<[i64; 3]> = config.iter().map(|c| [c[0], c[1], c[2]]).collect();
            let fill = params.float("v");
            many(move |a| vec![a[0].pad_interior(&config, fill.map_or_else(|| a[1], Val::from))])
        }
        "lax.split" => {
            let (sizes, axis) = (params.dims("sizes")?, params.int("axis")?);
            many(move |a| a[0].split_sizes(&sizes, axis))
        }
        "lax.concatenate" => {
            let dim = params.int("dim")?;
            many(move |a| vec![concatenate(a, dim)])
        }
        _ => None,
    }
}

fn created(op: &str) -> Found {
    match op {
        "create.arange" => many(|_| vec![arange(5), arange_step(1.0, 3.0, 0.4), 7 - 2 * arange(4)]),
        "create.eye" => many(|_| vec![eye(3, Dtype::F32), eye_of([2, 4], 1, Dtype::F32), eye(3, Dtype::I32)]),
        "create.iota" => many(|_| vec![arange(4), iota(Dtype::F32, [2, 3], 1)]),
        _ => None,
    }
}
