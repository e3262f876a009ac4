//! Functions of one element. To add one, add a record to `records!`: nothing else to touch.

use super::real::whole;
use super::{Domain, Elementwise, FORMULA_ULPS, OfComplex, Output, bits, by_parts, lowering};
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Complex, Dtype, ErrorKind, Type};
use gradus_kernel::{Builder, ColdFunction, Value, special};
use smallvec::{SmallVec, smallvec};
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2};
use std::ops::RangeInclusive;

/// The meaning of a function of one element.
pub(crate) enum Meaning {
    /// Computed in `f64` and rounded once.
    Float(fn(f64) -> f64),
    /// The same for floats; integers have a formula of their own, whose result is wrapped.
    Number(fn(f64) -> f64, fn(i128, Dtype) -> i128),
    /// Of integers and truth values only; the result is wrapped.
    Integer(fn(i128, Dtype) -> i128),
    /// A truth about a float.
    Test(fn(f64) -> bool),
}
use Meaning::{Float, Integer, Number, Test};

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
    /// The body of a kernel.
    lower: fn(&mut Builder, Value) -> Value,
    /// How far a kernel's result may be from the exact one, in units in the last place; 0 if they are equal.
    ulps: u32,
    /// Operands for the samples.
    range: (f64, f64),
    /// For domains that hold complex numbers.
    complex: Option<OfComplex<fn(Complex<f64>) -> Complex<f64>, fn(Val) -> Val>>,
}

