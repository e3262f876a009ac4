//! Loops and choices: operations that run Programs of their own, here as what stands for a Program: `G`.
//!
//! A small one becomes one kernel, its values in registers; any other a step with lists of steps inside.

/// A loop or a choice. Its results are the tuple elements that follow its node.
#[derive(Clone, Debug)]
pub(crate) enum ControlFlow<G> {
    /// `body` for each row of the stacked operands.
    Scan(Scan<G>),
    /// `body` while `test` holds.
    While(While<G>),
    /// One of these on the operands after the first, which chooses.
    Cond(Vec<G>),
}

/// Operands are constants, initial carries, stacked rows; so are the body's parameters. Results are carries and
/// stacked rows.
#[derive(Clone, Debug)]
pub(crate) struct Scan<G> {
    pub(crate) body: G,
    pub(crate) num_consts: usize,
    pub(crate) num_carry: usize,
    pub(crate) trip_count: TripCount,
    pub(crate) reverse: bool,
    /// Which stacked operands and results are tapes.
    pub(crate) xs_on_tape: Vec<bool>,
    pub(crate) ys_on_tape: Vec<bool>,
    /// Whether a tape that an iteration makes may be seen after it.
    pub(crate) returns_tapes: bool,
}

/// The number of iterations of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TripCount {
    Known(usize),
    /// The first operand, an `i32[]`.
    Operand,
}

/// Operands are the constants of the test, those of the body, and initial carries. Results are the last carries and, if
/// it is recorded, the number of iterations and a tape of each further result of the body.
#[derive(Clone, Debug)]
pub(crate) struct While<G> {
    pub(crate) test: G,
    pub(crate) body: G,
    pub(crate) num_test_consts: usize,
    pub(crate) num_body_consts: usize,
    pub(crate) num_carry: usize,
    pub(crate) is_recorded: bool,
    /// Whether a tape that an iteration makes may be seen after it.
    pub(crate) returns_tapes: bool,
}

impl<G> Scan<G> {
    /// Operands before the constants.
    pub(crate) fn num_lengths(&self) -> usize {
        usize::from(self.trip_count == TripCount::Operand)
    }
    /// The number of the first stacked operand.
    pub(crate) fn first_row(&self) -> usize {
        self.num_lengths() + self.num_consts + self.num_carry
    }
}

/// What a loop of unknown length is taken to run, for the estimate of its cost.
const GUESSED_TRIPS: u64 = 100;

impl<G> ControlFlow<G> {
    /// The Programs inside.
    pub(crate) fn graphs(&self) -> Vec<&G> {
        match self {
            ControlFlow::Scan(scan) => vec![&scan.body],
            ControlFlow::While(inner) => vec![&inner.test, &inner.body],
            ControlFlow::Cond(branches) => branches.iter().collect(),
        }
    }
    /// Carried values.
    pub(crate) fn num_carry(&self) -> usize {
        match self {
            ControlFlow::Scan(scan) => scan.num_carry,
            ControlFlow::While(inner) => inner.num_carry,
            ControlFlow::Cond(_) => 0,
        }
    }
    /// Is operand `k` read row by row?
    pub(crate) fn is_row(&self, k: usize) -> bool {
        matches!(self, ControlFlow::Scan(scan) if k >= scan.first_row())
    }
    /// How often the Programs inside run, as far as is known.
    pub(crate) fn trips(&self) -> u64 {
        match self {
            ControlFlow::Scan(Scan { trip_count: TripCount::Known(length), .. }) => *length as u64,
            ControlFlow::Scan(_) | ControlFlow::While(_) => GUESSED_TRIPS,
            ControlFlow::Cond(_) => 1,
        }
    }
    /// What it is, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            ControlFlow::Scan(Scan { trip_count: TripCount::Known(length), .. }) => {
                format!("scan {length} times")
            }
            ControlFlow::Scan(_) => "scan over tapes".into(),
            ControlFlow::While(inner) if inner.is_recorded => "while, recorded".into(),
            ControlFlow::While(_) => "while".into(),
            ControlFlow::Cond(branches) => format!("cond of {}", branches.len()),
        }
    }
}
