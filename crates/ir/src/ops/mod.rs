//! Every primitive of gradus. One file per family; a file holds all the rules of its primitives.
//!
//! Passes ask the rules and never name a primitive. To add a primitive to a family, edit its file; to
//! add a family, add its file and one line of `families!`.

#[macro_use]
mod documented;

pub mod attributes;
pub mod checkpoint;
pub mod collective;
pub mod contract;
pub mod control;
pub mod convolution;
pub mod cumulative;
pub mod custom;
pub mod effect;
pub mod elementwise;
pub mod fft;
pub mod index;
pub mod library;
pub mod linalg;
pub mod linear_solve;
pub mod monoid;
pub mod movement;
pub mod reduce;
pub mod sample;
pub mod sort;
pub mod source;
pub mod strided;
pub mod window;

use crate::trace::{Val, Vals, bind};
use crate::{Array, ErrorKind, Program, Type};
pub use attributes::{Attribute, Attributes};
pub use elementwise::Elementwise;
pub use library::Library;
pub use sample::Sample;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A shape rule's answer: the types of the results, or why there are none.
pub type Infer = Result<Vec<Type>, ErrorKind>;

/// The new leading axis of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lanes {
    /// Its extent.
    pub size: usize,
    /// What collectives inside call it.
    pub name: Option<&'static str>,
}

impl Lanes {
    /// An axis without a name.
    pub fn new(size: usize) -> Lanes {
        Lanes { size, name: None }
    }
}

/// What an operation does besides computing its results; the greater one decides for a Program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing.
    #[default]
    None,
    /// It calls a function of the user's, which may fail: only where its lane runs, but as often as one likes.
    Call,
    /// It may make the call an error: it stays, whether or not its results are read, but has no place in an order.
    Check,
    /// It is seen from outside: it stays, is not merged or repeated, and keeps its place among others of its kind.
    Ordered,
}

impl Effect {
    /// Whether the operation stays as it is: not left out, merged or repeated.
    pub fn stays(self) -> bool {
        self >= Effect::Check
    }
}

/// How operands can be wrong without being refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hazard {
    /// An index out of bounds.
    OutOfBounds,
    /// A divisor that is zero.
    DivisionByZero,
}

/// An operand of a linear equation that is being transposed.
#[derive(Clone, Debug)]
pub enum Operand {
    /// It does not depend on what is linear.
    Known(Val),
    /// It does: a cotangent of this type is wanted.
    Linear(Type),
}

impl Operand {
    /// The value, if it is known.
    pub fn known(&self) -> Option<Val> {
        match self {
            Operand::Known(v) => Some(*v),
            Operand::Linear(_) => None,
        }
    }
}

/// What remains of an operation of which some operands are known.
#[derive(Clone, Debug)]
pub struct Split {
    /// The results that are known, computed in the current trace.
    pub known: Vec<Option<Val>>,
    /// The rest: its results are those not known.
    pub rest: Op,
    /// What the rest reads, in order.
    pub operands: Vec<Remaining>,
}

/// An operation without what nobody reads.
#[derive(Clone, Debug)]
pub struct Narrowed {
    /// What is left.
    pub op: Op,
    /// Which operands of the whole it has.
    pub args: Vec<bool>,
    /// Which results of the whole it has.
    pub results: Vec<bool>,
}

/// An operand of what remains of an operation.
#[derive(Clone, Copy, Debug)]
pub enum Remaining {
    /// A known value.
    Known(Val),
    /// The unknown operand of that number of the whole operation.
    Operand(usize),
}

/// A Program split by what is known: running `known` and then `rest` is running the whole.
#[derive(Clone, Debug)]
pub struct Halves {
    /// `(known parameters..) -> (known results.., values only the rest needs..)`.
    pub known: Arc<Program>,
    /// `(residuals.., unknown parameters..) -> (unknown results..)`.
    pub rest: Arc<Program>,
    /// Which results are known.
    pub known_results: Vec<bool>,
    /// What the rest reads, in the order of its parameters.
    pub residuals: Vec<Residual>,
}

