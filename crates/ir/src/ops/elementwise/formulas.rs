//! 16-bit floats by their bits, which kernels need because they hold none.

use super::Binary;
use crate::trace::{Val, bind1};
use crate::{Array, Dtype};

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
