//! What the entries of an index do to the axes of a value, for reads and for updates.
//!
//! Invariant: `write` joins its part to exactly the elements that `read` gives, in the same order.

use crate::val::broadcast::{bring, common_shape};
use crate::val::index::entries::Slice;
use crate::val::index::gather::{IndexMode, Scatter, Update, gather, scatter};
use crate::val::index::take::positions;
use crate::val::{Val, strict};
use crate::{Array, Dtype, ErrorKind, Shape};
use gradus_ir::ops::index::{GatherDims, ScatterDims};
use gradus_ir::{Dims, Val as Strict};

/// Positions of one axis: `start, start + stride, ..` below `limit`, then perhaps reversed.
struct Walk {
    start: usize,
    limit: usize,
    stride: usize,
    backwards: bool,
}

/// NumPy's reading of `start:end:step` on an axis of extent `n`.
fn walk(n: usize, start: Option<i64>, end: Option<i64>, step: i64) -> Result<Walk, ErrorKind> {
    if step == 0 {
        return Err(ErrorKind::invalid("the step of a slice is 0; use 1, or -1 to walk backwards"));
    }
    // An axis that is longer than any index still has its first places.
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let from_end = |i: i64| if i < 0 { i.saturating_add(n) } else { i };
    let stride = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
    if step > 0 {
        let start = start.map_or(0, from_end).clamp(0, n);
        let limit = end.map_or(n, from_end).clamp(start, n);
        return Ok(Walk { start: start as usize, limit: limit as usize, stride, backwards: false });
    }
    // Backwards from `first` down to, but without, `last`: -1 stands for the place before the axis.
    let first = start.map_or(n - 1, from_end).clamp(-1, n - 1);
    let last = end.map_or(-1, from_end).clamp(-1, n - 1);
    if first <= last {
        return Ok(Walk { start: 0, limit: 0, stride: 1, backwards: false });
    }
    let steps = (first - last - 1) / stride.min(n as usize) as i64;
    let lowest = first - steps * stride.min(n as usize) as i64;
    Ok(Walk {
        start: lowest as usize,
        limit: first as usize + 1,
        stride: stride.min(n as usize),
        backwards: true,
    })
}

/// What the entries do to the axes of a value: slice, reverse, choose, drop, add.
#[derive(Default)]
pub(crate) struct Indexer {
    starts: Dims,
    limits: Dims,
    strides: Dims,
    backwards: Dims,
    /// Axes whose positions are values.
    at: Vec<(usize, Val)>,
    /// The axes of the result but for those of index arrays.
    result: Vec<Entry>,
    /// Where the axes of index arrays stand among those of the result.
    arrays: Placed,
}
enum Entry {
    Axis(usize),
    New,
}
/// NumPy's rule: index arrays side by side are replaced in place, others go to the front.
#[derive(Clone, Copy, Default)]
enum Placed {
    #[default]
    Nowhere,
    Open(usize),
    Closed(usize),
    Front,
}

