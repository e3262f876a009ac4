//! Functions of complex numbers by their parts: the meaning of each and its kernel are the same formula over [`Real`].
//!
//! Branch cuts, zeros, infinities and NaN are those of C99, annex G; on a cut the sign of a zero names the side.
//! Nothing overflows on the way to a result that does not. Sources: W. Kahan, "Branch cuts for complex elementary functions, or
//! much ado about nothing's sign bit" (1987); R. Smith, "Algorithm 116: complex division" (1962).

use super::Unary;
use super::real::Real;
use std::f64::consts::{FRAC_PI_2, LN_2};

// ---- arithmetic

/// Both parts by the same function.
fn each<R: Real>(op: impl Fn(R, R) -> R, [a, b]: [R; 2], [c, d]: [R; 2]) -> [R; 2] {
    [op(a, c), op(b, d)]
}

pub(super) fn add<R: Real>(x: [R; 2], y: [R; 2]) -> [R; 2] {
    each(|a, b| a + b, x, y)
}

pub(super) fn sub<R: Real>(x: [R; 2], y: [R; 2]) -> [R; 2] {
    each(|a, b| a - b, x, y)
}

/// The plain formula, as in NumPy and XLA: a product of infinities may be NaN, unlike annex G's.
pub(super) fn mul<R: Real>([a, b]: [R; 2], [c, d]: [R; 2]) -> [R; 2] {
    [a * c - b * d, a * d + b * c]
}

pub(super) fn neg<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    [-a, -b]
}

pub(super) fn eq<R: Real>([a, b]: [R; 2], [c, d]: [R; 2]) -> R::Truth {
    a.eq(c) & b.eq(d)
}

pub(super) fn ne<R: Real>(x: [R; 2], y: [R; 2]) -> R::Truth {
    !eq(x, y)
}

fn choose<R: Real>(truth: R::Truth, x: [R; 2], y: [R; 2]) -> [R; 2] {
    [R::select(truth, x[0], y[0]), R::select(truth, x[1], y[1])]
}

/// The larger and the smaller magnitude of the parts; an infinity is larger than NaN, and that larger than a number.
fn by_magnitude<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    let (a, b) = (a.abs(), b.abs());
    let second = a.lt(b) | b.is(f64::INFINITY) | (b.is_nan() & !a.is(f64::INFINITY));
    [R::select(second, b, a), R::select(second, a, b)]
}

/// A power of two that brings `x`, not negative, away from overflow and underflow: itself raised to 1, -1 or -½.
fn scale_of<R: Real>(x: R) -> impl Fn(f64) -> R {
    // An even half of the distance: its root is exact.
    let by = f64::from(x.largest_exponent() / 4 * 2);
    let (large, small) = (x.above(by.exp2()), x.below((-by).exp2()));
    move |raised: f64| {
        let power = |by: f64| x.of((by * raised).exp2());
        R::select(large, power(-by), R::select(small, power(by), x.one()))
    }
}

pub(super) fn div<R: Real>(x: [R; 2], y: [R; 2]) -> [R; 2] {
    let [first, second] = smith(x, y);
    let lost = first.is_nan() & second.is_nan();
    choose(lost, endless_quotient(x, y), [first, second])
}

/// Numerator and denominator times the conjugate of the denominator, divided by its larger part as Smith's; both
/// brought to a size at which nothing overflows. By zero neither part is known.
fn smith<R: Real>(x: [R; 2], y: [R; 2]) -> [R; 2] {
    let (of_x, of_y) = (scale_of(by_magnitude(x)[0]), scale_of(by_magnitude(y)[0]));
    let ([a, b], [c, d]) = (x.map(|part| part * of_x(1.0)), y.map(|part| part * of_y(1.0)));
    let large = by_magnitude([c, d])[0];
    let (p, q) = (c / large, d / large);
    let scale = c * p + d * q;
    [a * p + b * q, b * p - a * q].map(|part| part / scale * of_x(-1.0) * of_y(1.0))
}

