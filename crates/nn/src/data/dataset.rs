//! [`Dataset`]: examples that are found by their number, and put together to batches.
//!
//! Invariant: a data set has at least one example, and the same rows asked for at the same place give the same batch.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use gradus::{Array, Dtype, Stored, Type, random};

use super::shuffle::hash;
use super::{ImageSet, Loader};

/// Where a loader stands: the epoch, and the number of the batch within it. Both count from 0.
///
/// As an array, `i64[2]`, it goes into a checkpoint with all else.
///
/// ```
/// use gradus::Array;
/// use gradus_nn::data::Position;
/// let position = Position { epoch: 3, batch: 17 };
/// assert_eq!(Position::from_array(&Array::from(position))?, position);
/// # Ok::<(), gradus_nn::data::LoadError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Passes over the data that are over.
    pub epoch: u64,
    /// Batches of this epoch that are over.
    pub batch: u64,
}

impl From<Position> for Array {
    fn from(position: Position) -> Array {
        Array::from([position.epoch as i64, position.batch as i64])
    }
}

impl Position {
    /// The position that `Array::from` made an array of.
    ///
    /// # Errors
    /// The array is no `i64[2]` of numbers from 0.
    pub fn from_array(array: &Array) -> Result<Position, LoadError> {
        match array.as_slice::<i64>() {
            Some(&[epoch, batch]) if epoch >= 0 && batch >= 0 => {
                Ok(Position { epoch: epoch as u64, batch: batch as u64 })
            }
            _ => Err(LoadError::NoPosition(array.ty().clone().into())),
        }
    }
}

/// Why a batch cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The function that makes an example failed.
    #[error("example {index}: {source}")]
    Example {
        /// The number of the example.
        index: usize,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The function that changes a batch failed.
    #[error("batch {} of epoch {}: {source}", position.batch, position.epoch)]
    Batch {
        /// The place of the batch.
        position: Position,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Two examples of one batch have leaves of different types.
    #[error(
        "example {index} has a leaf `{path}` of {found}, example {other} one of {expected}; those of one batch have one shape: crop, resize or pad them, or see `Dataset::sequences`"
    )]
    TypesDiffer {
        /// The number of the example.
        index: usize,
        /// An example before it.
        other: usize,
        /// The path of the leaf.
        path: String,
        /// The leaf's type in the example.
        found: Box<Type>,
        /// Its type in the one before.
        expected: Box<Type>,
    },
    /// Two examples of one batch are trees of different structure.
    #[error("example {index} has the leaves {found:?}, example {other} has {expected:?}")]
    StructuresDiffer {
        /// The number of the example.
        index: usize,
        /// An example before it.
        other: usize,
        /// The paths of the example.
        found: Vec<String>,
        /// Those of the one before.
        expected: Vec<String>,
    },
    /// A row that is asked for is none.
    #[error("row {index} is asked for, the data set has {rows}")]
    NoSuchRow {
        /// The row.
        index: usize,
        /// The number of rows.
        rows: usize,
    },
    /// A data set without examples.
    #[error("a data set has at least one example, this one has none")]
    NoRows,
    /// A loader with batches of no rows.
    #[error("the batch size is 0, expected at least 1")]
    EmptyBatch,
    /// A position that the loader does not have.
    #[error("batch {} of epoch {}, expected at most {batches}: the position is one of another loader", position.batch, position.epoch)]
    WrongPosition {
        /// The position.
        position: Position,
        /// The number of batches in that epoch.
        batches: usize,
    },
    /// An array that is no position.
    #[error("{0} is no position of a loader; expected i64[2], an epoch and a batch from 0")]
    NoPosition(Box<Type>),
    /// A sequence is longer than the longest bucket.
    #[error(
        "the sequence of example {index} has length {length}, the longest bucket {longest}: cut it or add a bucket"
    )]
    TooLong {
        /// The number of the example.
        index: usize,
        /// Its length.
        length: usize,
        /// The length of the longest bucket.
        longest: usize,
    },
    /// The examples, or the buckets, of a data set of sequences do not go together.
    #[error("{0}")]
    Sequences(String),
    /// The thread that loads ahead cannot be started.
    #[error("the thread that loads ahead cannot be started: {0}")]
    Thread(std::io::Error),
    /// A function that makes or changes examples panicked on the thread that loads ahead.
    #[error("the thread that loads ahead panicked: {0}")]
    Panicked(String),
}

