//! [`Mean`]: whatever is a mean over examples, from accuracy to perplexity.

use gradus::{Array, Dtype, Tree, Val, arange, as_operation, full, where_};

use super::number;
use crate::losses::{Classes, Reduction, differ, mask_of, softmax_cross_entropy, wide};

/// The share of examples whose largest logit is that of their label: `[.., classes]`, `[..]` of integers -> scalar f32.
///
/// A label that is no class gives NaN. Over many batches: [`Mean::accuracy`].
///
/// # Errors
/// If the labels have another shape, or are no integers.
#[track_caller]
pub fn accuracy(logits: &Val, labels: &Val) -> Val {
    as_operation("accuracy", || among_first("accuracy", logits, labels, None, 1).mean())
}

/// A sum over the examples of a batch, and how many there are: a mean that adds up over batches.
///
/// Every constructor takes the mask of the examples that are there, in a padded last batch say: of `bool`, in the shape
/// of the examples or of their leading axes.
#[derive(Tree, Clone, Debug)]
pub struct Mean<T = Array> {
    /// The sum of the values.
    pub sum: T,
    /// The number of values.
    pub count: T,
}

impl Mean<Val> {
    /// Of any values, losses say.
    #[track_caller]
    pub fn of(values: &Val, mask: Option<&Val>) -> Mean<Val> {
        as_operation("Mean", || Mean::within("Mean", &wide(values), mask))
    }
    /// Of weighted values: `Σ weight · value / Σ weight`, weights in the shape of the values or their leading axes.
    #[track_caller]
    pub fn weighted(values: &Val, weights: &Val) -> Mean<Val> {
        as_operation("Mean", || {
            let values = wide(values);
            let sum = |v: &Val| Reduction::sum().weights(weights).of(v);
            Mean { sum: sum(&values), count: sum(&values.ones_like()) }
        })
    }
    /// The share of examples whose largest logit is that of their label: `[.., classes]`, `[..]` of integers. Of equal
    /// logits the first counts.
    #[track_caller]
    pub fn accuracy(logits: &Val, labels: &Val, mask: Option<&Val>) -> Mean<Val> {
        Mean::top_k(logits, labels, 1, mask)
    }
    /// The share of examples whose label is among the `k` largest logits; of equal ones the first count.
    #[track_caller]
    pub fn top_k(logits: &Val, labels: &Val, k: usize, mask: Option<&Val>) -> Mean<Val> {
        as_operation("top_k", || Mean::within("top_k", &among_first("top_k", logits, labels, mask, k), mask))
    }
    /// The log loss: the mean of the [`softmax_cross_entropy`] of logits, whose exponential is the perplexity.
    #[track_caller]
    pub fn log_loss(logits: &Val, labels: &Val, mask: Option<&Val>) -> Mean<Val> {
        as_operation("log_loss", || {
            let seen = mask_of("log_loss", mask.copied(), labels);
            let labels = match seen {
                Ok(Some(seen)) if labels.dtype().is_integer() => where_(seen, *labels, 0),
                _ => *labels,
            };
            Mean::within("log_loss", &softmax_cross_entropy(logits, &labels), mask)
        })
    }
    /// The peak signal-to-noise ratio of each image `[.., height, width, channels]` in decibels,
    /// `10 log₁₀(peak² / mean squared error)`; infinite for equal ones.
    #[track_caller]
    pub fn psnr(predictions: &Val, targets: &Val, peak: f64, mask: Option<&Val>) -> Mean<Val> {
        as_operation("psnr", || {
            if predictions.shape() != targets.shape() || targets.rank() < 3 {
                let refused = differ("psnr", ("images", predictions), ("targets", targets));
                return Mean { sum: refused, count: refused };
            }
            let errors = (wide(predictions) - wide(targets)).square().mean_axes([-3, -2, -1]);
            Mean::within("psnr", &(10.0 * (peak * peak / errors).log10()), mask)
        })
    }

    fn within(op: &'static str, values: &Val, mask: Option<&Val>) -> Mean<Val> {
        let mask = match mask_of(op, mask.copied(), values) {
            Ok(Some(mask)) => mask,
            Ok(None) => return Mean { sum: values.sum(), count: full((), values.size()).astype(Dtype::I32) },
            Err(refused) => return Mean { sum: refused, count: refused },
        };
        Mean { sum: where_(mask, *values, 0.0).sum(), count: mask.astype(Dtype::I32).sum() }
    }
}

impl Mean {
    /// The mean; NaN over nothing.
    pub fn result(&self) -> f64 {
        number(&self.sum) / number(&self.count)
    }
    /// The exponential of the mean: the perplexity, if the values are log losses of tokens.
    pub fn perplexity(&self) -> f64 {
        self.result().exp()
    }
    /// The sum in bits over the number of bytes of the text: bits per byte, if the values are log losses of its tokens.
    pub fn bits_per_byte(&self, bytes: usize) -> f64 {
        number(&self.sum) / std::f64::consts::LN_2 / bytes as f64
    }
}

/// 1 for each example whose label is among the `k` first of its logits, 0 for others; f32.
fn among_first(op: &'static str, logits: &Val, labels: &Val, mask: Option<&Val>, k: usize) -> Val {
    let labels = match Classes::of(op, logits, labels) {
        Ok(labels) => labels,
        Err(refused) => return refused,
    };
    let labels = match mask_of(op, mask.copied(), &labels.index()) {
        Ok(mask) => labels.masked(mask),
        Err(refused) => return refused,
    };
    let hit = if k == 1 {
        logits.argmax(-1).eq(labels.index())
    } else {
        // How many logits come before that of the label: larger ones, and equal ones of lower classes.
        let own = where_(labels.one_hot(), *logits, 0).sum_axes(-1).expand_dims(-1);
        let class = arange(logits.shape()[logits.rank() - 1]);
        let before = class.lt(labels.index().expand_dims(-1));
        let ahead = logits.gt(own) | (logits.eq(own) & before);
        let unknown = logits.isnan().any_axes(-1);
        ahead.astype(Dtype::I32).sum_axes(-1).lt(k) & !unknown
    };
    hit.astype(Dtype::F32) * labels.known(Dtype::F32)
}
