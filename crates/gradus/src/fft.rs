//! Fourier transforms with the names of NumPy, and the cosine transform of SciPy.
//!
//! Integers and 16-bit floats become `f32`. Every function has a form `.._along` that says lengths, axes and scale: an
//! axis is cut, or filled with zeros, to its length first.
//!
//! ```
//! use gradus::{Array, Val, fft, jit};
//! let power = jit(|x: &Val| fft::rfft(x).abs().square());
//! assert_eq!(power(&Array::from([1.0f32, 0.0, -1.0, 0.0]))?.to_vec::<f32>()?, [0.0, 4.0, 0.0]);
//! # Ok::<(), gradus::Error>(())
//! ```

use crate::val::axes::axis_of;
use crate::val::promote::Promoted;
use crate::val::strict;
use crate::{AxisSet, Dtype, ErrorKind, Integer, IntoAxes, Shape, Val, arange, complex, concatenate, iota};
use gradus_ir::Dims;
use gradus_ir::ops::fft::{FftKind, fft as transform};
use std::f64::consts::PI;

/// A complex value: its real and its imaginary part, of one type.
#[derive(Clone, Copy)]
struct Parts {
    real: Val,
    imaginary: Val,
}

impl Parts {
    #[track_caller]
    fn of(op: &'static str, x: Val) -> Parts {
        let x = inexact(op, x);
        Parts { real: x.real(), imaginary: x.imag() }
    }
    #[track_caller]
    fn joined(self) -> Val {
        complex(self.real, self.imaginary)
    }
}

/// How transforms are scaled, n being the number of elements that are summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Norm {
    /// The inverse is divided by n.
    #[default]
    Backward,
    /// Both are divided by √n.
    Ortho,
    /// The forward transform is divided by n.
    Forward,
}

#[track_caller]
fn inexact(op: &'static str, x: Val) -> Val {
    Val::derive(op, &[x], |known| {
        let dtype = Promoted::from(&known[0]).inexact().dtype;
        let wide = if dtype.is_complex() { dtype } else { dtype.complex().real() };
        Ok(Val::from_ir(strict::convert_literal(x, wide)))
    })
}

/// A transform that is asked for.
struct Asked<'a> {
    op: &'static str,
    kind: FftKind,
    lengths: Option<&'a [usize]>,
    axes: AxisSet,
    norm: Norm,
}

/// One resolved for a shape.
struct Plan {
    axes: Dims,
    /// Extents of the axes in the real or whole array.
    lengths: Vec<usize>,
    scale: f64,
}

