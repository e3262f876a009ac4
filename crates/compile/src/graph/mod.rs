//! The graph that fusion works on: single-result nodes, calls inlined, in order of definition.
//!
//! Invariant: a node reads only nodes before it. The graph knows *how elements move*; what an elementwise
//! operation computes, only its rules know; how a routine computes, only its file in `routines` knows.

mod control_flow;
mod text;
mod view;

pub(crate) use control_flow::{ControlFlow, Scan, TripCount, While};
pub(crate) use view::View;

use crate::runtime::{Slot, Step};
use gradus_ir::ops::index::GatherDims;
use gradus_ir::{Array, Dims, Op, SourceLocation, Type};
use gradus_kernel::{Combine, Scalar};
use smallvec::SmallVec;
use std::sync::Arc;

/// A node of a [`Graph`], and the value it defines.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Id(u32);

impl Id {
    pub(crate) fn new(index: usize) -> Id {
        Id(u32::try_from(index).expect("internal: fewer than 2^32 nodes"))
    }
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Short list of nodes.
pub(crate) type Ids = SmallVec<[Id; 3]>;

/// One value and how it is made.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) args: Ids,
    pub(crate) ty: Type,
    pub(crate) location: SourceLocation,
}

/// How a node's elements come from its operands'.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Parameter of the program, by number.
    Param(usize),
    /// Data.
    Constant(Array),
    /// Equal elements with these bits.
    Splat(u64),
    /// One element from those at the same index (or from a scalar operand); `result` of several.
    Elementwise { op: Op, result: usize },
    /// `result[i] = i[axis]`, converted.
    Iota { axis: usize },
    /// Operand axis `k` is result axis `dims[k]`; extents 1 repeat.
    Broadcast { dims: Dims },
    /// Same elements in row-major order.
    Reshape,
    /// Result axis `k` is operand axis `axes[k]`.
    Transpose { axes: Dims },
    /// `start + stride · i` along each axis.
    Slice { starts: Dims, strides: Dims },
    /// Reversed along these axes.
    Reverse { axes: Dims },
    /// `args[0]` from the clamped start given by the scalars that follow.
    DynamicSlice,
    /// Windows of `args[0]` at `args[1]`.
    Gather(Box<Windows>),
    /// `args[0]` reduced over `axes`.
    Reduce { axes: Dims, combine: Combine },
    /// `args` reduced over `axes` by a program on scalars, from the initial values that follow; `result` of several.
    Fold { axes: Dims, body: Arc<Graph>, result: usize },
    /// `args[2]` where `args[0]` equals `args[1]` or is NaN, else the largest integer: what argmax reduces by min.
    ArgminCandidate,
    /// The elements of windows (im2col): the taps' axes come first, then the operand's, on which windows are
    /// `strides` apart.
    Patches { taps: Vec<Tap>, strides: Dims },
    /// Running totals along the middle one of three axes, by a program on scalars.
    Cumulate { reverse: bool, body: Arc<Graph> },
    /// Product summed over the contracted axes, as a loop in a kernel.
    Contract(Box<ContractDims>),
    /// `args[0]` (if `based`) with the other operands written into it at `updates`, in order: a concatenation, a
    /// padding, an update of a slice.
    UpdateSlices { based: bool, updates: Vec<SliceUpdate> },
    /// `args[0]` with the windows `args[2]` joined to it at `args[1]`, one after the other.
    Scatter { windows: Box<Windows>, join: Join },
    /// What a routine computes of all operands; the value is the first result, the tuple elements after it the others.
    Routine(Arc<dyn Routine>),
    /// A loop or a choice; it is no value itself, its results are the tuple elements after it.
    ControlFlow(Arc<ControlFlow<Graph>>),
    /// A result of the routine, loop or choice `args[0]`, which stands so many places before it.
    TupleElement,
}

/// What the stages ask of a kind; whoever adds one says it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It is there before the program runs.
    Source,
    /// It is made of nothing.
    Generator,
    /// It only says where an element stands.
    Movement,
    /// Each element is computed where it is read.
    Pointwise,
    /// It needs a loop for each element.
    Reduction,
    /// It is a unit of work: its elements stand in memory before anyone reads them.
    Step,
}

