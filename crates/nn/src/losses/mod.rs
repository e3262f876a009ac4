//! Losses as pure functions: one number for each element or example, and [`Reduction`] to make one of them.
//!
//! A function that is named for what it compares (`squared_error`, `huber`, `softmax_cross_entropy`, ..) gives the loss
//! of each element or example; [`cross_entropy`], [`mean_squared_error`] and [`mean_absolute_error`] are the means that
//! everybody wants. Any other mean or sum, over masked or weighted examples, is
//! `Reduction::mean().mask(&mask).of(&huber(&predictions, &targets, 1.0))`.
//!
//! Invariants: predictions and targets have the same shape, for nothing is broadcast; floats of 16 bits are computed
//! in f32; a target that is none (a class that does not exist, a hinge's label that is no sign) gives NaN for its
//! example, and an error under [`Config::checks`](gradus::Config); a NaN in what is read stays NaN.

mod binary;
mod boxes;
mod cross_entropy;
mod ctc;
mod margin;
mod penalties;
mod reduction;
mod regression;
mod similarity;

pub use binary::{SigmoidCrossEntropy, hinge, sigmoid_cross_entropy, sigmoid_focal};
pub use boxes::{box_iou, complete_iou_loss, distance_iou_loss, generalized_iou_loss, iou_loss};
pub use cross_entropy::{CrossEntropy, cross_entropy, kl_divergence, softmax_cross_entropy, softmax_focal};
pub use ctc::Ctc;
pub use margin::{multiclass_hinge, triplet};
pub use penalties::{l1_penalty, l2_penalty};
pub use reduction::Reduction;
pub use regression::{
    absolute_error, dice, gaussian_nll, huber, log_cosh, mean_absolute_error, mean_squared_error,
    poisson_nll, squared_error,
};
pub use similarity::{cosine_distance, cosine_similarity, info_nce};

pub(crate) use cross_entropy::Classes;
pub(crate) use reduction::mask_of;

use gradus::{Dtype, Val, as_operation, ones, refuse, where_};

/// `x` in floats of 32 bits at least.
pub(crate) fn wide(x: &Val) -> Val {
    match x.dtype() {
        Dtype::F32 | Dtype::F64 => *x,
        _ => x.astype(Dtype::F32),
    }
}

/// `f` of predictions and targets of one shape, in floats; the operation `op` at the user's line.
#[track_caller]
fn elementwise(op: &'static str, predictions: &Val, targets: &Val, f: impl FnOnce(Val, Val) -> Val) -> Val {
    as_operation(op, || {
        if predictions.shape() != targets.shape() {
            return differ(op, ("predictions", predictions), ("targets", targets));
        }
        let x = wide(predictions);
        f(x, like(targets, &x))
    })
}

/// `targets` as floats: in their own type, or that of `x` if they are none.
fn like(targets: &Val, x: &Val) -> Val {
    if targets.dtype().is_float() { wide(targets) } else { targets.astype(x.dtype()) }
}

/// Refuses two values of different shapes.
pub(crate) fn differ(op: &'static str, (one, x): (&str, &Val), (other, y): (&str, &Val)) -> Val {
    let (x, y) = (x.ty(), y.ty());
    refuse(
        op,
        format!("{one} {x} and {other} {y} differ in shape; nothing is broadcast, reshape one of them"),
    )
}

/// 1 where a target is one, else NaN: a factor of what must not look like a number.
///
/// It is read from a table of one element, so that checks of indices find what is out of range.
pub(crate) fn known(is_target: &Val, dtype: Dtype) -> Val {
    ones([1], dtype).take(where_(is_target, 0, 1), 0)
}

/// The length of vectors along the last axis, whose slope at zero is zero.
fn length(x: &Val) -> Val {
    let square = x.square().sum_axes(-1);
    let zero = square.eq(0);
    where_(zero, 0.0, where_(zero, 1.0, square).sqrt())
}

#[cfg(test)]
mod tests;
