//! Scaled dot product attention with masks, biases and grouped heads (Vaswani et al. 2017, arXiv:1706.03762).

use crate::val::promote::{Promoted, promote};
use crate::val::{Known, Val, arange, einsum, where_};
use crate::{Dtype, ErrorKind};

/// The scores below which a softmax in `f32` is zero, and which a derivative may still subtract.
const MASKED: f64 = -0.7 * f32::MAX as f64;

/// Attention as configured: `Attention::new().causal().of(q, k, v)`.
///
/// Queries are `[batch, time, heads, size]`, keys and values `[batch, span, kv_heads, size]`; without a batch axis, all
/// three lack it. Where `heads` is a multiple of `kv_heads`, so many heads in turn share one of the keys and values
/// (grouped queries: Ainslie et al. 2023, arXiv:2305.13245).
///
/// ```
/// use gradus::{Array, Attention, Val, jit};
/// let f = jit(|q: &Val, k: &Val, v: &Val| Attention::new().causal().of(q, k, v));
/// let x = Array::new([2, 1, 1], vec![0.0f32, 0.0])?;
/// let v = Array::new([2, 1, 1], vec![1.0f32, 3.0])?;
/// assert_eq!(f(&x, &x, &v)?.to_vec::<f32>()?, [1.0, 2.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Attention {
    bias: Option<Val>,
    mask: Option<Val>,
    scale: Option<f64>,
    causal: bool,
    window: Option<(i64, i64)>,
    query_lengths: Option<Val>,
    key_lengths: Option<Val>,
}

impl Attention {
    /// Every query sees every key; scores are divided by the square root of the head size.
    pub fn new() -> Attention {
        Attention::default()
    }
    /// Adds to the scores, `[batch, heads, time, span]` or what broadcasts to it.
    pub fn bias(self, bias: impl Into<Val>) -> Attention {
        Attention { bias: Some(bias.into()), ..self }
    }
    /// Which key each query sees, truth values `[batch, heads, time, span]` or what broadcasts to it.
    pub fn mask(self, mask: impl Into<Val>) -> Attention {
        Attention { mask: Some(mask.into()), ..self }
    }
    /// Multiplies the scores.
    pub fn scale(self, scale: f64) -> Attention {
        Attention { scale: Some(scale), ..self }
    }
    /// No query sees a key behind it.
    pub fn causal(self) -> Attention {
        Attention { causal: true, ..self }
    }
    /// Each query sees that many keys before and behind it.
    pub fn local_window(self, before: usize, behind: usize) -> Attention {
        let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Attention { window: Some((signed(before), signed(behind))), ..self }
    }
    /// How many queries of each batch there are, a vector of integers; the results of the others are 0.
    pub fn query_lengths(self, lengths: impl Into<Val>) -> Attention {
        Attention { query_lengths: Some(lengths.into()), ..self }
    }
    /// How many keys of each batch there are, a vector of integers; no query sees the others.
    pub fn key_lengths(self, lengths: impl Into<Val>) -> Attention {
        Attention { key_lengths: Some(lengths.into()), ..self }
    }
    /// The values, weighted by how well each query meets each key: of the queries' shape.
    #[track_caller]
    pub fn of(self, queries: impl Into<Val>, keys: impl Into<Val>, values: impl Into<Val>) -> Val {
        let (q, k, v) = (queries.into(), keys.into(), values.into());
        let extras = [self.bias, self.mask, self.query_lengths, self.key_lengths];
        let args: Vec<Val> = [q, k, v].into_iter().chain(extras.into_iter().flatten()).collect();
        Val::derive("dot_product_attention", &args, |known| {
            check(known)?;
            if known[0].ty.rank() == 3 {
                let whole = |v: Val| v.expand_dims(0);
                return Ok(self.whole(whole(q), whole(k), whole(v))?.squeeze(0));
            }
            self.whole(q, k, v)
        })
    }
    /// Attention with a batch axis.
    #[track_caller]
    fn whole(self, q: Val, k: Val, v: Val) -> Result<Val, ErrorKind> {
        let (own, span) = (q.shape(), k.shape()[1]);
        let (batch, time, heads, size) = (own[0], own[1], own[2], own[3]);
        let shared = k.shape()[2];
        let dtype = k.dtype();
        let wide = promote(Promoted::strong(q.dtype()), Promoted::strong(Dtype::F32)).dtype;
        let grouped = q.astype(wide).reshape([batch, time, shared, heads / shared, size]);
        let scale = self.scale.unwrap_or(1.0 / (size as f64).sqrt());
        let mut scores = einsum("btkgh,bskh->bkgts", [grouped, k.astype(wide)]) * scale;
        if let Some(bias) = self.bias {
            scores += by_group("bias", bias, heads, shared)?.astype(wide);
        }
        for seen in self.masks(time, span, heads, shared)? {
            scores = where_(seen, scores, MASKED);
        }
        let weights = scores.softmax(-1).astype(dtype);
        let mixed = einsum("bkgts,bskh->btkgh", [weights, v]).reshape(own);
        Ok(match self.query_lengths {
            Some(lengths) => mixed * before(time, lengths).expand_dims([2, 3]).astype(mixed.dtype()),
            None => mixed,
        })
    }
    /// What each query sees, by each rule that is in force; of rank 5.
    #[track_caller]
    fn masks(self, time: usize, span: usize, heads: usize, shared: usize) -> Result<Vec<Val>, ErrorKind> {
        let (query, key) = (arange(time).expand_dims(1), arange(span));
        let mut all = vec![];
        if let Some(mask) = self.mask {
            if mask.dtype() != Dtype::Bool {
                let message = format!("the mask is {}, not truth values; add numbers as a bias", mask.ty());
                return Err(ErrorKind::invalid(message));
            }
            all.push(by_group("mask", mask, heads, shared)?);
        }
        if self.causal {
            all.push(query.ge(key));
        }
        if let Some((left, right)) = self.window {
            all.push(query.le(key + left) & query.ge(key - right));
        }
        if let Some(lengths) = self.query_lengths {
            all.push(before(time, lengths).expand_dims([1, 2, 4]));
        }
        if let Some(lengths) = self.key_lengths {
            all.push(before(span, lengths).expand_dims([1, 2, 3]));
        }
        Ok(all)
    }
}

