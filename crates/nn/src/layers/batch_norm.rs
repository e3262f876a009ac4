//! [`BatchNorm`]: normalization by the statistics of a batch, and by their running means in evaluation.
//!
//! Invariant: running statistics change in training alone, and never by an empty batch.

use gradus::{Array, Dtype, Tree, Val, as_operation, axis_size, ones, pmean, refuse, zeros};

use super::norms::{floats, scaled};
use super::shape::misfit;
use crate::Context;

/// Batch normalization (Ioffe and Szegedy, 2015) of each feature, `[.., features] -> [.., features]`, over all other axes.
///
/// In training it normalizes by mean and variance of the batch, and brings `mean` and `var` up to date: `running =
/// momentum · running + (1 - momentum) · batch`. The defaults are Flax's: momentum 0.99, epsilon 1e-5, the variance
/// divided by the count `n`. PyTorch's `momentum=0.1` is 0.9 here, and it divides the running variance by `n - 1`: those
/// of PyTorch's defaults are `with_momentum(0.9).with_unbiased_variance()`. Statistics of 16-bit floats are f32.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{BatchNorm, Context, Keys, init};
/// let mut norm = init(0, |_: &Keys| BatchNorm::new(2).with_momentum(0.5))?;
/// let train = jit(|norm: &mut BatchNorm<Val>, x: &Val, key: &Val| norm.apply(x, &Context::training(key)));
/// let y = train(&mut norm, &Array::from([[0.0f32, 4.0], [2.0, 4.0]]), &gradus::random::seed(0))?;
/// assert!((y.to_vec::<f32>()?[2] - 1.0).abs() < 1e-4);
/// assert_eq!(norm.mean, Array::from([0.5f32, 2.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct BatchNorm<T = Array> {
    /// `[features]`, if there is one.
    pub scale: Option<T>,
    /// `[features]`, if there is one.
    pub bias: Option<T>,
    /// The running mean, `[features]`.
    #[tree(buffer)]
    pub mean: T,
    /// The running variance, `[features]`.
    #[tree(buffer)]
    pub var: T,
    /// How much of the running statistics a step of training leaves.
    #[tree(static)]
    pub momentum: f64,
    /// What is added to the variance.
    #[tree(static)]
    pub epsilon: f64,
    /// Whether the running variance divides by the count less one.
    #[tree(static)]
    pub unbiased: bool,
    /// The name of the axis of an enclosing [`Vmap`](gradus::Vmap) whose lanes are of the batch.
    #[tree(static)]
    pub axis_name: Option<&'static str>,
}

impl BatchNorm<Val> {
    /// Scale 1, bias 0; running mean 0 and variance 1.
    #[track_caller]
    pub fn new(features: usize) -> BatchNorm<Val> {
        let (zeros, ones) = (|| zeros([features], Dtype::F32), || ones([features], Dtype::F32));
        BatchNorm {
            scale: Some(ones()),
            bias: Some(zeros()),
            mean: zeros(),
            var: ones(),
            momentum: 0.99,
            epsilon: 1e-5,
            unbiased: false,
            axis_name: None,
        }
    }

    /// `x` normalized, scaled and shifted; in training it assigns the running statistics.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` if `x` has other features, or in training is a single example.
    #[track_caller]
    pub fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        as_operation("BatchNorm", || {
            if let Some(message) = misfit(x, 0, self.mean.size(), &self.mean) {
                return refuse("BatchNorm", message);
            }
            let (x, dtype) = floats(x, [&self.scale, &self.bias]);
            let examples: usize = x.shape()[..x.rank() - 1].iter().product();
            let running = |v: Val| v.astype(x.dtype());
            let (mean, var) = match (ctx.is_training(), examples) {
                (false, _) | (true, 0) => (running(self.mean), running(self.var)),
                (true, 1) if self.axis_name.is_none() => {
                    let message = format!(
                        "{} is one example, whose variance is zero; train on more, or name the axis of an enclosing \
                         `vmap` by `with_axis_name`",
                        x.ty()
                    );
                    return refuse("BatchNorm", message);
                }
                (true, _) => self.observe(x, examples),
            };
            let centred = (x - mean) * (var + self.epsilon).rsqrt();
            scaled(centred, [&self.scale, &self.bias], dtype)
        })
    }

    /// Mean and variance of the batch, which enter the running ones.
    #[track_caller]
    fn observe(&mut self, x: Val, examples: usize) -> (Val, Val) {
        let axes: Vec<usize> = (0..x.rank() - 1).collect();
        let across = |v: Val| self.axis_name.map_or(v, |name| pmean(&v, name));
        let mean = across(x.mean_axes(&axes));
        // Around the mean of all lanes: a difference of two means of squares would cancel.
        let var = across((x - mean).square().mean_axes(&axes));
        let lanes = self.axis_name.map_or(Val::from(1i64), axis_size);
        let count = lanes.astype(x.dtype()) * examples as i64;
        let estimate = if self.unbiased { var * count / (count - 1).max(1) } else { var };
        let blend = |old: Val, new: Val| {
            (self.momentum * old + (1.0 - self.momentum) * new.astype(old.dtype())).astype(old.dtype())
        };
        (self.mean, self.var) = (blend(self.mean, mean), blend(self.var, estimate));
        (mean, var)
    }
}

impl<T> BatchNorm<T> {
    /// The same layer without a scale.
    pub fn without_scale(self) -> BatchNorm<T> {
        BatchNorm { scale: None, ..self }
    }
    /// The same layer without a bias.
    pub fn without_bias(self) -> BatchNorm<T> {
        BatchNorm { bias: None, ..self }
    }
    /// The same layer with running statistics that keep so much of themselves in a step.
    pub fn with_momentum(self, momentum: f64) -> BatchNorm<T> {
        BatchNorm { momentum, ..self }
    }
    /// The same layer with this number added to variances.
    pub fn with_epsilon(self, epsilon: f64) -> BatchNorm<T> {
        BatchNorm { epsilon, ..self }
    }
    /// The same layer with a running variance that is an unbiased estimate, as PyTorch's.
    pub fn with_unbiased_variance(self) -> BatchNorm<T> {
        BatchNorm { unbiased: true, ..self }
    }
    /// The same layer with the lanes of an enclosing `vmap` of this name as part of the batch.
    pub fn with_axis_name(self, name: &'static str) -> BatchNorm<T> {
        BatchNorm { axis_name: Some(name), ..self }
    }
}
