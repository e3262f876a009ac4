//! `dynamic_slice` and `dynamic_update_slice`: one window, whose start is computed.

use super::windows::{GatherDims, IndexMode, clamp_start};
use super::{Gather, Indexing, Scatter};
use crate::ops::strided::View;
use crate::ops::{Lanes, Operand};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dims, ErrorKind, Type};

pub(super) const SLICE_SENTENCES: &[&str] = &[
    "`sizes` has an entry for each operand axis.",
    "Each start is a scalar of an integer type, the same for all.",
    "Each size is at most the extent of its axis.",
];

pub(super) const UPDATE_SENTENCES: &[&str] = &[
    "There is a start for each operand axis.",
    "Each start is a scalar of an integer type, the same for all.",
    "Operand and update have the same element type.",
    "The update has the operand's number of axes, and each extent is at most the operand's.",
];

fn check_starts(operand: &Type, starts: &[&Type]) -> Result<(), ErrorKind> {
    let fits =
        |start: &&Type| start.rank() == 0 && start.dtype.is_integer() && start.dtype == starts[0].dtype;
    match starts.iter().find(|start| !fits(start)) {
        None => Ok(()),
        Some(start) => {
            let message = format!(
                "the starts in {operand} are scalars of one integer type, not {start}; convert or reshape them"
            );
            Err(ErrorKind::constraint(2, message))
        }
    }
}

fn fits(size: impl IntoIterator<Item = usize>, operand: &Type) -> bool {
    size.into_iter().enumerate().all(|(axis, size)| size <= operand.shape.dim(axis))
}

pub(super) fn slice_type(sizes: &[usize], operand: &Type, starts: &[&Type]) -> Result<Type, ErrorKind> {
    if sizes.len() != operand.rank() {
        let message =
            format!("sizes {sizes:?} need an entry for each of the {} axes of {operand}", operand.rank());
        return Err(ErrorKind::constraint(1, message));
    }
    check_starts(operand, starts)?;
    if !fits(sizes.iter().copied(), operand) {
        let message = format!("a slice of {sizes:?} does not fit into {operand}; take a smaller one");
        return Err(ErrorKind::constraint(3, message));
    }
    Ok(operand.with_shape(sizes))
}

pub(super) fn update_type(operand: &Type, update: &Type, starts: &[&Type]) -> Result<Type, ErrorKind> {
    if starts.len() != operand.rank() {
        let message = format!(
            "{} starts for the {} axes of {operand}; give one for each",
            starts.len(),
            operand.rank()
        );
        return Err(ErrorKind::constraint(1, message));
    }
    check_starts(operand, starts)?;
    if update.dtype != operand.dtype {
        let (lhs, rhs, hint) = (operand.clone(), update.clone(), "convert one of them");
        return Err(ErrorKind::DtypeMismatch { number: 3, lhs: lhs.into(), rhs: rhs.into(), hint });
    }
    if update.rank() != operand.rank() || !fits(update.shape.dims(), operand) {
        let message =
            format!("an update of {update} does not fit into {operand}; reshape it or take a smaller one");
        return Err(ErrorKind::constraint(4, message));
    }
    Ok(operand.clone())
}

/// The window of `sizes` at the clamped start.
fn window(operand: &Type, sizes: &[usize], starts: &[&Array]) -> View {
    let mut view = View::of_axes(&operand.shape, &(0..operand.rank()).collect::<Dims>());
    for (axis, start) in starts.iter().enumerate() {
        let start = clamp_start(start.to_i128_vec()[0], operand.shape.dim(axis), sizes[axis]);
        view.offset += start * view.strides[axis] as usize;
    }
    view
}

pub(super) fn evaluate_slice(sizes: &[usize], operand: &Array, starts: &[&Array]) -> Array {
    window(operand.ty(), sizes, starts).read(operand, &sizes.into())
}

pub(super) fn evaluate_update(operand: &Array, update: &Array, starts: &[&Array]) -> Array {
    let shape = &update.ty().shape;
    let places = window(operand.ty(), &shape.dims(), starts).positions(shape);
    operand.put(update, places.into_iter().enumerate())
}

/// The starts of an operation that is transposed, which are always known.
fn known_starts(args: &[Operand]) -> Vals {
    args.iter().map(|arg| arg.known().expect("internal: starts are integers")).collect()
}

