//! Layers, losses, optimizers and training loops as plain functions over gradus trees.
//!
//! A model is a structure of arrays, a train step is a jitted function of a state:
//!
//! ```
//! use gradus::{Array, Val, jit, random, value_and_grad};
//! use gradus_nn::{Adam, Dense, Initializer, Optimizer, TrainState, Training, mean_squared_error};
//!
//! fn loss(model: &Dense<Val>, x: &Val, y: &Val) -> Val {
//!     mean_squared_error(&model.apply(x), y)
//! }
//!
//! let adam = Adam::new(0.1);
//! let step = jit(move |state: &mut Training<Dense<Val>, Adam>, x: &Val, y: &Val| {
//!     let (loss, grads) = value_and_grad(loss)(&state.model, x, y);
//!     state.apply(&adam, &grads);
//!     loss
//! });
//!
//! let model = jit(|key: &Val| Dense::new(key, 1, 1, Initializer::GLOROT_UNIFORM))(&random::seed(0))?;
//! let mut state = TrainState { optimizer: adam.start(&model)?, model };
//! let (x, y) = (Array::from([[0.0f32], [1.0]]), Array::from([[1.0f32], [3.0]]));
//! let first = step(&mut state, &x, &y)?.item::<f32>()?;
//! for _ in 0..20 {
//!     step(&mut state, &x, &y)?;
//! }
//! assert!(step(&mut state, &x, &y)?.item::<f32>()? < first / 4.0);
//! # Ok::<(), gradus::Error>(())
//! ```

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
