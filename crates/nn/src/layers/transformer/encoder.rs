//! [`EncoderBlock`] and [`TransformerEncoder`]; with causal blocks a decoder-only model such as GPT.

use gradus::{Array, Tree, Val, as_operation, refuse};

use super::{Norm, NormOrder, Residual, Transformer};
use crate::layers::{KvCache, Mlp, MultiHeadAttention};
use crate::{Context, Keys};

/// Self-attention and an MLP, each beside a residual: `[.., time, width] -> [.., time, width]`.
#[derive(Tree, Clone, Debug)]
pub struct EncoderBlock<T = Array> {
    /// Of the positions to each other.
    pub attention: MultiHeadAttention<T>,
    /// Of the attention.
    pub attention_norm: Norm<T>,
    /// Of each position.
    pub mlp: Mlp<T>,
    /// Of the MLP.
    pub mlp_norm: Norm<T>,
    /// Where the norms stand.
    #[tree(static)]
    pub order: NormOrder,
    /// The rate of dropout of what joins a residual.
    #[tree(static)]
    pub dropout: f64,
}

impl EncoderBlock<Val> {
    /// A block as `options` say.
    #[track_caller]
    pub fn new(keys: &Keys, options: &Transformer) -> EncoderBlock<Val> {
        EncoderBlock {
            attention: options.self_attention(keys),
            attention_norm: options.new_norm(),
            mlp: options.mlp(keys),
            mlp_norm: options.new_norm(),
            order: options.order,
            dropout: options.dropout,
        }
    }
    /// The block's output for `x`, with a mask as [`MultiHeadAttention::apply`] takes it.
    #[track_caller]
    pub fn apply(&self, x: &Val, mask: Option<&Val>, ctx: &Context) -> Val {
        as_operation("EncoderBlock", || self.with_attention(x, ctx, |x| self.attention.apply(x, mask, ctx)))
    }
    /// The block's output for the positions after those in `cache`; see [`MultiHeadAttention::decode`].
    #[track_caller]
    pub fn decode(&self, x: &Val, cache: &mut KvCache<Val>) -> Val {
        as_operation("EncoderBlock", || {
            self.with_attention(x, &Context::evaluation(), |x| self.attention.decode(x, cache))
        })
    }
    #[track_caller]
    fn with_attention(&self, x: &Val, ctx: &Context, attention: impl FnOnce(&Val) -> Val) -> Val {
        let residual = Residual { order: self.order, dropout: self.dropout };
        let x = residual.around(x, &self.attention_norm, ctx, attention);
        residual.around(&x, &self.mlp_norm, ctx, |x| self.mlp.apply(x, ctx))
    }
}

/// A stack of [`EncoderBlock`]s, and a norm behind pre-norm ones: `[.., time, width] -> [.., time, width]`.
///
/// With causal blocks it is a decoder-only model, which [`TransformerEncoder::decode`] runs position by position.
#[derive(Tree, Clone, Debug)]
pub struct TransformerEncoder<T = Array> {
    /// From input to output.
    pub blocks: Vec<EncoderBlock<T>>,
    /// Behind them.
    pub norm: Option<Norm<T>>,
}

impl TransformerEncoder<Val> {
    /// `layers` blocks as `options` say.
    #[track_caller]
    pub fn new(keys: &Keys, layers: usize, options: &Transformer) -> TransformerEncoder<Val> {
        as_operation("TransformerEncoder", || TransformerEncoder {
            blocks: (0..layers).map(|_| EncoderBlock::new(keys, options)).collect(),
            norm: options.last_norm(),
        })
    }
    /// The output for `x`, with a mask as [`MultiHeadAttention::apply`] takes it.
    #[track_caller]
    pub fn apply(&self, x: &Val, mask: Option<&Val>, ctx: &Context) -> Val {
        as_operation("TransformerEncoder", || {
            self.normed(self.blocks.iter().fold(*x, |x, block| block.apply(&x, mask, ctx)))
        })
    }
    /// Empty caches of the blocks, for a batch of this shape and `capacity` positions.
    #[track_caller]
    pub fn cache(&self, batch: &[usize], capacity: usize) -> Vec<KvCache<Val>> {
        self.blocks.iter().map(|block| block.attention.cache(batch, capacity)).collect()
    }
    /// The output for `x`, the positions after those in `caches`; see [`MultiHeadAttention::decode`].
    ///
    /// # Errors
    /// If there is not a cache for each block; if a block is not causal.
    #[track_caller]
    pub fn decode(&self, x: &Val, caches: &mut [KvCache<Val>]) -> Val {
        as_operation("TransformerEncoder", || {
            if caches.len() != self.blocks.len() {
                let message =
                    format!("{} caches for {} blocks; use `cache`", caches.len(), self.blocks.len());
                return refuse("TransformerEncoder", message);
            }
            let both = self.blocks.iter().zip(caches);
            self.normed(both.fold(*x, |x, (block, cache)| block.decode(&x, cache)))
        })
    }
    #[track_caller]
    fn normed(&self, x: Val) -> Val {
        self.norm.as_ref().map_or(x, |norm| norm.apply(&x))
    }
}
