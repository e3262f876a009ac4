//! How long each step takes, measured in calls of the user's own, for `explain`.
//!
//! The calls numbered 1, 2, 4, 8, .. are measured: the latest is warm after a few, and in the long run measuring costs
//! nothing. Two readings of the clock surround each step of such a call, and each part that a thread takes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Which call is measured.
#[derive(Debug, Default)]
pub(super) struct Profiler {
    /// Calls so far. Calls that start at one moment may be counted once.
    calls: AtomicU64,
    /// A call is being measured, and another must not be.
    busy: AtomicBool,
    /// The number of the latest that was; 0 if none was.
    latest: AtomicU64,
}

/// What a step took in the measured call, on all threads together and over all iterations of the loops around it.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicU64);

impl Profiler {
    /// Counts a call; is it to be measured? Then [`Profiler::finish`] ends it. Clocks are set to 0 by `reset`.
    pub(super) fn starts(&self, reset: impl FnOnce()) -> bool {
        let number = self.calls.load(Relaxed) + 1;
        self.calls.store(number, Relaxed);
        if !number.is_power_of_two() || self.busy.swap(true, Relaxed) {
            return false;
        }
        reset();
        self.latest.store(number, Relaxed);
        true
    }

    pub(super) fn finish(&self) {
        self.busy.store(false, Relaxed);
    }

    /// The number of the call whose times the steps hold.
    pub(super) fn latest(&self) -> Option<u64> {
        Some(self.latest.load(Relaxed)).filter(|&number| number > 0)
    }
}

impl Clock {
    /// Forgets what was measured.
    pub(super) fn reset(&self) {
        self.0.store(0, Relaxed);
    }

    /// Runs `work` and adds what it took.
    pub(super) fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
        result
    }

    pub(super) fn time(&self) -> Duration {
        Duration::from_nanos(self.0.load(Relaxed))
    }
}
