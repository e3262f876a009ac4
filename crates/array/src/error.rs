//! The one error type: what went wrong, in which operation, at which line of the user's program.

use crate::{Shape, Type};
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A line of the user's program, and what was called there if that is not the operation itself. Places are no part of
/// equality: passes keep them, caches ignore them.
#[derive(Clone, Copy, Debug, Default)]
pub struct SourceLocation {
    line: Option<&'static Location<'static>>,
    called: Option<&'static str>,
}

impl SourceLocation {
    /// The caller's line.
    #[track_caller]
    pub fn here() -> SourceLocation {
        SourceLocation { line: Some(Location::caller()), called: None }
    }
    /// No known line, as in a parsed program.
    pub fn unknown() -> SourceLocation {
        SourceLocation::default()
    }
    /// Whether both are known and the same line and column.
    pub fn is_same_line(self, other: SourceLocation) -> bool {
        self.line.is_some() && self.line == other.line
    }
    /// The line, if it is known.
    pub fn location(self) -> Option<&'static Location<'static>> {
        self.line
    }
    /// The place, for an operation that a function is made of which the user called `name` by: errors of it, whenever
    /// they show, are errors of that function.
    pub fn called(self, name: &'static str) -> SourceLocation {
        SourceLocation { called: Some(name), ..self }
    }
}
impl PartialEq for SourceLocation {
    fn eq(&self, _: &SourceLocation) -> bool {
        true
    }
}
impl Eq for SourceLocation {}
impl Hash for SourceLocation {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(at) => write!(f, "{}:{}:{}", at.file(), at.line(), at.column()),
            None => f.write_str("an unknown place"),
        }
    }
}

/// A program that cannot be built, compiled or run.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    op: Cow<'static, str>,
    kind: ErrorKind,
    at: SourceLocation,
    notes: Vec<(String, SourceLocation)>,
}

/// Why it was refused. Rules build a kind; the tracer adds operation and place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Two shapes had to agree and do not.
    ShapeMismatch {
        /// The number of the violated constraint.
        number: u8,
        /// Shape of the left operand.
        lhs: Box<Shape>,
        /// Shape of the right operand.
        rhs: Box<Shape>,
        /// What the user can do about it.
        hint: &'static str,
    },
    /// Two element types had to agree and do not.
    DtypeMismatch {
        /// The number of the violated constraint.
        number: u8,
        /// Type of the left operand.
        lhs: Box<Type>,
        /// Type of the right operand.
        rhs: Box<Type>,
        /// What the user can do about it.
        hint: &'static str,
    },
    /// A numbered constraint of docs/spec.md is violated.
    Constraint {
        /// Its number in the primitive's list.
        number: u8,
        /// The fact, with the types at hand, and what to do.
        message: String,
    },
    /// Anything else: the fact and what to do.
    Invalid(String),
    /// An error of a Program inside the operation, with its own line.
    Inside(Error),
}

impl ErrorKind {
    /// A fact in words.
    pub fn invalid(message: impl Into<String>) -> ErrorKind {
        ErrorKind::Invalid(message.into())
    }
    /// Constraint number `number` of the primitive is violated.
    pub fn constraint(number: u8, message: impl Into<String>) -> ErrorKind {
        ErrorKind::Constraint { number, message: message.into() }
    }
    /// The number of the violated constraint in the primitive's list, if it is one.
    pub fn constraint_number(&self) -> Option<u8> {
        match self {
            ErrorKind::ShapeMismatch { number, .. }
            | ErrorKind::DtypeMismatch { number, .. }
            | ErrorKind::Constraint { number, .. } => Some(*number),
            ErrorKind::Invalid(_) | ErrorKind::Inside(_) => None,
        }
    }
}

impl Error {
    /// An error of `op` at `at`.
    ///
    /// An error of a Program inside keeps its own operation and line, and notes this one.
    pub fn new(op: impl Into<Cow<'static, str>>, kind: ErrorKind, at: SourceLocation) -> Error {
        let op = at.called.map_or_else(|| op.into(), Cow::Borrowed);
        match kind {
            ErrorKind::Inside(error) => error.with_note(format!("inside {op}"), at),
            kind => Error(Box::new(Inner { op, kind, at, notes: vec![] })),
        }
    }
    /// An error of `op` at the caller's line.
    #[track_caller]
    pub fn here(op: impl Into<Cow<'static, str>>, kind: ErrorKind) -> Error {
        Error::new(op, kind, SourceLocation::here())
    }
    /// The same error, of `op`: the function that the user called, which is made of the one that refused.
    #[doc(hidden)]
    pub fn of(mut self, op: &'static str) -> Error {
        self.0.op = op.into();
        self
    }
    /// Adds a line that helps: `what` is as in "traced by `jit` made".
    pub fn with_note(mut self, what: impl Into<String>, at: SourceLocation) -> Error {
        self.0.notes.push((what.into(), at));
        self
    }
    /// The operation that refused.
    pub fn op(&self) -> &str {
        &self.0.op
    }
    /// The reason, for callers that react to it.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }
    /// The line it comes from.
    pub fn place(&self) -> SourceLocation {
        self.0.at
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.op, self.0.kind)?;
        if self.0.at.location().is_some() {
            write!(f, "\n  at {}", self.0.at)?;
        }
        for (what, at) in &self.0.notes {
            write!(f, "\n  {what}")?;
            if at.location().is_some() {
                write!(f, " at {at}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::ShapeMismatch { lhs, rhs, hint, .. } => {
                write!(f, "shapes {lhs} and {rhs} differ; {hint}")
            }
            ErrorKind::DtypeMismatch { lhs, rhs, hint, .. } => {
                write!(f, "element types of {lhs} and {rhs} differ; {hint}")
            }
            ErrorKind::Constraint { message, .. } | ErrorKind::Invalid(message) => f.write_str(message),
            ErrorKind::Inside(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for Error {}
