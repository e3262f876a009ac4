//! Elementwise primitives: functions of one element of each operand.
//!
//! `unary.rs` and `binary.rs` are tables: to add a primitive, add a record, and nothing else.

mod binary;
mod unary;

pub use binary::Binary;
pub use unary::Unary;

use crate::trace::{Val, bind1};
use crate::{Dtype, ErrorKind, Kind, Type};

/// Which element types a primitive takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Floating point only.
    Float,
    /// Numbers: integers and floats.
    Number,
    /// Signed integers and floats.
    Signed,
    /// Integers only.
    Integer,
    /// Integers and `bool`.
    Bits,
    /// Every type.
    All,
}

impl Domain {
    /// Whether elements of `dtype` are taken.
    pub fn admits(self, dtype: Dtype) -> bool {
        match (self, dtype.kind()) {
            (Domain::All, _) => true,
            (Domain::Float, kind) => kind == Kind::Float,
            (Domain::Number, kind) => kind != Kind::Bool,
            (Domain::Signed, kind) => matches!(kind, Kind::Float | Kind::Signed),
            (Domain::Integer, kind) => matches!(kind, Kind::Signed | Kind::Unsigned),
            (Domain::Bits, kind) => kind != Kind::Float,
        }
    }
    /// In words, for messages: "takes floats".
    pub fn words(self) -> &'static str {
        match self {
            Domain::Float => "floats",
            Domain::Number => "integers and floats",
            Domain::Signed => "signed integers and floats",
            Domain::Integer => "integers",
            Domain::Bits => "integers and bool",
            Domain::All => "any elements",
        }
    }
    /// (C1) of every elementwise primitive.
    fn check(self, ty: &Type) -> Result<(), ErrorKind> {
        if self.admits(ty.dtype) {
            return Ok(());
        }
        let message = format!("takes {}, not {ty}; convert the operand first", self.words());
        Err(ErrorKind::constraint(1, message))
    }
}

/// The result's element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The operands'.
    Same,
    /// `bool`.
    Bool,
}

impl Output {
    fn dtype(self, operand: Dtype) -> Dtype {
        match self {
            Output::Same => operand,
            Output::Bool => Dtype::Bool,
        }
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident $Op:ident;)*) => { $(
        impl std::ops::$Trait for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: Val) -> Val {
                bind1(Binary::$Op, &[self, rhs])
            }
        }
    )* };
}
operators! {
    Add add Add;
    Sub sub Sub;
    Mul mul Mul;
    Div div Div;
}

impl std::ops::Neg for Val {
    type Output = Val;
    #[track_caller]
    fn neg(self) -> Val {
        bind1(Unary::Neg, &[self])
    }
}
