//! [`KvCache`]: keys and values of the positions that were read, so that generation reads each once.
//!
//! Invariant: positions before `len` are those that were read, in order; where more were read than there is room for,
//! everything that is read from the cache is NaN.

use gradus::{Array, Dtype, Tree, Val, arange, as_operation, refuse, zeros};

use super::core::attend;
use super::{MultiHeadAttention, NAME};
use crate::Context;
use crate::layers::embedding::zeros_within;

/// The keys and values of one attention layer, with room for a number of positions.
///
/// As the carry of a `scan`, or a first argument `&mut` of a jitted function, it is updated in place.
#[derive(Tree, Clone, Debug)]
pub struct KvCache<T = Array> {
    /// `[.., capacity, kv_heads, size]`.
    pub keys: T,
    /// `[.., capacity, kv_heads, size]`.
    pub values: T,
    /// How many positions were read: `i32`.
    pub len: T,
}

impl MultiHeadAttention<Val> {
    /// An empty cache of this layer, for a batch of this shape and `capacity` positions.
    #[track_caller]
    pub fn cache(&self, batch: &[usize], capacity: usize) -> KvCache<Val> {
        let size = self.key.w.shape()[1] / self.kv_heads;
        let room = zeros([batch, &[capacity, self.kv_heads, size]].concat(), self.key.w.dtype());
        KvCache { keys: room, values: room, len: Val::from(0).astype(Dtype::I32) }
    }
    /// The layer's output for `x` `[.., time, width]`, the positions after those in `cache`, which it appends: a whole
    /// prompt at once, or one position.
    ///
    /// Each position sees those before it and itself. It equals [`MultiHeadAttention::apply`] of a causal layer to the whole
    /// sequence. If there is no room for them the outputs are NaN, now and later; under
    /// [`Checks::out_of_bounds`](gradus::Checks) the call is an `Err`.
    ///
    /// # Errors
    /// If the layer is not causal, or `x` and the cache not of one batch and width.
    #[track_caller]
    pub fn decode(&self, x: &Val, cache: &mut KvCache<Val>) -> Val {
        as_operation(NAME, || {
            if let Some(refused) = self.refused(x, &self.query, "x").or_else(|| self.refused_cache(x, cache))
            {
                return refused;
            }
            let (time, capacity) = (x.shape()[x.rank() - 2], cache.keys.shape()[cache.keys.rank() - 3]);
            let (k, v) = (self.heads_of(&self.key, x), self.heads_of(&self.value, x));
            let (q, k) =
                (self.positions.rotated(self.queries(x), cache.len), self.positions.rotated(k, cache.len));
            cache.keys = cache.keys.dynamic_update_slice_in_dim(k, cache.len, -3);
            cache.values = cache.values.dynamic_update_slice_in_dim(v, cache.len, -3);
            let scores = self.scores(None, arange(time) + cache.len, arange(capacity));
            cache.len += time as i64;
            let mixed = attend(&q, &cache.keys, &cache.values, scores, 0.0, &Context::evaluation());
            // An update that does not fit is moved, and has overwritten others.
            self.output.apply(&mixed) + zeros_within(&cache.len, capacity + 1, mixed.dtype())
        })
    }

    #[track_caller]
    fn refused_cache(&self, x: &Val, cache: &KvCache<Val>) -> Option<Val> {
        let (x_shape, room) = (x.shape(), cache.keys.shape());
        let (time, batch) = (x_shape[x_shape.len() - 2], &x_shape[..x_shape.len() - 2]);
        if !self.causal {
            return Some(refuse(NAME, "only a causal layer reads position by position; use `.causal()`"));
        }
        let expected = self.cache(batch, room.len().checked_sub(3).map_or(0, |axis| room[axis]));
        if (&cache.keys.ty(), &cache.values.ty()) != (&expected.keys.ty(), &expected.values.ty()) {
            let message =
                format!("the cache is {}, expected {} for x {}", cache.keys.ty(), expected.keys.ty(), x.ty());
            return Some(refuse(NAME, message));
        }
        let capacity = room[room.len() - 3];
        (time > capacity).then(|| {
            refuse(
                NAME,
                format!("x has {time} positions, the cache room for {capacity}; give it a larger capacity"),
            )
        })
    }
}
