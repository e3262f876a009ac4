//! sin, cos, tan.
//!
//! `x = n · π + r` (or `n · π/2 + r`), the multiple in three parts so that r keeps its relative accuracy near the
//! zeros. Arguments for which n would be too large go through the scalar function.

use super::Format;
use crate::builder::Builder;
use crate::cold::ColdFunction;
use crate::op::Value;

/// P of `sin r = r · (1 + r² · P(r²))` for |r| <= π/2.
const SIN_F32: [f64; 5] = [
    -2.550184419192192e-08,
    2.762702251857263e-06,
    -0.00019843093468807638,
    0.008333350531756878,
    -0.1666666716337204,
];
const SIN_F64: [f64; 9] = [
    -7.981338486594463e-18,
    2.810202387333832e-15,
    -7.647127234520513e-13,
    1.6059043195547693e-10,
    -2.5052108378482895e-08,
    2.7557319223940153e-06,
    -0.0001984126984126967,
    0.008333333333333333,
    -0.16666666666666666,
];
/// The same for |r| <= π/4.
const SIN_QUARTER_F32: [f64; 4] =
    [2.7181140467291698e-06, -0.00019839311426039785, 0.008333329111337662, -0.1666666716337204];
const SIN_QUARTER_F64: [f64; 7] = [
    -7.578526670911819e-13,
    1.6058362894810395e-10,
    -2.505210487977015e-08,
    2.7557319214057015e-06,
    -0.00019841269841254784,
    0.008333333333333323,
    -0.16666666666666666,
];
/// P of `cos r = 1 - r²/2 + r⁴ · P(r²)` for |r| <= π/4.
const COS_QUARTER_F32: [f64; 3] = [2.443308403599076e-05, -0.0013887315290048718, 0.04166664555668831];
const COS_QUARTER_F64: [f64; 6] = [
    -1.1358514858043377e-11,
    2.0875700436442156e-09,
    -2.7557314176412153e-07,
    2.4801587288842075e-05,
    -0.001388888888887304,
    0.041666666666666595,
];

/// T of `tan r = r + r³ · T(r²)` for |r| <= π/4.
const TAN_F32: [f64; 7] = [
    0.004373358562588692,
    9.730167221277952e-05,
    0.010827922262251377,
    0.02128610759973526,
    0.054058920592069626,
    0.13332675397396088,
    0.33333349227905273,
];
const TAN_F64: [f64; 15] = [
    9.71591900817004e-06,
    -2.390164975100015e-05,
    4.7886930387270354e-05,
    -2.473971833256021e-05,
    6.651754377224021e-05,
    8.394434305783558e-05,
    0.0002436009757032206,
    0.0005889064977206523,
    0.001456037201701763,
    0.0035921020463681947,
    0.008863237811748005,
    0.021869488406097055,
    0.053968253972657455,
    0.13333333333325792,
    0.33333333333333376,
];

/// π as a sum of three floats, each positive, so that `-0 - 0 · π` stays -0.
const PI_F32: [f64; 3] = [3.141592502593994, 1.5099578831723193e-07, 1.078060505991553e-14];
const PI_F64: [f64; 3] = [std::f64::consts::PI, 1.224646799147353e-16, 2.1657133478438278e-32];
/// π/2 as the nearest float and the rest.
const HALF_PI_F32: (f64, f64) = (1.5707963705062866, -4.371138828673793e-08);
const HALF_PI_F64: (f64, f64) = (std::f64::consts::FRAC_PI_2, 6.123233995736766e-17);

/// An angle less a multiple of π/2.
struct QuarterTurn {
    /// `n + magic`, so that n is in the low bits.
    shifted: Value,
    r: Value,
    /// What the rounding of r lost.
    rest: Value,
}

impl Builder {
    /// Sine, within 2 units in the last place.
    pub fn sin(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let magic = self.float_like(x, format.magic());
        let shifted = self.plus_scaled(magic, std::f64::consts::FRAC_1_PI, x);
        let n = self.sub(shifted, magic);
        let r = self.less_multiple_of_pi(x, n);
        let sine = self.sine_reduced(r, format.pick(&SIN_F32[..], &SIN_F64[..]));
        // sin(r + nπ) = (-1)ⁿ sin r.
        let sine = self.negated_by_low_bit(sine, shifted);
        self.cold_if_large(x, ColdFunction::Sin, sine)
    }

