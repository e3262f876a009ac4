//! From graph nodes to statements of a kernel: the value of a node at a position.
//!
//! Invariant: a value is computed at most once per open block and address, and what stands in memory is loaded,
//! never computed again.

use super::position::{Part, Position, Ranges, address, scaled, sum, through_reshape};
use crate::graph::{Graph, Id, Kind};
use gradus_ir::Shape;
use gradus_kernel::{Access, BufferId, Builder, Index, Scalar, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

/// A load of a stored value.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) id: Id,
    /// Row-major number of the element.
    pub(crate) at: Index,
}

/// Writes nodes into a kernel that is being built.
pub(crate) struct Emitter<'g> {
    pub(super) graph: &'g Graph,
    /// Which nodes stand in memory (a node of the kernel's own outputs counts once it is written).
    pub(super) stored: &'g [bool],
    /// Buffers of the kernel so far, and what they hold; `None` is scratch.
    pub(crate) buffers: Vec<Option<Id>>,
    pub(super) buffer_of: FxHashMap<Id, BufferId>,
    /// Values of open blocks by node and address.
    memo: Vec<FxHashMap<(Id, Index), Value>>,
    pub(crate) ranges: Ranges,
    /// Loop variables whose value is used other than in an address: their loops cannot be merged.
    pub(crate) pinned: FxHashSet<Value>,
    /// Loop variables that had to be divided, and by what.
    pub(crate) divided: Vec<(Value, i64)>,
    pub(crate) loads: Vec<Load>,
    pub(super) in_lanes: bool,
    /// Positions are constants, and no loops are made.
    pub(super) written_out: bool,
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
            loads: vec![],
            in_lanes: false,
            written_out: false,
            written: FxHashSet::default(),
            kept_rows: FxHashMap::default(),
            columns: Index::constant(0),
        }
    }

    pub(crate) fn graph(&self) -> &'g Graph {
        self.graph
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
        self.loads.push(Load { id, at: at.clone() });
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
            Kind::ArgminCandidate => self.emit_argmin_candidate(b, id, position),
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
            Kind::Patches { taps, strides } => {
                let parts = self.single(b, position, shape);
                let (along, windows) = parts.split_at(taps.len());
                let mut at: Position =
                    windows.iter().zip(strides).map(|(o, s)| Part::one(scaled(&o.at, *s as i64))).collect();
                for (tap, place) in taps.iter().zip(along) {
                    let shift = scaled(&place.at, tap.dilation as i64);
                    at[tap.axis].at = sum(std::mem::take(&mut at[tap.axis].at), &shift);
                }
                self.emit(b, node.args[0], &at)
            }
            Kind::DynamicSlice if self.written_out && !self.stored[node.args[0].index()] => {
                let parts = self.single(b, position, shape);
                self.dynamic_slice_written_out(b, id, &parts)
            }
            Kind::UpdateSlices { .. } if self.written_out => {
                let parts = self.single(b, position, shape);
                self.updated(b, id, &parts)
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
            Kind::Gather(windows) => self.emit_gather(b, id, position, windows),
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

    fn emit_argmin_candidate(&mut self, b: &mut Builder, id: Id, position: &Position) -> Value {
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
    pub(super) fn split(&mut self, b: &mut Builder, part: &Part, dims: &[usize], parts: &mut Position) {
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
}
