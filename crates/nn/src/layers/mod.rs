//! Layers: structures of parameters with a function from input to output. One file each.

mod attention;
mod batch_norm;
#[cfg(test)]
mod checks;
mod conv;
mod conv_transpose;
mod dense;
mod embedding;
mod graph;
mod mlp;
mod norms;
mod pool;
mod recurrent;
mod residual;
mod resnet;
mod shape;
mod squeeze_excite;
mod transformer;
mod upsample;

#[cfg(test)]
mod properties_tests;

pub use attention::{
    KvCache, MultiHeadAttention, Positions, Rotary, RotaryForm, alibi_slopes, key_mask, padding_mask,
    sinusoidal_positions,
};
pub use batch_norm::BatchNorm;
pub use conv::{Border, Conv};
pub use conv_transpose::ConvTranspose;
pub use dense::Dense;
pub use embedding::Embedding;
pub use graph::{Aggregation, DirectedMessagePassing, Edges, GraphConv, MessagePassing};
pub use mlp::{Activation, Mlp};
pub use norms::{GroupNorm, LayerNorm, RmsNorm};
pub use pool::{adaptive_avg_pool, adaptive_max_pool, global_avg_pool, global_max_pool};
pub use recurrent::{
    Directions, Gru, GruCell, GruForm, Lstm, LstmCell, LstmState, Recurrent, RecurrentCell, Rnn,
    RnnActivation, RnnCell,
};
pub use residual::{ConvNorm, InvertedResidual, ResidualBlock};
pub use resnet::{ResNet, ResNetSizes, Stem};
pub use squeeze_excite::SqueezeExcite;
pub use transformer::{
    DecoderBlock, DecoderCache, EncoderBlock, Norm, NormKind, NormOrder, Transformer, TransformerDecoder,
    TransformerEncoder,
};
pub use upsample::{pixel_shuffle, pixel_unshuffle, upsample};
