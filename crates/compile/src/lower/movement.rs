//! Movements as nodes: what only says where an element stands, and what writes slices side by side.

use super::{Lowering, unsupported};
use crate::graph::{Id, Kind, SliceUpdate};
use gradus_ir::ops::elementwise::Parts;
use gradus_ir::ops::movement::Movement;
use gradus_ir::{Dims, Result, SourceLocation, Type};

impl Lowering {
    pub(super) fn movement(
        &mut self,
        movement: &Movement,
        args: &[Id],
        ty: Type,
        location: SourceLocation,
    ) -> Result<Id> {
        let kind = match movement {
            Movement::Broadcast { dims, .. } => Kind::Broadcast { dims: dims.clone() },
            Movement::Reshape { .. } => Kind::Reshape,
            Movement::Transpose { permutation } => Kind::Transpose { axes: permutation.clone() },
            Movement::Slice { starts, strides, .. } => {
                Kind::Slice { starts: starts.clone(), strides: strides.clone() }
            }
            Movement::Rev { dimensions } => Kind::Reverse { axes: dimensions.clone() },
            Movement::Concatenate { dimension } => {
                return Ok(self.concatenate(args, *dimension, ty, location));
            }
            Movement::Pad { low, interior, .. } => return Ok(self.pad(args, low, interior, ty, location)),
        };
        Ok(self.node(kind, args, ty, location))
    }

    pub(super) fn concatenate(&mut self, args: &[Id], axis: usize, ty: Type, location: SourceLocation) -> Id {
        let rank = ty.rank();
        let (mut start, mut parts, mut updates) = (0, vec![], vec![]);
        for &arg in args {
            let shape = &self.graph.ty(arg).shape;
            let mut starts = Dims::from_elem(0, rank);
            starts[axis] = start;
            start += shape.dim(axis);
            if shape.size() > 0 {
                parts.push(arg);
                updates.push(SliceUpdate { starts, strides: Dims::from_elem(1, rank), dynamic: None });
            }
        }
        match parts[..] {
            [] => self.node(Kind::Splat(0), &[], ty, location),
            [only] => only,
            _ => self.node(Kind::UpdateSlices { based: false, updates }, &parts, ty, location),
        }
    }

    pub(super) fn pad(
        &mut self,
        args: &[Id],
        low: &[i64],
        interior: &[usize],
        ty: Type,
        location: SourceLocation,
    ) -> Id {
        let (x, fill) = (args[0], args[1]);
        let from = self.graph.ty(x).clone();
        let rank = ty.rank();
        let mut kept = (Dims::new(), Dims::new());
        let mut starts = Dims::new();
        for axis in 0..rank {
            let step = interior[axis] + 1;
            let to = ty.shape.dim(axis) as i64;
            // Elements before `first` and from `end` on are cut off.
            let first = (-low[axis]).max(0).unsigned_abs().div_ceil(step as u64) as usize;
            let fits = (to - low[axis] + step as i64 - 1).div_euclid(step as i64);
            let end = from.shape.dim(axis).min(fits.max(0) as usize);
            kept.0.push(first);
            kept.1.push(end.saturating_sub(first));
            starts.push((low[axis] + (first * step) as i64).max(0) as usize);
        }
        let all_filled = kept.1.contains(&0);
        if all_filled {
            return self.node(Kind::Broadcast { dims: Dims::new() }, &[fill], ty, location);
        }
        let mut kept_part = x;
        if kept.1 != from.shape.dims() {
            let kind = Kind::Slice { starts: kept.0, strides: Dims::from_elem(1, rank) };
            kept_part = self.node(kind, &[x], from.with_shape(kept.1), location);
        }
        let strides = interior.iter().map(|n| n + 1).collect();
        let updates = vec![SliceUpdate { starts, strides, dynamic: None }];
        self.node(Kind::UpdateSlices { based: true, updates }, &[fill, kept_part], ty, location)
    }

    /// Real and imaginary parts put side by side, or one of them taken out.
    pub(super) fn parts(&mut self, parts: Parts, args: &[Id], ty: Type, location: SourceLocation) -> Id {
        let shape = match parts {
            Parts::Complex => self.graph.ty(args[0]).shape.clone(),
            _ => ty.shape.clone(),
        };
        let rank = shape.rank();
        let at = |part: usize| {
            let mut starts = Dims::from_elem(0, rank + 1);
            starts[rank] = part;
            (starts, Dims::from_elem(1, rank + 1))
        };
        let single = Type::new(ty.dtype.real(), shape.with_axis(rank, 1));
        let part = match parts {
            Parts::Real => 0,
            Parts::Imag => 1,
            _ => {
                let columns = [0, 1].map(|k| self.node(Kind::Reshape, &[args[k]], single.clone(), location));
                let update = |k| {
                    let (starts, strides) = at(k);
                    SliceUpdate { starts, strides, dynamic: None }
                };
                let updates = vec![update(0), update(1)];
                return self.node(Kind::UpdateSlices { based: false, updates }, &columns, ty, location);
            }
        };
        let (starts, strides) = at(part);
        let column = self.node(Kind::Slice { starts, strides }, args, single, location);
        self.node(Kind::Reshape, &[column], ty, location)
    }
}
