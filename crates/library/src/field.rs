//! Numbers as the code around `faer` needs them, and small helpers over rows.

use crate::{Number, c64};
use faer::MatRef;
use faer::traits::ComplexField;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What `faer` computes with: [`f64`] or [`c64`].
pub(crate) trait Field:
    Number
    + ComplexField<Real = f64>
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
    /// A size that orders pivots: |re| + |im|, as LAPACK has it.
    fn size(self) -> f64 {
        let (real, imaginary) = self.parts();
        real.abs() + imaginary.abs()
    }
}

impl Field for f64 {
    const IS_COMPLEX: bool = false;
    const ONE: f64 = 1.0;
    const NAN: f64 = f64::NAN;
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Field for c64 {
    const IS_COMPLEX: bool = true;
    const ONE: c64 = c64::new(1.0, 0.0);
    const NAN: c64 = c64::new(f64::NAN, f64::NAN);
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
}

/// Copies a matrix into rows of a slice.
pub(crate) fn copy_rows<T: Field>(from: MatRef<'_, T>, to: &mut [T]) {
    let columns = from.ncols();
    for (i, row) in to.chunks_exact_mut(columns.max(1)).enumerate() {
        for (j, place) in row.iter_mut().enumerate() {
            *place = from[(i, j)];
        }
    }
}

/// A Hermitian matrix without the imaginary parts that its diagonal does not have.
pub(crate) fn with_real_diagonal<T: Field>(n: usize, a: &[T]) -> Vec<T> {
    let mut a = a.to_vec();
    a.iter_mut().step_by(n + 1).for_each(|x| *x = T::from_parts(x.parts().0, 0.0));
    a
}

/// The identity in a slice of `rows` rows, some of its columns where there is room for fewer.
pub(crate) fn write_identity<T: Field>(rows: usize, to: &mut [T]) {
    let columns = to.len() / rows.max(1);
    to.fill(T::from_parts(0.0, 0.0));
    to.iter_mut().step_by(columns + 1).take(rows.min(columns)).for_each(|place| *place = T::ONE);
}
