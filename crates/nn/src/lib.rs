//! Layers, losses, optimizers and training loops as plain functions over gradus trees.

#![forbid(unsafe_code)]

pub mod data;
mod progress;

pub use progress::Progress;