/// A step that is no kernel of ours: its file says what it reads, how it is prepared and, in the [`Step`], how it runs.
pub(crate) trait Routine: std::fmt::Debug + Send + Sync {
    /// A word for descriptions.
    fn name(&self) -> &'static str;
    /// The stored values that node `id` reads: its operands, or what lies below their movements if it takes strides.
    fn sources(&self, graph: &Graph, id: Id) -> Vec<Id> {
        graph.node(id).args.to_vec()
    }
    /// May it end the call with an `Err`?
    fn can_fail(&self) -> bool {
        self.makes_tapes()
    }
    /// May it make a tape?
    fn makes_tapes(&self) -> bool {
        false
    }
    /// Is it seen from outside, so that it keeps its place among the steps?
    fn is_ordered(&self) -> bool {
        false
    }
    /// The step of node `id`; `slot` says where each stored value is.
    fn step(&self, graph: &Graph, id: Id, slot: &dyn Fn(Id) -> Slot) -> Step;
}

/// An axis of a window in an [`Kind::Patches`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap {
    /// The operand's axis.
    pub(crate) axis: usize,
    /// Distance of neighbours in the window.
    pub(crate) dilation: usize,
}

/// Where an operand lies in an [`Kind::UpdateSlices`].
#[derive(Clone, Debug)]
pub(crate) struct SliceUpdate {
    /// The element `i` of the operand is element `starts + strides · i` of the whole.
    pub(crate) starts: Dims,
    pub(crate) strides: Dims,
    /// Start scalars among the operands, from this one on, clamped so that it fits.
    pub(crate) dynamic: Option<usize>,
}

/// How a scatter joins an update to what is there.
#[derive(Clone, Debug)]
pub(crate) enum Join {
    /// It takes its place.
    Overwrite,
    /// By a combination.
    Combine(Combine),
    /// By a program of what is there and the update.
    Body(Arc<Graph>),
}

/// Windows at computed places, of a gather or a scatter.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    pub(crate) dims: GatherDims,
    /// Extents of a window along the operand's axes.
    pub(crate) sizes: Dims,
    /// What stands for windows out of bounds (a scatter leaves them out); `None` moves them inside.
    pub(crate) fill: Option<u64>,
}

/// Axes of a product.
#[derive(Clone, Debug)]
pub(crate) struct ContractDims {
    pub(crate) lhs_batch: Dims,
    pub(crate) rhs_batch: Dims,
    pub(crate) lhs_contract: Dims,
    pub(crate) rhs_contract: Dims,
}

impl ContractDims {
    /// Axes of an operand of `rank` that are neither batch nor contracted.
    pub(crate) fn free(rank: usize, batch: &[usize], contract: &[usize]) -> Dims {
        (0..rank).filter(|axis| !batch.contains(axis) && !contract.contains(axis)).collect()
    }
}

/// Nodes in order of definition, and which are the results.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    pub(crate) results: Vec<Id>,
    /// Types of the results: a reshaped result is the value below it under another shape.
    pub(crate) result_types: Vec<Type>,
    pub(crate) num_params: usize,
}

impl Graph {
    pub(crate) fn push(&mut self, node: Node) -> Id {
        debug_assert!(node.args.iter().all(|arg| arg.index() < self.nodes.len()), "internal: order of nodes");
        self.nodes.push(node);
        Id::new(self.nodes.len() - 1)
    }
    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.index()]
    }
    pub(crate) fn ty(&self, id: Id) -> &Type {
        &self.nodes[id.index()].ty
    }
    pub(crate) fn scalar(&self, id: Id) -> Scalar {
        self.ty(id).dtype.scalar()
    }
    /// The step `id`, and the further results that stand behind it.
    pub(crate) fn results_of(&self, id: Id) -> impl ExactSizeIterator<Item = Id> + use<> {
        let is_result = |node: &&Node| matches!(node.kind, Kind::TupleElement) && node.args[..] == [id];
        let count = self.nodes[id.index() + 1..].iter().take_while(is_result).count();
        (id.index()..id.index() + 1 + count).map(Id::new)
    }
    /// The results of the loop or choice `id`, some without elements.
    pub(crate) fn elements_of(&self, id: Id) -> impl ExactSizeIterator<Item = Id> + use<> {
        self.results_of(id).skip(1)
    }
    /// Those of its results that have elements.
    pub(crate) fn written_elements_of(&self, id: Id) -> Vec<Id> {
        self.elements_of(id).filter(|element| self.ty(*element).shape.size() > 0).collect()
    }
    /// The loop or choice that node `id` is.
    pub(crate) fn control_flow(&self, id: Id) -> &ControlFlow<Graph> {
        match &self.node(id).kind {
            Kind::ControlFlow(inner) => inner,
            kind => unreachable!("internal: {kind:?} runs no Program"),
        }
    }
    /// A word for the node: of a further result that of its step.
    pub(crate) fn name(&self, id: Id) -> &'static str {
        match self.node(id).kind {
            Kind::TupleElement => self.node(self.node(id).args[0]).kind.name(),
            _ => self.node(id).kind.name(),
        }
    }
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }
    /// May some step end the call with an `Err`?
    pub(crate) fn can_fail(&self) -> bool {
        self.nodes.iter().any(|node| node.kind.can_fail())
    }
    /// May some step make a tape?
    pub(crate) fn makes_tapes(&self) -> bool {
        self.nodes.iter().any(|node| node.kind.makes_tapes())
    }
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = Id> + ExactSizeIterator + use<> {
        (0..self.nodes.len()).map(Id::new)
    }
}