    /// Cosine, within 2 units in the last place.
    pub fn cos(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let QuarterTurn { shifted, r, rest } = self.reduce_by_half_pi(x);
        let r = self.add(r, rest);
        let sine = self.sine_reduced(r, format.pick(&SIN_QUARTER_F32[..], &SIN_QUARTER_F64[..]));
        let square = self.mul(r, r);
        let p = self.polynomial(square, format.pick(&COS_QUARTER_F32[..], &COS_QUARTER_F64[..]));
        let minus_half = self.float_like(x, -0.5);
        let p = self.fma(p, square, minus_half);
        let unit = self.float_like(x, 1.0);
        let cosine = self.fma(p, square, unit);
        let odd = self.is_odd(shifted);
        let result = self.select(odd, sine, cosine);
        // cos(r + n · π/2) is cos r, -sin r, -cos r, sin r: negative where n + 1 has its second bit set.
        let bits = self.bits_of(shifted);
        let one = self.int(format.int, 1);
        let following = self.add(bits, one);
        let amount = self.int(format.int, i64::from(format.scalar.width()) - 2);
        let moved = self.shift_left(following, amount);
        let sign_bit = self.bits(format.int, format.sign_bit());
        let sign = self.and(moved, sign_bit);
        let bits = self.bits_of(result);
        let bits = self.xor(bits, sign);
        let result = self.bitcast(format.scalar, bits);
        self.cold_if_large(x, ColdFunction::Cos, result)
    }

    /// Tangent, within 2 units in the last place.
    pub fn tan(&mut self, x: Value) -> Value {
        let QuarterTurn { shifted, r, rest } = self.reduce_by_half_pi(x);
        // tan(r + rest) = r + (r³ T(r²) + rest).
        let square = self.mul(r, r);
        let p = self.polynomial(square, self.format(x).pick(&TAN_F32[..], &TAN_F64[..]));
        let p = self.mul(p, square);
        let reduced = self.fma(r, p, rest);
        let reduced = self.add(reduced, r);
        // tan(r + π/2) = -1 / tan r.
        let odd = self.is_odd(shifted);
        let (one, minus_one) = (self.float_like(x, 1.0), self.float_like(x, -1.0));
        let numerator = self.select(odd, minus_one, reduced);
        let denominator = self.select(odd, reduced, one);
        let tangent = self.div(numerator, denominator);
        // -0 lost its sign.
        let magnitude = self.abs(x);
        let tiny = self.float_like(x, self.format(x).pick(1e-4, 1e-8));
        let tiny = self.lt(magnitude, tiny);
        let tangent = self.select(tiny, x, tangent);
        self.cold_if_large(x, ColdFunction::Tan, tangent)
    }

    /// `x = n · π/2 + r`, r as a float and what its rounding lost.
    fn reduce_by_half_pi(&mut self, x: Value) -> QuarterTurn {
        let format = self.format(x);
        let magic = self.float_like(x, format.magic());
        let shifted = self.plus_scaled(magic, std::f64::consts::FRAC_2_PI, x);
        let n = self.sub(shifted, magic);
        let [first, second, third] = format.pick(PI_F32, PI_F64).map(|part| -part / 2.0);
        let before = self.plus_scaled(x, first, n);
        let r = self.plus_scaled(before, second, n);
        let rest = self.sub(before, r);
        let rest = self.plus_scaled(rest, second, n);
        let rest = self.plus_scaled(rest, third, n);
        QuarterTurn { shifted, r, rest }
    }

    /// Is n odd, given `n + magic`?
    fn is_odd(&mut self, shifted: Value) -> Value {
        let format = self.format(shifted);
        let bits = self.bits_of(shifted);
        let low = self.int(format.int, 1);
        let bits = self.and(bits, low);
        self.eq(bits, low)
    }

    /// `x - n · π`.
    fn less_multiple_of_pi(&mut self, x: Value, n: Value) -> Value {
        let parts = self.format(x).pick(PI_F32, PI_F64);
        parts.iter().fold(x, |r, part| self.plus_scaled(r, -part, n))
    }

    /// `r + r · (r² · P(r²))`. The inner product has +0 added, so that it is +0 and not -0 for r = -0, and the whole
    /// keeps its sign.
    fn sine_reduced(&mut self, r: Value, p: &[f64]) -> Value {
        let square = self.mul(r, r);
        let p = self.polynomial(square, p);
        let zero = self.float_like(r, 0.0);
        let p = self.fma(p, square, zero);
        self.fma(r, p, r)
    }

    /// `x`, negated where the low bit of `n + magic` is set.
    fn negated_by_low_bit(&mut self, x: Value, shifted: Value) -> Value {
        let format = self.format(x);
        let amount = self.int(format.int, i64::from(format.scalar.width()) - 1);
        let parity = self.bits_of(shifted);
        let sign = self.shift_left(parity, amount);
        let bits = self.bits_of(x);
        let bits = self.xor(bits, sign);
        self.bitcast(format.scalar, bits)
    }

    fn cold_if_large(&mut self, x: Value, function: ColdFunction, result: Value) -> Value {
        let magnitude = self.abs(x);
        let limit = self.float_like(x, self.format(x).pick(1e5, 1e9));
        let large = self.ge(magnitude, limit);
        self.cold(large, function, &[x], result)
    }
}

/// π/2 as the nearest float and the rest.
pub(super) fn half_pi(format: Format) -> (f64, f64) {
    format.pick(HALF_PI_F32, HALF_PI_F64)
}
