//! Reflections of Householder and exchanges of rows, as LAPACK keeps them: loops, differentiable like all others.

use super::{extents, matrices};
use crate::{Dtype, ErrorKind, Scan, Val, arange, eye_of, fori_loop, where_};

/// The decomposition A = Q · R of `[.., m, n]` as reflections: R in the upper triangle, below it the vectors v, whose
/// first element is 1 and not kept; and the factors τ `[.., min(m, n)]`. Q is the product of all 1 - τ · v · vᴴ, which
/// [`householder_product`] forms. As `jax.lax.linalg.geqrf`; `qr(a, mode="raw")` of NumPy is its transpose.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val| linalg::geqrf(a));
/// let (packed, tau) = f(&Array::from([[3.0f32], [4.0]]))?;
/// assert_eq!((packed.to_vec::<f32>()?, tau.to_vec::<f32>()?), (vec![-5.0, 0.5], vec![1.6]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn geqrf(a: impl Into<Val>) -> (Val, Val) {
    let a = matrices("geqrf", a.into());
    let both = |pick: fn((Val, Val)) -> Val| Val::derive("geqrf", &[a], |_| Ok(pick(reflected(a))));
    crate::val::at_caller("geqrf", || (both(|(packed, _)| packed), both(|(_, tau)| tau)))
}

#[track_caller]
fn reflected(a: Val) -> (Val, Val) {
    let (m, n) = extents(&a.ty());
    let k = m.min(n);
    let (rows, columns) = (arange(m), arange(n));
    let tau = a.sum_axes([-2, -1]).expand_dims(-1) * crate::zeros([k], a.dtype());
    fori_loop(0, k as i64, (a, tau), |i, (a, tau)| {
        let column = a.dynamic_index_in_dim(i, -1);
        let below = where_(rows.gt(i), column, 0.0);
        let head = where_(rows.eq(i), column, 0.0).sum_axes(-1);
        let tail = (below * below.conj()).real().sum_axes(-1);
        let imaginary = if head.is_complex() { head.imag() } else { tail * 0.0 };
        let is_done = tail.eq(0) & imaginary.eq(0);
        let real = if head.is_complex() { head.real() } else { head };
        let length = (where_(is_done, 1.0, tail) + (head * head.conj()).real()).sqrt();
        let beta = where_(real.lt(0), length, -length).astype(a.dtype());
        let factor = where_(is_done, 0.0, (beta - head) / beta);
        let beta = where_(is_done, head, beta);
        let divisor = where_(is_done, 1.0, head - beta).expand_dims(-1);
        let v = where_(rows.eq(i), 1.0, below / divisor);
        let along = v.conj().expand_dims(-2).matmul(a);
        let change = (factor.conj().expand_dims(-1) * v).expand_dims(-1) * along;
        let a = a - where_(columns.ge(i), change, 0.0);
        let kept = where_(rows.lt(i), a.dynamic_index_in_dim(i, -1), v);
        let kept = where_(rows.eq(i), beta.expand_dims(-1), kept);
        let a = where_(columns.eq(i), kept.expand_dims(-1), a);
        (a, where_(arange(k).eq(i), factor.expand_dims(-1), tau))
    })
}

/// The first n columns of the product of the reflections 1 - τ · v · vᴴ, where v has 1 on the diagonal and what stands
/// below it in the columns of `a` `[.., m, n]`, and τ is `[.., k]` with k ≤ n ≤ m. As
/// `jax.lax.linalg.householder_product`.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val| {
///     let (packed, tau) = linalg::geqrf(a);
///     linalg::householder_product(packed, tau)
/// });
/// let q = f(&Array::from([[3.0f32], [4.0]]))?.to_vec::<f32>()?;
/// assert!((q[0] + 0.6).abs() < 1e-6 && (q[1] + 0.8).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn householder_product(a: impl Into<Val>, tau: impl Into<Val>) -> Val {
    let (a, tau) = (matrices("householder_product", a.into()), tau.into());
    Val::derive("householder_product", &[a, tau], |known| {
        let (ta, tt) = (&known[0].ty, &known[1].ty);
        let (m, n) = extents(ta);
        let batch = &ta.shape.dims()[..ta.rank() - 2];
        let fits = tt.rank() + 1 == ta.rank() && tt.shape.dims()[..tt.rank() - 1] == *batch;
        let k = tt.shape.dims().last().copied().unwrap_or(0);
        if m < n || !fits || k > n {
            let message = format!(
                "takes {ta} of at least as many rows as columns, and a factor for each of its first columns, not {tt}"
            );
            return Err(ErrorKind::invalid(message));
        }
        let rows = arange(m);
        let first = eye_of([m, n], 0, a.dtype()).broadcast_to(ta.shape.clone());
        Ok(fori_loop(0, k as i64, first, |done, q| {
            let i = k as i64 - 1 - done;
            let v = where_(rows.gt(i), a.dynamic_index_in_dim(i, -1), 0.0);
            let v = where_(rows.eq(i), 1.0, v);
            let along = v.conj().expand_dims(-2).matmul(q);
            let factor = tau.dynamic_index_in_dim(i, -1).expand_dims(-1);
            q - (factor * v).expand_dims(-1) * along
        }))
    })
}

/// The permutation `[.., size]` that the exchanges `pivots` `[.., k]` of [`super::lu_factor`] make: row i of the
/// permuted matrix is row `permutation[i]`.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|pivots: &Val| linalg::lu_pivots_to_permutation(pivots, 3));
/// assert_eq!(f(&Array::from([2i32, 2]))?, Array::from([2i32, 0, 1]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn lu_pivots_to_permutation(pivots: impl Into<Val>, size: usize) -> Val {
    let pivots = pivots.into();
    Val::derive("lu_pivots_to_permutation", &[pivots], |known| {
        let ty = &known[0].ty;
        let k = ty.shape.dims().last().copied().unwrap_or(size + 1);
        if !ty.dtype.is_integer() || k > size {
            let message = format!("takes integers, one for each of at most {size} rows, not {ty}");
            return Err(ErrorKind::invalid(message));
        }
        let mut shape = ty.shape.dims().to_vec();
        shape.pop();
        shape.push(size);
        let rows = arange(size).astype(Dtype::I32);
        let first = (rows.broadcast_to(shape), Val::from(0).astype(Dtype::I32));
        let exchanges = Scan { length: Some(k), ..Scan::default() };
        let exchanged = exchanges.run(first, &pivots.moveaxis(-1, 0), |(permutation, i), pivot| {
            let there = rows.eq(pivot.astype(Dtype::I32).expand_dims(-1));
            let here = rows.eq(i);
            let at = |place: Val| where_(place, permutation, 0).sum_axes(crate::keep(-1));
            let permutation = where_(here, at(there), where_(there, at(here), permutation));
            ((permutation, i + 1), ())
        });
        Ok(exchanged.0.0)
    })
}
