//! Floats as a shorter type would hold them.

use super::{Domain, Elementwise};
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, linear_jvp};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dtype, ErrorKind, Type};
use gradus_kernel::{Builder, Scalar, Value};
use smallvec::{SmallVec, smallvec};
use std::ops::RangeInclusive;

documented! {
    /// The nearest number of a float type with so many bits of exponent and mantissa, the even one of two; infinite
    /// beyond its range, a zero below its normal numbers. Derivatives are rounded in the same way.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct ReducePrecision {
        /// Bits of the exponent.
        pub exponent_bits: u32,
        /// Bits of the mantissa, without the leading one.
        pub mantissa_bits: u32,
    }
}

/// Bits of exponent and mantissa of the type in which lanes are computed.
fn layout(scalar: Scalar) -> (u32, u32) {
    if scalar == Scalar::F64 { (11, 52) } else { (8, 23) }
}

impl ReducePrecision {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let on = |exponent_bits, mantissa_bits, dtype| {
            let op = ReducePrecision { exponent_bits, mantissa_bits };
            Sample::new(op).arg(Type::new(dtype, [2, 3]), -3.0, 3.0).not_smooth()
        };
        let forms = [(5, 10), (8, 8), (4, 9), (11, 30)];
        let floats = || Dtype::ALL.iter().copied().filter(|dtype| dtype.is_float());
        forms.iter().flat_map(|(e, m)| floats().map(move |dtype| on(*e, *m, dtype))).collect()
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let of = |exponent_bits| ReducePrecision { exponent_bits, mantissa_bits: 3 };
        vec![refused(of(4), 1, [Type::scalar(Dtype::I32)]), refused(of(0), 2, [Type::scalar(Dtype::F32)])]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<ReducePrecision, String>> {
        (name == "reduce_precision").then(|| {
            let mut bits = |key: &str| -> Result<u32, String> {
                let n: usize = attributes.take(key)?;
                u32::try_from(n).map_err(|_| format!("{key} {n} is more than any type has"))
            };
            Ok(ReducePrecision {
                exponent_bits: bits("exponent_bits")?,
                mantissa_bits: bits("mantissa_bits")?,
            })
        })
    }
    /// The number as a type with these bits holds it.
    fn round(self, x: f64, own: (u32, u32)) -> f64 {
        let (exponent_bits, mantissa_bits) = (self.exponent_bits.min(own.0), self.mantissa_bits.min(own.1));
        if !x.is_finite() || x == 0.0 {
            return x;
        }
        let largest = (1 << (exponent_bits - 1)) - 1;
        let mut bits = x.to_bits();
        if mantissa_bits < 52 {
            let cut = 52 - mantissa_bits;
            let half = (1_u64 << (cut - 1)) - 1 + (bits >> cut & 1);
            bits = (bits + half) >> cut << cut;
        }
        let exponent = (bits >> 52 & 0x7ff) as i32 - 1023;
        let rounded = f64::from_bits(bits);
        if exponent > largest {
            f64::INFINITY.copysign(x)
        } else if exponent < 1 - largest {
            0.0_f64.copysign(x)
        } else {
            rounded
        }
    }
}

impl Rules for ReducePrecision {
    fn name(&self) -> &'static str {
        "reduce_precision"
    }
    fn attributes(&self) -> Attributes {
        Attributes::new()
            .with("exponent_bits", self.exponent_bits as usize)
            .with("mantissa_bits", self.mantissa_bits as usize)
    }
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }
    fn constraints(&self) -> &'static [&'static str] {
        &["The elements are real floats.", "`exponent_bits` is at least 1."]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        Domain::Float.check(1, args[0])?;
        if self.exponent_bits == 0 {
            return Err(ErrorKind::constraint(2, "a float type has at least one bit of exponent"));
        }
        Ok(vec![args[0].clone()])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let x = args[0];
        // 16-bit floats are computed in f32.
        let own = layout(if x.dtype() == Dtype::F64 { Scalar::F64 } else { Scalar::F32 });
        Ok(vec![Array::from_f64(x.ty(), x.to_f64_vec().into_iter().map(|x| self.round(x, own)))])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        linear_jvp((*self).into(), x, dx)
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        vec![ct[0].map(|ct| bind1(*self, &[ct]))]
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], _: &[bool], _: Lanes) -> Vals {
        smallvec![bind1(*self, args)]
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for ReducePrecision {
    fn lower(&self, b: &mut Builder, args: &[Value]) -> SmallVec<[Value; 2]> {
        let x = args[0];
        let scalar = b.scalar(x);
        let word = scalar.to_unsigned();
        let (own_exponent, own_mantissa) = layout(scalar);
        let sign_mask = 1_u64 << (scalar.width() - 1);
        let original = b.bitcast(word, x);
        let mut bits = original;
        if self.mantissa_bits < own_mantissa {
            let cut = own_mantissa - self.mantissa_bits;
            let (amount, one) = (b.int(word, cut.into()), b.int(word, 1));
            let shifted = b.shift_right_logical(bits, amount);
            let odd = b.and(shifted, one);
            let half = b.bits(word, (1 << (cut - 1)) - 1);
            let half = b.add(half, odd);
            let sum = b.add(bits, half);
            let kept = b.bits(word, scalar.mask() & !((1 << cut) - 1));
            bits = b.and(sum, kept);
        }
        let sign_bit = b.bits(word, sign_mask);
        let sign = b.and(original, sign_bit);
        if self.exponent_bits < own_exponent {
            let bias = (1_u64 << (own_exponent - 1)) - 1;
            let largest = (1_u64 << (self.exponent_bits - 1)) - 1;
            let magnitude_mask = b.bits(word, scalar.mask() & !sign_mask);
            let magnitude = b.and(bits, magnitude_mask);
            let beyond = b.bits(word, (bias + largest + 1) << own_mantissa);
            let below = b.bits(word, (bias + 1 - largest) << own_mantissa);
            let infinity = b.bits(word, ((1 << own_exponent) - 1) << own_mantissa);
            let endless = b.or(sign, infinity);
            let is_beyond = b.ge(magnitude, beyond);
            bits = b.select(is_beyond, endless, bits);
            let is_below = b.lt(magnitude, below);
            bits = b.select(is_below, sign, bits);
        } else {
            // Denormals are no normal numbers of the shorter type either.
            let magnitude_mask = b.bits(word, scalar.mask() & !sign_mask);
            let magnitude = b.and(bits, magnitude_mask);
            let below = b.bits(word, 1 << own_mantissa);
            let is_below = b.lt(magnitude, below);
            bits = b.select(is_below, sign, bits);
        }
        let rounded = b.bitcast(scalar, bits);
        // Infinities and NaN stay.
        let infinity = b.float(scalar, f64::INFINITY);
        let size = b.abs(x);
        let finite = b.lt(size, infinity);
        smallvec![b.select(finite, rounded, x)]
    }
}

impl Val {
    /// The nearest numbers of a float type with so many bits of exponent and mantissa.
    #[track_caller]
    pub fn reduce_precision(self, exponent_bits: u32, mantissa_bits: u32) -> Val {
        bind1(ReducePrecision { exponent_bits, mantissa_bits }, &[self])
    }
}
