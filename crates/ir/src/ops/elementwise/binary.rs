//! Functions of two elements. To add one, add a record to `records!`: nothing else to touch.

use super::real::whole2;
use super::unary::square_scale;
use super::{Domain, Elementwise, FORMULA_ULPS, OfComplex, Output, bits, by_parts, formulas, lowering};
use crate::ops::sample::refused;
use crate::ops::{Attributes, Hazard, Infer, Lanes, Operand, Passes, Rules, Sample, sum_terms, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Complex, Dtype, ErrorKind, Type};
use gradus_kernel::{Builder, Value};
use smallvec::{SmallVec, smallvec};
use std::cmp::Ordering;
use std::ops::RangeInclusive;

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
    /// Of floats, in the operands' own type.
    OwnFloat(fn(f32, f32) -> f32, fn(f64, f64) -> f64),
}
use Meaning::{Float, Integer, Number, OwnFloat, Test};

/// How the result changes with the operands.
pub(crate) enum Derivative {
    /// Linear in both operands together: `y = a x0 + b x1` with factors 1 or -1.
    Sum(i8, i8),
    /// Linear in each operand while the other stands still.
    Product,
    /// Linear in the first operand.
    Quotient,
    /// The slopes by the first and by the second operand, given `x0`, `x1` and `y`.
    Slopes(fn(Val, Val, Val) -> Val, fn(Val, Val, Val) -> Val),
    /// Zero where it exists.
    Zero,
}
use Derivative::{Product, Quotient, Slopes, Sum, Zero};

pub(crate) struct Record {
    name: &'static str,
    domain: Domain,
    meaning: Meaning,
    derivative: Derivative,
    /// The body of a kernel.
    lower: fn(&mut Builder, Value, Value) -> Value,
    /// How far a kernel's result may be from the exact one, in units in the last place; 0 if they are equal.
    ulps: u32,
    /// Operands for the samples.
    range: (f64, f64),
    /// For domains that hold complex numbers; a truth is the real part.
    complex: Option<OfComplex<fn(Complex<f64>, Complex<f64>) -> Complex<f64>, fn(Val, Val) -> Val>>,
}

