//! Library routines over slices: decompositions of matrices by `faer`, Fourier transforms by `rustfft`.
//!
//! Invariant: routines compute in `f64` and [`c64`] on one thread, matrices lie row by row, and no values of the
//! elements make them panic: where a decomposition does not exist, or does not converge, the results are NaN. This
//! crate knows no array; it is apart so that the generic code below it is compiled once.
#![forbid(unsafe_code)]

mod fourier;
mod lu;
mod orthogonal;
mod spectral;
mod triangular;
mod tridiagonal;

use faer::MatRef;
use faer::traits::ComplexField;
use std::ops::{Add, Div, Mul, Neg, Sub};

pub use faer::c64;
pub use fourier::{Direction, fft, irfft, rfft};
pub use lu::lu;
pub use orthogonal::qr;
pub use spectral::{eig, eigh, svd};
pub use triangular::{Solve, cholesky, triangular_solve};
pub use tridiagonal::tridiagonal_solve;

/// What matrices hold: [`f64`] or [`c64`].
pub trait Number:
    ComplexField<Real = f64>
    + Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Whether they have an imaginary part.
    const IS_COMPLEX: bool;
    /// The number 1.
    const ONE: Self;
    /// Not a number, in every part.
    const NAN: Self;
    /// Whether every part is finite.
    fn is_finite(self) -> bool;
    /// The complex number, whose imaginary part a real one drops.
    fn from_parts(real: f64, imaginary: f64) -> Self;
    /// Real and imaginary part.
    fn parts(self) -> (f64, f64);
    /// A size that orders pivots: |re| + |im|, as LAPACK has it.
    fn size(self) -> f64 {
        let (real, imaginary) = self.parts();
        real.abs() + imaginary.abs()
    }
}

impl Number for f64 {
    const IS_COMPLEX: bool = false;
    const ONE: f64 = 1.0;
    const NAN: f64 = f64::NAN;
    fn is_finite(self) -> bool {
        self.is_finite()
    }
    fn from_parts(real: f64, _: f64) -> f64 {
        real
    }
    fn parts(self) -> (f64, f64) {
        (self, 0.0)
    }
}

impl Number for c64 {
    const IS_COMPLEX: bool = true;
    const ONE: c64 = c64::new(1.0, 0.0);
    const NAN: c64 = c64::new(f64::NAN, f64::NAN);
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
    fn from_parts(real: f64, imaginary: f64) -> c64 {
        c64::new(real, imaginary)
    }
    fn parts(self) -> (f64, f64) {
        (self.re, self.im)
    }
}

/// Copies a matrix into rows of a slice.
fn copy_rows<T: Number>(from: MatRef<'_, T>, to: &mut [T]) {
    let columns = from.ncols();
    for (i, row) in to.chunks_exact_mut(columns.max(1)).enumerate() {
        for (j, place) in row.iter_mut().enumerate() {
            *place = from[(i, j)];
        }
    }
}

/// A Hermitian matrix without the imaginary parts that its diagonal does not have.
fn with_real_diagonal<T: Number>(n: usize, a: &[T]) -> Vec<T> {
    let mut a = a.to_vec();
    a.iter_mut().step_by(n + 1).for_each(|x| *x = T::from_parts(x.parts().0, 0.0));
    a
}

/// The identity in a slice of `rows` rows, some of its columns where there is room for fewer.
fn write_identity<T: Number>(rows: usize, to: &mut [T]) {
    let columns = to.len() / rows.max(1);
    to.fill(T::from_parts(0.0, 0.0));
    to.iter_mut().step_by(columns + 1).take(rows.min(columns)).for_each(|place| *place = T::ONE);
}
