//! Convolutions on which the conformance tests run, and those that must be refused.

use super::{AxisRoles, ConvDims, Convolution};
use crate::ops::Sample;
use crate::{Dtype, Type};

fn last(n: usize) -> ConvDims {
    let (image, kernel) = (AxisRoles::features_last(n), AxisRoles::kernel_last(n));
    ConvDims { lhs: image.clone(), rhs: kernel, out: image }
}

fn first(n: usize) -> ConvDims {
    let image = AxisRoles::features_first(n);
    ConvDims { lhs: image.clone(), rhs: image.clone(), out: image }
}

fn on(op: Convolution, dtype: Dtype, lhs: &[usize], rhs: &[usize]) -> Sample {
    let sample = Sample::new(op).arg(Type::new(dtype, lhs), 0.0, 2.0).arg(Type::new(dtype, rhs), 0.0, 2.0);
    if dtype.is_inexact() { sample } else { sample.not_smooth() }
}

fn padded(dims: ConvDims, low: &[i64], high: &[i64]) -> Convolution {
    Convolution { low: low.into(), high: high.into(), ..Convolution::new(dims) }
}

fn everything(dims: ConvDims) -> Convolution {
    Convolution {
        strides: [2, 1].as_slice().into(),
        lhs_dilation: [1, 2].as_slice().into(),
        rhs_dilation: [2, 1].as_slice().into(),
        ..padded(dims, &[2, -1], &[-1, 3])
    }
}

impl Convolution {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let grouped = |features, batches, op: Convolution| Convolution {
            feature_group_count: features,
            batch_group_count: batches,
            ..op
        };
        let strided = Convolution { strides: [3].as_slice().into(), ..padded(last(1), &[1], &[2]) };
        // Every axis has an odd place.
        let mixed = ConvDims {
            lhs: AxisRoles { batch: 2, feature: 0, spatial: [3, 1].as_slice().into() },
            rhs: AxisRoles { batch: 1, feature: 3, spatial: [0, 2].as_slice().into() },
            out: AxisRoles { batch: 1, feature: 3, spatial: [2, 0].as_slice().into() },
        };
        let mut all = vec![
            on(Convolution::new(last(0)), Dtype::F64, &[2, 3], &[3, 4]),
            on(strided, Dtype::F64, &[2, 7, 2], &[3, 2, 3]),
            on(everything(last(2)), Dtype::F64, &[2, 6, 4, 2], &[2, 3, 2, 3]),
            on(everything(mixed), Dtype::F64, &[2, 4, 2, 5], &[2, 3, 3, 2]),
            on(padded(first(2), &[1, 1], &[1, 1]), Dtype::F32, &[1, 3, 4, 5], &[2, 3, 3, 3]),
            on(padded(last(3), &[1, 0, 1], &[0, 1, 0]), Dtype::F64, &[1, 2, 3, 2, 2], &[2, 2, 2, 2, 2]),
            on(grouped(2, 1, everything(last(2))), Dtype::F64, &[2, 5, 3, 4], &[2, 2, 2, 6]),
            on(grouped(1, 2, everything(first(2))), Dtype::F64, &[4, 2, 5, 3], &[4, 2, 2, 2]),
            // Depthwise, with one and with two outputs for each feature.
            on(grouped(3, 1, padded(last(2), &[1, 1], &[1, 1])), Dtype::F32, &[1, 4, 4, 3], &[3, 3, 1, 3]),
            on(grouped(3, 1, padded(first(1), &[1], &[0])), Dtype::F64, &[2, 3, 5], &[6, 1, 2]),
            // No input, no window, no features.
            on(padded(last(1), &[1], &[1]), Dtype::F64, &[2, 0, 2], &[2, 2, 3]),
            on(Convolution::new(last(1)), Dtype::F64, &[2, 2, 2], &[3, 2, 3]),
            on(Convolution::new(last(1)), Dtype::F64, &[2, 3, 0], &[2, 0, 3]),
        ];
        let numbers = Dtype::ALL.iter().copied().filter(|dtype| *dtype != Dtype::Bool);
        all.extend(numbers.map(|dtype| on(padded(last(1), &[1], &[0]), dtype, &[2, 5, 2], &[2, 2, 3])));
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let plain = || Convolution::new(last(1));
        let float = |shape: &[usize]| Type::new(Dtype::F32, shape);
        let pair =
            |op: Convolution, lhs: Type, rhs: Type| Sample::new(op).arg(lhs, 0.0, 1.0).arg(rhs, 0.0, 1.0);
        let usual = |op: Convolution| pair(op, float(&[4, 6, 2]), float(&[3, 2, 4]));
        let twice = ConvDims { lhs: AxisRoles { feature: 0, ..last(1).lhs }, ..last(1) };
        vec![
            (1, pair(plain(), float(&[4, 6, 2]), Type::new(Dtype::F64, [3, 2, 4]))),
            (2, pair(plain(), Type::new(Dtype::Bool, [4, 6, 2]), Type::new(Dtype::Bool, [3, 2, 4]))),
            (3, usual(Convolution { dims: twice, ..plain() })),
            (3, pair(plain(), float(&[4, 6, 2]), float(&[3, 3, 2, 4]))),
            (4, usual(Convolution { strides: [1, 1].as_slice().into(), ..plain() })),
            (4, usual(Convolution { high: [].as_slice().into(), ..plain() })),
            (5, usual(Convolution { strides: [0].as_slice().into(), ..plain() })),
            (5, usual(Convolution { rhs_dilation: [0].as_slice().into(), ..plain() })),
            (6, usual(Convolution { feature_group_count: 0, ..plain() })),
            (6, usual(Convolution { feature_group_count: 2, batch_group_count: 2, ..plain() })),
            (7, pair(plain(), float(&[4, 6, 3]), float(&[3, 2, 4]))),
            (
                8,
                pair(Convolution { feature_group_count: 2, ..plain() }, float(&[4, 6, 4]), float(&[3, 2, 5])),
            ),
            (9, pair(Convolution { batch_group_count: 2, ..plain() }, float(&[3, 6, 2]), float(&[3, 2, 4]))),
            (10, usual(padded(last(1), &[-4], &[-3]))),
        ]
    }
}
