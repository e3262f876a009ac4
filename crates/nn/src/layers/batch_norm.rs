//! [`BatchNorm`]: normalization by the statistics of a batch, and by their running means in evaluation.
//!
//! Invariant: running statistics change in training alone, and never by an empty batch.

use gradus::{Array, Dtype, Tree, Val, as_operation, axis_size, ones, psum, refuse, where_, zeros};

use super::norms::{floats, scaled};
use super::shape::misfit;
use crate::Context;

/// Batch normalization (Ioffe and Szegedy, 2015) of each feature, `[.., features] -> [.., features]`, over all other
/// axes.
///
/// In training it normalizes by mean and variance of the batch, and brings `mean` and `var` up to date: `running =
/// momentum · running + (1 - momentum) · batch`. The defaults are Flax's: momentum 0.99, epsilon 1e-5, the variance
/// divided by the count `n`. PyTorch's `momentum=0.1` is 0.9 here, and it divides the running variance by `n - 1`:
/// those of PyTorch's defaults are `with_momentum(0.9).with_unbiased_variance()`. Statistics of 16-bit floats are f32.
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
        as_operation("BatchNorm", || self.normalized(x, None, ctx))
    }
    /// [`BatchNorm::apply`] with statistics of those places only where `mask` is true, as for a batch that is padded:
    /// `[n]` chooses among the examples of `[n, .., features]`, `[n, time]` among their steps.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` also if the mask is not of truth values, or has not the first extents of `x`.
    #[track_caller]
    pub fn apply_masked(&mut self, x: &Val, mask: &Val, ctx: &Context) -> Val {
        as_operation("BatchNorm", || {
            let (of, to) = (mask.ty(), x.ty());
            let leads = of.rank() < to.rank() && to.shape.dims().starts_with(&of.shape.dims());
            if of.dtype != Dtype::Bool || !leads {
                let message =
                    format!("a mask {of} for {to}; give truth values of its first extents, without features");
                return refuse("BatchNorm", message);
            }
            let wide = mask.reshape([&mask.shape()[..], &vec![1; to.rank() - of.rank()]].concat());
            self.normalized(x, Some(wide), ctx)
        })
    }

    #[track_caller]
    fn normalized(&mut self, x: &Val, mask: Option<Val>, ctx: &Context) -> Val {
        if let Some(message) = misfit(x, 0, self.mean.size(), &self.mean) {
            return refuse("BatchNorm", message);
        }
        let (x, dtype) = floats(x, [&self.scale, &self.bias]);
        let examples: usize = x.shape()[..x.rank() - 1].iter().product();
        let (mean, var) = match (ctx.is_training(), examples) {
            (false, _) | (true, 0) => (self.mean.astype(x.dtype()), self.var.astype(x.dtype())),
            (true, 1) if self.axis_name.is_none() => {
                let message = format!(
                    "{} is one example, whose variance is zero; train on more, or name the axis of an enclosing \
                     `vmap` by `with_axis_name`",
                    x.ty()
                );
                return refuse("BatchNorm", message);
            }
            (true, _) => {
                ctx.assigns();
                self.observe(x, mask)
            }
        };
        let centred = (x - mean) * (var + self.epsilon).rsqrt();
        scaled(centred, [&self.scale, &self.bias], dtype)
    }

    /// Mean and variance of the batch, which enter the running ones.
    #[track_caller]
    fn observe(&mut self, x: Val, mask: Option<Val>) -> (Val, Val) {
        let axes: Vec<usize> = (0..x.rank() - 1).collect();
        let kept = |v: Val| mask.map_or(v, |mask| where_(mask, v, 0.0));
        let sum = |v: Val| {
            let sum = v.sum_axes(&axes);
            self.axis_name.map_or(sum, |name| psum(&sum, name))
        };
        // How many places there are, in all lanes.
        let places: usize = axes.iter().map(|axis| x.shape()[*axis]).product();
        let count = match (mask, self.axis_name) {
            (Some(mask), _) => {
                let chosen = mask.broadcast_to([&x.shape()[..axes.len()], &[1]].concat()).astype(x.dtype());
                sum(chosen)
            }
            (None, Some(name)) => axis_size(name).astype(x.dtype()) * places as f64,
            (None, None) => Val::from(places as f64),
        };
        let divisor = count.max(1.0);
        let mean = sum(kept(x)) / divisor;
        // Around the mean of all: a difference of two means of squares would cancel.
        let squares = sum(kept((x - mean).square()));
        let estimate = squares / if self.unbiased { (count - 1.0).max(1.0) } else { divisor };
        let blend = |old: Val, new: Val| {
            let blended = self.momentum * old + (1.0 - self.momentum) * new.astype(old.dtype());
            // A mask that chooses nothing says nothing.
            let next = mask.map_or(blended, |_| where_(count.gt(0.0), blended, old));
            next.astype(old.dtype())
        };
        let next = (blend(self.mean, mean), blend(self.var, estimate));
        (self.mean, self.var) = next;
        (mean, squares / divisor)
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
