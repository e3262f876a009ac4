//! Equations of elementwise operations on repeated operands: computing goes before repeating.

use super::draft::{Draft, Rewrite};
use gradus_ir::ops::movement::Movement;
use gradus_ir::program::{Var, Vars};
use gradus_ir::{Dims, Op, Shape};

pub(super) const EQUATIONS: &[Rewrite] = &[elementwise_of_broadcasts, elementwise_of_reshapes];

/// f(broadcast(x), broadcast(y)) = broadcast(f(x, y)), where both repeat in the same way or from a scalar
fn elementwise_of_broadcasts(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    op.rules().elementwise()?;
    let sources: Vec<Repeated> = args.iter().map(|a| repeated(draft, *a)).collect::<Option<_>>()?;
    let largest = sources.iter().max_by_key(|s| s.rank)?.clone();
    let same_way = |s: &Repeated| s.rank == 0 || (s.dims == largest.dims && s.from == largest.from);
    let smaller = largest.from.size() < largest.to.size();
    if !smaller || !sources.iter().all(|s| same_way(s) && s.to == largest.to) {
        return None;
    }
    let args: Vars =
        sources.iter().map(|s| if s.rank == 0 { draft.splat(s.x, &largest.from) } else { s.x }).collect();
    let y = draft.write(op.clone(), &args);
    Some(draft.write(Movement::Broadcast { shape: largest.to, dims: largest.dims }, &[y]))
}

/// f(reshape(x), reshape(y)) = reshape(f(x, y)), where both reshapes add axes to the same shape or a scalar is repeated
fn elementwise_of_reshapes(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    op.rules().elementwise()?;
    let source = |var: Var| match draft.movement(var)? {
        (Movement::Reshape { .. }, x) => Some((x, draft.shape(x).rank() > 0)),
        (Movement::Broadcast { .. }, x) if draft.shape(x).rank() == 0 => Some((x, false)),
        _ => None,
    };
    let sources: Vec<(Var, bool)> = args.iter().map(|a| source(*a)).collect::<Option<_>>()?;
    let (first, to) = (sources.iter().find(|(_, reshaped)| *reshaped)?.0, draft.shape(args[0]).clone());
    let from = draft.shape(first).clone();
    let same_way = |(x, reshaped): &(Var, bool)| !reshaped || *draft.shape(*x) == from;
    if from.rank() >= to.rank() || !sources.iter().all(same_way) {
        return None;
    }
    let args: Vars =
        sources.iter().map(|(x, reshaped)| if *reshaped { *x } else { draft.splat(*x, &from) }).collect();
    let y = draft.write(op.clone(), &args);
    Some(draft.write(Movement::Reshape { shape: to }, &[y]))
}

/// An operand that repeats `x`.
#[derive(Clone)]
struct Repeated {
    x: Var,
    rank: usize,
    from: Shape,
    to: Shape,
    dims: Dims,
}

fn repeated(draft: &Draft, var: Var) -> Option<Repeated> {
    let (Movement::Broadcast { shape, dims }, x) = draft.movement(var)? else { return None };
    let from = draft.shape(x).clone();
    Some(Repeated { x, rank: from.rank(), from, to: shape.clone(), dims: dims.clone() })
}
