//! Sorting along an axis: stable, NaN last.

use crate::val::axes::{Integer, axis_of};
use crate::val::{Val, concatenate, strict};
use crate::{Dtype, ErrorKind};
use gradus_ir::ops::sort::sort;

impl Val {
    /// The elements in increasing order along `axis`, NaN last.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.sort(0))(&Array::from([3i32, 1, 2]))?;
    /// assert_eq!(y.to_vec::<i32>()?, [1, 2, 3]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sort(self, axis: impl Integer) -> Val {
        self.keep_weak("sort", |x, ty| Ok(x.sort(axis_of(axis.to_i64(), &ty.shape)?)))
    }
    /// The elements in decreasing order along `axis`, NaN first.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.sort_descending(0))(&Array::from([3i32, 1, 2]))?;
    /// assert_eq!(y, Array::from([3i32, 2, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sort_descending(self, axis: impl Integer) -> Val {
        Val::derive("sort_descending", &[self], |_| Ok(self.sort(axis).flip([axis])))
    }
    /// The indices along `axis` of the elements in increasing order, as `i32`; of equal ones the first first.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.argsort(0))(&Array::from([3i32, 1, 2]))?;
    /// assert_eq!(y, Array::from([1i32, 2, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn argsort(self, axis: impl Integer) -> Val {
        self.derive1("argsort", |ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            Ok(Val::from_ir(self.ir().argsort(axis, Dtype::of_index(ty.shape.dim(axis)))))
        })
    }
    /// The indices along `axis` of the elements in decreasing order, as `i32`, NaN first; of equal ones the first
    /// first.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let at = jit(|x: &Val| x.argsort_descending(0))(&Array::from([1i32, 5, 5]))?;
    /// assert_eq!(at.to_vec::<i32>()?, [1, 2, 0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn argsort_descending(self, axis: impl Integer) -> Val {
        self.derive1("argsort_descending", |ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            // Sorted from behind, so that of equal elements the first comes out first.
            let dtype = Dtype::of_index(ty.shape.dim(axis));
            let behind = strict::iota(dtype, &ty.shape, axis).rev(&[axis]);
            Ok(Val::from_ir(sort(&[self.ir().rev(&[axis]), behind], axis, 1)[1].rev(&[axis])))
        })
    }
    /// The elements along `axis` in the increasing order of `keys`, which have the same shape.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.sort_by(-x, 0))(&Array::from([3i32, 1, 2]))?;
    /// assert_eq!(y, Array::from([3i32, 2, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sort_by(self, keys: impl Into<Val>, axis: impl Integer) -> Val {
        let keys = keys.into();
        Val::derive("sort_by", &[self, keys], |known| {
            let (ty, by) = (&known[0].ty, &known[1].ty);
            if ty.shape != by.shape {
                let message = format!("{by} orders {ty}; give one key for each element");
                return Err(ErrorKind::invalid(message));
            }
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            Ok(Val::from_ir(sort(&[keys.ir(), self.ir()], axis, 1)[1]).with_weak(known[0].weak))
        })
    }
    /// The `k` largest elements along the last axis in decreasing order, and their indices as `i32`; of equal ones
    /// the first first, NaN before all.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let (largest, at) = jit(|x: &Val| x.top_k(2))(&Array::from([1i32, 5, 5]))?;
    /// assert_eq!((largest.to_vec::<i32>()?, at.to_vec::<i32>()?), (vec![5, 5], vec![1, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn top_k(self, k: usize) -> (Val, Val) {
        self.top_k_axis(k, -1)
    }
    /// [`Val::top_k`] along `axis`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.top_k_axis(1, 0).0)(&Array::from([[3i32, 1], [2, 5]]))?;
    /// assert_eq!(y, Array::from([[3i32, 5]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn top_k_axis(self, k: usize, axis: impl Integer) -> (Val, Val) {
        let axis = axis.to_i64();
        (self.top_k_result(k, axis, 0), self.top_k_result(k, axis, 1))
    }
    /// The elements (0) or the indices (1) of [`Val::top_k_axis`].
    #[track_caller]
    fn top_k_result(self, k: usize, axis: i64, number: usize) -> Val {
        self.derive1("top_k", |ty| {
            let axis = axis_of(axis, &ty.shape)?;
            let n = ty.shape.dim(axis);
            if k > n {
                let message = format!(
                    "axis {axis} of shape {} has fewer than {k} elements; ask for at most {n}",
                    ty.shape
                );
                return Err(ErrorKind::invalid(message));
            }
            let by_last = self.moveaxis(axis, -1);
            let positions =
                Val::from_ir(strict::iota(Dtype::of_index(n), &by_last.ty().shape, ty.rank() - 1));
            Ok(top_k_last(by_last, positions, k)[number].moveaxis(-1, axis))
        })
    }
    /// The elements along `axis` with the one of rank `k` in its place, smaller ones before and larger ones behind.
    /// (They are sorted, which is one such order.)
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.partition(1, 0).at(1))(&Array::from([3i32, 1, 2]))?;
    /// assert_eq!(y, Array::from(2i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn partition(self, k: impl Integer, axis: impl Integer) -> Val {
        Val::derive("partition", &[self], |known| {
            rank_of(k.to_i64(), axis.to_i64(), &known[0].ty)?;
            Ok(self.sort(axis))
        })
    }
    /// The indices that [`Val::partition`] follows, as `i32`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.argpartition(1, 0).at(1))(&Array::from([3i32, 1, 2]))?;
    /// assert_eq!(y, Array::from(2i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn argpartition(self, k: impl Integer, axis: impl Integer) -> Val {
        Val::derive("argpartition", &[self], |known| {
            rank_of(k.to_i64(), axis.to_i64(), &known[0].ty)?;
            Ok(self.argsort(axis))
        })
    }
}

