//! Parts put in and taken out: `insert`, `delete`, `extract`, `place`, `put`, `choose`.

use crate::val::axes::{Integer, axis_of};
use crate::val::broadcast::common_shape;
use crate::val::index::gather::IndexMode;
use crate::val::order::search::places;
use crate::val::promote::promote_all;
use crate::val::{Side, Val, concatenate, select_n, strict, where_};
use crate::{Array, Dtype, ErrorKind, Type};

/// Places along `axis` of extent `n`, negative ones counted from the end; what is outside is moved to the nearest of
/// 0 ..= n.
#[track_caller]
fn gaps(places: Val, ty: &Type, n: usize) -> Result<Val, ErrorKind> {
    if !ty.dtype.is_integer() || ty.rank() > 1 {
        return Err(ErrorKind::invalid(format!("the places are {ty}; give an integer or a vector of them")));
    }
    // What does not fit 32 bits is outside, not somewhere else.
    let places = if ty.dtype.size_bytes() == 8 { places } else { places.astype(Dtype::of_index(n)) };
    let n = n as i64;
    Ok(where_(places.lt(0), places + n, places).clip(0, n))
}

impl Val {
    /// The value without the parts at `places` along `axis`, known while tracing; one named twice goes once.
    ///
    /// # Errors
    /// If a place is outside.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| (x.delete(&[0, -1], 0), x.delete_at(i, 0)));
    /// let (known, traced) = f(&Array::from([1i32, 2, 3]), &Array::from([2i32]))?;
    /// assert_eq!((known, traced), (Array::from([2i32]), Array::from([1i32, 2])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn delete(self, places: &[i64], axis: impl Integer) -> Val {
        self.derive1("delete", |ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let n = ty.shape.dim(axis);
            strict::small_table([n, 1])?;
            let mut keep = vec![true; n];
            for place in places {
                let from_start = if *place < 0 { place + n as i64 } else { *place };
                match usize::try_from(from_start).ok().and_then(|place| keep.get_mut(place)) {
                    Some(keep) => *keep = false,
                    None => {
                        let message =
                            format!("place {place} is outside of axis {axis} of shape {}", ty.shape);
                        return Err(ErrorKind::invalid(message));
                    }
                }
            }
            Ok(self.compress(&Array::from(keep), axis))
        })
    }
    /// [`Val::delete`] of places known only at run time, an integer or a vector of them, none of them named twice: the
    /// result is shorter by as many. A place outside takes the last part.
    #[track_caller]
    pub fn delete_at(self, places: impl Into<Val>, axis: impl Integer) -> Val {
        let places = places.into();
        Val::derive("delete", &[self, places], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let (n, gone) = (known[0].ty.shape.dim(axis), known[1].ty.shape.size());
            let Some(left) = n.checked_sub(gone) else {
                let message = format!("{} places to delete from axis {axis} of extent {n}", known[1].ty);
                return Err(ErrorKind::invalid(message));
            };
            let places = gaps(places, &known[1].ty, n)?.ravel().sort(0);
            // Behind every place that is gone the source is one further on.
            let passed =
                (places - crate::val::arange(gone)).searchsorted_side(crate::val::arange(left), Side::Right);
            Ok(self.take_mode(crate::val::arange(left) + passed, axis, IndexMode::Clip))
        })
    }
    /// The value with `values` put before the parts at `places` along `axis`: an integer, before which all of them go,
    /// or a vector with one for each. The element type stays.
    ///
    /// With one place the axis of insertion is the first of `values`, as in NumPy: a row less than the value may have.
    ///
    /// # Errors
    /// If the places are not integers, or `values` do not broadcast to the places and the other axes.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, i: &Val| (x.insert(1, &Array::from([8i32, 9]), 0), x.insert(i, 0, 0)));
    /// let (one, each) = f(&Array::from([1i32, 2]), &Array::from([2i32, 0]))?;
    /// assert_eq!((one, each), (Array::from([1i32, 8, 9, 2]), Array::from([0i32, 1, 2, 0])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn insert(self, places: impl Into<Val>, values: impl Into<Val>, axis: impl Integer) -> Val {
        let (places, values) = (places.into(), values.into());
        Val::derive("insert", &[self, places, values], |known| {
            let ty = &known[0].ty;
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let n = ty.shape.dim(axis);
            let mut values = values.astype(ty.dtype);
            let (own, rank) = (known[2].ty.shape.dims(), ty.rank());
            if own.len() > rank {
                let message = format!("{} has more axes than {ty}, into which it goes", known[2].ty);
                return Err(ErrorKind::invalid(message));
            }
            values = values.reshape([vec![1; rank - own.len()], own.to_vec()].concat());
            if known[1].ty.rank() == 0 {
                values = values.moveaxis(0, axis);
            }
            let mut places = gaps(places, &known[1].ty, n)?.atleast_1d();
            if places.size() == 1 {
                places = places.broadcast_to([values.shape()[axis]]);
            }
            let count = places.size();
            let room = ty.shape.with_dim(axis, count);
            let given: crate::Shape = values.shape().into();
            if common_shape([&given, &room]).ok().as_ref() != Some(&room) {
                let message =
                    format!("{} does not fill the {count} places of shape {room}; reshape it", known[2].ty);
                return Err(ErrorKind::invalid(message));
            }
            let values = values.broadcast_to(room);
            // Where each old and each new part comes to stand; an old one behind all that go before it.
            let order = places.argsort(0);
            let rank_of = order.argsort(0);
            let old = crate::val::arange(n);
            let old = old + places.take(order, 0).searchsorted_side(old, Side::Right);
            let source = concatenate([old, places + rank_of], 0).argsort(0);
            Ok(concatenate([self, values], axis).take_mode(source, axis, IndexMode::PromiseInBounds))
        })
    }
    /// The elements where `mask` holds in row order, `size` of them; `fill` where there are fewer.
    ///
    /// # Errors
    /// If `mask` has not as many elements.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.extract(x.gt(1), 3, -1))(&Array::from([1i32, 5, 3]))?;
    /// assert_eq!(y, Array::from([5i32, 3, -1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn extract(self, mask: impl Into<Val>, size: usize, fill: impl Into<Val>) -> Val {
        let (mask, fill) = (mask.into(), fill.into());
        Val::derive("extract", &[self, mask, fill], |known| {
            same_size(&known[0].ty, &known[1].ty)?;
            let (order, count) = places(mask, size)?;
            let found = self.ravel().take_mode(order, 0, IndexMode::Clip);
            Ok(where_(crate::val::arange(size).lt(count), found, fill.astype(known[0].ty.dtype)))
        })
    }
    /// The value with `values`, one after the other and again from the first, where `mask` holds in row order.
    ///
    /// # Errors
    /// If `mask` has not as many elements, or there are no values.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.place(x.gt(1), &Array::from([8i32, 9])))(&Array::from([1i32, 2, 3, 4]))?;
    /// assert_eq!(y, Array::from([1i32, 8, 9, 8]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn place(self, mask: impl Into<Val>, values: impl Into<Val>) -> Val {
        let (mask, values) = (mask.into(), values.into());
        Val::derive("place", &[self, mask, values], |known| {
            same_size(&known[0].ty, &known[1].ty)?;
            let count = known[2].ty.shape.size();
            if count == 0 {
                return Err(ErrorKind::invalid("there are no values to place; give at least one"));
            }
            let mask = mask.astype(Dtype::Bool).reshape(&known[0].ty.shape);
            // The k-th place that holds gets value k.
            let which = (mask.ravel().cumsum(0) - 1) % count as i64;
            let values = values.astype(known[0].ty.dtype).ravel().take_mode(which, 0, IndexMode::Clip);
            Ok(where_(mask, values.reshape(&known[0].ty.shape), self))
        })
    }
    /// The value with `values`, one after the other and again from the first, at places `indices` in row order; see
    /// [`IndexMode`] for what is outside.
    ///
    /// ```
    /// use gradus::{Array, IndexMode, Val, jit};
    /// let f = jit(|x: &Val| x.put(&Array::from([0i32, 9]), 7, IndexMode::Clip));
    /// assert_eq!(f(&Array::from([[1i32, 2], [3, 4]]))?, Array::from([[7i32, 2], [3, 7]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn put(self, indices: impl Into<Val>, values: impl Into<Val>, mode: IndexMode) -> Val {
        let (indices, values) = (indices.into(), values.into());
        Val::derive("put", &[self, indices, values], |known| {
            let (ty, given) = (&known[0].ty, known[2].ty.shape.size());
            let count = known[1].ty.shape.size();
            if ty.shape.size() == 0 || count == 0 || given == 0 {
                return Ok(self);
            }
            let which = crate::val::arange(count) % given as i64;
            let values = values.astype(ty.dtype).ravel().take_mode(which, 0, IndexMode::Clip);
            let flat = self.ravel().index([indices.ravel().into()]).mode(mode).set(values);
            Ok(flat.reshape(&ty.shape))
        })
    }
}

