//! Slices at computed starts, gathers and scatters as nodes.

use super::{Lowering, combine_of, lower_scalars, splat_bits, unsupported};
use crate::graph::{Id, Join, Kind, SliceUpdate, Windows};
use gradus_ir::ops::index::{IndexMode, Indexing, Scatter, default_fill};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::{Dims, Result, SourceLocation, Type};
use std::sync::Arc;

impl Lowering {
    pub(super) fn indexing(
        &mut self,
        indexing: &Indexing,
        args: &[Id],
        ty: Type,
        location: SourceLocation,
    ) -> Result<Id> {
        let kind = match indexing {
            Indexing::DynamicSlice { .. } => Kind::DynamicSlice,
            Indexing::DynamicUpdateSlice => {
                let rank = ty.rank();
                if self.graph.ty(args[1]).shape.size() == 0 {
                    return Ok(args[0]);
                }
                let (starts, strides) = (Dims::from_elem(0, rank), Dims::from_elem(1, rank));
                Kind::UpdateSlices {
                    based: true,
                    updates: vec![SliceUpdate { starts, strides, dynamic: Some(2) }],
                }
            }
            Indexing::Gather(gather) => {
                let fill = gather.fill.clone().unwrap_or_else(|| default_fill(ty.dtype));
                let fill = (gather.mode == IndexMode::FillOrDrop).then(|| splat_bits(&fill)).flatten();
                let (dims, sizes) = (gather.dims.clone(), gather.slice_sizes.clone());
                Kind::Gather(Box::new(Windows { dims, sizes, fill }))
            }
            Indexing::Scatter(scatter) => {
                let join =
                    scatter.combine.map_or(Join::Overwrite, |monoid| Join::Combine(combine_of(monoid)));
                match self.scatter(scatter, join, args[2], &ty) {
                    Some(kind) => kind,
                    None => return Ok(args[0]),
                }
            }
            Indexing::ScatterBy { scatter, body } => {
                let join = match Monoid::of_body(body) {
                    Some(monoid) => Join::Combine(combine_of(monoid)),
                    None => Join::Body(Arc::new(lower_scalars(body, location)?)),
                };
                match self.scatter(scatter, join, args[2], &ty) {
                    Some(kind) => kind,
                    None => return Ok(args[0]),
                }
            }
        };
        Ok(self.node(kind, args, ty, location))
    }

    /// A scatter into a value of type `ty`; none if there are no updates.
    pub(super) fn scatter(&self, scatter: &Scatter, join: Join, updates: Id, ty: &Type) -> Option<Kind> {
        let updates = &self.graph.ty(updates).shape;
        if updates.size() == 0 {
            return None;
        }
        let windows = Windows {
            dims: scatter.dims.to_gather(),
            sizes: scatter.dims.window_sizes(ty.rank(), updates),
            fill: (scatter.mode == IndexMode::FillOrDrop).then_some(0),
        };
        Some(Kind::Scatter { windows: Box::new(windows), join })
    }
}