records! {
    /// A function of two elements.
    Binary(rhs), for_each_binary;

    /// The sum; integers wrap.
    add = Add {
        domain: Number,
        meaning: Number(|x, y| x + y, |x, y, _| x + y),
        derivative: Sum(1, 1),
        lower: Builder::add,
        ulps: 0,
        sample: (-2.0, 2.0),
        complex: by_parts::add,
    }
    /// The difference; integers wrap.
    sub = Sub {
        domain: Number,
        meaning: Number(|x, y| x - y, |x, y, _| x - y),
        derivative: Sum(1, -1),
        lower: Builder::sub,
        ulps: 0,
        sample: (-2.0, 2.0),
        complex: by_parts::sub,
    }
    /// The product; integers wrap.
    mul = Mul {
        domain: Number,
        meaning: Number(|x, y| x * y, |x, y, _| x.wrapping_mul(y)),
        derivative: Product,
        lower: Builder::mul,
        ulps: 0,
        sample: (-2.0, 2.0),
        complex: by_parts::mul,
    }
    /// The quotient; of integers truncated towards zero, by zero all bits set.
    div = Div {
        domain: Number,
        meaning: Number(|x, y| x / y, |x, y, _| x.checked_div(y).unwrap_or(-1)),
        derivative: Quotient,
        lower: Builder::div,
        ulps: 0,
        sample: (0.5, 2.0),
        complex: by_parts::div,
    }
    /// The remainder with the sign of the first operand; of integers by zero the first operand.
    rem = Rem {
        domain: Real,
        meaning: Number(|x, y| x % y, |x, y, _| x.checked_rem(y).unwrap_or(x)),
        derivative: Slopes(|x, _, _| x.ones_like(), |x, y, _| -truncated(x / y)),
        lower: Builder::rem,
        ulps: 0,
        sample: (0.5, 2.0),
    }
    /// The first operand to the power of the second; of integers the exact power, wrapped, to a negative one truncated
    /// towards zero.
    pow = Pow {
        domain: Number,
        meaning: Number(f64::powf, integer_power),
        derivative: Slopes(power_by_base, |x, _, z| z * x.eq(x.zeros_like()).select(x.ones_like(), x).log()),
        lower: lowering::pow,
        ulps: 4,
        sample: (0.5, 2.0),
        complex: by_parts::pow,
    }
    /// The angle of the point whose height is the first and whose width the second operand, in [-π, π].
    atan2 = Atan2 {
        domain: Float,
        meaning: Float(f64::atan2),
        derivative: Slopes(|x, y, _| turn(y, x), |x, y, _| -turn(x, y)),
        lower: Builder::atan2,
        ulps: 4,
        sample: (0.5, 2.0),
    }
    /// The larger operand; NaN if either is, and -0 is below +0. At a tie either has half of the derivative.
    max = Max {
        domain: Ordered,
        meaning: Number(maximum, |x, y, _| x.max(y)),
        derivative: Slopes(share, |x, y, z| share(y, x, z)),
        lower: Builder::max,
        ulps: 0,
        sample: (-2.0, 2.0),
    }
    /// The smaller operand; NaN if either is, and -0 is below +0. At a tie either has half of the derivative.
    min = Min {
        domain: Ordered,
        meaning: Number(minimum, |x, y, _| x.min(y)),
        derivative: Slopes(share, |x, y, z| share(y, x, z)),
        lower: Builder::min,
        ulps: 0,
        sample: (-2.0, 2.0),
    }
    /// The bits that are one in both operands; of `bool` the conjunction.
    and = And {
        domain: Bits,
        meaning: Integer(|x, y, _| x & y),
        derivative: Zero,
        lower: Builder::and,
        ulps: 0,
        sample: (-9.0, 9.0),
    }
    /// The bits that are one in either operand; of `bool` the disjunction.
    or = Or {
        domain: Bits,
        meaning: Integer(|x, y, _| x | y),
        derivative: Zero,
        lower: Builder::or,
        ulps: 0,
        sample: (-9.0, 9.0),
    }
    /// The bits that are one in one operand only; of `bool` whether they differ.
    xor = Xor {
        domain: Bits,
        meaning: Integer(|x, y, _| x ^ y),
        derivative: Zero,
        lower: Builder::xor,
        ulps: 0,
        sample: (-9.0, 9.0),
    }
    /// The first operand's bits moved up by the second, read as unsigned; zero if that is the width or more.
    shift_left = ShiftLeft {
        domain: Integer,
        meaning: Integer(|x, n, dtype| shift_amount(n, dtype).map_or(0, |n| x << n)),
        derivative: Zero,
        lower: Builder::shift_left,
        ulps: 0,
        sample: (-1.0, 9.0),
    }
    /// The first operand's bits moved down by the second, read as unsigned, zeros above; zero if that is the
    /// width or more.
    shift_right_logical = ShiftRightLogical {
        domain: Integer,
        meaning: Integer(|x, n, dtype| shift_amount(n, dtype).map_or(0, |n| (bits(x, dtype) >> n) as i128)),
        derivative: Zero,
        lower: Builder::shift_right_logical,
        ulps: 0,
        sample: (-1.0, 9.0),
    }
    /// The first operand's bits moved down by the second, read as unsigned, copies of the highest bit above.
    shift_right_arithmetic = ShiftRightArithmetic {
        domain: Integer,
        meaning: Integer(|x, n, dtype| {
            let unused = 128 - 8 * dtype.size_bytes() as u32;
            (x << unused >> unused) >> shift_amount(n, dtype).unwrap_or(127)
        }),
        derivative: Zero,
        lower: Builder::shift_right_arithmetic,
        ulps: 0,
        sample: (-1.0, 9.0),
    }
    /// The number next to the first operand in the direction of the second.
    nextafter = Nextafter {
        domain: Float,
        meaning: OwnFloat(libm::nextafterf, libm::nextafter),
        derivative: Slopes(|x, _, _| x.ones_like(), |x, _, _| x.zeros_like()),
        lower: lowering::nextafter,
        ulps: 0,
        sample: (-2.0, 2.0),
    }
    /// Whether the operands are equal; a NaN equals nothing.
    eq = Eq {
        domain: All,
        meaning: Test(|x, y| x == y, |x, y| x == y),
        derivative: Zero,
        lower: Builder::eq,
        ulps: 0,
        sample: (-2.0, 2.0),
        complex: by_parts::eq,
    }
    /// Whether the operands differ; a NaN differs from everything.
    ne = Ne {
        domain: All,
        meaning: Test(|x, y| x != y, |x, y| x != y),
        derivative: Zero,
        lower: Builder::ne,
        ulps: 0,
        sample: (-2.0, 2.0),
        complex: by_parts::ne,
    }
    /// Whether the first operand is less; with a NaN it is not.
    lt = Lt {
        domain: Ordered,
        meaning: Test(|x, y| x < y, |x, y| x < y),
        derivative: Zero,
        lower: Builder::lt,
        ulps: 0,
        sample: (-2.0, 2.0),
    }
    /// Whether the first operand is less or equal; with a NaN it is not.
    le = Le {
        domain: Ordered,
        meaning: Test(|x, y| x <= y, |x, y| x <= y),
        derivative: Zero,
        lower: Builder::le,
        ulps: 0,
        sample: (-2.0, 2.0),
    }
    /// Whether the first operand is greater; with a NaN it is not.
    gt = Gt {
        domain: Ordered,
        meaning: Test(|x, y| x > y, |x, y| x > y),
        derivative: Zero,
        lower: Builder::gt,
        ulps: 0,
        sample: (-2.0, 2.0),
    }
    /// Whether the first operand is greater or equal; with a NaN it is not.
    ge = Ge {
        domain: Ordered,
        meaning: Test(|x, y| x >= y, |x, y| x >= y),
        derivative: Zero,
        lower: Builder::ge,
        ulps: 0,
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
        let sample = |op: Binary| {
            let Record { domain, range: (low, high), derivative, .. } = op.record();
            let smooth = !matches!(derivative, Zero);
            domain.dtypes().map(move |dtype| {
                let ty = Type::new(dtype, [2, 3]);
                let sample = Sample::new(op).arg(ty.clone(), low, high).arg(ty, low, high);
                if smooth && dtype.is_inexact() { sample } else { sample.not_smooth() }
            })
        };
        Binary::ALL.iter().copied().flat_map(sample).collect()
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let wrong = |op: &Binary| {
            let domain = op.record().domain;
            let taken = Type::scalar(domain.dtypes().next().expect("internal: a type that is taken"));
            let other = Type::scalar(if taken.dtype == Dtype::F32 { Dtype::I32 } else { Dtype::F32 });
            let longer = taken.with_shape([2]);
            let outside =
                domain.refused().map(|dtype| refused(*op, 3, [Type::scalar(dtype), Type::scalar(dtype)]));
            [Some(refused(*op, 1, [taken.clone(), other])), Some(refused(*op, 2, [taken, longer])), outside]
        };
        Binary::ALL.iter().flat_map(wrong).flatten().collect()
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, _: &mut Attributes) -> Option<Result<Binary, String>> {
        Binary::ALL.iter().find(|op| op.record().name == name).map(|op| Ok(*op))
    }
}

