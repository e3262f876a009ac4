//! Loops and branches: data first, closures last, as in `Iterator::fold`.
//!
//! They are thin typed layers: trees become lists, bodies are traced by the engine. What a body captures of the
//! trace around it becomes an operand, so gradients flow through it.

mod associative;
mod branch;
mod map;
mod repeat;
mod scan;

pub use associative::{AssociativeScan, associative_scan};
pub use branch::{cond, switch};
pub use map::{map, map_batches};
pub use repeat::{fori_loop, while_loop};
pub use scan::{Scan, scan};

use crate::engine;
use crate::{Error, Traced, Val};
use gradus_ir::{ErrorKind, SourceLocation};

fn refused(op: &'static str, place: SourceLocation, message: impl Into<String>) -> Error {
    Error::new(op, ErrorKind::invalid(message), place)
}

/// The leaves of `tree`, which must be of the structure of `like`; else the error is kept and they are poisoned.
fn leaves_like<T: Traced>(op: &'static str, place: SourceLocation, like: &T, tree: &T) -> Vec<Val> {
    crate::transforms::tree_like(op, place, like, tree)
        .unwrap_or_else(|error| vec![engine::refuse(error); like.leaves().len()])
}

/// The paths of a carry's leaves. Of a `fori_loop` the counter is the first, the user's carry the second half.
fn carry_paths<T: Traced>(op: &'static str, init: &T) -> Vec<String> {
    let own = |path: String| match path.strip_prefix('1') {
        Some(rest) if op == "fori_loop" => rest.trim_start_matches('.').to_string(),
        _ => path,
    };
    init.paths().into_iter().map(own).collect()
}

/// An error from inside a body.
fn inside(error: Error, op: &'static str, place: SourceLocation) -> Error {
    error.with_note(format!("inside `{op}`"), place)
}
