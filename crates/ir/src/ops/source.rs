//! Primitives without operands: constants and counters.

use crate::ops::control::Tape;
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Complex, Dtype, ErrorKind, Shape, Type, bf16};
use smallvec::smallvec;

documented! {
    /// A value made from nothing.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub enum Source {
        /// The same array in every run.
        Constant(Array),
        /// Every element is its index along `dimension`.
        Iota {
            /// The result's type.
            ty: Type,
            /// The axis that is counted.
            dimension: usize,
        },
    }
}

impl Source {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let iota = |dtype| Source::Iota { ty: Type::new(dtype, [2, 3]), dimension: 1 };
        vec![
            Sample::new(Source::Constant(Array::from([[1.5f32, -0.0], [f32::NAN, f32::INFINITY]])))
                .not_smooth(),
            Sample::new(Source::Constant(Array::from([true, false]))).not_smooth(),
            Sample::new(iota(Dtype::I32)).not_smooth(),
            Sample::new(iota(Dtype::F32)).not_smooth(),
            Sample::new(iota(Dtype::F16)).not_smooth(),
            Sample::new(iota(Dtype::Complex64)).not_smooth(),
            Sample::new(Source::Constant(Array::from([
                Complex::new(1.5f32, -0.0),
                Complex::new(f32::NAN, 2.0),
            ])))
            .not_smooth(),
            Sample::new(Source::Constant(Array::from([bf16::from_f32(1.5), bf16::NAN]))).not_smooth(),
        ]
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let none: [Type; 0] = [];
        let iota = |dtype| Source::Iota { ty: Type::new(dtype, [2, 3]), dimension: 2 };
        let truths = Source::Iota { ty: Type::new(Dtype::Bool, [2]), dimension: 0 };
        let [tape] = [Type::new(Dtype::F32, [2])].map(|of| Array::tape(&of, &[Array::from([1.0f32, 2.0])]));
        let long = Source::Iota { ty: Type::new(Dtype::I32, [3, (1 << 31) + 1]), dimension: 1 };
        let counted = Source::Iota { ty: tape.ty().clone(), dimension: 0 };
        vec![
            refused(iota(Dtype::I32), 1, none.clone()),
            refused(truths, 2, none.clone()),
            refused(counted, 3, none.clone()),
            refused(long, 4, none.clone()),
            refused(Source::Constant(tape), 1, none),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Source, String>> {
        let parsed = match name {
            "constant" => attributes.take("value").map(Source::Constant),
            "iota" => || -> Result<Source, String> {
                let dtype: Dtype = attributes.take("dtype")?;
                let shape: Vec<usize> = attributes.take("shape")?;
                Ok(Source::Iota { ty: Type::new(dtype, shape), dimension: attributes.take("dimension")? })
            }(),
            _ => return None,
        };
        Some(parsed)
    }
}

impl Rules for Source {
    fn name(&self) -> &'static str {
        match self {
            Source::Constant(_) => "constant",
            Source::Iota { .. } => "iota",
        }
    }
    fn attributes(&self) -> Attributes {
        match self {
            Source::Constant(value) => Attributes::new().with("value", value.clone()),
            Source::Iota { ty, dimension } => Attributes::new()
                .with("dtype", ty.dtype)
                .with("shape", ty.shape.dims())
                .with("dimension", *dimension),
        }
    }
    fn arity(&self) -> std::ops::RangeInclusive<usize> {
        0..=0
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Source::Constant(_) => &["The value is an array, not a tape."],
            Source::Iota { .. } => &[
                "`dimension` is an axis of the result.",
                "The element type is a number, not bool.",
                "The result is an array, not a tape.",
                "An element type of integers holds every index along that axis.",
            ],
        }
    }
    fn infer(&self, _: &[&Type]) -> Infer {
        match self {
            Source::Constant(value) if value.ty().is_tape() => {
                Err(ErrorKind::constraint(1, format!("{} is a tape; only a loop makes one", value.ty())))
            }
            Source::Iota { ty, .. } if ty.is_tape() => {
                Err(ErrorKind::constraint(3, format!("cannot count in {ty}; only a loop makes a tape")))
            }
            Source::Constant(value) => Ok(vec![value.ty().clone()]),
            Source::Iota { ty, dimension } if *dimension >= ty.rank() => {
                let message = format!("axis {dimension} does not exist in {ty}; it has {} axes", ty.rank());
                Err(ErrorKind::constraint(1, message))
            }
            Source::Iota { ty, .. } if ty.dtype == Dtype::Bool => {
                Err(ErrorKind::constraint(2, format!("cannot count in {ty}; count in i32 and compare")))
            }
            // An array without elements counts nothing.
            Source::Iota { ty, dimension }
                if ty.shape.size() > 0 && !ty.dtype.holds(ty.shape.dim(*dimension).saturating_sub(1)) =>
            {
                let dtype = ty.dtype;
                let message =
                    format!("{dtype} does not hold every index along axis {dimension} of {ty}; count in i64");
                Err(ErrorKind::constraint(4, message))
            }
            Source::Iota { ty, .. } => Ok(vec![ty.clone()]),
        }
    }
    fn eval(&self, _: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let result = match self {
            Source::Constant(value) => value.clone(),
            Source::Iota { ty, dimension } => {
                let (stride, extent) = (ty.shape.strides()[*dimension], ty.shape.dim(*dimension));
                let index = |i: usize| (i / stride % extent) as i128;
                Array::from_integers(ty, (0..ty.shape.size()).map(index))
            }
        };
        Ok(vec![result])
    }
    fn jvp(&self, _: &dyn Passes, _: &[Val], _: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        (smallvec![bind1(self.clone(), &[])], vec![None])
    }
    fn transpose(&self, _: &dyn Passes, _: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        vec![]
    }
    fn batch(&self, _: &dyn Passes, _: &[Val], _: &[bool], lanes: Lanes) -> Vals {
        smallvec![bind1(self.clone(), &[]).repeat_leading(lanes.size)]
    }
    fn is_cheap(&self) -> bool {
        true
    }
    fn moves_elements(&self) -> bool {
        matches!(self, Source::Constant(_))
    }
    fn promote_to_f32(&self, _: &[Val]) -> Option<Vals> {
        let Source::Iota { ty, dimension } = self else { return None };
        Some(smallvec![Val::iota(ty.with_dtype(Dtype::I32), *dimension).convert(ty.dtype)])
    }
    fn decompose_complex(&self, _: &[Val]) -> Option<Vals> {
        Some(smallvec![match self {
            Source::Constant(value) => {
                let part = |of: fn(&crate::Complex<f64>) -> f64| {
                    let ty = value.ty().with_dtype(value.dtype().real());
                    Val::constant(Array::from_f64(&ty, value.to_complex_vec().iter().map(of)))
                };
                part(|z| z.re).complex(part(|z| z.im))
            }
            Source::Iota { ty, dimension } => {
                let re = Val::iota(ty.with_dtype(ty.dtype.real()), *dimension);
                re.complex(re.zeros_like())
            }
        }])
    }
}

