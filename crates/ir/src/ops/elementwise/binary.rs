//! Functions of two elements. To add one, add a record to `binary!`: nothing else to touch.

use super::{Domain, Output};
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, sum_terms, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dtype, Element, ErrorKind, Type};
use smallvec::smallvec;

/// The meaning of a function of two elements.
pub(crate) enum Meaning {
    /// Of floats, computed in `f64` and rounded once; of integers by a formula whose result is wrapped.
    Number(fn(f64, f64) -> f64, fn(i128, i128, Dtype) -> i128),
    /// Of floats only.
    Float(fn(f64, f64) -> f64),
    /// Of integers and truth values.
    Integer(fn(i128, i128, Dtype) -> i128),
    /// A comparison.
    Test(fn(f64, f64) -> bool, fn(i128, i128) -> bool),
}

/// The slopes by either operand, given `x0`, `x1` and `y`.
pub(crate) enum Derivative {
    /// Linear in both operands together: `y = a x0 + b x1` with factors 1 or -1.
    Sum(i8, i8),
    /// Linear in each operand while the other stands still.
    Product,
    /// Linear in the first operand.
    Quotient,
    /// The tangents, given `dx` of one operand: by the first, by the second.
    Slopes(fn(Val, Val, Val) -> Val, fn(Val, Val, Val) -> Val),
    /// Zero where it exists.
    Zero,
}

pub(crate) struct Record {
    name: &'static str,
    domain: Domain,
    meaning: Meaning,
    derivative: Derivative,
    range: (f64, f64),
}

macro_rules! binary {
    ($($(#[doc = $doc:literal])* $method:ident = $Variant:ident {
        domain: $domain:ident,
        meaning: $meaning:expr,
        derivative: $derivative:expr,
        sample: $range:expr $(,)?
    })*) => {
        /// A function of two elements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Binary { $($(#[doc = $doc])* $Variant),* }

        impl Binary {
            /// Every one of them.
            pub const ALL: &'static [Binary] = &[$(Binary::$Variant),*];

            pub(crate) fn record(self) -> Record {
                match self {
                    $(Binary::$Variant => Record {
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
                match self { $(Binary::$Variant => concat!($($doc, "\n"),*)),* }
            }
        }

        /// Calls `$callback!` with `method = Variant "doc"` for every binary primitive.
        #[macro_export]
        macro_rules! for_each_binary {
            ($callback:ident) => { $callback! { $($method = $Variant $($doc)*;)* } };
        }
    };
}

binary! {
    /// The sum; integers wrap.
    add = Add {
        domain: Number,
        meaning: Meaning::Number(|x, y| x + y, |x, y, _| x + y),
        derivative: Derivative::Sum(1, 1),
        sample: (-2.0, 2.0),
    }
    /// The difference; integers wrap.
    sub = Sub {
        domain: Number,
        meaning: Meaning::Number(|x, y| x - y, |x, y, _| x - y),
        derivative: Derivative::Sum(1, -1),
        sample: (-2.0, 2.0),
    }
    /// The product; integers wrap.
    mul = Mul {
        domain: Number,
        meaning: Meaning::Number(|x, y| x * y, |x, y, _| x.wrapping_mul(y)),
        derivative: Derivative::Product,
        sample: (-2.0, 2.0),
    }
    /// The quotient; of integers truncated towards zero, by zero all bits set.
    div = Div {
        domain: Number,
        meaning: Meaning::Number(|x, y| x / y, |x, y, _| x.checked_div(y).unwrap_or(-1)),
        derivative: Derivative::Quotient,
        sample: (0.5, 2.0),
    }
    /// Whether the elements are equal; a NaN equals nothing.
    eq = Eq {
        domain: All,
        meaning: Meaning::Test(|x, y| x == y, |x, y| x == y),
        derivative: Derivative::Zero,
        sample: (-2.0, 2.0),
    }
}

impl Binary {
    fn output(self) -> Output {
        match self.record().meaning {
            Meaning::Test(..) => Output::Bool,
            _ => Output::Same,
        }
    }
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let sample = |op: &Binary| {
            let Record { domain, range: (low, high), derivative, .. } = op.record();
            let dtype = if domain.admits(Dtype::F32) { Dtype::F32 } else { Dtype::I32 };
            let ty = Type::new(dtype, [2, 3]);
            let sample = Sample::new(*op).arg(ty.clone(), low, high).arg(ty, low, high);
            if matches!(derivative, Derivative::Zero) { sample.not_smooth() } else { sample }
        };
        Binary::ALL.iter().map(sample).collect()
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, _: &mut Attributes) -> Option<Result<Binary, String>> {
        Binary::ALL.iter().find(|op| op.record().name == name).map(|op| Ok(*op))
    }
}

fn signed(factor: i8, v: Val) -> Val {
    if factor < 0 { -v } else { v }
}

impl Rules for Binary {
    fn name(&self) -> &'static str {
        self.record().name
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "The element type is one the function is defined for.",
            "Both operands have the same element type.",
            "Both operands have the same shape.",
        ]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let (lhs, rhs) = (args[0], args[1]);
        self.record().domain.check(lhs)?;
        if lhs.dtype != rhs.dtype {
            let hint = "convert one of them";
            return Err(ErrorKind::DtypeMismatch { lhs: lhs.clone(), rhs: rhs.clone(), hint });
        }
        if lhs.shape != rhs.shape {
            let hint = "reshape or broadcast one of them";
            return Err(ErrorKind::ShapeMismatch { lhs: lhs.shape.clone(), rhs: rhs.shape.clone(), hint });
        }
        Ok(vec![lhs.with_dtype(self.output().dtype(lhs.dtype))])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(vec![eval(&self.record().meaning, args[0], args[1])])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        with_tangent((*self).into(), x, |y| match self.record().derivative {
            Derivative::Sum(a, b) => match (dx[0], dx[1]) {
                (Some(_), Some(_)) => Some(bind1(*self, &[dx[0]?, dx[1]?])),
                (first, second) => first.map(|d| signed(a, d)).or(second.map(|d| signed(b, d))),
            },
            Derivative::Product => sum_terms([dx[0].map(|d| d * x[1]), dx[1].map(|d| x[0] * d)]),
            Derivative::Quotient => sum_terms([dx[0].map(|d| d / x[1]), dx[1].map(|d| -(d * (y / x[1])))]),
            Derivative::Slopes(by_first, by_second) => sum_terms([
                dx[0].map(|d| d * by_first(x[0], x[1], y)),
                dx[1].map(|d| d * by_second(x[0], x[1], y)),
            ]),
            Derivative::Zero => None,
        })
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let Some(ct) = ct[0] else { return vec![None, None] };
        let wanted = |i: usize, v: Val| args[i].known().is_none().then_some(v);
        match self.record().derivative {
            Derivative::Sum(a, b) => vec![wanted(0, signed(a, ct)), wanted(1, signed(b, ct))],
            Derivative::Product => vec![args[1].known().map(|y| ct * y), args[0].known().map(|x| x * ct)],
            Derivative::Quotient => vec![args[1].known().map(|y| ct / y), None],
            _ => unreachable!("internal: {} is not linear", self.name()),
        }
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let along = |i: usize| if mapped[i] { args[i] } else { args[i].repeat_leading(lanes.size) };
        smallvec![bind1(*self, &[along(0), along(1)])]
    }
}

