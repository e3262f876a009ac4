//! cbrt and pow.

use super::Format;
use crate::builder::Builder;
use crate::op::Value;

/// `∛m` for 1/√8 <= m <= √8, to about 2⁻⁹.
const CBRT: [f64; 5] =
    [-0.01956196315586567, 0.15342320501804352, -0.47415950894355774, 0.8986706137657166, 0.4434707462787628];
/// R of `log₂(1 + f) = s · (C + z · (D + z · R(z)))`, `s = f / (2 + f)`, `z = s²`, C = 2/ln 2, D = 2/(3 ln 2).
const LOG2_F32: [f64; 3] = [0.3379059135913849, 0.41184619069099426, 0.577080249786377];
const LOG2_F64: [f64; 7] = [
    0.1904396876887756,
    0.1912494936375214,
    0.22198423288059474,
    0.26230769621495303,
    0.32059890232728205,
    0.4121985830916537,
    0.5770780163556185,
];
/// Q of `2ʳ = 1 + r · Q(r)` for |r| <= 1/2.
const EXP2_F32: [f64; 7] = [
    1.5195922969724052e-05,
    0.00015467008051928133,
    0.0013333938550204039,
    0.00961803738027811,
    0.055504102259874344,
    0.24022650718688965,
    0.6931471824645996,
];
const EXP2_F64: [f64; 12] = [
    2.5625214996986646e-11,
    4.456614456459358e-10,
    7.054974977822686e-09,
    1.0178051670397801e-07,
    1.3215486592570827e-06,
    1.5252733854919435e-05,
    0.0001540353039364488,
    0.001333355814639212,
    0.009618129107628326,
    0.05550410866482169,
    0.24022650695910072,
    std::f64::consts::LN_2,
];
/// 2/ln 2 and 2/(3 ln 2), each as the nearest float and the rest.
const TWO_OVER_LN_2_F32: (f64, f64) = (2.885390043258667, 3.851926067000022e-08);
const TWO_OVER_LN_2_F64: (f64, f64) = (2.8853900817779268, 4.0710547481862066e-17);
const THIRD_F32: (f64, f64) = (0.9617967009544373, -7.028461812552678e-09);
const THIRD_F64: (f64, f64) = (0.9617966939259756, 5.0577616648125907e-17);

/// An unevaluated sum of two floats, the second far below the first.
#[derive(Clone, Copy)]
struct Double {
    high: Value,
    low: Value,
}

impl Builder {
    /// Cube root, within 4 units in the last place.
    pub fn cbrt(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let magnitude = self.abs(x);
        // Denormals are scaled by a cube first.
        let shift = format.pick(24, 54);
        let limit = self.float_like(x, format.smallest_normal());
        let small = self.lt(magnitude, limit);
        let factor = self.float_like(x, (1_u64 << shift) as f64);
        let one = self.float_like(x, 1.0);
        let scale = self.select(small, factor, one);
        let scaled = self.mul(magnitude, scale);
        let bias = self.float_like(x, format.bias as f64 + (1_u64 << format.mantissa) as f64);
        let split = self.split_exponent(scaled, bias);
        // e = 3q + k with k in -1, 0, 1.
        let magic = self.float_like(x, format.magic());
        let shifted = self.plus_scaled(magic, 1.0 / 3.0, split.exponent);
        let q = self.sub(shifted, magic);
        let k = self.plus_scaled(split.exponent, -3.0, q);
        let k = self.add(k, magic);
        let power = self.power_of_two(k, 1.0);
        let mantissa = self.add(split.f, one);
        let m = self.mul(mantissa, power);
        let mut root = self.polynomial(m, &CBRT);
        for _ in 0..format.pick(1, 2) {
            root = self.halley_step(root, m);
        }
        let scale = self.power_of_two(shifted, 1.0);
        let root = self.mul(root, scale);
        let unscale = self.float_like(x, (-f64::from(shift) / 3.0).exp2());
        let unscale = self.select(small, unscale, one);
        let root = self.mul(root, unscale);
        // Zero, infinity and NaN are their own roots.
        let twice = self.add(magnitude, magnitude);
        let itself = self.eq(twice, magnitude);
        let is_nan = self.ne(magnitude, magnitude);
        let itself = self.or(itself, is_nan);
        let root = self.select(itself, magnitude, root);
        self.with_sign_of(root, x)
    }

