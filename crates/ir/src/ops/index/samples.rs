//! Reads and writes at computed places on which the conformance tests run, and those that must be refused.

use super::{Gather, GatherDims, IndexMode, Indexing, Scatter, ScatterDims};
use crate::ops::Sample;
use crate::ops::monoid::Monoid;
use crate::{Array, Dims, Dtype, Program, Type};
use std::sync::Arc;

fn dims(axes: &[usize]) -> Dims {
    axes.into()
}

fn on(op: impl Into<Indexing>, dtype: Dtype, shape: &[usize]) -> Sample {
    and(Sample::new(op.into()), dtype, shape)
}

fn and(sample: Sample, dtype: Dtype, shape: &[usize]) -> Sample {
    let sample = sample.arg(Type::new(dtype, shape), 0.5, 3.0);
    if dtype.is_inexact() { sample } else { sample.not_smooth() }
}

/// Rows of a matrix: `x[indices]` for indices `[n, 1]`.
fn rows(width: usize, mode: IndexMode) -> Gather {
    let only = dims(&[0]);
    let dims = GatherDims {
        offset_dims: dims(&[1]),
        collapsed_slice_dims: only.clone(),
        start_index_map: only,
        ..GatherDims::default()
    };
    Gather { dims, slice_sizes: [1, width].as_slice().into(), mode, fill: None }
}

/// One element of each row: `x[i, indices[i]]` for indices `[n, 1]`.
fn one_of_each_row() -> Gather {
    let dims = GatherDims {
        collapsed_slice_dims: dims(&[1]),
        operand_batching_dims: dims(&[0]),
        start_indices_batching_dims: dims(&[0]),
        start_index_map: dims(&[1]),
        ..GatherDims::default()
    };
    Gather { dims, slice_sizes: [1, 1].as_slice().into(), mode: IndexMode::Clip, fill: None }
}

/// Blocks of `[2, 3, 4]` whose place along the last two axes is computed, in the order of the index map.
fn blocks() -> Gather {
    let dims = GatherDims {
        offset_dims: dims(&[0, 2]),
        collapsed_slice_dims: dims(&[1]),
        start_index_map: dims(&[2, 1]),
        ..GatherDims::default()
    };
    Gather { dims, slice_sizes: [2, 1, 2].as_slice().into(), mode: IndexMode::Clip, fill: None }
}

fn scatter(combine: Option<Monoid>, gather: Gather) -> Scatter {
    Scatter { combine, dims: gather.dims.to_scatter(), mode: gather.mode, unique_indices: false }
}

fn column(indices: &[i32]) -> Array {
    Array::from(indices).with_shape([indices.len(), 1].into())
}

const IN_AND_OUT: &[i32] = &[2, -1, 0, 2, 7];

impl Indexing {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let mut all = vec![];
        for dtype in Dtype::ALL.iter().copied() {
            all.push(on(Indexing::DynamicSlice { sizes: dims(&[2]) }, dtype, &[5]).exact(1));
            all.push(and(on(Indexing::DynamicUpdateSlice, dtype, &[5]), dtype, &[2]).exact(1));
            all.push(on(rows(2, IndexMode::FillOrDrop), dtype, &[3, 2]).exact(column(&[2, 0, 1])));
            let set = Scatter { unique_indices: true, ..scatter(None, rows(2, IndexMode::Clip)) };
            all.push(and(on(set, dtype, &[3, 2]).exact(column(&[2, 0])), dtype, &[2, 2]));
        }
        all.extend(dynamic_samples());
        all.extend(gather_samples());
        all.extend(scatter_samples());
        all.extend(scatter_by_samples());
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let mut all = dynamic_refusals();
        all.extend(gather_refusals());
        all.extend(scatter_refusals());
        all.extend(scatter_by_refusals());
        all
    }
}

