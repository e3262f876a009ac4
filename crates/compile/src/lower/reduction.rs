//! Reductions as nodes; a long one is cut into chunks by its shape alone.

use super::{Lowering, combine_of, lower_scalars, unsupported};
use crate::graph::{Id, Kind};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::reduce::Reduction;
use gradus_ir::{Dims, Program, Result, Shape, SourceLocation, Type};
use std::sync::Arc;

impl Lowering {
    pub(super) fn reduction(
        &mut self,
        reduction: &Reduction,
        x: Id,
        ty: Type,
        location: SourceLocation,
    ) -> Result<Id> {
        Ok(match reduction {
            Reduction::Monoid { monoid, axes } => self.reduce(x, axes, *monoid, location),
            Reduction::Argmax { axis, .. } => self.first_extremum(x, *axis, Monoid::Max, ty, location),
            Reduction::Argmin { axis, .. } => self.first_extremum(x, *axis, Monoid::Min, ty, location),
            other => return Err(unsupported(&other.clone().into(), location)),
        })
    }

    /// The index where the extremum stands first: two reductions that fusion makes row by row.
    pub(super) fn first_extremum(
        &mut self,
        x: Id,
        axis: usize,
        monoid: Monoid,
        ty: Type,
        location: SourceLocation,
    ) -> Id {
        let from = self.graph.ty(x).clone();
        let best = self.reduce(x, &[axis], monoid, location);
        let dims = (0..from.rank()).filter(|&d| d != axis).collect();
        let best = self.node(Kind::Broadcast { dims }, &[best], from.clone(), location);
        let numbers = from.with_dtype(ty.dtype);
        let number = self.node(Kind::Iota { axis }, &[], numbers.clone(), location);
        let hit = self.node(Kind::ArgminCandidate, &[x, best, number], numbers, location);
        self.reduce(hit, &[axis], Monoid::Min, location)
    }

    pub(super) fn reduce_by_body(
        &mut self,
        axes: &Dims,
        body: &Arc<Program>,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Result<Vec<Id>> {
        if let (Some(monoid), [x, init]) = (Monoid::of_body(body), args) {
            let reduced = self.reduce(*x, axes, monoid, location);
            let init = self.node(Kind::Broadcast { dims: Dims::new() }, &[*init], types[0].clone(), location);
            return Ok(vec![self.combine(monoid, init, reduced, location)]);
        }
        let body = Arc::new(lower_scalars(body, location)?);
        let fold = |result| Kind::Fold { axes: axes.clone(), body: body.clone(), result };
        Ok(types
            .iter()
            .enumerate()
            .map(|(k, ty)| self.node(fold(k), args, (*ty).clone(), location))
            .collect())
    }

    pub(super) fn combine(&mut self, monoid: Monoid, x: Id, y: Id, location: SourceLocation) -> Id {
        let ty = self.graph.ty(x).clone();
        self.node(Kind::Elementwise { op: monoid.binary().into(), result: 0 }, &[x, y], ty, location)
    }

    /// A reduction; a long one is cut into chunks whose results are reduced in turn.
    pub(super) fn reduce(&mut self, x: Id, axes: &[usize], monoid: Monoid, location: SourceLocation) -> Id {
        let from = self.graph.ty(x).clone();
        if axes.is_empty() {
            return x;
        }
        let ty = from.with_shape(from.shape.without(axes));
        let combine = combine_of(monoid);
        if from.shape.size() == 0 {
            return self.node(Kind::Splat(combine.identity(ty.dtype.scalar())), &[], ty, location);
        }
        match chunk(&from.shape, axes) {
            Some((axis, length)) => self.reduce_chunks(x, axes, monoid, axis, length, location),
            None => self.node(Kind::Reduce { axes: axes.into(), combine }, &[x], ty, location),
        }
    }

    pub(super) fn reduce_chunks(
        &mut self,
        x: Id,
        axes: &[usize],
        monoid: Monoid,
        axis: usize,
        length: usize,
        location: SourceLocation,
    ) -> Id {
        let from = self.graph.ty(x).clone();
        let extent = from.shape.dim(axis);
        let (chunks, rest) = (extent / length, extent % length);
        let main = self.part(x, axis, 0, chunks * length, location);
        let split = from.shape.with_dim(axis, length).with_axis(axis, chunks);
        let main = self.node(Kind::Reshape, &[main], from.with_shape(split), location);
        // Axes from `axis` on have moved by one; the chunk's own axis is reduced, the number of chunks is kept.
        let inner: Dims = axes.iter().map(|&a| if a < axis { a } else { a + 1 }).collect();
        let partial = self.reduce(main, &inner, monoid, location);
        let kept_before = axis - axes.iter().filter(|&&a| a < axis).count();
        let total = self.reduce(partial, &[kept_before], monoid, location);
        if rest == 0 {
            return total;
        }
        let tail = self.part(x, axis, chunks * length, rest, location);
        let tail = self.reduce(tail, axes, monoid, location);
        self.combine(monoid, total, tail, location)
    }

    /// `length` indices of an axis.
    pub(super) fn part(
        &mut self,
        x: Id,
        axis: usize,
        start: usize,
        length: usize,
        location: SourceLocation,
    ) -> Id {
        let ty = self.graph.ty(x).clone();
        if length == ty.shape.dim(axis) {
            return x;
        }
        let mut starts = Dims::from_elem(0, ty.rank());
        starts[axis] = start;
        let kind = Kind::Slice { starts, strides: Dims::from_elem(1, ty.rank()) };
        let shape = ty.shape.with_dim(axis, length);
        self.node(kind, &[x], ty.with_shape(shape), location)
    }
}

/// Elements that one chunk of a reduction has.
const CHUNK: usize = 1 << 14;

/// Where a reduction is cut: axis and length of a chunk. Depends on the shape only.
fn chunk(shape: &Shape, axes: &[usize]) -> Option<(usize, usize)> {
    let reduced: usize = axes.iter().map(|&axis| shape.dim(axis)).product();
    let kept = shape.size() / reduced;
    let last = (0..shape.rank()).rev().find(|&axis| shape.dim(axis) != 1)?;
    let in_rows = axes.contains(&last);
    let (fewest_kept, target) = if in_rows { (16, CHUNK) } else { (1 << 12, 256) };
    if kept >= fewest_kept || reduced < 4 * target {
        return None;
    }
    let axis = axes.iter().copied().max_by_key(|&axis| (shape.dim(axis), usize::MAX - axis))?;
    let extent = shape.dim(axis);
    let length = (target / (reduced / extent)).max(1);
    (extent / length >= 2).then_some((axis, length))
}
