//! Building, verifying, printing, contracting and interpreting kernels.

use expect_test::{Expect, expect};
use gradus_kernel::{
    Access, Builder, Combine, Index, Kernel, Reduce, Scalar, contract, elementwise, interpret, verify,
};

fn check(kernel: &Kernel, expected: Expect) {
    verify(kernel).expect("a built kernel is well formed");
    expected.assert_eq(&kernel.to_string());
}

/// `Σ x[i] · y[i] · scale`, with the scale read once.
fn scaled_dot() -> Kernel {
    let mut b = Builder::new();
    let [x, y, scale] = [(); 3].map(|()| b.buffer(Scalar::F32, Access::Read));
    let out = b.buffer(Scalar::F32, Access::Write);
    let init = b.float(Scalar::F32, 0.0);
    let scale = b.load(scale, 0);
    let sum = b.reduce_lanes(0, 10, 4, &[Reduce { combine: Combine::Sum, init }], |b, i| {
        let (x, y) = (b.load(x, i), b.load(y, i));
        let unused = b.exp(x);
        let _ = b.add(unused, y);
        vec![b.mul(x, y)]
    })[0];
    let scaled = b.mul(sum, scale);
    let one = b.float(Scalar::F32, 1.0);
    let result = b.sub(scaled, one);
    b.store(out, 0, result);
    b.finish()
}

