//! [`Ctc`]: the loss of a sequence of labels that is shorter than what was heard.
//!
//! The states of a sequence are its labels with blanks around each, `∅ a ∅ b ∅`. One scan over time carries the
//! logarithm of the probability of all paths that end in each state; from a state a path stays, goes to the next, or
//! leaps over the blank between two different labels. All in logarithms, where impossible is −∞; the gradient is that
//! of the scan.

use gradus::{Dtype, Val, arange, as_operation, refuse, scan, stack, where_};

use super::{known, wide};

/// The connectionist temporal classification of each sequence: the negative logarithm of the probability of its labels,
/// over all alignments. Graves et al., 2006.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::Ctc;
/// // Two frames of two classes, of which 0 is the blank: `1` is heard as 11, 10 or 01.
/// let loss = jit(|x: &Val, n: &Val, y: &Val, m: &Val| Ctc::new().of(x, n, y, m));
/// let logits = Array::new([1, 2, 2], [0.0f32; 4])?;
/// let loss = loss(&logits, &Array::from([2i32]), &Array::from([[1i32]]), &Array::from([1i32]))?;
/// assert!((loss.to_vec::<f32>()?[0] - (4.0f32 / 3.0).ln()).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Ctc {
    blank: usize,
}

impl Ctc {
    /// With class 0 as the blank.
    pub fn new() -> Ctc {
        Ctc::default()
    }
    /// With another class as the blank.
    pub fn blank(self, blank: usize) -> Ctc {
        Ctc { blank }
    }

    /// The loss of each sequence, `[..]`.
    ///
    /// `logits` are `[.., time, classes]`, of which the first `logit_lengths` `[..]` count; `labels` are integers
    /// `[.., most labels]`, of which the first `label_lengths` `[..]` count. What stands behind is not looked at.
    /// Logarithms of probabilities are logits too. Where no alignment is long enough the loss is infinite, and its
    /// gradient zero. A label that is no class, or is the blank, gives NaN, and an error under
    /// [`Config::checks`](gradus::Config); so does a length that is not there.
    ///
    /// # Errors
    /// If shapes do not fit, labels or lengths are no integers, or the blank is no class.
    #[track_caller]
    pub fn of(&self, logits: &Val, logit_lengths: &Val, labels: &Val, label_lengths: &Val) -> Val {
        as_operation("Ctc", || match self.fault(logits, logit_lengths, labels, label_lengths) {
            Some(message) => refuse("Ctc", message),
            None => self.losses(logits, logit_lengths, labels, label_lengths),
        })
    }

    fn fault(&self, logits: &Val, logit_lengths: &Val, labels: &Val, label_lengths: &Val) -> Option<String> {
        let shape = logits.shape();
        let [batch @ .., _, classes] = shape.as_slice() else {
            return Some(format!("logits {}, expected [.., time, classes]", logits.ty()));
        };
        if self.blank >= *classes {
            return Some(format!("the blank is class {} of logits {}", self.blank, logits.ty()));
        }
        if !labels.dtype().is_integer()
            || labels.rank() != shape.len() - 1
            || !labels.shape().starts_with(batch)
        {
            let (labels, logits) = (labels.ty(), logits.ty());
            return Some(format!("labels {labels} for logits {logits}, expected integers [.., most labels]"));
        }
        for (name, lengths) in [("logit lengths", logit_lengths), ("label lengths", label_lengths)] {
            if !lengths.dtype().is_integer() || lengths.shape() != batch {
                let (lengths, logits) = (lengths.ty(), logits.ty());
                return Some(format!(
                    "{name} {lengths} for logits {logits}, expected an integer for each sequence"
                ));
            }
        }
        None
    }

    fn losses(&self, logits: &Val, logit_lengths: &Val, labels: &Val, label_lengths: &Val) -> Val {
        let shape = logits.shape();
        let rank = shape.len() - 2;
        let (batch, time, classes) = (&shape[..rank], shape[rank], shape[rank + 1]);
        let most = labels.shape()[rank];
        let [logit_lengths, label_lengths] = [logit_lengths, label_lengths].map(|v| v.astype(Dtype::I32));
        // Frames and labels that do not count are replaced, so that nothing they hold reaches a derivative.
        let heard = frames(time).lt(logit_lengths.expand_dims(-1)); // [.., time]
        let spelt = frames(most).lt(label_lengths.expand_dims(-1)); // [.., most]
        let log_p = where_(heard.expand_dims(-1), wide(logits), 0.0).log_softmax(-1);
        let labels = where_(spelt, labels.astype(Dtype::I64), self.blank);
        let is_class = labels.ge(0) & labels.lt(classes) & (labels.ne(self.blank) | !spelt);
        let lengths_fit =
            logit_lengths.ge(0) & logit_lengths.le(time) & label_lengths.ge(0) & label_lengths.le(most);
        let right = is_class.all_axes(-1) & lengths_fit;

        let states = self.with_blanks(&where_(is_class, labels, self.blank)); // [.., 2 most + 1]
        let heard_as = log_p.take_along_axis(states.expand_dims(-2), -1); // [.., time, states]
        let width = 2 * most + 1;
        let back = |v: Val, n: i64| v.pad(last_axis(rank, (n, -n)), f64::NEG_INFINITY);
        // A leap goes over a blank, and not from a label to the same one.
        let leaps = self.leaps(&states);
        let first = where_(frames(width).eq(0), 0.0, f64::NEG_INFINITY).astype(log_p.dtype());
        let first = first.broadcast_to([batch, &[width]].concat());
        let steps = (heard_as.moveaxis(-2, 0), heard.moveaxis(-1, 0));
        let (last, ()) = scan(first, &steps, |paths, (heard_as, heard)| {
            let leap = where_(leaps, back(paths, 2), f64::NEG_INFINITY);
            let next = stack([paths, back(paths, 1), leap], -1).logsumexp_axes(-1) + heard_as;
            (where_(heard.expand_dims(-1), next, paths), ())
        });
        // A path ends in the last label or in the blank behind it.
        let state = frames(width);
        let end = 2 * label_lengths.expand_dims(-1);
        let ends = state.eq(end) | state.eq(end - 1);
        let log_likelihood = last.logsumexp_where(-1, ends);
        -log_likelihood * known(&right, log_p.dtype())
    }

    /// Labels with a blank before, between and behind: `[.., n] -> [.., 2 n + 1]`.
    fn with_blanks(&self, labels: &Val) -> Val {
        let mut amounts = vec![[0; 3]; labels.rank()];
        let some = i64::from(labels.shape()[labels.rank() - 1] > 0);
        amounts[labels.rank() - 1] = [1, some, some];
        labels.pad_interior(&amounts, self.blank)
    }

    /// Whether a state can be reached from the one before the last.
    fn leaps(&self, states: &Val) -> Val {
        let before = states.pad(last_axis(states.rank() - 1, (2, -2)), self.blank);
        states.ne(self.blank) & states.ne(before)
    }
}

/// Widths of a padding along the last axis, behind `rank` others.
fn last_axis(rank: usize, widths: (i64, i64)) -> Vec<(i64, i64)> {
    let mut all = vec![(0, 0); rank];
    all.push(widths);
    all
}

/// 0, 1, .. as i32.
fn frames(n: usize) -> Val {
    arange(n).astype(Dtype::I32)
}
