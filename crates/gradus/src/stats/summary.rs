//! Numbers that sum samples up: ranks, the most frequent one, the error of a mean.

use crate::val::axes::axis_of;
use crate::{Dtype, ErrorKind, Integer, IntoAxes, Side, Val, arange, where_};
use gradus_ir::trace::{called_at, current_place};

/// Which rank equal elements have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ties {
    /// The mean of the ranks they take up.
    Average,
    /// The lowest of them.
    Min,
    /// The highest of them.
    Max,
    /// The number of distinct elements up to them.
    Dense,
    /// One each, in the order in which they stand.
    Ordinal,
}

/// The rank of every element among all in increasing order, from 1 on, as one `f32` vector; NaN if there is a NaN.
///
/// ```
/// use gradus::{Array, Val, jit, stats};
/// let y = jit(|x: &Val| stats::rankdata(x, stats::Ties::Average))(&Array::from([7i32, 2, 7]))?;
/// assert_eq!(y, Array::from([2.5f32, 1.0, 2.5]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn rankdata(x: impl Into<Val>, ties: Ties) -> Val {
    let x = x.into();
    Val::derive("rankdata", &[x], |_| Ok(ranks(x.ravel(), ties)))
}
/// [`rankdata`] of the elements along `axis`, in the shape of `x`.
///
/// ```
/// use gradus::{Array, Val, jit, stats};
/// let f = jit(|x: &Val| stats::rankdata_along(x, stats::Ties::Min, 0));
/// let y = f(&Array::from([[2i32, 7], [5, 1]]))?;
/// assert_eq!(y, Array::from([[1.0f32, 2.0], [2.0, 1.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn rankdata_along(x: impl Into<Val>, ties: Ties, axis: impl Integer) -> Val {
    let x = x.into();
    let place = current_place();
    // A line is ranked in a trace of its own, which does not know the caller.
    let own = move |line| called_at("rankdata", place, || ranks(line, ties));
    Val::derive("rankdata", &[x], |_| Ok(x.apply_along_axis(axis, own)))
}

#[track_caller]
fn ranks(x: Val, ties: Ties) -> Val {
    let n = x.size();
    let order = x.argsort(0);
    let sorted = x.take(order, 0);
    let lowest = || sorted.searchsorted(x) + 1;
    let highest = || sorted.searchsorted_side(x, Side::Right);
    let found = match ties {
        Ties::Ordinal => order.argsort(0) + 1,
        Ties::Min => lowest(),
        Ties::Max => highest(),
        Ties::Average => lowest() + highest(),
        Ties::Dense => {
            let begins = arange(n).eq(sorted.searchsorted(sorted));
            begins.cumsum(0).take(order.argsort(0), 0)
        }
    };
    let found = found.astype(Dtype::F32);
    let found = if ties == Ties::Average { 0.5 * found } else { found };
    where_(x.isnan().any(), f64::NAN, found)
}

/// The most frequent element along `axis`, of equally frequent ones the smallest, and how often it occurs, as `i32`.
///
/// # Errors
/// If there are no elements.
///
/// ```
/// use gradus::{Array, Val, jit, stats};
/// let (mode, count) = jit(|x: &Val| stats::mode(x, 0))(&Array::from([7i32, 2, 7]))?;
/// assert_eq!((mode, count), (Array::from(7i32), Array::from(2i32)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn mode(x: impl Into<Val>, axis: impl Integer) -> (Val, Val) {
    let x = x.into();
    let place = current_place();
    let part = |counted: bool| {
        Val::derive("mode", &[x], |known| {
            let shape = &known[0].ty.shape;
            if shape.dim(axis_of(axis.to_i64(), shape)?) == 0 {
                return Err(ErrorKind::invalid(format!(
                    "there are no elements along axis {} of {shape}",
                    axis.to_i64()
                )));
            }
            let most_frequent = move |line: Val| {
                let found = line.unique(line.size());
                let best = found.counts.argmax(0);
                if counted { found.counts.amax() } else { found.values.take(best, 0) }
            };
            Ok(x.apply_along_axis(axis, move |line| called_at("mode", place, || most_frequent(line))))
        })
    };
    crate::val::at_caller("mode", || (part(false), part(true)))
}

/// The standard error of the mean along axes: the standard deviation, of the variance divided by the number of elements
/// less `ddof` (1 by default in SciPy), by the root of that number.
///
/// ```
/// use gradus::{Array, Val, jit, stats};
/// let y = jit(|x: &Val| stats::sem(x, 0, 1.0))(&Array::from([1.0f32, 3.0]))?;
/// assert_eq!(y.item::<f32>()?, 1.0);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn sem(x: impl Into<Val>, axes: impl IntoAxes, ddof: f64) -> Val {
    let (x, axes) = (x.into(), axes.into_axes());
    Val::derive("sem", &[x], |known| {
        let (along, _) = axes.resolve(&known[0].ty.shape)?;
        let n = known[0].ty.shape.extent_of(&along);
        Ok(x.std_ddof(axes.clone(), ddof) / (n as f64).sqrt())
    })
}
