//! Measures of a model that are no losses: they need no derivative.

use gradus::Val;

/// The share of examples whose largest logit is that of their label: `[.., classes]`, `[..]` of integers -> scalar f32.
#[track_caller]
pub fn accuracy(logits: &Val, labels: &Val) -> Val {
    logits.argmax(-1).eq(labels).mean()
}

#[cfg(test)]
mod tests {
    use gradus::{Array, jit};

    use super::*;

    #[test]
    fn accuracy_is_the_share_of_right_ones() {
        let logits = Array::from([[0.1f32, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]);
        let labels = Array::from([1i32, 0, 0, 0]);
        assert_eq!(jit(accuracy)(&logits, &labels).unwrap(), Array::from(0.75f32));
    }
}
