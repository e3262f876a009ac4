//! Factors of matrices.

use super::{adjoint, matrices, square};
use crate::{Dtype, Val, complex, eye_of, iota};

/// Several results of one operation of the IR.
macro_rules! results {
    ($vals:expr => $($name:ident),*) => {
        let all = $vals;
        let mut all = all.into_iter().map(Val::from_ir);
        $(let $name = all.next().expect("internal: a result");)*
    };
}

/// The lower triangular L with positive diagonal of A = L · Lᴴ, for positive definite A `[.., n, n]`, of which
/// (A + Aᴴ) / 2 is taken. NaN where A is not positive definite.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let l = jit(|a: &Val| linalg::cholesky(a))(&Array::from([[4.0f32, 2.0], [2.0, 5.0]]))?;
/// assert_eq!(l, Array::from([[2.0f32, 0.0], [1.0, 2.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cholesky(a: impl Into<Val>) -> Val {
    let a = square("cholesky", a.into());
    Val::derive("cholesky", &[a], |_| Ok(Val::from_ir(((a + adjoint(a)) / 2.0).ir().cholesky())))
}

/// The upper triangular U of A = Uᴴ · U. See [`cholesky`].
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::cholesky_upper(x))(&Array::from([[4.0f32, 2.0], [2.0, 2.0]]))?;
/// assert_eq!(y, Array::from([[2.0f32, 1.0], [0.0, 1.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cholesky_upper(a: impl Into<Val>) -> Val {
    let a = square("cholesky_upper", a.into());
    Val::derive("cholesky_upper", &[a], |_| Ok(adjoint(cholesky(a))))
}

/// Q `[.., m, k]` with orthonormal columns and the upper triangular R `[.., k, n]` of A = Q · R, k the smaller
/// of m and n.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let (q, r) = jit(|a: &Val| linalg::qr(a))(&Array::from([[3.0f32], [4.0]]))?;
/// assert_eq!((q.shape(), r), (vec![2, 1], Array::from([[-5.0f32]])));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn qr(a: impl Into<Val>) -> (Val, Val) {
    results!(matrices("qr", a.into()).ir().qr(false) => q, r);
    (q, r)
}

/// [`qr`] with Q completed to `[.., m, m]`.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::qr_full(x).1.abs())(&Array::from([[3.0f32], [4.0]]))?;
/// assert!(y.to_f64_vec().iter().zip([5.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn qr_full(a: impl Into<Val>) -> (Val, Val) {
    results!(matrices("qr_full", a.into()).ir().qr(true) => q, r);
    (q, r)
}

/// U `[.., m, k]`, the singular values `[.., k]` in decreasing order and Vᴴ `[.., k, n]` of A = U · diag(S) · Vᴴ, k the
/// smaller of m and n.
///
/// Vectors of equal singular values have no derivative. What they are given makes that of U · diag(S) · Vᴴ right, and
/// not that of every function of them; [`pinv`](super::pinv), [`polar`](super::polar) and [`lstsq`](super::lstsq) have
/// rules of their own.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let s = jit(|a: &Val| linalg::svd(a).1)(&Array::from([[0.0f32, 2.0], [-3.0, 0.0]]))?;
/// assert_eq!(s.to_vec::<f32>()?, [3.0, 2.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn svd(a: impl Into<Val>) -> (Val, Val, Val) {
    results!(matrices("svd", a.into()).ir().svd(false) => s, u, vh);
    (u, s, vh)
}

/// [`svd`] with U and Vᴴ completed to square matrices. The vectors beyond the smaller extent are known only up to a
/// rotation among themselves; their tangents are those without one.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::svd_full(x).1)(&Array::from([[3.0f32], [4.0]]))?;
/// assert!(y.to_f64_vec().iter().zip([5.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn svd_full(a: impl Into<Val>) -> (Val, Val, Val) {
    results!(matrices("svd_full", a.into()).ir().svd(true) => s, u, vh);
    (u, s, vh)
}

/// The singular values `[.., min(m, n)]` in decreasing order.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::svdvals(x))(&Array::from([[3.0f32, 0.0], [0.0, -4.0]]))?;
/// assert!(y.to_f64_vec().iter().zip([4.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn svdvals(a: impl Into<Val>) -> Val {
    Val::from_ir(matrices("svdvals", a.into()).ir().singular_values())
}

/// The eigenvalues `[.., n]` in increasing order and the eigenvectors, as columns, of Hermitian matrices, of which
/// (A + Aᴴ) / 2 is taken.
///
/// Vectors of equal eigenvalues have no derivative. What they are given makes that of V · diag(W) · Vᴴ right, and not
/// that of every function of them: that of V · diag(f(W)) · Vᴴ is by f′, of which neither W nor V knows. [`sqrtm`] and
/// [`expm`] have rules of their own. Likewise second derivatives of functions of W: finite, and those of Σ W and Σ W²
/// are right.
///
/// [`sqrtm`]: super::sqrtm
/// [`expm`]: super::expm
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let w = jit(|a: &Val| linalg::eigh(a).0)(&Array::from([[2.0f32, 1.0], [1.0, 2.0]]))?;
/// assert!((w.to_vec::<f32>()?[1] - 3.0).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn eigh(a: impl Into<Val>) -> (Val, Val) {
    results!(hermitian("eigh", a.into()).ir().eigh() => w, v);
    (w, v)
}

