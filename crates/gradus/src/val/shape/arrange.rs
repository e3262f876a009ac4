//! Functions that stack, turn and repeat values.

use crate::val::axes::{Integer, IntoAxes, axis_of};
use crate::val::index::gather::IndexMode;
use crate::val::shape::join::MOST_PARTS;
use crate::val::shape::padding::{repeated, within_memory};
use crate::val::{Val, concatenate};
use crate::{Dtype, ErrorKind};

fn list(all: impl IntoIterator<Item = impl Into<Val>>) -> Vec<Val> {
    all.into_iter().map(Into::into).collect()
}

/// The values side by side: along the second axis, or the first of vectors.
///
/// ```
/// use gradus::{Array, Val, hstack, jit};
/// let y = jit(|x: &Val| hstack([x, x]))(&Array::from([[1i32], [2]]))?;
/// assert_eq!(y, Array::from([[1i32, 1], [2, 2]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hstack(all: impl IntoIterator<Item = impl Into<Val>>) -> Val {
    let all = list(all);
    Val::derive("hstack", &all, |known| {
        let axis = i64::from(known.first().is_some_and(|k| k.ty.rank() > 1));
        Ok(concatenate(all.iter().map(|v| v.atleast_1d()), axis))
    })
}
/// The values on top of each other: along the first axis; vectors are rows.
///
/// ```
/// use gradus::{Array, Val, jit, vstack};
/// let y = jit(|x: &Val| vstack([x, x]))(&Array::from([1i32, 2]))?;
/// assert_eq!(y, Array::from([[1i32, 2], [1, 2]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn vstack(all: impl IntoIterator<Item = impl Into<Val>>) -> Val {
    let all = list(all);
    Val::derive("vstack", &all, |_| Ok(concatenate(all.iter().map(|v| v.atleast_2d()), 0)))
}
/// The values behind each other: along the third axis, which matrices and vectors are given.
///
/// ```
/// use gradus::{Array, Val, dstack, jit};
/// let y = jit(|x: &Val| dstack([x, x]).ravel())(&Array::from([[1i32]]))?;
/// assert_eq!(y, Array::from([1i32, 1]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn dstack(all: impl IntoIterator<Item = impl Into<Val>>) -> Val {
    let all = list(all);
    Val::derive("dstack", &all, |_| Ok(concatenate(all.iter().map(|v| v.atleast_3d()), 2)))
}
/// The values side by side along the second axis; vectors are columns.
///
/// ```
/// use gradus::{Array, Val, column_stack, jit};
/// let y = jit(|x: &Val| column_stack([x, x]))(&Array::from([1i32, 2]))?;
/// assert_eq!(y, Array::from([[1i32, 1], [2, 2]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn column_stack(all: impl IntoIterator<Item = impl Into<Val>>) -> Val {
    let all = list(all);
    Val::derive("column_stack", &all, |_| {
        let column = |v: &Val| if v.rank() < 2 { v.reshape([-1, 1]) } else { *v };
        Ok(concatenate(all.iter().map(column), 1))
    })
}
/// A matrix of matrices as one: rows of blocks, as NumPy's `block` of two levels.
///
/// ```
/// use gradus::{Array, Val, block, jit};
/// let f = jit(|x: &Val| block([[*x, -x], [0 * x, *x]]));
/// let y = f(&Array::from([[1i32]]))?;
/// assert_eq!(y, Array::from([[1i32, -1], [0, 1]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn block<R: IntoIterator<Item = impl Into<Val>>>(rows: impl IntoIterator<Item = R>) -> Val {
    let rows: Vec<Vec<Val>> = rows.into_iter().map(list).collect();
    let all: Vec<Val> = rows.iter().flatten().copied().collect();
    Val::derive("block", &all, |_| {
        let row = |row: &Vec<Val>| concatenate(row.iter().map(|v| v.atleast_2d()), -1);
        Ok(concatenate(rows.iter().map(row), -2))
    })
}

