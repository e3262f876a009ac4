//! [`Context`]: whether a model is trained or evaluated, and the keys of what is random in training.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gradus::{Val, as_operation, random, where_};

use crate::Keys;

/// How a model is applied: in evaluation, or in training, with keys for what is random then.
///
/// Layers that behave otherwise in training take it: dropout draws, batch normalization looks at its batch and brings
/// its running statistics up to date. Each use of a key draws another one, so that no layer is given keys by hand.
#[derive(Debug)]
pub struct Context {
    keys: Option<Keys>,
    assigned: Arc<AtomicBool>,
}

impl Context {
    /// Nothing is random, and no buffer changes.
    pub fn evaluation() -> Context {
        Context { keys: None, assigned: Arc::default() }
    }

    /// Training, with keys that follow from `key`.
    pub fn training(key: &Val) -> Context {
        Context { keys: Some(Keys::new(key)), assigned: Arc::default() }
    }

    /// What a layer says that assigns to its buffers, so that a step can tell if they are not in the model afterwards.
    pub fn assigns(&self) {
        self.assigned.store(true, Ordering::Relaxed);
    }
    pub(crate) fn has_assigned(&self) -> bool {
        self.assigned.load(Ordering::Relaxed)
    }

    /// Whether it is training.
    pub fn is_training(&self) -> bool {
        self.keys.is_some()
    }

    /// A key that nobody else has; `None` in evaluation, where nothing is random.
    #[track_caller]
    pub fn next_key(&self) -> Option<Val> {
        self.keys.as_ref().map(Keys::next_key)
    }

    /// The context of one iteration of a loop or one lane of `vmap`, whose number is `i`: with keys of its own.
    #[track_caller]
    pub fn fold_in(&self, i: impl Into<Val>) -> Context {
        let keys = self.next_key().map(|key| Keys::new(&random::fold_in(key, i)));
        Context { keys, assigned: self.assigned.clone() }
    }

    /// Dropout: in training each element is zero with probability `rate`, and divided by `1 - rate` if not.
    ///
    /// Srivastava et al., 2014, in the form that keeps the mean. A rate of 0 changes nothing, of 1 gives zeros.
    ///
    /// # Errors
    /// If the rate is not in `[0, 1]`.
    #[track_caller]
    pub fn dropout(&self, x: impl Into<Val>, rate: f64) -> Val {
        let x = x.into();
        as_operation("dropout", || self.drop(x, rate, x.shape()))
    }

    /// Stochastic depth (Huang et al., 2016): in training each example, one place of the first axis, is zero as a whole
    /// with probability `rate`, and divided by `1 - rate` if not. Of the branch of a residual block.
    ///
    /// # Errors
    /// If the rate is not in `[0, 1]`, or `x` is a scalar.
    #[track_caller]
    pub fn drop_path(&self, x: impl Into<Val>, rate: f64) -> Val {
        let x = x.into();
        as_operation("drop_path", || {
            let mut shape = vec![1; x.rank()];
            match shape.first_mut() {
                Some(examples) => *examples = x.shape()[0],
                None => return gradus::refuse("drop_path", "a scalar has no examples to drop"),
            }
            self.drop(x, rate, shape)
        })
    }

    fn drop(&self, x: Val, rate: f64, shape: Vec<usize>) -> Val {
        if !(0.0..=1.0).contains(&rate) {
            return gradus::refuse("dropout", format!("the rate is {rate}, expected one from 0 to 1"));
        }
        let Some(key) = self.next_key().filter(|_| rate > 0.0) else {
            return x;
        };
        if rate == 1.0 {
            return x.zeros_like();
        }
        where_(random::bernoulli(key, 1.0 - rate, shape), x / (1.0 - rate), 0.0)
    }
}
