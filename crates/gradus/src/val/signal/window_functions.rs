//! Window functions: weights for a piece of a signal that fall off towards both ends. `jnp.hanning` and its kin.

use crate::val::{Val, iota, ones};
use crate::{Dtype, special};
use std::f64::consts::PI;

/// `weigh` of the numbers 0 to n - 1 and the last one, as `f32`; ones for one element or none.
#[track_caller]
fn weights(op: &'static str, n: usize, weigh: impl FnOnce(Val, f64) -> Val) -> Val {
    Val::derive(op, &[], |_| match n {
        0 | 1 => Ok(ones([n], Dtype::F32)),
        _ => Ok(weigh(iota(Dtype::F32, [n], 0), (n - 1) as f64)),
    })
}

/// a - (1 - a) cos x, a rising cosine.
#[track_caller]
fn cosines(op: &'static str, n: usize, base: f64) -> Val {
    weights(op, n, |i, last| base - (1.0 - base) * (2.0 * PI / last * i).cos())
}

/// Bartlett's triangle of `n` weights, `f32`; 0 at both ends.
///
/// ```
/// use gradus::{Array, bartlett, jit};
/// assert_eq!(jit(|_: &()| bartlett(5))(&())?, Array::from([0.0f32, 0.5, 1.0, 0.5, 0.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn bartlett(n: usize) -> Val {
    weights("bartlett", n, |i, last| 1.0 - (2.0 * i - last).abs() / last)
}
/// The raised cosine of von Hann of `n` weights, `f32`; 0 at both ends.
///
/// ```
/// use gradus::{hanning, jit};
/// let w = jit(|_: &()| hanning(5))(&())?.to_vec::<f32>()?;
/// assert!(w.iter().zip([0.0, 0.5, 1.0, 0.5, 0.0]).all(|(a, b)| (a - b).abs() < 1e-6));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hanning(n: usize) -> Val {
    cosines("hanning", n, 0.5)
}
/// Hamming's raised cosine of `n` weights, `f32`; 0.08 at both ends.
///
/// ```
/// use gradus::{hamming, jit};
/// let w = jit(|_: &()| hamming(3))(&())?.to_vec::<f32>()?;
/// assert!(w.iter().zip([0.08, 1.0, 0.08]).all(|(a, b)| (a - b).abs() < 1e-6));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hamming(n: usize) -> Val {
    cosines("hamming", n, 0.54)
}
/// Blackman's sum of two cosines of `n` weights, `f32`; 0 at both ends.
///
/// ```
/// use gradus::{blackman, jit};
/// let w = jit(|_: &()| blackman(5))(&())?.to_vec::<f32>()?;
/// assert!(w.iter().zip([0.0, 0.34, 1.0, 0.34, 0.0]).all(|(a, b)| (a - b).abs() < 1e-6));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn blackman(n: usize) -> Val {
    weights("blackman", n, |i, last| {
        0.42 - 0.5 * (2.0 * PI / last * i).cos() + 0.08 * (4.0 * PI / last * i).cos()
    })
}
/// Kaiser's window of `n` weights, `f32`, narrower for a larger `beta`; 1 in the middle.
///
/// ```
/// use gradus::{jit, kaiser};
/// let w = jit(|_: &()| kaiser(3, 0.0))(&())?.to_vec::<f32>()?;
/// assert_eq!(w, [1.0, 1.0, 1.0]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn kaiser(n: usize, beta: impl Into<Val>) -> Val {
    let beta = beta.into();
    weights("kaiser", n, |i, last| {
        let off = (i - 0.5 * last) / (0.5 * last);
        special::i0(beta * (1.0 - off * off).sqrt()) / special::i0(beta)
    })
}
