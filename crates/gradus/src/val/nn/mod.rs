//! What neural networks are made of, besides products.

pub(crate) mod activation;
pub(crate) mod attention;
