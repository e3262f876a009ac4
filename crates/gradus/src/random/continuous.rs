//! Continuous distributions made of uniform and normal numbers.

use super::{
    from_key, from_params, gamma, normal, rademacher, smallest, split_into, uniform, uniform_between,
};
use crate::{Dtype, IntoExtents, Shape, Val, where_};
use std::f64::consts::PI;

/// Exponential numbers of mean 1, `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::exponential(key, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x >= 0.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn exponential(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    exponential_of(key, shape, Dtype::F32)
}

/// [`exponential`] of a float type.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::exponential_of(key, [3], Dtype::F64))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::F64);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn exponential_of(key: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_params("random::exponential", key, [], shape, dtype, |key, [], shape| {
        Ok(-(-uniform_between(key, shape, dtype, 0.0, 1.0)).log1p())
    })
}

/// Gumbel numbers: -log(-log u), `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::gumbel(key, [3]))(&random::seed(0))?;
/// assert_eq!(x.shape(), [3]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn gumbel(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    gumbel_of(key, shape, Dtype::F32)
}

/// [`gumbel`] of a float type.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::gumbel_of(key, [3], Dtype::F64))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::F64);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn gumbel_of(key: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_params("random::gumbel", key, [], shape, dtype, |key, [], shape| {
        let share = uniform_between(key, shape, dtype, smallest(dtype), 1.0);
        Ok(-(-share.log()).log())
    })
}

/// Logistic numbers: log u - log(1 - u), `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::logistic(key, [3]))(&random::seed(0))?;
/// assert_eq!(x.shape(), [3]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn logistic(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    logistic_of(key, shape, Dtype::F32)
}

/// [`logistic`] of a float type.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::logistic_of(key, [3], Dtype::F64))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::F64);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn logistic_of(key: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_params("random::logistic", key, [], shape, dtype, |key, [], shape| {
        let share = uniform_between(key, shape, dtype, smallest(dtype), 1.0);
        Ok(share.log() - (-share).log1p())
    })
}

/// Laplace numbers of mean 0 and scale 1, `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::laplace(key, [3]))(&random::seed(0))?;
/// assert_eq!(x.shape(), [3]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn laplace(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    laplace_of(key, shape, Dtype::F32)
}

/// [`laplace`] of a float type.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::laplace_of(key, [3], Dtype::F64))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::F64);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn laplace_of(key: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_params("random::laplace", key, [], shape, dtype, |key, [], shape| {
        // The number next to -1, whose logarithm is finite.
        let low = dtype.finfo().map_or(-1.0, |info| info.eps / 2.0 - 1.0);
        let share = uniform_between(key, shape, dtype, low, 1.0);
        Ok(share.sign() * (-share.abs()).log1p())
    })
}

/// Cauchy numbers, `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::cauchy(key, [3]))(&random::seed(0))?;
/// assert_eq!(x.shape(), [3]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cauchy(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    cauchy_of(key, shape, Dtype::F32)
}

/// [`cauchy`] of a float type.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::cauchy_of(key, [3], Dtype::F64))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::F64);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cauchy_of(key: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_params("random::cauchy", key, [], shape, dtype, |key, [], shape| {
        let least = dtype.finfo().map_or(0.0, |info| info.eps);
        let share = uniform_between(key, shape, dtype, least, 1.0);
        Ok((PI * (share - 0.5)).tan())
    })
}

/// Pareto numbers of exponent `b`, which broadcasts to `shape`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::pareto(key, 2.0, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x >= 1.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn pareto(key: impl Into<Val>, b: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let params = [b.into()];
    from_params("random::pareto", key, params, shape, Dtype::F32, |key, [b], shape| {
        Ok((exponential(key, shape) / b).exp())
    })
}

/// The exponentials of normal numbers of standard deviation `sigma`.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::lognormal(key, 0.0, [3]))(&random::seed(0))?;
/// assert_eq!(x, Array::from([1.0f32; 3]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn lognormal(key: impl Into<Val>, sigma: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let params = [sigma.into()];
    from_params("random::lognormal", key, params, shape, Dtype::F32, |key, [sigma], shape| {
        Ok((normal(key, shape) * sigma).exp())
    })
}

/// Rayleigh numbers: the length of a normal vector in the plane, of deviation `scale`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::rayleigh(key, 2.0, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x >= 0.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn rayleigh(key: impl Into<Val>, scale: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let params = [scale.into()];
    from_params("random::rayleigh", key, params, shape, Dtype::F32, |key, [scale], shape| {
        Ok(scale * (-2.0 * uniform(key, shape).log()).sqrt())
    })
}

/// Weibull numbers of the given scale and exponent.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::weibull_min(key, 2.0, 1.5, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x >= 0.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn weibull_min(
    key: impl Into<Val>,
    scale: impl Into<Val>,
    concentration: impl Into<Val>,
    shape: impl IntoExtents,
) -> Val {
    let params = [scale.into(), concentration.into()];
    from_params(
        "random::weibull_min",
        key,
        params,
        shape,
        Dtype::F32,
        |key, [scale, concentration], shape| {
            let share = uniform(key, shape);
            Ok((-(-share).log1p()).pow(1.0 / concentration) * scale)
        },
    )
}

