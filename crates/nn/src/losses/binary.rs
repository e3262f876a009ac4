//! Losses of yes and no: each logit against a label of its own.

use gradus::{Val, as_operation, where_};

use super::reduction::{Shares, both};
use super::{Reduction, differ, elementwise, known, like, wide};

/// The cross-entropy of each label, 0 or 1 or a probability between, under the probability `sigmoid(logit)`.
///
/// A label outside of `[0, 1]` gives NaN, and an error under [`Config::checks`](gradus::Config). Means, and options:
/// [`SigmoidCrossEntropy`].
#[track_caller]
pub fn sigmoid_cross_entropy(logits: &Val, labels: &Val) -> Val {
    elementwise("sigmoid_cross_entropy", logits, labels, |x, y| entropy(&x, &y, None) * is_share(&y))
}

/// NaN where `y` is no number from 0 to 1, else 1.
fn is_share(y: &Val) -> Val {
    known(&(y.ge(0) & y.le(1)), y.dtype())
}

/// `−weight · y · log sigmoid(x) − (1 − y) · log sigmoid(−x)`.
fn entropy(x: &Val, y: &Val, positive: Option<Val>) -> Val {
    let yes = y * x.log_sigmoid();
    let no = (1.0 - y) * (-x).log_sigmoid();
    -(positive.map_or(yes, |weight| yes * weight) + no)
}

/// [`sigmoid_cross_entropy`] with options, by default the mean over all elements.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::SigmoidCrossEntropy;
/// let loss = jit(|x: &Val, y: &Val| SigmoidCrossEntropy::new().ignore_label(-1).of(x, y));
/// let loss = loss(&Array::from([0.0f32, 3.0]), &Array::from([1i32, -1]))?;
/// assert!((loss.item::<f32>()? - 2.0f32.ln()).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SigmoidCrossEntropy {
    smoothing: f64,
    class_weights: Option<Val>,
    positive_weights: Option<Val>,
    ignore_label: Option<i64>,
    reduction: Reduction,
}

impl SigmoidCrossEntropy {
    /// The mean over all elements.
    pub fn new() -> SigmoidCrossEntropy {
        SigmoidCrossEntropy::default()
    }
    /// With labels drawn toward one half: `y · (1 − smoothing) + smoothing / 2`.
    pub fn smoothing(self, smoothing: f64) -> SigmoidCrossEntropy {
        SigmoidCrossEntropy { smoothing, ..self }
    }
    /// With a factor for each class, `[classes]` along the last axis. It changes no denominator of a mean.
    pub fn class_weights(self, weights: impl Into<Val>) -> SigmoidCrossEntropy {
        SigmoidCrossEntropy { class_weights: Some(weights.into()), ..self }
    }
    /// With a factor for the share of positive labels: a scalar, or `[classes]` along the last axis.
    pub fn positive_weights(self, weights: impl Into<Val>) -> SigmoidCrossEntropy {
        SigmoidCrossEntropy { positive_weights: Some(weights.into()), ..self }
    }
    /// Without the elements whose label is `label`: they count as absent.
    pub fn ignore_label(self, label: i64) -> SigmoidCrossEntropy {
        SigmoidCrossEntropy { ignore_label: Some(label), ..self }
    }
    /// With another reduction, weights of examples, or a mask.
    pub fn reduction(self, reduction: Reduction) -> SigmoidCrossEntropy {
        SigmoidCrossEntropy { reduction, ..self }
    }

    /// The loss of `logits` and `labels` of the same shape.
    #[track_caller]
    pub fn of(&self, logits: &Val, labels: &Val) -> Val {
        let op = "sigmoid_cross_entropy";
        as_operation(op, || {
            if logits.shape() != labels.shape() {
                return differ(op, ("logits", logits), ("labels", labels));
            }
            if let Err(refused) = super::cross_entropy::share(op, "the smoothing", self.smoothing) {
                return refused;
            }
            let mut x = wide(logits);
            let mask = match self.reduction.mask_for(op, &x) {
                Ok(mask) => both(mask, self.ignore_label.map(|label| labels.ne(label))),
                Err(refused) => return refused,
            };
            let mut y = like(labels, &x);
            if let Some(mask) = mask {
                (x, y) = (where_(mask, x, 0.0), where_(mask, y, 0.0));
            }
            let smooth = y * (1.0 - self.smoothing) + 0.5 * self.smoothing;
            let positive = match self.along_classes("positive weights", self.positive_weights, &x) {
                Ok(positive) => positive,
                Err(refused) => return refused,
            };
            let classes = match self.along_classes("class weights", self.class_weights, &x) {
                Ok(classes) => classes,
                Err(refused) => return refused,
            };
            let losses = entropy(&x, &smooth, positive) * is_share(&y);
            let losses = classes.map_or(losses, |weights| losses * weights);
            self.reduction.apply(op, &losses, Shares { weights: None, mask })
        })
    }

    /// Weights that are a scalar or along the last axis of `x`, in its type.
    fn along_classes(&self, name: &str, weights: Option<Val>, x: &Val) -> Result<Option<Val>, Val> {
        let Some(weights) = weights else { return Ok(None) };
        if weights.rank() > 0 && weights.shape()[..] != x.shape()[x.rank().saturating_sub(1)..] {
            let message = format!("{name} {} for logits {}: expected [classes]", weights.ty(), x.ty());
            return Err(gradus::refuse("sigmoid_cross_entropy", message));
        }
        Ok(Some(weights.astype(x.dtype())))
    }
}

/// The focal loss of each element: the cross-entropy times `(1 − p)^gamma`, where `p` is the probability of the label;
/// with `alpha`, times `alpha` for labels of 1 and `1 − alpha` for those of 0.
///
/// Lin et al., 2017. Labels as for [`sigmoid_cross_entropy`]; between 0 and 1, `p` is `y · s + (1 − y) · (1 − s)`.
#[track_caller]
pub fn sigmoid_focal(logits: &Val, labels: &Val, gamma: f64, alpha: Option<f64>) -> Val {
    elementwise("sigmoid_focal", logits, labels, |x, y| {
        // 1 − p of a sure label is sigmoid(±x), whose logarithm stays finite; of others a sum of both.
        let missed = y * (-x).sigmoid() + (1.0 - y) * x.sigmoid();
        let sure = y.eq(0) | y.eq(1);
        let against = where_(y.eq(1), -x, x);
        let sure_factor = (gamma * where_(sure, against, 0.0).log_sigmoid()).exp();
        let factor = where_(sure, sure_factor, where_(sure, 0.5, missed).pow(gamma));
        let loss = factor * entropy(&x, &y, None) * is_share(&y);
        alpha.map_or(loss, |alpha| loss * (alpha * y + (1.0 - alpha) * (1.0 - y)))
    })
}

/// The hinge loss of each element, `max(0, 1 − prediction · label)`, of labels −1 and 1.
///
/// Any other label, 0 say, gives NaN, and an error under [`Config::checks`](gradus::Config).
#[track_caller]
pub fn hinge(predictions: &Val, labels: &Val) -> Val {
    elementwise("hinge", predictions, labels, |x, y| {
        (1.0 - x * y).max(0.0) * known(&y.abs().eq(1), x.dtype())
    })
}
