//! [`Val`], the traced value that users compute with: it broadcasts and promotes.
//!
//! A `Val` is a handle of the strict `gradus_ir::Val` with one mark: whether its element type is *weak*, as
//! that of a Rust literal, and so yields to the other operand's. The mark travels with the handle: it
//! survives captures, costs nothing, and ends where a Program's results become new handles. Every public
//! function goes through [`Val::derive`], which keeps the user's line and stays silent on poisoned operands.

use crate::val::operand::literal::Literal;
use crate::{Array, Complex, Dtype, Error, ErrorKind, Type};
use gradus_ir::{SourceLocation, trace as ir};
use std::fmt;

/// A value inside a trace. Neither `PartialEq` nor `PartialOrd`: `x < y` must not compile to a `bool`.
///
/// It is a small `Copy` handle. Operators follow NumPy and JAX: shapes broadcast, element types promote,
/// and literals (`f64` and `i64`, on either side) take the element type of the other operand.
#[derive(Clone, Copy)]
pub struct Val(u64);

/// The mark of a weak element type.
const WEAK: u64 = 1 << 31;

/// What promotion and broadcasting know of an operand.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) ty: Type,
    pub(crate) weak: bool,
}

impl Val {
    /// The value of a strict handle; its element type is not weak.
    pub(crate) fn from_ir(v: gradus_ir::Val) -> Val {
        Val(v.to_bits())
    }
    /// The strict handle. A literal is written into the innermost trace.
    #[track_caller]
    pub(crate) fn ir(self) -> gradus_ir::Val {
        match self.literal() {
            Some(literal) => literal.write(literal.dtype()),
            None => gradus_ir::Val::from_bits(self.0),
        }
    }
    /// The same value with the mark set or not.
    pub(crate) fn with_weak(self, weak: bool) -> Val {
        Val(if weak { self.0 | WEAK } else { self.0 & !WEAK })
    }
    /// Whether the element type yields to that of another operand, as a literal's does.
    pub fn is_weak(self) -> bool {
        self.literal().map_or(self.0 & WEAK != 0, Literal::is_weak)
    }
    /// The literal, if it is one that no operation has read yet. Trace 0 stands for the table of literals.
    pub(crate) fn literal(self) -> Option<Literal> {
        (self.0 >> 32 == 0 && !self.is_refused()).then(|| Literal::at(self.0 as u32))
    }
    /// The integer, if it is a literal written as one.
    pub(crate) fn integer_literal(self) -> Option<i64> {
        self.literal().and_then(Literal::integer)
    }
    /// Whether it is that number, known from the program's text.
    pub(crate) fn is_number(self, x: f64) -> bool {
        self.literal().is_some_and(|literal| literal == Literal::Float(x.to_bits()))
    }
    /// Whether both are one value: the result of one operation, or one parameter. Nothing is computed.
    pub fn is_same(self, other: Val) -> bool {
        self.0 & !WEAK == other.0 & !WEAK
    }
    /// Whether an error left this value behind.
    pub(crate) fn is_refused(self) -> bool {
        gradus_ir::Val::from_bits(self.0).is_poisoned()
    }
    /// Type and mark.
    ///
    /// # Errors
    /// `None` for a poisoned value, else why the trace does not know it.
    pub(crate) fn known(self) -> Result<Known, Option<ErrorKind>> {
        let ty = match self.literal() {
            Some(literal) => Type::scalar(literal.dtype()),
            None => gradus_ir::Val::from_bits(self.0).try_ty()?,
        };
        Ok(Known { ty, weak: self.is_weak() })
    }

    /// Whether its elements are complex; a value that is not known has none.
    pub(crate) fn holds_complex(self) -> bool {
        self.known().is_ok_and(|known| known.ty.dtype.is_complex())
    }
    /// The door of every public function: runs `f` on what is known of `args`, as `op` at the caller's line.
    ///
    /// If an operand is poisoned, or `f` refuses, the result is poisoned.
    #[track_caller]
    pub(crate) fn derive(
        op: &'static str,
        args: &[Val],
        f: impl FnOnce(&[Known]) -> Result<Val, ErrorKind>,
    ) -> Val {
        let place = ir::current_place();
        let known: Result<smallvec::SmallVec<[Known; 4]>, _> = args.iter().map(|v| v.known()).collect();
        match known.and_then(|known| ir::called_at(op, place, || f(&known)).map_err(Some)) {
            Ok(v) => v,
            Err(Some(kind)) => Val::refuse(op, kind, place),
            Err(None) => Val::poisoned(),
        }
    }
    /// [`Val::derive`] with one operand.
    #[track_caller]
    pub(crate) fn derive1(self, op: &'static str, f: impl FnOnce(&Type) -> Result<Val, ErrorKind>) -> Val {
        Val::derive(op, &[self], |known| f(&known[0].ty))
    }
    /// Keeps the first error of the trace.
    pub(crate) fn refuse(op: &'static str, kind: ErrorKind, place: SourceLocation) -> Val {
        Val::from_ir(ir::refuse(Error::new(op, kind, place)))
    }
    pub(crate) fn poisoned() -> Val {
        Val::from_ir(gradus_ir::Val::poisoned())
    }