/// Where the rest of a split Program finds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// A parameter of the known half, which need not be returned to be read.
    Parameter(usize),
    /// A result of the known half.
    Result(usize),
}

/// The passes as rules of operations that hold Programs see them; `gradus-transform` implements it.
///
/// Zeros stay symbolic: a tangent, a cotangent or a batch axis that a Program does not have is neither a parameter
/// nor a result of the Program that a pass returns; flags say which ones there are. Equal Programs asked about
/// within one pass are transformed once and share their answer.
pub trait Passes {
    /// `(x.., dx of those marked..) -> (y.., dy of those that are not zero..)`, and which `dy` these are.
    fn jvp(&self, program: &Arc<Program>, has_tangent: &[bool]) -> (Arc<Program>, Vec<bool>);
    /// For a program linear in the parameters marked `linear`: `(other parameters.., cotangents of the results
    /// marked..)
    /// -> (cotangents of the linear parameters that are not zero..)`, and which of the linear parameters these are.
    fn transpose(
        &self,
        program: &Arc<Program>,
        linear: &[bool],
        has_cotangent: &[bool],
    ) -> (Arc<Program>, Vec<bool>);
    /// The program over a new leading axis of the parameters marked, and which results have that axis.
    fn batch(&self, program: &Arc<Program>, mapped: &[bool], lanes: Lanes) -> (Arc<Program>, Vec<bool>);
    /// The program split by which parameters are known.
    fn split(&self, program: &Arc<Program>, known: &[bool]) -> Halves;
}

