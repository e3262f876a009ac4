//! Names of batch axes while the function of a `vmap` is traced, and what lanes do across them.
//!
//! A thread has a stack of the axes that enclosing `vmap`s have named; collectives look their axis up there, so that
//! an operation knows its number of lanes, and an unknown name is refused at the user's line.

use crate::{Error, Val};
use gradus_ir::ops::collective::{Across, Collective};
use gradus_ir::{ErrorKind, Lanes, SourceLocation, trace as ir};
use std::cell::RefCell;

thread_local!(static NAMED: RefCell<Vec<(&'static str, usize)>> = const { RefCell::new(vec![]) });

/// Keeps the name of an axis until it is dropped.
pub(super) struct Named(bool);

impl Named {
    /// Names the axis of `lanes`, if it has a name.
    ///
    /// # Errors
    /// If an enclosing axis has the name.
    pub(super) fn open(place: SourceLocation, lanes: Lanes) -> Result<Named, Error> {
        let Some(name) = lanes.name else { return Ok(Named(false)) };
        NAMED.with_borrow_mut(|named| {
            if named.iter().any(|(other, _)| *other == name) {
                let message =
                    format!("an enclosing `vmap` has an axis `{name}` already; give this one another name");
                return Err(Error::new("vmap", ErrorKind::invalid(message), place));
            }
            named.push((name, lanes.size));
            Ok(Named(true))
        })
    }
}
impl Drop for Named {
    fn drop(&mut self) {
        if self.0 {
            NAMED.with_borrow_mut(Vec::pop);
        }
    }
}

/// Whether the innermost trace stands in a `vmap` with a name: what is traced there may belong to it.
pub(crate) fn is_any_axis_named() -> bool {
    NAMED.with_borrow(|named| !named.is_empty())
}

/// The number of lanes of the axis `name`.
///
/// # Errors
/// If no enclosing `vmap` has that name.
pub(crate) fn axis_size(name: &str) -> Result<usize, ErrorKind> {
    NAMED.with_borrow(|named| match named.iter().rev().find(|(other, _)| *other == name) {
        Some((_, size)) => Ok(*size),
        None if named.is_empty() => {
            let message = format!(
                "no enclosing `vmap` names an axis, so there is no `{name}`; write `Vmap::default().name(\"{name}\").of(f)`"
            );
            Err(ErrorKind::invalid(message))
        }
        None => {
            let known: Vec<String> = named.iter().map(|(name, _)| format!("`{name}`")).collect();
            Err(ErrorKind::invalid(format!("no enclosing `vmap` names an axis `{name}`; there is {}", known.join(", "))))
        }
    })
}

/// What lanes of the axis `name` do with `v`.
#[track_caller]
pub(crate) fn across(
    op: &'static str,
    name: &'static str,
    v: Val,
    f: impl FnOnce(usize) -> Result<Across, ErrorKind>,
) -> Val {
    Val::derive(op, &[v], |_| {
        let size = axis_size(name)?;
        let collective = Collective { axis: name.into(), size, across: f(size)? };
        Ok(Val::from_ir(ir::bind1(collective, &[v.ir()])))
    })
}

/// The number of the lane along the axis `name`.
#[track_caller]
pub(crate) fn axis_index(name: &'static str) -> Val {
    Val::derive("axis_index", &[], |_| {
        let collective = Collective { axis: name.into(), size: axis_size(name)?, across: Across::AxisIndex };
        Ok(Val::from_ir(ir::bind1(collective, &[])))
    })
}
