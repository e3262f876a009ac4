//! What the rules of loops and branches share: bodies written anew, flags, zeros that must be written down.

use super::Tape;
use crate::ops::effect::inline_masked;
use crate::ops::{Lanes, Operand, Passes, Remaining, Rules};
use crate::trace::{Poisoned, Val, Vals, at_place, current_place, refuse, trace};
use crate::{Dtype, Error, ErrorKind, Program, SourceLocation, Type, bind1};
use std::sync::Arc;

/// The Program that `f` writes on values of `types`.
pub(super) fn write(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    let place = current_place();
    match trace(SourceLocation::unknown(), types, |x| at_place(place, || f(x))) {
        Ok(traced) => {
            assert!(traced.captures.is_empty(), "internal: a body reads its parameters only");
            Arc::new(traced.program)
        }
        // What a rule refuses is the user's mistake: it goes to the enclosing trace and unwinds to its border.
        Err(error) => {
            refuse(error);
            std::panic::resume_unwind(Box::new(Poisoned))
        }
    }
}

/// The Program with one more parameter, the first: a bool, and what it does besides computing it does where that holds.
pub(super) fn mask_first(program: &Program) -> Arc<Program> {
    let types: Vec<Type> = [Type::scalar(Dtype::Bool)].iter().chain(program.param_types()).cloned().collect();
    write(&types, |x| inline_masked(program, &x[1..], x[0]))
}

/// The items whose flag is set.
pub(super) fn marked<T: Clone>(items: &[T], flags: &[bool]) -> Vec<T> {
    items.iter().zip(flags).filter(|(_, flag)| **flag).map(|(item, _)| item.clone()).collect()
}

/// One entry for each flag: the next of `values` where it is set.
pub(super) fn spread<T>(values: impl IntoIterator<Item = T>, flags: &[bool]) -> Vec<Option<T>> {
    let mut values = values.into_iter();
    let mut next = || values.next().expect("internal: a value for each flag that is set");
    flags.iter().map(|flag| flag.then(&mut next)).collect()
}

/// How many flags are set.
pub(super) fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|flag| **flag).count()
}

/// `flags` or `more`; whether that changed `flags`.
pub(super) fn join(flags: &mut [bool], more: &[bool]) -> bool {
    let before = count(flags);
    flags.iter_mut().zip(more).for_each(|(flag, more)| *flag |= more);
    count(flags) > before
}

/// `flags` and `others`; whether that changed `flags`.
pub(super) fn meet(flags: &mut [bool], others: &[bool]) -> bool {
    let before = count(flags);
    flags.iter_mut().zip(others).for_each(|(flag, other)| *flag &= other);
    count(flags) < before
}

/// The values whose flag is set, zeros of `types` where they are symbolic.
pub(super) fn dense(values: &[Option<Val>], types: &[Type], flags: &[bool]) -> Vec<Val> {
    let all = values.iter().zip(types).zip(flags).filter(|(_, flag)| **flag);
    all.map(|((v, ty), _)| v.unwrap_or_else(|| Val::zeros(ty.clone()))).collect()
}

/// The type in a batch.
pub(super) fn widened(ty: &Type, mapped: bool, size: usize) -> Type {
    if mapped { ty.with_shape(ty.shape.with_axis(0, size)) } else { ty.clone() }
}

/// `v` with the lanes' axis.
pub(super) fn everywhere(v: Val, mapped: bool, size: usize) -> Val {
    if mapped { v } else { v.repeat_leading(size) }
}
/// [`Rules::batch`] by [`Rules::batch_marked`]: what is the same in every lane is repeated.
pub(super) fn batch_all(
    rules: &dyn Rules,
    passes: &dyn Passes,
    args: &[Val],
    mapped: &[bool],
    lanes: Lanes,
) -> Vals {
    let (results, mapped) = rules.batch_marked(passes, args, mapped, lanes);
    results.into_iter().zip(mapped).map(|(v, mapped)| everywhere(v, mapped, lanes.size)).collect()
}

/// Lane by lane, `x` where `active`, of one flag for each lane, holds, else `y`.
pub(super) fn choose(active: Val, x: Val, y: Val) -> Val {
    let ty = x.ty();
    if ty.is_tape() {
        return bind1(Tape::Select, &[active, x, y]);
    }
    let shape = ty.shape;
    let active = if shape.rank() == 1 { active } else { active.broadcast(shape, &[0]) };
    active.select(x, y)
}

/// Cotangents of an operation of which some operands only lead to known results: those are computed first, and what
/// remains is transposed.
pub(super) fn transpose_by_split(
    op: &dyn Rules,
    passes: &dyn Passes,
    ct: &[Option<Val>],
    args: &[Operand],
) -> Vec<Option<Val>> {
    let known: Vec<Option<Val>> = args.iter().map(Operand::known).collect();
    let Some(split) = op.split(passes, &known) else {
        let message = "how often it runs depends on what it is linear in";
        refuse(Error::new(op.name(), ErrorKind::invalid(message), current_place()));
        std::panic::resume_unwind(Box::new(Poisoned))
    };
    let operand = |remaining: &Remaining| match remaining {
        Remaining::Known(v) => Operand::Known(*v),
        Remaining::Operand(i) => args[*i].clone(),
    };
    let operands: Vec<Operand> = split.operands.iter().map(operand).collect();
    let unknown: Vec<bool> = split.known.iter().map(Option::is_none).collect();
    let ct = marked(ct, &unknown);
    let mut cotangents = vec![None; args.len()];
    if ct.iter().all(Option::is_none) {
        return cotangents;
    }
    let back = split.rest.rules().transpose(passes, &ct, &operands);
    for (remaining, ct) in split.operands.iter().zip(back) {
        if let Remaining::Operand(i) = remaining {
            cotangents[*i] = ct;
        }
    }
    cotangents
}
