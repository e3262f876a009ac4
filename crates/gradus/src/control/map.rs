//! `map`: a function of every element, one after the other.

use super::{Scan, refused};
use crate::engine::control::slice_axis;
use crate::engine::{self, Mapped, refill, values};
use crate::transforms::{RAN, all};
use crate::{Function, ReadsTrees, Result, Returning, Traced, Tree, Val, concatenate};
use gradus_ir::SourceLocation;

/// `f` of every element along the first axis of every leaf of every parameter, one after the other.
///
/// It returns what [`vmap`](crate::vmap) does, with the memory of one element at a time.
///
/// ```
/// use gradus::{Array, Val, jit, map};
/// let f = jit(map(|x: &Val, y: &Val| (x * y).sum()));
/// let (x, y) = (Array::from([[1.0f32, 2.0], [3.0, 4.0]]), Array::from([[1.0f32, 1.0], [2.0, 2.0]]));
/// assert_eq!(f(&x, &y)?, Array::from([3.0f32, 14.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn map<'f, S: ReadsTrees, F: Function<'f, S>>(f: F) -> Returning<'f, S, S::Out> {
    let place = gradus_ir::trace::current_place();
    S::wrap_all(f.share(), move |f, args| {
        gradus_ir::trace::called_at("map", place, || {
            Scan::default().run_at("map", place, &(), args, &|(), x| ((), f(&x))).1
        })
    })
}

/// [`map`] of `batch_size` elements at a time, which run together as in [`vmap`](crate::vmap).
///
/// ```
/// use gradus::{Array, Val, jit, map_batches};
/// let f = jit(map_batches(2, |x: &Val| x * x));
/// assert_eq!(f(&Array::from([1.0f32, 2.0, 3.0]))?, Array::from([1.0f32, 4.0, 9.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if `batch_size` is 0.
#[track_caller]
pub fn map_batches<'f, S: ReadsTrees, F: Function<'f, S>>(
    batch_size: usize,
    f: F,
) -> Returning<'f, S, S::Out> {
    let place = gradus_ir::trace::current_place();
    S::wrap_all(f.share(), move |f, args| {
        gradus_ir::trace::called_at("map_batches", place, || {
            if batch_size == 0 {
                let v = engine::refuse(refused(
                    "map_batches",
                    place,
                    "the batch size is 0; it must be at least 1",
                ));
                return all(&f(&all(args, v)), v);
            }
            let together = |args: &S::Args| together(place, f, args);
            let length = values(args).first().filter(|v| v.rank() > 0).map_or(0, |v| v.shape()[0]);
            let whole = length / batch_size * batch_size;
            if whole == 0 {
                return together(args);
            }
            let rows = |v: &Val, from: usize, to: usize| slice_axis(place, *v, 0, [from, to, 1]);
            let batches = args.map(|v| {
                let mut shape = v.shape();
                shape.splice(..1, [whole / batch_size, batch_size]);
                rows(v, 0, whole).reshape(shape)
            });
            let done =
                Scan::default().run_at("map_batches", place, &(), &batches, &|(), x| ((), together(&x))).1;
            let done = done.map(|v| {
                let mut shape = v.shape();
                shape.splice(..2, [whole]);
                v.reshape(shape)
            });
            if whole == length {
                return done;
            }
            let left = together(&args.map(|v| rows(v, whole, length)));
            done.zip_map(&left, |done, left| concatenate([*done, *left], 0))
        })
    })
}

/// `f` of all elements together.
fn together<A: Traced, R: Traced>(place: SourceLocation, f: &dyn Fn(&A) -> R, args: &A) -> R {
    let mut result = None;
    let axes = vec![Some(0); args.leaves().len()];
    let mut body = |x: &[Val]| {
        let out = f(&refill(args, x));
        let vals = values(&out);
        result = Some(out);
        vals
    };
    let which = engine::Which { axes: &axes, name: None, size: None };
    let mapped = Mapped::trace(place, &values(args), which, || args.paths(), &mut body);
    let run = |mapped: Mapped, result: &R| -> Result<Vec<Val>> {
        mapped.run(&vec![Some(0); result.leaves().len()])
    };
    let done = mapped.and_then(|mapped| run(mapped, result.as_ref().expect(RAN)));
    match done {
        Ok(vals) => refill(result.as_ref().expect(RAN), &vals),
        Err(error) => {
            let v = engine::refuse(error);
            match &result {
                Some(result) => all(result, v),
                None => all(&f(&all(args, v)), v),
            }
        }
    }
}