/// Whether there is an element of rank `k` along an axis.
fn rank_of(k: i64, axis: i64, ty: &crate::Type) -> Result<(), ErrorKind> {
    let axis = axis_of(axis, &ty.shape)?;
    let n = ty.shape.dim(axis) as i64;
    if (-n..n).contains(&k) {
        return Ok(());
    }
    let message =
        format!("axis {axis} of shape {} has no element of rank {k}; use {} to {}", ty.shape, -n, n - 1);
    Err(ErrorKind::invalid(message))
}

/// The operands in the increasing order of the first `num_keys` of them along `axis`, the first one first; the
/// others go
/// with them. All have one shape.
///
/// ```
/// use gradus::{Array, Val, jit, sort_together};
/// let f = jit(|k: &Val, v: &Val| sort_together([k, v], 1, 0));
/// let sorted = f(&Array::from([2i32, 1]), &Array::from([20.0f32, 10.0]))?;
/// assert_eq!(sorted, [Array::from([1i32, 2]), Array::from([10.0f32, 20.0])]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn sort_together(
    operands: impl IntoIterator<Item = impl Into<Val>>,
    num_keys: usize,
    axis: impl Integer,
) -> Vec<Val> {
    let operands: Vec<Val> = operands.into_iter().map(Into::into).collect();
    let mut sorted = vec![];
    let first = Val::derive("sort_together", &operands, |known| {
        let Some(first) = known.first() else {
            return Err(ErrorKind::invalid("there is nothing to sort; give at least one value"));
        };
        let axis = axis_of(axis.to_i64(), &first.ty.shape)?;
        let strict: Vec<_> = operands.iter().map(|v| v.ir()).collect();
        sorted = sort(&strict, axis, num_keys).into_iter().map(Val::from_ir).collect();
        Ok(sorted[0])
    });
    if sorted.is_empty() { vec![first; operands.len()] } else { sorted }
}

