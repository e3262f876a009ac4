//! [`Loader`]: the batches of a data set, epoch by epoch.
//!
//! Invariant: which rows a batch has follows from the loader's settings and the batch's position alone; so a loader
//! that starts at a saved position goes on as if it had never stopped.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use gradus::{Array, Dtype, Stored};

use super::dataset::{shared, writable};
use super::prefetch::Prefetch;
use super::shuffle::{Words, permutation};
use super::{Dataset, LoadError, Position, Request};

/// A function from the epoch to the rows in the order in which they come.
type OrderOf = Arc<dyn Fn(u64) -> Vec<usize> + Send + Sync>;

/// The order of the rows.
#[derive(Clone)]
enum Order {
    Sequential,
    Shuffled(u64),
    Custom(OrderOf),
}

/// What becomes of the rows that are left at the end of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Keep,
    Drop,
    Pad,
}

/// Batches of a [`Dataset`]: of which size, in which order, and where they are made.
///
/// ```
/// use gradus::Array;
/// use gradus_nn::data::Dataset;
/// let data = Dataset::from_tree(Array::from([0i32, 1, 2, 3, 4]))?;
/// let loader = data.loader(2)?.shuffled(0).pad_last().prefetch(2);
/// for batch in loader.epoch(0) {
///     let batch = batch?;
///     assert_eq!(batch.examples.shape(), [2]);          // the last one too,
///     assert_eq!(batch.mask.shape(), [2]);              // whose second row has the mask false.
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Loader<B = (Array, Array)> {
    data: Dataset<B>,
    size: usize,
    order: Order,
    last: Last,
    ahead: usize,
}

impl<B> Clone for Loader<B> {
    fn clone(&self) -> Loader<B> {
        Loader { data: self.data.clone(), order: self.order.clone(), ..*self }
    }
}

impl<B> fmt::Debug for Loader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match &self.order {
            Order::Sequential => "in order".to_owned(),
            Order::Shuffled(seed) => format!("shuffled by seed {seed}"),
            Order::Custom(_) => "in an order of its own".to_owned(),
        };
        write!(
            f,
            "Loader of batches of {} rows, {order}, {:?} the last, {:?}",
            self.size, self.last, self.data
        )
    }
}

/// Rows of a data set as one tree, and which they are.
#[derive(Debug, Clone)]
pub struct Batch<B> {
    /// The examples, along the first axis of each leaf.
    pub examples: B,
    /// Which rows are examples, `bool[n]`: all, but for those that pad the last batch.
    pub mask: Array,
    /// The numbers of the examples in the data set, without those that pad.
    pub rows: Vec<usize>,
    /// Where the loader stood.
    pub position: Position,
    /// Where the loader goes on: what to save after the step of this batch.
    pub next: Position,
}

impl<B: Stored> Loader<B> {
    pub(super) fn new(data: Dataset<B>, size: usize) -> Result<Loader<B>, LoadError> {
        match size {
            0 => Err(LoadError::EmptyBatch),
            _ => Ok(Loader { data, size, order: Order::Sequential, last: Last::Keep, ahead: 0 }),
        }
    }

    /// The same batches of shuffled rows: another order in each epoch, which follows from `seed` and the epoch.
    pub fn shuffled(self, seed: u64) -> Loader<B> {
        Loader { order: Order::Shuffled(seed), ..self }
    }

    /// The same loader with rows in the order that `order` gives for an epoch: a sampler of one's own.
    ///
    /// A row may come more than once or not at all. A row that is none is an error of its batch.
    pub fn ordered_by(self, order: impl Fn(u64) -> Vec<usize> + Send + Sync + 'static) -> Loader<B> {
        Loader { order: Order::Custom(Arc::new(order)), ..self }
    }

    /// The same loader without a last batch of fewer rows.
    pub fn drop_last(self) -> Loader<B> {
        Loader { last: Last::Drop, ..self }
    }

    /// The same loader with a last batch as large as the others, so that nothing is compiled for it: its last example
    /// is repeated, and [`Batch::mask`] is false for the repetitions.
    pub fn pad_last(self) -> Loader<B> {
        Loader { last: Last::Pad, ..self }
    }

    /// The same batches made on a thread, up to `ahead` of them before they are asked for; 0 for none.
    ///
    /// The thread ends with the [`Batches`]. What its functions return as an error comes out of the iterator in its
    /// place, and so does a panic.
    pub fn prefetch(self, ahead: usize) -> Loader<B> {
        Loader { ahead, ..self }
    }

