//! The meaning: lane after lane, those that run.

use super::{PerLane, axes, every, in_lanes};
use crate::eval::eval;
use crate::ops::Rules;
use crate::ops::monoid::Monoid;
use crate::ops::reduce::Reduction;
use crate::{Array, Buffer, Dims, ErrorKind, Type};

impl PerLane {
    pub(super) fn evaluate(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let (dims, runs) = (args[0].shape(), args[0].to_f64_vec());
        let params = self.program.param_types();
        let mut of_lanes: Vec<Option<Vec<Array>>> = vec![];
        for (lane, runs) in runs.iter().enumerate() {
            let own = args[1..].iter().zip(params).zip(&self.operands);
            let own = own.map(|((arg, ty), bits)| element(arg, ty, position(lane, &dims, *bits)));
            let results = (*runs != 0.0).then(|| eval(&self.program, &own.collect::<Vec<_>>()));
            of_lanes.push(results.transpose().map_err(ErrorKind::Inside)?);
        }
        let types = self.program.result_types();
        let result = |(k, ty): (usize, &Type)| {
            let each: Vec<Option<&Array>> =
                of_lanes.iter().map(|results| results.as_ref().map(|results| &results[k])).collect();
            let all = stack(&each, ty, &in_lanes(ty, &dims, every(self.lanes)));
            let left_out: Dims = axes(self.lanes, every(self.lanes) & !self.results[k]).collect();
            if left_out.is_empty() { Ok(all) } else { sum(&all, &left_out) }
        };
        types.iter().enumerate().map(result).collect()
    }
}

/// Where a lane finds its own among the elements of what has the axes of `bits`.
fn position(lane: usize, dims: &[usize], bits: usize) -> usize {
    let (mut rest, mut stride, mut place) = (lane, 1, 0);
    for (axis, extent) in dims.iter().enumerate().rev() {
        if axes(dims.len(), bits).any(|own| own == axis) {
            place += rest % extent * stride;
            stride *= extent;
        }
        rest /= extent;
    }
    place
}

/// The array of type `ty` at that place of `all`.
fn element(all: &Array, ty: &Type, place: usize) -> Array {
    if let Some(of) = ty.in_tape() {
        let elements: Vec<Array> = all.tape_elements().iter().map(|all| element(all, &of, place)).collect();
        return Array::tape(&of, &elements);
    }
    let size = ty.size_bytes();
    let mut buffer = Buffer::any(size);
    buffer.bytes_mut().copy_from_slice(&all.bytes()[place * size..][..size]);
    Array::from_buffer(ty.clone(), buffer)
}

/// The arrays of all lanes, zeros where there is none.
fn stack(lanes: &[Option<&Array>], ty: &Type, all: &Type) -> Array {
    if let (Some(of), Some(all)) = (ty.in_tape(), all.in_tape()) {
        let tapes: Vec<Vec<Array>> =
            lanes.iter().map(|tape| tape.map_or(vec![], Array::tape_elements)).collect();
        let length = tapes.iter().map(Vec::len).max().unwrap_or(0);
        let step = |i: usize| stack(&tapes.iter().map(|tape| tape.get(i)).collect::<Vec<_>>(), &of, &all);
        return Array::tape(&all, &(0..length).map(step).collect::<Vec<_>>());
    }
    let (size, mut buffer) = (ty.size_bytes(), Buffer::zeroed(all.size_bytes()));
    for (lane, array) in lanes.iter().enumerate() {
        if let Some(array) = array {
            buffer.bytes_mut()[lane * size..][..size].copy_from_slice(array.bytes());
        }
    }
    Array::from_buffer(all.clone(), buffer)
}

fn sum(all: &Array, axes: &Dims) -> Result<Array, ErrorKind> {
    if let Some(of) = all.ty().in_tape() {
        let sums = all.tape_elements().iter().map(|all| sum(all, axes)).collect::<Result<Vec<_>, _>>()?;
        return Ok(Array::tape(&of.with_shape(of.shape.without(axes)), &sums));
    }
    let sum = Reduction::Monoid { monoid: Monoid::Sum, axes: axes.clone() };
    let mut sums = sum.eval(&[all])?;
    Ok(sums.pop().expect("internal: a sum has one result"))
}
