//! LU, by their definition.

use gradus_library::Number;

#[test]
fn a_singular_matrix_has_a_decomposition() {
    let mut a = [0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 6.0, 7.0];
    let (mut pivots, mut permutation) = ([0; 3], [0; 3]);
    Number::lu((3, 3), &mut a, &mut pivots, &mut permutation);
    // What numpy and JAX say.
    assert_eq!(a, [0.0, 1.0, 2.0, 0.0, 6.0, 7.0, 0.0, 0.5, 0.5]);
    assert_eq!((pivots, permutation), ([0, 2, 2], [0, 2, 1]));
}

#[test]
fn factors_of_several_panels_give_the_matrix_back() {
    for (m, n) in [(80, 80), (70, 40), (40, 70), (1, 3), (33, 1)] {
        let element = |p: usize| ((p * 7919 + 13) % 101) as f64 - 50.0;
        let a: Vec<f64> = (0..m * n).map(element).collect();
        let mut packed = a.clone();
        let (mut pivots, mut permutation) = (vec![0; m.min(n)], vec![0; m]);
        Number::lu((m, n), &mut packed, &mut pivots, &mut permutation);
        let mut rows: Vec<usize> = (0..m).collect();
        pivots.iter().enumerate().for_each(|(i, p)| rows.swap(i, *p));
        assert_eq!(rows, permutation);
        for i in 0..m {
            for j in 0..n {
                let lower = |k: usize| if k == i { 1.0 } else { packed[i * n + k] };
                let product: f64 = (0..=i.min(j)).map(|k| lower(k) * packed[k * n + j]).sum();
                assert!((product - a[permutation[i] * n + j]).abs() < 1e-9, "{i} {j}");
            }
        }
    }
}
