//! Choosing among given things: classes, elements, orders.

use super::{bits, check_key, gumbel_of, randint, split_into, uniform_between};
use crate::val::strict;
use crate::{Dtype, ErrorKind, Integer, IntoExtents, Shape, Slice, Val};
use gradus_ir::ops::index::IndexMode;

/// Classes drawn by their unnormalised log-probabilities along the last axis, as `i32` of `shape` before which
/// the other axes of `logits` broadcast.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let f = jit(|key: &Val| random::categorical(key, &Array::from([0.0f32, f32::NEG_INFINITY]), [3]));
/// let x = f(&random::seed(0))?;
/// assert_eq!(x, Array::from([0i32, 0, 0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn categorical(key: impl Into<Val>, logits: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let (key, logits, extents) = (key.into(), logits.into(), shape.into_extents());
    Val::derive("random::categorical", &[key, logits], |known| {
        let ty = &known[1].ty;
        let Some(last) = ty.rank().checked_sub(1) else {
            return Err(ErrorKind::invalid("the logits are a scalar; give them an axis of classes"));
        };
        let shape = extents.shape()?;
        let dtype = if ty.dtype == Dtype::F64 && !logits.is_weak() { Dtype::F64 } else { Dtype::F32 };
        let noise = gumbel_of(key, shape.with_axis(shape.rank(), ty.shape.dim(last)), dtype);
        Ok((noise + logits).argmax(-1))
    })
}

/// [`categorical`] with the classes along another axis of `logits`; `shape` has the axes that remain last.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let f = jit(|key: &Val| random::categorical_along(key, &Array::from([0.0f32, f32::NEG_INFINITY]), 0, [3]));
/// let x = f(&random::seed(0))?;
/// assert_eq!(x, Array::from([0i32, 0, 0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn categorical_along(
    key: impl Into<Val>,
    logits: impl Into<Val>,
    axis: i64,
    shape: impl IntoExtents,
) -> Val {
    let (key, logits, extents) = (key.into(), logits.into(), shape.into_extents());
    Val::derive("random::categorical", &[key, logits], |known| {
        check_key(&known[0].ty)?;
        let (ty, shape) = (&known[1].ty, extents.shape()?);
        let at = axis_in(ty, axis)?;
        if shape.rank() + 1 < ty.rank() {
            let message = format!("the shape {shape} does not hold the other axes of {ty}; end it with them");
            return Err(ErrorKind::invalid(message));
        }
        let dtype = if ty.dtype == Dtype::F64 && !logits.is_weak() { Dtype::F64 } else { Dtype::F32 };
        let place = shape.rank() + 1 - ty.rank() + at;
        let noise = gumbel_of(key, shape.with_axis(place, ty.shape.dim(at)), dtype);
        Ok((noise + logits).argmax(place as i64))
    })
}

/// How [`Choice::draw`] chooses.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Whether an element may be drawn again.
    pub replace: bool,
    /// The probability of each element along the axis; `None` if they are equal.
    pub p: Option<Val>,
    /// The axis along which elements are drawn.
    pub axis: usize,
}

impl Default for Choice {
    /// With replacement, of equal probability, along the first axis.
    fn default() -> Choice {
        Choice { replace: true, p: None, axis: 0 }
    }
}

/// Elements of `a` (its parts along the first axis; or of the numbers below an integer), each drawn anew. See
/// [`Choice`] for others.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::choice(key, 10, [4]))(&random::seed(0))?;
/// assert!(x.to_vec::<i32>()?.iter().all(|x| (0..10).contains(x)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn choice(key: impl Into<Val>, a: impl Into<Val>, shape: impl IntoExtents) -> Val {
    Choice::default().draw(key, a, shape)
}

impl Choice {
    /// Draws `shape` elements of `a`, or of the numbers below an integer; the axes of `shape` stand where the axis was.
    ///
    /// ```
    /// use gradus::{Val, jit, random, random::Choice};
    /// let without = |key: &Val| Choice { replace: false, ..Choice::default() }.draw(key, 3, [3]);
    /// let mut x = jit(without)(&random::seed(0))?.to_vec::<i32>()?;
    /// x.sort();
    /// assert_eq!(x, [0, 1, 2]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are too few elements, or `p` is not one number for each. A call fails if without replacement fewer
    /// elements have a positive probability than are drawn.
    #[track_caller]
    pub fn draw(self, key: impl Into<Val>, a: impl Into<Val>, shape: impl IntoExtents) -> Val {
        let (key, a, extents) = (key.into(), a.into(), shape.into_extents());
        let args: Vec<Val> = [key, a].into_iter().chain(self.p).collect();
        Val::derive("random::choice", &args, |known| {
            check_key(&known[0].ty)?;
            let (ty, shape) = (&known[1].ty, extents.shape()?);
            let number = a.integer_literal();
            if number.is_none() && ty.rank() <= self.axis {
                let message = format!("{ty} has no axis {}; give an array, or a Rust integer", self.axis);
                return Err(ErrorKind::invalid(message));
            }
            let n = match number {
                Some(n) => usize::try_from(n).unwrap_or(0),
                None => ty.shape.dim(self.axis),
            };
            let draws = shape.size();
            if draws > 0 && (n == 0 || !self.replace && draws > n) {
                let message =
                    format!("{draws} of {n} elements cannot be drawn; draw fewer, or with replacement");
                return Err(ErrorKind::invalid(message));
            }
            let order = match (self.p, self.replace) {
                (None, true) => randint(key, &shape, 0, n),
                (None, false) => return Ok(self.first_of_shuffled(key, a, number.is_some(), n, &shape)),
                (Some(p), _) => self.by_probability(key, p, n, &shape)?,
            };
            Ok(if number.is_some() { order } else { a.take(order, self.axis as i64) })
        })
    }

