//! [`AddDecayedWeights`]: weight decay, over all parameters or some.

use std::fmt;
use std::sync::Arc;

use gradus::Val;

use super::Optimizer;
use crate::Parameters;

/// Which parameters, by path and leaf.
#[derive(Clone)]
pub(super) struct Mask(Arc<dyn Fn(&str, &Val) -> bool + Send + Sync>);

impl Mask {
    pub(super) fn new(mask: impl Fn(&str, &Val) -> bool + Send + Sync + 'static) -> Mask {
        Mask(Arc::new(mask))
    }
    pub(super) fn wants(&self, path: &str, leaf: &Val) -> bool {
        (self.0)(path, leaf)
    }
}
impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask(..)")
    }
}

/// Adds `decay · p` to the updates: `optax.add_decayed_weights`.
///
/// Before a direction it is an L2 penalty, torch's `weight_decay` of all but `AdamW`; after it, decoupled decay.
#[derive(Debug, Clone)]
pub struct AddDecayedWeights {
    decay: f64,
    mask: Option<Mask>,
}

impl AddDecayedWeights {
    /// Of all parameters.
    pub fn new(decay: f64) -> AddDecayedWeights {
        AddDecayedWeights { decay, mask: None }
    }
    /// Of another share.
    pub fn with_decay(self, decay: f64) -> AddDecayedWeights {
        AddDecayedWeights { decay, ..self }
    }
    /// Of the parameters only that `mask` wants, by path and leaf: `|_, leaf| leaf.rank() > 1`, say.
    pub fn masked(self, mask: impl Fn(&str, &Val) -> bool + Send + Sync + 'static) -> AddDecayedWeights {
        AddDecayedWeights { mask: Some(Mask::new(mask)), ..self }
    }
}

impl Optimizer for AddDecayedWeights {
    type State = ();
    fn init(&self, _: &Parameters<Val>) {}
    fn update(&self, grads: &Parameters<Val>, (): &(), params: &Parameters<Val>) -> (Parameters<Val>, ()) {
        if self.decay == 0.0 {
            return (grads.clone(), ());
        }
        let wanted = params
            .map_with_path(|path, p| self.mask.as_ref().is_none_or(|mask| mask.wants(path, p)).then_some(*p));
        let decayed = |g: &Val, p: &Option<Val>| p.map_or(*g, |p| g + self.decay * p);
        (grads.zip_map(&wanted, decayed), ())
    }
}
