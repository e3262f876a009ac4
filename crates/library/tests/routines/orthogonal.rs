//! QR, by their definition.

use gradus_library::{Number, c64};

#[test]
fn signs_are_those_of_lapack() {
    let (mut q, mut r) = ([0.0; 4], [0.0; 4]);
    Number::qr((2, 2), &[1.0, 2.0, 3.0, 4.0], &mut q, &mut r);
    assert!((r[0] + 10f64.sqrt()).abs() < 1e-12 && r[3] < 0.0 && r[2] == 0.0, "{r:?}");
    Number::qr((2, 2), &[1.0, 2.0, 0.0, 4.0], &mut q, &mut r);
    assert_eq!((q, r), ([1.0, 0.0, 0.0, 1.0], [1.0, 2.0, 0.0, 4.0]));
}

#[test]
fn complex_factors_give_the_matrix_back() {
    let z = |re, im| c64::new(re, im);
    let a = [z(1.0, 2.0), z(0.0, -1.0), z(3.0, 0.5), z(2.0, 2.0), z(-1.0, 0.0), z(0.5, 0.5)];
    let (mut q, mut r) = ([z(0.0, 0.0); 9], [z(0.0, 0.0); 6]);
    Number::qr((3, 2), &a, &mut q, &mut r);
    assert!(r[0].im == 0.0 && r[3].im == 0.0 && r[4] == z(0.0, 0.0));
    for i in 0..3 {
        for j in 0..2 {
            let product: c64 = (0..3).map(|k| q[3 * i + k] * r[2 * k + j]).sum();
            assert!((product - a[2 * i + j]).norm() < 1e-12);
        }
    }
}
