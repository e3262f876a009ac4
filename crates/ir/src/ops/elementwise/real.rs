//! Real numbers as formulas of complex functions see them: an `f64` of the interpreter, or a value of a Program.
//!
//! One formula over [`Real`] is both the meaning of a complex function and its kernel: they choose the same branch for
//! every zero, infinity and NaN.

use super::{Binary, Unary};
use crate::trace::{Val, bind1};
use crate::{Complex, Dtype};
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// A real number, or many.
pub(super) trait Real:
    Copy + Neg<Output = Self> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// The answer to a question.
    type Truth: Copy + Not<Output = Self::Truth> + BitAnd<Output = Self::Truth> + BitOr<Output = Self::Truth>;

    /// The largest exponent of two in its type.
    fn largest_exponent(self) -> i32;
    /// How many digits the fraction has.
    fn digits(self) -> i32;
    /// The constant.
    fn of(self, literal: f64) -> Self;
    fn select(truth: Self::Truth, x: Self, y: Self) -> Self;
    /// Whether the sign bit is set, be it of a zero or NaN.
    fn is_negative(self) -> Self::Truth;
    fn lt(self, other: Self) -> Self::Truth;
    fn eq(self, other: Self) -> Self::Truth;
    /// Applies a function of the table.
    fn apply(self, op: Unary) -> Self;
    /// The angle of the point (`x`, `self`).
    fn atan2(self, x: Self) -> Self;

    fn zero(self) -> Self {
        self.of(0.0)
    }
    fn one(self) -> Self {
        self.of(1.0)
    }
    fn times(self, literal: f64) -> Self {
        self * self.of(literal)
    }
    fn plus(self, literal: f64) -> Self {
        self + self.of(literal)
    }
    fn above(self, literal: f64) -> Self::Truth {
        self.of(literal).lt(self)
    }
    fn below(self, literal: f64) -> Self::Truth {
        self.lt(self.of(literal))
    }
    fn is(self, literal: f64) -> Self::Truth {
        self.eq(self.of(literal))
    }
    fn is_nan(self) -> Self::Truth {
        !self.eq(self)
    }
    fn is_infinite(self) -> Self::Truth {
        self.abs().is(f64::INFINITY)
    }
    /// Neither infinite nor NaN.
    fn is_finite(self) -> Self::Truth {
        self.abs().below(f64::INFINITY)
    }
    fn abs(self) -> Self {
        self.apply(Unary::Abs)
    }
    fn sqrt(self) -> Self {
        self.apply(Unary::Sqrt)
    }
    /// The magnitude of `self` with the sign of `other`.
    fn with_sign(self, other: Self) -> Self {
        let magnitude = self.abs();
        Self::select(other.is_negative(), -magnitude, magnitude)
    }
}

impl Real for f64 {
    type Truth = bool;

    fn largest_exponent(self) -> i32 {
        f64::MAX_EXP - 1
    }
    fn digits(self) -> i32 {
        f64::MANTISSA_DIGITS as i32 - 1
    }
    fn of(self, literal: f64) -> f64 {
        literal
    }
    fn select(truth: bool, x: f64, y: f64) -> f64 {
        if truth { x } else { y }
    }
    fn is_negative(self) -> bool {
        self.is_sign_negative()
    }
    fn lt(self, other: f64) -> bool {
        self < other
    }
    fn eq(self, other: f64) -> bool {
        self == other
    }
    fn apply(self, op: Unary) -> f64 {
        op.of_float(self)
    }
    fn atan2(self, x: f64) -> f64 {
        f64::atan2(self, x)
    }
}

impl Real for Val {
    type Truth = Val;

    fn largest_exponent(self) -> i32 {
        if self.ty().dtype == Dtype::F64 { f64::MAX_EXP - 1 } else { f32::MAX_EXP - 1 }
    }
    fn digits(self) -> i32 {
        self.ty().dtype.finfo().map_or(0, |info| info.nmant as i32)
    }
    fn of(self, literal: f64) -> Val {
        self.full_like(literal)
    }
    fn select(truth: Val, x: Val, y: Val) -> Val {
        truth.select(x, y)
    }
    fn is_negative(self) -> Val {
        let word = if self.ty().dtype == Dtype::F64 { Dtype::I64 } else { Dtype::I32 };
        let bits = self.bitcast_convert(word);
        Val::lt(bits, bits.zeros_like())
    }
    fn lt(self, other: Val) -> Val {
        Val::lt(self, other)
    }
    fn eq(self, other: Val) -> Val {
        Val::eq(self, other)
    }
    fn apply(self, op: Unary) -> Val {
        bind1(op, &[self])
    }
    fn atan2(self, x: Val) -> Val {
        bind1(Binary::Atan2, &[self, x])
    }
}

/// What a formula gives, as one: a complex number of its parts, a real one, a truth.
pub(super) trait Joined<Whole> {
    fn joined(self) -> Whole;
}
impl Joined<Complex<f64>> for [f64; 2] {
    fn joined(self) -> Complex<f64> {
        Complex::new(self[0], self[1])
    }
}
impl Joined<Complex<f64>> for f64 {
    fn joined(self) -> Complex<f64> {
        Complex::new(self, 0.0)
    }
}
impl Joined<Complex<f64>> for bool {
    fn joined(self) -> Complex<f64> {
        Complex::new(f64::from(u8::from(self)), 0.0)
    }
}
impl Joined<Val> for [Val; 2] {
    fn joined(self) -> Val {
        self[0].complex(self[1])
    }
}
impl Joined<Val> for Val {
    fn joined(self) -> Val {
        self
    }
}

/// Numbers that have two parts.
pub(super) trait Whole: Sized {
    type Part: Real;
    fn parts(self) -> [Self::Part; 2];
}
impl Whole for Complex<f64> {
    type Part = f64;
    fn parts(self) -> [f64; 2] {
        [self.re, self.im]
    }
}
impl Whole for Val {
    type Part = Val;
    fn parts(self) -> [Val; 2] {
        [self.real(), self.imag()]
    }
}

/// A formula of parts applied to a whole number.
pub(super) fn whole<Z: Whole, Y: Joined<Z>>(f: impl Fn([Z::Part; 2]) -> Y, z: Z) -> Z {
    f(z.parts()).joined()
}

/// The same for two numbers.
pub(super) fn whole2<Z: Whole, Y: Joined<Z>>(f: impl Fn([Z::Part; 2], [Z::Part; 2]) -> Y, x: Z, y: Z) -> Z {
    f(x.parts(), y.parts()).joined()
}
