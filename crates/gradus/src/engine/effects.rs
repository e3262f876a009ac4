//! Effects on lists: closures become callbacks of the Program.

use super::{inner, outer};
use crate::{Array, ErrorKind, Type, Val};
use gradus_ir::ops::effect::{self, Callback, HostFunction};
use gradus_ir::{Dtype, trace as ir};

/// See [`crate::debug_print`].
#[track_caller]
pub(crate) fn debug_print(format: &str, values: &[Val]) {
    written("debug_print", values, |values| effect::debug_print(format, values));
}

/// See [`crate::debug_callback`].
#[track_caller]
pub(crate) fn debug_callback(name: &str, f: Box<HostFunction>, values: &[Val]) {
    written("debug_callback", values, |values| effect::debug_callback(callback(name, f), values));
}

/// See [`crate::pure_callback`].
#[track_caller]
pub(crate) fn pure_callback(
    name: &str,
    f: Box<HostFunction>,
    results: Vec<Type>,
    values: &[Val],
) -> Vec<Val> {
    let place = ir::current_place();
    ir::at_place(place, || outer(&effect::pure_callback(callback(name, f), results, &inner(values))))
}

/// See [`crate::check`].
#[track_caller]
pub(crate) fn check(holds: Val, message: &str, values: &[Val]) {
    let _ = Val::derive("check", &[holds], |known| {
        let ty = &known[0].ty;
        if ty.dtype != Dtype::Bool {
            let message = format!("what is checked is {ty}, not bool; compare it with something");
            return Err(ErrorKind::invalid(message));
        }
        let axes: Vec<usize> = (0..ty.rank()).collect();
        effect::check(holds.ir().reduce_and(&axes), message, &inner(values));
        Ok(holds)
    });
}

/// Runs `f` at the caller's line, unless a value is poisoned.
#[track_caller]
fn written(op: &'static str, values: &[Val], f: impl FnOnce(&[gradus_ir::Val])) {
    let _ = Val::derive(op, values, |_| {
        f(&inner(values));
        Ok(values.first().copied().unwrap_or(Val::from(0)))
    });
}

/// The callback named after the function that the closure stands in.
fn callback(path: &str, f: Box<HostFunction>) -> Callback {
    let parts = path.split("::").filter(|part| !part.starts_with('{'));
    let name = parts.last().unwrap_or("callback").to_string();
    let name = if name.contains("dyn ") || name.is_empty() { "callback".to_string() } else { name };
    Callback::new(&name, std::sync::Arc::new(move |args: &[Array]| f(args)))
}
