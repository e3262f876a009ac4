//! How a pass writes a Program: by tracing, so that rules are ordinary formulas over values.

use gradus_ir::trace::{Poisoned, refuse};
use gradus_ir::{Error, Program, SourceLocation, Traced, Type, Val, trace};

/// The program that `f` writes on values of `types`.
pub(crate) fn write(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Program {
    let traced = write_with_captures(types, f);
    assert!(traced.captures.is_empty(), "internal: a pass read a value of another program");
    traced.program
}

/// [`write`], in which values of the enclosing trace may be read: they become parameters after those of `types`.
pub(crate) fn write_with_captures(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Traced {
    trace(SourceLocation::unknown(), types, f).unwrap_or_else(|error| abandon(error))
}

/// What a rule refuses is the user's mistake: the error goes to the enclosing trace and unwinds to its border.
fn abandon(error: Error) -> ! {
    refuse(error);
    std::panic::resume_unwind(Box::new(Poisoned))
}

/// The items whose flag is set.
pub(crate) fn marked<'a, T>(
    items: impl IntoIterator<Item = T> + 'a,
    flags: &'a [bool],
) -> impl Iterator<Item = T> + 'a {
    items.into_iter().zip(flags).filter_map(|(item, flag)| flag.then_some(item))
}

/// One entry for each flag: the next of `values` where it is set.
pub(crate) fn spread(values: &[Val], flags: &[bool]) -> Vec<Option<Val>> {
    let mut values = values.iter().copied();
    let mut next = || values.next().expect("internal: a value for each flag that is set");
    flags.iter().map(|&flag| flag.then(&mut next)).collect()
}

/// Zeros of type `ty` in the current trace.
pub(crate) fn zeros(ty: &Type) -> Val {
    Val::zeros(ty.clone())
}
