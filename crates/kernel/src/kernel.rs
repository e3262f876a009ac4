//! The data of a kernel: buffers, a table of value types, and a tree of blocks.
//!
//! Every value is defined once, before it is read, in the block that reads it or one around it; `verify` checks
//! this. Equal kernels (`Eq`, `Hash`) compute the same, so that compiled code can be kept by kernel.

use smallvec::SmallVec;

use crate::op::{Op, Value};
use crate::scalar::Scalar;

/// A buffer parameter, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub(crate) u32);

impl BufferId {
    /// Position among the kernel's buffers.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a kernel may do with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Loads only.
    Read,
    /// Stores only.
    Write,
    /// Loads and stores.
    ReadWrite,
}

/// A buffer parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Buffer {
    /// Element type.
    pub scalar: Scalar,
    /// What the kernel may do with it.
    pub access: Access,
}

/// Position of an element: `Σ coefficient · value + offset`, in elements of the buffer.
///
/// The values are of type i64: loop variables, the kernel's range, or computed ones (a gather). Terms are sorted by
/// value, and none is zero, so that equal positions compare equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Index {
    pub(crate) terms: SmallVec<[(Value, i64); 3]>,
    pub(crate) offset: i64,
}

impl Index {
    /// The same element always.
    pub fn constant(offset: i64) -> Index {
        Index { terms: SmallVec::new(), offset }
    }

    /// This position plus `coefficient · value`.
    pub fn plus(mut self, value: Value, coefficient: i64) -> Index {
        match self.terms.binary_search_by_key(&value, |term| term.0) {
            Ok(at) => {
                self.terms[at].1 += coefficient;
                if self.terms[at].1 == 0 {
                    self.terms.remove(at);
                }
            }
            Err(at) if coefficient != 0 => self.terms.insert(at, (value, coefficient)),
            Err(_) => {}
        }
        self
    }

    /// This position `elements` further.
    pub fn offset(mut self, elements: i64) -> Index {
        self.offset += elements;
        self
    }

    /// Values and their coefficients, sorted by value.
    pub fn terms(&self) -> &[(Value, i64)] {
        &self.terms
    }

    /// The constant part.
    pub fn constant_part(&self) -> i64 {
        self.offset
    }

    /// The coefficient of a value, 0 if it does not occur.
    pub fn coefficient(&self, value: Value) -> i64 {
        self.terms.iter().find(|term| term.0 == value).map_or(0, |term| term.1)
    }
}

impl From<Value> for Index {
    fn from(value: Value) -> Index {
        Index::constant(0).plus(value, 1)
    }
}

impl From<i64> for Index {
    fn from(offset: i64) -> Index {
        Index::constant(offset)
    }
}

/// An end of a loop's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Known when the kernel is built.
    Constant(i64),
    /// An i64 value: an end of the kernel's range, or a computed one.
    Value(Value),
}

impl From<i64> for Bound {
    fn from(value: i64) -> Bound {
        Bound::Constant(value)
    }
}

impl From<Value> for Bound {
    fn from(value: Value) -> Bound {
        Bound::Value(value)
    }
}

/// A sequence of statements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Block {
    /// In order of execution.
    pub statements: Vec<Statement>,
}

/// One statement of a block.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Statement {
    /// `value = op`.
    Let {
        /// Result.
        value: Value,
        /// Operation.
        op: Op,
    },
    /// `value = buffer[index]`.
    Load {
        /// Result, of the buffer's type.
        value: Value,
        /// Where from.
        buffer: BufferId,
        /// Which element.
        index: Index,
    },
    /// `buffer[index] = value`.
    Store {
        /// Where to.
        buffer: BufferId,
        /// Which element.
        index: Index,
        /// Of the buffer's type.
        value: Value,
    },
    /// A counted loop.
    Loop(Box<Loop>),
    /// A choice between two blocks.
    If(Box<If>),
    /// A loop of unknown length.
    While(Box<While>),
}

/// `for variable in lower..upper`; empty if `lower >= upper`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Loop {
    /// The counter, an i64.
    pub variable: Value,
    /// First iteration.
    pub lower: Bound,
    /// One past the last iteration.
    pub upper: Bound,
    /// How iterations relate.
    pub kind: LoopKind,
    /// One iteration.
    pub body: Block,
}

/// How the iterations of a loop relate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LoopKind {
    /// One after the other, each seeing what the one before left.
    Serial(Vec<Carried>),
    /// In any order or at once, except for the reductions, whose order is fixed by `lanes`.
    Lanes {
        /// Number of accumulators of each reduction, a power of two.
        lanes: u32,
        /// Values reduced over the iterations.
        reductions: Vec<Reduction>,
    },
}

