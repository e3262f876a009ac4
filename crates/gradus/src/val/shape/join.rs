//! Functions that join, cut and shift values along an axis.

use crate::val::Val;
use crate::val::axes::{Integer, IntoAxes, axis_of};
use crate::val::broadcast::bring;
use crate::val::promote::promote_all;
use crate::{ErrorKind, Shape};
use gradus_ir::Val as Strict;

/// A list holds a value for each part; of more parts than these there is a loop.
pub(crate) const MOST_PARTS: usize = 1 << 20;

impl Val {
    /// The elements along the axes given in reverse order.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.flip(0))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([3i32, 2, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn flip(self, axes: impl IntoAxes) -> Val {
        let axes = axes.into_axes();
        self.keep_weak("flip", |x, ty| Ok(x.rev(&axes.resolve(&ty.shape)?.0)))
    }
    /// The elements along `axis` moved on by `shift` positions; those that leave at one end enter at the other.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.roll(1, 0))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([3i32, 1, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn roll(self, shift: impl Integer, axis: impl Integer) -> Val {
        self.keep_weak("roll", |x, ty| {
            let axis = axis_of(axis.to_i64(), &ty.shape)?;
            let n = ty.shape.dim(axis);
            let by = if n == 0 { 0 } else { shift.to_i64().rem_euclid(n as i64) as usize };
            if by == 0 {
                return Ok(x);
            }
            Ok(Strict::concatenate(&[x.slice_axis(axis, n - by, n), x.slice_axis(axis, 0, n - by)], axis))
        })
    }
    /// The value with `(before, after)` elements equal to `fill` added along each axis.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.pad([(1, 2)], 0))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([0i32, 1, 2, 0, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn pad<I: Integer>(self, widths: impl AsRef<[(I, I)]>, fill: impl Into<Val>) -> Val {
        let widths: Vec<(i64, i64)> =
            widths.as_ref().iter().map(|(low, high)| (low.to_i64(), high.to_i64())).collect();
        let fill = fill.into();
        Val::derive("pad", &[self, fill], |known| {
            let shape = &known[0].ty.shape;
            if widths.len() != shape.rank() {
                let message = format!(
                    "{} pairs of widths for shape {shape}; give one pair for each axis",
                    widths.len()
                );
                return Err(ErrorKind::invalid(message));
            }
            if known[1].ty.rank() != 0 {
                let message = format!("the fill is {}, not a scalar; give one element", known[1].ty);
                return Err(ErrorKind::invalid(message));
            }
            let fill = bring(fill, known[0].ty.dtype, &Shape::scalar());
            let (low, high): (Vec<i64>, Vec<i64>) = widths.iter().copied().unzip();
            let padded = self.ir().pad(fill, &low, &high, &vec![0; widths.len()]);
            Ok(Val::from_ir(padded).with_weak(known[0].weak))
        })
    }
    /// The value with `[before, behind, between]` elements equal to `fill` added along each axis: negative
    /// amounts before and behind cut elements off, and `between` of them stand between neighbours.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.pad_interior(&[[-1, 1, 1]], 0))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([0i32, 2, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn pad_interior(self, amounts: &[[i64; 3]], fill: impl Into<Val>) -> Val {
        let fill = fill.into();
        Val::derive("pad_interior", &[self, fill], |known| {
            let between = amounts.iter().map(|a| usize::try_from(a[2]));
            let Ok(between) = between.collect::<Result<Vec<usize>, _>>() else {
                return Err(ErrorKind::invalid(
                    "a negative number of elements between neighbours; give 0 or more",
                ));
            };
            let (low, high): (Vec<i64>, Vec<i64>) = amounts.iter().map(|a| (a[0], a[1])).unzip();
            let fill = bring(fill, known[0].ty.dtype, &known[1].ty.shape);
            Ok(Val::from_ir(self.ir().pad(fill, &low, &high, &between)).with_weak(known[0].weak))
        })
    }
    /// The value cut along `axis` into `parts` equal pieces.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.split(2, 0)[1])(&Array::from([1i32, 2, 3, 4]))?;
    /// assert_eq!(y, Array::from([3i32, 4]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn split(self, parts: usize, axis: impl Integer) -> Vec<Val> {
        crate::val::at_caller("split", || {
            let extent = self.known().ok().and_then(|known| {
                let axis = axis_of(axis.to_i64(), &known.ty.shape).ok()?;
                Some(known.ty.shape.dim(axis))
            });
            match extent {
                Some(n) if (1..=MOST_PARTS).contains(&parts) && n % parts == 0 => {
                    self.split_sizes(&vec![n / parts; parts], axis)
                }
                _ => {
                    let refused = self.derive1("split", |ty| {
                    let axis = axis_of(axis.to_i64(), &ty.shape)?;
                    let n = ty.shape.dim(axis);
                    let message = format!(
                        "axis {axis} of extent {n} does not split into {parts} equal parts; use `split_sizes`"
                    );
                    Err(ErrorKind::invalid(message))
                });
                    vec![refused; parts.min(MOST_PARTS)]
                }
            }
        })
    }
    /// The value cut along `axis` into pieces of the extents given.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.split_sizes(&[1, 2], 0)[1])(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([2i32, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn split_sizes(self, sizes: &[usize], axis: impl Integer) -> Vec<Val> {
        crate::val::at_caller("split_sizes", || {
            let ends = sizes.iter().scan(0usize, |end, n| {
                let start = *end;
                *end = end.saturating_add(*n);
                Some((start, *end))
            });
            let total = sizes.iter().fold(0usize, |sum, n| sum.saturating_add(*n));
            let piece = |(start, end): (usize, usize)| {
                self.keep_weak("split_sizes", |x, ty| {
                let axis = axis_of(axis.to_i64(), &ty.shape)?;
                let n = ty.shape.dim(axis);
                if total != n {
                    let message = format!(
                        "sizes {sizes:?} add up to {total}, but axis {axis} has extent {n}; make them agree"
                    );
                    return Err(ErrorKind::invalid(message));
                }
                Ok(x.slice_axis(axis, start, end))
            })
            };
            let mut pieces = vec![];
            for range in ends {
                pieces.push(piece(range));
            }
            pieces
        })
    }
}

