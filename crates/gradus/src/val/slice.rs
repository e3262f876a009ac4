//! Indexing as NumPy's basic indexing: integers, ranges with steps, ellipsis and new axes, by the macro [`s!`](crate::s).

use super::Val;
use super::axes::Integer;
use crate::{ErrorKind, Shape};
use gradus_ir::Dims;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

/// What is asked of one axis (or of none, or of several) between the brackets of [`s!`](crate::s).
#[derive(Clone, Copy, Debug)]
pub enum Slice {
    /// One position, negative from the end; the axis goes.
    At(i64),
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
/// for all axes not named, or [`NewAxis`](crate::NewAxis). Ranges are cut to the axis as in NumPy; a position outside of it is an error.
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

/// What the entries do to the axes of a value: slice, reverse, drop, add.
#[derive(Default)]
struct Plan {
    starts: Dims,
    limits: Dims,
    strides: Dims,
    backwards: Dims,
    /// The result's extents; `None` is that of the axis when it is sliced.
    result: Vec<Entry>,
}
enum Entry {
    Axis(usize),
    New,
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
            Slice::Range { start, end, step } => {
                self.push(walk(n, start, end, step)?);
                self.result.push(Entry::Axis(axis));
            }
            Slice::Ellipsis | Slice::NewAxis => unreachable!("internal: entries without an axis"),
        }
        Ok(())
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
        self.keep_weak("slice", |x, ty| {
            let plan = Plan::of(&ty.shape, entries)?;
            let sliced = x.slice(&plan.starts, &plan.limits, &plan.strides);
            let walked = if plan.backwards.is_empty() { sliced } else { sliced.rev(&plan.backwards) };
            let shape = walked.shape();
            let extent = |entry: &Entry| match entry {
                Entry::Axis(axis) => shape.dim(*axis),
                Entry::New => 1,
            };
            Ok(walked.reshape(plan.result.iter().map(extent).collect::<Shape>()))
        })
    }
    /// The part at position `i` of the first axis, which goes: an integer.
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
