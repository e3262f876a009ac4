//! Cross-entropies of a choice among classes, along the last axis of logits.
//!
//! Labels are class indices, or probabilities of each class. No logit is gathered: a row is read as a whole anyway, and
//! so one kernel does all.

use gradus::{Dtype, Val, as_operation, one_hot, refuse, where_};

use super::reduction::{Shares, both};
use super::{Reduction, differ, elementwise, known, like, wide};

/// The softmax cross-entropy `−Σ target · log softmax(logits)` over the last axis, averaged over all others.
///
/// `labels` are class indices `[..]` of an integer type, or probabilities (one-hot, say) of the shape of `logits`,
/// `[.., classes]`. An index that is no class gives NaN, and an error under [`Config::checks`](gradus::Config). Options:
/// [`CrossEntropy`].
///
/// # Errors
/// If labels have another shape, or are floats of the shape of indices.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::cross_entropy;
/// let loss = jit(cross_entropy)(&Array::from([[0.0f32, 0.0], [0.0, 0.0]]), &Array::from([0i32, 1]))?;
/// assert!((loss.item::<f32>()? - 2.0f32.ln()).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cross_entropy(logits: &Val, labels: &Val) -> Val {
    CrossEntropy::new().of_as("cross_entropy", logits, labels)
}

/// [`cross_entropy`] of each example: `[.., classes] -> [..]`.
#[track_caller]
pub fn softmax_cross_entropy(logits: &Val, labels: &Val) -> Val {
    CrossEntropy::new().reduction(Reduction::none()).of_as("softmax_cross_entropy", logits, labels)
}

/// [`cross_entropy`] with options, by default the mean over all examples.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::CrossEntropy;
/// let loss = jit(|logits: &Val, labels: &Val, weights: &Val| {
///     CrossEntropy::new().smoothing(0.1).class_weights(weights).ignore_label(-100).of(logits, labels)
/// });
/// let logits = Array::from([[2.0f32, 0.0], [0.0, 1.0], [7.0, 7.0]]);
/// let loss = loss(&logits, &Array::from([0i32, 0, -100]), &Array::from([1.0f32, 2.0]))?;
/// assert!((loss.item::<f32>()? - 0.806_10).abs() < 1e-4, "{loss}");
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy {
    smoothing: f64,
    class_weights: Option<Val>,
    ignore_label: Option<i64>,
    reduction: Reduction,
}

impl CrossEntropy {
    /// The mean over all examples.
    pub fn new() -> CrossEntropy {
        CrossEntropy::default()
    }
    /// With targets drawn toward all classes alike: `target · (1 − smoothing) + smoothing / classes`.
    pub fn smoothing(self, smoothing: f64) -> CrossEntropy {
        CrossEntropy { smoothing, ..self }
    }
    /// With a factor for the share of each class, `[classes]`. The mean over class indices is divided by the sum of the
    /// weights of the labels; over probabilities, by the number of examples (both as PyTorch's).
    pub fn class_weights(self, weights: impl Into<Val>) -> CrossEntropy {
        CrossEntropy { class_weights: Some(weights.into()), ..self }
    }
    /// Without the examples whose class index is `label`: they count as absent, as if masked.
    pub fn ignore_label(self, label: i64) -> CrossEntropy {
        CrossEntropy { ignore_label: Some(label), ..self }
    }
    /// With another reduction, weights of examples, or a mask.
    pub fn reduction(self, reduction: Reduction) -> CrossEntropy {
        CrossEntropy { reduction, ..self }
    }

    /// The loss of `logits` `[.., classes]` and `labels`: class indices `[..]`, or probabilities `[.., classes]`.
    ///
    /// # Errors
    /// If shapes or types do not fit, or the smoothing is not in `[0, 1]`.
    #[track_caller]
    pub fn of(&self, logits: &Val, labels: &Val) -> Val {
        self.of_as("cross_entropy", logits, labels)
    }

    #[track_caller]
    fn of_as(&self, op: &'static str, logits: &Val, labels: &Val) -> Val {
        as_operation(op, || {
            let checked = self.check(op, logits).and_then(|()| Labels::of(op, logits, labels));
            let summed = checked.and_then(|labels| match labels {
                Labels::Indices(labels) => self.of_indices(op, &wide(logits), labels),
                Labels::Shares(labels) => self.of_shares(op, &wide(logits), labels),
            });
            summed.unwrap_or_else(|refused| refused)
        })
    }

