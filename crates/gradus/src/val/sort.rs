//! Sorting along an axis: stable, NaN last.

use super::axes::{Integer, axis_of};
use super::broadcast::bring;
use super::{Val, strict};
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
    #[track_caller]
    pub fn sort_descending(self, axis: impl Integer) -> Val {
        Val::derive("sort_descending", &[self], |_| Ok(self.sort(axis).flip([axis])))
    }
    /// The indices along `axis` of the elements in increasing order, as `i32`; of equal ones the first first.
    #[track_caller]
    pub fn argsort(self, axis: impl Integer) -> Val {
        self.derive1("argsort", |ty| {
            Ok(Val::from_ir(self.ir().argsort(axis_of(axis.to_i64(), &ty.shape)?, Dtype::I32)))
        })
    }
    /// The elements along `axis` in the increasing order of `keys`, which have the same shape.
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
        (self.top_k_result(k, 0), self.top_k_result(k, 1))
    }
    /// The elements (0) or the indices (1) of [`Val::top_k`].
    #[track_caller]
    fn top_k_result(self, k: usize, number: usize) -> Val {
        self.derive1("top_k", |ty| {
            let axis = axis_of(-1, &ty.shape)?;
            let n = ty.shape.dim(axis);
            if k > n {
                let message = format!(
                    "the last axis of shape {} has fewer than {k} elements; ask for at most {n}",
                    ty.shape
                );
                return Err(ErrorKind::invalid(message));
            }
            // Sorted from behind, so that of equal elements the first comes out first.
            let behind = strict::iota(Dtype::I32, &ty.shape, axis).rev(&[axis]);
            let sorted = sort(&[self.ir().rev(&[axis]), behind], axis, 1)[number];
            Ok(Val::from_ir(sorted.slice_axis(axis, n - k, n).rev(&[axis])))
        })
    }
    /// The index along one sorted axis before which each of `queries` belongs, as `i32`.
    #[track_caller]
    pub fn searchsorted(self, queries: impl Into<Val>) -> Val {
        let queries = queries.into();
        Val::derive("searchsorted", &[self, queries], |known| {
            if known[0].ty.rank() != 1 {
                let message = format!("takes a sorted vector, not {}; search row by row", known[0].ty);
                return Err(ErrorKind::invalid(message));
            }
            let queries = Val::from_ir(bring(queries, known[1].ty.dtype, &known[1].ty.shape));
            Ok(self.lt(queries.expand_dims(-1)).sum_axes(-1))
        })
    }
}