const SAME_DTYPE: &str = "Both operands have the same element type.";
const SAME_SHAPE: &str = "Both operands have the same shape.";

fn signed(factor: i8, v: Val) -> Val {
    if factor < 0 { -v } else { v }
}

impl Rules for Binary {
    fn name(&self) -> &'static str {
        self.record().name
    }
    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }
    fn is_commutative(&self) -> bool {
        use Binary::{Add, And, Eq, Max, Min, Mul, Ne, Or, Xor};
        matches!(self, Add | Mul | Max | Min | And | Or | Xor | Eq | Ne)
    }
    fn hazards(&self, args: &[Val]) -> Vec<(Hazard, Val)> {
        if !matches!(self, Binary::Div | Binary::Rem) {
            return vec![];
        }
        let axes: Vec<usize> = (0..args[1].shape().rank()).collect();
        vec![(Hazard::DivisionByZero, args[1].ne(args[1].zeros_like()).reduce_and(&axes))]
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self.record().domain {
            Domain::All => &[SAME_DTYPE, SAME_SHAPE],
            Domain::Float => const { &[SAME_DTYPE, SAME_SHAPE, Domain::Float.constraint()] },
            Domain::Inexact => const { &[SAME_DTYPE, SAME_SHAPE, Domain::Inexact.constraint()] },
            Domain::Real => const { &[SAME_DTYPE, SAME_SHAPE, Domain::Real.constraint()] },
            Domain::Ordered => const { &[SAME_DTYPE, SAME_SHAPE, Domain::Ordered.constraint()] },
            Domain::Number => const { &[SAME_DTYPE, SAME_SHAPE, Domain::Number.constraint()] },
            Domain::Integer => const { &[SAME_DTYPE, SAME_SHAPE, Domain::Integer.constraint()] },
            Domain::Bits => const { &[SAME_DTYPE, SAME_SHAPE, Domain::Bits.constraint()] },
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let (lhs, rhs) = (args[0], args[1]);
        if lhs.dtype != rhs.dtype {
            let hint = "convert one of them";
            return Err(ErrorKind::DtypeMismatch {
                number: 1,
                lhs: Box::new(lhs.clone()),
                rhs: Box::new(rhs.clone()),
                hint,
            });
        }
        if lhs.shape != rhs.shape {
            let hint = "reshape or broadcast one of them";
            return Err(ErrorKind::ShapeMismatch {
                number: 2,
                lhs: Box::new(lhs.shape.clone()),
                rhs: Box::new(rhs.shape.clone()),
                hint,
            });
        }
        self.record().domain.check(3, lhs)?;
        Ok(vec![lhs.with_dtype(self.output().dtype(lhs.dtype))])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let record = self.record();
        if let (Some(complex), true) = (&record.complex, args[0].dtype().is_complex()) {
            let ty = args[0].ty().with_dtype(self.output().dtype(args[0].dtype()));
            let pairs = args[0].to_complex_vec().into_iter().zip(args[1].to_complex_vec());
            return Ok(vec![Array::from_complex(&ty, pairs.map(|(x, y)| (complex.meaning)(x, y)))]);
        }
        Ok(vec![eval(&record.meaning, args[0], args[1])])
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
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        self.record().complex.map(|complex| smallvec![(complex.formula)(args[0], args[1])])
    }
    fn promote_to_f32(&self, args: &[Val]) -> Option<Vals> {
        (*self == Binary::Nextafter).then(|| smallvec![formulas::next_half(args[0], args[1])])
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for Binary {
    fn lower(&self, builder: &mut Builder, args: &[Value]) -> SmallVec<[Value; 2]> {
        smallvec![(self.record().lower)(builder, args[0], args[1])]
    }
    fn ulps(&self) -> u32 {
        self.record().ulps
    }
    fn complex_ulps(&self) -> u32 {
        let record = self.record();
        if record.complex.is_some() { record.ulps.max(FORMULA_ULPS) } else { record.ulps }
    }
}

// ---- formulas of the records

/// IEEE 754-2019 maximum: a NaN is the result, -0 is below +0.
pub(crate) fn maximum(x: f64, y: f64) -> f64 {
    match x.partial_cmp(&y) {
        None => f64::NAN,
        Some(Ordering::Greater) => x,
        Some(Ordering::Less) => y,
        Some(Ordering::Equal) => {
            if x.is_sign_negative() {
                y
            } else {
                x
            }
        }
    }
}

/// IEEE 754-2019 minimum: a NaN is the result, -0 is below +0.
pub(crate) fn minimum(x: f64, y: f64) -> f64 {
    -maximum(-x, -y)
}

/// `x` to the power `n` modulo 2¹²⁸; to a negative power truncated towards zero.
fn integer_power(x: i128, n: i128, _: Dtype) -> i128 {
    match (x, n) {
        (1, _) => 1,
        (-1, n) => {
            if n & 1 == 0 {
                1
            } else {
                -1
            }
        }
        (_, n) if n < 0 => 0,
        (mut base, mut n) => {
            let mut power = 1i128;
            while n > 0 {
                if n & 1 == 1 {
                    power = power.wrapping_mul(base);
                }
                base = base.wrapping_mul(base);
                n >>= 1;
            }
            power
        }
    }
}

/// The amount of a shift, read as unsigned, if it is less than the width.
fn shift_amount(n: i128, dtype: Dtype) -> Option<u32> {
    let amount = u32::try_from(bits(n, dtype)).ok()?;
    (amount < 8 * dtype.size_bytes() as u32).then_some(amount)
}

/// n xⁿ⁻¹, and 0 for n = 0 whatever x is: where the exponent is 0 that of the power is 0 too, so that no derivative of
/// it is infinite. Where x⁻¹ is finite the formula has that value by itself, and its slope by n.
fn power_by_base(x: Val, n: Val, _: Val) -> Val {
    let power = x.pow(n - 1.0);
    let is_finite = (power * 0.0).eq(power.zeros_like());
    let is_zero = n.eq(n.zeros_like());
    let is_bare = is_finite.select(is_finite.zeros_like(), is_zero);
    let lower = is_bare.select(n.zeros_like(), n - 1.0);
    is_bare.select(n.zeros_like(), is_bare.select(n.ones_like(), n) * x.pow(lower))
}

/// What `x` has in the derivative of a choice between `x` and `other` that was `chosen`: all, half or nothing.
fn share(x: Val, other: Val, chosen: Val) -> Val {
    let tied = other.eq(chosen).select(chosen.full_like(0.5), chosen.ones_like());
    x.eq(chosen).select(tied, chosen.zeros_like())
}

/// x / (x² + y²), large operands scaled before they are squared, and small ones.
fn turn(x: Val, y: Val) -> Val {
    let size = x.abs().max(y.abs());
    let scale = square_scale(size);
    let (x, y) = (x * scale, y * scale);
    x / (x * x + y * y) * scale
}

fn truncated(x: Val) -> Val {
    x.sign() * x.abs().floor()
}

fn eval(meaning: &Meaning, x: &Array, y: &Array) -> Array {
    let shape = x.ty().shape.clone();
    let of_floats = || x.to_f64_vec().into_iter().zip(y.to_f64_vec());
    let of_integers = || x.to_i128_vec().into_iter().zip(y.to_i128_vec());
    let floats = |f: fn(f64, f64) -> f64| Array::from_f64(x.ty(), of_floats().map(|(x, y)| f(x, y)));
    let integers = |f: fn(i128, i128, Dtype) -> i128| {
        Array::from_integers(x.ty(), of_integers().map(|(a, b)| f(a, b, x.dtype())))
    };
    match meaning {
        Meaning::Float(f) => floats(*f),
        Meaning::Number(f, _) if x.dtype().is_float() => floats(*f),
        Meaning::Number(_, f) | Meaning::Integer(f) => integers(*f),
        Test(f, _) if x.dtype().is_float() => Array::collect(shape, of_floats().map(|(x, y)| f(x, y))),
        Test(_, f) => Array::collect(shape, of_integers().map(|(x, y)| f(x, y))),
        OwnFloat(f, _) if x.dtype() == Dtype::F32 => {
            Array::collect(shape.clone(), x.elements::<f32>().zip(y.elements()).map(|(x, y)| f(x, y)))
        }
        // Where the neighbours of a 16-bit float are: see the formula, which is exact.
        OwnFloat(..) if x.dtype().is_half() => formulas::evaluated_next_half(x, y),
        OwnFloat(_, f) => {
            Array::collect(shape.clone(), x.elements::<f64>().zip(y.elements()).map(|(x, y)| f(x, y)))
        }
    }
}