#[test]
fn dead_operations_are_left_out() {
    check(
        &scaled_dot(),
        expect![[r#"
            kernel(b0: f32, b1: f32, b2: f32, b3: write f32, %0..%1) {
              %2: f32 = 0.0
              %3: f32 = b2[0]
              %4: f32 = 1.0
              %9 = lanes %5 in 0..10 by 4 {
                %6: f32 = b0[%5]
                %7: f32 = b1[%5]
                %8: f32 = mul %6, %7
                sum %2, %8
              }
              %10: f32 = mul %3, %9
              %11: f32 = sub %10, %4
              b3[0] = %11
            }
        "#]],
    );
}

#[test]
fn products_contract_into_the_sums_that_alone_read_them() {
    let mut kernel = scaled_dot();
    contract(&mut kernel);
    check(
        &kernel,
        expect![[r#"
            kernel(b0: f32, b1: f32, b2: f32, b3: write f32, %0..%1) {
              %2: f32 = 0.0
              %3: f32 = b2[0]
              %7 = lanes %4 in 0..10 by 4 {
                %5: f32 = b0[%4]
                %6: f32 = b1[%4]
                sum %2, %5 * %6
              }
              %8: f32 = -1.0
              %9: f32 = fma %3, %7, %8
              b3[0] = %9
            }
        "#]],
    );
}

#[test]
fn a_product_that_is_read_twice_is_kept() {
    let mut kernel = elementwise(&[Scalar::F32; 2], |b, x| {
        let product = b.mul(x[0], x[1]);
        let sum = b.add(product, x[0]);
        vec![product, sum]
    });
    let before = kernel.clone();
    contract(&mut kernel);
    assert_eq!(kernel, before);
}

#[test]
fn differences_contract_with_a_negation() {
    let mut kernel = elementwise(&[Scalar::F64; 3], |b, x| {
        let product = b.mul(x[0], x[1]);
        vec![b.sub(x[2], product)]
    });
    contract(&mut kernel);
    check(
        &kernel,
        expect![[r#"
            kernel(b0: f64, b1: f64, b2: f64, b3: write f64, %0..%1) {
              lanes %2 in %0..%1 {
                %3: f64 = b0[%2]
                %4: f64 = b1[%2]
                %5: f64 = b2[%2]
                %6: f64 = neg %3
                %7: f64 = fma %6, %4, %5
                b3[%2] = %7
              }
            }
        "#]],
    );
    let bytes = |x: f64| x.to_le_bytes().to_vec();
    let mut buffers = [bytes(0.1), bytes(10.0), bytes(1.0), bytes(0.0)];
    interpret(&kernel, &mut buffers, 0..1);
    // 0.1 is a little above 1/10: only a single rounding shows it.
    assert_eq!(buffers[3], bytes((-0.1_f64).mul_add(10.0, 1.0)));
    assert_ne!(buffers[3], bytes(0.0));
}

#[test]
fn equal_operations_are_one_value_and_invariant_ones_move_out() {
    let mut b = Builder::new();
    let x = b.buffer(Scalar::F32, Access::Read);
    let y = b.buffer(Scalar::F32, Access::Write);
    let [lower, upper] = b.range();
    b.serial(lower, upper, |b, row| {
        let scale = b.load(x, row);
        b.lanes(0, 8, |b, i| {
            let twice = b.add(scale, scale);
            let again = b.add(scale, scale);
            let value = b.load(x, Index::from(i).plus(row, 8));
            let (p, q) = (b.mul(value, twice), b.mul(again, value));
            let sum = b.add(p, q);
            b.store(y, Index::from(i).plus(row, 8), sum);
        });
    });
    check(
        &b.finish(),
        expect![[r#"
            kernel(b0: f32, b1: write f32, %0..%1) {
              for %2 in %0..%1 {
                %3: f32 = b0[%2]
                %4: f32 = add %3, %3
                lanes %5 in 0..8 {
                  %6: f32 = b0[8*%2 + %5]
                  %7: f32 = mul %4, %6
                  %8: f32 = add %7, %7
                  b1[8*%2 + %5] = %8
                }
              }
            }
        "#]],
    );
}

#[test]
fn branches_and_whiles_carry_values() {
    // The number of Collatz steps to 1.
    let mut b = Builder::new();
    let x = b.buffer(Scalar::I32, Access::Read);
    let y = b.buffer(Scalar::I32, Access::Write);
    let [lower, upper] = b.range();
    b.serial(lower, upper, |b, i| {
        let start = b.load(x, i);
        let (zero, one) = (b.int(Scalar::I32, 0), b.int(Scalar::I32, 1));
        let last = b.repeat_while(
            &[start, zero],
            |b, carried| b.gt(carried[0], one),
            |b, carried| {
                let bit = b.and(carried[0], one);
                let odd = b.eq(bit, one);
                let next = b.branch(
                    odd,
                    |b| {
                        let three = b.int(Scalar::I32, 3);
                        let tripled = b.mul(carried[0], three);
                        vec![b.add(tripled, one)]
                    },
                    |b| vec![b.shift_right_arithmetic(carried[0], one)],
                );
                vec![next[0], b.add(carried[1], one)]
            },
        );
        b.store(y, i, last[1]);
    });
    let kernel = b.finish();
    check(
        &kernel,
        expect![[r#"
            kernel(b0: i32, b1: write i32, %0..%1) {
              %2: i32 = 0
              %3: i32 = 1
              %4: i32 = 3
              for %5 in %0..%1 {
                %6: i32 = b0[%5]
                %17, %18 = while %7 = %6; %8 = %2 {
                  %9: bool = gt %7, %3
                  yield %9
                } do {
                  %10: i32 = and %3, %7
                  %11: bool = eq %10, %3
                  %15 = if %11 {
                    %12: i32 = mul %7, %4
                    %13: i32 = add %3, %12
                    yield %13
                  } else {
                    %14: i32 = shift_right_arithmetic %7, %3
                    yield %14
                  }
                  %16: i32 = add %3, %8
                  yield %15, %16
                }
                b1[%5] = %18
              }
            }
        "#]],
    );
    let numbers = |values: &[i32]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let mut buffers = [numbers(&[1, 6, 27]), numbers(&[0; 3])];
    interpret(&kernel, &mut buffers, 0..3);
    assert_eq!(buffers[1], numbers(&[0, 8, 111]));
}

#[test]
fn carried_values_that_only_feed_themselves_go() {
    let mut b = Builder::new();
    let y = b.buffer(Scalar::I64, Access::Write);
    let (zero, one) = (b.int(Scalar::I64, 0), b.int(Scalar::I64, 1));
    // Fibonacci numbers need both values; the third is never read.
    let last = b.carry(0, 10, &[zero, one, zero], |b, i, carried| {
        vec![carried[1], b.add(carried[0], carried[1]), b.add(carried[2], i)]
    });
    b.store(y, 0, last[0]);
    let kernel = b.finish();
    check(
        &kernel,
        expect![[r#"
            kernel(b0: write i64, %0..%1) {
              %2: i64 = 0
              %3: i64 = 1
              %8, %9 = for %4 in 0..10, %5 = %2; %6 = %3 {
                %7: i64 = add %5, %6
                yield %6, %7
              }
              b0[0] = %8
            }
        "#]],
    );
    let mut buffers = [vec![0; 8]];
    interpret(&kernel, &mut buffers, 0..0);
    assert_eq!(buffers[0], 55_i64.to_le_bytes());
}

#[test]
fn constants_fold() {
    let kernel = elementwise(&[Scalar::I8], |b, x| {
        let (lowest, minus_one, zero) =
            (b.int(Scalar::I8, -128), b.int(Scalar::I8, -1), b.int(Scalar::I8, 0));
        let quotient = b.div(lowest, minus_one);
        let by_zero = b.div(quotient, zero);
        let rest = b.rem(lowest, minus_one);
        let sum = b.add(by_zero, rest);
        vec![b.add(x[0], sum)]
    });
    check(
        &kernel,
        expect![[r#"
            kernel(b0: i8, b1: write i8, %0..%1) {
              %2: i8 = -1
              lanes %3 in %0..%1 {
                %4: i8 = b0[%3]
                %5: i8 = add %4, %2
                b1[%3] = %5
              }
            }
        "#]],
    );
}
