//! Samples of `per_lane`, and operands that it refuses.

use super::PerLane;
use crate::ops::Sample;
use crate::ops::sample::refused;
use crate::trace::{Val, trace};
use crate::{Array, Dtype, Program, SourceLocation, Type};
use std::sync::Arc;

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    Arc::new(trace(SourceLocation::unknown(), types, f).expect("internal: the sample is well typed").program)
}

impl PerLane {
    pub(in crate::ops::control) fn samples() -> Vec<Sample> {
        let f64s = |shape: &[usize]| Type::new(Dtype::F64, shape);
        let function =
            program(&[f64s(&[2]), f64s(&[2])], |x| vec![x[0].sin() * x[1], x[0].lt(x[1]), x[1].cos()]);
        // Of a lane and a matrix that all share: the transpose adds up products.
        let matrix = program(&[f64s(&[2]), f64s(&[2, 2])], |x| {
            vec![x[1].dot_general(x[0], crate::ops::contract::DotDims::contracting(&[1], &[0])).sin()]
        });
        let product = program(&[f64s(&[2]), f64s(&[])], |x| vec![x[0] * x[1].broadcast([2], &[])]);
        let (some, many) = (Array::from([true, false, true]), Array::from([[true, false, true], [false; 3]]));
        let of = |program: &Arc<Program>, lanes, operands: &[usize], results: &[usize]| PerLane {
            program: program.clone(),
            lanes,
            operands: operands.into(),
            results: results.into(),
        };
        let sample = |op: PerLane, mask: &Array| Sample::new(op).exact(mask.clone());
        let arg = |sample: Sample, shape: &[usize]| sample.arg(f64s(shape), -1.0, 1.0);
        let whole = |truth: bool| Array::scalar(truth);
        vec![
            arg(arg(sample(of(&function, 1, &[1, 0], &[1, 1, 1]), &some), &[3, 2]), &[2]),
            arg(arg(sample(of(&function, 2, &[2, 3], &[3, 3, 1]), &many), &[2, 2]), &[2, 3, 2]),
            arg(arg(sample(of(&function, 0, &[0, 0], &[0, 0, 0]), &whole(true)), &[2]), &[2]),
            arg(arg(sample(of(&function, 0, &[0, 0], &[0, 0, 0]), &whole(false)), &[2]), &[2]),
            arg(arg(sample(of(&matrix, 1, &[1, 0], &[1]), &some), &[3, 2]), &[2, 2]),
            arg(arg(sample(of(&product, 1, &[0, 1], &[0]), &some), &[2]), &[3]),
        ]
    }
    pub(in crate::ops::control) fn refusals() -> Vec<(u8, Sample)> {
        let (ty, lanes) = (Type::new(Dtype::F32, [3]), Type::new(Dtype::F32, [2, 3]));
        let identity = program(&[ty.clone()], |x| vec![x[0]]);
        let truth = program(&[ty.clone()], |x| vec![x[0].lt(x[0])]);
        let of = |program: &Arc<Program>, operands: &[usize], results: &[usize]| PerLane {
            program: program.clone(),
            lanes: 1,
            operands: operands.into(),
            results: results.into(),
        };
        let mask = Type::new(Dtype::Bool, [2]);
        vec![
            refused(of(&identity, &[1], &[1]), 1, [&Type::scalar(Dtype::Bool), &lanes]),
            refused(of(&identity, &[1], &[1]), 1, [&Type::new(Dtype::I32, [2]), &lanes]),
            refused(of(&identity, &[], &[1]), 2, [&mask, &lanes]),
            refused(of(&identity, &[1], &[2]), 2, [&mask, &lanes]),
            refused(of(&identity, &[1], &[1]), 3, [&mask, &ty]),
            refused(of(&truth, &[1], &[0]), 4, [&mask, &lanes]),
        ]
    }
}