impl Indexer {
    pub(crate) fn of(shape: &Shape, entries: &[Slice]) -> Result<Indexer, ErrorKind> {
        let named = entries.iter().filter(|e| !matches!(e, Slice::Ellipsis | Slice::NewAxis)).count();
        let ellipses = entries.iter().filter(|e| matches!(e, Slice::Ellipsis)).count();
        if named > shape.rank() {
            let message = format!("{named} indices for shape {shape}; give at most one for each axis");
            return Err(ErrorKind::invalid(message));
        }
        if ellipses > 1 {
            return Err(ErrorKind::invalid("several `...` in one index; only one can stand for the rest"));
        }
        let rest = shape.rank() - named;
        let mut indexer = Indexer::default();
        for entry in entries {
            indexer.place(matches!(entry, Slice::At(_) | Slice::AtVal(_)));
            match entry {
                Slice::NewAxis => indexer.result.push(Entry::New),
                Slice::Ellipsis => indexer.whole(shape, rest),
                _ => indexer.axis(shape, *entry)?,
            }
        }
        if ellipses == 0 {
            indexer.whole(shape, rest);
        }
        Ok(indexer)
    }
    /// Follows where positions stand among the entries.
    fn place(&mut self, position: bool) {
        self.arrays = match (self.arrays, position) {
            (Placed::Nowhere, true) => Placed::Open(self.result.len()),
            (Placed::Open(at), false) => Placed::Closed(at),
            (Placed::Closed(_), true) => Placed::Front,
            (unchanged, _) => unchanged,
        };
    }
    fn whole(&mut self, shape: &Shape, count: usize) {
        for _ in 0..count {
            let axis = self.starts.len();
            self.push(Walk { start: 0, limit: shape.dim(axis), stride: 1, backwards: false });
            self.result.push(Entry::Axis(axis));
        }
    }
    fn push(&mut self, walk: Walk) {
        if walk.backwards {
            self.backwards.push(self.starts.len());
        }
        self.starts.push(walk.start);
        self.limits.push(walk.limit);
        self.strides.push(walk.stride);
    }
    fn axis(&mut self, shape: &Shape, entry: Slice) -> Result<(), ErrorKind> {
        let axis = self.starts.len();
        let n = shape.dim(axis);
        match entry {
            Slice::At(i) => {
                let at = position(i, n, axis, shape)?;
                self.push(Walk { start: at, limit: at + 1, stride: 1, backwards: false });
            }
            Slice::AtVal(v) => {
                if n == 0 {
                    let message = format!("axis {axis} of shape {shape} has no positions to choose from");
                    return Err(ErrorKind::invalid(message));
                }
                self.at.push((axis, v));
                self.push(Walk { start: 0, limit: n, stride: 1, backwards: false });
            }
            Slice::Range { start, end, step } => {
                self.push(walk(n, start, end, step)?);
                self.result.push(Entry::Axis(axis));
            }
            Slice::Ellipsis | Slice::NewAxis => unreachable!("internal: entries without an axis"),
        }
        Ok(())
    }
    /// The extents once ranges have been cut, axis by axis of the operand.
    fn cut(&self) -> Shape {
        let extent = |axis: usize| (self.limits[axis] - self.starts[axis]).div_ceil(self.strides[axis]);
        (0..self.starts.len()).map(extent).collect()
    }
    /// The shape to which index arrays broadcast.
    fn common(&self) -> Result<Shape, ErrorKind> {
        let shapes: Vec<Shape> = self.at.iter().map(|(_, v)| v.ty().shape).collect();
        common_shape(&shapes)
    }
    /// Whether an index array is among the entries, or a scalar whose place is not the nearest.
    fn gathers(&self, mode: IndexMode) -> bool {
        let scalars = self.at.iter().all(|(_, v)| v.ty().rank() == 0);
        !(scalars && matches!(mode, IndexMode::Clip | IndexMode::PromiseInBounds))
    }
    /// From axes of index arrays in front to where NumPy has them; there are `count` of them.
    fn order(&self, count: usize, rank: usize) -> Dims {
        let to = match self.arrays {
            Placed::Open(at) | Placed::Closed(at) => at,
            Placed::Nowhere | Placed::Front => 0,
        };
        (count..count + to).chain(0..count).chain(count + to..rank).collect()
    }
    /// The part of `x` that is asked for.
    #[track_caller]
    pub(crate) fn read(&self, x: Strict, mode: IndexMode) -> Result<Strict, ErrorKind> {
        let sliced = x.slice(&self.starts, &self.limits, &self.strides);
        let walked = if self.backwards.is_empty() { sliced } else { sliced.rev(&self.backwards) };
        if self.at.is_empty() {
            return Ok(self.finish(walked, &walked.shape(), 0));
        }
        if !self.gathers(mode) {
            let chosen = self.choose(walked)?;
            return Ok(self.finish(chosen, &chosen.shape(), 0));
        }
        self.gather(walked, mode)
    }
    /// One position, known only at run time, of each axis of `at`, which keeps extent 1.
    #[track_caller]
    fn choose(&self, x: Strict) -> Result<Strict, ErrorKind> {
        let shape = x.shape();
        let columns = self.columns(&shape, &Shape::scalar(), IndexMode::Clip)?;
        let dtype = columns[0].ty().dtype;
        let zero = strict::convert(strict::constant(Array::scalar(0i32)), dtype);
        let mut starts = vec![zero; shape.rank()];
        let mut sizes = shape.dims();
        for ((axis, _), column) in self.at.iter().zip(columns) {
            starts[*axis] = column.reshape(Shape::scalar());
            sizes[*axis] = 1;
        }
        Ok(x.dynamic_slice(&starts, &sizes))
    }
    /// The positions along the axes of `at`, `common` and a last axis of extent 1, of one integer type.
    #[track_caller]
    fn columns(&self, shape: &Shape, common: &Shape, mode: IndexMode) -> Result<Vec<Strict>, ErrorKind> {
        let found = |(axis, v): &(usize, Val)| positions(*v, shape.dim(*axis), mode);
        let found: Vec<Strict> = self.at.iter().map(found).collect::<Result<_, _>>()?;
        let wide = found.iter().any(|v| v.ty().dtype.size_bytes() == 8);
        let dtype = if wide { Dtype::I64 } else { Dtype::I32 };
        let vector = common.with_axis(common.rank(), 1);
        let column =
            |v: &Strict| strict::broadcast(strict::convert(*v, dtype), common).reshape(vector.clone());
        Ok(found.iter().map(column).collect())
    }
    /// The windows at index arrays; their axes come first, then where they belong.
    #[track_caller]
    fn gather(&self, x: Strict, mode: IndexMode) -> Result<Strict, ErrorKind> {
        let (shape, common) = (x.shape(), self.common()?);
        let count = common.rank();
        let columns = self.columns(&shape, &common, mode)?;
        let axes: Dims = self.at.iter().map(|(axis, _)| *axis).collect();
        let mut sizes = shape.dims();
        axes.iter().for_each(|axis| sizes[*axis] = 1);
        let dims = GatherDims {
            offset_dims: (count..count + shape.rank() - axes.len()).collect(),
            collapsed_slice_dims: axes.clone(),
            start_index_map: axes,
            ..GatherDims::default()
        };
        let gathered = gather(x, Strict::concatenate(&columns, count), dims, &sizes, mode)?;
        let finished = self.finish(gathered, &shape, count);
        let rank = finished.shape().rank();
        Ok(finished.transpose(&self.order(count, rank)))
    }
    /// Drops and adds axes behind the first `count`, which stay; `shape` is that of the operand's axes.
    #[track_caller]
    fn finish(&self, x: Strict, shape: &Shape, count: usize) -> Strict {
        let extent = |entry: &Entry| match entry {
            Entry::Axis(axis) => shape.dim(*axis),
            Entry::New => 1,
        };
        let first = (0..count).map(|axis| x.shape().dim(axis)).collect::<Vec<_>>();
        x.reshape(first.into_iter().chain(self.result.iter().map(extent)).collect::<Shape>())
    }

