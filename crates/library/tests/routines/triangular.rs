//! Cholesky and triangular systems, by their definition.

use gradus_library::{Number, Solve};

#[test]
fn cholesky_of_what_is_not_positive_is_nan() {
    let mut l = [0.0; 4];
    Number::cholesky(2, &[4.0, 7.0, 2.0, 5.0], &mut l);
    assert_eq!(l, [2.0, 0.0, 1.0, 2.0]);
    for a in [[-1.0, 0.0, 0.0, 1.0], [1.0, 2.0, 2.0, 1.0], [f64::NAN; 4]] {
        Number::cholesky(2, &a, &mut l);
        assert!(l[0].is_nan() && l[1] == 0.0 && l[2].is_nan() && l[3].is_nan(), "{a:?}: {l:?}");
    }
}

#[test]
fn every_kind_of_system_is_solved() {
    let a = [2.0, 3.0, 5.0, 4.0];
    for k in 0..16 {
        let [left_side, lower, transpose, unit_diagonal] = [1, 2, 4, 8].map(|bit| k & bit != 0);
        let how = Solve { left_side, lower, transpose, conjugate: false, unit_diagonal };
        let diagonal = if unit_diagonal { [1.0, 1.0] } else { [2.0, 4.0] };
        let mut op = [diagonal[0], 0.0, 0.0, diagonal[1]];
        let place = if lower { 2 } else { 1 };
        op[if transpose { 3 - place } else { place }] = a[place];
        let mut x = [1.0, -2.0, 3.0, 7.0];
        Number::triangular_solve(how, (2, 2), &a, &mut x);
        let (l, r) = if left_side { (op, x) } else { (x, op) };
        let product = [0, 1, 2, 3].map(|p| {
            let (i, j) = (p / 2, p % 2);
            l[2 * i] * r[j] + l[2 * i + 1] * r[2 + j]
        });
        for (found, expected) in product.into_iter().zip([1.0, -2.0, 3.0, 7.0]) {
            assert!((found - expected).abs() < 1e-12, "{how:?}: {product:?}");
        }
    }
}