/// Leaves that do not go together as one data set.
#[derive(Debug, thiserror::Error)]
#[error(
    "the leaves of a data set have one row for each example, and at least one; found {}",
    .0.iter().map(|(path, ty)| format!("`{path}` {ty}")).collect::<Vec<_>>().join(", ")
)]
pub struct RowsDiffer(pub Vec<(String, Type)>);

/// Rows of a data set, and where the loader stands when it asks for them.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The numbers of the examples, at least one.
    pub rows: &'a [usize],
    /// The loader's position, of which what is random in a batch follows.
    pub position: Position,
}

/// What stands behind a [`Dataset`]: for sources of one's own.
pub trait Source<B>: Send + Sync {
    /// The number of examples.
    fn num_examples(&self) -> usize;

    /// Puts the batch of the rows of `request` into `place`, whose arrays it may fill again if nobody else holds them.
    ///
    /// # Errors
    /// An example cannot be had.
    fn gather(&self, request: Request<'_>, place: &mut Option<B>) -> Result<(), LoadError>;

    /// How many groups there are; a batch has the rows of one of them.
    fn num_groups(&self) -> usize {
        1
    }

    /// The group of a row, below [`Source::num_groups`].
    fn group(&self, _row: usize) -> usize {
        0
    }
}

/// Examples that are found by their number. `B` is the tree of a batch: each leaf has the batch as its first axis.
///
/// It is a handle: clones, parts ([`Dataset::select`]) and changed forms ([`Dataset::map`]) share the examples.
///
/// ```
/// use gradus::Array;
/// use gradus_nn::data::Dataset;
/// let squares = Dataset::from_fn(10, |i| Ok::<_, gradus::Error>(Array::from((i * i) as f32)))?;
/// for batch in squares.loader(4)?.shuffled(0).epoch(0) {
///     assert!(batch?.examples.shape()[0] <= 4);
/// }
/// # Ok::<(), gradus_nn::data::LoadError>(())
/// ```
pub struct Dataset<B = (Array, Array)> {
    source: Arc<dyn Source<B>>,
}

impl<B> Clone for Dataset<B> {
    fn clone(&self) -> Dataset<B> {
        Dataset { source: self.source.clone() }
    }
}

impl<B> fmt::Debug for Dataset<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset of {} examples", self.source.num_examples())
    }
}

impl Dataset<(Array, Array)> {
    /// From inputs `[n, ..]` and targets `[n, ..]`, row for row.
    ///
    /// # Errors
    /// The first extents differ or are zero, or an array is a scalar.
    pub fn new(inputs: Array, targets: Array) -> Result<Dataset, RowsDiffer> {
        Dataset::from_tree((inputs, targets))
    }
}

impl<B: Stored> Dataset<B> {
    /// From a tree whose leaves have the examples along their first axis.
    ///
    /// # Errors
    /// The first extents differ or are zero, a leaf is a scalar, or there is none.
    pub fn from_tree(all: B) -> Result<Dataset<B>, RowsDiffer> {
        let rows: Vec<Option<usize>> =
            all.leaves().iter().map(|leaf| leaf.shape().first().copied()).collect();
        match rows.first() {
            Some(&Some(n)) if n > 0 && rows.iter().all(|&other| other == Some(n)) => {
                Ok(Dataset::from_source(Rows { all, n }))
            }
            _ => {
                let types = all.leaves().into_iter().map(|leaf| leaf.ty().clone());
                Err(RowsDiffer(all.paths().into_iter().zip(types).collect()))
            }
        }
    }

