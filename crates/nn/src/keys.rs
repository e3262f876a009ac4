//! [`Keys`]: one explicit key as a row of keys, and [`init`], which makes a model with them.

use std::sync::atomic::{AtomicU32, Ordering};

use gradus::{Result, Traced, Val, jit, random};

/// The keys that follow from one key: each call of [`Keys::next_key`] gives another.
///
/// The `n`-th is `fold_in(key, n)`, so that the same code draws the same keys; nothing is hidden but the count.
#[derive(Debug)]
pub struct Keys {
    key: Val,
    count: AtomicU32,
}

impl Keys {
    /// The keys that follow from `key`.
    pub fn new(key: &Val) -> Keys {
        Keys { key: *key, count: AtomicU32::new(0) }
    }

    /// A key that was not given out before: `u32[2]`.
    #[track_caller]
    pub fn next_key(&self) -> Val {
        random::fold_in(self.key, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// The model that `f` makes with keys from `seed`, as data.
///
/// ```
/// use gradus_nn::{Dense, Keys, init};
/// let dense = init(0, |keys: &Keys| Dense::new(keys, 3, 2))?;
/// assert_eq!(dense.w.shape(), [3, 2]);
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// If `f` is refused: at the line that says so.
#[track_caller]
pub fn init<M: Traced>(seed: u64, f: impl Fn(&Keys) -> M + Send + Sync) -> Result<M::Data> {
    jit(|key: &Val| f(&Keys::new(key)))(&random::seed(seed))
}