/// A value handed from one iteration to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Carried {
    /// Its name within the body.
    pub param: Value,
    /// Before the first iteration.
    pub init: Value,
    /// At the end of the body, for the next iteration.
    pub next: Value,
    /// After the loop.
    pub result: Value,
}

/// A reduction over the iterations of a lanes loop.
///
/// Its meaning is fixed: `lanes` accumulators start at the identity of `combine`; iteration `k` (counted from 0 at the
/// loop's lower end) is combined into accumulator `k mod lanes` as `combine(accumulator, term)`; then, for `half =
/// lanes/2, lanes/4, .. 1`, accumulator `j < half` becomes `combine(accumulator j, accumulator j+half)`; the result is
/// `combine(init, accumulator 0)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reduction {
    /// How two values become one.
    pub combine: Combine,
    /// The first operand of the last combination.
    pub init: Value,
    /// What an iteration contributes.
    pub term: Term,
    /// After the loop.
    pub result: Value,
}

/// What an iteration contributes to a reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// A value of the body.
    Value(Value),
    /// The product of two values of the body, added to the accumulator by one fma (`Combine::Sum` of floats only).
    Product(Value, Value),
}

/// An associative operation of a reduction, with an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combine {
    /// Addition, from +0.
    Sum,
    /// Multiplication, from 1.
    Product,
    /// `Max`, from -inf or the lowest integer.
    Max,
    /// `Min`, from +inf or the highest integer.
    Min,
    /// Bitwise and, from all ones.
    And,
    /// Bitwise or, from zero.
    Or,
    /// Bitwise exclusive or, from zero.
    Xor,
}

impl Combine {
    /// Every combination.
    pub const ALL: [Combine; 7] =
        [Combine::Sum, Combine::Product, Combine::Max, Combine::Min, Combine::And, Combine::Or, Combine::Xor];

    /// The binary operation.
    pub const fn binary(self) -> crate::op::Binary {
        use crate::op::Binary;
        match self {
            Combine::Sum => Binary::Add,
            Combine::Product => Binary::Mul,
            Combine::Max => Binary::Max,
            Combine::Min => Binary::Min,
            Combine::And => Binary::And,
            Combine::Or => Binary::Or,
            Combine::Xor => Binary::Xor,
        }
    }

    /// Lane bits of the identity.
    pub const fn identity(self, scalar: Scalar) -> u64 {
        match self {
            Combine::Sum | Combine::Or | Combine::Xor => 0,
            Combine::Product => scalar.bits_of_i64(1),
            Combine::And => scalar.mask(),
            Combine::Max if scalar.is_float() => scalar.bits_of_f64(f64::NEG_INFINITY),
            Combine::Min if scalar.is_float() => scalar.bits_of_f64(f64::INFINITY),
            Combine::Max => scalar.min_bits(),
            Combine::Min => scalar.max_bits(),
        }
    }

    /// Text name: `sum`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Combine::Sum => "sum",
            Combine::Product => "product",
            Combine::Max => "max",
            Combine::Min => "min",
            Combine::And => "and",
            Combine::Or => "or",
            Combine::Xor => "xor",
        }
    }
}

/// A choice: `results[k].result` is the first block's or the second's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct If {
    /// A bool.
    pub condition: Value,
    /// Runs if it is true.
    pub then: Block,
    /// Runs if it is false.
    pub otherwise: Block,
    /// What comes out.
    pub results: Vec<Choice>,
}

/// A result of an [`If`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// After the `If`.
    pub result: Value,
    /// Value of the `then` block.
    pub then: Value,
    /// Value of the `otherwise` block.
    pub otherwise: Value,
}

/// `while condition { body }` over carried values. The condition block sees the params, and so does the body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct While {
    /// Values handed from one iteration to the next.
    pub carried: Vec<Carried>,
    /// Computes `condition`; runs before each iteration.
    pub test: Block,
    /// A bool of `test`.
    pub condition: Value,
    /// One iteration.
    pub body: Block,
}

/// One kernel: parameters and body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kernel {
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) scalars: Vec<Scalar>,
    pub(crate) body: Block,
}

impl Kernel {
    /// The buffer parameters.
    pub fn buffers(&self) -> &[Buffer] {
        &self.buffers
    }

    /// Number of values; `Value::index` is below it.
    pub fn num_values(&self) -> usize {
        self.scalars.len()
    }

    /// Lane type of a value.
    pub fn scalar(&self, value: Value) -> Scalar {
        self.scalars[value.index()]
    }

    /// The two i64 parameters that give the part of the outer loop to run.
    pub fn range(&self) -> [Value; 2] {
        [Value(0), Value(1)]
    }

    /// The body.
    pub fn body(&self) -> &Block {
        &self.body
    }
}
