//! Movements on which the conformance tests run, and those that must be refused.

use super::Movement;
use crate::ops::Sample;
use crate::{Dtype, Shape, Type};
use smallvec::smallvec;

fn on(op: Movement, dtype: Dtype, shape: impl Into<Shape>) -> Sample {
    let sample = Sample::new(op).arg(Type::new(dtype, shape), 0.0, 9.0);
    if dtype.is_float() { sample } else { sample.not_smooth() }
}

impl Movement {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let broadcast =
            |shape: &[usize], dims: &[usize]| Movement::Broadcast { shape: shape.into(), dims: dims.into() };
        let reshape = |shape: &[usize]| Movement::Reshape { shape: shape.into() };
        let transpose = |axes: &[usize]| Movement::Transpose { permutation: axes.into() };
        let mut all = vec![
            on(broadcast(&[2, 3, 4], &[0, 2]), Dtype::F32, [2, 1]),
            on(broadcast(&[3], &[]), Dtype::F64, []),
            on(broadcast(&[1, 2, 0], &[1]), Dtype::F32, [2]),
            on(reshape(&[3, 2]), Dtype::F32, [2, 3]),
            on(reshape(&[1]), Dtype::F32, []),
            on(reshape(&[0, 5]), Dtype::F64, [2, 0]),
            on(transpose(&[2, 0, 1]), Dtype::F32, [2, 3, 4]),
            on(transpose(&[0]), Dtype::F64, [3]),
        ];
        for dtype in Dtype::ALL.iter().copied() {
            all.push(on(broadcast(&[2, 2, 3], &[1, 2]), dtype, [2, 3]));
            all.push(on(reshape(&[6]), dtype, [2, 3]));
            all.push(on(transpose(&[1, 0]), dtype, [2, 3]));
        }
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let f32 = Dtype::F32;
        vec![
            (1, on(Movement::Broadcast { shape: [2, 3].into(), dims: smallvec![1, 0] }, f32, [2, 3])),
            (1, on(Movement::Broadcast { shape: [2, 3].into(), dims: smallvec![2] }, f32, [3])),
            (2, on(Movement::Broadcast { shape: [2, 3].into(), dims: smallvec![1] }, f32, [2])),
            (1, on(Movement::Reshape { shape: [4].into() }, f32, [2, 3])),
            (1, on(Movement::Transpose { permutation: smallvec![0, 0] }, f32, [2, 3])),
            (1, on(Movement::Transpose { permutation: smallvec![1, 0] }, f32, [2])),
        ]
    }
}