/// Numbers whose density is a triangle over [left, right] with its peak at `mode`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::triangular(key, 0.0, 1.0, 2.0, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| (0.0..=2.0).contains(x)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn triangular(
    key: impl Into<Val>,
    left: impl Into<Val>,
    mode: impl Into<Val>,
    right: impl Into<Val>,
    shape: impl IntoExtents,
) -> Val {
    let params = [left.into(), mode.into(), right.into()];
    from_params("random::triangular", key, params, shape, Dtype::F32, |key, [left, mode, right], shape| {
        let peak = (mode - left) / (right - left);
        let share = uniform(key, shape);
        // The root that is not chosen may be of 0, whose slope is infinite.
        let rises = share.lt(peak);
        let root = |chosen: Val, square: Val| where_(chosen, square, 1.0).sqrt();
        let rising = left + root(rises, share * (right - left) * (mode - left));
        let falling = right - root(!rises, (1.0 - share) * (right - left) * (right - mode));
        Ok(where_(rises, rising, falling))
    })
}

/// Wald (inverse Gaussian) numbers of that mean and concentration 1.
///
/// Michael, Schucany and Haas, "Generating random variates using transformations with multiple roots" (1976).
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::wald(key, 2.0, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x > 0.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn wald(key: impl Into<Val>, mean: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let params = [mean.into()];
    from_params("random::wald", key, params, shape, Dtype::F32, |key, [mean], shape| {
        let [of_normal, of_share] = split_into(key);
        let (v, share) = (normal(of_normal, shape), uniform(of_share, shape));
        let y = v * v;
        let root = (4.0 * mean * y + mean * mean * (y * y)).sqrt();
        let x = mean + mean * mean * y / 2.0 - mean / 2.0 * root;
        Ok(where_(share.le(mean / (mean + x)), x, mean * mean / x))
    })
}

/// Maxwell numbers, `f32`: the length of a normal vector in space.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::maxwell(key, [3]))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x >= 0.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn maxwell(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_key("random::maxwell", key, shape, |key, shape| {
        let vectors = normal(key, shape.with_axis(shape.rank(), 3));
        Ok((vectors * vectors).sum_axes(-1).sqrt())
    })
}

/// Maxwell numbers of either sign, times `scale` and moved by `loc`; the parameters' shape follows `shape`.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::double_sided_maxwell(key, 5.0, 0.0, [3]))(&random::seed(0))?;
/// assert_eq!(x, Array::from([5.0f32; 3]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn double_sided_maxwell(
    key: impl Into<Val>,
    loc: impl Into<Val>,
    scale: impl Into<Val>,
    shape: impl IntoExtents,
) -> Val {
    let (key, loc, scale, extents) = (key.into(), loc.into(), scale.into(), shape.into_extents());
    Val::derive("random::double_sided_maxwell", &[key, loc, scale], |known| {
        super::check_key(&known[0].ty)?;
        let own = crate::val::broadcast::common_shape(known[1..].iter().map(|k| &k.ty.shape))?;
        let given = extents.shape()?;
        let first = if given.rank() == 0 { &own } else { &given };
        let shape: Shape = first.dims().iter().chain(own.dims().iter()).copied().collect();
        let [of_maxwell, of_sign] = split_into(key);
        let sign = rademacher(of_sign, &shape).astype(Dtype::F32);
        Ok(sign * maxwell(of_maxwell, &shape) * scale.astype(Dtype::F32) + loc.astype(Dtype::F32))
    })
}

/// Numbers of density exp(-|x|ᵖ), `f32`.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::generalized_normal(key, 2.0, [3]))(&random::seed(0))?;
/// assert_eq!(x.shape(), [3]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn generalized_normal(key: impl Into<Val>, p: f64, shape: impl IntoExtents) -> Val {
    from_key("random::generalized_normal", key, shape, |key, shape| {
        let [of_size, of_sign] = split_into(key);
        let size = gamma(of_size, 1.0 / p, &shape);
        Ok(rademacher(of_sign, &shape).astype(Dtype::F32) * size.pow(1.0 / p))
    })
}

/// Points of the ball of `d` dimensions in the norm of exponent `p`, uniform, `f32`; `d` becomes the last axis.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::ball(key, 2, 2.0, [3]).square().sum_axes(-1))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| *x <= 1.0001));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ball(key: impl Into<Val>, d: usize, p: f64, shape: impl IntoExtents) -> Val {
    from_key("random::ball", key, shape, |key, shape| {
        let [of_point, of_radius] = split_into(key);
        let point = generalized_normal(of_point, p, shape.with_axis(shape.rank(), d));
        let size = point.abs().pow(p).sum_axes(-1) + exponential(of_radius, &shape);
        Ok(point / size.pow(1.0 / p).expand_dims(-1))
    })
}
