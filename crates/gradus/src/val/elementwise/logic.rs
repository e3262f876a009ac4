//! Comparisons up to rounding, and choices among several values.

use crate::val::{Val, where_};
use crate::{Dtype, ErrorKind};
use gradus_ir::trace::by_user;

impl Val {
    /// Whether every element is within `absolute` + `relative` · |other| of that of `other`; equal infinities
    /// are, NaN is
    /// near nothing.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.isclose(1.0, 1e-3, 0.0));
    /// assert_eq!(f(&Array::from([1.0005f32, 1.1]))?, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isclose(self, other: impl Into<Val>, relative: f64, absolute: f64) -> Val {
        let other = other.into();
        Val::derive("isclose", &[self, other], |known| {
            if known.iter().all(|k| !k.ty.dtype.is_float()) {
                return Ok(self.eq(other));
            }
            let near = (self - other).abs().le(absolute + relative * other.abs());
            let finite = self.isfinite() & other.isfinite();
            Ok((near & finite) | self.eq(other))
        })
    }
    /// Whether all elements are close; see [`Val::isclose`].
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.allclose(1.0, 1e-2, 0.0))(&Array::from([1.0f32, 1.001]))?;
    /// assert_eq!(y, Array::from(true));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn allclose(self, other: impl Into<Val>, relative: f64, absolute: f64) -> Val {
        let other = other.into();
        Val::derive("allclose", &[self, other], |_| Ok(self.isclose(other, relative, absolute).all()))
    }
    /// [`Val::isclose`] where NaN is near NaN.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.isclose_or_nan(f64::NAN, 0.0, 0.0))(&Array::from([f32::NAN, 1.0]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isclose_or_nan(self, other: impl Into<Val>, relative: f64, absolute: f64) -> Val {
        let other = other.into();
        Val::derive("isclose", &[self, other], |_| {
            Ok(self.isclose(other, relative, absolute) | (self.isnan() & other.isnan()))
        })
    }
    /// Whether every element has no imaginary part, or one that is zero.
    ///
    /// ```
    /// use gradus::{Array, Val, complex, jit};
    /// let y = jit(|x: &Val| complex(x, 2.0).isreal())(&Array::from([1.0f32]))?;
    /// assert_eq!(y, Array::from([false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isreal(self) -> Val {
        Val::derive("isreal", &[self], |_| Ok(self.imag().eq(0)))
    }
    /// Whether every element has an imaginary part that is not zero.
    ///
    /// ```
    /// use gradus::{Array, Val, complex, jit};
    /// let y = jit(|x: &Val| complex(x, 2.0).iscomplex())(&Array::from([1.0f32]))?;
    /// assert_eq!(y, Array::from([true]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn iscomplex(self) -> Val {
        Val::derive("iscomplex", &[self], |_| Ok(self.imag().ne(0)))
    }
    /// Whether both are not zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logical_and(1))(&Array::from([0i32, 2]))?;
    /// assert_eq!(y, Array::from([false, true]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logical_and(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("logical_and", &[self, other], |_| {
            Ok(self.astype(Dtype::Bool) & other.astype(Dtype::Bool))
        })
    }
    /// Whether either is not zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.logical_or(x.gt(5)));
    /// assert_eq!(f(&Array::from([0i32, 2]))?, Array::from([false, true]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logical_or(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive(
            "logical_or",
            &[self, other],
            |_| Ok(self.astype(Dtype::Bool) | other.astype(Dtype::Bool)),
        )
    }
    /// Whether one is zero and the other is not.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logical_xor(1))(&Array::from([0i32, 2]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logical_xor(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("logical_xor", &[self, other], |_| {
            Ok(self.astype(Dtype::Bool) ^ other.astype(Dtype::Bool))
        })
    }
    /// Whether every element is zero.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.logical_not())(&Array::from([0i32, 2]))?;
    /// assert_eq!(y, Array::from([true, false]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn logical_not(self) -> Val {
        Val::derive("logical_not", &[self], |_| Ok(!self.astype(Dtype::Bool)))
    }
    /// Whether both have one shape and equal elements.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.array_equal(x.flip(0).flip(0)))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from(true));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn array_equal(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("array_equal", &[self, other], |known| {
            let same = known[0].ty.shape == known[1].ty.shape;
            Ok(if same { self.eq(other).all() } else { Val::from_ir(Val::from(false).ir()) })
        })
    }
}

impl Val {
    /// Whether both are equal where they broadcast; false if they do not.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| (x.array_equiv(2), x.array_equal(2)));
    /// let (equivalent, equal) = f(&Array::from([2i32, 2]))?;
    /// assert_eq!((equivalent, equal), (Array::from(true), Array::from(false)));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn array_equiv(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("array_equiv", &[self, other], |known| {
            let meet = crate::val::broadcast::common_shape(known.iter().map(|k| &k.ty.shape)).is_ok();
            Ok(if meet { self.eq(other).all() } else { Val::from_ir(Val::from(false).ir()) })
        })
    }
}