impl Kind {
    /// A word for descriptions.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Kind::Param(_) => "param",
            Kind::Constant(_) | Kind::Splat(_) => "constant",
            Kind::Elementwise { op, .. } => op.rules().name(),
            Kind::Iota { .. } => "iota",
            Kind::Broadcast { .. } => "broadcast",
            Kind::Reshape => "reshape",
            Kind::Transpose { .. } => "transpose",
            Kind::Slice { .. } => "slice",
            Kind::Reverse { .. } => "reverse",
            Kind::DynamicSlice => "dynamic_slice",
            Kind::Gather(_) => "gather",
            Kind::Reduce { .. } | Kind::Fold { .. } => "reduce",
            Kind::ArgminCandidate => "argmin_candidate",
            Kind::Patches { .. } => "patches",
            Kind::Cumulate { .. } => "cumulate",
            Kind::Contract(_) => "dot_general",
            Kind::UpdateSlices { .. } => "update_slices",
            Kind::Scatter { .. } => "scatter",
            Kind::Routine(routine) => routine.name(),
            Kind::ControlFlow(_) => "loop",
            Kind::TupleElement => "tuple_element",
        }
    }
    /// What the stages ask of it.
    pub(crate) fn class(&self) -> Class {
        match self {
            Kind::Param(_) | Kind::Constant(_) => Class::Source,
            Kind::Splat(_) | Kind::Iota { .. } => Class::Generator,
            Kind::Broadcast { .. }
            | Kind::Reshape
            | Kind::Transpose { .. }
            | Kind::Slice { .. }
            | Kind::Reverse { .. }
            | Kind::Patches { .. } => Class::Movement,
            Kind::Elementwise { .. } | Kind::DynamicSlice | Kind::Gather(_) | Kind::ArgminCandidate => {
                Class::Pointwise
            }
            Kind::Reduce { .. } | Kind::Fold { .. } | Kind::Contract(_) => Class::Reduction,
            Kind::Cumulate { .. }
            | Kind::UpdateSlices { .. }
            | Kind::Scatter { .. }
            | Kind::Routine(_)
            | Kind::ControlFlow(_)
            | Kind::TupleElement => Class::Step,
        }
    }
    /// Is it there before the program runs?
    pub(crate) fn is_source(&self) -> bool {
        self.class() == Class::Source
    }
    /// Does it need a loop for each element?
    pub(crate) fn is_reduction(&self) -> bool {
        self.class() == Class::Reduction
    }
    /// May its step end the call with an `Err`? State is then written to buffers of its own and swapped at the end.
    pub(crate) fn can_fail(&self) -> bool {
        match self {
            Kind::Routine(routine) => routine.can_fail(),
            Kind::ControlFlow(inner) => inner.can_fail(),
            _ => false,
        }
    }
    /// May its step make a tape?
    pub(crate) fn makes_tapes(&self) -> bool {
        match self {
            Kind::Routine(routine) => routine.makes_tapes(),
            Kind::ControlFlow(inner) => inner.makes_tapes(),
            _ => false,
        }
    }
}

impl ControlFlow<Graph> {
    /// May a step inside end the call with an `Err`?
    pub(crate) fn can_fail(&self) -> bool {
        self.makes_tapes() || self.graphs().into_iter().any(Graph::can_fail)
    }
    /// May it make a tape, itself or inside?
    pub(crate) fn makes_tapes(&self) -> bool {
        let itself = match self {
            ControlFlow::Scan(scan) => scan.ys_on_tape.contains(&true),
            ControlFlow::While(inner) => inner.is_recorded,
            ControlFlow::Cond(_) => false,
        };
        itself || self.graphs().into_iter().any(Graph::makes_tapes)
    }
    /// Whether no tape that an iteration makes is seen after it.
    pub(crate) fn frees_tapes(&self) -> bool {
        match self {
            ControlFlow::Scan(scan) => scan.body.makes_tapes() && !scan.returns_tapes,
            ControlFlow::While(inner) => inner.body.makes_tapes() && !inner.returns_tapes,
            ControlFlow::Cond(_) => false,
        }
    }
}
