//! Functions that move elements, and arrays made from nothing.

use super::{Found, many, one};
use crate::manifest::{Params, ints};
use gradus::{
    Array, Dtype, Endpoint, GridOrder, PadMode, Val, arange, arange_between, arange_step, concatenate,
    diag_indices, eye, eye_of, full, hstack, iota, linspace, linspace_of, logspace, meshgrid, ones, stack,
    tri, tril_indices, zeros,
};

pub(super) fn find(op: &str, params: &Params) -> Found {
    fixed(op).or_else(|| with_params(op, params)).or_else(|| created(op))
}

fn fixed(op: &str) -> Found {
    let f: fn(Val) -> Val = match op {
        "jnp.tile" => |x| x.tile([2, 3]),
        "jnp.repeat" => |x| x.repeat(3, 0),
        "jnp.roll2" => |x| x.roll_axes(&[1, -2], [0, 1]),
        "jnp.rot90" => |x| x.rot90(1, [0, 1]),
        "jnp.hstack" => |x| hstack([x, x + 1]),
        "jnp.pad_reflect" => |x| x.pad_mode(vec![(2, 2); x.rank()], PadMode::Reflect),
        "jnp.pad_edge" => |x| x.pad_mode([(1, 2), (0, 1)], PadMode::Edge),
        "jnp.pad_wrap" => |x| x.pad_mode(vec![(1, 1); x.rank()], PadMode::Wrap),
        "jnp.repeat_var" => |x| x.repeat_total(&Array::from([2i32, 0, 1]), 3, 0),
        "jnp.roll" => |x| x.roll(2, 0),
        "jnp.flip" => |x| x.flip((0..x.rank() as i64).collect::<Vec<_>>()),
        "jnp.stack" => |x| stack([x, 2 * x, x * x], 1),
        "jnp.tril" => |x| x.tril(1),
        "jnp.triu" => |x| x.triu(-1),
        "jnp.moveaxis" => |x| x.moveaxis(0, -1),
        "jnp.swapaxes" => |x| x.swapaxes(0, 1),
        "jnp.ravel" => Val::ravel,
        "jnp.diag" => |x| x.diag(0),
        "jnp.diagonal" => |x| x.diagonal(1),
        "jnp.trace" => |x| x.trace(),
        "jnp.broadcast_to" => |x| x.broadcast_to([vec![2], x.shape()].concat()),
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
            let fill = params.number("v");
            many(move |a| vec![a[0].pad_interior(&config, fill.unwrap_or_else(|| a[1]))])
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
        "create.arange" => many(|_| vec![arange(5), arange_step(1.0, 3.0, 0.4), arange_between(7, 0, -2)]),
        "create.linspace" => many(|_| {
            let exclusive = linspace_of(-2, 5, 4, Endpoint::Excluded);
            vec![linspace(0.0, 1.0, 7), exclusive, logspace(0.0, 2.0, 5, 10.0, Endpoint::Included)]
        }),
        "create.eye" => many(|_| vec![eye(3, Dtype::F32), eye_of([2, 4], 1, Dtype::F32), eye(3, Dtype::I32)]),
        "create.iota" => many(|_| vec![arange(4), iota(Dtype::F32, [2, 3], 1)]),
        "create.meshgrid" => many(|_| meshgrid([arange(3), arange_step(0.0, 2.0, 1.0)], GridOrder::Matrix)),
        "create.full" => {
            let narrow = Dtype::from_name("i8")?;
            many(move |_| vec![full([2, 2], 3.5), zeros([0, 3], Dtype::F32), ones([2], narrow)])
        }
        "create.tri" => many(|_| {
            let (rows, columns) = tril_indices([3, 3], 0);
            [vec![tri([3, 4], 1, Dtype::F32), rows, columns], diag_indices(2, 2)].concat()
        }),
        _ => None,
    }
}