    /// From a function that makes the example of a number below `n`: a tree without an axis for the batch.
    ///
    /// It is called for each example whenever a batch needs it, on whichever thread the loader runs.
    ///
    /// # Errors
    /// `n` is zero.
    pub fn from_fn<E>(
        n: usize,
        example: impl Fn(usize) -> Result<B, E> + Send + Sync + 'static,
    ) -> Result<Dataset<B>, LoadError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        if n == 0 {
            return Err(LoadError::NoRows);
        }
        let example =
            move |index| example(index).map_err(|error| LoadError::Example { index, source: error.into() });
        Ok(Dataset::from_source(Examples { n, example }))
    }

    /// From a source of one's own, which has at least one example.
    pub fn from_source(source: impl Source<B> + 'static) -> Dataset<B> {
        Dataset { source: Arc::new(source) }
    }

    /// The number of examples.
    #[allow(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.source.num_examples()
    }

    /// The batch of these rows.
    ///
    /// # Errors
    /// A row is none, or an example cannot be had.
    pub fn get(&self, rows: &[usize]) -> Result<B, LoadError> {
        if rows.is_empty() {
            return Err(LoadError::NoRows);
        }
        self.check(rows)?;
        let mut place = None;
        self.source.gather(Request { rows, position: Position::default() }, &mut place)?;
        Ok(place.expect("internal: a source that succeeds gives a batch"))
    }

    /// All examples as one batch.
    ///
    /// # Errors
    /// An example cannot be had.
    pub fn all(&self) -> Result<B, LoadError> {
        self.get(&(0..self.len()).collect::<Vec<_>>())
    }

    /// The examples of these numbers, in this order; one may stand more than once.
    ///
    /// # Errors
    /// A row is none, or there are none.
    pub fn select(&self, rows: impl Into<Vec<usize>>) -> Result<Dataset<B>, LoadError> {
        let rows = rows.into();
        if rows.is_empty() {
            return Err(LoadError::NoRows);
        }
        self.check(&rows)?;
        Ok(Dataset::from_source(Selected { source: self.source.clone(), rows }))
    }

    /// The same examples with each batch changed by `f`, say to other element types, or by a jitted function.
    ///
    /// `f` runs where the batch is made, with prefetch on that thread.
    pub fn map<C: Stored, E>(&self, f: impl Fn(B) -> Result<C, E> + Send + Sync + 'static) -> Dataset<C>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let f = move |batch, position| {
            f(batch).map_err(|error| LoadError::Batch { position, source: error.into() })
        };
        Dataset::from_source(Mapped { source: self.source.clone(), f })
    }

    /// The same examples with each batch changed by `f` of it and a key, `u32[2]`: augmentation.
    ///
    /// The key follows from `seed`, the epoch and the number of the batch, so that a run that goes on after a stop
    /// draws what it would have drawn.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, random};
    /// use gradus_nn::data::Dataset;
    /// let noisy = jit(|key: &Val, x: &Val| x + 0.1 * random::normal(key, x.shape()));
    /// let data = Dataset::from_tree(Array::from([1.0f32, 2.0, 3.0, 4.0])).unwrap();
    /// let data = data.map_with_key(0, move |key, x| noisy(&key, &x));
    /// let first = |epoch| data.loader(4).unwrap().epoch(epoch).next().unwrap().unwrap().examples;
    /// assert_eq!(first(0), first(0));
    /// assert_ne!(first(0), first(1));
    /// ```
    pub fn map_with_key<C: Stored, E>(
        &self,
        seed: u64,
        f: impl Fn(Array, B) -> Result<C, E> + Send + Sync + 'static,
    ) -> Dataset<C>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let f = move |batch, position: Position| {
            let key = random::seed(hash(&[seed, position.epoch, position.batch]));
            f(key, batch).map_err(|error| LoadError::Batch { position, source: error.into() })
        };
        Dataset::from_source(Mapped { source: self.source.clone(), f })
    }

    /// The examples of both, row for row, as pairs.
    ///
    /// Where both have groups (buckets of lengths), a batch has rows of one group of each.
    ///
    /// # Errors
    /// They have not as many examples.
    pub fn zip<C: Stored>(&self, other: &Dataset<C>) -> Result<Dataset<(B, C)>, LoadError> {
        if self.len() != other.len() {
            return Err(LoadError::NoSuchRow {
                index: self.len().max(other.len()) - 1,
                rows: self.len().min(other.len()),
            });
        }
        Ok(Dataset::from_source(Zipped { first: self.source.clone(), second: other.source.clone() }))
    }

    /// Batches of `size` rows: in order, the last one with what is left, until the loader's methods say otherwise.
    ///
    /// # Errors
    /// `size` is zero.
    pub fn loader(&self, size: usize) -> Result<Loader<B>, LoadError> {
        Loader::new(self.clone(), size)
    }

    pub(super) fn source(&self) -> &dyn Source<B> {
        &*self.source
    }

    fn check(&self, rows: &[usize]) -> Result<(), LoadError> {
        match rows.iter().find(|&&row| row >= self.len()) {
            Some(&index) => Err(LoadError::NoSuchRow { index, rows: self.len() }),
            None => Ok(()),
        }
    }
}