/// The indices along `axis`, as `i32`, that sort by the last of `keys` first, as NumPy's `lexsort`.
///
/// ```
/// use gradus::{Array, Val, jit, lexsort};
/// let f = jit(|a: &Val, b: &Val| lexsort([b, a], 0));
/// let at = f(&Array::from([1i32, 1, 0]), &Array::from([9i32, 4, 6]))?;
/// assert_eq!(at, Array::from([2i32, 1, 0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn lexsort(keys: impl IntoIterator<Item = impl Into<Val>>, axis: impl Integer) -> Val {
    let keys: Vec<Val> = keys.into_iter().map(Into::into).collect();
    Val::derive("lexsort", &keys, |known| {
        let Some(first) = known.first() else {
            return Err(ErrorKind::invalid("there are no keys to sort by; give at least one"));
        };
        let axis = axis_of(axis.to_i64(), &first.ty.shape)?;
        if let Some(other) = known.iter().find(|k| k.ty.shape != first.ty.shape) {
            let message =
                format!("keys {} and {} differ in shape; give keys of one shape", first.ty, other.ty);
            return Err(ErrorKind::invalid(message));
        }
        let dtype = Dtype::of_index(first.ty.shape.dim(axis));
        let number = strict::iota(dtype, &first.ty.shape, axis);
        let operands: Vec<_> = keys.iter().rev().map(|v| v.ir()).chain([number]).collect();
        Ok(Val::from_ir(sort(&operands, axis, keys.len())[keys.len()]))
    })
}

/// A line is searched by parts if it has at least so many elements for each that is asked for.
const LONG_LINE: usize = 64;

/// The `k` largest elements along the last axis, each with what stands beside it in `beside`, which increases.
///
/// A long line is cut into parts. What is asked for lies in the `k` parts whose largest elements are the largest (of
/// equal ones in the first of them), or behind the last whole part: only these are sorted, after one reduction of all.
fn top_k_last(x: Val, beside: Val, k: usize) -> [Val; 2] {
    let ty = x.ty();
    let (axis, n) = (ty.rank() - 1, ty.shape.dim(ty.rank() - 1));
    if k == 0 || n / k < LONG_LINE || ty.shape.size() == 0 || ty.dtype == Dtype::Bool {
        return top_k_sorted(x, beside, k);
    }
    // About as many parts as there are elements in those that are sorted.
    let length = (n as f64 / k as f64).sqrt().ceil() as usize;
    let parts = n / length;
    let with =
        |last: &[usize]| -> Vec<usize> { ty.shape.dims()[..axis].iter().chain(last).copied().collect() };
    let part = |v: Val, from: usize, to: usize| Val::from_ir(v.ir().slice_axis(axis, from, to));
    let by_parts = |v: Val| part(v, 0, parts * length).reshape(with(&[parts, length]));
    let largest = by_parts(x.stop_gradient()).amax_axes(-1);
    let numbers = Val::from_ir(strict::iota(Dtype::of_index(n), &largest.ty().shape, axis));
    // In their own order, so that of equal elements the first stays first.
    let chosen = top_k_last(largest, numbers, k)[1].sort(-1).expand_dims(-1);
    let candidates = |v: Val| {
        let of_parts = by_parts(v).take_along_axis(chosen, -2).reshape(with(&[k * length]));
        concatenate([of_parts, part(v, parts * length, n)], -1)
    };
    top_k_sorted(candidates(x), candidates(beside), k)
}

/// [`top_k_last`] of a line that is sorted whole: from behind, so that of equal elements the first comes out first.
fn top_k_sorted(x: Val, beside: Val, k: usize) -> [Val; 2] {
    let (axis, n) = (x.rank() - 1, x.shape()[x.rank() - 1]);
    let sorted = sort(&[x.ir().rev(&[axis]), beside.ir().rev(&[axis])], axis, 1);
    [0, 1].map(|number| Val::from_ir(sorted[number].slice_axis(axis, n - k, n).rev(&[axis])))
}
