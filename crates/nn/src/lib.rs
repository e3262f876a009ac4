//! Layers, losses, optimizers and training loops as plain functions over gradus trees.
//!
//! A model is a structure of arrays, a train step is a jitted function of a state:
//!
//! ```
//! use gradus::{Array, Tree, Val, jit};
//! use gradus_nn::{Adam, Context, Dense, Keys, TrainState, Training, init, mean_squared_error};
//!
//! #[derive(Tree, Clone)]
//! struct Net<T = Array> { hidden: Dense<T>, output: Dense<T> }
//!
//! impl Net<Val> {
//!     fn new(keys: &Keys) -> Net<Val> {
//!         Net { hidden: Dense::new(keys, 1, 32), output: Dense::new(keys, 32, 1) }
//!     }
//!     fn apply(&self, x: &Val, ctx: &Context) -> Val {
//!         let h = ctx.dropout(self.hidden.apply(x).tanh(), 0.1); // [n, 32]
//!         self.output.apply(&h)                                  // [n, 1]
//!     }
//! }
//!
//! let adam = Adam::new(0.01);
//! let mut state = TrainState::new(init(0, Net::new)?, &adam, 1)?;
//! let step = jit(move |state: &mut Training<Net<Val>, Adam>, x: &Val, y: &Val| {
//!     state.step(&adam, |net, ctx| mean_squared_error(&net.apply(x, ctx), y))
//! });
//! let (x, y) = (Array::from([[0.0f32], [1.0]]), Array::from([[1.0f32], [3.0]]));
//! let first = step(&mut state, &x, &y)?.item::<f32>()?;
//! for _ in 0..200 {
//!     step(&mut state, &x, &y)?;
//! }
//! let predict = jit(|net: &Net<Val>, x: &Val| net.apply(x, &Context::evaluation()));
//! assert!((predict(&state.model, &x)?.to_vec::<f32>()?[1] - 3.0).abs() < 0.5 * first);
//! # Ok::<(), gradus::Error>(())
//! ```

#![forbid(unsafe_code)]

mod checkpoint;
mod context;
pub mod data;
mod fit;
mod initializers;
mod keys;
mod layers;
mod losses;
mod metrics;
mod optimizers;
mod parameters;
mod progress;
mod state;

pub use checkpoint::{CheckpointError, CheckpointFault, Difference, load, save};
pub use context::Context;
pub use fit::{Fit, FitError, History};
pub use initializers::{Distribution, Fan, Initializer};
pub use keys::{Keys, init};
pub use layers::{
    Activation, Aggregation, DecoderBlock, DecoderCache, Dense, DirectedMessagePassing, Directions, Edges,
    Embedding, EncoderBlock, GraphConv, Gru, GruCell, GruForm, KvCache, LayerNorm, Lstm, LstmCell, LstmState,
    MessagePassing, Mlp, MultiHeadAttention, Norm, NormKind, NormOrder, Positions, Recurrent, RecurrentCell,
    RmsNorm, Rnn, RnnActivation, RnnCell, Rotary, RotaryForm, Transformer, TransformerDecoder,
    TransformerEncoder, alibi_slopes, key_mask, padding_mask, sinusoidal_positions,
};
pub use losses::{cross_entropy, mean_squared_error, softmax_cross_entropy};
pub use metrics::accuracy;
pub use optimizers::{Adam, AdamState, AdamW, Momentum, Optimizer, Sgd, SgdState};
pub use parameters::{Parameters, apply_updates};
pub use progress::Progress;
pub use state::{Loss, TrainState, Trained, Training, loss_and_grads};
