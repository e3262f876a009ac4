//! Movements on which the conformance tests run, and those that must be refused.

use super::Movement;
use crate::ops::Sample;
use crate::{Dtype, Shape, Type};

fn on(op: Movement, dtype: Dtype, shape: impl Into<Shape>) -> Sample {
    and(Sample::new(op), dtype, shape)
}

fn and(sample: Sample, dtype: Dtype, shape: impl Into<Shape>) -> Sample {
    let sample = sample.arg(Type::new(dtype, shape), 0.0, 9.0);
    if dtype.is_inexact() { sample } else { sample.not_smooth() }
}

fn broadcast(shape: &[usize], dims: &[usize]) -> Movement {
    Movement::Broadcast { shape: shape.into(), dims: dims.into() }
}
fn reshape(shape: &[usize]) -> Movement {
    Movement::Reshape { shape: shape.into() }
}
fn transpose(permutation: &[usize]) -> Movement {
    Movement::Transpose { permutation: permutation.into() }
}
fn slice(starts: &[usize], limits: &[usize], strides: &[usize]) -> Movement {
    Movement::Slice { starts: starts.into(), limits: limits.into(), strides: strides.into() }
}
fn pad(low: &[i64], high: &[i64], interior: &[usize]) -> Movement {
    Movement::Pad { low: low.into(), high: high.into(), interior: interior.into() }
}
fn concatenate(dimension: usize) -> Movement {
    Movement::Concatenate { dimension }
}
fn rev(dimensions: &[usize]) -> Movement {
    Movement::Rev { dimensions: dimensions.into() }
}

impl Movement {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        use Dtype::{F32, F64};
        let padded = |op, dtype, shape: &[usize]| and(on(op, dtype, shape), dtype, []);
        let mut all = vec![
            on(broadcast(&[2, 3, 4], &[0, 2]), F32, [2, 1]),
            on(broadcast(&[3], &[]), F64, []),
            on(broadcast(&[1, 2, 0], &[1]), F32, [2]),
            on(reshape(&[3, 2]), F32, [2, 3]),
            on(reshape(&[1]), F32, []),
            on(reshape(&[0, 5]), F64, [2, 0]),
            on(transpose(&[2, 0, 1]), F32, [2, 3, 4]),
            on(transpose(&[0]), F64, [3]),
            on(slice(&[1, 0], &[3, 5], &[1, 2]), F32, [3, 5]),
            on(slice(&[1], &[9], &[4]), F64, [10]),
            on(slice(&[2], &[2], &[3]), F64, [5]),
            on(slice(&[], &[], &[]), F64, []),
            padded(pad(&[1, 0], &[2, 1], &[0, 2]), F32, &[2, 3]),
            padded(pad(&[-1, 2], &[1, -3], &[0, 1]), F64, &[3, 4]),
            padded(pad(&[-2], &[-1], &[2]), F64, &[3]),
            padded(pad(&[2], &[1], &[3]), F64, &[0]),
            and(and(on(concatenate(1), F32, [2, 1]), F32, [2, 0]), F32, [2, 3]),
            and(on(concatenate(0), F64, [1, 2, 2]), F64, [3, 2, 2]),
            on(concatenate(0), F64, [2]),
            on(rev(&[0, 2]), F32, [2, 3, 2]),
            on(rev(&[]), F64, [2]),
            on(rev(&[1]), F64, [2, 0]),
        ];
        for dtype in Dtype::ALL.iter().copied() {
            all.push(on(broadcast(&[2, 2, 3], &[1, 2]), dtype, [2, 3]));
            all.push(on(reshape(&[6]), dtype, [2, 3]));
            all.push(on(transpose(&[1, 0]), dtype, [2, 3]));
            all.push(on(slice(&[0, 1], &[2, 3], &[1, 1]), dtype, [2, 3]));
            all.push(padded(pad(&[1, -1], &[0, 1], &[1, 0]), dtype, &[2, 3]));
            all.push(and(on(concatenate(0), dtype, [2, 3]), dtype, [1, 3]));
            all.push(on(rev(&[1]), dtype, [2, 3]));
        }
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        use Dtype::{F32, F64};
        let padded = |op, value: Sample| {
            let mut sample = on(op, F32, [2, 3]);
            sample.args.extend(value.args);
            sample
        };
        let value = |dtype, shape: &[usize]| on(rev(&[]), dtype, shape);
        vec![
            (1, on(broadcast(&[2, 3], &[1, 0]), F32, [2, 3])),
            (1, on(broadcast(&[2, 3], &[2]), F32, [3])),
            (2, on(broadcast(&[2, 3], &[1]), F32, [2])),
            (1, on(reshape(&[4]), F32, [2, 3])),
            (1, on(transpose(&[0, 0]), F32, [2, 3])),
            (1, on(transpose(&[1, 0]), F32, [2])),
            (1, on(slice(&[0], &[1], &[1]), F32, [2, 3])),
            (2, on(slice(&[0, 0], &[2, 4], &[1, 1]), F32, [2, 3])),
            (2, on(slice(&[2, 0], &[1, 3], &[1, 1]), F32, [2, 3])),
            (3, on(slice(&[0, 0], &[2, 3], &[1, 0]), F32, [2, 3])),
            (1, padded(pad(&[0], &[0], &[0]), value(F32, &[]))),
            (2, padded(pad(&[0, 0], &[0, 0], &[0, 0]), value(F32, &[1]))),
            (3, padded(pad(&[0, 0], &[0, 0], &[0, 0]), value(F64, &[]))),
            (4, padded(pad(&[0, -2], &[0, -2], &[0, 0]), value(F32, &[]))),
            (1, on(concatenate(2), F32, [2, 3])),
            (2, and(on(concatenate(0), F32, [2, 3]), F64, [2, 3])),
            (3, and(on(concatenate(0), F32, [2, 3]), F32, [2, 4])),
            (3, and(on(concatenate(0), F32, [2, 3]), F32, [2])),
            (1, on(rev(&[1, 0]), F32, [2, 3])),
            (1, on(rev(&[2]), F32, [2, 3])),
        ]
    }
}
