//! Small arrays and their comparison, for the tests of the call forms and of the rules.

use gradus::Array;

/// A scalar.
pub(crate) fn scalar(x: f32) -> Array {
    Array::from(x)
}
/// A vector.
pub(crate) fn vector(x: &[f32]) -> Array {
    Array::from(x)
}
/// Asserts the elements, up to rounding.
#[track_caller]
pub(crate) fn near(x: &Array, expected: &[f32]) {
    let found = x.to_vec::<f32>().expect("floats");
    let close = |(x, y): (&f32, &f32)| (x - y).abs() <= 1e-5 * (1.0 + y.abs());
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(close),
        "{found:?} is not near {expected:?}"
    );
}
