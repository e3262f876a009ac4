//! A tree as a list of parts, and where two trees differ.

use std::any::Any;
use std::fmt;

/// A tree as a list: its leaves, the way to them, and what else makes its structure.
///
/// Two arguments of a jitted function have the same structure if their lists agree but for the leaves.
pub enum Part<'a, L> {
    /// A named field begins.
    Field(&'static str),
    /// A numbered field or element begins.
    Index(usize),
    /// The value of a map's key begins.
    Key(&'a str),
    /// The next field is marked `#[tree(buffer)]`: all leaves in it are buffers.
    Buffer,
    /// Ends a field, an index or a key.
    End,
    /// A leaf.
    Leaf(&'a L),
    /// The variant of an enum.
    Variant(&'static str),
    /// The number of elements.
    Length(usize),
    /// A field marked `#[tree(static)]`.
    Static(&'static str, &'a dyn Same),
}

/// A static value behind `dyn`, for cache keys.
pub trait Same: Any + Send + Sync {
    /// Whether it is the same value of the same type.
    fn same(&self, other: &dyn Same) -> bool;
    /// A clone to keep.
    fn keep(&self) -> Box<dyn Same>;
}

/// The way to where a walk stands.
#[derive(Default)]
pub(crate) struct Path(Vec<String>);

impl Path {
    /// Takes one step of a walk.
    pub(crate) fn follow<L>(&mut self, part: &Part<'_, L>) {
        match part {
            Part::Field(name) => self.0.push((*name).to_string()),
            Part::Index(i) => self.0.push(i.to_string()),
            Part::Key(key) => self.0.push((*key).to_string()),
            Part::End => drop(self.0.pop()),
            Part::Leaf(_) | Part::Buffer | Part::Variant(_) | Part::Length(_) | Part::Static(..) => {}
        }
    }
}
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// What a leaf is to those that train the tree it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// What gradients are taken by and optimizers change.
    Parameter,
    /// State that is carried along: in a field marked `#[tree(buffer)]`.
    ///
    /// Running statistics, copies, counters and keys. Derivatives are not taken by it, so it may be of any type.
    Buffer,
}

/// Follows a walk and knows of which kind the leaves are that it meets.
#[derive(Default)]
pub(super) struct Kinds {
    depth: usize,
    is_announced: bool,
    /// The depth of the outermost field of buffers around.
    within: Option<usize>,
}

impl Kinds {
    /// Takes one step of a walk; the kind of the leaf, if it is one.
    pub(super) fn follow<L>(&mut self, part: &Part<'_, L>) -> Option<LeafKind> {
        match part {
            Part::Buffer => self.is_announced = true,
            Part::Field(_) | Part::Index(_) | Part::Key(_) => {
                self.depth += 1;
                if std::mem::take(&mut self.is_announced) {
                    self.within.get_or_insert(self.depth);
                }
            }
            Part::End => {
                self.within.take_if(|depth| *depth == self.depth);
                self.depth -= 1;
            }
            Part::Leaf(_) => {
                return Some(self.within.map_or(LeafKind::Parameter, |_| LeafKind::Buffer));
            }
            Part::Variant(_) | Part::Length(_) | Part::Static(..) => {}
        }
        None
    }
}

/// Where and how two trees differ.
#[derive(Debug)]
pub struct Mismatch {
    what: String,
    path: Vec<String>,
}

impl Mismatch {
    /// Here is a difference.
    pub fn new(what: &dyn fmt::Display) -> Mismatch {
        Mismatch { what: what.to_string(), path: vec![] }
    }
    /// A static field differs.
    pub fn static_field(name: &'static str) -> Mismatch {
        Mismatch::new(&format_args!("static field `{name}` differs"))
    }
    /// The same, seen from one step further up.
    pub fn within(mut self, step: &dyn fmt::Display) -> Mismatch {
        self.path.push(step.to_string());
        self
    }
}
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return write!(f, "trees differ: {}", self.what);
        }
        let path: Vec<_> = self.path.iter().rev().map(String::as_str).collect();
        write!(f, "trees differ at `{}`: {}", path.join("."), self.what)
    }
}

/// `?` that adds a step of the path.
macro_rules! within {
    ($step:expr, $e:expr) => {
        match $e {
            Ok(t) => t,
            Err(e) => return Err(e.within(&$step)),
        }
    };
}
pub(crate) use within;