    #[track_caller]
    fn first_of_shuffled(self, key: Val, a: Val, is_number: bool, n: usize, shape: &Shape) -> Val {
        let first = order(key, n).slice([Slice::from(0..shape.size())]).reshape(shape);
        if is_number { first } else { a.take(first, self.axis as i64) }
    }

    #[track_caller]
    fn by_probability(self, key: Val, p: Val, n: usize, shape: &Shape) -> Result<Val, ErrorKind> {
        let ty = p.ty();
        if ty.shape != Shape::from([n]) {
            let message = format!("the probabilities are {ty}; give one for each of {n} elements");
            return Err(ErrorKind::invalid(message));
        }
        let dtype = if ty.dtype == Dtype::F64 { Dtype::F64 } else { Dtype::F32 };
        let p = p.astype(dtype);
        if !self.replace {
            let possible = p.gt(0).sum();
            let message =
                format!("{} of {{}} elements of positive probability cannot be drawn", shape.size());
            crate::check(possible.ge(shape.size() as i64), &message, &possible);
            let noise = gumbel_of(key, [n], dtype);
            let (_, order) = (noise + p.log()).top_k(shape.size());
            return Ok(order.reshape(shape));
        }
        let sums = p.cumsum(0);
        let whole = sums.slice([Slice::from(n - 1..n)]).reshape(());
        Ok(sums.searchsorted(whole * (1.0 - uniform_between(key, shape, dtype, 0.0, 1.0))))
    }
}

/// The numbers 0, 1, .. below `n` in random order, as `i32`; or the rows of an array (its parts along the first
/// axis) in random order.
///
/// ```
/// use gradus::{Val, jit, random};
/// let mut order = jit(|key: &Val| random::permutation(key, 5))(&random::seed(3))?.to_vec::<i32>()?;
/// order.sort();
/// assert_eq!(order, [0, 1, 2, 3, 4]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn permutation(key: impl Into<Val>, x: impl Into<Val>) -> Val {
    permutation_along(key, x, 0)
}

/// [`permutation`] of the parts along another axis.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let f = jit(|key: &Val| random::permutation_along(key, &Array::from([[1i32, 2]]), 1).sum());
/// let x = f(&random::seed(0))?;
/// assert_eq!(x, Array::from(3i32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn permutation_along(key: impl Into<Val>, x: impl Into<Val>, axis: impl Integer) -> Val {
    let (key, x, axis) = (key.into(), x.into(), axis.to_i64());
    Val::derive("random::permutation", &[key, x], |known| {
        check_key(&known[0].ty)?;
        if let Some(n) = x.integer_literal() {
            return Ok(order(key, usize::try_from(n).unwrap_or(0)));
        }
        let ty = &known[1].ty;
        let axis = axis_in(ty, axis)?;
        if ty.shape.dim(axis) == 0 {
            return Ok(x);
        }
        let order = order(key, ty.shape.dim(axis));
        Ok(Val::from_ir(x.ir().take(order.ir(), axis, IndexMode::PromiseInBounds)))
    })
}

/// The elements of every line along `axis` in a random order of its own.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::shuffle(key, &Array::from([1i32, 2]), 0).sum())(&random::seed(0))?;
/// assert_eq!(x, Array::from(3i32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn shuffle(key: impl Into<Val>, x: impl Into<Val>, axis: impl Integer) -> Val {
    let (key, x, axis) = (key.into(), x.into(), axis.to_i64());
    Val::derive("random::shuffle", &[key, x], |known| {
        check_key(&known[0].ty)?;
        let axis = axis_in(&known[1].ty, axis)?;
        Ok(shuffled(key, x, axis))
    })
}

fn axis_in(ty: &crate::Type, axis: i64) -> Result<usize, ErrorKind> {
    let rank = ty.rank() as i64;
    let from_front = if axis < 0 { axis + rank } else { axis };
    if (0..rank).contains(&from_front) {
        return Ok(from_front as usize);
    }
    let message = format!("{ty} has no axis {axis}; give an array that has it, or a Rust integer");
    Err(ErrorKind::invalid(message))
}

/// The numbers below `n` in random order.
#[track_caller]
fn order(key: Val, n: usize) -> Val {
    shuffled(key, Val::from_ir(strict::iota(Dtype::of_index(n), &Shape::from([n]), 0)), 0)
}

/// Sorted by random words; repeated until equal words hardly matter.
#[track_caller]
fn shuffled(mut key: Val, mut x: Val, axis: usize) -> Val {
    let shape = Shape::from(x.shape());
    let rounds = (3.0 * (shape.size().max(1) as f64).ln() / f64::from(u32::MAX).ln()).ceil() as usize;
    for _ in 0..rounds {
        let [next, own] = split_into(key);
        x = x.sort_by(bits(own, &shape, Dtype::U32), axis as i64);
        key = next;
    }
    x
}