/// Annex G's quotient where the usual formula knows neither part: by zero, of infinities, by infinities.
fn endless_quotient<R: Real>([a, b]: [R; 2], [c, d]: [R; 2]) -> [R; 2] {
    let infinity = c.of(f64::INFINITY);
    let by_zero = c.is(0.0) & d.is(0.0) & !(a.is_nan() & b.is_nan());
    // 1 with the sign of an infinity, 0 with that of what is less.
    let unit = |x: R| R::select(x.is_infinite(), x.one(), x.zero()).with_sign(x);
    let of_infinity = (a.is_infinite() | b.is_infinite()) & c.is_finite() & d.is_finite();
    let by_infinity = (c.is_infinite() | d.is_infinite()) & a.is_finite() & b.is_finite();
    let [p, q] = choose(of_infinity, [unit(a), unit(b)], [a, b]);
    let [r, s] = choose(by_infinity, [unit(c), unit(d)], [c, d]);
    let [re, im] = [p * r + q * s, q * r - p * s];
    let plain = choose(by_infinity, [re.zero() * re, im.zero() * im], [infinity * re, infinity * im]);
    let nan = [a.of(f64::NAN), a.of(f64::NAN)];
    let endless = infinity.with_sign(c);
    choose(by_zero, [endless * a, endless * b], choose(of_infinity | by_infinity, plain, nan))
}

pub(super) fn reciprocal<R: Real>(z: [R; 2]) -> [R; 2] {
    div([z[0].one(), z[0].zero()], z)
}

/// The larger magnitude times √(1 + ratio²).
pub(super) fn abs<R: Real>(z: [R; 2]) -> R {
    let [large, small] = by_magnitude(z);
    let ratio = small / large;
    let norm = large * (ratio * ratio).plus(1.0).sqrt();
    // 0 / 0, and infinity / infinity.
    let plain = large.is(0.0) | large.is(f64::INFINITY);
    R::select(plain, large, norm)
}

/// z / |z|; of one infinite part that part's direction, of two there is none, as in NumPy.
pub(super) fn sign<R: Real>(z: [R; 2]) -> [R; 2] {
    let large = by_magnitude(z)[0];
    let scale = scale_of(large)(1.0);
    let scaled = z.map(|part| part * scale);
    let norm = abs(scaled);
    let [a, b] = scaled.map(|part| R::select(large.is(0.0), part, part / norm));
    let unit = |x: R| R::select(x.is_infinite(), x.one().with_sign(x), x.zero());
    let both = z[0].is_infinite() & z[1].is_infinite();
    let nan = [a.of(f64::NAN), b.of(f64::NAN)];
    let endless = choose(both, nan, z.map(unit));
    choose(large.is(f64::INFINITY), endless, [a, b])
}

// ---- powers

/// √eˣ and a factor: their product twice is eˣ, and does not overflow before what it is multiplied with makes it small.
fn exponential<R: Real>(op: Unary, x: R) -> [R; 2] {
    let limit = if op == Unary::Exp2 { 1.0 } else { LN_2 } * f64::from(x.largest_exponent());
    let large = x.above(limit);
    let power = R::select(large, x.times(0.5), x).apply(op);
    [power, R::select(large, power, x.one())]
}

/// e to the power `x`, or 2, at an angle.
fn polar<R: Real>(op: Unary, x: R, angle: R) -> [R; 2] {
    let [power, factor] = exponential(op, x);
    let [re, im] = [Unary::Cos, Unary::Sin].map(|part| angle.apply(part) * power * factor);
    // An angle of zero stays exact; of what is infinite no angle is known, zero has none.
    let im = R::select(angle.is(0.0), angle, im);
    let known = angle.is_finite();
    let re = R::select(!known & x.is(f64::INFINITY), x, re);
    choose(!known & x.is(f64::NEG_INFINITY), [x.zero(), x.zero().with_sign(angle)], [re, im])
}