impl Asked<'_> {
    fn plan(&self, shape: &Shape) -> Result<Plan, ErrorKind> {
        let mut axes = self.axes.in_order(shape)?;
        if let (Some(lengths), None) = (self.lengths, self.axes.len()) {
            let first = shape.rank().checked_sub(lengths.len());
            let first = first.ok_or_else(|| disagree(lengths, shape))?;
            axes = (first..shape.rank()).collect();
        }
        let mut own: Vec<usize> = axes.iter().map(|axis| shape.dim(*axis)).collect();
        if let (FftKind::Irfft, Some(last)) = (self.kind, own.last_mut()) {
            *last = last.saturating_sub(1).saturating_mul(2);
        }
        let lengths = self.lengths.map_or(own, <[usize]>::to_vec);
        if lengths.len() != axes.len() {
            return Err(disagree(&lengths, shape));
        }
        if lengths.contains(&0) || lengths.is_empty() && matches!(self.kind, FftKind::Rfft | FftKind::Irfft) {
            let message =
                format!("lengths {lengths:?} of shape {shape} have no transform; they are at least 1");
            return Err(ErrorKind::invalid(message));
        }
        let n: f64 = lengths.iter().map(|n| *n as f64).product();
        let is_inverse = matches!(self.kind, FftKind::Ifft | FftKind::Irfft);
        let scale = match (self.norm, is_inverse) {
            (Norm::Backward, _) => 1.0,
            (Norm::Ortho, false) => 1.0 / n.sqrt(),
            (Norm::Ortho, true) => n.sqrt(),
            (Norm::Forward, false) => 1.0 / n,
            (Norm::Forward, true) => n,
        };
        Ok(Plan { axes, lengths, scale })
    }
    /// The results for operands of one shape.
    #[track_caller]
    fn run(&self, operands: &[Val]) -> Vec<Val> {
        let results = if self.kind == FftKind::Irfft { 1 } else { 2 };
        let part = |k: usize| {
            Val::derive(self.op, operands, |known| {
                let plan = self.plan(&known[0].ty.shape)?;
                let rank = known[0].ty.rank();
                let moved: Vec<_> = operands.iter().map(|x| self.fitted(*x, &plan, rank).ir()).collect();
                let y = Val::from_ir(transform(self.kind, &plan.lengths, &moved)[k]);
                let y = if plan.scale == 1.0 { y } else { y * plan.scale };
                Ok(back(y, &plan.axes, rank))
            })
        };
        crate::val::at_caller(self.op, || (0..results).map(part).collect())
    }
    /// The operand with its axes last, cut or filled to their lengths.
    #[track_caller]
    fn fitted(&self, x: Val, plan: &Plan, rank: usize) -> Val {
        let others = (0..rank).filter(|axis| !plan.axes.contains(axis));
        let order: Dims = others.chain(plan.axes.iter().copied()).collect();
        let mut x = x.ir().transpose(&order);
        let first = rank - plan.axes.len();
        for (k, n) in plan.lengths.iter().enumerate() {
            let is_half = self.kind == FftKind::Irfft && k + 1 == plan.lengths.len();
            let (axis, wanted) = (first + k, if is_half { n / 2 + 1 } else { *n });
            let found = x.shape().dim(axis);
            if wanted < found {
                x = x.slice_axis(axis, 0, wanted);
            } else if wanted > found {
                let mut high = vec![0; rank];
                high[axis] = (wanted - found) as i64;
                let zero = Val::from(0).astype(x.ty().dtype).ir();
                x = x.pad(zero, &vec![0; rank], &high, &vec![0; rank]);
            }
        }
        Val::from_ir(x)
    }
    #[track_caller]
    fn complex(&self, x: Parts) -> Parts {
        let y = self.run(&[x.real, x.imaginary]);
        Parts { real: y[0], imaginary: y[1] }
    }
}

/// The last axes back in their places.
#[track_caller]
fn back(y: Val, axes: &[usize], rank: usize) -> Val {
    let order: Dims = (0..rank).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect();
    let mut inverse = Dims::from_elem(0, rank);
    order.iter().enumerate().for_each(|(k, axis)| inverse[*axis] = k);
    Val::from_ir(y.ir().transpose(&inverse))
}

fn disagree(lengths: &[usize], shape: &Shape) -> ErrorKind {
    ErrorKind::invalid(format!(
        "lengths {lengths:?} do not go with as many axes of shape {shape}; name one each"
    ))
}

macro_rules! complex_transforms {
    ($($(#[$doc:meta])* $name:ident, $along:ident, $kind:ident, $axes:expr;)*) => { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(x: impl Into<Val>) -> Val {
            $along(x, None, $axes, Norm::Backward)
        }
        #[doc = concat!("[`", stringify!($name), "`] along other axes, of other lengths, scaled otherwise.")]
        #[track_caller]
        pub fn $along(x: impl Into<Val>, lengths: Option<&[usize]>, axes: impl IntoAxes, norm: Norm) -> Val {
            let (op, kind, axes) = (stringify!($name), FftKind::$kind, axes.into_axes());
            Asked { op, kind, lengths, axes, norm }.complex(Parts::of(op, x.into())).joined()
        }
    )* };
}
complex_transforms! {
    /// The sums of x · exp(-2πi·j·k/n) along the last axis.
    fft, fft_along, Fft, -1;
    /// The inverse of [`fft`].
    ifft, ifft_along, Ifft, -1;
    /// [`fft`] along the last two axes.
    fft2, fft2_along, Fft, [-2, -1];
    /// The inverse of [`fft2`].
    ifft2, ifft2_along, Ifft, [-2, -1];
    /// [`fft`] along all axes.
    fftn, fftn_along, Fft, ..;
    /// The inverse of [`fftn`].
    ifftn, ifftn_along, Ifft, ..;
}

