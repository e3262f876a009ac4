//! Movements as methods of the strict [`Val`].

use super::Movement;
use crate::trace::{Val, bind1};
use crate::{Dims, Shape, Type};

impl Val {
    /// Repeats `self` along a new leading axis of extent `size`; a tape's elements along one of theirs.
    #[track_caller]
    pub fn repeat_leading(self, size: usize) -> Val {
        let Type { shape, tapes, .. } = self.ty();
        if tapes > 0 {
            return Val::map_tapes(&[self], |x| x[0].repeat_leading(size));
        }
        let dims = (1..=shape.rank()).collect();
        bind1(Movement::Broadcast { shape: shape.with_axis(0, size), dims }, &[self])
    }
    /// Repeats `self` along the axes not in `dims`, which places its own axes in `shape`.
    #[track_caller]
    pub fn broadcast(self, shape: impl Into<Shape>, dims: &[usize]) -> Val {
        bind1(Movement::Broadcast { shape: shape.into(), dims: dims.into() }, &[self])
    }
    /// The same elements in row-major order in `shape`; of its own shape it is `self`.
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Val {
        let shape = shape.into();
        if !self.is_poisoned() && self.shape() == shape {
            return self;
        }
        bind1(Movement::Reshape { shape }, &[self])
    }
    /// Result axis `k` is axis `permutation[k]` of `self`; in its own order it is `self`.
    #[track_caller]
    pub fn transpose(self, permutation: &[usize]) -> Val {
        let in_order = permutation.iter().enumerate().all(|(k, axis)| k == *axis);
        if !self.is_poisoned() && in_order && permutation.len() == self.shape().rank() {
            return self;
        }
        bind1(Movement::Transpose { permutation: permutation.into() }, &[self])
    }
    /// Moves axis `from` to position `to`; the others keep their order.
    #[track_caller]
    pub fn move_axis(self, from: usize, to: usize) -> Val {
        if from == to {
            return self;
        }
        let mut permutation: Dims = (0..self.shape().rank()).collect();
        let axis = permutation.remove(from);
        permutation.insert(to, axis);
        self.transpose(&permutation)
    }
    /// Along each axis the indices `starts`, `starts + strides`, ... below `limits`; all of them is `self`.
    #[track_caller]
    pub fn slice(self, starts: &[usize], limits: &[usize], strides: &[usize]) -> Val {
        if !self.is_poisoned() {
            let whole = limits == &self.shape().dims()[..];
            if whole && starts.iter().all(|start| *start == 0) && strides.iter().all(|stride| *stride == 1) {
                return self;
            }
        }
        let op = Movement::Slice { starts: starts.into(), limits: limits.into(), strides: strides.into() };
        bind1(op, &[self])
    }
    /// The indices `start..limit` of one axis.
    #[track_caller]
    pub fn slice_axis(self, axis: usize, start: usize, limit: usize) -> Val {
        let shape = self.shape();
        let (mut starts, mut limits) = (Dims::from_elem(0, shape.rank()), shape.dims());
        (starts[axis], limits[axis]) = (start, limit);
        self.slice(&starts, &limits, &Dims::from_elem(1, shape.rank()))
    }
    /// `self` amid copies of the scalar `value`: so many before, behind and between along each axis.
    #[track_caller]
    pub fn pad(self, value: Val, low: &[i64], high: &[i64], interior: &[usize]) -> Val {
        let op = Movement::Pad { low: low.into(), high: high.into(), interior: interior.into() };
        bind1(op, &[self, value])
    }
    /// `operands` one behind the other along `dimension`.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn concatenate(operands: &[Val], dimension: usize) -> Val {
        match operands {
            [] => panic!("internal: a concatenation of nothing"),
            [only] => *only,
            _ => bind1(Movement::Concatenate { dimension }, operands),
        }
    }
    /// `self` walked backwards along `dimensions`.
    #[track_caller]
    pub fn rev(self, dimensions: &[usize]) -> Val {
        let mut dimensions = Dims::from(dimensions);
        dimensions.sort_unstable();
        bind1(Movement::Rev { dimensions }, &[self])
    }
    /// The same elements without `axes`, whose extents are 1.
    #[track_caller]
    pub fn squeeze(self, axes: &[usize]) -> Val {
        self.reshape(self.shape().without(axes))
    }
    /// The same elements with a new axis of extent 1 before `axis`.
    #[track_caller]
    pub fn expand_dims(self, axis: usize) -> Val {
        self.reshape(self.shape().with_axis(axis, 1))
    }
}
