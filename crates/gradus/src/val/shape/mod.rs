//! Functions that change shapes and move elements, and compute nothing.

pub(crate) mod arrange;
pub(crate) mod join;
pub(crate) mod padding;
pub(crate) mod reshape;
