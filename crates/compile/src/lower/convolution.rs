//! Convolutions: by the routine on tiles of windows, as products of whole matrices, or as loops in a kernel.

use super::Lowering;
use crate::graph::{Id, Kind};
use crate::routines::Convolve;
use gradus_ir::ops::contract::DotDims;
use gradus_ir::ops::convolution::Convolution;
use gradus_ir::ops::elementwise::Binary;
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::window::Window;
use gradus_ir::{Dims, Dtype, Shape, SourceLocation, Type};
use std::sync::Arc;

/// The routine pays from so many outputs of a group, and from so many terms of an output.
const FEWEST_OUTPUTS: usize = 4;
const FEWEST_TERMS: usize = 4;
/// Convolutions of at most this many multiplications are loops in a kernel.
const LARGEST_LOOP_CONVOLUTION: usize = 2048;

/// Extents by role.
struct Extents {
    /// Kernel elements along each spatial axis.
    taps: Dims,
    /// Results along each spatial axis.
    windows: Dims,
    /// Examples of the result.
    examples: usize,
    /// Input features of a group.
    inputs: usize,
    /// Output features of a group.
    outputs: usize,
    feature_groups: usize,
    batch_groups: usize,
}

impl Extents {
    fn of(op: &Convolution, w: &Shape, out: &Shape) -> Extents {
        let groups = op.feature_group_count * op.batch_group_count;
        Extents {
            taps: op.dims.rhs.spatial.iter().map(|axis| w.dim(*axis)).collect(),
            windows: op.dims.out.spatial.iter().map(|axis| out.dim(*axis)).collect(),
            examples: out.dim(op.dims.out.batch),
            inputs: w.dim(op.dims.rhs.feature),
            outputs: w.dim(op.dims.rhs.batch) / groups,
            feature_groups: op.feature_group_count,
            batch_groups: op.batch_group_count,
        }
    }
    fn terms(&self) -> usize {
        self.inputs * self.taps.iter().product::<usize>()
    }
}

impl Lowering {
    pub(super) fn convolution(
        &mut self,
        op: &Convolution,
        args: &[Id],
        ty: Type,
        location: SourceLocation,
    ) -> Id {
        let [x, w] = [0, 1].map(|k| self.graph.ty(args[k]).shape.clone());
        if ty.shape.size() == 0 || x.size() == 0 || w.size() == 0 {
            return self.splat(0, ty, location);
        }
        let extents = Extents::of(op, &w, &ty.shape);
        let by_routine = matches!(ty.dtype, Dtype::F32 | Dtype::F64)
            && extents.outputs >= FEWEST_OUTPUTS
            && extents.terms() >= FEWEST_TERMS
            && extents.terms() * ty.shape.size() > LARGEST_LOOP_CONVOLUTION;
        if !by_routine {
            return self.convolution_by_loops(op, &extents, args, ty, location);
        }
        let unpadded = op.low.iter().chain(&op.high).all(|n| *n == 0);
        let one_group = extents.feature_groups * extents.batch_groups == 1;
        if one_group && unpadded && extents.taps.iter().chain(&op.lhs_dilation).all(|n| *n == 1) {
            return self.pointwise(op, &extents, args, ty, location);
        }
        let kernel = self.kernel_in_order(op, args[0], args[1], location);
        self.node(Kind::Routine(Arc::new(Convolve(kernel.0))), &[args[0], kernel.1], ty, location)
    }

