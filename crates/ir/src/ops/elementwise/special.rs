//! Special functions of two and three elements, which a kernel computes by a scalar function for each lane.
//!
//! To add one, add a record to `special!`: nothing else to touch. Those of one element are unary primitives.

use super::{Domain, Elementwise};
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, sum_terms, with_tangent};
use crate::trace::{Val, Vals, bind1, current_place, refuse};
use crate::{Array, Dtype, Error, ErrorKind, Type};
use gradus_kernel::{Builder, ColdFunction, Value, special as function};
use smallvec::{SmallVec, smallvec};
use std::ops::RangeInclusive;

/// How the result changes with an operand.
enum Derivative {
    /// The slope, given the operands.
    Slope(fn(&[Val]) -> Val),
    /// There is no rule.
    Unknown,
}
use Derivative::{Slope, Unknown};

struct Record {
    name: &'static str,
    meaning: fn(&[f64]) -> f64,
    kernel: ColdFunction,
    /// One for each operand, with the range of its samples.
    operands: &'static [(Derivative, f64, f64)],
}

macro_rules! special {
    ($($(#[doc = $doc:literal])* $method:ident = $Variant:ident ($first:ident $(, $rest:ident)*) {
        meaning: $meaning:expr,
        $($operand:ident: $derivative:expr, $range:expr;)*
    })*) => {
        documented! {
            /// A special function of several elements.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub enum Special { $($(#[doc = $doc])* $Variant),* }
        }

        impl Special {
            /// Every one of them.
            pub const ALL: &'static [Special] = &[$(Special::$Variant),*];

            fn record(self) -> Record {
                match self {
                    $(Special::$Variant => Record {
                        name: stringify!($method),
                        meaning: $meaning,
                        kernel: ColdFunction::$Variant,
                        operands: const { &[$(($derivative, $range.0, $range.1)),*] },
                    }),*
                }
            }
        }

        impl Val {
            $($(#[doc = $doc])*
            #[track_caller]
            pub fn $method(self $(, $rest: Val)*) -> Val {
                bind1(Special::$Variant, &[self $(, $rest)*])
            })*
        }
    };
}

special! {
    /// Hurwitz' zeta function ζ(x, q), the sum of (q + k) to the power -x over all k from 0; infinite at x = 1.
    zeta = Zeta(x, q) {
        meaning: |v| function::zeta(v[0], v[1]),
        x: Slope(zeta_slope), (1.5, 4.0);
        q: Slope(|v| -v[0] * (v[0] + 1.0).zeta(v[1])), (0.5, 3.0);
    }
    /// The derivative of that order, the first operand, of digamma at the second; NaN if the order is no natural
    /// number.
    polygamma = Polygamma(n, x) {
        meaning: |v| function::polygamma(v[0], v[1]),
        n: Unknown, (1.0, 1.0);
        x: Slope(|v| (v[0] + 1.0).polygamma(v[1])), (0.5, 3.0);
    }
    /// The exponential integral of that order, the first operand, at the second; NaN if the order is no integral
    /// number.
    expn = Expn(n, x) {
        meaning: |v| function::expn(v[0], v[1]),
        n: Unknown, (2.0, 2.0);
        x: Slope(|v| -(v[0] - 1.0).expn(v[1])), (0.5, 3.0);
    }
    /// The regularised lower incomplete gamma function P(a, x).
    igamma = Igamma(a, x) {
        meaning: |v| function::igamma(v[0], v[1]),
        a: Slope(|v| v[0].igamma_grad_a(v[1])), (0.5, 4.0);
        x: Slope(gamma_density), (0.5, 4.0);
    }
    /// The regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x).
    igammac = Igammac(a, x) {
        meaning: |v| function::igammac(v[0], v[1]),
        a: Slope(|v| -v[0].igamma_grad_a(v[1])), (0.5, 4.0);
        x: Slope(|v| -gamma_density(v)), (0.5, 4.0);
    }
    /// The derivative of `igamma` by its first operand.
    igamma_grad_a = IgammaGradA(a, x) {
        meaning: |v| function::igamma_grad_a(v[0], v[1]),
        a: Unknown, (0.5, 4.0);
        x: Slope(|v| gamma_density(v) * (v[1].log() - v[0].digamma())), (0.5, 4.0);
    }
    /// The derivative by its shape, the first operand, of a sample of the gamma distribution, the second.
    random_gamma_grad = RandomGammaGrad(a, x) {
        meaning: |v| function::random_gamma_grad(v[0], v[1]),
        a: Unknown, (0.5, 4.0);
        x: Unknown, (0.5, 4.0);
    }
    /// The regularised incomplete beta function of parameters a and b at x, which is the last operand.
    betainc = Betainc(a, b, x) {
        meaning: |v| function::betainc(v[0], v[1], v[2]),
        a: Unknown, (0.5, 3.0);
        b: Unknown, (0.5, 3.0);
        x: Slope(beta_density), (0.1, 0.9);
    }
}

/// ∂ζ(s, a) / ∂s, term by term of the sum of Euler and Maclaurin (DLMF 25.11.5); 16-bit floats by way of `f32`.
fn zeta_slope(v: &[Val]) -> Val {
    const DIRECT: usize = 12;
    let own = v[0].ty().dtype;
    let wide = |x: Val| if own.is_half() { x.convert(Dtype::F32) } else { x };
    let (s, a) = (wide(v[0]), wide(v[1]));
    // Σ -log(a + k) (a + k)⁻ˢ
    let term = |k: usize| {
        let base = a + k as f64;
        base.log() * base.pow(-s)
    };
    let sum = (1..DIRECT).map(term).fold(term(0), |sum, next| sum + next);
    // The tail: z¹⁻ˢ / (s - 1) + z⁻ˢ (½ + Σ cⱼ rⱼ) with z = a + 12 and rⱼ = s (s + 1) .. (s + 2j - 2) / z²ʲ⁻¹.
    let z = a + DIRECT as f64;
    let (log, power, reciprocal) = (z.log(), z.pow(-s), 1.0 / z);
    let integral = z * power / (s - 1.0);
    // Where these grow without bound beside `z`, the power makes nothing of them.
    let bounded = |x: Val| x.min(x.full_like(1e30));
    let (mut ratio, mut slope) = (s * reciprocal, reciprocal);
    let (mut series, mut series_slope) = (s.full_like(0.5), s.zeros_like());
    for (j, coefficient) in function::BERNOULLI.iter().enumerate() {
        series = series + ratio * *coefficient;
        series_slope = series_slope + slope * *coefficient;
        let n = 2.0 * j as f64 + 1.0;
        let factor = (s + n) * (s + (n + 1.0)) * (reciprocal * reciprocal);
        let factor_slope = (s * 2.0 + (2.0 * n + 1.0)) * (reciprocal * reciprocal);
        slope = bounded(slope * factor + ratio * factor_slope);
        ratio = bounded(ratio * factor);
    }
    let tail = power * (series_slope - log * series) - integral * (log + 1.0 / (s - 1.0));
    (tail - sum).convert(own)
}

/// The base of `xⁿ` where that is 0, and elsewhere: there a factor, whose derivatives are those of a power, here in an
/// exponential, which does not overflow before the product does. The other base is 1.
fn parted(x: Val) -> [Val; 2] {
    let is_zero = x.eq(x.zeros_like());
    [is_zero.select(x, x.ones_like()), is_zero.select(x.ones_like(), x)]
}

/// `xᵃ⁻¹ e⁻ˣ / Γ(a)`
fn gamma_density(v: &[Val]) -> Val {
    let (n, [end, inside]) = (v[0] - 1.0, parted(v[1]));
    end.pow(n) * (n * inside.log() - v[1] - v[0].lgamma()).exp()
}

/// `xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b)`
fn beta_density(v: &[Val]) -> Val {
    let (a, b) = (v[0], v[1]);
    let ([low, x], [high, _]) = (parted(v[2]), parted(1.0 - v[2]));
    let at_end = v[2].eq(v[2].ones_like());
    let log_rest = (-at_end.select(v[2].zeros_like(), v[2])).log1p();
    let log_beta = a.lgamma() + b.lgamma() - (a + b).lgamma();
    let log = (b - 1.0) * log_rest + (a - 1.0) * x.log() - log_beta;
    low.pow(a - 1.0) * high.pow(b - 1.0) * log.exp()
}

impl Special {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let sample = |op: Special| {
            Domain::Float.dtypes().map(move |dtype| {
                let ty = Type::new(dtype, [2, 3]);
                let operands = op.record().operands.iter();
                operands
                    .fold(Sample::new(op), |s, (_, low, high)| s.arg(ty.clone(), *low, *high))
                    .smooth_once()
            })
        };
        Special::ALL.iter().copied().flat_map(sample).collect()
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let [float, wide, int] = [Dtype::F32, Dtype::F64, Dtype::I32].map(Type::scalar);
        let with_last = |op: Special, number: u8, first: &Type, last: Type| {
            let mut types = vec![first.clone(); op.record().operands.len()];
            *types.last_mut().expect("internal: an operand") = last;
            refused(op, number, types)
        };
        let wrong = |op: &Special| {
            [
                with_last(*op, 1, &float, wide.clone()),
                with_last(*op, 2, &float, float.with_shape([2])),
                with_last(*op, 3, &int, int.clone()),
            ]
        };
        Special::ALL.iter().flat_map(wrong).collect()
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, _: &mut Attributes) -> Option<Result<Special, String>> {
        Special::ALL.iter().find(|op| op.record().name == name).map(|op| Ok(*op))
    }
}

