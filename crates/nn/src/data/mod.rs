//! Data sets read from files into plain bytes, checked before any training begins.
//!
//! Nothing here is traced: a loader returns dimensions and bytes, or an error that names the file; a [`Dataset`] holds
//! arrays and copies their rows into batches.

mod dataset;
mod idx;
mod images;

pub use dataset::{Batches, Dataset, RowsDiffer};
pub use idx::{DataError, Fault, Idx};
pub use images::{ImageSet, MnistFolder};
