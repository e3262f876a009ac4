//! `reduce` with a Program that combines scalars.

use super::{Reduction, axes_first, check_axes, pairs, reduced_slots, with_last};
use crate::eval::eval;
use crate::ops::{Infer, Lanes, Passes};
use crate::trace::{Val, Vals, bind};
use crate::{Array, Dims, ErrorKind, Program, Shape, Type};
use std::sync::Arc;

pub(super) const SENTENCES: &[&str] = &[
    "There are as many initial values as operands.",
    "All operands have the same shape.",
    "Each initial value is a scalar of its operand's element type.",
    "`axes` are axes of the operands, strictly increasing.",
    "`body` takes a scalar of each operand's element type, then the same again, and returns the same once.",
];

pub(super) fn infer(axes: &[usize], body: &Program, args: &[&Type]) -> Infer {
    let refuse = |number, message: String| Err(ErrorKind::constraint(number, message));
    if !args.len().is_multiple_of(2) {
        let message = format!("{} operands and initial values do not pair up; give one for each", args.len());
        return refuse(1, message);
    }
    let (operands, initial) = args.split_at(args.len() / 2);
    for (x, init) in operands.iter().zip(initial) {
        if x.shape != operands[0].shape {
            let (lhs, rhs) = (operands[0].shape.clone(), x.shape.clone());
            let hint = "what is reduced together has one shape";
            return Err(ErrorKind::ShapeMismatch { number: 2, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        if **init != Type::scalar(x.dtype) {
            return refuse(
                3,
                format!("the initial value of {x} is {init}, not {}[]; reshape or convert it", x.dtype),
            );
        }
    }
    check_axes(4, operands[0], axes)?;
    let results: Vec<Type> = operands.iter().map(|x| Type::scalar(x.dtype)).collect();
    let params: Vec<Type> = results.iter().chain(&results).cloned().collect();
    if body.param_types() != params || body.result_types() != results {
        let (have, gives) = (body.param_types(), body.result_types());
        let message = format!(
            "the body takes {have:?} and returns {gives:?}, but must take {params:?} and return {results:?}"
        );
        return refuse(5, message);
    }
    Ok(operands.iter().map(|x| x.with_shape(x.shape.without(axes))).collect())
}

/// Every step rounds to the operands' types, as the body does.
pub(super) fn evaluate(axes: &[usize], body: &Program, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
    let (operands, initial) = args.split_at(args.len() / 2);
    let (shape, slots) = reduced_slots(&operands[0].ty().shape, axes);
    let initial: Vec<Array> = initial.iter().copied().cloned().collect();
    let mut totals = vec![initial; shape.size()];
    let elements: Vec<Vec<Array>> = operands.iter().map(|x| x.scalars()).collect();
    for (position, slot) in slots.into_iter().enumerate() {
        let here = elements.iter().map(|x| x[position].clone());
        let args: Vec<Array> = totals[slot].iter().cloned().chain(here).collect();
        let failed = |error| ErrorKind::invalid(format!("the body failed: {error}"));
        totals[slot] = eval(body, &args).map_err(failed)?;
    }
    let result = |k: usize, x: &Array| {
        let column = totals.iter().map(|total| &total[k]);
        Array::from_scalars(x.dtype(), &shape, column)
    };
    Ok(operands.iter().enumerate().map(|(k, x)| result(k, x)).collect())
}

/// The reduction over real and imaginary parts, by the body on numbers that are joined from them.
pub(super) fn decompose_complex(axes: &[usize], body: &Program, args: &[Val]) -> Vals {
    let split = |v: &Val| match v.ty().dtype.is_complex() {
        true => vec![v.real(), v.imag()],
        false => vec![*v],
    };
    let types: Vec<Type> = body
        .param_types()
        .iter()
        .flat_map(|ty| vec![ty.with_dtype(ty.dtype.real()); num_parts(ty)])
        .collect();
    let join = |types: &[Type], parts: &[Val]| -> Vec<Val> {
        let mut parts = parts.iter().copied();
        let mut next = || parts.next().expect("internal: a value for each part");
        types.iter().map(|ty| if ty.dtype.is_complex() { next().complex(next()) } else { next() }).collect()
    };
    let traced = crate::trace(crate::SourceLocation::unknown(), &types, |parts| {
        body.inline(&join(body.param_types(), parts)).iter().flat_map(split).collect()
    });
    let body_of_parts = Arc::new(traced.expect("internal: a body of parts is well typed").program);
    let args: Vals = args.iter().flat_map(split).collect();
    let results = bind(Reduction::Body { axes: axes.into(), body: body_of_parts }, &args);
    join(&body.result_types(), &results).into()
}

fn num_parts(ty: &Type) -> usize {
    if ty.dtype.is_complex() { 2 } else { 1 }
}

pub(super) fn batched(
    passes: &dyn Passes,
    axes: &[usize],
    body: &Arc<Program>,
    args: &[Val],
    mapped: &[bool],
    lanes: Lanes,
) -> Vals {
    let everywhere = |i: usize| if mapped[i] { args[i] } else { args[i].repeat_leading(lanes.size) };
    let n = args.len() / 2;
    let operands: Vals = (0..n).map(everywhere).collect();
    let axes: Dims = axes.iter().map(|axis| axis + 1).collect();
    if !mapped[n..].contains(&true) {
        let args: Vals = operands.into_iter().chain(args[n..].iter().copied()).collect();
        return bind(Reduction::Body { axes, body: body.clone() }, &args);
    }
    // Every lane starts from values of its own, which no reduction offers: the tree does.
    let shape = operands[0].shape().without(&axes);
    let initial: Vec<Val> = (n..2 * n).map(|i| everywhere(i).broadcast(shape.clone(), &[0])).collect();
    let pairwise = Pairwise { passes, body: body.clone(), num_values: n };
    pairwise.reduce(&operands, &axes, &initial).into_iter().collect()
}

/// The tangents of the results: those of a tree of pairwise combinations, which a linear program can transpose.
pub(super) fn tangents(
    passes: &dyn Passes,
    axes: &[usize],
    body: &Arc<Program>,
    x: &[Val],
    dx: &[Option<Val>],
) -> Vec<Option<Val>> {
    let n = x.len() / 2;
    let is_float: Vec<bool> = x[..n].iter().map(|x| x.ty().dtype.is_inexact()).collect();
    let (program, nonzero) = dual(passes, body, &is_float);
    if !nonzero.contains(&true) {
        return vec![None; n];
    }
    let tangent = |k: usize| dx[k].unwrap_or_else(|| x[k].zeros_like());
    let with_tangents = |range: std::ops::Range<usize>| -> Vec<Val> {
        let floats = range.clone().filter(|k| is_float[k % n]);
        range.clone().map(|k| x[k]).chain(floats.map(tangent)).collect()
    };
    let shape = x[0].shape().without(axes);
    let initial: Vec<Val> = with_tangents(n..2 * n).into_iter().map(|v| v.splat(shape.clone())).collect();
    let pairwise = Pairwise { passes, body: program, num_values: initial.len() };
    let mut tangents = pairwise.reduce(&with_tangents(0..n), axes, &initial).into_iter().skip(n);
    is_float.iter().map(|is_float| if *is_float { tangents.next() } else { None }).collect()
}

/// The body over values with tangents: `(totals.., their tangents.., elements.., their tangents..)` to totals and
/// tangents; integers have none. Last, which tangents are not zero.
fn dual(passes: &dyn Passes, body: &Arc<Program>, is_float: &[bool]) -> (Arc<Program>, Vec<bool>) {
    let n = is_float.len();
    let both: Vec<bool> = is_float.iter().chain(is_float).copied().collect();
    let (program, nonzero) = passes.jvp(body, &both);
    let num_tangents = is_float.iter().filter(|float| **float).count();
    let scalars = &body.param_types()[..n];
    let half: Vec<Type> =
        scalars.iter().chain(scalars.iter().filter(|ty| ty.dtype.is_inexact())).cloned().collect();
    let types: Vec<Type> = half.iter().chain(&half).cloned().collect();
    let traced = crate::trace(crate::SourceLocation::unknown(), &types, |args| {
        let (left, right) = args.split_at(n + num_tangents);
        let primals = left[..n].iter().chain(&right[..n]);
        let inputs: Vec<Val> = primals.chain(&left[n..]).chain(&right[n..]).copied().collect();
        let results = program.inline(&inputs);
        let mut tangents = results[n..].iter().copied();
        let mut all = results[..n].to_vec();
        for k in (0..n).filter(|k| is_float[*k]) {
            let tangent = if nonzero[k] { tangents.next() } else { None };
            all.push(tangent.unwrap_or_else(|| results[k].zeros_like()));
        }
        all
    });
    (Arc::new(traced.expect("internal: a jvp is well typed").program), nonzero)
}

/// A combination of `num_values` scalars with as many, applied to whole arrays.
struct Pairwise<'a> {
    passes: &'a dyn Passes,
    body: Arc<Program>,
    num_values: usize,
}

impl Pairwise<'_> {
    /// Combines pairs, then pairs of pairs, along `axes`, and last the initial values, which have the result's shape.
    fn reduce(&self, operands: &[Val], axes: &[usize], initial: &[Val]) -> Vec<Val> {
        let mut totals: Vec<Val> = operands.iter().map(|x| axes_first(*x, axes)).collect();
        let shape = initial[0].shape();
        if totals[0].shape().dim(0) == 0 {
            return initial.to_vec();
        }
        while totals[0].shape().dim(0) > 1 {
            let halves: Vec<(Val, Val, Option<Val>)> = totals.iter().map(|x| pairs(*x)).collect();
            let left: Vec<Val> = halves.iter().map(|half| half.0).collect();
            let right: Vec<Val> = halves.iter().map(|half| half.1).collect();
            let combined = self.combine(&left, &right);
            totals = combined.into_iter().zip(halves).map(|(x, half)| with_last(x, half.2)).collect();
        }
        let totals: Vec<Val> = totals.into_iter().map(|x| x.reshape(shape.clone())).collect();
        self.combine(initial, &totals)
    }
    /// The body on every element of arrays of one shape.
    fn combine(&self, left: &[Val], right: &[Val]) -> Vec<Val> {
        let shape = left[0].shape();
        let lanes = Lanes::new(shape.size());
        let flat = Shape::from([lanes.size]);
        let args: Vec<Val> = left.iter().chain(right).map(|x| x.reshape(flat.clone())).collect();
        let (program, mapped) = self.passes.batch(&self.body, &vec![true; 2 * self.num_values], lanes);
        let results = program.inline(&args).into_iter().zip(mapped);
        results
            .map(|(x, mapped)| if mapped { x } else { x.repeat_leading(lanes.size) }.reshape(shape.clone()))
            .collect()
    }
}
