//! Complex numbers from their parts, and their parts.
//!
//! Only these three primitives look inside a complex number; kernels hold real numbers, and every other function of
//! complex numbers says in [`Rules::decompose_complex`] how it follows from the parts.

use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Op, Operand, Passes, Rules, Sample, linear_jvp};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Array, Complex, Dtype, ErrorKind, Type};
use smallvec::smallvec;
use std::ops::RangeInclusive;

documented! {
    /// The parts of complex numbers.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Parts {
        /// `complex(re, im)`: complex numbers of these real and imaginary parts.
        Complex,
        /// The real part.
        Real,
        /// The imaginary part.
        Imag,
    }
}

impl Parts {
    const ALL: [Parts; 3] = [Parts::Complex, Parts::Real, Parts::Imag];

    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let on = |op: Parts, dtype: Dtype, shape: &[usize]| {
            let sample = Sample::new(op).arg(Type::new(dtype, shape), -2.0, 2.0);
            if op == Parts::Complex { sample.arg(Type::new(dtype, shape), -2.0, 2.0) } else { sample }
        };
        let mut all = vec![on(Parts::Complex, Dtype::F64, &[]), on(Parts::Imag, Dtype::Complex128, &[0, 2])];
        for real in [Dtype::F32, Dtype::F64] {
            all.push(on(Parts::Complex, real, &[2, 3]));
            all.extend([Parts::Real, Parts::Imag].map(|op| on(op, real.complex(), &[2, 3])));
        }
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let [single, double, integer] =
            [Dtype::F32, Dtype::F64, Dtype::I32].map(|dtype| Type::new(dtype, [2]));
        vec![
            refused(Parts::Complex, 1, [&integer, &integer]),
            refused(Parts::Complex, 2, [&single, &double]),
            refused(Parts::Complex, 3, [&single, &single.with_shape([3])]),
            refused(Parts::Real, 1, [&single]),
            refused(Parts::Imag, 1, [&double]),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, _: &mut Attributes) -> Option<Result<Parts, String>> {
        Parts::ALL.into_iter().find(|op| op.name() == name).map(Ok)
    }
}

impl Rules for Parts {
    fn name(&self) -> &'static str {
        match self {
            Parts::Complex => "complex",
            Parts::Real => "real",
            Parts::Imag => "imag",
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Parts::Complex => 2..=2,
            Parts::Real | Parts::Imag => 1..=1,
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Parts::Complex => &[
                "The elements are `f32` or `f64`.",
                "Both operands have the same element type.",
                "Both operands have the same shape.",
            ],
            Parts::Real | Parts::Imag => &["The elements are complex numbers."],
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let Parts::Complex = self else {
            if args[0].dtype.is_complex() {
                return Ok(vec![args[0].with_dtype(args[0].dtype.real())]);
            }
            return Err(ErrorKind::constraint(1, format!("takes complex numbers, not {}", args[0])));
        };
        let (re, im) = (args[0], args[1]);
        if !matches!(re.dtype, Dtype::F32 | Dtype::F64) {
            let message = format!("takes parts of f32 or f64, not {re}; convert them first");
            return Err(ErrorKind::constraint(1, message));
        }
        if re.dtype != im.dtype {
            let (lhs, rhs, hint) = (re.clone(), im.clone(), "convert one of them");
            return Err(ErrorKind::DtypeMismatch { number: 2, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        if re.shape != im.shape {
            let (lhs, rhs, hint) = (re.shape.clone(), im.shape.clone(), "reshape or broadcast one of them");
            return Err(ErrorKind::ShapeMismatch { number: 3, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        Ok(vec![re.with_dtype(re.dtype.complex())])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let x = args[0];
        Ok(vec![match self {
            Parts::Complex => {
                let pairs = x.to_f64_vec().into_iter().zip(args[1].to_f64_vec());
                let ty = x.ty().with_dtype(x.dtype().complex());
                Array::from_complex(&ty, pairs.map(|(re, im)| Complex::new(re, im)))
            }
            Parts::Real | Parts::Imag => {
                let part = |z: Complex<f64>| if *self == Parts::Real { z.re } else { z.im };
                Array::from_f64(
                    &x.ty().with_dtype(x.dtype().real()),
                    x.to_complex_vec().into_iter().map(part),
                )
            }
        }])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        linear_jvp((*self).into(), x, dx)
    }
    /// Adjoint for `Re Σ ct · y`, without a conjugate, as in JAX.
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let wanted = |k: usize, ct: Option<Val>| ct.filter(|_| args[k].known().is_none());
        match self {
            Parts::Complex => {
                vec![wanted(0, ct[0].map(Val::real)), wanted(1, ct[0].map(|ct| -ct.imag()))]
            }
            Parts::Real => vec![ct[0].map(|ct| ct.complex(ct.zeros_like()))],
            Parts::Imag => vec![ct[0].map(|ct| ct.zeros_like().complex(-ct))],
        }
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let along = |(x, mapped): (&Val, &bool)| if *mapped { *x } else { x.repeat_leading(lanes.size) };
        let args: Vals = args.iter().zip(mapped).map(along).collect();
        smallvec![bind1(*self, &args)]
    }
}

impl Val {
    /// Complex numbers with `self` as real and `imaginary` as imaginary parts.
    #[track_caller]
    pub fn complex(self, imaginary: Val) -> Val {
        bind1(Parts::Complex, &[self, imaginary])
    }
    /// The real parts; real numbers are their own.
    #[track_caller]
    pub fn real(self) -> Val {
        if self.is_poisoned() || self.ty().dtype.is_complex() { bind1(Parts::Real, &[self]) } else { self }
    }
    /// The imaginary parts; those of real numbers are zero.
    #[track_caller]
    pub fn imag(self) -> Val {
        if self.is_poisoned() || self.ty().dtype.is_complex() {
            bind1(Parts::Imag, &[self])
        } else {
            self.zeros_like()
        }
    }
    /// The complex conjugates; real numbers are their own.
    #[track_caller]
    pub fn conj(self) -> Val {
        if self.is_poisoned() || !self.ty().dtype.is_complex() {
            return self;
        }
        self.real().complex(-self.imag())
    }
}

/// `op`, which does the same to both parts of a complex number, applied to the parts.
pub(crate) fn componentwise(op: &Op, args: &[Val]) -> Vals {
    let types: Vec<Type> = args.iter().map(|arg| arg.ty()).collect();
    let results = crate::verify::infer(op, &types.iter().collect::<Vec<_>>());
    let results = results.expect("internal: an operation that was accepted before");
    let on = |part: fn(Val) -> Val| {
        let complex = |arg: &Val| if arg.ty().dtype.is_complex() { part(*arg) } else { *arg };
        bind(op.clone(), &args.iter().map(complex).collect::<Vals>())
    };
    let (re, im) = (on(Val::real), on(Val::imag));
    let join = |((re, im), ty): ((Val, Val), Type)| if ty.dtype.is_complex() { re.complex(im) } else { re };
    re.into_iter().zip(im).zip(results).map(join).collect()
}

/// `op`, which is linear in either of two operands, applied to the parts of both.
pub(crate) fn bilinear(op: &Op, args: &[Val]) -> Vals {
    let of = |x: Val, y: Val| bind1(op.clone(), &[x, y]);
    let ([a, b], [c, d]) = ([args[0].real(), args[0].imag()], [args[1].real(), args[1].imag()]);
    smallvec![(of(a, c) - of(b, d)).complex(of(a, d) + of(b, c))]
}
