//! Formulas that kernels need because they hold neither complex numbers nor 16-bit floats: functions of complex numbers
//! by their parts, and 16-bit floats by their bits.
//!
//! Branch cuts are those of C99 and NumPy. Sources: W. Kahan, "Branch cuts for complex elementary functions" (1987);
//! R. Smith, "Algorithm 116: complex division" (1962).

use super::{Binary, Unary};
use crate::trace::{Val, bind1};
use crate::{Array, Complex, Dtype};
use std::f64::consts::LN_2;

fn parts(z: Val) -> [Val; 2] {
    [z.real(), z.imag()]
}

/// Both parts by the same function.
fn each(op: impl Fn(Val, Val) -> Val, x: Val, y: Val) -> Val {
    op(x.real(), y.real()).complex(op(x.imag(), y.imag()))
}

// ---- functions of two numbers

pub(super) fn add(x: Val, y: Val) -> Val {
    each(|a, b| a + b, x, y)
}

pub(super) fn sub(x: Val, y: Val) -> Val {
    each(|a, b| a - b, x, y)
}

pub(super) fn mul(x: Val, y: Val) -> Val {
    let ([a, b], [c, d]) = (parts(x), parts(y));
    (a * c - b * d).complex(a * d + b * c)
}

/// Smith's: numerator and denominator divided by the larger part of the denominator.
pub(super) fn div(x: Val, y: Val) -> Val {
    let ([a, b], [c, d]) = (parts(x), parts(y));
    let flat = c.abs().ge(d.abs());
    let (large, small) = (flat.select(c, d), flat.select(d, c));
    let ratio = small / large;
    // 0 / 0 is no number, but the ratio of the parts of a zero must not hide that x / 0 is infinite.
    let ratio = large.eq(large.zeros_like()).select(large, ratio);
    let scale = large + small * ratio;
    let (first, second) = (flat.select(a, b), flat.select(b, a));
    let re = (first + second * ratio) / scale;
    let im = flat.select(b - a * ratio, b * ratio - a) / scale;
    re.complex(im)
}

/// exp(y log x); a power of zero is zero, or one if the exponent is.
pub(super) fn pow(x: Val, y: Val) -> Val {
    let power = bind1(Unary::Exp, &[y * bind1(Unary::Log, &[x])]);
    let [a, b] = parts(x);
    let [c, d] = parts(y);
    let (zero, one) = (a.zeros_like(), a.ones_like());
    let is_zero = |x: Val| x.eq(zero);
    let base_is_zero = is_zero(a) & is_zero(b);
    let at_zero = (is_zero(c) & is_zero(d)).select(one, zero);
    base_is_zero.select(at_zero, power.real()).complex(base_is_zero.select(zero, power.imag()))
}

pub(super) fn exact_pow(x: Complex<f64>, y: Complex<f64>) -> Complex<f64> {
    match (x.norm() == 0.0, y.norm() == 0.0) {
        (true, true) => 1.0.into(),
        (true, false) => 0.0.into(),
        _ => (y * x.ln()).exp(),
    }
}

pub(super) fn eq(x: Val, y: Val) -> Val {
    x.real().eq(y.real()) & x.imag().eq(y.imag())
}

pub(super) fn ne(x: Val, y: Val) -> Val {
    x.real().ne(y.real()) | x.imag().ne(y.imag())
}

// ---- functions of one number

pub(super) fn neg(z: Val) -> Val {
    (-z.real()).complex(-z.imag())
}

/// The larger magnitude times √(1 + ratio²).
pub(super) fn abs(z: Val) -> Val {
    let [a, b] = parts(z).map(Val::abs);
    let (large, small) = (a.max(b), a.min(b));
    let ratio = small / large;
    let norm = large * (ratio * ratio + 1.0).sqrt();
    // 0 / 0, and infinity / infinity.
    let plain = large.eq(large.zeros_like()) | large.eq(large.full_like(f64::INFINITY));
    plain.select(large, norm)
}

pub(super) fn sign(z: Val) -> Val {
    let norm = abs(z);
    let is_zero = norm.eq(norm.zeros_like());
    let direction = |part: Val| is_zero.select(part, part / norm);
    direction(z.real()).complex(direction(z.imag()))
}

/// `length` in the direction of an angle; a zero angle stays exact where the length is infinite.
fn polar(length: Val, angle: Val) -> Val {
    let im = angle.eq(angle.zeros_like()).select(angle, length * angle.sin());
    (length * angle.cos()).complex(im)
}