fn dynamic_samples() -> Vec<Sample> {
    use Dtype::F64;
    let slice = |sizes: &[usize]| Indexing::DynamicSlice { sizes: sizes.into() };
    vec![
        on(slice(&[2, 2]), F64, &[3, 4]).exact(1).exact(3),
        on(slice(&[2, 2]), F64, &[3, 4]).exact(-5i64).exact(i64::MAX),
        on(slice(&[0, 4]), F64, &[3, 4]).exact(2u8).exact(0u8),
        on(slice(&[]), F64, &[]),
        and(on(Indexing::DynamicUpdateSlice, F64, &[3, 4]), F64, &[2, 2]).exact(1).exact(3),
        and(on(Indexing::DynamicUpdateSlice, F64, &[3, 4]), F64, &[3, 1]).exact(u32::MAX).exact(2u32),
        and(on(Indexing::DynamicUpdateSlice, F64, &[3, 4]), F64, &[0, 4]).exact(1).exact(1),
        and(on(Indexing::DynamicUpdateSlice, F64, &[]), F64, &[]),
    ]
}

fn gather_samples() -> Vec<Sample> {
    use Dtype::F64;
    let mut all = vec![];
    for &mode in IndexMode::ALL {
        let indices = if mode == IndexMode::PromiseInBounds { &[2, 1, 0, 2, 2] } else { IN_AND_OUT };
        // What is out of bounds is NaN, of which differences say nothing.
        let sample = on(rows(2, mode), F64, &[3, 2]).exact(column(indices));
        all.push(if mode == IndexMode::FillOrDrop { sample.not_smooth() } else { sample });
    }
    let filled = Gather { fill: Some(Array::scalar(7.5)), ..rows(2, IndexMode::FillOrDrop) };
    all.push(on(filled, F64, &[3, 2]).exact(column(IN_AND_OUT)));
    for dtype in [Dtype::U8, Dtype::I32, Dtype::Bool] {
        all.push(on(rows(2, IndexMode::FillOrDrop), dtype, &[3, 2]).exact(column(IN_AND_OUT)));
    }
    all.push(on(one_of_each_row(), F64, &[3, 4]).exact(column(&[3, 0, 1])));
    all.push(on(blocks(), F64, &[2, 3, 4]).exact(Array::from([[1i64, 2], [3, 0], [1, 2]])));
    all.push(on(rows(2, IndexMode::Clip), F64, &[3, 2]).exact(column(&[])));
    all.push(on(one_of_each_row(), F64, &[0, 4]).exact(column(&[])));
    all
}

fn scatter_samples() -> Vec<Sample> {
    use Dtype::F64;
    let mut all = vec![];
    for combine in std::iter::once(None).chain(Monoid::ALL.iter().copied().map(Some)) {
        let admits = |dtype: &Dtype| super::scatter::domain(combine).admits(*dtype);
        for dtype in Dtype::ALL.iter().copied().filter(admits) {
            // Several updates of one element, some out of bounds.
            for mode in [IndexMode::FillOrDrop, IndexMode::Clip] {
                let op = scatter(combine, rows(2, mode));
                all.push(and(on(op, dtype, &[3, 2]).exact(column(IN_AND_OUT)), dtype, &[5, 2]));
            }
        }
        let dtype = if admits(&F64) { F64 } else { Dtype::I64 };
        let unique = |gather| Scatter { unique_indices: true, ..scatter(combine, gather) };
        let places = Array::from([[1i64, 2], [0, 0]]);
        all.push(and(on(unique(blocks()), dtype, &[2, 3, 4]).exact(places), dtype, &[2, 2, 2]));
        all.push(and(on(unique(one_of_each_row()), dtype, &[3, 4]).exact(column(&[3, 0, 1])), dtype, &[3]));
        all.push(and(on(unique(one_of_each_row()), dtype, &[0, 4]).exact(column(&[])), dtype, &[0]));
    }
    all
}

fn dynamic_refusals() -> Vec<(u8, Sample)> {
    use Dtype::{F32, F64};
    let slice = |sizes: &[usize]| on(Indexing::DynamicSlice { sizes: sizes.into() }, F32, &[3, 4]);
    let update = |dtype, shape: &[usize]| and(on(Indexing::DynamicUpdateSlice, F32, &[3, 4]), dtype, shape);
    vec![
        (1, slice(&[2]).exact(0)),
        (2, slice(&[2, 2]).exact(0).exact(0.0)),
        (2, slice(&[2, 2]).exact(0).exact(0i64)),
        (2, slice(&[2, 2]).exact(0).exact([0])),
        (3, slice(&[2, 5]).exact(0).exact(0)),
        (1, update(F32, &[2, 2]).exact(0)),
        (2, update(F32, &[2, 2]).exact(0).exact(true)),
        (3, update(F64, &[2, 2]).exact(0).exact(0)),
        (4, update(F32, &[4, 2]).exact(0).exact(0)),
        (4, update(F32, &[2]).exact(0).exact(0)),
    ]
}

