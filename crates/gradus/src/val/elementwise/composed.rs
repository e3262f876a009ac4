//! Functions made of a few primitives: what NumPy and SciPy have and the IR need not know.

use crate::Dtype;
use crate::val::broadcast::floats;
use crate::val::promote::Promoted;
use crate::val::{Val, complex, strict, where_};
use gradus_ir::Kind;
use std::f64::consts::{LN_2, PI};

/// The larger operand, and what the smaller one has less: of equal infinities nothing.
///
/// `high + g(apart)` with a symmetric sum is the same smooth function whichever is chosen, so that the choice has no
/// derivative of its own, at ties neither.
#[track_caller]
fn ordered(x: Val, y: Val) -> (Val, Val) {
    let swapped = x.ne(x.max(y));
    let (high, low) = (where_(swapped, y, x), where_(swapped, x, y));
    if high.is_complex() {
        return (high, low - high);
    }
    let alike = x.eq(y) & x.isinf();
    (high, where_(alike, 0.0, low) - where_(alike, 0.0, high))
}

/// A complex number whose imaginary part is brought into half a turn of both signs; a turn is 2π times `unit`.
fn within_turn(z: Val, unit: f64) -> Val {
    let half = PI * unit;
    complex(z.real(), (z.imag() + half) % (2.0 * half) - half)
}

