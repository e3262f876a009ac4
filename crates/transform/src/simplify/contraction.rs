//! Equations of contractions: transposes become dimension numbers, trivial ones products.

use super::draft::{Draft, Rewrite};
use gradus_ir::ops::contract::{Contraction, DotDims};
use gradus_ir::ops::elementwise::Binary;
use gradus_ir::ops::movement::Movement;
use gradus_ir::program::Var;
use gradus_ir::{Dims, Op, Shape};

pub(super) const EQUATIONS: &[Rewrite] = &[dot_of_transpose, transpose_of_dot, dot_as_product];

fn dot(op: &Op) -> Option<&DotDims> {
    match op {
        Op::Contraction(Contraction::DotGeneral(dims)) => Some(dims),
        _ => None,
    }
}

/// dot_general(transpose(x), y) = dot_general(x, y) where the free axes of x keep their order; the same for y
fn dot_of_transpose(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let dims = dot(op)?;
    let renamed =
        |axes: &Dims, permutation: &Dims| axes.iter().map(|axis| permutation[*axis]).collect::<Dims>();
    if let Some((Movement::Transpose { permutation }, x)) = draft.movement(args[0])
        && renamed(&dims.lhs_free(permutation.len()), permutation).is_sorted()
    {
        let lhs_contracting = renamed(&dims.lhs_contracting, permutation);
        let lhs_batch = renamed(&dims.lhs_batch, permutation);
        let dims = DotDims { lhs_contracting, lhs_batch, ..dims.clone() };
        return Some(draft.write(Contraction::DotGeneral(dims), &[x, args[1]]));
    }
    let (Movement::Transpose { permutation }, y) = draft.movement(args[1])? else { return None };
    if !renamed(&dims.rhs_free(permutation.len()), permutation).is_sorted() {
        return None;
    }
    let rhs_contracting = renamed(&dims.rhs_contracting, permutation);
    let rhs_batch = renamed(&dims.rhs_batch, permutation);
    let dims = DotDims { rhs_contracting, rhs_batch, ..dims.clone() };
    Some(draft.write(Contraction::DotGeneral(dims), &[args[0], y]))
}

/// transpose(dot_general(x, y)) = dot_general(y, x) where it exchanges the free axes of x and y, and
/// transpose(dot_general(x, y)) = dot_general(x, y) where it only moves batch axes
fn transpose_of_dot(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Transpose { permutation }) = op else { return None };
    let eqn = draft.definition(args[0])?;
    let (dims, x, y) = (dot(&eqn.op)?, eqn.args[0], eqn.args[1]);
    let num_batch = dims.lhs_batch.len();
    let num_lhs = dims.lhs_free(draft.ty(x).rank()).len();
    let (batch, free) = permutation.split_at(num_batch);
    if batch.iter().any(|axis| *axis >= num_batch) {
        return None;
    }
    let picked = |axes: &Dims| batch.iter().map(|axis| axes[*axis]).collect::<Dims>();
    let (lhs_batch, rhs_batch) = (picked(&dims.lhs_batch), picked(&dims.rhs_batch));
    let in_order = num_batch..permutation.len();
    let exchanged = (num_batch + num_lhs..permutation.len()).chain(num_batch..num_batch + num_lhs);
    if free.iter().copied().eq(in_order) {
        let dims = DotDims { lhs_batch, rhs_batch, ..dims.clone() };
        Some(draft.write(Contraction::DotGeneral(dims), &[x, y]))
    } else if free.iter().copied().eq(exchanged) {
        let dims = DotDims {
            lhs_contracting: dims.rhs_contracting.clone(),
            rhs_contracting: dims.lhs_contracting.clone(),
            lhs_batch: rhs_batch,
            rhs_batch: lhs_batch,
        };
        Some(draft.write(Contraction::DotGeneral(dims), &[y, x]))
    } else {
        None
    }
}

/// dot_general(x, y) = x * y, both broadcast to the result, where the contracted axes have extent 1 or there are none
fn dot_as_product(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let dims = dot(op)?;
    let (lhs, rhs) = (draft.shape(args[0]).clone(), draft.shape(args[1]).clone());
    if dims.lhs_contracting.iter().any(|axis| lhs.dim(*axis) != 1) {
        return None;
    }
    let shape = dims.result_shape(&lhs, &rhs);
    let (lhs_free, rhs_free) = (dims.lhs_free(lhs.rank()), dims.rhs_free(rhs.rank()));
    let num_batch = dims.lhs_batch.len();
    let after_lhs = num_batch + lhs_free.len();
    let x = Side { x: args[0], batch: &dims.lhs_batch, free: &lhs_free, contracting: &dims.lhs_contracting };
    let x = x.spread(draft, &shape, (0..after_lhs).collect());
    let y = Side { x: args[1], batch: &dims.rhs_batch, free: &rhs_free, contracting: &dims.rhs_contracting };
    let y = y.spread(draft, &shape, (0..num_batch).chain(after_lhs..shape.rank()).collect());
    Some(draft.write(Binary::Mul, &[x, y]))
}

/// An operand of a dot with its axes by role.
struct Side<'a> {
    x: Var,
    batch: &'a Dims,
    free: &'a Dims,
    contracting: &'a Dims,
}

impl Side<'_> {
    /// The operand with its batch and free axes at `places` of `shape`; the contracted ones, of extent 1, disappear.
    fn spread(&self, draft: &mut Draft, shape: &Shape, places: Dims) -> Var {
        let permutation: Dims = self.batch.iter().chain(self.free).chain(self.contracting).copied().collect();
        let x = draft.write(Movement::Transpose { permutation }, &[self.x]);
        let kept: Shape = draft.shape(x).dims().into_iter().take(places.len()).collect();
        let x = draft.write(Movement::Reshape { shape: kept }, &[x]);
        draft.write(Movement::Broadcast { shape: shape.clone(), dims: places }, &[x])
    }
}
