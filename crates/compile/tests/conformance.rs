//! Every primitive's samples: compiled code agrees with the reference interpreter.

use gradus_compile::{Config, compile};
use gradus_ir::{Array, Op, Place, Type, eval::eval, ops::samples, trace::bind, trace::trace};

/// How far a float result may be from the interpreter's, which rounds once.
fn close(op: &Op, ty: &Type, found: f64, expected: f64) -> bool {
    if !ty.dtype.is_float() {
        return found == expected;
    }
    // The steps of a loop add up their errors, and subtract what is nearly equal.
    let several = if op.rules().programs().is_empty() { 16.0 } else { 4096.0 };
    let ulps = op.rules().elementwise().map_or(several, |e| f64::from(e.ulps().max(1)));
    let epsilon = if ty.dtype.size_bytes() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let smallest = if ty.dtype.size_bytes() == 4 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    (found.is_nan() && expected.is_nan())
        || found == expected
        || (found - expected).abs() <= ulps * epsilon * expected.abs().max(smallest)
}

#[test]
fn samples_agree_with_eval() {
    for sample in samples().into_iter().filter(|sample| !sample.has_tapes()) {
        let types = sample.types();
        let traced = trace(Place::unknown(), &types, |x| bind(sample.op.clone(), x).to_vec());
        let program = traced.unwrap_or_else(|e| panic!("{e}")).program;
        for seed in 0..3 {
            let args: Vec<Array> =
                sample.args.iter().enumerate().map(|(k, a)| a.fill(seed * 7 + k as u64)).collect();
            let expected = eval(&program, &args).unwrap_or_else(|e| panic!("{e}"));
            let executable = compile(&program, &Config::default()).unwrap_or_else(|e| panic!("{e}"));
            let found = executable.run(&args.iter().collect::<Vec<_>>()).unwrap_or_else(|e| panic!("{e}"));
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found.ty(), expected.ty());
                for (a, b) in found.to_f64_vec().into_iter().zip(expected.to_f64_vec()) {
                    assert!(
                        close(&sample.op, found.ty(), a, b),
                        "{:?}: {a} is not {b}\n{found}\n{expected}\n{}",
                        sample.op,
                        executable.explain()
                    );
                }
            }
        }
    }
}