/// Functions made of a few primitives; integers become floats where the function needs them.
impl Val {
    /// √(x² + y²), without overflow on the way.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.hypot(4.0))(&Array::from([3.0f32]))?;
    /// assert_eq!(y, Array::from([5.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn hypot(self, other: impl Into<Val>) -> Val {
        self.of_floats("hypot", other, |x, y| {
            // The formula holds whichever operand is `high`, so the choice has no derivative of its own.
            let swapped = x.abs().lt(y.abs());
            let (high, low) = (where_(swapped, y, x), where_(swapped, x, y));
            let plain = high.eq(0) | high.abs().eq(f64::INFINITY);
            let ratio = where_(plain, 0.0, low) / where_(plain, 1.0, high);
            let length = high.abs() * (1.0 + ratio * ratio).sqrt();
            where_(x.isnan() | y.isnan(), x + y, length)
        })
    }
    /// log(eˣ + eʸ), without overflow on the way.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logaddexp(0.0))(&Array::from(0.0f32))?;
    /// assert!((y.item::<f32>()? - 0.693147).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logaddexp(self, other: impl Into<Val>) -> Val {
        self.of_floats("logaddexp", other, |x, y| {
            let (high, apart) = ordered(x, y);
            let sum = high + apart.exp().log1p();
            if high.is_complex() { within_turn(sum, 1.0) } else { sum }
        })
    }
    /// log₂(2ˣ + 2ʸ), without overflow on the way.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logaddexp2(1.0))(&Array::from(1.0f32))?;
    /// assert!((y.item::<f32>()? - 2.0).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logaddexp2(self, other: impl Into<Val>) -> Val {
        self.of_floats("logaddexp2", other, |x, y| {
            let (high, apart) = ordered(x, y);
            let sum = high + (apart * LN_2).exp().log1p() / LN_2;
            if high.is_complex() { within_turn(sum, 1.0 / LN_2) } else { sum }
        })
    }
    /// The first operand with the sign of the second.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.copysign(-1.0))(&Array::from([3.0f32]))?;
    /// assert_eq!(y, Array::from([-3.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn copysign(self, sign: impl Into<Val>) -> Val {
        self.of_floats("copysign", sign, |x, y| where_(y.signbit(), -x.abs(), x.abs()))
    }
    /// 0 below zero, 1 above, and `at_zero` at zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.heaviside(0.5))(&Array::from([-3.0f32, 0.0, 3.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 0.5, 1.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn heaviside(self, at_zero: impl Into<Val>) -> Val {
        self.of_floats("heaviside", at_zero, |x, y| {
            let step = where_(x.lt(0), x.zeros_like(), where_(x.gt(0), x.ones_like(), y));
            where_(x.isnan(), x, step)
        })
    }
    /// x · log(y), and 0 where x is 0. See [`crate::special::xlogy`].
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.xlogy(0.0))(&Array::from([0.0f32]))?;
    /// assert_eq!(y, Array::from([0.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn xlogy(self, other: impl Into<Val>) -> Val {
        crate::special::xlogy(self, other)
    }
    #[track_caller]
    fn of_floats(self, name: &'static str, other: impl Into<Val>, f: impl FnOnce(Val, Val) -> Val) -> Val {
        floats(name, [self, other.into()], |[x, y]| f(x, y))
    }
    /// The logarithm to base 2.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.log2())(&Array::from(8.0f32))?;
    /// assert!((y.item::<f32>()? - 3.0).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn log2(self) -> Val {
        self.of_float("log2", |x| shortened(x.log(), LN_2))
    }
    /// The logarithm to base 10.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.log10())(&Array::from(100.0f32))?;
    /// assert!((y.item::<f32>()? - 2.0).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn log10(self) -> Val {
        self.of_float("log10", |x| shortened(x.log(), std::f64::consts::LN_10))
    }
    /// Degrees as radians.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.deg2rad())(&Array::from(180.0f32))?;
    /// assert!((y.item::<f32>()? - 3.141593).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn deg2rad(self) -> Val {
        Val::derive("deg2rad", &[self], |_| Ok(self * (PI / 180.0)))
    }
    /// Radians as degrees.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.rad2deg())(&Array::from(3.1415927f32))?;
    /// assert!((y.item::<f32>()? - 180.0).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn rad2deg(self) -> Val {
        Val::derive("rad2deg", &[self], |_| Ok(self * (180.0 / PI)))
    }
    /// sin(πx) / (πx), and 1 at zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.sinc())(&Array::from([0.0f32]))?;
    /// assert_eq!(y, Array::from([1.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn sinc(self) -> Val {
        Val::derive("sinc", &[self], |_| {
            let angle = self * PI;
            let near = angle.abs().lt(1.0);
            // Σ (-angle²)ᵏ / (2k + 1)!, whose derivatives do not cancel as those of the quotient.
            let inside = where_(near, angle, 0.0);
            let square = inside * inside;
            let factors = (1..=12).rev().map(|k| f64::from(2 * k * (2 * k + 1)));
            let series = factors.fold(square.ones_like(), |sum, factor| 1.0 - sum * square / factor);
            let outside = where_(near, 1.0, angle);
            Ok(where_(near, series, outside.sin() / outside))
        })
    }
    /// Whether every element is NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.isnan())(&Array::from([f32::NAN, 1.0]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isnan(self) -> Val {
        Val::derive("isnan", &[self], |_| Ok(self.ne(self)))
    }
    /// Whether every element is infinite, of either sign.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.isinf())(&Array::from([f32::INFINITY, 1.0]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isinf(self) -> Val {
        self.is_equal_to("isinf", |x| x.abs().eq(f64::INFINITY))
    }
    /// Whether every element is +∞.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.isposinf())(&Array::from([f32::INFINITY, 1.0]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isposinf(self) -> Val {
        self.is_equal_to("isposinf", |x| x.eq(f64::INFINITY))
    }
    /// Whether every element is -∞.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.isneginf())(&Array::from([f32::INFINITY, 1.0]))?;
    /// assert_eq!(y, Array::from([false, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isneginf(self) -> Val {
        self.is_equal_to("isneginf", |x| x.eq(f64::NEG_INFINITY))
    }
    /// Whether every element is neither infinite nor NaN; integers are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.isfinite())(&Array::from([f32::INFINITY, 1.0]))?;
    /// assert_eq!(y, Array::from([false, true]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isfinite(self) -> Val {
        Val::derive("isfinite", &[self], |known| {
            Ok(match known[0].ty.dtype.kind() {
                Kind::Complex => self.real().is_finite() & self.imag().is_finite(),
                Kind::Float => self.is_finite(),
                _ => self.eq(self),
            })
        })
    }
    #[track_caller]
    fn is_equal_to(self, name: &'static str, test: impl FnOnce(Val) -> Val) -> Val {
        Val::derive(name, &[self], |known| {
            Ok(if known[0].ty.dtype.is_inexact() { test(self) } else { self.ne(self) })
        })
    }
    /// Whether the sign bit is set: below zero, or -0.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.signbit())(&Array::from([-0.0f32, 1.0]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn signbit(self) -> Val {
        Val::derive("signbit", &[self], |known| {
            Ok(if known[0].ty.dtype.is_float() {
                self.lt(0) | (self.eq(0) & (1.0 / self).lt(0))
            } else {
                self.lt(0)
            })
        })
    }
    /// NaN as 0, infinities as the largest finite numbers of their sign.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nan_to_num())(&Array::from([f32::NAN, 1.0]))?;
    /// assert_eq!(y, Array::from([0.0f32, 1.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nan_to_num(self) -> Val {
        Val::derive("nan_to_num", &[self], |known| {
            let dtype = known[0].ty.dtype;
            if dtype.is_complex() {
                return Ok(complex(self.real().nan_to_num(), self.imag().nan_to_num()));
            }
            let Some(info) = dtype.finfo() else { return Ok(self) };
            let largest = info.max;
            let known = where_(self.isnan(), 0.0, self);
            let known = where_(known.isposinf(), largest, known);
            Ok(where_(known.isneginf(), -largest, known))
        })
    }
    /// The inverse of the error function on (-1, 1): Giles, "Approximating the erfinv function" (2012), in single
    /// precision; for `f64` two steps of Halley's method from there.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.erf_inv())(&Array::from(0.5f32))?;
    /// assert!((y.item::<f32>()? - 0.476936).abs() < 1e-5);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn erf_inv(self) -> Val {
        // 16-bit floats have too few digits for the polynomial's steps.
        self.of_float("erf_inv", |x| match x.dtype() {
            dtype if dtype.is_half() => erf_inv(x.astype(Dtype::F32)).astype(dtype),
            _ => erf_inv(x),
        })
    }
    /// One operand promoted to a float once, for functions that read it several times.
    #[track_caller]
    fn of_float(self, name: &'static str, f: impl FnOnce(Val) -> Val) -> Val {
        Val::derive(name, &[self], |known| {
            let met = Promoted::from(&known[0]).inexact();
            Ok(f(Val::from_ir(strict::convert_literal(self, met.dtype))).with_weak(met.weak))
        })
    }
    /// The larger of two elements; of a number and NaN the number.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.fmax(1.0) + x.fmin(1.0))(&Array::from([f32::NAN, 3.0]))?;
    /// assert_eq!(y, Array::from([2.0f32, 4.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn fmax(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("fmax", &[self, other], |_| Ok(where_(self.gt(other) | other.isnan(), self, other)))
    }
    /// The smaller of two elements; of a number and NaN the number.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.fmin(1.0))(&Array::from([f32::NAN, 2.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, 1.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn fmin(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("fmin", &[self, other], |_| Ok(where_(self.lt(other) | other.isnan(), self, other)))
    }
    /// log(1 - e⁻ˣ) for x above 0, without cancellation.
    ///
    /// Mächler, "Accurately computing log(1 - exp(-|a|))" (2012).
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.log1mexp())(&Array::from([1e-6f64]))?;
    /// assert!((y.to_vec::<f64>()?[0] - (1e-6f64).ln()).abs() < 1e-6);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn log1mexp(self) -> Val {
        Val::derive("log1mexp", &[self], |known| {
            let x = self.astype(Promoted::from(&known[0]).inexact().dtype);
            let small = x.lt(std::f64::consts::LN_2);
            // Each branch keeps away from where the other is chosen, so that no infinite slope meets a zero.
            let near = (-(-where_(small, x, 1.0)).expm1()).log();
            let far = (-(-where_(small, 1.0, x)).exp()).log1p();
            Ok(where_(small, near, far))
        })
    }
}

