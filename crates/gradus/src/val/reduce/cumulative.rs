//! Running totals: every element combined with all before it, or with all behind it.

use crate::val::axes::{Integer, axis_of};
use crate::val::{Val, strict};
use crate::{AssociativeScan, Dtype};
use gradus_ir::Val as Strict;
use gradus_ir::ops::monoid::Monoid;

impl Val {
    #[track_caller]
    fn cumulated(self, op: &'static str, axis: impl Integer, f: impl FnOnce(Strict, usize) -> Strict) -> Val {
        Val::derive(op, &[self], |known| {
            let ty = &known[0].ty;
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let x = match (ty.dtype, op) {
                (Dtype::Bool, "cumsum") => strict::convert(self.ir(), Dtype::of_index(ty.shape.dim(axis))),
                (Dtype::Bool, "cumprod") => strict::convert(self.ir(), Dtype::I32),
                _ => self.ir(),
            };
            Ok(Val::from_ir(f(x, axis)).with_weak(known[0].weak))
        })
    }
    /// [`Val::cumulated`]; of complex numbers, which the primitive does not take, by an associative scan of `combine`.
    #[track_caller]
    fn scanned(
        self,
        op: &'static str,
        axis: impl Integer,
        reverse: bool,
        f: fn(Strict, usize, bool) -> Strict,
        combine: fn(Val, Val) -> Val,
    ) -> Val {
        let axis = axis.to_i64();
        if !self.holds_complex() {
            return self.cumulated(op, axis, |x, axis| f(x, axis, reverse));
        }
        self.derive1(op, |ty| {
            let axis = axis_of(axis, &ty.shape)? as i64;
            Ok(AssociativeScan { reverse, axis }.run(&self, combine))
        })
    }
    /// The sum of every element and all before it along `axis`; `bool` counts as `i32`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cumsum(0))(&Array::from([1.0f32, 2.0, 4.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 3.0, 7.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cumsum(self, axis: impl Integer) -> Val {
        self.cumulated("cumsum", axis, |x, axis| x.cumulative(Monoid::Sum, axis, false))
    }
    /// The sum of every element and all behind it along `axis`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cumsum_reverse(0))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([6i32, 5, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cumsum_reverse(self, axis: impl Integer) -> Val {
        self.cumulated("cumsum", axis, |x, axis| x.cumulative(Monoid::Sum, axis, true))
    }
    /// The product of every element and all before it along `axis`; `bool` counts as `i32`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cumprod(0))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([1i32, 2, 6]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cumprod(self, axis: impl Integer) -> Val {
        self.cumulated("cumprod", axis, |x, axis| x.cumulative(Monoid::Prod, axis, false))
    }
    /// The product of every element and all behind it along `axis`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cumprod_reverse(0))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([6i32, 6, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cumprod_reverse(self, axis: impl Integer) -> Val {
        self.cumulated("cumprod", axis, |x, axis| x.cumulative(Monoid::Prod, axis, true))
    }
    /// The largest of every element and all before it along `axis`; NaN from the first one on.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cummax(0))(&Array::from([1i32, 3, 2]))?;
    /// assert_eq!(y, Array::from([1i32, 3, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cummax(self, axis: impl Integer) -> Val {
        self.scanned(
            "cummax",
            axis,
            false,
            |x, axis, r| x.cumulative(Monoid::Max, axis, r),
            |x, y| Val::max(x, y),
        )
    }
    /// The largest of every element and all behind it along `axis`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cummax_reverse(0))(&Array::from([1i32, 3, 2]))?;
    /// assert_eq!(y, Array::from([3i32, 3, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cummax_reverse(self, axis: impl Integer) -> Val {
        self.scanned(
            "cummax",
            axis,
            true,
            |x, axis, r| x.cumulative(Monoid::Max, axis, r),
            |x, y| Val::max(x, y),
        )
    }
    /// The smallest of every element and all before it along `axis`; NaN from the first one on.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cummin(0))(&Array::from([2i32, 3, 1]))?;
    /// assert_eq!(y, Array::from([2i32, 2, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cummin(self, axis: impl Integer) -> Val {
        self.scanned(
            "cummin",
            axis,
            false,
            |x, axis, r| x.cumulative(Monoid::Min, axis, r),
            |x, y| Val::min(x, y),
        )
    }
    /// The smallest of every element and all behind it along `axis`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cummin_reverse(0))(&Array::from([2i32, 3, 1]))?;
    /// assert_eq!(y, Array::from([1i32, 1, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cummin_reverse(self, axis: impl Integer) -> Val {
        self.scanned(
            "cummin",
            axis,
            true,
            |x, axis, r| x.cumulative(Monoid::Min, axis, r),
            |x, y| Val::min(x, y),
        )
    }
    /// The logarithm of the running sum of exponentials along `axis`, without overflow.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cumlogsumexp(0))(&Array::from([0.0f32, 1000.0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.0, 1000.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cumlogsumexp(self, axis: impl Integer) -> Val {
        self.scanned("cumlogsumexp", axis, false, Strict::cumlogsumexp, |x, y| x.logaddexp(y))
    }
    /// The logarithm of the sum of exponentials of every element and all behind it along `axis`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cumlogsumexp_reverse(0))(&Array::from([0.0f32, 1000.0]))?;
    /// assert_eq!(y, Array::from([1000.0f32, 1000.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cumlogsumexp_reverse(self, axis: impl Integer) -> Val {
        self.scanned("cumlogsumexp", axis, true, Strict::cumlogsumexp, |x, y| x.logaddexp(y))
    }
}
