//! From graph nodes to statements of a kernel: the value of a node at a position.
//!
//! Invariant: a value is computed at most once per open block and address, and what stands in memory is loaded,
//! never computed again.

use crate::graph::{ContractDims, GatherDims, Graph, Id, Kind, OutOfBounds};
use crate::position::{Part, Position, Ranges, address, scaled, sum};
use gradus_ir::{Dims, Shape};
use gradus_kernel::{
    Access, Binary, BufferId, Builder, Combine, Index, Reduce, Scalar, Value, reduction_lanes,
};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

/// A load of a stored value.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) id: Id,
    /// Row-major number of the element.
    pub(crate) at: Index,
}

/// Writes nodes into a kernel that is being built.
pub(crate) struct Emitter<'g> {
    graph: &'g Graph,
    /// Which nodes stand in memory (a node of the kernel's own outputs counts once it is written).
    stored: &'g [bool],
    /// Buffers of the kernel so far, and what they hold; `None` is scratch.
    pub(crate) buffers: Vec<Option<Id>>,
    buffer_of: FxHashMap<Id, BufferId>,
    /// Values of open blocks by node and address.
    memo: Vec<FxHashMap<(Id, Index), Value>>,
    pub(crate) ranges: Ranges,
    /// Loop variables whose value is used other than in an address: their loops cannot be merged.
    pub(crate) pinned: FxHashSet<Value>,
    /// Loop variables that had to be divided, and by what.
    pub(crate) divided: Vec<(Value, i64)>,
    pub(crate) reads: Vec<Read>,
    in_lanes: bool,
    /// Members of the kernel that an earlier pass over the row has written to their buffer.
    pub(crate) written: FxHashSet<Id>,
    /// Members whose row an earlier pass has kept in scratch.
    pub(crate) kept_rows: FxHashMap<Id, BufferId>,
    /// Number of the current element within its row.
    pub(crate) columns: Index,
}

