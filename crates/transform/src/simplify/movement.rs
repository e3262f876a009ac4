//! Equations of movements: two in a row are one, and one that moves nothing is none.
//!
//! The normal form of what only adds or drops axes of extent 1 is `reshape`.

use super::draft::{Draft, Rewrite};
use gradus_ir::Op;
use gradus_ir::ops::movement::Movement;
use gradus_ir::program::Var;

pub(super) const EQUATIONS: &[Rewrite] = &[broadcast_to_same, broadcast_of_broadcast];

/// broadcast(x) = x to the shape that x has
fn broadcast_to_same(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Broadcast { shape, .. }) = op else { return None };
    (draft.shape(args[0]) == shape).then(|| args[0])
}

/// broadcast(broadcast(x)) = broadcast(x)
fn broadcast_of_broadcast(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Broadcast { shape, dims: outer }) = op else { return None };
    let (Movement::Broadcast { dims: inner, .. }, x) = draft.movement(args[0])? else { return None };
    let dims = inner.iter().map(|d| outer[*d]).collect();
    Some(draft.write(Movement::Broadcast { shape: shape.clone(), dims }, &[x]))
}