    fn check(&self, op: &'static str, logits: &Val) -> Result<(), Val> {
        share(op, "the smoothing", self.smoothing)?;
        match self.class_weights {
            Some(weights) if weights.shape()[..] != logits.shape()[logits.rank().saturating_sub(1)..] => {
                let message = format!(
                    "class weights {} for logits {}: expected one for each class",
                    weights.ty(),
                    logits.ty()
                );
                Err(refuse(op, message))
            }
            _ => Ok(()),
        }
    }

    fn of_indices(&self, op: &'static str, logits: &Val, mut labels: Classes) -> Result<Val, Val> {
        let mut logits = *logits;
        let mask = self.reduction.mask_for(op, &labels.index)?;
        let mask = both(mask, self.ignore_label.map(|label| labels.index.ne(label)));
        if let Some(mask) = mask {
            // What is absent is replaced, so that nothing it holds reaches a derivative.
            logits = where_(mask.expand_dims(-1), logits, 0.0);
            labels.index = where_(mask, labels.index, 0);
        }
        let is_label = labels.one_hot();
        let chosen = |row: Val| where_(is_label, row, 0.0).sum_axes(-1);
        // log Σ exp(logits) − logits[label], without a gather: the row is in the cache.
        let log_sum = logits.logsumexp_axes(-1);
        let mut losses = log_sum - chosen(logits);
        let class_weights = self.class_weights.map(|weights| weights.astype(logits.dtype()));
        let weights = class_weights.map(|weights| chosen(weights.broadcast_to(logits.shape())));
        losses = weights.map_or(losses, |weights| losses * weights);
        if self.smoothing > 0.0 {
            let all = log_sum.expand_dims(-1) - logits;
            let all = class_weights.map_or(all, |weights| all * weights);
            let spread = self.smoothing / labels.classes as f64;
            losses = losses * (1.0 - self.smoothing) + all.sum_axes(-1) * spread;
        }
        let losses = losses * labels.known(logits.dtype());
        Ok(self.reduction.apply(op, &losses, Shares { weights, mask }))
    }

    fn of_shares(&self, op: &'static str, logits: &Val, labels: Val) -> Result<Val, Val> {
        if self.ignore_label.is_some() {
            let message =
                "`ignore_label` is of class indices, and these labels are probabilities; use a mask";
            return Err(refuse(op, message));
        }
        let classes = logits.shape()[logits.rank() - 1] as f64;
        let (mut logits, mut labels) = (*logits, like(&labels, logits));
        let mask = self.reduction.mask_for(op, &logits.zeros_like().sum_axes(-1))?;
        if let Some(mask) = mask {
            let mask = mask.expand_dims(-1);
            (logits, labels) = (where_(mask, logits, 0.0), where_(mask, labels, 0.0));
        }
        if self.smoothing > 0.0 {
            labels = labels * (1.0 - self.smoothing) + self.smoothing / classes;
        }
        if let Some(weights) = self.class_weights {
            labels *= weights.astype(logits.dtype());
        }
        let log_softmax = logits.log_softmax(-1);
        // A class without a share costs nothing, even if it is impossible.
        let nothing = labels.eq(0) & log_softmax.eq(f64::NEG_INFINITY);
        let losses = -where_(nothing, 0.0, labels * log_softmax).sum_axes(-1);
        Ok(self.reduction.apply(op, &losses, Shares { weights: None, mask }))
    }
}

/// Refuses a number that is not from 0 to 1.
pub(super) fn share(op: &'static str, name: &str, x: f64) -> Result<(), Val> {
    match (0.0..=1.0).contains(&x) {
        true => Ok(()),
        false => Err(refuse(op, format!("{name} is {x}, expected a number from 0 to 1"))),
    }
}

/// Labels of logits: one of two kinds.
pub(crate) enum Labels {
    /// A class for each example.
    Indices(Classes),
    /// A probability for each example and class.
    Shares(Val),
}

/// Class indices, `[..]` of i32 or i64.
#[derive(Clone, Copy)]
pub(crate) struct Classes {
    index: Val,
    classes: usize,
}