impl<'g> Emitter<'g> {
    pub(crate) fn new(graph: &'g Graph, stored: &'g [bool]) -> Emitter<'g> {
        Emitter {
            graph,
            stored,
            buffers: vec![],
            buffer_of: FxHashMap::default(),
            memo: vec![FxHashMap::default()],
            ranges: Ranges::default(),
            pinned: FxHashSet::default(),
            divided: vec![],
            reads: vec![],
            in_lanes: false,
            written: FxHashSet::default(),
            kept_rows: FxHashMap::default(),
            columns: Index::constant(0),
        }
    }

    /// Lane type of a node.
    pub(crate) fn scalar(&self, id: Id) -> Scalar {
        self.graph.scalar(id)
    }

    /// A new buffer of the kernel that holds `id`; loads of `id` read it from now on.
    pub(crate) fn add_buffer(&mut self, b: &mut Builder, id: Id, access: Access) -> BufferId {
        let buffer = b.buffer(self.graph.scalar(id), access);
        self.buffers.push(Some(id));
        if access != Access::Write {
            self.buffer_of.insert(id, buffer);
        }
        buffer
    }

    /// A new scratch buffer.
    pub(crate) fn add_scratch(&mut self, b: &mut Builder, scalar: Scalar) -> BufferId {
        self.buffers.push(None);
        b.buffer(scalar, Access::ReadWrite)
    }

    /// Runs `f` in a new block, whose values are forgotten with it.
    pub(crate) fn scoped<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        self.memo.push(FxHashMap::default());
        let result = f(self);
        self.memo.pop();
        result
    }

    /// Runs `f` as the body of a lanes loop over `variable`.
    pub(crate) fn lanes_body<R>(
        &mut self,
        variable: Value,
        extent: i64,
        f: impl FnOnce(&mut Self) -> R,
    ) -> R {
        self.ranges.set(variable, 0, extent - 1);
        let before = std::mem::replace(&mut self.in_lanes, true);
        let result = self.scoped(f);
        self.in_lanes = before;
        result
    }

    /// Makes `value` known as the element of `id` at `at`.
    pub(crate) fn know(&mut self, id: Id, at: Index, value: Value) {
        self.memo.last_mut().expect("internal: an open block").insert((id, at), value);
    }

    /// The element of `id` at `position`.
    pub(crate) fn emit(&mut self, b: &mut Builder, id: Id, position: &Position) -> Value {
        let graph = self.graph;
        let node = graph.node(id);
        if let Kind::Splat(bits) = node.kind {
            return b.bits(graph.scalar(id), bits);
        }
        let at = address(&node.ty.shape.dims(), position);
        let key = (id, at);
        if let Some(&value) = self.memo.iter().rev().find_map(|block| block.get(&key)) {
            return value;
        }
        let value = if self.stored[id.index()] || self.written.contains(&id) {
            self.load(b, id, key.1.clone())
        } else if let Some(&scratch) = self.kept_rows.get(&id) {
            b.load(scratch, self.columns.clone())
        } else {
            self.compute(b, id, position)
        };
        self.know(id, key.1, value);
        value
    }

    fn load(&mut self, b: &mut Builder, id: Id, at: Index) -> Value {
        let buffer = match self.buffer_of.get(&id) {
            Some(&buffer) => buffer,
            None => self.add_buffer(b, id, Access::Read),
        };
        self.reads.push(Read { id, at: at.clone() });
        b.load(buffer, at)
    }

    /// The element of `id` from those of its operands.
    pub(crate) fn compute(&mut self, b: &mut Builder, id: Id, position: &Position) -> Value {
        let graph = self.graph;
        let node = graph.node(id);
        let shape = &node.ty.shape;
        let operand = |k: usize| &graph.ty(node.args[k]).shape;
        match &node.kind {
            Kind::Splat(bits) => b.bits(graph.scalar(id), *bits),
            Kind::Elementwise { op, result } => {
                let args: SmallVec<[Value; 4]> =
                    node.args.iter().map(|&arg| self.emit_like(b, arg, position, shape)).collect();
                let rules = op.rules();
                let rules = rules.elementwise().expect("internal: an elementwise node has elementwise rules");
                rules.lower(b, &args)[*result]
            }
            Kind::Hit => self.emit_hit(b, id, position),
            Kind::Iota { axis } => {
                let parts = self.single(b, position, shape);
                let value = self.value_of(b, &parts[*axis].at);
                b.convert(graph.scalar(id), value)
            }
            Kind::Broadcast { dims } => {
                let position = self.through_broadcast(b, position, shape, operand(0), dims);
                self.emit(b, node.args[0], &position)
            }
            Kind::Reshape => {
                let position = through_reshape(position, &shape.dims(), &operand(0).dims());
                self.emit(b, node.args[0], &position)
            }
            Kind::Transpose { axes } => {
                let position = self.through_transpose(b, position, shape, axes);
                self.emit(b, node.args[0], &position)
            }
            Kind::Slice { starts, strides } => {
                let position = self.through_slice(b, position, shape, operand(0), starts, strides);
                self.emit(b, node.args[0], &position)
            }
            Kind::Reverse { axes } => {
                let mut parts = self.single(b, position, shape);
                for &axis in axes {
                    let last = Index::constant(shape.dim(axis) as i64 - 1);
                    parts[axis].at = sum(last, &scaled(&parts[axis].at, -1));
                }
                self.emit(b, node.args[0], &parts)
            }
            Kind::DynamicSlice => {
                let mut parts = self.single(b, position, shape);
                for (axis, part) in parts.iter_mut().enumerate() {
                    let most = (operand(0).dim(axis) - shape.dim(axis)) as i64;
                    let start = self.clamped_start(b, node.args[axis + 1], &smallvec![], most);
                    part.at = sum(part.at.clone(), &start);
                }
                self.emit(b, node.args[0], &parts)
            }
            Kind::Gather(dims) => self.emit_gather(b, id, position, dims),
            Kind::Reduce { .. } | Kind::Contract(_) => {
                let init = self.reduction_start(b, id);
                self.emit_reduction(b, id, position, init)
            }
            Kind::Fold { .. } => self.emit_fold(b, id, position),
            kind => unreachable!("internal: {kind:?} is not computed in place"),
        }
    }

    /// An operand of an elementwise node: at the node's position, or a scalar.
    fn emit_like(&mut self, b: &mut Builder, id: Id, position: &Position, shape: &Shape) -> Value {
        if self.graph.ty(id).rank() == 0 && shape.rank() > 0 {
            return self.emit(b, id, &Position::new());
        }
        self.emit(b, id, position)
    }

    fn emit_hit(&mut self, b: &mut Builder, id: Id, position: &Position) -> Value {
        let args = self.graph.node(id).args.clone();
        let [x, best, number] = [0, 1, 2].map(|k| self.emit(b, args[k], position));
        let (equal, nan) = (b.eq(x, best), b.ne(x, x));
        let hit = b.or(equal, nan);
        let scalar = self.graph.scalar(id);
        let none = b.bits(scalar, scalar.max_bits());
        b.select(hit, number, none)
    }

    /// `index` as an i64 value.
    pub(crate) fn value_of(&mut self, b: &mut Builder, index: &Index) -> Value {
        let mut total = None;
        for &(value, c) in index.terms() {
            self.pinned.insert(value);
            let factor = b.int(Scalar::I64, c);
            let term = if c == 1 { value } else { b.mul(value, factor) };
            total = Some(match total {
                Some(total) => b.add(total, term),
                None => term,
            });
        }
        let offset = b.int(Scalar::I64, index.constant_part());
        match total {
            Some(total) if index.constant_part() == 0 => total,
            Some(total) => b.add(total, offset),
            None => offset,
        }
    }

    /// One part per axis.
    pub(crate) fn single(&mut self, b: &mut Builder, position: &Position, shape: &Shape) -> Position {
        let dims = shape.dims();
        let mut axis = 0;
        let mut parts = Position::new();
        for part in position {
            self.split(b, part, &dims[axis..axis + part.axes], &mut parts);
            axis += part.axes;
        }
        parts
    }

    /// Appends a part per axis of `part`, which covers axes of these extents.
    fn split(&mut self, b: &mut Builder, part: &Part, dims: &[usize], parts: &mut Position) {
        if part.axes == 1 {
            parts.push(part.clone());
            return;
        }
        let mut rest = part.at.clone();
        let mut reversed: SmallVec<[Index; 4]> = smallvec![];
        for (k, &extent) in dims.iter().enumerate().rev() {
            if k == 0 {
                reversed.push(std::mem::take(&mut rest));
                break;
            }
            let (quotient, remainder) = self.div_rem(b, &rest, extent as i64);
            reversed.push(remainder);
            rest = quotient;
        }
        parts.extend(reversed.into_iter().rev().map(Part::one));
    }

    fn div_rem(&mut self, b: &mut Builder, index: &Index, extent: i64) -> (Index, Index) {
        if extent <= 1 {
            return (index.clone(), Index::constant(0));
        }
        if let Some(affine) = self.ranges.div_rem(index, extent) {
            return affine;
        }
        if let [(value, 1)] = *index.terms() {
            self.divided.push((value, extent));
        }
        let bounds = self.ranges.of(index);
        let whole = self.value_of(b, index);
        let divisor = b.int(Scalar::I64, extent);
        let (quotient, remainder) = (b.div(whole, divisor), b.rem(whole, divisor));
        self.ranges.set(remainder, 0, extent - 1);
        if let Some((low, high)) = bounds {
            self.ranges.set(quotient, low / extent, high / extent);
        }
        (quotient.into(), remainder.into())
    }

    fn through_broadcast(
        &mut self,
        b: &mut Builder,
        position: &Position,
        shape: &Shape,
        operand: &Shape,
        dims: &Dims,
    ) -> Position {
        let (all, own) = (shape.dims(), operand.dims());
        let mut source = SmallVec::<[Option<usize>; 4]>::from_elem(None, all.len());
        for (k, &d) in dims.iter().enumerate() {
            source[d] = Some(k);
        }
        let mut result = Position::new();
        let mut axis = 0;
        for part in position {
            let run = axis..axis + part.axes;
            axis = run.end;
            let repeats = |d: usize| source[d].is_none_or(|k| own[k] != all[d]);
            if !run.clone().any(repeats) {
                result.push(part.clone());
                continue;
            }
            if run.clone().all(repeats) {
                let units = run.filter(|&d| source[d].is_some());
                result.extend(units.map(|_| Part::one(Index::constant(0))));
                continue;
            }
            let mut parts = Position::new();
            self.split(b, part, &all[run.clone()], &mut parts);
            for (d, part) in run.zip(parts) {
                match source[d] {
                    Some(_) if repeats(d) => result.push(Part::one(Index::constant(0))),
                    Some(_) => result.push(part),
                    None => {}
                }
            }
        }
        result
    }

    fn through_transpose(
        &mut self,
        b: &mut Builder,
        position: &Position,
        shape: &Shape,
        axes: &Dims,
    ) -> Position {
        let dims = shape.dims();
        let mut runs: SmallVec<[(usize, Part); 4]> = smallvec![];
        let mut axis = 0;
        for part in position {
            let run = axis..axis + part.axes;
            axis = run.end;
            let together = axes[run.clone()].windows(2).all(|w| w[0] + 1 == w[1]);
            if together {
                runs.push((axes[run.start], part.clone()));
                continue;
            }
            let mut parts = Position::new();
            self.split(b, part, &dims[run.clone()], &mut parts);
            runs.extend(run.zip(parts).map(|(d, part)| (axes[d], part)));
        }
        runs.sort_by_key(|run| run.0);
        runs.into_iter().map(|run| run.1).collect()
    }

    fn through_slice(
        &mut self,
        b: &mut Builder,
        position: &Position,
        shape: &Shape,
        operand: &Shape,
        starts: &Dims,
        strides: &Dims,
    ) -> Position {
        let dims = shape.dims();
        let mut result = Position::new();
        let mut axis = 0;
        for part in position {
            let run = axis..axis + part.axes;
            axis = run.end;
            let whole = |d: usize| dims[d] == operand.dim(d) && strides[d] == 1;
            // A slice of the leading axis of a run is a shift.
            if strides[run.start] == 1 && run.clone().skip(1).all(whole) {
                let inner: i64 = run.clone().skip(1).map(|d| dims[d] as i64).product();
                let at = part.at.clone().offset(starts[run.start] as i64 * inner);
                result.push(Part { axes: part.axes, at });
                continue;
            }
            let mut parts = Position::new();
            self.split(b, part, &dims[run.clone()], &mut parts);
            for (d, part) in run.zip(parts) {
                let at = scaled(&part.at, strides[d] as i64).offset(starts[d] as i64);
                result.push(Part::one(at));
            }
        }
        result
    }

    /// A start index, clamped to `0..=most`.
    pub(crate) fn clamped_start(&mut self, b: &mut Builder, id: Id, position: &Position, most: i64) -> Index {
        if most <= 0 {
            return Index::constant(0);
        }
        let start = self.emit(b, id, position);
        let start = self.as_index(b, start);
        let (zero, most_value) = (b.int(Scalar::I64, 0), b.int(Scalar::I64, most));
        let start = b.max(start, zero);
        let start = b.min(start, most_value);
        self.ranges.set(start, 0, most);
        start.into()
    }

    fn as_index(&mut self, b: &mut Builder, value: Value) -> Value {
        b.convert(Scalar::I64, value)
    }

    fn emit_gather(&mut self, b: &mut Builder, id: Id, position: &Position, dims: &GatherDims) -> Value {
        let graph = self.graph;
        let (operand, indices) = (graph.node(id).args[0], graph.node(id).args[1]);
        let from = &graph.ty(operand).shape;
        let parts = self.single(b, position, &graph.ty(id).shape);
        let mut offsets = parts.iter().enumerate().filter(|(d, _)| dims.offset_dims.contains(d));
        let batch: Vec<&Part> =
            parts.iter().enumerate().filter(|(d, _)| !dims.offset_dims.contains(d)).map(|p| p.1).collect();
        let indices_at = |component: usize| -> Position {
            let mut at: Position = batch.iter().map(|part| (*part).clone()).collect();
            if dims.index_vector_dim < graph.ty(indices).rank() {
                at.insert(dims.index_vector_dim, Part::one(Index::constant(component as i64)));
            }
            at
        };
        let mut inside = None;
        let mut starts: Vec<Index> = vec![Index::constant(0); from.rank()];
        for (component, &axis) in dims.start_index_map.iter().enumerate() {
            let most = from.dim(axis) as i64 - dims.slice_sizes[axis] as i64;
            if let OutOfBounds::Fill(_) = dims.out_of_bounds {
                let ok = self.in_bounds(b, indices, &indices_at(component), most);
                inside = Some(inside.map_or(ok, |inside| b.and(inside, ok)));
            }
            starts[axis] = self.clamped_start(b, indices, &indices_at(component), most);
        }
        for (&axis, &of_indices) in dims.operand_batching.iter().zip(&dims.indices_batching) {
            let number = of_indices - usize::from(of_indices > dims.index_vector_dim);
            starts[axis] = batch[number].at.clone();
        }
        let mut at = Position::new();
        for (axis, start) in starts.into_iter().enumerate() {
            let whole = dims.collapsed.contains(&axis) || dims.operand_batching.contains(&axis);
            let offset = if whole { None } else { offsets.next().map(|(_, part)| &part.at) };
            at.push(Part::one(offset.map_or(start.clone(), |offset| sum(start, offset))));
        }
        let value = self.emit(b, operand, &at);
        match (inside, dims.out_of_bounds) {
            (Some(inside), OutOfBounds::Fill(bits)) => {
                let fill = b.bits(graph.scalar(id), bits);
                b.select(inside, value, fill)
            }
            _ => value,
        }
    }

    /// Whether the start index lies in `0..=most`.
    pub(crate) fn in_bounds(&mut self, b: &mut Builder, id: Id, position: &Position, most: i64) -> Value {
        let start = self.emit(b, id, position);
        let start = self.as_index(b, start);
        let (zero, most) = (b.int(Scalar::I64, 0), b.int(Scalar::I64, most));
        let (above, below) = (b.ge(start, zero), b.le(start, most));
        b.and(above, below)
    }
}

