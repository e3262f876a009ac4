//! `jvp` against central differences, once and twice; `vjp` as the adjoint of `jvp`.

use super::{assert_near, for_each_sample, near, program_of, run};
use gradus_ir::ops::Sample;
use gradus_ir::verify::verify;
use gradus_ir::{Array, Dtype, Program, Type};
use gradus_transform::{jvp, vjp};

/// Elements between -1 and 1 for every float operand, the same for the same seed.
fn direction(ty: &Type, seed: u64) -> Array {
    let any = gradus_ir::ops::sample::Argument::Range(ty.clone(), -1.0, 1.0).fill(seed);
    // Of few digits, which roundings keep.
    let short = any.parts().to_f64_vec().into_iter().map(|x| (x * 64.0).round() / 64.0);
    Array::from_f64(any.parts().ty(), short).reinterpreted(ty.clone())
}

fn moved(x: &[Array], dx: &[Option<Array>], step: f64) -> Vec<Array> {
    let along = |(x, dx): (&Array, &Option<Array>)| match dx {
        Some(dx) => {
            let pairs = x.parts().to_f64_vec().into_iter().zip(dx.parts().to_f64_vec());
            Array::from_f64(x.parts().ty(), pairs.map(|(x, dx)| x + step * dx)).reinterpreted(x.ty().clone())
        }
        None => x.clone(),
    };
    x.iter().zip(dx).map(along).collect()
}

/// What `values` are beside what is not zero: `None` where the flag is false.
fn spread(values: &[Array], flags: &[bool]) -> Vec<Option<Array>> {
    let mut values = values.iter();
    flags.iter().map(|flag| flag.then(|| values.next().expect("as many values as flags").clone())).collect()
}

/// The values and tangents of `program` at `x` along `dx`.
fn push(program: &Program, x: &[Array], dx: &[Option<Array>]) -> (Vec<Array>, Vec<Option<Array>>) {
    let has_tangent: Vec<bool> = dx.iter().map(Option::is_some).collect();
    let (pushed, nonzero) = jvp(program, &has_tangent);
    verify(&pushed).unwrap();
    let args: Vec<Array> = x.iter().cloned().chain(dx.iter().flatten().cloned()).collect();
    let mut y = run(&pushed, &args);
    let dy = y.split_off(program.results().len());
    (y, spread(&dy, &nonzero))
}

fn precision(program: &Program) -> (f64, f64) {
    let types = || program.param_types().iter().cloned().chain(program.result_types());
    let narrow = types().any(|ty| ty.dtype.is_inexact() && ty.dtype.real() != Dtype::F64);
    if narrow { (1e-2, 2e-2) } else { (1e-4, 1e-5) }
}

fn check_against_differences(program: &Program, x: &[Array], dx: &[Option<Array>]) {
    let (y, dy) = push(program, x, dx);
    let (step, tolerance) = precision(program);
    let (above, below) = (run(program, &moved(x, dx, step)), run(program, &moved(x, dx, -step)));
    for (k, expected) in run(program, x).iter().enumerate() {
        assert_near(&y[k], expected, 0.0, &format!("value {k}"));
        if !expected.dtype().is_inexact() {
            assert!(dy[k].is_none(), "result {k} of {} has a tangent", expected.ty());
            continue;
        }
        let slope = |(a, b): (f64, f64)| (a - b) / (2.0 * step);
        let pairs = above[k].parts().to_f64_vec().into_iter().zip(below[k].parts().to_f64_vec());
        let differences = Array::from_f64(expected.parts().ty(), pairs.map(slope));
        let differences = differences.reinterpreted(expected.ty().clone());
        let zeros = Array::zeros(expected.ty().clone());
        let dy = dy[k].as_ref().unwrap_or(&zeros);
        assert_near(dy, &differences, tolerance, &format!("tangent {k} at {x:?} along {dx:?}"));
    }
}

/// The operands that have tangents.
fn differentiable(sample: &Sample) -> Vec<bool> {
    let types = sample.types();
    let has_tangent = |i: usize| types[i].dtype.is_inexact() && sample.op.rules().is_differentiable(i);
    (0..types.len()).map(has_tangent).collect()
}

