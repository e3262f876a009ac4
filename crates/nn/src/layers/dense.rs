//! [`Dense`]: a fully connected layer.

use gradus::{Array, Dtype, Tree, Val, zeros};

use crate::Initializer;

/// A fully connected layer: `x · w + b`, `[.., inputs] -> [.., outputs]`.
#[derive(Tree, Clone, Debug)]
pub struct Dense<T = Array> {
    /// `[inputs, outputs]`.
    pub w: T,
    /// `[outputs]`.
    pub b: T,
}

impl Dense<Val> {
    /// Weights by `initializer`, biases zero.
    #[track_caller]
    pub fn new(key: &Val, inputs: usize, outputs: usize, initializer: Initializer) -> Dense<Val> {
        Dense { w: initializer.weights(key, inputs, outputs), b: zeros([outputs], Dtype::F32) }
    }

    /// The layer's output for `x`.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        x.dot(self.w) + self.b
    }
}

#[cfg(test)]
mod tests {
    use gradus::{jit, random};

    use super::*;

    #[test]
    fn dense_is_affine_along_the_last_axis() {
        let dense = Dense {
            w: Array::from([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]),
            b: Array::from([0.5f32, 0.0, -0.5]),
        };
        let apply = jit(|dense: &Dense<Val>, x: &Val| dense.apply(x));
        let one = apply(&dense, &Array::from([1.0f32, -1.0])).unwrap();
        assert_eq!(one, Array::from([-2.5f32, -3.0, -3.5]));
        let batch = Array::new([2, 1, 2], [1.0f32, -1.0, 0.0, 1.0]).unwrap();
        assert_eq!(
            apply(&dense, &batch).unwrap(),
            Array::new([2, 1, 3], [-2.5f32, -3.0, -3.5, 4.5, 5.0, 5.5]).unwrap()
        );
    }

    #[test]
    fn dense_begins_with_weights_of_its_initializer_and_no_bias() {
        let new = |key: &Val| Dense::new(key, 4, 3, Initializer::HE_NORMAL);
        let weights = |key: &Val| Initializer::HE_NORMAL.weights(key, 4, 3);
        let dense = jit(new)(&random::seed(1)).unwrap();
        assert_eq!(dense.w, jit(weights)(&random::seed(1)).unwrap());
        assert_eq!(dense.b, Array::from([0.0f32; 3]));
        assert_eq!(dense.paths(), ["w", "b"]);
    }
}
