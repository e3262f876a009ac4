//! Reductions that leave NaN out.

use crate::val::axes::{Integer, IntoAxes};
use crate::val::reduce::statistics::Scaled;
use crate::val::{Val, where_};

impl Val {
    /// The value with `fill` in place of NaN.
    #[track_caller]
    fn without_nan(self, fill: f64) -> Val {
        match self.known() {
            Ok(known) if !known.ty.dtype.is_float() => self,
            _ => where_(self.isnan(), fill, self),
        }
    }
    /// These numbers in place of NaN, +∞ and -∞; see [`Val::nan_to_num`].
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nan_to_num_with(7.0, 8.0, 9.0))(&Array::from([f32::NAN, 1.0]))?;
    /// assert_eq!(y, Array::from([7.0f32, 1.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nan_to_num_with(self, nan: f64, above: f64, below: f64) -> Val {
        Val::derive("nan_to_num", &[self], |known| {
            if !known[0].ty.dtype.is_float() {
                return Ok(self);
            }
            let finite = where_(self.isposinf(), above, where_(self.isneginf(), below, self));
            Ok(where_(self.isnan(), nan, finite))
        })
    }
    /// The sum along axes of the elements that are not NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nansum(..))(&Array::from([1.0f32, f32::NAN, 2.0]))?;
    /// assert_eq!(y.item::<f32>()?, 3.0);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nansum(self, axes: impl IntoAxes) -> Val {
        Val::derive("nansum", &[self], |_| Ok(self.without_nan(0.0).sum_axes(axes)))
    }
    /// The product along axes of the elements that are not NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanprod(0))(&Array::from([f32::NAN, 2.0, 3.0]))?;
    /// assert_eq!(y, Array::from(6.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanprod(self, axes: impl IntoAxes) -> Val {
        Val::derive("nanprod", &[self], |_| Ok(self.without_nan(1.0).prod_axes(axes)))
    }
    /// [`Val::cumsum`] with 0 in place of NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nancumsum(0))(&Array::from([1.0f32, f32::NAN, 2.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, 1.0, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nancumsum(self, axis: impl Integer) -> Val {
        Val::derive("nancumsum", &[self], |_| Ok(self.without_nan(0.0).cumsum(axis)))
    }
    /// [`Val::cumprod`] with 1 in place of NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nancumprod(0))(&Array::from([f32::NAN, 2.0, 3.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, 2.0, 6.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nancumprod(self, axis: impl Integer) -> Val {
        Val::derive("nancumprod", &[self], |_| Ok(self.without_nan(1.0).cumprod(axis)))
    }
    /// The largest element along axes that is not NaN; NaN if all are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanmax(0))(&Array::from([f32::NAN, 2.0, 3.0]))?;
    /// assert_eq!(y, Array::from(3.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanmax(self, axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        Val::derive("nanmax", &[self], |known| {
            let largest = self.without_nan(f64::NEG_INFINITY).amax_axes(axes.clone());
            Ok(if known[0].ty.dtype.is_float() { self.or_nan(largest, axes) } else { largest })
        })
    }
    /// The smallest element along axes that is not NaN; NaN if all are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanmin(0))(&Array::from([f32::NAN, 2.0, 3.0]))?;
    /// assert_eq!(y, Array::from(2.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanmin(self, axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        Val::derive("nanmin", &[self], |known| {
            let smallest = self.without_nan(f64::INFINITY).amin_axes(axes.clone());
            Ok(if known[0].ty.dtype.is_float() { self.or_nan(smallest, axes) } else { smallest })
        })
    }
    /// `found`, or NaN where every element along axes is NaN.
    #[track_caller]
    fn or_nan(self, found: Val, axes: crate::val::AxisSet) -> Val {
        where_(self.isnan().all_axes(axes), f64::NAN, found)
    }
    /// The mean along axes of the elements that are not NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanmean(0))(&Array::from([f32::NAN, 2.0, 4.0]))?;
    /// assert_eq!(y, Array::from(3.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanmean(self, axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        Val::derive("nanmean", &[self], |known| {
            if !known[0].ty.dtype.is_float() {
                return Ok(self.mean_axes(axes));
            }
            let count = (!self.isnan()).sum_axes(axes.clone()).astype(known[0].ty.dtype);
            Ok(self.nansum(axes) / count)
        })
    }
    /// The variance along axes of the elements that are not NaN, divided by their number less `ddof`; NaN where none
    /// would be left.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanvar(0, 0.0))(&Array::from([f32::NAN, 2.0, 4.0]))?;
    /// assert_eq!(y, Array::from(1.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanvar(self, axes: impl IntoAxes, ddof: f64) -> Val {
        let axes = axes.into_axes();
        Val::derive("nanvar", &[self], |known| {
            if !known[0].ty.dtype.is_float() {
                return Ok(self.var_ddof(axes, ddof));
            }
            let (scaled, variance) = self.spread_without_nan(axes, ddof);
            Ok(scaled.back(variance, 2))
        })
    }
    /// The numbers scaled, and the variance of that.
    #[track_caller]
    fn spread_without_nan(self, axes: crate::val::AxisSet, ddof: f64) -> (Scaled, Val) {
        let missing = self.isnan();
        // What is missing is left out before it is squared: the slope of its square is no number.
        let scaled = where_(missing, 0.0, self).scaled(axes.clone());
        let x = where_(missing, f64::NAN, scaled.x);
        let near = x - x.nanmean(crate::val::keep(axes.clone()));
        let centred = where_(missing, 0.0, near - near.nanmean(crate::val::keep(axes.clone())));
        let squares = centred.square().sum_axes(axes.clone());
        let count = (!missing).sum_axes(axes).astype(self.dtype()) - ddof;
        let none = count.le(0);
        (scaled, where_(none, f64::NAN, squares / where_(none, 1.0, count)))
    }
    /// The standard deviation along axes of the elements that are not NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanstd(0, 0.0))(&Array::from([f32::NAN, 2.0, 4.0]))?;
    /// assert_eq!(y, Array::from(1.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanstd(self, axes: impl IntoAxes, ddof: f64) -> Val {
        let axes = axes.into_axes();
        Val::derive("nanstd", &[self], |known| {
            if !known[0].ty.dtype.is_float() {
                return Ok(self.std_ddof(axes, ddof));
            }
            let (scaled, variance) = self.spread_without_nan(axes, ddof);
            Ok(scaled.back(variance.deviation(), 1))
        })
    }
    /// The index of the first largest element along `axis` that is not NaN, an `i32`; -1 if all are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanargmax(0))(&Array::from([f32::NAN, 2.0, 4.0]))?;
    /// assert_eq!(y, Array::from(2i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanargmax(self, axis: impl Integer) -> Val {
        Val::derive("nanargmax", &[self], |_| {
            let found = self.without_nan(f64::NEG_INFINITY).argmax(axis);
            Ok(where_(self.isnan().all_axes(axis), -1, found).astype(found.dtype()))
        })
    }
    /// The index of the first smallest element along `axis` that is not NaN, an `i32`; -1 if all are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanargmin(0))(&Array::from([f32::NAN, 2.0, 4.0]))?;
    /// assert_eq!(y, Array::from(1i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanargmin(self, axis: impl Integer) -> Val {
        Val::derive("nanargmin", &[self], |_| {
            let found = self.without_nan(f64::INFINITY).argmin(axis);
            Ok(where_(self.isnan().all_axes(axis), -1, found).astype(found.dtype()))
        })
    }
}