fn list(all: impl IntoIterator<Item = impl Into<Val>>) -> Vec<Val> {
    all.into_iter().map(Into::into).collect()
}

/// The values joined along an existing axis; element types promote, the other extents agree.
///
/// ```
/// use gradus::{Array, Val, concatenate, jit};
/// let y = jit(|x: &Val| concatenate([x, &x.exp()], 0))(&Array::from([[0.0f32], [0.0]]))?;
/// assert_eq!(y.shape(), [4, 1]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn concatenate(all: impl IntoIterator<Item = impl Into<Val>>, axis: impl Integer) -> Val {
    let all = list(all);
    Val::derive("concatenate", &all, |known| {
        let Some(first) = known.first() else {
            return Err(ErrorKind::invalid("there is nothing to join; give at least one value"));
        };
        let shape = &first.ty.shape;
        let axis = axis_of(axis.to_i64(), shape)?;
        let differs = |other: &Shape| {
            other.rank() != shape.rank()
                || (0..shape.rank()).any(|a| a != axis && other.dim(a) != shape.dim(a))
        };
        if let Some(other) = known.iter().find(|k| differs(&k.ty.shape)) {
            let other = &other.ty.shape;
            let message = format!(
                "shapes {shape} and {other} do not join along axis {axis}; all other extents must agree"
            );
            return Err(ErrorKind::invalid(message));
        }
        let met = promote_all(known);
        let parts: Vec<_> = all.iter().zip(known).map(|(v, k)| bring(*v, met.dtype, &k.ty.shape)).collect();
        Ok(Val::from_ir(Strict::concatenate(&parts, axis)))
    })
}

/// The values, of one shape, side by side along a new axis.
///
/// ```
/// use gradus::{Array, Val, jit, stack};
/// let y = jit(|x: &Val| stack([x, x], 1))(&Array::from([1i32, 2]))?;
/// assert_eq!(y, Array::from([[1i32, 1], [2, 2]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn stack(all: impl IntoIterator<Item = impl Into<Val>>, axis: impl Integer) -> Val {
    let all = list(all);
    Val::derive("stack", &all, |known| {
        let Some(first) = known.first() else {
            return Err(ErrorKind::invalid("there is nothing to stack; give at least one value"));
        };
        let shape = &first.ty.shape;
        if let Some(other) = known.iter().find(|k| k.ty.shape != *shape) {
            let message = format!("shapes {shape} and {} differ; stack values of one shape", other.ty.shape);
            return Err(ErrorKind::invalid(message));
        }
        let axis = axis_of(axis.to_i64(), &shape.with_axis(0, 1))?;
        let met = promote_all(known);
        let wide = shape.with_axis(axis, 1);
        let parts: Vec<_> = all.iter().map(|v| bring(*v, met.dtype, shape).reshape(wide.clone())).collect();
        Ok(Val::from_ir(Strict::concatenate(&parts, axis)))
    })
}
