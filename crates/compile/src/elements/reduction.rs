//! Reductions: loops over reduced axes within a lane or along lanes.

use super::emitter::Emitter;
use super::position::{Part, Position};
use crate::graph::{Class, ContractDims, Graph, Id, Kind};
use gradus_ir::{Dims, Shape};
use gradus_kernel::{Binary, Builder, Combine, Index, Reduce, Scalar, Value, reduction_lanes};
use smallvec::{SmallVec, smallvec};

/// A window of so many elements is written out.
const MOST_UNROLLED: usize = 16;

impl Emitter<'_> {
    /// What an empty reduction gives.
    pub(super) fn reduction_start(&mut self, b: &mut Builder, id: Id) -> Value {
        let scalar = self.graph.scalar(id);
        match self.graph.node(id).kind {
            Kind::Reduce { combine, .. } => b.bits(scalar, combine.identity(scalar)),
            _ => b.bits(scalar, 0),
        }
    }

    /// The reduced axes' extents.
    pub(crate) fn reduced_extents(&self, id: Id) -> Dims {
        let node = self.graph.node(id);
        let shape = &self.graph.ty(node.args[0]).shape;
        match &node.kind {
            Kind::Reduce { axes, .. } | Kind::Fold { axes, .. } => {
                axes.iter().map(|&a| shape.dim(a)).collect()
            }
            Kind::Contract(dims) => dims.lhs_contract.iter().map(|&a| shape.dim(a)).collect(),
            kind => unreachable!("internal: {kind:?} reduces nothing"),
        }
    }

    /// How two partial results become one.
    pub(crate) fn combine_of(&self, id: Id) -> Combine {
        match self.graph.node(id).kind {
            Kind::Reduce { combine, .. } => combine,
            _ => Combine::Sum,
        }
    }

    /// Loops over the reduced axes at a kept position.
    pub(super) fn emit_reduction(&mut self, b: &mut Builder, id: Id, kept: &Position, init: Value) -> Value {
        let kept = self.single(b, kept, &self.graph.ty(id).shape);
        if self.written_out {
            return self.reduce_written_out(b, id, &kept, init);
        }
        let extents = self.reduced_extents(id);
        self.reduction_loops(b, id, &kept, &extents, &mut vec![], init)
    }

    #[allow(clippy::too_many_arguments, reason = "one recursive loop nest")]
    fn reduction_loops(
        &mut self,
        b: &mut Builder,
        id: Id,
        kept: &Position,
        extents: &[usize],
        variables: &mut Vec<Index>,
        init: Value,
    ) -> Value {
        let Some((&extent, rest)) = extents.split_first() else {
            return self.accumulate(b, id, kept, variables, init);
        };
        let extent = extent as i64;
        if extent == 1 {
            variables.push(Index::constant(0));
            let value = self.reduction_loops(b, id, kept, rest, variables, init);
            variables.pop();
            return value;
        }
        if self.is_unrolled(id, extents) {
            return (0..extent).fold(init, |total, k| {
                variables.push(Index::constant(k));
                let total = self.reduction_loops(b, id, kept, rest, variables, total);
                variables.pop();
                total
            });
        }
        if rest.iter().all(|&n| n == 1) && !self.in_lanes {
            let lanes = reduction_lanes(self.graph.scalar(id), Some(extent), false);
            let reduce = Reduce { combine: self.combine_of(id), init };
            return b.reduce_lanes(0, extent, lanes, &[reduce], |b, variable| {
                self.lanes_body(variable, extent, |e| {
                    variables.push(variable.into());
                    variables.extend(rest.iter().map(|_| Index::constant(0)));
                    let term = e.reduction_term(b, id, kept, variables);
                    variables.truncate(variables.len() - 1 - rest.len());
                    vec![term]
                })
            })[0];
        }
        b.carry(0, extent, &[init], |b, variable, carried| {
            self.ranges.set(variable, 0, extent - 1);
            variables.push(variable.into());
            let value = self.scoped(|e| e.reduction_loops(b, id, kept, rest, variables, carried[0]));
            variables.pop();
            vec![value]
        })[0]
    }

    /// Is a reduction over windows written out, term after term? In lanes the loops would cost more than the terms.
    fn is_unrolled(&self, id: Id, extents: &[usize]) -> bool {
        let terms: usize = extents.iter().product();
        self.in_lanes && terms <= MOST_UNROLLED && self.reads_windows(self.graph.node(id).args[0], 0)
    }

    fn reads_windows(&self, id: Id, depth: usize) -> bool {
        let node = self.graph.node(id);
        match &node.kind {
            Kind::Patches { .. } => true,
            _ if depth == 8 || self.stored[id.index()] => false,
            kind if kind.class() == Class::Movement || matches!(kind, Kind::Elementwise { .. }) => {
                node.args.iter().any(|&arg| self.reads_windows(arg, depth + 1))
            }
            _ => false,
        }
    }

    pub(super) fn accumulate(
        &mut self,
        b: &mut Builder,
        id: Id,
        kept: &Position,
        variables: &[Index],
        acc: Value,
    ) -> Value {
        if let Kind::Contract(dims) = &self.graph.node(id).kind
            && self.graph.scalar(id).is_float()
        {
            let [x, y] = self.contract_operands(b, id, dims, kept, variables);
            return b.fma(x, y, acc);
        }
        let term = self.reduction_term(b, id, kept, variables);
        b.binary(self.combine_of(id).binary(), acc, term)
    }

    /// What the element at these reduced coordinates contributes.
    pub(crate) fn reduction_term(
        &mut self,
        b: &mut Builder,
        id: Id,
        kept: &Position,
        variables: &[Index],
    ) -> Value {
        let node = self.graph.node(id);
        match &node.kind {
            Kind::Reduce { axes, .. } => {
                let rank = self.graph.ty(node.args[0]).rank();
                let at = with_axes(kept, axes, variables, rank);
                self.emit(b, node.args[0], &at)
            }
            Kind::Contract(dims) => {
                let [x, y] = self.contract_operands(b, id, dims, kept, variables);
                b.binary(if self.graph.scalar(id) == Scalar::Bool { Binary::And } else { Binary::Mul }, x, y)
            }
            kind => unreachable!("internal: {kind:?} has no terms"),
        }
    }

    fn contract_operands(
        &mut self,
        b: &mut Builder,
        id: Id,
        dims: &ContractDims,
        kept: &Position,
        variables: &[Index],
    ) -> [Value; 2] {
        let args = self.graph.node(id).args.clone();
        let ranks = [self.graph.ty(args[0]).rank(), self.graph.ty(args[1]).rank()];
        let num_batch = dims.lhs_batch.len();
        let num_lhs_free = ranks[0] - num_batch - dims.lhs_contract.len();
        let mut at: [Position; 2] = ranks.map(|rank| smallvec![Part::one(Index::constant(0)); rank]);
        for (k, (&l, &r)) in dims.lhs_batch.iter().zip(&dims.rhs_batch).enumerate() {
            at[0][l] = kept[k].clone();
            at[1][r] = kept[k].clone();
        }
        let lhs_free = ContractDims::free(ranks[0], &dims.lhs_batch, &dims.lhs_contract);
        let rhs_free = ContractDims::free(ranks[1], &dims.rhs_batch, &dims.rhs_contract);
        lhs_free.iter().enumerate().for_each(|(k, &axis)| at[0][axis] = kept[num_batch + k].clone());
        rhs_free
            .iter()
            .enumerate()
            .for_each(|(k, &axis)| at[1][axis] = kept[num_batch + num_lhs_free + k].clone());
        for (k, variable) in variables.iter().enumerate() {
            at[0][dims.lhs_contract[k]] = Part::one(variable.clone());
            at[1][dims.rhs_contract[k]] = Part::one(variable.clone());
        }
        [self.emit(b, args[0], &at[0]), self.emit(b, args[1], &at[1])]
    }

    /// A reduction by a body, element after element; all results of one loop are known afterwards.
    pub(super) fn emit_fold(&mut self, b: &mut Builder, id: Id, position: &Position) -> Value {
        let graph = self.graph;
        let node = graph.node(id);
        let Kind::Fold { axes, body, result } = &node.kind else { unreachable!("internal: a fold") };
        let kept = self.single(b, position, &node.ty.shape);
        let (operands, inits) = node.args.split_at(node.args.len() / 2);
        let init: Vec<Value> = inits.iter().map(|&init| self.emit(b, init, &Position::new())).collect();
        let extents = self.reduced_extents(id);
        let rank = graph.ty(operands[0]).rank();
        if self.is_unrolled(id, &extents) {
            let shape = Shape::from(&extents[..]);
            let strides = shape.strides();
            let values = (0..shape.size()).fold(init, |totals, term| {
                let place = |axis: usize| Index::constant((term / strides[axis] % shape.dim(axis)) as i64);
                let variables: Vec<Index> = (0..shape.rank()).map(place).collect();
                let at = with_axes(&kept, axes, &variables, rank);
                let mut args = totals;
                args.extend(operands.iter().map(|&x| self.emit(b, x, &at)));
                emit_scalars(b, body, &args)
            });
            return values[*result];
        }
        let values = self.fold_loops(b, &extents, &mut vec![], &init, &mut |e, b, variables, carried| {
            let at = with_axes(&kept, axes, variables, rank);
            let mut args = carried.to_vec();
            args.extend(operands.iter().map(|&x| e.emit(b, x, &at)));
            emit_scalars(b, body, &args)
        });
        values[*result]
    }

    #[allow(clippy::type_complexity, reason = "the body of a loop nest")]
    fn fold_loops(
        &mut self,
        b: &mut Builder,
        extents: &[usize],
        variables: &mut Vec<Index>,
        init: &[Value],
        body: &mut dyn FnMut(&mut Self, &mut Builder, &[Index], &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let Some((&extent, rest)) = extents.split_first() else {
            return body(self, b, variables, init);
        };
        b.carry(0, extent as i64, init, |b, variable, carried| {
            self.ranges.set(variable, 0, extent as i64 - 1);
            variables.push(variable.into());
            let values = self.scoped(|e| e.fold_loops(b, rest, variables, carried, body));
            variables.pop();
            values
        })
    }
}

