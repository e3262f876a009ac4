//! Products as nodes: of matrices for the routine, with a vector as a reduction, else as loops in a kernel.

use super::Lowering;
use crate::graph::{ContractDims, Id, Kind};
use crate::routines::Matmul;
use gradus_ir::ops::contract::DotDims;
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::{Dims, Shape, SourceLocation, Type};
use std::sync::Arc;

/// Products of at most this many multiplications are loops in a kernel.
const LARGEST_LOOP_PRODUCT: usize = 512;

impl Lowering {
    /// A product: of matrices for the routine, with a vector as a reduction, else as loops in a kernel.
    pub(super) fn product(&mut self, dims: &DotDims, args: &[Id], ty: Type, location: SourceLocation) -> Id {
        let [lhs, rhs] = [0, 1].map(|k| self.graph.ty(args[k]).shape.clone());
        let size =
            |shape: &Shape, axes: &[usize]| axes.iter().map(|&axis| shape.dim(axis)).product::<usize>();
        let m = size(&lhs, &dims.lhs_free(lhs.rank()));
        let n = size(&rhs, &dims.rhs_free(rhs.rank()));
        let k = size(&lhs, &dims.lhs_contracting);
        if ty.shape.size() == 0 || k == 0 {
            return self.node(Kind::Splat(0), &[], ty, location);
        }
        if n == 1 {
            return self.vector_product(dims, args, ty, location);
        }
        if m == 1 {
            let swapped = DotDims {
                lhs_contracting: dims.rhs_contracting.clone(),
                rhs_contracting: dims.lhs_contracting.clone(),
                lhs_batch: dims.rhs_batch.clone(),
                rhs_batch: dims.lhs_batch.clone(),
            };
            return self.vector_product(&swapped, &[args[1], args[0]], ty, location);
        }
        let own = ContractDims {
            lhs_batch: dims.lhs_batch.clone(),
            rhs_batch: dims.rhs_batch.clone(),
            lhs_contract: dims.lhs_contracting.clone(),
            rhs_contract: dims.rhs_contracting.clone(),
        };
        let by_routine = ty.dtype.is_float() && m * n * k > LARGEST_LOOP_PRODUCT;
        let kind =
            if by_routine { Kind::Routine(Arc::new(Matmul(own))) } else { Kind::Contract(Box::new(own)) };
        self.node(kind, args, ty, location)
    }

    /// The right operand has one element along its free axes: it is spread over the left one, and their
    /// product reduced.
    pub(super) fn vector_product(
        &mut self,
        dims: &DotDims,
        args: &[Id],
        ty: Type,
        location: SourceLocation,
    ) -> Id {
        let (lhs, rhs) = (self.graph.ty(args[0]).clone(), self.graph.ty(args[1]).clone());
        // The right operand's paired axes in the order of the left one's.
        let pairs = dims.lhs_batch.iter().zip(&dims.rhs_batch);
        let mut pairs: Vec<(usize, usize)> = pairs
            .chain(dims.lhs_contracting.iter().zip(&dims.rhs_contracting))
            .map(|(l, r)| (*l, *r))
            .collect();
        pairs.sort_unstable();
        let permutation: Dims = pairs.iter().map(|pair| pair.1).chain(dims.rhs_free(rhs.rank())).collect();
        let ordered: Shape = permutation.iter().map(|&axis| rhs.shape.dim(axis)).collect();
        let vector =
            self.node(Kind::Transpose { axes: permutation }, &[args[1]], rhs.with_shape(ordered), location);
        let without_free: Shape = pairs.iter().map(|pair| rhs.shape.dim(pair.1)).collect();
        let vector = self.node(Kind::Reshape, &[vector], rhs.with_shape(without_free), location);
        let spread = Kind::Broadcast { dims: pairs.iter().map(|pair| pair.0).collect() };
        let spread = self.node(spread, &[vector], lhs.clone(), location);
        let multiply = Kind::Elementwise { op: Monoid::Prod.binary().into(), result: 0 };
        let products = self.node(multiply, &[args[0], spread], lhs.clone(), location);
        let mut axes = dims.lhs_contracting.clone();
        axes.sort_unstable();
        let reduced = self.reduce(products, &axes, Monoid::Sum, location);
        // The result's axes: batch, then free ones; unit axes of the right operand last.
        let kept: Vec<usize> = (0..lhs.rank()).filter(|axis| !axes.contains(axis)).collect();
        let order = dims.lhs_batch.iter().copied().chain(dims.lhs_free(lhs.rank()));
        let axes: Dims =
            order.map(|axis| kept.iter().position(|&k| k == axis).expect("internal: a kept axis")).collect();
        let moved = self.graph.ty(reduced).clone();
        let shape: Shape = axes.iter().map(|&axis| moved.shape.dim(axis)).collect();
        let result = self.node(Kind::Transpose { axes }, &[reduced], moved.with_shape(shape), location);
        self.node(Kind::Reshape, &[result], ty, location)
    }
}
