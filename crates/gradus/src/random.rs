//! Random numbers from explicit keys: a pure function of key and shape, the same on every machine.
//!
//! The generator is threefry2x32 with a counter for each element, as JAX's with `jax_threefry_partitionable`:
//! bits, uniform numbers, integers, permutations and keys are the same as JAX's, bit for bit; what goes through a
//! logarithm or an error function agrees to rounding.

use crate::val::strict;
use crate::{Array, Dtype, ErrorKind, IntoExtents, Shape, Type, Val, stack, where_};
use gradus_ir::Val as Strict;
use gradus_ir::ops::index::IndexMode;

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
        let scaled = multiply_add(share, high - low, low, dtype);
        Ok(low.max(scaled))
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

/// Integers in [low, high), of `i32`; the bounds are scalars. Where `high` is not above `low`, `low`.
#[track_caller]
pub fn randint(
    key: impl Into<Val>,
    shape: impl IntoExtents,
    low: impl Into<Val>,
    high: impl Into<Val>,
) -> Val {
    randint_of(key, shape, Dtype::I32, low, high)
}

/// Integers of type `dtype` in [low, high), bounds beyond the type's range being cut to it, so that 256 is above every
/// `u8`. Where `high` is not above `low`, `low`.
#[track_caller]
pub fn randint_of(
    key: impl Into<Val>,
    shape: impl IntoExtents,
    dtype: Dtype,
    low: impl Into<Val>,
    high: impl Into<Val>,
) -> Val {
    let (low, high) = (low.into(), high.into());
    from_key("random::randint", key, shape, |key, shape| {
        let Some(info) = dtype.iinfo() else {
            return Err(ErrorKind::invalid(format!(
                "random integers cannot be {dtype}; use `uniform` for floats"
            )));
        };
        let word = if info.bits == 32 { Dtype::U32 } else { Dtype::U64 };
        if info.bits < 32 {
            // Drawn from more bits, narrow integers are less uneven. Its range then holds every bound.
            let within = |bound: Val, most: i64| bound.astype(Dtype::I32).max(info.min as i64).min(most);
            let (low, high) = (within(low, info.max as i64), within(high, info.max as i64 + 1));
            return Ok(randint(key, &shape, low, high).astype(dtype));
        }
        let ((low, _), (high, beyond)) = (cut_to(low, dtype), cut_to(high, dtype));
        let [high_key, low_key] = split_into(key);
        let [high_bits, low_bits] = [high_key, low_key].map(|key| bits(key, &shape, word));
        let above = high.gt(low);
        let span = where_(above, high - low, 1).astype(word);
        // The whole range of the type wraps to a span of zero, modulo which every number stays itself.
        let span = where_(above & beyond, span + 1, span);
        // 2ᵇ modulo the span for words of b bits, by way of its root: the two words together are one number.
        let half = span.full_like(1i64 << (info.bits / 2)).fmod(span);
        let weight = (half * half).fmod(span);
        let offset = (high_bits.fmod(span) * weight + low_bits.fmod(span)).fmod(span);
        Ok(low + offset.astype(dtype))
    })
}

/// A bound as the nearest number of type `dtype`, and whether it was above all of them.
#[track_caller]
fn cut_to(bound: Val, dtype: Dtype) -> (Val, Val) {
    let info = dtype.iinfo().expect("internal: an integer type");
    let within = |x: i128| i64::try_from(x.clamp(info.min, info.max)).unwrap_or(i64::MAX);
    if let Some(n) = bound.integer_literal() {
        return (Val::from(within(n.into())).astype(dtype), Val::from(i128::from(n) > info.max));
    }
    let bound = if bound.dtype().is_integer() { bound } else { bound.astype(Dtype::I32) };
    let own = bound.dtype().iinfo().expect("internal: an integer type");
    let (least, most) = (within(own.min), within(own.max));
    let beyond = if info.max < own.max { bound.gt(most) } else { Val::from(false) };
    let bound = if info.min > own.min { bound.max(least) } else { bound };
    let bound = if info.max < own.max { bound.min(most) } else { bound };
    (bound.astype(dtype), beyond)
}

/// Truth values, each true with probability `p`.
#[track_caller]
pub fn bernoulli(key: impl Into<Val>, shape: impl IntoExtents, p: impl Into<Val>) -> Val {
    let p = p.into();
    from_key("random::bernoulli", key, shape, |key, shape| Ok(uniform(key, &shape).lt(p)))
}

