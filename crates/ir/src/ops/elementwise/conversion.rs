//! Elements of another type: `convert` keeps the number, `bitcast_convert` the bits.

use super::{Elementwise, formulas};
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Buffer, Complex, Dtype, ErrorKind, Kind, Numbers, Type};
use gradus_kernel as kernel;
use smallvec::{SmallVec, smallvec};
use std::ops::RangeInclusive;

documented! {
    /// A change of the element type.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Conversion {
        /// The nearest number: floats are rounded once; from float to integer truncated, saturated, NaN to zero; among
        /// integers the low bits; to `bool` whether it is not zero; of a complex number the real part.
        Convert(Dtype),
        /// The same bits read as another type of the same width.
        BitcastConvert(Dtype),
    }
}

impl Conversion {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let convert = |from: Dtype, to: Dtype| {
            let low = if matches!(from.kind(), Kind::Unsigned) { 0.0 } else { -9.0 };
            let sample = Sample::new(Conversion::Convert(to)).arg(Type::new(from, [2, 3]), low, 9.0);
            // Differences say nothing where the result has few digits.
            if from.is_inexact() && to.is_inexact() && !to.is_half() { sample } else { sample.not_smooth() }
        };
        let bits = |from: Dtype, to: Dtype| {
            Sample::new(Conversion::BitcastConvert(to)).arg(Type::new(from, [2, 3]), 0.0, 9.0).not_smooth()
        };
        let pairs = Dtype::ALL.iter().flat_map(|from| Dtype::ALL.iter().map(|to| (*from, *to)));
        let mut all: Vec<Sample> = pairs.map(|(from, to)| convert(from, to)).collect();
        all.extend([
            bits(Dtype::BF16, Dtype::I16),
            bits(Dtype::U16, Dtype::F16),
            bits(Dtype::F32, Dtype::U32),
            bits(Dtype::U32, Dtype::F32),
            bits(Dtype::I64, Dtype::F64),
        ]);
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let bits = |number: u8, from: Dtype, to: Dtype| {
            refused(Conversion::BitcastConvert(to), number, [Type::scalar(from)])
        };
        vec![
            bits(1, Dtype::Bool, Dtype::U8),
            bits(1, Dtype::U8, Dtype::Bool),
            bits(1, Dtype::Complex64, Dtype::I64),
            bits(2, Dtype::F32, Dtype::I64),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Conversion, String>> {
        let make = match name {
            "convert" => Conversion::Convert,
            "bitcast_convert" => Conversion::BitcastConvert,
            _ => return None,
        };
        Some(attributes.take("dtype").map(make))
    }
    fn dtype(self) -> Dtype {
        let (Conversion::Convert(dtype) | Conversion::BitcastConvert(dtype)) = self;
        dtype
    }
}

impl Rules for Conversion {
    fn name(&self) -> &'static str {
        match self {
            Conversion::Convert(_) => "convert",
            Conversion::BitcastConvert(_) => "bitcast_convert",
        }
    }
    fn attributes(&self) -> Attributes {
        Attributes::new().with("dtype", self.dtype())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Conversion::Convert(_) => &[],
            Conversion::BitcastConvert(_) => {
                &["Neither element type is `bool` or complex.", "Both element types have the same width."]
            }
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let (from, to) = (args[0].dtype, self.dtype());
        if let Conversion::BitcastConvert(_) = self {
            let is_plain = |dtype: Dtype| dtype != Dtype::Bool && !dtype.is_complex();
            if !is_plain(from) || !is_plain(to) {
                let message = format!("the bits of {} cannot be read as {to}; use `convert`", args[0]);
                return Err(ErrorKind::constraint(1, message));
            }
            if from.size_bytes() != to.size_bytes() {
                let message = format!("{} and {to} differ in width; use `convert`", args[0]);
                return Err(ErrorKind::constraint(2, message));
            }
        }
        Ok(vec![args[0].with_dtype(to)])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let x = args[0];
        let ty = x.ty().with_dtype(self.dtype());
        if let Conversion::BitcastConvert(_) = self {
            let mut buffer = Buffer::any(ty.size_bytes());
            buffer.bytes_mut().copy_from_slice(x.bytes());
            return Ok(vec![Array::from_buffer(ty, buffer)]);
        }
        Ok(vec![match x.numbers() {
            // Of the imaginary part no other real type takes notice.
            Numbers::Complex(all) if ty.dtype == Dtype::Bool => {
                Array::from_integers(&ty, all.into_iter().map(|z| (z != Complex::default()).into()))
            }
            numbers => Array::from_numbers(&ty, numbers),
        }])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        with_tangent((*self).into(), x, |_| match self {
            Conversion::Convert(to) if to.is_inexact() => dx[0].map(|dx| dx.convert(*to)),
            _ => None,
        })
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let (Conversion::Convert(_), Operand::Linear(ty)) = (self, &args[0]) else {
            unreachable!("internal: {} is not linear", self.name())
        };
        vec![ct[0].map(|ct| ct.convert(ty.dtype))]
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], _: &[bool], _: Lanes) -> Vals {
        smallvec![bind1(*self, args)]
    }
    fn moves_elements(&self) -> bool {
        matches!(self, Conversion::BitcastConvert(_))
    }
    fn promote_to_f32(&self, args: &[Val]) -> Option<Vals> {
        let (from, to) = (args[0].ty().dtype, self.dtype());
        let x = if from.is_half() { formulas::half_to_f32(args[0]) } else { args[0] };
        let x = if to.is_half() { x.real() } else { x };
        Some(smallvec![if to.is_half() { formulas::half_of(x, to) } else { x.convert(to) }])
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        let (x, to) = (args[0], self.dtype());
        let is_complex = x.ty().dtype.is_complex();
        Some(smallvec![match (is_complex, to.is_complex()) {
            (true, true) => x.real().convert(to.real()).complex(x.imag().convert(to.real())),
            (false, true) => {
                let re = x.convert(to.real());
                re.complex(re.zeros_like())
            }
            _ if to == Dtype::Bool => x.real().convert(to) | x.imag().convert(to),
            _ => x.real().convert(to),
        }])
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for Conversion {
    fn lower(&self, b: &mut kernel::Builder, args: &[kernel::Value]) -> SmallVec<[kernel::Value; 2]> {
        let to = self.dtype().scalar();
        smallvec![match self {
            Conversion::Convert(_) => b.convert(to, args[0]),
            Conversion::BitcastConvert(_) => b.bitcast(to, args[0]),
        }]
    }
}

impl Val {
    /// The same numbers as elements of type `dtype`; see [`Conversion::Convert`].
    #[track_caller]
    pub fn convert(self, dtype: Dtype) -> Val {
        if self.ty().dtype == dtype { self } else { bind1(Conversion::Convert(dtype), &[self]) }
    }
    /// The same bits as elements of type `dtype`, which has the same width.
    #[track_caller]
    pub fn bitcast_convert(self, dtype: Dtype) -> Val {
        bind1(Conversion::BitcastConvert(dtype), &[self])
    }
}
