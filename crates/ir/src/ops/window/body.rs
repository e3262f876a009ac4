//! `reduce_window` with a Program that combines scalars.

use super::geometry::{ENTRIES, PADDING, POSITIVE, everywhere};
use super::{Window, Windowing};
use crate::eval::eval;
use crate::ops::{Infer, Lanes, Passes};
use crate::trace::{Val, Vals, bind, trace};
use crate::{Array, ErrorKind, Program, SourceLocation, Type};
use std::sync::Arc;

pub(super) const SENTENCES: &[&str] = &[
    ENTRIES,
    POSITIVE,
    PADDING,
    "There are as many initial values as operands.",
    "All operands have the same shape.",
    "Each initial value is a scalar of its operand's element type.",
    "`body` takes a scalar of each operand's element type, then the same again, and returns the same once.",
];

pub(super) fn infer(window: &Window, body: &Program, args: &[&Type]) -> Infer {
    let refuse = |number, message: String| Err(ErrorKind::constraint(number, message));
    if !args.len().is_multiple_of(2) {
        let message = format!("{} operands and initial values do not pair up; give one for each", args.len());
        return refuse(4, message);
    }
    let (operands, initial) = args.split_at(args.len() / 2);
    let shape = window.result_shape(1, operands[0])?;
    for (x, init) in operands.iter().zip(initial) {
        if x.shape != operands[0].shape {
            let (lhs, rhs) = (operands[0].shape.clone(), x.shape.clone());
            let hint = "what is reduced together has one shape";
            return Err(ErrorKind::ShapeMismatch { number: 5, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        if **init != Type::scalar(x.dtype) {
            let message =
                format!("the initial value of {x} is {init}, not {}[]; reshape or convert it", x.dtype);
            return refuse(6, message);
        }
    }
    let results: Vec<Type> = operands.iter().map(|x| Type::scalar(x.dtype)).collect();
    let params: Vec<Type> = results.iter().chain(&results).cloned().collect();
    if body.param_types() != params || body.result_types() != results {
        let (have, gives) = (body.param_types(), body.result_types());
        let message = format!(
            "the body takes {have:?} and returns {gives:?}, but must take {params:?} and return {results:?}"
        );
        return refuse(7, message);
    }
    Ok(operands.iter().map(|x| x.with_shape(shape.clone())).collect())
}

/// Every step rounds to the operands' types, as the body does.
pub(super) fn evaluate(window: &Window, body: &Program, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
    let (operands, initial) = args.split_at(args.len() / 2);
    let shape = window.result_shape(1, operands[0].ty())?;
    let initial: Vec<Array> = initial.iter().copied().cloned().collect();
    let elements: Vec<Vec<Array>> = operands.iter().map(|x| x.scalars()).collect();
    let mut columns: Vec<Vec<Array>> = vec![vec![]; operands.len()];
    for places in window.positions(&operands[0].ty().shape, &shape) {
        let mut totals = initial.clone();
        for place in places {
            let here = |k: usize| place.map_or(initial[k].clone(), |p| elements[k][p].clone());
            let args: Vec<Array> = totals.iter().cloned().chain((0..operands.len()).map(here)).collect();
            totals =
                eval(body, &args).map_err(|error| ErrorKind::invalid(format!("the body failed: {error}")))?;
        }
        columns.iter_mut().zip(totals).for_each(|(column, total)| column.push(total));
    }
    let joined = |(x, column): (&&Array, &Vec<Array>)| Array::from_scalars(x.dtype(), &shape, column);
    Ok(operands.iter().zip(&columns).map(joined).collect())
}

/// The same by a reduction over windows that stand along an axis of their own: it has all the rules.
///
/// There are windows.
pub(super) fn stacked_program(window: &Window, body: &Arc<Program>, types: &[Type]) -> Arc<Program> {
    let n = types.len() / 2;
    let shape = window.result_shape(1, &types[0]).expect("internal: operands are checked");
    let traced = trace(SourceLocation::unknown(), types, |x| {
        let stacked: Vals = (0..n).map(|k| window.stacked(x[k], x[n + k], &shape)).collect();
        crate::ops::reduce::reduce(&stacked, &x[n..], &[0], body).to_vec()
    });
    Arc::new(traced.expect("internal: the windows are checked").program)
}

pub(super) fn batched(
    passes: &dyn Passes,
    window: &Window,
    body: &Arc<Program>,
    args: &[Val],
    mapped: &[bool],
    lanes: Lanes,
) -> Vals {
    let n = args.len() / 2;
    if !mapped[n..].contains(&true) {
        let mut all = everywhere(&args[..n], &mapped[..n], lanes);
        all.extend(args[n..].iter().copied());
        return bind(Windowing::Body { window: window.behind_lanes(), body: body.clone() }, &all);
    }
    // Every lane starts from values of its own, which windows do not offer: a reduction does.
    let one_lane = |i: usize| {
        let ty = args[i].ty();
        if mapped[i] { ty.with_shape(ty.shape.without(&[0])) } else { ty }
    };
    let types: Vec<Type> = (0..args.len()).map(one_lane).collect();
    let shape = window.result_shape(1, &types[0]).expect("internal: operands are checked");
    if shape.size() == 0 {
        let empty = |ty: &Type| Val::full(ty.with_shape(shape.with_axis(0, lanes.size)), 0.0);
        return types[..n].iter().map(empty).collect();
    }
    let program = stacked_program(window, body, &types);
    let (batched, along) = passes.batch(&program, mapped, lanes);
    let results = batched.inline(args).into_iter().zip(along);
    results.map(|(x, along)| if along { x } else { x.repeat_leading(lanes.size) }).collect()
}
