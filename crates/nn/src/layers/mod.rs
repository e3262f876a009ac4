//! Layers: structures of parameters with a function from input to output. One file each.

mod dense;

pub use dense::Dense;
