//! Reductions: over all elements (`x.sum()`) or over axes (`x.sum_axes(-1)`, `x.sum_axes(keep(-1))`).

use crate::val::axes::{Integer, IntoAxes, axis_of};
use crate::val::elementwise::complex::complex;
use crate::val::promote::Promoted;
use crate::val::reduce::statistics::Scaled;
use crate::val::strict;
use crate::val::{Known, Val, where_};
use crate::{Dtype, ErrorKind, Shape};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::{Kind, Val as Strict};

/// Sums and products of small integers and of truth values are at least 32 bits wide.
fn accumulated(dtype: Dtype) -> Dtype {
    match dtype.kind() {
        Kind::Bool => Dtype::I32,
        Kind::Signed if dtype.size_bytes() < 4 => Dtype::I32,
        Kind::Unsigned if dtype.size_bytes() < 4 => Dtype::U32,
        _ => dtype,
    }
}

/// The number of elements that the axes hold.
fn count(shape: &Shape, axes: &[usize]) -> usize {
    shape.extent_of(axes)
}

/// The reduction of `x` over `axes`, which stay with extent 1 if `keep`.
#[track_caller]
fn reduce(how: Monoid, x: Strict, axes: &[usize], keep: bool) -> Strict {
    let shape = x.shape();
    let reduced = x.reduce(how, axes);
    if keep { reduced.reshape(kept(&shape, axes)) } else { reduced }
}

/// The largest or smallest element; complex numbers are ordered by their real parts, then by their imaginary ones.
#[track_caller]
fn extremum(how: Monoid, x: Strict, axes: &[usize], keep: bool) -> Strict {
    if !x.ty().dtype.is_complex() {
        return reduce(how, x, axes, keep);
    }
    let (shape, x) = (x.shape(), Val::from_ir(x));
    let (real, imag) = (x.real(), x.imag());
    let first = Val::from_ir(reduce(how, real.ir(), axes, true));
    let last = if how == Monoid::Max { f64::NEG_INFINITY } else { f64::INFINITY };
    let second = Val::from_ir(reduce(how, where_(real.eq(first), imag, last).ir(), axes, true));
    let both = complex(first, where_(first.isnan(), first, second)).ir();
    if keep { both } else { both.reshape(without(&shape, axes)) }
}

fn without(shape: &Shape, axes: &[usize]) -> Shape {
    (0..shape.rank()).filter(|a| !axes.contains(a)).map(|a| shape.dim(a)).collect()
}

fn kept(shape: &Shape, axes: &[usize]) -> Shape {
    (0..shape.rank()).map(|a| if axes.contains(&a) { 1 } else { shape.dim(a) }).collect()
}

/// An extremum of nothing does not exist.
fn not_empty(shape: &Shape, axes: &[usize]) -> Result<(), ErrorKind> {
    if axes.iter().all(|a| shape.dim(*a) > 0) {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!(
        "there are no elements along axes {axes:?} of shape {shape}; pad it or skip it"
    )))
}

/// The operand as a float, for means and the like.
#[track_caller]
fn inexact(x: Val, known: &Known) -> Strict {
    strict::convert_literal(x, Promoted::from(known).inexact().dtype)
}

/// A 16-bit float as the `f32` in which means are computed, and its own type.
#[track_caller]
fn computed(x: Strict) -> (Strict, Dtype) {
    let own = x.ty().dtype;
    (if own.is_half() { x.convert(Dtype::F32) } else { x }, own)
}

impl Val {
    /// Reduces over `axes` after bringing the elements to `dtype(own)`.
    #[track_caller]
    fn reduced(
        self,
        op: &'static str,
        axes: impl IntoAxes,
        f: impl FnOnce(&Known, &[usize], bool) -> Result<Strict, ErrorKind>,
    ) -> Val {
        let axes = axes.into_axes();
        Val::derive(op, &[self], |known| {
            let (axes, keep) = axes.resolve(&known[0].ty.shape)?;
            Ok(Val::from_ir(f(&known[0], &axes, keep)?))
        })
    }

