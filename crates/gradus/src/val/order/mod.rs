//! Functions of the order of elements: sorting, searching, sets.

pub(crate) mod search;
pub(crate) mod sets;
pub(crate) mod sort;
