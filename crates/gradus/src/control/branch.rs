//! `cond` and `switch`: one of several functions is run.

use super::{inside, leaves_like, refused};
use crate::engine::{self, control, refill, values};
use crate::transforms::all;
use crate::{Dtype, Error, Traced, Val};
use gradus_ir::SourceLocation;

/// `yes(operands)` where `pred` holds, else `no(operands)`: only one of them runs.
///
/// Under `vmap` over `pred` both run and each lane takes its own. A predicate that is a number holds if it is not 0.
///
/// ```
/// use gradus::{Array, Val, cond, jit};
/// let f = jit(|x: &Val| cond(x.lt(0.0), *x, |x| x * 2.0, |x| x.sqrt()));
/// assert_eq!(f(&Array::from(-3.0f32))?, Array::from(-6.0f32));
/// assert_eq!(f(&Array::from(9.0f32))?, Array::from(3.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if `pred` is no scalar, or if the results differ in structure or
/// type.
#[track_caller]
pub fn cond<O: Traced, R: Traced>(pred: Val, operands: O, yes: impl Fn(O) -> R, no: impl Fn(O) -> R) -> R {
    crate::val::at_caller("cond", || {
        let place = gradus_ir::trace::current_place();
        let number = || -> Result<Val, Error> {
            let ty = pred.ty();
            if ty.rank() > 0 {
                let message =
                    format!("the predicate is {ty}; it must be a scalar: use `where_` to choose by element");
                return Err(refused("cond", place, message));
            }
            let holds = if ty.dtype == Dtype::Bool { pred } else { pred.ne(0) };
            Ok(holds.astype(Dtype::I32))
        };
        branch("cond", place, number(), &operands, &[&no, &yes])
    })
}

/// The result of that one of `branches` whose number `index` is; an index out of range is clamped. See [`cond()`].
///
/// ```
/// use gradus::{Array, Val, jit, switch};
/// let f = jit(|i: &Val, x: &Val| switch(*i, *x, &[&|x| x, &|x| x * x, &|x| x.exp()]));
/// assert_eq!(f(&Array::from(1i32), &Array::from(3.0f32))?, Array::from(9.0f32));
/// assert_eq!(f(&Array::from(9i32), &Array::from(0.0f32))?, Array::from(1.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if there is no branch, if `index` is no integer scalar, or if the
/// results differ in structure or type.
#[track_caller]
pub fn switch<O: Traced, R: Traced>(index: Val, operands: O, branches: &[&dyn Fn(O) -> R]) -> R {
    crate::val::at_caller("switch", || {
        let place = gradus_ir::trace::current_place();
        let number = || -> Result<Val, Error> {
            let ty = index.ty();
            if ty.rank() > 0 || !ty.dtype.is_integer() {
                let message = format!("the index is {ty}; it must be an integer scalar");
                return Err(refused("switch", place, message));
            }
            Ok(index.astype(Dtype::I32))
        };
        branch("switch", place, number(), &operands, branches)
    })
}

fn branch<O: Traced, R: Traced>(
    op: &'static str,
    place: SourceLocation,
    number: Result<Val, Error>,
    operands: &O,
    branches: &[&dyn Fn(O) -> R],
) -> R {
    let Some(first) = branches.first() else {
        engine::abandon(refused(op, place, "there is no branch; give at least one"));
    };
    let args = values(operands);
    // Every other branch must return a tree of the structure of the first one's.
    let result = std::cell::OnceCell::new();
    let mut traced: Vec<_> = branches
        .iter()
        .map(|f| {
            |x: &[Val]| {
                let own = f(refill(operands, x));
                match result.get() {
                    Some(like) => leaves_like(op, place, like, &own),
                    None => {
                        let vals = values(&own);
                        let _ = result.set(own);
                        vals
                    }
                }
            }
        })
        .collect();
    let mut flat: Vec<engine::Flat<'_>> = traced.iter_mut().map(|f| f as engine::Flat<'_>).collect();
    let paths = || result.get().map_or(vec![], |like: &R| like.paths());
    let results = number.and_then(|number| {
        control::cond(op, place, number, &args, &mut flat, &paths).map_err(|error| inside(error, op, place))
    });
    match (results, result.get()) {
        (Ok(results), Some(like)) => refill(like, &results),
        (Ok(_), None) => unreachable!("internal: a function that was traced ran to its end"),
        (Err(error), like) => {
            let v = engine::refuse(error);
            match like {
                Some(like) => all(like, v),
                None => all(&first(all(operands, v)), v),
            }
        }
    }
}
