//! [`Detections`]: average precision of found boxes, as COCO counts it.

/// A found box with its score, or a true one, whose score is not looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// `x₁, y₁, x₂, y₂`.
    pub corners: [f64; 4],
    /// What it is.
    pub class: usize,
    /// How sure it is.
    pub score: f64,
}

/// Found and true boxes of all images: mean average precision over classes and thresholds of IoU.
///
/// As the tools of COCO (Lin et al., 2014): at most 100 found boxes of a class in an image, the surest first, each
/// takes the free true box that it covers best; precision at 101 recalls, each the best at that recall or beyond. All
/// sizes of boxes, no crowds.
///
/// ```
/// use gradus_nn::metrics::{Detection, Detections};
/// let found = |corners, score| Detection { corners, class: 0, score };
/// let mut all = Detections::new();
/// let truth = found([0.0, 0.0, 2.0, 2.0], 1.0);
/// all.add(&[found([0.0, 0.0, 2.0, 1.8], 0.9), found([5.0, 5.0, 6.0, 6.0], 0.5)], &[truth]);
/// assert!((all.average_precision(0.5) - 1.0).abs() < 1e-12);
/// assert_eq!(all.average_precision(0.95), 0.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Detections {
    images: Vec<(Vec<Detection>, Vec<Detection>)>,
}

/// Boxes of a class that count in one image.
const MOST_IN_AN_IMAGE: usize = 100;

impl Detections {
    /// Of no image yet.
    pub fn new() -> Detections {
        Detections::default()
    }
    /// Adds what was found in one image, and what is there.
    pub fn add(&mut self, found: &[Detection], truths: &[Detection]) {
        self.images.push((found.to_vec(), truths.to_vec()));
    }
    /// The mean of [`Detections::average_precision`] over the thresholds 0.5, 0.55, .. 0.95: COCO's AP, or mAP.
    pub fn mean_average_precision(&self) -> f64 {
        let step = (0.95 - 0.5) / 9.0;
        (0..10).map(|i| self.average_precision(0.5 + f64::from(i) * step)).sum::<f64>() / 10.0
    }
    /// The mean of the average precision over the classes that are there, where a box is found from an IoU of
    /// `threshold` on. NaN if nothing is there.
    pub fn average_precision(&self, threshold: f64) -> f64 {
        let truths = self.images.iter().flat_map(|(_, truths)| truths);
        let mut classes: Vec<usize> = truths.map(|truth| truth.class).collect();
        classes.sort_unstable();
        classes.dedup();
        let precisions = classes.iter().map(|class| self.of_class(*class, threshold));
        precisions.sum::<f64>() / classes.len() as f64
    }
    /// The average precision of one class; NaN if it is not there.
    pub fn of_class(&self, class: usize, threshold: f64) -> f64 {
        let mut scored: Vec<(f64, bool)> = vec![];
        let mut there = 0;
        for (found, truths) in &self.images {
            let mut found: Vec<&Detection> = found.iter().filter(|found| found.class == class).collect();
            found.sort_by(|a, b| b.score.total_cmp(&a.score));
            found.truncate(MOST_IN_AN_IMAGE);
            let truths: Vec<&Detection> = truths.iter().filter(|truth| truth.class == class).collect();
            there += truths.len();
            scored.extend(found.iter().map(|found| found.score).zip(matched(&found, &truths, threshold)));
        }
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        interpolated(&scored, there)
    }
}

/// Whether each found box, in order, takes a true one.
fn matched(found: &[&Detection], truths: &[&Detection], threshold: f64) -> Vec<bool> {
    let mut free = vec![true; truths.len()];
    let mut take = |found: &&Detection| {
        let mut best = (threshold.min(1.0 - 1e-10), None);
        for (i, truth) in truths.iter().enumerate().filter(|(i, _)| free[*i]) {
            let iou = iou(&found.corners, &truth.corners);
            if iou >= best.0 {
                best = (iou, Some(i));
            }
        }
        if let Some(i) = best.1 {
            free[i] = false;
        }
        best.1.is_some()
    };
    found.iter().map(&mut take).collect()
}

/// The mean precision at recalls 0, 0.01, .. 1 of hits and misses in order.
fn interpolated(scored: &[(f64, bool)], there: usize) -> f64 {
    if there == 0 {
        return f64::NAN;
    }
    let mut hits = 0.0;
    let (mut recalls, mut precisions) = (vec![], vec![]);
    for (i, (_, hit)) in scored.iter().enumerate() {
        hits += f64::from(u8::from(*hit));
        recalls.push(hits / there as f64);
        precisions.push(hits / (i + 1) as f64);
    }
    for i in (1..precisions.len()).rev() {
        precisions[i - 1] = f64::max(precisions[i - 1], precisions[i]);
    }
    let at = |recall: f64| precisions.get(recalls.partition_point(|r| *r < recall)).copied().unwrap_or(0.0);
    (0..=100).map(|i| at(if i == 100 { 1.0 } else { f64::from(i) * 0.01 })).sum::<f64>() / 101.0
}

fn iou(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let area = |c: &[f64; 4]| (c[2] - c[0]) * (c[3] - c[1]);
    let (width, height) = (a[2].min(b[2]) - a[0].max(b[0]), a[3].min(b[3]) - a[1].max(b[1]));
    let intersection = width.max(0.0) * height.max(0.0);
    // Nothing meets nothing: a box without an area.
    if intersection == 0.0 { 0.0 } else { intersection / (area(a) + area(b) - intersection) }
}
