//! How layers see an input `[.., spatial.., features]`: features last, space before them, any leading axes the batch.

use gradus::Val;

/// What is wrong with `x` for `weights` that take so many features behind so many spatial axes, in words; or nothing.
///
/// Asked by every layer before it computes, for an axis of extent 1 would broadcast silently.
pub(super) fn misfit(x: &Val, spatial: usize, features: usize, weights: &Val) -> Option<String> {
    let (x, weights) = (x.ty(), weights.ty());
    if x.rank() <= spatial {
        return Some(format!(
            "an input {x} for weights {weights}; give it {spatial} spatial axes and the features last, behind any \
             number of leading axes"
        ));
    }
    let last = x.shape.dim(x.rank() - 1);
    (last != features).then(|| {
        format!(
            "an input {x} has {last} features along its last axis, and weights {weights} take {features}; make the \
             layer for {last} features, or bring them last"
        )
    })
}

/// `x` with its leading axes as one, `[batch, spatial.., features]`, and their extents.
#[track_caller]
pub(super) fn batched(x: Val, spatial: usize) -> (Val, Vec<usize>) {
    let shape = x.shape();
    let (leading, own) = shape.split_at(shape.len() - spatial - 1);
    match leading {
        [_] => (x, leading.to_vec()),
        _ => (x.reshape([&[leading.iter().product()], own].concat()), leading.to_vec()),
    }
}

/// `y`, whose first axis is the batch, with the leading axes that [`batched`] took.
#[track_caller]
pub(super) fn unbatched(y: Val, leading: &[usize]) -> Val {
    match leading {
        [_] => y,
        _ => y.reshape([leading, &y.shape()[1..]].concat()),
    }
}

/// The axes of space, which lie before the last of `rank` axes.
pub(super) fn spatial_axes(rank: usize, spatial: usize) -> Vec<usize> {
    (rank - 1 - spatial..rank - 1).collect()
}
