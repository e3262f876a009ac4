//! A build without the features `linalg` and `fft` refuses what needs them, and says what to do.
//!
//! A test of the root package, which has neither; together with the workspace it has both, and then they must work.

use gradus::{Array, Dtype, Error, Val, eye, fft, fori_loop, jit, linalg};

/// The values, or an error that names the feature at a line of this file.
fn refused_or(outcome: Result<Array, Error>, feature: &str, expected: &Array) {
    match outcome {
        Ok(found) => assert_eq!(found, *expected),
        Err(error) => {
            let message = error.to_string();
            assert!(message.contains(&format!("default feature `{feature}`")), "{message}");
            assert!(message.contains("tests/without_libraries.rs"), "{message}");
        }
    }
}

#[test]
fn what_needs_a_library_is_refused_without_it() {
    let identity = jit(|| eye(2, Dtype::F32))().expect("a right program");
    refused_or(jit(|a: &Val| linalg::cholesky(a))(&identity), "linalg", &identity);
    let in_a_loop = jit(|a: &Val| fori_loop(0, 3, *a, |_, a: Val| linalg::cholesky(a)));
    refused_or(in_a_loop(&identity), "linalg", &identity);
    let ones = Array::from([1.0f32, 0.0, 0.0, 0.0]);
    refused_or(jit(|x: &Val| fft::fft(x).abs())(&ones), "fft", &Array::from([1.0f32; 4]));
}
