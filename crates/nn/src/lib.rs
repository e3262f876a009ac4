//! Layers, losses, optimizers and training loops as plain functions over gradus trees.

#![forbid(unsafe_code)]

pub mod data;
