//! Random numbers from explicit keys: a pure function of key and shape, the same on every machine.
//!
//! The generator is threefry2x32 with a counter for each element, as JAX's with `jax_threefry_partitionable`:
//! bits, uniform numbers, integers, permutations and keys are the same as JAX's, bit for bit; what goes through a
//! logarithm or an error function agrees to rounding.

mod choice;
mod continuous;
mod counts;
mod discrete;
mod gamma;
mod matrices;

pub use choice::{Choice, categorical, categorical_along, choice, permutation, permutation_along, shuffle};
pub use continuous::{
    ball, cauchy, cauchy_of, double_sided_maxwell, exponential, exponential_of, generalized_normal, gumbel,
    gumbel_of, laplace, laplace_of, logistic, logistic_of, lognormal, maxwell, pareto, rayleigh, triangular,
    wald, weibull_min,
};
pub use counts::{binomial, multinomial, poisson};
pub use discrete::{bernoulli, geometric, rademacher, randint, randint_of};
pub use gamma::{beta, chisquare, dirichlet, f, gamma, gamma_of, loggamma, loggamma_of, t};
pub use matrices::{multivariate_normal, orthogonal};

use crate::val::broadcast::common_shape;
use crate::val::strict;
use crate::{Array, Dtype, ErrorKind, IntoExtents, Shape, Slice, Type, Val, concatenate, stack, where_};
use gradus_ir::Val as Strict;

/// The key of a seed as data: `u32[2]`, the high and the low word.
///
/// ```
/// use gradus::{Val, jit, random};
/// let f = jit(|key: &Val| random::normal(key, [3]));
/// assert_eq!(f(&random::seed(0))?.shape(), [3]);
/// # Ok::<(), gradus::Error>(())
/// ```
pub fn seed(seed: u64) -> Array {
    Array::from([(seed >> 32) as u32, seed as u32])
}

/// The key of a seed inside a trace: `u32[2]`. See [`seed`](fn@seed) for data.
#[track_caller]
pub fn key(seed: impl Into<Val>) -> Val {
    let seed = seed.into();
    Val::derive("random::key", &[seed], |known| {
        let ty = &known[0].ty;
        if ty.rank() != 0 || !ty.dtype.is_integer() {
            return Err(ErrorKind::invalid(format!(
                "the seed is {ty}, not a scalar integer; give one number"
            )));
        }
        if let Some(n) = seed.integer_literal() {
            let high = if i32::try_from(n).is_ok() { 0 } else { (n >> 32) as u32 };
            return Ok(Val::from_ir(strict::constant(Array::from([high, n as u32]))));
        }
        let low = seed.astype(Dtype::U32);
        let high = if ty.dtype.size_bytes() == 8 {
            seed.shift_right_logical(32).astype(Dtype::U32)
        } else {
            low.zeros_like()
        };
        Ok(stack([high, low], 0))
    })
}

/// Whether a value is a key.
fn check_key(ty: &Type) -> Result<(), ErrorKind> {
    if ty.dtype == Dtype::U32 && ty.shape == Shape::from([2]) {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("a key is u32[2], not {ty}; make one with `random::key`")))
}

/// The two words of a key, as scalars.
#[track_caller]
fn words(key: Val) -> [Strict; 2] {
    [0, 1].map(|i| key.ir().slice(&[i], &[i + 1], &[1]).reshape(Shape::scalar()))
}

/// [`Val::derive`] for functions of a key and a shape.
#[track_caller]
fn from_key(
    op: &'static str,
    key: impl Into<Val>,
    shape: impl IntoExtents,
    f: impl FnOnce(Val, Shape) -> Result<Val, ErrorKind>,
) -> Val {
    let (key, extents) = (key.into(), shape.into_extents());
    Val::derive(op, &[key], |known| {
        check_key(&known[0].ty)?;
        f(key, extents.shape()?)
    })
}

/// [`Val::derive`] for functions of a key, parameters that broadcast to a shape, and that shape; `f` gets the
/// parameters as `dtype`.
#[track_caller]
fn from_params<const N: usize>(
    op: &'static str,
    key: impl Into<Val>,
    params: [Val; N],
    shape: impl IntoExtents,
    dtype: Dtype,
    f: impl FnOnce(Val, [Val; N], &Shape) -> Result<Val, ErrorKind>,
) -> Val {
    let (key, extents) = (key.into(), shape.into_extents());
    let args: Vec<Val> = [key].into_iter().chain(params).collect();
    Val::derive(op, &args, |known| {
        check_key(&known[0].ty)?;
        check_float(dtype)?;
        let shape = extents.shape()?;
        let met = common_shape([&shape].into_iter().chain(known[1..].iter().map(|k| &k.ty.shape)))?;
        if met != shape {
            let types: Vec<String> = known[1..].iter().map(|k| k.ty.to_string()).collect();
            let message = format!(
                "the parameters {} do not broadcast to the shape {shape}; give one that holds theirs",
                types.join(", ")
            );
            return Err(ErrorKind::invalid(message));
        }
        f(key, params.map(|p| p.astype(dtype).broadcast_to(&shape)), &shape)
    })
}

