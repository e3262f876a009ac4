//! Quantiles: elements of given rank along axes, by sorting.

use crate::val::axes::{AxisSet, IntoAxes};
use crate::val::index::gather::IndexMode;
use crate::val::promote::Promoted;
use crate::val::{Val, strict, where_};
use crate::{Dtype, ErrorKind, Shape};
use gradus_ir::Dims;

/// What a quantile between two elements is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantile {
    /// On the line between them.
    Linear,
    /// The lower one.
    Lower,
    /// The higher one.
    Higher,
    /// Half the way between them.
    Midpoint,
    /// The nearer one; the lower one of two as near.
    Nearest,
    /// The first element whose share of those up to it is at least the quantile.
    InvertedCdf,
}

/// What a NaN among the elements does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nan {
    /// The result is NaN.
    Spreads,
    /// It does not count.
    IsLeftOut,
}

impl Val {
    /// The median along axes; NaN if there is one.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.median(..))(&Array::from([9.0f32, 1.0, 2.0, 4.0]))?;
    /// assert_eq!(y.item::<f32>()?, 3.0);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn median(self, axes: impl IntoAxes) -> Val {
        crate::val::at_caller("median", || self.quantile_by(0.5, axes, Quantile::Linear))
    }
    /// The quantiles `q`, between 0 and 1, along axes: the axis of `q`, if it is a vector, comes first.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.quantile(&Array::from([0.25f32, 1.0]), 0));
    /// let y = f(&Array::from([0.0f32, 1.0, 2.0]))?;
    /// assert_eq!(y, Array::from([0.5f32, 2.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn quantile(self, q: impl Into<Val>, axes: impl IntoAxes) -> Val {
        self.quantile_by(q, axes, Quantile::Linear)
    }
    /// [`Val::quantile`] with what a quantile between two elements is.
    ///
    /// ```
    /// use gradus::{Array, Quantile, Val, jit};
    /// let y = jit(|x: &Val| x.quantile_by(0.6, 0, Quantile::Lower))(&Array::from([1.0f32, 2.0, 4.0]))?;
    /// assert_eq!(y, Array::from(2.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn quantile_by(self, q: impl Into<Val>, axes: impl IntoAxes, method: Quantile) -> Val {
        quantile("quantile", self, q.into(), &axes.into_axes(), method, Nan::Spreads)
    }
    /// The quantiles `q`, between 0 and 100, along axes.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.percentile(75.0, 0))(&Array::from([1.0f32, 2.0, 4.0]))?;
    /// assert_eq!(y, Array::from(3.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn percentile(self, q: impl Into<Val>, axes: impl IntoAxes) -> Val {
        let q = q.into();
        Val::derive("percentile", &[self, q], |_| Ok(self.quantile(q / 100.0, axes)))
    }
    /// The median of the elements that are not NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanmedian(0))(&Array::from([1.0f32, f32::NAN, 4.0]))?;
    /// assert_eq!(y, Array::from(2.5f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanmedian(self, axes: impl IntoAxes) -> Val {
        crate::val::at_caller("nanmedian", || self.nanquantile(0.5, axes))
    }
    /// The quantiles of the elements that are not NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanquantile(0.5, 0))(&Array::from([1.0f32, f32::NAN, 4.0]))?;
    /// assert_eq!(y, Array::from(2.5f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanquantile(self, q: impl Into<Val>, axes: impl IntoAxes) -> Val {
        self.nanquantile_by(q, axes, Quantile::Linear)
    }
    /// [`Val::nanquantile`] with what a quantile between two elements is.
    ///
    /// ```
    /// use gradus::{Array, Quantile, Val, jit};
    /// let f = jit(|x: &Val| x.nanquantile_by(0.5, 0, Quantile::Higher));
    /// let y = f(&Array::from([1.0f32, f32::NAN, 4.0]))?;
    /// assert_eq!(y, Array::from(4.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanquantile_by(self, q: impl Into<Val>, axes: impl IntoAxes, method: Quantile) -> Val {
        quantile("nanquantile", self, q.into(), &axes.into_axes(), method, Nan::IsLeftOut)
    }
    /// The quantiles `q`, between 0 and 100, of the elements that are not NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nanpercentile(50.0, 0))(&Array::from([1.0f32, f32::NAN, 4.0]))?;
    /// assert_eq!(y, Array::from(2.5f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nanpercentile(self, q: impl Into<Val>, axes: impl IntoAxes) -> Val {
        let q = q.into();
        Val::derive("nanpercentile", &[self, q], |_| Ok(self.nanquantile(q / 100.0, axes)))
    }
}

