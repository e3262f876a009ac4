//! The loop that trains: epochs of shuffled batches, validation after each, progress all along.
//!
//! The loop knows neither models nor optimizers: it calls a step and an evaluation, and averages the metrics that
//! they return. Metrics are a tree of scalars, whose leaves' paths are the names that are shown.

use std::collections::BTreeMap;

use gradus::{Array, Stored};

use crate::Progress;
use crate::data::{Dataset, LoadError};

/// Rows in an evaluation, at least: it keeps nothing for a reverse pass, so it may take more of them than a step.
const EVALUATION_ROWS: usize = 1000;

/// How long and in what portions to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// Passes over the training set.
    pub epochs: usize,
    /// Rows in each training step; the last one of an epoch has what is left.
    pub batch_size: usize,
    /// Of the order of the rows, which is another one in each epoch.
    pub seed: u64,
}

/// A training run that could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// A step or an evaluation failed.
    #[error(transparent)]
    Call(#[from] gradus::Error),
    /// A batch cannot be had.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The progress could not be written.
    #[error("the progress cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// A metric is no scalar of floats.
    #[error("the metric `{0}` is {1}, expected a scalar f32 or f64")]
    NotAScalar(String, gradus::Type),
}

/// The metrics of each epoch of a run, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    curves: Vec<(String, Vec<f64>)>,
}

impl History {
    /// The values of one metric, epoch by epoch; that of the validation set has `val_` before its name.
    ///
    /// Empty if there is no such metric.
    pub fn curve(&self, name: &str) -> &[f64] {
        self.curves.iter().find(|(known, _)| known == name).map_or(&[], |(_, values)| values)
    }

    fn push(&mut self, metrics: &[(String, f64)]) {
        for (name, value) in metrics {
            match self.curves.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(*value),
                None => self.curves.push((name.clone(), vec![*value])),
            }
        }
    }
}

impl<'a> FromIterator<(&'a str, Vec<f64>)> for History {
    /// From names and values.
    fn from_iter<I: IntoIterator<Item = (&'a str, Vec<f64>)>>(curves: I) -> History {
        History { curves: curves.into_iter().map(|(name, values)| (name.to_owned(), values)).collect() }
    }
}

impl Fit {
    /// Trains: `step` changes the state by one batch, `evaluate` only looks at one.
    ///
    /// Both return the metrics of their batch; those of an epoch are the means over all rows. Without a validation
    /// set, `evaluate` is not called.
    ///
    /// # Errors
    /// A call fails, or the progress cannot be written. The state is then that of the last step that succeeded.
    pub fn run<S, M: Stored>(
        &self,
        state: &mut S,
        train: &Dataset,
        validation: Option<&Dataset>,
        step: impl Fn(&mut S, &Array, &Array) -> gradus::Result<M>,
        evaluate: impl Fn(&S, &Array, &Array) -> gradus::Result<M>,
    ) -> Result<History, FitError> {
        let loader = train.loader(self.batch_size)?.shuffled(self.seed);
        let mut progress = Progress::new(self.epochs, loader.num_batches(0));
        let mut history = History::default();
        for epoch in 0..self.epochs {
            let mut mean = Mean::default();
            for batch in loader.epoch(epoch as u64) {
                let batch = batch?;
                let (x, y) = &batch.examples;
                mean.add(&step(state, x, y)?, batch.rows.len())?;
                progress.step(&mean.metrics());
            }
            let mut metrics = mean.named("");
            if let Some(validation) = validation {
                metrics.extend(self.evaluation(validation, |x, y| evaluate(state, x, y))?.named("val_"));
            }
            let shown: Vec<(&str, f64)> =
                metrics.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            progress.finish(&shown)?;
            history.push(&metrics);
        }
        Ok(history)
    }

    /// The means of the metrics that `evaluate` returns, over all rows of `data`.
    ///
    /// # Errors
    /// A call fails.
    pub fn evaluate<M: Stored>(
        &self,
        data: &Dataset,
        evaluate: impl Fn(&Array, &Array) -> gradus::Result<M>,
    ) -> Result<BTreeMap<String, f64>, FitError> {
        Ok(self.evaluation(data, evaluate)?.named("").into_iter().collect())
    }

    fn evaluation<M: Stored>(
        &self,
        data: &Dataset,
        evaluate: impl Fn(&Array, &Array) -> gradus::Result<M>,
    ) -> Result<Mean, FitError> {
        let mut mean = Mean::default();
        for batch in data.loader(self.batch_size.max(EVALUATION_ROWS))?.epoch(0) {
            let batch = batch?;
            let (x, y) = &batch.examples;
            mean.add(&evaluate(x, y)?, batch.rows.len())?;
        }
        Ok(mean)
    }
}

/// The running means of metrics over rows.
#[derive(Debug, Default)]
struct Mean {
    names: Vec<String>,
    sums: Vec<f64>,
    rows: f64,
}

impl Mean {
    /// Takes in the metrics of a batch of `rows` rows.
    fn add<M: Stored>(&mut self, metrics: &M, rows: usize) -> Result<(), FitError> {
        if self.names.is_empty() {
            self.names = metrics.paths();
            self.sums = vec![0.0; self.names.len()];
        }
        let leaves = metrics.leaves();
        for ((leaf, sum), name) in leaves.into_iter().zip(&mut self.sums).zip(&self.names) {
            let Some(value) = scalar(leaf) else {
                return Err(FitError::NotAScalar(name.clone(), leaf.ty().clone()));
            };
            *sum += value * rows as f64;
        }
        self.rows += rows as f64;
        Ok(())
    }