pub(super) fn pull_back_slice(ct: Val, args: &[Operand]) -> Vec<Option<Val>> {
    let mut all = vec![None; args.len()];
    if let Operand::Linear(operand) = &args[0] {
        all[0] = Some(Val::zeros(operand.clone()).dynamic_update_slice(ct, &known_starts(&args[1..])));
    }
    all
}

pub(super) fn pull_back_update(ct: Val, args: &[Operand]) -> Vec<Option<Val>> {
    let starts = known_starts(&args[2..]);
    let update = match &args[1] {
        Operand::Known(update) => update.ty(),
        Operand::Linear(update) => update.clone(),
    };
    let mut all = vec![None; args.len()];
    if let Operand::Linear(_) = args[0] {
        // What is overwritten has no part in the result.
        all[0] = Some(ct.dynamic_update_slice(Val::zeros(update.clone()), &starts));
    }
    if let Operand::Linear(_) = args[1] {
        all[1] = Some(ct.dynamic_slice(&starts, &update.shape.dims()));
    }
    all
}

/// A start for each lane and axis, `[lanes, rank]`.
fn index_vectors(starts: &[Val], mapped: &[bool], lanes: Lanes) -> Val {
    let column = |(start, mapped): (&Val, &bool)| {
        let start = if *mapped { *start } else { start.repeat_leading(lanes.size) };
        start.expand_dims(1)
    };
    let columns: Vec<Val> = starts.iter().zip(mapped).map(column).collect();
    Val::concatenate(&columns, 1)
}

fn zero_like(starts: &[Val]) -> Val {
    let dtype = starts.first().map_or(crate::Dtype::I32, |start| start.ty().dtype);
    Val::zeros(Type::scalar(dtype))
}

/// The whole operand is one window, and every axis has a start.
fn whole_window(rank: usize) -> GatherDims {
    GatherDims {
        offset_dims: (0..rank).collect(),
        start_index_map: (0..rank).collect(),
        ..GatherDims::default()
    }
}

pub(super) fn batched_slice(sizes: &[usize], args: &[Val], mapped: &[bool], lanes: Lanes) -> Val {
    let (operand, starts) = (args[0], &args[1..]);
    if !mapped[1..].contains(&true) {
        let starts: Vals = std::iter::once(zero_like(starts)).chain(starts.iter().copied()).collect();
        let sizes: Dims = std::iter::once(lanes.size).chain(sizes.iter().copied()).collect();
        return operand.dynamic_slice(&starts, &sizes);
    }
    let gather = Gather {
        dims: whole_window(sizes.len()),
        slice_sizes: sizes.into(),
        mode: IndexMode::Clip,
        fill: None,
    };
    gather.batched(&[operand, index_vectors(starts, &mapped[1..], lanes)], &[mapped[0], true], lanes)
}

pub(super) fn batched_update(args: &[Val], mapped: &[bool], lanes: Lanes) -> Val {
    let (operand, update, starts) = (args[0], args[1], &args[2..]);
    let everywhere = |v: Val, mapped: bool| if mapped { v } else { v.repeat_leading(lanes.size) };
    if !mapped[2..].contains(&true) {
        let starts: Vals = std::iter::once(zero_like(starts)).chain(starts.iter().copied()).collect();
        return everywhere(operand, mapped[0]).dynamic_update_slice(everywhere(update, mapped[1]), &starts);
    }
    let scatter = Scatter {
        combine: None,
        dims: whole_window(starts.len()).to_scatter(),
        mode: IndexMode::Clip,
        unique_indices: true,
    };
    let indices = index_vectors(starts, &mapped[2..], lanes);
    scatter.batched(&[operand, indices, update], &[mapped[0], true, mapped[1]], lanes)
}

impl Val {
    /// The window of `sizes` that starts at the scalars `starts`, one for each axis, moved to where it fits.
    #[track_caller]
    pub fn dynamic_slice(self, starts: &[Val], sizes: &[usize]) -> Val {
        let args: Vals = std::iter::once(self).chain(starts.iter().copied()).collect();
        bind1(Indexing::DynamicSlice { sizes: sizes.into() }, &args)
    }
    /// `self` with `update` written at the scalars `starts`, one for each axis, moved to where it fits.
    #[track_caller]
    pub fn dynamic_update_slice(self, update: Val, starts: &[Val]) -> Val {
        let args: Vals = [self, update].into_iter().chain(starts.iter().copied()).collect();
        bind1(Indexing::DynamicUpdateSlice, &args)
    }
}
