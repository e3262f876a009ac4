//! Transcendental functions, expanded once into straight-line operations.
//!
//! Every expansion is branch-free, uses `fma` where it says so, and is right for infinities, NaN, signed zeros and
//! denormals; the accuracy of each is stated at its method and tested. Polynomial coefficients are minimax fits
//! of the relative error of the function (Remez exchange in 50 digits), highest power first; f32 ones are given
//! already rounded.

mod bessel;
mod error_function;
mod exponential;
mod hyperbolic;
mod inverse_trigonometric;
mod logarithm;
mod power;
mod trigonometric;

use crate::builder::Builder;
use crate::op::Value;
use crate::scalar::Scalar;

/// Constants of a float type's encoding.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    pub(crate) scalar: Scalar,
    /// The integer type of the same width.
    pub(crate) int: Scalar,
    /// Stored bits of the mantissa.
    pub(crate) mantissa: u32,
    /// Exponent of 1.0 as stored.
    pub(crate) bias: i64,
}

impl Format {
    pub(crate) fn of(scalar: Scalar) -> Format {
        match scalar {
            Scalar::F32 => Format { scalar, int: Scalar::U32, mantissa: 23, bias: 127 },
            Scalar::F64 => Format { scalar, int: Scalar::U64, mantissa: 52, bias: 1023 },
            _ => panic!("internal: a transcendental function of {scalar}"),
        }
    }

    /// `single` for f32, `double` for f64.
    pub(crate) fn pick<T>(self, single: T, double: T) -> T {
        if self.scalar == Scalar::F32 { single } else { double }
    }

    /// `1.5 · 2^mantissa`: adding it rounds to an integer, which is then in the low bits.
    pub(crate) fn magic(self) -> f64 {
        self.pick(12_582_912.0, 6_755_399_441_055_744.0)
    }

    /// Lane bits of a float of this format.
    pub(crate) fn bits(self, value: f64) -> u64 {
        self.scalar.bits_of_f64(value)
    }

    pub(crate) fn sign_bit(self) -> u64 {
        self.bits(-0.0)
    }

    pub(crate) fn smallest_normal(self) -> f64 {
        self.pick(f64::from(f32::MIN_POSITIVE), f64::MIN_POSITIVE)
    }
}

impl Builder {
    pub(crate) fn format(&self, x: Value) -> Format {
        Format::of(self.scalar(x))
    }

    /// A float constant of the type of `like`.
    pub(crate) fn float_like(&mut self, like: Value, value: f64) -> Value {
        self.float(self.scalar(like), value)
    }

    /// Horner's scheme by fma; coefficients from the highest power down to the constant.
    pub(crate) fn polynomial(&mut self, x: Value, coefficients: &[f64]) -> Value {
        let mut sum = self.float_like(x, coefficients[0]);
        for &coefficient in &coefficients[1..] {
            let coefficient = self.float_like(x, coefficient);
            sum = self.fma(sum, x, coefficient);
        }
        sum
    }

    /// `x + constant · y` by fma.
    pub(crate) fn plus_scaled(&mut self, x: Value, constant: f64, y: Value) -> Value {
        let constant = self.float_like(x, constant);
        self.fma(y, constant, x)
    }

    /// A float's bits as the unsigned integer type of its width.
    pub(crate) fn bits_of(&mut self, x: Value) -> Value {
        self.bitcast(self.format(x).int, x)
    }

    /// The sign bit of x alone, as bits.
    pub(crate) fn sign_bits_of(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let sign = self.bits(format.int, format.sign_bit());
        let bits = self.bits_of(x);
        self.and(bits, sign)
    }

    /// `magnitude` (whose sign bit is clear) with the sign of `x`.
    pub(crate) fn with_sign_of(&mut self, magnitude: Value, x: Value) -> Value {
        let sign = self.sign_bits_of(x);
        let bits = self.bits_of(magnitude);
        let bits = self.or(bits, sign);
        self.bitcast(self.scalar(x), bits)
    }
}