/// The eigenvalues `[.., n]` of Hermitian matrices in increasing order. See [`eigh`].
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::eigvalsh(x))(&Array::from([[2.0f32, 1.0], [1.0, 2.0]]))?;
/// assert!(y.to_f64_vec().iter().zip([1.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn eigvalsh(a: impl Into<Val>) -> Val {
    Val::from_ir(hermitian("eigvalsh", a.into()).ir().eigenvalues_hermitian())
}

#[track_caller]
fn hermitian(op: &'static str, a: Val) -> Val {
    let a = square(op, a);
    Val::derive(op, &[a], |_| Ok((a + adjoint(a)) / 2.0))
}

/// The eigenvalues `[.., n]`, in no order, and the right eigenvectors, as columns of length 1 whose largest element is
/// positive, of square matrices, real or complex.
///
/// Where eigenvalues coincide, derivatives do not exist.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val| {
///     let (w, _) = linalg::eig(a);
///     (w.real(), w.imag().abs())
/// });
/// let (real, imaginary) = f(&Array::from([[0.0f32, 1.0], [-1.0, 0.0]]))?;
/// assert_eq!((real.to_vec::<f32>()?, imaginary.to_vec::<f32>()?), (vec![0.0, 0.0], vec![1.0, 1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn eig(a: impl Into<Val>) -> (Val, Val) {
    results!(gradus_ir::Val::eig(&parts("eig", a.into())) => w_re, w_im, v_re, v_im);
    (complex(w_re, w_im), complex(v_re, v_im))
}

/// The eigenvalues `[.., n]` of square matrices, in no order, complex. See [`eig`].
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::eigvals(x).real().sort(0))(&Array::from([[2.0f32, 1.0], [0.0, 3.0]]))?;
/// assert!(y.to_f64_vec().iter().zip([2.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn eigvals(a: impl Into<Val>) -> Val {
    results!(gradus_ir::Val::eigenvalues(&parts("eigvals", a.into())) => real, imaginary);
    complex(real, imaginary)
}

/// A real matrix, or the two parts of a complex one.
#[track_caller]
fn parts(op: &'static str, a: Val) -> Vec<gradus_ir::Val> {
    let a = square(op, a);
    if a.is_complex() { vec![a.real().ir(), a.imag().ir()] } else { vec![a.ir()] }
}

/// What [`lu_factor`] finds: L and U in one matrix, and how rows were exchanged.
#[derive(Clone, Copy, Debug)]
pub struct LuFactors {
    /// L, whose ones are not stored, below the diagonal, and U `[.., m, n]`.
    pub lu: Val,
    /// The row, an `i32`, with which each row was exchanged in turn `[.., min(m, n)]`.
    pub pivots: Val,
    /// For each row of L · U the row, an `i32`, of A `[.., m]`.
    pub permutation: Val,
}

/// The decomposition of A with its rows permuted into L · U, as [`super::lu_solve`] takes it.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val| linalg::lu_factor(a).permutation);
/// assert_eq!(f(&Array::from([[1.0f32, 2.0], [3.0, 4.0]]))?.to_vec::<i32>()?, [1, 0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn lu_factor(a: impl Into<Val>) -> LuFactors {
    results!(matrices("lu_factor", a.into()).ir().lu() => lu, pivots, permutation);
    LuFactors { lu, pivots, permutation }
}

/// The permutation P `[.., m, m]`, L `[.., m, k]` and U `[.., k, n]` of A = P · L · U, k the smaller of m and n.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let y = jit(|x: &Val| linalg::lu(x).2)(&Array::from([[0.0f32, 2.0], [1.0, 3.0]]))?;
/// assert_eq!(y, Array::from([[1.0f32, 3.0], [0.0, 2.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn lu(a: impl Into<Val>) -> (Val, Val, Val) {
    let a = matrices("lu", a.into());
    let LuFactors { lu, permutation, .. } = lu_factor(a);
    let parts =
        |part: fn(Val, Val) -> Val| Val::derive("lu", &[lu, permutation], |_| Ok(part(lu, permutation)));
    (parts(permutation_matrix), parts(|lu, _| lower_factor(lu)), parts(|lu, _| upper_factor(lu)))
}

/// Column `i` is 1 at row `permutation[i]`.
#[track_caller]
fn permutation_matrix(lu: Val, permutation: Val) -> Val {
    let m = permutation.shape()[permutation.rank() - 1];
    let row = iota(Dtype::of_index(m), [m, m], 0);
    permutation.expand_dims(-2).eq(row).astype(lu.dtype().real())
}

#[track_caller]
fn lower_factor(lu: Val) -> Val {
    let (m, n) = super::extents(&lu.ty());
    let k = m.min(n);
    columns(lu, k).tril(-1) + eye_of([m, k], 0, lu.dtype())
}

#[track_caller]
fn upper_factor(lu: Val) -> Val {
    let (m, n) = super::extents(&lu.ty());
    rows(lu, m.min(n)).triu(0)
}

/// The first `k` columns.
#[track_caller]
fn columns(x: Val, k: usize) -> Val {
    let axis = x.rank() - 1;
    Val::from_ir(x.ir().slice_axis(axis, 0, k))
}

/// The first `k` rows.
#[track_caller]
fn rows(x: Val, k: usize) -> Val {
    let axis = x.rank() - 2;
    Val::from_ir(x.ir().slice_axis(axis, 0, k))
}
