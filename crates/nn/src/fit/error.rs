//! Why a training run ends early.

use std::fmt;
use std::path::PathBuf;

use super::{CallbackError, FeedError};
use crate::CheckpointError;

/// A training run that could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// A step or an evaluation failed.
    #[error(transparent)]
    Call(#[from] gradus::Error),
    /// The progress could not be written.
    #[error("the progress cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// A batch could not be had.
    #[error("the batch {batch} of epoch {epoch} cannot be had: {error}")]
    Feed {
        /// The epoch, from 1.
        epoch: usize,
        /// The batch in it, from 1.
        batch: usize,
        /// What is wrong.
        error: FeedError,
    },
    /// The data have no batches.
    #[error("the data have no batches; expected at least one")]
    NoData,
    /// A metric is no scalar.
    #[error("the metric `{0}` is {1}, expected a scalar f32 or f64")]
    NotAScalar(String, gradus::Type),
    /// A batch reported other metrics than the first one.
    #[error("a batch reports {1:?}, those before {0:?}; every batch reports the same")]
    OtherReport(Vec<String>, Vec<String>),
    /// A prediction is not one row for each example.
    #[error(
        "the prediction `{0}` is {1} for a batch of {2} examples; expected a row for each, of one shape in all batches"
    )]
    NoRows(String, gradus::Type, usize),
    /// A callback asks for a metric that nobody reports.
    #[error("there is no metric `{name}`; there are {}", known.join(", "))]
    NoSuchMetric {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A checkpoint could not be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is that of a run over other data.
    #[error(
        "the checkpoint is of a run with {} batches in an epoch and the seed {}, the data have {} and {}; go on \
         with the same data", saved.0, saved.1, given.0, given.1
    )]
    OtherData {
        /// Batches and seed in the checkpoint.
        saved: (usize, u64),
        /// Batches and seed of the data.
        given: (usize, u64),
    },
    /// A callback failed.
    #[error("a callback failed: {0}")]
    Callback(CallbackError),
    /// The loss, or a parameter, is not a number.
    #[error(transparent)]
    NotANumber(Box<NotANumber>),
}

/// Where a run met a NaN, and what is known of it.
#[derive(Debug)]
pub struct NotANumber {
    /// What is NaN: the metric or the parameter.
    pub what: String,
    /// The step, from 1.
    pub step: usize,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The batch in it, from 1.
    pub batch: usize,
    /// The numbers of the batch's examples.
    pub rows: Vec<usize>,
    /// The first operation that made a NaN, if [`Fit::finding_nans`](crate::Fit::finding_nans) looked for it.
    pub finding: Option<gradus::Error>,
    /// The latest checkpoint, which is from before.
    pub checkpoint: Option<PathBuf>,
}

/// Examples that a message names.
const NAMED_ROWS: usize = 64;

impl fmt::Display for NotANumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotANumber { what, step, epoch, batch, rows, .. } = self;
        write!(f, "{what} is NaN after step {step} (epoch {epoch}, batch {batch}")?;
        if !rows.is_empty() {
            let named: Vec<String> = rows.iter().take(NAMED_ROWS).map(usize::to_string).collect();
            let rest = if rows.len() > NAMED_ROWS { ", .." } else { "" };
            write!(f, ", examples {}{rest}", named.join(", "))?;
        }
        write!(f, ")")?;
        match &self.finding {
            Some(finding) => write!(f, "; {finding}")?,
            None => write!(f, "; `Fit::finding_nans` looks for the operation that made it")?,
        }
        match &self.checkpoint {
            Some(path) => write!(f, "; the last good checkpoint is {}", path.display()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NotANumber {}
