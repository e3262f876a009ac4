//! Tridiagonal systems, by their definition.

use gradus_library::Number;

#[test]
fn solutions_satisfy_the_system() {
    let (lower, diagonal, upper) = ([9.0, 1.0, 5.0, -2.0], [0.0, 2.0, 1.0, 4.0], [3.0, -1.0, 2.0, 9.0]);
    let b = [1.0, 2.0, -1.0, 0.5, 3.0, 3.0, 0.0, 1.0];
    let mut x = b;
    Number::tridiagonal_solve(&lower, &diagonal, &upper, &mut x);
    for i in 0..4 {
        for j in 0..2 {
            let mut sum = diagonal[i] * x[2 * i + j];
            sum += if i > 0 { lower[i] * x[2 * (i - 1) + j] } else { 0.0 };
            sum += if i < 3 { upper[i] * x[2 * (i + 1) + j] } else { 0.0 };
            assert!((sum - b[2 * i + j]).abs() < 1e-12, "{x:?}");
        }
    }
}

#[test]
fn a_singular_system_has_nan_for_a_solution() {
    let mut b = [1.0; 3];
    Number::tridiagonal_solve(&[0.0, 1.0, 1.0], &[0.0; 3], &[1.0, 1.0, 0.0], &mut b);
    assert!(b.iter().all(|x| x.is_nan()));
}