impl Val {
    /// A scalar as a vector of one element; other values as they are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.atleast_1d())(&Array::from(7i32))?;
    /// assert_eq!(y, Array::from([7i32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn atleast_1d(self) -> Val {
        self.derive1("atleast_1d", |ty| Ok(if ty.rank() == 0 { self.reshape([1]) } else { self }))
    }
    /// A vector as a matrix of one row; values of two axes and more as they are.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.atleast_2d())(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([[1i32, 2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn atleast_2d(self) -> Val {
        self.derive1("atleast_2d", |ty| Ok(if ty.rank() < 2 { self.reshape([1, -1]) } else { self }))
    }
    /// With axes of extent 1 up to three: before and behind a vector's, behind a matrix's.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.atleast_3d().squeeze(0))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([[1i32], [2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn atleast_3d(self) -> Val {
        self.derive1("atleast_3d", |ty| {
            Ok(match ty.rank() {
                0 | 1 => self.reshape([1, -1, 1]),
                2 => self.expand_dims(-1),
                _ => self,
            })
        })
    }
    /// All elements in order, then those of `other`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.append(3))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([1i32, 2, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn append(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("append", &[self, other], |_| Ok(concatenate([self.ravel(), other.ravel()], 0)))
    }
    /// The value turned by `times` right angles from the first of two axes towards the second.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.rot90(1, [0, 1]))(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y, Array::from([[2i32, 4], [1, 3]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn rot90(self, times: impl Integer, axes: [i64; 2]) -> Val {
        self.derive1("rot90", |ty| {
            let [a, b] = [axis_of(axes[0], &ty.shape)?, axis_of(axes[1], &ty.shape)?];
            if a == b {
                return Err(ErrorKind::invalid(format!(
                    "axis {a} cannot turn towards itself; name two axes"
                )));
            }
            Ok(match times.to_i64().rem_euclid(4) {
                0 => self,
                1 => self.flip(b).swapaxes(a, b),
                2 => self.flip([a, b]),
                _ => self.swapaxes(a, b).flip(b),
            })
        })
    }
    /// The elements moved on along several axes, by a shift for each; see [`Val::roll`].
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.roll_axes(&[1, 1], [0, 1]))(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y, Array::from([[4i32, 3], [2, 1]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn roll_axes(self, shifts: &[i64], axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        self.derive1("roll", |ty| {
            let axes = axes.in_order(&ty.shape)?;
            if axes.len() != shifts.len() {
                let message = format!("{} shifts for {} axes; give one for each", shifts.len(), axes.len());
                return Err(ErrorKind::invalid(message));
            }
            Ok(shifts.iter().zip(axes).fold(self, |x, (shift, axis)| x.roll(*shift, axis)))
        })
    }
    /// Every element along `axis` repeated as often as `counts` says, known while tracing.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.repeat_each(&[2, 0, 1], 0))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([1i32, 1, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn repeat_each(self, counts: &[usize], axis: impl Integer) -> Val {
        self.keep_weak("repeat", |x, ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            if counts.len() != ty.shape.dim(axis) {
                let message =
                    format!("{} counts for axis {axis} of {ty}; give one for each part", counts.len());
                return Err(ErrorKind::invalid(message));
            }
            within_memory(ty, axis, counts.iter().try_fold(0usize, |all, n| all.checked_add(*n)))?;
            Ok(repeated(x, axis, counts))
        })
    }
    /// Every element along `axis` repeated as often as `counts` says, known only at run time, to `total` elements: cut
    /// there, or filled with the last one.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, n: &Val| x.repeat_total(n, 4, 0));
    /// let y = f(&Array::from([1i32, 2, 3]), &Array::from([2i32, 0, 1]))?;
    /// assert_eq!(y, Array::from([1i32, 1, 3, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn repeat_total(self, counts: impl Into<Val>, total: usize, axis: impl Integer) -> Val {
        let counts = counts.into();
        Val::derive("repeat", &[self, counts], |known| {
            let axis = axis_of(axis.to_i64(), &known[0].ty.shape)?;
            let (n, by) = (known[0].ty.shape.dim(axis), &known[1].ty);
            if !by.dtype.is_integer() || by.rank() > 1 || by.rank() == 1 && by.shape.dim(0) != n {
                let message = format!("{by} counts for {n} parts; give one integer for each");
                return Err(ErrorKind::invalid(message));
            }
            let wide = by.dtype.size_bytes() == 8;
            let counts = if wide { counts } else { counts.astype(Dtype::of_index(total)) };
            let ends = counts.broadcast_to([n]).cumsum(0);
            // The part that place p belongs to: as many as end at p or before it.
            let which = ends.searchsorted_side(crate::val::arange(total), crate::val::Side::Right);
            Ok(self.take_mode(which.min(n.saturating_sub(1)), axis, IndexMode::Clip))
        })
    }
    /// The value cut along `axis` into `parts` pieces as equal as can be, longer ones first.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.array_split(2, 0))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, [Array::from([1i32, 2]), Array::from([3i32])]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn array_split(self, parts: usize, axis: impl Integer) -> Vec<Val> {
        crate::val::at_caller("array_split", || {
            let extent = self.known().ok().and_then(|known| {
                let axis = axis_of(axis.to_i64(), &known.ty.shape).ok()?;
                Some(known.ty.shape.dim(axis))
            });
            match extent {
                Some(n) if (1..=MOST_PARTS).contains(&parts) => {
                    let sizes: Vec<usize> =
                        (0..parts).map(|i| n / parts + usize::from(i < n % parts)).collect();
                    self.split_sizes(&sizes, axis)
                }
                _ => self.split(parts, axis),
            }
        })
    }
    /// The parts along `axis` as values of their own, without it.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.unstack(0)[1])(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y, Array::from([3i32, 4]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn unstack(self, axis: impl Integer) -> Vec<Val> {
        crate::val::at_caller("unstack", || {
            let extent = self.known().ok().and_then(|known| {
                let axis = axis_of(axis.to_i64(), &known.ty.shape).ok()?;
                Some(known.ty.shape.dim(axis))
            });
            let parts = extent.unwrap_or(1);
            if parts > MOST_PARTS {
                let message = format!("a list of {parts} values is too long; use `map` or `scan`");
                return vec![self.derive1("unstack", |_| Err(ErrorKind::invalid(message)))];
            }
            self.split_sizes(&vec![1; parts], axis)
                .into_iter()
                .map(|part| part.squeeze(axis.to_i64()))
                .collect()
        })
    }
}