macro_rules! real_transforms {
    ($($(#[$doc:meta])* $name:ident, $along:ident, $inverse:ident, $inverse_along:ident, $axes:expr;)*) => { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(x: impl Into<Val>) -> Val {
            $along(x, None, $axes, Norm::Backward)
        }
        #[doc = concat!("[`", stringify!($name), "`] along other axes, of other lengths, scaled otherwise.")]
        #[track_caller]
        pub fn $along(x: impl Into<Val>, lengths: Option<&[usize]>, axes: impl IntoAxes, norm: Norm) -> Val {
            let (op, axes) = (stringify!($name), axes.into_axes());
            let y = Asked { op, kind: FftKind::Rfft, lengths, axes, norm }.run(&[inexact(op, x.into())]);
            complex(y[0], y[1])
        }
        #[doc = concat!("The inverse of [`", stringify!($name), "`], to an even number of elements along the last axis.")]
        #[track_caller]
        pub fn $inverse(x: impl Into<Val>) -> Val {
            $inverse_along(x, None, $axes, Norm::Backward)
        }
        #[doc = concat!("[`", stringify!($inverse), "`] along other axes, to other lengths, scaled otherwise.")]
        #[track_caller]
        pub fn $inverse_along(
            x: impl Into<Val>,
            lengths: Option<&[usize]>,
            axes: impl IntoAxes,
            norm: Norm,
        ) -> Val {
            let (op, axes) = (stringify!($inverse), axes.into_axes());
            let x = Parts::of(op, x.into());
            Asked { op, kind: FftKind::Irfft, lengths, axes, norm }.run(&[x.real, x.imaginary])[0]
        }
    )* };
}
real_transforms! {
    /// [`fft`] of real numbers along the last axis, of n elements, without what the rest determines: n/2 + 1 elements.
    rfft, rfft_along, irfft, irfft_along, -1;
    /// [`rfft`] along the last axis, and [`fft`] along the one before.
    rfft2, rfft2_along, irfft2, irfft2_along, [-2, -1];
    /// [`rfft`] along the last axis, and [`fft`] along all others.
    rfftn, rfftn_along, irfftn, irfftn_along, ..;
}

/// [`fft`] of a signal that is the conjugate of its reverse, from its first half: real.
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let y = jit(|x: &Val| fft::hfft(x))(&Array::from([1.0f32, 0.5]))?;
/// assert_eq!(y, Array::from([1.5f32, 0.5]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hfft(x: impl Into<Val>) -> Val {
    crate::val::at_caller("hfft", || hfft_along(x, None, -1, Norm::Backward))
}

/// [`hfft`] along another axis, to another length, scaled otherwise.
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let f = jit(|x: &Val| fft::hfft_along(x, Some(1), 0, fft::Norm::Backward));
/// let y = f(&Array::from([1.0f32, 0.5]))?;
/// assert_eq!(y, Array::from([1.0f32]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hfft_along(x: impl Into<Val>, length: Option<usize>, axis: impl Integer, norm: Norm) -> Val {
    crate::val::at_caller("hfft_along", || {
        let norm = match norm {
            Norm::Backward => Norm::Forward,
            Norm::Ortho => Norm::Ortho,
            Norm::Forward => Norm::Backward,
        };
        let (x, lengths): (Val, _) = (x.into(), length.map(|n| [n]));
        irfft_along(x.conj(), lengths.as_ref().map(|n| &n[..]), axis, norm)
    })
}

