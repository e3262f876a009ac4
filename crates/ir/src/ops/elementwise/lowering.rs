//! Kernel bodies of primitives that the kernel IR has no operation for.

use gradus_kernel::{Builder, Value};

/// x > 0 gives 1, x < 0 gives -1, else x itself: a zero or a NaN.
pub(super) fn sign(b: &mut Builder, x: Value) -> Value {
    let scalar = b.scalar(x);
    let (zero, one) = (b.int(scalar, 0), b.int(scalar, 1));
    let positive = b.gt(x, zero);
    if !scalar.is_float() && !scalar.is_signed_int() {
        return b.select(positive, one, x);
    }
    let (minus_one, negative) = (b.int(scalar, -1), b.lt(x, zero));
    let rest = b.select(negative, minus_one, x);
    b.select(positive, one, rest)
}

pub(super) fn rsqrt(b: &mut Builder, x: Value) -> Value {
    let one = b.float(b.scalar(x), 1.0);
    let root = b.sqrt(x);
    b.div(one, root)
}

/// trunc(x), and one further where the fraction that goes is a half or more.
pub(super) fn round_away(b: &mut Builder, x: Value) -> Value {
    let scalar = b.scalar(x);
    let (half, one) = (b.float(scalar, 0.5), b.float(scalar, 1.0));
    let magnitude = b.abs(x);
    let whole = b.floor(magnitude);
    let fraction = b.sub(magnitude, whole);
    let next = b.add(whole, one);
    let up = b.ge(fraction, half);
    let rounded = b.select(up, next, whole);
    copy_sign(b, rounded, x)
}

/// `magnitude`, which is not negative, with the sign of `x`.
fn copy_sign(b: &mut Builder, magnitude: Value, x: Value) -> Value {
    let scalar = b.scalar(x);
    let bits_type = scalar.to_unsigned();
    let sign_bit = b.bits(bits_type, 1 << (scalar.width() - 1));
    let bits = b.bitcast(bits_type, x);
    let sign = b.and(bits, sign_bit);
    let magnitude = b.bitcast(bits_type, magnitude);
    let bits = b.or(magnitude, sign);
    b.bitcast(scalar, bits)
}

/// |x| < infinity; with a NaN it is not.
pub(super) fn is_finite(b: &mut Builder, x: Value) -> Value {
    let infinity = b.float(b.scalar(x), f64::INFINITY);
    let magnitude = b.abs(x);
    b.lt(magnitude, infinity)
}

pub(super) fn pow(b: &mut Builder, x: Value, n: Value) -> Value {
    if b.scalar(x).is_float() { b.pow(x, n) } else { integer_pow(b, x, n) }
}

/// Square and multiply over every bit of n, without branches.
fn integer_pow(b: &mut Builder, x: Value, n: Value) -> Value {
    let scalar = b.scalar(x);
    let (zero, one) = (b.int(scalar, 0), b.int(scalar, 1));
    let (mut power, mut base) = (one, x);
    // The sign bit of n does not count: what a negative n gives is chosen below.
    for bit in 0..scalar.width() {
        let mask = b.bits(scalar, 1 << bit);
        let masked = b.and(n, mask);
        let is_set = b.ne(masked, zero);
        let next = b.mul(power, base);
        power = b.select(is_set, next, power);
        base = b.mul(base, base);
    }
    if !scalar.is_signed_int() {
        return power;
    }
    // 1 and -1 are their own reciprocals, up to the parity of n; every other reciprocal truncates to zero.
    let minus_one = b.int(scalar, -1);
    let (is_one, is_minus_one) = (b.eq(x, one), b.eq(x, minus_one));
    let is_unit = b.or(is_one, is_minus_one);
    let reciprocal = b.select(is_unit, power, zero);
    let negative = b.lt(n, zero);
    b.select(negative, reciprocal, power)
}

/// One step of the bit pattern, whose order is that of the magnitudes.
pub(super) fn nextafter(b: &mut Builder, x: Value, y: Value) -> Value {
    let scalar = b.scalar(x);
    let bits_type = scalar.to_unsigned();
    let (one, zero) = (b.int(bits_type, 1), b.float(scalar, 0.0));
    let bits = b.bitcast(bits_type, x);
    let (outer, inner) = (b.add(bits, one), b.sub(bits, one));
    let (upwards, positive) = (b.lt(x, y), b.gt(x, zero));
    let differ = b.xor(upwards, positive);
    let step = b.select(differ, inner, outer);
    let step = b.bitcast(scalar, step);
    // From zero: the smallest denormal, with the sign of y.
    let smallest = b.bitcast(scalar, one);
    let from_zero = copy_sign(b, smallest, y);
    let is_zero = b.eq(x, zero);
    let step = b.select(is_zero, from_zero, step);
    let equal = b.eq(x, y);
    let step = b.select(equal, y, step);
    let (x_is_nan, y_is_nan) = (b.ne(x, x), b.ne(y, y));
    let is_nan = b.or(x_is_nan, y_is_nan);
    let nan = b.float(scalar, f64::NAN);
    b.select(is_nan, nan, step)
}
