//! exp, exp2, expm1 and what is made of them directly: tanh, logistic.
//!
//! `x = n · ln 2 + r`, |r| <= ln 2 / 2, and `exp x = 2ⁿ · (1 + r + r² · q(r))`.

use super::Format;
use crate::builder::Builder;
use crate::op::Value;

/// q of `exp r = 1 + r + r² · q(r)` for |r| <= ln 2 / 2.
const EXP_F32: [f64; 5] =
    [0.001381461275741458, 0.008368724025785923, 0.04166838899254799, 0.1666652113199234, 0.4999999403953552];
const EXP_F64: [f64; 10] = [
    2.500007279212245e-8,
    2.7630262890116207e-7,
    2.755758639994108e-6,
    2.480149306166694e-5,
    0.00019841269506488054,
    0.0013888888943662297,
    0.008333333333494527,
    0.04166666666653005,
    0.16666666666666413,
    0.5000000000000011,
];

/// P of `tanh x = x + x³ · P(x²)` for |x| <= 9/16.
const TANH_F32: [f64; 5] = [
    -0.006169594824314117,
    0.021000368520617485,
    -0.053835757076740265,
    0.13332436978816986,
    -0.3333331346511841,
];
const TANH_F64: [f64; 11] = [
    -1.8903938840845098e-05,
    8.236088958727962e-05,
    -0.00023271619048967397,
    0.0005881836370809966,
    -0.001455479638743121,
    0.0035920822494344136,
    -0.008863231637105715,
    0.021869488327269673,
    -0.053968253961724104,
    0.13333333333323133,
    -0.33333333333333276,
];

/// ln 2 as the nearest float and the rest.
const LN_2_F32: (f64, f64) = (0.693_147_182_464_599_6, -1.904_654_299_957_767_7e-9);
pub(super) const LN_2_F64: (f64, f64) = (std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);

/// `x = n · ln 2 + r`.
pub(super) struct Reduced {
    /// `n + magic`, so that n is in the low bits.
    pub(super) shifted: Value,
    /// n as a float.
    pub(super) n: Value,
    pub(super) r: Value,
    /// What the rounding of r lost.
    pub(super) rest: Value,
}

impl Builder {
    /// `eˣ`, within 1 unit in the last place.
    pub fn exp(&mut self, x: Value) -> Value {
        let format = self.format(x);
        // Beyond these the result is 0 or infinite.
        let (lowest, highest) = format.pick((-104.0, 89.0), (-746.0, 710.0));
        let (lowest, highest) = (self.float_like(x, lowest), self.float_like(x, highest));
        let x = self.max(x, lowest);
        let x = self.min(x, highest);
        self.exp_within_range(x)
    }

    /// `2ˣ`, within 1 unit in the last place.
    pub fn exp2(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let (lowest, highest) = format.pick((-151.0, 129.0), (-1076.0, 1025.0));
        let (lowest, highest) = (self.float_like(x, lowest), self.float_like(x, highest));
        let x = self.max(x, lowest);
        let x = self.min(x, highest);
        let magic = self.float_like(x, format.magic());
        let shifted = self.add(x, magic);
        let n = self.sub(shifted, magic);
        let fraction = self.sub(x, n);
        // r = fraction · ln 2 as a rounded product and its rest.
        let (high, low) = ln_2(format);
        let high = self.float_like(x, high);
        let r = self.mul(fraction, high);
        let minus_r = self.neg(r);
        let rest = self.fma(fraction, high, minus_r);
        let rest = self.plus_scaled(rest, low, fraction);
        let power = self.exp_minus_one_reduced(r);
        let power = self.add(power, rest);
        let one = self.float_like(x, 1.0);
        let power = self.add(power, one);
        self.scale_by_power_of_two(power, n)
    }

    /// `eˣ - 1`, within 2 units in the last place.
    pub fn expm1(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let (lowest, highest) = format.pick((-20.0, 89.0), (-40.0, 710.0));
        let (lowest, highest) = (self.float_like(x, lowest), self.float_like(x, highest));
        let within = self.max(x, lowest);
        let within = self.min(within, highest);
        let reduced = self.reduce_exponent(within);
        let power = self.exp_minus_one_reduced(reduced.r);
        // Half of the result, so that 2ⁿ stays finite: 2ⁿ⁻¹ · (power + 1) - 1/2.
        let scale = self.power_of_two(reduced.shifted, 0.5);
        let half = self.float_like(x, -0.5);
        let rest = self.add(scale, half);
        let result = self.fma(power, scale, rest);
        let result = self.add(result, result);
        // The smallest arguments are their own result; halving would lose their last bit, or the sign of -0.
        let magnitude = self.abs(x);
        let tiny = self.float_like(x, format.pick(2e-8, 1e-16));
        let tiny = self.lt(magnitude, tiny);
        self.select(tiny, x, result)
    }

