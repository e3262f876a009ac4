//! [`SqueezeExcite`]: features scaled by what all of an image says of them.

use gradus::{Array, Tree, Val, as_operation};

use super::global_avg_pool;
use super::shape::misfit;
use crate::{Dense, Keys};

/// Squeeze and excitation (Hu et al., 2018) of images: `x · gate(expand(activation(squeeze(mean of x))))`.
#[derive(Tree, Clone, Debug)]
pub struct SqueezeExcite<T = Array> {
    /// From all features to few.
    pub squeeze: Dense<T>,
    /// And back.
    pub expand: Dense<T>,
    /// Between both; ReLU at first.
    #[tree(static)]
    pub activation: fn(Val) -> Val,
    /// Behind both; the sigmoid at first.
    #[tree(static)]
    pub gate: fn(Val) -> Val,
}

impl SqueezeExcite<Val> {
    /// Of so many features, through so many.
    #[track_caller]
    pub fn new(keys: &Keys, features: usize, squeezed: usize) -> SqueezeExcite<Val> {
        SqueezeExcite {
            squeeze: Dense::new(keys, features, squeezed),
            expand: Dense::new(keys, squeezed, features),
            activation: Val::relu,
            gate: Val::sigmoid,
        }
    }

    /// The images `[.., h, w, features]` with features scaled.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("SqueezeExcite", || {
            let features = self.squeeze.w.shape().first().copied().unwrap_or(0);
            if let Some(message) = misfit(x, 2, features, &self.squeeze.w) {
                return gradus::refuse("SqueezeExcite", message);
            }
            let squeezed = (self.activation)(self.squeeze.apply(&global_avg_pool(x, 2))); // [.., squeezed]
            let scale = (self.gate)(self.expand.apply(&squeezed)); // [.., features]
            x * scale.expand_dims([-3, -2])
        })
    }
}

impl<T> SqueezeExcite<T> {
    /// The same layer with another function between the two, and another behind: MobileNetV3 has `Val::hard_sigmoid`,
    /// EfficientNet `Val::silu` between.
    pub fn with_activations(self, between: fn(Val) -> Val, behind: fn(Val) -> Val) -> SqueezeExcite<T> {
        SqueezeExcite { activation: between, gate: behind, ..self }
    }
}
