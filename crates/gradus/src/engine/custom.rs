//! Custom rules on lists: functions and rules become Programs, what they capture becomes operands.

use super::order::as_rule;
use super::{Flat, Inner, Order, inner, outer, type_of};
use crate::{Error, Val};
use gradus_ir::ops::checkpoint::{Checkpoint, Policy};
use gradus_ir::ops::custom::Custom;
use gradus_ir::trace::{at_place, bind, called};
use gradus_ir::{ErrorKind, Op, SourceLocation, Type};
use gradus_transform as passes;

/// A rule on lists: values and tangents, or residuals and cotangents.
pub(crate) type Rule<'a, R> = &'a mut dyn FnMut(&[Val], &[Val]) -> R;

/// One value for each type: the next of `values` for a float, else zeros.
fn with_zeros(types: &[Type], values: &[Val]) -> Vec<Val> {
    let mut values = values.iter().copied();
    let zeros = |ty: &Type| Val::from_ir(gradus_ir::Val::zeros(ty.clone()));
    let one = |ty: &Type| match ty.dtype.is_inexact() {
        true => values.next().expect("internal: a value for each float"),
        false => zeros(ty),
    };
    types.iter().map(one).collect()
}

/// Those of `values` that belong to floats.
fn of_floats(types: &[Type], values: &[Val]) -> Vec<Val> {
    types.iter().zip(values).filter(|(ty, _)| ty.dtype.is_inexact()).map(|(_, v)| *v).collect()
}

fn float_types(types: &[Type]) -> impl Iterator<Item = &Type> {
    types.iter().filter(|ty| ty.dtype.is_inexact())
}

/// Traces a rule from arguments and tangents to values and tangents.
///
/// # Errors
/// The first error of the operations inside.
pub(crate) fn trace_jvp_rule(
    place: SourceLocation,
    args: &[Val],
    rule: Rule<'_, (Vec<Val>, Vec<Val>)>,
) -> Result<Inner, Error> {
    let types: Vec<Type> = args.iter().map(|v| type_of(*v)).collect();
    let both: Vec<Type> = types.iter().chain(float_types(&types)).cloned().collect();
    let mut run = |x: &[Val]| {
        let (primals, tangents) = x.split_at(types.len());
        let (mut y, dy) = rule(primals, &with_zeros(&types, tangents));
        let result_types: Vec<Type> = y.iter().map(|v| type_of(*v)).collect();
        y.extend(of_floats(&result_types, &dy));
        y
    };
    as_rule("custom_jvp", place, || Inner::of_types(place, &both, Order::Rule, &mut run))
}

/// `function` on `args`, with the derivative `rule`.
///
/// # Errors
/// If a value that the rule returns depends on a tangent.
pub(crate) fn custom_jvp(
    place: SourceLocation,
    args: &[Val],
    function: &Inner,
    rule: &Inner,
) -> Result<Vec<Val>, Error> {
    let num_tangents = args.iter().filter(|v| type_of(**v).dtype.is_inexact()).count();
    let is_tangent = args.len()..args.len() + num_tangents;
    let known: Vec<bool> = (0..rule.program.num_params()).map(|i| !is_tangent.contains(&i)).collect();
    let halves = passes::split(&rule.program, &known);
    let num_results = function.program.results().len();
    if let Some(i) = halves.known_results[..num_results].iter().position(|known| !known) {
        let message = format!(
            "value {i} that the rule returns depends on the tangents; compute it from the arguments alone"
        );
        return Err(Error::new("custom_jvp", ErrorKind::invalid(message), place));
    }
    let op = Custom::CustomJvp {
        num_args: args.len(),
        program: function.program.clone(),
        rule: rule.program.clone(),
    };
    Ok(bound(op, place, args, &[function, rule]))
}

/// Traces the first half of a rule for reverse mode: from arguments to results and residuals.
///
/// # Errors
/// The first error of the operations inside.
pub(crate) fn trace_forward(place: SourceLocation, args: &[Val], forward: Flat<'_>) -> Result<Inner, Error> {
    as_rule("custom_vjp", place, || Inner::trace(place, args, Order::Rule, forward))
}

/// Traces a rule from residuals, which `forward` returns behind the results, and cotangents to gradients.
///
/// # Errors
/// The first error of the operations inside.
pub(crate) fn trace_vjp_rule(
    place: SourceLocation,
    forward: &Inner,
    results: &[Type],
    rule: Rule<'_, Vec<Val>>,
) -> Result<Inner, Error> {
    let residuals = forward.program.result_types().split_off(results.len());
    let num_residuals = residuals.len();
    let both: Vec<Type> = residuals.into_iter().chain(float_types(results).cloned()).collect();
    let num_args = forward.program.num_params() - forward.captures.len();
    let mut run = |x: &[Val]| {
        let (residuals, cotangents) = x.split_at(num_residuals);
        let gradients = rule(residuals, &with_zeros(results, cotangents));
        of_floats(&forward.program.param_types()[..num_args], &gradients)
    };
    as_rule("custom_vjp", place, || Inner::of_types(place, &both, Order::Rule, &mut run))
}

/// `function` on `args`, with the gradient that `forward` and `backward` compute.
pub(crate) fn custom_vjp(
    place: SourceLocation,
    args: &[Val],
    function: &Inner,
    forward: &Inner,
    backward: &Inner,
) -> Vec<Val> {
    let op = Custom::CustomVjp {
        num_args: args.len(),
        program: function.program.clone(),
        forward: forward.program.clone(),
        backward: backward.program.clone(),
    };
    bound(op, place, args, &[function, forward, backward])
}

/// The operation on `args` and what its Programs captured.
pub(super) fn bound(op: impl Into<Op>, place: SourceLocation, args: &[Val], programs: &[&Inner]) -> Vec<Val> {
    let op: Op = op.into();
    let captures = programs.iter().flat_map(|inner| inner.captures.iter());
    let operands: Vec<Val> = args.iter().chain(captures).copied().collect();
    let place = place.called(called(op.rules().name()));
    outer(&at_place(place, || bind(op, &inner(&operands))))
}

/// The results of `function` on `args`, of which reverse mode keeps what `policy` says.
pub(crate) fn checkpoint(place: SourceLocation, function: &Inner, args: &[Val], policy: &Policy) -> Vec<Val> {
    let op = Checkpoint::Checkpoint { program: function.program.clone(), policy: policy.clone() };
    bound(op, place, args, &[function])
}

/// The value, by a name.
#[track_caller]
pub(crate) fn checkpoint_name(v: Val, name: &str) -> Val {
    Val::from_ir(v.ir().checkpoint_name(name))
}