    /// The sum of all elements.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let total = jit(|x: &Val| x.sum())(&Array::from([1.0f32, 2.0, 4.0]))?;
    /// assert_eq!(total.item::<f32>()?, 7.0);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sum(self) -> Val {
        self.sum_axes(..)
    }
    /// The sum along axes; `bool` counts as `i32`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, keep};
    /// let f = jit(|x: &Val| (x.sum_axes(0), x.sum_axes(keep([0, -1]))));
    /// let (columns, all) = f(&Array::from([[1.0f32, 2.0], [3.0, 4.0]]))?;
    /// assert_eq!((columns.to_string().as_str(), all.shape()), ("[4. 6.]", vec![1, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sum_axes(self, axes: impl IntoAxes) -> Val {
        self.reduced("sum", axes, |known, axes, keep| {
            let dtype = match known.ty.dtype {
                // A count of truth values.
                Dtype::Bool => Dtype::of_index(count(&known.ty.shape, axes)),
                dtype => accumulated(dtype),
            };
            Ok(reduce(Monoid::Sum, strict::convert_literal(self, dtype), axes, keep))
        })
    }
    /// The product of all elements.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.prod())(&Array::from([2i32, 3, 4]))?;
    /// assert_eq!(y, Array::from(24i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn prod(self) -> Val {
        self.prod_axes(..)
    }
    /// The product along axes; `bool` counts as `i32`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.prod_axes(0))(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y, Array::from([3i32, 8]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn prod_axes(self, axes: impl IntoAxes) -> Val {
        self.reduced("prod", axes, |known, axes, keep| {
            let x = strict::convert_literal(self, accumulated(known.ty.dtype));
            Ok(reduce(Monoid::Prod, x, axes, keep))
        })
    }
    /// The largest of all elements; NaN if there is one.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.amax())(&Array::from([2i32, 5, 4]))?;
    /// assert_eq!(y, Array::from(5i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn amax(self) -> Val {
        self.amax_axes(..)
    }
    /// The largest element along axes. ([`Val::max`] is the larger of two.)
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.amax_axes(1))(&Array::from([[1i32, 2], [3, 0]]))?;
    /// assert_eq!(y, Array::from([2i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn amax_axes(self, axes: impl IntoAxes) -> Val {
        self.reduced("amax", axes, |known, axes, keep| {
            not_empty(&known.ty.shape, axes)?;
            Ok(extremum(Monoid::Max, self.ir(), axes, keep))
        })
    }
    /// The smallest of all elements; NaN if there is one.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.amin())(&Array::from([2i32, 5, 4]))?;
    /// assert_eq!(y, Array::from(2i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn amin(self) -> Val {
        self.amin_axes(..)
    }
    /// The smallest element along axes. ([`Val::min`] is the smaller of two.)
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.amin_axes(1))(&Array::from([[1i32, 2], [3, 0]]))?;
    /// assert_eq!(y, Array::from([1i32, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn amin_axes(self, axes: impl IntoAxes) -> Val {
        self.reduced("amin", axes, |known, axes, keep| {
            not_empty(&known.ty.shape, axes)?;
            Ok(extremum(Monoid::Min, self.ir(), axes, keep))
        })
    }
    /// Whether any element is not zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.any())(&Array::from([0i32, 5]))?;
    /// assert_eq!(y, Array::from(true));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn any(self) -> Val {
        self.any_axes(..)
    }
    /// Whether any element along axes is not zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.any_axes(1))(&Array::from([[0i32, 5], [0, 0]]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn any_axes(self, axes: impl IntoAxes) -> Val {
        self.reduced("any", axes, |_, axes, keep| {
            Ok(reduce(Monoid::Or, strict::convert(self.ir(), Dtype::Bool), axes, keep))
        })
    }
    /// Whether all elements differ from zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.all())(&Array::from([0i32, 5]))?;
    /// assert_eq!(y, Array::from(false));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn all(self) -> Val {
        self.all_axes(..)
    }
    /// Whether all elements along axes differ from zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.all_axes(1))(&Array::from([[1i32, 5], [0, 1]]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn all_axes(self, axes: impl IntoAxes) -> Val {
        self.reduced("all", axes, |_, axes, keep| {
            Ok(reduce(Monoid::And, strict::convert(self.ir(), Dtype::Bool), axes, keep))
        })
    }

    /// The bits that all elements along axes have, of integers or truth values; of no elements all bits.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| (x.reduce_and(..), x.reduce_or(..), x.reduce_xor(..)));
    /// let (all, any, odd) = f(&Array::from([6i32, 3]))?;
    /// assert_eq!((all, any, odd), (Array::from(2i32), Array::from(7i32), Array::from(5i32)));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn reduce_and(self, axes: impl IntoAxes) -> Val {
        self.bits_reduced("reduce_and", Monoid::And, axes)
    }
    /// The bits that any element along axes has, of integers or truth values.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.reduce_or(0))(&Array::from([6i32, 3]))?;
    /// assert_eq!(y, Array::from(7i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn reduce_or(self, axes: impl IntoAxes) -> Val {
        self.bits_reduced("reduce_or", Monoid::Or, axes)
    }
    /// The bits that an odd number of elements along axes have, of integers or truth values.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.reduce_xor(0))(&Array::from([6i32, 3]))?;
    /// assert_eq!(y, Array::from(5i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn reduce_xor(self, axes: impl IntoAxes) -> Val {
        self.bits_reduced("reduce_xor", Monoid::Xor, axes)
    }
    #[track_caller]
    fn bits_reduced(self, op: &'static str, how: Monoid, axes: impl IntoAxes) -> Val {
        self.reduced(op, axes, |known, axes, keep| {
            if known.ty.dtype.is_inexact() {
                let message =
                    format!("takes integers and truth values, not {}; compare or convert it", known.ty);
                return Err(ErrorKind::invalid(message));
            }
            Ok(reduce(how, self.ir(), axes, keep))
        })
    }

    /// The mean of all elements; integers become floats.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.mean())(&Array::from([1i32, 4]))?;
    /// assert_eq!(y, Array::from(2.5f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn mean(self) -> Val {
        self.mean_axes(..)
    }
    /// The mean along axes; integers become floats.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.mean_axes(1))(&Array::from([[1.0f32, 3.0], [2.0, 4.0]]))?;
    /// assert_eq!(y, Array::from([2.0f32, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn mean_axes(self, axes: impl IntoAxes) -> Val {
        self.reduced("mean", axes, |known, axes, keep| {
            let n = count(&known.ty.shape, axes) as f64;
            let (x, own) = computed(inexact(self, known));
            let sum = Val::from_ir(reduce(Monoid::Sum, x, axes, keep));
            Ok((sum / n).ir().convert(own))
        })
    }
    /// The variance of all elements: the mean squared distance from the mean.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.var())(&Array::from([1.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from(1.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn var(self) -> Val {
        self.var_axes(..)
    }
    /// The variance along axes.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.var_axes(1))(&Array::from([[1.0f32, 3.0], [2.0, 2.0]]))?;
    /// assert_eq!(y, Array::from([1.0f32, 0.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn var_axes(self, axes: impl IntoAxes) -> Val {
        self.var_ddof(axes, 0.0)
    }
    /// The variance along axes: the sum of squared distances from the mean, divided by the number of elements
    /// less `ddof` (1 for an unbiased estimate).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.var_ddof(0, 1.0))(&Array::from([1.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from(2.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn var_ddof(self, axes: impl IntoAxes, ddof: f64) -> Val {
        self.spread("var", axes, ddof, |scaled, variance| scaled.back(variance, 2))
    }
    /// What `finish` makes of the variance of scaled numbers.
    #[track_caller]
    fn spread(self, op: &'static str, axes: impl IntoAxes, ddof: f64, finish: fn(Scaled, Val) -> Val) -> Val {
        self.reduced(op, axes, |known, axes, keep| {
            let n = count(&known.ty.shape, axes) as f64;
            let (x, own) = computed(inexact(self, known));
            let scaled = Val::from_ir(x).scaled(axes);
            let centred = scaled.x.centred(axes);
            let squares = (centred * centred.conj()).real().ir();
            let sum = Val::from_ir(reduce(Monoid::Sum, squares, axes, keep));
            Ok(finish(scaled, sum / (n - ddof)).ir().convert(own.real()))
        })
    }
    /// Less the mean along axes, and less what that leaves: the rounded mean of large numbers is off by more than their
    /// distances from it.
    #[track_caller]
    pub(in crate::val) fn centred(self, axes: impl IntoAxes) -> Val {
        let axes = crate::val::axes::keep(axes);
        let near = self - self.mean_axes(axes.clone());
        near - near.mean_axes(axes)
    }
    /// The standard deviation of all elements.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.std())(&Array::from([1.0f32, 5.0]))?;
    /// assert_eq!(y, Array::from(2.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn std(self) -> Val {
        self.std_axes(..)
    }
    /// The standard deviation along axes.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.std_axes(1))(&Array::from([[1.0f32, 5.0], [2.0, 2.0]]))?;
    /// assert_eq!(y, Array::from([2.0f32, 0.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn std_axes(self, axes: impl IntoAxes) -> Val {
        self.std_ddof(axes, 0.0)
    }
    /// The standard deviation along axes, of the variance with `ddof`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.std_ddof(0, 1.0))(&Array::from([1.0f32, 5.0, 3.0]))?;
    /// assert_eq!(y, Array::from(2.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn std_ddof(self, axes: impl IntoAxes, ddof: f64) -> Val {
        self.spread("std", axes, ddof, |scaled, variance| scaled.back(variance.deviation(), 1))
    }

    /// The index of the first largest element along `axis`, an `i32`; a NaN is larger than all.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.argmax(0))(&Array::from([1i32, 5, 5]))?;
    /// assert_eq!(y, Array::from(1i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn argmax(self, axis: impl Integer) -> Val {
        self.arg_extremum("argmax", axis, Strict::argmax, (Monoid::Max, f64::NEG_INFINITY))
    }
    /// The index of the first smallest element along `axis`, an `i32`; a NaN is smaller than all.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.argmin(0))(&Array::from([1i32, 5, 1]))?;
    /// assert_eq!(y, Array::from(0i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn argmin(self, axis: impl Integer) -> Val {
        self.arg_extremum("argmin", axis, Strict::argmin, (Monoid::Min, f64::INFINITY))
    }
    #[track_caller]
    fn arg_extremum(
        self,
        op: &'static str,
        axis: impl Integer,
        find: impl FnOnce(Strict, usize, Dtype) -> Strict,
        (monoid, worst): (Monoid, f64),
    ) -> Val {
        self.derive1(op, |ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            not_empty(&ty.shape, &[axis])?;
            let dtype = Dtype::of_index(ty.shape.dim(axis));
            if ty.dtype.is_complex() {
                // By real parts, equal ones by imaginary parts.
                let best = Val::from_ir(reduce(monoid, self.real().ir(), &[axis], true));
                let among = where_(self.real().eq(best), self.imag(), worst);
                return Ok(Val::from_ir(find(among.ir(), axis, dtype)));
            }
            Ok(Val::from_ir(find(self.ir(), axis, dtype)))
        })
    }

    /// log Σ exp along axes, without overflow: the maximum is taken out first.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logsumexp_axes(1))(&Array::from([[1000.0f32, f32::NEG_INFINITY]]))?;
    /// assert_eq!(y, Array::from([1000.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logsumexp_axes(self, axes: impl IntoAxes) -> Val {
        self.reduced("logsumexp", axes, |known, axes, keep| {
            let x = Val::from_ir(inexact(self, known));
            let (shifted, highest) = x.shifted(axes);
            let sum = Val::from_ir(reduce(Monoid::Sum, shifted.exp().ir(), axes, keep));
            let highest = if keep { highest } else { Val::from_ir(highest.ir().reshape(sum.ty().shape)) };
            if x.is_complex() {
                return Ok((sum.log() + highest).ir());
            }
            // Only exponentials of -∞ add up to 0; the logarithm's slope is infinite there, theirs are 0.
            let empty = sum.eq(0);
            Ok(where_(empty, f64::NEG_INFINITY, where_(empty, 1.0, sum).log() + highest).ir())
        })
    }
    /// log Σ exp of all elements, without overflow.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logsumexp())(&Array::from([1000.0f32, f32::NEG_INFINITY]))?;
    /// assert_eq!(y, Array::from(1000.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logsumexp(self) -> Val {
        self.logsumexp_axes(..)
    }
    /// The value as a constant for derivatives: its tangent is zero.
    ///
    /// ```
    /// use gradus::{Array, Val, grad, jit};
    /// let y = jit(|x: &Val| grad(|x: &Val| x * x.stop_gradient())(x))(&Array::from(3.0f32))?;
    /// assert_eq!(y, Array::from(3.0f32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn stop_gradient(self) -> Val {
        self.keep_weak("stop_gradient", |x, _| Ok(x.stop_gradient()))
    }
    /// `x` less its maximum along `axes`, and that maximum, through which no gradient flows; where it is -∞, as that of
    /// nothing is, it is left out, so that no infinity meets another.
    #[track_caller]
    fn shifted(self, axes: &[usize]) -> (Val, Val) {
        let real = if self.is_complex() { self.real() } else { self };
        let highest = Val::from_ir(reduce(Monoid::Max, real.ir(), axes, true)).stop_gradient();
        if self.is_complex() {
            let highest = where_(highest.is_finite(), highest, 0.0).astype(self.dtype());
            return (self - highest, highest);
        }
        let highest = where_(highest.eq(f64::NEG_INFINITY), 0.0, highest);
        // Of infinite elements, which share the slope, the difference is 0; a choice would take theirs away.
        let less = |(x, highest): (Val, Val)| where_(x.eq(f64::INFINITY), 0.0, x - highest);
        let shifted = crate::custom_jvp((self, highest), less, |args, (dx, _)| (less(args), dx));
        (shifted, highest)
    }
    /// exp(x) / Σ exp(x) along axes: positive and of sum 1.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let p = jit(|x: &Val| x.softmax(-1))(&Array::from([0.0f32, 0.0, f32::NEG_INFINITY]))?;
    /// assert_eq!(p.to_vec::<f32>()?, [0.5, 0.5, 0.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn softmax(self, axes: impl IntoAxes) -> Val {
        self.reduced("softmax", axes, |known, axes, _| {
            let x = Val::from_ir(inexact(self, known));
            let grown = x.shifted_plainly(axes)?.exp();
            Ok((grown / Val::from_ir(reduce(Monoid::Sum, grown.ir(), axes, true))).ir())
        })
    }
    /// The logarithm of [`Val::softmax`], without overflow.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.log_softmax(0))(&Array::from([0.0f32, f32::NEG_INFINITY]))?;
    /// assert_eq!(y, Array::from([0.0f32, f32::NEG_INFINITY]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn log_softmax(self, axes: impl IntoAxes) -> Val {
        self.reduced("log_softmax", axes, |known, axes, _| {
            let shifted = Val::from_ir(inexact(self, known)).shifted_plainly(axes)?;
            let sum = Val::from_ir(reduce(Monoid::Sum, shifted.exp().ir(), axes, true));
            Ok((shifted - sum.log()).ir())
        })
    }
    #[track_caller]
    fn shifted_plainly(self, axes: &[usize]) -> Result<Val, ErrorKind> {
        not_empty(&self.ty().shape, axes)?;
        let highest = Val::from_ir(reduce(Monoid::Max, self.ir(), axes, true));
        Ok(self - highest.stop_gradient())
    }
}
