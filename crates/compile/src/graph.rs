//! The graph that fusion works on: single-result nodes, calls inlined, in order of definition.
//!
//! Invariant: a node reads only nodes before it. The graph knows *how elements move*; what an elementwise
//! operation computes, only its rules know.

use crate::host::HostOp;
use crate::nested::Nested;
use crate::tapes::TapeOp;
use gradus_ir::ops::convolution::Convolution;
use gradus_ir::ops::index::GatherDims;
use gradus_ir::ops::library::Calls;
use gradus_ir::{Array, Dims, Op, SourceLocation as Place, Type};
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
    pub(crate) place: Place,
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
    Hit,
    /// The elements of windows: the taps' axes come first, then the operand's, on which windows are `strides` apart.
    Unfold { taps: Vec<Tap>, strides: Dims },
    /// Running totals along the middle one of three axes, by a program on scalars.
    Cumulate { reverse: bool, body: std::sync::Arc<Graph> },
    /// A convolution by the matrix kernel library; the axes of the second operand but that of outputs are one run.
    Convolve(Box<Convolution>),
    /// Product summed over the contracted axes, as a loop in a kernel.
    Contract(Box<ContractDims>),
    /// Product summed over the contracted axes, by the matrix kernel library.
    Matmul(Box<ContractDims>),
    /// `args[0]` (if `based`) with the other operands written into it at `pieces`, in order.
    Assemble { based: bool, pieces: Vec<Piece> },
    /// `args[0]` with the windows `args[2]` joined to it at `args[1]`, one after the other.
    Scatter { windows: Box<Windows>, join: Join },
    /// Stable sort of all operands by the leading ones; the value is the first result, the nodes after it the others.
    Sort(SortKey),
    /// An operation that the host runs. Its value says nothing; the nodes after it are the results.
    Host(Box<HostOp>),
    /// What a library's routine computes of all operands; the value is the first result, the nodes after it the others.
    Library(Box<Calls>),
    /// A further result of the sort or of the library's routine, or a result of the host's operation, `args[0]`.
    Extra,
    /// A loop or a choice; its values are the nodes that follow, each a part of it.
    Nested(Arc<Nested>),
    /// A result of the loop or choice `args[0]`: the node so many places before it.
    Part,
    /// A question about tapes, each of which stands in memory as a handle.
    Tape(TapeOp),
}

/// An axis of a window in an [`Kind::Unfold`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap {
    /// The operand's axis.
    pub(crate) axis: usize,
    /// Distance of neighbours in the window.
    pub(crate) dilation: usize,
}

/// Where an operand lies in an [`Kind::Assemble`].
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The element `i` of the piece is element `starts + strides · i` of the whole.
    pub(crate) starts: Dims,
    pub(crate) strides: Dims,
    /// Start scalars among the operands, from this one on, clamped so that the piece fits.
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
    Body(std::sync::Arc<Graph>),
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

/// How a sort compares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SortKey {
    pub(crate) axis: usize,
    pub(crate) num_keys: usize,
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
    /// All results of the step `id`, which has further ones behind it.
    pub(crate) fn results_of(&self, id: Id) -> impl Iterator<Item = Id> + use<> {
        let further = self.nodes[id.index() + 1..].iter();
        let count =
            further.take_while(|node| matches!(node.kind, Kind::Extra) && node.args[..] == [id]).count();
        (id.index()..=id.index() + count).map(Id::new)
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
            Kind::Reduce { .. } | Kind::Fold { .. } | Kind::Hit => "reduce",
            Kind::Unfold { .. } => "unfold",
            Kind::Cumulate { .. } => "cumulate",
            Kind::Convolve(_) => "convolution",
            Kind::Contract(_) | Kind::Matmul(_) => "dot_general",
            Kind::Assemble { .. } => "assemble",
            Kind::Scatter { .. } => "scatter",
            Kind::Host(host) => host.op.rules().name(),
            Kind::Library(calls) => calls.name(),
            Kind::Sort(_) => "sort",
            Kind::Extra => "further result",
            Kind::Nested(_) | Kind::Part => "loop",
            Kind::Tape(_) => "tape",
        }
    }
    /// Must its elements stand in memory before anyone reads them?
    pub(crate) fn is_step(&self) -> bool {
        matches!(
            self,
            Kind::Matmul(_)
                | Kind::Convolve(_)
                | Kind::Cumulate { .. }
                | Kind::Assemble { .. }
                | Kind::Scatter { .. }
                | Kind::Sort(_)
                | Kind::Host(_)
                | Kind::Library(_)
                | Kind::Extra
                | Kind::Nested(_)
                | Kind::Part
                | Kind::Tape(_)
        )
    }
    /// Does it only say where an element stands?
    pub(crate) fn is_movement(&self) -> bool {
        matches!(
            self,
            Kind::Broadcast { .. }
                | Kind::Reshape
                | Kind::Transpose { .. }
                | Kind::Slice { .. }
                | Kind::Reverse { .. }
                | Kind::Unfold { .. }
        )
    }
    /// May its step end the call with an `Err`? State is then written to buffers of its own and swapped at the end.
    pub(crate) fn can_fail(&self) -> bool {
        match self {
            Kind::Host(_) => true,
            Kind::Nested(nested) => nested.can_fail(),
            Kind::Tape(_) => self.makes_tapes(),
            _ => false,
        }
    }
    /// May its step make a tape?
    pub(crate) fn makes_tapes(&self) -> bool {
        match self {
            Kind::Nested(nested) => nested.makes_tapes(),
            Kind::Tape(op) => matches!(op, TapeOp::Select { .. }),
            _ => false,
        }
    }
    /// Is it there before the program runs?
    pub(crate) fn is_source(&self) -> bool {
        matches!(self, Kind::Param(_) | Kind::Constant(_))
    }
    /// Does it need a loop for each element?
    pub(crate) fn is_reduction(&self) -> bool {
        matches!(self, Kind::Reduce { .. } | Kind::Fold { .. } | Kind::Contract(_))
    }
}