#[track_caller]
fn erf_inv(x: Val) -> Val {
    const NEAR: [f64; 9] = [
        2.810_226_36e-8,
        3.432_739_39e-7,
        -3.523_387_7e-6,
        -4.391_506_54e-6,
        2.185_808_7e-4,
        -1.253_725_03e-3,
        -4.177_681_64e-3,
        2.466_407_27e-1,
        1.501_409_41,
    ];
    const FAR: [f64; 9] = [
        -2.002_142_57e-4,
        1.009_505_58e-4,
        1.349_343_22e-3,
        -3.673_428_44e-3,
        5.739_507_73e-3,
        -7.622_461_3e-3,
        9.438_870_47e-3,
        1.001_674_06,
        2.832_976_82,
    ];
    // At the ends a pole has the value and the slopes, which are infinite.
    let at_end = x.abs().eq(1.0);
    let ends = x / where_(at_end, 1.0 - x.abs(), 1.0);
    let x = where_(at_end, 0.0, x);
    let distance = -(-x * x).log1p();
    let near = distance.lt(5.0);
    // Each branch stays finite where the other is chosen: a zero cotangent times an infinite slope is NaN.
    let w = where_(near, distance - 2.5, where_(near, 5.0, distance).sqrt() - 3.0);
    let coefficient = |i: usize| where_(near, w.full_like(NEAR[i]), FAR[i]);
    let polynomial = (1..NEAR.len()).fold(coefficient(0), |p, i| p * w + coefficient(i));
    let mut y = polynomial * x;
    if x.dtype() == Dtype::F64 {
        for _ in 0..2 {
            y = halley(x, y);
        }
    }
    where_(at_end, ends, y)
}

/// One step towards erf(y) = x. In the tails the complement is compared, which keeps its digits.
#[track_caller]
fn halley(x: Val, y: Val) -> Val {
    let (size, sign) = (y.abs(), x.sign());
    let tail = (1.0 - x.abs()) - size.erfc();
    let off = where_(size.lt(0.5), y.erf() - x, sign * tail);
    let slope = std::f64::consts::FRAC_2_SQRT_PI * (-y * y).exp();
    let step = off / slope;
    let next = y - step / (1.0 + y * step);
    where_(next.isfinite() & slope.gt(0), next, y)
}

/// Divided by a real number: both parts of a complex number, an infinite one too.
#[track_caller]
fn shortened(x: Val, by: f64) -> Val {
    if x.is_complex() { complex(x.real() / by, x.imag() / by) } else { x / by }
}
