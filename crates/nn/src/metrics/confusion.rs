//! [`ConfusionMatrix`]: which classes are taken for which, and what follows from it.

use gradus::{Array, Dtype, Tree, Val, as_operation, refuse, where_};

use super::numbers;
use crate::losses::{Classes, differ, known, mask_of, wide};

/// How often each class (row) is taken for each (column): sums that give accuracy, precision, recall, F1, IoU and Dice.
#[derive(Tree, Clone, Debug)]
pub struct ConfusionMatrix<T = Array> {
    /// `[classes, classes]`: truths along the first axis, predictions along the second.
    pub counts: T,
}

/// How scores of classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// That of class 1 alone.
    Binary,
    /// From the counts of all classes together.
    Micro,
    /// The mean over the classes that occur, as a truth or a prediction.
    Macro,
    /// The mean over classes, each as often as it is the truth.
    Weighted,
}

impl ConfusionMatrix<Val> {
    /// Of the largest logit of each example, `[.., classes]`, and class indices `[..]`; a mask is one of examples.
    ///
    /// A label that is no class makes all counts NaN, and is an error under [`Config::checks`](gradus::Config).
    #[track_caller]
    pub fn of(logits: &Val, labels: &Val, mask: Option<&Val>) -> ConfusionMatrix<Val> {
        as_operation("ConfusionMatrix", || {
            let Some(&classes) = logits.shape().last() else {
                let refused = refuse("ConfusionMatrix", "a scalar has no axis of classes");
                return ConfusionMatrix { counts: refused };
            };
            match Classes::of("ConfusionMatrix", logits, labels) {
                Ok(_) => ConfusionMatrix::of_classes(&logits.argmax(-1), labels, classes, mask),
                Err(counts) => ConfusionMatrix { counts },
            }
        })
    }
    /// Of predicted classes and true ones, integers of one shape.
    #[track_caller]
    pub fn of_classes(
        predictions: &Val,
        labels: &Val,
        classes: usize,
        mask: Option<&Val>,
    ) -> ConfusionMatrix<Val> {
        let op = "ConfusionMatrix";
        as_operation(op, || {
            if predictions.shape() != labels.shape() {
                return ConfusionMatrix {
                    counts: differ(op, ("predictions", predictions), ("labels", labels)),
                };
            }
            for classes in [predictions, labels] {
                if !classes.dtype().is_integer() {
                    let message = format!("classes {} are no integers", classes.ty());
                    return ConfusionMatrix { counts: refuse(op, message) };
                }
            }
            let seen = match mask_of(op, mask.copied(), labels) {
                Ok(seen) => seen,
                Err(counts) => return ConfusionMatrix { counts },
            };
            let [predictions, labels] = [predictions, labels].map(|v| v.astype(Dtype::I64));
            let inside = |v: Val| v.ge(0) & v.lt(classes);
            let right = inside(predictions) & inside(labels);
            let counted = seen.map_or(right, |seen| right & seen);
            let missing = seen.map_or(right, |seen| right | !seen);
            // What does not count falls into a place of its own behind the others.
            let place = where_(counted, labels * Val::from(classes) + predictions, classes * classes);
            let counts = place.ravel().bincount(classes * classes + 1).astype(Dtype::F32);
            let counts = counts.split_sizes(&[classes * classes, 1], 0)[0].reshape([classes, classes]);
            ConfusionMatrix { counts: counts * known(&missing.all(), Dtype::F32) }
        })
    }
    /// Of two classes: a score above `threshold` predicts class 1. Labels are 0 and 1, or `bool`.
    #[track_caller]
    pub fn binary(scores: &Val, labels: &Val, threshold: f64, mask: Option<&Val>) -> ConfusionMatrix<Val> {
        as_operation("ConfusionMatrix", || {
            let labels = if labels.dtype() == Dtype::Bool { labels.astype(Dtype::I32) } else { *labels };
            let predictions = wide(scores).gt(threshold).astype(Dtype::I32);
            ConfusionMatrix::of_classes(&predictions, &labels, 2, mask)
        })
    }
}

