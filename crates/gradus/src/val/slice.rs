//! Indexing as NumPy's basic indexing: integers, ranges with steps, ellipsis and new axes, by the macro
//! [`s!`](crate::s).

use super::axes::Integer;
use super::broadcast::common_shape;
use super::index::positions;
use super::{Val, strict};
use crate::{Array, Dtype, ErrorKind, Shape};
use gradus_ir::ops::index::{GatherDims, IndexMode};
use gradus_ir::{Dims, Val as Strict};
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// What is asked of one axis (or of none, or of several) between the brackets of [`s!`](crate::s).
#[derive(Clone, Copy, Debug)]
pub enum Slice {
    /// One position, negative from the end; the axis goes.
    At(i64),
    /// Positions known only at run time: integers of any shape, whose axes take the place of this one.
    AtVal(Val),
    /// Positions from `start` towards `end`, every `step`-th; `None` for as far as the axis goes.
    Range {
        /// The first position, negative from the end.
        start: Option<i64>,
        /// The position behind the last, negative from the end.
        end: Option<i64>,
        /// From one position to the next; negative walks backwards.
        step: i64,
    },
    /// As many whole axes as the other entries leave.
    Ellipsis,
    /// A new axis of extent 1.
    NewAxis,
}

/// A new axis of extent 1, between the brackets of [`s!`](crate::s).
#[derive(Clone, Copy, Debug)]
pub struct NewAxis;

/// The entries of an index, for [`Val::slice`]: `s![.., 1..-1, ..;2]`.
///
/// An entry is a position `3` or `-1`, a range `1..-1`, a range with a step `..;2` or `..;-1`, the ellipsis `...`
/// for all axes not named, [`NewAxis`](crate::NewAxis), or an integer [`Val`](crate::Val) for positions that are
/// known only at run time: a scalar, or an array whose axes take the place of this one; several arrays broadcast
/// together, as in NumPy. Ranges are cut to the axis; a position outside of it is an error, at run time the nearest.
///
/// ```
/// use gradus::{Array, NewAxis, Val, jit, s};
/// let x = Array::from([[0i32, 1, 2, 3], [4, 5, 6, 7]]);
/// let f = jit(|x: &Val| (x.slice(s![.., 1..-1]), x.slice(s![-1, ..;-2]), x.slice(s![..., NewAxis, 0])));
/// let (middle, backwards, column) = f(&x)?;
/// assert_eq!(middle, Array::from([[1i32, 2], [5, 6]]));
/// assert_eq!(backwards, Array::from([7i32, 5]));
/// assert_eq!(column.shape(), [2, 1]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[macro_export]
macro_rules! s {
    (@entries [$($done:tt)*] ...) => { [$($done)* $crate::Slice::Ellipsis] };
    (@entries [$($done:tt)*] ..., $($rest:tt)*) => { $crate::s!(@entries [$($done)* $crate::Slice::Ellipsis,] $($rest)*) };
    (@entries [$($done:tt)*] $range:expr; $step:expr) => { [$($done)* $crate::Slice::from($range).by($step)] };
    (@entries [$($done:tt)*] $range:expr; $step:expr, $($rest:tt)*) => {
        $crate::s!(@entries [$($done)* $crate::Slice::from($range).by($step),] $($rest)*)
    };
    (@entries [$($done:tt)*] $entry:expr) => { [$($done)* $crate::Slice::from($entry)] };
    (@entries [$($done:tt)*] $entry:expr, $($rest:tt)*) => {
        $crate::s!(@entries [$($done)* $crate::Slice::from($entry),] $($rest)*)
    };
    (@entries [$($done:tt)*]) => { [$($done)*] };
    ($($entries:tt)*) => { $crate::s!(@entries [] $($entries)*) };
}

impl Slice {
    /// Every `step`-th position of a range.
    pub fn by(self, step: impl Integer) -> Slice {
        match self {
            Slice::Range { start, end, .. } => Slice::Range { start, end, step: step.to_i64() },
            other => other,
        }
    }
    fn range(start: Option<i64>, end: Option<i64>) -> Slice {
        Slice::Range { start, end, step: 1 }
    }
}

impl From<NewAxis> for Slice {
    fn from(_: NewAxis) -> Slice {
        Slice::NewAxis
    }
}
impl From<RangeFull> for Slice {
    fn from(_: RangeFull) -> Slice {
        Slice::range(None, None)
    }
}
impl From<Val> for Slice {
    fn from(v: Val) -> Slice {
        Slice::AtVal(v)
    }
}
impl From<&Val> for Slice {
    fn from(v: &Val) -> Slice {
        Slice::AtVal(*v)
    }
}
/// The end of a range that includes `end`; behind -1 there is nothing to name.
fn behind(end: i64) -> Option<i64> {
    (end != -1).then(|| end.saturating_add(1))
}
macro_rules! entries {
    ($($I:ty),*) => { $(
        impl From<$I> for Slice {
            fn from(i: $I) -> Slice { Slice::At(i.to_i64()) }
        }
        impl From<Range<$I>> for Slice {
            fn from(r: Range<$I>) -> Slice { Slice::range(Some(r.start.to_i64()), Some(r.end.to_i64())) }
        }
        impl From<RangeFrom<$I>> for Slice {
            fn from(r: RangeFrom<$I>) -> Slice { Slice::range(Some(r.start.to_i64()), None) }
        }
        impl From<RangeTo<$I>> for Slice {
            fn from(r: RangeTo<$I>) -> Slice { Slice::range(None, Some(r.end.to_i64())) }
        }
        impl From<RangeInclusive<$I>> for Slice {
            fn from(r: RangeInclusive<$I>) -> Slice { Slice::range(Some(r.start().to_i64()), behind(r.end().to_i64())) }
        }
        impl From<RangeToInclusive<$I>> for Slice {
            fn from(r: RangeToInclusive<$I>) -> Slice { Slice::range(None, behind(r.end.to_i64())) }
        }
    )* };
}
entries!(i32, i64, usize);

