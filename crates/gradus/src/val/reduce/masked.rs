//! Softmax and its kin over some of the elements, or over weighted ones.

use crate::val::axes::IntoAxes;
use crate::val::promote::Promoted;
use crate::val::reduce::statistics::Scaled;
use crate::val::{AxisSet, Known, Val, keep, where_};
use crate::{Dtype, ErrorKind};

/// `x` where `mask` is true, else -∞; zeros along axes that have no element, of which an exponential is no number.
#[track_caller]
fn seen(x: Val, mask: Val, axes: &AxisSet) -> Val {
    let shape = crate::val::broadcast::common_shape([&x.ty().shape, &mask.ty().shape]);
    let Ok(shape) = shape else { return where_(mask, x, f64::NEG_INFINITY) };
    let some = mask.astype(Dtype::Bool).broadcast_to(&shape).any_axes(keep(axes.clone()));
    where_(some, where_(mask, x, f64::NEG_INFINITY), 0.0)
}

impl Val {
    /// [`Val::softmax`] of the elements where `mask` is true; 0 elsewhere.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.softmax_where(-1, &Array::from([true, true, false])));
    /// assert_eq!(f(&Array::from([1.0f32, 1.0, 9.0]))?, Array::from([0.5f32, 0.5, 0.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn softmax_where(self, axes: impl IntoAxes, mask: impl Into<Val>) -> Val {
        let (mask, axes) = (mask.into(), axes.into_axes());
        Val::derive("softmax", &[self, mask], |_| {
            Ok(where_(mask, seen(self, mask, &axes).softmax(axes), 0.0))
        })
    }
    /// The logarithm of [`Val::softmax_where`]; -∞ where `mask` is false.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.log_softmax_where(0, x.lt(2)))(&Array::from([1.0f32, 5.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, f32::NEG_INFINITY]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn log_softmax_where(self, axes: impl IntoAxes, mask: impl Into<Val>) -> Val {
        let (mask, axes) = (mask.into(), axes.into_axes());
        Val::derive("log_softmax", &[self, mask], |_| {
            Ok(where_(mask, seen(self, mask, &axes).log_softmax(axes), f64::NEG_INFINITY))
        })
    }
    /// log Σ exp along axes of the elements where `mask` is true; -∞ if there are none.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logsumexp_where(0, x.lt(2)))(&Array::from([1.0f32, 5.0]))?;
    /// assert_eq!(y, Array::from(1.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logsumexp_where(self, axes: impl IntoAxes, mask: impl Into<Val>) -> Val {
        let (mask, axes) = (mask.into(), axes.into_axes());
        Val::derive("logsumexp", &[self, mask], |_| {
            Ok(where_(mask, self, f64::NEG_INFINITY).logsumexp_axes(axes))
        })
    }
    /// log |Σ b · exp| along axes, and the sign of that sum.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.logsumexp_signed(.., &Array::from([1.0f32, -3.0])));
    /// let (log, sign) = f(&Array::from([0.0f32, 0.0]))?;
    /// assert_eq!((log.item::<f32>()?, sign.item::<f32>()?), (2.0f32.ln(), -1.0));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logsumexp_signed(self, axes: impl IntoAxes, b: impl Into<Val>) -> (Val, Val) {
        let (b, axes) = (b.into(), axes.into_axes());
        let both = |part: usize| {
            Val::derive("logsumexp", &[self, b], |known| {
                let dtype = crate::val::promote::promote_all(known).inexact().dtype;
                let shape = crate::val::broadcast::common_shape(known.iter().map(|k| &k.ty.shape))?;
                let (x, b) = (self.astype(dtype).broadcast_to(&shape), b.astype(dtype).broadcast_to(&shape));
                // What has no weight decides nothing, not even by being infinite.
                let weighty = where_(b.eq(0), f64::NEG_INFINITY, x);
                let highest = weighty.amax_axes(keep(axes.clone())).stop_gradient();
                let empty = highest.eq(f64::NEG_INFINITY);
                let highest = where_(highest.is_finite(), highest, 0.0);
                // A weight of 0 still has a slope, as long as that is finite.
                let endless = b.eq(0) & !(x - highest).exp().is_finite();
                let sum = (b * where_(endless, f64::NEG_INFINITY, x - highest).exp()).sum_axes(axes.clone());
                if part == 1 {
                    return Ok(sum.sign());
                }
                let empty = empty.reshape(&sum.ty().shape);
                let log = where_(empty, 1.0, sum).abs().log() + highest.reshape(&sum.ty().shape);
                Ok(where_(empty, f64::NEG_INFINITY, log))
            })
        };
        crate::val::at_caller("logsumexp_signed", || (both(0), both(1)))
    }
    /// [`Val::standardize`] along axes over the elements where `mask` is true.
    #[track_caller]
    pub fn standardize_where(self, axes: impl IntoAxes, mask: impl Into<Val>, epsilon: f64) -> Val {
        let (mask, axes) = (mask.into(), axes.into_axes());
        Val::derive("standardize", &[self, mask], |known| {
            let x = self.astype(Promoted::from(&known[0]).inexact().dtype);
            let seen = mask.broadcast_to(&known[0].ty.shape);
            // A NaN or infinity that is left out stays one in its own place, and reaches no derivative.
            let lost = !x.isfinite() & !seen;
            let known = where_(lost, 0.0, x);
            let count = seen.astype(x.dtype()).sum_axes(keep(axes.clone()));
            let (known, epsilon) = known.scaled_for(where_(seen, known, 0.0), axes.clone(), epsilon);
            let mean_of = |v: Val| where_(seen, v, 0.0).sum_axes(keep(axes.clone())) / count;
            let near = known - mean_of(known);
            let centred = near - mean_of(near);
            let variance = mean_of(centred.square());
            Ok(where_(lost, x.stop_gradient(), centred * (variance + epsilon).rsqrt()))
        })
    }
    /// The mean along axes of the elements where `mask` is true.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.mean_where(0, x.lt(50)))(&Array::from([1.0f32, 3.0, 99.0]))?;
    /// assert_eq!(y, Array::from(2.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn mean_where(self, axes: impl IntoAxes, mask: impl Into<Val>) -> Val {
        let (mask, axes) = (mask.into(), axes.into_axes());
        Val::derive("mean", &[self, mask], |known| {
            let x = self.astype(Promoted::from(&known[0]).inexact().dtype);
            let shape = crate::val::broadcast::common_shape(known.iter().map(|k| &k.ty.shape))?;
            let seen = mask.broadcast_to(&shape);
            Ok(where_(seen, x, 0.0).sum_axes(axes.clone()) / seen.astype(x.dtype()).sum_axes(axes))
        })
    }
    /// The variance along axes of the elements where `mask` is true, divided by their number less `ddof`; NaN if
    /// there are none.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| (x.var_where(.., x.gt(0), 1.0), x.amax_where(.., x.lt(3), 0)));
    /// let (variance, largest) = f(&Array::from([-9.0f32, 1.0, 3.0]))?;
    /// assert_eq!((variance.item::<f32>()?, largest.item::<f32>()?), (2.0, 1.0));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn var_where(self, axes: impl IntoAxes, mask: impl Into<Val>, ddof: f64) -> Val {
        let (mask, axes) = (mask.into(), axes.into_axes());
        Val::derive("var", &[self, mask], |known| {
            let (scaled, variance) = self.spread_where(known, axes, mask, ddof)?;
            Ok(scaled.back(variance, 2))
        })
    }
    /// The numbers scaled, and the variance of that where `mask` is true.
    #[track_caller]
    fn spread_where(
        self,
        known: &[Known],
        axes: AxisSet,
        mask: Val,
        ddof: f64,
    ) -> Result<(Scaled, Val), ErrorKind> {
        let x = self.astype(Promoted::from(&known[0]).inexact().dtype);
        let shape = crate::val::broadcast::common_shape(known.iter().map(|k| &k.ty.shape))?;
        let (x, seen) = (x.broadcast_to(&shape), mask.broadcast_to(&shape));
        let scaled = where_(seen, x, 0.0).scaled(axes.clone());
        let mean_of = |v: Val| v.mean_where(keep(axes.clone()), seen);
        let near = where_(seen, scaled.x - mean_of(scaled.x), 0.0);
        let centred = where_(seen, near - mean_of(near), 0.0);
        let squares = (centred * centred.conj()).real();
        let count = seen.astype(squares.dtype()).sum_axes(axes.clone()) - ddof;
        let some = count.gt(0);
        Ok((scaled, where_(some, squares.sum_axes(axes) / where_(some, count, 1.0), f64::NAN)))
    }
    /// The root of [`Val::var_where`].
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.std_where(0, x.lt(50), 0.0))(&Array::from([1.0f32, 3.0, 99.0]))?;
    /// assert_eq!(y, Array::from(1.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn std_where(self, axes: impl IntoAxes, mask: impl Into<Val>, ddof: f64) -> Val {
        let (mask, axes) = (mask.into(), axes.into_axes());
        Val::derive("std", &[self, mask], |known| {
            let (scaled, variance) = self.spread_where(known, axes, mask, ddof)?;
            Ok(scaled.back(variance.deviation(), 1))
        })
    }
    /// The largest along axes of `initial` and the elements where `mask` is true.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.amax_where(0, x.lt(50), 0))(&Array::from([1i32, 3, 99]))?;
    /// assert_eq!(y, Array::from(3i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn amax_where(self, axes: impl IntoAxes, mask: impl Into<Val>, initial: impl Into<Val>) -> Val {
        self.extremum_where(
            "amax",
            axes.into_axes(),
            [mask.into(), initial.into()],
            (Val::amax_axes, Val::max),
        )
    }
    /// The smallest along axes of `initial` and the elements where `mask` is true.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.amin_where(0, x.gt(1), 50))(&Array::from([1i32, 3, 99]))?;
    /// assert_eq!(y, Array::from(3i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn amin_where(self, axes: impl IntoAxes, mask: impl Into<Val>, initial: impl Into<Val>) -> Val {
        self.extremum_where(
            "amin",
            axes.into_axes(),
            [mask.into(), initial.into()],
            (Val::amin_axes, Val::min),
        )
    }
    #[track_caller]
    fn extremum_where(
        self,
        op: &'static str,
        axes: AxisSet,
        [mask, initial]: [Val; 2],
        (extremum, pair): (fn(Val, AxisSet) -> Val, fn(Val, Val) -> Val),
    ) -> Val {
        Val::derive(op, &[self, mask, initial], |known| {
            let (dtype, start) = (known[0].ty.dtype, &known[2].ty);
            if start.rank() != 0 {
                return Err(ErrorKind::invalid(format!("the initial value is {start}; give a scalar")));
            }
            let initial = initial.astype(dtype);
            let shape = crate::val::broadcast::common_shape(known[..2].iter().map(|k| &k.ty.shape))?;
            // An extremum of nothing is `initial`.
            let found = match axes.resolve(&shape)?.0.iter().any(|axis| shape.dim(*axis) == 0) {
                true => where_(mask, self, initial).sum_axes(axes).astype(dtype).full_like(initial),
                false => extremum(where_(mask, self, initial), axes),
            };
            Ok(pair(found, initial))
        })
    }
    /// The product along axes of the elements where `mask` is true.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.prod_where(0, x.lt(50)))(&Array::from([2i32, 3, 99]))?;
    /// assert_eq!(y, Array::from(6i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn prod_where(self, axes: impl IntoAxes, mask: impl Into<Val>) -> Val {
        let mask = mask.into();
        Val::derive("prod", &[self, mask], |_| Ok(where_(mask, self, self.ones_like()).prod_axes(axes)))
    }
    /// Whether any element along axes where `mask` is true is not zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.any_where(0, x.lt(1)))(&Array::from([0i32, 3]))?;
    /// assert_eq!(y, Array::from(false));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn any_where(self, axes: impl IntoAxes, mask: impl Into<Val>) -> Val {
        let mask = mask.into();
        Val::derive("any", &[self, mask], |_| Ok((mask & self.astype(Dtype::Bool)).any_axes(axes)))
    }
    /// Whether all elements along axes where `mask` is true differ from zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.all_where(0, x.gt(1)))(&Array::from([0i32, 3]))?;
    /// assert_eq!(y, Array::from(true));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn all_where(self, axes: impl IntoAxes, mask: impl Into<Val>) -> Val {
        let mask = mask.into();
        Val::derive("all", &[self, mask], |_| Ok((!mask | self.astype(Dtype::Bool)).all_axes(axes)))
    }
    /// The sum along axes of the elements where `mask` is true.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.sum_where(0, x.lt(50)))(&Array::from([2i32, 3, 99]))?;
    /// assert_eq!(y, Array::from(5i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sum_where(self, axes: impl IntoAxes, mask: impl Into<Val>) -> Val {
        let mask = mask.into();
        Val::derive("sum", &[self, mask], |_| Ok(where_(mask, self, self.zeros_like()).sum_axes(axes)))
    }
}
