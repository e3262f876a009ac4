//! The entries of an index as NumPy has them, by the macro [`s!`](crate::s): integers, ranges with steps, ellipsis and
//! new axes.

use crate::val::Val;
use crate::val::axes::Integer;
use crate::{Array, Dtype, ErrorKind};
use gradus_ir::trace as ir;
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
/// Positions given by a captured array of integers. A mask cannot stand here: see [`Val::masked`].
impl From<&Array> for Slice {
    #[track_caller]
    fn from(positions: &Array) -> Slice {
        if positions.dtype() == Dtype::Bool {
            let message = format!("{} is a mask, not positions; use `masked` or `compress`", positions.ty());
            return Slice::AtVal(Val::refuse("index", ErrorKind::invalid(message), ir::current_place()));
        }
        Slice::AtVal(positions.into())
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
