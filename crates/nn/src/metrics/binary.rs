//! [`BinaryScores`]: how well scores put what is before what is not.

use gradus::{Array, Error, ErrorKind, Result};

use super::numbers;

/// Scores with their labels, collected from all batches: the exact area under the ROC curve, and average precision.
///
/// ```
/// use gradus::Array;
/// use gradus_nn::metrics::BinaryScores;
/// let mut scores = BinaryScores::new();
/// scores.add(&Array::from([0.1f32, 0.4, 0.35, 0.8]), &Array::from([0i32, 0, 1, 1]), None)?;
/// assert_eq!(scores.auc(), 0.75);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BinaryScores {
    scored: Vec<(f64, bool)>,
}

impl BinaryScores {
    /// Of nothing yet.
    pub fn new() -> BinaryScores {
        BinaryScores::default()
    }
    /// Adds those of a batch where the mask, if there is one, is true. Labels are 0 and 1, or `bool`.
    ///
    /// # Errors
    /// If scores, labels and mask differ in shape, or a label is neither 0 nor 1.
    #[track_caller]
    pub fn add(&mut self, scores: &Array, labels: &Array, mask: Option<&Array>) -> Result<()> {
        let at = |message: String| Error::here("BinaryScores", ErrorKind::invalid(message));
        if scores.shape() != labels.shape() || mask.is_some_and(|mask| mask.shape() != labels.shape()) {
            let mask = mask.map_or(String::new(), |mask| format!(" and mask {}", mask.ty()));
            let message = format!("scores {} and labels {}{mask} differ in shape", scores.ty(), labels.ty());
            return Err(at(message));
        }
        let mask = mask.and_then(numbers).unwrap_or_else(|| vec![1.0; labels.size()]);
        let (Some(scores), Some(labels)) = (numbers(scores), numbers(labels)) else {
            return Err(at("scores and labels are real numbers".into()));
        };
        let kept = scores.into_iter().zip(labels).zip(mask).filter(|(_, seen)| *seen != 0.0);
        let kept: Vec<(f64, f64)> = kept.map(|(both, _)| both).collect();
        if let Some((_, label)) = kept.iter().find(|(_, label)| *label != 0.0 && *label != 1.0) {
            return Err(at(format!("the label {label}, expected 0 or 1")));
        }
        self.scored.extend(kept.into_iter().map(|(score, label)| (score, label == 1.0)));
        Ok(())
    }

    /// Positives and negatives of each score, from the highest; `None` if a score is NaN.
    fn levels(&self) -> Option<Vec<(f64, f64)>> {
        if self.scored.iter().any(|(score, _)| score.is_nan()) {
            return None;
        }
        let mut sorted = self.scored.clone();
        sorted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let level = |tied: &[(f64, bool)]| {
            let positives = tied.iter().filter(|(_, label)| *label).count();
            (positives as f64, (tied.len() - positives) as f64)
        };
        // Both zeros are one score.
        Some(sorted.chunk_by(|(a, _), (b, _)| a == b).map(level).collect())
    }
    /// The area under the ROC curve: the share of pairs of a positive and a negative in which the positive has the
    /// higher score, ties by half. NaN if one of both is missing, or a score is NaN.
    pub fn auc(&self) -> f64 {
        let Some(levels) = self.levels() else { return f64::NAN };
        let (mut higher, mut pairs, mut negatives) = (0.0, 0.0, 0.0);
        for (positive, negative) in &levels {
            pairs += negative * (higher + positive / 2.0);
            higher += positive;
            negatives += negative;
        }
        pairs / (higher * negatives)
    }
    /// The average precision: `Σ (recallₙ − recallₙ₋₁) · precisionₙ` over all thresholds. NaN without a positive.
    pub fn average_precision(&self) -> f64 {
        let Some(levels) = self.levels() else { return f64::NAN };
        let all: f64 = levels.iter().map(|(positive, _)| positive).sum();
        let (mut hits, mut found, mut area) = (0.0, 0.0, 0.0);
        for (positive, negative) in levels {
            hits += positive;
            found += positive + negative;
            area += positive / all * (hits / found);
        }
        if all == 0.0 { f64::NAN } else { area }
    }
}
