//! Derivatives of small programs, as programs and as numbers.

use expect_test::{Expect, expect};
use gradus_ir::eval::eval;
use gradus_ir::{Array, Dtype, Lanes, Program, SourceLocation, Type, Val, trace};
use gradus_transform::{batch, batch_axes, jvp, linearize, vjp};

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Program {
    trace(SourceLocation::unknown(), types, f).unwrap().program
}

fn f64s(shape: impl Into<gradus_ir::Shape>) -> Type {
    Type::new(Dtype::F64, shape)
}

fn check(program: &Program, expected: Expect) {
    expected.assert_eq(&program.to_string());
}

#[test]
fn jvp_follows_each_equation_by_its_tangent() {
    let f = program(&[f64s([2]), f64s([2])], |x| vec![x[0].sin() * x[1], x[1]]);
    let (pushed, nonzero) = jvp(&f, &[true, false]);
    assert_eq!(nonzero, [true, false]);
    check(
        &pushed,
        expect![[r#"
        fn(%0: f64[2], %1: f64[2], %2: f64[2]) {
          %3: f64[2] = sin(%0)
          %4: f64[2] = cos(%0)
          %5: f64[2] = mul(%2, %4)
          %6: f64[2] = mul(%3, %1)
          %7: f64[2] = mul(%5, %1)
          return %6, %1, %7
        }"#]],
    );
}

#[test]
fn linearize_keeps_what_the_linear_part_reads() {
    let f = program(&[f64s([2]), f64s([2])], |x| vec![(x[0].sin() * x[1]).exp(), x[1]]);
    let halves = linearize(&f, &[true, false]);
    assert_eq!(halves.has_tangent, [true, false]);
    check(
        &halves.primal,
        expect![[r#"
        fn(%0: f64[2], %1: f64[2]) {
          %2: f64[2] = sin(%0)
          %3: f64[2] = cos(%0)
          %4: f64[2] = mul(%2, %1)
          %5: f64[2] = exp(%4)
          return %5, %1, %3, %1, %5
        }"#]],
    );
    check(
        &halves.linear,
        expect![[r#"
        fn(%0: f64[2], %1: f64[2], %2: f64[2], %3: f64[2]) {
          %4: f64[2] = mul(%3, %0)
          %5: f64[2] = mul(%4, %1)
          %6: f64[2] = mul(%5, %2)
          return %6
        }"#]],
    );
}

#[test]
fn vjp_gives_dense_gradients() {
    let f = program(&[f64s([2]), f64s([2])], |x| vec![x[0].sin() * x[0]]);
    let halves = vjp(&f, &[true, true], &[true]);
    let x = Array::from([0.5, 1.5]);
    let mut y = eval(&halves.forward, &[x.clone(), x.clone()]).unwrap();
    let residuals = y.split_off(1);
    let ct = Array::from([1.0, 2.0]);
    let gradients = eval(&halves.backward, &[residuals, vec![ct]].concat()).unwrap();
    let expected = |x: f64| x.cos() * x + x.sin();
    assert_eq!(gradients[0].to_f64_vec(), [expected(0.5), 2.0 * expected(1.5)]);
    assert_eq!(gradients[1].to_f64_vec(), [0.0, 0.0]);
}

#[test]
fn batch_leaves_alone_what_has_no_axis() {
    let f = program(&[f64s([2]), f64s([2])], |x| vec![x[0] * x[1].cos(), x[1]]);
    let (batched, mapped) = batch(&f, &[true, false], Lanes::new(3));
    assert_eq!(mapped, [true, false]);
    check(
        &batched,
        expect![[r#"
        fn(%0: f64[3,2], %1: f64[2]) {
          %2: f64[2] = cos(%1)
          %3: f64[3,2] = broadcast(%2) {shape = [3, 2], dims = [1]}
          %4: f64[3,2] = mul(%0, %3)
          return %4, %1
        }"#]],
    );
}

#[test]
fn lanes_may_stand_along_any_axis() {
    let f = program(&[f64s([2, 3]), f64s([3])], |x| vec![x[0].reduce_sum(&[0]) * x[1], x[1]]);
    let lanes = Lanes::new(4);
    let g = batch_axes(&f, &[Some(1), None], lanes, &[Some(1), Some(0)]).unwrap();
    assert_eq!(g.param_types(), [f64s([2, 4, 3]), f64s([3])]);
    assert_eq!(g.result_types(), [f64s([3, 4]), f64s([4, 3])]);
    let x = Array::from_f64(&f64s([2, 4, 3]), (0..24).map(f64::from));
    let y = Array::from([1.0, 10.0, 100.0]);
    let results = eval(&g, &[x, y]).unwrap();
    // Lane 1 is [[3, 4, 5], [15, 16, 17]].
    let lane: Vec<f64> = (0..3).map(|i| results[0].to_f64_vec()[i * 4 + 1]).collect();
    assert_eq!(lane, [18.0, 200.0, 2200.0]);
    assert_eq!(results[1].to_f64_vec()[3..6], [1.0, 10.0, 100.0]);
    assert_eq!(batch_axes(&f, &[Some(0), None], lanes, &[None, None]).unwrap_err(), 0);
}