/// The position in the operand of a reduction: kept axes in order, `variables` at `axes`.
pub(crate) fn with_axes(kept: &Position, axes: &[usize], variables: &[Index], rank: usize) -> Position {
    let mut kept = kept.iter();
    (0..rank)
        .map(|axis| match axes.iter().position(|&a| a == axis) {
            Some(k) => Part::one(variables[k].clone()),
            None => kept.next().expect("internal: a kept axis").clone(),
        })
        .collect()
}

/// A graph on scalars with values for its parameters.
pub(crate) fn emit_scalars(b: &mut Builder, graph: &Graph, args: &[Value]) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let value = match &node.kind {
            Kind::Param(k) => args[*k],
            Kind::Splat(bits) => b.bits(graph.scalar(id), *bits),
            Kind::Elementwise { op, result } => {
                let args: SmallVec<[Value; 4]> = node.args.iter().map(|arg| values[arg.index()]).collect();
                let rules = op.rules();
                rules
                    .elementwise()
                    .expect("internal: an elementwise node has elementwise rules")
                    .lower(b, &args)[*result]
            }
            Kind::Broadcast { .. } | Kind::Reshape | Kind::Transpose { .. } => values[node.args[0].index()],
            kind => unreachable!("internal: {kind:?} in a body on scalars"),
        };
        values.push(value);
    }
    graph.results.iter().map(|r| values[r.index()]).collect()
}