    /// A kernel of one element: a product of matrices.
    fn pointwise(
        &mut self,
        op: &Convolution,
        extents: &Extents,
        args: &[Id],
        ty: Type,
        location: SourceLocation,
    ) -> Id {
        let (lhs, rhs) = (&op.dims.lhs, &op.dims.rhs);
        let from = self.graph.ty(args[0]).clone();
        let mut seen = Window::new(&Dims::from_elem(1, from.rank()));
        let mut shape = from.shape.dims();
        for (k, &axis) in lhs.spatial.iter().enumerate() {
            seen.strides[axis] = op.strides[k];
            shape[axis] = extents.windows[k];
        }
        let (x, _) = self.zero_padded_windows(args[0], &seen, &shape.into(), location);
        let dims = DotDims::contracting(&[lhs.feature], &[rhs.feature]);
        // The result's axes: the input's without the features, then the output features and unit axes of the kernel.
        let rank = from.rank();
        let flat = self.graph.ty(args[1]).shape.clone();
        let (features, outputs) = (flat.dim(rhs.feature), flat.dim(rhs.batch));
        let kernel = self.transpose_roles(args[1], &[&[rhs.feature, rhs.batch], &rhs.spatial[..]], location);
        let kernel = self.reshape(kernel, [features, outputs], location);
        let dims = DotDims { rhs_contracting: [0].as_slice().into(), ..dims };
        let kept: Vec<usize> = (0..rank).filter(|axis| *axis != lhs.feature).collect();
        let x_shape = self.graph.ty(x).shape.clone();
        let product: Shape = kept.iter().map(|axis| x_shape.dim(*axis)).chain([outputs]).collect();
        let product = self.product(&dims, &[x, kernel], ty.with_shape(product), location);
        let mut order = Dims::from_elem(rank - 1, rank);
        let place_of = |axis: usize| kept.iter().position(|k| *k == axis).expect("internal: a kept axis");
        order[op.dims.out.batch] = place_of(lhs.batch);
        for (to, from) in op.dims.out.spatial.iter().zip(&lhs.spatial) {
            order[*to] = place_of(*from);
        }
        self.transpose(product, &order, location)
    }

    fn transpose_roles(&mut self, x: Id, lists: &[&[usize]], location: SourceLocation) -> Id {
        let axes: Dims = lists.iter().flat_map(|list| list.iter().copied()).collect();
        self.transpose(x, &axes, location)
    }

    /// The kernel with all axes but its outputs next to one another, in the order in which windows of `x` are
    /// read best;
    /// and the convolution that takes it so.
    fn kernel_in_order(
        &mut self,
        op: &Convolution,
        x: Id,
        w: Id,
        location: SourceLocation,
    ) -> (Convolution, Id) {
        let rhs = op.dims.rhs.clone();
        let by_features = Convolve::reads_features(&self.graph, op, x);
        let shape = self.graph.ty(w).shape.clone();
        let order: Dims = if by_features {
            rhs.spatial.iter().copied().chain([rhs.feature]).collect()
        } else {
            [rhs.feature].into_iter().chain(rhs.spatial.iter().copied()).collect()
        };
        let strides = shape.strides();
        let long: Vec<usize> = order.iter().copied().filter(|axis| shape.dim(*axis) != 1).collect();
        if long.windows(2).all(|pair| strides[pair[0]] == strides[pair[1]] * shape.dim(pair[1])) {
            return (op.clone(), w);
        }
        let axes: Dims = order.iter().copied().chain([rhs.batch]).collect();
        let moved = self.transpose(w, &axes, location);
        let mut op = op.clone();
        let place_of = |axis: usize| axes.iter().position(|a| *a == axis).expect("internal: an axis");
        op.dims.rhs.batch = place_of(rhs.batch);
        op.dims.rhs.feature = place_of(rhs.feature);
        op.dims.rhs.spatial = rhs.spatial.iter().map(|axis| place_of(*axis)).collect();
        (op, moved)
    }

