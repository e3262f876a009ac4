//! Stochastic gradient descent, with momentum as in optax' `sgd`.

use gradus::{Array, Tree, Val};

use super::Optimizer;
use crate::Parameters;

/// Stochastic gradient descent: `p ← p − rate · g`, with momentum as in `optax.sgd`.
///
/// With momentum `μ` the trace is `m ← g + μ m`, and the update `−rate · m`, or `−rate · (g + μ m)` for Nesterov's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub rate: f64,
    /// The decay of the trace of gradients; `None` for no trace at all.
    pub momentum: Option<Momentum>,
}

/// How past gradients take part in an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Momentum {
    /// The trace itself is the update.
    Heavy(f64),
    /// The trace is looked at one step ahead.
    Nesterov(f64),
}

impl Sgd {
    /// Without momentum.
    pub fn new(rate: f64) -> Sgd {
        Sgd { rate, momentum: None }
    }
    /// With the momentum given.
    pub fn with_momentum(self, momentum: Momentum) -> Sgd {
        Sgd { momentum: Some(momentum), ..self }
    }
}

/// The decaying sum of gradients; `None` without momentum.
#[derive(Tree, Clone, Debug)]
pub struct SgdState<T = Array> {
    /// For each parameter.
    pub trace: Option<Parameters<T>>,
}

impl Optimizer for Sgd {
    type State = SgdState<Val>;

    fn init(&self, params: &Parameters<Val>) -> SgdState<Val> {
        SgdState { trace: self.momentum.map(|_| params.zeros_like()) }
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &SgdState<Val>,
        _: &Parameters<Val>,
    ) -> (Parameters<Val>, SgdState<Val>) {
        let scale = |tree: &Parameters<Val>| tree.map(|v| -self.rate * v);
        let (Some(momentum), Some(trace)) = (self.momentum, &state.trace) else {
            return (scale(grads), SgdState { trace: None });
        };
        let decay = match momentum {
            Momentum::Heavy(decay) | Momentum::Nesterov(decay) => decay,
        };
        let trace = trace.zip_map(grads, |m, g| g + decay * m);
        let updates = match momentum {
            Momentum::Heavy(_) => scale(&trace),
            Momentum::Nesterov(_) => scale(&trace.zip_map(grads, |m, g| g + decay * m)),
        };
        (updates, SgdState { trace: Some(trace) })
    }
}
