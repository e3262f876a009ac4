//! Operators of the strict [`Val`]: a literal stands for a value of the other operand's type.

use super::{Binary, Unary};
use crate::trace::{Val, bind1};

macro_rules! operators {
    ($($Trait:ident $method:ident;)*) => { $(
        impl std::ops::$Trait for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: Val) -> Val {
                bind1(Binary::$Trait, &[self, rhs])
            }
        }
        impl std::ops::$Trait<f64> for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: f64) -> Val {
                bind1(Binary::$Trait, &[self, self.full_like(rhs)])
            }
        }
        impl std::ops::$Trait<Val> for f64 {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: Val) -> Val {
                bind1(Binary::$Trait, &[rhs.full_like(self), rhs])
            }
        }
    )* };
}
operators! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
    Rem rem;
}

macro_rules! bit_operators {
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
bit_operators! {
    BitAnd bitand And;
    BitOr bitor Or;
    BitXor bitxor Xor;
}

impl std::ops::Neg for Val {
    type Output = Val;
    #[track_caller]
    fn neg(self) -> Val {
        bind1(Unary::Neg, &[self])
    }
}

impl std::ops::Not for Val {
    type Output = Val;
    #[track_caller]
    fn not(self) -> Val {
        bind1(Unary::Not, &[self])
    }
}
