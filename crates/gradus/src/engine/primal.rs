//! Traces whose Programs are never differentiated: the function of a `custom_jvp` or `custom_vjp`, for which its rule
//! stands under every derivative.
//!
//! A rule inside of such a function is never asked for, so it is not traced: else each of the two Programs of a rule
//! would trace both of the next one, 2ⁿ for n rules inside one another. Invariant: a trace is such a one only if it
//! runs in [`undifferentiated`], or is the body of a loop, a branch or a `vmap` directly inside of one
//! ([`Outside`]); any other, as that of a `grad` or of a function that is traced once and kept, is not.

use gradus_ir::trace::innermost;
use std::cell::Cell;

thread_local!(static PRIMAL: Cell<Option<u32>> = const { Cell::new(None) });

/// Whether the innermost trace is never differentiated.
pub(crate) fn is_undifferentiated() -> bool {
    innermost().is_some_and(|trace| PRIMAL.get() == Some(trace))
}

/// Restores what was, also when user code panics.
struct Restore(Option<u32>);

impl Drop for Restore {
    fn drop(&mut self) {
        PRIMAL.set(self.0);
    }
}

/// Runs `f`, which traces inside of a trace opened just now, as the body of one that is never differentiated.
pub(crate) fn undifferentiated<R>(f: impl FnOnce() -> R) -> R {
    let _restore = Restore(PRIMAL.replace(innermost()));
    f()
}

/// Whether what is traced in a trace opened next belongs to one that is never differentiated.
#[derive(Clone, Copy)]
pub(super) struct Outside(bool);

impl Outside {
    pub(super) fn here() -> Outside {
        Outside(is_undifferentiated())
    }
    /// Runs `f` in the trace that was opened.
    pub(super) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        if self.0 { undifferentiated(f) } else { f() }
    }
}
