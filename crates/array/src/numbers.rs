//! Elements at full precision: what the reference interpreter computes with, whatever the element type.
//!
//! Invariant: the six conversions below are the only code of arithmetic that is compiled for each element type; what
//! callers give as iterators is collected before.

use crate::{Array, Buffer, Complex, Dtype, Element, Type};
use bytemuck::{cast_slice, cast_slice_mut};

/// The elements of an array at full precision.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Integers and truth values.
    Integers(Vec<i128>),
    /// Real floats.
    Floats(Vec<f64>),
    /// Complex numbers.
    Complex(Vec<Complex<f64>>),
}

impl Array {
    /// Every element at full precision.
    pub fn numbers(&self) -> Numbers {
        match self.dtype() {
            dtype if dtype.is_complex() => Numbers::Complex(self.to_complex_vec()),
            dtype if dtype.is_float() => Numbers::Floats(self.to_f64_vec()),
            _ => Numbers::Integers(self.to_i128_vec()),
        }
    }
    /// An array of type `ty` whose elements are the nearest to `numbers`: floats are rounded once, saturated to
    /// integers; integers keep their low bits; what is not complex takes the real part.
    pub fn from_numbers(ty: &Type, numbers: Numbers) -> Array {
        match numbers {
            Numbers::Integers(all) => from_integers(ty, &all),
            Numbers::Floats(all) => written(ty, |bytes| ty.dtype.write_f64(bytes, &all)),
            Numbers::Complex(all) => written(ty, |bytes| ty.dtype.write_complex(bytes, &all)),
        }
    }
    /// Every element converted to `f64`.
    pub fn to_f64_vec(&self) -> Vec<f64> {
        self.dtype().read_f64(self.bytes())
    }
    /// Every element as a complex number of `f64`.
    pub fn to_complex_vec(&self) -> Vec<Complex<f64>> {
        self.dtype().read_complex(self.bytes())
    }
    /// Every element as an integer; floats are truncated.
    pub fn to_i128_vec(&self) -> Vec<i128> {
        with_element!(self.dtype(), T => self.elements::<T>().map(Element::to_i128).collect())
    }
    /// An array of type `ty` whose elements are the nearest to `data`.
    pub fn from_f64(ty: &Type, data: impl IntoIterator<Item = f64>) -> Array {
        Array::from_numbers(ty, Numbers::Floats(data.into_iter().take(ty.shape.size()).collect()))
    }
    /// An array of type `ty` whose elements are the nearest to `data`.
    pub fn from_complex(ty: &Type, data: impl IntoIterator<Item = Complex<f64>>) -> Array {
        Array::from_numbers(ty, Numbers::Complex(data.into_iter().take(ty.shape.size()).collect()))
    }
    /// An array of type `ty` whose elements have the low bits of `data`; to floats these are rounded.
    pub fn from_integers(ty: &Type, data: impl IntoIterator<Item = i128>) -> Array {
        Array::from_numbers(ty, Numbers::Integers(data.into_iter().take(ty.shape.size()).collect()))
    }
    /// A scalar of type `dtype` with the low bits of `x`.
    pub fn from_i128(dtype: Dtype, x: i128) -> Array {
        from_integers(&Type::scalar(dtype), &[x])
    }
}

impl Dtype {
    /// Elements of this type that lie in `bytes`, each converted to `f64`.
    #[doc(hidden)]
    pub fn read_f64(self, bytes: &[u8]) -> Vec<f64> {
        with_element!(self, T => read::<T>(bytes).map(Element::to_f64).collect())
    }
    /// Elements of this type that lie in `bytes`, as complex numbers.
    #[doc(hidden)]
    pub fn read_complex(self, bytes: &[u8]) -> Vec<Complex<f64>> {
        with_element!(self, T => read::<T>(bytes).map(Element::to_complex).collect())
    }
    /// Writes the elements of this type that are nearest to `data` over `bytes`, which have room for as many.
    #[doc(hidden)]
    pub fn write_f64(self, bytes: &mut [u8], data: &[f64]) {
        with_element!(self, T => write(bytes, data.iter().map(|x| T::from_f64(*x))));
    }
    /// Writes the elements of this type that are nearest to `data` over `bytes`, which have room for as many.
    #[doc(hidden)]
    pub fn write_complex(self, bytes: &mut [u8], data: &[Complex<f64>]) {
        with_element!(self, T => write(bytes, data.iter().map(|z| T::from_complex(*z))));
    }
}

fn read<T: Element>(bytes: &[u8]) -> impl Iterator<Item = T> {
    cast_slice::<u8, T::Repr>(bytes).iter().map(|repr| T::from_repr(*repr))
}

fn write<T: Element>(bytes: &mut [u8], elements: impl ExactSizeIterator<Item = T>) {
    let places = cast_slice_mut::<u8, T::Repr>(bytes);
    assert_eq!(places.len(), elements.len(), "internal: as many elements as there is room for");
    places.iter_mut().zip(elements).for_each(|(place, element)| *place = element.to_repr());
}

/// An array of type `ty` whose bytes `write` writes.
fn written(ty: &Type, write: impl FnOnce(&mut [u8])) -> Array {
    let mut buffer = Buffer::any(ty.size_bytes());
    write(buffer.bytes_mut());
    Array::from_buffer(ty.clone(), buffer)
}

fn from_integers(ty: &Type, data: &[i128]) -> Array {
    with_element!(ty.dtype, T => Array::collect(ty.shape.clone(), data.iter().map(|x| T::from_i128(*x))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dtype;

    #[test]
    fn numbers_go_there_and_back() {
        for dtype in Dtype::ALL {
            let ty = Type::new(*dtype, [3]);
            let a = Array::from_integers(&ty, [0, 1, 1]);
            assert_eq!(Array::from_numbers(&ty, a.numbers()), a, "{dtype}");
            assert_eq!(a.to_i128_vec(), [0, 1, 1], "{dtype}");
        }
        let wide = Type::new(Dtype::U64, [1]);
        assert_eq!(Array::from_integers(&wide, [u64::MAX.into()]).to_i128_vec(), [u64::MAX.into()]);
        assert_eq!(Array::from_i128(Dtype::I8, 0x1ff).to_i128_vec(), [-1]);
    }
}