    /// Hyperbolic tangent, within 2 units in the last place.
    pub fn tanh(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let magnitude = self.abs(x);
        let square = self.mul(x, x);
        let p = self.polynomial(square, format.pick(&TANH_F32[..], &TANH_F64[..]));
        let p = self.mul(p, square);
        let small = self.fma(p, magnitude, magnitude);
        // Beyond this the result rounds to 1.
        let largest = self.float_like(x, format.pick(9.5, 20.0));
        let limited = self.min(magnitude, largest);
        let twice = self.add(limited, limited);
        // tanh x = 1 - 2 / (e²ˣ + 1), as accurate from 1/2 on.
        let reduced = self.reduce_exponent(twice);
        let power = self.exp_minus_one_reduced(reduced.r);
        let scale = self.power_of_two(reduced.shifted, 1.0);
        let e = self.fma(power, scale, scale);
        let one = self.float_like(x, 1.0);
        let denominator = self.add(e, one);
        let minus_two = self.float_like(x, -2.0);
        let quotient = self.div(minus_two, denominator);
        let large = self.add(quotient, one);
        let limit = self.float_like(x, 0.5625);
        let is_small = self.lt(magnitude, limit);
        let result = self.select(is_small, small, large);
        self.with_sign_of(result, x)
    }

    /// `1 / (1 + e⁻ˣ)`, within 2 units in the last place.
    pub fn logistic(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let sign = self.bits(format.int, format.sign_bit());
        let bits = self.bits_of(x);
        let bits = self.or(bits, sign);
        let minus_magnitude = self.bitcast(format.scalar, bits);
        let lowest = self.float_like(x, format.pick(-104.0, -746.0));
        let minus_magnitude = self.max(minus_magnitude, lowest);
        // e = e^-|x|, with what the rounding of the reduced argument lost.
        let Reduced { n, r, rest, .. } = self.reduce_exponent(minus_magnitude);
        let q = self.polynomial(r, format.pick(&EXP_F32[..], &EXP_F64[..]));
        let square = self.mul(r, r);
        let power = self.fma(q, square, rest);
        let power = self.add(power, r);
        let one = self.float_like(x, 1.0);
        let power = self.add(power, one);
        let e = self.scale_by_power_of_two(power, n);
        // With w = e / (1 + e): 1 - w for positive x; e / (1 + e) = e - e · w for negative x, where the rounding
        // errors of w hardly count.
        let denominator = self.add(e, one);
        let w = self.div(e, denominator);
        let zero = self.float_like(x, 0.0);
        let negative = self.lt(x, zero);
        let whole = self.select(negative, e, one);
        let minus_whole = self.neg(whole);
        self.fma(w, minus_whole, whole)
    }

    /// exp of an argument whose power of two is within the limits of `scale_by_power_of_two`, or NaN.
    fn exp_within_range(&mut self, x: Value) -> Value {
        let reduced = self.reduce_exponent(x);
        let power = self.exp_minus_one_reduced(reduced.r);
        let one = self.float_like(x, 1.0);
        let power = self.add(power, one);
        self.scale_by_power_of_two(power, reduced.n)
    }

    pub(super) fn reduce_exponent(&mut self, x: Value) -> Reduced {
        let format = self.format(x);
        let magic = self.float_like(x, format.magic());
        let shifted = self.plus_scaled(magic, std::f64::consts::LOG2_E, x);
        let n = self.sub(shifted, magic);
        let (high, low) = ln_2(format);
        let before = self.plus_scaled(x, -high, n);
        let r = self.plus_scaled(before, -low, n);
        let rest = self.sub(before, r);
        let rest = self.plus_scaled(rest, -low, n);
        Reduced { shifted, n, r, rest }
    }

    /// `eʳ - 1` for |r| <= ln 2 / 2.
    pub(super) fn exp_minus_one_reduced(&mut self, r: Value) -> Value {
        let format = self.format(r);
        let q = self.polynomial(r, format.pick(&EXP_F32[..], &EXP_F64[..]));
        let square = self.mul(r, r);
        self.fma(q, square, r)
    }

    /// `scale · 2ⁿ` for `shifted = n + magic`; the result must be a normal float.
    pub(super) fn power_of_two(&mut self, shifted: Value, scale: f64) -> Value {
        let format = self.format(shifted);
        let bits = self.bits_of(shifted);
        let amount = self.int(format.int, i64::from(format.mantissa));
        let exponent = self.shift_left(bits, amount);
        let one = self.bits(format.int, format.bits(scale));
        let bits = self.add(exponent, one);
        self.bitcast(format.scalar, bits)
    }
}

fn ln_2(format: Format) -> (f64, f64) {
    format.pick(LN_2_F32, LN_2_F64)
}
