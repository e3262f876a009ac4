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
mod printing;
mod systems;

use gradus::Array;

/// A scalar.
fn scalar(x: f32) -> Array {
    Array::from(x)
}
/// A vector.
fn vector(x: &[f32]) -> Array {
    Array::from(x)
}
/// Asserts the elements, up to rounding.
#[track_caller]
fn near(x: &Array, expected: &[f32]) {
    let found = x.to_vec::<f32>().expect("floats");
    let close = |(x, y): (&f32, &f32)| (x - y).abs() <= 2e-5 * (1.0 + y.abs());
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(close),
        "{found:?} is not near {expected:?}"
    );
}
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
