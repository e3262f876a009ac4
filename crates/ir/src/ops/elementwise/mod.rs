//! Elementwise primitives: functions of one element of each operand.
//!
//! `unary.rs` and `binary.rs` are tables: to add a primitive, add a record, and nothing else.

#[macro_use]
mod records;

mod binary;
mod by_parts;
mod choice;
mod complex;
mod conversion;
mod formulas;
mod integer_pow;
mod lowering;
mod operators;
mod random_gamma;
mod real;
mod reduce_precision;
mod special;
mod threefry;
mod unary;

pub use binary::Binary;
pub(crate) use binary::{maximum, minimum};
pub use choice::Choice;
pub use complex::Parts;
pub(crate) use complex::{bilinear, componentwise};
pub use conversion::Conversion;
pub use formulas::{f32_to_half, half_to_f32};
pub use integer_pow::IntegerPow;
pub use random_gamma::RandomGamma;
pub use reduce_precision::ReducePrecision;
pub use special::Special;
pub use threefry::Threefry2x32;
pub use unary::Unary;

use crate::{Dtype, ErrorKind, Kind, Type};
use gradus_kernel as kernel;
use smallvec::SmallVec;

/// Which element types a primitive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Real floating point only.
    Float,
    /// Floats, real or complex.
    Inexact,
    /// Real numbers: integers and floats.
    Real,
    /// Numbers: integers, floats and complex numbers.
    Number,
    /// Integers only.
    Integer,
    /// Integers and `bool`.
    Bits,
    /// What has an order: every type but complex numbers.
    Ordered,
    /// Every type.
    All,
}

impl Domain {
    /// Whether elements of `dtype` are taken.
    pub fn admits(self, dtype: Dtype) -> bool {
        match (self, dtype.kind()) {
            (Domain::All, _) => true,
            (Domain::Float, kind) => kind == Kind::Float,
            (Domain::Inexact, kind) => matches!(kind, Kind::Float | Kind::Complex),
            (Domain::Real, kind) => !matches!(kind, Kind::Bool | Kind::Complex),
            (Domain::Ordered, kind) => kind != Kind::Complex,
            (Domain::Number, kind) => kind != Kind::Bool,
            (Domain::Integer, kind) => matches!(kind, Kind::Signed | Kind::Unsigned),
            (Domain::Bits, kind) => !matches!(kind, Kind::Float | Kind::Complex),
        }
    }
    /// The element types that are taken.
    pub fn dtypes(self) -> impl Iterator<Item = Dtype> {
        Dtype::ALL.iter().copied().filter(move |dtype| self.admits(*dtype))
    }
    /// In words, for messages: "takes floats".
    pub fn words(self) -> &'static str {
        match self {
            Domain::Float => "real floats",
            Domain::Inexact => "floats and complex numbers",
            Domain::Real => "integers and real floats",
            Domain::Number => "integers, floats and complex numbers",
            Domain::Integer => "integers",
            Domain::Bits => "integers and bool",
            Domain::Ordered => "elements that have an order, no complex numbers",
            Domain::All => "any elements",
        }
    }
    /// The constraint on the operands' element type.
    const fn constraint(self) -> &'static str {
        match self {
            Domain::Float => "The elements are real floats.",
            Domain::Inexact => "The elements are floats or complex numbers.",
            Domain::Real => "The elements are integers or real floats, not `bool` or complex.",
            Domain::Number => "The elements are integers, floats or complex numbers, not `bool`.",
            Domain::Integer => "The elements are integers, not `bool`.",
            Domain::Bits => "The elements are integers or `bool`.",
            Domain::Ordered => "The elements have an order: they are not complex.",
            Domain::All => "The elements are of any type.",
        }
    }
    /// Checks that constraint, which has this number.
    fn check(self, number: u8, ty: &Type) -> Result<(), ErrorKind> {
        if self.admits(ty.dtype) {
            return Ok(());
        }
        let message = format!("takes {}, not {ty}; convert the operand first", self.words());
        Err(ErrorKind::constraint(number, message))
    }
    /// An element type that is not taken.
    fn refused(self) -> Option<Dtype> {
        Dtype::ALL.iter().copied().find(|dtype| !self.admits(*dtype))
    }
}

/// The result's element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The operands'.
    Same,
    /// That of the operands' parts, if they are complex.
    Real,
    /// `bool`.
    Bool,
}

impl Output {
    fn dtype(self, operand: Dtype) -> Dtype {
        match self {
            Output::Same => operand,
            Output::Real => operand.real(),
            Output::Bool => Dtype::Bool,
        }
    }
}

/// How one element of each result follows from one element of each operand, as code of a kernel.
///
/// Operands of rank 0 stand for all elements.
pub trait Elementwise {
    /// Writes the body and returns its results.
    fn lower(&self, builder: &mut kernel::Builder, args: &[kernel::Value]) -> SmallVec<[kernel::Value; 2]>;
    /// How far a float result may be from the exact one, in units in the last place; 0 if they are equal.
    fn ulps(&self) -> u32 {
        0
    }
    /// The same of complex operands, in units of the size of the number: a formula of several steps, with errors of its
    /// own.
    fn complex_ulps(&self) -> u32 {
        self.ulps()
    }
    /// How far an `f64` result may be from the exact one beside it; 0 if [`Elementwise::ulps`] says it all. A result of
    /// a narrower float is that, rounded.
    fn relative_error(&self) -> f64 {
        0.0
    }
}

/// How far a formula of the parts may be from the exact complex number.
const FORMULA_ULPS: u32 = 64;

/// What a function does with complex numbers.
pub(crate) struct OfComplex<Meaning, Formula> {
    /// Computed in `f64` and rounded once.
    meaning: Meaning,
    /// The same by primitives of real numbers, for kernels.
    formula: Formula,
}

/// The bits of an integer of type `dtype`, zeros above.
fn bits(x: i128, dtype: Dtype) -> u128 {
    x as u128 & (u128::MAX >> (128 - 8 * dtype.size_bytes()))
}
