//! [`Dense`]: a fully connected layer.

use gradus::{Array, Dtype, Tree, Val, as_operation, zeros};

use crate::{Initializer, Keys};

/// A fully connected layer: `x · w + b`, `[.., inputs] -> [.., outputs]`.
///
/// It computes in the element type of its weights.
#[derive(Tree, Clone, Debug)]
pub struct Dense<T = Array> {
    /// `[inputs, outputs]`.
    pub w: T,
    /// `[outputs]`, if there is one.
    pub b: Option<T>,
}

impl Dense<Val> {
    /// Weights by [`Initializer::LECUN_NORMAL`], biases zero.
    #[track_caller]
    pub fn new(keys: &Keys, inputs: usize, outputs: usize) -> Dense<Val> {
        let w = Initializer::LECUN_NORMAL.weights(&keys.next_key(), inputs, outputs);
        Dense { w, b: Some(zeros([outputs], Dtype::F32)) }
    }
    /// The same layer with weights by `initializer`.
    #[track_caller]
    pub fn with_initializer(self, keys: &Keys, initializer: Initializer) -> Dense<Val> {
        Dense { w: initializer.weights_of(&keys.next_key(), &self.w.shape()), ..self }
    }
    /// The same layer without a bias.
    pub fn without_bias(self) -> Dense<Val> {
        Dense { b: None, ..self }
    }

    /// The layer's output for `x`.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("Dense", || {
            let y = x.astype(self.w.dtype()).dot(self.w);
            self.b.map_or(y, |b| y + b)
        })
    }
}

#[cfg(test)]
mod tests {
    use gradus::jit;

    use super::*;
    use crate::init;

    fn dense() -> Dense {
        Dense {
            w: Array::from([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]),
            b: Some(Array::from([0.5f32, 0.0, -0.5])),
        }
    }

    #[test]
    fn dense_is_affine_along_the_last_axis() {
        let apply = jit(|dense: &Dense<Val>, x: &Val| dense.apply(x));
        let one = apply(&dense(), &Array::from([1.0f32, -1.0])).unwrap();
        assert_eq!(one, Array::from([-2.5f32, -3.0, -3.5]));
        let batch = Array::new([2, 1, 2], [1.0f32, -1.0, 0.0, 1.0]).unwrap();
        assert_eq!(
            apply(&dense(), &batch).unwrap(),
            Array::new([2, 1, 3], [-2.5f32, -3.0, -3.5, 4.5, 5.0, 5.5]).unwrap()
        );
        let linear = Dense { b: None, ..dense() };
        assert_eq!(apply(&linear, &Array::from([1.0f32, -1.0])).unwrap(), Array::from([-3.0f32; 3]));
    }

    #[test]
    fn inputs_of_another_extent_are_refused_at_the_line_of_the_user() {
        let apply = jit(|dense: &Dense<Val>, x: &Val| dense.apply(x));
        let error = apply(&dense(), &Array::from([1.0f32, -1.0, 0.0])).unwrap_err().to_string();
        assert!(error.starts_with("Dense: ") && error.contains("[3]") && error.contains("[2,3]"), "{error}");
        assert!(error.contains("dense.rs"), "{error}");
    }

    #[test]
    fn dense_begins_with_weights_of_its_initializer_and_no_bias() {
        let made = init(1, |keys| Dense::new(keys, 200, 100).with_initializer(keys, Initializer::HE_UNIFORM));
        let dense = made.unwrap();
        let w = dense.w.to_vec::<f32>().unwrap();
        // He's bound, √(6 / inputs).
        let bound = (6.0f32 / 200.0).sqrt();
        let largest = w.iter().fold(0.0f32, |most, w| most.max(w.abs()));
        assert!(largest <= bound && largest > 0.99 * bound, "{largest}");
        assert_eq!(dense.b, Some(Array::from([0.0f32; 100])));
        assert_eq!(dense.paths(), ["w", "b"]);
        let linear = init(1, |keys| Dense::new(keys, 2, 1).without_bias()).unwrap();
        assert_eq!(linear.paths(), ["w"]);
    }
}
