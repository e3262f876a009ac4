//! What is measured over an epoch: [`Meter`], and [`Means`], the mean of every number that steps report.

use std::collections::BTreeMap;

use gradus::{Array, Stored};

use super::FitError;

/// Says what the reports of batches come to; [`Collect`] takes them in.
///
/// What it holds goes into checkpoints, so that an epoch that goes on in its middle ends with the same numbers.
pub trait Meter {
    /// The numbers so far with their names, in the order in which they are shown.
    fn values(&self) -> Vec<(String, f64)>;
    /// Forgets all.
    fn reset(&mut self);
    /// All that it holds.
    fn saved(&self) -> BTreeMap<String, Array>;
    /// Holds what [`Meter::saved`] returned.
    ///
    /// # Errors
    /// It is that of another meter.
    fn restore(&mut self, saved: &BTreeMap<String, Array>) -> Result<(), FitError>;
}

/// A [`Meter`] of reports `M`.
pub trait Collect<M>: Meter {
    /// Takes in the report of a batch that counts `weight`, most often the number of its examples.
    ///
    /// # Errors
    /// The report is not what it measures.
    fn add(&mut self, report: &M, weight: f64) -> Result<(), FitError>;
}

/// The means of reports that are trees of scalars, over all examples; names are the paths of the leaves.
///
/// A single scalar is called `loss`.
///
/// ```
/// use gradus::Array;
/// use gradus_nn::{Collect, Means, Meter};
/// let mut means = Means::default();
/// means.add(&Array::from(1.0f32), 3.0)?;
/// means.add(&Array::from(2.0f32), 1.0)?;
/// assert_eq!(means.values(), [("loss".to_owned(), 1.25)]);
/// # Ok::<(), gradus_nn::FitError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Means {
    names: Vec<String>,
    sums: Vec<f64>,
    weight: f64,
}

/// The name of the sum of the weights among what is saved.
const WEIGHT: &str = "weight";

impl<M: Stored> Collect<M> for Means {
    fn add(&mut self, report: &M, weight: f64) -> Result<(), FitError> {
        if self.names.is_empty() {
            let named = |path: String| if path.is_empty() { "loss".to_owned() } else { path };
            self.names = report.paths().into_iter().map(named).collect();
            self.sums = vec![0.0; self.names.len()];
        }
        let leaves = report.leaves();
        if leaves.len() != self.names.len() {
            return Err(FitError::OtherReport(self.names.clone(), report.paths()));
        }
        for ((leaf, sum), name) in leaves.into_iter().zip(&mut self.sums).zip(&self.names) {
            let Some(value) = scalar(leaf) else {
                return Err(FitError::NotAScalar(name.clone(), leaf.ty().clone()));
            };
            *sum += value * weight;
        }
        self.weight += weight;
        Ok(())
    }
}

impl Meter for Means {
    fn values(&self) -> Vec<(String, f64)> {
        self.names.iter().cloned().zip(self.sums.iter().map(|sum| sum / self.weight)).collect()
    }
    fn reset(&mut self) {
        *self = Means::default();
    }
    fn saved(&self) -> BTreeMap<String, Array> {
        // Numbered, for a map knows no order but that of its keys.
        let sums = self.names.iter().zip(&self.sums).enumerate();
        let mut saved: BTreeMap<String, Array> =
            sums.map(|(i, (name, sum))| (format!("{i:04}.{name}"), Array::from(*sum))).collect();
        saved.insert(WEIGHT.to_owned(), Array::from(self.weight));
        saved
    }
    fn restore(&mut self, saved: &BTreeMap<String, Array>) -> Result<(), FitError> {
        *self = Means::default();
        for (name, array) in saved {
            let value = array.item::<f64>()?;
            match name.split_once('.') {
                Some((_, name)) => {
                    self.names.push(name.to_owned());
                    self.sums.push(value);
                }
                None => self.weight = value,
            }
        }
        Ok(())
    }
}

/// The value of a scalar of floats.
fn scalar(array: &Array) -> Option<f64> {
    let is_metric = array.rank() == 0 && array.dtype().is_float();
    is_metric.then(|| array.to_f64_vec()[0])
}
