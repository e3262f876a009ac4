//! Layers, losses, optimizers and training loops as plain functions over gradus trees.

#![forbid(unsafe_code)]

mod checkpoint;
pub mod data;
mod optimizers;
mod progress;

pub use checkpoint::{CheckpointError, CheckpointFault, Difference, load, save};
pub use optimizers::*;
pub use progress::Progress;
