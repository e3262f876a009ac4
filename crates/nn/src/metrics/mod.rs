//! Measures of a model, over many batches: no derivative is taken of them.
//!
//! A metric has two halves. Inside of `jit` it is a small tree of sums over a batch ([`Mean`], [`ConfusionMatrix`],
//! [`RegressionErrors`]), each with the mask of a padded last batch; outside, [`Sum`] adds them up in f64, and the
//! methods of the total give the results. What is no sum collects on the host: [`BinaryScores`], [`Detections`],
//! [`Bleu`], [`ErrorRate`].
//!
//! ```
//! use gradus::{Array, Val, jit};
//! use gradus_nn::metrics::{ConfusionMatrix, Mean, Sum};
//! let evaluate = jit(|logits: &Val, labels: &Val| {
//!     (Mean::accuracy(logits, labels, None), ConfusionMatrix::of(logits, labels, None))
//! });
//! let mut sum = Sum::new();
//! sum.add(&evaluate(&Array::from([[0.1f32, 0.9], [0.8, 0.2]]), &Array::from([1i32, 1]))?)?;
//! sum.add(&evaluate(&Array::from([[0.3f32, 0.7]]), &Array::from([1i32]))?)?; // a last batch of another size
//! let (accuracy, confusion) = sum.total().expect("two batches");
//! assert_eq!(accuracy.result(), 2.0 / 3.0);
//! assert_eq!(confusion.matrix(), [[0.0, 0.0], [1.0, 2.0]]);
//! # Ok::<(), gradus::Error>(())
//! ```

mod binary;
mod confusion;
mod detection;
mod mean;
mod regression;
mod text;

pub use binary::BinaryScores;
pub use confusion::{Average, ConfusionMatrix};
pub use detection::{Detection, Detections};
pub use mean::{Mean, accuracy};
pub use regression::RegressionErrors;
pub use text::{Bleu, ErrorRate, tokenize_13a};

use gradus::{Array, Dtype, Error, ErrorKind, Result, Tree};

/// The sums of a metric, or of a tree of them, over batches: in f64.
#[derive(Clone, Debug)]
pub struct Sum<M>(Option<M>);

impl<M> Default for Sum<M> {
    fn default() -> Sum<M> {
        Sum(None)
    }
}

impl<M: Tree<Array, With<Array> = M>> Sum<M> {
    /// Of no batch.
    pub fn new() -> Sum<M> {
        Sum::default()
    }
    /// Adds the sums of one batch, leaf by leaf.
    ///
    /// # Errors
    /// If its structure or a shape is not that of the first batch, or a leaf holds no real numbers.
    #[track_caller]
    pub fn add(&mut self, batch: &M) -> Result<()> {
        let mut fault = None;
        let mut added = |total: Option<&Array>, leaf: &Array| {
            let sums = total.map_or(Ok(vec![0.0; leaf.size()]), |total| total.to_vec::<f64>());
            match (sums, numbers(leaf)) {
                (Ok(mut sums), Some(own)) if total.is_none_or(|total| total.shape() == leaf.shape()) => {
                    sums.iter_mut().zip(own).for_each(|(sum, x)| *sum += x);
                    Array::new(leaf.shape(), sums).unwrap_or_else(|_| leaf.clone())
                }
                _ => {
                    let was = total.map_or(String::new(), |total| format!(" and {}", total.ty()));
                    fault = Some(format!("sums {}{was} do not add up", leaf.ty()));
                    leaf.clone()
                }
            }
        };
        let next = match &self.0 {
            None => batch.map(|leaf| added(None, leaf)),
            Some(total) => total.try_zip_map(batch, |total, leaf| added(Some(total), leaf))?,
        };
        match fault {
            Some(fault) => Err(Error::here("Sum", ErrorKind::invalid(fault))),
            None => {
                self.0 = Some(next);
                Ok(())
            }
        }
    }
    /// The sums over all batches, with f64 at the leaves; `None` if there was none.
    pub fn total(&self) -> Option<&M> {
        self.0.as_ref()
    }
}

/// The elements as f64; `None` if they are complex.
fn numbers(array: &Array) -> Option<Vec<f64>> {
    macro_rules! of {
        ($T:ty, $x:ident => $wide:expr) => {
            array.to_vec::<$T>().ok().map(|all| all.into_iter().map(|$x| $wide).collect())
        };
    }
    match array.dtype() {
        Dtype::F64 => array.to_vec::<f64>().ok(),
        Dtype::F32 => of!(f32, x => f64::from(x)),
        Dtype::F16 => of!(gradus::f16, x => f64::from(f32::from(x))),
        Dtype::BF16 => of!(gradus::bf16, x => f64::from(f32::from(x))),
        Dtype::Bool => of!(bool, x => f64::from(u8::from(x))),
        Dtype::I8 => of!(i8, x => f64::from(x)),
        Dtype::U8 => of!(u8, x => f64::from(x)),
        Dtype::I16 => of!(i16, x => f64::from(x)),
        Dtype::U16 => of!(u16, x => f64::from(x)),
        Dtype::I32 => of!(i32, x => f64::from(x)),
        Dtype::U32 => of!(u32, x => f64::from(x)),
        Dtype::I64 => of!(i64, x => x as f64),
        Dtype::U64 => of!(u64, x => x as f64),
        _ => None,
    }
}

/// The single number of a sum; NaN if it is none.
fn number(array: &Array) -> f64 {
    numbers(array).filter(|all| all.len() == 1).map_or(f64::NAN, |all| all[0])
}

#[cfg(test)]
mod tests;
