//! What the lanes of a named [`Vmap`](crate::Vmap) do together, as in `jax.lax`.
//!
//! Inside of `Vmap::default().name("i").of(f)` the function `f` sees one lane; these functions see the others.
//! They nest with other
//! `vmap`s, are differentiated as one lane's program (the gradient of a `psum` adds the cotangents of all lanes), and
//! an axis that no enclosing `vmap` has named is an `Err` of the enclosing `jit`.

use crate::engine::{self, across};
use crate::{ErrorKind, Traced, Val};
use gradus_ir::ops::collective::Across;

/// One axis or several: `"i"`, `["i", "j"]`.
#[diagnostic::on_unimplemented(message = "`{Self}` names no axes: write `\"i\"` or `[\"i\", \"j\"]`")]
pub trait AxisNames {
    /// The names.
    fn names(&self) -> &[&'static str];
}
impl AxisNames for &'static str {
    fn names(&self) -> &[&'static str] {
        std::slice::from_ref(self)
    }
}
impl<const N: usize> AxisNames for [&'static str; N] {
    fn names(&self) -> &[&'static str] {
        self
    }
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident = $Across:ident;)*) => { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name<T: Traced>(x: &T, axes: impl AxisNames) -> T {
            let place = gradus_ir::trace::current_place();
            x.map(|v| {
                gradus_ir::trace::at_place(place, || {
                    axes.names().iter().fold(*v, |v, axis| across(stringify!($name), axis, v, |_| Ok(Across::$Across)))
                })
            })
        }
    )* };
}
reductions! {
    /// The sum of every leaf over the lanes of one or several axes, the same in each lane.
    ///
    /// ```
    /// use gradus::{Array, Val, Vmap, jit, psum};
    /// let share = jit(Vmap::default().name("i").of(|x: &Val| x / psum(x, "i")));
    /// assert_eq!(share(&Array::from([1.0f32, 3.0]))?, Array::from([0.25f32, 0.75]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    psum = Psum;
    /// The largest element over the lanes, the same in each lane; NaN if one is.
    pmax = Pmax;
    /// The smallest element over the lanes, the same in each lane; NaN if one is.
    pmin = Pmin;
}

/// The mean of every leaf over the lanes of one or several axes, the same in each lane.
#[track_caller]
pub fn pmean<T: Traced>(x: &T, axes: impl AxisNames) -> T {
    let place = gradus_ir::trace::current_place();
    x.map(|v| {
        gradus_ir::trace::at_place(place, || {
            axes.names().iter().fold(*v, |v, axis| {
                let sum = across("pmean", axis, v, |_| Ok(Across::Psum));
                sum / axis_size(axis)
            })
        })
    })
}

/// The values of all lanes along a new first axis, the same in each lane.
///
/// ```
/// use gradus::{Array, Val, Vmap, all_gather, jit};
/// let f = jit(Vmap::default().name("i").of(|x: &Val| all_gather(x, "i")));
/// assert_eq!(f(&Array::from([1.0f32, 3.0]))?, Array::from([[1.0f32, 3.0], [1.0, 3.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn all_gather(x: &Val, axis: &'static str) -> Val {
    all_gather_along(x, axis, 0)
}

/// [`all_gather`] along a new axis at `dimension` of the result.
#[track_caller]
pub fn all_gather_along(x: &Val, axis: &'static str, dimension: i64) -> Val {
    crate::val::at_caller("all_gather", || {
        let rank = x.rank() + 1;
        across("all_gather", axis, *x, |_| Ok(Across::AllGather { dimension: position(dimension, rank)? }))
    })
}

/// The values of all lanes one after the other along the axis `dimension` that they have.
#[track_caller]
pub fn all_gather_tiled(x: &Val, axis: &'static str, dimension: i64) -> Val {
    Val::derive("all_gather", &[*x], |_| {
        let at = position(dimension, x.rank())?;
        let mut dims = x.shape();
        dims[at] = dims[at].saturating_mul(engine::axis_size(axis)?);
        Ok(all_gather_along(x, axis, at as i64).reshape(dims))
    })
}

/// The sum over all lanes of which lane `i` gets element `i` along the first axis.
#[track_caller]
pub fn psum_scatter(x: &Val, axis: &'static str) -> Val {
    psum_scatter_along(x, axis, 0)
}