/// The values among the entries.
pub(crate) fn values(entries: &[Slice]) -> impl Iterator<Item = Val> {
    entries.iter().filter_map(|entry| match entry {
        Slice::AtVal(v) => Some(*v),
        _ => None,
    })
}

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
    let n = n as i64;
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

/// What a position outside of its axis reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    /// The nearest place.
    Nearest,
    /// This number; only for `i32`.
    Gives(i32),
}

/// What the entries do to the axes of a value: slice, reverse, choose, drop, add.
#[derive(Default)]
struct Plan {
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

impl Plan {
    fn of(shape: &Shape, entries: &[Slice]) -> Result<Plan, ErrorKind> {
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
        let mut plan = Plan::default();
        for entry in entries {
            plan.place(matches!(entry, Slice::At(_) | Slice::AtVal(_)));
            match entry {
                Slice::NewAxis => plan.result.push(Entry::New),
                Slice::Ellipsis => plan.whole(shape, rest),
                _ => plan.axis(shape, *entry)?,
            }
        }
        if ellipses == 0 {
            plan.whole(shape, rest);
        }
        Ok(plan)
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
    /// The part of `x` that is asked for.
    #[track_caller]
    fn read(&self, x: Strict, outside: Outside) -> Result<Strict, ErrorKind> {
        let sliced = x.slice(&self.starts, &self.limits, &self.strides);
        let walked = if self.backwards.is_empty() { sliced } else { sliced.rev(&self.backwards) };
        let ranks = self.at.iter().map(|(_, v)| v.ty().rank()).max();
        match ranks {
            None => Ok(self.finish(walked, &walked.shape(), 0)),
            Some(0) if outside == Outside::Nearest => {
                let chosen = self.choose(walked)?;
                Ok(self.finish(chosen, &chosen.shape(), 0))
            }
            Some(_) => self.gather(walked, outside),
        }
    }
    /// One position, known only at run time, of each axis of `at`, which keeps extent 1.
    #[track_caller]
    fn choose(&self, x: Strict) -> Result<Strict, ErrorKind> {
        let shape = x.shape();
        let zero = strict::constant(Array::scalar(0i32));
        let mut starts = vec![zero; shape.rank()];
        let mut sizes = shape.dims();
        for (axis, v) in &self.at {
            starts[*axis] = strict::convert(positions(*v, shape.dim(*axis))?, Dtype::I32);
            sizes[*axis] = 1;
        }
        Ok(x.dynamic_slice(&starts, &sizes))
    }
    /// The windows at index arrays; their axes come first, then where they belong.
    #[track_caller]
    fn gather(&self, x: Strict, outside: Outside) -> Result<Strict, ErrorKind> {
        let shape = x.shape();
        let shapes: Vec<Shape> = self.at.iter().map(|(_, v)| v.ty().shape).collect();
        let common = common_shape(&shapes)?;
        let (count, vector) = (common.rank(), common.with_axis(common.rank(), 1));
        let mut columns = vec![];
        let mut sizes = shape.dims();
        for (axis, v) in &self.at {
            let index = strict::convert(positions(*v, shape.dim(*axis))?, Dtype::I32);
            columns.push(strict::broadcast(index, &common).reshape(vector.clone()));
            sizes[*axis] = 1;
        }
        let axes: Dims = self.at.iter().map(|(axis, _)| *axis).collect();
        let dims = GatherDims {
            offset_dims: (count..count + shape.rank() - axes.len()).collect(),
            collapsed_slice_dims: axes.clone(),
            start_index_map: axes,
            ..GatherDims::default()
        };
        let (mode, fill) = match outside {
            Outside::Nearest => (IndexMode::Clip, None),
            Outside::Gives(fill) => (IndexMode::FillOrDrop, Some(Array::scalar(fill))),
        };
        let gathered = x.gather(Strict::concatenate(&columns, count), dims, &sizes, mode, fill);
        let finished = self.finish(gathered, &shape, count);
        let to = match self.arrays {
            Placed::Open(at) | Placed::Closed(at) => at,
            Placed::Nowhere | Placed::Front => 0,
        };
        let rank = finished.shape().rank();
        let order: Dims = (count..count + to).chain(0..count).chain(count + to..rank).collect();
        Ok(finished.transpose(&order))
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

impl Val {
    /// Part of the value, by the entries of [`s!`](crate::s).
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let y = jit(|x: &Val| x.slice(s![1.., ..;2]))(&Array::from([[1i32, 2, 3], [4, 5, 6]]))?;
    /// assert_eq!(y, Array::from([[4i32, 6]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn slice(self, entries: impl AsRef<[Slice]>) -> Val {
        let entries = entries.as_ref();
        let args: Vec<Val> = std::iter::once(self).chain(values(entries)).collect();
        Val::derive("slice", &args, |_| self.slice_with(entries, Outside::Nearest))
    }
    /// [`Val::slice`] of a value that is known to be sound.
    #[track_caller]
    pub(crate) fn slice_with(self, entries: &[Slice], outside: Outside) -> Result<Val, ErrorKind> {
        let plan = Plan::of(&self.ty().shape, entries)?;
        Ok(Val::from_ir(plan.read(self.ir(), outside)?).with_weak(self.is_weak()))
    }
    /// The part at position `i` of the first axis, which goes: an integer, or an integer `Val`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.at(-1))(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y.to_vec::<i32>()?, [3, 4]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn at(self, i: impl Into<Slice>) -> Val {
        self.slice([i.into()])
    }
}