/// What a family must answer for each of its primitives.
pub trait Rules {
    /// The name in printed programs.
    fn name(&self) -> &'static str;
    /// The attributes in printed programs, in a fixed order.
    fn attributes(&self) -> Attributes {
        Attributes::new()
    }
    /// What operands and attributes must satisfy, as sentences; (C1) is the first. `infer` cites the numbers.
    fn constraints(&self) -> &'static [&'static str];
    /// How many operands it takes; checked before any other rule is asked.
    fn arity(&self) -> RangeInclusive<usize>;
    /// The number of results for `num_args` operands.
    fn num_results(&self, num_args: usize) -> usize {
        let _ = num_args;
        1
    }
    /// The types of the results, or why there are none.
    fn infer(&self, args: &[&Type]) -> Infer;
    /// The meaning: what every other rule and every kernel must agree with. For floats each result is computed in
    /// `f64` and rounded once; integers never pass through floats.
    ///
    /// # Errors
    /// What can only be seen while running, such as a failed check.
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind>;
    /// Writes the operation into the current trace, with the tangents of its results; `None` is a zero tangent.
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>);
    /// The cotangents of the linear operands (`None` for a zero, and for known ones).
    ///
    /// Called only for operations linear in the operands marked `Linear`.
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>>;
    /// The same operation over a new leading axis of the operands marked; every result has it.
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals;
    /// [`Rules::batch`], and which results have the axis; only where some are the same in every lane.
    fn batch_marked(
        &self,
        passes: &dyn Passes,
        args: &[Val],
        mapped: &[bool],
        lanes: Lanes,
    ) -> (Vals, Vec<bool>) {
        let results = self.batch(passes, args, mapped, lanes);
        let mapped = vec![true; results.len()];
        (results, mapped)
    }
    /// What remains when some operands are known; `None` if nothing can be computed before all are.
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        let _ = (passes, args);
        None
    }
    /// Whether there is a rule for the tangent of that operand; if not, `jvp` refuses it.
    fn is_differentiable(&self, operand: usize) -> bool {
        let _ = operand;
        true
    }
    /// Whether computing it again is cheaper than keeping its results: a result is larger than the operands.
    fn is_cheap(&self) -> bool {
        false
    }
    /// Whether operands may be tapes; the rules of an operation that takes none never see one.
    fn takes_tapes(&self) -> bool {
        false
    }
    /// Whether the order of the operands is of no matter.
    fn is_commutative(&self) -> bool {
        false
    }
    /// Whether results are elements of operands as they are: then 16-bit floats need no care.
    fn moves_elements(&self) -> bool {
        false
    }
    /// The same results, of operands or with results that are 16-bit floats, by primitives on `f32` and on bits;
    /// `None` if computing in `f32` and rounding the results once does it.
    ///
    /// Called while a trace is open, for operations whose operands or results are 16-bit floats.
    fn promote_to_f32(&self, args: &[Val]) -> Option<Vals> {
        let _ = args;
        None
    }
    /// The same results, of complex operands or with complex results, by primitives on real and imaginary parts;
    /// `None` if there is no such form.
    ///
    /// Called while a trace is open, for operations whose operands or results are complex.
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        let _ = args;
        None
    }
    /// The body of a kernel, if the operation works element by element.
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        None
    }
    /// What it does besides computing its results; of Programs inside the greatest.
    fn effect(&self) -> Effect {
        self.programs().into_iter().map(|program| program.effect()).max().unwrap_or_default()
    }
    /// Writes the operation into the current trace so that its effects happen only where the scalar `mask` is true.
    ///
    /// Called only for operations with an effect. `None` if the operation has no such form.
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let _ = (args, mask);
        None
    }
    /// Whether it, or a Program inside, speaks of the batch axis of that name.
    fn uses_axis(&self, name: &str) -> bool {
        self.programs().into_iter().any(|program| program.uses_axis(name))
    }
    /// Whether it stands for other operations once derivatives and batches are taken.
    fn expands(&self) -> bool {
        false
    }
    /// Writes what it stands for into the current trace.
    ///
    /// Called only if [`Rules::expands`].
    fn expand(&self, args: &[Val]) -> Vec<Val> {
        let _ = args;
        unreachable!("internal: {} stands for itself", self.name())
    }
    /// Why it cannot be run as it is, whatever its operands.
    fn refusal(&self) -> Option<ErrorKind> {
        None
    }
    /// The operation without the results that are not marked, and without operands that only those need; `None` if
    /// nothing can be left out.
    fn narrow(&self, read: &[bool]) -> Option<Narrowed> {
        let _ = read;
        None
    }
    /// Whether the Programs inside may have effects: they are run as they are, and not as the body of a kernel.
    fn admits_effects(&self) -> bool {
        false
    }
    /// Operands for which it means little, each with a scalar bool that says that these are none.
    fn hazards(&self, args: &[Val]) -> Vec<(Hazard, Val)> {
        let _ = args;
        vec![]
    }
    /// The library's routine, if the operation is computed by one.
    fn library(&self) -> Option<&dyn Library> {
        None
    }
    /// Programs inside, for printing and for passes that walk into them.
    fn programs(&self) -> Vec<&Arc<Program>> {
        vec![]
    }
    /// The same operation over other Programs, one for each of [`Rules::programs`]; `None` if there are none.
    fn with_programs(&self, programs: Vec<Arc<Program>>) -> Option<Op> {
        let _ = programs;
        None
    }
}

