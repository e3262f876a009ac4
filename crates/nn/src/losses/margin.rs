//! Losses that want a margin between what is right and what is not.

use gradus::{Val, as_operation, where_};

use super::cross_entropy::Classes;
use super::{differ, length, wide};

/// The hinge loss of each example among classes: `max(0, 1 + max over others of score − score of the label)`.
///
/// Crammer and Singer, 2001. `[.., classes]`, class indices `[..] -> [..]`.
#[track_caller]
pub fn multiclass_hinge(scores: &Val, labels: &Val) -> Val {
    as_operation("multiclass_hinge", || {
        let labels = match Classes::of("multiclass_hinge", scores, labels) {
            Ok(labels) => labels,
            Err(refused) => return refused,
        };
        let scores = wide(scores);
        let is_label = labels.one_hot();
        let right = where_(is_label, scores, 0.0).sum_axes(-1);
        let others = where_(is_label, scores, scores + 1.0).amax_axes(-1);
        (others - right) * labels.known(scores.dtype())
    })
}

/// The triplet loss of each example: `max(0, |anchor − positive| − |anchor − negative| + margin)`, with lengths of
/// vectors along the last axis, `[.., features] -> [..]`.
///
/// Schroff et al., 2015, with lengths in place of their squares.
#[track_caller]
pub fn triplet(anchors: &Val, positives: &Val, negatives: &Val, margin: f64) -> Val {
    as_operation("triplet", || {
        for (name, other) in [("positives", positives), ("negatives", negatives)] {
            if anchors.shape() != other.shape() {
                return differ("triplet", ("anchors", anchors), (name, other));
            }
        }
        let [anchors, positives, negatives] = [anchors, positives, negatives].map(wide);
        (length(&(anchors - positives)) - length(&(anchors - negatives)) + margin).max(0.0)
    })
}
