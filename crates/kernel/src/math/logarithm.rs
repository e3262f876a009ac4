//! log and log1p.
//!
//! `x = 2ᵉ · (1 + f)` with `1 + f` in [√½, √2), and `log x = e · ln 2 + log(1 + f)`.

use super::exponential::LN_2_F64;
use crate::builder::Builder;
use crate::op::Value;

/// P of `log(1 + f) = f - f²/2 + f³ · P(f)`.
const LOG_F32: [f64; 8] = [
    -0.0764637440443039,
    0.12779276072978973,
    -0.13164155185222626,
    0.14199668169021606,
    -0.16622765362262726,
    0.2000129371881485,
    -0.25000837445259094,
    0.3333333134651184,
];
/// R of `log(1 + f) = 2s + s · z · R(z)`, `s = f / (2 + f)`, `z = s²`.
const LOG_F64: [f64; 7] = [
    0.14800078454257704,
    0.15313659974441948,
    0.18183578687526575,
    0.2222219831522689,
    0.2857142874471073,
    0.39999999999405156,
    0.6666666666666736,
];
/// ln 2 as a float of so few bits that its product with an exponent is exact, and the rest.
const LN_2_SHORT: (f64, f64) = (0.693_145_751_953_125, 1.428_606_765_330_187e-6);

/// `x = 2ᵉ · (1 + f)`.
pub(super) struct Split {
    /// The exponent as a float.
    pub(super) exponent: Value,
    /// The exponent plus bias, as bits.
    biased: Value,
    pub(super) f: Value,
}

impl Builder {
    /// Natural logarithm, within 2 units in the last place.
    pub fn log(&mut self, x: Value) -> Value {
        let (scaled, bias) = self.scaled_denormal(x);
        let split = self.split_exponent(scaled, bias);
        let log = self.log_of_split(split.exponent, split.f);
        let zero = self.float_like(x, 0.0);
        self.log_special_cases(x, x, zero, log)
    }

    /// `log(1 + x)`, within 2 units in the last place.
    pub fn log1p(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let one = self.float_like(x, 1.0);
        let sum = self.add(x, one);
        // What rounding 1 + x lost, exact while it matters.
        let back = self.sub(sum, one);
        let lost = self.sub(x, back);
        let bias = self.float_like(x, format.bias as f64 + (1_u64 << format.mantissa) as f64);
        let split = self.split_exponent(sum, bias);
        // 2⁻ᵉ, or 0 where the loss is far below the last place.
        let amount = self.int(format.int, i64::from(format.mantissa));
        let twice_bias = self.int(format.int, 2 * format.bias);
        let negated = self.sub(twice_bias, split.biased);
        let bits = self.shift_left(negated, amount);
        let scale = self.bitcast(format.scalar, bits);
        let large = self.float_like(x, format.pick(1e15, 1e30));
        let matters = self.lt(x, large);
        let zero = self.float_like(x, 0.0);
        let scale = self.select(matters, scale, zero);
        let f = self.fma(lost, scale, split.f);
        let log = self.log_of_split(split.exponent, f);
        // The sign is that of x; only for -0 does the sum above not give it.
        let sign = self.sign_bits_of(x);
        let bits = self.bits_of(log);
        let bits = self.or(bits, sign);
        let log = self.bitcast(format.scalar, bits);
        let minus_one = self.float_like(x, -1.0);
        self.log_special_cases(x, x, minus_one, log)
    }

    /// `log`, but -inf where `x` is `pole`, NaN below it, and `infinite` where that is infinite or NaN.
    fn log_special_cases(&mut self, x: Value, infinite: Value, pole: Value, log: Value) -> Value {
        let infinity = self.float_like(x, f64::INFINITY);
        let finite = self.lt(x, infinity);
        let log = self.select(finite, log, infinite);
        let nan = self.float_like(x, f64::NAN);
        let minus_infinity = self.float_like(x, f64::NEG_INFINITY);
        let at_pole = self.eq(x, pole);
        let refused = self.select(at_pole, minus_infinity, nan);
        let outside = self.le(x, pole);
        self.select(outside, refused, log)
    }

    /// A positive float scaled to a normal one, with its exponent's bias (plus `2^mantissa`) after that.
    pub(super) fn scaled_denormal(&mut self, x: Value) -> (Value, Value) {
        let format = self.format(x);
        let shift = i64::from(format.mantissa);
        let limit = self.float_like(x, format.smallest_normal());
        let small = self.lt(x, limit);
        let factor = self.float_like(x, (1_u64 << shift) as f64);
        let scaled = self.mul(x, factor);
        let scaled = self.select(small, scaled, x);
        let bias = self.float_like(x, format.bias as f64 + (1_u64 << shift) as f64);
        let small_bias = self.float_like(x, (format.bias + shift) as f64 + (1_u64 << shift) as f64);
        (scaled, self.select(small, small_bias, bias))
    }

    /// Splits a positive normal float; `bias` is its exponent's bias plus `2^mantissa`.
    pub(super) fn split_exponent(&mut self, x: Value, bias: Value) -> Split {
        let format = self.format(x);
        let root = self.bits(format.int, format.bits(std::f64::consts::FRAC_1_SQRT_2));
        let one_less_root =
            self.bits(format.int, format.bits(1.0) - format.bits(std::f64::consts::FRAC_1_SQRT_2));
        let bits = self.bits_of(x);
        let moved = self.add(bits, one_less_root);
        let amount = self.int(format.int, i64::from(format.mantissa));
        let biased = self.shift_right_logical(moved, amount);
        let mantissa = self.bits(format.int, (1 << format.mantissa) - 1);
        let fraction = self.and(moved, mantissa);
        let bits = self.add(fraction, root);
        let fraction = self.bitcast(format.scalar, bits);
        let one = self.float_like(x, 1.0);
        let f = self.sub(fraction, one);
        // A small integer to a float: put it into the mantissa of 2^mantissa.
        let carrier = self.bits(format.int, format.bits((1_u64 << format.mantissa) as f64));
        let bits = self.or(biased, carrier);
        let exponent = self.bitcast(format.scalar, bits);
        let exponent = self.sub(exponent, bias);
        Split { exponent, biased, f }
    }

    /// `exponent · ln 2 + log(1 + f)`.
    fn log_of_split(&mut self, exponent: Value, f: Value) -> Value {
        let format = self.format(f);
        let square = self.mul(f, f);
        if format.pick(true, false) {
            let p = self.polynomial(f, &LOG_F32);
            let cube = self.mul(square, f);
            let tail = self.mul(cube, p);
            let tail = self.plus_scaled(tail, LN_2_SHORT.1, exponent);
            let tail = self.plus_scaled(tail, -0.5, square);
            let sum = self.add(f, tail);
            return self.plus_scaled(sum, LN_2_SHORT.0, exponent);
        }
        let two = self.float_like(f, 2.0);
        let denominator = self.add(f, two);
        let s = self.div(f, denominator);
        let z = self.mul(s, s);
        let r = self.polynomial(z, &LOG_F64);
        let half = self.float_like(f, 0.5);
        let half_square = self.mul(square, half);
        // f - (f²/2 - s · (f²/2 + z · R)).
        let inner = self.fma(z, r, half_square);
        let low = self.float_like(f, LN_2_F64.1);
        let tail = self.mul(exponent, low);
        let tail = self.fma(s, inner, tail);
        let tail = self.sub(tail, half_square);
        let sum = self.add(f, tail);
        self.plus_scaled(sum, LN_2_F64.0, exponent)
    }
}
