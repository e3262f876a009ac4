//! Reading and writing at computed places along an axis: `take`, `put_along_axis`, windows that start anywhere.
//!
//! An index may be negative and then counts from the end. One that is still outside: [`Val::take`] gives NaN (or the
//! extreme integer), an update is left out, a window is moved. All as JAX.

use crate::val::axes::{Integer, axis_of};
use crate::val::broadcast::{bring, common_shape};
use crate::val::index::gather::{IndexMode, Scatter, Update, gather, scatter};
use crate::val::operand::literal::Literal;
use crate::val::{Known, Val, strict, where_};
use crate::{Array, Dtype, ErrorKind, Shape, Type};
use gradus_ir::ops::index::GatherDims;
use gradus_ir::{Dims, Kind, Val as Strict};

/// Positions along an axis of extent `n`, negative ones counted from the end or taken round it, as a strict integer
/// value of at least 32 bits.
#[track_caller]
pub(crate) fn positions(v: Val, n: usize, mode: IndexMode) -> Result<Strict, ErrorKind> {
    let ty = v.ty();
    if ty.dtype == Dtype::Bool {
        let message = format!(
            "{ty} is a mask, and how many elements it keeps is not known while tracing; use `where_`, or `nonzero` with a size"
        );
        return Err(ErrorKind::invalid(message));
    }
    if !ty.dtype.is_integer() {
        let message = format!("an index is an integer, not {ty}; convert it with `astype`");
        return Err(ErrorKind::invalid(message));
    }
    let signed = ty.dtype.kind() == Kind::Signed;
    let dtype = Dtype::of_index(n);
    let v = match (v.literal(), signed, ty.dtype.size_bytes()) {
        (Some(Literal::Int(x)), ..) if i32::try_from(x).is_err() => v.astype(Dtype::I64),
        (Some(_), ..) | (_, _, 1 | 2) => v.astype(dtype),
        (_, false, 4) if dtype == Dtype::I64 => v.astype(dtype),
        // An axis has fewer elements than any number that does not fit.
        (_, false, _) => v.min(v.full_like(n)).astype(dtype),
        (_, true, 4) => v.astype(dtype),
        _ => v,
    };
    let n = n as i64;
    Ok(match mode {
        IndexMode::Wrap => v % n,
        _ if signed => where_(v.lt(0), v + n, v),
        _ => v,
    }
    .ir())
}

/// Every start brought to one integer type, as scalars.
#[track_caller]
fn starts_of(shape: &Shape, starts: &[Val], known: &[Known]) -> Result<Vec<Strict>, ErrorKind> {
    if starts.len() != shape.rank() {
        let message = format!("{} starts for shape {shape}; give one for each axis", starts.len());
        return Err(ErrorKind::invalid(message));
    }
    if let Some(wrong) = known.iter().find(|k| k.ty.rank() != 0) {
        let message = format!("a start is {}, not a scalar; give one number for each axis", wrong.ty);
        return Err(ErrorKind::invalid(message));
    }
    let start = |(axis, v): (usize, &Val)| positions(*v, shape.dim(axis), IndexMode::Clip);
    let all: Vec<Strict> = starts.iter().enumerate().map(start).collect::<Result<_, _>>()?;
    let wide = all.iter().any(|v| v.ty().dtype.size_bytes() == 8);
    let dtype = if wide { Dtype::I64 } else { Dtype::I32 };
    Ok(all.into_iter().map(|v| strict::convert(v, dtype)).collect())
}

/// `x` with other axes than `axis` brought to the extents in which it meets `index`, and the same for `index`.
#[track_caller]
fn along(x: &Type, index: &Type, axis: usize) -> Result<(Shape, Shape), ErrorKind> {
    if x.rank() != index.rank() {
        let message = format!("{index} indexes {x}; give the index as many axes as the value");
        return Err(ErrorKind::invalid(message));
    }
    let common = common_shape([&x.shape.with_dim(axis, 1), &index.shape.with_dim(axis, 1)])?;
    Ok((common.with_dim(axis, x.shape.dim(axis)), common.with_dim(axis, index.shape.dim(axis))))
}