/// The inverse of [`hfft`].
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let y = jit(|x: &Val| fft::ihfft(x).real())(&Array::from([2.0f32, 0.0]))?;
/// assert_eq!(y, Array::from([1.0f32, 1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ihfft(x: impl Into<Val>) -> Val {
    crate::val::at_caller("ihfft", || ihfft_along(x, None, -1, Norm::Backward))
}

/// [`ihfft`] along another axis, of another length, scaled otherwise.
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let f = jit(|x: &Val| fft::ihfft_along(x, None, 0, fft::Norm::Forward).real());
/// let y = f(&Array::from([2.0f32, 0.0]))?;
/// assert_eq!(y, Array::from([2.0f32, 2.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ihfft_along(x: impl Into<Val>, length: Option<usize>, axis: impl Integer, norm: Norm) -> Val {
    crate::val::at_caller("ihfft_along", || {
        let norm = match norm {
            Norm::Backward => Norm::Forward,
            Norm::Ortho => Norm::Ortho,
            Norm::Forward => Norm::Backward,
        };
        let lengths = length.map(|n| [n]);
        rfft_along(x, lengths.as_ref().map(|n| &n[..]), axis, norm).conj()
    })
}

/// The frequencies of the elements of [`fft`] of `n` samples that are `d` apart, as `f32`: from 0 up, then from the
/// lowest negative one up.
///
/// ```
/// use gradus::{Val, fft, jit};
/// let f = jit(|_: &Val| fft::fftfreq(4, 1.0))(&gradus::Array::scalar(0.0f32))?;
/// assert_eq!(f.to_vec::<f32>()?, [0.0, 0.25, -0.5, -0.25]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn fftfreq(n: usize, d: f64) -> Val {
    Val::derive("fftfreq", &[], |_| {
        if n == 0 {
            return Err(ErrorKind::invalid("no samples have no frequencies; n is at least 1"));
        }
        let index = arange(n);
        let signed = crate::where_(index.lt(n.div_ceil(2) as i64), index, index - n as i64);
        Ok(signed.astype(Dtype::F32) / (n as f64 * d))
    })
}

/// The frequencies of the elements of [`rfft`] of `n` samples that are `d` apart, as `f32`.
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let y = jit(|x: &Val| x + fft::rfftfreq(4, 1.0))(&Array::from(0.0f32))?;
/// assert_eq!(y, Array::from([0.0f32, 0.25, 0.5]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn rfftfreq(n: usize, d: f64) -> Val {
    Val::derive("rfftfreq", &[], |_| {
        if n == 0 {
            return Err(ErrorKind::invalid("no samples have no frequencies; n is at least 1"));
        }
        Ok(arange(n / 2 + 1).astype(Dtype::F32) / (n as f64 * d))
    })
}

/// Moves frequency 0 to the middle of the axes.
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let y = jit(|x: &Val| fft::fftshift(x, ..))(&Array::from([0i32, 1, 2, -2, -1]))?;
/// assert_eq!(y.to_vec::<i32>()?, [-2, -1, 0, 1, 2]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn fftshift(x: impl Into<Val>, axes: impl IntoAxes) -> Val {
    shifted("fftshift", x.into(), axes.into_axes(), |n| (n / 2) as i64)
}

/// The inverse of [`fftshift`].
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let y = jit(|x: &Val| fft::ifftshift(x, ..))(&Array::from([-1i32, 0, 1]))?;
/// assert_eq!(y, Array::from([0i32, 1, -1]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ifftshift(x: impl Into<Val>, axes: impl IntoAxes) -> Val {
    shifted("ifftshift", x.into(), axes.into_axes(), |n| -((n / 2) as i64))
}

