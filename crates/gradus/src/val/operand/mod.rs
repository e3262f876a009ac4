//! What every function does with its operands: the handle, literals, axes, promotion, broadcasting, operators.

pub(crate) mod axes;
pub(crate) mod broadcast;
pub(crate) mod handle;
pub(crate) mod literal;
pub(crate) mod operators;
pub(crate) mod promote;
pub(crate) mod strict;
