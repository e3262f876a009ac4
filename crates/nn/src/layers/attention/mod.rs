//! [`MultiHeadAttention`]: every position reads from others (Vaswani et al., 2017, arXiv:1706.03762).
//!
//! Invariant: a query that sees no key reads zeros, and a key that a query does not see has no influence on it.

mod cache;
mod core;
mod masks;
mod positions;

pub use cache::KvCache;
pub use masks::{key_mask, padding_mask};
pub use positions::{Positions, Rotary, RotaryForm, alibi_slopes, sinusoidal_positions};

use gradus::{Array, Tree, Val, arange, as_operation, refuse};

use self::core::{Scores, attend};
use super::Dense;
use crate::{Context, Keys};

const NAME: &str = "MultiHeadAttention";

/// Attention with heads: `[.., time, width] -> [.., time, width]`.
///
/// `heads` queries of each position meet `kv_heads` keys and values, which are shared in turn if there are fewer
/// (Ainslie et al., 2023, arXiv:2305.13245). Scores are divided by the root of the size of a head, `width / heads`.
/// Softmax is computed in `f32` for weights of 16-bit floats.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Context, Keys, MultiHeadAttention, init, padding_mask};
/// let attention = init(0, |keys: &Keys| MultiHeadAttention::new(keys, 8, 2).causal())?;
/// let apply = jit(|attention: &MultiHeadAttention<Val>, x: &Val, lengths: &Val| {
///     attention.apply(x, Some(&padding_mask(lengths, 5)), &Context::evaluation())
/// });
/// let y = apply(&attention, &Array::new([2, 5, 8], [0.1f32; 80])?, &Array::from([5i32, 3]))?;
/// assert_eq!(y.shape(), [2, 5, 8]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct MultiHeadAttention<T = Array> {
    /// `[width, heads · size]`.
    pub query: Dense<T>,
    /// `[context width, kv_heads · size]`.
    pub key: Dense<T>,
    /// `[context width, kv_heads · size]`.
    pub value: Dense<T>,
    /// `[heads · size, width]`.
    pub output: Dense<T>,
    /// The number of heads of queries.
    #[tree(static)]
    pub heads: usize,
    /// The number of heads of keys and values.
    #[tree(static)]
    pub kv_heads: usize,
    /// Whether no position sees one behind it.
    #[tree(static)]
    pub causal: bool,
    /// How it knows of positions.
    #[tree(static)]
    pub positions: Positions,
    /// The rate of dropout of the weights in training.
    #[tree(static)]
    pub dropout: f64,
}

impl MultiHeadAttention<Val> {
    /// `heads` heads of queries, keys and values over `width` features.
    ///
    /// # Errors
    /// If `width` is no multiple of `heads`.
    #[track_caller]
    pub fn new(keys: &Keys, width: usize, heads: usize) -> MultiHeadAttention<Val> {
        as_operation(NAME, || {
            if heads == 0 || !width.is_multiple_of(heads) {
                refuse(
                    NAME,
                    format!("{heads} heads over {width} features; the width is a multiple of the heads"),
                );
            }
            let dense = || Dense::new(keys, width, width);
            let (query, key, value, output) = (dense(), dense(), dense(), dense());
            let (kv_heads, positions) = (heads, Positions::None);
            MultiHeadAttention {
                query,
                key,
                value,
                output,
                heads,
                kv_heads,
                causal: false,
                positions,
                dropout: 0.0,
            }
        })
    }
    /// The same layer with so many heads of keys and values, which are shared by the heads of queries: one is
    /// multi-query, some are grouped-query attention.
    ///
    /// # Errors
    /// If the heads of queries are no multiple of them, or there are fewer now.
    #[track_caller]
    pub fn with_kv_heads(self, kv_heads: usize) -> MultiHeadAttention<Val> {
        as_operation(NAME, || {
            if kv_heads == 0 || !self.heads.is_multiple_of(kv_heads) {
                refuse(
                    NAME,
                    format!("{} heads of queries over {kv_heads} of keys; use a multiple", self.heads),
                );
                return self;
            }
            if kv_heads > self.kv_heads {
                refuse(NAME, format!("{kv_heads} heads of keys, but there are only {}", self.kv_heads));
                return self;
            }
            // Weights by fan-in are the same for fewer outputs.
            let columns = self.key.w.shape()[1] / self.kv_heads * kv_heads;
            let cut = |v: Val| v.split_sizes(&[columns, v.shape()[v.rank() - 1] - columns], -1)[0];
            let (key, value) = (self.key.map(|leaf| cut(*leaf)), self.value.map(|leaf| cut(*leaf)));
            MultiHeadAttention { key, value, kv_heads, ..self }
        })
    }
    /// The same layer, whose keys and values are read from `width` features of a context: cross-attention to a model of
    /// another width.
    #[track_caller]
    pub fn with_context_width(self, keys: &Keys, width: usize) -> MultiHeadAttention<Val> {
        let dense = |like: &Dense<Val>| Dense { b: like.b, ..Dense::new(keys, width, like.w.shape()[1]) };
        MultiHeadAttention { key: dense(&self.key), value: dense(&self.value), ..self }
    }
    /// The same layer without biases.
    pub fn without_bias(self) -> MultiHeadAttention<Val> {
        let MultiHeadAttention { query, key, value, output, .. } = self;
        let [query, key, value, output] = [query, key, value, output].map(Dense::without_bias);
        MultiHeadAttention { query, key, value, output, ..self }
    }
    /// The same layer in which no position sees one behind it.
    pub fn causal(self) -> MultiHeadAttention<Val> {
        MultiHeadAttention { causal: true, ..self }
    }
    /// The same layer with dropout of the weights, in training.
    pub fn with_dropout(self, rate: f64) -> MultiHeadAttention<Val> {
        MultiHeadAttention { dropout: rate, ..self }
    }
    /// The same layer, which knows of positions in this way.
    pub fn with_positions(self, positions: Positions) -> MultiHeadAttention<Val> {
        MultiHeadAttention { positions, ..self }
    }

