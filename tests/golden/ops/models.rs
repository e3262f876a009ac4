//! Small whole programs: losses, norms, optimizers, attention.

use super::{Found, many};
use crate::manifest::Params;
use gradus::{
    Dtype, Interpolation, PlaceMode, ResizeMethod, Val, arange, concatenate, einsum, keep, linalg, ones, s,
    segment_sum, where_,
};

pub(super) fn find(op: &str, params: &Params) -> Found {
    let f: fn(&[Val]) -> Vec<Val> = match op {
        "model.layernorm" => |a| {
            let (x, g, b) = (a[0], a[1], a[2]);
            vec![(x - x.mean_axes(keep(-1))) / (x.var_axes(keep(-1)) + 1e-5).sqrt() * g + b]
        },
        "model.rmsnorm" => |a| vec![a[0] * ((a[0] * a[0]).mean_axes(keep(-1)) + 1e-6).rsqrt() * a[1]],
        "model.batchnorm" => |a| {
            let (x, g, b) = (a[0], a[1], a[2]);
            vec![(x - x.mean_axes([0, 1, 2])) * (x.var_axes([0, 1, 2]) + 1e-5).rsqrt() * g + b]
        },
        "model.mse" => |a| vec![(a[1].dot(a[0]) - a[2]).square().mean()],
        "model.mlp_loss" => |a| {
            let h = (a[4].dot(a[0]) + a[1]).tanh();
            vec![(h.dot(a[2]) + a[3] - a[5]).square().mean()]
        },
        "model.attention_causal" => |a| vec![attention_causal(a)],
        "model.transformer_block" => |a| vec![transformer_block(a)],
        "model.rope" => |a| vec![rope(a[0])],
        "model.adam_step" => adam_step,
        "model.nbody_energy" => |a| {
            let apart = a[0].expand_dims(1) - a[0].expand_dims(0);
            vec![(1.0 / (apart.square().sum_axes(-1) + 0.1).sqrt()).triu(1).sum()]
        },
        "model.gaussian_kl" => |a| vec![0.5 * (a[1].exp() + a[0] * a[0] - 1.0 - a[1]).sum()],
        "model.huber" => |a| {
            let d = a[0] - a[1];
            vec![where_(d.abs().lt(1.0), 0.5 * d.square(), d.abs() - 0.5).mean()]
        },
        "model.cosine_sim" => |a| {
            let norm = |x: Val| (x * x).sum_axes(-1).sqrt();
            vec![(a[0] * a[1]).sum_axes(-1) / (norm(a[0]) * norm(a[1]) + 1e-8)]
        },
        "model.xent" => |a| vec![-a[0].log_softmax(-1).take_along_axis(a[1].expand_dims(1), 1).mean()],
        "model.map_coordinates" => |a| {
            let (x, c) = (a[0], a[1]);
            let mode = PlaceMode::Constant(Val::from(0.0));
            vec![x.map_coordinates([c, c.flip(0)], Interpolation::Linear, mode)]
        },
        "model.top2_moe" => |a| {
            let (x, gate, w) = (a[0], a[1], a[2]);
            let (v, i) = x.dot(gate).top_k(2);
            let chosen = einsum("td,tkde->tke", [x, w.slice(s![i])]);
            vec![einsum("tk,tkd->td", [v.softmax(-1), chosen])]
        },
        "model.kmeans_step" => |a| {
            let (x, c) = (a[0], a[1]);
            let apart = (x.expand_dims(1) - c.expand_dims(0)).square().sum_axes(-1);
            let (nearest, n) = (apart.argmin(1), c.shape()[0]);
            let count = segment_sum(ones([x.shape()[0]], Dtype::F32), nearest, n);
            vec![segment_sum(x, nearest, n) / count.max(1.0).expand_dims(1), nearest]
        },
        "model.cg_solve" => |a| vec![linalg::cg(|x: &Val| a[0].dot(x), &a[1])],
        "model.resize_bilinear" => {
            let shape = params.dims("s")?;
            return many(move |a| vec![a[0].resize(shape.clone(), ResizeMethod::Linear)]);
        }
        _ => return None,
    };
    many(f)
}

fn attention_causal(a: &[Val]) -> Val {
    let (q, k, v) = (a[0].dot(a[1]), a[0].dot(a[2]), a[0].dot(a[3]));
    let n = a[0].shape()[0];
    let scores = q.dot(k.transpose()) / (q.shape()[1] as f64).sqrt();
    let seen = arange(n).expand_dims(1).ge(arange(n).expand_dims(0));
    where_(seen, scores, -1e9).softmax(-1).dot(v)
}

fn transformer_block(a: &[Val]) -> Val {
    let (x, w_qkv, w_o, w1, w2) = (a[0], a[1], a[2], a[3], a[4]);
    let norm = |z: Val| (z - z.mean_axes(keep(-1))) * (z.var_axes(keep(-1)) + 1e-5).rsqrt();
    let qkv = einsum("td,dchk->cthk", [norm(x), w_qkv]);
    let (q, k, v) = (qkv.at(0), qkv.at(1), qkv.at(2));
    let weights = (einsum("qhd,khd->hqk", [q, k]) / 2.0).softmax(-1);
    let mixed = einsum("hqk,khd->qhd", [weights, v]).reshape(x.shape());
    let h = x + mixed.dot(w_o);
    h + norm(h).dot(w1).gelu().dot(w2)
}

fn rope(x: Val) -> Val {
    let (n, half) = (x.shape()[0], x.shape()[1] / 2);
    let position = arange(n).astype(Dtype::F32).expand_dims(1);
    let exponent = -arange(half).astype(Dtype::F32) * 2.0 / (2 * half) as f64;
    let angle = position * Val::from(10000.0).pow(exponent);
    let (a, b) = (x.slice(s![.., ..half as i64]), x.slice(s![.., half as i64..]));
    let (c, s) = (angle.cos(), angle.sin());
    concatenate([a * c - b * s, a * s + b * c], -1)
}

fn adam_step(a: &[Val]) -> Vec<Val> {
    let (p, g, m, v, t) = (a[0], a[1], a[2], a[3], a[4]);
    let (m2, v2) = (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g);
    let (first, second) = (1.0 - Val::from(0.9).pow(t + 1), 1.0 - Val::from(0.999).pow(t + 1));
    vec![p - 1e-2 * (m2 / first) / ((v2 / second).sqrt() + 1e-8), m2, v2]
}
