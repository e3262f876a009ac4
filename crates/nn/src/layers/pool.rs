//! Pooling over the spatial axes of `[.., spatial.., features]`: of all of space, and to a given size.
//!
//! Windows are [`Val::max_pool`], [`Val::avg_pool`] and [`Val::min_pool`] of gradus.

use gradus::{Slice, Val, as_operation, concatenate, keep, refuse};

use super::shape::spatial_axes;

/// The mean of each feature over so many spatial axes, which lie before the features: `[.., h, w, c] -> [.., c]` for 2.
///
/// # Errors
/// The enclosing `jit` returns `Err` if `x` has too few axes.
#[track_caller]
pub fn global_avg_pool(x: &Val, spatial: usize) -> Val {
    as_operation("global_avg_pool", || over_space(x, spatial, |x, axes| x.mean_axes(axes)))
}

/// The largest of each feature over so many spatial axes: `[.., h, w, c] -> [.., c]` for 2.
///
/// # Errors
/// The enclosing `jit` returns `Err` if `x` has too few axes, or empty ones.
#[track_caller]
pub fn global_max_pool(x: &Val, spatial: usize) -> Val {
    as_operation("global_max_pool", || over_space(x, spatial, |x, axes| x.amax_axes(axes)))
}

#[track_caller]
fn over_space(x: &Val, spatial: usize, reduce: impl FnOnce(&Val, Vec<usize>) -> Val) -> Val {
    if x.rank() <= spatial {
        return refuse("pool", too_few(x, spatial));
    }
    reduce(x, spatial_axes(x.rank(), spatial))
}

fn too_few(x: &Val, spatial: usize) -> String {
    format!("an input {} for {spatial} spatial axes; give it these and the features last", x.ty())
}

/// Means over windows that lie as evenly as they can, so that space has these extents: `[.., h, w, c] -> [.., m, n, c]`
/// for `[m, n]`, as PyTorch's `AdaptiveAvgPool2d`.
///
/// # Errors
/// The enclosing `jit` returns `Err` if `x` has too few axes, or an extent is 0.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::adaptive_avg_pool;
/// let pool = jit(|x: &Val| adaptive_avg_pool(&x.reshape([3, 1]), [2]).ravel());
/// assert_eq!(pool(&Array::from([1.0f32, 3.0, 5.0]))?, Array::from([2.0f32, 4.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn adaptive_avg_pool(x: &Val, extents: impl AsRef<[usize]>) -> Val {
    let extents = extents.as_ref();
    as_operation("adaptive_avg_pool", || adaptive(x, extents, |x, axis| x.mean_axes(keep(axis))))
}

/// The largest elements of windows that lie as evenly as they can, as PyTorch's `AdaptiveMaxPool2d`.
///
/// # Errors
/// The enclosing `jit` returns `Err` if `x` has too few axes, or an extent is 0.
#[track_caller]
pub fn adaptive_max_pool(x: &Val, extents: impl AsRef<[usize]>) -> Val {
    let extents = extents.as_ref();
    as_operation("adaptive_max_pool", || adaptive(x, extents, |x, axis| x.amax_axes(keep(axis))))
}

/// Axis by axis: the mean of a rectangle is that of the means of its rows.
#[track_caller]
fn adaptive(x: &Val, extents: &[usize], reduce: impl Fn(Val, usize) -> Val) -> Val {
    let (shape, spatial) = (x.shape(), extents.len());
    if shape.len() <= spatial {
        return refuse("pool", too_few(x, spatial));
    }
    let axes = spatial_axes(shape.len(), spatial);
    if axes.iter().zip(extents).any(|(axis, m)| shape[*axis] == 0 || *m == 0) {
        return refuse("pool", format!("an input {} to the extents {extents:?}; none may be 0", x.ty()));
    }
    axes.into_iter().zip(extents).fold(*x, |x, (axis, m)| {
        let n = shape[axis];
        // The i-th window reaches from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉.
        let window = |i: usize| {
            let mut places = vec![Slice::from(..); shape.len()];
            places[axis] = Slice::from(i * n / m..((i + 1) * n).div_ceil(*m));
            reduce(x.slice(places), axis)
        };
        concatenate((0..*m).map(window), axis)
    })
}
