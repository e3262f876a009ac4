//! Slices at run time, gathers and scatters.

use super::{Found, many, two};
use crate::manifest::Params;

pub fn find(op: &str, params: &Params) -> Found {
    match op {
        "lax.slice" => {
            let (starts, limits) = (params.dims("start_indices")?, params.dims("limit_indices")?);
            let strides = params.dims("strides").unwrap_or_else(|| vec![1; starts.len()]);
            many(move |a| vec![a[0].lax_slice(&starts, &limits, &strides)])
        }
        "lax.dynamic_slice" => {
            let sizes = params.dims("slice_sizes")?;
            many(move |a| vec![a[0].dynamic_slice(&[a[1], a[2]], &sizes)])
        }
        "lax.dynamic_update_slice" => many(|a| vec![a[0].dynamic_update_slice(a[1], &[a[2], a[3]])]),
        "jnp.take_along_axis" => {
            let axis = params.int("axis")?;
            two(move |x, i| x.take_along_axis(i, axis))
        }
        _ => None,
    }
}
