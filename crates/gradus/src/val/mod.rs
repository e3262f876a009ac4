//! [`Val`], the traced value that users compute with: it broadcasts and promotes.

/// A value inside a trace. Neither `PartialEq` nor `PartialOrd`: `x < y` must not compile to a `bool`.
#[derive(Clone, Copy, Debug)]
pub struct Val(pub(crate) gradus_ir::Val);
