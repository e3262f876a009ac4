//! Random first values of weights, as in `jax.nn.initializers`.
//!
//! All are scalings of one family: the variance of a weight `[.., inputs, outputs]` is `scale / fan`.

use gradus::{Dtype, Val, random};

/// By which number of connections the variance is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fan {
    /// The number of inputs.
    In,
    /// The number of outputs.
    Out,
    /// The mean of both.
    Average,
}

/// The form of the distribution around zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Uniform between two bounds.
    Uniform,
    /// Normal.
    Normal,
    /// Normal without its tails beyond two standard deviations, widened to keep the variance.
    TruncatedNormal,
}

/// Variance scaling, the family of the usual initializers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Initializer {
    /// The numerator of the variance.
    pub scale: f64,
    /// Its denominator.
    pub fan: Fan,
    /// The form of the distribution.
    pub distribution: Distribution,
}

/// The standard deviation of a standard normal variable cut off at ±2.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

impl Initializer {
    /// Glorot and Bengio, 2010: keeps the variance in both directions; for tanh, sigmoid and softmax layers.
    pub const GLOROT_UNIFORM: Initializer =
        Initializer { scale: 1.0, fan: Fan::Average, distribution: Distribution::Uniform };
    /// [`Initializer::GLOROT_UNIFORM`] with a normal distribution.
    pub const GLOROT_NORMAL: Initializer =
        Initializer { distribution: Distribution::TruncatedNormal, ..Initializer::GLOROT_UNIFORM };
    /// He et al., 2015: keeps the variance through layers followed by a ReLU.
    pub const HE_UNIFORM: Initializer =
        Initializer { scale: 2.0, fan: Fan::In, distribution: Distribution::Uniform };
    /// [`Initializer::HE_UNIFORM`] with a normal distribution.
    pub const HE_NORMAL: Initializer =
        Initializer { distribution: Distribution::TruncatedNormal, ..Initializer::HE_UNIFORM };
    /// LeCun et al., 1998: keeps the variance forward; for self-normalizing layers.
    pub const LECUN_UNIFORM: Initializer =
        Initializer { scale: 1.0, fan: Fan::In, distribution: Distribution::Uniform };
    /// [`Initializer::LECUN_UNIFORM`] with a normal distribution.
    pub const LECUN_NORMAL: Initializer =
        Initializer { distribution: Distribution::TruncatedNormal, ..Initializer::LECUN_UNIFORM };

    /// Weights `[inputs, outputs]`, f32.
    #[track_caller]
    pub fn weights(&self, key: &Val, inputs: usize, outputs: usize) -> Val {
        self.weights_of(key, &[inputs, outputs])
    }
    /// Weights of a shape that ends in `[inputs, outputs]`, f32; the axes before are those of a window, whose places
    /// multiply both. A shape of one axis has as many inputs as outputs.
    #[track_caller]
    pub fn weights_of(&self, key: &Val, shape: &[usize]) -> Val {
        let from_last = |k: usize| shape.len().checked_sub(k).map_or(1, |i| shape[i]) as f64;
        let places = shape.iter().rev().skip(2).copied().collect::<gradus::Shape>().size();
        let outputs = from_last(1) * places as f64;
        let inputs = if shape.len() > 1 { from_last(2) * places as f64 } else { outputs };
        let fan = match self.fan {
            Fan::In => inputs,
            Fan::Out => outputs,
            Fan::Average => (inputs + outputs) / 2.0,
        };
        let variance = self.scale / fan;
        match self.distribution {
            Distribution::Uniform => {
                random::uniform_between(key, shape, Dtype::F32, -1.0, 1.0) * (3.0 * variance).sqrt()
            }
            Distribution::Normal => random::normal(key, shape) * variance.sqrt(),
            Distribution::TruncatedNormal => {
                let drawn = random::truncated_normal(key, shape, -2.0, 2.0);
                drawn * (variance.sqrt() / TRUNCATED_DEVIATION)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gradus::jit;

    use super::*;

    /// The weights `[3, 2]` of `initializer` with the key of seed 7.
    fn check(initializer: Initializer, expected: [f32; 6]) {
        let found = jit(move |key: &Val| initializer.weights(key, 3, 2))(&random::seed(7)).unwrap();
        for (found, expected) in found.to_vec::<f32>().unwrap().into_iter().zip(expected) {
            assert!((found - expected).abs() <= 2e-6 * expected.abs(), "{found} is not {expected}");
        }
    }

    #[test]
    fn weights_agree_with_jax() {
        let uniform = [0.381_411_9, 1.039_833_5, -0.431_948_13, -0.122_780_73, 0.505_847_16, 0.286_852_36];
        check(Initializer::GLOROT_UNIFORM, uniform);
        let normal = [0.308_710_93, 1.204_251_8, -0.352_826_24, -0.096_697_44, 0.419_880_57, 0.229_050_79];
        check(Initializer::GLOROT_NORMAL, normal);
        let uniform = [0.492_400_62, 1.342_419_3, -0.557_642_6, -0.158_509_24, 0.653_045_83, 0.370_324_8];
        check(Initializer::HE_UNIFORM, uniform);
        let normal = [0.398_544_13, 1.554_682_4, -0.455_496_76, -0.124_835_87, 0.542_063_53, 0.295_703_32];
        check(Initializer::HE_NORMAL, normal);
        let uniform = [0.348_179_82, 0.949_233_8, -0.394_312_86, -0.112_082_96, 0.461_773_16, 0.261_859_18];
        check(Initializer::LECUN_UNIFORM, uniform);
        let normal = [0.281_813_23, 1.099_326_4, -0.322_084_8, -0.088_272_29, 0.383_296_76, 0.209_093_8];
        check(Initializer::LECUN_NORMAL, normal);
    }
}