/// Hits, false alarms and misses of a class.
#[derive(Clone, Copy, Debug)]
struct Class {
    hits: f64,
    alarms: f64,
    misses: f64,
}

/// Numerator and denominator of a score.
type Score = fn(Class) -> (f64, f64);

const PRECISION: Score = |class| (class.hits, class.hits + class.alarms);
const RECALL: Score = |class| (class.hits, class.hits + class.misses);
const F1: Score = |class| (2.0 * class.hits, 2.0 * class.hits + class.alarms + class.misses);
const IOU: Score = |class| (class.hits, class.hits + class.alarms + class.misses);

/// 0 where nothing could be counted, as scikit-learn's `zero_division=0`; NaN of NaN.
fn ratio((share, whole): (f64, f64)) -> f64 {
    if whole == 0.0 { 0.0 } else { share / whole }
}

impl ConfusionMatrix {
    /// The counts: rows of truths, columns of predictions.
    pub fn matrix(&self) -> Vec<Vec<f64>> {
        let classes = self.counts.shape().first().copied().unwrap_or(0);
        let counts = numbers(&self.counts).unwrap_or_default();
        counts.chunks(classes.max(1)).map(<[f64]>::to_vec).collect()
    }
    /// The share of right predictions; NaN over nothing.
    pub fn accuracy(&self) -> f64 {
        let matrix = self.matrix();
        let right: f64 = matrix.iter().enumerate().map(|(i, row)| row[i]).sum();
        right / matrix.iter().flatten().sum::<f64>()
    }
    /// The share of right ones among the predictions of a class; 0 if there are none.
    pub fn precision(&self, average: Average) -> f64 {
        self.average(average, PRECISION)
    }
    /// The share of those found among the truths of a class; 0 if there are none.
    pub fn recall(&self, average: Average) -> f64 {
        self.average(average, RECALL)
    }
    /// The harmonic mean of precision and recall.
    pub fn f1(&self, average: Average) -> f64 {
        self.average(average, F1)
    }
    /// Intersection over union: with [`Average::Macro`] over pixels, the mIoU.
    pub fn iou(&self, average: Average) -> f64 {
        self.average(average, IOU)
    }
    /// Dice's coefficient, which is F1 by another name.
    pub fn dice(&self, average: Average) -> f64 {
        self.f1(average)
    }
    /// Precision, recall, F1 and IoU of each class.
    pub fn per_class(&self) -> Vec<[f64; 4]> {
        let scores = |class| [PRECISION, RECALL, F1, IOU].map(|score| ratio(score(class)));
        self.classes().into_iter().map(scores).collect()
    }

    fn classes(&self) -> Vec<Class> {
        let matrix = self.matrix();
        let class = |i: usize| {
            let truths: f64 = matrix[i].iter().sum();
            let predictions: f64 = matrix.iter().map(|row| row[i]).sum();
            let hits = matrix[i][i];
            Class { hits, alarms: predictions - hits, misses: truths - hits }
        };
        (0..matrix.len()).map(class).collect()
    }

    fn average(&self, average: Average, score: Score) -> f64 {
        let classes = self.classes();
        let truths = |class: &Class| class.hits + class.misses;
        match average {
            Average::Binary => classes.get(1).map_or(f64::NAN, |class| ratio(score(*class))),
            Average::Micro => {
                let both = |sum: (f64, f64), class: &Class| {
                    let (share, whole) = score(*class);
                    (sum.0 + share, sum.1 + whole)
                };
                ratio(classes.iter().fold((0.0, 0.0), both))
            }
            Average::Macro => {
                let occurs = |class: &&Class| class.hits + class.alarms + class.misses != 0.0;
                let scores: Vec<f64> =
                    classes.iter().filter(occurs).map(|class| ratio(score(*class))).collect();
                scores.iter().sum::<f64>() / scores.len() as f64
            }
            Average::Weighted => {
                let whole: f64 = classes.iter().map(truths).sum();
                classes.iter().map(|class| truths(class) * ratio(score(*class))).sum::<f64>() / whole
            }
        }
    }
}
