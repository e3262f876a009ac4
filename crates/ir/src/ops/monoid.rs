//! Associative combinations with an identity: what reductions, scatters and cumulative primitives have in common.

use super::elementwise::{Binary, Domain, maximum, minimum};
use crate::{Array, Complex, Dtype, Kind, Op, Program, Type};

/// An associative and commutative combination of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Monoid {
    /// Addition; integers wrap.
    Sum,
    /// Multiplication; integers wrap.
    Prod,
    /// The larger; NaN if either is.
    Max,
    /// The smaller; NaN if either is.
    Min,
    /// Bits that are one in both.
    And,
    /// Bits that are one in either.
    Or,
    /// Bits that are one in one only.
    Xor,
}

impl Monoid {
    /// Every one of them.
    pub const ALL: &'static [Monoid] =
        &[Monoid::Sum, Monoid::Prod, Monoid::Max, Monoid::Min, Monoid::And, Monoid::Or, Monoid::Xor];

    /// The elements it is defined for.
    pub fn domain(self) -> Domain {
        match self {
            Monoid::Sum | Monoid::Prod => Domain::Number,
            Monoid::Max | Monoid::Min => Domain::Ordered,
            Monoid::And | Monoid::Or | Monoid::Xor => Domain::Bits,
        }
    }
    /// The elements of which it combines each part alone: no products of complex numbers.
    pub fn domain_of_parts(self) -> Domain {
        if self == Monoid::Prod { Domain::Real } else { self.domain() }
    }
    /// The elementwise primitive that combines two.
    pub fn binary(self) -> Binary {
        match self {
            Monoid::Sum => Binary::Add,
            Monoid::Prod => Binary::Mul,
            Monoid::Max => Binary::Max,
            Monoid::Min => Binary::Min,
            Monoid::And => Binary::And,
            Monoid::Or => Binary::Or,
            Monoid::Xor => Binary::Xor,
        }
    }
    /// The combination that a body of two scalars computes, if it is one of these: `fn(x, y) { return add(x, y) }`.
    pub fn of_body(body: &Program) -> Option<Monoid> {
        let ([eqn], [result]) = (body.equations(), body.results()) else { return None };
        let params: Vec<_> = body.params().collect();
        let reads_both = body.num_params() == 2 && params.iter().all(|p| eqn.args.contains(p));
        let Op::Binary(binary) = eqn.op else { return None };
        let monoid = Monoid::ALL.iter().copied().find(|monoid| monoid.binary() == binary)?;
        (reads_both && eqn.results[0] == *result).then_some(monoid)
    }
    /// The scalar that changes nothing.
    pub fn identity(self, dtype: Dtype) -> Array {
        match dtype.kind() {
            Kind::Float | Kind::Complex => Array::from_f64(&Type::scalar(dtype), [self.float_identity()]),
            _ => Array::from_i128(dtype, self.integer_identity(dtype)),
        }
    }
    /// Folds the elements of `x` into `size` results: element `i` goes to result `slots[i]`.
    pub(crate) fn fold(self, x: &Array, ty: Type, slots: &[usize]) -> Array {
        let size = ty.shape.size();
        let dtype = ty.dtype;
        if dtype.is_complex() {
            let mut totals = vec![Complex::from(self.float_identity()); size];
            for (z, slot) in x.to_complex_vec().into_iter().zip(slots) {
                totals[*slot] = self.combine_complex(totals[*slot], z);
            }
            return Array::from_complex(&ty, totals);
        }
        if dtype.is_float() {
            let mut totals = vec![self.float_identity(); size];
            for (x, slot) in x.to_f64_vec().into_iter().zip(slots) {
                totals[*slot] = self.combine_floats(totals[*slot], x);
            }
            return Array::from_f64(&ty, totals);
        }
        let mut totals = vec![self.integer_identity(dtype); size];
        for (x, slot) in x.to_i128_vec().into_iter().zip(slots) {
            totals[*slot] = self.combine_integers(totals[*slot], x);
        }
        Array::from_integers(&ty, totals)
    }
    /// Combines two floats.
    pub(crate) fn combine_floats(self, x: f64, y: f64) -> f64 {
        match self {
            Monoid::Sum => x + y,
            Monoid::Prod => x * y,
            Monoid::Max => maximum(x, y),
            Monoid::Min => minimum(x, y),
            Monoid::And | Monoid::Or | Monoid::Xor => unreachable!("internal: bits of floats"),
        }
    }
    /// Combines two complex numbers.
    pub(crate) fn combine_complex(self, x: Complex<f64>, y: Complex<f64>) -> Complex<f64> {
        match self {
            Monoid::Sum => x + y,
            Monoid::Prod => x * y,
            _ => unreachable!("internal: an order or bits of complex numbers"),
        }
    }
    /// Combines two integers; the caller wraps.
    pub(crate) fn combine_integers(self, x: i128, y: i128) -> i128 {
        match self {
            Monoid::Sum => x.wrapping_add(y),
            Monoid::Prod => x.wrapping_mul(y),
            Monoid::Max => x.max(y),
            Monoid::Min => x.min(y),
            Monoid::And => x & y,
            Monoid::Or => x | y,
            Monoid::Xor => x ^ y,
        }
    }
    fn float_identity(self) -> f64 {
        match self {
            Monoid::Max => f64::NEG_INFINITY,
            Monoid::Min => f64::INFINITY,
            Monoid::Prod => 1.0,
            _ => 0.0,
        }
    }
    fn integer_identity(self, dtype: Dtype) -> i128 {
        match self {
            Monoid::Sum | Monoid::Or | Monoid::Xor => 0,
            Monoid::Prod => 1,
            Monoid::And => -1,
            Monoid::Max => integer_range(dtype).0,
            Monoid::Min => integer_range(dtype).1,
        }
    }
}

/// The least and the greatest element of a type of integers or truth values.
pub(crate) fn integer_range(dtype: Dtype) -> (i128, i128) {
    let width = 8 * dtype.size_bytes();
    match dtype.kind() {
        Kind::Bool => (0, 1),
        Kind::Unsigned => (0, (1 << width) - 1),
        Kind::Signed => (-(1 << (width - 1)), (1 << (width - 1)) - 1),
        _ => unreachable!("internal: the range of integers"),
    }
}
