//! The loop that trains: epochs of batches, validation after each, progress, callbacks and checkpoints all along.
//!
//! The loop knows neither models nor optimizers: it calls a step and an evaluation, and collects what they report.
//! Each piece stands alone, for loops of one's own: [`Feed`], [`Meter`], [`Progress`], [`Checkpoints`],
//! [`Interrupt`], the logs, [`evaluate`], [`predict`]. Invariant: what a checkpoint holds is all that the rest of a run
//! depends on.

mod callback;
mod csv;
mod error;
mod feed;
mod history;
mod interrupt;
mod measure;
mod meter;
mod tensorboard;

pub use callback::{Callback, CallbackError, EarlyStopping, Moment, Next};
pub use csv::CsvLog;
pub use error::{FitError, NotANumber};
pub use feed::{Fed, Feed, FeedError, MaskedLoader};
pub use history::History;
pub use interrupt::Interrupt;
pub use measure::{evaluate, evaluate_with, predict};
pub use meter::{Collect, Means, Meter};
pub use tensorboard::{EventWriter, TensorBoard};

use std::fmt;

use gradus::{LeafKind, Stored};

use callback::{OnEpoch, OnStep};

use crate::{Checkpoints, Progress, Snapshot};

/// What is called with the state after each epoch, for numbers and their names.
type Measure<'a, S> = Box<dyn FnMut(&S) -> Result<Vec<(String, f64)>, FitError> + 'a>;

/// Calls a step for its error alone.
type Finder<'a, S, B> = Box<dyn FnMut(&mut S, &B) -> gradus::Result<()> + 'a>;

/// How to train a state by the batches of a [`Feed`]: for how long, and what is done beside the steps.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::data::Dataset;
/// use gradus_nn::{Adam, Dense, EarlyStopping, Fit, Goal, TrainState, Training, init, mean_squared_error};
///
/// let x: Vec<f32> = (0..64).map(|i| i as f32 / 64.0).collect();
/// let y: Vec<f32> = x.iter().map(|x| 3.0 * x - 1.0).collect();
/// let data = Dataset::new(Array::new([64, 1], x)?, Array::new([64, 1], y)?)?;
///
/// let adam = Adam::new(0.05);
/// let mut state = TrainState::new(init(0, |keys| Dense::new(keys, 1, 1))?, &adam, 0)?;
/// let step = jit(move |state: &mut Training<Dense<Val>, Adam>, x: &Val, y: &Val| {
///     state.step(&adam, |model, _| mean_squared_error(&model.apply(x), y))
/// });
/// let loss = jit(|model: &Dense<Val>, x: &Val, y: &Val| mean_squared_error(&model.apply(x), y));
///
/// let (train, validation) = (data.loader(16)?.shuffled(0), data.loader(64)?);
/// let fitted = Fit::new(&mut state, &train, 40)
///     .silently()
///     .with_validation(&validation, |state, (x, y)| loss(&state.model, x, y))
///     .with_callback(EarlyStopping::new("val_loss", Goal::Lowest).patience(3))
///     .run(|state, (x, y)| step(state, x, y))?;
/// assert!(*fitted.history.curve("val_loss").last().unwrap() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Fit<'a, S, D: Feed> {
    state: &'a mut S,
    train: &'a D,
    epochs: usize,
    is_silent: bool,
    measures: Vec<Measure<'a, S>>,
    callbacks: Vec<Box<dyn Callback<S> + 'a>>,
    checkpoints: Option<Checkpoints>,
    listens: bool,
    finder: Option<Finder<'a, S, D::Batch>>,
}

impl<S, D: Feed> fmt::Debug for Fit<'_, S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fit { epochs, checkpoints, .. } = self;
        f.debug_struct("Fit")
            .field("epochs", epochs)
            .field("checkpoints", checkpoints)
            .finish_non_exhaustive()
    }
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs are over.
    Complete,
    /// A callback ended it.
    Stopped,
    /// Ctrl-C or SIGTERM did; a checkpoint was written before, if there are any.
    Interrupted,
}

/// What a run leaves beside the state.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The curves of all epochs, those before the run was cut off too.
    pub history: History,
    /// Why it is over.
    pub ended: Ended,
    /// Steps made since the beginning.
    pub steps: usize,
}

