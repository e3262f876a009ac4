//! sinh, cosh and the inverse hyperbolic functions.

use super::exponential::Reduced;
use crate::builder::Builder;
use crate::op::Value;

/// P of `sinh r = r + r³ · P(r²)` for |r| <= ln 2 / 2.
const SINH_F32: [f64; 3] = [0.00019904974033124745, 0.008333289064466953, 0.1666666716337204];
const SINH_F64: [f64; 5] = [
    2.510905684182292e-08,
    2.75572441503687e-06,
    0.0001984126988618687,
    0.008333333333321606,
    0.16666666666666677,
];
/// P of `cosh r = 1 + r²/2 + r⁴ · P(r²)` for |r| <= ln 2 / 2.
const COSH_F32: [f64; 2] = [0.0013935414608567953, 0.041666459292173386];
const COSH_F64: [f64; 5] = [
    2.092164974639019e-09,
    2.7557252178814056e-07,
    2.4801587348822412e-05,
    0.0013888888888873448,
    0.041666666666666685,
];

/// `|x| = n · ln 2 + r`: half of `e^|x|` is `(cosh r + sinh r) · 2ⁿ⁻¹`.
struct Halves {
    sinh: Value,
    cosh: Value,
    /// `(2ⁿ ± 2⁻ⁿ) / 4`.
    sum: Value,
    difference: Value,
}

impl Builder {
    /// Hyperbolic sine, within 4 units in the last place.
    pub fn sinh(&mut self, x: Value) -> Value {
        let magnitude = self.abs(x);
        let Halves { sinh, cosh, sum, difference } = self.hyperbolic_halves(magnitude);
        let rest = self.mul(cosh, difference);
        let half = self.fma(sinh, sum, rest);
        let result = self.add(half, half);
        // Halving would lose the last bit of denormals.
        let tiny = self.float_like(x, self.format(x).pick(1e-5, 1e-9));
        let tiny = self.lt(magnitude, tiny);
        let result = self.select(tiny, magnitude, result);
        self.with_sign_of(result, x)
    }

    /// Hyperbolic cosine, within 4 units in the last place.
    pub fn cosh(&mut self, x: Value) -> Value {
        let magnitude = self.abs(x);
        let Halves { sinh, cosh, sum, difference } = self.hyperbolic_halves(magnitude);
        let rest = self.mul(sinh, difference);
        let half = self.fma(cosh, sum, rest);
        self.add(half, half)
    }

    /// Inverse hyperbolic sine, within 4 units in the last place.
    pub fn asinh(&mut self, x: Value) -> Value {
        let magnitude = self.abs(x);
        // asinh x = log1p(x + x² / (1 + √(1 + x²))).
        let one = self.float_like(x, 1.0);
        let square = self.mul(magnitude, magnitude);
        let under = self.add(square, one);
        let root = self.sqrt(under);
        let denominator = self.add(root, one);
        let quotient = self.div(square, denominator);
        let argument = self.add(magnitude, quotient);
        let result = self.log1p_or_log_of_double(magnitude, argument);
        self.with_sign_of(result, x)
    }

    /// Inverse hyperbolic cosine, NaN below 1, within 4 units in the last place.
    pub fn acosh(&mut self, x: Value) -> Value {
        let one = self.float_like(x, 1.0);
        let t = self.sub(x, one);
        // acosh x = log1p(t + √(t · (t + 2))) with t = x - 1.
        let two = self.float_like(x, 2.0);
        let sum = self.add(t, two);
        let product = self.mul(t, sum);
        let root = self.sqrt(product);
        let argument = self.add(t, root);
        let result = self.log1p_or_log_of_double(x, argument);
        let nan = self.float_like(x, f64::NAN);
        let outside = self.lt(x, one);
        self.select(outside, nan, result)
    }

    /// Inverse hyperbolic tangent, within 4 units in the last place.
    pub fn atanh(&mut self, x: Value) -> Value {
        let magnitude = self.abs(x);
        // atanh x = log1p(2x / (1 - x)) / 2.
        let one = self.float_like(x, 1.0);
        let twice = self.add(magnitude, magnitude);
        let denominator = self.sub(one, magnitude);
        let argument = self.div(twice, denominator);
        let log = self.log1p(argument);
        let half = self.float_like(x, 0.5);
        let result = self.mul(log, half);
        self.with_sign_of(result, x)
    }

    fn hyperbolic_halves(&mut self, magnitude: Value) -> Halves {
        let format = self.format(magnitude);
        // Beyond this the result is infinite, and becomes so in the last addition.
        let highest = self.float_like(magnitude, format.pick(89.5, 710.5));
        let magnitude = self.min(magnitude, highest);
        let Reduced { shifted, n, r, .. } = self.reduce_exponent(magnitude);
        let square = self.mul(r, r);
        let p = self.polynomial(square, format.pick(&SINH_F32[..], &SINH_F64[..]));
        let cube = self.mul(square, r);
        let sinh = self.fma(p, cube, r);
        let p = self.polynomial(square, format.pick(&COSH_F32[..], &COSH_F64[..]));
        let half = self.float_like(r, 0.5);
        let p = self.fma(p, square, half);
        let one = self.float_like(r, 1.0);
        let cosh = self.fma(p, square, one);
        let large = self.power_of_two(shifted, 0.25);
        // Where 2⁻ⁿ does not matter any more it must still be a float.
        let limit = self.float_like(r, format.pick(60.0, 500.0));
        let limited = self.min(n, limit);
        let magic = self.float_like(r, format.magic());
        let negated = self.sub(magic, limited);
        let small = self.power_of_two(negated, 0.25);
        let (sum, difference) = (self.add(large, small), self.sub(large, small));
        Halves { sinh, cosh, sum, difference }
    }

    /// `log1p(argument)`, or `log(2 · x)` where x is so large that the argument may have overflowed.
    fn log1p_or_log_of_double(&mut self, x: Value, argument: Value) -> Value {
        let format = self.format(x);
        let limit = self.float_like(x, format.pick(1e15, 1e30));
        let large = self.gt(x, limit);
        let argument = self.select(large, x, argument);
        let log = self.log1p(argument);
        let zero = self.float_like(x, 0.0);
        let ln_2 = self.float_like(x, std::f64::consts::LN_2);
        let doubled = self.select(large, ln_2, zero);
        self.add(log, doubled)
    }
}
