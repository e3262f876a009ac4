//! Numbers cut in two, quotient and rest, whole and fraction; rounding to places, and the distance between floats.

use crate::val::promote::Promoted;
use crate::val::{Val, where_};
use crate::{Dtype, ErrorKind};

impl Val {
    /// The quotient rounded down, and the rest that is left, of the sign of the divisor.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let (quotient, rest) = jit(|x: &Val| x.divmod(3))(&Array::from([7i32, -7]))?;
    /// assert_eq!((quotient, rest), (Array::from([2i32, -3]), Array::from([1i32, 2])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn divmod(self, other: impl Into<Val>) -> (Val, Val) {
        let other = other.into();
        crate::val::at_caller("divmod", || (self.floor_divide(other), self % other))
    }
    /// Fraction and whole part of every element, as floats, both of its sign; the fraction of an infinity is NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let (fraction, whole) = jit(|x: &Val| x.modf())(&Array::from([1.5f32, -2.25]))?;
    /// assert_eq!((fraction, whole), (Array::from([0.5f32, -0.25]), Array::from([1.0f32, -2.0])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn modf(self) -> (Val, Val) {
        let part = |fraction: bool| {
            Val::derive("modf", &[self], |known| {
                let x = self.astype(Promoted::from(&known[0]).inexact().dtype);
                Ok(if fraction { x - x.trunc() } else { x.trunc() })
            })
        };
        crate::val::at_caller("modf", || (part(true), part(false)))
    }
    /// Every element rounded to so many digits behind the point, before it if negative; of two the one of even last
    /// digit. Integers stay as they are.
    ///
    /// # Errors
    /// If digits before the point of integers are asked for, as in JAX.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.round_to(1))(&Array::from([0.75f32, 1.25]))?;
    /// assert_eq!(y, Array::from([0.8f32, 1.2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn round_to(self, digits: i32) -> Val {
        self.derive1("round", |ty| {
            if ty.dtype.is_integer() || ty.dtype == Dtype::Bool {
                return match digits < 0 {
                    false => Ok(self),
                    true => Err(ErrorKind::invalid(format!(
                        "integers {ty} to {digits} digits; convert to floats, or divide, round and multiply"
                    ))),
                };
            }
            if digits == 0 {
                return Ok(self.round());
            }
            // 16-bit floats have no room for the factor.
            let x = if ty.dtype.is_half() { self.astype(Dtype::F32) } else { self };
            let factor = 10f64.powi(digits);
            Ok(((x * factor).round() / factor).astype(ty.dtype))
        })
    }
    /// The distance from every element to the next float away from zero, with its sign.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.spacing())(&Array::from([1.0f32, -1.0]))?;
    /// assert_eq!(y, Array::from([f32::EPSILON, -f32::EPSILON]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn spacing(self) -> Val {
        Val::derive("spacing", &[self], |known| {
            let x = self.astype(Promoted::from(&known[0]).inexact().dtype);
            let away = where_(x.signbit(), f64::NEG_INFINITY, x.full_like(f64::INFINITY));
            Ok(x.nextafter(away) - x)
        })
    }
}
