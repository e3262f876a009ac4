//! What a root reads, as functions of its loop variables: found by writing it into a kernel that is thrown away.

use crate::elements::{Emitter, Part, Position};
use crate::graph::{Graph, Id, Kind};
use gradus_ir::{Dims, Shape};
use gradus_kernel::{Builder, Index, Value};
use smallvec::SmallVec;

/// The loops of a root before any are merged: extents other than 1, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) dims: Dims,
    /// Which are reduced in the rows' loops; empty if none.
    pub(crate) reduced: SmallVec<[bool; 4]>,
}

impl Space {
    fn of_shape(shape: &Shape) -> Space {
        let dims: Dims = shape.dims().into_iter().filter(|&n| n != 1).collect();
        Space { reduced: SmallVec::from_elem(false, dims.len()), dims }
    }
    pub(crate) fn has_reduced(&self) -> bool {
        self.reduced.contains(&true)
    }
    /// Extents that are not reduced.
    pub(crate) fn kept(&self) -> Dims {
        self.dims.iter().zip(&self.reduced).filter(|(_, r)| !**r).map(|(n, _)| *n).collect()
    }
    pub(crate) fn num_reduced_elements(&self) -> usize {
        self.dims.iter().zip(&self.reduced).filter(|(_, r)| **r).map(|(n, _)| *n).product()
    }
}

/// How a root reads a stored value.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) id: Id,
    /// Coefficients of the loop variables in the row-major number; `None` if it is computed or shifted.
    pub(crate) strides: Option<Dims>,
}

/// What is known of a root before it is put into a group.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) space: Space,
    pub(crate) reads: Vec<Read>,
    /// Whether loop `k` and `k+1` could be one.
    pub(crate) mergeable: SmallVec<[bool; 4]>,
    /// Operations of the body.
    pub(crate) weight: u32,
}

/// A loop over one or several adjacent axes.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) extent: i64,
    /// How many of the space's axes.
    pub(crate) covers: usize,
    pub(crate) reduced: bool,
    pub(crate) variable: Index,
}

/// Is the reduction made row by row, its last reduced axis on lanes? Else each lane makes one of its own.
pub(crate) fn reduces_rows(graph: &Graph, id: Id) -> bool {
    let node = graph.node(id);
    match &node.kind {
        Kind::Reduce { axes, .. } => {
            let shape = &graph.ty(node.args[0]).shape;
            let last = (0..shape.rank()).rev().find(|&axis| shape.dim(axis) != 1);
            last.is_some_and(|last| axes.contains(&last))
        }
        Kind::Contract(dims) => {
            let ends = [(&dims.lhs_contract, 0), (&dims.rhs_contract, 1)];
            ends.iter().all(|(axes, k)| {
                let rank = graph.ty(node.args[*k]).rank();
                axes.last().is_some_and(|&axis| axis + 1 == rank)
            }) && node.ty.shape.dims().last().is_none_or(|&n| n < 64)
        }
        _ => false,
    }
}

/// The shape over which a root loops.
pub(crate) fn loop_shape(graph: &Graph, id: Id) -> Shape {
    let node = graph.node(id);
    if !reduces_rows(graph, id) {
        return node.ty.shape.clone();
    }
    match &node.kind {
        Kind::Reduce { .. } => graph.ty(node.args[0]).shape.clone(),
        Kind::Contract(dims) => {
            let from = &graph.ty(node.args[0]).shape;
            let contracted = dims.lhs_contract.iter().map(|&axis| from.dim(axis));
            node.ty.shape.dims().into_iter().chain(contracted).collect()
        }
        kind => unreachable!("internal: {kind:?} reduces no rows"),
    }
}

/// The loops of a root.
pub(crate) fn space(graph: &Graph, id: Id) -> Space {
    let shape = loop_shape(graph, id);
    if !reduces_rows(graph, id) {
        return Space::of_shape(&shape);
    }
    let node = graph.node(id);
    let is_reduced = |axis: usize| match &node.kind {
        Kind::Reduce { axes, .. } => axes.contains(&axis),
        _ => axis >= node.ty.rank(),
    };
    let axes: Dims = (0..shape.rank()).filter(|&axis| shape.dim(axis) != 1).collect();
    Space {
        dims: axes.iter().map(|&axis| shape.dim(axis)).collect(),
        reduced: axes.iter().map(|&axis| is_reduced(axis)).collect(),
    }
}

