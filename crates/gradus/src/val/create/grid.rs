//! Grids: indices along each axis, and functions of them.

use crate::val::axes::IntoExtents;
use crate::val::{Val, iota};
use crate::{Dtype, ErrorKind};

/// In which order a grid has its axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridOrder {
    /// The first value's axis is the first: rows, columns.
    Matrix,
    /// The first value's axis is the second: x, y. NumPy's default.
    Cartesian,
}

/// `f` of the indices along each axis, `i32`, at every element of an array of `shape`.
///
/// ```
/// use gradus::{Array, fromfunction, jit};
/// let y = jit(|_: &()| fromfunction([2, 2], |i| 10 * i[0] + i[1]))(&())?;
/// assert_eq!(y, Array::from([[0i32, 1], [10, 11]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn fromfunction(shape: impl IntoExtents, f: impl FnOnce(&[Val]) -> Val) -> Val {
    let extents = shape.into_extents();
    Val::derive("fromfunction", &[], |_| {
        let rank = extents.shape()?.rank();
        let along: Vec<Val> = (0..rank).map(|axis| iota(Dtype::I32, extents.clone(), axis)).collect();
        Ok(gradus_ir::trace::by_user(|| f(&along)))
    })
}
/// The values, vectors, spread over the axes of a common grid: one result for each, of the grid's shape.
///
/// ```
/// use gradus::{Array, GridOrder, arange, jit, meshgrid};
/// let f = jit(|_: &()| meshgrid([arange(2), arange(3)], GridOrder::Matrix));
/// let grid = f(&())?;
/// assert_eq!(grid[0], Array::from([[0i32, 0, 0], [1, 1, 1]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn meshgrid(values: impl IntoIterator<Item = impl Into<Val>>, order: GridOrder) -> Vec<Val> {
    let values: Vec<Val> = values.into_iter().map(Into::into).collect();
    let one = |index: usize| {
        Val::derive("meshgrid", &values, |known| {
            if let Some(wrong) = known.iter().find(|k| k.ty.rank() > 1) {
                return Err(ErrorKind::invalid(format!(
                    "a grid is made of vectors, not {}; ravel it",
                    wrong.ty
                )));
            }
            let mut dims: Vec<usize> = known.iter().map(|k| k.ty.shape.size()).collect();
            let mut axis = index;
            if order == GridOrder::Cartesian && dims.len() >= 2 {
                dims.swap(0, 1);
                axis = [1, 0].get(index).copied().unwrap_or(index);
            }
            let mut thin = vec![1; dims.len()];
            thin[axis] = dims[axis];
            Ok(values[index].reshape(thin).broadcast_to(dims))
        })
    };
    crate::val::at_caller("meshgrid", || (0..values.len()).map(one).collect())
}
/// For each axis of an array of `shape` the index along it at every element, as `i32` along a new first axis.
///
/// ```
/// use gradus::{Array, Val, indices, jit};
/// let y = jit(|x: &Val| x + indices([2, 2]).at(1))(&Array::from(0i32))?;
/// assert_eq!(y, Array::from([[0i32, 1], [0, 1]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn indices(shape: impl IntoExtents) -> Val {
    let extents = shape.into_extents();
    Val::derive("indices", &[], |_| {
        let shape = extents.shape()?;
        if shape.rank() == 0 {
            return Ok(crate::val::zeros([0], Dtype::I32));
        }
        Ok(crate::val::stack((0..shape.rank()).map(|axis| iota(Dtype::I32, &shape, axis)), 0))
    })
}
