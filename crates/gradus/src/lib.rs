//! gradus: a functional array compiler. Pure functions over traced arrays, transformed by [`jit`] and
//! friends, compiled to SIMD machine code.
#![forbid(unsafe_code)]

// So that `#[derive(Tree)]` works in this crate too.
extern crate self as gradus;

mod axes;
mod collectives;
mod config;
mod control;
mod custom;
mod debug;
mod engine;
mod extend;
pub mod fft;
mod jet;
mod jit;
pub mod linalg;
pub mod random;
mod signature;
mod site;
mod solve;
pub mod special;
pub mod stats;
mod transforms;
pub mod tree;
mod val;
mod vectorize;
mod vmap;

pub use axes::{Axes, PerLeaf};
pub use collectives::{
    AxisNames, all_gather, all_gather_along, all_gather_tiled, all_to_all, all_to_all_tiled, axis_index,
    axis_size, pmax, pmean, pmin, ppermute, psum, psum_scatter, psum_scatter_along, psum_scatter_tiled,
};
pub use config::{BackendKind, Config};
pub use control::{
    AssociativeScan, Scan, associative_scan, cond, fori_loop, map, map_batches, scan, switch, while_loop,
};
pub use custom::{checkpoint, checkpoint_name, checkpoint_policy, custom_jvp, custom_vjp};
pub use debug::{check, debug_callback, debug_print, pure_callback};
pub use extend::{as_operation, refuse};
pub use gradus_compile::codegen::Isa;
pub use gradus_ir::ops::checkpoint::Policy;
pub use gradus_ir::{
    Array, Complex, Dtype, Element, Error, ErrorKind, FloatInfo, IntInfo, Program, Result, Shape, Type, bf16,
    f16,
};
pub use gradus_macros::Tree;
pub use gradus_transform::Checks;
pub use jet::jet;
pub use jit::{Jit, JitFunction, Jitted, jit, trace};
pub use signature::{Function, Jittable, Outer, Reads, ReadsTrees, Shared, Signature};
pub use solve::{Solver, TransposeSolve, custom_linear_solve, custom_root};
pub use transforms::{
    Linear, Loss, LossAux, Pairs, Returning, grad, grad_holomorphic, hessian, jacfwd, jacfwd_holomorphic,
    jacrev, jacrev_holomorphic, jvp, linear_transpose, linearize, outline, stop_gradient, value_and_grad,
    value_and_grad_aux, value_and_grad_holomorphic, vjp,
};
pub use tree::{
    Data, Fixed, Leaf, LeafKind, Mismatch, Part, Placeholder, Same, Static, Stored, Traced, Tree,
};
pub use val::{
    Antialias, Attention, AxisSet, Conv, ConvTranspose, ConvolveMode, DimensionNumbers, Endpoint, Extents,
    GatherDims, GridOrder, Histogram, IndexMode, Indexed, Indices, Integer, Interpolation, IntoAxes,
    IntoExtents, NewAxis, Outside, PadMode, Padding, PlaceMode, Pool, PowerOrder, Quantile, ResizeMethod,
    Scatter, ScatterDims, SearchMethod, Side, Slice, Unique, Update, Val, Window, arange, arange_between,
    arange_step, bartlett, blackman, block, broadcast_arrays, choose, column_stack, complex, concatenate,
    diag_indices, dot_product_attention, dstack, einsum, eye, eye_of, fromfunction, full, geomspace, hamming,
    hanning, hstack, indices, iota, kaiser, keep, lexsort, linspace, linspace_of, logspace, meshgrid,
    one_hot, ones, piecewise, promote_types, ravel_multi_index, reduce_by, result_type, segment_max,
    segment_min, segment_prod, segment_sum, select, select_n, sort_together, stack, tri, tril_indices,
    triu_indices, unravel_index, vstack, where_, zeros,
};
pub use vectorize::vectorize;
pub use vmap::{Vmap, vmap, vmap_axes};