impl Labels {
    /// Labels of `logits`, of either kind.
    fn of(op: &'static str, logits: &Val, labels: &Val) -> Result<Labels, Val> {
        if labels.dtype().is_integer() {
            return Classes::of(op, logits, labels).map(Labels::Indices);
        }
        if logits.rank() > 0 && logits.shape() == labels.shape() {
            return Ok(Labels::Shares(*labels));
        }
        if logits.rank() > 0 && labels.shape()[..] == logits.shape()[..logits.rank() - 1] {
            let message = format!(
                "labels {} for logits {}: class indices are integers, `labels.astype(Dtype::I32)`; probabilities have \
                 the shape of the logits",
                labels.ty(),
                logits.ty()
            );
            return Err(refuse(op, message));
        }
        Err(differ(op, ("logits", logits), ("probabilities", labels)))
    }
}

impl Classes {
    /// Class indices of `logits`, `[.., classes]`.
    pub(crate) fn of(op: &'static str, logits: &Val, labels: &Val) -> Result<Classes, Val> {
        let shape = logits.shape();
        let Some((classes, examples)) = shape.split_last() else {
            return Err(refuse(op, format!("logits {} have no axis of classes", logits.ty())));
        };
        if !labels.dtype().is_integer() || labels.shape() != examples {
            let (labels, logits) = (labels.ty(), logits.ty());
            let message = format!(
                "labels {labels} for logits {logits}: expected a class index, an integer, for each example, the shape \
                 {}; one-hot labels are floats",
                gradus::Shape::from(examples)
            );
            return Err(refuse(op, message));
        }
        let dtype = match labels.dtype() {
            Dtype::U32 | Dtype::U64 | Dtype::I64 => Dtype::I64,
            _ => Dtype::I32,
        };
        Ok(Classes { index: labels.astype(dtype), classes: *classes })
    }
    /// Whether a class is that of the example, `[.., classes]`.
    pub(crate) fn one_hot(&self) -> Val {
        one_hot(self.index, self.classes, Dtype::Bool)
    }
    /// The indices.
    pub(crate) fn index(&self) -> Val {
        self.index
    }
    /// 1 where the index is that of a class, else NaN.
    pub(crate) fn known(&self, dtype: Dtype) -> Val {
        known(&(self.index.ge(0) & self.index.lt(self.classes)), dtype)
    }
    /// With other indices where `mask` is false: class 0.
    pub(crate) fn masked(self, mask: Option<Val>) -> Classes {
        Classes { index: mask.map_or(self.index, |mask| where_(mask, self.index, 0)), ..self }
    }
}

/// The focal loss of each example among classes: the cross-entropy of its label times `(1 − p)^gamma`, where `p` is the
/// probability of the label.
///
/// Lin et al., 2017. Labels are class indices, `[.., classes]`, `[..] -> [..]`.
#[track_caller]
pub fn softmax_focal(logits: &Val, labels: &Val, gamma: f64) -> Val {
    as_operation("softmax_focal", || {
        let labels = match Classes::of("softmax_focal", logits, labels) {
            Ok(labels) => labels,
            Err(refused) => return refused,
        };
        let logits = wide(logits);
        let chosen = where_(labels.one_hot(), logits, 0.0).sum_axes(-1);
        let loss = logits.logsumexp_axes(-1) - chosen;
        // 1 − p, to the last digit when p is near 1.
        let missed = -(-loss).expm1();
        missed.pow(gamma) * loss * labels.known(logits.dtype())
    })
}

/// The divergence of Kullback and Leibler from predictions to targets, `Σ t · (log t − log p)` over the last axis.
///
/// Predictions are logarithms of probabilities (`x.log_softmax(-1)`), targets probabilities; one of 0 adds nothing.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::kl_divergence;
/// let loss = jit(|p: &Val, t: &Val| kl_divergence(&p.log(), t));
/// let loss = loss(&Array::from([0.5f32, 0.5]), &Array::from([1.0f32, 0.0]))?;
/// assert!((loss.item::<f32>()? - 2.0f32.ln()).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn kl_divergence(log_predictions: &Val, targets: &Val) -> Val {
    elementwise("kl_divergence", log_predictions, targets, |x, t| {
        if x.rank() == 0 {
            return refuse("kl_divergence", "a scalar has no axis of classes");
        }
        let impossible = t.eq(0) & x.eq(f64::NEG_INFINITY);
        let crossed = where_(impossible, 0.0, t * x);
        (t.xlogy(t) - crossed).sum_axes(-1)
    })
}
