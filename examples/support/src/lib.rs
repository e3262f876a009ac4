//! What every example needs and no library of arrays should have: options of a command line, and pictures.
//!
//! An example flattens the groups of [`options`] that it uses into its own `Parser`, and draws with one call of
//! [`pictures`]; what none of them draws is drawn on a [`canvas`].
#![forbid(unsafe_code)]

pub mod canvas;
pub mod options;
pub mod pictures;