impl From<&ImageSet> for Dataset {
    /// Pixels scaled to 0..=1 as f32 `[n, rows * columns]`, labels as i32 `[n]`; both are made batch by batch.
    fn from(images: &ImageSet) -> Dataset {
        Dataset::from_source(images.clone())
    }
}

/// A copy of a tree of arrays, which share their bytes with it.
pub(super) fn shared<B: Stored>(tree: &B) -> B {
    tree.map(|leaf| leaf.clone())
}

/// The bytes of `array` for writing, made anew unless it is of this type and nobody else holds it.
pub(super) fn writable(array: &mut Array, dtype: Dtype, shape: Vec<usize>) -> &mut [u8] {
    if array.dtype() != dtype || array.shape() != shape || array.bytes_mut().is_none() {
        *array = Array::zeros(Type::new(dtype, shape));
    }
    array.bytes_mut().expect("internal: a new array is shared by nobody")
}

/// The type `[rows, ..]` of a batch of leaves.
fn batch_shape(rows: usize, row: &[usize]) -> Vec<usize> {
    [&[rows], row].concat()
}

/// A tree whose leaves have all examples.
struct Rows<B> {
    all: B,
    n: usize,
}

impl<B: Stored> Source<B> for Rows<B> {
    fn num_examples(&self) -> usize {
        self.n
    }

    fn gather(&self, request: Request<'_>, place: &mut Option<B>) -> Result<(), LoadError> {
        let batch = place.get_or_insert_with(|| shared(&self.all));
        for (array, all) in batch.leaves_mut().into_iter().zip(self.all.leaves()) {
            let row_bytes = all.bytes().len() / self.n;
            let shape = batch_shape(request.rows.len(), &all.shape()[1..]);
            // A row is contiguous, so a batch is a copy of bytes whatever the element type.
            let places = writable(array, all.dtype(), shape).chunks_exact_mut(row_bytes.max(1));
            for (place, &row) in places.zip(request.rows) {
                place.copy_from_slice(&all.bytes()[row * row_bytes..][..row_bytes]);
            }
        }
        Ok(())
    }
}

/// A function that makes examples.
struct Examples<F> {
    n: usize,
    example: F,
}

