//! [`Checkpoints`]: a folder of whole training runs, of which the latest and the best are kept.
//!
//! Invariant: a file in the folder is a whole [`Snapshot`]; older ones go only after a newer one stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gradus::{Array, Stored};
use serde::{Deserialize, Serialize};

use super::file::{Opened, PART, beside, replace, sync_folder, write};
use super::{CheckpointError, CheckpointFault, read_tree};
use crate::History;

/// What the names of the files begin and end with; between them stands the number of steps.
const BEFORE: &str = "step-";
const AFTER: &str = ".safetensors";

/// The file of the best epoch.
const BEST: &str = "best.safetensors";

/// The prefixes of what stands beside the leaves of the state.
const STATE: &str = "state.";
const CURVE: &str = "history.";
const METER: &str = "meter.";

/// All that a run needs to go on as if nothing had happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot<S> {
    /// What steps change: the model, the optimizer, keys.
    pub state: S,
    /// The epoch that goes on, from 0.
    pub epoch: usize,
    /// Batches of that epoch that are done.
    pub batch: usize,
    /// Steps made since the beginning.
    pub step: usize,
    /// Batches of an epoch: data with another number are other data.
    pub batches: usize,
    /// The seed of the order of the data.
    pub seed: u64,
    /// The curves of the epochs that are over.
    pub history: History,
    /// What was measured in the epoch that goes on.
    pub meter: BTreeMap<String, Array>,
}

/// The numbers of a [`Snapshot`], as notes of its file.
#[derive(Serialize, Deserialize)]
struct Notes {
    epoch: usize,
    batch: usize,
    step: usize,
    batches: usize,
    seed: u64,
    curves: Vec<String>,
}

/// Which value of a metric is the best one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// As for losses.
    Lowest,
    /// As for accuracies.
    Highest,
}

impl Goal {
    /// Whether `new` is better than `old`; not a number is never better, and worse than any.
    pub fn is_better(self, new: f64, old: f64) -> bool {
        match self {
            Goal::Lowest => new < old || (old.is_nan() && !new.is_nan()),
            Goal::Highest => new > old || (old.is_nan() && !new.is_nan()),
        }
    }
    /// The number of the best one of `values`, the first if several are equal.
    pub fn best(self, values: &[f64]) -> Option<usize> {
        let better = |best: usize, i: usize| if self.is_better(values[i], values[best]) { i } else { best };
        (0..values.len()).reduce(better)
    }
}

/// A folder of checkpoints of one training run.
///
/// [`Fit`](crate::Fit) writes them; in a loop of one's own, [`Checkpoints::save`] does.
///
/// ```
/// use gradus::Array;
/// use gradus_nn::{Checkpoints, Snapshot};
/// let folder = std::env::temp_dir().join(format!("gradus-checkpoints-{}", std::process::id()));
/// let checkpoints = Checkpoints::new(&folder).keep_last(2);
/// for step in 1..=4 {
///     checkpoints.save(&Snapshot::new(Array::from(step as f32), step))?;
/// }
/// assert_eq!(checkpoints.files()?.len(), 2);
/// let latest = checkpoints.load(&Array::from(0.0f32))?.unwrap();
/// assert_eq!((latest.step, latest.state.item::<f32>()?), (4, 4.0));
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    last: usize,
    pub(crate) every: Option<usize>,
    best: Option<(String, Goal)>,
    resuming: bool,
}

impl<S> Snapshot<S> {
    /// That of a loop that keeps a state and counts steps.
    pub fn new(state: S, step: usize) -> Snapshot<S> {
        let (history, meter) = (History::default(), BTreeMap::new());
        Snapshot { state, epoch: 0, batch: 0, step, batches: 0, seed: 0, history, meter }
    }
}

