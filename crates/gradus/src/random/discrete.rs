//! Truth values and integers.

use super::{bits, from_key, split_into, uniform_between};
use crate::{Dtype, ErrorKind, IntoExtents, Val, where_};

/// Integers in [low, high), of `i32`; the bounds are scalars. Where `high` is not above `low`, `low`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::randint(key, [8], -1, 2))(&random::seed(1))?;
/// assert!(x.to_vec::<i32>()?.iter().all(|x| (-1..2).contains(x)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn randint(
    key: impl Into<Val>,
    shape: impl IntoExtents,
    low: impl Into<Val>,
    high: impl Into<Val>,
) -> Val {
    randint_of(key, shape, Dtype::I32, low, high)
}

/// Integers of type `dtype` in [low, high), bounds beyond the type's range being cut to it, so that 256 is above every
/// `u8`. Where `high` is not above `low`, `low`.
///
/// ```
/// use gradus::{Array, Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::randint_of(key, [3], Dtype::U8, 7, 8))(&random::seed(0))?;
/// assert_eq!(x, Array::from([7u8; 3]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn randint_of(
    key: impl Into<Val>,
    shape: impl IntoExtents,
    dtype: Dtype,
    low: impl Into<Val>,
    high: impl Into<Val>,
) -> Val {
    let (low, high) = (low.into(), high.into());
    from_key("random::randint", key, shape, |key, shape| {
        let Some(info) = dtype.iinfo() else {
            return Err(ErrorKind::invalid(format!(
                "random integers cannot be {dtype}; use `uniform` for floats"
            )));
        };
        let word = if info.bits == 32 { Dtype::U32 } else { Dtype::U64 };
        if info.bits < 32 {
            // Drawn from more bits, narrow integers are less uneven. Its range then holds every bound.
            let within = |bound: Val, most: i64| cut_to(bound, Dtype::I32).0.max(info.min as i64).min(most);
            let (low, high) = (within(low, info.max as i64), within(high, info.max as i64 + 1));
            return Ok(randint(key, &shape, low, high).astype(dtype));
        }
        let ((low, _), (high, beyond)) = (cut_to(low, dtype), cut_to(high, dtype));
        let [high_key, low_key] = split_into(key);
        let [high_bits, low_bits] = [high_key, low_key].map(|key| bits(key, &shape, word));
        let above = high.gt(low);
        let span = where_(above, high - low, 1).astype(word);
        // The whole range of the type wraps to a span of zero, modulo which every number stays itself.
        let span = where_(above & beyond, span + 1, span);
        // 2ᵇ modulo the span for words of b bits, by way of its root: the two words together are one number.
        let half = span.full_like(1i64 << (info.bits / 2)).fmod(span);
        let weight = (half * half).fmod(span);
        let offset = (high_bits.fmod(span) * weight + low_bits.fmod(span)).fmod(span);
        Ok(low + offset.astype(dtype))
    })
}

/// A bound as the nearest number of type `dtype`, and whether it was above all of them.
#[track_caller]
fn cut_to(bound: Val, dtype: Dtype) -> (Val, Val) {
    let info = dtype.iinfo().expect("internal: an integer type");
    let within = |x: i128| i64::try_from(x.clamp(info.min, info.max)).unwrap_or(i64::MAX);
    if let Some(n) = bound.integer_literal() {
        return (Val::from(within(n.into())).astype(dtype), Val::from(i128::from(n) > info.max));
    }
    let bound = if bound.dtype().is_integer() { bound } else { bound.astype(Dtype::I64) };
    let own = bound.dtype().iinfo().expect("internal: an integer type");
    let (least, most) = (within(own.min), within(own.max));
    let beyond = if info.max < own.max { bound.gt(most) } else { Val::from(false) };
    let bound = if info.min > own.min { bound.max(least) } else { bound };
    let bound = if info.max < own.max { bound.min(most) } else { bound };
    (bound.astype(dtype), beyond)
}

/// Truth values, each true with probability `p`, which broadcasts to `shape`.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::bernoulli(key, 1.0, [3]))(&random::seed(0))?;
/// assert_eq!(x, Array::from([true; 3]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn bernoulli(key: impl Into<Val>, p: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let p = p.into();
    from_key("random::bernoulli", key, shape, |key, shape| {
        let wide = !p.is_weak() && p.dtype() == Dtype::F64;
        let dtype = if wide { Dtype::F64 } else { Dtype::F32 };
        Ok(uniform_between(key, &shape, dtype, 0.0, 1.0).lt(p))
    })
}

/// -1 or 1 with equal probability, as `i32`.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::rademacher(key, [3]).abs())(&random::seed(0))?;
/// assert_eq!(x, Array::from([1i32; 3]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn rademacher(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_key("random::rademacher", key, shape, |key, shape| {
        Ok(2 * bernoulli(key, 0.5, &shape).astype(Dtype::I32) - 1)
    })
}

/// The number of trials up to the first success of probability `p`, as `i32`.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::geometric(key, 1.0, [3]))(&random::seed(0))?;
/// assert_eq!(x, Array::from([1i32; 3]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn geometric(key: impl Into<Val>, p: impl Into<Val>, shape: impl IntoExtents) -> Val {
    super::from_params("random::geometric", key, [p.into()], shape, Dtype::F32, |key, [p], shape| {
        let share = super::uniform(key, shape);
        let share = where_(share.eq(0), 1.0, share);
        Ok(((share.log() / (-p).log1p()).floor() + 1.0).astype(Dtype::I32))
    })
}
