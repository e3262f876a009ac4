//! One number from many, along axes.

pub(crate) mod by_function;
pub(crate) mod cumulative;
pub(crate) mod masked;
pub(crate) mod nan;
pub(crate) mod quantile;
pub(crate) mod reductions;
pub(crate) mod segment;
pub(crate) mod statistics;