/// The same element in another shape of the same size.
fn through_reshape(position: &Position, from: &[usize], to: &[usize]) -> Position {
    let mut result = Position::new();
    let (mut part, mut axis, mut of_part) = (0, 0, 0);
    while axis < to.len() {
        // The shortest run of parts and the shortest run of axes with as many elements.
        let (first_axis, mut have, mut want) = (axis, 1usize, to[axis]);
        axis += 1;
        let mut at = Index::constant(0);
        let mut runs = 0;
        while have != want || (runs == 0 && want != 1) {
            if have < want {
                let Some(next) = position.get(part) else { break };
                let extent: usize = from[of_part..of_part + next.axes].iter().product();
                at = sum(scaled(&at, extent as i64), &next.at);
                have *= extent;
                runs += 1;
                of_part += next.axes;
                part += 1;
            } else {
                want *= to[axis];
                axis += 1;
            }
        }
        result.push(Part { axes: axis - first_axis, at });
    }
    result
}

// ---- reductions

impl Emitter<'_> {
    /// What an empty reduction gives.
    fn reduction_start(&mut self, b: &mut Builder, id: Id) -> Value {
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
    fn emit_reduction(&mut self, b: &mut Builder, id: Id, kept: &Position, init: Value) -> Value {
        let kept = self.single(b, kept, &self.graph.ty(id).shape);
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

    fn accumulate(
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
    fn emit_fold(&mut self, b: &mut Builder, id: Id, position: &Position) -> Value {
        let graph = self.graph;
        let node = graph.node(id);
        let Kind::Fold { axes, body, result } = &node.kind else { unreachable!("internal: a fold") };
        let kept = self.single(b, position, &node.ty.shape);
        let (operands, inits) = node.args.split_at(node.args.len() / 2);
        let init: Vec<Value> = inits.iter().map(|&init| self.emit(b, init, &Position::new())).collect();
        let extents = self.reduced_extents(id);
        let rank = graph.ty(operands[0]).rank();
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
