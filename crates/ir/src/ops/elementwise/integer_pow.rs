//! A power whose exponent is known while tracing.

use super::real::whole;
use super::{Domain, Elementwise, by_parts};
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dtype, ErrorKind, Numbers, Type};
use gradus_kernel::{Builder, Value};
use smallvec::{SmallVec, smallvec};
use std::ops::RangeInclusive;

documented! {
    /// `xⁿ` for one integer n; exact for integers, which wrap.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct IntegerPow {
        /// The exponent n.
        pub exponent: i32,
    }
}

/// Up to this magnitude of the exponent a kernel multiplies; beyond, rounding would add up.
const MOST_MULTIPLIED: u32 = 16;

impl IntegerPow {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let sample = |exponent: i32, dtype: Dtype| {
            let sample = Sample::new(IntegerPow { exponent }).arg(Type::new(dtype, [2, 3]), 0.5, 2.0);
            if dtype.is_inexact() { sample } else { sample.not_smooth() }
        };
        let floats = [-20, -3, -1, 0, 1, 2, 5, 31].map(|n| [sample(n, Dtype::F32), sample(n, Dtype::F64)]);
        let integers = [0, 3, 40].map(|n| [sample(n, Dtype::I32), sample(n, Dtype::U8)]);
        let others = [-2, 0, 3].map(|n| [sample(n, Dtype::Complex64), sample(n, Dtype::BF16)]);
        floats.into_iter().chain(integers).chain(others).flatten().collect()
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let scalar = |dtype| [Type::scalar(dtype)];
        vec![
            refused(IntegerPow { exponent: 2 }, 1, scalar(Dtype::Bool)),
            refused(IntegerPow { exponent: -1 }, 2, scalar(Dtype::I32)),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<IntegerPow, String>> {
        if name != "integer_pow" {
            return None;
        }
        let exponent = attributes.take::<i64>("exponent");
        let parse = |n: i64| i32::try_from(n).map_err(|_| format!("exponent {n} does not fit in 32 bits"));
        Some(exponent.and_then(parse).map(|exponent| IntegerPow { exponent }))
    }
}

impl Rules for IntegerPow {
    fn name(&self) -> &'static str {
        "integer_pow"
    }
    fn attributes(&self) -> Attributes {
        Attributes::new().with("exponent", i64::from(self.exponent))
    }
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "The elements are integers, floats or complex numbers, not `bool`.",
            "The exponent of integers is not negative.",
        ]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        Domain::Number.check(1, args[0])?;
        if args[0].dtype.is_integer() && self.exponent < 0 {
            let message =
                format!("a negative power of {} has no integer result; convert to a float", args[0]);
            return Err(ErrorKind::constraint(2, message));
        }
        Ok(vec![args[0].clone()])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let x = args[0];
        let exponent = self.exponent;
        Ok(vec![match x.numbers() {
            Numbers::Complex(all) => Array::from_complex(
                x.ty(),
                all.into_iter().map(|z| whole(|z| by_parts::integer_pow(z, exponent), z)),
            ),
            Numbers::Floats(all) => Array::from_f64(x.ty(), all.into_iter().map(|x| x.powf(exponent.into()))),
            Numbers::Integers(all) => {
                let n = u32::try_from(exponent).expect("internal: no negative power of integers");
                Array::from_integers(x.ty(), all.into_iter().map(|x| x.wrapping_pow(n)))
            }
        }])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        // n xⁿ⁻¹
        with_tangent((*self).into(), x, |_| match self.exponent {
            0 => None,
            1 => dx[0],
            n => dx[0].map(|dx| dx * (f64::from(n) * x[0].integer_pow(n.saturating_sub(1)))),
        })
    }
    fn transpose(&self, _: &dyn Passes, _: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        unreachable!("internal: integer_pow is not linear")
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], _: &[bool], _: Lanes) -> Vals {
        smallvec![bind1(*self, args)]
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        Some(smallvec![whole(|z| by_parts::integer_pow(z, self.exponent), args[0])])
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for IntegerPow {
    fn lower(&self, b: &mut Builder, args: &[Value]) -> SmallVec<[Value; 2]> {
        let (x, n) = (args[0], self.exponent);
        let scalar = b.scalar(x);
        if scalar.is_float() && n.unsigned_abs() > MOST_MULTIPLIED {
            let exponent = b.float(scalar, n.into());
            return smallvec![b.pow(x, exponent)];
        }
        let one = b.float(scalar, 1.0);
        let (mut power, mut base) = (None, x);
        let mut left = n.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                power = Some(power.map_or(base, |p| b.mul(p, base)));
            }
            left >>= 1;
            if left > 0 {
                base = b.mul(base, base);
            }
        }
        let power = power.unwrap_or(one);
        smallvec![if n < 0 { b.div(one, power) } else { power }]
    }
    fn ulps(&self) -> u32 {
        // Every multiplication adds half a unit times the factors that its operands hold.
        self.exponent.unsigned_abs().clamp(2, MOST_MULTIPLIED)
    }
}

impl Val {
    /// Every element to the power `exponent`.
    #[track_caller]
    pub fn integer_pow(self, exponent: i32) -> Val {
        bind1(IntegerPow { exponent }, &[self])
    }
}