/// Whether each of `n` positions stands before the length of its batch.
#[track_caller]
fn before(n: usize, lengths: Val) -> Val {
    arange(n).expand_dims(0).lt(lengths.expand_dims(1))
}

/// `[.., heads, time, span]` as `[batch, shared, group, time, span]`.
#[track_caller]
fn by_group(what: &str, v: Val, heads: usize, shared: usize) -> Result<Val, ErrorKind> {
    let mut shape = v.shape();
    while shape.len() < 4 {
        shape.insert(0, 1);
    }
    if shape.len() > 4 || shape[1] != 1 && shape[1] != heads {
        let message =
            format!("the {what} is {}; give [batch, {heads} heads, time, span], or 1 for each", v.ty());
        return Err(ErrorKind::invalid(message));
    }
    let split = if shape[1] == 1 { [1, 1] } else { [shared, heads / shared] };
    Ok(v.reshape([shape[0], split[0], split[1], shape[2], shape[3]]))
}

fn check(known: &[Known]) -> Result<(), ErrorKind> {
    let [q, k, v] = [0, 1, 2].map(|i| &known[i].ty);
    let rank = q.rank();
    if !(3..=4).contains(&rank) || k.rank() != rank || v.rank() != rank {
        let message = format!("queries {q}, keys {k} and values {v} are not all [batch, time, heads, size]");
        return Err(ErrorKind::invalid(message));
    }
    let first = rank - 3;
    let agree = k.shape == v.shape
        && (rank == 3 || q.shape.dim(0) == k.shape.dim(0))
        && q.shape.dim(first + 2) == k.shape.dim(first + 2);
    if !agree {
        let message =
            format!("queries {q}, keys {k} and values {v} do not meet; batches, spans and sizes must agree");
        return Err(ErrorKind::invalid(message));
    }
    let (heads, shared) = (q.shape.dim(first + 1), k.shape.dim(first + 1));
    if shared == 0 || heads % shared != 0 {
        let message = format!("{heads} heads of queries over {shared} of keys; use a multiple");
        return Err(ErrorKind::invalid(message));
    }
    Ok(())
}

/// Every query's mean of the values, weighted by the softmax of its products with the keys; see [`Attention`]
/// for masks.
#[track_caller]
pub fn dot_product_attention(queries: impl Into<Val>, keys: impl Into<Val>, values: impl Into<Val>) -> Val {
    Attention::new().of(queries, keys, values)
}
