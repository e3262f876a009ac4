//! [`RegressionErrors`]: how far predicted numbers are from true ones.

use gradus::{Array, Dtype, Tree, Val, as_operation};

use super::number;
use crate::losses::{Reduction, differ};

/// Sums over all elements, in f64: what gives MAE, MSE, RMSE, R² and the PSNR of all together.
#[derive(Tree, Clone, Debug)]
pub struct RegressionErrors<T = Array> {
    /// The number of elements.
    pub count: T,
    /// `Σ |prediction − target|`.
    pub absolute: T,
    /// `Σ (prediction − target)²`.
    pub squares: T,
    /// `Σ target`.
    pub targets: T,
    /// `Σ target²`.
    pub target_squares: T,
}

impl RegressionErrors<Val> {
    /// Of predictions and targets of one shape; a mask has it too, or that of their leading axes.
    #[track_caller]
    pub fn of(predictions: &Val, targets: &Val, mask: Option<&Val>) -> RegressionErrors<Val> {
        let op = "RegressionErrors";
        as_operation(op, || {
            let all = |v: Val| RegressionErrors {
                count: v,
                absolute: v,
                squares: v,
                targets: v,
                target_squares: v,
            };
            if predictions.shape() != targets.shape() {
                return all(differ(op, ("predictions", predictions), ("targets", targets)));
            }
            let reduction = mask.map_or(Reduction::sum(), |mask| Reduction::sum().mask(mask));
            let sum = |v: Val| reduction.of(&v);
            let [x, y] = [predictions, targets].map(|v| v.astype(Dtype::F64));
            let error = x - y;
            RegressionErrors {
                count: sum(y.ones_like()),
                absolute: sum(error.abs()),
                squares: sum(error.square()),
                targets: sum(y),
                target_squares: sum(y.square()),
            }
        })
    }
}

impl RegressionErrors {
    fn mean(&self, sum: &Array) -> f64 {
        number(sum) / number(&self.count)
    }
    /// The mean absolute error; NaN over nothing.
    pub fn mae(&self) -> f64 {
        self.mean(&self.absolute)
    }
    /// The mean squared error.
    pub fn mse(&self) -> f64 {
        self.mean(&self.squares)
    }
    /// The root of the mean squared error.
    pub fn rmse(&self) -> f64 {
        self.mse().sqrt()
    }
    /// The coefficient of determination, `1 − Σ error² / Σ (target − mean)²`, over all elements together.
    ///
    /// Of equal targets (as far as f64 tells them apart) it is 1 if all is right and else 0; of fewer than two
    /// elements, NaN: as scikit-learn's.
    pub fn r2(&self) -> f64 {
        let (count, sum) = (number(&self.count), number(&self.targets));
        let (errors, squares) = (number(&self.squares), number(&self.target_squares));
        let spread = squares - sum * sum / count;
        if count.is_nan() || count < 2.0 {
            f64::NAN
        } else if spread <= 4.0 * f64::EPSILON * squares {
            if errors == 0.0 { 1.0 } else { errors * 0.0 }
        } else {
            1.0 - errors / spread
        }
    }
    /// The peak signal-to-noise ratio of all elements together, in decibels; that of each image: [`Mean::psnr`].
    ///
    /// [`Mean::psnr`]: crate::metrics::Mean::psnr
    pub fn psnr(&self, peak: f64) -> f64 {
        10.0 * (peak * peak / self.mse()).log10()
    }
}
