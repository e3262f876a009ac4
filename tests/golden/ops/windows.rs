//! Convolutions, reductions of windows, running totals.

use super::{Found, many, one, two};
use crate::manifest::{Params, ints};
use gradus::{Conv, ConvTranspose, ConvolveMode, DimensionNumbers, Dtype, Padding, Val, Window};
use serde_json::Value;

fn dims(value: Option<&Value>) -> Vec<usize> {
    value.map(ints).unwrap_or_default().into_iter().map(|n| n as usize).collect()
}

fn padding(value: &Value) -> Option<Padding> {
    Some(match value.as_str() {
        Some("SAME" | "same") => Padding::Same,
        Some("SAME_LOWER" | "same_lower") => Padding::SameLower,
        Some("VALID" | "valid") => Padding::Valid,
        Some(_) => return None,
        None => {
            let pairs = value.as_array()?.iter().map(ints);
            Padding::Explicit(pairs.map(|pair| (pair[0], pair[1])).collect())
        }
    })
}

fn numbers(value: Option<&Value>, default: DimensionNumbers) -> Option<DimensionNumbers> {
    let Some(value) = value else { return Some(default) };
    let word = |k: usize| value.get(k)?.as_str();
    Some(DimensionNumbers::named(word(0)?, word(1)?, word(2)?))
}

/// What only says how to compute is read and left aside: gradus computes in full precision.
fn preferred(params: &Params) -> Option<Dtype> {
    let _ = params.get("precision");
    let name = params.text("preferred_element_type")?;
    let short = name.replace("bfloat", "bf").replace("float", "f").replace("uint", "u").replace("int", "i");
    Dtype::from_name(&short)
}

/// `f` on operands of the type asked for.
fn in_type(dtype: Option<Dtype>, f: impl Fn(Val, Val) -> Val + Send + Sync + 'static) -> Found {
    two(move |x, w| match dtype {
        Some(dtype) => f(x.astype(dtype), w.astype(dtype)),
        None => f(x, w),
    })
}

fn conv(params: &Params) -> Option<Conv> {
    Some(Conv {
        strides: dims(params.get("window_strides")),
        padding: padding(params.get("padding")?)?,
        lhs_dilation: dims(params.get("lhs_dilation")),
        rhs_dilation: dims(params.get("rhs_dilation")),
        feature_group_count: params.int("feature_group_count").unwrap_or(1) as usize,
        batch_group_count: params.int("batch_group_count").unwrap_or(1) as usize,
        dimension_numbers: numbers(params.get("dimension_numbers"), DimensionNumbers::FeaturesFirst)?,
    })
}

fn window(params: &Params) -> Option<Window> {
    Some(Window {
        strides: dims(params.get("ws")),
        padding: padding(params.get("pad")?)?,
        base_dilation: dims(params.get("bd")),
        window_dilation: dims(params.get("wdil")),
        ..Window::new(dims(params.get("wd")))
    })
}

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "lax.conv_general_dilated" => {
            let (config, dtype) = (conv(params)?, preferred(params));
            in_type(dtype, move |x, w| x.conv_general_dilated(w, &config))
        }
        "lax.conv_transpose" => {
            let config = ConvTranspose {
                strides: dims(params.get("strides")),
                padding: padding(params.get("padding")?)?,
                rhs_dilation: dims(params.get("rhs_dilation")),
                dimension_numbers: numbers(params.get("dimension_numbers"), DimensionNumbers::FeaturesLast)?,
                transpose_kernel: params.bool("transpose_kernel").unwrap_or(false),
                use_consistent_padding: params.bool("use_consistent_padding").unwrap_or(false),
                ..ConvTranspose::default()
            };
            let dtype = preferred(params);
            in_type(dtype, move |x, w| x.conv_transpose(w, &config))
        }
        "lax.conv_patches" => {
            let (filter, config) = (dims(params.get("filter_shape")), conv(params)?);
            let dtype = preferred(params);
            one(move |x| {
                let x = dtype.map_or(x, |dtype| x.astype(dtype));
                x.conv_general_dilated_patches(&filter, &config)
            })
        }
        "jnp.convolve1d" => {
            let mode = match params.text("mode")? {
                "full" => ConvolveMode::Full,
                "same" => ConvolveMode::Same,
                "valid" => ConvolveMode::Valid,
                _ => return None,
            };
            two(move |x, y| x.convolve(y, mode))
        }
        "lax.ragged_dot" => many(|a| vec![a[0].ragged_dot(a[1], a[2])]),
        "avg_pool" => {
            let (k, s) = (params.int("k")? as usize, params.int("s")? as usize);
            let window =
                Window { strides: vec![1, s, s, 1], padding: Padding::Same, ..Window::new([1, k, k, 1]) };
            one(move |x| x.window_sum(&window) / x.ones_like().window_sum(&window))
        }
        "model.cnn_loss" => many(|a| vec![cnn_loss(a[0], a[1], a[2])]),
        _ => reductions(op, params).or_else(|| cumulative(op, params)),
    }
}

fn reductions(op: &str, params: &Params) -> Found {
    let f: fn(Val, &Window) -> Val = match op {
        "lax.reduce_window_max" => |x, w| x.reduce_window(f64::NEG_INFINITY, w, |a, b| a.max(b)),
        "lax.reduce_window_min" => |x, w| x.reduce_window(f64::INFINITY, w, |a, b| a.min(b)),
        "lax.reduce_window_sum" => |x, w| x.reduce_window(0.0, w, |a, b| a + b),
        "lax.reduce_window_prod" => |x, w| x.reduce_window(1.0, w, |a, b| a * b),
        _ => return None,
    };
    let window = window(params)?;
    one(move |x| f(x, &window))
}

fn cumulative(op: &str, params: &Params) -> Found {
    let [forward, backward]: [fn(Val, i64) -> Val; 2] = match op {
        "lax.cumsum" => [Val::cumsum, Val::cumsum_reverse],
        "lax.cumprod" => [Val::cumprod, Val::cumprod_reverse],
        "lax.cummax" => [Val::cummax, Val::cummax_reverse],
        "lax.cummin" => [Val::cummin, Val::cummin_reverse],
        "lax.cumlogsumexp" => [Val::cumlogsumexp, Val::cumlogsumexp_reverse],
        _ => return None,
    };
    let (axis, reverse) = (params.int("axis").unwrap_or(0), params.bool("reverse").unwrap_or(false));
    one(move |x| if reverse { backward(x, axis) } else { forward(x, axis) })
}

fn cnn_loss(k: Val, w: Val, x: Val) -> Val {
    let same = Conv { padding: Padding::Same, ..Conv::default() };
    let pairs = Window { strides: vec![1, 2, 2, 1], ..Window::new([1, 2, 2, 1]) };
    let pooled = x.conv_general_dilated(k, &same).relu().window_max(&pairs);
    pooled.reshape([x.shape()[0] as i64, -1]).dot(w).tanh().sum()
}