/// Directions for the operands that have tangents: each alone, and all together.
fn directions(types: &[Type], differentiable: &[bool]) -> Vec<Vec<Option<Array>>> {
    let floats: Vec<usize> = (0..types.len()).filter(|i| differentiable[*i]).collect();
    let along = |chosen: &[usize]| -> Vec<Option<Array>> {
        (0..types.len()).map(|i| chosen.contains(&i).then(|| direction(&types[i], 90 + i as u64))).collect()
    };
    let mut all: Vec<_> = floats.iter().map(|i| along(&[*i])).collect();
    if floats.len() > 1 {
        all.push(along(&floats));
    }
    all
}

fn operands(sample: &Sample, seed: u64) -> Vec<Array> {
    sample.args.iter().enumerate().map(|(i, arg)| arg.fill(seed + 31 * i as u64)).collect()
}

#[test]
fn jvp_agrees_with_differences() {
    for_each_sample(|sample| {
        let sample = sample.in_f64().unwrap_or_else(|| sample.clone());
        if !sample.smooth {
            return;
        }
        let program = program_of(&sample);
        for seed in 1..4 {
            for dx in directions(&sample.types(), &differentiable(&sample)) {
                check_against_differences(&program, &operands(&sample, seed), &dx);
            }
        }
    });
}

#[test]
fn jvp_of_jvp_agrees_with_differences() {
    for_each_sample(|sample| {
        let sample = sample.in_f64().unwrap_or_else(|| sample.clone());
        let floats: Vec<bool> = sample.types().iter().map(|ty| ty.dtype.is_inexact()).collect();
        if !sample.smooth || !sample.smooth_twice || !floats.contains(&true) {
            return;
        }
        let (pushed, _) = jvp(&program_of(&sample), &floats);
        let tangents = sample.types().into_iter().filter(|ty| ty.dtype.is_inexact());
        let tangents = tangents.enumerate().map(|(i, ty)| direction(&ty, 7 + i as u64));
        let are_floats: Vec<bool> = pushed.param_types().iter().map(|ty| ty.dtype.is_inexact()).collect();
        let x: Vec<Array> = operands(&sample, 1).into_iter().chain(tangents).collect();
        let all = directions(pushed.param_types(), &are_floats).pop().expect("a float operand");
        check_against_differences(&pushed, &x, &all);
    });
}

fn dot(x: &[Option<Array>], y: &[Option<Array>]) -> f64 {
    let both = x.iter().zip(y).filter_map(|(x, y)| Some((x.as_ref()?, y.as_ref()?)));
    // Of complex numbers the real part of the product, without a conjugate.
    both.flat_map(|(x, y)| x.to_complex_vec().into_iter().zip(y.to_complex_vec()))
        .map(|(x, y)| (x * y).re)
        .sum()
}

/// <ct, J dx> = <transposed J ct, dx>
#[test]
fn vjp_is_the_adjoint_of_jvp() {
    for_each_sample(|sample| {
        let sample = sample.in_f64().unwrap_or_else(|| sample.clone());
        let program = program_of(&sample);
        let x = operands(&sample, 5);
        let is_float = |ty: &Type| ty.dtype.is_inexact();
        let has_cotangent: Vec<bool> = program.result_types().iter().map(is_float).collect();
        let cotangents: Vec<Option<Array>> =
            program.result_types().iter().map(|ty| is_float(ty).then(|| direction(ty, 11))).collect();
        for dx in directions(&sample.types(), &differentiable(&sample)) {
            let (y, dy) = push(&program, &x, &dx);
            let wrt: Vec<bool> = dx.iter().map(Option::is_some).collect();
            let halves = vjp(&program, &wrt, &has_cotangent);
            verify(&halves.forward).unwrap();
            verify(&halves.backward).unwrap();
            let mut forward = run(&halves.forward, &x);
            let residuals = forward.split_off(y.len());
            assert_eq!(forward, y, "values of the forward half");
            let args: Vec<Array> =
                residuals.into_iter().chain(cotangents.iter().flatten().cloned()).collect();
            let gradients = spread(&run(&halves.backward, &args), &wrt);
            let (pushed, pulled) = (dot(&cotangents, &dy), dot(&gradients, &dx));
            let tolerance = precision(&program).1 * 1e-2;
            assert!(
                near(pushed, pulled, tolerance),
                "wrt {wrt:?}: <ct, J dx> is {pushed}, <J' ct, dx> {pulled}"
            );
        }
    });
}
