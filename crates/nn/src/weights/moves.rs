//! What is done to a tensor of a file before it is a leaf: moves of its elements, of its type alone and of its data.

use gradus::{Array, Type};

/// One move.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Move {
    /// The axes in another order: place `i` has what was axis `axes[i]`.
    Permute(Vec<usize>),
    /// All axes after the first two, then the second, then the first.
    FeaturesLast,
    /// One of `count` equal parts along `axis`.
    Part { axis: usize, index: usize, count: usize },
    /// The same elements in another shape.
    Reshape(Vec<usize>),
}

impl Move {
    /// The shape afterwards.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        match self {
            Move::Permute(_) | Move::FeaturesLast => {
                let axes = self.axes(shape.len());
                let mut sorted = axes.clone();
                sorted.sort_unstable();
                match sorted == (0..shape.len()).collect::<Vec<_>>() {
                    true => Ok(axes.iter().map(|axis| shape[*axis]).collect()),
                    false => Err(format!("its axes cannot be put in the order {axes:?}")),
                }
            }
            Move::Part { axis, index, count } => match shape.get(*axis) {
                Some(n) if index < count && n.is_multiple_of(*count) => {
                    let mut part = shape.to_vec();
                    part[*axis] = n / count;
                    Ok(part)
                }
                _ => Err(format!("it has no part {index} of {count} equal ones along axis {axis}")),
            },
            Move::Reshape(other) => {
                let size = |shape: &[usize]| shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n));
                match size(shape) == size(other) {
                    true => Ok(other.clone()),
                    false => Err(format!("it cannot be reshaped to {other:?}")),
                }
            }
        }
    }

    /// The array afterwards; the move has a shape for it.
    pub(super) fn apply(&self, array: &Array) -> Array {
        match self {
            Move::Permute(_) | Move::FeaturesLast => permuted(array, &self.axes(array.rank())),
            Move::Part { axis, index, count } => part(array, *axis, *index, *count),
            Move::Reshape(shape) => of(Type::new(array.dtype(), shape.clone()), array.bytes()),
        }
    }

    fn axes(&self, rank: usize) -> Vec<usize> {
        match self {
            Move::Permute(axes) => axes.clone(),
            _ if rank < 2 => (0..rank).collect(),
            _ => (2..rank).chain([1, 0]).collect(),
        }
    }
}

fn of(ty: Type, bytes: &[u8]) -> Array {
    let mut array = Array::zeros(ty);
    array.bytes_mut().expect("internal: a new array is shared by nobody").copy_from_slice(bytes);
    array
}

/// The array whose axis `i` is axis `axes[i]` of `array`.
pub(super) fn permuted(array: &Array, axes: &[usize]) -> Array {
    let (shape, strides) = (array.shape(), array.ty().shape.strides());
    let turned: Vec<usize> = axes.iter().map(|axis| shape[*axis]).collect();
    let steps: Vec<usize> = axes.iter().map(|axis| strides[*axis]).collect();
    strided(array.bytes(), Type::new(array.dtype(), turned), 0, &steps)
}

/// The array of type `ty` whose elements lie in `bytes` from `begin` on, `steps` elements from one to the next along
/// each axis; all of them do.
pub(super) fn strided(bytes: &[u8], ty: Type, begin: usize, steps: &[usize]) -> Array {
    let width = ty.dtype.size_bytes();
    let shape: Vec<usize> = ty.shape.dims().to_vec();
    let mut array = Array::zeros(ty);
    let mut index = vec![0; shape.len()];
    let mut from = begin;
    for place in array.bytes_mut().expect("internal: a new array is shared by nobody").chunks_exact_mut(width)
    {
        place.copy_from_slice(&bytes[from * width..][..width]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            from += steps[axis];
            if index[axis] < shape[axis] {
                break;
            }
            from -= steps[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    array
}

fn part(array: &Array, axis: usize, index: usize, count: usize) -> Array {
    let (mut shape, strides) = (array.shape(), array.ty().shape.strides());
    shape[axis] /= count;
    let begin = index * shape[axis] * strides[axis];
    strided(array.bytes(), Type::new(array.dtype(), shape), begin, &strides)
}

/// The arrays one after the other along `axis`; they agree along all others.
pub(super) fn joined(arrays: &[Array], axis: usize) -> Array {
    let mut shape = arrays[0].shape();
    shape[axis] = arrays.iter().map(|array| array.shape()[axis]).sum();
    let rows: usize = shape[..axis].iter().product();
    let row_bytes = |array: &Array| array.bytes().len() / rows.max(1);
    let mut bytes = Vec::with_capacity(arrays.iter().map(|array| array.bytes().len()).sum());
    for row in 0..rows {
        for array in arrays {
            let width = row_bytes(array);
            bytes.extend(&array.bytes()[row * width..][..width]);
        }
    }
    of(Type::new(arrays[0].dtype(), shape), &bytes)
}
