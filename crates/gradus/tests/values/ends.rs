//! Slopes at ends of domains, places that are left out, counts that no array holds.

use gradus::{Array, Histogram, Val, grad, jit, stats};

#[track_caller]
fn near(found: Array, expected: &[f64]) {
    let found = found.to_f64_vec();
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?} is not {expected:?}");
}

#[test]
fn logarithms_of_distribution_functions_have_the_density_as_slope_at_the_end() {
    let at = |f: fn(Val) -> Val, x: f64| jit(grad(move |x: &Val| f(*x)))(&Array::from(x)).unwrap();
    // 2 ln x, and 2 ln (1 - x).
    near(at(|x| stats::beta::logcdf(x, 2.0, 1.0, 0.0, 1.0), 1.0), &[2.0]);
    near(at(|x| stats::beta::logsf(x, 1.0, 2.0, 0.0, 1.0), 0.0), &[-2.0]);
}

#[test]
fn what_a_mask_leaves_out_reaches_no_derivative() {
    let second = |x: &Val| x.standardize_where(0, &Array::from([false, true, true]), 0.75).at(1);
    for lost in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        near(jit(grad(second))(&Array::from([lost, 1.0, 2.0])).unwrap(), &[0.0, 0.375, -0.375]);
    }
}

#[test]
fn more_bins_than_have_edges_are_refused() {
    let bins = jit(|x: &Val| Histogram::new(usize::MAX).of(x).0)(&Array::from([1.0f64, 2.0]));
    assert!(bins.is_err_and(|e| e.to_string().contains("more edges than can be counted")));
}
