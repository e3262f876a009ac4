//! How often what a trace holds is differentiated, so that rules that nobody asks for are not traced.
//!
//! A function with a rule is two or three Programs, and a rule may call further functions with rules. Were every rule
//! traced, each would trace all of those below it, 2ⁿ for n inside one another. But the function itself is never
//! differentiated, for its rule stands in its place, and a rule once less often than the function: so few rules are
//! left, and where none is asked for the function stands alone.
//!
//! Invariant: every trace that [`Inner`](super::Inner) opens says how it compares with the one around it; the order is
//! never below the number of derivatives that are taken, and one above it in what is jitted, so that the rules that
//! nobody needs there are checked once.

use crate::Error;
use gradus_ir::trace::innermost;
use gradus_ir::{ErrorKind, SourceLocation};
use std::cell::Cell;

/// How often what a trace holds is differentiated, compared with the trace around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Never: a function that has a rule.
    Never,
    /// As often: bodies of loops and branches, lanes.
    Same,
    /// Once less: the rule of a function.
    Rule,
    /// That much more often: what `grad`, `vjp` and the like take the derivative of.
    More(u32),
    /// Nobody knows: a function that is traced once and kept, to be called from anywhere.
    Any,
}

/// What is jitted is not differentiated; the one is for checking rules.
pub(crate) const JITTED: Option<u32> = Some(1);

/// One rule traces at most so many others: that takes a second, and no rule is made of as many.
const MOST_RULES: u32 = 1 << 12;

thread_local! {
    /// The innermost trace whose order is known, and the order.
    static KNOWN: Cell<Option<(u32, u32)>> = const { Cell::new(None) };
    /// Rules inside one another that are being traced, and how many the outermost of them has traced.
    static RULES: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// How often what the innermost trace holds is differentiated at most; `None` if nobody knows.
fn here() -> Option<u32> {
    KNOWN.get().filter(|(trace, _)| innermost() == Some(*trace)).map(|(_, order)| order)
}

/// Whether what the innermost trace holds is never differentiated.
pub(crate) fn is_undifferentiated() -> bool {
    here() == Some(0)
}

impl Order {
    /// The order of a trace that is opened in the innermost one.
    pub(super) fn inside(self) -> Option<u32> {
        match self {
            Order::Never => Some(0),
            Order::Same => here(),
            Order::Rule => here().map(|order| order.saturating_sub(1)),
            Order::More(times) => here().map(|order| order + times),
            Order::Any => None,
        }
    }
}

/// Runs `f` in the trace that was opened just now and is of that order.
pub(super) fn of_order<R>(order: Option<u32>, f: impl FnOnce() -> R) -> R {
    let known = innermost().zip(order);
    let _restore = Restore(&KNOWN, KNOWN.replace(known));
    f()
}

/// Puts a cell back, also when user code panics.
struct Restore<T: Copy + 'static>(&'static std::thread::LocalKey<Cell<T>>, T);

impl<T: Copy + 'static> Drop for Restore<T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Runs `f`, which traces the rule of the function that was called at `place`.
///
/// If too many rules are traced inside of a rule it keeps an error and unwinds to the border: the functions that would
/// be called to make a result up would trace as many again.
pub(super) fn as_rule<R>(op: &'static str, place: SourceLocation, f: impl FnOnce() -> R) -> R {
    let (depth, count) = RULES.get();
    if count >= MOST_RULES {
        let message = format!(
            "{MOST_RULES} rules were traced inside of one rule: {depth} stand inside of one another here, and a rule \
             that differentiates a function with a rule several times traces that one as often, twice as many at each \
             level; differentiate it once, or call an `outline` of it, which is traced once"
        );
        gradus_ir::trace::abandon(Error::new(op, ErrorKind::invalid(message), place));
    }
    RULES.set((depth + 1, count + 1));
    let _leave = Leave;
    f()
}

/// One rule less is being traced; what the outermost one counted is forgotten with it.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        let (depth, count) = RULES.get();
        RULES.set((depth - 1, if depth == 1 { 0 } else { count }));
    }
}