impl Checkpoints {
    /// Those in `folder`, which is made if it is not there: the last two, written at the end of each epoch.
    pub fn new(folder: impl Into<PathBuf>) -> Checkpoints {
        Checkpoints { folder: folder.into(), last: 2, every: None, best: None, resuming: false }
    }
    /// Keeps the last `count`, one at least.
    pub fn keep_last(self, count: usize) -> Checkpoints {
        Checkpoints { last: count.max(1), ..self }
    }
    /// Keeps that of the epoch with the best value of `metric` too, as `best.safetensors`.
    pub fn keep_best(self, metric: impl Into<String>, goal: Goal) -> Checkpoints {
        Checkpoints { best: Some((metric.into(), goal)), ..self }
    }
    /// Writes one after each `steps` steps too.
    pub fn every_steps(self, steps: usize) -> Checkpoints {
        Checkpoints { every: Some(steps.max(1)), ..self }
    }
    /// Goes on from the latest checkpoint of the folder, if there is one. Without it a folder that holds some is
    /// refused.
    pub fn resuming(self) -> Checkpoints {
        Checkpoints { resuming: true, ..self }
    }

    /// The checkpoints of the folder, the latest one last; none if there is no folder yet.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>, CheckpointError> {
        let numbered = self.numbered().map_err(|error| self.error(error))?;
        Ok(numbered.into_values().collect())
    }

    /// The checkpoint of the best epoch; `None` before the first.
    pub fn best(&self) -> Option<PathBuf> {
        Some(self.folder.join(BEST)).filter(|path| path.exists())
    }

    /// The latest snapshot, of a state like `like`; `None` if there is none yet.
    ///
    /// # Errors
    /// The file cannot be read or is damaged, or is that of another state.
    pub fn load<S: Stored>(&self, like: &S) -> Result<Option<Snapshot<S>>, CheckpointError> {
        match self.files()?.pop() {
            Some(path) => Snapshot::load(path, like).map(Some),
            None => Ok(None),
        }
    }

    /// Writes `snapshot`, then removes those that are no longer to be kept. Returns its file.
    ///
    /// # Errors
    /// The folder or the file cannot be written. Then all files are as they were.
    pub fn save<S: Stored>(&self, snapshot: &Snapshot<S>) -> Result<PathBuf, CheckpointError> {
        fs::create_dir_all(&self.folder).map_err(|error| self.error(error))?;
        let path = self.folder.join(format!("{BEFORE}{:010}{AFTER}", snapshot.step));
        if self.is_best(snapshot) {
            // First: whoever goes on from the other file does not come to this epoch's end again.
            let best = self.folder.join(BEST);
            snapshot.save(&best)?;
            link(&best, &path).map_err(|error| CheckpointFault::Io(error).of(&path))?;
        } else {
            snapshot.save(&path)?;
        }
        let mut numbered = self.numbered().map_err(|error| self.error(error))?;
        while numbered.len() > self.last {
            if let Some((_, oldest)) = numbered.pop_first() {
                fs::remove_file(&oldest).map_err(|error| CheckpointFault::Io(error).of(&oldest))?;
            }
        }
        Ok(path)
    }

    /// What a run begins with: the latest snapshot if it goes on, and no file that was left half written.
    ///
    /// # Errors
    /// The folder cannot be used, or holds another run's checkpoints.
    pub(crate) fn begin<S: Stored>(&self, like: &S) -> Result<Option<Snapshot<S>>, CheckpointError> {
        fs::create_dir_all(&self.folder).map_err(|error| self.error(error))?;
        let of_file = |error| self.error(error);
        for entry in fs::read_dir(&self.folder).map_err(of_file)? {
            let name = entry.map_err(of_file)?.file_name();
            let is_part = |name: &str| name.starts_with('.') && name.ends_with(PART);
            if name.to_str().is_some_and(is_part) {
                fs::remove_file(self.folder.join(&name)).map_err(of_file)?;
            }
        }
        match self.load(like)? {
            Some(_) if !self.resuming => Err(CheckpointFault::Taken.of(&self.folder)),
            snapshot => Ok(snapshot),
        }
    }

    fn error(&self, error: std::io::Error) -> CheckpointError {
        CheckpointFault::Io(error).of(&self.folder)
    }

    /// The files of the folder by their steps.
    fn numbered(&self) -> std::io::Result<BTreeMap<usize, PathBuf>> {
        let mut files = BTreeMap::new();
        let entries = match fs::read_dir(&self.folder) {
            // Made by the first that is saved.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(files),
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(BEFORE)?.strip_suffix(AFTER));
            if let Some(step) = number.and_then(|number| number.parse().ok()) {
                files.insert(step, self.folder.join(&name));
            }
        }
        Ok(files)
    }

    /// Whether it is of the end of an epoch that is better than all before.
    fn is_best<S>(&self, snapshot: &Snapshot<S>) -> bool {
        let Some((metric, goal)) = &self.best else { return false };
        let curve = snapshot.history.curve(metric);
        snapshot.batch == 0 && !curve.is_empty() && goal.best(curve) == Some(curve.len() - 1)
    }
}

