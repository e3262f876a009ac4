//! The meaning of each operation on lane bits.
//!
//! Constant folding, the interpreter, and through tests every code generator agree with this file.

use crate::op::{Binary, Comparison, Op, Unary, Value};
use crate::scalar::{Scalar, f32_of, f64_of};

/// Computes an operation; `read` gives type and lane bits of an operand.
pub fn evaluate(op: &Op, mut read: impl FnMut(Value) -> (Scalar, u64)) -> u64 {
    match op {
        Op::Constant { bits, .. } => *bits,
        Op::Unary(unary, x) => {
            let (scalar, x) = read(*x);
            evaluate_unary(*unary, scalar, x)
        }
        Op::Binary(binary, x, y) => {
            let (scalar, x) = read(*x);
            evaluate_binary(*binary, scalar, x, read(*y).1)
        }
        Op::Fma(x, y, z) => {
            let (scalar, x) = read(*x);
            evaluate_fma(scalar, x, read(*y).1, read(*z).1)
        }
        Op::Compare(comparison, x, y) => {
            let (scalar, x) = read(*x);
            u64::from(evaluate_comparison(*comparison, scalar, x, read(*y).1))
        }
        Op::Select(condition, x, y) => {
            if read(*condition).1 != 0 {
                read(*x).1
            } else {
                read(*y).1
            }
        }
        Op::Convert(to, x) => {
            let (from, x) = read(*x);
            evaluate_convert(from, *to, x)
        }
        Op::Bitcast(_, x) => read(*x).1,
        Op::Cold { function, condition, args, otherwise } => {
            let (scalar, otherwise) = read(*otherwise);
            if read(*condition).1 == 0 {
                return otherwise;
            }
            let args: smallvec::SmallVec<[u64; 2]> = args.iter().map(|&arg| read(arg).1).collect();
            function.evaluate(scalar, &args)
        }
    }
}

/// `op x` on lane bits.
pub fn evaluate_unary(unary: Unary, scalar: Scalar, x: u64) -> u64 {
    let sign = 1 << (scalar.width() - 1);
    match (unary, scalar) {
        (Unary::Neg, Scalar::F32 | Scalar::F64) => x ^ sign,
        (Unary::Abs, Scalar::F32 | Scalar::F64) => x & !sign,
        (Unary::Neg, _) => x.wrapping_neg() & scalar.mask(),
        (Unary::Abs, _) => scalar.bits_of_i64(match scalar.is_signed_int() {
            true => scalar.i64_of_bits(x).wrapping_abs(),
            false => x as i64,
        }),
        (Unary::Not, _) => !x & scalar.mask(),
        (Unary::Popcount, _) => u64::from(x.count_ones()),
        (Unary::CountLeadingZeros, _) => u64::from(x.leading_zeros() + scalar.width() - 64),
        (_, Scalar::F32) => {
            let x = f32_of(x);
            u64::from(
                match unary {
                    Unary::Sqrt => x.sqrt(),
                    Unary::Floor => x.floor(),
                    Unary::Ceil => x.ceil(),
                    Unary::Trunc => x.trunc(),
                    _ => x.round_ties_even(),
                }
                .to_bits(),
            )
        }
        (_, Scalar::F64) => {
            let x = f64_of(x);
            match unary {
                Unary::Sqrt => x.sqrt(),
                Unary::Floor => x.floor(),
                Unary::Ceil => x.ceil(),
                Unary::Trunc => x.trunc(),
                _ => x.round_ties_even(),
            }
            .to_bits()
        }
        _ => panic!("internal: {} of {scalar}", unary.name()),
    }
}

/// `x op y` on lane bits.
pub fn evaluate_binary(binary: Binary, scalar: Scalar, x: u64, y: u64) -> u64 {
    match scalar {
        Scalar::F32 => u64::from(float_binary_f32(binary, f32_of(x), f32_of(y)).to_bits()),
        Scalar::F64 => float_binary_f64(binary, f64_of(x), f64_of(y)).to_bits(),
        _ => integer_binary(binary, scalar, x, y),
    }
}

