//! Lane types and the bits of a lane.
//!
//! A lane value is 64 bits: the value's own bits, zero-extended (a bool is 0 or 1). Every function of this
//! crate that takes or returns lane bits keeps that form.

use std::fmt;

/// Type of one lane of a kernel value and of one element of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scalar {
    /// Truth value; one byte, 0 or 1, in memory.
    Bool,
    /// Signed 8-bit integer.
    I8,
    /// Signed 16-bit integer.
    I16,
    /// Signed 32-bit integer.
    I32,
    /// Signed 64-bit integer.
    I64,
    /// Unsigned 8-bit integer.
    U8,
    /// Unsigned 16-bit integer.
    U16,
    /// Unsigned 32-bit integer.
    U32,
    /// Unsigned 64-bit integer.
    U64,
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
}

impl Scalar {
    /// Every lane type, bool first.
    pub const ALL: [Scalar; 11] = [
        Scalar::Bool,
        Scalar::I8,
        Scalar::I16,
        Scalar::I32,
        Scalar::I64,
        Scalar::U8,
        Scalar::U16,
        Scalar::U32,
        Scalar::U64,
        Scalar::F32,
        Scalar::F64,
    ];

    /// Bytes of one element in memory.
    pub const fn size_bytes(self) -> usize {
        match self {
            Scalar::Bool | Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::U64 | Scalar::F64 => 8,
        }
    }

    /// Bits of the value; 1 for a bool.
    pub const fn width(self) -> u32 {
        match self {
            Scalar::Bool => 1,
            _ => 8 * self.size_bytes() as u32,
        }
    }

    /// Is this a floating-point type?
    pub const fn is_float(self) -> bool {
        matches!(self, Scalar::F32 | Scalar::F64)
    }

    /// Is this an integer type? A bool is not.
    pub const fn is_int(self) -> bool {
        !self.is_float() && !matches!(self, Scalar::Bool)
    }

    /// Is this a signed integer type?
    pub const fn is_signed_int(self) -> bool {
        matches!(self, Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64)
    }

    /// The bits of a value that this type keeps, as a mask.
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.width())
    }

    /// Lane bits of an integer, wrapped to the type; a bool is `value != 0`.
    pub const fn bits_of_i64(self, value: i64) -> u64 {
        match self {
            Scalar::Bool => (value != 0) as u64,
            Scalar::F32 => (value as f32).to_bits() as u64,
            Scalar::F64 => (value as f64).to_bits(),
            _ => value as u64 & self.mask(),
        }
    }

    /// Lane bits of a float, rounded once to the type; for an integer type the value saturates, NaN is 0.
    pub const fn bits_of_f64(self, value: f64) -> u64 {
        match self {
            Scalar::Bool => (value != 0.0) as u64,
            Scalar::F32 => (value as f32).to_bits() as u64,
            Scalar::F64 => value.to_bits(),
            Scalar::I8 => value as i8 as u8 as u64,
            Scalar::I16 => value as i16 as u16 as u64,
            Scalar::I32 => value as i32 as u32 as u64,
            Scalar::I64 => value as i64 as u64,
            Scalar::U8 => value as u8 as u64,
            Scalar::U16 => value as u16 as u64,
            Scalar::U32 => value as u32 as u64,
            Scalar::U64 => value as u64,
        }
    }

    /// The integer that lane bits of an integer type (or a bool) stand for, sign-extended if it is signed.
    pub const fn i64_of_bits(self, bits: u64) -> i64 {
        let unused = 64 - self.width();
        if self.is_signed_int() { (bits as i64) << unused >> unused } else { bits as i64 }
    }

    /// The lowest value of an integer type as lane bits.
    pub const fn min_bits(self) -> u64 {
        if self.is_signed_int() { 1 << (self.width() - 1) } else { 0 }
    }

    /// The highest value of an integer type as lane bits.
    pub const fn max_bits(self) -> u64 {
        if self.is_signed_int() { self.mask() >> 1 } else { self.mask() }
    }

    /// The unsigned integer type of the same width, bool for bool.
    pub const fn to_unsigned(self) -> Scalar {
        match self {
            Scalar::Bool => Scalar::Bool,
            Scalar::I8 | Scalar::U8 => Scalar::U8,
            Scalar::I16 | Scalar::U16 => Scalar::U16,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => Scalar::U32,
            Scalar::I64 | Scalar::U64 | Scalar::F64 => Scalar::U64,
        }
    }

    /// The signed integer type of the same width, bool for bool.
    pub const fn to_signed(self) -> Scalar {
        match self {
            Scalar::Bool => Scalar::Bool,
            Scalar::I8 | Scalar::U8 => Scalar::I8,
            Scalar::I16 | Scalar::U16 => Scalar::I16,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => Scalar::I32,
            Scalar::I64 | Scalar::U64 | Scalar::F64 => Scalar::I64,
        }
    }

    /// Text name: `f32`, `bool`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Scalar::Bool => "bool",
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::U8 => "u8",
            Scalar::U16 => "u16",
            Scalar::U32 => "u32",
            Scalar::U64 => "u64",
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The f32 of its lane bits.
pub(crate) fn f32_of(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

/// The f64 of its lane bits.
pub(crate) fn f64_of(bits: u64) -> f64 {
    f64::from_bits(bits)
}
