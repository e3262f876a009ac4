//! Losses of boxes `[.., 4]`, each `x₁, y₁, x₂, y₂` with `x₁ ≤ x₂` and `y₁ ≤ y₂`: `[..]` numbers.

use gradus::{Val, refuse, where_};
use std::f64::consts::PI;

use super::elementwise;

/// What is added to denominators, as torchvision does.
const EPSILON: f64 = 1e-7;

/// Corners of the boxes.
struct Boxes {
    x1: Val,
    y1: Val,
    x2: Val,
    y2: Val,
}

impl Boxes {
    fn of(boxes: &Val) -> Boxes {
        let part = |i: i64| boxes.take(i, -1);
        Boxes { x1: part(0), y1: part(1), x2: part(2), y2: part(3) }
    }
    fn width(&self) -> Val {
        self.x2 - self.x1
    }
    fn height(&self) -> Val {
        self.y2 - self.y1
    }
    fn area(&self) -> Val {
        self.width() * self.height()
    }
    /// What is in both boxes; of a negative side if nothing is.
    fn meet(&self, other: &Boxes) -> Boxes {
        let (x1, y1) = (self.x1.max(other.x1), self.y1.max(other.y1));
        Boxes { x1, y1, x2: self.x2.min(other.x2), y2: self.y2.min(other.y2) }
    }
    /// The smallest box around both.
    fn hull(&self, other: &Boxes) -> Boxes {
        let (x1, y1) = (self.x1.min(other.x1), self.y1.min(other.y1));
        Boxes { x1, y1, x2: self.x2.max(other.x2), y2: self.y2.max(other.y2) }
    }
    fn intersection(&self, other: &Boxes) -> Val {
        let meet = self.meet(other);
        let some = meet.width().gt(0) & meet.height().gt(0);
        let none = meet.x1.isnan() | meet.y1.isnan() | meet.x2.isnan() | meet.y2.isnan();
        where_(some | none, meet.area(), 0.0)
    }
    /// Areas of the intersection and of the union.
    fn overlap(&self, other: &Boxes) -> (Val, Val) {
        let intersection = self.intersection(other);
        (intersection, self.area() + other.area() - intersection)
    }
    fn iou(&self, other: &Boxes) -> Val {
        let (intersection, union) = self.overlap(other);
        intersection / (union + EPSILON)
    }
    /// The square of the distance of the centres over that of the diagonal of the hull.
    fn apart(&self, other: &Boxes) -> Val {
        let hull = self.hull(other);
        let diagonal = hull.width().square() + hull.height().square() + EPSILON;
        let dx = 0.5 * (self.x1 + self.x2 - other.x1 - other.x2);
        let dy = 0.5 * (self.y1 + self.y2 - other.y1 - other.y2);
        (dx.square() + dy.square()) / diagonal
    }
}

#[track_caller]
fn of_boxes(op: &'static str, x: &Val, y: &Val, f: impl FnOnce(&Boxes, &Boxes) -> Val) -> Val {
    elementwise(op, x, y, |x, y| match x.shape().last() {
        Some(4) => f(&Boxes::of(&x), &Boxes::of(&y)),
        _ => refuse(op, format!("{} are no boxes, expected 4 numbers along the last axis", x.ty())),
    })
}

/// The area of the intersection of two boxes over that of their union.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::box_iou;
/// let iou = jit(box_iou)(&Array::from([0.0f32, 0.0, 2.0, 2.0]), &Array::from([1.0f32, 0.0, 3.0, 2.0]))?;
/// assert!((iou.item::<f32>()? - 1.0 / 3.0).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn box_iou(x: &Val, y: &Val) -> Val {
    of_boxes("box_iou", x, y, |x, y| x.iou(y))
}

/// `1 − IoU` of each pair of boxes.
#[track_caller]
pub fn iou_loss(predictions: &Val, targets: &Val) -> Val {
    of_boxes("iou_loss", predictions, targets, |x, y| 1.0 - x.iou(y))
}

/// `1 − GIoU`: boxes that do not meet are drawn to each other by the share of their hull that neither fills.
///
/// Rezatofighi et al., 2019.
#[track_caller]
pub fn generalized_iou_loss(predictions: &Val, targets: &Val) -> Val {
    of_boxes("generalized_iou_loss", predictions, targets, |x, y| {
        let (_, union) = x.overlap(y);
        let hull = x.hull(y).area();
        1.0 - x.iou(y) + (hull - union) / (hull + EPSILON)
    })
}

/// `1 − DIoU`: with the distance of the centres over the diagonal of the hull, squared.
///
/// Zheng et al., 2020.
#[track_caller]
pub fn distance_iou_loss(predictions: &Val, targets: &Val) -> Val {
    of_boxes("distance_iou_loss", predictions, targets, |x, y| 1.0 - x.iou(y) + x.apart(y))
}

/// `1 − CIoU`: [`distance_iou_loss`] with the difference of the ratios of the sides, whose factor is a constant for
/// derivatives.
///
/// Zheng et al., 2020.
#[track_caller]
pub fn complete_iou_loss(predictions: &Val, targets: &Val) -> Val {
    of_boxes("complete_iou_loss", predictions, targets, |x, y| {
        let iou = x.iou(y);
        let angle = |of: &Boxes| of.width().atan2(of.height());
        let v = 4.0 / (PI * PI) * (angle(y) - angle(x)).square();
        let alpha = (v / (1.0 - iou + v + EPSILON)).stop_gradient();
        1.0 - iou + x.apart(y) + alpha * v
    })
}
