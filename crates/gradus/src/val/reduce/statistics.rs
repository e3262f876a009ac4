//! Statistics of several elements: averages, spreads, covariances.

use crate::val::axes::{Integer, IntoAxes, axis_of};
use crate::val::broadcast::Promotion;
use crate::val::elementwise::complex::complex;
use crate::val::promote::Promoted;
use crate::val::{Val, keep, where_};
use crate::{Dtype, ErrorKind};

/// Numbers whose squares are finite: themselves divided by a power of two.
#[derive(Clone, Copy)]
pub(crate) struct Scaled {
    pub(crate) x: Val,
    /// The powers, one a line along the axes, which stay.
    pub(crate) power: Val,
}

impl Scaled {
    /// What was computed of the scaled numbers along the same axes, times the `n`th power of the power.
    #[track_caller]
    pub(crate) fn back(self, y: Val, n: u32) -> Val {
        let power = self.power.reshape(&y.ty().shape);
        (0..n).fold(y, |y, _| y * power)
    }
}

impl Val {
    /// These numbers divided by the largest power of two up to the largest of them along `axes`: no digit changes, and
    /// squares neither overflow nor underflow. The power has no derivative.
    #[track_caller]
    pub(crate) fn scaled(self, axes: impl IntoAxes) -> Scaled {
        let axes = keep(axes);
        let parts = if self.is_complex() { self.real().abs().max(self.imag().abs()) } else { self.abs() };
        let (parts, own) = (parts.stop_gradient(), parts.dtype());
        let largest = if self.ty().shape.size() == 0 { parts.sum_axes(axes) } else { parts.amax_axes(axes) };
        let (wide, bits, exponent) = match own {
            Dtype::F64 => (Dtype::F64, Dtype::I64, 0x7ff_i64 << 52),
            _ => (Dtype::F32, Dtype::I32, 0xff_i64 << 23),
        };
        // A float without its fraction.
        let power = (largest.astype(wide).bitcast(bits) & exponent).bitcast(wide);
        let smallest = own.finfo().map_or(1.0, |info| info.smallest_normal);
        let power = power.max(smallest).astype(own);
        Scaled { x: self * (1.0 / power), power }
    }
    /// These numbers and an `epsilon` beside their variance, scaled by the size of `measured`. An epsilon keeps small
    /// numbers small, and is not to overflow: with one they are only made smaller.
    #[track_caller]
    pub(in crate::val) fn scaled_for(self, measured: Val, axes: impl IntoAxes, epsilon: f64) -> (Val, Val) {
        let power = measured.scaled(axes).power;
        let power = if epsilon == 0.0 { power } else { power.max(1) };
        let down = 1.0 / power;
        (self * down, down * epsilon * down)
    }
    /// The root of a variance; where nothing varies its derivative is zero, the subgradient of least length.
    #[track_caller]
    pub(crate) fn deviation(self) -> Val {
        let none = self.eq(0);
        where_(none, 0.0, where_(none, 1.0, self).sqrt())
    }
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
            let (products, power) = rows.products(ddof);
            let products = products * power * power.transpose();
            let single = products.shape()[0] == 1;
            Ok(if single { products.reshape(()) } else { products })
        })
    }
    /// The covariance matrix of the rows, each divided by a power of two, and those powers as a column.
    #[track_caller]
    fn products(self, ddof: f64) -> (Val, Val) {
        let n = self.shape()[1] as f64;
        let scaled = self.scaled(1);
        let centred = scaled.x.centred(1);
        (centred.dot(centred.transpose().conj()) / (n - ddof).max(0.0), scaled.power)
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
        Val::derive("corrcoef", &[self], |known| {
            if known[0].ty.rank() < 2 {
                // 1, or NaN where nothing varies.
                let (variance, itself) = (self.cov(), self.cov());
                return Ok(variance / itself);
            }
            let rows = self.astype(Promoted::from(&known[0]).inexact().dtype);
            let (products, _) = rows.products(1.0);
            let deviations = products.diagonal(0).real().sqrt();
            let scaled = products / deviations.expand_dims(1) / deviations;
            // What rounding put outside is moved back without a bend in the function.
            let clip = |part: Val| part + (part.clip(-1.0, 1.0) - part).stop_gradient();
            let clipped = clip(scaled.real());
            Ok(if scaled.is_complex() { complex(clipped, clip(scaled.imag())) } else { clipped })
        })
    }
}
