//! Equations of what picks and joins elements: slice, pad, concatenate, rev.

use super::draft::{Draft, Rewrite};
use gradus_ir::ops::movement::{Movement, slice_len};
use gradus_ir::program::{Var, Vars};
use gradus_ir::{Dims, Op, Shape};

pub(super) const EQUATIONS: &[Rewrite] = &[
    selection_of_all,
    slice_of_slice,
    slice_of_broadcast,
    slice_of_concatenate,
    concatenate_of_parts,
    concatenate_of_concatenate,
    rev_of_rev,
    rev_of_unit_axes,
    rev_of_broadcast,
];

/// slice(x) = x of everything, pad(x) = x by nothing, concatenate(x) = x, rev(x) = x along no axis
fn selection_of_all(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(movement) = op else { return None };
    let everything = match movement {
        Movement::Slice { limits, .. } => {
            draft.shape(args[0]).rank() == limits.len() && draft.shape(args[0]).dims() == sliced(movement)?
        }
        Movement::Pad { low, high, interior } => {
            low.iter().chain(high).all(|n| *n == 0) && interior.iter().all(|n| *n == 0)
        }
        Movement::Concatenate { .. } => args.len() == 1,
        Movement::Rev { dimensions } => dimensions.is_empty(),
        _ => false,
    };
    everything.then(|| args[0])
}

/// The extents of what a slice keeps.
fn sliced(slice: &Movement) -> Option<Dims> {
    let Movement::Slice { starts, limits, strides } = slice else { return None };
    let axes = starts.iter().zip(limits).zip(strides);
    Some(axes.map(|((start, limit), stride)| slice_len(*start, *limit, *stride)).collect())
}

/// slice(slice(x)) = slice(x)
fn slice_of_slice(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(outer @ Movement::Slice { starts, strides, .. }) = op else { return None };
    let (Movement::Slice { starts: from, strides: by, .. }, x) = draft.movement(args[0])? else {
        return None;
    };
    let kept = sliced(outer)?;
    let axes = 0..starts.len();
    let new_starts: Dims = axes.clone().map(|k| from[k] + starts[k] * by[k]).collect();
    let new_strides: Dims = axes.clone().map(|k| strides[k] * by[k]).collect();
    // Just behind the last index that is kept.
    let behind = |k: usize| match kept[k] {
        0 => new_starts[k],
        n => new_starts[k] + (n - 1) * new_strides[k] + 1,
    };
    let within = axes.clone().all(|k| new_starts[k] <= draft.shape(x).dim(k));
    let limits = axes.map(behind).collect();
    let slice = Movement::Slice { starts: new_starts, limits, strides: new_strides };
    within.then(|| draft.write(slice, &[x]))
}

/// slice(broadcast(x)) = broadcast(slice(x))
fn slice_of_broadcast(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(outer @ Movement::Slice { starts, limits, strides }) = op else { return None };
    let (Movement::Broadcast { dims, .. }, x) = draft.movement(args[0])? else { return None };
    let (shape, dims) = (Shape::from(sliced(outer)?), dims.clone());
    let own = draft.shape(x).clone();
    let picked = |whole: &Dims, unit: usize| -> Dims {
        (0..own.rank()).map(|i| if own.dim(i) == 1 { unit } else { whole[dims[i]] }).collect()
    };
    let slice =
        Movement::Slice { starts: picked(starts, 0), limits: picked(limits, 1), strides: picked(strides, 1) };
    let x = draft.write(slice, &[x]);
    Some(draft.write(Movement::Broadcast { shape, dims }, &[x]))
}

/// slice(concatenate(.., x, ..)) = slice(x) where it keeps elements of x only
fn slice_of_concatenate(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Slice { starts, limits, strides }) = op else { return None };
    let eqn = draft.definition(args[0])?;
    let Op::Movement(Movement::Concatenate { dimension }) = eqn.op else { return None };
    let mut first = 0;
    for part in eqn.args.clone() {
        let behind = first + draft.shape(part).dim(dimension);
        if first <= starts[dimension] && limits[dimension] <= behind && starts[dimension] <= limits[dimension]
        {
            let (mut starts, mut limits) = (starts.clone(), limits.clone());
            starts[dimension] -= first;
            limits[dimension] -= first;
            return Some(draft.write(Movement::Slice { starts, limits, strides: strides.clone() }, &[part]));
        }
        first = behind;
    }
    None
}

/// concatenate(x, y, ..) = concatenate(y, ..) where x has no elements but others have
fn concatenate_of_parts(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Concatenate { .. }) = op else { return None };
    let parts: Vars = args.iter().copied().filter(|part| draft.shape(*part).size() > 0).collect();
    (!parts.is_empty() && parts.len() < args.len()).then(|| draft.write(op.clone(), &parts))
}

/// concatenate(concatenate(x, y), z) = concatenate(x, y, z) along the same axis
fn concatenate_of_concatenate(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Concatenate { .. }) = op else { return None };
    let inner = |part: Var| draft.definition(part).filter(|eqn| eqn.op == *op).map(|eqn| eqn.args.clone());
    let parts: Vars =
        args.iter().flat_map(|part| inner(*part).unwrap_or_else(|| [*part][..].into())).collect();
    (parts.len() != args.len()).then(|| draft.write(op.clone(), &parts))
}

/// rev(rev(x)) = rev(x) along the axes that only one of them walks backwards
fn rev_of_rev(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Rev { dimensions: outer }) = op else { return None };
    let (Movement::Rev { dimensions: inner }, x) = draft.movement(args[0])? else { return None };
    let rank = draft.shape(x).rank();
    let once = (0..rank).filter(|axis| outer.contains(axis) != inner.contains(axis)).collect();
    Some(draft.write(Movement::Rev { dimensions: once }, &[x]))
}

/// rev(x) along an axis of extent 1 = x
fn rev_of_unit_axes(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Rev { dimensions }) = op else { return None };
    let long: Dims = dimensions.iter().copied().filter(|axis| draft.shape(args[0]).dim(*axis) != 1).collect();
    (long.len() != dimensions.len()).then(|| draft.write(Movement::Rev { dimensions: long }, args))
}

/// rev(broadcast(x)) = broadcast(rev(x))
fn rev_of_broadcast(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Movement(Movement::Rev { dimensions }) = op else { return None };
    let (Movement::Broadcast { shape, dims }, x) = draft.movement(args[0])? else { return None };
    let (shape, dims) = (shape.clone(), dims.clone());
    let own = (0..dims.len()).filter(|i| dimensions.contains(&dims[*i])).collect();
    let x = draft.write(Movement::Rev { dimensions: own }, &[x]);
    Some(draft.write(Movement::Broadcast { shape, dims }, &[x]))
}