    fn metrics(&self) -> Vec<(&str, f64)> {
        self.names.iter().map(String::as_str).zip(self.sums.iter().map(|sum| sum / self.rows)).collect()
    }

    fn named(&self, prefix: &str) -> Vec<(String, f64)> {
        self.metrics().into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)).collect()
    }
}

/// The value of a scalar of floats.
fn scalar(array: &Array) -> Option<f64> {
    let is_metric = array.rank() == 0 && array.dtype().is_float();
    is_metric.then(|| array.to_f64_vec()[0])
}

#[cfg(test)]
mod tests {
    use gradus::{Tree, Val, jit};

    use super::*;
    use crate::{Adam, Dense, TrainState, Training, init, mean_squared_error};

    #[derive(Tree)]
    struct Metrics<T = Array> {
        loss: T,
    }

    /// Rows of `y = 3 x − 1`.
    fn line(rows: usize) -> Dataset {
        let x: Vec<f32> = (0..rows).map(|i| i as f32 / rows as f32 - 0.5).collect();
        let y: Vec<f32> = x.iter().map(|x| 3.0 * x - 1.0).collect();
        Dataset::new(Array::new([rows, 1], x).unwrap(), Array::new([rows, 1], y).unwrap()).unwrap()
    }

    fn loss(model: &Dense<Val>, x: &Val, y: &Val) -> Val {
        mean_squared_error(&model.apply(x), y)
    }

    #[test]
    fn a_line_is_learned() {
        let adam = Adam::new(0.1);
        let model = init(0, |keys| Dense::new(keys, 1, 1)).unwrap();
        let mut state = TrainState::new(model, &adam, 0).unwrap();
        let step = jit(move |state: &mut Training<Dense<Val>, Adam>, x: &Val, y: &Val| Metrics {
            loss: state.step(&adam, |model, _| loss(model, x, y)),
        });
        let evaluate = jit(|model: &Dense<Val>, x: &Val, y: &Val| Metrics { loss: loss(model, x, y) });
        let fit = Fit { epochs: 30, batch_size: 8, seed: 0 };
        let history = fit
            .run(
                &mut state,
                &line(50),
                Some(&line(10)),
                |state, x, y| step(state, x, y),
                |state, x, y| evaluate(&state.model, x, y),
            )
            .unwrap();
        assert_eq!((history.curve("loss").len(), history.curve("val_loss").len()), (30, 30));
        assert!(history.curve("nothing").is_empty());
        assert!(history.curve("loss")[0] > 0.5);
        assert!(history.curve("val_loss")[29] < 1e-3, "{history:?}");
        assert_eq!(state.optimizer.rate.count, Array::from(30 * 7i32));
    }

    #[test]
    fn metrics_are_means_over_rows_and_a_pass_meets_each_row_once() {
        let rows = std::cell::RefCell::new(vec![]);
        let fit = Fit { epochs: 3, batch_size: 4, seed: 5 };
        let report = |_: &mut (), x: &Array, _: &Array| {
            let x = x.to_vec::<f32>()?;
            rows.borrow_mut().extend(x.iter().copied());
            // The mean over all rows is that of x; the mean of the batches' means would be another.
            Ok(Metrics { loss: Array::from(x.iter().sum::<f32>() / x.len() as f32) })
        };
        let history = fit.run(&mut (), &line(10), None, report, |_, _, _| unreachable!()).unwrap();
        for mean in history.curve("loss") {
            assert!((mean - -0.05).abs() < 1e-6, "{mean}");
        }
        let rows = rows.into_inner();
        let epochs: Vec<&[f32]> = rows.chunks(10).collect();
        assert_ne!(epochs[0], epochs[1]);
        for epoch in epochs {
            let mut sorted = epoch.to_vec();
            sorted.sort_by(f32::total_cmp);
            assert_eq!(sorted, line(10).all().unwrap().0.to_vec::<f32>().unwrap());
        }
    }

    #[test]
    fn an_error_of_a_step_ends_the_run() {
        let fit = Fit { epochs: 1, batch_size: 4, seed: 0 };
        let fails = |_: &mut (), x: &Array, _: &Array| Ok(Metrics { loss: Array::from(x.item::<f32>()?) });
        let result = fit.run(&mut (), &line(10), None, fails, |_, _, _| unreachable!());
        assert!(matches!(result, Err(FitError::Call(_))));
    }

    #[test]
    fn a_metric_that_is_no_scalar_and_an_empty_batch_are_refused() {
        let vector = |x: &Array, _: &Array| Ok(Metrics { loss: x.clone() });
        let fit = Fit { epochs: 1, batch_size: 4, seed: 0 };
        let error = fit.evaluate(&line(3), vector).unwrap_err().to_string();
        assert_eq!(error, "the metric `loss` is f32[3,1], expected a scalar f32 or f64");
        let empty = Fit { batch_size: 0, ..fit };
        let error =
            empty.run(&mut (), &line(3), None, |_, x, y| vector(x, y), |_, x, y| vector(x, y)).unwrap_err();
        assert_eq!(error.to_string(), "the batch size is 0, expected at least 1");
    }
}
