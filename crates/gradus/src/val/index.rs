//! Reading and writing at computed places: `take`, windows that start anywhere, updates of parts.
//!
//! An index may be negative and then counts from the end. One that is still outside: a read by [`s!`](crate::s)
//! takes the nearest place, [`Val::take`] gives NaN (or the extreme integer), an update is left out. All as JAX.

use super::axes::{Integer, axis_of};
use super::broadcast::{bring, common_shape};
use super::slice::{Outside, Slice, values};
use super::{Known, Val, strict, where_};
use crate::{Dtype, ErrorKind, Shape, Type};
use gradus_ir::ops::index::{IndexMode, ScatterDims};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::{Dims, Val as Strict};

/// Positions along an axis of extent `n`, negative ones counted from the end, as a strict integer value.
#[track_caller]
pub(crate) fn positions(v: Val, n: usize) -> Result<Strict, ErrorKind> {
    let ty = v.ty();
    if !ty.dtype.is_integer() {
        let message = format!("an index is an integer, not {ty}; convert it with `astype`");
        return Err(ErrorKind::invalid(message));
    }
    Ok(where_(v.lt(0), v + n as i64, v).ir())
}

/// Every start brought to `i32`, as scalars.
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
    let start = |(axis, v): (usize, &Val)| Ok(strict::convert(positions(*v, shape.dim(axis))?, Dtype::I32));
    starts.iter().enumerate().map(start).collect()
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
        let indices = indices.into();
        Val::derive("take", &[self, indices], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let indices = positions(indices, known[0].ty.shape.dim(axis))?;
            let taken = self.ir().take(indices, axis, IndexMode::FillOrDrop);
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
        let indices = indices.into();
        Val::derive("take_along_axis", &[self, indices], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let (own, of_index) = along(&known[0].ty, &known[1].ty, axis)?;
            let indices = strict::broadcast(positions(indices, own.dim(axis))?, &of_index);
            let taken =
                strict::broadcast(self.ir(), &own).take_along_axis(indices, axis, IndexMode::FillOrDrop);
            Ok(Val::from_ir(taken).with_weak(known[0].weak))
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
        sizes: impl super::IntoExtents,
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

    /// The value with `part` in the place that the entries of [`s!`](crate::s) name; `part` broadcasts to it.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let f = jit(|x: &Val| x.set_at(s![1..], 0));
    /// assert_eq!(f(&Array::from([1i32, 2, 3]))?, Array::from([1i32, 0, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn set_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.updated("set_at", entries.as_ref(), part.into(), None)
    }
    /// The value with `part` added in the place that the entries name; of a place named twice, all.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let f = jit(|x: &Val, i: &Val| x.add_at(s![i], 1.0));
    /// let y = f(&Array::from([0.0f32, 0.0]), &Array::from([1i32, 1, 0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn add_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.updated("add_at", entries.as_ref(), part.into(), Some(Monoid::Sum))
    }
    /// The value multiplied by `part` in the place that the entries name.
    #[track_caller]
    pub fn mul_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.updated("mul_at", entries.as_ref(), part.into(), Some(Monoid::Prod))
    }
    /// The larger of the value and `part` in the place that the entries name.
    #[track_caller]
    pub fn max_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.updated("max_at", entries.as_ref(), part.into(), Some(Monoid::Max))
    }
    /// The smaller of the value and `part` in the place that the entries name.
    #[track_caller]
    pub fn min_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.updated("min_at", entries.as_ref(), part.into(), Some(Monoid::Min))
    }
    #[track_caller]
    fn updated(self, op: &'static str, entries: &[Slice], part: Val, combine: Option<Monoid>) -> Val {
        let args: Vec<Val> = [self, part].into_iter().chain(values(entries)).collect();
        Val::derive(op, &args, |known| {
            let (shape, dtype) = (&known[0].ty.shape, known[0].ty.dtype);
            if let [Slice::AtVal(rows)] = entries
                && rows.ty().rank() > 0
                && shape.rank() > 0
            {
                return self.rows_updated(*rows, part, &known[0], combine);
            }
            // The places by number: what the same entries read from an array of numbers.
            let numbers = strict::iota(Dtype::I32, &[shape.size()].into(), 0).reshape(shape.clone());
            let places = Val::from_ir(numbers).slice_with(entries, Outside::Gives(-1))?.ir();
            let place_shape = places.shape();
            fits(&known[1].ty.shape, &place_shape)?;
            let part = bring(part, dtype, &place_shape).reshape([place_shape.size()]);
            let dims = ScatterDims {
                inserted_window_dims: Dims::from_elem(0, 1),
                scatter_dims_to_operand_dims: Dims::from_elem(0, 1),
                ..ScatterDims::default()
            };
            let flat = self.ir().reshape([shape.size()]);
            let places = places.reshape([place_shape.size(), 1]);
            let written = flat.scatter(places, part, combine, dims, IndexMode::FillOrDrop);
            Ok(Val::from_ir(written.reshape(shape.clone())).with_weak(known[0].weak))
        })
    }
    /// An update of whole parts along the first axis.
    #[track_caller]
    fn rows_updated(
        self,
        rows: Val,
        part: Val,
        known: &Known,
        combine: Option<Monoid>,
    ) -> Result<Val, ErrorKind> {
        let shape = &known.ty.shape;
        let rows = positions(rows, shape.dim(0))?;
        let (count, own) = (rows.shape(), shape.without(&[0]));
        let wanted: Shape = count.dims().into_iter().chain(own.dims()).collect();
        fits(&part.ty().shape, &wanted)?;
        let part = bring(part, known.ty.dtype, &wanted);
        let dims = ScatterDims {
            update_window_dims: (count.rank()..wanted.rank()).collect(),
            inserted_window_dims: Dims::from_elem(0, 1),
            scatter_dims_to_operand_dims: Dims::from_elem(0, 1),
            ..ScatterDims::default()
        };
        let rows = rows.reshape(count.with_axis(count.rank(), 1));
        let written = self.ir().scatter(rows, part, combine, dims, IndexMode::FillOrDrop);
        Ok(Val::from_ir(written).with_weak(known.weak))
    }
}

/// Whether `part` broadcasts to a place of shape `place`.
fn fits(part: &Shape, place: &Shape) -> Result<(), ErrorKind> {
    if common_shape([part, place]).is_ok_and(|common| common == *place) {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!(
        "the part has shape {part}, but its place {place}; make it broadcast to that"
    )))
}
