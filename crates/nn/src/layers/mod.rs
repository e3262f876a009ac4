//! Layers: structures of parameters with a function from input to output. One file each.

mod attention;
#[cfg(test)]
mod checks;
mod dense;
mod embedding;
mod graph;
mod layer_norm;
mod mlp;
mod recurrent;
mod transformer;

pub use attention::{
    KvCache, MultiHeadAttention, Positions, Rotary, RotaryForm, alibi_slopes, key_mask, padding_mask,
    sinusoidal_positions,
};
pub use dense::Dense;
pub use embedding::Embedding;
pub use graph::{Aggregation, DirectedMessagePassing, Edges, GraphConv, MessagePassing};
pub use layer_norm::{LayerNorm, RmsNorm};
pub use mlp::{Activation, Mlp};
pub use recurrent::{
    Directions, Gru, GruCell, GruForm, Lstm, LstmCell, LstmState, Recurrent, RecurrentCell, Rnn,
    RnnActivation, RnnCell,
};
pub use transformer::{
    DecoderBlock, DecoderCache, EncoderBlock, Norm, NormKind, NormOrder, Transformer, TransformerDecoder,
    TransformerEncoder,
};