/// Whether numbers of `dtype` are drawn.
fn check_float(dtype: Dtype) -> Result<(), ErrorKind> {
    if dtype.is_float() {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("draws real floats, not {dtype}; convert the result")))
}

/// The smallest normal number of a float type.
fn smallest(dtype: Dtype) -> f64 {
    dtype.finfo().map_or(0.0, |info| info.smallest_normal)
}

/// Counters scrambled under a key: the first half of the elements of `count` and the second are the two words (an odd
/// number of elements is filled up by a zero), as `jax.extend.random.threefry_2x32`.
///
/// # Errors
/// If the operands are not of `u32`, or the key has not two.
#[track_caller]
pub fn threefry_2x32(key: impl Into<Val>, count: impl Into<Val>) -> Val {
    let (key, count) = (key.into(), count.into());
    Val::derive("random::threefry_2x32", &[key, count], |known| {
        check_key(&known[0].ty)?;
        let ty = &known[1].ty;
        if ty.dtype != Dtype::U32 {
            return Err(ErrorKind::invalid(format!("the counters are {ty}, not u32; convert them first")));
        }
        let (size, flat) = (ty.shape.size(), count.ravel());
        let even = if size % 2 == 0 {
            flat
        } else {
            concatenate([flat, flat.slice([Slice::from(0..1)]).zeros_like()], 0)
        };
        let half = size.div_ceil(2);
        let words =
            [even.slice([Slice::from(0..half)]), even.slice([Slice::from(half..2 * half)])].map(Val::ir);
        let key = words_of(key, &Shape::from([half]));
        let made = Strict::threefry2x32(key, words).map(Val::from_ir);
        Ok(concatenate(made, 0).slice([Slice::from(0..size)]).reshape(&ty.shape))
    })
}

/// The two words of a key, repeated to a shape.
#[track_caller]
fn words_of(key: Val, shape: &Shape) -> [Strict; 2] {
    words(key).map(|word| strict::broadcast(word, shape))
}

/// `n` new keys as rows of a `u32[n,2]`; the old one should not be used again.
///
/// ```
/// use gradus::{Val, jit, random};
/// let keys = jit(|key: &Val| random::split(key, 3))(&random::seed(7))?;
/// assert_eq!(keys.shape(), [3, 2]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn split(key: impl Into<Val>, n: usize) -> Val {
    let key = key.into();
    Val::derive("random::split", &[key], |known| {
        check_key(&known[0].ty)?;
        let key = words(key);
        let shape = Shape::from([n]);
        let low = strict::iota(Dtype::U32, &shape, 0);
        let high = low.zeros_like();
        let made = Strict::threefry2x32(key.map(|w| strict::broadcast(w, &shape)), [high, low]);
        Ok(stack(made.map(Val::from_ir), 1))
    })
}

/// `N` new keys; the old one should not be used again.
///
/// ```
/// use gradus::{Val, jit, random};
/// let f = jit(|key: &Val| {
///     let [a, b] = random::split_into(key);
///     random::normal(a, [2]) + random::uniform(b, [2])
/// });
/// assert_eq!(f(&random::seed(0))?.shape(), [2]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn split_into<const N: usize>(key: impl Into<Val>) -> [Val; N] {
    let keys = split(key, N);
    std::array::from_fn(|i| keys.at(i))
}

/// The key for item `data` of whatever is numbered: a step, a layer.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::fold_in(key, 7))(&random::seed(0))?;
/// assert_eq!(x, Array::from([2716826189u32, 292468403]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn fold_in(key: impl Into<Val>, data: impl Into<Val>) -> Val {
    let (key, data) = (key.into(), data.into());
    Val::derive("random::fold_in", &[key, data], |known| {
        check_key(&known[0].ty)?;
        let key = words(key);
        if known[1].ty.rank() != 0 || !known[1].ty.dtype.is_integer() {
            let message = format!("the data is {}, not a scalar integer; give one number", known[1].ty);
            return Err(ErrorKind::invalid(message));
        }
        let low = data.astype(Dtype::U32).ir();
        let made = Strict::threefry2x32(key, [low.zeros_like(), low]);
        Ok(stack(made.map(Val::from_ir), 0))
    })
}

/// Random bits of an integer type.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::bits(key, [2], Dtype::U8))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::U8);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn bits(key: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_key("random::bits", key, shape, |key, shape| {
        if !dtype.is_integer() {
            let message = format!("bits are integers, not {dtype}; use `uniform` for floats");
            return Err(ErrorKind::invalid(message));
        }
        Ok(Val::from_ir(Strict::random_bits(words(key), shape, dtype)))
    })
}

/// Uniform `f32` numbers in [0, 1).
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::uniform(key, [2, 3]))(&random::seed(1))?;
/// assert!(x.to_vec::<f32>()?.iter().all(|x| (0.0..1.0).contains(x)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn uniform(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    uniform_between(key, shape, Dtype::F32, 0.0, 1.0)
}

