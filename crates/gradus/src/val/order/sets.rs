//! Vectors as sets: what either, both or one of two holds, in increasing order.
//!
//! How many elements that are depends on the data, so it is given beforehand as `size`: what is beyond is left out, and
//! where there are fewer a fill stands.

use crate::val::index::gather::IndexMode;
use crate::val::order::search::places;
use crate::val::promote::promote_all;
use crate::val::{Val, concatenate, iota, sort_together, where_, zeros};
use crate::{Dtype, ErrorKind};

impl Val {
    /// The distinct elements of both, `size` of them; the smallest one again where there are fewer.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, y: &Val| (x.union1d(y, 4), x.intersect1d(y, 1), x.setdiff1d(y, 2), x.setxor1d(y, 2)));
    /// let (either, both, only, one) = f(&Array::from([3i32, 1]), &Array::from([4i32, 3, 3]))?;
    /// assert_eq!((either, both), (Array::from([1i32, 3, 4, 1]), Array::from([3i32])));
    /// assert_eq!((only, one), (Array::from([1i32, 0]), Array::from([1i32, 4])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn union1d(self, other: impl Into<Val>, size: usize) -> Val {
        let other = other.into();
        Val::derive("union1d", &[self, other], |_| Ok(self.append(other).unique(size).values))
    }
    /// [`Val::union1d`] with what stands where there are fewer than `size`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.union1d_filled(3, 3, -1))(&Array::from([3i32, 1]))?;
    /// assert_eq!(y, Array::from([1i32, 3, -1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn union1d_filled(self, other: impl Into<Val>, size: usize, fill: impl Into<Val>) -> Val {
        let (other, fill) = (other.into(), fill.into());
        Val::derive("union1d", &[self, other, fill], |_| {
            Ok(self.append(other).unique_filled(size, fill).values)
        })
    }
    /// The distinct elements that both hold, `size` of them; the smallest one again where there are fewer, 0 if there
    /// are none. NaN equals nothing.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.intersect1d(&Array::from([3i32, 4]), 1))(&Array::from([3i32, 1]))?;
    /// assert_eq!(y, Array::from([3i32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn intersect1d(self, other: impl Into<Val>, size: usize) -> Val {
        let other = other.into();
        Val::derive("intersect1d", &[self, other], |known| {
            let [x, y] = met(self, other, known)?;
            let (values, is_one) = set(x);
            chosen(values, is_one & values.isin(y), size, None)
        })
    }
    /// [`Val::intersect1d`] with where each element stands first in both: as `i32`, the number of elements where there
    /// are fewer than `size`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, y: &Val| x.intersect1d_indices(y, 2));
    /// let (values, left, right) = f(&Array::from([3i32, 1]), &Array::from([4i32, 3, 3]))?;
    /// assert_eq!((values, left), (Array::from([3i32, 3]), Array::from([0i32, 2])));
    /// assert_eq!(right, Array::from([1i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn intersect1d_indices(self, other: impl Into<Val>, size: usize) -> (Val, Val, Val) {
        let other = other.into();
        let side = |first: bool| {
            Val::derive("intersect1d", &[self, other], |known| {
                let [x, y] = met(self, other, known)?;
                let (distinct, is_one) = set(x);
                let (order, count) = places(is_one & distinct.isin(y), size)?;
                let values = distinct.take_mode(order, 0, IndexMode::Clip);
                let from = if first { x } else { y };
                // A stable sort has the first of equal ones first.
                let sorted = from.argsort(0);
                let place = from.take(sorted, 0).searchsorted(values);
                let found = sorted.take_mode(place, 0, IndexMode::Clip);
                Ok(where_(iota(Dtype::I32, [size], 0).lt(count), found, from.size()).astype(Dtype::I32))
            })
        };
        crate::val::at_caller("intersect1d", || (self.intersect1d(other, size), side(true), side(false)))
    }
    /// The distinct elements that `other` does not hold, `size` of them; 0 where there are fewer.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.setdiff1d(3, 2))(&Array::from([3i32, 1]))?;
    /// assert_eq!(y, Array::from([1i32, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn setdiff1d(self, other: impl Into<Val>, size: usize) -> Val {
        self.setdiff1d_filled(other, size, 0)
    }
    /// [`Val::setdiff1d`] with what stands where there are fewer than `size`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.setdiff1d_filled(3, 2, -1))(&Array::from([3i32, 1]))?;
    /// assert_eq!(y, Array::from([1i32, -1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn setdiff1d_filled(self, other: impl Into<Val>, size: usize, fill: impl Into<Val>) -> Val {
        let (other, fill) = (other.into(), fill.into());
        Val::derive("setdiff1d", &[self, other, fill], |_| {
            let (values, is_one) = set(self.ravel());
            chosen(values, is_one & !values.isin(other), size, Some(fill))
        })
    }
    /// The distinct elements that only one of both holds, `size` of them; the smallest one again where there are fewer,
    /// 0 if there are none.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.setxor1d(&Array::from([3i32, 4]), 2))(&Array::from([3i32, 1]))?;
    /// assert_eq!(y, Array::from([1i32, 4]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn setxor1d(self, other: impl Into<Val>, size: usize) -> Val {
        let other = other.into();
        Val::derive("setxor1d", &[self, other], |known| {
            let [x, y] = met(self, other, known)?;
            let ((left, is_left), (right, is_right)) = (set(x), set(y));
            let keep = concatenate([is_left & !left.isin(y), is_right & !right.isin(x)], 0);
            let sorted = sort_together([!keep, concatenate([left, right], 0)], 2, 0);
            chosen(sorted[1], !sorted[0], size, None)
        })
    }
}

/// Both as vectors of the element type in which they meet.
#[track_caller]
fn met(x: Val, y: Val, known: &[crate::val::Known]) -> Result<[Val; 2], ErrorKind> {
    let dtype = promote_all(known).dtype;
    Ok([x, y].map(|v| v.astype(dtype).ravel()))
}

/// The distinct elements of a vector in order, as many as it has elements, and which of them count.
#[track_caller]
fn set(x: Val) -> (Val, Val) {
    if x.size() == 0 {
        return (x, x.astype(Dtype::Bool));
    }
    let found = x.unique(x.size());
    (found.values, found.counts.gt(0))
}

/// The first `size` of the values to keep; without a fill the first one stands where there are fewer.
#[track_caller]
fn chosen(values: Val, keep: Val, size: usize, fill: Option<Val>) -> Result<Val, ErrorKind> {
    let dtype = values.dtype();
    if size == 0 || values.size() == 0 {
        let fill = fill.unwrap_or_else(|| Val::from(0));
        return Ok(zeros([size], dtype) + fill.astype(dtype));
    }
    let (order, count) = places(keep, size)?;
    let found = values.take_mode(order, 0, IndexMode::Clip);
    let fill = fill.unwrap_or_else(|| where_(count.gt(0), found.at(0), 0));
    Ok(where_(iota(Dtype::I32, [size], 0).lt(count), found, fill.astype(dtype)))
}
