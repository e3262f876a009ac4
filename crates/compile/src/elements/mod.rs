//! The elemental emitter: the value of a graph's node at a position, as statements of a kernel.
//!
//! `fuse` writes nodes into kernels that are thrown away, to see what they read; `kernels` writes those that run.

mod emitter;
mod movement;
mod position;
mod reduction;
mod unrolled;
mod windows;

pub(crate) use emitter::Emitter;
pub(crate) use position::{Part, Position, address, scaled, sum};
pub(crate) use reduction::emit_scalars;
pub(crate) use windows::window_element;
