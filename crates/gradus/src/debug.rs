//! Looking into a running program: printing, callbacks, checks.
//!
//! All of them work inside of `jit`, loops and branches. Under `vmap` they happen once per lane, in the order of the
//! lanes, and only in lanes that run; derivatives do not repeat them. A program with one of them writes `&mut` state to
//! buffers of its own, so that a call that fails leaves the old values.

use crate::engine;
use crate::transforms::tree_like_data;
use crate::{Array, Traced, Tree, Type, Val};
use gradus_ir::SourceLocation;
use std::error::Error as StdError;

/// Prints a line when the program runs: each `{}` is a leaf of `values`, `{:.3}` one with three digits.
///
/// Lines come in program order, once per lane under `vmap`.
///
/// ```
/// use gradus::{Array, Val, debug_print, jit};
/// let f = jit(|x: &Val| {
///     debug_print("x = {}, its sine {:.2}", &(*x, x.sin()));
///     x * 2.0
/// });
/// f(&Array::from(1.5f32))?; // prints `x = 1.5, its sine 1.00`
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if `format` has not a placeholder for each leaf.
#[track_caller]
pub fn debug_print<T: Traced>(format: &str, values: &T) {
    engine::debug_print(format, &engine::values(values));
}

/// Calls `f` with the data when the program runs: in program order, once per lane under `vmap`.
///
/// ```
/// use gradus::{Array, Val, debug_callback, jit};
/// use std::sync::{Arc, Mutex};
/// let seen = Arc::new(Mutex::new(vec![]));
/// let log = seen.clone();
/// let f = jit(move |x: &Val| {
///     let log = log.clone();
///     debug_callback(x, move |x: Array| log.lock().unwrap().push(x));
///     x * 2.0
/// });
/// f(&Array::from(1.5f32))?;
/// assert_eq!(*seen.lock().unwrap(), [Array::from(1.5f32)]);
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// A call whose `f` panics returns `Err`.
#[track_caller]
pub fn debug_callback<A: Traced, F>(args: &A, f: F)
where
    F: Fn(A::Data) + Send + Sync + 'static,
{
    let like = args.copy();
    let call = move |data: &[Array]| {
        f(engine::refill_data(&like, data.iter().cloned()));
        Ok(vec![])
    };
    engine::debug_callback(engine::function_name::<F>(), Box::new(call), &engine::values(args));
}

/// The results of `f`, an ordinary Rust function of data, which are of the types `results`.
///
/// `f` must depend on its arguments alone: it is called as often as the program needs, and not at all for a result that
/// nobody reads. Under `vmap` it is called lane by lane. It has no derivative: put it into a
/// [`custom_jvp`](crate::custom_jvp).
///
/// ```
/// use gradus::{Array, Dtype, Type, Val, jit, pure_callback};
/// let f = jit(|x: &Val| {
///     let sorted = |x: Array| -> gradus::Result<Array> {
///         let mut v = x.to_vec::<f32>()?;
///         v.sort_by(f32::total_cmp);
///         Ok(Array::from(v))
///     };
///     pure_callback(Type::new(Dtype::F32, [3]), x, sorted) * 2.0
/// });
/// assert_eq!(f(&Array::from([3.0f32, 1.0, 2.0]))?, Array::from([2.0f32, 4.0, 6.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// A call whose `f` fails, panics or returns other types returns `Err` with this line.
#[track_caller]
pub fn pure_callback<T, A, E, F>(results: T, args: &A, f: F) -> <T as Tree<Type>>::With<Val>
where
    T: Tree<Type>,
    A: Traced,
    E: Into<Box<dyn StdError + Send + Sync>>,
    F: Fn(A::Data) -> Result<<T as Tree<Type>>::With<Array>, E> + Send + Sync + 'static,
{
    let like = args.copy();
    let types: Vec<Type> = results.leaves().into_iter().cloned().collect();
    let results = std::sync::Arc::new(results);
    let kept = results.clone();
    let call = move |data: &[Array]| {
        let found = f(engine::refill_data(&like, data.iter().cloned())).map_err(|e| e.into().to_string())?;
        tree_like_data(&*kept, &found)
    };
    let vals =
        engine::pure_callback(engine::function_name::<F>(), Box::new(call), types, &engine::values(args));
    let mut vals = vals.into_iter();
    results.map_leaves(&mut |_| vals.next().expect("internal: a value for each result"))
}

/// Makes the call an `Err` with `message`, and this line, if an element of `holds` is false.
///
/// Each `{}` of the message is a leaf of `values`. Any lane or iteration that fails makes the call fail;
/// `&mut` state is
/// left untouched.
///
/// ```
/// use gradus::{Array, Val, check, jit};
/// let root = jit(|x: &Val| {
///     check(x.ge(0.0), "the root of {}", x);
///     x.sqrt()
/// });
/// assert_eq!(root(&Array::from(4.0f32))?, Array::from(2.0f32));
/// let error = root(&Array::from(-4.0f32)).unwrap_err().to_string();
/// assert!(error.starts_with("check: the root of -4"), "{error}");
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn check<T: Traced>(holds: Val, message: &str, values: &T) {
    let place: SourceLocation = gradus_ir::trace::current_place();
    gradus_ir::trace::at_place(place, || engine::check(holds, message, &engine::values(values)));
}
