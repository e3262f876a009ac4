//! [`Feed`]: what hands out the batches of an epoch, whatever a batch is.
//!
//! Invariant: the batches of an epoch follow from its number alone, so that a run that goes on in the middle of one
//! meets the batches that it would have met.

use std::error::Error;

use gradus::{Array, Dtype, Jitted, Val, jit, random};

use crate::data::Dataset;

/// Why a batch cannot be had, in the words of what hands it out.
pub type FeedError = Box<dyn Error + Send + Sync>;

/// Something that hands out batches, epoch by epoch.
pub trait Feed {
    /// A batch: any tree of arrays, and whatever else the step wants to know.
    type Batch;

    /// The number of batches in an epoch.
    fn num_batches(&self, epoch: usize) -> usize;

    /// What the order of an epoch follows from, beside its number; a run goes on only with the same.
    fn seed(&self) -> u64 {
        0
    }

    /// The batches of the epoch, without the first `from`: the same ones whenever they are asked for.
    fn batches(&self, epoch: usize, from: usize)
    -> impl Iterator<Item = Result<Fed<Self::Batch>, FeedError>>;
}

/// One batch that was handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Fed<B> {
    /// The batch.
    pub batch: B,
    /// How much it counts in a mean: the number of its examples, those that only fill it up left out.
    pub weight: f64,
    /// The numbers of its examples, for messages; empty if they have none.
    pub rows: Vec<usize>,
}

/// A [`Dataset`] in batches of inputs and targets.
#[derive(Debug, Clone, Copy)]
pub struct Batched<'a> {
    data: &'a Dataset,
    size: usize,
    seed: Option<u64>,
}

impl Dataset {
    /// Batches of `size` rows in their order; the last one has what is left.
    ///
    /// # Panics
    /// If `size` is zero.
    pub fn batched(&self, size: usize) -> Batched<'_> {
        assert!(size > 0, "a batch has at least one row");
        Batched { data: self, size, seed: None }
    }
}

impl Batched<'_> {
    /// The same in another order in each epoch, which follows from `seed`.
    pub fn shuffled(self, seed: u64) -> Self {
        Batched { seed: Some(seed), ..self }
    }

    /// Rows sorted by random words.
    fn order(&self, epoch: usize) -> gradus::Result<Vec<i32>> {
        let rows = self.data.len();
        let mut order: Vec<i32> =
            (0..i32::try_from(rows).expect("internal: no more rows than `i32` counts")).collect();
        if let Some(seed) = self.seed {
            let words: Jitted<fn(&Val, &Val) -> Val> = jit(move |key: &Val, epoch: &Val| {
                random::bits(random::fold_in(key, epoch), [rows], Dtype::U32)
            });
            let words = words(&random::seed(seed), &Array::from(epoch as u32))?.to_vec::<u32>()?;
            order.sort_by_key(|row| words[*row as usize]);
        }
        Ok(order)
    }
}

impl Feed for Batched<'_> {
    type Batch = (Array, Array);

    fn num_batches(&self, _: usize) -> usize {
        self.data.len().div_ceil(self.size)
    }
    fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }
    fn batches(
        &self,
        epoch: usize,
        from: usize,
    ) -> impl Iterator<Item = Result<Fed<Self::Batch>, FeedError>> {
        let order = self.order(epoch);
        let (size, data) = (self.size, self.data);
        let count = if order.is_ok() { self.num_batches(epoch) } else { from + 1 };
        (from..count).map(move |i| {
            let order = order.as_ref().map_err(|error| error.to_string())?;
            let rows = &order[i * size..order.len().min((i + 1) * size)];
            let mut batches = data.batches_in(rows, size);
            let (x, y) = batches.next().expect("internal: a batch has rows");
            let rows = rows.iter().map(|row| *row as usize).collect::<Vec<_>>();
            Ok(Fed { batch: (x.clone(), y.clone()), weight: rows.len() as f64, rows })
        })
    }
}
