//! Combinations of the parts of a value that belong together, as `jax.ops.segment_sum` and its kin.

use crate::val::index::gather::Update;
use crate::val::{Val, full, strict, where_, zeros};
use crate::{Array, Dtype, ErrorKind};
use gradus_ir::Kind;
use gradus_ir::ops::monoid::Monoid;

/// For each of `count` segments the sum of the parts of `data` along its first axis that `segments` assigns to it; a
/// segment number outside is left out.
///
/// ```
/// use gradus::{Array, Val, jit, segment_sum};
/// let f = jit(|x: &Val, s: &Val| segment_sum(x, s, 3));
/// let y = f(&Array::from([1.0f32, 2.0, 4.0]), &Array::from([0i32, 2, 2]))?;
/// assert_eq!(y, Array::from([1.0f32, 0.0, 6.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn segment_sum(data: impl Into<Val>, segments: impl Into<Val>, count: usize) -> Val {
    segment("segment_sum", data.into(), segments.into(), count, Update::Add)
}
/// As [`segment_sum`], the products; 1 for an empty segment.
///
/// ```
/// use gradus::{Array, Val, jit, segment_prod};
/// let y = jit(|x: &Val| segment_prod(x, &Array::from([0i32, 0, 1]), 2))(&Array::from([2i32, 3, 4]))?;
/// assert_eq!(y, Array::from([6i32, 4]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn segment_prod(data: impl Into<Val>, segments: impl Into<Val>, count: usize) -> Val {
    segment("segment_prod", data.into(), segments.into(), count, Update::Multiply)
}
/// As [`segment_sum`], the largest elements; -∞ or the lowest integer for an empty segment.
///
/// ```
/// use gradus::{Array, Val, jit, segment_max};
/// let y = jit(|x: &Val| segment_max(x, &Array::from([0i32, 0, 1]), 2))(&Array::from([2i32, 3, 4]))?;
/// assert_eq!(y, Array::from([3i32, 4]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn segment_max(data: impl Into<Val>, segments: impl Into<Val>, count: usize) -> Val {
    segment("segment_max", data.into(), segments.into(), count, Update::Max)
}
/// As [`segment_sum`], the smallest elements; +∞ or the highest integer for an empty segment.
///
/// ```
/// use gradus::{Array, Val, jit, segment_min};
/// let y = jit(|x: &Val| segment_min(x, &Array::from([0i32, 0, 1]), 2))(&Array::from([2i32, 3, 4]))?;
/// assert_eq!(y, Array::from([2i32, 4]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn segment_min(data: impl Into<Val>, segments: impl Into<Val>, count: usize) -> Val {
    segment("segment_min", data.into(), segments.into(), count, Update::Min)
}

#[track_caller]
fn segment(op: &'static str, data: Val, segments: Val, count: usize, update: Update) -> Val {
    Val::derive(op, &[data, segments], |known| {
        let (ty, by) = (&known[0].ty, &known[1].ty);
        let assigned = by.rank() > 0 && by.rank() <= ty.rank();
        if !assigned || by.shape.dims()[..] != ty.shape.dims()[..by.rank()] {
            let message =
                format!("{by} assigns segments to {ty}; give one for each part along the first axis");
            return Err(ErrorKind::invalid(message));
        }
        let own: Vec<usize> =
            std::iter::once(count).chain(ty.shape.dims()[by.rank()..].iter().copied()).collect();
        let start = match update {
            Update::Add => zeros(own, ty.dtype),
            _ => full(own, Val::from_ir(strict::constant(identity(update, ty.dtype)))),
        };
        if count == 0 {
            return Ok(start);
        }
        // A negative number is no segment, where an index would count from the end.
        let places = match by.dtype.kind() {
            Kind::Signed => {
                let segments = segments.astype(Dtype::I32);
                start.index([where_(segments.lt(0), count as i64, segments).into()])
            }
            _ => start.index([segments.into()]),
        };
        Ok(match update {
            Update::Add => places.add(data),
            Update::Multiply => places.multiply(data),
            Update::Max => places.max(data),
            _ => places.min(data),
        })
    })
}

fn identity(update: Update, dtype: Dtype) -> Array {
    update.monoid().unwrap_or(Monoid::Sum).identity(dtype)
}
