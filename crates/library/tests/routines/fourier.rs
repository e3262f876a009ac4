//! Fourier transforms against the sums of their definition.

use gradus_library::{Direction, c64, fft, irfft, rfft};
use std::f64::consts::TAU;

fn numbers(n: usize) -> Vec<c64> {
    (0..n).map(|k| c64::new((k * 7 % 11) as f64 - 5.0, (k * 5 % 13) as f64 - 6.0)).collect()
}

/// The sums as they are defined.
fn slow(n: usize, x: &[c64]) -> Vec<c64> {
    let turn = |j: usize, k: usize| c64::from_polar(1.0, -TAU * (j * k % n) as f64 / n as f64);
    (0..n).map(|k| (0..n).map(|j| x[j] * turn(j, k)).sum()).collect()
}

#[test]
fn transforms_are_the_sums_of_their_definition() {
    for n in [1, 2, 3, 7, 8, 12, 97] {
        let x = numbers(n);
        let mut y = x.clone();
        fft(Direction::Forward, &[n], &mut y);
        assert!(y.iter().zip(slow(n, &x)).all(|(a, b)| (a - b).norm() < 1e-9), "{n}");
        fft(Direction::Inverse, &[n], &mut y);
        assert!(y.iter().zip(&x).all(|(a, b)| (a - b).norm() < 1e-11), "{n}");
    }
}

#[test]
fn real_transforms_are_halves_of_complex_ones() {
    for dims in [&[6][..], &[5], &[1], &[3, 4], &[2, 3, 5]] {
        let size = dims.iter().product();
        let real: Vec<f64> = numbers(size).iter().map(|x| x.re).collect();
        let mut whole: Vec<c64> = real.iter().map(|x| c64::new(*x, 0.0)).collect();
        fft(Direction::Forward, dims, &mut whole);
        let n = dims[dims.len() - 1];
        let half = n / 2 + 1;
        let mut found = vec![c64::ZERO; size / n * half];
        rfft(dims, &real, &mut found);
        for (a, b) in found.chunks(half).zip(whole.chunks(n)) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).norm() < 1e-10), "{dims:?}");
        }
        let mut back = vec![0.0; size];
        irfft(dims, &mut found, &mut back);
        assert!(back.iter().zip(&real).all(|(a, b)| (a - b).abs() < 1e-11), "{dims:?}");
    }
}

#[test]
fn empty_arrays_stay_empty() {
    // Also where the extents of the other axes have no product.
    for dims in [[3, 0], [0, 4], [usize::MAX, 0], [0, usize::MAX]] {
        let (mut x, mut found, mut back) = (vec![], vec![], vec![]);
        fft(Direction::Forward, &dims, &mut x);
        fft(Direction::Inverse, &dims, &mut x);
        rfft(&dims, &[], &mut found);
        irfft(&dims, &mut found, &mut back);
        assert!(x.is_empty() && found.is_empty() && back.is_empty(), "{dims:?}");
    }
}