/// [`psum_scatter`] along the axis `dimension`, which has an element for each lane.
#[track_caller]
pub fn psum_scatter_along(x: &Val, axis: &'static str, dimension: i64) -> Val {
    crate::val::at_caller("psum_scatter", || {
        let rank = x.rank();
        across("psum_scatter", axis, *x, |_| {
            Ok(Across::PsumScatter { dimension: position(dimension, rank)? })
        })
    })
}

/// [`psum_scatter`] of which lane `i` gets part `i` of the axis `dimension`, cut into one part for each lane.
#[track_caller]
pub fn psum_scatter_tiled(x: &Val, axis: &'static str, dimension: i64) -> Val {
    Val::derive("psum_scatter", &[*x], |_| {
        let at = position(dimension, x.rank())?;
        Ok(psum_scatter_along(&parted(x, axis, at)?, axis, at as i64))
    })
}

/// Element `i` along `split` goes to lane `i`; what a lane receives lies along the new axis `concat`, which
/// `split` is not
/// counted for.
///
/// ```
/// use gradus::{Array, Val, Vmap, all_to_all, jit};
/// let f = jit(Vmap::default().name("i").of(|x: &Val| all_to_all(x, "i", 0, 0)));
/// assert_eq!(f(&Array::from([[1, 2], [3, 4]]))?, Array::from([[1, 3], [2, 4]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn all_to_all(x: &Val, axis: &'static str, split: i64, concat: i64) -> Val {
    crate::val::at_caller("all_to_all", || {
        let rank = x.rank();
        across("all_to_all", axis, *x, |_| {
            Ok(Across::AllToAll { split: position(split, rank)?, concat: position(concat, rank)? })
        })
    })
}

/// [`all_to_all`] of parts: `split` is cut into one part for each lane, and what a lane receives lies one
/// after the other
/// along the axis `concat` that it has.
#[track_caller]
pub fn all_to_all_tiled(x: &Val, axis: &'static str, split: i64, concat: i64) -> Val {
    Val::derive("all_to_all", &[*x], |_| {
        let (split, concat) = (position(split, x.rank())?, position(concat, x.rank())?);
        let mut dims = x.shape();
        let size = engine::axis_size(axis)?;
        let parts = parted(x, axis, split)?;
        dims[split] /= size;
        dims[concat] = dims[concat].saturating_mul(size);
        Ok(all_to_all(&parts, axis, split as i64, concat as i64).reshape(dims))
    })
}

/// The value of lane `from` in lane `to` for each pair `(from, to)`; zeros in lanes that receive nothing.
///
/// ```
/// use gradus::{Array, Val, Vmap, jit, ppermute};
/// let f = jit(Vmap::default().name("i").of(|x: &Val| ppermute(x, "i", &[(0, 1), (1, 0)])));
/// assert_eq!(f(&Array::from([1.0f32, 3.0]))?, Array::from([3.0f32, 1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ppermute(x: &Val, axis: &'static str, permutation: &[(usize, usize)]) -> Val {
    let pair = |(from, to): &(usize, usize)| vec![*from as i64, *to as i64];
    across("ppermute", axis, *x, |_| {
        Ok(Across::Ppermute { permutation: permutation.iter().map(pair).collect() })
    })
}

/// The number of this lane along the axis, an `i32`.
#[track_caller]
pub fn axis_index(axis: &'static str) -> Val {
    engine::axis_index(axis)
}

/// The number of lanes of the axis, as a literal.
#[track_caller]
pub fn axis_size(axis: &'static str) -> Val {
    Val::derive("axis_size", &[], |_| Ok(Val::from(engine::axis_size(axis)?)))
}

/// A negative axis counts from the end.
fn position(axis: i64, rank: usize) -> Result<usize, ErrorKind> {
    let at = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(at)
        .ok()
        .filter(|at| *at < rank)
        .ok_or_else(|| ErrorKind::invalid(format!("there is no axis {axis}: there are {rank}")))
}

/// The axis `at` cut into one part for each lane: the parts along `at`, what is in them behind.
fn parted(x: &Val, axis: &'static str, at: usize) -> Result<Val, ErrorKind> {
    let (size, mut dims) = (engine::axis_size(axis)?, x.shape());
    if size == 0 || !dims[at].is_multiple_of(size) {
        let message = format!(
            "axis {at} of {} cannot be cut into a part for each of the {size} lanes of `{axis}`",
            x.ty()
        );
        return Err(ErrorKind::invalid(message));
    }
    dims[at] /= size;
    dims.insert(at, size);
    Ok(x.reshape(dims))
}
