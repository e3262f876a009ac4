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

#[test]
fn sound_calls_pass_all_checks_of_the_configuration() {
    use gradus::{Checks, Config};

    use crate::{Aggregation, Context, Edges, Embedding, Keys, Lstm, MultiHeadAttention, init, padding_mask};

    type Model<T> = (Embedding<T>, Lstm<T>, MultiHeadAttention<T>);
    let made = init(0, |keys: &Keys| {
        let attention = MultiHeadAttention::new(keys, 8, 2).causal();
        (Embedding::new(keys, 5, 3).with_padding(0), Lstm::new(keys, 3, 8), attention)
    });
    let loss = |(embedding, lstm, attention): &Model<Val>, ids: &Val, lengths: &Val| {
        let (x, ctx) = (embedding.apply(ids), Context::evaluation());
        let (h, _) = lstm.scan(&x, &lstm.start(&[2]), Some(lengths), &ctx);
        let y = attention.apply(&h, Some(&padding_mask(lengths, 4)), &ctx);
        let z = attention.decode(&y, &mut attention.cache(&[2], 4));
        // A node that receives nothing, and an edge that is padding.
        let ends = Array::from([0i32, 1, 9]);
        let mask = Some(Val::from(&Array::from([true, true, false])));
        let edges = Edges { senders: Val::from(&ends), receivers: Val::from(&ends), mask };
        let all = [Aggregation::Max, Aggregation::Mean].map(|how| {
            let nodes = z.reshape([8, 8]);
            edges.aggregate(&edges.sent(&nodes), 8, how).sum()
        });
        all[0] + all[1] + z.square().sum()
    };
    let config = Config { checks: Checks::ALL, debug_nans: true, ..Config::default() };
    let slopes = jit(gradus::value_and_grad(loss)).with(config);
    // A sequence may have no step at all.
    let (ids, lengths) = (Array::from([[1i32, 4, 2, 0], [0, 0, 0, 0]]), Array::from([3i32, 0]));
    slopes(&made.unwrap(), &ids, &lengths).unwrap();
}
