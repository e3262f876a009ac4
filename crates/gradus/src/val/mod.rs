//! What users compute with: [`Val`] and its functions, in folders by what they do.
//!
//! A function stands where its subject does: `operand` holds what all of them need, and no folder needs this file.

mod analysis;
mod create;
mod elementwise;
mod index;
mod linear;
mod nn;
mod operand;
mod order;
mod reduce;
mod shape;
mod signal;

pub use analysis::differences::Outside;
pub use analysis::polynomial::PowerOrder;
pub use create::grid::{GridOrder, fromfunction, indices, meshgrid};
pub use create::numbers::{
    Endpoint, arange, arange_between, arange_step, full, geomspace, iota, linspace, linspace_of, logspace,
    one_hot, ones, zeros,
};
pub use create::triangle::{diag_indices, eye, eye_of, tri, tril_indices, triu_indices};
pub use elementwise::complex::complex;
pub use elementwise::logic::{piecewise, select, select_n};
pub use elementwise::records::where_;
pub use index::at::Indexed;
pub use index::edit::choose;
pub use index::entries::{NewAxis, Slice};
pub use index::gather::{GatherDims, IndexMode, Scatter, ScatterDims, Update};
pub use linear::einsum::einsum;
pub use nn::attention::{Attention, dot_product_attention};
pub use operand::axes::{AxisSet, Extents, Integer, IntoAxes, IntoExtents, keep};
pub use operand::broadcast::broadcast_arrays;
pub use operand::handle::Val;
pub(crate) use operand::handle::{Known, at_caller};
pub use operand::promote::{promote_types, result_type};
pub(crate) use operand::{axes, broadcast, promote, strict};
pub use order::search::{Histogram, SearchMethod, Side, Unique, ravel_multi_index, unravel_index};
pub use order::sort::{lexsort, sort_together};
pub use reduce::by_function::{Indices, reduce_by};
pub use reduce::quantile::Quantile;
pub use reduce::segment::{segment_max, segment_min, segment_prod, segment_sum};
pub use shape::arrange::{block, column_stack, dstack, hstack, vstack};
pub use shape::join::{concatenate, stack};
pub use shape::padding::PadMode;
pub use signal::convolution::{Conv, ConvTranspose, ConvolveMode, DimensionNumbers};
pub use signal::image::{Antialias, Interpolation, PlaceMode, ResizeMethod};
pub use signal::window::{Pool, Window};
pub use signal::window_functions::{bartlett, blackman, hamming, hanning, kaiser};
pub use signal::window_padding::Padding;
