//! Losses of directions: the angle between vectors along the last axis.

use gradus::{Val, as_operation, refuse, where_};

use super::{elementwise, length, wide};

/// `x` at length 1; a vector of zeros stays one.
fn direction(x: &Val) -> Val {
    let length = length(x);
    x / where_(length.eq(0), 1.0, length).expand_dims(-1)
}

/// The cosine of the angle between vectors along the last axis, `[.., features] -> [..]`; 0 for a vector of zeros.
#[track_caller]
pub fn cosine_similarity(x: &Val, y: &Val) -> Val {
    elementwise("cosine_similarity", x, y, |x, y| match x.rank() {
        0 => refuse("cosine_similarity", "a scalar has no direction"),
        _ => (direction(&x) * direction(&y)).sum_axes(-1),
    })
}

/// `1 − cosine` of predictions and targets: [`cosine_similarity`] as a loss.
#[track_caller]
pub fn cosine_distance(predictions: &Val, targets: &Val) -> Val {
    as_operation("cosine_distance", || 1.0 - cosine_similarity(predictions, targets))
}

/// InfoNCE of each query: the cross-entropy of its own key among all keys, by cosines over `temperature`.
///
/// Queries and keys are `[.., n, features]`, the key of a query stands at its index; the losses are `[.., n]`. The loss
/// of CLIP is the mean of this and of the same with both exchanged.
///
/// Van den Oord et al., 2018.
///
/// # Errors
/// If the shapes differ, have less than two axes, or the temperature is not positive.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::info_nce;
/// let x = Array::from([[1.0f32, 0.0], [0.0, 1.0]]);
/// let losses = jit(|q: &Val, k: &Val| info_nce(q, k, 1.0))(&x, &x)?.to_vec::<f32>()?;
/// assert!((losses[0] - (1.0 + (-1.0f32).exp()).ln()).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn info_nce(queries: &Val, keys: &Val, temperature: f64) -> Val {
    elementwise("info_nce", queries, keys, |queries, keys| {
        if queries.rank() < 2 {
            return refuse("info_nce", format!("{} has no axis of examples", queries.ty()));
        }
        if temperature.is_nan() || temperature <= 0.0 {
            return refuse(
                "info_nce",
                format!("the temperature is {temperature}, expected a positive number"),
            );
        }
        let (queries, keys) = (direction(&wide(&queries)), direction(&wide(&keys)));
        let logits = queries.matmul(keys.swapaxes(-1, -2)) / temperature; // [.., n, n]
        let own = (queries * keys).sum_axes(-1) / temperature;
        logits.logsumexp_axes(-1) - own
    })
}
