//! Decompositions of matrices, for each of the two types of numbers.

use crate::c64;

/// Which triangular system is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Solve {
    /// `op(A) · X = B`, or else `X · op(A) = B`.
    pub left_side: bool,
    /// Whether `A` stands in the lower triangle, or else in the upper one.
    pub lower: bool,
    /// Whether `op` transposes.
    pub transpose: bool,
    /// Whether `op` conjugates.
    pub conjugate: bool,
    /// Whether the diagonal of `A` is taken for ones.
    pub unit_diagonal: bool,
}

/// What matrices hold, [`f64`] or [`c64`], with the routines for them. All matrices lie row by row.
///
/// # Panics
/// The routines do without the feature `linalg`; see [`DECOMPOSES`](crate::DECOMPOSES).
pub trait Number: Copy + Sized {
    /// The complex number, whose imaginary part a real one drops.
    fn from_parts(real: f64, imaginary: f64) -> Self;
    /// Real and imaginary part.
    fn parts(self) -> (f64, f64);
    /// `L` of `A = L · Lᴴ`, for a positive definite `A [n, n]` of which the lower triangle is read. NaN in the lower
    /// triangle if `A` is not positive definite.
    fn cholesky(n: usize, a: &[Self], l: &mut [Self]);
    /// Overwrites `b [rows, columns]` by the solution of a triangular system with the square `a`.
    fn triangular_solve(how: Solve, shape: (usize, usize), a: &[Self], b: &mut [Self]);
    /// Overwrites `a [m, n]` by its factors L and U; `pivots` are the rows that rows were exchanged with, one after the
    /// other, and `permutation` is the order of rows that they make.
    fn lu(shape: (usize, usize), a: &mut [Self], pivots: &mut [usize], permutation: &mut [usize]);
    /// `A = Q · R` of `a [m, n]`; Q has m columns or as many as `q` has room for.
    fn qr(shape: (usize, usize), a: &[Self], q: &mut [Self], r: &mut [Self]);
    /// Singular values of `a [m, n]`, falling, and singular vectors `(u, vh)` if asked for.
    fn svd(shape: (usize, usize), a: &[Self], s: &mut [f64], vectors: Option<(&mut [Self], &mut [Self])>);
    /// Eigenvalues of a Hermitian `a [n, n]`, of which the lower triangle is read, rising, and eigenvectors `v`.
    fn eigh(n: usize, a: &[Self], w: &mut [f64], v: Option<&mut [Self]>);
    /// Eigenvalues and right eigenvectors of any square `a [n, n]`.
    fn eig(n: usize, a: &[Self], w: &mut [c64], v: &mut [c64]);
    /// Overwrites `b [n, columns]` by the solution of the system whose row `i` is `lower[i]`, `diagonal[i]`, `upper[i]`
    /// on the diagonals below, at and above the main one. NaN if it is singular.
    fn tridiagonal_solve(lower: &[Self], diagonal: &[Self], upper: &[Self], b: &mut [Self]);
}

/// The routine of a module of this crate, or none.
macro_rules! routine {
    ($module:ident :: $routine:ident ($($argument:expr),*)) => {{
        #[cfg(feature = "linalg")]
        crate::$module::$routine($($argument),*);
        #[cfg(not(feature = "linalg"))]
        unreachable!("internal: {} needs the feature `linalg`: {:?}", stringify!($routine), ($(size_of_val(&$argument)),*,))
    }};
}

macro_rules! numbers {
    ($($T:ty: $from_parts:expr, $parts:expr;)*) => { $(
        impl Number for $T {
            fn from_parts(real: f64, imaginary: f64) -> $T {
                $from_parts(real, imaginary)
            }
            fn parts(self) -> (f64, f64) {
                $parts(self)
            }
            fn cholesky(n: usize, a: &[$T], l: &mut [$T]) {
                routine!(triangular::cholesky(n, a, l))
            }
            fn triangular_solve(how: Solve, shape: (usize, usize), a: &[$T], b: &mut [$T]) {
                routine!(triangular::triangular_solve(how, shape, a, b))
            }
            fn lu(shape: (usize, usize), a: &mut [$T], pivots: &mut [usize], permutation: &mut [usize]) {
                routine!(lu::lu(shape, a, pivots, permutation))
            }
            fn qr(shape: (usize, usize), a: &[$T], q: &mut [$T], r: &mut [$T]) {
                routine!(orthogonal::qr(shape, a, q, r))
            }
            fn svd(shape: (usize, usize), a: &[$T], s: &mut [f64], vectors: Option<(&mut [$T], &mut [$T])>) {
                routine!(spectral::svd(shape, a, s, vectors))
            }
            fn eigh(n: usize, a: &[$T], w: &mut [f64], v: Option<&mut [$T]>) {
                routine!(spectral::eigh(n, a, w, v))
            }
            fn eig(n: usize, a: &[$T], w: &mut [c64], v: &mut [c64]) {
                routine!(spectral::eig(n, a, w, v))
            }
            fn tridiagonal_solve(lower: &[$T], diagonal: &[$T], upper: &[$T], b: &mut [$T]) {
                routine!(tridiagonal::tridiagonal_solve(lower, diagonal, upper, b))
            }
        }
    )* };
}
numbers! {
    f64: |real, _| real, |x: f64| (x, 0.0);
    c64: c64::new, |z: c64| (z.re, z.im);
}