#[track_caller]
fn shifted(op: &'static str, x: Val, axes: AxisSet, by: fn(usize) -> i64) -> Val {
    Val::derive(op, &[x], |known| {
        let shape = &known[0].ty.shape;
        let (axes, _) = axes.resolve(shape)?;
        Ok(axes.iter().fold(x, |x, axis| x.roll(by(shape.dim(*axis)), *axis)))
    })
}

/// The cosine transform of type 2 along the last axis: 2 Σ x · cos(π·k·(2j + 1) / 2n).
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let y = jit(|x: &Val| fft::dct(x))(&Array::from([1.0f32, 1.0]))?;
/// assert_eq!(y.to_vec::<f32>()?, [4.0, 0.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn dct(x: impl Into<Val>) -> Val {
    dct_along(x, None, -1, Norm::Backward)
}

/// [`dct`] along another axis, of another length, or with `Norm::Ortho` as an orthogonal map.
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let f = jit(|x: &Val| fft::dct_along(x, None, 0, fft::Norm::Backward));
/// let y = f(&Array::from([[1.0f32], [1.0]]))?;
/// assert_eq!(y, Array::from([[4.0f32], [0.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn dct_along(x: impl Into<Val>, length: Option<usize>, axis: impl Integer, norm: Norm) -> Val {
    let (x, axis) = (inexact("dct", x.into()), axis.to_i64());
    if x.is_complex() {
        return complex(dct_along(x.real(), length, axis, norm), dct_along(x.imag(), length, axis, norm));
    }
    cosine("dct", x, length, axis, norm, |x, n| {
        // The even elements, then the odd ones backwards: Makhoul, "A fast cosine transform in one and two dimensions"
        // (1980).
        let last = x.shape().rank() - 1;
        let every = |start: usize| {
            let shape = x.shape();
            let (mut starts, mut strides) = (vec![0; last + 1], vec![1; last + 1]);
            (starts[last], strides[last]) = (start.min(n), 2);
            x.slice(&starts, &shape.dims(), &strides)
        };
        let ordered = concatenate([Val::from_ir(every(0)), Val::from_ir(every(1).rev(&[last]))], -1);
        let spectrum = Parts::of("dct", fft(ordered));
        let (cosine, sine) = quarter_turns(n, ordered.dtype());
        2.0 * (spectrum.real * cosine + spectrum.imaginary * sine)
    })
}

/// The inverse of [`dct`].
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let y = jit(|x: &Val| fft::idct(x))(&Array::from([4.0f32, 0.0]))?;
/// assert_eq!(y, Array::from([1.0f32, 1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn idct(x: impl Into<Val>) -> Val {
    idct_along(x, None, -1, Norm::Backward)
}

/// The inverse of [`dct_along`].
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let f = jit(|x: &Val| fft::idct_along(x, None, 0, fft::Norm::Backward));
/// let y = f(&Array::from([[4.0f32], [0.0]]))?;
/// assert_eq!(y, Array::from([[1.0f32], [1.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn idct_along(x: impl Into<Val>, length: Option<usize>, axis: impl Integer, norm: Norm) -> Val {
    let (x, axis) = (inexact("idct", x.into()), axis.to_i64());
    if x.is_complex() {
        return complex(idct_along(x.real(), length, axis, norm), idct_along(x.imag(), length, axis, norm));
    }
    cosine("idct", x, length, axis, norm, |x, n| {
        // The spectrum of the ordered elements is V_k = (y_k - i·y_{n-k}) · exp(iπk/2n) / 2, where y_n = 0.
        let y = Val::from_ir(x);
        let last = x.shape().rank() - 1;
        let reversed = x.slice_axis(last, 1, n).rev(&[last]);
        let zero = Val::from_ir(x.slice_axis(last, 0, 1)).zeros_like();
        let mirrored = concatenate([zero, Val::from_ir(reversed)], -1);
        let (cosine, sine) = quarter_turns(n, y.dtype());
        let spectrum = Parts {
            real: 0.5 * (y * cosine + mirrored * sine),
            imaginary: 0.5 * (y * sine - mirrored * cosine),
        };
        let ordered = ifft(spectrum.joined()).real();
        // Of fewer elements than `i32` counts: the table above is small.
        let from: Vec<i32> = (0..n).map(|j| if j % 2 == 0 { j / 2 } else { n - 1 - j / 2 } as i32).collect();
        ordered.take(&gradus_ir::Array::from(from), -1)
    })
}