impl<'a, S: Stored, D: Feed> Fit<'a, S, D> {
    /// Changes `state` by the batches of `train` over so many epochs, with progress on the terminal and nothing else.
    pub fn new(state: &'a mut S, train: &'a D, epochs: usize) -> Fit<'a, S, D> {
        Fit {
            state,
            train,
            epochs,
            is_silent: false,
            measures: vec![],
            callbacks: vec![],
            checkpoints: None,
            listens: false,
            finder: None,
        }
    }
    /// Without progress.
    pub fn silently(self) -> Self {
        Fit { is_silent: true, ..self }
    }
    /// Evaluates on `data` after each epoch: the means of what `evaluate` reports, with `val_` before their names.
    pub fn with_validation<V: Feed, M: Stored>(
        self,
        data: &'a V,
        mut evaluate: impl FnMut(&S, &V::Batch) -> gradus::Result<M> + 'a,
    ) -> Self {
        self.with_measure(move |state| {
            let values = evaluate_with(data, Means::default(), |batch| evaluate(state, batch))?;
            Ok(values.into_iter().map(|(name, value)| (format!("val_{name}"), value)).collect())
        })
    }
    /// Measures anything after each epoch: `measure` returns names and numbers.
    pub fn with_measure(
        mut self,
        measure: impl FnMut(&S) -> Result<Vec<(String, f64)>, FitError> + 'a,
    ) -> Self {
        self.measures.push(Box::new(measure));
        self
    }
    /// Calls `callback` all along; callbacks are called in the order in which they are given.
    pub fn with_callback(mut self, callback: impl Callback<S> + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }
    /// Calls `f` after each step.
    pub fn on_step(self, f: impl FnMut(&mut Moment<'_, S>) -> Result<Next, CallbackError> + 'a) -> Self {
        self.with_callback(OnStep(f))
    }
    /// Calls `f` after each epoch.
    pub fn on_epoch(self, f: impl FnMut(&mut Moment<'_, S>) -> Result<Next, CallbackError> + 'a) -> Self {
        self.with_callback(OnEpoch(f))
    }
    /// Writes checkpoints, and goes on from them if they say so.
    pub fn with_checkpoints(self, checkpoints: Checkpoints) -> Self {
        Fit { checkpoints: Some(checkpoints), ..self }
    }
    /// On Ctrl-C or SIGTERM ends after the current step, with a checkpoint. A second one ends the process.
    pub fn stopping_on_interrupt(self) -> Self {
        Fit { listens: true, ..self }
    }
    /// On a NaN, makes the steps since the latest checkpoint (or since the epoch began) again by `step`, a step with
    /// `Config::debug_nans`, whose error then names the operation.
    ///
    /// The state is kept twice in memory for it.
    pub fn finding_nans<M>(self, mut step: impl FnMut(&mut S, &D::Batch) -> gradus::Result<M> + 'a) -> Self {
        let finder: Finder<'a, S, D::Batch> = Box::new(move |state, batch| step(state, batch).map(drop));
        Fit { finder: Some(finder), ..self }
    }

    /// Trains: `step` changes the state by one batch and reports its metrics, a tree of scalars.
    ///
    /// The metrics of an epoch are the means over all its examples. A run ends with an error as soon as the mean called
    /// `loss` (or the first one, if none is) is NaN; and no checkpoint holds parameters that are.
    ///
    /// # Errors
    /// A call fails, a file cannot be written, or a NaN turns up. The state is then that of the last step.
    pub fn run<M: Stored>(
        self,
        step: impl FnMut(&mut S, &D::Batch) -> gradus::Result<M>,
    ) -> Result<Fitted, FitError> {
        self.run_with(Means::default(), step)
    }

    /// [`Fit::run`] with a meter of one's own for what steps report.
    ///
    /// # Errors
    /// As [`Fit::run`].
    pub fn run_with<M>(
        self,
        meter: impl Collect<M>,
        step: impl FnMut(&mut S, &D::Batch) -> gradus::Result<M>,
    ) -> Result<Fitted, FitError> {
        if self.train.num_batches(0) == 0 {
            return Err(FitError::NoData);
        }
        let interrupt = if self.listens { Some(Interrupt::listen()?) } else { None };
        let mut run = Run { fit: self, meter, at: At::default(), history: History::default(), kept: None };
        run.begin()?;
        let ended = run.epochs(step, interrupt.as_ref())?;
        Ok(Fitted { history: run.history, ended, steps: run.at.step })
    }
}

/// Where a run stands: epochs, batches of the current epoch and steps that are over.
#[derive(Debug, Clone, Copy, Default)]
struct At {
    epoch: usize,
    batch: usize,
    step: usize,
}

/// A run that goes on.
struct Run<'a, S, D: Feed, R> {
    fit: Fit<'a, S, D>,
    meter: R,
    at: At,
    history: History,
    /// A state from before, for the search for a NaN.
    kept: Option<(S, At)>,
}

