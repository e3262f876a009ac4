//! Passes on random Programs: what is computed stays what it was, derivatives are those of differences.

use gradus_ir::arbitrary::{Draw, LeftOut, Recipe, Reference, Tally, arguments, kept, num_programs};
use gradus_ir::{Array, Buffer, Lanes, Program, Type, eval::eval, verify::verify};
use gradus_transform::{batch, jvp, optimize, vjp};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use proptest::{array::uniform6, collection::vec};
use std::cell::RefCell;

fn recipes() -> impl Strategy<Value = Recipe> {
    let params = vec(any::<u16>(), 1..4);
    let steps = vec(uniform6(any::<u16>()), 0..20);
    (params, steps).prop_map(|(params, steps)| Recipe { params, steps })
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: num_programs(), failure_persistence: None, ..ProptestConfig::default() }
}

fn near(x: f64, y: f64, tolerance: f64) -> bool {
    x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= tolerance * (1.0 + x.abs().max(y.abs()))
}

fn all_near(
    got: &[Array],
    expected: &[Array],
    tolerance: f64,
    program: &Program,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.len(), expected.len());
    for (k, (got, expected)) in got.iter().zip(expected).enumerate() {
        prop_assert_eq!(got.ty(), expected.ty());
        let tolerance = if got.dtype().is_float() { tolerance } else { 0.0 };
        for (x, y) in got.to_f64_vec().into_iter().zip(expected.to_f64_vec()) {
            prop_assert!(near(x, y, tolerance), "result {}: {} is not near {} in\n{}", k, x, y, program);
        }
    }
    Ok(())
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

/// Element `lane` of the leading axis.
fn unstack(a: &Array, lane: usize) -> Array {
    let ty = a.ty().with_shape(a.ty().shape.without(&[0]));
    let width = ty.size_bytes();
    from_bytes(ty, &a.bytes()[lane * width..(lane + 1) * width])
}

fn moved(x: &[Array], dx: &[Array], step: f64) -> Vec<Array> {
    let along = |(x, dx): (&Array, &Array)| {
        let sum = x.to_f64_vec().into_iter().zip(dx.to_f64_vec()).map(|(x, dx)| x + step * dx);
        Array::from_f64(x.ty(), sum)
    };
    x.iter().zip(dx).map(along).collect()
}

const STEP: f64 = 1e-5;

/// Central differences of all results.
fn differences(program: &Program, x: &[Array], dx: &[Array], step: f64) -> Vec<Vec<f64>> {
    let above = eval(program, &moved(x, dx, step)).unwrap();
    let below = eval(program, &moved(x, dx, -step)).unwrap();
    let slope = |(a, b): (&Array, &Array)| {
        a.to_f64_vec().into_iter().zip(b.to_f64_vec()).map(|(a, b)| (a - b) / (2.0 * step)).collect()
    };
    above.iter().zip(&below).map(slope).collect()
}

/// The tangents of all results, zeros where there are none.
fn dense(program: &Program, nonzero: &[bool], tangents: &[Array]) -> Vec<Array> {
    let mut tangents = tangents.iter().cloned();
    let types = program.result_types();
    let tangent = |(ty, nonzero): (&Type, &bool)| match nonzero {
        true => tangents.next().unwrap(),
        false => Array::zeros(ty.clone()),
    };
    types.iter().zip(nonzero).map(tangent).collect()
}

fn dot(x: &[Array], y: &[Array]) -> f64 {
    let both = x.iter().zip(y).flat_map(|(x, y)| x.to_f64_vec().into_iter().zip(y.to_f64_vec()));
    both.map(|(x, y)| x * y).sum()
}

