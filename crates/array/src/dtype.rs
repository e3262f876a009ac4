//! Element types. Adding one is a line in `dtypes!`; everything else asks its properties.

use gradus_kernel::Scalar;
use half::{bf16, f16};
use num_complex::Complex;
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
    /// The element as `f64`, as `as` converts; of a complex number the real part.
    fn to_f64(self) -> f64;
    /// The nearest element: rounded once, saturated, NaN to zero for integers.
    fn from_f64(x: f64) -> Self;
    /// The element as a complex number.
    fn to_complex(self) -> Complex<f64> {
        Complex::new(self.to_f64(), 0.0)
    }
    /// The nearest element, each part rounded once; what is not complex takes the real part.
    fn from_complex(z: Complex<f64>) -> Self {
        Self::from_f64(z.re)
    }
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
            /// The type of one lane of a kernel. A 16-bit float moves as its bits, a complex number as two lanes.
            pub fn scalar(self) -> Scalar {
                match self { $(Dtype::$Variant => Scalar::$Scalar),* }
            }
        }

        /// Runs `$body` with `$T` standing for the Rust type of a `Dtype`: compiled once for each of them, so its place
        /// is this crate.
        macro_rules! with_element {
            ($dtype:expr, $T:ident => $body:expr) => {
                match $dtype { $($crate::Dtype::$Variant => { type $T = $Repr; $body })* }
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
    BF16 "bf16" half::bf16, 2, Float, U16;
    F16 "f16" half::f16, 2, Float, U16;
    F32 "f32" f32, 4, Float, F32;
    F64 "f64" f64, 8, Float, F64;
    Complex64 "complex64" num_complex::Complex<f32>, 8, Complex, F32;
    Complex128 "complex128" num_complex::Complex<f64>, 16, Complex, F64;
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
    /// Floating point: IEEE's, and the upper half of its `f32`.
    Float,
    /// Pairs of floats: real and imaginary part.
    Complex,
}

impl Dtype {
    /// Whether it is a real floating-point type.
    pub fn is_float(self) -> bool {
        self.kind() == Kind::Float
    }
    /// Whether it is a type of complex numbers.
    pub fn is_complex(self) -> bool {
        self.kind() == Kind::Complex
    }
    /// Whether it is a type of real or complex floats: what can be differentiated.
    pub fn is_inexact(self) -> bool {
        self.is_float() || self.is_complex()
    }
    /// Whether it is a 16-bit float, which is stored so and computed in `f32`.
    pub fn is_half(self) -> bool {
        matches!(self, Dtype::BF16 | Dtype::F16)
    }
    /// The type of the parts of a complex number; any other type is its own.
    pub fn real(self) -> Dtype {
        match self {
            Dtype::Complex64 => Dtype::F32,
            Dtype::Complex128 => Dtype::F64,
            other => other,
        }
    }
    /// The complex type that holds this type's numbers: of two `f64` for what is wider than `f32`.
    pub fn complex(self) -> Dtype {
        match self {
            Dtype::F64 | Dtype::Complex128 => Dtype::Complex128,
            _ => Dtype::Complex64,
        }
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

/// `x` as an `f32` that rounds to any shorter type as `x` itself does: truncated, the last bit set if digits fell off.
fn sticky(x: f64) -> f32 {
    let near = x as f32;
    let back = f64::from(near);
    if back == x || x.is_nan() || near.to_bits() & 1 == 1 {
        return near;
    }
    let bits = near.to_bits();
    f32::from_bits(if back.abs() > x.abs() { bits - 1 } else { bits + 1 })
}

/// The same of an integer.
fn sticky_integer(x: i128) -> f32 {
    let near = x as f64;
    if near.abs() < 9.0e15 {
        return sticky(near);
    }
    // The bits that an f64 cannot hold are far below those that a 16-bit float keeps: one of them stands for all.
    let kept = x & !0xff_ffff;
    let rest = i128::from(x != kept) << 23;
    sticky((kept >> 23 | rest >> 23) as f64 * f64::from(1u32 << 23))
}

macro_rules! halves {
    ($($T:ty = $Variant:ident),*) => { $(
        impl Element for $T {
            const DTYPE: Dtype = Dtype::$Variant;
            type Repr = $T;
            fn to_repr(self) -> $T { self }
            fn from_repr(repr: $T) -> $T { repr }
            fn to_f64(self) -> f64 { self.to_f64() }
            fn from_f64(x: f64) -> $T { <$T>::from_f32(sticky(x)) }
            fn to_i128(self) -> i128 { self.to_f64() as i128 }
            fn from_i128(x: i128) -> $T { <$T>::from_f32(sticky_integer(x)) }
        }
    )* };
}
halves!(bf16 = BF16, f16 = F16);

macro_rules! complexes {
    ($($T:ty = $Variant:ident),*) => { $(
        impl Element for Complex<$T> {
            const DTYPE: Dtype = Dtype::$Variant;
            type Repr = Complex<$T>;
            fn to_repr(self) -> Self { self }
            fn from_repr(repr: Self) -> Self { repr }
            fn to_f64(self) -> f64 { self.re.into() }
            fn from_f64(x: f64) -> Self { Complex::new(x as $T, 0.0) }
            fn to_complex(self) -> Complex<f64> { Complex::new(self.re.into(), self.im.into()) }
            fn from_complex(z: Complex<f64>) -> Self { Complex::new(z.re as $T, z.im as $T) }
            fn to_i128(self) -> i128 { self.re as i128 }
            fn from_i128(x: i128) -> Self { Complex::new(x as $T, 0.0) }
        }
    )* };
}
complexes!(f32 = Complex64, f64 = Complex128);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bit_floats_are_rounded_once() {
        // Just above a tie of bf16 (1 + 2^-8), by less than f32 can see.
        let above = 1.0 + f64::powi(2.0, -8) + f64::powi(2.0, -40);
        assert_eq!(<bf16 as Element>::from_f64(above).to_bits(), 0x3f81);
        assert_eq!(
            <f16 as Element>::from_f64(1.0 + f64::powi(2.0, -11) + f64::powi(2.0, -40)).to_bits(),
            0x3c01
        );
        assert_eq!(<f16 as Element>::from_f64(65519.99).to_f32(), 65504.0);
        assert_eq!(<f16 as Element>::from_f64(1e300), f16::INFINITY);
        assert_eq!(
            <bf16 as Element>::from_i128((1 << 60) + (1 << 52) + 1).to_f64(),
            f64::powi(2.0, 60) * (1.0 + 1.0 / 128.0)
        );
        assert_eq!(<bf16 as Element>::from_i128(-(1 << 60) - (1 << 52)).to_f64(), -f64::powi(2.0, 60));
    }
}
