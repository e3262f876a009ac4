//! Statistics of several elements: averages, spreads, covariances.

use crate::val::Val;
use crate::val::axes::{Integer, IntoAxes, axis_of};
use crate::val::broadcast::Promotion;
use crate::val::elementwise::complex::complex;
use crate::val::promote::Promoted;
use crate::{Dtype, ErrorKind};

impl Val {
    /// The mean along `axis` weighted by `weights`: a vector along it, or of the value's shape.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, w: &Val| x.average(w, 0));
    /// let y = f(&Array::from([1.0f32, 4.0]), &Array::from([2.0f32, 1.0]))?;
    /// assert_eq!(y.item::<f32>()?, 2.0);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn average(self, weights: impl Into<Val>, axis: impl Integer) -> Val {
        let weights = weights.into();
        Val::derive("average", &[self, weights], |known| {
            let (ty, by) = (&known[0].ty, &known[1].ty);
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            if by.shape != ty.shape && (by.rank() != 1 || by.shape.dim(0) != ty.shape.dim(axis)) {
                let message = format!(
                    "{by} weighs {ty} along axis {axis}; give a vector of its extent, or every weight"
                );
                return Err(ErrorKind::invalid(message));
            }
            let dtype = Promotion::Inexact.of(known).dtype;
            let behind = ty.rank() - 1 - axis;
            let weights = weights.astype(dtype);
            let aligned = match by.shape == ty.shape {
                true => weights,
                false => weights.reshape([vec![-1], vec![1; behind]].concat()),
            };
            let total = aligned.sum_axes(if by.shape == ty.shape { axis as i64 } else { -1 - behind as i64 });
            Ok((self.astype(dtype) * aligned).sum_axes(axis)
                / if by.rank() == 1 { weights.sum() } else { total })
        })
    }
    /// The distance of the largest and the smallest element along axes.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.ptp(0))(&Array::from([1i32, 5, 3]))?;
    /// assert_eq!(y, Array::from(4i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn ptp(self, axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        Val::derive("ptp", &[self], |_| Ok(self.amax_axes(axes.clone()) - self.amin_axes(axes)))
    }
    /// How many elements along axes are not zero, as `i32`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.count_nonzero(..))(&Array::from([0.0f32, 3.0, -1.0]))?;
    /// assert_eq!(y.item::<i32>()?, 2);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn count_nonzero(self, axes: impl IntoAxes) -> Val {
        Val::derive("count_nonzero", &[self], |_| Ok(self.astype(Dtype::Bool).sum_axes(axes)))
    }
    /// The covariance matrix of the rows, each the observations of one variable; divided by their number less 1. The
    /// variance of a vector.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cov())(&Array::from([[0.0f32, 2.0], [4.0, 0.0]]))?;
    /// assert_eq!(y, Array::from([[2.0f32, -4.0], [-4.0, 8.0]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cov(self) -> Val {
        self.cov_ddof(1.0)
    }
    /// [`Val::cov`] divided by the number of observations less `ddof`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.cov_ddof(0.0))(&Array::from([1.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from(1.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn cov_ddof(self, ddof: f64) -> Val {
        Val::derive("cov", &[self], |known| {
            if known[0].ty.rank() > 2 {
                let message =
                    format!("the observations are {}; give a matrix, one variable a row", known[0].ty);
                return Err(ErrorKind::invalid(message));
            }
            let dtype = Promoted::from(&known[0]).inexact().dtype;
            let x = self.astype(dtype);
            let rows = if x.rank() == 2 { x } else { x.reshape([1, -1]) };
            let n = rows.shape()[1] as f64;
            let centred = rows.centred(1);
            let products = centred.dot(centred.transpose().conj()) / (n - ddof).max(0.0);
            let single = products.shape()[0] == 1;
            Ok(if single { products.reshape(()) } else { products })
        })
    }
    /// The correlation coefficients of the rows, between -1 and 1; 1 for a vector.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.corrcoef())(&Array::from([[1.0f32, 2.0], [2.0, 1.0]]))?;
    /// assert!(y.to_f64_vec().iter().zip([1.0, -1.0, -1.0, 1.0]).all(|(a, b)| (a - b).abs() < 1e-5));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn corrcoef(self) -> Val {
        Val::derive("corrcoef", &[self], |_| {
            let products = self.cov();
            if products.rank() == 0 {
                // 1, or NaN where nothing varies.
                let variance = products;
                return Ok(products / variance);
            }
            let deviations = products.diagonal(0).real().sqrt();
            let scaled = products / deviations.expand_dims(1) / deviations;
            // What rounding put outside is moved back without a bend in the function.
            let clip = |part: Val| part + (part.clip(-1.0, 1.0) - part).stop_gradient();
            let clipped = clip(scaled.real());
            Ok(if scaled.is_complex() { complex(clipped, clip(scaled.imag())) } else { clipped })
        })
    }
}
