//! Equations of reductions.

use super::draft::{Draft, Rewrite};
use gradus_ir::ops::elementwise::Binary;
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::movement::Movement;
use gradus_ir::ops::reduce::Reduction;
use gradus_ir::ops::source::Source;
use gradus_ir::program::Var;
use gradus_ir::{Array, Dims, Dtype, Op};

pub(super) const EQUATIONS: &[Rewrite] = &[reduce_of_unit_axes, reduce_of_transpose, reduce_of_broadcast];

/// The monoid and the axes, if `op` reduces something.
fn reduction(op: &Op) -> Option<(Monoid, &Dims)> {
    match op {
        Op::Reduction(Reduction::Monoid { monoid, axes }) => Some((*monoid, axes)),
        _ => None,
    }
}

/// reduce(x) = reshape(x) along axes of extent 1; a sum of floats adds 0, so that it is never -0
fn reduce_of_unit_axes(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (monoid, axes) = reduction(op)?;
    let ty = draft.ty(args[0]).clone();
    if axes.iter().any(|axis| ty.shape.dim(*axis) != 1) {
        return None;
    }
    let y = draft.write(Movement::Reshape { shape: ty.shape.without(axes) }, args);
    Some(if monoid == Monoid::Sum { never_minus_zero(draft, y) } else { y })
}

/// x + 0 for floats and complex numbers, which differs from x where x is -0; x for others
fn never_minus_zero(draft: &mut Draft, x: Var) -> Var {
    let ty = draft.ty(x).clone();
    if !ty.dtype.is_inexact() {
        return x;
    }
    let zero = draft.full(&ty, 0.0);
    draft.write(Binary::Add, &[x, zero])
}

/// reduce(transpose(x)) = transpose(reduce(x))
fn reduce_of_transpose(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (monoid, axes) = reduction(op)?;
    let (Movement::Transpose { permutation }, x) = draft.movement(args[0])? else { return None };
    let mut own: Dims = axes.iter().map(|axis| permutation[*axis]).collect();
    own.sort_unstable();
    let left: Dims = (0..permutation.len()).filter(|axis| !own.contains(axis)).collect();
    let place = |axis: &usize| left.iter().position(|l| l == axis);
    let permutation = permutation.iter().filter_map(place).collect();
    let y = draft.write(Reduction::Monoid { monoid, axes: own }, &[x]);
    Some(draft.write(Movement::Transpose { permutation }, &[y]))
}

/// reduce(broadcast(x)) = broadcast(reduce(x)); in a sum times the number of repeats
fn reduce_of_broadcast(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (monoid, axes) = reduction(op)?;
    let (Movement::Broadcast { shape, dims }, x) = draft.movement(args[0])? else { return None };
    let (shape, dims, ty) = (shape.clone(), dims.clone(), draft.ty(x).clone());
    if shape.size() == 0 || !matches!(monoid, Monoid::Sum | Monoid::Max | Monoid::Min) {
        return None;
    }
    let own: Dims = (0..ty.rank()).filter(|i| axes.contains(&dims[*i])).collect();
    let y = match own.is_empty() {
        true => x,
        false => draft.write(Reduction::Monoid { monoid, axes: own.clone() }, &[x]),
    };
    let repeats = shape.extent_of(axes) / ty.shape.extent_of(&own);
    // A number of repeats that the type does not hold exactly is another factor.
    let factor = repeated(ty.dtype, repeats);
    if monoid == Monoid::Sum && ty.dtype.is_inexact() && factor.to_f64_vec()[0] != repeats as f64 {
        return None;
    }
    let y = match monoid {
        Monoid::Sum => times(draft, y, factor),
        _ => y,
    };
    // A sum was taken already, which is never -0.
    let y = if monoid == Monoid::Sum && own.is_empty() { never_minus_zero(draft, y) } else { y };
    let left = |d: &usize| !axes.contains(d);
    let dims =
        dims.iter().filter(|d| left(d)).map(|d| d - axes.iter().filter(|axis| *axis < d).count()).collect();
    Some(draft.write(Movement::Broadcast { shape: shape.without(axes), dims }, &[y]))
}

/// The number of repeats as a factor, modulo the range of an integer type.
fn repeated(dtype: Dtype, repeats: usize) -> Array {
    Array::from_i128(dtype, repeats as i128)
}

fn times(draft: &mut Draft, x: Var, factor: Array) -> Var {
    let shape = draft.shape(x).clone();
    let factor = draft.write(Source::Constant(factor), &[]);
    let factor = draft.splat(factor, &shape);
    draft.write(Binary::Mul, &[x, factor])
}
