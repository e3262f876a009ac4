//! Rules of the user's, what lanes do together, and looking into a running program: values, derivatives, order of
//! effects, and the exact message of everything that is refused.
#![allow(clippy::needless_borrows_for_generic_args, reason = "references to functions are call forms")]

mod checkpoints;
mod collectives;
mod custom;
mod effects;
mod errors;
mod linear;
mod loops;
mod nesting;
mod printing;
mod products;
mod systems;

use crate::near::{near, scalar, vector};

/// The first line of an error: what was refused, and why.
#[track_caller]
fn first_line<T>(result: gradus::Result<T>) -> String {
    let error = result.err().expect("refused").to_string();
    assert!(
        error.contains("tests/rules/") || error.contains("argument 0"),
        "the user's line is named: {error}"
    );
    error.lines().next().unwrap_or_default().to_string()
}