pub(super) fn exp(z: Val) -> Val {
    polar(z.real().exp(), z.imag())
}

pub(super) fn exp2(z: Val) -> Val {
    polar(z.real().exp2(), z.imag() * LN_2)
}

/// e^a cos b - 1 = expm1(a) cos b - 2 sin²(b/2)
pub(super) fn expm1(z: Val) -> Val {
    let [a, b] = parts(z);
    let half = (b * 0.5).sin();
    (a.expm1() * b.cos() - half * half * 2.0).complex(polar(a.exp(), b).imag())
}

pub(super) fn exact_expm1(z: Complex<f64>) -> Complex<f64> {
    let half = (z.im / 2.0).sin();
    Complex::new(z.re.exp_m1() * z.im.cos() - 2.0 * half * half, z.re.exp() * z.im.sin())
}

/// log |z|, near |z| = 1 by |z|² - 1, which does not cancel.
fn log_abs(z: Val) -> Val {
    let [a, b] = parts(z).map(Val::abs);
    let (large, small) = (a.max(b), a.min(b));
    let near = ((large - 1.0) * (large + 1.0) + small * small).log1p() * 0.5;
    let close = large.gt(large.full_like(0.7)) & large.lt(large.full_like(1.5));
    close.select(near, abs(z).log())
}

pub(super) fn log(z: Val) -> Val {
    log_abs(z).complex(z.imag().atan2(z.real()))
}

/// log |1 + z| = log1p(a (a + 2) + b²) / 2 for small z.
pub(super) fn log1p(z: Val) -> Val {
    let [a, b] = parts(z);
    let small = (a * (a + 2.0) + b * b).log1p() * 0.5;
    let is_small = (a.abs() + b.abs()).lt(a.full_like(0.5));
    let moved = (a + 1.0).complex(b);
    is_small.select(small, log_abs(moved)).complex(b.atan2(a + 1.0))
}

pub(super) fn exact_log1p(z: Complex<f64>) -> Complex<f64> {
    if z.re.abs() + z.im.abs() < 0.5 {
        let squares = z.re * (z.re + 2.0) + z.im * z.im;
        return Complex::new(0.5 * squares.ln_1p(), z.im.atan2(z.re + 1.0));
    }
    (z + 1.0).ln()
}

/// t = √((|a| + |z|)/2) is the part of the root on the side of a; the other is b / 2t.
pub(super) fn sqrt(z: Val) -> Val {
    let [a, b] = parts(z);
    let norm = abs(z);
    let t = ((a.abs() * 0.5) + (norm * 0.5)).sqrt();
    let zero = t.zeros_like();
    let other = t.eq(zero).select(b, b / (t * 2.0));
    let right = a.ge(zero);
    let upwards = b.lt(zero).select(-t, t);
    // On the cut the sign of a zero imaginary part decides.
    let below = b.eq(zero) & b.atan2(-b.ones_like()).lt(zero);
    let upwards = below.select(-t, upwards);
    let [re, im] = [right.select(t, other.abs()), right.select(other, upwards)];
    let endless = b.abs().eq(b.full_like(f64::INFINITY));
    endless.select(b.abs(), re).complex(endless.select(b, im))
}

pub(super) fn rsqrt(z: Val) -> Val {
    reciprocal(sqrt(z))
}

fn reciprocal(z: Val) -> Val {
    div(z.ones_like(), z)
}

pub(super) fn sin(z: Val) -> Val {
    let [a, b] = parts(z);
    (a.sin() * b.cosh()).complex(a.cos() * b.sinh())
}

pub(super) fn cos(z: Val) -> Val {
    let [a, b] = parts(z);
    (a.cos() * b.cosh()).complex(-(a.sin() * b.sinh()))
}

pub(super) fn sinh(z: Val) -> Val {
    let [a, b] = parts(z);
    (a.sinh() * b.cos()).complex(a.cosh() * b.sin())
}

pub(super) fn cosh(z: Val) -> Val {
    let [a, b] = parts(z);
    (a.cosh() * b.cos()).complex(a.sinh() * b.sin())
}

/// With t = tanh a and s = tan b: (t (1 + s²) + i s sech² a) / (1 + t² s²).
pub(super) fn tanh(z: Val) -> Val {
    let [a, b] = parts(z);
    let (t, s) = (a.tanh(), b.tan());
    let sech = 1.0 / a.cosh();
    let below = t * t * (s * s) + 1.0;
    (t * (s * s + 1.0) / below).complex(s * (sech * sech) / below)
}

