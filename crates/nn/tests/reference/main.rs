//! The library against other libraries: files under tests/reference, each made by the script of its name.

mod losses;
mod metrics;
mod optimizers;
mod sequences;
mod spatial;
