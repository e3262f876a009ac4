//! Functions of one element. To add one, add a record to `unary!`: nothing else to touch.

use super::{Domain, Output};
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dtype, Element, ErrorKind, Type};
use smallvec::smallvec;

/// The meaning of a function of one element.
pub(crate) enum Meaning {
    /// Computed in `f64` and rounded once.
    Float(fn(f64) -> f64),
    /// The same for floats; integers have a formula of their own, whose result is wrapped.
    Number(fn(f64) -> f64, fn(i128, Dtype) -> i128),
    /// Of the bits, zero-extended to the width of the type.
    Integer(fn(i128, Dtype) -> i128),
    /// A truth about a float.
    Test(fn(f64) -> bool),
}

/// How the result changes with the operand.
pub(crate) enum Derivative {
    /// The function is linear: tangent and cotangent go through the operation itself.
    Linear,
    /// The slope dy/dx, given `x` and `y = f(x)`.
    Slope(fn(Val, Val) -> Val),
    /// Zero where it exists.
    Zero,
}
use Derivative::{Linear, Slope, Zero};

pub(crate) struct Record {
    name: &'static str,
    domain: Domain,
    meaning: Meaning,
    derivative: Derivative,
    /// Operands for the samples.
    range: (f64, f64),
}

macro_rules! unary {
    ($($(#[doc = $doc:literal])* $method:ident = $Variant:ident {
        domain: $domain:ident,
        meaning: $meaning:expr,
        derivative: $derivative:expr,
        sample: $range:expr $(,)?
    })*) => {
        /// A function of one element.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Unary { $($(#[doc = $doc])* $Variant),* }

        impl Unary {
            /// Every one of them.
            pub const ALL: &'static [Unary] = &[$(Unary::$Variant),*];

            pub(crate) fn record(self) -> Record {
                match self {
                    $(Unary::$Variant => Record {
                        name: stringify!($method),
                        domain: Domain::$domain,
                        meaning: $meaning,
                        derivative: $derivative,
                        range: $range,
                    }),*
                }
            }
            /// The sentences of its documentation.
            pub fn doc(self) -> &'static str {
                match self { $(Unary::$Variant => concat!($($doc, "\n"),*)),* }
            }
        }

        impl Val {
            $($(#[doc = $doc])* #[track_caller] pub fn $method(self) -> Val { bind1(Unary::$Variant, &[self]) })*
        }

        /// Calls `$callback!` with `method = Variant "doc"` for every unary primitive.
        #[macro_export]
        macro_rules! for_each_unary {
            ($callback:ident) => { $callback! { $($method = $Variant $($doc)*;)* } };
        }
    };
}

unary! {
    /// Minus every element; integers wrap.
    neg = Neg {
        domain: Number,
        meaning: Meaning::Number(|x| -x, |x, _| -x),
        derivative: Linear,
        sample: (-2.0, 2.0),
    }
    /// Sine of every element, in radians.
    sin = Sin {
        domain: Float,
        meaning: Meaning::Float(f64::sin),
        derivative: Slope(|x, _| x.cos()),
        sample: (-3.0, 3.0),
    }
    /// Cosine of every element, in radians.
    cos = Cos {
        domain: Float,
        meaning: Meaning::Float(f64::cos),
        derivative: Slope(|x, _| -x.sin()),
        sample: (-3.0, 3.0),
    }
    /// e to the power of every element.
    exp = Exp {
        domain: Float,
        meaning: Meaning::Float(f64::exp),
        derivative: Slope(|_, y| y),
        sample: (-2.0, 2.0),
    }
    /// The natural logarithm of every element.
    log = Log {
        domain: Float,
        meaning: Meaning::Float(f64::ln),
        derivative: Slope(|x, _| bind1(super::Binary::Div, &[x, x]) / x),
        sample: (0.2, 3.0),
    }
    /// Whether every element is neither infinite nor NaN.
    is_finite = IsFinite {
        domain: Float,
        meaning: Meaning::Test(f64::is_finite),
        derivative: Zero,
        sample: (-2.0, 2.0),
    }
}

impl Unary {
    fn output(self) -> Output {
        match self.record().meaning {
            Meaning::Test(_) => Output::Bool,
            _ => Output::Same,
        }
    }
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let sample = |op: &Unary| {
            let Record { domain, range: (low, high), derivative, .. } = op.record();
            let dtype = if domain.admits(Dtype::F32) { Dtype::F32 } else { Dtype::I32 };
            let sample = Sample::new(*op).arg(Type::new(dtype, [2, 3]), low, high);
            if matches!(derivative, Zero) { sample.not_smooth() } else { sample }
        };
        Unary::ALL.iter().map(sample).collect()
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, _: &mut Attributes) -> Option<Result<Unary, String>> {
        Unary::ALL.iter().find(|op| op.record().name == name).map(|op| Ok(*op))
    }
}

impl Rules for Unary {
    fn name(&self) -> &'static str {
        self.record().name
    }
    fn constraints(&self) -> &'static [&'static str] {
        &["The element type is one the function is defined for."]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        self.record().domain.check(args[0])?;
        Ok(vec![args[0].with_dtype(self.output().dtype(args[0].dtype))])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(vec![eval(&self.record().meaning, args[0])])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        with_tangent((*self).into(), x, |y| {
            let dx = dx[0]?;
            match self.record().derivative {
                Linear => Some(bind1(*self, &[dx])),
                Slope(slope) => Some(dx * slope(x[0], y)),
                Zero => None,
            }
        })
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        assert!(matches!(self.record().derivative, Linear), "internal: {} is not linear", self.name());
        vec![ct[0].map(|ct| bind1(*self, &[ct]))]
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], _: &[bool], _: Lanes) -> Vals {
        smallvec![bind1(*self, args)]
    }
}

fn eval(meaning: &Meaning, x: &Array) -> Array {
    let shape = x.ty().shape.clone();
    let floats = |f: fn(f64) -> f64| {
        with_element!(x.dtype(), T => {
            Array::collect(shape.clone(), x.elements::<T>().map(|x| T::from_f64(f(x.to_f64()))))
        })
    };
    let integers = |f: fn(i128, Dtype) -> i128| {
        with_element!(x.dtype(), T => {
            Array::collect(shape.clone(), x.elements::<T>().map(|e| T::from_i128(f(e.to_i128(), x.dtype()))))
        })
    };
    match meaning {
        Meaning::Float(f) => floats(*f),
        Meaning::Number(f, _) if x.dtype().is_float() => floats(*f),
        Meaning::Number(_, f) | Meaning::Integer(f) => integers(*f),
        Meaning::Test(f) => Array::collect(shape.clone(), x.to_f64_vec().into_iter().map(f)),
    }
}
