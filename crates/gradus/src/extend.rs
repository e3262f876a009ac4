//! What functions of one's own need to speak as those of the library do: errors under their name, at the user's line.

use crate::val::at_caller;
use crate::{Error, ErrorKind, Val, engine};

/// Runs `f` such that errors of what it does bear the name `op` and the line of the caller.
///
/// For functions that users call, which are themselves `#[track_caller]`.
///
/// ```
/// use gradus::{Array, Val, as_operation, jit};
/// #[track_caller]
/// fn project(x: &Val, w: &Val) -> Val {
///     as_operation("project", || x.dot(w))
/// }
/// let error = jit(|x: &Val, w: &Val| project(x, w))(&Array::from([1.0f32]), &Array::from([1.0f32, 2.0])).unwrap_err();
/// assert!(error.to_string().starts_with("project: "), "{error}");
/// ```
#[track_caller]
pub fn as_operation<R>(op: &'static str, f: impl FnOnce() -> R) -> R {
    at_caller(op, f)
}

/// Makes the enclosing `jit` or `trace` return an `Err` with `message`, the name `op` and the line of the caller.
///
/// The value stands for what cannot be computed; operations on it are silent. Only the first error is returned.
///
/// ```
/// use gradus::{Array, Val, jit, refuse};
/// let f = jit(|x: &Val| if x.rank() == 2 { *x } else { refuse("rows", format!("{} has no rows", x.ty())) });
/// let error = f(&Array::from(1.0f32)).unwrap_err().to_string();
/// assert!(error.starts_with("rows: f32[] has no rows"), "{error}");
/// ```
#[track_caller]
pub fn refuse(op: &'static str, message: impl Into<String>) -> Val {
    let place = gradus_ir::trace::current_place();
    engine::refuse(Error::new(op, ErrorKind::invalid(message.into()), place))
}
