//! asin, acos, atan, atan2.

use super::trigonometric::half_pi;
use crate::builder::Builder;
use crate::op::Value;

/// P of `asin s = s + s · z · P(z)`, `z = s²` <= 1/4.
const ASIN_F32: [f64; 5] = [
    0.042230233550071716,
    0.024141177535057068,
    0.04547830671072006,
    0.07495232671499252,
    0.16666753590106964,
];
const ASIN_F64: [f64; 13] = [
    0.03270226431599259,
    -0.02111690818569163,
    0.021790800007362308,
    0.0036721135966901746,
    0.010789342569816725,
    0.011397288747282009,
    0.013981019123000198,
    0.01735159544592202,
    0.022372215909189933,
    0.03038194267515458,
    0.044642857175288826,
    0.07499999999970096,
    0.16666666666666763,
];
/// P of `atan t = t + t · z · P(z)`, `z = t²`, |t| <= tan π/8.
const ATAN_F32: [f64; 5] = [
    -0.060788679867982864,
    0.10594281554222107,
    -0.14243629574775696,
    0.19998478889465332,
    -0.33333316445350647,
];
const ATAN_F64: [f64; 11] = [
    -0.01789239330730273,
    0.038051558945253985,
    -0.05038814325190861,
    0.05847785319632772,
    -0.0666309043195191,
    0.07692059076243685,
    -0.09090897697029925,
    0.11111110781463578,
    -0.14285714280158895,
    0.19999999999953236,
    -0.333333333333332,
];
/// tan π/8.
const TAN_EIGHTH: f64 = 0.414_213_562_373_095_05;

/// `asin` of the part of an argument that the series reaches.
struct Arcsine {
    /// |x| > 1/2: `value` is `asin √((1 - |x|) / 2)`, else `asin |x|`.
    upper: Value,
    value: Value,
}

impl Builder {
    /// Inverse sine, within 4 units in the last place.
    pub fn asin(&mut self, x: Value) -> Value {
        let Arcsine { upper, value } = self.arcsine(x);
        // asin |x| = π/2 - 2 asin √((1 - |x|) / 2).
        let (high, low) = half_pi(self.format(x));
        let rest = self.float_like(x, low);
        let turned = self.plus_scaled(rest, -2.0, value);
        let high = self.float_like(x, high);
        let turned = self.add(turned, high);
        let magnitude = self.select(upper, turned, value);
        self.with_sign_of(magnitude, x)
    }

    /// Inverse cosine, within 4 units in the last place.
    pub fn acos(&mut self, x: Value) -> Value {
        let Arcsine { upper, value } = self.arcsine(x);
        let (high, low) = half_pi(self.format(x));
        let zero = self.float_like(x, 0.0);
        let negative = self.lt(x, zero);
        // |x| <= 1/2: π/2 - asin x.
        let minus_magnitude = self.neg(value);
        let lower = self.select(negative, value, minus_magnitude);
        let rest = self.float_like(x, low);
        let lower = self.add(lower, rest);
        let quarter = self.float_like(x, high);
        let lower = self.add(lower, quarter);
        // x > 1/2: twice the value; x < -1/2: π less that.
        let twice = self.add(value, value);
        let rest = self.float_like(x, 2.0 * low);
        let turned = self.sub(rest, twice);
        let half = self.float_like(x, 2.0 * high);
        let turned = self.add(turned, half);
        let outer = self.select(negative, turned, twice);
        self.select(upper, outer, lower)
    }

    /// Inverse tangent, within 4 units in the last place.
    pub fn atan(&mut self, x: Value) -> Value {
        let magnitude = self.abs(x);
        let one = self.float_like(x, 1.0);
        let minus_one = self.float_like(x, -1.0);
        let zero = self.float_like(x, 0.0);
        let limit = self.float_like(x, TAN_EIGHTH);
        let inverse_limit = self.float_like(x, 1.0 / TAN_EIGHTH);
        let middle = self.gt(magnitude, limit);
        let upper = self.gt(magnitude, inverse_limit);
        // atan x = π/4 + atan (x-1)/(x+1) = π/2 + atan -1/x.
        let less = self.sub(magnitude, one);
        let more = self.add(magnitude, one);
        let numerator = self.select(middle, less, magnitude);
        let numerator = self.select(upper, minus_one, numerator);
        let denominator = self.select(middle, more, one);
        let denominator = self.select(upper, magnitude, denominator);
        let t = self.div(numerator, denominator);
        let (high, low) = half_pi(self.format(x));
        let [high, low] = [high, low].map(|part| {
            let (quarter, eighth) = (self.float_like(x, part), self.float_like(x, part / 2.0));
            let base = self.select(middle, eighth, zero);
            self.select(upper, quarter, base)
        });
        let angle = self.arctangent_reduced(t);
        let angle = self.add(angle, low);
        let angle = self.add(angle, high);
        self.with_sign_of(angle, x)
    }