    /// Windows times the kernel, spread over one another, and reduced: for integers, few features and small arrays.
    fn convolution_by_loops(
        &mut self,
        op: &Convolution,
        extents: &Extents,
        args: &[Id],
        ty: Type,
        location: SourceLocation,
    ) -> Id {
        let (lhs, rhs, out) = (&op.dims.lhs, &op.dims.rhs, &op.dims.out);
        let Extents { examples: n, inputs: c, outputs: og, feature_groups: g, batch_groups: b, .. } =
            *extents;
        let rank = ty.rank();
        // [taps.., batch, spatial.., features]
        let x = self.transpose_roles(args[0], &[&[lhs.batch], &lhs.spatial[..], &[lhs.feature]], location);
        let mut window = Window::new(&Dims::from_elem(1, rank));
        for k in 0..op.num_spatial() {
            window.dims[k + 1] = extents.taps[k];
            window.strides[k + 1] = op.strides[k];
            window.low[k + 1] = op.low[k];
            window.high[k + 1] = op.high[k];
            window.base_dilation[k + 1] = op.lhs_dilation[k];
            window.window_dilation[k + 1] = op.rhs_dilation[k];
        }
        let spatial = &extents.windows;
        let windows: Shape = [b * n].into_iter().chain(spatial.iter().copied()).chain([g * c]).collect();
        let (x, num_taps) = self.zero_padded_windows(x, &window, &windows, location);
        let taps: Vec<usize> = extents.taps.iter().copied().filter(|n| *n > 1).collect();
        let s = spatial.len();
        let split = taps.iter().copied().chain([b, n]).chain(spatial.iter().copied()).chain([g, c]);
        let x = self.reshape(x, split.collect::<Shape>(), location);
        // Lanes run along what is next to one another in memory: features, or the last spatial axis.
        let t = num_taps;
        let (of_b, of_n, of_s, of_g, of_c) = (t, t + 1, t + 2..t + 2 + s, t + 2 + s, t + 3 + s);
        let features_last = lhs.feature + 1 == rank;
        let mut order: Dims = (0..t).chain([of_c, of_b, of_n]).collect();
        if features_last {
            order.extend(of_s.clone().chain([of_g]));
        } else {
            order.extend([of_g].into_iter().chain(of_s.clone()));
        }
        let x = self.transpose(x, &order, location);
        // [taps.., c, b, n, spatial.., g, og] or [taps.., c, b, n, g, og, spatial..]
        let mut all: Dims = taps.iter().copied().chain([c, b, n]).collect();
        let first = t + 3;
        let (g_at, og_at, s_at) = if features_last {
            all.extend(spatial.iter().copied().chain([g, og]));
            (first + s, first + s + 1, first)
        } else {
            all.extend([g, og].into_iter().chain(spatial.iter().copied()));
            (first, first + 1, first + 2)
        };
        let all = Shape::from(all);
        let x_axes: Dims = (0..all.rank()).filter(|axis| *axis != og_at).collect();
        let x = self.broadcast(x, x_axes, &all, location);
        let w = self.transpose_roles(args[1], &[&rhs.spatial[..], &[rhs.feature, rhs.batch]], location);
        let w_shape: Shape = taps.iter().copied().chain([c, b, g, og]).collect();
        let w = self.reshape(w, w_shape, location);
        let w_axes: Dims = (0..t + 1).chain([t + 1, g_at, og_at]).collect();
        let w = self.broadcast(w, w_axes, &all, location);
        let products = self.elementwise(Binary::Mul, &[x, w], ty.with_shape(all), location);
        let axes: Dims = (0..t + 1).collect();
        let sums = self.reduce(products, &axes, Monoid::Sum, location);
        // Now [b, n, ..]: to [n, spatial.., b, g, og], then to the axes of the result.
        let at = |axis: usize| axis - t - 1;
        let order: Dims =
            [at(t + 2)].into_iter().chain((s_at..s_at + s).map(at)).chain([0, at(g_at), at(og_at)]).collect();
        let sums = self.transpose(sums, &order, location);
        let flat: Shape = [n].into_iter().chain(spatial.iter().copied()).chain([b * g * og]).collect();
        let sums = self.reshape(sums, flat, location);
        let mut order = Dims::from_elem(0, rank);
        order[out.batch] = 0;
        order[out.feature] = rank - 1;
        out.spatial.iter().enumerate().for_each(|(k, axis)| order[*axis] = k + 1);
        self.transpose(sums, &order, location)
    }
}