/// [`dct`] along several axes.
///
/// ```
/// use gradus::{Array, Val, fft, jit};
/// let f = jit(|x: &Val| fft::idctn(fft::dctn(x, .., fft::Norm::Ortho), .., fft::Norm::Ortho));
/// let y = f(&Array::from([[1.0f32, 2.0], [3.0, 5.0]]))?.to_vec::<f32>()?;
/// assert!(y.iter().zip([1.0, 2.0, 3.0, 5.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn dctn(x: impl Into<Val>, axes: impl IntoAxes, norm: Norm) -> Val {
    along_each("dctn", x.into(), axes, |x, axis| dct_along(x, None, axis, norm))
}

/// The inverse of [`dctn`].
#[track_caller]
pub fn idctn(x: impl Into<Val>, axes: impl IntoAxes, norm: Norm) -> Val {
    along_each("idctn", x.into(), axes, |x, axis| idct_along(x, None, axis, norm))
}

#[track_caller]
fn along_each(op: &'static str, x: Val, axes: impl IntoAxes, f: impl Fn(Val, usize) -> Val) -> Val {
    let axes = axes.into_axes();
    Val::derive(op, &[x], |known| Ok(axes.resolve(&known[0].ty.shape)?.0.into_iter().fold(x, f)))
}

/// cos and sin of π·k / 2n.
#[track_caller]
fn quarter_turns(n: usize, dtype: Dtype) -> (Val, Val) {
    let angle = iota(dtype, [n], 0) * (PI / (2.0 * n as f64));
    (angle.cos(), angle.sin())
}

/// A transform of the last axis, of `n` elements, along another one; for `Ortho` between orthonormal bases.
#[track_caller]
fn cosine(
    op: &'static str,
    x: Val,
    length: Option<usize>,
    axis: i64,
    norm: Norm,
    f: impl FnOnce(gradus_ir::Val, usize) -> Val,
) -> Val {
    Val::derive(op, &[x], |known| {
        let shape = &known[0].ty.shape;
        let axis = axis_of(axis, shape)?;
        let n = length.unwrap_or(shape.dim(axis));
        if n == 0 || norm == Norm::Forward {
            let message = format!(
                "takes at least one element of shape {shape}, and Norm::Backward or Norm::Ortho, not {n} and {norm:?}"
            );
            return Err(ErrorKind::invalid(message));
        }
        strict::small_table([n, 1])?;
        let lengths = [n];
        let asked = Asked {
            op,
            kind: FftKind::Fft,
            lengths: Some(&lengths),
            axes: axis.into_axes(),
            norm: Norm::Backward,
        };
        let rank = shape.rank();
        let fitted = asked.fitted(x, &asked.plan(shape)?, rank);
        let orthonormal = |_: ()| {
            let first = crate::arange(n).eq(0);
            let (first_scale, scale) = (0.5 / (n as f64).sqrt(), 0.5 * (2.0 / n as f64).sqrt());
            crate::where_(first, first_scale, fitted.full_like(scale))
        };
        let is_inverse = op == "idct";
        let fitted = match norm {
            Norm::Ortho if is_inverse => fitted / orthonormal(()),
            _ => fitted,
        };
        let y = f(fitted.ir(), n);
        let y = match norm {
            Norm::Ortho if !is_inverse => y * orthonormal(()),
            _ => y,
        };
        Ok(back(y, &[axis], rank))
    })
}
