//! What holds for every layer: gradients are slopes, and `vmap` is the batch.

use gradus::{Array, Dtype, Stored, Traced, Tree, Val, grad, jit, random};

/// `model` with normal numbers of `f64` in place of all floats: biases of zero would hide what they do.
pub(crate) fn random_like<M: Stored>(model: &M, seed: u64) -> M {
    let drawn = jit(|model: &M::Traced, key: &Val| {
        let mut count = 0;
        model.map(|leaf| {
            count += 1;
            match leaf.dtype().is_float() {
                true => random::normal_of(random::fold_in(key, count), leaf.shape(), Dtype::F64) * 0.5,
                false => *leaf,
            }
        })
    });
    drawn(model, &random::seed(seed)).unwrap()
}

/// Normal numbers of `f64`.
pub(crate) fn normal(seed: u64, shape: &[usize]) -> Array {
    let shape = shape.to_vec();
    jit(move |key: &Val| random::normal_of(key, &shape[..], Dtype::F64))(&random::seed(seed)).unwrap()
}

/// The largest difference, relative to the largest element of `expected`.
pub(crate) fn distance(found: &Array, expected: &Array) -> f64 {
    assert_eq!(found.ty(), expected.ty());
    let (found, expected) = (found.to_f64_vec(), expected.to_f64_vec());
    let largest = expected.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
    // A NaN is far from everything.
    let far = |(a, b): (&f64, &f64)| if (a - b).is_nan() { f64::INFINITY } else { (a - b).abs() };
    found.iter().zip(&expected).map(far).fold(0.0, f64::max) / largest
}

#[track_caller]
pub(crate) fn near(found: &Array, expected: &Array, tolerance: f64) {
    let distance = distance(found, expected);
    assert!(distance <= tolerance, "{distance:e} apart");
}

/// The gradient of `loss` by all leaves of `at`, of `f64`, agrees with differences along random directions.
#[track_caller]
pub(crate) fn check_gradients<M: Stored>(
    at: &M,
    loss: impl Fn(&M::Traced) -> Val + Copy + Send + Sync + 'static,
) {
    let slopes = jit(move |at: &M::Traced, key: &Val| {
        let gradient = grad(loss)(at);
        let slopes = [0, 1, 2].map(|i| {
            let mut count = 0;
            let direction = at.map(|leaf| {
                count += 1;
                random::normal_of(random::fold_in(key, 100 * i + count), leaf.shape(), Dtype::F64)
            });
            let along = |h: f64| loss(&at.zip_map(&direction, |x, d| x + d * h));
            // Differences of fourth order.
            let (h, one, two) = (1e-4, along(1e-4) - along(-1e-4), along(2e-4) - along(-2e-4));
            let parts = gradient.zip_map(&direction, |g, d| (g * d).sum());
            let analytic = parts.leaves().into_iter().fold(Val::from(0.0), |sum, part| sum + *part);
            (analytic, (8.0 * one - two) / (12.0 * h))
        });
        slopes.to_vec()
    });
    for (analytic, numeric) in slopes(at, &random::seed(5)).unwrap() {
        let (analytic, numeric) = (analytic.item::<f64>().unwrap(), numeric.item::<f64>().unwrap());
        let apart = (analytic - numeric).abs() / numeric.abs().max(1.0);
        assert!(apart < 1e-7, "{analytic} by the rules, {numeric} by differences");
        assert!(numeric != 0.0);
    }
}
