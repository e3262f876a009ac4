//! Clean-up passes on programs of any size.

use gradus_ir::{Dtype, Place, Program, Type, Val, trace};
use gradus_transform::{batch, cse, dce, optimize, vjp};

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Program {
    trace(Place::unknown(), types, f).unwrap().program
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
    let (batched, _) = batch(&optimize(&halves.forward), &[true, true], gradus_ir::Lanes { size: 2 });
    assert!(backward.equations().len() > 10_000 && batched.equations().len() > 10_000);
}