    /// The extents, known while tracing.
    ///
    /// A value that a refused operation left behind has none: the call unwinds to the enclosing `jit` or
    /// `trace`, which returns the first error.
    ///
    /// ```
    /// use gradus::{Array, Val, trace};
    /// let p = trace(|x: &Val| {
    ///     assert_eq!(x.shape(), [2, 3]);
    ///     x * 2.0
    /// });
    /// # let _ = p;
    /// ```
    #[track_caller]
    pub fn shape(self) -> Vec<usize> {
        self.ty().shape.dims().to_vec()
    }
    /// The extents of the axes as an array: `let [n, h, w, c] = x.dims();`.
    ///
    /// Of another number of axes the enclosing `jit` or `trace` returns `Err`, and no line after it runs.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| {
    ///     let [n, m] = x.dims();
    ///     x.reshape([m, n])
    /// });
    /// assert_eq!(f(&Array::from([[1.0f32, 2.0]]))?.shape(), [2, 1]);
    /// let error = f(&Array::from(1.0f32)).unwrap_err().to_string();
    /// assert!(error.starts_with("dims: f32[] has 0 axes, not 2"), "{error}");
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn dims<const N: usize>(self) -> [usize; N] {
        let (place, ty) = (ir::current_place(), self.ty());
        let dims = ty.shape.dims();
        <[usize; N]>::try_from(&dims[..]).unwrap_or_else(|_| {
            let message =
                format!("{ty} has {} axes, not {N}; give a value of {N}, or ask for its `shape`", ty.rank());
            ir::abandon(Error::new("dims", ErrorKind::invalid(message), place))
        })
    }
    /// The number of axes, known while tracing. See [`Val::shape`].
    #[track_caller]
    pub fn rank(self) -> usize {
        self.ty().rank()
    }
    /// The number of elements, known while tracing. See [`Val::shape`].
    #[track_caller]
    pub fn size(self) -> usize {
        self.ty().shape.size()
    }
    /// The type of the elements, known while tracing. See [`Val::shape`].
    #[track_caller]
    pub fn dtype(self) -> Dtype {
        self.ty().dtype
    }
    /// Element type and shape, known while tracing. See [`Val::shape`].
    #[track_caller]
    pub fn ty(self) -> Type {
        match self.literal() {
            Some(literal) => Type::scalar(literal.dtype()),
            None => gradus_ir::Val::from_bits(self.0).ty(),
        }
    }
}

/// A captured `Array` becomes a hidden operand of the trace.
impl From<&Array> for Val {
    #[track_caller]
    fn from(array: &Array) -> Val {
        Val::from_ir(gradus_ir::Val::array(array))
    }
}
impl From<&Val> for Val {
    fn from(v: &Val) -> Val {
        *v
    }
}
macro_rules! literals {
    ($($T:ty, $x:ident => $literal:expr;)*) => { $(
        impl From<$T> for Val {
            fn from($x: $T) -> Val { Val(u64::from($literal.index())) }
        }
    )* };
}
// `i32` must be among them: that is what a bare `0` falls back to when several types fit.
literals! {
    f64, x => Literal::Float(x.to_bits());
    Complex<f64>, z => Literal::Complex(z.re.to_bits(), z.im.to_bits());
    i64, x => Literal::Int(x);
    i32, x => Literal::Int(x.into());
    u32, x => Literal::Int(x.into());
    usize, x => Literal::Int(i64::try_from(x).unwrap_or(i64::MAX));
    bool, x => Literal::Bool(x);
}

/// Runs `f`, whose closures do not know the caller's line, at it, as `op`.
#[track_caller]
pub(crate) fn at_caller<R>(op: &'static str, f: impl FnOnce() -> R) -> R {
    ir::called_at(op, ir::current_place(), f)
}

impl fmt::Debug for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.literal() {
            _ if self.is_refused() => f.write_str("Val(refused)"),
            Some(literal) => write!(f, "Val({literal})"),
            None => write!(f, "Val({}:%{})", self.0 >> 32, self.0 & (WEAK - 1)),
        }
    }
}