    /// The layer's output for `x`, each of whose positions reads from all.
    ///
    /// `mask` says which key a query sees, truth values `[.., heads or 1, time or 1, time or 1]` with the batch axes of
    /// `x` or 1: see [`padding_mask`] and [`key_mask`]; several are joined by `&`.
    ///
    /// # Errors
    /// If `x` has another width, or the mask is of another shape or type.
    #[track_caller]
    pub fn apply(&self, x: &Val, mask: Option<&Val>, ctx: &Context) -> Val {
        as_operation(NAME, || {
            if let Some(refused) = self.refused(x, &self.query, "x") {
                return refused;
            }
            let (q, k, v) = (self.queries(x), self.heads_of(&self.key, x), self.heads_of(&self.value, x));
            let (q, k) = (self.positions.rotated(q, 0), self.positions.rotated(k, 0));
            let places = arange(x.shape()[x.rank() - 2]);
            self.output.apply(&attend(&q, &k, &v, self.scores(mask, places, places), self.dropout, ctx))
        })
    }
    /// The layer's output for `x`, whose positions read from those of `context`, `[.., span, context width]`.
    ///
    /// `mask` is as in [`MultiHeadAttention::apply`], with `span` keys.
    ///
    /// # Errors
    /// If the layer is causal or rotates positions, which are those of one sequence; if shapes do not agree.
    #[track_caller]
    pub fn cross(&self, x: &Val, context: &Val, mask: Option<&Val>, ctx: &Context) -> Val {
        as_operation(NAME, || self.cross_cached(x, &self.read(context), mask, ctx))
    }
    /// Keys and values of a context, for [`MultiHeadAttention::cross_cached`].
    ///
    /// # Errors
    /// If `context` has another width than the layer reads.
    #[track_caller]
    pub fn read(&self, context: &Val) -> KvCache<Val> {
        as_operation(NAME, || {
            if let Some(keys) = self.refused(context, &self.key, "the context") {
                return KvCache { keys, values: keys, len: Val::from(0) };
            }
            let (keys, values) = (self.heads_of(&self.key, context), self.heads_of(&self.value, context));
            let span = context.shape()[context.rank() - 2];
            KvCache { keys, values, len: Val::from(span as i64).astype(gradus::Dtype::I32) }
        })
    }
    /// [`MultiHeadAttention::cross`] for a context that was read before, say once for all steps of a generation.
    ///
    /// # Errors
    /// As [`MultiHeadAttention::cross`].
    #[track_caller]
    pub fn cross_cached(&self, x: &Val, context: &KvCache<Val>, mask: Option<&Val>, ctx: &Context) -> Val {
        as_operation(NAME, || {
            if let Some(refused) = self.refused(x, &self.query, "x") {
                return refused;
            }
            if self.causal || self.positions != Positions::None {
                return refuse(
                    NAME,
                    "a context has no order with x; use a layer neither causal nor with positions",
                );
            }
            let scores = Scores { mask: mask.copied(), ..Scores::default() };
            let mixed = attend(&self.queries(x), &context.keys, &context.values, scores, self.dropout, ctx);
            self.output.apply(&mixed)
        })
    }

    /// `[.., time, heads, size]`.
    #[track_caller]
    fn queries(&self, x: &Val) -> Val {
        split_heads(self.query.apply(x), self.heads)
    }
    /// `[.., span, kv_heads, size]`.
    #[track_caller]
    fn heads_of(&self, dense: &Dense<Val>, x: &Val) -> Val {
        split_heads(dense.apply(x), self.kv_heads)
    }
    /// What of scores depends on the places of queries and keys, and on the mask.
    #[track_caller]
    fn scores(&self, mask: Option<&Val>, queries: Val, keys: Val) -> Scores {
        Scores {
            mask: mask.copied(),
            ordered: self.causal.then(|| queries.expand_dims(1).ge(keys)),
            bias: self.positions.bias(self.heads, queries, keys, self.query.w.dtype()),
        }
    }
    /// The refusal of an `x` that is no sequence for `dense`.
    #[track_caller]
    fn refused(&self, x: &Val, dense: &Dense<Val>, name: &str) -> Option<Val> {
        let width = dense.w.shape()[0];
        (x.rank() < 2 || x.shape().last() != Some(&width))
            .then(|| refuse(NAME, format!("{name} is {}, expected [.., time, {width}]", x.ty())))
    }
}

/// `[.., heads · size] -> [.., heads, size]`.
#[track_caller]
fn split_heads(x: Val, heads: usize) -> Val {
    let mut shape = x.shape();
    let width = shape.pop().unwrap_or(0);
    x.reshape([shape, vec![heads, width / heads.max(1)]].concat())
}

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;
