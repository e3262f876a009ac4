//! Layers: structures of parameters with a function from input to output. One file each.

mod dense;
mod embedding;
mod layer_norm;
mod recurrent;

pub use dense::Dense;
pub use embedding::Embedding;
pub use layer_norm::{LayerNorm, RmsNorm};
pub use recurrent::{
    Directions, Gru, GruCell, GruForm, Lstm, LstmCell, LstmState, Recurrent, RecurrentCell, Rnn,
    RnnActivation, RnnCell,
};
