//! Equations of truth values, bits, choice and control.

use super::draft::{Draft, Rewrite};
use gradus_ir::ops::control::Control;
use gradus_ir::ops::elementwise::{Binary, Choice, Unary};
use gradus_ir::program::Var;
use gradus_ir::{Dtype, Op};

pub(super) const EQUATIONS: &[Rewrite] =
    &[not_not, and_or_of_same, and_or_with_constant, select_of_same, select_known, select_not, stop_gradient];

/// not(not(x)) = x
fn not_not(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    (*op == Unary::Not.into()).then(|| draft.operand_of(args[0], Unary::Not))?
}

/// and(x, x) = x, or(x, x) = x
fn and_or_of_same(_: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    (matches!(op, Op::Binary(Binary::And | Binary::Or)) && args[0] == args[1]).then(|| args[0])
}

/// and(x, true) = x, and(x, false) = false, or(x, false) = x, or(x, true) = true
fn and_or_with_constant(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let neutral = match op {
        Op::Binary(Binary::And) => 1.0,
        Op::Binary(Binary::Or) => 0.0,
        _ => return None,
    };
    let known = |i: usize| draft.dtype(args[i]) == Dtype::Bool && draft.uniform(args[i]).is_some();
    let constant = if known(0) { 0 } else { known(1).then_some(1)? };
    Some(if draft.is_all(args[constant], neutral) { args[1 - constant] } else { args[constant] })
}

/// select(p, x, x) = x
fn select_of_same(_: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    (matches!(op, Op::Choice(Choice::Select)) && args[1] == args[2]).then(|| args[1])
}

/// select(true, x, y) = x, select(false, x, y) = y
fn select_known(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    if !matches!(op, Op::Choice(Choice::Select)) {
        return None;
    }
    draft.uniform(args[0])?;
    Some(if draft.is_all(args[0], 1.0) { args[1] } else { args[2] })
}

/// select(not(p), x, y) = select(p, y, x)
fn select_not(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    if !matches!(op, Op::Choice(Choice::Select)) {
        return None;
    }
    let p = draft.operand_of(args[0], Unary::Not)?;
    Some(draft.write(Choice::Select, &[p, args[2], args[1]]))
}

/// stop_gradient(x) = x, for a simplified program is not differentiated any more
fn stop_gradient(_: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    matches!(op, Op::Control(Control::StopGradient)).then(|| args[0])
}
