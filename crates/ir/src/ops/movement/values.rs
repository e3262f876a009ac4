//! Movements as methods of the strict [`Val`].

use super::Movement;
use crate::Shape;
use crate::trace::{Val, bind1};

impl Val {
    /// Repeats `self` along a new leading axis of extent `size`.
    #[track_caller]
    pub fn repeat_leading(self, size: usize) -> Val {
        let shape = self.shape();
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
        let mut permutation: crate::Dims = (0..self.shape().rank()).collect();
        let axis = permutation.remove(from);
        permutation.insert(to, axis);
        self.transpose(&permutation)
    }
}
