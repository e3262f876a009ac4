//! Library routines over slices: decompositions of matrices by `faer`, Fourier transforms by `rustfft`.
//!
//! Invariant: routines compute in `f64` and [`c64`] on one thread, matrices lie row by row, and no values of the
//! elements make them panic: where a decomposition does not exist, or does not converge, the results are NaN. This
//! crate knows no array. It is apart, and nothing that it exports is generic, so that the code of `faer` is compiled
//! here and nowhere else; without its features `linalg` and `fft` it needs neither library and has no routines.
#![forbid(unsafe_code)]

#[cfg(feature = "fft")]
mod fourier;
#[cfg(feature = "linalg")]
mod lu;
#[cfg(feature = "linalg")]
mod orthogonal;
#[cfg(feature = "linalg")]
mod spectral;
#[cfg(feature = "linalg")]
mod triangular;
#[cfg(feature = "linalg")]
mod tridiagonal;

mod numbers;
mod transforms;

pub use num_complex::Complex64 as c64;
pub use numbers::{Number, Solve};
pub use transforms::{Direction, fft, irfft, rfft};

/// Whether this build decomposes matrices: only with the feature `linalg`.
pub const DECOMPOSES: bool = cfg!(feature = "linalg");
/// Whether this build computes Fourier transforms: only with the feature `fft`.
pub const TRANSFORMS: bool = cfg!(feature = "fft");

#[cfg(feature = "linalg")]
use field::{Field, copy_rows, with_real_diagonal, write_identity};

#[cfg(feature = "linalg")]
mod field;