    /// `y - y · (y³ - m) / (2y³ + m)`, which triples the correct digits of a cube root.
    fn halley_step(&mut self, y: Value, m: Value) -> Value {
        let square = self.mul(y, y);
        let minus_m = self.neg(m);
        // y³ - m with a single rounding of what is left over.
        let cube = self.mul(square, y);
        let minus_square = self.neg(square);
        let square_rest = self.fma(y, y, minus_square);
        let error = self.fma(square, y, minus_m);
        let error = self.fma(square_rest, y, error);
        let denominator = self.add(cube, cube);
        let denominator = self.add(denominator, m);
        let quotient = self.div(error, denominator);
        let minus_y = self.neg(y);
        self.fma(quotient, minus_y, y)
    }

    /// `x` to the power `y`, within 4 units in the last place; special cases as in C.
    pub fn pow(&mut self, x: Value, y: Value) -> Value {
        let format = self.format(x);
        let magnitude = self.abs(x);
        let log = self.log2_double(magnitude);
        // A power of anything but 1 is 0 or infinite beyond these exponents.
        let most = format.pick(2.0_f64.powi(32), 2.0_f64.powi(64));
        let (lowest, highest) = (self.float_like(y, -most), self.float_like(y, most));
        let exponent = self.max(y, lowest);
        let exponent = self.min(exponent, highest);
        // y · log₂ x as a rounded product and its rest.
        let high = self.mul(exponent, log.high);
        let minus_high = self.neg(high);
        let low = self.fma(exponent, log.high, minus_high);
        let low = self.fma(exponent, log.low, low);
        let power = self.exp2_double(Double { high, low });
        let power = self.pow_special_magnitudes(magnitude, y, power);
        self.pow_signs(x, y, power)
    }

    /// The power where |x| is 0, infinite or NaN.
    fn pow_special_magnitudes(&mut self, magnitude: Value, y: Value, power: Value) -> Value {
        let zero = self.float_like(y, 0.0);
        let infinity = self.float_like(y, f64::INFINITY);
        let growing = self.gt(y, zero);
        let at_zero = self.select(growing, zero, infinity);
        let at_infinity = self.select(growing, infinity, zero);
        let is_zero = self.eq(magnitude, zero);
        let power = self.select(is_zero, at_zero, power);
        let is_infinite = self.eq(magnitude, infinity);
        let power = self.select(is_infinite, at_infinity, power);
        let is_nan = self.ne(magnitude, magnitude);
        let power = self.select(is_nan, magnitude, power);
        let is_nan = self.ne(y, y);
        self.select(is_nan, y, power)
    }

    /// The sign of the power, NaN for roots of negative numbers, and 1 for `x = 1` or `y = 0`.
    fn pow_signs(&mut self, x: Value, y: Value, power: Value) -> Value {
        let format = self.format(x);
        let zero = self.float_like(x, 0.0);
        let one = self.float_like(x, 1.0);
        let whole = self.trunc(y);
        let is_integer = self.eq(whole, y);
        let half = self.float_like(y, 0.5);
        let half = self.mul(y, half);
        let whole_half = self.trunc(half);
        let half_is_fraction = self.ne(whole_half, half);
        let is_odd = self.and(is_integer, half_is_fraction);
        let sign = self.sign_bits_of(x);
        let no_sign = self.int(format.int, 0);
        let sign = self.select(is_odd, sign, no_sign);
        let bits = self.bits_of(power);
        let bits = self.or(bits, sign);
        let power = self.bitcast(format.scalar, bits);
        let negative = self.lt(x, zero);
        let minus_infinity = self.float_like(x, f64::NEG_INFINITY);
        let finite = self.gt(x, minus_infinity);
        let negative = self.and(negative, finite);
        let fraction = self.not(is_integer);
        let refused = self.and(negative, fraction);
        let nan = self.float_like(x, f64::NAN);
        let power = self.select(refused, nan, power);
        let no_exponent = self.eq(y, zero);
        let is_one = self.eq(x, one);
        let trivial = self.or(no_exponent, is_one);
        self.select(trivial, one, power)
    }

