//! [`Val`], the traced value that users compute with: it broadcasts and promotes.

/// A value inside a trace. Neither `PartialEq` nor `PartialOrd`: `x < y` must not compile to a `bool`.
#[derive(Clone, Copy, Debug)]
pub struct Val(pub(crate) gradus_ir::Val);

impl Val {
    pub(crate) fn from_ir(v: gradus_ir::Val) -> Val {
        Val(v)
    }
    pub(crate) fn ir(self) -> gradus_ir::Val {
        self.0
    }
    /// Element type and shape, known while tracing.
    #[track_caller]
    pub fn ty(self) -> gradus_ir::Type {
        self.0.ty()
    }
}
impl From<&crate::Array> for Val {
    fn from(array: &crate::Array) -> Val {
        Val::from_ir(gradus_ir::Val::array(array))
    }
}
