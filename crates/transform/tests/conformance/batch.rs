//! `batch` over every subset of the operands is a loop.

use super::{assert_near, for_each_sample, program_of, run};
use gradus_ir::ops::sample::Argument;
use gradus_ir::verify::verify;
use gradus_ir::{Array, Buffer, Dtype, Lanes, Type};
use gradus_transform::batch;

const LANES: usize = 3;

/// The operand of one lane; lanes differ, also where the sample gives the elements.
fn operand(arg: &Argument, lane: usize) -> Array {
    match arg {
        Argument::Range(..) | Argument::Diagonal(..) => arg.fill(lane as u64 + 1),
        Argument::Exact(a) if a.size() == 1 && a.dtype().is_integer() => {
            Array::from_f64(a.ty(), a.to_f64_vec().into_iter().map(|x| x + lane as f64))
        }
        Argument::Exact(a) if a.size() == 1 && a.dtype() == Dtype::Bool => Array::from_f64(
            a.ty(),
            a.to_f64_vec().into_iter().map(|x| if lane.is_multiple_of(2) { x } else { 1.0 - x }),
        ),
        Argument::Exact(a) => rotated(a, lane),
    }
}

/// The same elements, `by` places further.
fn rotated(a: &Array, by: usize) -> Array {
    let mut bytes = a.bytes().to_vec();
    let shift = by * a.dtype().size_bytes();
    if !bytes.is_empty() {
        let n = bytes.len();
        bytes.rotate_right(shift % n);
    }
    from_bytes(a.ty().clone(), &bytes)
}

fn from_bytes(ty: Type, bytes: &[u8]) -> Array {
    let mut buffer = Buffer::zeroed(bytes.len());
    buffer.bytes_mut().copy_from_slice(bytes);
    Array::from_buffer(ty, buffer)
}

/// The arrays along a new leading axis.
fn stack(parts: &[Array]) -> Array {
    let bytes: Vec<u8> = parts.iter().flat_map(|a| a.bytes().to_vec()).collect();
    let ty = parts[0].ty();
    from_bytes(ty.with_shape(ty.shape.with_axis(0, parts.len())), &bytes)
}

#[test]
fn batch_is_a_loop() {
    for_each_sample(|sample| {
        let program = program_of(sample);
        let n = sample.args.len();
        for subset in 1u32..1 << n {
            let mapped: Vec<bool> = (0..n).map(|i| subset >> i & 1 == 1).collect();
            let (batched, along) = batch(&program, &mapped, Lanes::new(LANES));
            verify(&batched).unwrap();
            let lane = |lane: usize| -> Vec<Array> {
                let pick = |(arg, mapped): (&Argument, &bool)| operand(arg, if *mapped { lane } else { 0 });
                sample.args.iter().zip(&mapped).map(pick).collect()
            };
            let lanes: Vec<Vec<Array>> = (0..LANES).map(lane).collect();
            let gather = |i: usize| {
                if mapped[i] {
                    stack(&lanes.iter().map(|l| l[i].clone()).collect::<Vec<_>>())
                } else {
                    lanes[0][i].clone()
                }
            };
            let got = run(&batched, &(0..n).map(gather).collect::<Vec<_>>());
            let one_by_one: Vec<Vec<Array>> = lanes.iter().map(|args| run(&program, args)).collect();
            for (k, got) in got.iter().enumerate() {
                // A result without lanes is that of every lane.
                let got = &if along[k] { got.clone() } else { stack(&vec![got.clone(); LANES]) };
                let expected = stack(&one_by_one.iter().map(|r| r[k].clone()).collect::<Vec<_>>());
                let tolerance = if got.dtype().real() == Dtype::F64 { 1e-12 } else { 1e-5 };
                let tolerance = if got.dtype().is_inexact() { tolerance } else { 0.0 };
                assert_near(got, &expected, tolerance, &format!("mapped {mapped:?}, result {k}"));
            }
        }
    });
}