    /// log₂ of a positive float to about twice the type's accuracy.
    fn log2_double(&mut self, x: Value) -> Double {
        let format = self.format(x);
        let (scaled, bias) = self.scaled_denormal(x);
        let split = self.split_exponent(scaled, bias);
        let f = split.f;
        // s = f / (2 + f), and what the quotient lost.
        let two = self.float_like(x, 2.0);
        let denominator = self.add(f, two);
        let back = self.sub(denominator, two);
        let denominator_rest = self.sub(f, back);
        let one = self.float_like(x, 1.0);
        let inverse = self.div(one, denominator);
        let s = self.mul(f, inverse);
        let minus_s = self.neg(s);
        let rest = self.fma(minus_s, denominator, f);
        let rest = self.fma(minus_s, denominator_rest, rest);
        let s_rest = self.mul(rest, inverse);
        // factor = C + z · (D + z · R(z)) as a double.
        let z = self.mul(s, s);
        let r = self.polynomial(z, format.pick(&LOG2_F32[..], &LOG2_F64[..]));
        let factor = self.log2_factor(format, s, s_rest, z, r);
        // log₂ m = (s + s_rest) · factor.
        let product = self.double_product(s, factor.high);
        let low = self.fma(s, factor.low, product.low);
        let low = self.fma(s_rest, factor.high, low);
        // The exponent is exact and larger, or zero.
        let sum = self.add(split.exponent, product.high);
        let back = self.sub(sum, split.exponent);
        let lost = self.sub(product.high, back);
        let low = self.add(low, lost);
        self.normalized(Double { high: sum, low })
    }

    fn log2_factor(&mut self, format: Format, s: Value, s_rest: Value, z: Value, r: Value) -> Double {
        let first = format.pick(TWO_OVER_LN_2_F32, TWO_OVER_LN_2_F64);
        let third = format.pick(THIRD_F32, THIRD_F64);
        // z as a double: s² + 2 s · s_rest.
        let minus_z = self.neg(z);
        let z_rest = self.fma(s, s, minus_z);
        let twice = self.add(s, s);
        let z_rest = self.fma(twice, s_rest, z_rest);
        let third_high = self.float_like(s, third.0);
        let product = self.double_product(z, third_high);
        let low = self.plus_scaled(product.low, third.1, z);
        let low = self.plus_scaled(low, third.0, z_rest);
        let square = self.mul(z, z);
        let low = self.fma(square, r, low);
        // C is larger than the product.
        let first_high = self.float_like(s, first.0);
        let sum = self.add(first_high, product.high);
        let back = self.sub(sum, first_high);
        let lost = self.sub(product.high, back);
        let first_low = self.float_like(s, first.1);
        let lost = self.add(lost, first_low);
        let low = self.add(low, lost);
        Double { high: sum, low }
    }

    fn double_product(&mut self, x: Value, y: Value) -> Double {
        let high = self.mul(x, y);
        let minus_high = self.neg(high);
        let low = self.fma(x, y, minus_high);
        Double { high, low }
    }

    /// The same sum, the first part rounded from the whole.
    fn normalized(&mut self, x: Double) -> Double {
        let high = self.add(x.high, x.low);
        let back = self.sub(high, x.high);
        let low = self.sub(x.low, back);
        Double { high, low }
    }

    /// 2 to the power of a sum, 0 or infinite beyond the type's range.
    fn exp2_double(&mut self, x: Double) -> Value {
        let format = self.format(x.high);
        let (lowest, highest) = format.pick((-160.0, 130.0), (-1100.0, 1030.0));
        let (lowest, highest) = (self.float_like(x.high, lowest), self.float_like(x.high, highest));
        let high = self.max(x.high, lowest);
        let high = self.min(high, highest);
        let (minus_one, one) = (self.float_like(x.high, -1.0), self.float_like(x.high, 1.0));
        let low = self.max(x.low, minus_one);
        let low = self.min(low, one);
        let magic = self.float_like(high, format.magic());
        let shifted = self.add(high, magic);
        let n = self.sub(shifted, magic);
        let r = self.sub(high, n);
        let r = self.add(r, low);
        let q = self.polynomial(r, format.pick(&EXP2_F32[..], &EXP2_F64[..]));
        let power = self.fma(q, r, one);
        self.scale_by_power_of_two(power, n)
    }
}
