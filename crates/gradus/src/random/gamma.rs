//! The gamma distribution and those made of it; derivatives flow to the shape parameters.

use super::{check_key, from_params, normal, split_into, words_of};
use crate::{Dtype, ErrorKind, IntoExtents, Shape, Val};
use gradus_ir::Val as Strict;

/// Samples of the gamma distribution of shape `a`, which broadcasts to `shape`, and scale 1, `f32`.
///
/// ```
/// use gradus::{Array, Val, grad, jit, random};
/// let mean = |a: &Val, key: &Val| random::gamma(key, a, [1000]).mean();
/// let slope = jit(move |a: &Val, key: &Val| grad(mean)(a, key))(&Array::from(3.0f32), &random::seed(0))?;
/// assert!((slope.item::<f32>()? - 1.0).abs() < 0.1);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn gamma(key: impl Into<Val>, a: impl Into<Val>, shape: impl IntoExtents) -> Val {
    gamma_of(key, a, shape, Dtype::F32)
}

/// [`gamma`] of a float type.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::gamma_of(key, 2.0, [3], Dtype::F64))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::F64);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn gamma_of(key: impl Into<Val>, a: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_params("random::gamma", key, [a.into()], shape, dtype, |key, [a], shape| {
        Ok(each(key, a, shape, Strict::random_gamma))
    })
}

/// The logarithm of samples of [`gamma`], finite where those underflow, `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::loggamma(key, 1e-3, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| x.is_finite()));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn loggamma(key: impl Into<Val>, a: impl Into<Val>, shape: impl IntoExtents) -> Val {
    loggamma_of(key, a, shape, Dtype::F32)
}

/// [`loggamma`] of a float type.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::loggamma_of(key, 2.0, [3], Dtype::F64))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::F64);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn loggamma_of(key: impl Into<Val>, a: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_params("random::loggamma", key, [a.into()], shape, dtype, |key, [a], shape| {
        Ok(each(key, a, shape, Strict::random_loggamma))
    })
}

/// A draw for each element, each with a key of its own.
#[track_caller]
fn each(key: Val, a: Val, shape: &Shape, draw: fn([Strict; 2], Strict) -> Strict) -> Val {
    let flat = Shape::from([shape.size()]);
    let low = crate::val::strict::iota(Dtype::U32, &flat, 0);
    let keys = Strict::threefry2x32(words_of(key, &flat), [low.zeros_like(), low]);
    Val::from_ir(draw(keys.map(|word| word.reshape(shape.clone())), a.ir()))
}

/// Samples of the beta distribution of shapes `a` and `b`, which broadcast to `shape`, `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::beta(key, 2.0, 0.5, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| (0.0..=1.0).contains(x)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn beta(key: impl Into<Val>, a: impl Into<Val>, b: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let params = [a.into(), b.into()];
    from_params("random::beta", key, params, shape, Dtype::F32, |key, [a, b], shape| {
        let [of_a, of_b] = split_into(key);
        let (log_a, log_b) = (loggamma(of_a, a, shape), loggamma(of_b, b, shape));
        let highest = log_a.max(log_b);
        let (a, b) = ((log_a - highest).exp(), (log_b - highest).exp());
        Ok(a / (a + b))
    })
}

/// Samples of the Dirichlet distribution, `f32`: points of a simplex along the last axis, whose weights are those of
/// `alpha`; its other axes broadcast to `shape`.
///
/// # Errors
/// If `alpha` is a scalar.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::dirichlet(key, &Array::from([1.0f32, 2.0]), [3]))(&random::seed(0))?;
/// assert_eq!(x.shape(), [3, 2]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn dirichlet(key: impl Into<Val>, alpha: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let (key, alpha, extents) = (key.into(), alpha.into(), shape.into_extents());
    Val::derive("random::dirichlet", &[key, alpha], |known| {
        check_key(&known[0].ty)?;
        let ty = &known[1].ty;
        let Some(last) = ty.rank().checked_sub(1) else {
            return Err(ErrorKind::invalid(format!("alpha is {ty}; give it an axis of weights")));
        };
        let shape = extents.shape()?;
        let shape = shape.with_axis(shape.rank(), ty.shape.dim(last));
        Ok(loggamma(key, alpha, shape).softmax(-1))
    })
}

/// Samples of the χ² distribution of `df` degrees of freedom, `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::chisquare(key, 3.0, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x >= 0.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn chisquare(key: impl Into<Val>, df: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_params("random::chisquare", key, [df.into()], shape, Dtype::F32, |key, [df], shape| {
        Ok(loggamma(key, df / 2.0, shape).exp() * 2.0)
    })
}

/// Samples of Student's t distribution of `df` degrees of freedom, `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::t(key, 3.0, [3]))(&random::seed(0))?;
/// assert_eq!(x.shape(), [3]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn t(key: impl Into<Val>, df: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_params("random::t", key, [df.into()], shape, Dtype::F32, |key, [df], shape| {
        let [of_normal, of_gamma] = split_into(key);
        let half = df / 2.0;
        Ok(normal(of_normal, shape) * (half / gamma(of_gamma, half, shape)).sqrt())
    })
}

/// Samples of the F distribution, `f32`: the quotient of two χ² numbers, each over its degrees of freedom.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::f(key, 3.0, 4.0, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x >= 0.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn f(key: impl Into<Val>, dfnum: impl Into<Val>, dfden: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let params = [dfnum.into(), dfden.into()];
    from_params("random::f", key, params, shape, Dtype::F32, |key, [dfnum, dfden], shape| {
        let [of_denominator, of_numerator] = split_into(key);
        let numerator = chisquare(of_numerator, dfnum, shape) / dfnum;
        Ok(numerator / (chisquare(of_denominator, dfden, shape) / dfden))
    })
}