impl Val {
    /// Data that is part of the program. Keep it small: [`Val::array`] makes a hidden operand instead.
    #[track_caller]
    pub fn constant(value: Array) -> Val {
        bind1(Source::Constant(value), &[])
    }
    /// Every element is its index along `dimension`.
    #[track_caller]
    pub fn iota(ty: Type, dimension: usize) -> Val {
        bind1(Source::Iota { ty, dimension }, &[])
    }
    /// A value of type `ty` whose elements are all the nearest to `x`.
    #[track_caller]
    pub fn full(ty: Type, x: f64) -> Val {
        Val::constant(Array::from_f64(&Type::scalar(ty.dtype), [x])).splat(ty.shape)
    }
    /// Zeros of type `ty`; of a tape's type, the empty tape.
    #[track_caller]
    pub fn zeros(ty: Type) -> Val {
        match ty.in_tape() {
            Some(of) => bind1(Tape::Empty { of }, &[]),
            None => Val::full(ty, 0.0),
        }
    }
    /// A scalar repeated to `shape`.
    #[track_caller]
    pub fn splat(self, shape: Shape) -> Val {
        if shape.rank() == 0 { self } else { self.broadcast(shape, &[]) }
    }
    /// A value of the same type whose elements are all the nearest to `x`.
    #[track_caller]
    pub fn full_like(self, x: f64) -> Val {
        Val::full(self.ty(), x)
    }
    /// Zeros of the same type.
    #[track_caller]
    pub fn zeros_like(self) -> Val {
        Val::zeros(self.ty())
    }
    /// Ones of the same type.
    #[track_caller]
    pub fn ones_like(self) -> Val {
        self.full_like(1.0)
    }
}
