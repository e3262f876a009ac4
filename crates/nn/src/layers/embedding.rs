//! [`Embedding`]: a vector for each of a number of things.
//!
//! Invariant: a number that names none is NaN, and an error under `Config::checks`; it never counts from the end.

use gradus::{Array, Dtype, Tree, Val, as_operation, random, refuse, where_, zeros};

use crate::Keys;

/// A table of vectors by number: `[..]` of integers `-> [.., features]`.
///
/// ```
/// use gradus::{Array, Val};
/// use gradus_nn::{Embedding, Keys, init};
/// let embedding = init(0, |keys: &Keys| Embedding::new(keys, 10, 4))?;
/// let apply = gradus::jit(|e: &Embedding<Val>, ids: &Val| (e.apply(ids), e.attend(&e.apply(ids))));
/// let (vectors, scores) = apply(&embedding, &Array::from([[3i32, 1]]))?;
/// assert_eq!((vectors.shape(), scores.shape()), (vec![1, 2, 4], vec![1, 2, 10]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Embedding<T = Array> {
    /// `[count, features]`.
    pub table: T,
    /// The number that stands for nothing, if there is one.
    #[tree(static)]
    pub padding: Option<usize>,
}

impl Embedding<Val> {
    /// Vectors from a normal distribution of variance `1 / features`, as Flax's.
    #[track_caller]
    pub fn new(keys: &Keys, count: usize, features: usize) -> Embedding<Val> {
        Embedding::with_deviation(keys, count, features, 1.0 / (features.max(1) as f64).sqrt())
    }
    /// Vectors from a normal distribution of standard deviation `deviation`: 1 is PyTorch's, 0.02 is GPT-2's.
    #[track_caller]
    pub fn with_deviation(keys: &Keys, count: usize, features: usize, deviation: f64) -> Embedding<Val> {
        let table = random::normal(keys.next_key(), [count, features]) * deviation;
        Embedding { table, padding: None }
    }
    /// The same layer whose row `padding` is zero and gets no gradient through [`Embedding::apply`], as PyTorch's
    /// `padding_idx`.
    ///
    /// # Errors
    /// If the table has no such row.
    #[track_caller]
    pub fn with_padding(self, padding: usize) -> Embedding<Val> {
        as_operation("Embedding", || {
            let count = self.table.shape()[0];
            if padding >= count {
                let message = format!("row {padding} is the padding, but there are {count} rows");
                return Embedding { table: refuse("Embedding", message), padding: None };
            }
            let is_padding = gradus::arange(count).eq(padding as i64).expand_dims(1);
            Embedding { table: where_(is_padding, 0.0, self.table), padding: Some(padding) }
        })
    }

    /// The vectors of `ids`.
    ///
    /// A number that is negative or not below the number of rows gives a vector of NaN. Under
    /// [`Checks::out_of_bounds`](gradus::Checks) the call is an `Err`.
    ///
    /// # Errors
    /// If `ids` are no integers.
    #[track_caller]
    pub fn apply(&self, ids: &Val) -> Val {
        as_operation("Embedding", || {
            if !ids.dtype().is_integer() {
                return refuse("Embedding", format!("{} is no integers; convert it with `astype`", ids.ty()));
            }
            let vectors = self.table.take(counted(ids, self.table.shape()[0]), 0);
            match self.padding {
                Some(padding) => {
                    let is_padding = ids.eq(padding as i64).expand_dims(-1);
                    where_(is_padding, vectors.stop_gradient(), vectors)
                }
                None => vectors,
            }
        })
    }
    /// The product of `x` with every vector, `[.., features] -> [.., count]`: the logits of a model whose output is
    /// tied to its input (Press and Wolf, 2017), as Flax's `attend`.
    #[track_caller]
    pub fn attend(&self, x: &Val) -> Val {
        as_operation("Embedding", || x.astype(self.table.dtype()).dot(self.table.transpose()))
    }
}

/// `ids` such that none of them counts from the end of `count` things: a negative one becomes `count`.
#[track_caller]
pub(crate) fn counted(ids: &Val, count: usize) -> Val {
    let ids = match ids.dtype() {
        Dtype::I8 | Dtype::I16 => ids.astype(Dtype::I32),
        _ => *ids,
    };
    match ids.dtype() {
        Dtype::I32 | Dtype::I64 => where_(ids.lt(0), count as i64, ids),
        _ => ids,
    }
}

/// Zeros of `dtype` in the shape of `ids`; NaN, or an error under `Config::checks`, where a number is not below
/// `count`.
#[track_caller]
pub(crate) fn zeros_within(ids: &Val, count: usize, dtype: Dtype) -> Val {
    zeros([count], dtype).take(counted(ids, count), 0)
}

#[cfg(test)]
#[path = "embedding_tests.rs"]
mod tests;
