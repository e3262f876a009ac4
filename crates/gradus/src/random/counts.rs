//! Counts: Poisson and binomial numbers, by loops that end when every element has its number.
//!
//! The order of draws is JAX's: an element that has its number draws on until the last one has.

use super::{check_key, from_params, split, split_into, uniform};
use crate::{Array, Dtype, ErrorKind, IntoExtents, Shape, Val, scan, where_, while_loop};

/// Poisson numbers of mean `lam`, which broadcasts to `shape`, as `i32`.
///
/// Knuth's products of uniform numbers for small means; Hörmann, "The transformed rejection method for generating
/// Poisson random variables" (1993), from 10 on.
///
/// ```
/// use gradus::{Val, jit, random};
/// let x = jit(|key: &Val| random::poisson(key, 4.0, [1000]))(&random::seed(0))?;
/// let mean = x.to_vec::<i32>()?.iter().sum::<i32>() as f32 / 1000.0;
/// assert!((mean - 4.0).abs() < 0.3);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn poisson(key: impl Into<Val>, lam: impl Into<Val>, shape: impl IntoExtents) -> Val {
    from_params("random::poisson", key, [lam.into()], shape, Dtype::F32, |key, [lam], shape| {
        let small = lam.isnan() | lam.lt(10);
        let few = poisson_by_products(key, where_(small, lam, 0.0), shape);
        let many = poisson_by_rejection(key, where_(small, 1e5, lam), shape);
        let drawn = where_(small, few, many);
        Ok(where_(lam.eq(0), 0, drawn).astype(Dtype::I32))
    })
}

#[track_caller]
fn poisson_by_products(key: Val, lam: Val, shape: &Shape) -> Val {
    let start = (lam.zeros_like().astype(Dtype::I32), key, lam.zeros_like());
    let going = move |(_, _, log): (Val, Val, Val)| log.gt(-lam).any();
    let step = |(k, key, log): (Val, Val, Val)| {
        let [next, own] = split_into(key);
        (where_(log.gt(-lam), k + 1, k), next, log + uniform(own, shape).log())
    };
    let (k, _, _) = while_loop(start, going, step);
    k - 1
}

#[track_caller]
fn poisson_by_rejection(key: Val, lam: Val, shape: &Shape) -> Val {
    let log_lam = lam.log();
    let b = 0.931 + 2.53 * lam.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let squeeze = 0.9277 - 3.6224 / (b - 2.0);
    let step = |(found, done, key): (Val, Val, Val)| {
        let [next, of_u, of_v] = split_into(key);
        let (u, v) = (uniform(of_u, shape) - 0.5, uniform(of_v, shape));
        let distance = 0.5 - u.abs();
        let k = ((2.0 * a / distance + b) * u + lam + 0.43).floor();
        let s = (v * inverse_alpha / (a / (distance * distance) + b)).log();
        let t = -lam + k * log_lam - (k + 1.0).lgamma();
        let at_once = distance.ge(0.07) & v.le(squeeze);
        let never = k.lt(0) | distance.lt(0.013) & v.gt(distance);
        let accepted = at_once | !never & s.le(t);
        (where_(accepted, k, found), done | accepted, next)
    };
    let start = (lam.full_like(-1), lam.ne(lam) & lam.eq(lam), key);
    let (k, _, _) = while_loop(start, |(_, done, _): (Val, Val, Val)| !done.all(), step);
    k.astype(Dtype::I32)
}

/// Binomial numbers: the successes among `n` trials of probability `p`, which broadcast to `shape`, as `f32`; NaN for
/// an impossible operand.
///
/// Sums of geometric numbers for small means; Hörmann, "The generation of binomial random variates" (1993), where the
/// mean is above 10.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let x = jit(|key: &Val| random::binomial(key, 5, 1.0, [3]))(&random::seed(0))?;
/// assert_eq!(x, Array::from([5.0f32; 3]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn binomial(key: impl Into<Val>, n: impl Into<Val>, p: impl Into<Val>, shape: impl IntoExtents) -> Val {
    let params = [n.into(), p.into()];
    from_params("random::binomial", key, params, shape, Dtype::F32, |key, [count, p], shape| {
        let below_half = p.lt(0.5);
        let q = where_(below_half, p, 1.0 - p);
        let (no_count, no_p) = (count.isnan() | count.lt(0), q.isnan());
        let impossible = q.lt(0) | no_p | no_count;
        let q = where_(q.lt(0) | no_p, 0.01, q);
        let few = no_count | (count * q).le(10);
        let whole = count.floor();
        let of_few = binomial_by_sums(key, where_(few, whole, 0.0), q, shape);
        let of_many = binomial_by_rejection(key, where_(few, 1e4, whole), where_(few, 0.5, q), shape);
        let drawn = where_(impossible, f64::NAN, where_(few, of_few, of_many));
        let drawn = where_(count.isinf() & !impossible, f64::INFINITY, drawn);
        Ok(where_(below_half | no_count | no_p | count.isinf(), drawn, whole - drawn))
    })
}