/// Checks `property` on random Programs, of which few may say nothing.
fn for_random_programs(
    test: &str,
    draw: Draw,
    property: impl Fn(&Program, u64) -> Result<LeftOut, TestCaseError>,
) {
    let tally = RefCell::new(Tally::default());
    let mut runner = TestRunner::new_with_rng(config(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&(recipes(), any::<u64>()), |(recipe, seed)| {
        let program = recipe.program(draw);
        let left_out = property(&program, seed)?;
        tally.borrow_mut().add(&program, left_out);
        Ok(())
    });
    if let Err(failure) = outcome {
        match &failure {
            TestError::Fail(_, (recipe, _)) => panic!("{failure}\n{}", kept(test, &recipe.program(draw))),
            TestError::Abort(_) => panic!("{failure}"),
        }
    }
    tally.borrow().judge().unwrap_or_else(|why| panic!("{why}"));
}

fn checked(reference: &Reference, got: &[Array], program: &Program) -> Result<LeftOut, TestCaseError> {
    reference.check(got).map_err(|message| TestCaseError::fail(format!("{message}\n{program}")))
}

#[test]
fn optimize_keeps_the_meaning() {
    for_random_programs("optimize_keeps_the_meaning", Draw::All, |program, seed| {
        let optimized = optimize(program);
        verify(&optimized).unwrap();
        let args = arguments(program, seed);
        let reference = Reference::run(program, &args).unwrap();
        checked(&reference, &eval(&optimized, &args).unwrap(), program)
    });
}

#[test]
fn batch_is_a_loop() {
    const LANES: usize = 3;
    for_random_programs("batch_is_a_loop", Draw::All, |program, seed| {
        let mapped: Vec<bool> = (0..program.num_params()).map(|i| seed >> i & 1 == 1).collect();
        let (batched, along) = batch(program, &mapped, Lanes::new(LANES));
        verify(&batched).unwrap();
        let fixed = arguments(program, seed);
        let lane = |lane: usize| -> Vec<Array> {
            let own = arguments(program, seed ^ (lane as u64 + 1));
            (0..fixed.len()).map(|i| if mapped[i] { own[i].clone() } else { fixed[i].clone() }).collect()
        };
        let lanes: Vec<Vec<Array>> = (0..LANES).map(lane).collect();
        let gathered = |i: usize| match mapped[i] {
            true => stack(&lanes.iter().map(|args| args[i].clone()).collect::<Vec<_>>()),
            false => fixed[i].clone(),
        };
        let got = eval(&batched, &(0..mapped.len()).map(gathered).collect::<Vec<_>>()).unwrap();
        let mut left_out = LeftOut::default();
        for (lane, args) in lanes.iter().enumerate() {
            let reference = Reference::run(program, args).unwrap();
            let own =
                got.iter().zip(&along).map(|(a, along)| if *along { unstack(a, lane) } else { a.clone() });
            let of_lane = checked(&reference, &own.collect::<Vec<_>>(), program)?;
            left_out += of_lane;
        }
        Ok(left_out)
    });
}

/// Whether an element stands on a bound of a clamp, where its derivative is none of those beside it, as in JAX.
fn stands_on_a_bound(program: &Program, args: &[Array]) -> bool {
    let mut env = args.to_vec();
    program.equations().iter().any(|eqn| {
        let args: Vec<&Array> = eqn.args.iter().map(|a| &env[a.index()]).collect();
        let tie = eqn.op.rules().name() == "clamp" && {
            let [low, x, high] = [0, 1, 2].map(|k| args[k].to_f64_vec());
            let bound = |bounds: &[f64], i: usize| bounds[i % bounds.len()];
            (0..x.len()).any(|i| x[i] == bound(&low, i) || x[i] == bound(&high, i))
        };
        env.extend(eqn.op.rules().eval(&args).unwrap());
        tie
    })
}

#[test]
fn derivatives_are_those_of_differences() {
    for_random_programs("derivatives_are_those_of_differences", Draw::Smooth, |program, seed| {
        let (x, dx) = (arguments(program, seed), arguments(program, !seed));
        if stands_on_a_bound(program, &x) {
            return Ok(LeftOut { elements: 1, flips: 0, of: 1 });
        }
        let (pushed, nonzero) = jvp(program, &vec![true; x.len()]);
        verify(&pushed).unwrap();
        let mut y = eval(&pushed, &[x.clone(), dx.clone()].concat()).unwrap();
        let dy = y.split_off(program.results().len());
        let dy = dense(program, &nonzero, &dy);
        all_near(&y, &eval(program, &x).unwrap(), 1e-12, program)?;
        let (fine, coarse) = (differences(program, &x, &dx, STEP), differences(program, &x, &dx, 2.0 * STEP));
        let mut left_out = LeftOut::default();
        for k in 0..y.len() {
            for (i, y) in y[k].to_f64_vec().into_iter().enumerate() {
                let (dy, fine, coarse) = (dy[k].to_f64_vec()[i], fine[k][i], coarse[k][i]);
                let error = 4.0 * (fine - coarse).abs() + 1e-15 * y.abs() / STEP;
                left_out.of += 1;
                if error > 1e-2 * (1.0 + dy.abs()) {
                    left_out.elements += 1;
                    continue;
                }
                let near = (dy - fine).abs() <= error + 1e-5 * (1.0 + dy.abs());
                prop_assert!(near, "tangent {} of result {} is {}, not {} in\n{}", i, k, dy, fine, program);
            }
        }
        Ok(left_out)
    });
}

/// <ct, J dx> = <transposed J ct, dx>
#[test]
fn vjp_is_the_adjoint_of_jvp() {
    for_random_programs("vjp_is_the_adjoint_of_jvp", Draw::Smooth, |program, seed| {
        let (x, dx) = (arguments(program, seed), arguments(program, !seed));
        let (pushed, nonzero) = jvp(program, &vec![true; x.len()]);
        let mut y = eval(&pushed, &[x.clone(), dx.clone()].concat()).unwrap();
        let dy = dense(program, &nonzero, &y.split_off(program.results().len()));
        let cotangent = |(k, y): (usize, &Array)| {
            Array::from_f64(y.ty(), (0..y.size()).map(|i| ((i + k) as f64 * 0.7).sin()))
        };
        let cotangents: Vec<Array> = y.iter().enumerate().map(cotangent).collect();
        let halves = vjp(program, &vec![true; x.len()], &vec![true; y.len()]);
        verify(&halves.forward).unwrap();
        verify(&halves.backward).unwrap();
        let mut forward = eval(&halves.forward, &x).unwrap();
        let residuals = forward.split_off(y.len());
        all_near(&forward, &y, 1e-12, program)?;
        let gradients = eval(&halves.backward, &[residuals, cotangents.clone()].concat()).unwrap();
        let (pushed, pulled) = (dot(&cotangents, &dy), dot(&gradients, &dx));
        // Terms as large as the results may cancel.
        let largest = y.iter().flat_map(Array::to_f64_vec).fold(1.0, |a: f64, y| a.max(y.abs()));
        prop_assert!(near(pushed, pulled, 1e-9 * largest), "{} is not {} in\n{}", pushed, pulled, program);
        Ok(LeftOut::default())
    });
}
