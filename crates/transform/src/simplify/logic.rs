//! Equations of truth values, bits, choice and control.

use super::draft::{Draft, Rewrite};
use gradus_ir::ops::control::Control;
use gradus_ir::ops::elementwise::{Binary, Choice, Unary};
use gradus_ir::program::Var;
use gradus_ir::{Dtype, Op};

pub(super) const EQUATIONS: &[Rewrite] = &[
    not_not,
    and_or_of_same,
    and_or_with_constant,
    select_of_same,
    select_known,
    select_not,
    select_of_select,
    stop_gradient,
];

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

/// select(p, select(p, x, _), y) = select(p, x, y), select(p, x, select(p, _, y)) = select(p, x, y); so with not(p)
fn select_of_select(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    if !matches!(op, Op::Choice(Choice::Select)) {
        return None;
    }
    let picked = |var: Var, holds: bool| {
        let eqn = draft.definition(var).filter(|eqn| matches!(eqn.op, Op::Choice(Choice::Select)))?;
        let holds = if same(draft, eqn.args[0], args[0]) {
            holds
        } else if opposite(draft, eqn.args[0], args[0]) {
            !holds
        } else {
            return None;
        };
        Some(if holds { eqn.args[1] } else { eqn.args[2] })
    };
    let (x, y) = (picked(args[1], true), picked(args[2], false));
    let choice = [args[0], x.unwrap_or(args[1]), y.unwrap_or(args[2])];
    (x.is_some() || y.is_some()).then(|| draft.write(Choice::Select, &choice))
}

/// What both are moved from, if they are moved in the same way.
fn moved_alike(draft: &Draft, p: Var, q: Var) -> Option<(Var, Var)> {
    let ((of_p, x), (of_q, y)) = (draft.movement(p)?, draft.movement(q)?);
    let alone = |v: Var| draft.definition(v).is_some_and(|eqn| eqn.args.len() == 1);
    (of_p == of_q && alone(p) && alone(q)).then_some((x, y))
}

/// Whether p = q
fn same(draft: &Draft, p: Var, q: Var) -> bool {
    p == q || moved_alike(draft, p, q).is_some_and(|(x, y)| same(draft, x, y))
}

/// Whether p = not(q)
fn opposite(draft: &Draft, p: Var, q: Var) -> bool {
    let negates = |p: Var, q: Var| draft.operand_of(p, Unary::Not).is_some_and(|x| same(draft, x, q));
    negates(p, q) || negates(q, p) || moved_alike(draft, p, q).is_some_and(|(x, y)| opposite(draft, x, y))
}

/// stop_gradient(x) = x, for a simplified program is not differentiated any more
fn stop_gradient(_: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    matches!(op, Op::Control(Control::StopGradient)).then(|| args[0])
}
