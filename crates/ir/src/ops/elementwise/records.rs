//! The macro behind `unary.rs` and `binary.rs`: an enum of primitives from a table of records.
//!
//! A file that invokes [`records!`] defines `Record` with the fields below, `Meaning` and `Derivative`, whose variants
//! it imports. A record without `complex` has no complex form.

/// The complex form of a record, or none: one formula of the parts, for numbers and for values.
macro_rules! of_complex {
    (() $formula:path) => {
        Some(OfComplex { meaning: |z| whole($formula, z), formula: |z| whole($formula, z) })
    };
    (($operand:ident) $formula:path) => {
        Some(OfComplex { meaning: |x, y| whole2($formula, x, y), formula: |x, y| whole2($formula, x, y) })
    };
    ($operands:tt) => {
        None
    };
}

/// The method of `Val` that a record becomes; the operands behind the first are in the parentheses.
macro_rules! method {
    ($method:ident, $op:expr, ($($operand:ident),*), $($doc:literal)*) => {
        $(#[doc = $doc])*
        #[track_caller]
        #[allow(clippy::should_implement_trait, reason = "operators have the same names and meaning")]
        pub fn $method(self $(, $operand: Val)*) -> Val {
            bind1($op, &[self $(, $operand)*])
        }
    };
}

/// `Enum(operands behind the first), name_of_the_listing_macro;`, then records.
macro_rules! records {
    ($(#[doc = $about:literal])* $Enum:ident $operands:tt, $for_each:ident;
    $($(#[doc = $doc:literal])* $method:ident = $Variant:ident {
        domain: $domain:ident,
        meaning: $meaning:expr,
        derivative: $derivative:expr,
        lower: $lower:expr,
        ulps: $ulps:expr,
        sample: $range:expr
        $(, complex: $complex:path)? $(,)?
    })*) => {
        documented! {
            $(#[doc = $about])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub enum $Enum { $($(#[doc = $doc])* $Variant),* }
        }

        impl $Enum {
            /// Every one of them.
            pub const ALL: &'static [$Enum] = &[$($Enum::$Variant),*];

            pub(crate) fn record(self) -> Record {
                match self {
                    $($Enum::$Variant => Record {
                        name: stringify!($method),
                        domain: Domain::$domain,
                        meaning: $meaning,
                        derivative: $derivative,
                        lower: $lower,
                        ulps: $ulps,
                        range: $range,
                        complex: of_complex!($operands $($complex)?),
                    }),*
                }
            }
            /// The element types it is defined for.
            pub fn domain(self) -> Domain {
                self.record().domain
            }
        }

        impl Val {
            $(method! { $method, $Enum::$Variant, $operands, $($doc)* })*
        }

        /// Calls `$callback!` with `method = Variant "doc"` for every record of the table.
        #[macro_export]
        macro_rules! $for_each {
            ($callback:ident) => { $callback! { $($method = $Variant $($doc)*;)* } };
        }
    };
}
