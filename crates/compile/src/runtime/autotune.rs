//! Whether sharing a call among threads pays, found out while the function is called.
//!
//! What a thread has written reaches another within 60 to 400 ns, by where the system runs them; a call of a tenth of a
//! millisecond is twice as fast shared in the one case and twice as slow in the other. So now and then a few calls are
//! timed each way, and those that follow run as the faster ones did. The results do not depend on it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Calls from one trial to the next.
const PERIOD: u32 = 128;
/// Calls of a trial that run one way; the fastest counts, as the first may wake a thread or move data.
const TRIAL: u32 = 2;
/// So much work between two meetings of the threads outweighs what they tell each other then.
const SURELY_WORTH_A_MEETING: u64 = 1_000_000;

/// The latest times of a program's calls, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Autotuner {
    calls: AtomicU32,
    shared: AtomicU64,
    alone: AtomicU64,
    /// Whether sharing pays in any case.
    is_sure: bool,
}

/// How a call runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) is_shared: bool,
    is_timed: bool,
}

impl Autotuner {
    /// For calls of which threads can share so much, and in which they meet so often.
    pub(super) fn of_calls(shareable: u64, meetings: u64) -> Autotuner {
        Autotuner { is_sure: shareable / meetings.max(1) > SURELY_WORTH_A_MEETING, ..Autotuner::default() }
    }

    /// How the next call runs. Calls that start at one moment may count as one.
    pub(super) fn next(&self) -> Turn {
        if self.is_sure {
            return Turn { is_shared: true, is_timed: false };
        }
        let number = self.calls.load(Relaxed);
        self.calls.store(number.wrapping_add(1), Relaxed);
        let place = number % PERIOD;
        let (is_timed, is_trial_of_shared) = (place < 2 * TRIAL, place < TRIAL);
        if is_timed && place.is_multiple_of(TRIAL) {
            self.of(is_trial_of_shared).store(u64::MAX, Relaxed);
        }
        let is_shared =
            if is_timed { is_trial_of_shared } else { self.shared.load(Relaxed) <= self.alone.load(Relaxed) };
        Turn { is_shared, is_timed }
    }

    /// Runs a call, and notes its time in a trial.
    pub(super) fn run<T>(&self, turn: Turn, call: impl FnOnce() -> T) -> T {
        if !turn.is_timed {
            return call();
        }
        let start = Instant::now();
        let result = call();
        self.note(turn, start.elapsed().as_nanos() as u64);
        result
    }

    fn note(&self, turn: Turn, nanoseconds: u64) {
        self.of(turn.is_shared).fetch_min(nanoseconds, Relaxed);
    }

    fn of(&self, is_shared: bool) -> &AtomicU64 {
        if is_shared { &self.shared } else { &self.alone }
    }
}

#[cfg(test)]
mod tests {
    use super::{Autotuner, PERIOD, SURELY_WORTH_A_MEETING, TRIAL};

    #[test]
    fn calls_run_as_the_faster_ones_of_the_latest_trial() {
        let tuner = Autotuner::of_calls(10 * SURELY_WORTH_A_MEETING, 10);
        for (shared, alone) in [(150, 280), (570, 280), (570, 281), (150, 280)] {
            let turns: Vec<bool> = (0..PERIOD)
                .map(|call| {
                    let turn = tuner.next();
                    let slowed = if call.is_multiple_of(TRIAL) { 1000 } else { 0 };
                    tuner.note(turn, slowed + if turn.is_shared { shared } else { alone });
                    turn.is_shared
                })
                .collect();
            let (trial, rest) = turns.split_at(2 * TRIAL as usize);
            assert_eq!(trial, [true, true, false, false]);
            assert!(rest.iter().all(|is_shared| *is_shared == (shared < alone)), "{shared} {alone} {rest:?}");
        }
    }

    #[test]
    fn dear_calls_are_shared_without_a_trial() {
        let tuner = Autotuner::of_calls(10 * SURELY_WORTH_A_MEETING, 9);
        assert!((0..3 * PERIOD).all(|_| tuner.next().is_shared));
    }
}