fn eval(meaning: &Meaning, x: &Array, y: &Array) -> Array {
    let shape = x.ty().shape.clone();
    let floats = |f: fn(f64, f64) -> f64| {
        with_element!(x.dtype(), T => {
            let pairs = x.elements::<T>().zip(y.elements::<T>());
            Array::collect(shape.clone(), pairs.map(|(x, y)| T::from_f64(f(x.to_f64(), y.to_f64()))))
        })
    };
    let integers = |f: fn(i128, i128, Dtype) -> i128| {
        with_element!(x.dtype(), T => {
            let pairs = x.elements::<T>().zip(y.elements::<T>());
            Array::collect(shape.clone(), pairs.map(|(a, b)| T::from_i128(f(a.to_i128(), b.to_i128(), x.dtype()))))
        })
    };
    let pairs = |f: fn(f64, f64) -> bool, g: fn(i128, i128) -> bool| {
        with_element!(x.dtype(), T => {
            let float = x.dtype().is_float();
            let test = |(x, y): (T, T)| if float { f(x.to_f64(), y.to_f64()) } else { g(x.to_i128(), y.to_i128()) };
            Array::collect(shape.clone(), x.elements::<T>().zip(y.elements::<T>()).map(test))
        })
    };
    match meaning {
        Meaning::Float(f) => floats(*f),
        Meaning::Number(f, _) if x.dtype().is_float() => floats(*f),
        Meaning::Number(_, f) | Meaning::Integer(f) => integers(*f),
        Meaning::Test(f, g) => pairs(*f, *g),
    }
}