pub(super) fn exp<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    polar(Unary::Exp, a, b)
}

pub(super) fn exp2<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    polar(Unary::Exp2, a, b.times(LN_2))
}

/// e^a cos b - 1 = expm1(a) cos b - 2 sin²(b/2)
pub(super) fn expm1<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    let [re, im] = exp([a, b]);
    let half = b.times(0.5).apply(Unary::Sin);
    let near = a.apply(Unary::Expm1) * b.apply(Unary::Cos) - (half * half).times(2.0);
    let far = a.abs().above(LN_2 * f64::from(a.digits() + 2));
    [R::select(far, re.plus(-1.0), near), im]
}

/// log |z|, near |z| = 1 by |z|² - 1, which does not cancel.
fn log_abs<R: Real>(z: [R; 2]) -> R {
    let [large, small] = by_magnitude(z);
    let near = (large.plus(-1.0) * large.plus(1.0) + small * small).apply(Unary::Log1p).times(0.5);
    let ratio = R::select(large.is(0.0) | large.is(f64::INFINITY), large.zero(), small / large);
    let far = large.apply(Unary::Log) + (ratio * ratio).apply(Unary::Log1p).times(0.5);
    R::select(large.above(0.5) & large.below(1.5), near, far)
}

pub(super) fn log<R: Real>(z: [R; 2]) -> [R; 2] {
    [log_abs(z), z[1].atan2(z[0])]
}

/// log |1 + z| = log1p(a (a + 2) + b²) / 2 for small z.
pub(super) fn log1p<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    let small = (a * a.plus(2.0) + b * b).apply(Unary::Log1p).times(0.5);
    let is_small = (a.abs() + b.abs()).below(0.5);
    [R::select(is_small, small, log_abs([a.plus(1.0), b])), b.atan2(a.plus(1.0))]
}

/// t = √((|a| + |z|)/2) is the part of the root on the side of a; the other is b / 2t.
pub(super) fn sqrt<R: Real>(z: [R; 2]) -> [R; 2] {
    let scale = scale_of(by_magnitude(z)[0]);
    let [a, b] = z.map(|part| part * scale(1.0));
    let t = (a.abs().times(0.5) + abs([a, b]).times(0.5)).sqrt();
    let other = R::select(t.is(0.0), b, b / t.times(2.0));
    let right = !a.below(0.0) & !a.is_nan();
    let root = choose(right, [t, other], [other.abs(), t.with_sign(b)]);
    let endless = z[1].is_infinite();
    choose(endless, [z[1].abs(), z[1]], root.map(|part| part * scale(-0.5)))
}

pub(super) fn rsqrt<R: Real>(z: [R; 2]) -> [R; 2] {
    reciprocal(sqrt(z))
}

/// exp(y log x), where zero times infinity is zero. To the power zero all are one; zero
/// to a power of positive real part is zero, to one of negative it is infinite in no direction.
pub(super) fn pow<R: Real>(x: [R; 2], [c, d]: [R; 2]) -> [R; 2] {
    let [size, angle] = log(x);
    // Zero times infinity, but not times NaN.
    let product = |x: R, y: R| R::select((x * y).is_nan() & !x.is_nan() & !y.is_nan(), x.zero(), x * y);
    let power = exp([product(c, size) - product(d, angle), product(c, angle) + product(d, size)]);
    let base_is_zero = x[0].is(0.0) & x[1].is(0.0);
    let known = base_is_zero & !d.is_nan();
    let zero = [c.zero(), c.zero()];
    let power = choose(known & c.above(0.0), zero, power);
    let power = choose(known & c.below(0.0), [c.of(f64::INFINITY), c.of(f64::NAN)], power);
    choose(c.is(0.0) & d.is(0.0), [c.one(), c.zero()], power)
}