/// -1 or 1 with equal probability, as `i32`.
#[track_caller]
pub fn rademacher(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_key("random::rademacher", key, shape, |key, shape| {
        Ok(2 * bernoulli(key, &shape, 0.5).astype(Dtype::I32) - 1)
    })
}

/// Exponential `f32` numbers of mean 1.
#[track_caller]
pub fn exponential(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_key("random::exponential", key, shape, |key, shape| Ok(-(-uniform(key, &shape)).log1p()))
}

/// Gumbel `f32` numbers: -log(-log u).
#[track_caller]
pub fn gumbel(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_key("random::gumbel", key, shape, |key, shape| {
        let share = uniform_between(key, &shape, Dtype::F32, f64::from(f32::MIN_POSITIVE), 1.0);
        Ok(-(-share.log()).log())
    })
}

/// Logistic `f32` numbers: log(u / (1 - u)).
#[track_caller]
pub fn logistic(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_key("random::logistic", key, shape, |key, shape| {
        let share = uniform_between(key, &shape, Dtype::F32, f64::from(f32::MIN_POSITIVE), 1.0);
        Ok((share / (1.0 - share)).log())
    })
}

/// Laplace `f32` numbers of mean 0 and scale 1.
#[track_caller]
pub fn laplace(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_key("random::laplace", key, shape, |key, shape| {
        let low = f64::from((-1.0f32).next_up());
        let share = uniform_between(key, &shape, Dtype::F32, low, 1.0);
        Ok(share.sign() * (-share.abs()).log1p())
    })
}

/// Cauchy `f32` numbers.
#[track_caller]
pub fn cauchy(key: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_key("random::cauchy", key, shape, |key, shape| {
        let share = uniform_between(key, &shape, Dtype::F32, f64::from(f32::EPSILON), 1.0);
        Ok((std::f64::consts::PI * (share - 0.5)).tan())
    })
}

/// Classes drawn by their unnormalised log-probabilities along the last axis, as `i32` of `shape` before which
/// the other axes of `logits` broadcast.
#[track_caller]
pub fn categorical(key: impl Into<Val>, logits: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let (key, logits, extents) = (key.into(), logits.into(), shape.into_extents());
    Val::derive("random::categorical", &[key, logits], |known| {
        let ty = &known[1].ty;
        let Some(last) = ty.rank().checked_sub(1) else {
            return Err(ErrorKind::invalid("the logits are a scalar; give them an axis of classes"));
        };
        let shape = extents.shape()?;
        let noise = gumbel(key, shape.with_axis(shape.rank(), ty.shape.dim(last)));
        Ok((noise + logits).argmax(-1))
    })
}

/// The numbers 0, 1, .. below `n` in random order, as `i32`; or the rows of an array (its parts along the first
/// axis) in random order.
///
/// ```
/// use gradus::{Val, jit, random};
/// let mut order = jit(|key: &Val| random::permutation(key, 5))(&random::seed(3))?.to_vec::<i32>()?;
/// order.sort();
/// assert_eq!(order, [0, 1, 2, 3, 4]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn permutation(key: impl Into<Val>, x: impl Into<Val>) -> Val {
    let (key, x) = (key.into(), x.into());
    Val::derive("random::permutation", &[key, x], |known| {
        check_key(&known[0].ty)?;
        if let Some(n) = x.integer_literal() {
            return Ok(order(key, usize::try_from(n).unwrap_or(0)));
        }
        let ty = &known[1].ty;
        if ty.rank() == 0 {
            let message =
                format!("the number of elements is {ty}, known only at run time; give a Rust integer");
            return Err(ErrorKind::invalid(message));
        }
        let order = order(key, ty.shape.dim(0));
        Ok(Val::from_ir(x.ir().take(order.ir(), 0, IndexMode::PromiseInBounds)))
    })
}

/// Sorted by random words; repeated until equal words hardly matter.
#[track_caller]
fn order(mut key: Val, n: usize) -> Val {
    let shape = Shape::from([n]);
    let rounds = (3.0 * (n.max(1) as f64).ln() / f64::from(u32::MAX).ln()).ceil() as usize;
    let mut order = Val::from_ir(strict::iota(Dtype::I32, &shape, 0));
    for _ in 0..rounds {
        let [next, own] = split_into(key);
        order = order.sort_by(bits(own, &shape, Dtype::U32), 0);
        key = next;
    }
    order
}
