//! `scan`: a loop over the leading axis of arrays.

use super::{carry_paths, inside, leaves_like, refused};
use crate::engine::control::{self, Steps};
use crate::engine::{self, refill, values};
use crate::transforms::{RAN, all};
use crate::{Error, Traced, Val};
use gradus_ir::SourceLocation;

/// Runs `f`, from a carry and an element of `xs` to the next carry and a result, once for each index of the leading
/// axis of the leaves of `xs`: the last carry, and all results along a new leading axis.
///
/// A literal as first carry takes the element type that the body makes of it.
///
/// ```
/// use gradus::{Array, Val, jit, scan};
/// let f = jit(|xs: &Val| scan(Val::from(0.0), xs, |sum, x| (sum + x, sum * x)));
/// let (sum, products) = f(&Array::from([1.0f32, 2.0, 3.0]))?;
/// assert_eq!(sum, Array::from(6.0f32));
/// assert_eq!(products, Array::from([0.0f32, 2.0, 9.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if a carry changes its type or structure, if leaves of `xs` differ
/// in their leading axis or have none, or if `xs` has no leaf: then use [`Scan`] with a `length`.
#[track_caller]
pub fn scan<C: Traced, X: Traced, Y: Traced>(init: C, xs: &X, f: impl Fn(C, X) -> (C, Y)) -> (C, Y) {
    Scan::default().run(init, xs, f)
}

/// A [`scan`] with options.
///
/// ```
/// use gradus::{Array, Scan, Val, jit};
/// let double = jit(|x: &Val| Scan { length: Some(4), ..Scan::default() }.run(*x, &(), |c, ()| (c * 2.0, c)));
/// let (last, before) = double(&Array::from(1.0f32))?;
/// assert_eq!(last, Array::from(16.0f32));
/// assert_eq!(before, Array::from([1.0f32, 2.0, 4.0, 8.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// From the last element to the first; results stand where their elements do.
    pub reverse: bool,
    /// The number of steps; must be given if there are no xs.
    pub length: Option<usize>,
    /// How many steps may be compiled one after the other. It changes no result.
    pub unroll: usize,
}

impl Default for Scan {
    fn default() -> Scan {
        Scan { reverse: false, length: None, unroll: 1 }
    }
}

impl Scan {
    /// See [`scan`].
    #[track_caller]
    pub fn run<C: Traced, X: Traced, Y: Traced>(self, init: C, xs: &X, f: impl Fn(C, X) -> (C, Y)) -> (C, Y) {
        crate::val::at_caller("scan", || {
            self.run_at("scan", gradus_ir::trace::current_place(), &init, xs, &f)
        })
    }

    /// [`Scan::run`] for a call of `op` at `place`.
    pub(super) fn run_at<C: Traced, X: Traced, Y: Traced>(
        self,
        op: &'static str,
        place: SourceLocation,
        init: &C,
        xs: &X,
        f: &dyn Fn(C, X) -> (C, Y),
    ) -> (C, Y) {
        let (first, elements) = (values(init), values(xs));
        let mut stacked: Option<Y> = None;
        let scanned = self.steps(op, place, &elements, || xs.paths()).and_then(|steps| {
            let mut body = |all: &[Val]| {
                let (carry, x) = all.split_at(first.len());
                let (carry, y) = f(refill(init, carry), refill(xs, x));
                let mut results = leaves_like(op, place, init, &carry);
                results.extend(values(&y));
                stacked = Some(y);
                results
            };
            control::scan(op, place, &steps, &first, &elements, &|| carry_paths(op, init), &mut body)
                .map_err(|error| inside(error, op, place))
        });
        match (scanned, stacked) {
            (Ok(results), y) => {
                let (carry, ys) = results.split_at(first.len());
                (refill(init, carry), refill(&y.expect(RAN), ys))
            }
            (Err(error), y) => {
                let v = engine::refuse(error);
                // refused before `f` ran: its result for poisoned values has the structure
                let y = y.unwrap_or_else(|| f(all(init, v), all(xs, v)).1);
                (all(init, v), all(&y, v))
            }
        }
    }

    /// How it runs over `xs`.
    fn steps(
        &self,
        op: &'static str,
        place: SourceLocation,
        xs: &[Val],
        paths: impl Fn() -> Vec<String>,
    ) -> Result<Steps, Error> {
        let mut known = self.length.map(|length| (None, length));
        for (i, x) in xs.iter().enumerate() {
            let ty = x.ty();
            let named = |i: usize| {
                let path = paths().swap_remove(i);
                if path.is_empty() { "`xs`".to_string() } else { format!("leaf `{path}` of `xs`") }
            };
            if ty.rank() == 0 {
                let message = format!("{} is {ty}: it has no leading axis to scan over", named(i));
                return Err(refused(op, place, message));
            }
            let n = ty.shape.dim(0);
            match known {
                Some((None, length)) if length != n => {
                    let message = format!("{} is {ty}, but `length` is {length}", named(i));
                    return Err(refused(op, place, message));
                }
                Some((Some(first), length)) if length != n => {
                    let message = format!(
                        "leading axes differ in length: {} has {length}, {} has {n}",
                        named(first),
                        named(i)
                    );
                    return Err(refused(op, place, message));
                }
                Some(_) => {}
                None => known = Some((Some(i), n)),
            }
        }
        let Some((_, length)) = known else {
            let message = "`xs` has no leaves, so `Scan { length: Some(n), .. }` must say how often it runs";
            return Err(refused(op, place, message));
        };
        if self.unroll == 0 {
            return Err(refused(op, place, "`unroll` is 0; it must be at least 1"));
        }
        Ok(Steps { length, reverse: self.reverse, unroll: self.unroll })
    }
}