/// `f` of iz, turned back: -i f(iz).
fn turned(f: fn(Val) -> Val, z: Val) -> Val {
    let y = f((-z.imag()).complex(z.real()));
    y.imag().complex(-y.real())
}

pub(super) fn tan(z: Val) -> Val {
    turned(tanh, z)
}

/// 1 / (1 + e^-z)
pub(super) fn logistic(z: Val) -> Val {
    let power = exp(neg(z));
    reciprocal((power.real() + 1.0).complex(power.imag()))
}

// Inverse functions as in `exact_complex`: Kahan's, by the roots of 1 + z and 1 - z.

fn roots(z: Val) -> [Val; 2] {
    let [a, b] = parts(z);
    [sqrt((a + 1.0).complex(b)), sqrt((1.0 - a).complex(-b))]
}

pub(super) fn asin(z: Val) -> Val {
    let [[a, b], [c, d]] = roots(z).map(parts);
    z.real().atan2(a * c - b * d).complex((c * b - d * a).asinh())
}

pub(super) fn asinh(z: Val) -> Val {
    turned(asin, z)
}

pub(super) fn acos(z: Val) -> Val {
    let [[a, b], [c, d]] = roots(z).map(parts);
    (c.atan2(a) * 2.0).complex((a * d - b * c).asinh())
}

pub(super) fn acosh(z: Val) -> Val {
    let [x, y] = parts(z);
    let [[a, b], [c, d]] = [sqrt((x + 1.0).complex(y)), sqrt((x - 1.0).complex(y))].map(parts);
    (c * a + d * b).asinh().complex(d.atan2(a) * 2.0)
}

/// log1p(4a / ((1 - a)² + b²)) / 4, for a of either sign by symmetry, and half the angle of (1 + z) / (1 - z).
pub(super) fn atanh(z: Val) -> Val {
    let [x, b] = parts(z);
    let (a, zero) = (x.abs(), x.zeros_like());
    let re = ((a * 4.0) / ((1.0 - a) * (1.0 - a) + b * b)).log1p() * 0.25;
    let left = x.lt(zero) | (1.0 / x).lt(zero);
    // Where a square overflows the point is far away.
    let (below, above) = ((1.0 - a) * (a + 1.0) - b * b, b * 2.0);
    let below = below.eq(below).select(below, below.full_like(f64::NEG_INFINITY));
    let angle = above.atan2(below) * 0.5;
    left.select(-re, re).complex(angle)
}

pub(super) fn atan(z: Val) -> Val {
    turned(atanh, z)
}

// ---- 16-bit floats by their bits

fn bits(value: Val, dtype: Dtype) -> Val {
    value.bitcast_convert(dtype)
}

fn word(like: Val, bits: u32) -> Val {
    like.full_like(bits.into())
}

/// The `f32` of a 16-bit float, exact.
pub fn half_to_f32(x: Val) -> Val {
    let dtype = x.ty().dtype;
    let half = bits(x, Dtype::U16).convert(Dtype::U32);
    if dtype == Dtype::BF16 {
        return bits(half.shift_left(word(half, 16)), Dtype::F32);
    }
    // The exponent moves to its place and is then off by 112, which a multiplication mends, denormals included.
    let sign = (half & word(half, 0x8000)).shift_left(word(half, 16));
    let magnitude = half & word(half, 0x7fff);
    let moved = bits(magnitude.shift_left(word(half, 13)), Dtype::F32);
    let number = bits(moved * f64::powi(2.0, 112), Dtype::U32);
    let endless = magnitude.ge(word(half, 0x7c00));
    let number = endless.select(number | word(half, 0x7f80_0000), number);
    bits(number | sign, Dtype::F32)
}

/// The nearest 16-bit float of type `to` to each `f32`, the even one of two.
pub fn f32_to_half(x: Val, to: Dtype) -> Val {
    let single = bits(x, Dtype::U32);
    let is_nan = x.ne(x);
    let half = if to == Dtype::BF16 {
        let odd = single.shift_right_logical(word(single, 16)) & word(single, 1);
        let rounded = (single + word(single, 0x7fff) + odd).shift_right_logical(word(single, 16));
        is_nan.select(word(single, 0x7fc0), rounded)
    } else {
        let sign = single.shift_right_logical(word(single, 16)) & word(single, 0x8000);
        let magnitude = single & word(single, 0x7fff_ffff);
        // Normal numbers: the exponent is 112 too large, and 13 digits are rounded off.
        let odd = magnitude.shift_right_logical(word(single, 13)) & word(single, 1);
        let normal = magnitude - word(single, (112 << 23) - 0xfff) + odd;
        let normal = normal.shift_right_logical(word(single, 13));
        // Below 2⁻¹⁴: adding ½ leaves the digits of a denormal, rounded, in the last places.
        let shifted = bits(bits(magnitude, Dtype::F32) + 0.5, Dtype::U32);
        let denormal = shifted - word(single, 0x3f00_0000);
        let small = magnitude.lt(word(single, 113 << 23));
        let number = small.select(denormal, normal);
        // From 65520 on the nearest is infinite.
        let number = magnitude.ge(word(single, 0x477f_f000)).select(word(single, 0x7c00), number);
        is_nan.select(word(single, 0x7e00), number) | sign
    };
    bits(half.convert(Dtype::U16), to)
}