macro_rules! families {
    ($($Family:ident($ty:ty)),* $(,)?) => {
        /// An operation with its attributes: only data.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Op { $(#[doc = concat!("See [`", stringify!($ty), "`].")] $Family($ty)),* }

        $(impl From<$ty> for Op { fn from(op: $ty) -> Op { Op::$Family(op) } })*

        impl Op {
            /// The family's answers: the only way a pass learns what an operation means.
            pub fn rules(&self) -> &dyn Rules { match self { $(Op::$Family(op) => op),* } }

            /// The name of its family.
            pub fn family(&self) -> &'static str { match self { $(Op::$Family(_) => stringify!($Family)),* } }

            /// The family and the variant of every operation: what samples must cover.
            pub fn variants() -> Vec<(&'static str, &'static str)> {
                let mut all = vec![];
                $(all.extend(<$ty>::VARIANTS.iter().map(|variant| (stringify!($Family), *variant)));)*
                all
            }

            /// The name of its variant within the family.
            pub fn variant(&self) -> &'static str { match self { $(Op::$Family(op) => op.variant()),* } }

            /// The sentences of its documentation.
            pub fn doc(&self) -> &'static str { match self { $(Op::$Family(op) => op.doc()),* } }

            /// The operation of that printed name and attributes; `None` if no family knows the name.
            ///
            /// # Errors
            /// If an attribute is missing, unknown or of the wrong form.
            pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Op, String>> {
                $(if let Some(op) = <$ty>::parse(name, attributes) { return Some(op.map(Op::$Family)) })*
                None
            }
        }

        /// Samples of every primitive: the input of the conformance tests and of the generated spec.
        pub fn samples() -> Vec<Sample> {
            let mut all = vec![];
            $(all.extend(<$ty>::samples());)*
            all
        }

        /// For every numbered constraint of every primitive, its number and operands that violate it.
        pub fn refusals() -> Vec<(u8, Sample)> {
            let mut all = vec![];
            $(all.extend(<$ty>::refusals());)*
            all
        }
    };
}

families! {
    Unary(elementwise::Unary),
    Binary(elementwise::Binary),
    Choice(elementwise::Choice),
    Conversion(elementwise::Conversion),
    IntegerPow(elementwise::IntegerPow),
    Special(elementwise::Special),
    ReducePrecision(elementwise::ReducePrecision),
    Parts(elementwise::Parts),
    Threefry2x32(elementwise::Threefry2x32),
    RandomGamma(elementwise::RandomGamma),
    Source(source::Source),
    Movement(movement::Movement),
    Reduction(reduce::Reduction),
    Contraction(contract::Contraction),
    Convolution(convolution::Convolution),
    Windowing(window::Windowing),
    Cumulative(cumulative::Cumulative),
    Indexing(index::Indexing),
    Sorting(sort::Sorting),
    Linalg(linalg::Linalg),
    Fft(fft::Fft),
    Control(control::Control),
    Custom(custom::Custom),
    LinearSolve(linear_solve::LinearSolve),
    Checkpoint(checkpoint::Checkpoint),
    Collective(collective::Collective),
    Effectful(effect::Effectful),
}

/// Writes `op`, with tangents given by `tangent(y)`; for primitives with one result.
pub(crate) fn with_tangent(
    op: Op,
    x: &[Val],
    tangent: impl FnOnce(Val) -> Option<Val>,
) -> (Vals, Vec<Option<Val>>) {
    let y = bind(op, x);
    let dy = tangent(y[0]);
    (y, vec![dy])
}

/// Writes `op`, which is linear in all operands together, with its tangents.
pub(crate) fn linear_jvp(op: Op, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
    let y = bind(op.clone(), x);
    if dx.iter().all(Option::is_none) {
        return (y.clone(), vec![None; y.len()]);
    }
    let dx: Vals = x.iter().zip(dx).map(|(x, dx)| dx.unwrap_or_else(|| x.zeros_like())).collect();
    let dy = bind(op, &dx).into_iter().map(Some).collect();
    (y, dy)
}

/// The tangents of the results of `program`, which means the same as the operation with operands `x`.
pub(crate) fn tangents_through(
    passes: &dyn Passes,
    program: &Arc<Program>,
    x: &[Val],
    dx: &[Option<Val>],
) -> Vec<Option<Val>> {
    let has_tangent: Vec<bool> = dx.iter().map(Option::is_some).collect();
    let (pushed, nonzero) = passes.jvp(program, &has_tangent);
    let args: Vals = x.iter().copied().chain(dx.iter().flatten().copied()).collect();
    let mut tangents = pushed.inline(&args).into_iter().skip(program.results().len());
    nonzero.iter().map(|nonzero| if *nonzero { tangents.next() } else { None }).collect()
}

/// The sum of the terms that are not zero.
pub(crate) fn sum_terms(terms: impl IntoIterator<Item = Option<Val>>) -> Option<Val> {
    terms.into_iter().flatten().reduce(Val::plus)
}