fn gather_refusals() -> Vec<(u8, Sample)> {
    let good = || rows(2, IndexMode::Clip);
    let with = |change: fn(&mut Gather)| {
        let mut gather = good();
        change(&mut gather);
        on(gather, Dtype::F32, &[3, 2]).exact(column(&[0, 1, 2]))
    };
    let mut batched = one_of_each_row();
    batched.slice_sizes = dims(&[2, 1]);
    let mut unpaired = one_of_each_row();
    unpaired.dims.start_indices_batching_dims = dims(&[1]);
    vec![
        (1, on(good(), Dtype::F32, &[3, 2]).exact(Array::from([[0.0f32], [1.0]]))),
        (2, on(good(), Dtype::F32, &[3, 2]).exact(Array::from([[0, 1]]))),
        (2, on(good(), Dtype::F32, &[3, 2]).exact(0)),
        (3, with(|gather| gather.dims.start_index_map = dims(&[2]))),
        (3, with(|gather| gather.dims.collapsed_slice_dims = dims(&[0, 0]))),
        (3, with(|gather| gather.dims.operand_batching_dims = dims(&[0]))),
        (4, with(|gather| gather.dims.start_indices_batching_dims = dims(&[0]))),
        (4, on(unpaired, Dtype::F32, &[3, 4]).exact(column(&[0, 1, 2]))),
        (5, on(one_of_each_row(), Dtype::F32, &[3, 4]).exact(column(&[0, 1]))),
        (6, with(|gather| gather.slice_sizes = dims(&[1]))),
        (6, with(|gather| gather.slice_sizes = dims(&[1, 3]))),
        (6, with(|gather| gather.slice_sizes = dims(&[2, 2]))),
        (6, on(batched, Dtype::F32, &[3, 4]).exact(column(&[0, 1, 2]))),
        (7, with(|gather| gather.dims.offset_dims = dims(&[2]))),
        (7, with(|gather| gather.dims.offset_dims = dims(&[0, 1]))),
        (8, with(|gather| gather.fill = Some(Array::scalar(1i32)))),
    ]
}

fn scatter_refusals() -> Vec<(u8, Sample)> {
    let mut all = vec![];
    for combine in std::iter::once(None).chain(Monoid::ALL.iter().copied().map(Some)) {
        let admits = |dtype: Dtype| super::scatter::domain(combine).admits(dtype);
        let dtype = if admits(Dtype::F32) { Dtype::F32 } else { Dtype::I32 };
        let good = || scatter(combine, rows(2, IndexMode::Clip));
        let with = |change: fn(&mut ScatterDims), updates: &[usize]| {
            let mut scatter = good();
            change(&mut scatter.dims);
            and(on(scatter, dtype, &[3, 2]).exact(column(&[0, 1, 2])), dtype, updates)
        };
        let batched = scatter(combine, one_of_each_row());
        let floats = Array::from([[0.0f32], [1.0], [2.0]]);
        all.extend([
            (1, and(on(good(), dtype, &[3, 2]).exact(floats), dtype, &[3, 2])),
            (2, and(on(good(), dtype, &[3, 2]).exact([0, 1, 2]), dtype, &[3, 2])),
            (3, with(|dims| dims.scatter_dims_to_operand_dims[0] = 2, &[3, 2])),
            (3, with(|dims| dims.inserted_window_dims[0] = 2, &[3, 2])),
            (4, with(|dims| dims.scatter_indices_batching_dims.push(0), &[3, 2])),
            (5, and(on(batched, dtype, &[3, 4]).exact(column(&[0, 1])), dtype, &[2])),
            (6, and(on(good(), dtype, &[3, 2]).exact(column(&[0, 1, 2])), Dtype::U8, &[3, 2])),
            (7, with(|dims| dims.update_window_dims.clear(), &[3, 2])),
            (8, with(|_| (), &[3, 3])),
            (9, with(|_| (), &[2, 2])),
        ]);
        let refused = Dtype::ALL.iter().copied().find(|dtype| !admits(*dtype));
        let refuse = |dtype| and(on(good(), dtype, &[3, 2]).exact(column(&[0, 1, 2])), dtype, &[3, 2]);
        all.extend(refused.map(|dtype| (10, refuse(dtype))));
    }
    all
}

