//! Values made from numbers alone.

pub(crate) mod grid;
pub(crate) mod numbers;
pub(crate) mod triangle;