    /// The data set.
    pub fn dataset(&self) -> &Dataset<B> {
        &self.data
    }

    /// The number of rows in a batch.
    pub fn batch_size(&self) -> usize {
        self.size
    }

    /// What the order of rows follows from; 0 if it is not shuffled.
    pub fn seed(&self) -> u64 {
        if let Order::Shuffled(seed) = self.order { seed } else { 0 }
    }

    /// Whether the last batch may have rows that are no examples.
    pub fn pads(&self) -> bool {
        self.last == Last::Pad
    }

    /// The number of batches in `epoch`: the same for each, unless the order is one of one's own.
    pub fn num_batches(&self, epoch: u64) -> usize {
        let count = |rows: usize| match self.last {
            Last::Drop => rows / self.size,
            Last::Keep | Last::Pad => rows.div_ceil(self.size),
        };
        if self.data.source().num_groups() == 1 && !matches!(self.order, Order::Custom(_)) {
            return count(self.data.len());
        }
        self.plan(epoch).cuts.len()
    }

    /// The rows of the batch at `position`; empty if there is no such batch.
    pub fn rows(&self, position: Position) -> Vec<usize> {
        let plan = self.plan(position.epoch);
        let place = usize::try_from(position.batch).ok().and_then(|batch| plan.cuts.get(batch));
        place.map_or(vec![], |cut| plan.order[cut.clone()].to_vec())
    }

    /// All batches of one epoch.
    pub fn epoch(&self, epoch: u64) -> Batches<B> {
        self.resume(Position { epoch, batch: 0 })
    }

    /// The batches from `position` to the end of its epoch.
    pub fn resume(&self, position: Position) -> Batches<B> {
        Batches::new(self, position, Some(position.epoch))
    }

    /// The batches from `position` on, epoch after epoch without an end.
    pub fn stream(&self, position: Position) -> Batches<B> {
        Batches::new(self, position, None)
    }

    fn plan(&self, epoch: u64) -> Plan {
        let n = self.data.len();
        let order = match &self.order {
            Order::Sequential => (0..n).collect(),
            Order::Shuffled(seed) => permutation(n, &[*seed, epoch]),
            Order::Custom(order) => order(epoch),
        };
        let source = self.data.source();
        if source.num_groups() == 1 {
            let cuts = self.cuts(0..order.len()).collect();
            return Plan { order, cuts };
        }
        // Rows of one group follow each other; within a group they keep their order.
        let mut groups = vec![vec![]; source.num_groups()];
        for row in order {
            // A row that is none is found out when its batch is made.
            groups[if row < n { source.group(row) } else { 0 }].push(row);
        }
        let (mut order, mut cuts) = (vec![], vec![]);
        for group in groups {
            cuts.extend(self.cuts(order.len()..order.len() + group.len()));
            order.extend(group);
        }
        if let Order::Shuffled(seed) = &self.order {
            // Short and long ones by turns, not one length after the other.
            Words::new(&[*seed, epoch, 1]).shuffle(&mut cuts);
        }
        Plan { order, cuts }
    }

    fn cuts(&self, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let (size, end) = (self.size, rows.end);
        let cuts = rows.step_by(size).map(move |begin| begin..end.min(begin.saturating_add(size)));
        let whole = self.last == Last::Drop;
        cuts.filter(move |cut| !whole || cut.len() == size)
    }
}

/// The batches of one epoch, as ranges of an order of rows.
#[derive(Debug)]
struct Plan {
    order: Vec<usize>,
    cuts: Vec<Range<usize>>,
}

/// An iterator over the batches of a [`Loader`].
///
/// Arrays of batches that are gone are filled again, so that a pass which keeps none allocates next to nothing. An
/// error takes the place of its batch; the iterator may be asked for the next one.
pub struct Batches<B> {
    feed: Feed<B>,
}

enum Feed<B> {
    Here(Cursor<B>),
    Ahead(Prefetch<Result<Batch<B>, LoadError>>),
    Failed(Option<LoadError>),
}

impl<B> fmt::Debug for Batches<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Batches")
    }
}