    /// The shape of what `read` gives.
    pub(crate) fn shape(&self) -> Result<Shape, ErrorKind> {
        let (cut, common) = (self.cut(), self.common()?);
        let extent = |entry: &Entry| match entry {
            Entry::Axis(axis) => cut.dim(*axis),
            Entry::New => 1,
        };
        let own: Vec<usize> = self.result.iter().map(extent).collect();
        let all: Vec<usize> = common.dims().iter().copied().chain(own).collect();
        Ok(self.order(common.rank(), all.len()).iter().map(|axis| all[*axis]).collect())
    }
    /// `x` with `part`, which broadcasts to what `read` gives, joined to the elements asked for.
    ///
    /// # Errors
    /// If it does not broadcast, or a position is no integer.
    #[track_caller]
    pub(crate) fn write(&self, x: Strict, part: Val, how: Scatter) -> Result<Strict, ErrorKind> {
        let place = self.shape()?;
        fits(&part.ty().shape, &place)?;
        let part = bring(part, x.ty().dtype, &place);
        if place.size() == 0 {
            return Ok(x);
        }
        if self.at.is_empty() {
            return Ok(self.write_range(x, part, how.update));
        }
        if self.strides.iter().any(|stride| *stride != 1) {
            return self.write_by_number(x, part, how);
        }
        self.write_windows(x, part, how)
    }
    /// The part without new axes, in the operand's direction, axes of index arrays in front.
    #[track_caller]
    fn undone(&self, part: Strict, count: usize) -> Strict {
        let order = self.order(count, part.shape().rank());
        let mut inverse = Dims::from_elem(0, order.len());
        order.iter().enumerate().for_each(|(to, from)| inverse[*from] = to);
        let part = part.transpose(&inverse);
        let (shape, cut) = (part.shape(), self.cut());
        let kept: Vec<usize> = self.kept().collect();
        let extents = (0..count).map(|axis| shape.dim(axis)).chain(kept.iter().map(|axis| cut.dim(*axis)));
        let part = part.reshape(extents.collect::<Shape>());
        let is_backwards = |(_, axis): &(usize, &usize)| self.backwards.contains(axis);
        let backwards: Dims = kept.iter().enumerate().filter(is_backwards).map(|(i, _)| count + i).collect();
        if backwards.is_empty() { part } else { part.rev(&backwards) }
    }
    /// The operand's axes that the result has, in order.
    fn kept(&self) -> impl Iterator<Item = usize> {
        self.result.iter().filter_map(|entry| match entry {
            Entry::Axis(axis) => Some(*axis),
            Entry::New => None,
        })
    }
    /// Places that are known while tracing: a window, or a pattern that a selection puts in.
    #[track_caller]
    fn write_range(&self, x: Strict, part: Strict, update: Update) -> Strict {
        let (shape, cut) = (x.shape(), self.cut());
        let mut part = self.undone(part, 0).reshape(cut.clone());
        if let Some(monoid) = update.monoid() {
            let old = x.slice(&self.starts, &self.limits, &self.strides);
            part = gradus_ir::bind1(monoid.binary(), &[old, part]);
        }
        if self.strides.iter().all(|stride| *stride == 1) {
            let start = |start: &usize| strict::constant(Array::scalar(*start as i64));
            let starts: Vec<Strict> = self.starts.iter().map(start).collect();
            return x.dynamic_update_slice(part, &starts);
        }
        let low: Vec<i64> = self.starts.iter().map(|start| *start as i64).collect();
        let between: Vec<usize> = self.strides.iter().map(|stride| stride - 1).collect();
        let behind = |axis: usize| {
            let used = self.starts[axis] + (cut.dim(axis) - 1) * self.strides[axis] + 1;
            shape.dim(axis) as i64 - used as i64
        };
        let high: Vec<i64> = (0..shape.rank()).map(behind).collect();
        let spread = |v: Strict, fill: Array| v.pad(strict::constant(fill), &low, &high, &between);
        let here = strict::broadcast(strict::constant(Array::scalar(true)), &cut);
        let here = spread(here, Array::scalar(false));
        let zero = Array::zeros(crate::Type::scalar(x.ty().dtype));
        here.select(spread(part, zero), x)
    }
    /// Windows at index arrays, ranges of step 1 and fixed positions.
    #[track_caller]
    fn write_windows(&self, x: Strict, part: Strict, how: Scatter) -> Result<Strict, ErrorKind> {
        let (shape, common) = (x.shape(), self.common()?);
        let count = common.rank();
        let updates = self.undone(part, count);
        let mut columns = self.columns(&shape, &common, how.mode)?;
        let mut named: Dims = self.at.iter().map(|(axis, _)| *axis).collect();
        let dtype = columns[0].ty().dtype;
        for axis in (0..shape.rank()).filter(|axis| !named.contains(axis)).collect::<Vec<_>>() {
            if self.starts[axis] > 0 {
                let start = strict::convert(strict::constant(Array::scalar(self.starts[axis] as i64)), dtype);
                columns.push(strict::broadcast(start, &common.with_axis(count, 1)));
                named.push(axis);
            }
        }
        let inserted: Dims = (0..shape.rank()).filter(|axis| self.kept().all(|kept| kept != *axis)).collect();
        let dims = ScatterDims {
            update_window_dims: (count..updates.shape().rank()).collect(),
            inserted_window_dims: inserted,
            scatter_dims_to_operand_dims: named,
            ..ScatterDims::default()
        };
        Ok(scatter(x, Strict::concatenate(&columns, count), updates, dims, how))
    }
    /// Any places, by number: what the same entries read from an array of numbers.
    #[track_caller]
    fn write_by_number(&self, x: Strict, part: Strict, how: Scatter) -> Result<Strict, ErrorKind> {
        let shape = x.shape();
        let dtype = Dtype::of_index(shape.size());
        let numbers = strict::iota(dtype, &[shape.size()].into(), 0).reshape(shape.clone());
        let outside = match how.mode.strict() {
            gradus_ir::ops::index::IndexMode::FillOrDrop => IndexMode::FillWith(Val::from(-1i64)),
            _ => how.mode,
        };
        let places = self.read(numbers, outside)?;
        let size = places.shape().size();
        let dims = ScatterDims {
            inserted_window_dims: Dims::from_elem(0, 1),
            scatter_dims_to_operand_dims: Dims::from_elem(0, 1),
            ..ScatterDims::default()
        };
        let flat = x.reshape([shape.size()]);
        let written = scatter(flat, places.reshape([size, 1]), part.reshape([size]), dims, how);
        Ok(written.reshape(shape))
    }
}

/// Whether `part` broadcasts to a place of shape `place`.
fn fits(part: &Shape, place: &Shape) -> Result<(), ErrorKind> {
    if common_shape([part, place]).is_ok_and(|common| common == *place) {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!(
        "the part has shape {part}, but its place {place}; make it broadcast to that"
    )))
}

/// The position `i` of an axis of extent `n`.
fn position(i: i64, n: usize, axis: usize, shape: &Shape) -> Result<usize, ErrorKind> {
    let from_start = if i < 0 { i.saturating_add(n as i64) } else { i };
    let inside = usize::try_from(from_start).ok().filter(|i| *i < n);
    inside.ok_or_else(|| {
        let message = format!(
            "position {i} is outside of axis {axis} of shape {shape}; use {} to {}",
            -(n as i64),
            n as i64 - 1
        );
        ErrorKind::invalid(message)
    })
}
