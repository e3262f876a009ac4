//! Data sets read from files into plain bytes, checked before any training begins.
//!
//! Nothing here is traced: a loader returns dimensions and bytes, or an error that names the file.

mod idx;
mod images;

pub use idx::{DataError, Fault, Idx};
pub use images::{ImageSet, MnistFolder};
