//! Reverse mode in two steps: [`linearize`] separates values from tangents, [`vjp`] transposes the linear part.
//!
//! ```text
//! fn(%0: f32[4]) { %1 = sin(%0)  return %1 }
//! // linearize
//! fn(%0: f32[4]) { %1 = sin(%0)  %2 = cos(%0)  return %1, %2 }           // primal: result, residual
//! fn(%0: f32[4], %1: f32[4]) { %2 = mul(%1, %0)  return %2 }             // linear: residual, tangent
//! ```

use crate::jvp::jvp;
use crate::passes::Transforms;
use crate::rebuild::with_results;
use crate::split::split_whole;
use crate::write::{spread, write, zeros};
use gradus_ir::{Passes, Program, Type};
use std::sync::Arc;

/// A program as its value and its derivative at that value.
#[derive(Clone, Debug)]
pub struct Linearized {
    /// `(x..) -> (y.., residuals..)`.
    pub primal: Arc<Program>,
    /// `(residuals.., dx of those asked for..) -> (dy of those that are not zero..)`.
    pub linear: Arc<Program>,
    /// Which results have a tangent that is not zero.
    pub has_tangent: Vec<bool>,
}

/// A program as a forward and a backward half.
#[derive(Clone, Debug)]
pub struct Vjp {
    /// `(x..) -> (y.., residuals..)`.
    pub forward: Arc<Program>,
    /// `(residuals.., cotangents of the results marked..) -> (gradients by the parameters asked for..)`.
    pub backward: Arc<Program>,
}

/// The derivative by the parameters marked `wrt`.
pub fn linearize(program: &Program, wrt: &[bool]) -> Linearized {
    linearize_in(&Transforms::default(), program, wrt)
}

/// The gradients by the parameters marked `wrt`, given cotangents of the results marked.
pub fn vjp(program: &Program, wrt: &[bool], has_cotangent: &[bool]) -> Vjp {
    let passes = Transforms::default();
    let Linearized { primal, linear, has_tangent } = linearize_in(&passes, program, wrt);
    let num_tangents = wrt.iter().filter(|wrt| **wrt).count();
    let num_residuals = linear.num_params() - num_tangents;
    let is_linear: Vec<bool> = (0..linear.num_params()).map(|i| i >= num_residuals).collect();
    let both = has_tangent.iter().zip(has_cotangent);
    let reached: Vec<bool> = both.filter_map(|(tangent, cotangent)| tangent.then_some(*cotangent)).collect();
    let (pulled, nonzero) = passes.transpose(&linear, &is_linear, &reached);

    let y = program.result_types();
    let cotangents = y.iter().zip(has_cotangent).filter(|(_, has)| **has).map(|(ty, _)| ty.clone());
    let types: Vec<Type> = linear.param_types()[..num_residuals].iter().cloned().chain(cotangents).collect();
    let backward = write(&types, |inputs| {
        let (residuals, cotangents) = inputs.split_at(num_residuals);
        let used = spread(cotangents, has_cotangent).into_iter().zip(&has_tangent);
        let used = used.filter_map(|(ct, has_tangent)| ct.filter(|_| *has_tangent));
        let args: Vec<_> = residuals.iter().copied().chain(used).collect();
        let gradients = spread(&pulled.inline(&args), &nonzero);
        let dense = gradients.into_iter().zip(&linear.param_types()[num_residuals..]);
        dense.map(|(gradient, ty)| gradient.unwrap_or_else(|| zeros(ty))).collect()
    });
    Vjp { forward: primal, backward: Arc::new(backward) }
}

fn linearize_in(passes: &Transforms, program: &Program, wrt: &[bool]) -> Linearized {
    let num_results = program.results().len();
    let (pushed, nonzero) = jvp(passes, program, wrt);
    let known: Vec<bool> = (0..pushed.num_params()).map(|i| i < program.num_params()).collect();
    let whole = split_whole(passes, &pushed, &known);
    let (values, tangents) = whole.known_results.split_at(num_results);
    assert!(values.iter().all(|known| *known), "internal: a value waits for a tangent");
    // A tangent that is known without any tangent is zero, for it is linear in them.
    let mut tangents_known = tangents.iter();
    let mut known = || *tangents_known.next().expect("internal: a flag for each tangent");
    let has_tangent: Vec<bool> = nonzero.iter().map(|nonzero| *nonzero && !known()).collect();
    let num_zeros = tangents.iter().filter(|known| **known).count();
    let mut results = whole.known.results().to_vec();
    results.drain(num_results..num_results + num_zeros);
    let primal = if num_zeros == 0 { whole.known } else { with_results(&whole.known, &results) };
    Linearized { primal: Arc::new(primal), linear: Arc::new(whole.rest), has_tangent }
}