/// At every place the choice that belongs to the first condition that holds there, else `default`.
///
/// ```
/// use gradus::{Array, Val, jit, select};
/// let f = jit(|x: &Val| select([x.lt(0), x.lt(10)], [-x, 2 * x], 0));
/// assert_eq!(f(&Array::from([-3i32, 3, 30]))?, Array::from([3i32, 6, 0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn select(
    conditions: impl IntoIterator<Item = impl Into<Val>>,
    choices: impl IntoIterator<Item = impl Into<Val>>,
    default: impl Into<Val>,
) -> Val {
    let conditions: Vec<Val> = conditions.into_iter().map(Into::into).collect();
    let choices: Vec<Val> = choices.into_iter().map(Into::into).collect();
    let default = default.into();
    let args: Vec<Val> = conditions.iter().chain(&choices).copied().chain([default]).collect();
    Val::derive("select", &args, |_| {
        if conditions.is_empty() || conditions.len() != choices.len() {
            let message = format!(
                "{} conditions for {} choices; give one for each, at least one",
                conditions.len(),
                choices.len()
            );
            return Err(ErrorKind::invalid(message));
        }
        let pairs = conditions.iter().zip(&choices).rev();
        Ok(pairs.fold(default, |rest, (condition, choice)| where_(*condition, *choice, rest)))
    })
}

/// At every element of `x` the function that belongs to the last condition that holds there, else `default`; the result
/// has the element type of `x`.
///
/// ```
/// use gradus::{Array, Val, jit, piecewise};
/// let f = jit(|x: &Val| piecewise(x, [x.lt(0), x.gt(5)], &[&|x: Val| -x, &|x: Val| x * x], |_: Val| 1.into()));
/// assert_eq!(f(&Array::from([-3i32, 3, 6]))?, Array::from([3i32, 1, 36]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn piecewise(
    x: impl Into<Val>,
    conditions: impl IntoIterator<Item = impl Into<Val>>,
    functions: &[&dyn Fn(Val) -> Val],
    default: impl FnOnce(Val) -> Val,
) -> Val {
    let x = x.into();
    let conditions: Vec<Val> = conditions.into_iter().map(Into::into).collect();
    let args: Vec<Val> = [x].into_iter().chain(conditions.iter().copied()).collect();
    Val::derive("piecewise", &args, |known| {
        if conditions.len() != functions.len() {
            let message = format!(
                "{} conditions for {} functions; give one for each",
                conditions.len(),
                functions.len()
            );
            return Err(ErrorKind::invalid(message));
        }
        let dtype = known[0].ty.dtype;
        let start = by_user(|| default(x)).astype(dtype);
        let pairs = conditions.iter().zip(functions);
        let chosen = pairs
            .fold(start, |rest, (condition, f)| where_(*condition, by_user(|| f(x)).astype(dtype), rest));
        Ok(chosen.broadcast_to(&known[0].ty.shape))
    })
}

/// The value of several that `which`, an integer or a truth value, names at every place: `lax.select_n`.
///
/// ```
/// use gradus::{Array, Val, jit, select_n};
/// let f = jit(|w: &Val, x: &Val| select_n(w, [*x, -x, 10 * x]));
/// assert_eq!(f(&Array::from([2i32, 0]), &Array::from([1i32, 1]))?, Array::from([10i32, 1]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn select_n(which: impl Into<Val>, cases: impl IntoIterator<Item = impl Into<Val>>) -> Val {
    let which = which.into();
    let cases: Vec<Val> = cases.into_iter().map(Into::into).collect();
    let args: Vec<Val> = [which].into_iter().chain(cases.iter().copied()).collect();
    Val::derive("select_n", &args, |known| {
        let Some((first, rest)) = cases.split_first() else {
            return Err(ErrorKind::invalid("there are no cases to choose from; give at least one"));
        };
        if known[0].ty.dtype.is_float() {
            return Err(ErrorKind::invalid(format!(
                "a case is chosen by an integer or a truth value, not {}",
                known[0].ty
            )));
        }
        if let [second] = rest {
            return Ok(where_(which, *second, *first));
        }
        // Each case from the second on, where it is named or passed.
        let named = |(i, case): (usize, &Val)| (which.ge(i as i64 + 1), *case);
        Ok(rest
            .iter()
            .enumerate()
            .map(named)
            .fold(*first, |chosen, (passed, case)| where_(passed, case, chosen)))
    })
}
