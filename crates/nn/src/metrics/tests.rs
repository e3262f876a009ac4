//! Metrics by hand, over batches, masks and degenerate cases.

use gradus::{Array, Val, jit};

use super::*;

#[test]
fn accuracy_is_the_share_of_right_ones() {
    let logits = Array::from([[0.1f32, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]);
    let labels = Array::from([1i32, 0, 0, 0]);
    assert_eq!(jit(accuracy)(&logits, &labels).unwrap(), Array::from(0.75f32));
    let error =
        jit(|x: &Val, y: &Val| accuracy(x, y))(&logits, &Array::from([[1i32], [0], [0], [0]])).unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with("accuracy: labels i32[4,1] for logits f32[4,2]"), "{error}");
    assert!(error.contains("metrics/tests.rs"), "{error}");
    let outside = jit(accuracy)(&logits, &Array::from([1i32, 0, 2, 0])).unwrap();
    assert!(outside.item::<f32>().unwrap().is_nan());
}

/// A padded last batch, masked, is the same as a shorter one.
#[test]
fn masked_batches_are_as_shorter_ones() {
    let logits = Array::from([[0.1f32, 0.9, 0.2], [0.8, 0.2, 0.1], [0.3, 0.7, 0.9], [9.0, f32::NAN, 9.0]]);
    let labels = Array::from([1i32, 2, 2, 77]);
    let short = Array::from([[0.1f32, 0.9, 0.2], [0.8, 0.2, 0.1], [0.3, 0.7, 0.9]]);
    let all = |x: &Val, y: &Val, mask: Option<&Val>| {
        let errors = RegressionErrors::of(&x.sum_axes(-1), y, mask);
        let loss = Mean::log_loss(x, y, mask);
        let counts = ConfusionMatrix::of(x, y, mask);
        (Mean::accuracy(x, y, mask), Mean::top_k(x, y, 2, mask), loss, counts, errors)
    };
    let masked = jit(move |x: &Val, y: &Val, mask: &Val| all(x, y, Some(mask)));
    let plain = jit(move |x: &Val, y: &Val| all(x, y, None));
    let masked = masked(&logits, &labels, &Array::from([true, true, true, false])).unwrap();
    let plain = plain(&short, &Array::from([1i32, 2, 2])).unwrap();
    for (a, b) in masked.leaves().into_iter().zip(plain.leaves()) {
        assert_eq!(numbers(a), numbers(b));
    }
    assert_eq!(plain.0.result(), 2.0 / 3.0);
    assert_eq!(plain.1.result(), 2.0 / 3.0);
    assert_eq!(plain.2.perplexity(), plain.2.result().exp());
    let bits = plain.2.result() * 3.0 / std::f64::consts::LN_2 / 5.0;
    assert!((plain.2.bits_per_byte(5) - bits).abs() < 1e-12);
}

#[test]
fn a_label_that_is_no_class_spoils_what_it_is_counted_in() {
    let logits = Array::from([[0.1f32, 0.9], [0.8, 0.2]]);
    for wrong in [2i32, -1] {
        let labels = Array::from([0, wrong]);
        let matrix = jit(|x: &Val, y: &Val| ConfusionMatrix::of(x, y, None))(&logits, &labels).unwrap();
        assert!(matrix.f1(Average::Macro).is_nan() && matrix.accuracy().is_nan());
        let top = jit(|x: &Val, y: &Val| Mean::top_k(x, y, 2, None))(&logits, &labels).unwrap();
        assert!(top.result().is_nan());
    }
}

#[test]
fn sums_are_of_f64_and_refuse_other_shapes() {
    let mut sum = Sum::new();
    assert!(sum.total().is_none());
    for _ in 0..3 {
        sum.add(&Mean { sum: Array::from(16_777_216.0f32), count: Array::from(1i32) }).unwrap();
    }
    sum.add(&Mean { sum: Array::from(1.0f32), count: Array::from(1i32) }).unwrap();
    assert_eq!(sum.total().unwrap().sum, Array::from(50_331_649.0f64));
    let error =
        sum.add(&Mean { sum: Array::from([1.0f32]), count: Array::from(1i32) }).unwrap_err().to_string();
    assert!(error.starts_with("Sum: sums f32[1] and f64[] do not add up"), "{error}");
    assert_eq!(sum.total().unwrap().count, Array::from(4.0f64));
}

#[test]
fn binary_counts_follow_a_threshold() {
    let of = jit(|x: &Val, y: &Val| ConfusionMatrix::binary(x, y, 0.5, None));
    let matrix = of(&Array::from([0.9f32, 0.5, 0.6, 0.1]), &Array::from([true, true, false, false])).unwrap();
    assert_eq!(matrix.matrix(), [[1.0, 1.0], [1.0, 1.0]]);
    assert_eq!(matrix.precision(Average::Binary), 0.5);
    assert_eq!(matrix.per_class()[1], [0.5, 0.5, 0.5, 1.0 / 3.0]);
}

#[test]
fn rankings_of_one_class_or_of_nan_have_no_area() {
    let mut scores = BinaryScores::new();
    assert!(scores.auc().is_nan() && scores.average_precision().is_nan());
    scores.add(&Array::from([0.5f32, 0.1]), &Array::from([true, true]), None).unwrap();
    assert!(scores.auc().is_nan());
    assert_eq!(scores.average_precision(), 1.0);
    let mask = Array::from([true, false]);
    scores.add(&Array::from([0.3f32, f32::NAN]), &Array::from([false, true]), Some(&mask)).unwrap();
    assert_eq!(scores.auc(), 0.5);
    let error = scores.add(&Array::from([0.5f32]), &Array::from([2i32]), None).unwrap_err().to_string();
    assert!(error.contains("the label 2, expected 0 or 1"), "{error}");
    scores.add(&Array::from([f32::NAN]), &Array::from([true]), None).unwrap();
    assert!(scores.auc().is_nan());
}

#[test]
fn psnr_is_that_of_each_image() {
    let (x, y) = (Array::full([2, 4, 4, 3], 0.5f32), Array::full([2, 4, 4, 3], 0.4f32));
    let psnr = jit(|x: &Val, y: &Val| Mean::psnr(x, y, 1.0, None))(&x, &y).unwrap();
    assert!((psnr.result() - 20.0).abs() < 1e-4, "{}", psnr.result());
    let together = jit(|x: &Val, y: &Val| RegressionErrors::of(x, y, None))(&x, &y).unwrap();
    assert!((together.psnr(1.0) - 20.0).abs() < 1e-4);
}

#[test]
fn nothing_found_and_nothing_there_are_told_apart() {
    let mut all = Detections::new();
    assert!(all.mean_average_precision().is_nan());
    let truth = Detection { corners: [0.0, 0.0, 1.0, 1.0], class: 3, score: 1.0 };
    all.add(&[], &[truth]);
    assert_eq!(all.mean_average_precision(), 0.0);
    all.add(&[truth], &[truth]);
    // Of two boxes one is found, first of all: precision 1 up to a recall of one half.
    assert!((all.average_precision(0.5) - 51.0 / 101.0).abs() < 1e-12);
    assert_eq!(Bleu::new().result(), 0.0);
    assert!(ErrorRate::words().result().is_nan());
}