impl<B: Stored> Batches<B> {
    fn new(loader: &Loader<B>, position: Position, end: Option<u64>) -> Batches<B> {
        let cursor = Cursor::new(loader.clone(), position, end);
        let feed = match loader.ahead {
            0 => Feed::Here(cursor),
            ahead => match Prefetch::new(cursor, ahead) {
                Ok(prefetch) => Feed::Ahead(prefetch),
                Err(error) => Feed::Failed(Some(LoadError::Thread(error))),
            },
        };
        Batches { feed }
    }
}

impl<B: Stored> Iterator for Batches<B> {
    type Item = Result<Batch<B>, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.feed {
            Feed::Here(cursor) => cursor.next(),
            Feed::Failed(error) => error.take().map(Err),
            Feed::Ahead(prefetch) => match prefetch.next() {
                Ok(batch) => batch,
                Err(message) => {
                    self.feed = Feed::Failed(None);
                    Some(Err(LoadError::Panicked(message)))
                }
            },
        }
    }
}

/// What makes one batch after the other.
struct Cursor<B> {
    loader: Loader<B>,
    plan: Option<Plan>,
    position: Position,
    /// The only epoch, or `None` without an end.
    end: Option<u64>,
    /// Clones of batches that were given out: the oldest is filled again if nobody holds it any more.
    given: VecDeque<(B, Array)>,
}

impl<B: Stored> Cursor<B> {
    fn new(loader: Loader<B>, position: Position, end: Option<u64>) -> Cursor<B> {
        Cursor { loader, plan: None, position, end, given: VecDeque::new() }
    }

    fn batch(&mut self, cut: Range<usize>) -> Result<Batch<B>, LoadError> {
        let position = self.position;
        let plan = self.plan.as_ref().expect("internal: a cut is of a plan");
        let rows = plan.order[cut].to_vec();
        let next = match position.batch + 1 == plan.cuts.len() as u64 {
            true => Position { epoch: position.epoch + 1, batch: 0 },
            false => Position { batch: position.batch + 1, ..position },
        };
        self.position = next;
        if let Some(&index) = rows.iter().find(|&&row| row >= self.loader.data.len()) {
            return Err(LoadError::NoSuchRow { index, rows: self.loader.data.len() });
        }
        let mut padded = rows.clone();
        if self.loader.last == Last::Pad {
            // A repeated example, not zeros: what is masked still passes through the model and shall give no NaN.
            padded.resize(self.loader.size, *rows.last().expect("internal: a batch has a row"));
        }
        // The thread's queue, the batch in its hands and the one in the user's are not free yet.
        let is_old = self.given.len() > self.loader.ahead + usize::from(self.loader.ahead > 0);
        let free = if is_old { self.given.pop_front() } else { None };
        let (mut place, mut mask) = match free {
            Some((batch, mask)) => (Some(batch), mask),
            None => (None, Array::from(false)),
        };
        self.loader.data.source().gather(Request { rows: &padded, position }, &mut place)?;
        let examples = place.expect("internal: a source that succeeds gives a batch");
        for (i, real) in writable(&mut mask, Dtype::Bool, vec![padded.len()]).iter_mut().enumerate() {
            *real = u8::from(i < rows.len());
        }
        self.given.push_back((shared(&examples), mask.clone()));
        Ok(Batch { examples, mask, rows, position, next })
    }
}

impl<B: Stored> Iterator for Cursor<B> {
    type Item = Result<Batch<B>, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.end.is_some_and(|end| self.position.epoch != end) {
                return None;
            }
            let (loader, epoch) = (&self.loader, self.position.epoch);
            let plan = self.plan.get_or_insert_with(|| loader.plan(epoch));
            let batches = plan.cuts.len();
            let place = usize::try_from(self.position.batch).ok();
            if let Some(cut) = place.and_then(|place| plan.cuts.get(place)).cloned() {
                let batch = self.batch(cut);
                if self.position.epoch != epoch {
                    self.plan = None;
                }
                return Some(batch);
            }
            // The end of an epoch is the beginning of the next; a batch beyond it is none of this loader.
            let position = self.position;
            self.position = Position { epoch: epoch + 1, batch: 0 };
            self.plan = None;
            if position.batch > batches as u64 {
                self.end = Some(epoch);
                return Some(Err(LoadError::WrongPosition { position, batches }));
            }
            if batches == 0 {
                // Without this, a stream of epochs without a batch would never return.
                self.end = Some(epoch);
            }
        }
    }
}

#[cfg(test)]
#[path = "loader_tests.rs"]
mod tests;
