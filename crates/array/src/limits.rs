//! What numbers an element type holds.

use crate::{Dtype, Kind};
use half::{bf16, f16};

/// The numbers of a float type; of a complex one those of its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FloatInfo {
    /// Bits of a number.
    pub bits: u32,
    /// Bits of the mantissa, without the leading one.
    pub nmant: u32,
    /// The distance from 1 to the next larger number.
    pub eps: f64,
    /// The largest finite number.
    pub max: f64,
    /// The lowest finite number.
    pub min: f64,
    /// The smallest positive number with a leading one.
    pub smallest_normal: f64,
    /// The smallest positive number.
    pub smallest_subnormal: f64,
}

/// The numbers of an integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntInfo {
    /// Bits of a number.
    pub bits: u32,
    /// The least number.
    pub min: i128,
    /// The greatest number.
    pub max: i128,
}

impl Dtype {
    /// The numbers of a float type, as NumPy's `finfo`; `None` for other types.
    ///
    /// ```
    /// use gradus_array::Dtype;
    /// assert_eq!(Dtype::BF16.finfo().unwrap().eps, 0.0078125);
    /// assert_eq!(Dtype::I8.finfo(), None);
    /// ```
    pub fn finfo(self) -> Option<FloatInfo> {
        let of = |bits: u32, nmant: u32, max: f64, smallest_normal: f64| {
            let eps = f64::powi(2.0, -(nmant as i32));
            let smallest_subnormal = smallest_normal * eps;
            FloatInfo { bits, nmant, eps, max, min: -max, smallest_normal, smallest_subnormal }
        };
        Some(match self.real() {
            Dtype::BF16 => of(16, 7, bf16::MAX.to_f64(), bf16::MIN_POSITIVE.to_f64()),
            Dtype::F16 => of(16, 10, f16::MAX.to_f64(), f16::MIN_POSITIVE.to_f64()),
            Dtype::F32 => of(32, 23, f32::MAX.into(), f32::MIN_POSITIVE.into()),
            Dtype::F64 => of(64, 52, f64::MAX, f64::MIN_POSITIVE),
            _ => return None,
        })
    }
    /// The numbers of an integer type, as NumPy's `iinfo`; `None` for other types.
    ///
    /// ```
    /// use gradus_array::Dtype;
    /// assert_eq!(Dtype::I8.iinfo().unwrap().min, -128);
    /// assert_eq!(Dtype::Bool.iinfo(), None);
    /// ```
    pub fn iinfo(self) -> Option<IntInfo> {
        let bits = 8 * self.size_bytes() as u32;
        match self.kind() {
            Kind::Unsigned => Some(IntInfo { bits, min: 0, max: (1 << bits) - 1 }),
            Kind::Signed => Some(IntInfo { bits, min: -(1 << (bits - 1)), max: (1 << (bits - 1)) - 1 }),
            _ => None,
        }
    }
    /// Whether the type, of integers, has the number `n`; others are not asked for every one.
    ///
    /// ```
    /// use gradus_array::Dtype;
    /// assert!(Dtype::U8.holds(255) && !Dtype::I8.holds(128));
    /// ```
    pub fn holds(self, n: usize) -> bool {
        self.iinfo().is_none_or(|info| n as i128 <= info.max)
    }
    /// The type of indices and counts of which none is above `n`: `i32`, and `i64` where that does not hold them.
    ///
    /// ```
    /// use gradus_array::Dtype;
    /// assert_eq!(Dtype::of_index(10), Dtype::I32);
    /// assert_eq!(Dtype::of_index(1 << 31), Dtype::I64);
    /// ```
    pub fn of_index(n: usize) -> Dtype {
        if Dtype::I32.holds(n) { Dtype::I32 } else { Dtype::I64 }
    }
}