/// What is there times an update, plus the update.
fn body_of(dtype: Dtype) -> Arc<Program> {
    let scalar = Type::scalar(dtype);
    let traced = crate::trace(crate::SourceLocation::unknown(), &[scalar.clone(), scalar], |v| {
        vec![v[0] * v[1] + v[1]]
    });
    Arc::new(traced.expect("internal: a body of numbers").program)
}

fn scatter_by(dtype: Dtype, gather: Gather, unique_indices: bool) -> Indexing {
    let scatter = Scatter { unique_indices, ..scatter(None, gather) };
    Indexing::ScatterBy { scatter: Box::new(scatter), body: body_of(dtype) }
}

fn scatter_by_samples() -> Vec<Sample> {
    let mut all = vec![];
    for dtype in [Dtype::I32, Dtype::I64, Dtype::U8] {
        for mode in [IndexMode::FillOrDrop, IndexMode::Clip] {
            let op = scatter_by(dtype, rows(2, mode), false);
            all.push(and(on(op, dtype, &[3, 2]).exact(column(IN_AND_OUT)), dtype, &[5, 2]));
        }
    }
    for dtype in [Dtype::F32, Dtype::F64] {
        let op = scatter_by(dtype, rows(2, IndexMode::FillOrDrop), true);
        all.push(and(on(op, dtype, &[3, 2]).exact(column(&[2, 7, 0])), dtype, &[3, 2]));
    }
    let op = scatter_by(Dtype::F64, one_of_each_row(), true);
    all.push(and(on(op, Dtype::F64, &[3, 4]).exact(column(&[3, 0, 1])), Dtype::F64, &[3]));
    let op = scatter_by(Dtype::F64, rows(2, IndexMode::Clip), true);
    all.push(and(on(op, Dtype::F64, &[3, 2]).exact(column(&[])), Dtype::F64, &[0, 2]));
    all
}

fn scatter_by_refusals() -> Vec<(u8, Sample)> {
    use Dtype::F32;
    let good = || scatter(None, rows(2, IndexMode::Clip));
    let by = |scatter: Scatter, body| Indexing::ScatterBy { scatter: Box::new(scatter), body };
    let with = |change: fn(&mut ScatterDims), updates: &[usize]| {
        let mut scatter = good();
        change(&mut scatter.dims);
        and(on(by(scatter, body_of(F32)), F32, &[3, 2]).exact(column(&[0, 1, 2])), F32, updates)
    };
    let on_good = |dtype| on(by(good(), body_of(F32)), dtype, &[3, 2]);
    let batched = on(by(scatter(None, one_of_each_row()), body_of(F32)), F32, &[3, 4]);
    let combining = scatter(Some(Monoid::Sum), rows(2, IndexMode::Clip));
    let combining = on(by(combining, body_of(F32)), F32, &[3, 2]);
    vec![
        (1, and(on_good(F32).exact(Array::from([[0.0f32], [1.0], [2.0]])), F32, &[3, 2])),
        (2, and(on_good(F32).exact([0, 1, 2]), F32, &[3, 2])),
        (3, with(|dims| dims.scatter_dims_to_operand_dims[0] = 2, &[3, 2])),
        (4, with(|dims| dims.scatter_indices_batching_dims.push(0), &[3, 2])),
        (5, and(batched.exact(column(&[0, 1])), F32, &[2])),
        (6, and(on_good(F32).exact(column(&[0, 1, 2])), Dtype::U8, &[3, 2])),
        (7, with(|dims| dims.update_window_dims.clear(), &[3, 2])),
        (8, with(|_| (), &[3, 3])),
        (9, with(|_| (), &[2, 2])),
        (10, and(on_good(Dtype::F64).exact(column(&[0, 1, 2])), Dtype::F64, &[3, 2])),
        (11, and(combining.exact(column(&[0, 1, 2])), F32, &[3, 2])),
    ]
}
