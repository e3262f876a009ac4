//! The order of signed zeros and NaN: JAX 0.10.2's, but for `top_k`.

use gradus::{Array, Val, jit};

const NAN: f32 = f32::NAN;

fn positions(f: fn(Val) -> Val, x: &[f32]) -> Vec<i64> {
    let found = jit(move |x: &Val| f(*x))(&Array::from(x.to_vec())).unwrap();
    found.to_f64_vec().into_iter().map(|x| x as i64).collect()
}

/// The bits of what `f` gives, NaN as one.
fn bits(f: fn(Val) -> Val, x: &[f32]) -> Vec<u32> {
    let found = jit(move |x: &Val| f(*x))(&Array::from(x.to_vec())).unwrap();
    let bits = |x: f32| if x.is_nan() { NAN.to_bits() } else { x.to_bits() };
    found.to_vec::<f32>().unwrap().into_iter().map(bits).collect()
}

fn of(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn zeros_are_equal_and_nan_is_last_of_either_sign() {
    let x = [0.0, -0.0, 1.0, NAN, -1.0, -0.0, 0.0, -NAN, f32::INFINITY];
    assert_eq!(positions(|x| x.argsort(0), &x), [4, 0, 1, 5, 6, 2, 8, 3, 7]);
    assert_eq!(positions(|x| x.argsort_descending(0), &x), [3, 7, 8, 2, 0, 1, 5, 6, 4]);
    assert_eq!(bits(|x| x.sort(0), &x), of(&[-1.0, 0.0, -0.0, -0.0, 0.0, 1.0, f32::INFINITY, NAN, NAN]));
    assert_eq!((positions(|x| x.argmax(0), &x), positions(|x| x.argmin(0), &x)), (vec![3], vec![3]));
    // JAX's top_k alone puts 0 before -0 and a negative NaN last.
    assert_eq!(positions(|x| x.top_k(9).1, &x), [3, 7, 8, 2, 0, 1, 5, 6, 4]);
    let long: Vec<f32> = (0..600).map(|i| if i % 3 == 1 { 0.0 } else { -0.0 }).collect();
    assert_eq!(positions(|x| x.top_k(4).1, &long), [0, 1, 2, 3]);
}

#[test]
fn extrema_of_zeros_are_those_of_their_signs() {
    for zeros in [[-0.0, 0.0, -0.0, 0.0], [0.0, -0.0, 0.0, -0.0]] {
        assert_eq!(
            (positions(|x| x.argmax(0), &zeros), positions(|x| x.argmin(0), &zeros)),
            (vec![0], vec![0])
        );
        assert_eq!(bits(|x| x.amax(), &zeros), of(&[0.0]));
        assert_eq!(bits(|x| x.amin(), &zeros), of(&[-0.0]));
        assert_eq!(bits(|x| x.max(-x), &zeros), of(&[0.0; 4]));
        assert_eq!(bits(|x| x.min(-x), &zeros), of(&[-0.0; 4]));
    }
}