macro_rules! float_binary {
    ($name:ident, $float:ty, $bits:ty, $fmod:path) => {
        fn $name(binary: Binary, x: $float, y: $float) -> $float {
            match binary {
                Binary::Add => x + y,
                Binary::Sub => x - y,
                Binary::Mul => x * y,
                Binary::Div => x / y,
                Binary::Rem => $fmod(x, y),
                Binary::Min | Binary::Max if x.is_nan() || y.is_nan() => <$float>::NAN,
                Binary::Min if x == y => {
                    if x.is_sign_negative() {
                        x
                    } else {
                        y
                    }
                }
                Binary::Max if x == y => {
                    if x.is_sign_negative() {
                        y
                    } else {
                        x
                    }
                }
                Binary::Min => {
                    if x < y {
                        x
                    } else {
                        y
                    }
                }
                Binary::Max => {
                    if x > y {
                        x
                    } else {
                        y
                    }
                }
                Binary::ScaleByPowerOfTwo => {
                    const BIAS: i64 = <$float>::MAX_EXP as i64 - 1;
                    const MANTISSA: u32 = <$float>::MANTISSA_DIGITS - 1;
                    // Two factors, so that each is normal and only the second product rounds.
                    let factor = |n: i64| <$float>::from_bits(((n + BIAS) as $bits) << MANTISSA);
                    let n = (y as i64).clamp(-2 * BIAS, 2 * BIAS);
                    let first = n >> 1;
                    x * factor(first) * factor(n - first)
                }
                Binary::And
                | Binary::Or
                | Binary::Xor
                | Binary::ShiftLeft
                | Binary::ShiftRightLogical
                | Binary::ShiftRightArithmetic => panic!("internal: {} of floats", binary.name()),
            }
        }
    };
}

float_binary!(float_binary_f32, f32, u32, libm::fmodf);
float_binary!(float_binary_f64, f64, u64, libm::fmod);

fn integer_binary(binary: Binary, scalar: Scalar, x: u64, y: u64) -> u64 {
    let (mask, width) = (scalar.mask(), u64::from(scalar.width()));
    let signed = scalar.is_signed_int();
    let (sx, sy) = (scalar.i64_of_bits(x), scalar.i64_of_bits(y));
    let less = if signed { sx < sy } else { x < y };
    mask & match binary {
        Binary::Add => x.wrapping_add(y),
        Binary::Sub => x.wrapping_sub(y),
        Binary::Mul => x.wrapping_mul(y),
        Binary::Div if y == 0 => u64::MAX,
        Binary::Div if signed => sx.wrapping_div(sy) as u64,
        Binary::Div => x / y,
        Binary::Rem if y == 0 => x,
        Binary::Rem if signed => sx.wrapping_rem(sy) as u64,
        Binary::Rem => x % y,
        Binary::Min => {
            if less {
                x
            } else {
                y
            }
        }
        Binary::Max => {
            if less {
                y
            } else {
                x
            }
        }
        Binary::And => x & y,
        Binary::Or => x | y,
        Binary::Xor => x ^ y,
        Binary::ShiftLeft => {
            if y < width {
                x << y
            } else {
                0
            }
        }
        Binary::ShiftRightLogical => {
            if y < width {
                x >> y
            } else {
                0
            }
        }
        Binary::ShiftRightArithmetic if signed => (sx >> y.min(width - 1)) as u64,
        Binary::ShiftRightArithmetic => {
            let unused = 64 - scalar.width();
            (((x << unused) as i64) >> unused >> y.min(width - 1)) as u64
        }
        Binary::ScaleByPowerOfTwo => panic!("internal: scale_by_power_of_two of {scalar}"),
    }
}

/// `x · y + z`, rounded once, on lane bits.
pub fn evaluate_fma(scalar: Scalar, x: u64, y: u64, z: u64) -> u64 {
    match scalar {
        Scalar::F32 => u64::from(f32_of(x).mul_add(f32_of(y), f32_of(z)).to_bits()),
        Scalar::F64 => f64_of(x).mul_add(f64_of(y), f64_of(z)).to_bits(),
        _ => panic!("internal: fma of {scalar}"),
    }
}

/// A comparison of lane bits.
pub fn evaluate_comparison(comparison: Comparison, scalar: Scalar, x: u64, y: u64) -> bool {
    fn compare<T: PartialOrd>(comparison: Comparison, x: T, y: T) -> bool {
        match comparison {
            Comparison::Eq => x == y,
            Comparison::Ne => x != y,
            Comparison::Lt => x < y,
            Comparison::Le => x <= y,
            Comparison::Gt => x > y,
            Comparison::Ge => x >= y,
        }
    }
    match scalar {
        Scalar::F32 => compare(comparison, f32_of(x), f32_of(y)),
        Scalar::F64 => compare(comparison, f64_of(x), f64_of(y)),
        _ if scalar.is_signed_int() => compare(comparison, scalar.i64_of_bits(x), scalar.i64_of_bits(y)),
        _ => compare(comparison, x, y),
    }
}

/// A conversion of lane bits.
pub fn evaluate_convert(from: Scalar, to: Scalar, x: u64) -> u64 {
    match (from, to) {
        (Scalar::F32, Scalar::F32) | (Scalar::F64, Scalar::F64) => x,
        (Scalar::F32, _) => to.bits_of_f64(f64::from(f32_of(x))),
        (Scalar::F64, _) => to.bits_of_f64(f64_of(x)),
        (Scalar::U64, Scalar::F32) => u64::from((x as f32).to_bits()),
        (Scalar::U64, Scalar::F64) => (x as f64).to_bits(),
        (_, Scalar::Bool) => u64::from(x != 0),
        _ => to.bits_of_i64(from.i64_of_bits(x)),
    }
}
