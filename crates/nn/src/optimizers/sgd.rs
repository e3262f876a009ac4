//! Gradient descent, with momentum as in optax' `sgd`.

use gradus::{Dtype, Val};

use super::adam::first_mean;
use super::rate::descends;
use super::{LearningRate, Optimizer, Schedule, kept};
use crate::Parameters;

/// The decaying sum of gradients, `m ← g + μ m`: `optax.trace`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trace {
    decay: f64,
    nesterov: bool,
    dtype: Option<Dtype>,
}

impl Trace {
    /// With decay `μ`.
    pub fn new(decay: f64) -> Trace {
        Trace { decay, nesterov: false, dtype: None }
    }
    /// Looked at one step ahead, `g + μ m` with the new `m`.
    pub fn nesterov(self) -> Trace {
        Trace { nesterov: true, ..self }
    }
    /// Kept in this type, not in that of the parameters.
    pub fn with_dtype(self, dtype: Dtype) -> Trace {
        Trace { dtype: Some(dtype), ..self }
    }
}

impl Optimizer for Trace {
    type State = Parameters<Val>;

    fn init(&self, params: &Parameters<Val>) -> Parameters<Val> {
        first_mean(params, self.dtype)
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &Parameters<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, Parameters<Val>) {
        let add = |trace: &Parameters<Val>| trace.zip_map(grads, |m, g| g + self.decay * m);
        let trace = add(state);
        let updates = if self.nesterov { add(&trace) } else { trace.clone() };
        (updates, kept(state, &trace))
    }
}

/// Gradient descent, `p ← p − rate · g`, with momentum as in `optax.sgd`.
///
/// On all examples, on one or on a batch of a few it is the same update: what differs is the loss. With momentum
/// `μ` the trace is `m ← g + μ m`, and the update `−rate · m`, or `−rate · (g + μ m)` for Nesterov's; torch's is
/// the same without `dampening`.
#[derive(Debug, Clone)]
pub struct Sgd {
    direction: Option<Trace>,
    rate: LearningRate,
}

impl Sgd {
    /// Without momentum.
    pub fn new(rate: impl Into<Schedule>) -> Sgd {
        Sgd { direction: None, rate: LearningRate::new(rate) }
    }
    /// With momentum of this decay.
    pub fn with_momentum(self, decay: f64) -> Sgd {
        Sgd { direction: Some(Trace::new(decay)), ..self }
    }
    /// With Nesterov's momentum of this decay.
    pub fn with_nesterov(self, decay: f64) -> Sgd {
        Sgd { direction: Some(Trace::new(decay).nesterov()), ..self }
    }
}

descends! {
    Sgd: Option<Trace>;
}
