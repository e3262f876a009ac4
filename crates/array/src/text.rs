//! Elements in text: floats in the fewest digits that read back to the same bits, NaNs by their bits, complex numbers
//! as their parts one after the other.

use crate::{Array, Element, Kind, Type};
use std::fmt::{self, Write};

impl Array {
    /// Writes `f32[2] [1.0, nan:7fc00000]`.
    #[doc(hidden)]
    pub fn write_literal(&self, out: &mut dyn Write) -> fmt::Result {
        write!(out, "{} [", self.ty())?;
        let array = &self.parts();
        with_element!(array.dtype(), T => {
            for (i, x) in array.elements::<T>().enumerate() {
                out.write_str(if i == 0 { "" } else { ", " })?;
                write_element(out, x)?;
            }
        });
        out.write_char(']')
    }
    /// The array of type `ty` whose elements, or their parts, are `words`, as many as it holds; else the position of
    /// the wrong one.
    #[doc(hidden)]
    pub fn read_literal(ty: &Type, words: &[&str]) -> Result<Array, usize> {
        if ty.dtype.is_complex() {
            return Ok(Array::read_literal(&ty.parts(), words)?.reinterpreted(ty.clone()));
        }
        with_element!(ty.dtype, T => {
            let elements = words.iter().enumerate().map(|(i, word)| read_element::<T>(word).ok_or(i));
            let elements = elements.collect::<Result<Vec<T>, usize>>()?;
            Ok(Array::collect(ty.shape.clone(), elements))
        })
    }
}

fn write_element<T: Element>(out: &mut dyn Write, x: T) -> fmt::Result {
    if T::DTYPE.is_float() && x.to_f64().is_nan() {
        out.write_str("nan:")?;
        let repr = x.to_repr();
        return bytemuck::bytes_of(&repr).iter().rev().try_for_each(|b| write!(out, "{b:02x}"));
    }
    if T::DTYPE.is_half() {
        // Every one of them is an f32, whose digits read back to it.
        return write!(out, "{:?}", x.to_f64() as f32);
    }
    write!(out, "{x:?}")
}

fn read_element<T: Element>(word: &str) -> Option<T> {
    match T::DTYPE.kind() {
        Kind::Bool => word.parse::<bool>().ok().map(|b| T::from_i128(b.into())),
        Kind::Unsigned | Kind::Signed => {
            let number = word.parse::<i128>().ok()?;
            let element = T::from_i128(number);
            (element.to_i128() == number).then_some(element)
        }
        Kind::Float => match word.strip_prefix("nan:") {
            Some(digits) => {
                let bits = u64::from_str_radix(digits, 16).ok()?;
                let width = T::DTYPE.size_bytes();
                let all_read = digits.len() == 2 * width;
                let repr = bytemuck::pod_read_unaligned(bits.to_le_bytes().get(..width)?);
                let element = T::from_repr(repr);
                (all_read && element.to_f64().is_nan()).then_some(element)
            }
            // A decimal is rounded once, to the type itself.
            None if T::DTYPE.size_bytes() <= 4 => number(word.parse::<f32>().ok()?.into()),
            None => number(word.parse::<f64>().ok()?),
        },
        Kind::Complex => None,
    }
}

/// A float that is no NaN: those are written by their bits.
fn number<T: Element>(x: f64) -> Option<T> {
    (!x.is_nan()).then(|| T::from_f64(x))
}
