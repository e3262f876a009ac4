//! Penalties of parameters: what is added to a loss to keep them small.

use gradus::{Dtype, Traced, Val, as_operation};

use super::wide;
use crate::Parameters;

/// `Σ |p|` over the parameters that `keep` wants by path and leaf. Buffers are never among them.
///
/// ```
/// use gradus::{Val, jit};
/// use gradus_nn::{Dense, init, l1_penalty};
/// let model = init(0, |keys| Dense::new(keys, 3, 2))?;
/// let penalty = jit(|model: &Dense<Val>| l1_penalty(model, |path, _| path.ends_with('w')))(&model)?;
/// let sum: f32 = model.w.to_vec::<f32>()?.iter().map(|w| w.abs()).sum();
/// assert!((penalty.item::<f32>()? - sum).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn l1_penalty<M: Traced>(model: &M, keep: impl FnMut(&str, &Val) -> bool) -> Val {
    as_operation("l1_penalty", || over(model, keep, |x| x.abs()))
}

/// `Σ p²` over the parameters that `keep` wants by path and leaf. Buffers are never among them.
///
/// The sum over weights alone: `l2_penalty(net, |_, leaf| leaf.rank() > 1)`.
#[track_caller]
pub fn l2_penalty<M: Traced>(model: &M, keep: impl FnMut(&str, &Val) -> bool) -> Val {
    as_operation("l2_penalty", || over(model, keep, |x| x.square()))
}

fn over<M: Traced>(model: &M, keep: impl FnMut(&str, &Val) -> bool, f: impl Fn(Val) -> Val) -> Val {
    let kept = Parameters::of(model).filter(keep);
    let sums = kept.leaves().iter().map(|leaf| f(wide(leaf)).sum());
    sums.reduce(|a, b| a + b).unwrap_or_else(|| Val::from(0.0).astype(Dtype::F32))
}