/// Gives the file `path` the second name `other`, which replaces a file of that name; where there is no such thing,
/// copies it.
fn link(path: &Path, other: &Path) -> std::io::Result<()> {
    let beside = beside(other)?;
    if fs::hard_link(path, &beside).is_err() {
        return replace(other, |out| std::io::copy(&mut fs::File::open(path)?, out).map(drop));
    }
    let linked = fs::rename(&beside, other).and_then(|()| sync_folder(other));
    if linked.is_err() {
        let _ = fs::remove_file(&beside);
    }
    linked
}

impl<S: Stored> Snapshot<S> {
    /// Writes it to the file `path`, which it replaces.
    ///
    /// # Errors
    /// The file cannot be written. Then the old file is as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        let path = path.as_ref();
        let names = self.state.paths().into_iter().map(|leaf| format!("{STATE}{leaf}"));
        let mut arrays: Vec<(String, &Array)> = names.zip(self.state.leaves()).collect();
        arrays.extend(self.meter.iter().map(|(name, array)| (format!("{METER}{name}"), array)));
        let curves: Vec<(String, Array)> =
            self.history.curves().map(|(name, curve)| (format!("{CURVE}{name}"), array(curve))).collect();
        arrays.extend(curves.iter().map(|(name, array)| (name.clone(), array)));
        let notes = Notes {
            epoch: self.epoch,
            batch: self.batch,
            step: self.step,
            batches: self.batches,
            seed: self.seed,
            curves: self.history.curves().map(|(name, _)| name.to_owned()).collect(),
        };
        let notes = serde_json::to_string(&notes).expect("internal: numbers and names are JSON");
        write(path, arrays, Some(notes)).map_err(|fault| fault.of(path))
    }

    /// The snapshot in the file `path`, of a state like `like`, whose values do not matter.
    ///
    /// # Errors
    /// The file cannot be read or is damaged, or is that of another state.
    pub fn load(path: impl AsRef<Path>, like: &S) -> Result<Snapshot<S>, CheckpointError> {
        let path = path.as_ref();
        Snapshot::read(path, like).map_err(|fault| fault.of(path))
    }

    fn read(path: &Path, like: &S) -> Result<Snapshot<S>, CheckpointFault> {
        let mut file = Opened::open(path)?;
        let invalid = |what: &str| CheckpointFault::Invalid(what.to_owned());
        let notes = file.notes().ok_or_else(|| invalid("it holds no training run, only arrays"))?;
        let notes: Notes = serde_json::from_str(notes).map_err(|error| invalid(&error.to_string()))?;
        let is_beside = |name: &str| name.starts_with(CURVE) || name.starts_with(METER);
        let state = read_tree(&mut file, STATE, like, is_beside)?;
        let mut curves = Vec::new();
        for name in &notes.curves {
            let stored = format!("{CURVE}{name}");
            file.info(&stored).ok_or_else(|| invalid(&format!("the curve `{name}` is missing")))?;
            let curve = file.read(&stored)?.to_vec::<f64>();
            curves.push((name.as_str(), curve.map_err(|error| invalid(&error.to_string()))?));
        }
        let mut meter = BTreeMap::new();
        for name in file.names() {
            if let Some(short) = name.strip_prefix(METER) {
                meter.insert(short.to_owned(), file.read(&name)?);
            }
        }
        let history = curves.into_iter().collect();
        let Notes { epoch, batch, step, batches, seed, .. } = notes;
        Ok(Snapshot { state, epoch, batch, step, batches, seed, history, meter })
    }
}

fn array(numbers: &[f64]) -> Array {
    Array::new([numbers.len()], numbers).expect("internal: as many numbers as the shape says")
}
