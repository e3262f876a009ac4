//! Samples of the gamma distribution, with the implicit derivative by the shape.

use super::Elementwise;
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dtype, ErrorKind, Type};
use gradus_kernel::special::{Precision, random_gamma, random_loggamma};
use gradus_kernel::{Builder, ColdFunction, Scalar, Value};
use smallvec::{SmallVec, smallvec};
use std::ops::RangeInclusive;

documented! {
    /// Samples by rejection, each from a key of its own: two words of `u32` and a shape.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum RandomGamma {
        /// A sample of the gamma distribution of that shape, the last operand, and scale 1; the words of its key come
        /// first. The derivative by the shape is the implicit one, which keeps the sample's quantile.
        Plain,
        /// The logarithm of `random_gamma`, finite where that underflows.
        Log,
    }
}

impl RandomGamma {
    const ALL: [RandomGamma; 2] = [RandomGamma::Plain, RandomGamma::Log];

    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let words = |seed: u32| Array::from([seed, seed.wrapping_mul(0x9E37_79B9), u32::MAX - seed]);
        let sample = |op: RandomGamma| {
            [Dtype::F32, Dtype::F64].map(|dtype| {
                let a = Type::new(dtype, [3]);
                Sample::new(op).exact(words(1)).exact(words(5)).arg(a, 0.5, 3.0).not_smooth()
            })
        };
        RandomGamma::ALL.into_iter().flat_map(sample).collect()
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let [word, float, int] = [Dtype::U32, Dtype::F32, Dtype::I32].map(Type::scalar);
        let wrong = |op: RandomGamma| {
            [
                refused(op, 1, [&word, &int, &float]),
                refused(op, 2, [&word, &word, &int]),
                refused(op, 3, [&word, &word, &float.with_shape([2])]),
            ]
        };
        RandomGamma::ALL.into_iter().flat_map(wrong).collect()
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, _: &mut Attributes) -> Option<Result<RandomGamma, String>> {
        RandomGamma::ALL.into_iter().find(|op| op.name() == name).map(Ok)
    }
    fn draw(self, key: [u32; 2], a: f64, precision: Precision) -> f64 {
        match self {
            RandomGamma::Plain => random_gamma(key, a, precision),
            RandomGamma::Log => random_loggamma(key, a, precision),
        }
    }
}

impl Rules for RandomGamma {
    fn name(&self) -> &'static str {
        match self {
            RandomGamma::Plain => "random_gamma",
            RandomGamma::Log => "random_loggamma",
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        3..=3
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "The first two operands are `u32`.",
            "The last operand is `f32` or `f64`.",
            "All operands have the same shape.",
        ]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        if let Some(other) = args[..2].iter().find(|ty| ty.dtype != Dtype::U32) {
            let message = format!("the words of a key are u32, not {other}; make keys with `random::split`");
            return Err(ErrorKind::constraint(1, message));
        }
        if !matches!(args[2].dtype, Dtype::F32 | Dtype::F64) {
            let message = format!("draws f32 and f64, not {}; convert the shape parameter first", args[2]);
            return Err(ErrorKind::constraint(2, message));
        }
        if let Some(other) = args.iter().find(|ty| ty.shape != args[2].shape) {
            let (lhs, rhs) = (other.shape.clone(), args[2].shape.clone());
            let hint = "give a key for every element";
            return Err(ErrorKind::ShapeMismatch { number: 3, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        Ok(vec![args[2].clone()])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let [high, low] = [0, 1].map(|i| args[i].elements::<u32>().collect::<Vec<_>>());
        let a = args[2].to_f64_vec();
        let precision = if args[2].dtype() == Dtype::F32 { Precision::Single } else { Precision::Double };
        let draws = (0..a.len()).map(|i| self.draw([high[i], low[i]], a[i], precision));
        Ok(vec![Array::from_f64(args[2].ty(), draws)])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        with_tangent((*self).into(), x, |y| {
            let da = dx[2]?;
            Some(match self {
                RandomGamma::Plain => da * x[2].random_gamma_grad(y),
                RandomGamma::Log => {
                    // Small samples have P = xᵃ / Γ(a + 1), of which neither x nor its slope need be a float.
                    let small = y.lt(y.full_like(-60.0));
                    let by_power = ((x[2] + 1.0).digamma() - y) / x[2];
                    let sample = small.select(y.zeros_like(), y).exp();
                    da * small.select(by_power, x[2].random_gamma_grad(sample) / sample)
                }
            })
        })
    }
    fn transpose(&self, _: &dyn Passes, _: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        unreachable!("internal: {} is not linear", self.name())
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let along = |(x, mapped): (&Val, &bool)| if *mapped { *x } else { x.repeat_leading(lanes.size) };
        smallvec![bind1(*self, &args.iter().zip(mapped).map(along).collect::<Vals>())]
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for RandomGamma {
    fn lower(&self, b: &mut Builder, args: &[Value]) -> SmallVec<[Value; 2]> {
        let scalar = b.scalar(args[2]);
        let function = match (self, scalar) {
            (RandomGamma::Plain, Scalar::F32) => ColdFunction::RandomGammaSingle,
            (RandomGamma::Plain, _) => ColdFunction::RandomGammaDouble,
            (RandomGamma::Log, Scalar::F32) => ColdFunction::RandomLoggammaSingle,
            (RandomGamma::Log, _) => ColdFunction::RandomLoggammaDouble,
        };
        // A double holds the words of the key exactly.
        let wide: Vec<Value> = args.iter().map(|arg| b.convert(Scalar::F64, *arg)).collect();
        let sample = b.call(function, &wide);
        smallvec![b.convert(scalar, sample)]
    }
}

impl Val {
    /// A sample of the gamma distribution for each shape in `a`; the words of a key for each come first.
    #[track_caller]
    pub fn random_gamma(key: [Val; 2], a: Val) -> Val {
        bind1(RandomGamma::Plain, &[key[0], key[1], a])
    }
    /// The logarithm of [`Val::random_gamma`].
    #[track_caller]
    pub fn random_loggamma(key: [Val; 2], a: Val) -> Val {
        bind1(RandomGamma::Log, &[key[0], key[1], a])
    }
}
