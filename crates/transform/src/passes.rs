//! The passes as functions of a whole Program, and as rules of nested Programs see them.

use crate::write::write;
use crate::{batch as batching, jvp as pushing, split as splitting, transpose as transposing};
use gradus_ir::{Halves, Lanes, Passes, Program, Type, Val};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::sync::Arc;

/// `(x.., dx of those marked..) -> (y.., dy of those that are not zero..)`, and which `dy` these are.
pub fn jvp(program: &Program, has_tangent: &[bool]) -> (Program, Vec<bool>) {
    pushing::jvp(&Transforms::default(), program, has_tangent)
}

/// The transpose of a program that is linear in the parameters marked `linear`. See [`Passes::transpose`].
pub fn transpose(program: &Program, linear: &[bool], has_cotangent: &[bool]) -> (Program, Vec<bool>) {
    transposing::transpose(&Transforms::default(), program, linear, has_cotangent)
}

/// The program over a new leading axis of the parameters marked, and which results have that axis.
pub fn batch(program: &Program, mapped: &[bool], lanes: Lanes) -> (Program, Vec<bool>) {
    batching::batch(&Transforms::default(), program, mapped, lanes)
}

/// [`batch`] with the lanes along any axis: of parameter `i` along `in_axes[i]`, `None` if all lanes share it; of
/// result `j` along `out_axes[j]`, `None` if all lanes agree.
///
/// # Errors
/// The number of the first result that has no axis in `out_axes` and yet differs between lanes.
///
/// # Panics
/// If an axis does not exist.
pub fn batch_axes(
    program: &Program,
    in_axes: &[Option<usize>],
    lanes: Lanes,
    out_axes: &[Option<usize>],
) -> Result<Program, usize> {
    let along: Vec<bool> = in_axes.iter().map(Option::is_some).collect();
    let (batched, mapped) = batch(program, &along, lanes);
    let differs = |j: &usize| mapped[*j] && out_axes[*j].is_none();
    if let Some(result) = (0..mapped.len()).find(differs) {
        return Err(result);
    }
    let widened = |(ty, axis): (&Type, &Option<usize>)| match axis {
        Some(axis) => ty.with_shape(ty.shape.with_axis(*axis, lanes.size)),
        None => ty.clone(),
    };
    let types: Vec<Type> = program.param_types().iter().zip(in_axes).map(widened).collect();
    Ok(write(&types, |inputs| {
        let to_front = |(v, axis): (&Val, &Option<usize>)| axis.map_or(*v, |axis| v.move_axis(axis, 0));
        let args: Vec<Val> = inputs.iter().zip(in_axes).map(to_front).collect();
        let results = batched.inline(&args).into_iter().zip(&mapped).zip(out_axes);
        let placed = |((v, mapped), axis): ((Val, &bool), &Option<usize>)| match axis {
            Some(axis) if *mapped => v.move_axis(0, *axis),
            Some(axis) => v.repeat_leading(lanes.size).move_axis(0, *axis),
            None => v,
        };
        results.map(placed).collect()
    }))
}

/// The program in two: what is computed from the parameters marked `known`, and the rest.
pub fn split(program: &Program, known: &[bool]) -> Halves {
    splitting::split(&Transforms::default(), program, known)
}

/// The passes, remembering what they answered: equal Programs inside are transformed once.
///
/// Make one for each run of a pass.
#[derive(Default)]
pub struct Transforms {
    jvp: Memo<Vec<bool>, Flagged>,
    transpose: Memo<(Vec<bool>, Vec<bool>), Flagged>,
    batch: Memo<(Vec<bool>, Lanes), Flagged>,
    split: Memo<Vec<bool>, Halves>,
}

/// A Program with what its results, or what its parameters, are.
type Flagged = (Arc<Program>, Vec<bool>);

/// Answers by Program and what was asked about it.
struct Memo<Q, A>(RefCell<FxHashMap<(Arc<Program>, Q), A>>);

impl<Q, A> Default for Memo<Q, A> {
    fn default() -> Memo<Q, A> {
        Memo(RefCell::default())
    }
}

impl<Q: std::hash::Hash + Eq, A: Clone> Memo<Q, A> {
    fn answer(&self, program: &Arc<Program>, question: Q, compute: impl FnOnce() -> A) -> A {
        let key = (program.clone(), question);
        if let Some(known) = self.0.borrow().get(&key) {
            return known.clone();
        }
        let answer = compute();
        self.0.borrow_mut().insert(key, answer.clone());
        answer
    }
}

impl Passes for Transforms {
    fn jvp(&self, program: &Arc<Program>, has_tangent: &[bool]) -> (Arc<Program>, Vec<bool>) {
        self.jvp.answer(program, has_tangent.to_vec(), || {
            let (program, nonzero) = pushing::jvp(self, program, has_tangent);
            (Arc::new(program), nonzero)
        })
    }
    fn transpose(
        &self,
        program: &Arc<Program>,
        linear: &[bool],
        has_cotangent: &[bool],
    ) -> (Arc<Program>, Vec<bool>) {
        self.transpose.answer(program, (linear.to_vec(), has_cotangent.to_vec()), || {
            let (program, nonzero) = transposing::transpose(self, program, linear, has_cotangent);
            (Arc::new(program), nonzero)
        })
    }
    fn batch(&self, program: &Arc<Program>, mapped: &[bool], lanes: Lanes) -> (Arc<Program>, Vec<bool>) {
        self.batch.answer(program, (mapped.to_vec(), lanes), || {
            let (program, mapped) = batching::batch(self, program, mapped, lanes);
            (Arc::new(program), mapped)
        })
    }
    fn split(&self, program: &Arc<Program>, known: &[bool]) -> Halves {
        self.split.answer(program, known.to_vec(), || splitting::split(self, program, known))
    }
}
