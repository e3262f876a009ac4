//! Windows of gather and scatter: where an index vector puts them.

use super::emitter::Emitter;
use super::position::{Part, Position, sum};
use crate::graph::{Id, Windows};
use gradus_ir::Shape;
use gradus_kernel::{Builder, Index, Scalar, Value};

/// Where one window starts in the operand.
pub(crate) struct WindowStarts {
    /// The first element along each operand axis.
    pub(crate) starts: Vec<Index>,
    /// Whether all of the window lies inside; `None` if it has been moved inside.
    pub(crate) inside: Option<Value>,
}

impl Emitter<'_> {
    pub(super) fn emit_gather(
        &mut self,
        b: &mut Builder,
        id: Id,
        position: &Position,
        windows: &Windows,
    ) -> Value {
        let graph = self.graph;
        let (operand, indices) = (graph.node(id).args[0], graph.node(id).args[1]);
        let parts = self.single(b, position, &graph.ty(id).shape);
        let is_offset = |d: &usize| windows.dims.offset_dims.contains(d);
        let of = |offset: bool| {
            let parts = parts.iter().enumerate().filter(move |(d, _)| is_offset(d) == offset);
            parts.map(|(_, part)| part.clone()).collect::<Position>()
        };
        let found = self.window_starts(b, indices, &of(false), windows, &graph.ty(operand).shape);
        let at = window_element(&found.starts, &of(true), windows);
        let value = self.emit(b, operand, &at);
        match (found.inside, windows.fill) {
            (Some(inside), Some(bits)) => {
                let fill = b.bits(graph.scalar(id), bits);
                b.select(inside, value, fill)
            }
            _ => value,
        }
    }

    /// The start of window number `batch` (one part for each axis of the indices but the last).
    pub(crate) fn window_starts(
        &mut self,
        b: &mut Builder,
        indices: Id,
        batch: &Position,
        windows: &Windows,
        operand: &Shape,
    ) -> WindowStarts {
        let mut found = WindowStarts { starts: vec![Index::constant(0); operand.rank()], inside: None };
        for (component, &axis) in windows.dims.start_index_map.iter().enumerate() {
            let mut at = batch.clone();
            at.push(Part::one(Index::constant(component as i64)));
            let most = operand.dim(axis) as i64 - windows.sizes[axis] as i64;
            if windows.fill.is_some() {
                let inside = self.is_inside(b, indices, &at, most);
                found.inside = Some(found.inside.map_or(inside, |others| b.and(others, inside)));
            }
            found.starts[axis] = self.clamped_start(b, indices, &at, most);
        }
        let batching =
            windows.dims.operand_batching_dims.iter().zip(&windows.dims.start_indices_batching_dims);
        for (&axis, &of_indices) in batching {
            found.starts[axis] = batch[of_indices].at.clone();
        }
        found
    }

    /// Whether a start index lies in `0..=most`.
    fn is_inside(&mut self, b: &mut Builder, id: Id, position: &Position, most: i64) -> Value {
        let start = self.emit(b, id, position);
        let start = b.convert(Scalar::I64, start);
        let (zero, most) = (b.int(Scalar::I64, 0), b.int(Scalar::I64, most));
        let (above, below) = (b.ge(start, zero), b.le(start, most));
        b.and(above, below)
    }
}

/// Element `within` (one part for each axis that a window keeps) of the window with these starts.
pub(crate) fn window_element(starts: &[Index], within: &Position, windows: &Windows) -> Position {
    let kept = windows.dims.window_axes(starts.len());
    let mut at: Position = starts.iter().cloned().map(Part::one).collect();
    for (&axis, part) in kept.iter().zip(within) {
        at[axis].at = sum(starts[axis].clone(), &part.at);
    }
    at
}
