//! What an instruction set does for products: packs panels, and multiplies a few rows by a few columns.

use std::ops::AddAssign;

/// Element types of products.
pub(crate) trait Real: Copy + AddAssign + 'static {
    const ZERO: Self;
    const ONE: Self;
    /// The host's kernel, if it has one that is faster than those of `gemm`.
    fn kernel() -> Option<&'static Kernel<Self>>;
}

/// How an instruction set multiplies a few rows by a few columns, all sums in registers.
#[derive(Debug)]
pub(crate) struct Kernel<T> {
    /// Rows and columns of a tile.
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) multiply: unsafe fn(&Tile<T>),
    pub(super) pack_rows: unsafe fn(&Panels<T>),
    pub(super) pack_columns: unsafe fn(&Panels<T>),
}

/// A tile of a result, at most as many rows as the kernel has and exactly as many columns.
#[derive(Debug)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "read by kernels, of which there is none here")
)]
pub(super) struct Tile<T> {
    pub(super) rows: usize,
    pub(super) terms: usize,
    /// A packed panel of rows.
    pub(super) lhs: *const T,
    /// Columns side by side, and the elements from one term to the next.
    pub(super) rhs: *const T,
    pub(super) rhs_step: usize,
    pub(super) result: *mut T,
    pub(super) result_step: usize,
    /// To what is there, instead of over it.
    pub(super) adds: bool,
}

/// Lines (rows of a left operand, columns of a right one) to be packed: panel by panel, term by term.
#[derive(Debug)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "read by kernels, of which there is none here")
)]
pub(super) struct Panels<T> {
    pub(super) from: *const T,
    pub(super) lines: usize,
    pub(super) line_step: usize,
    pub(super) terms: usize,
    pub(super) term_step: usize,
    /// Room for whole panels and for `SLACK` bytes more; a last panel is filled up with copies of its last line.
    pub(super) to: *mut T,
}