/// The counts of the outcomes of `n` trials with probabilities `p` along its last axis, `f32`; `n` and the other axes
/// of `p` broadcast to `shape`, behind which the outcomes stand.
///
/// Each count is binomial among the trials that those before it have left.
///
/// # Errors
/// If `p` is a scalar.
///
/// ```
/// use gradus::{Array, Val, jit, random};
/// let f = jit(|key: &Val| random::multinomial(key, 10, &Array::from([0.2f32, 0.3, 0.5]), [4]));
/// let x = f(&random::seed(0))?;
/// assert_eq!((x.shape(), x.to_vec::<f32>()?.iter().sum::<f32>()), (vec![4, 3], 40.0));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn multinomial(
    key: impl Into<Val>,
    n: impl Into<Val>,
    p: impl Into<Val>,
    shape: impl IntoExtents,
) -> Val {
    let (key, n, p, extents) = (key.into(), n.into(), p.into(), shape.into_extents());
    Val::derive("random::multinomial", &[key, n, p], |known| {
        check_key(&known[0].ty)?;
        let Some(last) = known[2].ty.rank().checked_sub(1) else {
            return Err(ErrorKind::invalid("p is a scalar; give it an axis of outcomes"));
        };
        let (shape, outcomes) = (extents.shape()?, known[2].ty.shape.dim(last));
        let n = n.astype(Dtype::F32).broadcast_to(&shape);
        let whole = p.astype(Dtype::F32).broadcast_to(shape.with_axis(shape.rank(), outcomes));
        let p = whole.moveaxis(-1, 0);
        let behind = p.cumsum_reverse(0);
        let shares = (p / where_(behind.eq(0), 1.0, behind)).clip(0.0, 1.0);
        let step = |left: Val, (share, key): (Val, Val)| {
            let drawn = binomial(key, left, share, &shape);
            (left - drawn, drawn)
        };
        let (_, counts) = scan(n, &(shares, split(key, outcomes)), step);
        Ok(counts.moveaxis(0, -1))
    })
}

#[track_caller]
fn binomial_by_sums(key: Val, count: Val, p: Val, shape: &Shape) -> Val {
    let log_failure = (-p).log1p();
    let going = move |(_, sum, _): (Val, Val, Val)| sum.le(count).any();
    let step = |(k, sum, key): (Val, Val, Val)| {
        let [own, next] = split_into(key);
        let trials = (uniform(own, shape).log() / log_failure).ceil();
        (where_(sum.le(count), k + 1.0, k), sum + trials, next)
    };
    let (k, _, _) = while_loop((p.zeros_like(), p.zeros_like(), key), going, step);
    k - 1.0
}

#[track_caller]
fn binomial_by_rejection(key: Val, count: Val, p: Val, shape: &Shape) -> Val {
    let deviation = (count * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let middle = count * p + 0.5;
    let squeeze = 0.92 - 4.2 / b;
    let odds = p / (1.0 - p);
    let alpha = (2.83 + 5.1 / b) * deviation;
    let mode = ((count + 1.0) * p).floor();
    let step = |(found, done, key): (Val, Val, Val)| {
        let [next, of_u, of_v] = split_into(key);
        let (u, v) = (uniform(of_u, shape) - 0.5, uniform(of_v, shape));
        let distance = 0.5 - u.abs();
        let at_once = distance.ge(0.07) & v.le(squeeze);
        let k = ((2.0 * a / distance + b) * u + middle).floor();
        let never = k.lt(0) | k.gt(count);
        let v = (v * alpha / (a / (distance * distance) + b)).log();
        let bound = (mode + 0.5) * ((mode + 1.0) / (odds * (count - mode + 1.0))).log()
            + (count + 1.0) * ((count - mode + 1.0) / (count - k + 1.0)).log()
            + (k + 0.5) * (odds * (count - k + 1.0) / (k + 1.0)).log()
            + stirling_tail(mode)
            + stirling_tail(count - mode)
            - stirling_tail(k)
            - stirling_tail(count - k);
        let accepted = at_once | !never & v.le(bound);
        (where_(accepted, k, found), done | accepted, next)
    };
    let start = (p.full_like(-1), p.ne(p) & p.eq(p), key);
    let (k, _, _) = while_loop(start, |(_, done, _): (Val, Val, Val)| !done.all(), step);
    k
}

/// What Stirling's formula lacks for log k!, as JAX tabulates it: beyond 9 the value at 9.
#[track_caller]
fn stirling_tail(k: Val) -> Val {
    let table = Array::from([
        0.081_061_47_f32,
        0.041_340_696,
        0.027_677_926,
        0.020_790_672,
        0.016_644_69,
        0.013_876_129,
        0.011_896_71,
        0.010_411_265,
        0.009_255_462,
        0.008_330_563,
    ]);
    let place = k.clip(0.0, 9.0).floor().astype(Dtype::I32);
    Val::from_ir(crate::val::strict::constant(table)).take(place, 0)
}
