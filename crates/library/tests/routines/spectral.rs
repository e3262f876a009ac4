//! Eigenvalues and singular values, by their definition.

use gradus_library::{Number, c64};

#[test]
fn infinities_and_nan_give_nan() {
    for x in [f64::NAN, f64::INFINITY] {
        let a = [1.0, x, x, 1.0];
        let (mut s, mut u, mut vh) = ([0.0; 2], [0.0; 4], [0.0; 4]);
        Number::svd((2, 2), &a, &mut s, Some((&mut u, &mut vh)));
        assert!(s.iter().chain(&u).chain(&vh).all(|x| x.is_nan()));
        Number::eigh(2, &a, &mut s, Some(&mut u));
        assert!(s.iter().chain(&u).all(|x| x.is_nan()));
        let (mut w, mut v) = ([c64::ONE; 2], [c64::ONE; 4]);
        Number::eig(2, &a, &mut w, &mut v);
        assert!(w.iter().chain(&v).all(|x| x.re.is_nan() && x.im.is_nan()));
    }
}

#[test]
fn eigenvectors_are_stretched_by_their_values() {
    let a = [1.0, 2.0, -3.0, 4.0];
    let (mut w, mut v) = ([c64::ONE; 2], [c64::ONE; 4]);
    Number::eig(2, &a, &mut w, &mut v);
    for j in 0..2 {
        let stretched = [0, 1].map(|i| a[2 * i] * v[j] + a[2 * i + 1] * v[2 + j]);
        assert!((0..2).all(|i| (stretched[i] - w[j] * v[2 * i + j]).norm() < 1e-12), "{w:?} {v:?}");
        assert!(v[2 + j].im == 0.0 && (v[j].norm_sqr() + v[2 + j].norm_sqr() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn empty_matrices_have_bases() {
    let (mut u, mut vh) = ([0.0; 9], [0.0; 0]);
    <f64 as Number>::svd((3, 0), &[], &mut [], Some((&mut u, &mut vh)));
    assert_eq!(u, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    <f64 as Number>::eigh(0, &[], &mut [], Some(&mut []));
}
