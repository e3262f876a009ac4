//! The documentation of primitives as data, for the generated specification.

/// Defines an enum of primitives, or one as a struct, whose documentation comments `doc()` returns.
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
            /// The sentences of its documentation.
            pub fn doc(&self) -> &'static str {
                concat!($($doc, "\n"),*)
            }
        }
    };
}