#[track_caller]
fn quantile(op: &'static str, x: Val, q: Val, axes: &AxisSet, method: Quantile, nan: Nan) -> Val {
    Val::derive(op, &[x, q], |known| {
        let (shape, q_ty) = (&known[0].ty.shape, &known[1].ty);
        let (axes, keep) = axes.resolve(shape)?;
        if q_ty.rank() > 1 {
            return Err(ErrorKind::invalid(format!("the quantiles are {q_ty}; give a scalar or a vector")));
        }
        let met = Promoted::from(&known[0]).inexact().dtype;
        let rest: Dims = (0..shape.rank()).filter(|axis| !axes.contains(axis)).collect();
        let n = shape.extent_of(&axes);
        if n == 0 {
            let message =
                format!("there are no elements along axes {axes:?} of shape {shape}; pad it or skip it");
            return Err(ErrorKind::invalid(message));
        }
        // The reduced axes as one, the last.
        let order: Dims = rest.iter().chain(&axes).copied().collect();
        let kept: Vec<usize> = rest.iter().map(|axis| shape.dim(*axis)).collect();
        let joined: Shape = kept.iter().copied().chain([n]).collect();
        let lines = strict::convert_literal(x, met).transpose(&order).reshape(joined);
        let lines = Val::from_ir(lines);
        // The ranks are computed as floats of the quantiles' type.
        let q_dtype = if q_ty.dtype.is_float() { q_ty.dtype } else { Dtype::F32 };
        let q_dtype = if q_ty.rank() == 0 && known[1].weak { met } else { q_dtype };
        let q = q.astype(q_dtype).reshape([-1]);
        let mut found = of_lines(lines, q, n, method, nan)?.moveaxis(-1, 0);
        let mut dims = if keep { kept_dims(shape, &axes) } else { kept };
        if q_ty.rank() == 1 {
            dims.insert(0, q_ty.shape.dim(0));
        }
        found = found.reshape(dims);
        Ok(found.astype(met))
    })
}

fn kept_dims(shape: &Shape, axes: &[usize]) -> Vec<usize> {
    (0..shape.rank()).map(|axis| if axes.contains(&axis) { 1 } else { shape.dim(axis) }).collect()
}

/// The quantiles `q` of the last axis, which has `n` elements, as a new last axis.
#[track_caller]
fn of_lines(x: Val, q: Val, n: usize, method: Quantile, nan: Nan) -> Result<Val, ErrorKind> {
    let is_nan = x.isnan();
    let x = match nan {
        Nan::Spreads => where_(is_nan.any_axes(crate::val::keep(-1)), f64::NAN, x),
        Nan::IsLeftOut => x,
    };
    let sorted = x.sort(-1);
    let count = match nan {
        Nan::Spreads => Val::from(n).astype(q.dtype()),
        Nan::IsLeftOut => (!is_nan).sum_axes(crate::val::keep(-1)).astype(q.dtype()),
    };
    let lines: Vec<usize> = x.shape()[..x.rank() - 1].to_vec();
    let wide: Vec<usize> = lines.iter().copied().chain([q.size()]).collect();
    let at = |rank: Val| {
        let rank = rank.clip(0, (count - 1).max(0)).astype(Dtype::I32).broadcast_to(wide.clone());
        sorted.take_along_axis_mode(rank, -1, IndexMode::PromiseInBounds)
    };
    if method == Quantile::InvertedCdf {
        return Ok(at((q * count).ceil() - 1));
    }
    let rank = q * (count - 1);
    let (low, high) = (rank.floor(), rank.ceil());
    let share = rank - low;
    Ok(match method {
        Quantile::Linear => at(low) * (1.0 - share) + at(high) * share,
        Quantile::Lower => at(low),
        Quantile::Higher => at(high),
        Quantile::Midpoint => (at(low) + at(high)) * 0.5,
        Quantile::Nearest => where_(share.le(0.5), at(low), at(high)),
        Quantile::InvertedCdf => unreachable!("internal: answered above"),
    })
}
