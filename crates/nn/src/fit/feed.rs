//! [`Feed`]: what hands out the batches of an epoch, whatever a batch is.
//!
//! Invariant: the batches of an epoch follow from its number alone, so that a run that goes on in the middle of one
//! meets the batches that it would have met.

use std::error::Error;

use gradus::{Array, Stored};

use crate::data::{Batch, Loader, Position};

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

impl<B: Stored> Feed for Loader<B> {
    type Batch = B;

    fn num_batches(&self, epoch: usize) -> usize {
        Loader::num_batches(self, epoch as u64)
    }
    fn seed(&self) -> u64 {
        Loader::seed(self)
    }
    fn batches(&self, epoch: usize, from: usize) -> impl Iterator<Item = Result<Fed<B>, FeedError>> {
        let pads = self.pads();
        self.resume(position(epoch, from)).map(move |batch| {
            if pads {
                return Err(
                    "its last batch is padded, and nobody would know by which rows; feed `loader.masked()`"
                        .into(),
                );
            }
            let Batch { examples, rows, .. } = batch?;
            Ok(Fed { batch: examples, weight: rows.len() as f64, rows })
        })
    }
}

/// The batches of a [`Loader`], all of one size, each with the mask of its examples: made by [`Loader::masked`].
#[derive(Debug, Clone)]
pub struct MaskedLoader<B>(Loader<B>);

impl<B: Stored> Loader<B> {
    /// The same batches, the last one padded to the size of the others, as pairs of examples and mask (`bool[n]`).
    pub fn masked(self) -> MaskedLoader<B> {
        MaskedLoader(self.pad_last())
    }
}

impl<B: Stored> Feed for MaskedLoader<B> {
    type Batch = (B, Array);

    fn num_batches(&self, epoch: usize) -> usize {
        self.0.num_batches(epoch as u64)
    }
    fn seed(&self) -> u64 {
        self.0.seed()
    }
    fn batches(&self, epoch: usize, from: usize) -> impl Iterator<Item = Result<Fed<(B, Array)>, FeedError>> {
        self.0.resume(position(epoch, from)).map(|batch| {
            let Batch { examples, mask, rows, .. } = batch?;
            Ok(Fed { batch: (examples, mask), weight: rows.len() as f64, rows })
        })
    }
}

fn position(epoch: usize, batch: usize) -> Position {
    Position { epoch: epoch as u64, batch: batch as u64 }
}