fn same_size(value: &Type, mask: &Type) -> Result<(), ErrorKind> {
    if value.shape.size() == mask.shape.size() {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("{mask} chooses from {value}; give a truth value for each element")))
}

/// At every place the choice that `which`, integers, names there; all broadcast. A number outside names the nearest
/// ([`IndexMode::Clip`]) or that far round ([`IndexMode::Wrap`]).
///
/// # Errors
/// If `which` is not of integers, or there is no choice.
///
/// ```
/// use gradus::{Array, IndexMode, Val, choose, jit};
/// let f = jit(|w: &Val, x: &Val| choose(w, [*x, -x], IndexMode::Wrap));
/// assert_eq!(f(&Array::from([0i32, 1, 2]), &Array::from([1i32, 2, 3]))?, Array::from([1i32, -2, 3]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn choose(
    which: impl Into<Val>,
    choices: impl IntoIterator<Item = impl Into<Val>>,
    mode: IndexMode,
) -> Val {
    let which = which.into();
    let choices: Vec<Val> = choices.into_iter().map(Into::into).collect();
    let args: Vec<Val> = [which].into_iter().chain(choices.iter().copied()).collect();
    Val::derive("choose", &args, |known| {
        if !known[0].ty.dtype.is_integer() {
            let message = format!("a choice is named by an integer, not {}; convert it", known[0].ty);
            return Err(ErrorKind::invalid(message));
        }
        let Some(last) = choices.len().checked_sub(1) else {
            return Err(ErrorKind::invalid("there are no choices; give at least one"));
        };
        let dtype = promote_all(&known[1..]).dtype;
        // A narrow type may not hold the number of choices, nor `i32` what a wide one holds.
        let which = if known[0].ty.dtype.size_bytes() < 4 { which.astype(Dtype::I32) } else { which };
        let inside =
            if matches!(mode, IndexMode::Wrap) { which % choices.len() as i64 } else { which.clip(0, last) };
        let inside = inside.astype(Dtype::I32);
        let shape = common_shape(known.iter().map(|k| &k.ty.shape))?;
        let cases: Vec<Val> = choices.iter().map(|v| v.astype(dtype).broadcast_to(&shape)).collect();
        Ok(match cases[..] {
            [only] => only,
            [first, second] => where_(inside.eq(1), second, first),
            _ => select_n(inside, cases),
        })
    })
}
