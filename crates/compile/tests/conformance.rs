//! Every primitive's samples: compiled code agrees with the reference interpreter.

use gradus_compile::{Config, compile};
use gradus_ir::arbitrary::RARE;
use gradus_ir::ops::{Sample, samples};
use gradus_ir::trace::{bind, trace};
use gradus_ir::{Array, Complex, Dtype, SourceLocation, Type, eval::eval};
use std::collections::BTreeMap;

/// How far a float result may be from the interpreter's, which rounds once.
fn close(sample: &Sample, ty: &Type, found: Complex<f64>, expected: Complex<f64>) -> bool {
    let rules = sample.op.rules();
    let same = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan();
    let Some(info) = ty.dtype.finfo() else { return found == expected };
    // The steps of a loop add up their errors, and subtract what is nearly equal.
    let several = if rules.programs().is_empty() { 16.0 } else { 4096.0 };
    let of_complex = sample.types().iter().any(|ty| ty.dtype.is_complex());
    let own = rules.elementwise().map(|e| if of_complex { e.complex_ulps() } else { e.ulps() });
    let ulps = own.map_or(several, |ulps| f64::from(ulps.max(1)));
    // What holds or moves complex numbers is compiled by their parts too.
    let ulps = if ty.dtype.is_complex() { ulps.max(64.0) } else { ulps };
    same(found.re, expected.re) && same(found.im, expected.im)
        || (found - expected).norm() <= ulps * info.eps * expected.norm().max(info.smallest_normal)
}

/// Checks one operation on the sample's operands.
///
/// # Errors
/// Why it has no compiled form, or how its results differ.
fn check(sample: &Sample) -> Result<(), String> {
    let types = sample.types();
    let traced = trace(SourceLocation::unknown(), &types, |x| bind(sample.op.clone(), x).to_vec());
    let program = traced.unwrap_or_else(|e| panic!("{e}")).program;
    let executable = compile(&program, &Config::default()).map_err(|e| e.to_string())?;
    for seed in 0..3 {
        let args: Vec<Array> =
            sample.args.iter().enumerate().map(|(k, a)| a.fill(seed * 7 + k as u64)).collect();
        let expected = eval(&program, &args).unwrap_or_else(|e| panic!("{e}"));
        let found = executable.run(&args.iter().collect::<Vec<_>>()).unwrap_or_else(|e| panic!("{e}"));
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.ty(), expected.ty());
            for (a, b) in found.to_complex_vec().into_iter().zip(expected.to_complex_vec()) {
                if !close(sample, found.ty(), a, b) {
                    let steps = executable.explain();
                    return Err(format!("{:?}: {a} is not {b}\n{found}\n{expected}\n{steps}", sample.op));
                }
            }
        }
    }
    Ok(())
}

/// A primitive that has samples and no lowering is named here, each once.
#[test]
fn every_primitive_has_a_compiled_form() {
    let mut missing = BTreeMap::new();
    for sample in samples().into_iter().filter(|sample| sample.is_run()) {
        let traced =
            trace(SourceLocation::unknown(), &sample.types(), |x| bind(sample.op.clone(), x).to_vec());
        let program = traced.unwrap_or_else(|e| panic!("{e}")).program;
        if let Err(error) = compile(&program, &Config::default()) {
            missing.entry(sample.op.rules().name()).or_insert_with(|| error.to_string());
        }
    }
    let whys: Vec<&str> = missing.values().map(String::as_str).collect();
    let names = missing.keys();
    assert!(missing.is_empty(), "no lowering in crates/compile/src of {names:?}:\n{}", whys.join("\n"));
}

#[test]
fn samples_agree_with_eval() {
    for sample in samples().into_iter().filter(|sample| sample.is_run()) {
        check(&sample).unwrap_or_else(|e| panic!("{e}"));
    }
}

/// Samples are mostly of `f32` and `f64`: here the same operations on whatever other inexact type they take.
#[test]
fn samples_of_rarer_types_agree_with_eval() {
    // One of each kind, unless there is time for all.
    let is_slow = std::env::var_os("GRADUS_SLOW").is_some();
    let kinds = if is_slow { &RARE[..] } else { &[Dtype::BF16, Dtype::Complex64] };
    let mut wrong = vec![];
    for &rare in kinds {
        let to = |dtype: Dtype| if dtype.is_float() { rare } else { dtype };
        for sample in samples().into_iter().filter(|sample| sample.is_run()) {
            let Some(sample) = sample.with_dtypes(to) else { continue };
            wrong.extend(check(&sample).err().map(|why| format!("{rare}: {why}")));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n\n"));
}