/// Uniform numbers of a float type in [low, high); the bounds are scalars.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::uniform_between(key, [3], Dtype::F64, 2.0, 3.0))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| (2.0..3.0).contains(x)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn uniform_between(
    key: impl Into<Val>,
    shape: impl IntoExtents,
    dtype: Dtype,
    low: impl Into<Val>,
    high: impl Into<Val>,
) -> Val {
    let (key, low, high) = (key.into(), low.into(), high.into());
    let unit = low.is_number(0.0) && high.is_number(1.0);
    from_key("random::uniform", key, shape, |key, shape| {
        let share = share(key, shape, dtype)?;
        if unit {
            return Ok(share);
        }
        let (low, high) = (low.astype(dtype), high.astype(dtype));
        let width = high - low;
        let scaled = multiply_add(share, width, low, dtype);
        // The width of what lies on both sides of zero may overflow.
        let scaled = where_(width.isinf(), low * (1.0 - share) + high * share, scaled);
        // Rounding may reach the upper bound, which does not belong.
        let below = high.nextafter(f64::NEG_INFINITY);
        Ok(low.max(where_(low.lt(high), scaled.min(below), scaled)))
    })
}

/// Uniform in [0, 1): random bits become the fraction of a float in [1, 2).
#[track_caller]
fn share(key: Val, shape: Shape, dtype: Dtype) -> Result<Val, ErrorKind> {
    if !dtype.is_float() {
        let message = format!("uniform numbers are real floats, not {dtype}; use `randint` for integers");
        return Err(ErrorKind::invalid(message));
    }
    // As many random bits as the type has, but for bf16, whose fraction fits into eight.
    let (drawn, word) = match dtype {
        Dtype::BF16 => (Dtype::U8, Dtype::U16),
        Dtype::F16 => (Dtype::U16, Dtype::U16),
        Dtype::F32 => (Dtype::U32, Dtype::U32),
        _ => (Dtype::U64, Dtype::U64),
    };
    let one = Array::from_f64(&Type::scalar(dtype), [1.0]).reinterpreted(Type::scalar(word));
    let nmant = dtype.finfo().map_or(0, |info| info.nmant);
    let bits = bits(key, &shape, drawn).astype(word);
    let fraction = bits.shift_right_logical(8 * drawn.size_bytes() as i64 - i64::from(nmant));
    let float = (fraction | Val::from_ir(strict::constant(one))).bitcast(dtype);
    Ok(float - 1.0)
}

/// x · y + z rounded once. For `f32` the product is exact in `f64`.
#[track_caller]
fn multiply_add(x: Val, y: Val, z: Val, dtype: Dtype) -> Val {
    match dtype {
        Dtype::F32 => {
            let [x, y, z] = [x, y, z].map(|v| v.astype(Dtype::F64));
            (x * y + z).astype(Dtype::F32)
        }
        _ => x * y + z,
    }
}

/// Normal `f32` numbers of mean 0 and variance 1.
///
/// ```
/// use gradus::{Val, jit, random};
/// let mean = jit(|key: &Val| random::normal(key, [1000]).mean())(&random::seed(0))?;
/// assert!(mean.item::<f32>()?.abs() < 0.1);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn normal(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    normal_of(key, shape, Dtype::F32)
}

/// Normal numbers of a float type, of mean 0 and variance 1.
///
/// ```
/// use gradus::{Dtype, Val, jit, random};
/// let x = jit(|key: &Val| random::normal_of(key, [3], Dtype::F16))(&random::seed(0))?;
/// assert_eq!(x.dtype(), Dtype::F16);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn normal_of(key: impl Into<Val>, shape: impl IntoExtents, dtype: Dtype) -> Val {
    from_key("random::normal", key, shape, |key, shape| {
        // The lowest share is the number next to -1, whose inverse error function is finite.
        let low = dtype.finfo().map_or(-1.0, |info| info.eps / 2.0 - 1.0);
        let share = uniform_between(key, &shape, dtype, low, 1.0);
        Ok(std::f64::consts::SQRT_2 * share.erf_inv())
    })
}

/// Normal `f32` numbers of mean 0 and variance 1, those outside of [low, high] drawn again.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::truncated_normal(key, [3], -1.0, 0.5))(&random::seed(0))?;
/// assert!(x.to_f64_vec().iter().all(|x| (-1.0..=0.5).contains(x)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn truncated_normal(
    key: impl Into<Val>,
    shape: impl IntoExtents,
    low: impl Into<Val>,
    high: impl Into<Val>,
) -> Val {
    let (low, high) = (low.into(), high.into());
    from_key("random::truncated_normal", key, shape, |key, shape| {
        let (low, high) = (low.astype(Dtype::F32), high.astype(Dtype::F32));
        let share_below = |x: Val| (x / std::f64::consts::SQRT_2).erf();
        let share = uniform_between(key, &shape, Dtype::F32, share_below(low), share_below(high));
        let drawn = std::f64::consts::SQRT_2 * share.erf_inv();
        Ok(drawn.clip(low.nextafter(f64::INFINITY), high.nextafter(f64::NEG_INFINITY)))
    })
}
