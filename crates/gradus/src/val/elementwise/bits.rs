//! Functions of whole numbers and of the parts of floats.

use crate::val::axes::{Integer, axis_of};
use crate::val::broadcast::{Promotion, bring_all};
use crate::val::{Val, where_};
use crate::{Dtype, ErrorKind};
use gradus_ir::Kind;

/// Steps after which Euclid's algorithm ends for numbers of that many bits: quotients of 1 take longest (Lamé 1844).
fn longest_euclid(bits: usize) -> usize {
    (bits as f64 * 1.4405).ceil() as usize + 1
}

impl Val {
    /// The greatest common divisor, not negative; of 0 and 0 it is 0.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.gcd(18))(&Array::from([12i32, -27]))?;
    /// assert_eq!(y, Array::from([6i32, 9]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn gcd(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("gcd", &[self, other], |known| {
            let (x, y) = integers(self, other, known)?;
            let (mut high, mut low) = (x.abs(), y.abs());
            for _ in 0..longest_euclid(8 * high.dtype().size_bytes()) {
                let rest = high.fmod(where_(low.eq(0), 1, low));
                (high, low) = (where_(low.eq(0), high, low), where_(low.eq(0), 0, rest));
            }
            Ok(high)
        })
    }
    /// The least common multiple, not negative; 0 if either is.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.lcm(6))(&Array::from([4i32, 0]))?;
    /// assert_eq!(y, Array::from([12i32, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn lcm(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("lcm", &[self, other], |known| {
            let (x, y) = integers(self, other, known)?;
            let divisor = x.gcd(y);
            Ok(where_(divisor.eq(0), 0, x.abs().trunc_divide(where_(divisor.eq(0), 1, divisor)) * y.abs()))
        })
    }
    /// Truth values along `axis` as the bits of `u8`, eight at a time, the first one highest; zeros fill the last.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| (x.packbits(0), x.packbits(0).unpackbits(0)));
    /// let (bits, back) = f(&Array::from([true, false, true]))?;
    /// assert_eq!((bits, back), (Array::from([160u8]), Array::from([1u8, 0, 1, 0, 0, 0, 0, 0])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn packbits(self, axis: impl Integer) -> Val {
        self.derive1("packbits", |ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            if ty.dtype.is_float() {
                return Err(ErrorKind::invalid(format!(
                    "packs truth values and integers, not {ty}; compare them first"
                )));
            }
            let n = ty.shape.dim(axis);
            let mut widths = vec![(0, 0); ty.rank()];
            widths[axis] = (0, n.div_ceil(8) * 8 - n);
            let bits = self.astype(Dtype::Bool).astype(Dtype::U8).pad(widths, 0);
            let (mut apart, mut thin) = (ty.shape.dims().to_vec(), vec![1; ty.rank() + 1]);
            apart[axis] = n.div_ceil(8);
            apart.insert(axis + 1, 8);
            thin[axis + 1] = 8;
            let place = (7 - crate::val::arange(8)).astype(Dtype::U8).reshape(thin);
            let shifted = bits.reshape(apart).shift_left(place);
            Ok(shifted.sum_axes(axis + 1).astype(Dtype::U8))
        })
    }
    /// The bits of `u8` along `axis` as elements 0 and 1, the highest first.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.unpackbits(0))(&Array::from([5u8]))?;
    /// assert_eq!(y, Array::from([0u8, 0, 0, 0, 0, 1, 0, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn unpackbits(self, axis: impl Integer) -> Val {
        self.derive1("unpackbits", |ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            if ty.dtype != Dtype::U8 {
                return Err(ErrorKind::invalid(format!("unpacks u8, not {ty}; convert it first")));
            }
            let mut thin = vec![1; ty.rank() + 1];
            thin[axis + 1] = 8;
            let place = (7 - crate::val::arange(8)).astype(Dtype::U8).reshape(thin);
            let bits = self.expand_dims(axis + 1).shift_right_logical(place) & 1;
            let mut joined = ty.shape.dims().to_vec();
            joined[axis] *= 8;
            Ok(bits.reshape(joined))
        })
    }
    /// Every element times 2 to the power of `exponent`, an integer.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.ldexp(3))(&Array::from([1.5f32]))?;
    /// assert_eq!(y, Array::from([12.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn ldexp(self, exponent: impl Into<Val>) -> Val {
        let exponent = exponent.into();
        Val::derive("ldexp", &[self, exponent], |known| {
            if known[1].ty.dtype.is_float() {
                let message = format!("the exponent is an integer, not {}; convert it", known[1].ty);
                return Err(ErrorKind::invalid(message));
            }
            let dtype = Promotion::Inexact.of(&known[..1]).dtype;
            // Cut before it is narrowed: it may be none of `i32`.
            let own = known[1].ty.dtype;
            let exponent = match own.kind() {
                _ if own.size_bytes() < 4 => exponent,
                Kind::Unsigned => exponent.min(4400),
                _ => exponent.clip(-4400, 4400),
            };
            let exponent = exponent.astype(Dtype::I32).clip(-4400, 4400);
            // Two halves, so that neither factor overflows before the product does.
            let half = exponent.floor_divide(2);
            let power = |n: Val| n.astype(dtype).exp2();
            Ok(self.astype(dtype) * power(half) * power(exponent - half))
        })
    }
    /// Mantissas from ½ up to 1 and exponents, an `i32`: the value is the mantissa times 2 to the exponent.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let (mantissa, exponent) = jit(|x: &Val| x.frexp())(&Array::from([8.0f32, -3.5]))?;
    /// assert_eq!((mantissa, exponent), (Array::from([0.5f32, -0.875]), Array::from([4i32, 2])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn frexp(self) -> (Val, Val) {
        let both = |part: usize| {
            Val::derive("frexp", &[self], |known| {
                let own = Promotion::Inexact.of(known).dtype;
                // Wider than its numbers are, so that the smallest ones have an exponent of their own.
                let x = self.astype(if own == Dtype::F64 { own } else { Dtype::F32 });
                let (bits, mantissa, bias) =
                    if own == Dtype::F64 { (Dtype::I64, 52, 1022) } else { (Dtype::I32, 23, 126) };
                let tiny = x.abs().lt(2f64.powi(-bias + 1)) & x.ne(0);
                let shift = mantissa + 1;
                let scaled = where_(tiny, x * 2f64.powi(shift), x);
                let pattern = scaled.bitcast(bits);
                let field = (1i64 << (if own == Dtype::F64 { 11 } else { 8 })) - 1;
                let stored = pattern.shift_right_logical(i64::from(mantissa)) & field;
                let special = x.eq(0) | !x.isfinite();
                if part == 1 {
                    let exponent = stored - i64::from(bias) - where_(tiny, i64::from(shift), 0);
                    return Ok(where_(special, 0, exponent).astype(Dtype::I32));
                }
                let kept = pattern & !(field << mantissa);
                let half = (kept | (i64::from(bias) << mantissa)).bitcast(x.dtype());
                Ok(where_(special, x, half).astype(own))
            })
        };
        crate::val::at_caller("frexp", || (both(0), both(1)))
    }
}

#[track_caller]
fn integers(x: Val, y: Val, known: &[crate::val::Known]) -> Result<(Val, Val), ErrorKind> {
    let met = Promotion::Plain.of(known);
    if !met.dtype.is_integer() {
        let message = format!("takes integers, not {} and {}; convert them", known[0].ty, known[1].ty);
        return Err(ErrorKind::invalid(message));
    }
    let both = bring_all(&[x, y], known, met.dtype)?;
    Ok((Val::from_ir(both[0]), Val::from_ir(both[1])))
}
