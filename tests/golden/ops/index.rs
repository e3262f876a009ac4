//! Slices, also at run time, gathers and scatters.

use super::{Found, many, one, three, two};
use crate::manifest::Params;
use gradus::{Array, GatherDims, IndexMode, NewAxis, Scatter, ScatterDims, Slice, Update, s, where_};

/// The mode by JAX's name; `none` where it is absent.
fn mode(params: &Params, none: IndexMode) -> Option<IndexMode> {
    let fill = params.number("fill_value");
    Some(match params.text("mode") {
        None => fill.map_or(none, IndexMode::FillWith),
        Some("fill" | "drop") => fill.map_or(IndexMode::Fill, IndexMode::FillWith),
        Some("clip") => IndexMode::Clip,
        Some("wrap") => IndexMode::Wrap,
        Some("promise_in_bounds") => IndexMode::PromiseInBounds,
        Some(_) => return None,
    })
}

/// Promises about indices, which gradus need not be told.
fn read_promises(params: &Params) {
    let _ = (params.bool("unique_indices"), params.bool("indices_are_sorted"));
}

pub(super) fn find(op: &str, params: &Params) -> Found {
    dynamic(op, params).or_else(|| by_dimension_numbers(op, params)).or_else(|| by_entries(op, params))
}

fn dynamic(op: &str, params: &Params) -> Found {
    match op {
        "lax.slice" => {
            let (starts, limits) = (params.ints("start_indices")?, params.ints("limit_indices")?);
            let strides = params.ints("strides").unwrap_or_else(|| vec![1; starts.len()]);
            let entry =
                |i: usize| Slice::Range { start: Some(starts[i]), end: Some(limits[i]), step: strides[i] };
            let entries: Vec<Slice> = (0..starts.len()).map(entry).collect();
            one(move |x| x.slice(&entries))
        }
        "lax.dynamic_slice" => {
            let sizes = params.dims("slice_sizes")?;
            three(move |x, i, j| x.dynamic_slice([i, j], sizes.clone()))
        }
        "lax.dynamic_update_slice" => many(|a| vec![a[0].dynamic_update_slice(a[1], [a[2], a[3]])]),
        "lax.dynamic_index_in_dim" => {
            let (axis, keep) = (params.int("axis").unwrap_or(0), params.bool("keepdims").unwrap_or(true));
            two(move |x, i| match keep {
                true => x.dynamic_slice_in_dim(i, 1, axis),
                false => x.dynamic_index_in_dim(i, axis),
            })
        }
        "jnp.take" => {
            let (axis, mode) = (params.int("axis"), mode(params, IndexMode::Fill)?);
            read_promises(params);
            two(move |x, i| match axis {
                Some(axis) => x.take_mode(i, axis, mode),
                None => x.ravel().take_mode(i, 0, mode),
            })
        }
        "jnp.take_along_axis" => {
            let (axis, mode) = (params.int("axis"), mode(params, IndexMode::Fill)?);
            two(move |x, i| match axis {
                Some(axis) => x.take_along_axis_mode(i, axis, mode),
                None => x.ravel().take_along_axis_mode(i, 0, mode),
            })
        }
        _ => None,
    }
}

fn by_dimension_numbers(op: &str, params: &Params) -> Found {
    if op == "lax.gather" {
        let list = |name| params.dims(name).unwrap_or_default().as_slice().into();
        let dims = GatherDims {
            offset_dims: list("offset_dims"),
            collapsed_slice_dims: list("collapsed_slice_dims"),
            operand_batching_dims: list("operand_batching_dims"),
            start_indices_batching_dims: list("start_indices_batching_dims"),
            start_index_map: list("start_index_map"),
        };
        let (sizes, mode) = (params.dims("slice_sizes")?, mode(params, IndexMode::Clip)?);
        return two(move |x, i| x.gather(i, dims.clone(), &sizes, mode));
    }
    let update = match op {
        "lax.scatter" => Update::Set,
        "lax.scatter_add" => Update::Add,
        "lax.scatter_mul" => Update::Multiply,
        "lax.scatter_min" => Update::Min,
        "lax.scatter_max" => Update::Max,
        _ => return None,
    };
    let list = |name| params.dims(name).unwrap_or_default().as_slice().into();
    let dims = ScatterDims {
        update_window_dims: list("update_window_dims"),
        inserted_window_dims: list("inserted_window_dims"),
        scatter_dims_to_operand_dims: list("scatter_dims_to_operand_dims"),
        ..ScatterDims::default()
    };
    let mode = mode(params, IndexMode::Fill)?;
    let unique_indices = params.bool("unique_indices").unwrap_or(false);
    three(move |x, i, u| x.scatter(i, u, dims.clone(), Scatter { update, mode, unique_indices }))
}

fn by_entries(op: &str, _: &Params) -> Found {
    match op {
        "at.set" => three(|x, i, v| x.index(s![i]).set(v)),
        "at.add" => three(|x, i, v| x.index(s![i]).add(v)),
        "at.multiply" => three(|x, i, v| x.index(s![i]).multiply(v)),
        "at.min" => three(|x, i, v| x.index(s![i]).min(v)),
        "at.max" => three(|x, i, v| x.index(s![i]).max(v)),
        "at.get" => three(|x, i, v| x.index(s![i]).get() + v.zeros_like() * v),
        "index.advanced" => three(|x, i, j| x.slice(s![i, .., j])),
        "index.mixed" => many(|a| {
            let x = a[0];
            vec![x.slice(s![1.., NewAxis, ..;2]), x.slice(s![..., -1]), x.slice(s![..;-1])]
        }),
        "index.bool_where" => one(|x| where_(x.gt(0), x, 0.0).masked(&Array::from([true, false, true]))),
        "model.embedding_bag" => two(|e, i| e.slice(s![i]).mean_axes(1)),
        _ => None,
    }
}
