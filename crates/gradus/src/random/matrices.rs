//! Normal vectors with a covariance, and random orthogonal matrices.

use super::{check_key, from_key, normal_of};
use crate::val::broadcast::common_shape;
use crate::val::promote::promote_all;
use crate::{Dtype, ErrorKind, IntoExtents, Val, linalg};

/// Normal vectors with that mean `[.., n]` and covariance `[.., n, n]`, whose other axes broadcast to `shape`, by the
/// covariance's Cholesky factor.
///
/// # Errors
/// If the mean has no axis, or the covariance is not square of the mean's extent.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let f = jit(|key: &Val| random::multivariate_normal(key, &Array::from([5.0f32]), &Array::from([[0.0f32]]), ()));
/// let x = f(&random::seed(0))?;
/// assert_eq!(x.shape(), [1]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn multivariate_normal(
    key: impl Into<Val>,
    mean: impl Into<Val>,
    covariance: impl Into<Val>,
    shape: impl IntoExtents,
) -> Val {
    let (key, mean, covariance, extents) = (key.into(), mean.into(), covariance.into(), shape.into_extents());
    Val::derive("random::multivariate_normal", &[key, mean, covariance], |known| {
        check_key(&known[0].ty)?;
        let dtype = promote_all(&known[1..]).inexact().dtype;
        let (of_mean, of_covariance) = (known[1].ty.shape.dims(), known[2].ty.shape.dims());
        let square = match (of_mean.split_last(), of_covariance.as_ref()) {
            (Some((n, batch)), [outer @ .., rows, columns]) if n == rows && n == columns => {
                Some((*n, batch, outer))
            }
            _ => None,
        };
        let Some((n, batch, outer)) = square else {
            return Err(ErrorKind::invalid(format!(
                "the mean is {} and the covariance {}; give [.., n] and [.., n, n]",
                known[1].ty, known[2].ty
            )));
        };
        let shape = extents.shape()?;
        let met = common_shape([&shape, &batch.into(), &outer.into()])?;
        if met != shape {
            let message =
                format!("the operands' axes before the vectors do not broadcast to the shape {shape}");
            return Err(ErrorKind::invalid(message));
        }
        let factor = linalg::cholesky(covariance.astype(dtype));
        let drawn = normal_of(key, shape.with_axis(shape.rank(), n), dtype);
        let turned = (factor * drawn.expand_dims(-2)).sum_axes(-1);
        Ok(mean.astype(dtype) + turned)
    })
}

/// Orthogonal matrices `[.., n, n]`, uniform, `f32`; the axes of `shape` come first.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| gradus::linalg::det(random::orthogonal(key, 2, ())).abs())(&random::seed(0))?;
/// assert!((x.item::<f32>()? - 1.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn orthogonal(key: impl Into<Val>, n: usize, shape: impl IntoExtents) -> Val {
    from_key("random::orthogonal", key, shape, |key, shape| {
        let rank = shape.rank();
        let drawn = normal_of(key, shape.with_axis(rank, n).with_axis(rank + 1, n), Dtype::F32);
        let (q, r) = linalg::qr(drawn);
        // The diagonal of r by a mask; its signs make the distribution uniform.
        let diagonal = (r * crate::eye(n, Dtype::F32)).sum_axes(-1);
        Ok(q * diagonal.sign().expand_dims(-2))
    })
}
