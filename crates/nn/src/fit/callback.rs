//! What is called while a run goes on: [`Callback`], closures as such (`Fit::on_step`, `Fit::on_epoch`), and [`EarlyStopping`].
//!
//! Invariant: a callback that decides does so by the history, which is in every checkpoint, so that a run that goes on
//! decides as if it had not been cut off.

use std::error::Error;

use super::{FitError, History};
use crate::Goal;

/// Why a callback failed.
pub type CallbackError = Box<dyn Error + Send + Sync>;

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It does.
    Continue,
    /// It ends as after its last epoch.
    Stop,
}

/// What a callback sees of a run, and the state, which it may change: a learning rate, say.
#[derive(Debug)]
pub struct Moment<'a, S> {
    /// What steps change.
    pub state: &'a mut S,
    /// Epochs that are over.
    pub epoch: usize,
    /// Batches of the current epoch that are over.
    pub batch: usize,
    /// Steps made since the beginning.
    pub step: usize,
    /// Metrics so far in this epoch, or of the one that ends.
    pub metrics: &'a [(String, f64)],
    /// The curves of the epochs that are over.
    pub history: &'a History,
}

/// Called at the beginning of a run, after each step and after each epoch.
pub trait Callback<S> {
    /// A run begins, or goes on.
    ///
    /// # Errors
    /// Whatever makes the run end with an error.
    fn start(&mut self, _: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        Ok(Next::Continue)
    }
    /// A step is made.
    ///
    /// # Errors
    /// Whatever makes the run end with an error.
    fn step(&mut self, _: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        Ok(Next::Continue)
    }
    /// An epoch is over and in the history.
    ///
    /// # Errors
    /// Whatever makes the run end with an error.
    fn epoch(&mut self, _: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        Ok(Next::Continue)
    }
}

/// A closure called after each step.
pub(super) struct OnStep<F>(pub(super) F);

/// A closure called after each epoch.
pub(super) struct OnEpoch<F>(pub(super) F);

impl<S, F: FnMut(&mut Moment<'_, S>) -> Result<Next, CallbackError>> Callback<S> for OnStep<F> {
    fn step(&mut self, moment: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        (self.0)(moment)
    }
}
impl<S, F: FnMut(&mut Moment<'_, S>) -> Result<Next, CallbackError>> Callback<S> for OnEpoch<F> {
    fn epoch(&mut self, moment: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        (self.0)(moment)
    }
}

/// Ends a run when a metric has not become better for some epochs.
///
/// ```
/// use gradus_nn::{EarlyStopping, Goal};
/// let stopping = EarlyStopping::new("val_loss", Goal::Lowest).patience(2);
/// assert!(!stopping.has_ended(&[0.5, 0.4, 0.6]));
/// assert!(stopping.has_ended(&[0.5, 0.4, 0.6, 0.41]));
/// ```
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    metric: String,
    goal: Goal,
    patience: usize,
    least: f64,
}

impl EarlyStopping {
    /// By `metric`; the first epoch that is no better than the best before ends the run.
    pub fn new(metric: impl Into<String>, goal: Goal) -> EarlyStopping {
        EarlyStopping { metric: metric.into(), goal, patience: 1, least: 0.0 }
    }
    /// Waits for `epochs` epochs, one at least, for a better one.
    pub fn patience(self, epochs: usize) -> EarlyStopping {
        EarlyStopping { patience: epochs.max(1), ..self }
    }
    /// Better is what is better by more than `difference`.
    pub fn min_delta(self, difference: f64) -> EarlyStopping {
        EarlyStopping { least: difference.abs(), ..self }
    }
    /// Whether a run with this curve has ended.
    pub fn has_ended(&self, curve: &[f64]) -> bool {
        let mut best = f64::NAN;
        let mut waited = 0;
        for &value in curve {
            let by_least = match self.goal {
                Goal::Lowest => value + self.least,
                Goal::Highest => value - self.least,
            };
            if self.goal.is_better(by_least, best) {
                (best, waited) = (value, 0);
            } else {
                waited += 1;
            }
        }
        waited >= self.patience
    }
    fn next(&self, history: &History) -> Result<Next, CallbackError> {
        let curve = history.curve(&self.metric);
        if curve.is_empty() && history.epochs() > 0 {
            let known = history.curves().map(|(name, _)| name.to_owned()).collect();
            return Err(FitError::NoSuchMetric { name: self.metric.clone(), known }.into());
        }
        Ok(if self.has_ended(curve) { Next::Stop } else { Next::Continue })
    }
}

impl<S> Callback<S> for EarlyStopping {
    fn start(&mut self, moment: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        self.next(moment.history)
    }
    fn epoch(&mut self, moment: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        self.next(moment.history)
    }
}
