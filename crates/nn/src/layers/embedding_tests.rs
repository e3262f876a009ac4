//! Numbers in range give their rows, others NaN or an error, and the padding learns nothing.

use gradus::{Checks, Config, grad, jit};

use super::*;
use crate::init;

fn embedding() -> Embedding {
    Embedding { table: Array::from([[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]), padding: None }
}

fn ids() -> Array {
    Array::from([2i32, -1, 0, 3])
}

#[test]
fn numbers_out_of_range_are_nan_or_an_error_and_never_a_row() {
    let apply = |e: &Embedding<Val>, ids: &Val| e.apply(ids);
    for ids in [
        ids(),
        Array::from([2i8, -1, 0, 3]),
        Array::from([2i64, -3, 0, 1 << 40]),
        Array::from([2u32, u32::MAX, 0, 3]),
        Array::from([2u8, 255, 0, 3]),
    ] {
        let found = jit(apply)(&embedding(), &ids).unwrap().to_f64_vec();
        assert_eq!((&found[..2], &found[4..6]), (&[5.0, 6.0][..], &[1.0, 2.0][..]), "{ids:?}");
        assert!(found[2..4].iter().chain(&found[6..]).all(|x| x.is_nan()), "{ids:?}: {found:?}");
        let config =
            Config { checks: Checks { out_of_bounds: true, ..Checks::default() }, ..Config::default() };
        let error = jit(apply).with(config)(&embedding(), &ids).unwrap_err().to_string();
        assert!(error.contains("embedding_tests.rs") && error.contains("out of bounds"), "{error}");
    }
    let error = jit(apply)(&embedding(), &Array::from([1.0f32])).unwrap_err().to_string();
    assert!(error.starts_with("Embedding: f32[1] is no integers"), "{error}");
}

#[test]
fn the_padding_is_zero_and_gets_no_gradient() {
    let made = init(0, |keys| Embedding::new(keys, 4, 3).with_padding(1)).unwrap();
    let loss = |e: &Embedding<Val>, ids: &Val| e.apply(ids).sum();
    let slope = jit(grad(loss))(&made, &Array::from([1i32, 2, 2, 1])).unwrap();
    assert_eq!(made.table.to_f64_vec()[3..6], [0.0; 3]);
    assert_eq!(slope.table.to_f64_vec(), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0]);
    let error = init(0, |keys| Embedding::new(keys, 4, 3).with_padding(4)).unwrap_err().to_string();
    assert!(error.starts_with("Embedding: row 4 is the padding, but there are 4 rows"), "{error}");
}

#[test]
fn attend_is_the_product_with_every_row() {
    let attend = jit(|e: &Embedding<Val>, x: &Val| e.attend(x));
    let scores = attend(&embedding(), &Array::from([[1.0f32, -1.0]])).unwrap();
    assert_eq!(scores, Array::from([[-1.0f32, -1.0, -1.0]]));
}
