//! Stochastic gradient descent, with momentum as in optax' `sgd`.

use gradus::{Traced, Tree};

use super::Optimizer;

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
pub struct SgdState<P> {
    /// In the structure of the parameters.
    pub trace: Option<P>,
}

impl<P: Traced> Optimizer<P> for Sgd {
    type State = SgdState<P>;

    fn init(&self, params: &P) -> SgdState<P> {
        SgdState { trace: self.momentum.map(|_| params.map(|p| p.zeros_like())) }
    }

    fn update(&self, grads: &P, state: &SgdState<P>, _: &P) -> (P, SgdState<P>) {
        let scale = |tree: &P| tree.map(|v| -self.rate * v);
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
