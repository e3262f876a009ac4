//! Layers, losses, optimizers and training loops as plain functions over gradus trees.

#![forbid(unsafe_code)]

mod checkpoint;
pub mod data;
mod fit;
mod initializers;
mod layers;
mod losses;
mod metrics;
mod optimizers;
mod progress;

pub use checkpoint::{CheckpointError, CheckpointFault, Difference, load, save};
pub use fit::{Fit, FitError, History};
pub use initializers::{Distribution, Fan, Initializer};
pub use layers::Dense;
pub use losses::{cross_entropy, mean_squared_error, softmax_cross_entropy};
pub use metrics::accuracy;
pub use optimizers::{
    Adam, AdamState, AdamW, Momentum, Optimizer, Sgd, SgdState, TrainState, Training, apply_updates,
};
pub use progress::Progress;
