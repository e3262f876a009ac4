//! Masks of attention: truth values `[.., heads, time, span]`, 1 where all are alike, joined by `&`.

use gradus::{Dtype, Val, arange, as_operation, refuse};

/// The mask by which no query sees a key beyond the length of its sequence: integers `[..] -> [.., 1, 1, span]`.
///
/// A length beyond `span` sees all of it, a negative one nothing.
///
/// ```
/// use gradus::{Array, Val, jit};
/// let mask = jit(|lengths: &Val| gradus_nn::padding_mask(lengths, 3))(&Array::from([2i32, 0]))?;
/// assert_eq!(mask, Array::new([2, 1, 1, 3], [true, true, false, false, false, false])?);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn padding_mask(lengths: &Val, span: usize) -> Val {
    as_operation("padding_mask", || {
        if !lengths.dtype().is_integer() {
            return refuse("padding_mask", format!("lengths are {}, expected integers", lengths.ty()));
        }
        key_mask(&arange(span).lt(lengths.expand_dims(-1)))
    })
}

/// The mask by which every query sees the keys that are `present`: `[.., span] -> [.., 1, 1, span]`.
///
/// ```
/// use gradus::{Array, Val, jit};
/// let mask = jit(|ids: &Val| gradus_nn::key_mask(&ids.ne(0)))(&Array::from([[5i32, 7, 0]]))?;
/// assert_eq!(mask, Array::new([1, 1, 1, 3], [true, true, false])?);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn key_mask(present: &Val) -> Val {
    as_operation("key_mask", || match present.dtype() {
        Dtype::Bool => present.expand_dims([-3, -2]),
        _ => refuse("key_mask", format!("{} is no truth values; compare, as in `ids.ne(0)`", present.ty())),
    })
}
