//! Batching: the same program over a new leading axis of some parameters.
//!
//! ```text
//! fn(%0: f32[4], %1: f32[4]) { %2 = cos(%1)  %3 = mul(%0, %2)  return %3 }
//! // batch of 8, %0 mapped
//! fn(%0: f32[8,4], %1: f32[4]) { %2 = cos(%1)  %3 = broadcast(%2) {..}  %4 = mul(%0, %3)  return %4 }
//! ```

use crate::write::write;
use gradus_ir::trace::at_place;
use gradus_ir::{Effect, Lanes, Passes, Program, Type, Vals, bind};

/// See [`Passes::batch`].
pub(crate) fn batch(
    passes: &dyn Passes,
    program: &Program,
    mapped: &[bool],
    lanes: Lanes,
) -> (Program, Vec<bool>) {
    assert_eq!(program.num_params(), mapped.len(), "internal: a flag for each parameter");
    let widened = |(ty, mapped): (&Type, &bool)| match mapped {
        true => ty.with_shape(ty.shape.with_axis(0, lanes.size)),
        false => ty.clone(),
    };
    let types: Vec<Type> = program.param_types().iter().zip(mapped).map(widened).collect();
    let mut mapped = mapped.to_vec();
    let written = write(&types, |inputs| {
        let mut value = inputs.to_vec();
        for eqn in program.equations() {
            let args: Vals = eqn.args.iter().map(|a| value[a.index()]).collect();
            let along: Vec<bool> = eqn.args.iter().map(|a| mapped[a.index()]).collect();
            let rules = eqn.op.rules();
            let depends = along.contains(&true)
                || rules.effect() == Effect::Ordered
                || lanes.name.is_some_and(|name| rules.uses_axis(name));
            let (results, along) = at_place(eqn.place, || match depends {
                true => rules.batch_marked(passes, &args, &along, lanes),
                false => (bind(eqn.op.clone(), &args), vec![false; eqn.results.len()]),
            });
            assert_eq!(
                results.len(),
                eqn.results.len(),
                "internal: {} batches to as many results",
                rules.name()
            );
            value.extend(results);
            mapped.extend(along);
        }
        program.results().iter().map(|r| value[r.index()]).collect()
    });
    let mapped = program.results().iter().map(|r| mapped[r.index()]).collect();
    (written, mapped)
}
