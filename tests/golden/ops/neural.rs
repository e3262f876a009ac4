//! Activations and normalisations of neural networks.

use super::{Found, one, two};
use crate::manifest::Params;
use gradus::{Dtype, Val, one_hot};

pub(super) fn find(op: &str, params: &Params) -> Found {
    let f: fn(Val) -> Val = match op {
        "jax.nn.relu" => Val::relu,
        "jax.nn.relu6" => Val::relu6,
        "jax.nn.sigmoid" => Val::sigmoid,
        "jax.nn.softplus" => Val::softplus,
        "jax.nn.silu" | "jax.nn.swish" => Val::silu,
        "jax.nn.selu" => Val::selu,
        "jax.nn.log_sigmoid" => Val::log_sigmoid,
        "jax.nn.hard_tanh" => Val::hard_tanh,
        "jax.nn.hard_sigmoid" => Val::hard_sigmoid,
        "jax.nn.hard_swish" | "jax.nn.hard_silu" => Val::hard_silu,
        "jax.nn.mish" => Val::mish,
        "jax.nn.soft_sign" => Val::soft_sign,
        "jax.nn.sparse_plus" => Val::sparse_plus,
        "jax.nn.sparse_sigmoid" => Val::sparse_sigmoid,
        "jax.nn.identity" => |x| x,
        "softmax_where" => return two(|x, m| x.softmax_where(-1, m)),
        _ => return with_params(op, params),
    };
    one(f)
}

/// The axes of the parameter: the last one if it is absent, all if it is null.
fn axes(params: &Params) -> Option<Vec<i64>> {
    if params.has("axis") { params.ints("axis") } else { Some(vec![-1]) }
}
fn axes_of(x: Val, axes: Option<&[i64]>) -> Vec<i64> {
    axes.map_or_else(|| (0..x.rank() as i64).collect(), <[i64]>::to_vec)
}

fn with_params(op: &str, params: &Params) -> Found {
    let axis = params.int("axis").unwrap_or(-1);
    let axes = axes(params);
    match op {
        "jax.nn.gelu" => {
            let approximate = params.bool("approximate").unwrap_or(true);
            one(move |x| if approximate { x.gelu() } else { x.gelu_erf() })
        }
        "jax.nn.elu" => {
            let alpha = params.float("alpha").unwrap_or(1.0);
            one(move |x| x.elu(alpha))
        }
        "jax.nn.celu" => {
            let alpha = params.float("alpha").unwrap_or(1.0);
            one(move |x| x.celu(alpha))
        }
        "jax.nn.leaky_relu" => {
            let slope = params.float("negative_slope").unwrap_or(0.01);
            one(move |x| x.leaky_relu(slope))
        }
        "jax.nn.squareplus" => {
            let b = params.float("b").unwrap_or(4.0);
            one(move |x| x.squareplus(b))
        }
        "jax.nn.softmax" => one(move |x| x.softmax(axes_of(x, axes.as_deref()))),
        "jax.nn.log_softmax" => one(move |x| x.log_softmax(axes_of(x, axes.as_deref()))),
        "jax.nn.standardize" => {
            let epsilon = params.float("epsilon").unwrap_or(1e-5);
            one(move |x| x.standardize(axes_of(x, axes.as_deref()), epsilon))
        }
        "jax.nn.glu" => one(move |x| {
            let halves = x.split(2, axis);
            halves[0] * halves[1].sigmoid()
        }),
        "jax.nn.one_hot" => {
            let classes = params.int("n")? as usize;
            one(move |x| one_hot(x, classes, Dtype::F32))
        }
        _ => None,
    }
}
