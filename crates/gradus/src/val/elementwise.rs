//! Methods of one and two elements: those of the IR's tables, promoted, and what is written with them.

use super::broadcast::{Promotion, bring_all, elementwise};
use super::promote::Promoted;
use super::{Val, strict};
use crate::{Dtype, ErrorKind, Kind};
use gradus_ir::ops::elementwise::{Binary, Domain, Unary};
use gradus_ir::{bind1, for_each_binary, for_each_unary};

/// The primitive `op`; integers become floats where it takes floats only.
#[track_caller]
fn unary(name: &'static str, op: Unary, x: Val) -> Val {
    Val::derive(name, &[x], |known| {
        let own = Promoted::from(&known[0]);
        let met = if op.domain() == Domain::Float { own.inexact() } else { own };
        let x = strict::convert_literal(x, met.dtype);
        Ok(Val::from_ir(bind1(op, &[x])).with_weak(met.weak))
    })
}

/// The primitive `op` of two operands, broadcast and promoted as its domain asks.
#[track_caller]
fn binary(name: &'static str, op: Binary, x: Val, y: Val) -> Val {
    let how = match op.domain() {
        Domain::Float => Promotion::Inexact,
        Domain::Bits | Domain::All => Promotion::Plain,
        _ => Promotion::Numeric,
    };
    elementwise(name, op, how, &[x, y])
}

/// `on_bool` for truth values, else `op`: sums of truth values are `or`, products are `and`.
#[track_caller]
fn or_of_bool(name: &'static str, op: Binary, on_bool: Option<Binary>, x: Val, y: Val) -> Val {
    Val::derive(name, &[x, y], |known| {
        let met = Promotion::Plain.of(known);
        let op = if met.dtype == Dtype::Bool { on_bool.unwrap_or(op) } else { op };
        let args = bring_all(&[x, y], known, met.dtype)?;
        Ok(Val::from_ir(bind1(op, &args)).with_weak(met.weak))
    })
}

// The tables' methods, but for those that need more than promotion and are written out below.
macro_rules! unary_methods {
    (neg = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    (not = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    (abs = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    (floor = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    (ceil = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { unary_methods! { $($rest)* } };
    ($method:ident = $Variant:ident $($doc:literal)*; $($rest:tt)*) => {
        impl Val {
            $(#[doc = $doc])*
            #[track_caller]
            pub fn $method(self) -> Val { unary(stringify!($method), Unary::$Variant, self) }
        }
        unary_methods! { $($rest)* }
    };
    () => {};
}
for_each_unary!(unary_methods);

macro_rules! binary_methods {
    (add = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (sub = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (mul = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (div = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (max = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (min = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (maximum = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (minimum = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    (pow = $Variant:ident $($doc:literal)*; $($rest:tt)*) => { binary_methods! { $($rest)* } };
    ($method:ident = $Variant:ident $($doc:literal)*; $($rest:tt)*) => {
        impl Val {
            $(#[doc = $doc])*
            ///
            /// The operands broadcast and promote.
            #[track_caller]
            pub fn $method(self, other: impl Into<Val>) -> Val {
                binary(stringify!($method), Binary::$Variant, self, other.into())
            }
        }
        binary_methods! { $($rest)* }
    };
    () => {};
}
for_each_binary!(binary_methods);
