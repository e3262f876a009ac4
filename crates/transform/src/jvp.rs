//! Forward-mode differentiation: every equation is followed by its tangents.
//!
//! ```text
//! fn(%0: f32[4]) { %1 = sin(%0)  return %1 }
//! // jvp
//! fn(%0: f32[4], %1: f32[4]) { %2 = sin(%0)  %3 = cos(%0)  %4 = mul(%1, %3)  return %2, %4 }
//! ```

use crate::write::{marked, spread, write};
use gradus_ir::trace::at_place;
use gradus_ir::{Passes, Program, Type, Val, Vals, bind};

/// See [`Passes::jvp`].
pub(crate) fn jvp(passes: &dyn Passes, program: &Program, has_tangent: &[bool]) -> (Program, Vec<bool>) {
    let params = program.param_types();
    assert_eq!(params.len(), has_tangent.len(), "internal: a flag for each parameter");
    let floats = marked(params, has_tangent).all(|ty| ty.dtype.is_inexact());
    assert!(floats, "internal: a tangent of a parameter that is neither float nor complex");
    let types: Vec<Type> = params.iter().chain(marked(params, has_tangent)).cloned().collect();
    let mut nonzero = vec![];
    let written = write(&types, |inputs| {
        let (primals, tangents) = inputs.split_at(params.len());
        let mut primal = primals.to_vec();
        let mut tangent = spread(tangents, has_tangent);
        for eqn in program.equations() {
            let x: Vals = eqn.args.iter().map(|a| primal[a.index()]).collect();
            let dx: Vec<Option<Val>> = eqn.args.iter().map(|a| tangent[a.index()]).collect();
            let constant = dx.iter().all(Option::is_none);
            let (y, dy) = at_place(eqn.place, || match constant {
                true => (bind(eqn.op.clone(), &x), vec![None; eqn.results.len()]),
                false => eqn.op.rules().jvp(passes, &x, &dx),
            });
            primal.extend(y);
            // Only floats have tangents.
            let differentiable = |(r, d): (_, Option<Val>)| d.filter(|_| program.ty(r).dtype.is_inexact());
            tangent.extend(eqn.results.iter().copied().zip(dy).map(differentiable));
        }
        nonzero = program.results().iter().map(|r| tangent[r.index()].is_some()).collect();
        let values = program.results().iter().map(|r| primal[r.index()]);
        values.chain(program.results().iter().filter_map(|r| tangent[r.index()])).collect()
    });
    (written, nonzero)
}