/// Which method of callbacks is called.
#[derive(Clone, Copy)]
enum Call {
    Start,
    Step,
    Epoch,
}

impl<S: Stored, D: Feed, R: Meter> Run<'_, S, D, R> {
    /// Goes on from the latest checkpoint, if it should.
    fn begin(&mut self) -> Result<(), FitError> {
        let Some(checkpoints) = &self.fit.checkpoints else { return Ok(()) };
        let Some(snapshot) = checkpoints.begin(self.fit.state)? else { return Ok(()) };
        let (saved, given) = (
            (snapshot.batches, snapshot.seed),
            (self.fit.train.num_batches(snapshot.epoch), self.fit.train.seed()),
        );
        if saved != given {
            return Err(FitError::OtherData { saved, given });
        }
        let Snapshot { state, epoch, batch, step, history, meter, .. } = snapshot;
        if batch > 0 {
            self.meter.restore(&meter)?;
        }
        (*self.fit.state, self.history, self.at) = (state, history, At { epoch, batch, step });
        Ok(())
    }

    fn epochs<M>(
        &mut self,
        mut step: impl FnMut(&mut S, &D::Batch) -> gradus::Result<M>,
        interrupt: Option<&Interrupt>,
    ) -> Result<Ended, FitError>
    where
        R: Collect<M>,
    {
        let mut next = self.call(Call::Start, &[])?;
        let batches = self.fit.train.num_batches(self.at.epoch);
        let progress = || Progress::new(self.fit.epochs, batches).starting_at(self.at.epoch, self.at.batch);
        let is_over = self.at.epoch >= self.fit.epochs || next == Next::Stop;
        let mut progress = (!self.fit.is_silent && !is_over).then(progress);
        while self.at.epoch < self.fit.epochs {
            if next == Next::Stop {
                return Ok(Ended::Stopped);
            }
            self.keep();
            let train = self.fit.train;
            for fed in train.batches(self.at.epoch, self.at.batch) {
                next = self.step(fed, &mut step, progress.as_mut())?;
                let is_requested = interrupt.is_some_and(Interrupt::is_requested);
                if is_requested || next == Next::Stop {
                    self.save()?;
                    return Ok(if is_requested { Ended::Interrupted } else { Ended::Stopped });
                }
                let is_due = |every: usize| self.at.step.is_multiple_of(every);
                if self.fit.checkpoints.as_ref().and_then(|all| all.every).is_some_and(is_due) {
                    self.save()?;
                }
            }
            next = self.end_epoch(progress.as_mut())?;
        }
        Ok(Ended::Complete)
    }

    /// Makes one step.
    fn step<M>(
        &mut self,
        fed: Result<Fed<D::Batch>, FeedError>,
        step: &mut impl FnMut(&mut S, &D::Batch) -> gradus::Result<M>,
        progress: Option<&mut Progress>,
    ) -> Result<Next, FitError>
    where
        R: Collect<M>,
    {
        let (epoch, batch) = (self.at.epoch + 1, self.at.batch + 1);
        let fed = fed.map_err(|error| FitError::Feed { epoch, batch, error })?;
        let report = step(self.fit.state, &fed.batch)?;
        self.meter.add(&report, fed.weight)?;
        self.at.batch += 1;
        self.at.step += 1;
        let values = self.meter.values();
        let loss = values.iter().find(|(name, _)| name == "loss").or(values.first());
        if let Some((name, value)) = loss
            && value.is_nan()
        {
            return Err(self.not_a_number(format!("the metric `{name}`")));
        }
        if let Some(progress) = progress {
            progress.step(&shown(&values));
        }
        self.call(Call::Step, &values)
    }

    fn end_epoch(&mut self, progress: Option<&mut Progress>) -> Result<Next, FitError> {
        let mut metrics = self.meter.values();
        for measure in &mut self.fit.measures {
            metrics.extend(measure(self.fit.state)?);
        }
        if let Some(progress) = progress {
            progress.finish(&shown(&metrics))?;
        }
        self.history.push(&metrics);
        self.at = At { epoch: self.at.epoch + 1, batch: 0, step: self.at.step };
        self.meter.reset();
        let next = self.call(Call::Epoch, &metrics)?;
        self.save()?;
        Ok(next)
    }

    fn call(&mut self, call: Call, metrics: &[(String, f64)]) -> Result<Next, FitError> {
        let At { epoch, batch, step } = self.at;
        let history = &self.history;
        let mut moment = Moment { state: &mut *self.fit.state, epoch, batch, step, metrics, history };
        let mut all = Next::Continue;
        for callback in &mut self.fit.callbacks {
            let next = match call {
                Call::Start => callback.start(&mut moment),
                Call::Step => callback.step(&mut moment),
                Call::Epoch => callback.epoch(&mut moment),
            };
            // Every callback sees every moment, whatever another one decides.
            if next.map_err(FitError::Callback)? == Next::Stop {
                all = Next::Stop;
            }
        }
        Ok(all)
    }

    /// Writes a checkpoint, if there are to be any and the parameters are numbers.
    fn save(&mut self) -> Result<(), FitError> {
        if self.fit.checkpoints.is_none() {
            return Ok(());
        }
        if let Some(path) = nan_parameter(self.fit.state) {
            return Err(self.not_a_number(format!("the parameter `{path}`")));
        }
        let snapshot = Snapshot {
            state: self.fit.state.map_leaves(&mut gradus::Array::clone),
            epoch: self.at.epoch,
            batch: self.at.batch,
            step: self.at.step,
            batches: self.fit.train.num_batches(self.at.epoch),
            seed: self.fit.train.seed(),
            history: self.history.clone(),
            meter: self.meter.saved(),
        };
        if let Some(checkpoints) = &self.fit.checkpoints {
            checkpoints.save(&snapshot)?;
        }
        drop(snapshot);
        self.keep();
        Ok(())
    }

    /// Keeps the state as it is now, if a NaN is to be looked for.
    fn keep(&mut self) {
        if self.fit.finder.is_some() {
            self.kept = Some((self.fit.state.map_leaves(&mut gradus::Array::clone), self.at));
        }
    }

    /// The error of a NaN after the latest step, with what is found of where it comes from.
    fn not_a_number(&mut self, what: String) -> FitError {
        // After the end of an epoch the latest batch is the last one of that before.
        let (epoch, batch) = match self.at.batch {
            0 => (self.at.epoch - 1, self.fit.train.num_batches(self.at.epoch - 1)),
            batch => (self.at.epoch, batch),
        };
        let mut rows = vec![];
        if let Some(Ok(fed)) = self.fit.train.batches(epoch, batch - 1).next() {
            rows = fed.rows;
        }
        let files = self.fit.checkpoints.as_ref().and_then(|checkpoints| checkpoints.files().ok());
        FitError::NotANumber(Box::new(NotANumber {
            what,
            step: self.at.step,
            epoch: epoch + 1,
            batch,
            rows,
            finding: self.find(epoch, batch),
            checkpoint: files.and_then(|mut files| files.pop()),
        }))
    }

    /// Makes the steps from the kept state to that batch again, for the error of one of them.
    fn find(&mut self, epoch: usize, batch: usize) -> Option<gradus::Error> {
        let (mut state, from) = self.kept.take()?;
        let finder = self.fit.finder.as_mut()?;
        let count = batch.checked_sub(from.batch).filter(|_| from.epoch == epoch)?;
        let batches = self.fit.train.batches(epoch, from.batch).take(count);
        batches.flatten().find_map(|fed| finder(&mut state, &fed.batch).err())
    }
}

fn shown(metrics: &[(String, f64)]) -> Vec<(&str, f64)> {
    metrics.iter().map(|(name, value)| (name.as_str(), *value)).collect()
}

/// The path of a float parameter with a NaN in it.
fn nan_parameter<S: Stored>(state: &S) -> Option<String> {
    let named = state.paths().into_iter().zip(state.leaves()).zip(state.kinds());
    let has_nan = |leaf: &gradus::Array| match (leaf.as_slice::<f32>(), leaf.as_slice::<f64>()) {
        (Some(leaf), _) => leaf.iter().any(|x| x.is_nan()),
        (_, Some(leaf)) => leaf.iter().any(|x| x.is_nan()),
        _ => leaf.dtype().is_float() && leaf.to_f64_vec().iter().any(|x| x.is_nan()),
    };
    let mut parameters = named.filter(|(_, kind)| *kind == LeafKind::Parameter);
    parameters.find(|((_, leaf), _)| has_nan(leaf)).map(|((path, _), _)| path)
}

#[cfg(test)]
mod resume_tests;
#[cfg(test)]
mod tests;
