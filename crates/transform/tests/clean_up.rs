//! Clean-up passes on programs of any size.

use gradus_ir::eval::eval;
use gradus_ir::ops::sample::Argument;
use gradus_ir::ops::{Sample, samples};
use gradus_ir::{Array, Dtype, Program, SourceLocation, Type, Val, bind, trace};
use gradus_transform::{batch, cse, dce, optimize, vjp};

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Program {
    trace(SourceLocation::unknown(), types, f).unwrap().program
}

/// A chain of `n` equations, each of which reads its predecessors.
fn long_chain(n: usize) -> Program {
    let ty = Type::new(Dtype::F32, [8]);
    program(&[ty.clone(), ty], |x| {
        let (mut a, mut b) = (x[0], x[1]);
        for i in 0..n / 2 {
            let next = if i % 7 == 0 { a.sin() } else { a * b };
            (a, b) = (b, next + a);
        }
        vec![b]
    })
}

#[test]
fn equal_equations_are_computed_once() {
    let ty = Type::new(Dtype::F32, [4]);
    let f = program(&[ty.clone(), ty], |x| vec![(x[0] + x[1]) * (x[1] + x[0]), x[0] - x[1], x[1] - x[0]]);
    let g = cse(&f);
    assert_eq!(g.equations().len(), f.equations().len() - 1, "{g}");
}

#[test]
fn what_no_result_needs_is_left_out_but_parameters_stay() {
    let ty = Type::new(Dtype::F32, [4]);
    let f = program(&[ty.clone(), ty], |x| {
        let _ = x[0].sin() * x[1];
        vec![x[1].cos()]
    });
    let g = dce(&f);
    assert_eq!((g.num_params(), g.equations().len()), (2, 1), "{g}");
}

#[test]
fn long_programs_need_no_deep_recursion() {
    let f = long_chain(10_000);
    let halves = vjp(&f, &[true, true], &[true]);
    let backward = optimize(&halves.backward);
    let (batched, _) = batch(&optimize(&halves.forward), &[true, true], gradus_ir::Lanes::new(2));
    assert!(backward.equations().len() > 10_000 && batched.equations().len() > 10_000);
}

/// Bits of the elements; NaNs are all alike.
fn bits(arrays: &[Array]) -> Vec<u64> {
    let canonical = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    arrays.iter().flat_map(|array| array.to_f64_vec().into_iter().map(canonical)).collect()
}

/// Values at which identities of real numbers fail for floats.
fn edges(arg: &Argument) -> Array {
    match arg {
        Argument::Range(ty, ..) if ty.dtype.is_float() => {
            let edges = [-0.0, f64::NAN, f64::INFINITY, 0.0, f64::NEG_INFINITY, -1.5, 1e30, 1e-42];
            Array::from_f64(ty, edges.into_iter().cycle().take(ty.shape.size()))
        }
        other => other.fill(11),
    }
}

/// Whether neither Programs nor tapes are in it: a constant operand may keep a loop from ending, and is no tape.
fn is_flat(sample: &Sample) -> bool {
    sample.op.rules().programs().is_empty() && sample.types().iter().all(|ty| ty.tapes == 0)
}

/// Each sample of each primitive, with each operand in turn replaced by a repeated constant: where an equation of
/// `simplify` holds only almost, some constant shows it.
#[test]
fn primitives_of_constants_keep_every_bit() {
    const CONSTANTS: [f64; 8] = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, f64::INFINITY];
    let mut simpler = 0;
    for sample in samples().into_iter().filter(is_flat) {
        let ordinary: Vec<Array> = sample.args.iter().map(|arg| arg.fill(11)).collect();
        let extreme: Vec<Array> = sample.args.iter().map(edges).collect();
        for (i, x) in (0..ordinary.len()).flat_map(|i| CONSTANTS.map(|x| (i, x))) {
            let f = trace(SourceLocation::unknown(), &sample.types(), |operands| {
                let mut operands = operands.to_vec();
                operands[i] = Val::full(ordinary[i].ty().clone(), x);
                bind(sample.op.clone(), &operands).to_vec()
            });
            let f = f.unwrap().program;
            let g = optimize(&f);
            simpler += usize::from(g.equations().len() < f.equations().len());
            for args in [&ordinary, &extreme] {
                let Ok(before) = eval(&f, args) else { continue };
                let after = eval(&g, args).unwrap();
                assert_eq!(bits(&before), bits(&after), "{:?} with operand {i} = {x}\n{f}\n{g}", sample.op);
            }
        }
    }
    assert!(simpler > 100, "only {simpler} programs became simpler");
}
