//! Numbers given at points, and polynomials.

pub(crate) mod differences;
pub(crate) mod polynomial;
