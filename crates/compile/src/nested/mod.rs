//! Loops and choices: operations that run Programs of their own.
//!
//! A small one is one kernel, its values in registers (`kernel`); any other is a step with lists of steps inside,
//! run without a return to the call's own list (`steps`). What is small depends on the Programs alone.

mod kernel;
mod lower;
mod small;
mod steps;

pub(crate) use kernel::build;
pub(crate) use lower::lower;
pub(crate) use steps::NestedDraft;

use crate::graph::{Graph, Id, Kind, Node};

/// A loop or a choice. Its results are the nodes that follow its own.
#[derive(Clone, Debug)]
pub(crate) struct Nested {
    pub(crate) form: Form,
    /// Whether it is one kernel.
    pub(crate) is_small: bool,
    pub(crate) num_results: usize,
}

/// What runs, and how often.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// `body` for each row of the stacked operands.
    Scan(Scan),
    /// `body` while `test` holds.
    While(While),
    /// One of these on the operands after the first, which chooses.
    Cond(Vec<Graph>),
}

/// Operands are constants, initial carries, stacked rows; so are the body's parameters. Results are carries and
/// stacked rows.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) body: Graph,
    pub(crate) num_consts: usize,
    pub(crate) num_carry: usize,
    pub(crate) length: Length,
    pub(crate) reverse: bool,
    /// Which stacked operands and results are tapes.
    pub(crate) xs_on_tape: Vec<bool>,
    pub(crate) ys_on_tape: Vec<bool>,
    /// Whether a tape that an iteration makes may be seen after it.
    pub(crate) returns_tapes: bool,
}

/// The number of iterations of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Known(usize),
    /// The first operand, an `i32[]`.
    Operand,
}

/// Operands are the constants of the test, those of the body, and initial carries. Results are the last carries and, if
/// it is recorded, the number of iterations and a tape of each further result of the body.
#[derive(Clone, Debug)]
pub(crate) struct While {
    pub(crate) test: Graph,
    pub(crate) body: Graph,
    pub(crate) num_test_consts: usize,
    pub(crate) num_body_consts: usize,
    pub(crate) num_carry: usize,
    pub(crate) is_recorded: bool,
    /// Whether a tape that an iteration makes may be seen after it.
    pub(crate) returns_tapes: bool,
}

impl Scan {
    /// Operands before the constants.
    pub(crate) fn num_lengths(&self) -> usize {
        usize::from(self.length == Length::Operand)
    }
    /// The number of the first stacked operand.
    pub(crate) fn first_row(&self) -> usize {
        self.num_lengths() + self.num_consts + self.num_carry
    }
}

/// What a loop of unknown length is taken to run, for the estimate of its cost.
const GUESSED_TRIPS: u64 = 100;

impl Nested {
    /// The Programs inside.
    pub(crate) fn graphs(&self) -> Vec<&Graph> {
        match &self.form {
            Form::Scan(scan) => vec![&scan.body],
            Form::While(inner) => vec![&inner.test, &inner.body],
            Form::Cond(branches) => branches.iter().collect(),
        }
    }
    /// How often the Programs inside run, as far as is known.
    pub(crate) fn trips(&self) -> u64 {
        match &self.form {
            Form::Scan(Scan { length: Length::Known(length), .. }) => *length as u64,
            Form::Scan(_) => GUESSED_TRIPS,
            Form::While(_) => GUESSED_TRIPS,
            Form::Cond(_) => 1,
        }
    }
    /// What it is, in words.
    pub(crate) fn describe(&self) -> String {
        match &self.form {
            Form::Scan(Scan { length: Length::Known(length), .. }) => format!("scan {length} times"),
            Form::Scan(_) => "scan over tapes".into(),
            Form::While(inner) if inner.is_recorded => "while, recorded".into(),
            Form::While(_) => "while".into(),
            Form::Cond(branches) => format!("cond of {}", branches.len()),
        }
    }
    /// Whether operand `k`, this node, is computed where it is read instead of stored.
    pub(crate) fn computes_operand(&self, k: usize, node: &Node) -> bool {
        let is_row = matches!(&self.form, Form::Scan(scan) if k >= scan.first_row());
        let is_few = node.ty.shape.size() <= small::MOST_ELEMENTS;
        self.is_small && (is_row || is_few) && matches!(node.kind, Kind::Splat(_) | Kind::Iota { .. })
    }
    /// May a step inside end the call with an `Err`?
    pub(crate) fn can_fail(&self) -> bool {
        self.makes_tapes() || self.graphs().into_iter().any(Graph::can_fail)
    }
    /// May it make a tape, itself or inside?
    pub(crate) fn makes_tapes(&self) -> bool {
        let itself = match &self.form {
            Form::Scan(scan) => scan.ys_on_tape.contains(&true),
            Form::While(inner) => inner.is_recorded,
            Form::Cond(_) => false,
        };
        itself || self.graphs().into_iter().any(Graph::makes_tapes)
    }
}

/// The loop or choice that node `id` is.
pub(crate) fn nested(graph: &Graph, id: Id) -> &Nested {
    match &graph.node(id).kind {
        Kind::Nested(nested) => nested,
        kind => unreachable!("internal: {kind:?} runs no Program"),
    }
}

/// The results of node `id`, some without elements.
pub(crate) fn parts(graph: &Graph, id: Id) -> impl ExactSizeIterator<Item = Id> + use<> {
    let first = id.index() + 1;
    (first..first + nested(graph, id).num_results).map(Id::new)
}

/// Those results that have elements.
pub(crate) fn written_parts(graph: &Graph, id: Id) -> Vec<Id> {
    parts(graph, id).filter(|part| graph.ty(*part).shape.size() > 0).collect()
}