/// An `f32` that rounds to any 16-bit float as `x`, an `f64`, does: truncated, the last bit set if digits fell off.
fn sticky(x: Val) -> Val {
    let near = x.convert(Dtype::F32);
    let back = near.convert(Dtype::F64);
    let single = bits(near, Dtype::U32);
    let one = word(single, 1);
    let even = (single & one).eq(word(single, 0));
    let differs = back.ne(x) & x.eq(x) & even;
    let beyond = back.abs().gt(x.abs());
    let odd = beyond.select(single - one, single + one);
    bits(differs.select(odd, single), Dtype::F32)
}

/// The nearest 16-bit float of type `to` to each number, which is real and no 16-bit float itself.
pub(super) fn half_of(x: Val, to: Dtype) -> Val {
    let from = x.ty().dtype;
    let single = match from.size_bytes() {
        _ if from == Dtype::F32 => x,
        _ if from == Dtype::F64 => sticky(x),
        1 | 2 => x.convert(Dtype::F32),
        4 => sticky(x.convert(Dtype::F64)),
        _ => {
            // Bits that an f64 cannot hold are far below those that count: one of them stands for all.
            let low = Array::from_i128(from, 0xff_ffff);
            let low = Val::constant(low).splat(x.shape());
            let rest = (x & low).ne(x.zeros_like()).convert(from).shift_left(x.full_like(23.0));
            let kept = (x & !low) | rest;
            let small = if from == Dtype::I64 { x.abs() } else { x };
            let limit = Array::from_i128(from, 1 << 53);
            let small = small.lt(Val::constant(limit).splat(x.shape()));
            // The lowest i64 is its own absolute value, and its bits need no care.
            sticky(small.select(x, kept).convert(Dtype::F64))
        }
    };
    f32_to_half(single, to)
}

/// The 16-bit float next to `x` in the direction of `y`.
pub(super) fn next_half(x: Val, y: Val) -> Val {
    let dtype = x.ty().dtype;
    let (wide_x, wide_y) = (half_to_f32(x), half_to_f32(y));
    let half = bits(x, Dtype::U16);
    let one = half.ones_like();
    let zero = wide_x.zeros_like();
    let inwards = bind1(Binary::Xor, &[wide_x.lt(wide_y), wide_x.gt(zero)]);
    let step = inwards.select(half - one, half + one);
    let sign = bits(y, Dtype::U16) & half.full_like(f64::from(0x8000));
    let step = wide_x.eq(zero).select(sign | one, step);
    let step = wide_x.eq(wide_y).select(bits(y, Dtype::U16), step);
    let is_nan = wide_x.ne(wide_x) | wide_y.ne(wide_y);
    let nan = if dtype == Dtype::BF16 { 0x7fc0 } else { 0x7e00 };
    bits(is_nan.select(half.full_like(f64::from(nan)), step), dtype)
}

/// [`next_half`] of arrays.
pub(super) fn evaluated_next_half(x: &Array, y: &Array) -> Array {
    let words =
        |a: &Array| a.reinterpreted(a.ty().with_dtype(Dtype::U16)).elements::<u16>().collect::<Vec<_>>();
    let (bits, target) = (words(x), words(y));
    let numbers = x.to_f64_vec().into_iter().zip(y.to_f64_vec());
    let next = numbers.enumerate().map(|(i, (a, b))| match (a, b) {
        _ if a.is_nan() => bits[i],
        _ if b.is_nan() || a == b => target[i],
        _ if a == 0.0 => target[i] & 0x8000 | 1,
        _ if (a < b) == (a > 0.0) => bits[i] + 1,
        _ => bits[i] - 1,
    });
    let next = Array::collect(x.ty().shape.clone(), next.collect::<Vec<u16>>());
    next.reinterpreted(x.ty().clone())
}
