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
pub mod metrics;
mod optimizers;
mod parameters;
mod progress;
mod state;
mod summary;
#[cfg(test)]
mod test_folder;
mod weights;

pub use checkpoint::{CheckpointError, CheckpointFault, Checkpoints, Difference, Goal, Snapshot, load, save};
pub use context::Context;
pub use fit::{
    Callback, CallbackError, Collect, CsvLog, EarlyStopping, Ended, EventWriter, Fed, Feed, FeedError, Fit,
    FitError, Fitted, History, Interrupt, MaskedLoader, Means, Meter, Moment, Next, NotANumber, TensorBoard,
    evaluate, evaluate_with, predict,
};
pub use initializers::{Distribution, Fan, Initializer};
pub use keys::{Keys, init};
pub use layers::Dense;
pub use layers::{
    Activation, DecoderBlock, DecoderCache, EncoderBlock, Mlp, Norm, NormKind, NormOrder, Transformer,
    TransformerDecoder, TransformerEncoder,
};
pub use layers::{Aggregation, DirectedMessagePassing, Edges, GraphConv, MessagePassing};
pub use layers::{BatchNorm, Border, Conv, ConvTranspose, GroupNorm, LayerNorm, RmsNorm};
pub use layers::{ConvNorm, InvertedResidual, ResNet, ResNetSizes, ResidualBlock, SqueezeExcite, Stem};
pub use layers::{
    Directions, Embedding, Gru, GruCell, GruForm, Lstm, LstmCell, LstmState, Recurrent, RecurrentCell, Rnn,
    RnnActivation, RnnCell,
};
pub use layers::{
    KvCache, MultiHeadAttention, Positions, Rotary, RotaryForm, alibi_slopes, key_mask, padding_mask,
    sinusoidal_positions,
};
pub use layers::{adaptive_avg_pool, adaptive_max_pool, global_avg_pool, global_max_pool};
pub use layers::{pixel_shuffle, pixel_unshuffle, upsample};
pub use losses::{
    CrossEntropy, Ctc, Reduction, SigmoidCrossEntropy, absolute_error, box_iou, complete_iou_loss,
    cosine_distance, cosine_similarity, cross_entropy, dice, distance_iou_loss, gaussian_nll,
    generalized_iou_loss, hinge, huber, info_nce, iou_loss, kl_divergence, l1_penalty, l2_penalty, log_cosh,
    mean_absolute_error, mean_squared_error, multiclass_hinge, poisson_nll, sigmoid_cross_entropy,
    sigmoid_focal, softmax_cross_entropy, softmax_focal, squared_error, triplet,
};
pub use metrics::accuracy;
pub use optimizers::{
    Adadelta, AdadeltaState, Adagrad, Adam, AdamState, AdamW, AddDecayedWeights, AmsGrad, AmsGradState,
    ApplyIfFinite, ApplyIfFiniteState, Backtracking, Clip, ClipByBlockRms, ClipByGlobalNorm, ClipByNorm,
    Cosine, Descent, Exponential, Freeze, Lbfgs, LbfgsState, LearningRate, LineSearch, Lion, Masked, Minimum,
    MultiSteps, MultiStepsState, Nadam, OneCycle, Optimizer, ParameterEma, ParameterEmaState, Partition,
    Piecewise, Polynomial, RateState, RmsProp, RmsPropState, RmsState, Scale, ScaleByAdadelta,
    ScaleByAdagrad, ScaleByAdam, ScaleByAmsGrad, ScaleByLbfgs, ScaleByLbfgsState, ScaleByLion, ScaleByRms,
    Schedule, Sgd, Trace, WarmUpCosine, Zoom,
};
pub use parameters::{Parameters, apply_updates};
pub use progress::Progress;
pub use state::{Loss, TrainState, Trained, Training, loss_and_grads};
pub use summary::{LayerSummary, Summary, summary};
pub use weights::{Weight, WeightMap, load_matching, tensors_in};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/training.md")]
mod training_document {}
