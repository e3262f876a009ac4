//! The documentation of primitives as data, for the generated specification.

/// Defines an enum of primitives, or one as a struct: `doc()` returns the documentation comments, `VARIANTS` the
/// list of all variants, so that a test can ask each for its samples.
macro_rules! documented {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident {
            $($(#[doc = $doc:literal])* $Variant:ident $({ $($fields:tt)* })? $(( $($types:tt)* ))?),* $(,)?
        }
    ) => {
        $(#[$meta])*
        pub enum $Name {
            $($(#[doc = $doc])* $Variant $({ $($fields)* })? $(( $($types)* ))?),*
        }
        impl $Name {
            /// The names of all variants.
            pub const VARIANTS: &'static [&'static str] = &[$(stringify!($Variant)),*];

            /// The name of its variant.
            pub fn variant(&self) -> &'static str {
                match self { $($Name::$Variant { .. } => stringify!($Variant)),* }
            }
            /// The sentences of its documentation.
            pub fn doc(&self) -> &'static str {
                match self { $($Name::$Variant { .. } => concat!($($doc, "\n"),*)),* }
            }
        }
    };
    ($(#[doc = $doc:literal])* #[derive($($derive:ident),*)] pub struct $Name:ident $body:tt) => {
        $(#[doc = $doc])*
        #[derive($($derive),*)]
        pub struct $Name $body
        impl $Name {
            /// The names of all variants: its own.
            pub const VARIANTS: &'static [&'static str] = &[stringify!($Name)];

            /// The name of its variant: its own.
            pub fn variant(&self) -> &'static str {
                stringify!($Name)
            }
            /// The sentences of its documentation.
            pub fn doc(&self) -> &'static str {
                concat!($($doc, "\n"),*)
            }
        }
    };
}
