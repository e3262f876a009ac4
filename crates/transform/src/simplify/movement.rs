//! Equations of movements: two in a row are one, and one that moves nothing is none.
//!
//! The normal form of what only adds or drops axes of extent 1 is `reshape`.

use super::draft::{Draft, Rewrite};
use gradus_ir::ops::movement::Movement;
use gradus_ir::program::Var;
use gradus_ir::{Dims, Op, Shape};

pub(super) const EQUATIONS: &[Rewrite] = &[
    movement_to_same,
    broadcast_without_repeats,
    broadcast_of_broadcast,
    broadcast_of_reshape,
    reshape_of_reshape,
    reshape_of_broadcast,
    transpose_of_transpose,
    transpose_of_unit_axes,
    transpose_of_broadcast,
];

/// broadcast(x) = x and reshape(x) = x to the shape that x has, transpose(x) = x in the order that x has
fn movement_to_same(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(movement) = op else { return None };
    let stays = match movement {
        Movement::Broadcast { shape, .. } | Movement::Reshape { shape } => draft.shape(args[0]) == shape,
        Movement::Transpose { permutation } => permutation.iter().enumerate().all(|(k, axis)| k == *axis),
        _ => false,
    };
    stays.then(|| args[0])
}

/// broadcast(x) = reshape(x) where nothing is repeated
fn broadcast_without_repeats(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Broadcast { shape, .. }) = op else { return None };
    (draft.shape(args[0]).size() == shape.size() && shape.size() > 0)
        .then(|| draft.write(Movement::Reshape { shape: shape.clone() }, args))
}

/// broadcast(broadcast(x)) = broadcast(x)
fn broadcast_of_broadcast(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Broadcast { shape, dims: outer }) = op else { return None };
    let (Movement::Broadcast { dims: inner, .. }, x) = draft.movement(args[0])? else { return None };
    let dims = inner.iter().map(|d| outer[*d]).collect();
    Some(draft.write(Movement::Broadcast { shape: shape.clone(), dims }, &[x]))
}

/// broadcast(reshape(x)) = broadcast(x) where the reshape adds axes of extent 1
fn broadcast_of_reshape(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Broadcast { shape, dims: outer }) = op else { return None };
    let (Movement::Reshape { shape: between }, x) = draft.movement(args[0])? else { return None };
    let inner = places_among_units(draft.shape(x), between)?;
    let dims = inner.iter().map(|d| outer[*d]).collect();
    Some(draft.write(Movement::Broadcast { shape: shape.clone(), dims }, &[x]))
}

/// The axis of `wide` at which each axis of `narrow` stands, if `wide` has only axes of extent 1 besides.
fn places_among_units(narrow: &Shape, wide: &Shape) -> Option<Dims> {
    let mut axes = 0..wide.rank();
    let mut places = Dims::new();
    for i in 0..narrow.rank() {
        let place = axes.find(|k| wide.dim(*k) == narrow.dim(i) || wide.dim(*k) != 1)?;
        if wide.dim(place) != narrow.dim(i) {
            return None;
        }
        places.push(place);
    }
    axes.all(|k| wide.dim(k) == 1).then_some(places)
}

/// reshape(reshape(x)) = reshape(x)
fn reshape_of_reshape(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Reshape { .. }) = op else { return None };
    let (Movement::Reshape { .. }, x) = draft.movement(args[0])? else { return None };
    Some(draft.write(op.clone(), &[x]))
}

/// reshape(broadcast(x)) = broadcast(x) where x is a scalar or the reshape adds or drops axes of extent 1
fn reshape_of_broadcast(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Reshape { shape }) = op else { return None };
    let (Movement::Broadcast { shape: between, dims: inner }, x) = draft.movement(args[0])? else {
        return None;
    };
    let ty = draft.ty(x).clone();
    if ty.rank() == 0 {
        return Some(draft.splat(x, shape));
    }
    let long = |shape: &Shape| (0..shape.rank()).filter(|k| shape.dim(*k) != 1).collect::<Dims>();
    let (from, to) = (long(between), long(shape));
    let extents = |shape: &Shape, axes: &Dims| axes.iter().map(|k| shape.dim(*k)).collect::<Dims>();
    if extents(between, &from) != extents(shape, &to) {
        return None;
    }
    // Axes of x that stay short have no place to go: they are dropped.
    let place = |d: usize| from.iter().position(|k| *k == d).map(|at| to[at]);
    let kept: Vec<(usize, usize)> =
        inner.iter().enumerate().filter_map(|(i, d)| Some((ty.shape.dim(i), place(*d)?))).collect();
    let dims = kept.iter().map(|(_, place)| *place).collect();
    let narrow: Shape = kept.iter().map(|(extent, _)| *extent).collect();
    let x = draft.write(Movement::Reshape { shape: narrow }, &[x]);
    Some(draft.write(Movement::Broadcast { shape: shape.clone(), dims }, &[x]))
}

/// transpose(transpose(x)) = transpose(x)
fn transpose_of_transpose(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Transpose { permutation: outer }) = op else { return None };
    let (Movement::Transpose { permutation: inner }, x) = draft.movement(args[0])? else { return None };
    let permutation = outer.iter().map(|k| inner[*k]).collect();
    Some(draft.write(Movement::Transpose { permutation }, &[x]))
}

/// transpose(x) = reshape(x) where only axes of extent 1 change places
fn transpose_of_unit_axes(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Transpose { permutation }) = op else { return None };
    let from = draft.shape(args[0]);
    let long: Dims = permutation.iter().copied().filter(|axis| from.dim(*axis) != 1).collect();
    let shape: Shape = permutation.iter().map(|axis| from.dim(*axis)).collect();
    long.is_sorted().then(|| draft.write(Movement::Reshape { shape }, args))
}

/// transpose(broadcast(x)) = broadcast(transpose(x))
fn transpose_of_broadcast(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Transpose { permutation: outer }) = op else { return None };
    let (Movement::Broadcast { shape: between, dims }, x) = draft.movement(args[0])? else { return None };
    let place = |d: usize| outer.iter().position(|k| *k == d).expect("internal: a permutation");
    let shape: Shape = outer.iter().map(|k| between.dim(*k)).collect();
    let mut axes: Vec<(usize, usize)> = dims.iter().enumerate().map(|(i, d)| (place(*d), i)).collect();
    axes.sort_unstable();
    let (dims, permutation) = axes.into_iter().unzip();
    let x = draft.write(Movement::Transpose { permutation }, &[x]);
    Some(draft.write(Movement::Broadcast { shape, dims }, &[x]))
}
