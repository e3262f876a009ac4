//! The call forms of the user API and what they promise: every form in which functions, trees and
//! transforms meet, and the border's behaviour (cache, state, errors, threads, panics).
#![allow(clippy::type_complexity, reason = "types written in full are part of what is tested")]
#![allow(clippy::needless_borrows_for_generic_args, reason = "references to functions are call forms")]

mod basics;
mod border;
mod cache;
mod callables;
mod control_flow;
mod derivatives;
mod state;
mod static_fields;
mod training;
mod trees;
mod vmap_axes;

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
    let close = |(x, y): (&f32, &f32)| (x - y).abs() <= 1e-5 * (1.0 + y.abs());
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(close),
        "{found:?} is not near {expected:?}"
    );
}
