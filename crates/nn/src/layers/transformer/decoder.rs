//! [`DecoderBlock`] and [`TransformerDecoder`]: positions that read from those before them and from a context.

use gradus::{Array, Tree, Val, as_operation, refuse};

use super::{Norm, NormOrder, Residual, Transformer};
use crate::layers::{KvCache, Mlp, MultiHeadAttention};
use crate::{Context, Keys};

/// Causal self-attention, attention to a context and an MLP, each beside a residual.
#[derive(Tree, Clone, Debug)]
pub struct DecoderBlock<T = Array> {
    /// Of the positions to those before them.
    pub attention: MultiHeadAttention<T>,
    /// Of the self-attention.
    pub attention_norm: Norm<T>,
    /// Of the positions to the context.
    pub cross: MultiHeadAttention<T>,
    /// Of the attention to the context.
    pub cross_norm: Norm<T>,
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

/// What a [`DecoderBlock`] keeps while it generates.
#[derive(Tree, Clone, Debug)]
pub struct DecoderCache<T = Array> {
    /// The positions that were read.
    pub own: KvCache<T>,
    /// The context.
    pub context: KvCache<T>,
}

impl DecoderBlock<Val> {
    /// A block as `options` say, always causal.
    #[track_caller]
    pub fn new(keys: &Keys, options: &Transformer) -> DecoderBlock<Val> {
        DecoderBlock {
            attention: options.causal().self_attention(keys),
            attention_norm: options.new_norm(),
            cross: options.attention(keys),
            cross_norm: options.new_norm(),
            mlp: options.mlp(keys),
            mlp_norm: options.new_norm(),
            order: options.order,
            dropout: options.dropout,
        }
    }
    /// The block's output for `x` `[.., time, width]`, which reads from `context` `[.., span, width]`.
    ///
    /// `mask` is that of self-attention, `context_mask` that of the context, as [`MultiHeadAttention::apply`] takes them.
    #[track_caller]
    pub fn apply(
        &self,
        x: &Val,
        context: &Val,
        mask: Option<&Val>,
        context_mask: Option<&Val>,
        ctx: &Context,
    ) -> Val {
        as_operation("DecoderBlock", || {
            let attention = |x: &Val| self.attention.apply(x, mask, ctx);
            self.with_attention(x, ctx, attention, |x| self.cross.cross(x, context, context_mask, ctx))
        })
    }
    /// An empty cache with room for `capacity` positions that read from `context`.
    #[track_caller]
    pub fn cache(&self, context: &Val, capacity: usize) -> DecoderCache<Val> {
        as_operation("DecoderBlock", || {
            let shape = context.shape();
            let batch = &shape[..shape.len().saturating_sub(2)];
            DecoderCache { own: self.attention.cache(batch, capacity), context: self.cross.read(context) }
        })
    }
    /// The block's output for the positions after those in `cache`; see [`MultiHeadAttention::decode`].
    #[track_caller]
    pub fn decode(&self, x: &Val, cache: &mut DecoderCache<Val>, context_mask: Option<&Val>) -> Val {
        as_operation("DecoderBlock", || {
            let ctx = Context::evaluation();
            let DecoderCache { own, context } = cache;
            let attention = |x: &Val| self.attention.decode(x, own);
            self.with_attention(x, &ctx, attention, |x| {
                self.cross.cross_cached(x, context, context_mask, &ctx)
            })
        })
    }
    #[track_caller]
    fn with_attention(
        &self,
        x: &Val,
        ctx: &Context,
        attention: impl FnOnce(&Val) -> Val,
        cross: impl FnOnce(&Val) -> Val,
    ) -> Val {
        let residual = Residual { order: self.order, dropout: self.dropout };
        let x = residual.around(x, &self.attention_norm, ctx, attention);
        let x = residual.around(&x, &self.cross_norm, ctx, cross);
        residual.around(&x, &self.mlp_norm, ctx, |x| self.mlp.apply(x, ctx))
    }
}

/// A stack of [`DecoderBlock`]s, and a norm behind pre-norm ones.
#[derive(Tree, Clone, Debug)]
pub struct TransformerDecoder<T = Array> {
    /// From input to output.
    pub blocks: Vec<DecoderBlock<T>>,
    /// Behind them.
    pub norm: Option<Norm<T>>,
}

impl TransformerDecoder<Val> {
    /// `layers` blocks as `options` say.
    #[track_caller]
    pub fn new(keys: &Keys, layers: usize, options: &Transformer) -> TransformerDecoder<Val> {
        as_operation("TransformerDecoder", || TransformerDecoder {
            blocks: (0..layers).map(|_| DecoderBlock::new(keys, options)).collect(),
            norm: options.last_norm(),
        })
    }
    /// The output for `x` and `context`, with masks as [`DecoderBlock::apply`] takes them.
    #[track_caller]
    pub fn apply(
        &self,
        x: &Val,
        context: &Val,
        mask: Option<&Val>,
        context_mask: Option<&Val>,
        ctx: &Context,
    ) -> Val {
        as_operation("TransformerDecoder", || {
            let apply = |x: Val, block: &DecoderBlock<Val>| block.apply(&x, context, mask, context_mask, ctx);
            self.normed(self.blocks.iter().fold(*x, apply))
        })
    }
    /// Empty caches of the blocks, with room for `capacity` positions that read from `context`.
    #[track_caller]
    pub fn cache(&self, context: &Val, capacity: usize) -> Vec<DecoderCache<Val>> {
        as_operation("TransformerDecoder", || {
            self.blocks.iter().map(|block| block.cache(context, capacity)).collect()
        })
    }
    /// The output for `x`, the positions after those in `caches`.
    ///
    /// # Errors
    /// If there is not a cache for each block.
    #[track_caller]
    pub fn decode(&self, x: &Val, caches: &mut [DecoderCache<Val>], context_mask: Option<&Val>) -> Val {
        as_operation("TransformerDecoder", || {
            if caches.len() != self.blocks.len() {
                let message =
                    format!("{} caches for {} blocks; use `cache`", caches.len(), self.blocks.len());
                return refuse("TransformerDecoder", message);
            }
            let both = self.blocks.iter().zip(caches);
            self.normed(both.fold(*x, |x, (block, cache)| block.decode(&x, cache, context_mask)))
        })
    }
    #[track_caller]
    fn normed(&self, x: Val) -> Val {
        self.norm.as_ref().map_or(x, |norm| norm.apply(&x))
    }
}