impl<B, F> Source<B> for Examples<F>
where
    B: Stored,
    F: Fn(usize) -> Result<B, LoadError> + Send + Sync,
{
    fn num_examples(&self) -> usize {
        self.n
    }

    fn gather(&self, request: Request<'_>, place: &mut Option<B>) -> Result<(), LoadError> {
        let other = request.rows[0];
        let first = (self.example)(other)?;
        let (paths, types): (Vec<String>, Vec<Type>) =
            first.paths().into_iter().zip(first.leaves().iter().map(|leaf| leaf.ty().clone())).unzip();
        if place.as_ref().is_some_and(|batch| batch.paths() != paths) {
            *place = None;
        }
        let batch = place.get_or_insert_with(|| shared(&first));
        let mut leaves: Vec<&mut [u8]> = batch
            .leaves_mut()
            .into_iter()
            .zip(&types)
            .map(|(leaf, ty)| writable(leaf, ty.dtype, batch_shape(request.rows.len(), &ty.shape.dims())))
            .collect();
        for (i, &index) in request.rows.iter().enumerate() {
            let made = if i == 0 { None } else { Some((self.example)(index)?) };
            let example = made.as_ref().unwrap_or(&first);
            if made.is_some() && example.paths() != paths {
                let found = example.paths();
                return Err(LoadError::StructuresDiffer { index, other, found, expected: paths });
            }
            for (((leaf, place), ty), path) in
                example.leaves().into_iter().zip(&mut leaves).zip(&types).zip(&paths)
            {
                if leaf.ty() != ty {
                    let (path, found, expected) = (path.clone(), leaf.ty().clone().into(), ty.clone().into());
                    return Err(LoadError::TypesDiffer { index, other, path, found, expected });
                }
                place[i * leaf.bytes().len()..][..leaf.bytes().len()].copy_from_slice(leaf.bytes());
            }
        }
        Ok(())
    }
}

/// Some of another source's rows.
struct Selected<B> {
    source: Arc<dyn Source<B>>,
    rows: Vec<usize>,
}

impl<B: Stored> Source<B> for Selected<B> {
    fn num_examples(&self) -> usize {
        self.rows.len()
    }
    fn gather(&self, request: Request<'_>, place: &mut Option<B>) -> Result<(), LoadError> {
        let rows: Vec<usize> = request.rows.iter().map(|&row| self.rows[row]).collect();
        self.source.gather(Request { rows: &rows, ..request }, place)
    }
    fn num_groups(&self) -> usize {
        self.source.num_groups()
    }
    fn group(&self, row: usize) -> usize {
        self.source.group(self.rows[row])
    }
}

/// Another source's batches, changed.
struct Mapped<B, F> {
    source: Arc<dyn Source<B>>,
    f: F,
}

impl<B, C, F> Source<C> for Mapped<B, F>
where
    B: Stored,
    C: Stored,
    F: Fn(B, Position) -> Result<C, LoadError> + Send + Sync,
{
    fn num_examples(&self) -> usize {
        self.source.num_examples()
    }
    fn gather(&self, request: Request<'_>, place: &mut Option<C>) -> Result<(), LoadError> {
        let mut batch = None;
        self.source.gather(request, &mut batch)?;
        let batch = batch.expect("internal: a source that succeeds gives a batch");
        *place = Some((self.f)(batch, request.position)?);
        Ok(())
    }
    fn num_groups(&self) -> usize {
        self.source.num_groups()
    }
    fn group(&self, row: usize) -> usize {
        self.source.group(row)
    }
}

/// Two sources, row for row.
struct Zipped<B, C> {
    first: Arc<dyn Source<B>>,
    second: Arc<dyn Source<C>>,
}

impl<B: Stored, C: Stored> Source<(B, C)> for Zipped<B, C> {
    fn num_examples(&self) -> usize {
        self.first.num_examples()
    }
    fn gather(&self, request: Request<'_>, place: &mut Option<(B, C)>) -> Result<(), LoadError> {
        let (mut first, mut second) = place.take().unzip();
        self.first.gather(request, &mut first)?;
        self.second.gather(request, &mut second)?;
        *place = first.zip(second);
        Ok(())
    }
    fn num_groups(&self) -> usize {
        self.first.num_groups() * self.second.num_groups()
    }
    fn group(&self, row: usize) -> usize {
        self.first.group(row) * self.second.num_groups() + self.second.group(row)
    }
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
