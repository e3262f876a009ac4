//! The weighted means themselves: scores, masks, softmax, dropout, products.

use gradus::{Dtype, Val, einsum, refuse, where_};

use super::NAME;
use crate::Context;

/// What is added to the products of queries and keys, and which of them count.
#[derive(Default)]
pub(super) struct Scores {
    /// Truth values of the rank of the scores, `[.., heads, time, span]` or 1 in their place.
    pub(super) mask: Option<Val>,
    /// Which keys stand before a query or with it, `[time, span]`.
    pub(super) ordered: Option<Val>,
    /// `[heads, time, span]`.
    pub(super) bias: Option<Val>,
}

/// The means of `v`, weighted by how queries meet keys: `[.., time, heads · size]`.
///
/// `q` is `[.., time, heads, size]`, `k` and `v` are `[.., span, kv_heads, size]`.
#[track_caller]
pub(super) fn attend(q: &Val, k: &Val, v: &Val, scores: Scores, dropout: f64, ctx: &Context) -> Val {
    let (own, other) = (q.shape(), k.shape());
    let rank = own.len();
    if rank != other.len() || own[..rank - 3] != other[..rank - 3] {
        let (x, context) = (&own[..rank - 2], &other[..other.len().saturating_sub(2)]);
        return refuse(
            NAME,
            format!("x is {x:?} and the context {context:?} without features; batches must agree"),
        );
    }
    let (heads, shared, size) = (own[rank - 2], other[rank - 2], own[rank - 1]);
    let shape = [&own[..rank - 3], &[heads, own[rank - 3], other[rank - 3]]].concat();
    if let Some(refused) = scores.mask.and_then(|mask| refused(&mask, &shape)) {
        return refused;
    }
    let dtype = wide(q.dtype());
    // The heads that share a key stand side by side: [.., time, shared, group, size].
    let grouped = [&own[..rank - 2], &[shared, heads / shared, size]].concat();
    let q = (q.astype(dtype) * (1.0 / (size as f64).sqrt())).reshape(&grouped[..]);
    let mut weights = einsum("...tkgd,...skd->...kgts", [q, k.astype(dtype)]).reshape(&shape[..]);
    if let Some(bias) = scores.bias {
        weights += bias.astype(dtype);
    }
    let weights = match scores.seen() {
        // A row without a key is zero, not the mean of what it does not see.
        Some(seen) => where_(seen, where_(seen, weights, lowest(dtype)).softmax(-1), 0.0),
        None => weights.softmax(-1),
    };
    let weights = ctx.dropout(weights.astype(v.dtype()), dropout);
    let weights = weights.reshape([&own[..rank - 3], &[shared, heads / shared], &shape[rank - 2..]].concat());
    let mixed = einsum("...kgts,...skd->...tkgd", [weights, *v]);
    mixed.reshape([&own[..rank - 2], &[heads * size]].concat())
}

impl Scores {
    #[track_caller]
    fn seen(&self) -> Option<Val> {
        match (self.mask, self.ordered) {
            (Some(mask), Some(ordered)) => Some(mask & ordered),
            (mask, ordered) => mask.or(ordered),
        }
    }
}

/// The element type in which scores of `dtype` are computed.
pub(super) fn wide(dtype: Dtype) -> Dtype {
    match dtype {
        Dtype::F16 | Dtype::BF16 => Dtype::F32,
        other => other,
    }
}

/// A score whose exponential is zero beside any other, and which a derivative may still subtract.
fn lowest(dtype: Dtype) -> f64 {
    if dtype == Dtype::F64 { -0.7 * f64::MAX } else { -0.7 * f64::from(f32::MAX) }
}

/// The refusal of a mask that does not fit scores of this shape.
///
/// It must have all axes: a mask `[batch, span]` that broadcast as `[time, span]` would be another one.
#[track_caller]
fn refused(mask: &Val, scores: &[usize]) -> Option<Val> {
    let found = mask.shape();
    let fits = found.len() == scores.len() && found.iter().zip(scores).all(|(n, all)| *n == 1 || n == all);
    if mask.dtype() != Dtype::Bool {
        let message = format!("the mask is {}, not truth values; compare, as in `ids.ne(0)`", mask.ty());
        return Some(refuse(NAME, message));
    }
    (!fits).then(|| {
        let message = format!(
            "the mask is {}, expected [.., heads, time, span] = {scores:?} or 1 in place of any; see `key_mask`, \
             `padding_mask`",
            mask.ty()
        );
        refuse(NAME, message)
    })
}