impl Rules for Special {
    fn name(&self) -> &'static str {
        self.record().name
    }
    fn arity(&self) -> RangeInclusive<usize> {
        let n = self.record().operands.len();
        n..=n
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "All operands have the same element type.",
            "All operands have the same shape.",
            "The elements are floats.",
        ]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        for arg in args {
            let (lhs, rhs) = (args[0], *arg);
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
                let (lhs, rhs) = (lhs.shape.clone(), rhs.shape.clone());
                let hint = "reshape or broadcast one of them";
                return Err(ErrorKind::ShapeMismatch { number: 2, lhs: lhs.into(), rhs: rhs.into(), hint });
            }
        }
        Domain::Float.check(3, args[0])?;
        Ok(vec![args[0].clone()])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let meaning = self.record().meaning;
        let columns: Vec<Vec<f64>> = args.iter().map(|a| a.to_f64_vec()).collect();
        let at = |i: usize| meaning(&columns.iter().map(|c| c[i]).collect::<SmallVec<[f64; 3]>>());
        Ok(vec![Array::from_f64(args[0].ty(), (0..args[0].size()).map(at))])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let record = self.record();
        with_tangent((*self).into(), x, |_| {
            sum_terms(record.operands.iter().zip(dx).enumerate().map(|(i, ((derivative, ..), dx))| {
                Some(match derivative {
                    Slope(slope) => (*dx)? * slope(x),
                    Unknown => {
                        (*dx)?;
                        let message = format!(
                            "has no derivative by operand {i}; use `stop_gradient` on what it is made of"
                        );
                        refuse(Error::new(record.name, ErrorKind::invalid(message), current_place()))
                    }
                })
            }))
        })
    }
    fn transpose(&self, _: &dyn Passes, _: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        unreachable!("internal: {} is not linear", self.name())
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let along = |(i, arg): (usize, &Val)| if mapped[i] { *arg } else { arg.repeat_leading(lanes.size) };
        smallvec![bind1(*self, &args.iter().enumerate().map(along).collect::<Vals>())]
    }
    fn is_differentiable(&self, operand: usize) -> bool {
        matches!(self.record().operands[operand].0, Slope(_))
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for Special {
    fn lower(&self, b: &mut Builder, args: &[Value]) -> SmallVec<[Value; 2]> {
        smallvec![b.call(self.record().kernel, args)]
    }
    fn relative_error(&self) -> f64 {
        1e-10
    }
}
