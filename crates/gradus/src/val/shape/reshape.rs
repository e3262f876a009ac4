//! Functions that change the shape: reshape, transpose, repetition.

use crate::val::axes::{Integer, IntoAxes, IntoExtents, axis_of};
use crate::val::broadcast::common_shape;
use crate::val::{Val, strict};
use crate::{ErrorKind, Shape};
use gradus_ir::Dims;

impl Val {
    /// The same elements, in row-major order, in another shape; one extent may be -1. Extents of several types stand in
    /// a tuple: `x.reshape((x.shape()[0], -1))`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let x = jit(|x: &Val| x.reshape([3, -1]))(&Array::from([1., 2., 3., 4., 5., 6.]))?;
    /// assert_eq!(x.shape(), [3, 2]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn reshape(self, shape: impl IntoExtents) -> Val {
        let extents = shape.into_extents();
        self.keep_weak("reshape", |x, ty| {
            let shape = extents.shape_of_size(&ty.shape)?;
            Ok(x.reshape(shape))
        })
    }
    /// The axes from `start` on as one, as torch's: `[n, h, w, c] -> [n, h · w · c]` from axis 1.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let x = jit(|x: &Val| x.reshape([1, 2, 2]).flatten(1))(&Array::from([1., 2., 3., 4.]))?;
    /// assert_eq!(x.shape(), [1, 4]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn flatten(self, start: impl Integer) -> Val {
        self.keep_weak("flatten", |x, ty| {
            let start = axis_of(start.to_i64(), &ty.shape)?;
            let dims = ty.shape.dims();
            let rest = Shape::from(&dims[start..]).size();
            Ok(x.reshape([&dims[..start], &[rest]].concat()))
        })
    }
    /// One axis as several, as torch's; one extent may be -1: `[n, h · d] -> [n, h, d]` of axis -1 by `(heads, -1)`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let x = jit(|x: &Val| x.unflatten(-1, (2, -1)))(&Array::from([1., 2., 3., 4.]))?;
    /// assert_eq!(x.shape(), [2, 2]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn unflatten(self, axis: impl Integer, extents: impl IntoExtents) -> Val {
        let extents = extents.into_extents();
        self.keep_weak("unflatten", |x, ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let dims = ty.shape.dims();
            let parts = extents.shape_of_size(&Shape::from([dims[axis]]))?;
            Ok(x.reshape([&dims[..axis], &parts.dims()[..], &dims[axis + 1..]].concat()))
        })
    }
    /// All elements along one axis, in row-major order.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.ravel())(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y, Array::from([1i32, 2, 3, 4]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn ravel(self) -> Val {
        self.keep_weak("ravel", |x, ty| Ok(x.reshape([ty.shape.size()])))
    }
    /// The axes in reverse order.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.transpose())(&Array::from([[1i32, 2]]))?;
    /// assert_eq!(y, Array::from([[1i32], [2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn transpose(self) -> Val {
        self.keep_weak("transpose", |x, ty| {
            let reversed: Dims = (0..ty.rank()).rev().collect();
            Ok(x.transpose(&reversed))
        })
    }
    /// The axes in the order given: axis `i` of the result is axis `axes[i]` of the operand.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.permute_dims([1, 0]))(&Array::from([[1i32, 2]]))?;
    /// assert_eq!(y, Array::from([[1i32], [2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn permute_dims(self, axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        self.keep_weak("permute_dims", |x, ty| {
            let order = axes.in_order(&ty.shape)?;
            if order.len() != ty.rank() {
                let message =
                    format!("{} axes do not order those of shape {}; name each once", order.len(), ty.shape);
                return Err(ErrorKind::invalid(message));
            }
            Ok(x.transpose(&order))
        })
    }
    /// The value with two axes exchanged.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.swapaxes(0, 1))(&Array::from([[1i32, 2]]))?;
    /// assert_eq!(y, Array::from([[1i32], [2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn swapaxes(self, a: impl Integer, b: impl Integer) -> Val {
        self.keep_weak("swapaxes", |x, ty| {
            let mut order: Dims = (0..ty.rank()).collect();
            order.swap(axis_of(a.to_i64(), &ty.shape)?, axis_of(b.to_i64(), &ty.shape)?);
            Ok(x.transpose(&order))
        })
    }
    /// The value with axis `from` standing at position `to`, the others in order.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.moveaxis(0, -1))(&Array::from([[1i32, 2]]))?;
    /// assert_eq!(y, Array::from([[1i32], [2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn moveaxis(self, from: impl Integer, to: impl Integer) -> Val {
        self.keep_weak("moveaxis", |x, ty| {
            let (from, to) = (axis_of(from.to_i64(), &ty.shape)?, axis_of(to.to_i64(), &ty.shape)?);
            let mut order: Dims = (0..ty.rank()).filter(|a| *a != from).collect();
            order.insert(to, from);
            Ok(x.transpose(&order))
        })
    }
    /// The value with new axes of extent 1 at the positions given, counted in the result.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.expand_dims(0))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([[1i32, 2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn expand_dims(self, axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        self.keep_weak("expand_dims", |x, ty| {
            let rank = ty.rank() + axes.len().unwrap_or(0);
            let (new, _) = axes.resolve(&Shape::from(vec![1; rank]))?;
            let mut old = ty.shape.dims().into_iter();
            let extent = |axis| if new.contains(&axis) { 1 } else { old.next().unwrap_or(1) };
            Ok(x.reshape((0..rank).map(extent).collect::<Shape>()))
        })
    }
    /// The value without the axes given, whose extents are 1; `..` for all of extent 1.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.squeeze(0))(&Array::from([[1i32, 2]]))?;
    /// assert_eq!(y, Array::from([1i32, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn squeeze(self, axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        self.keep_weak("squeeze", |x, ty| {
            let shape = &ty.shape;
            let gone: Dims = match axes.len() {
                None => (0..shape.rank()).filter(|a| shape.dim(*a) == 1).collect(),
                Some(_) => axes.resolve(shape)?.0,
            };
            if let Some(axis) = gone.iter().find(|a| shape.dim(**a) != 1) {
                let message = format!(
                    "axis {axis} of shape {shape} is not of extent 1; sum over it or index it instead"
                );
                return Err(ErrorKind::invalid(message));
            }
            Ok(x.reshape(shape.without(&gone)))
        })
    }
    /// The value repeated to `shape`, to which it broadcasts.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.broadcast_to([2, 2]))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([[1i32, 2], [1, 2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn broadcast_to(self, shape: impl IntoExtents) -> Val {
        let extents = shape.into_extents();
        self.keep_weak("broadcast_to", |x, ty| {
            let shape = extents.shape()?;
            if common_shape([&ty.shape, &shape])? != shape {
                let message = format!("shape {} does not broadcast to {shape}; reshape it first", ty.shape);
                return Err(ErrorKind::invalid(message));
            }
            Ok(strict::broadcast(x, &shape))
        })
    }
    /// The whole value repeated along each axis, aligned at the last one.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.tile([2]))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([1i32, 2, 1, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn tile(self, repeats: impl IntoExtents) -> Val {
        let repeats = repeats.into_extents();
        self.keep_weak("tile", |x, ty| {
            let repeats = repeats.shape()?.dims();
            let rank = ty.rank().max(repeats.len());
            let pad =
                |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |i| dims[i]);
            let dims = ty.shape.dims();
            let (mut apart, mut wide, mut joined) = (vec![], vec![], vec![]);
            for axis in 0..rank {
                let (times, n) = (pad(&repeats, axis), pad(&dims, axis));
                apart.extend([1, n]);
                wide.extend([times, n]);
                joined.push(usize::saturating_mul(times, n));
            }
            let spread = strict::broadcast(x.reshape(apart), &wide.into());
            Ok(spread.reshape(joined))
        })
    }
    /// Every element along `axis` repeated `times` times in place.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.repeat(2, 0))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([1i32, 1, 2, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn repeat(self, times: usize, axis: impl Integer) -> Val {
        self.keep_weak("repeat", |x, ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let apart = ty.shape.with_axis(axis + 1, 1);
            let wide = ty.shape.with_axis(axis + 1, times);
            let joined = ty.shape.with_dim(axis, ty.shape.dim(axis).saturating_mul(times));
            Ok(strict::broadcast(x.reshape(apart), &wide).reshape(joined))
        })
    }
    /// [`Val::derive`] for functions of one value whose result is as weak as the operand.
    #[track_caller]
    pub(crate) fn keep_weak(
        self,
        op: &'static str,
        f: impl FnOnce(gradus_ir::Val, &crate::Type) -> Result<gradus_ir::Val, ErrorKind>,
    ) -> Val {
        Val::derive(op, &[self], |known| {
            Ok(Val::from_ir(f(self.ir(), &known[0].ty)?).with_weak(known[0].weak))
        })
    }
}
