//! The failure of a call that several threads run.
//!
//! Invariant: what a call reports does not depend on the threads. A step runs unless one before it has failed, so the
//! first failing step always runs, and its error is the one that is kept.

use gradus_ir::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The error of the first step that failed so far.
pub(super) struct Failure {
    step: AtomicUsize,
    error: Mutex<Option<(usize, Error)>>,
}

impl Default for Failure {
    fn default() -> Failure {
        Failure { step: AtomicUsize::new(usize::MAX), error: Mutex::new(None) }
    }
}

impl Failure {
    /// Whether no step up to number `step` has failed.
    pub(super) fn is_before(&self, step: usize) -> bool {
        step < self.step.load(Ordering::Acquire)
    }

    /// Keeps the error of a step, unless one before it has failed.
    pub(super) fn note(&self, step: usize, error: Error) {
        let mut kept = self.error.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if kept.as_ref().is_none_or(|(known, _)| step < *known) {
            *kept = Some((step, error));
            self.step.store(step, Ordering::Release);
        }
    }

    /// The outcome, when every thread is done.
    pub(super) fn into_result(self) -> Result<()> {
        let kept = self.error.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        kept.map_or(Ok(()), |(_, error)| Err(error))
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use gradus_ir::{Error, ErrorKind, SourceLocation};

    #[test]
    fn the_first_failing_step_is_reported_in_any_order() {
        let error = |step: usize| {
            let kind = ErrorKind::invalid(format!("step {step}"));
            Error::new("run", kind, SourceLocation::unknown())
        };
        for order in [[1, 2, 3], [3, 1, 2], [2, 3, 1]] {
            let failure = Failure::default();
            for step in order {
                if failure.is_before(step) {
                    failure.note(step, error(step));
                }
            }
            assert!(failure.is_before(0) && !failure.is_before(1));
            let found = failure.into_result().expect_err("three steps failed").to_string();
            assert!(found.contains("step 1"), "{found}");
        }
        assert!(Failure::default().into_result().is_ok());
    }
}
