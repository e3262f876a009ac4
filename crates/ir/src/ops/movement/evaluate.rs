//! The meaning of movements.

use super::{Movement, padded_index};
use crate::{Array, Buffer, Shape, Type};

impl Movement {
    pub(super) fn evaluate(&self, args: &[&Array]) -> Array {
        let types: Vec<&Type> = args.iter().map(|a| a.ty()).collect();
        let shape = self.result_type(&types).expect("internal: inferred before").shape;
        let x = args[0];
        match self {
            Movement::Reshape { .. } => x.with_shape(shape),
            Movement::Pad { low, interior, .. } => pad(x, args[1], &shape, low, interior),
            Movement::Concatenate { dimension } => concatenate(args, shape, *dimension),
            Movement::Broadcast { .. }
            | Movement::Transpose { .. }
            | Movement::Slice { .. }
            | Movement::Rev { .. } => {
                let view = self.view(&x.ty().shape).expect("internal: a movement that is read by strides");
                view.read(x, &shape)
            }
        }
    }
}

fn pad(x: &Array, value: &Array, shape: &Shape, low: &[i64], interior: &[usize]) -> Array {
    let strides = shape.strides();
    // Where each element of `x` goes, axis by axis; none if it is cut off.
    let mut targets = vec![Some(0)];
    for axis in 0..shape.rank() {
        let index = |i| padded_index(i, low[axis], interior[axis], shape.dim(axis));
        let along: Vec<Option<usize>> =
            (0..x.ty().shape.dim(axis)).map(|i| Some(index(i)? * strides[axis])).collect();
        targets = targets.iter().flat_map(|t| along.iter().map(move |at| Some((*t)? + (*at)?))).collect();
    }
    let pairs = targets.into_iter().enumerate().filter_map(|(from, to)| Some((from, to?)));
    value.repeated(shape).put(x, pairs)
}

fn concatenate(args: &[&Array], shape: Shape, dimension: usize) -> Array {
    let ty = args[0].ty().with_shape(shape);
    let outer = Shape::from(&ty.shape.dims()[..dimension]).size();
    let mut buffer = Buffer::any(ty.size_bytes());
    let mut rest = buffer.bytes_mut();
    for i in 0..outer {
        for arg in args {
            let chunk = arg.bytes().len() / outer;
            let (place, behind) = rest.split_at_mut(chunk);
            place.copy_from_slice(&arg.bytes()[i * chunk..][..chunk]);
            rest = behind;
        }
    }
    Array::from_buffer(ty, buffer)
}