records! {
    /// A function of one element.
    Unary(), for_each_unary;

    /// Minus every element; integers wrap.
    neg = Neg {
        domain: Number,
        meaning: Number(|x| -x, |x, _| -x),
        derivative: Linear,
        lower: Builder::neg,
        ulps: 0,
        sample: (-2.0, 2.0),
        complex: by_parts::neg,
    }
    /// The absolute value; the lowest integer stays itself. At zero the derivative is zero.
    abs = Abs {
        domain: Number,
        meaning: Number(f64::abs, |x, _| x.abs()),
        derivative: Slope(|x, _| x.sign()),
        lower: Builder::abs,
        ulps: 0,
        sample: (-2.0, 2.0),
        complex: by_parts::abs,
    }
    /// -1, 0 or 1 as the element's sign; a zero and a NaN stay themselves.
    sign = Sign {
        domain: Number,
        meaning: Number(|x| if x == 0.0 || x.is_nan() { x } else { x.signum() }, |x, _| x.signum()),
        derivative: Zero,
        lower: lowering::sign,
        ulps: 0,
        sample: (-2.0, 2.0),
        complex: by_parts::sign,
    }
    /// e to the power of every element.
    exp = Exp {
        domain: Inexact,
        meaning: Float(f64::exp),
        derivative: Slope(|_, y| y),
        lower: Builder::exp,
        ulps: 2,
        sample: (-2.0, 2.0),
        complex: by_parts::exp,
    }
    /// 2 to the power of every element.
    exp2 = Exp2 {
        domain: Inexact,
        meaning: Float(f64::exp2),
        derivative: Slope(|_, y| y * LN_2),
        lower: Builder::exp2,
        ulps: 2,
        sample: (-2.0, 2.0),
        complex: by_parts::exp2,
    }
    /// e to the power of every element, minus one, accurate near zero.
    expm1 = Expm1 {
        domain: Inexact,
        meaning: Float(f64::exp_m1),
        derivative: Slope(|_, y| y + 1.0),
        lower: Builder::expm1,
        ulps: 2,
        sample: (-2.0, 2.0),
        complex: by_parts::expm1,
    }
    /// The natural logarithm of every element.
    log = Log {
        domain: Inexact,
        meaning: Float(f64::ln),
        derivative: Slope(|x, _| 1.0 / x),
        lower: Builder::log,
        ulps: 2,
        sample: (0.2, 3.0),
        complex: by_parts::log,
    }
    /// The natural logarithm of one plus every element, accurate near zero.
    log1p = Log1p {
        domain: Inexact,
        meaning: Float(f64::ln_1p),
        derivative: Slope(|x, _| 1.0 / (x + 1.0)),
        lower: Builder::log1p,
        ulps: 2,
        sample: (-0.7, 2.0),
        complex: by_parts::log1p,
    }
    /// The square root of every element.
    sqrt = Sqrt {
        domain: Inexact,
        meaning: Float(f64::sqrt),
        derivative: Slope(|_, y| 0.5 / y),
        lower: Builder::sqrt,
        ulps: 0,
        sample: (0.2, 3.0),
        complex: by_parts::sqrt,
    }
    /// One over the square root of every element.
    rsqrt = Rsqrt {
        domain: Inexact,
        meaning: Float(|x| 1.0 / x.sqrt()),
        derivative: Slope(|x, y| -0.5 * (y / x)),
        lower: lowering::rsqrt,
        ulps: 2,
        sample: (0.2, 3.0),
        complex: by_parts::rsqrt,
    }
    /// The cube root of every element.
    cbrt = Cbrt {
        domain: Float,
        meaning: Float(f64::cbrt),
        derivative: Slope(|_, y| (1.0 / 3.0) / (y * y)),
        lower: Builder::cbrt,
        ulps: 4,
        sample: (0.2, 3.0),
    }
    /// Sine of every element, in radians.
    sin = Sin {
        domain: Inexact,
        meaning: Float(f64::sin),
        derivative: Slope(|x, _| x.cos()),
        lower: Builder::sin,
        ulps: 2,
        sample: (-3.0, 3.0),
        complex: by_parts::sin,
    }
    /// Cosine of every element, in radians.
    cos = Cos {
        domain: Inexact,
        meaning: Float(f64::cos),
        derivative: Slope(|x, _| -x.sin()),
        lower: Builder::cos,
        ulps: 2,
        sample: (-3.0, 3.0),
        complex: by_parts::cos,
    }
    /// Tangent of every element, in radians.
    tan = Tan {
        domain: Inexact,
        meaning: Float(f64::tan),
        derivative: Slope(|_, y| y * y + 1.0),
        lower: Builder::tan,
        ulps: 2,
        sample: (-1.0, 1.0),
        complex: by_parts::tan,
    }
    /// The angle in [-π/2, π/2] of that sine.
    asin = Asin {
        domain: Inexact,
        meaning: Float(f64::asin),
        derivative: Slope(|x, _| asin_slope(x)),
        lower: Builder::asin,
        ulps: 4,
        sample: (-0.9, 0.9),
        complex: by_parts::asin,
    }
    /// The angle in [0, π] of that cosine.
    acos = Acos {
        domain: Inexact,
        meaning: Float(f64::acos),
        derivative: Slope(|x, _| -asin_slope(x)),
        lower: Builder::acos,
        ulps: 4,
        sample: (-0.9, 0.9),
        complex: by_parts::acos,
    }
    /// The angle in [-π/2, π/2] of that tangent.
    atan = Atan {
        domain: Inexact,
        meaning: Float(f64::atan),
        derivative: Slope(|x, _| 1.0 / (x * x + 1.0)),
        lower: Builder::atan,
        ulps: 4,
        sample: (-3.0, 3.0),
        complex: by_parts::atan,
    }
    /// Hyperbolic sine of every element.
    sinh = Sinh {
        domain: Inexact,
        meaning: Float(f64::sinh),
        derivative: Slope(|x, _| x.cosh()),
        lower: Builder::sinh,
        ulps: 4,
        sample: (-2.0, 2.0),
        complex: by_parts::sinh,
    }
    /// Hyperbolic cosine of every element.
    cosh = Cosh {
        domain: Inexact,
        meaning: Float(f64::cosh),
        derivative: Slope(|x, _| x.sinh()),
        lower: Builder::cosh,
        ulps: 4,
        sample: (-2.0, 2.0),
        complex: by_parts::cosh,
    }
    /// Hyperbolic tangent of every element.
    tanh = Tanh {
        domain: Inexact,
        meaning: Float(f64::tanh),
        derivative: Slope(|x, _| logistic_slope(x * 2.0) * 4.0),
        lower: Builder::tanh,
        ulps: 2,
        sample: (-2.0, 2.0),
        complex: by_parts::tanh,
    }
    /// The number of that hyperbolic sine.
    asinh = Asinh {
        domain: Inexact,
        meaning: Float(libm::asinh),
        derivative: Slope(|x, _| asinh_slope(x)),
        lower: Builder::asinh,
        ulps: 4,
        sample: (-2.0, 2.0),
        complex: by_parts::asinh,
    }
    /// The number, not negative, of that hyperbolic cosine.
    acosh = Acosh {
        domain: Inexact,
        meaning: Float(libm::acosh),
        derivative: Slope(|x, _| (x - 1.0).rsqrt() * (x + 1.0).rsqrt()),
        lower: Builder::acosh,
        ulps: 4,
        sample: (1.2, 3.0),
        complex: by_parts::acosh,
    }
    /// The number of that hyperbolic tangent.
    atanh = Atanh {
        domain: Inexact,
        meaning: Float(libm::atanh),
        derivative: Slope(|x, _| 1.0 / ((1.0 - x) * (1.0 + x))),
        lower: Builder::atanh,
        ulps: 4,
        sample: (-0.9, 0.9),
        complex: by_parts::atanh,
    }
    /// The logistic function 1 / (1 + exp(-x)) of every element x.
    logistic = Logistic {
        domain: Inexact,
        meaning: Float(|x| 1.0 / (1.0 + (-x).exp())),
        derivative: Slope(|x, _| logistic_slope(x)),
        lower: Builder::logistic,
        ulps: 2,
        sample: (-3.0, 3.0),
        complex: by_parts::logistic,
    }
    /// The error function of every element.
    erf = Erf {
        domain: Float,
        meaning: Float(libm::erf),
        derivative: Slope(|x, _| (-(x * x)).exp() * FRAC_2_SQRT_PI),
        lower: Builder::erf,
        ulps: 2,
        sample: (-2.0, 2.0),
    }
    /// One minus the error function of every element, accurate where that is near one.
    erfc = Erfc {
        domain: Float,
        meaning: Float(libm::erfc),
        derivative: Slope(|x, _| (-(x * x)).exp() * -FRAC_2_SQRT_PI),
        lower: Builder::erfc,
        ulps: 4,
        sample: (-2.0, 2.0),
    }
    /// The logarithm of the absolute value of the gamma function.
    lgamma = Lgamma {
        domain: Float,
        meaning: Float(special::lgamma),
        derivative: Slope(|x, _| x.digamma()),
        lower: |b, x| b.call(ColdFunction::Lgamma, &[x]),
        ulps: 8,
        sample: (0.5, 4.0),
    }
    /// The derivative of `lgamma`; NaN at zero and the negative integers.
    digamma = Digamma {
        domain: Float,
        meaning: Float(special::digamma),
        derivative: Slope(|x, _| x.ones_like().polygamma(x)),
        lower: |b, x| b.call(ColdFunction::Digamma, &[x]),
        ulps: 8,
        sample: (0.5, 4.0),
    }
    /// The modified Bessel function of the first kind of order 0, times exp(-|x|).
    bessel_i0e = BesselI0e {
        domain: Float,
        meaning: Float(special::bessel_i0e),
        derivative: Slope(|x, y| x.bessel_i1e() - x.sign() * y),
        lower: Builder::bessel_i0e,
        ulps: 8,
        sample: (0.3, 3.0),
    }
    /// The modified Bessel function of the first kind of order 1, times exp(-|x|).
    bessel_i1e = BesselI1e {
        domain: Float,
        meaning: Float(special::bessel_i1e),
        derivative: Slope(bessel_i1e_slope),
        lower: Builder::bessel_i1e,
        ulps: 8,
        sample: (0.3, 3.0),
    }
    /// The exponential integral Ei.
    expi = Expi {
        domain: Float,
        meaning: Float(special::expi),
        derivative: Slope(|x, _| x.exp() / x),
        lower: |b, x| b.call(ColdFunction::Expi, &[x]),
        ulps: 8,
        sample: (0.5, 3.0),
    }
    /// The largest integral number not above the element.
    floor = Floor {
        domain: Float,
        meaning: Float(f64::floor),
        derivative: Zero,
        lower: Builder::floor,
        ulps: 0,
        sample: (-3.0, 3.0),
    }
    /// The smallest integral number not below the element.
    ceil = Ceil {
        domain: Float,
        meaning: Float(f64::ceil),
        derivative: Zero,
        lower: Builder::ceil,
        ulps: 0,
        sample: (-3.0, 3.0),
    }
    /// The nearest integral number; of two the even one.
    round_even = RoundEven {
        domain: Float,
        meaning: Float(f64::round_ties_even),
        derivative: Zero,
        lower: Builder::round_even,
        ulps: 0,
        sample: (-3.0, 3.0),
    }
    /// The nearest integral number; of two the one away from zero.
    round_away = RoundAway {
        domain: Float,
        meaning: Float(f64::round),
        derivative: Zero,
        lower: lowering::round_away,
        ulps: 0,
        sample: (-3.0, 3.0),
    }
    /// Whether every element is neither infinite nor NaN.
    is_finite = IsFinite {
        domain: Float,
        meaning: Test(f64::is_finite),
        derivative: Zero,
        lower: lowering::is_finite,
        ulps: 0,
        sample: (-2.0, 2.0),
    }
    /// Every bit inverted; of `bool` the negation.
    not = Not {
        domain: Bits,
        meaning: Integer(|x, dtype| if dtype == Dtype::Bool { 1 - x } else { !x }),
        derivative: Zero,
        lower: Builder::not,
        ulps: 0,
        sample: (-9.0, 9.0),
    }
    /// The number of bits that are one.
    population_count = PopulationCount {
        domain: Integer,
        meaning: Integer(|x, dtype| bits(x, dtype).count_ones().into()),
        derivative: Zero,
        lower: Builder::popcount,
        ulps: 0,
        sample: (-9.0, 9.0),
    }
    /// The number of zero bits above the highest one bit.
    clz = Clz {
        domain: Integer,
        meaning: Integer(|x, dtype| {
            i128::from(bits(x, dtype).leading_zeros()) - 128 + 8 * dtype.size_bytes() as i128
        }),
        derivative: Zero,
        lower: Builder::count_leading_zeros,
        ulps: 0,
        sample: (-9.0, 9.0),
    }
}

