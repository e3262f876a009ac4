//! `while_loop` and `fori_loop`.

use super::{Scan, carry_paths, inside, leaves_like, refused};
use crate::engine::{self, control, refill, values};
use crate::transforms::all;
use crate::val::promote::{Promoted, promote};
use crate::val::strict;
use crate::{Error, Traced, Val};
use gradus_ir::SourceLocation;

/// Runs `body` as long as `cond` holds; the last carry.
///
/// Unlike in JAX it has reverse mode: what the derivative reads of each step is kept on a tape. A literal as first
/// carry takes the element type that the body makes of it. Under `vmap` every lane runs until its own condition
/// fails.
///
/// ```
/// use gradus::{Array, Val, grad, jit, while_loop};
/// let power = |x: &Val| while_loop(*x, |c| c.lt(100.0), |c| c * c);
/// assert_eq!(jit(power)(&Array::from(2.0f32))?, Array::from(256.0f32));
/// // x⁸ at 2
/// assert_eq!(jit(grad(power))(&Array::from(2.0f32))?, Array::from(1024.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if a carry changes its type or structure, or if the condition is no
/// single `bool`.
#[track_caller]
pub fn while_loop<C: Traced>(init: C, cond: impl Fn(C) -> Val, body: impl Fn(C) -> C) -> C {
    crate::val::at_caller("while_loop", || {
        repeat("while_loop", gradus_ir::trace::current_place(), &init, &cond, &body)
    })
}

fn repeat<C: Traced>(
    op: &'static str,
    place: SourceLocation,
    init: &C,
    cond: &dyn Fn(C) -> Val,
    body: &dyn Fn(C) -> C,
) -> C {
    let mut test = |x: &[Val]| vec![cond(refill(init, x))];
    let mut step = |x: &[Val]| leaves_like(op, place, init, &body(refill(init, x)));
    match control::while_loop(op, place, &values(init), &|| carry_paths(op, init), &mut test, &mut step) {
        Ok(results) => refill(init, &results),
        Err(error) => all(init, engine::refuse(inside(error, op, place))),
    }
}

/// Runs `f` for every integer from `lo` to `hi`, which is not reached; the last carry.
///
/// With bounds that are literals it is a [`scan`](super::scan), so that reverse mode needs no tape; with bounds that
/// are values it is a [`while_loop`].
///
/// ```
/// use gradus::{Array, Val, fori_loop, jit};
/// let f = jit(|x: &Val, n: &Val| (fori_loop(0, 3, *x, |i, c| c + i), fori_loop(1, n, *x, |i, c| c * i)));
/// let (sum, product) = f(&Array::from(1.0f32), &Array::from(5i32))?;
/// assert_eq!(sum, Array::from(4.0f32));
/// assert_eq!(product, Array::from(24.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if a bound is no integer scalar, if they are of different element
/// types, or as [`while_loop`].
#[track_caller]
pub fn fori_loop<C: Traced>(lo: impl Into<Val>, hi: impl Into<Val>, init: C, f: impl Fn(Val, C) -> C) -> C {
    crate::val::at_caller("fori_loop", || {
        let (lo, hi, place) = (lo.into(), hi.into(), gradus_ir::trace::current_place());
        if let (Some(first), Some(end)) = (lo.integer_literal(), hi.integer_literal()) {
            let length = usize::try_from(end.saturating_sub(first)).unwrap_or(0);
            let scan = Scan { length: Some(length), ..Scan::default() };
            let step = |(i, carry): (Val, C), (): ()| ((i + 1, f(i, carry)), ());
            return scan.run_at("fori_loop", place, &(lo, init), &(), &step).0.1;
        }
        match bounds(lo, hi, place) {
            Ok((lo, hi)) => {
                let step = |(i, carry): (Val, C)| (i + 1, f(i, carry));
                repeat("fori_loop", place, &(lo, init), &|(i, _)| i.lt(hi), &step).1
            }
            Err(error) => all(&init, engine::refuse(error)),
        }
    })
}

/// The bounds, of one element type.
fn bounds(lo: Val, hi: Val, place: SourceLocation) -> Result<(Val, Val), Error> {
    let of = |v: Val| Promoted { dtype: v.ty().dtype, weak: v.is_weak() };
    for (v, which) in [(lo, "lower"), (hi, "upper")] {
        let ty = v.ty();
        if ty.rank() > 0 || !ty.dtype.is_integer() {
            let message = format!("the {which} bound is {ty}; it must be an integer scalar");
            return Err(refused("fori_loop", place, message));
        }
    }
    let (first, end) = (of(lo), of(hi));
    if first.dtype != end.dtype && !first.weak && !end.weak {
        let message = format!("the bounds are of {} and {}; convert one of them", first.dtype, end.dtype);
        return Err(refused("fori_loop", place, message));
    }
    let met = promote(first, end);
    let converted = |v: Val| Val::from_ir(strict::convert_literal(v, met.dtype)).with_weak(met.weak);
    Ok((converted(lo), converted(hi)))
}
