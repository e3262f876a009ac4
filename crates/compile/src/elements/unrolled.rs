//! Values written out element by element: what loops and computed addresses would do to values in memory, on values
//! that are not.

use super::emitter::Emitter;
use super::position::{Part, Position, sum};
use crate::graph::{Id, Kind, SliceUpdate};
use gradus_ir::Shape;
use gradus_kernel::{BufferId, Builder, Index, Scalar, Value};

impl Emitter<'_> {
    /// From now on positions are constants, and nodes are computed element by element.
    pub(crate) fn write_out(&mut self) {
        self.written_out = true;
    }

    /// Reads the stored node from a buffer that is there already.
    pub(crate) fn assign_buffer(&mut self, id: Id, buffer: BufferId) {
        self.buffer_of.insert(id, buffer);
    }

    /// The buffer of a stored node.
    pub(crate) fn buffer_for(&mut self, b: &mut Builder, id: Id) -> BufferId {
        match self.buffer_of.get(&id) {
            Some(&buffer) => buffer,
            None => self.add_buffer(b, id, gradus_kernel::Access::Read),
        }
    }

    pub(crate) fn stands_in_memory(&self, id: Id) -> bool {
        self.stored[id.index()]
    }

    /// A reduction, one term after the other.
    pub(super) fn reduce_written_out(
        &mut self,
        b: &mut Builder,
        id: Id,
        kept: &Position,
        init: Value,
    ) -> Value {
        let extents = self.reduced_extents(id);
        let count: usize = extents.iter().product();
        let mut total = init;
        for mut k in 0..count {
            let mut variables = vec![Index::constant(0); extents.len()];
            for (variable, &extent) in variables.iter_mut().zip(&extents).rev() {
                *variable = Index::constant((k % extent) as i64);
                k /= extent;
            }
            total = self.accumulate(b, id, kept, &variables, total);
        }
        total
    }

    /// A slice at a computed start, of an operand whose elements are values: chosen among all of them.
    pub(super) fn dynamic_slice_written_out(
        &mut self,
        b: &mut Builder,
        id: Id,
        position: &Position,
    ) -> Value {
        let graph = self.graph;
        let node = graph.node(id);
        let operand = node.args[0];
        let from = graph.ty(operand).shape.clone();
        let mut at: Vec<Index> = vec![];
        for (axis, part) in position.iter().enumerate() {
            let most = (from.dim(axis) - node.ty.shape.dim(axis)) as i64;
            let start = self.clamped_start(b, node.args[axis + 1], &Position::new(), most);
            at.push(sum(part.at.clone(), &start));
        }
        let mut chosen = None;
        for element in 0..from.size() {
            let coordinates = coordinates(&from, element);
            let value = self.emit(b, operand, &constant_position(&coordinates));
            chosen = Some(match chosen {
                None => value,
                Some(others) => match self.is_at(b, &at, &coordinates) {
                    Some(here) => b.select(here, value, others),
                    None => others,
                },
            });
        }
        chosen.expect("internal: an operand has elements")
    }

    /// An element of updated slices: of the last update that covers it, else of the base.
    pub(super) fn updated(&mut self, b: &mut Builder, id: Id, position: &Position) -> Value {
        let graph = self.graph;
        let node = graph.node(id);
        let Kind::UpdateSlices { based, updates } = &node.kind else { unreachable!("internal: an update") };
        let mut value = based.then(|| match graph.ty(node.args[0]).rank() {
            0 => self.emit(b, node.args[0], &Position::new()),
            _ => self.emit(b, node.args[0], position),
        });
        for (k, update) in updates.iter().enumerate() {
            let source = node.args[k + usize::from(*based)];
            value = self.covered(b, id, update, source, position, value);
        }
        value.expect("internal: some update covers each element")
    }

    fn covered(
        &mut self,
        b: &mut Builder,
        id: Id,
        update: &SliceUpdate,
        source: Id,
        position: &Position,
        before: Option<Value>,
    ) -> Option<Value> {
        let graph = self.graph;
        let node = graph.node(id);
        let shape = graph.ty(source).shape.clone();
        let Some(first) = update.dynamic else {
            let mut coordinates = vec![];
            for (axis, part) in position.iter().enumerate() {
                let at = part.at.constant_part() - update.starts[axis] as i64;
                let stride = update.strides[axis] as i64;
                if at < 0 || at % stride != 0 || at / stride >= shape.dim(axis) as i64 {
                    return before;
                }
                coordinates.push(at / stride);
            }
            return Some(self.emit(b, source, &constant_position(&coordinates)));
        };
        let mut starts = vec![];
        for axis in 0..shape.rank() {
            let most = (node.ty.shape.dim(axis) - shape.dim(axis)) as i64;
            starts.push(self.clamped_start(b, node.args[first + axis], &Position::new(), most));
        }
        let mut value = before;
        for element in 0..shape.size() {
            let within = coordinates(&shape, element);
            let start: Vec<i64> =
                position.iter().zip(&within).map(|(part, within)| part.at.constant_part() - within).collect();
            if let Some(here) = self.is_at(b, &starts, &start) {
                let own = self.emit(b, source, &constant_position(&within));
                value = Some(match value {
                    Some(before) => b.select(here, own, before),
                    None => own,
                });
            }
        }
        value
    }

    /// Whether the computed coordinates are these; `None` if they never are.
    fn is_at(&mut self, b: &mut Builder, computed: &[Index], coordinates: &[i64]) -> Option<Value> {
        let mut all = b.bool(true);
        for (index, &coordinate) in computed.iter().zip(coordinates) {
            if let Some((low, high)) = self.ranges.of(index)
                && (coordinate < low || coordinate > high)
            {
                return None;
            }
            let value = self.value_of(b, index);
            let wanted = b.int(Scalar::I64, coordinate);
            let same = b.eq(value, wanted);
            all = b.and(all, same);
        }
        Some(all)
    }
}

/// Coordinates of element number `k`.
fn coordinates(shape: &Shape, mut k: usize) -> Vec<i64> {
    let mut reversed: Vec<i64> = vec![];
    for extent in shape.dims().into_iter().rev() {
        reversed.push((k % extent) as i64);
        k /= extent;
    }
    reversed.reverse();
    reversed
}

fn constant_position(coordinates: &[i64]) -> Position {
    coordinates.iter().map(|&c| Part::one(Index::constant(c))).collect()
}
