//! Functions of each element alone, or of elements at the same place of several values.

pub(crate) mod bits;
pub(crate) mod complex;
pub(crate) mod composed;
pub(crate) mod logic;
pub(crate) mod records;
pub(crate) mod rounding;
