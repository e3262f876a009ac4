//! Layers: structures of parameters with a function from input to output. One file each.

mod batch_norm;
mod conv;
mod conv_transpose;
mod dense;
mod norms;
mod pool;
mod residual;
mod resnet;
mod shape;
mod squeeze_excite;
mod upsample;

#[cfg(test)]
mod properties_tests;

pub use batch_norm::BatchNorm;
pub use conv::{Border, Conv};
pub use conv_transpose::ConvTranspose;
pub use dense::Dense;
pub use norms::{GroupNorm, LayerNorm, RmsNorm};
pub use pool::{adaptive_avg_pool, adaptive_max_pool, global_avg_pool, global_max_pool};
pub use residual::{ConvNorm, InvertedResidual, ResidualBlock};
pub use resnet::{ResNet, ResNetSizes, Stem};
pub use squeeze_excite::SqueezeExcite;
pub use upsample::{pixel_shuffle, pixel_unshuffle, upsample};