    /// Angle of the point (x, y) from the x axis, in [-π, π], within 4 units in the last place.
    pub fn atan2(&mut self, y: Value, x: Value) -> Value {
        let format = self.format(x);
        let zero = self.float_like(x, 0.0);
        let one = self.float_like(x, 1.0);
        let (width, height) = (self.abs(x), self.abs(y));
        // Large operands are scaled down, so that their sum is finite.
        let larger = self.max(width, height);
        let limit = self.float_like(x, format.pick(1e37, 1e307));
        let large = self.gt(larger, limit);
        let quarter = self.float_like(x, 0.25);
        let scale = self.select(large, quarter, one);
        let a = self.min(width, height);
        let a = self.mul(a, scale);
        let b = self.mul(larger, scale);
        // The angle of a/b <= 1, turned by π/8 at most.
        let largest = self.float_like(x, format.pick(f64::from(f32::MAX), f64::MAX));
        let finite = self.min(b, largest);
        let bound = self.float_like(x, TAN_EIGHTH);
        let bound = self.mul(finite, bound);
        let middle = self.gt(a, bound);
        let less = self.sub(a, b);
        let equal = self.eq(a, b);
        // Infinities of the same size have no difference, zeros no quotient.
        let less = self.select(equal, zero, less);
        let more = self.add(a, b);
        let numerator = self.select(middle, less, a);
        let denominator = self.select(middle, more, b);
        let no_point = self.eq(b, zero);
        let denominator = self.select(no_point, one, denominator);
        let t = self.div(numerator, denominator);
        let angle = self.arctangent_reduced(t);
        let (high, low) = half_pi(format);
        // angle = high + low + angle or its negative, by octant.
        let steep = self.gt(height, width);
        let left = self.sign_bits_of(x);
        let no_bits = self.int(format.int, 0);
        let left = self.ne(left, no_bits);
        let [mut sum_high, mut sum_low] = [high, low].map(|part| {
            let eighth = self.float_like(x, part / 2.0);
            self.select(middle, eighth, zero)
        });
        let mut angle = angle;
        for (turned, quarters) in [(steep, 1.0), (left, 2.0)] {
            let [from_high, from_low] = [high, low].map(|part| self.float_like(x, part * quarters));
            let [minus_high, minus_low] = [self.sub(from_high, sum_high), self.sub(from_low, sum_low)];
            let minus_angle = self.neg(angle);
            sum_high = self.select(turned, minus_high, sum_high);
            sum_low = self.select(turned, minus_low, sum_low);
            angle = self.select(turned, minus_angle, angle);
        }
        let angle = self.add(angle, sum_low);
        let angle = self.add(angle, sum_high);
        let magnitude = self.abs(angle);
        self.with_sign_of(magnitude, y)
    }

    fn arcsine(&mut self, x: Value) -> Arcsine {
        let format = self.format(x);
        let magnitude = self.abs(x);
        let half = self.float_like(x, 0.5);
        let upper = self.gt(magnitude, half);
        let square = self.mul(magnitude, magnitude);
        let minus_half = self.float_like(x, -0.5);
        let reflected = self.fma(magnitude, minus_half, half);
        let z = self.select(upper, reflected, square);
        let root = self.sqrt(reflected);
        let s = self.select(upper, root, magnitude);
        let p = self.polynomial(z, format.pick(&ASIN_F32[..], &ASIN_F64[..]));
        let p = self.mul(p, z);
        let value = self.fma(p, s, s);
        Arcsine { upper, value }
    }

    /// atan of |t| <= tan π/8.
    fn arctangent_reduced(&mut self, t: Value) -> Value {
        let z = self.mul(t, t);
        let p = self.polynomial(z, self.format(t).pick(&ATAN_F32[..], &ATAN_F64[..]));
        let p = self.mul(p, z);
        self.fma(p, t, t)
    }
}
