//! gradus: a functional array compiler. Pure functions over traced arrays, transformed by [`jit`] and
//! friends, compiled to SIMD machine code.
#![forbid(unsafe_code)]

// So that `#[derive(Tree)]` works in this crate too.
extern crate self as gradus;

mod axes;
mod engine;
mod form;
mod jit;
pub mod random;
pub mod special;
pub mod stats;
mod transforms;
pub mod tree;
mod val;

pub use axes::{Axes, PerLeaf};
pub use form::{Function, JitFunction, Jittable, Outer, Reads, ReadsTrees, Shared, Signature};
pub use gradus_compile::codegen::Level as Isa;
pub use gradus_ir::{Array, Dtype, Element, Error, ErrorKind, Program, Result, Shape, Type};
pub use gradus_macros::Tree;
pub use jit::{Config, Jit, Jitted, jit, trace};
pub use transforms::{
    Linear, Loss, LossAux, Pairs, Returning, grad, hessian, jacfwd, jacrev, jvp, linearize, outline,
    stop_gradient, value_and_grad, value_and_grad_aux, vjp, vmap, vmap_axes,
};
pub use tree::{Data, Fixed, Leaf, Mismatch, Part, Placeholder, Same, Static, Stored, Traced, Tree};
pub use val::{
    Antialias, Attention, AxisSet, Conv, ConvTranspose, ConvolveMode, DimensionNumbers, Endpoint, Extents,
    GatherDims, GridOrder, Histogram, IndexMode, Indexed, Indices, Integer, Interpolation, IntoAxes,
    IntoExtents, NewAxis, Outside, PadMode, Padding, PlaceMode, Pool, PowerOrder, Quantile, ResizeMethod,
    Scatter, ScatterDims, SearchMethod, Side, Slice, Unique, Update, Val, Window, arange, arange_between,
    arange_step, block, column_stack, concatenate, diag_indices, dot_product_attention, dstack, einsum, eye,
    eye_of, full, geomspace, hstack, indices, iota, keep, lexsort, linspace, linspace_of, logspace, meshgrid,
    one_hot, ones, piecewise, ravel_multi_index, reduce_by, segment_max, segment_min, segment_prod,
    segment_sum, select, select_n, sort_together, stack, tri, tril_indices, triu_indices, unravel_index,
    vectorize, vstack, where_, zeros,
};