impl Val {
    /// The parts at `indices` along `axis`, whose place the axes of the indices take. An index outside gives NaN,
    /// or the lowest signed and the highest unsigned integer.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| x.take(i, 0));
    /// let y = f(&Array::from([[1i32, 2], [3, 4]]), &Array::from([-1i32, 0, 1]))?;
    /// assert_eq!(y, Array::from([[3i32, 4], [1, 2], [3, 4]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn take(self, indices: impl Into<Val>, axis: impl Integer) -> Val {
        self.take_mode(indices, axis, IndexMode::Fill)
    }
    /// [`Val::take`] with what an index outside does; with [`IndexMode::Clip`] negative ones are outside, as in NumPy.
    ///
    /// ```
    /// use gradus::{Array, IndexMode, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| (x.take_mode(i, 0, IndexMode::Clip), x.take_mode(i, 0, IndexMode::Wrap)));
    /// let (clipped, wrapped) = f(&Array::from([1i32, 2, 3]), &Array::from([-1i32, 4]))?;
    /// assert_eq!((clipped, wrapped), (Array::from([1i32, 3]), Array::from([3i32, 2])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn take_mode(self, indices: impl Into<Val>, axis: impl Integer, mode: IndexMode) -> Val {
        let indices = indices.into();
        let args: Vec<Val> = [self, indices].into_iter().chain(mode.fill()).collect();
        Val::derive("take", &args, |known| {
            let (shape, count) = (&known[0].ty.shape, known[1].ty.rank());
            let axis = axis_of(axis.to_i64(), shape)?;
            if shape.dim(axis) == 0 && known[1].ty.shape.size() > 0 {
                let message = format!("axis {axis} of shape {shape} has no positions to choose from");
                return Err(ErrorKind::invalid(message));
            }
            let from_start = match mode {
                IndexMode::Clip if known[1].ty.dtype.kind() == Kind::Signed => indices.max(0),
                _ => indices,
            };
            let indices = positions(from_start, shape.dim(axis), mode)?;
            let mut sizes = shape.dims();
            sizes[axis] = 1.min(shape.dim(axis));
            let dims = GatherDims {
                offset_dims: (0..axis).chain(axis + count..shape.rank() - 1 + count).collect(),
                collapsed_slice_dims: Dims::from_elem(axis, 1),
                start_index_map: Dims::from_elem(axis, 1),
                ..GatherDims::default()
            };
            if indices.shape().size() == 0 {
                let wanted = dims.result_shape(&indices.shape().with_axis(count, 1), &sizes);
                return Ok(Val::from_ir(strict::constant(Array::zeros(known[0].ty.with_shape(wanted)))));
            }
            let taken = gather(self.ir(), indices.expand_dims(count), dims, &sizes, mode)?;
            Ok(Val::from_ir(taken).with_weak(known[0].weak))
        })
    }
    /// The element along `axis` that `indices` names, at every place of the other axes, which broadcast.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| x.take_along_axis(i, -1));
    /// let y = f(&Array::from([[1i32, 2], [3, 4]]), &Array::from([[1i32], [0]]))?;
    /// assert_eq!(y, Array::from([[2i32], [3]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn take_along_axis(self, indices: impl Into<Val>, axis: impl Integer) -> Val {
        self.take_along_axis_mode(indices, axis, IndexMode::Fill)
    }
    /// [`Val::take_along_axis`] with what an index outside does.
    ///
    /// ```
    /// use gradus::{Array, IndexMode, Val, jit};
    /// let f = jit(|x: &Val| x.take_along_axis_mode(&Array::from([7i32]), 0, IndexMode::Clip));
    /// let y = f(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([2i32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn take_along_axis_mode(self, indices: impl Into<Val>, axis: impl Integer, mode: IndexMode) -> Val {
        let indices = indices.into();
        let args: Vec<Val> = [self, indices].into_iter().chain(mode.fill()).collect();
        Val::derive("take_along_axis", &args, |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let (own, of_index) = along(&known[0].ty, &known[1].ty, axis)?;
            let indices = strict::broadcast(positions(indices, own.dim(axis), mode)?, &of_index);
            if of_index.size() == 0 || own.dim(axis) == 0 {
                return Ok(Val::from_ir(strict::constant(Array::zeros(known[0].ty.with_shape(of_index)))));
            }
            let rank = own.rank();
            let (dims, sizes) = (one_of_each_line(rank, axis), vec![1; rank]);
            let x = strict::broadcast(self.ir(), &own);
            let taken = gather(x, indices.expand_dims(rank), dims, &sizes, mode)?;
            Ok(Val::from_ir(taken).with_weak(known[0].weak))
        })
    }
    /// The value with `values` in the place along `axis` that `indices` names, at every place of the other axes; the
    /// values broadcast to the indices. One outside is left out.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| x.put_along_axis(i, 9, 1));
    /// let y = f(&Array::from([[1i32, 2], [3, 4]]), &Array::from([[1i32], [0]]))?;
    /// assert_eq!(y, Array::from([[1i32, 9], [9, 4]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn put_along_axis(self, indices: impl Into<Val>, values: impl Into<Val>, axis: impl Integer) -> Val {
        let (indices, values) = (indices.into(), values.into());
        Val::derive("put_along_axis", &[self, indices, values], |known| {
            let ty = &known[0].ty;
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let (own, of_index) = along(ty, &known[1].ty, axis)?;
            if own != ty.shape {
                let message = format!("{} indexes {ty}; its other extents must agree or be 1", known[1].ty);
                return Err(ErrorKind::invalid(message));
            }
            if common_shape([&known[2].ty.shape, &of_index])? != of_index {
                let message =
                    format!("values of {} do not broadcast to indices {of_index}; reshape them", known[2].ty);
                return Err(ErrorKind::invalid(message));
            }
            if of_index.size() == 0 {
                return Ok(self);
            }
            let indices = strict::broadcast(positions(indices, own.dim(axis), IndexMode::Fill)?, &of_index);
            let (rank, values) = (own.rank(), bring(values, ty.dtype, &of_index));
            let dims = one_of_each_line(rank, axis).to_scatter();
            let written =
                scatter(self.ir(), indices.expand_dims(rank), values, dims, Scatter::from(Update::Set));
            Ok(Val::from_ir(written).with_weak(known[0].weak))
        })
    }
    /// The elements along `axis` where the captured array `mask` is true; it has their number of elements or fewer.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let mask = Array::from([true, false, true]);
    /// let f = jit(move |x: &Val| x.compress(&mask, 0));
    /// assert_eq!(f(&Array::from([1i32, 2, 3]))?, Array::from([1i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn compress(self, mask: &Array, axis: impl Integer) -> Val {
        Val::derive("compress", &[self], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let n = known[0].ty.shape.dim(axis);
            if mask.shape().len() != 1 || mask.size() > n {
                let message = format!("the mask is {}; give a vector of at most {n} elements", mask.ty());
                return Err(ErrorKind::invalid(message));
            }
            Ok(self.take_mode(places_of(mask), axis, IndexMode::PromiseInBounds))
        })
    }
    /// The elements where the captured array `mask` is true, whose axes are the first ones of the value: one axis
    /// takes their place, as in NumPy's `x[mask]`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let mask = Array::from([[true, false], [true, true]]);
    /// let f = jit(move |x: &Val| x.masked(&mask));
    /// assert_eq!(f(&Array::from([[1i32, 2], [3, 4]]))?, Array::from([1i32, 3, 4]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn masked(self, mask: &Array) -> Val {
        Val::derive("masked", &[self], |known| {
            let shape = &known[0].ty.shape;
            let count = mask.shape().len();
            if mask.dtype() != Dtype::Bool || count > shape.rank() || mask.shape() != shape.dims()[..count] {
                let message =
                    format!("the mask is {}; give truth values over the first axes of {shape}", mask.ty());
                return Err(ErrorKind::invalid(message));
            }
            let rest = (count..shape.rank()).map(|axis| shape.dim(axis));
            let flat: Vec<usize> = std::iter::once(mask.size()).chain(rest).collect();
            Ok(self.reshape(flat).take_mode(places_of(mask), 0, IndexMode::PromiseInBounds))
        })
    }
    /// The window of extents `sizes` that begins at `starts`, one scalar for each axis; it is moved so that it fits.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| x.dynamic_slice([i], [2]));
    /// assert_eq!(f(&Array::from([1i32, 2, 3]), &Array::from(9i32))?, Array::from([2i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn dynamic_slice(
        self,
        starts: impl IntoIterator<Item = impl Into<Val>>,
        sizes: impl crate::val::IntoExtents,
    ) -> Val {
        let args: Vec<Val> = std::iter::once(self).chain(starts.into_iter().map(Into::into)).collect();
        let sizes = sizes.into_extents();
        Val::derive("dynamic_slice", &args, |known| {
            let starts = starts_of(&known[0].ty.shape, &args[1..], &known[1..])?;
            let sliced = self.ir().dynamic_slice(&starts, &sizes.shape()?.dims());
            Ok(Val::from_ir(sliced).with_weak(known[0].weak))
        })
    }
    /// The value with `update` written where its window begins at `starts`; it is moved so that it fits.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.dynamic_update_slice(&Array::from([9i32]), [1]));
    /// let y = f(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([1i32, 9, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn dynamic_update_slice(
        self,
        update: impl Into<Val>,
        starts: impl IntoIterator<Item = impl Into<Val>>,
    ) -> Val {
        let args: Vec<Val> =
            [self, update.into()].into_iter().chain(starts.into_iter().map(Into::into)).collect();
        Val::derive("dynamic_update_slice", &args, |known| {
            let starts = starts_of(&known[0].ty.shape, &args[2..], &known[2..])?;
            let update = bring(args[1], known[0].ty.dtype, &known[1].ty.shape);
            Ok(Val::from_ir(self.ir().dynamic_update_slice(update, &starts)).with_weak(known[0].weak))
        })
    }
    /// `size` elements along `axis` from `start` on, moved so that they fit.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.dynamic_slice_in_dim(1, 2, 0))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([2i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn dynamic_slice_in_dim(self, start: impl Into<Val>, size: usize, axis: impl Integer) -> Val {
        let start = start.into();
        Val::derive("dynamic_slice_in_dim", &[self, start], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let sizes: Vec<usize> = known[0].ty.shape.with_dim(axis, size).dims().to_vec();
            Ok(self.dynamic_slice(along_axis(start, axis, sizes.len()), sizes))
        })
    }
    /// The part at position `index` of `axis`, which goes; the nearest one, if it is outside.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| x.dynamic_index_in_dim(i, 1));
    /// assert_eq!(f(&Array::from([[1i32, 2], [3, 4]]), &Array::from(-1i32))?, Array::from([2i32, 4]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn dynamic_index_in_dim(self, index: impl Into<Val>, axis: impl Integer) -> Val {
        let index = index.into();
        Val::derive("dynamic_index_in_dim", &[self, index], |_| {
            Ok(self.dynamic_slice_in_dim(index, 1, axis).squeeze(axis.to_i64()))
        })
    }
    /// The value with `update` written along `axis` from `start` on, moved so that it fits.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.dynamic_update_slice_in_dim(&Array::from([9i32]), 1, 0));
    /// let y = f(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([1i32, 9, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn dynamic_update_slice_in_dim(
        self,
        update: impl Into<Val>,
        start: impl Into<Val>,
        axis: impl Integer,
    ) -> Val {
        let (update, start) = (update.into(), start.into());
        Val::derive("dynamic_update_slice_in_dim", &[self, update, start], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            Ok(self.dynamic_update_slice(update, along_axis(start, axis, known[0].ty.rank())))
        })
    }
    /// The value with `update`, which lacks `axis` or has extent 1 there, at position `index` of it.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| x.dynamic_update_index_in_dim(&Array::from([8i32, 9]), i, 0));
    /// let y = f(&Array::from([[1i32, 2], [3, 4]]), &Array::from(1i32))?;
    /// assert_eq!(y, Array::from([[1i32, 2], [8, 9]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn dynamic_update_index_in_dim(
        self,
        update: impl Into<Val>,
        index: impl Into<Val>,
        axis: impl Integer,
    ) -> Val {
        let (update, index) = (update.into(), index.into());
        Val::derive("dynamic_update_index_in_dim", &[self, update, index], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let whole = known[1].ty.rank() == known[0].ty.rank();
            let update = if whole { update } else { update.expand_dims(axis) };
            Ok(self.dynamic_update_slice_in_dim(update, index, axis))
        })
    }
}

/// Starts that are 0 but along `axis`.
fn along_axis(start: Val, axis: usize, rank: usize) -> Vec<Val> {
    (0..rank).map(|a| if a == axis { start } else { Val::from(0) }).collect()
}

/// One element of each line along `axis`, by an index of its own.
fn one_of_each_line(rank: usize, axis: usize) -> GatherDims {
    let others: Dims = (0..rank).filter(|other| *other != axis).collect();
    GatherDims {
        offset_dims: Dims::new(),
        collapsed_slice_dims: Dims::from_elem(axis, 1),
        operand_batching_dims: others.clone(),
        start_indices_batching_dims: others,
        start_index_map: Dims::from_elem(axis, 1),
    }
}

/// The positions of the elements that are not zero, as data of the program.
#[track_caller]
fn places_of(mask: &Array) -> Val {
    let places = mask.to_f64_vec().into_iter().enumerate().filter(|(_, e)| *e != 0.0);
    let places: Vec<i128> = places.map(|(i, _)| i as i128).collect();
    let ty = Type::new(Dtype::of_index(mask.size()), [places.len()]);
    Val::from_ir(strict::constant(Array::from_integers(&ty, places)))
}
