//! [`Reduction`]: how the losses of many examples become one number.

use gradus::{Dtype, Val, as_operation, refuse, where_};

use super::wide;

/// How losses become one number: their mean, their sum, or not at all; weighted, or only those that a mask lets.
///
/// Weights and mask have the shape of the losses, or of their leading axes: `[batch]` for losses `[batch, time]`. The
/// weighted mean is `Σ weight · loss / Σ weight`. What a mask leaves out counts as absent, even if it is NaN; where its
/// loss is finite, its gradient is zero too. A mean over nothing that a mask lets, or over weights of sum zero, is 0
/// with gradients of 0, so that a batch of padding does nothing; the mean of an empty array is NaN, as NumPy's.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Reduction, squared_error};
/// let loss = jit(|x: &Val, y: &Val, mask: &Val| Reduction::mean().mask(mask).of(&squared_error(x, y)));
/// let (x, y) = (Array::from([1.0f32, 2.0, 9.0]), Array::from([0.0f32, 0.0, 0.0]));
/// assert_eq!(loss(&x, &y, &Array::from([true, true, false]))?.item::<f32>()?, 2.5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Reduction {
    kind: Kind,
    pub(super) weights: Option<Val>,
    pub(super) mask: Option<Val>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Mean,
    Sum,
    None,
}

/// What a loss itself knows of its examples.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shares {
    /// What each example counts in the mean, beside the weights of the reduction.
    pub(super) weights: Option<Val>,
    /// Which examples there are.
    pub(super) mask: Option<Val>,
}

impl Reduction {
    /// The mean over all losses.
    pub fn mean() -> Reduction {
        Reduction::default()
    }
    /// The sum of all losses.
    pub fn sum() -> Reduction {
        Reduction { kind: Kind::Sum, ..Reduction::default() }
    }
    /// The losses themselves; weights multiply, and zeros stand where a mask leaves out.
    pub fn none() -> Reduction {
        Reduction { kind: Kind::None, ..Reduction::default() }
    }
    /// With a weight for each loss, or for each place of their leading axes.
    pub fn weights(self, weights: impl Into<Val>) -> Reduction {
        Reduction { weights: Some(weights.into()), ..self }
    }
    /// Of those losses alone where `mask`, of `bool`, is true.
    pub fn mask(self, mask: impl Into<Val>) -> Reduction {
        Reduction { mask: Some(mask.into()), ..self }
    }

    /// The reduction of `losses`, a scalar but for [`Reduction::none`].
    ///
    /// # Errors
    /// If weights or mask have not the shape of the leading axes of `losses`, or the mask is not of `bool`.
    #[track_caller]
    pub fn of(&self, losses: &Val) -> Val {
        as_operation("Reduction", || self.apply("Reduction", &wide(losses), Shares::default()))
    }

    /// [`Reduction::of`] within the operation `op`. `losses` bear the factor `shares.weights` already.
    pub(super) fn apply(&self, op: &'static str, losses: &Val, shares: Shares) -> Val {
        let weights = match self.weights.map(|weights| leading(op, "weights", &weights, losses)).transpose() {
            Ok(weights) => weights.map(|weights| weights.astype(losses.dtype())),
            Err(refused) => return refused,
        };
        let mask = match self.mask_for(op, losses) {
            Ok(mask) => both(mask, shares.mask),
            Err(refused) => return refused,
        };
        let seen = |x: Val| mask.map_or(x, |mask| where_(mask, x, 0.0));
        let weighted = seen(weights.map_or(*losses, |weights| losses * weights));
        match self.kind {
            Kind::None => weighted,
            Kind::Sum => weighted.sum(),
            Kind::Mean => {
                let factors = [weights, shares.weights].into_iter().flatten().reduce(|a, b| a * b);
                let counted = match (factors, mask) {
                    (None, None) => return losses.mean(),
                    (Some(factors), _) => seen(factors),
                    (None, Some(mask)) => mask.astype(losses.dtype()),
                };
                let total = counted.sum();
                weighted.sum() / where_(total.eq(0), 1.0, total)
            }
        }
    }

    /// The mask, repeated to the shape of `like`.
    pub(super) fn mask_for(&self, op: &'static str, like: &Val) -> Result<Option<Val>, Val> {
        mask_of(op, self.mask, like)
    }
}

/// `mask`, of the shape of the leading axes of `like`, repeated along the others.
pub(crate) fn mask_of(op: &'static str, mask: Option<Val>, like: &Val) -> Result<Option<Val>, Val> {
    let Some(mask) = mask else { return Ok(None) };
    if mask.dtype() != Dtype::Bool {
        return Err(refuse(op, format!("the mask is {}, expected one of bool; compare first", mask.ty())));
    }
    leading(op, "the mask", &mask, like).map(Some)
}

pub(super) fn both(one: Option<Val>, other: Option<Val>) -> Option<Val> {
    [one, other].into_iter().flatten().reduce(|a, b| a & b)
}

/// `x`, of the shape of the leading axes of `like`, repeated along the others.
fn leading(op: &'static str, name: &str, x: &Val, like: &Val) -> Result<Val, Val> {
    let (own, shape) = (x.shape(), like.shape());
    if !shape.starts_with(&own) {
        let message = format!(
            "{name} {} for losses {}: expected the shape of the losses or of their leading axes",
            x.ty(),
            like.ty()
        );
        return Err(refuse(op, message));
    }
    let mut stretched = own.clone();
    stretched.resize(shape.len(), 1);
    Ok(if own == shape { *x } else { x.reshape(stretched).broadcast_to(shape) })
}
