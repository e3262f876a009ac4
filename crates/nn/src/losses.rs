//! Losses, each a scalar: the mean over all examples.

use gradus::{Val, one_hot};

/// The softmax cross-entropy `−Σ target · log softmax(logits)` over the last axis, averaged over all others.
///
/// `labels` are class indices `[..]` of an integer type, or probabilities (one-hot, say) of the shape of `logits`,
/// `[.., classes]`. An index that is no class has no logit: its example counts as if that logit were zero.
#[track_caller]
pub fn cross_entropy(logits: &Val, labels: &Val) -> Val {
    softmax_cross_entropy(logits, labels).mean()
}

/// [`cross_entropy`] of each example: `[.., classes] -> [..]`.
#[track_caller]
pub fn softmax_cross_entropy(logits: &Val, labels: &Val) -> Val {
    let classes = logits.shape()[logits.rank() - 1];
    if labels.dtype().is_integer() {
        // log Σ exp(logits) − logits[label], without a gather: the row is in the cache.
        let chosen = one_hot(labels, classes, logits.dtype()) * logits;
        return logits.logsumexp_axes(-1) - chosen.sum_axes(-1);
    }
    -(labels * logits.log_softmax(-1)).sum_axes(-1)
}

/// The mean of `(predictions − targets)²` over all elements.
#[track_caller]
pub fn mean_squared_error(predictions: &Val, targets: &Val) -> Val {
    let difference = predictions - targets;
    (difference * difference).mean()
}

#[cfg(test)]
mod tests {
    use gradus::{Array, grad, jit};

    use super::*;

    fn logits() -> Array {
        Array::from([[1.0f32, 2.0, 3.0], [-1.0, 0.0, 100.0]])
    }

    fn near(found: &Array, expected: &[f32]) {
        let found = found.to_vec::<f32>().unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-6 * expected.abs().max(0.1), "{found} is not {expected}");
        }
    }

    #[test]
    fn cross_entropy_agrees_with_optax() {
        let losses = jit(softmax_cross_entropy);
        near(&losses(&logits(), &Array::from([0i32, 2])).unwrap(), &[2.407_606, 0.0]);
        let probabilities = Array::from([[0.2f32, 0.3, 0.5], [1.0, 0.0, 0.0]]);
        near(&losses(&logits(), &probabilities).unwrap(), &[1.107_605_9, 101.0]);
        near(&jit(cross_entropy)(&logits(), &Array::from([0i32, 2])).unwrap(), &[1.203_803]);
    }

    #[test]
    fn gradient_of_cross_entropy_is_softmax_minus_label() {
        let gradient = jit(grad(cross_entropy));
        // exp(1 + i) / Σ exp, less 1 at the label, over two examples.
        let expected = [0.045_015_29 - 0.5, 0.122_364_24, 0.332_620_5, 0.0, 0.0, 0.0];
        near(&gradient(&logits(), &Array::from([0i32, 2])).unwrap(), &expected);
        let one_hot = Array::from([[1.0f32, 0.0, 0.0], [0.0, 0.0, 1.0]]);
        near(&gradient(&logits(), &one_hot).unwrap(), &expected);
    }

    #[test]
    fn mean_squared_error_is_the_mean_of_squares() {
        let loss = jit(mean_squared_error);
        near(&loss(&Array::from([1.0f32, 2.0]), &Array::from([3.0f32, 5.0])).unwrap(), &[6.5]);
    }
}