/// Square and multiply, of the reciprocal for a negative exponent.
pub(super) fn integer_pow<R: Real>(x: [R; 2], exponent: i32) -> [R; 2] {
    let mut left = exponent.unsigned_abs();
    let mut base = if exponent < 0 { reciprocal(x) } else { x };
    let mut power = None;
    while left > 0 {
        if left & 1 == 1 {
            power = Some(power.map_or(base, |power| mul(power, base)));
        }
        left >>= 1;
        if left > 0 {
            base = mul(base, base);
        }
    }
    power.unwrap_or([x[0].one(), x[0].zero()])
}

// ---- hyperbolic functions, and of iz the trigonometric ones

/// `f` of iz, turned back: -i f(iz).
fn turned<R: Real>(f: impl Fn([R; 2]) -> [R; 2], [a, b]: [R; 2]) -> [R; 2] {
    let [re, im] = f([-b, a]);
    [im, -re]
}

/// sinh x, cosh x and a factor of both, which are large only together.
fn hyperbolic<R: Real>(x: R) -> [R; 3] {
    let magnitude = x.abs();
    let large = magnitude.above(LN_2 * f64::from(x.digits()));
    let half = magnitude.times(0.5).apply(Unary::Exp);
    let sinh = R::select(large, half.times(0.5).with_sign(x), x.apply(Unary::Sinh));
    let cosh = R::select(large, half.times(0.5), x.apply(Unary::Cosh));
    [sinh, cosh, R::select(large, half, x.one())]
}

/// sinh a cos b + i cosh a sin b
pub(super) fn sinh<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    let [sinh, cosh, factor] = hyperbolic(a);
    let known = b.is_finite();
    let re = b.apply(Unary::Cos) * sinh * factor;
    // Zero has no angle; of what is infinite none is known.
    let re = R::select(!known & (a.is(0.0) | a.is_infinite()), a, re);
    let im = R::select(b.is(0.0), b, b.apply(Unary::Sin) * cosh * factor);
    [re, im]
}

/// cosh a cos b + i sinh a sin b
pub(super) fn cosh<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    let [sinh, cosh, factor] = hyperbolic(a);
    let known = b.is_finite();
    let re = b.apply(Unary::Cos) * cosh * factor;
    let re = R::select(!known & a.is_infinite(), a.abs(), re);
    let zero = b.zero().with_sign(R::select(a.is_negative(), -b, b));
    let is_zero = b.is(0.0) | (!known & a.is(0.0));
    [re, R::select(is_zero, zero, b.apply(Unary::Sin) * sinh * factor)]
}

/// With t = tanh a and s = tan b: (t (1 + s²) + i s sech² a) / (1 + t² s²).
pub(super) fn tanh<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    let (t, s) = (a.apply(Unary::Tanh), b.apply(Unary::Tan));
    let sech = a.one() / a.apply(Unary::Cosh);
    let below = (t * t * (s * s)).plus(1.0);
    let (re, im) = (t * (s * s).plus(1.0) / below, s * sech * sech / below);
    let known = b.is_finite();
    // At zero and at infinity the angle does not matter.
    let re = R::select(!known & (a.is(0.0) | a.is_infinite()), t, re);
    let im = R::select(!known & a.is_infinite(), b.zero().with_sign(b), im);
    [re, R::select(b.is(0.0), b, im)]
}

pub(super) fn sin<R: Real>(z: [R; 2]) -> [R; 2] {
    turned(sinh, z)
}

pub(super) fn cos<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    cosh([-b, a])
}

pub(super) fn tan<R: Real>(z: [R; 2]) -> [R; 2] {
    turned(tanh, z)
}

/// 1 / (1 + e^-z), left of the imaginary axis e^z / (1 + e^z).
pub(super) fn logistic<R: Real>([a, b]: [R; 2]) -> [R; 2] {
    let left = a.is_negative();
    let power = exp([-a.abs(), R::select(left, b, -b)]);
    let above = choose(left, power, [a.one(), a.zero()]);
    div(above, [power[0].plus(1.0), power[1]])
}