impl Unary {
    fn output(self) -> Output {
        match self.record().meaning {
            Meaning::Test(_) => Output::Bool,
            _ if self == Unary::Abs => Output::Real,
            _ => Output::Same,
        }
    }
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let sample = |op: Unary| {
            let Record { domain, range: (low, high), derivative, .. } = op.record();
            domain.dtypes().map(move |dtype| {
                let sample = Sample::new(op).arg(Type::new(dtype, [2, 3]), low, high);
                let turns = op == Unary::Sign && dtype.is_complex();
                let smooth = turns || !matches!(derivative, Zero);
                if smooth && dtype.is_inexact() { sample } else { sample.not_smooth() }
            })
        };
        Unary::ALL.iter().copied().flat_map(sample).collect()
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let wrong = |op: &Unary| Some(refused(*op, 1, [Type::scalar(op.record().domain.refused()?)]));
        Unary::ALL.iter().filter_map(wrong).collect()
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
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self.record().domain {
            Domain::All => &[],
            Domain::Inexact => const { &[Domain::Inexact.constraint()] },
            Domain::Real => const { &[Domain::Real.constraint()] },
            Domain::Ordered => const { &[Domain::Ordered.constraint()] },
            Domain::Float => const { &[Domain::Float.constraint()] },
            Domain::Number => const { &[Domain::Number.constraint()] },
            Domain::Integer => const { &[Domain::Integer.constraint()] },
            Domain::Bits => const { &[Domain::Bits.constraint()] },
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        self.record().domain.check(1, args[0])?;
        Ok(vec![args[0].with_dtype(self.output().dtype(args[0].dtype))])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let record = self.record();
        if let (Some(complex), true) = (&record.complex, args[0].dtype().is_complex()) {
            let ty = args[0].ty().with_dtype(self.output().dtype(args[0].dtype()));
            return Ok(vec![Array::from_complex(
                &ty,
                args[0].to_complex_vec().into_iter().map(complex.meaning),
            )]);
        }
        Ok(vec![eval(&record.meaning, args[0])])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        with_tangent((*self).into(), x, |y| {
            let dx = dx[0]?;
            match self.record().derivative {
                Linear => Some(bind1(*self, &[dx])),
                // The distance from zero changes with the part of the tangent along the number.
                Slope(_) if x[0].ty().dtype != y.ty().dtype => Some(along(dx, x[0].sign())),
                Slope(slope) => Some(dx * slope(x[0], y)),
                // The direction changes with the part across.
                Zero if *self == Unary::Sign && y.ty().dtype.is_complex() => {
                    let along = along(dx, y);
                    let across = (dx.real() - y.real() * along, dx.imag() - y.imag() * along);
                    let norm = x[0].abs();
                    let norm = norm.eq(norm.zeros_like()).select(norm.full_like(f64::INFINITY), norm);
                    Some((across.0 / norm).complex(across.1 / norm))
                }
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
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        self.record().complex.map(|complex| smallvec![(complex.formula)(args[0])])
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for Unary {
    fn lower(&self, builder: &mut Builder, args: &[Value]) -> SmallVec<[Value; 2]> {
        smallvec![(self.record().lower)(builder, args[0])]
    }
    fn ulps(&self) -> u32 {
        self.record().ulps
    }
    fn complex_ulps(&self) -> u32 {
        let record = self.record();
        if record.complex.is_some() { record.ulps.max(FORMULA_ULPS) } else { record.ulps }
    }
}

/// The length of `dx` along the unit `direction`, both complex.
fn along(dx: Val, direction: Val) -> Val {
    dx.real() * direction.real() + dx.imag() * direction.imag()
}

/// e⁻ˣ / (1 + e⁻ˣ)², which underflows where it must, unlike y (1 - y). The function is even: of the two signs the one
/// that does not overflow is taken, and at zero all derivatives are those of either.
fn logistic_slope(x: Val) -> Val {
    if x.ty().dtype.is_complex() {
        return x.logistic() * (-x).logistic();
    }
    let power = x.lt(x.zeros_like()).select(x, -x).exp();
    let below = power + 1.0;
    power / (below * below)
}

/// 1 / √(1 - x²)
fn asin_slope(x: Val) -> Val {
    if x.ty().dtype.is_complex() {
        return (1.0 - x).rsqrt() * (1.0 + x).rsqrt();
    }
    ((1.0 - x) * (1.0 + x)).rsqrt()
}

/// 1 / √(x² + 1), large `x` scaled by a power of two before they are squared.
fn asinh_slope(x: Val) -> Val {
    let dtype = x.ty().dtype;
    if dtype.is_complex() {
        let turned = (-x.imag()).complex(x.real());
        return (1.0 + turned).rsqrt() * (1.0 - turned).rsqrt();
    }
    let scale = square_scale(x.abs().max(x.ones_like()));
    let x = x * scale;
    (x * x + scale * scale).rsqrt() * scale
}

/// 1, or where the square of `size` would overflow or underflow a power of two that brings it near 1.
pub(super) fn square_scale(size: Val) -> Val {
    let largest = size.ty().dtype.finfo().map_or(0.0, |info| info.max.log2().round());
    let power = |by: f64| size.full_like(by.round().exp2());
    let (large, small) = (size.gt(power(largest / 2.0 - 1.0)), size.lt(power(-0.4 * largest)));
    large.select(power(-0.75 * largest), small.select(power(0.75 * largest), size.ones_like()))
}

/// i0e(x) - y (sign x + 1/x). Near zero y / x = e^-|x| Σ (x²/4)ᵏ / (2 k! (k+1)!), whose derivatives do not cancel.
fn bessel_i1e_slope(x: Val, y: Val) -> Val {
    let is_near = x.abs().lt(x.ones_like());
    let near = is_near.select(x, x.zeros_like());
    let square = near * near * 0.25;
    // Σ tᵏ / (k! (k+1)!) as nested factors.
    let series = (1..=11).rev().map(f64::from);
    let series = series.fold(x.ones_like(), |sum, k| sum * square * (1.0 / (k * (k + 1.0))) + 1.0);
    let ratio = is_near.select(series * 0.5 * (-near.abs()).exp(), y / is_near.select(x.ones_like(), x));
    x.bessel_i0e() - y * x.sign() - ratio
}

impl Unary {
    /// The function of one float.
    pub(super) fn of_float(self, x: f64) -> f64 {
        match self.record().meaning {
            Meaning::Float(f) | Meaning::Number(f, _) => f(x),
            Meaning::Integer(_) | Meaning::Test(_) => unreachable!("internal: {self:?} gives no float"),
        }
    }
}

fn eval(meaning: &Meaning, x: &Array) -> Array {
    let floats = |f: fn(f64) -> f64| Array::from_f64(x.ty(), x.to_f64_vec().into_iter().map(f));
    let integers = |f: fn(i128, Dtype) -> i128| {
        Array::from_integers(x.ty(), x.to_i128_vec().into_iter().map(|e| f(e, x.dtype())))
    };
    match meaning {
        Meaning::Float(f) => floats(*f),
        Meaning::Number(f, _) if x.dtype().is_float() => floats(*f),
        Meaning::Number(_, f) | Meaning::Integer(f) => integers(*f),
        Meaning::Test(f) => Array::collect(x.ty().shape.clone(), x.to_f64_vec().into_iter().map(f)),
    }
}
