//! Element types. Adding one is a line in `dtypes!`; everything else asks its properties.

use gradus_kernel::Scalar;
use std::fmt;

/// A Rust type that an [`Array`](crate::Array) may hold.
pub trait Element: Copy + Default + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// The matching element type.
    const DTYPE: Dtype;
    /// How an element lies in memory: itself, but for `bool`, which is a byte 0 or 1.
    type Repr: bytemuck::Pod;
    /// The element as it lies in memory.
    fn to_repr(self) -> Self::Repr;
    /// The element from memory.
    fn from_repr(repr: Self::Repr) -> Self;
    /// The element as `f64`, as `as` converts.
    fn to_f64(self) -> f64;
    /// The nearest element: rounded once, saturated, NaN to zero for integers.
    fn from_f64(x: f64) -> Self;
    /// The element as a 128-bit integer (floats are truncated).
    fn to_i128(self) -> i128;
    /// The element with the low bits of `x` (floats are rounded).
    fn from_i128(x: i128) -> Self;
}

macro_rules! dtypes {
    ($($Variant:ident $name:literal $Repr:ty, $bytes:literal, $Kind:ident, $Scalar:ident;)*) => {
        /// The type of the elements of an array.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Dtype { $(#[doc = concat!("`", $name, "`.")] $Variant),* }

        impl Dtype {
            /// Every element type.
            pub const ALL: &'static [Dtype] = &[$(Dtype::$Variant),*];

            /// The printed name, as in `f32[2,3]`.
            pub fn name(self) -> &'static str {
                match self { $(Dtype::$Variant => $name),* }
            }
            /// Bytes of one element.
            pub fn size_bytes(self) -> usize {
                match self { $(Dtype::$Variant => $bytes),* }
            }
            /// What kind of number it is.
            pub fn kind(self) -> Kind {
                match self { $(Dtype::$Variant => Kind::$Kind),* }
            }
            /// The type of one lane of a kernel.
            pub fn scalar(self) -> Scalar {
                match self { $(Dtype::$Variant => Scalar::$Scalar),* }
            }
        }

        /// Runs `$body` with `$T` standing for the Rust type of a `Dtype`.
        #[macro_export]
        macro_rules! with_element {
            ($dtype:expr, $T:ident => $body:expr) => {
                match $dtype {
                    $($crate::Dtype::$Variant => { type $T = $Repr; $body })*
                    #[allow(unreachable_patterns, reason = "only inside this crate is the list known to be whole")]
                    _ => unreachable!("internal: an element type without a Rust type"),
                }
            };
        }
    };
}
dtypes! {
    Bool "bool" bool, 1, Bool, Bool;
    U8 "u8" u8, 1, Unsigned, U8;
    U16 "u16" u16, 2, Unsigned, U16;
    U32 "u32" u32, 4, Unsigned, U32;
    U64 "u64" u64, 8, Unsigned, U64;
    I8 "i8" i8, 1, Signed, I8;
    I16 "i16" i16, 2, Signed, I16;
    I32 "i32" i32, 4, Signed, I32;
    I64 "i64" i64, 8, Signed, I64;
    F32 "f32" f32, 4, Float, F32;
    F64 "f64" f64, 8, Float, F64;
}

/// The kinds of element types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Truth values.
    Bool,
    /// Integers without a sign; arithmetic wraps.
    Unsigned,
    /// Integers in two's complement; arithmetic wraps.
    Signed,
    /// IEEE floating point.
    Float,
}

impl Dtype {
    /// Whether it is a floating-point type: what can be differentiated.
    pub fn is_float(self) -> bool {
        self.kind() == Kind::Float
    }
    /// Whether it is an integer type, signed or not (`bool` is not).
    pub fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::Signed | Kind::Unsigned)
    }
    /// The type of that printed name.
    pub fn from_name(name: &str) -> Option<Dtype> {
        Dtype::ALL.iter().copied().find(|d| d.name() == name)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! numbers {
    ($($T:ty = $Variant:ident),*) => { $(
        impl Element for $T {
            const DTYPE: Dtype = Dtype::$Variant;
            type Repr = $T;
            fn to_repr(self) -> $T { self }
            fn from_repr(repr: $T) -> $T { repr }
            fn to_f64(self) -> f64 { self as f64 }
            fn from_f64(x: f64) -> $T { x as $T }
            fn to_i128(self) -> i128 { self as i128 }
            fn from_i128(x: i128) -> $T { x as $T }
        }
    )* };
}
numbers!(
    u8 = U8,
    u16 = U16,
    u32 = U32,
    u64 = U64,
    i8 = I8,
    i16 = I16,
    i32 = I32,
    i64 = I64,
    f32 = F32,
    f64 = F64
);

impl Element for bool {
    const DTYPE: Dtype = Dtype::Bool;
    type Repr = u8;
    fn to_repr(self) -> u8 {
        self.into()
    }
    fn from_repr(repr: u8) -> bool {
        repr != 0
    }
    fn to_f64(self) -> f64 {
        u8::from(self).into()
    }
    fn from_f64(x: f64) -> bool {
        x != 0.0
    }
    fn to_i128(self) -> i128 {
        self.into()
    }
    fn from_i128(x: i128) -> bool {
        x != 0
    }
}