// ---- inverse functions: Kahan's, by the roots of 1 + z and 1 - z, whose parts combine without cancellation; far away
// by the logarithm of 2z

fn roots<R: Real>([a, b]: [R; 2]) -> [[R; 2]; 2] {
    [sqrt([a.plus(1.0), b]), sqrt([a.one() - a, -b])]
}

/// Whether 1 is nothing beside z².
fn is_far<R: Real>(z: [R; 2]) -> R::Truth {
    let large = by_magnitude(z)[0];
    large.above(f64::from(large.digits()).exp2())
}

/// log |2z|
fn log_twice<R: Real>(z: [R; 2]) -> R {
    log_abs(z).plus(LN_2)
}

pub(super) fn asin<R: Real>(z: [R; 2]) -> [R; 2] {
    let [[a, b], [c, d]] = roots(z);
    let [x, y] = z;
    let far = is_far(z);
    let re = x.atan2(R::select(far, y.abs(), a * c - b * d));
    let im = R::select(far, log_twice(z).with_sign(y), (c * b - d * a).apply(Unary::Asinh));
    [R::select(x.is(0.0), x, re), im]
}

pub(super) fn asinh<R: Real>(z: [R; 2]) -> [R; 2] {
    turned(asin, z)
}

pub(super) fn acos<R: Real>(z: [R; 2]) -> [R; 2] {
    let [[a, b], [c, d]] = roots(z);
    let [x, y] = z;
    let far = is_far(z);
    let re = R::select(far, y.abs().atan2(x), c.atan2(a).times(2.0));
    let im = R::select(far, -log_twice(z).with_sign(y), (a * d - b * c).apply(Unary::Asinh));
    [R::select(x.is(0.0), x.of(FRAC_PI_2), re), im]
}

pub(super) fn acosh<R: Real>(z: [R; 2]) -> [R; 2] {
    let [x, y] = z;
    let [[a, b], [c, d]] = [sqrt([x.plus(1.0), y]), sqrt([x.plus(-1.0), y])];
    let far = is_far(z);
    let re = R::select(far, log_twice(z), (c * a + d * b).apply(Unary::Asinh));
    let im = R::select(far, y.atan2(x), d.atan2(a).times(2.0));
    [re, R::select(x.is(0.0), x.of(FRAC_PI_2).with_sign(y), im)]
}

/// log1p(4a / ((1 - a)² + b²)) / 4, for a of either sign by symmetry, and half the angle of (1 + z) / (1 - z); far away
/// 1 / z and a right angle.
pub(super) fn atanh<R: Real>(z: [R; 2]) -> [R; 2] {
    let [x, b] = z;
    let a = x.abs();
    let apart = a.one() - a;
    let near = (a.times(4.0) / (apart * apart + b * b)).apply(Unary::Log1p).times(0.25);
    // Where a = 1 the square of a small b underflows: (log(4 + b²) - log b²) / 4.
    let on_line = ((b * b).plus(4.0).apply(Unary::Log).times(0.5) - b.abs().apply(Unary::Log)).times(0.5);
    let re = R::select(a.is(1.0) & b.abs().below(0.5), on_line, near);
    let far = is_far(z);
    let re = R::select(far, R::select(b.is_infinite(), a.zero(), reciprocal(z)[0]), re);
    let angle = b.times(2.0).atan2(apart * a.plus(1.0) - b * b).times(0.5);
    let right_angle = b.of(FRAC_PI_2).with_sign(b);
    let unknown = b.is_nan() | (x.is_nan() & !b.is_infinite());
    let im = R::select(far & !unknown, right_angle, angle);
    [R::select(x.is(0.0), x, re.with_sign(x)), im]
}

pub(super) fn atan<R: Real>(z: [R; 2]) -> [R; 2] {
    turned(atanh, z)
}
