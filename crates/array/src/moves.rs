//! Elements that move as they are: compiled for each width, not for each element type.

use crate::{Array, Buffer, Dtype, Shape, Type};
use bytemuck::{cast_slice, cast_slice_mut};

/// Runs `$body` with `$W` standing for an integer as wide as the elements of `$dtype`.
macro_rules! with_word {
    ($dtype:expr, $W:ident => $body:expr) => {
        match $dtype.size_bytes() {
            1 => {
                type $W = u8;
                $body
            }
            2 => {
                type $W = u16;
                $body
            }
            4 => {
                type $W = u32;
                $body
            }
            8 => {
                type $W = u64;
                $body
            }
            _ => {
                type $W = u128;
                $body
            }
        }
    };
}

impl Array {
    /// The array of `shape` with the elements of `self` at `positions`, one for each of its own.
    #[doc(hidden)]
    pub fn take(&self, shape: &Shape, positions: &[usize]) -> Array {
        self.filled(shape, positions.len(), |to, from| {
            with_word!(self.dtype(), W => {
                let from = cast_slice::<u8, W>(from);
                for (place, position) in cast_slice_mut::<u8, W>(to).iter_mut().zip(positions) {
                    *place = from[*position];
                }
            });
        })
    }
    /// [`Array::take`]; where there is no position, the scalar `fill` of the same element type.
    #[doc(hidden)]
    pub fn take_or(&self, fill: &Array, shape: &Shape, positions: &[Option<usize>]) -> Array {
        debug_assert_eq!(self.dtype(), fill.dtype(), "internal: elements of one type");
        self.filled(shape, positions.len(), |to, from| {
            with_word!(self.dtype(), W => {
                let (from, fill) = (cast_slice::<u8, W>(from), cast_slice::<u8, W>(fill.bytes())[0]);
                for (place, position) in cast_slice_mut::<u8, W>(to).iter_mut().zip(positions) {
                    *place = position.map_or(fill, |position| from[position]);
                }
            });
        })
    }
    /// `self` with elements of `updates`, which has the same element type: of each pair the second position is written
    /// with the element at the first, one after the other.
    #[doc(hidden)]
    pub fn put(&self, updates: &Array, pairs: impl IntoIterator<Item = (usize, usize)>) -> Array {
        debug_assert_eq!(self.dtype(), updates.dtype(), "internal: elements of one type");
        let pairs: Vec<(usize, usize)> = pairs.into_iter().collect();
        self.filled(&self.ty().shape, self.size(), |to, from| {
            to.copy_from_slice(from);
            with_word!(self.dtype(), W => {
                let (to, from) = (cast_slice_mut::<u8, W>(to), cast_slice::<u8, W>(updates.bytes()));
                pairs.iter().for_each(|(at, place)| to[*place] = from[*at]);
            });
        })
    }
    /// The scalar `self` repeated to `shape`.
    #[doc(hidden)]
    pub fn repeated(&self, shape: &Shape) -> Array {
        self.take(shape, &vec![0; shape.size()])
    }
    /// Every element as an array of its own.
    #[doc(hidden)]
    pub fn scalars(&self) -> Vec<Array> {
        (0..self.size()).map(|position| self.take(&Shape::scalar(), &[position])).collect()
    }
    /// The array of `shape` that consists of `scalars` of type `dtype`.
    #[doc(hidden)]
    pub fn from_scalars<'a>(
        dtype: Dtype,
        shape: &Shape,
        scalars: impl IntoIterator<Item = &'a Array>,
    ) -> Array {
        let ty = Type::new(dtype, shape.clone());
        let mut buffer = Buffer::zeroed(ty.size_bytes());
        for (place, scalar) in buffer.bytes_mut().chunks_exact_mut(dtype.size_bytes()).zip(scalars) {
            place.copy_from_slice(scalar.bytes());
        }
        Array::from_buffer(ty, buffer)
    }
    /// An array of the same element type and of `shape`, whose bytes `write` writes, given those of `self`.
    fn filled(&self, shape: &Shape, count: usize, write: impl FnOnce(&mut [u8], &[u8])) -> Array {
        assert_eq!(count, shape.size(), "internal: a position for each element");
        let ty = self.ty().with_shape(shape.clone());
        let mut buffer = Buffer::any(ty.size_bytes());
        write(buffer.bytes_mut(), self.bytes());
        Array::from_buffer(ty, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_every_width_move() {
        for dtype in Dtype::ALL {
            let x = Array::from_integers(&Type::new(*dtype, [3]), [0, 1, 0]);
            let one = Array::from_i128(*dtype, 1);
            let shape = Shape::from([2, 2]);
            assert_eq!(x.take(&shape, &[0, 1, 1, 2]).to_i128_vec(), [0, 1, 1, 0], "{dtype}");
            let filled = x.take_or(&one, &shape, &[None, Some(0), Some(1), None]);
            assert_eq!(filled.to_i128_vec(), [1, 0, 1, 1], "{dtype}");
            assert_eq!(x.put(&one, [(0, 2)]).to_i128_vec(), [0, 1, 1], "{dtype}");
            assert_eq!(Array::from_scalars(*dtype, &x.ty().shape, &x.scalars()), x, "{dtype}");
            assert_eq!(one.repeated(&shape).to_i128_vec(), [1; 4], "{dtype}");
        }
    }
}
