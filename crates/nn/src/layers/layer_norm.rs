//! [`LayerNorm`] and [`RmsNorm`]: each row of features is brought to one scale.
//!
//! Invariant: statistics of 16-bit floats are computed in `f32`.

use gradus::{Array, Dtype, Tree, Val, as_operation, keep, ones, refuse, zeros};

use super::attention::wide;

/// Layer normalization over the last axis: `(x − mean) / √(var + epsilon) · scale + bias`, `[.., features]`.
///
/// Ba et al., 2016. It computes in the element type of its weights. `epsilon` is 1e-6, as Flax's; PyTorch's is 1e-5.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::LayerNorm;
/// let y = jit(|x: &Val| LayerNorm::new(2).apply(x))(&Array::from([[1.0f32, 3.0]]))?.to_vec::<f32>()?;
/// assert!((y[0] + 1.0).abs() < 1e-4 && (y[1] - 1.0).abs() < 1e-4);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct LayerNorm<T = Array> {
    /// `[features]`.
    pub scale: T,
    /// `[features]`, if there is one.
    pub bias: Option<T>,
    /// What is added to the variance.
    #[tree(static)]
    pub epsilon: f64,
}

impl LayerNorm<Val> {
    /// Scales of one, biases of zero.
    #[track_caller]
    pub fn new(features: usize) -> LayerNorm<Val> {
        let bias = Some(zeros([features], Dtype::F32));
        LayerNorm { scale: ones([features], Dtype::F32), bias, epsilon: 1e-6 }
    }
    /// The same layer without a bias.
    pub fn without_bias(self) -> LayerNorm<Val> {
        LayerNorm { bias: None, ..self }
    }
    /// The same layer with another `epsilon`.
    pub fn with_epsilon(self, epsilon: f64) -> LayerNorm<Val> {
        LayerNorm { epsilon, ..self }
    }

    /// The layer's output for `x`, of the shape of `x`.
    ///
    /// # Errors
    /// If the last axis of `x` has not as many features as the layer.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("LayerNorm", || {
            if let Some(refused) = refused("LayerNorm", x, &self.scale) {
                return refused;
            }
            let x = x.astype(wide(self.scale.dtype()));
            let centred = x - x.mean_axes(keep(-1));
            let variance = centred.square().mean_axes(keep(-1));
            let y = (centred * (variance + self.epsilon).rsqrt()).astype(self.scale.dtype()) * self.scale;
            self.bias.map_or(y, |b| y + b)
        })
    }
}

/// Root mean square normalization over the last axis: `x / √(mean x² + epsilon) · scale`, `[.., features]`.
///
/// Zhang and Sennrich, 2019. It computes in the element type of its weights. `epsilon` is 1e-6.
#[derive(Tree, Clone, Debug)]
pub struct RmsNorm<T = Array> {
    /// `[features]`.
    pub scale: T,
    /// What is added to the mean of the squares.
    #[tree(static)]
    pub epsilon: f64,
}

impl RmsNorm<Val> {
    /// Scales of one.
    #[track_caller]
    pub fn new(features: usize) -> RmsNorm<Val> {
        RmsNorm { scale: ones([features], Dtype::F32), epsilon: 1e-6 }
    }
    /// The same layer with another `epsilon`.
    pub fn with_epsilon(self, epsilon: f64) -> RmsNorm<Val> {
        RmsNorm { epsilon, ..self }
    }

    /// The layer's output for `x`, of the shape of `x`.
    ///
    /// # Errors
    /// If the last axis of `x` has not as many features as the layer.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("RmsNorm", || {
            if let Some(refused) = refused("RmsNorm", x, &self.scale) {
                return refused;
            }
            let x = x.astype(wide(self.scale.dtype()));
            let y = x * (x.square().mean_axes(keep(-1)) + self.epsilon).rsqrt();
            y.astype(self.scale.dtype()) * self.scale
        })
    }
}

/// The refusal of an `x` whose features are not those of `scale`: it would broadcast.
#[track_caller]
fn refused(op: &'static str, x: &Val, scale: &Val) -> Option<Val> {
    let features = scale.size();
    if x.shape().last() == Some(&features) {
        return None;
    }
    let message = format!("x is {}, expected [.., {features}]: the layer has {features} features", x.ty());
    Some(refuse(op, message))
}

#[cfg(test)]
mod tests {
    use gradus::jit;

    use super::*;

    #[test]
    fn statistics_of_16_bit_floats_are_computed_in_32() {
        // 300² is no f16.
        let x = Array::from([-300.0f32, 300.0, -300.0, 300.0]);
        let norms = jit(|x: &Val| {
            let layer = LayerNorm::new(4).map(|leaf| leaf.astype(Dtype::F16));
            let rms = RmsNorm::new(4).map(|leaf| leaf.astype(Dtype::F16));
            (layer.apply(x), rms.apply(x))
        });
        let (layer, rms) = norms(&x).unwrap();
        assert_eq!((layer.dtype(), rms.dtype()), (Dtype::F16, Dtype::F16));
        assert_eq!(layer.to_f64_vec(), [-1.0, 1.0, -1.0, 1.0]);
        assert_eq!(rms.to_f64_vec(), [-1.0, 1.0, -1.0, 1.0]);
    }

    #[test]
    fn another_number_of_features_is_refused_and_does_not_broadcast() {
        let x = Array::new([4, 1], [0.0f32; 4]).unwrap();
        let error = jit(|x: &Val| LayerNorm::new(3).apply(x))(&x).unwrap_err().to_string();
        assert!(error.starts_with("LayerNorm: x is f32[4,1], expected [.., 3]"), "{error}");
        let error = jit(|x: &Val| RmsNorm::new(3).apply(x))(&x).unwrap_err().to_string();
        assert!(error.starts_with("RmsNorm: ") && error.contains("layer_norm.rs"), "{error}");
    }
}