/// The element of an array of `shape` at these loop variables, which cover its extents other than 1.
pub(crate) fn position_at(shape: &Shape, axes: &[Axis]) -> Position {
    let dims = shape.dims();
    let mut position = Position::new();
    let mut axes = axes.iter();
    let mut d = 0;
    while d < dims.len() {
        if dims[d] == 1 {
            position.push(Part::one(Index::constant(0)));
            d += 1;
            continue;
        }
        let axis = axes.next().expect("internal: a loop for each axis");
        let (start, mut left) = (d, axis.covers);
        while left > 0 {
            left -= usize::from(dims[d] != 1);
            d += 1;
        }
        position.push(Part { axes: d - start, at: axis.variable.clone() });
    }
    position
}

/// The reduced coordinates of a product's term, one for each contracted axis.
fn contracted_coordinates(graph: &Graph, id: Id, position: &Position) -> Vec<Index> {
    position.iter().skip(graph.ty(id).rank()).map(|part| part.at.clone()).collect()
}

/// What iteration `axes` of the row-wise reduction `id` contributes.
pub(crate) fn row_term(e: &mut Emitter<'_>, b: &mut Builder, graph: &Graph, id: Id, axes: &[Axis]) -> Value {
    let position = position_at(&loop_shape(graph, id), axes);
    match &graph.node(id).kind {
        Kind::Reduce { .. } => e.emit(b, graph.node(id).args[0], &position),
        _ => {
            let variables = contracted_coordinates(graph, id, &position);
            let kept: Position = position.into_iter().take(graph.ty(id).rank()).collect();
            e.reduction_term(b, id, &kept, &variables)
        }
    }
}

impl Profile {
    /// Writes the root `id` once to see what it reads; `stored` tells what it does not compute.
    pub(crate) fn of(graph: &Graph, stored: &[bool], id: Id) -> Profile {
        let space = space(graph, id);
        let mut e = Emitter::new(graph, stored);
        let mut b = Builder::new();
        let mut variables: Vec<Value> = vec![];
        let mut last = None;
        open_loops(&mut b, &mut e, &space.dims, &mut variables, &mut |b, e, variables| {
            let axes: Vec<Axis> = variables
                .iter()
                .zip(&space.dims)
                .map(|(&v, &n)| Axis { extent: n as i64, covers: 1, reduced: false, variable: v.into() })
                .collect();
            last = Some(if reduces_rows(graph, id) {
                row_term(e, b, graph, id, &axes)
            } else {
                let position = position_at(&graph.ty(id).shape, &axes);
                e.compute(b, id, &position)
            });
        });
        let weight = last.map_or(0, |value| value.index() as u32).saturating_sub(variables.len() as u32);
        let mut reads: Vec<Read> = vec![];
        for load in &e.loads {
            let strides = strides_of(&load.at, &variables);
            reads.push(Read { id: load.id, strides });
        }
        let mergeable = (1..space.dims.len())
            .map(|k| {
                let pair = [variables[k - 1], variables[k]];
                let free = pair.iter().all(|v| !e.pinned.contains(v));
                let is_contract = matches!(graph.node(id).kind, Kind::Contract(_));
                free && !is_contract && e.loads.iter().all(|load| merges(&load.at, pair, space.dims[k]))
            })
            .collect();
        Profile { space, reads, mergeable, weight }
    }
}

fn merges(at: &Index, [outer, inner]: [Value; 2], extent: usize) -> bool {
    at.coefficient(outer) == at.coefficient(inner).wrapping_mul(extent as i64)
}

fn strides_of(at: &Index, variables: &[Value]) -> Option<Dims> {
    let affine =
        at.constant_part() == 0 && at.terms().iter().all(|(value, c)| *c > 0 && variables.contains(value));
    affine.then(|| variables.iter().map(|&v| at.coefficient(v) as usize).collect())
}

type Innermost<'f, 'g> = &'f mut dyn FnMut(&mut Builder, &mut Emitter<'g>, &[Value]);

fn open_loops<'g>(
    b: &mut Builder,
    e: &mut Emitter<'g>,
    dims: &[usize],
    variables: &mut Vec<Value>,
    innermost: Innermost<'_, 'g>,
) {
    let Some((&extent, rest)) = dims.split_first() else {
        return innermost(b, e, variables);
    };
    b.serial(0, extent as i64, |b, variable| {
        e.ranges.set(variable, 0, extent as i64 - 1);
        variables.push(variable);
        open_loops(b, e, rest, variables, innermost);
    });
}
