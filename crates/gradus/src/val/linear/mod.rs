//! Products of vectors, matrices and tensors.

pub(crate) mod contract;
pub(crate) mod einsum;
pub(crate) mod ragged;
