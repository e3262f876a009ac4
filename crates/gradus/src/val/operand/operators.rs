//! Rust's operators: `+ - * / %`, negation and the assigning forms.
//!
//! They take a `Val`, a `&Val`, a captured `&Array`, and literals of exactly two types, `f64` and `i64`, on
//! either side: a second float type would leave `(x * 2.0).sin()` without a type.

use crate::Array;
use crate::val::Val;
use std::iter::Sum;
use std::ops::{
    Add, AddAssign, BitAnd, BitOr, BitXor, Div, DivAssign, Mul, MulAssign, Neg, Not, Rem, RemAssign, Sub,
    SubAssign,
};

macro_rules! operators {
    ($($Trait:ident $method:ident $function:ident;)*) => { $(
        impl $Trait for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: Val) -> Val { Val::$function(self, rhs) }
        }
        impl $Trait<&Val> for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: &Val) -> Val { Val::$function(self, *rhs) }
        }
        impl $Trait<Val> for &Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: Val) -> Val { Val::$function(*self, rhs) }
        }
        impl $Trait<&Val> for &Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: &Val) -> Val { Val::$function(*self, *rhs) }
        }
        operators!(with f64: $Trait $method $function);
        operators!(with i64: $Trait $method $function);
        operators!(with &Array: $Trait $method $function);
    )* };
    (with $Other:ty: $Trait:ident $method:ident $function:ident) => {
        impl $Trait<$Other> for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: $Other) -> Val { Val::$function(self, Val::from(rhs)) }
        }
        impl $Trait<$Other> for &Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: $Other) -> Val { Val::$function(*self, Val::from(rhs)) }
        }
        impl $Trait<Val> for $Other {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: Val) -> Val { Val::$function(Val::from(self), rhs) }
        }
        impl $Trait<&Val> for $Other {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: &Val) -> Val { Val::$function(Val::from(self), *rhs) }
        }
    };
}
operators! {
    Add add plus;
    Sub sub minus;
    Mul mul times;
    Div div divided_by;
    Rem rem modulo;
}

macro_rules! assigning {
    ($($Trait:ident $method:ident $Operator:ident $op:tt;)*) => { $(
        impl<R> $Trait<R> for Val
        where
            Val: $Operator<R, Output = Val>,
        {
            #[track_caller]
            fn $method(&mut self, rhs: R) { *self = *self $op rhs; }
        }
    )* };
}
assigning! {
    AddAssign add_assign Add +;
    SubAssign sub_assign Sub -;
    MulAssign mul_assign Mul *;
    DivAssign div_assign Div /;
    RemAssign rem_assign Rem %;
}

// Truth values and bits: no literals, so that `mask & other` is all there is.
macro_rules! bitwise {
    ($($Trait:ident $method:ident $function:ident;)*) => { $(
        impl<V: Into<Val>> $Trait<V> for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: V) -> Val { self.$function(rhs) }
        }
        impl<V: Into<Val>> $Trait<V> for &Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, rhs: V) -> Val { (*self).$function(rhs) }
        }
    )* };
}
bitwise! {
    BitAnd bitand and;
    BitOr bitor or;
    BitXor bitxor xor;
}

impl Neg for Val {
    type Output = Val;
    #[track_caller]
    fn neg(self) -> Val {
        self.negated()
    }
}
impl Neg for &Val {
    type Output = Val;
    #[track_caller]
    fn neg(self) -> Val {
        self.negated()
    }
}
impl Not for Val {
    type Output = Val;
    #[track_caller]
    fn not(self) -> Val {
        self.inverted()
    }
}
impl Not for &Val {
    type Output = Val;
    #[track_caller]
    fn not(self) -> Val {
        self.inverted()
    }
}

impl Sum for Val {
    fn sum<I: Iterator<Item = Val>>(all: I) -> Val {
        all.reduce(|a, b| a + b).unwrap_or_else(|| Val::from(0))
    }
}
impl<'a> Sum<&'a Val> for Val {
    fn sum<I: Iterator<Item = &'a Val>>(all: I) -> Val {
        all.copied().sum()
    }
}
