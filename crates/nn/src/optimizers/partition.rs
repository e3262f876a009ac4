//! Several optimizers over the parameters of one model, some over some of them: [`Partition`], [`Masked`], [`Freeze`].

use std::fmt;
use std::sync::Arc;

use gradus::{Val, refuse};

use super::decay::Mask;
use super::{Optimizer, no_updates};
use crate::Parameters;

/// Updates that change nothing: `optax.set_to_zero`. The parameters keep all their bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Freeze;

impl Optimizer for Freeze {
    type State = ();
    fn init(&self, _: &Parameters<Val>) {}
    fn update(&self, grads: &Parameters<Val>, (): &(), _: &Parameters<Val>) -> (Parameters<Val>, ()) {
        (no_updates(grads), ())
    }
}

/// An optimizer for the parameters that a mask wants; updates of the others pass as they are: `optax.masked`.
///
/// At the end of a chain, `Masked::new(frozen, Freeze)` freezes what `frozen` wants: `optax.transforms.freeze`.
#[derive(Debug, Clone)]
pub struct Masked<O> {
    mask: Mask,
    optimizer: O,
}

impl<O: Optimizer> Masked<O> {
    /// `optimizer` for the parameters that `mask` wants, by path and leaf.
    pub fn new(mask: impl Fn(&str, &Val) -> bool + Send + Sync + 'static, optimizer: O) -> Masked<O> {
        Masked { mask: Mask::new(mask), optimizer }
    }
}

impl<O: Optimizer> Optimizer for Masked<O> {
    type State = O::State;

    fn init(&self, params: &Parameters<Val>) -> O::State {
        self.optimizer.init(&params.filter(|path, leaf| self.mask.wants(path, leaf)))
    }

    fn update(
        &self,
        grads: &Parameters<Val>,
        state: &O::State,
        params: &Parameters<Val>,
    ) -> (Parameters<Val>, O::State) {
        let wanted: Vec<bool> = params.iter().map(|(path, leaf)| self.mask.wants(path, leaf)).collect();
        let (own, params) = (chosen(grads, &wanted), chosen(params, &wanted));
        let (updates, state) = self.optimizer.update(&own, state, &params);
        (grads.updated(&updates), state)
    }
}

/// Those of `tree` whose place is marked.
fn chosen(tree: &Parameters<Val>, wanted: &[bool]) -> Parameters<Val> {
    let mut wanted = wanted.iter();
    tree.filter(|_, _| *wanted.next().expect("internal: a mark for each parameter"))
}

/// Which of several optimizers a parameter has, by path and leaf.
type Label = dyn Fn(&str, &Val) -> usize + Send + Sync;

/// A tuple of optimizers, of which each parameter has the one that its label names: `optax.partition`.
///
/// ```
/// use gradus_nn::{Adam, Freeze, Partition, Sgd};
/// // What was trained before rests, the head learns ten times faster than the rest.
/// let optimizer = Partition::new(
///     |path: &str, _: &gradus::Val| match path.split('.').next() {
///         Some("embedding") => 0,
///         Some("head") => 1,
///         _ => 2,
///     },
///     (Freeze, Adam::new(1e-3), Adam::new(1e-4)),
/// );
/// # let _ = optimizer;
/// ```
#[derive(Clone)]
pub struct Partition<O> {
    label: Arc<Label>,
    optimizers: O,
}

impl<O: fmt::Debug> fmt::Debug for Partition<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partition").field("optimizers", &self.optimizers).finish_non_exhaustive()
    }
}

impl<O> Partition<O> {
    /// The optimizer of a parameter is the one at the place `label` of the tuple `optimizers`.
    ///
    /// # Errors
    /// Starting and updating are refused if a label names no optimizer.
    pub fn new(label: impl Fn(&str, &Val) -> usize + Send + Sync + 'static, optimizers: O) -> Partition<O> {
        Partition { label: Arc::new(label), optimizers }
    }

    /// For each of `count` optimizers, the parameters that it has.
    fn places(&self, params: &Parameters<Val>, count: usize) -> Vec<Vec<bool>> {
        let label = |(path, leaf): (&str, &Val)| {
            let label = (self.label)(path, leaf);
            if label >= count {
                let message = format!(
                    "the label of `{path}` is {label}, and the partition has {count} optimizers, from 0 on"
                );
                refuse("Partition", message);
            }
            label
        };
        let labels: Vec<usize> = params.iter().map(label).collect();
        (0..count).map(|own| labels.iter().map(|label| *label == own).collect()).collect()
    }
}

macro_rules! partition {
    ($count:literal: $($Optimizer:ident $i:tt),*) => {
        impl<$($Optimizer: Optimizer),*> Optimizer for Partition<($($Optimizer,)*)> {
            type State = ($($Optimizer::State,)*);
            fn init(&self, params: &Parameters<Val>) -> Self::State {
                let places = self.places(params, $count);
                ($(self.optimizers.$i.init(&chosen(params, &places[$i])),)*)
            }
            fn update(
                &self,
                grads: &Parameters<Val>,
                state: &Self::State,
                params: &Parameters<Val>,
            ) -> (Parameters<Val>, Self::State) {
                let places = self.places(params, $count);
                let mut updates = grads.clone();
                let next = ($({
                    let (own, params) = (chosen(grads, &places[$i]), chosen(params, &places[$i]));
                    let (own, next) = self.optimizers.$i.update(&own, &state.$i, &params);
                    updates = updates.updated(&own);
                    next
                },)*);
                (updates, next)
            }
        }
    };
}
partition!(2: A 0, B 1);
partition!(3: A 0, B 1, C 2);
partition!(4: A 0, B 1, C 2, D 3);
