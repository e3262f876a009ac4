//! Data: sets of examples, the batches that a [`Loader`] makes of them, and readers of files.
//!
//! A [`Dataset`] finds examples by their number, whether they stand in arrays, in files or are made by a function. A
//! [`Loader`] puts them into batches: shuffled, padded, made ahead on a thread, from a position that can be saved.
//! Readers return plain arrays, or an error that names the file and the place in it.

pub mod augment;
#[cfg(feature = "csv")]
mod csv;
mod dataset;
mod idx;
mod images;
mod loader;
mod nifti;
#[cfg(feature = "pictures")]
mod pictures;
mod prefetch;
mod sequences;
mod shuffle;
pub mod split;
mod text;
#[cfg(feature = "wav")]
mod wav;

#[cfg(feature = "csv")]
pub use csv::{Csv, CsvOptions, Missing};
pub use dataset::{Dataset, LoadError, Position, Request, RowsDiffer, Source};
pub use idx::{DataError, Fault, Idx};
pub use images::{ImageSet, MnistFolder};
pub use loader::{Batch, Batches, Loader};
pub use nifti::Nifti;
#[cfg(feature = "pictures")]
pub use pictures::{Corrupt, PictureFolder, read_picture};
pub use sequences::Sequences;
pub use text::{Characters, UnknownCharacter};
#[cfg(feature = "wav")]
pub use wav::Wav;

#[cfg(test)]
mod reference_tests;
