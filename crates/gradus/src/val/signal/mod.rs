//! Windows that slide over a value: convolutions, pooling, images, window functions.

pub(crate) mod convolution;
pub(crate) mod image;
pub(crate) mod window;
pub(crate) mod window_functions;
pub(crate) mod window_padding;
