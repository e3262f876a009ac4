//! Generated code against the interpreter, bit for bit (all NaNs being one value).

use crate::machine::{Random, check, edge_values, filled};
use gradus_kernel::{
    Access, Binary, Builder, Combine, Comparison, Index, Reduce, Scalar, Unary, Value, elementwise,
    reduction_lanes,
};

/// Compiles an elementwise kernel and compares it on all pairs of edge values and on random ones.
fn check_elementwise(inputs: &[Scalar], body: impl Fn(&mut Builder, &[Value]) -> Value) {
    let kernel = elementwise(inputs, |b, x| vec![body(b, x)]);
    let output = kernel.buffers()[inputs.len()].scalar;
    let mut random = Random(1);
    let edges: Vec<Vec<u64>> = inputs.iter().map(|&scalar| edge_values(scalar)).collect();
    let mut columns: Vec<Vec<u64>> = vec![Vec::new(); inputs.len()];
    let most = edges.iter().map(Vec::len).max().unwrap_or(0);
    for shift in 0..if inputs.len() == 1 { 1 } else { most } {
        for k in 0..most {
            for (input, edges) in edges.iter().enumerate() {
                columns[input].push(edges[(k + shift * input) % edges.len()]);
            }
        }
    }
    for _ in 0..203 {
        for (input, &scalar) in inputs.iter().enumerate() {
            columns[input].push(random.lane(scalar));
        }
    }
    let count = columns[0].len();
    let mut buffers: Vec<Vec<u8>> =
        columns.iter().zip(inputs).map(|(column, &scalar)| filled(scalar, column)).collect();
    buffers.push(vec![0; count * output.size_bytes()]);
    check(&kernel, &buffers, 0..count as i64);
    // Short ranges, not from the start: heads and tails.
    for length in 0..9 {
        check(&kernel, &buffers, 3..3 + length);
    }
}

#[test]
fn unary_operations_agree_with_the_interpreter() {
    for unary in Unary::ALL {
        for scalar in Scalar::ALL.into_iter().filter(|&scalar| unary.accepts(scalar)) {
            check_elementwise(&[scalar], |b, x| b.unary(unary, x[0]));
        }
    }
}

#[test]
fn binary_operations_agree_with_the_interpreter() {
    for binary in Binary::ALL.into_iter().filter(|&binary| binary != Binary::ScaleByPowerOfTwo) {
        for scalar in Scalar::ALL.into_iter().filter(|&scalar| binary.accepts(scalar)) {
            check_elementwise(&[scalar, scalar], |b, x| b.binary(binary, x[0], x[1]));
        }
    }
}

#[test]
fn scaling_by_powers_of_two_agrees_within_its_limits() {
    for (scalar, most) in [(Scalar::F32, 250), (Scalar::F64, 2000)] {
        check_elementwise(&[scalar, Scalar::I32], |b, x| {
            let limit = b.int(Scalar::I32, most);
            let n = b.rem(x[1], limit);
            let n = b.convert(scalar, n);
            let magnitude = b.abs(x[0]);
            let (low, high) = (b.float(scalar, 1e-5), b.float(scalar, 1e5));
            let magnitude = b.max(magnitude, low);
            let magnitude = b.min(magnitude, high);
            b.scale_by_power_of_two(magnitude, n)
        });
    }
}

#[test]
fn operations_with_a_constant_agree_with_the_interpreter() {
    for binary in Binary::ALL.into_iter().filter(|&binary| binary != Binary::ScaleByPowerOfTwo) {
        for scalar in Scalar::ALL.into_iter().filter(|&scalar| binary.accepts(scalar)) {
            for constants in edge_values(scalar).chunks(8) {
                let kernel = elementwise(&[scalar], |b, x| {
                    let both_orders = |&bits: &u64| {
                        let constant = b.bits(scalar, bits);
                        [b.binary(binary, x[0], constant), b.binary(binary, constant, x[0])]
                    };
                    constants.iter().flat_map(both_orders).collect()
                });
                let mut values = edge_values(scalar);
                values.extend(edge_values(scalar).into_iter().rev().take(5));
                let mut buffers = vec![filled(scalar, &values)];
                buffers.resize(kernel.buffers().len(), vec![0; values.len() * scalar.size_bytes()]);
                check(&kernel, &buffers, 0..values.len() as i64);
            }
        }
    }
}

#[test]
fn comparisons_and_selection_agree_with_the_interpreter() {
    for comparison in Comparison::ALL {
        for scalar in Scalar::ALL {
            check_elementwise(&[scalar, scalar], |b, x| b.compare(comparison, x[0], x[1]));
            check_elementwise(&[scalar, scalar], |b, x| {
                let condition = b.compare(comparison, x[0], x[1]);
                b.select(condition, x[0], x[1])
            });
        }
    }
    // Masks made by one width and used by another.
    for (made, used) in [(Scalar::F32, Scalar::F64), (Scalar::I64, Scalar::F32), (Scalar::U8, Scalar::U64)] {
        check_elementwise(&[made, made, used, used], |b, x| {
            let condition = b.lt(x[0], x[1]);
            b.select(condition, x[2], x[3])
        });
    }
    check_elementwise(&[Scalar::F32, Scalar::F64, Scalar::Bool], |b, x| {
        let (zero, zero_wide) = (b.float(Scalar::F32, 0.0), b.float(Scalar::F64, 0.0));
        let (p, q) = (b.lt(x[0], zero), b.lt(x[1], zero_wide));
        let both = b.and(p, q);
        let chosen = b.select(x[2], p, both);
        b.xor(chosen, q)
    });
}

#[test]
fn conversions_agree_with_the_interpreter() {
    for from in Scalar::ALL {
        for to in Scalar::ALL {
            check_elementwise(&[from], |b, x| b.convert(to, x[0]));
            if from.width() == to.width() && from != to {
                check_elementwise(&[from], |b, x| b.bitcast(to, x[0]));
            }
        }
    }
}

#[test]
fn fma_rounds_once() {
    for scalar in [Scalar::F32, Scalar::F64] {
        check_elementwise(&[scalar; 3], |b, x| b.fma(x[0], x[1], x[2]));
    }
}

#[test]
fn transcendental_functions_agree_with_the_interpreter() {
    type Function = fn(&mut Builder, Value) -> Value;
    let functions: &[Function] = &[
        |b, x| b.exp(x),
        |b, x| b.exp2(x),
        |b, x| b.expm1(x),
        |b, x| b.log(x),
        |b, x| b.log1p(x),
        |b, x| b.tanh(x),
        |b, x| b.logistic(x),
        |b, x| b.sin(x),
        |b, x| b.cos(x),
        |b, x| b.tan(x),
        |b, x| b.asin(x),
        |b, x| b.acos(x),
        |b, x| b.atan(x),
        |b, x| b.sinh(x),
        |b, x| b.cosh(x),
        |b, x| b.asinh(x),
        |b, x| b.acosh(x),
        |b, x| b.atanh(x),
        |b, x| b.cbrt(x),
        |b, x| b.erf(x),
        |b, x| b.erfc(x),
    ];
    for scalar in [Scalar::F32, Scalar::F64] {
        for function in functions {
            check_elementwise(&[scalar], |b, x| function(b, x[0]));
        }
        check_elementwise(&[scalar; 2], |b, x| b.pow(x[0], x[1]));
        check_elementwise(&[scalar; 2], |b, x| b.atan2(x[0], x[1]));
    }
}

#[test]
fn reductions_of_every_length_agree_with_the_interpreter() {
    let mut random = Random(3);
    for scalar in [Scalar::Bool, Scalar::I16, Scalar::I32, Scalar::U64, Scalar::F32, Scalar::F64] {
        let values: Vec<u64> = (0..100).map(|_| random.moderate_lane(scalar)).collect();
        for combine in Combine::ALL.into_iter().filter(|combine| combine.binary().accepts(scalar)) {
            for lanes in [1, 2, 4, 16, 32] {
                let mut b = Builder::new();
                let input = b.buffer(scalar, Access::Read);
                let output = b.buffer(scalar, Access::Write);
                let [lower, upper] = b.range();
                let init = b.int(scalar, 1);
                let result = b.reduce_lanes(lower, upper, lanes, &[Reduce { combine, init }], |b, i| {
                    vec![b.load(input, i)]
                });
                b.store(output, 0, result[0]);
                let kernel = b.finish();
                let compiled = crate::machine::compiled(&kernel);
                for length in 0..=if lanes == 16 { 100 } else { 37 } {
                    compiled.check(&[filled(scalar, &values), vec![0; 8]], 0..length);
                }
            }
        }
    }
}

#[test]
fn reductions_of_known_length_agree_with_the_interpreter() {
    let mut random = Random(5);
    let values: Vec<u64> = (0..200).map(|_| random.moderate_lane(Scalar::F32)).collect();
    for extent in 0..100 {
        for heavy in [false, true] {
            let mut b = Builder::new();
            let input = b.buffer(Scalar::F32, Access::Read);
            let output = b.buffer(Scalar::F32, Access::Write);
            let wide_output = b.buffer(Scalar::F64, Access::Write);
            let lanes = reduction_lanes(Scalar::F32, Some(extent), heavy);
            let init = b.float(Scalar::F32, 0.5);
            let wide_init = b.float(Scalar::F64, 0.0);
            let lowest = b.float(Scalar::F32, f64::NEG_INFINITY);
            let reduce = [
                Reduce { combine: Combine::Sum, init },
                Reduce { combine: Combine::Sum, init: wide_init },
                Reduce { combine: Combine::Max, init: lowest },
            ];
            let results = b.reduce_lanes(3, 3 + extent, lanes, &reduce, |b, i| {
                let x = b.load(input, i);
                let y = if heavy { b.exp(x) } else { b.mul(x, x) };
                let wide = b.convert(Scalar::F64, y);
                vec![y, wide, x]
            });
            b.store(output, 0, results[0]);
            b.store(output, 1, results[2]);
            b.store(wide_output, 0, results[1]);
            check(&b.finish(), &[filled(Scalar::F32, &values), vec![0; 8], vec![0; 8]], 0..0);
        }
    }
}

/// Softmax over rows, the worked example of the kernel crate.
#[test]
fn softmax_rows_agree_with_the_interpreter() {
    for columns in [1_i64, 3, 4, 10, 33, 100] {
        let mut b = Builder::new();
        let x = b.buffer(Scalar::F32, Access::Read);
        let y = b.buffer(Scalar::F32, Access::ReadWrite);
        let [first_row, end_row] = b.range();
        b.serial(first_row, end_row, |b, row| {
            let at = |column| Index::constant(0).plus(row, columns).plus(column, 1);
            let lanes = reduction_lanes(Scalar::F32, Some(columns), false);
            let init = b.float(Scalar::F32, f64::NEG_INFINITY);
            let largest =
                b.reduce_lanes(0, columns, lanes, &[Reduce { combine: Combine::Max, init }], |b, i| {
                    vec![b.load(x, at(i))]
                })[0];
            let lanes = reduction_lanes(Scalar::F32, Some(columns), true);
            let init = b.float(Scalar::F32, 0.0);
            let total =
                b.reduce_lanes(0, columns, lanes, &[Reduce { combine: Combine::Sum, init }], |b, i| {
                    let x = b.load(x, at(i));
                    let shifted = b.sub(x, largest);
                    let power = b.exp(shifted);
                    b.store(y, at(i), power);
                    vec![power]
                })[0];
            b.lanes(0, columns, |b, i| {
                let power = b.load(y, at(i));
                let one = b.float(Scalar::F32, 1.0);
                let factor = b.div(one, total);
                let scaled = b.mul(power, factor);
                b.store(y, at(i), scaled);
            });
        });
        let mut random = Random(9);
        let values: Vec<u64> = (0..7 * columns).map(|_| random.moderate_lane(Scalar::F32)).collect();
        check(&b.finish(), &[filled(Scalar::F32, &values), filled(Scalar::F32, &values)], 1..6);
    }
}

/// Sums over the outer axis: a serial loop within a lanes loop.
#[test]
fn column_sums_agree_with_the_interpreter() {
    for columns in [1_i64, 5, 16, 39] {
        for scalar in [Scalar::F32, Scalar::F64, Scalar::I32, Scalar::U8] {
            let rows = 7;
            let mut b = Builder::new();
            let x = b.buffer(scalar, Access::Read);
            let weights = b.buffer(scalar, Access::Read);
            let y = b.buffer(scalar, Access::Write);
            let [lower, upper] = b.range();
            let column_sums = |b: &mut Builder, column: Value| {
                let zero = b.int(scalar, 0);
                let sum = b.carry(0, rows, &[zero], |b, row, sums| {
                    let x = b.load(x, Index::from(column).plus(row, columns));
                    let weight = b.load(weights, row);
                    let product = b.mul(x, weight);
                    vec![b.add(sums[0], product)]
                });
                b.store(y, column, sum[0]);
            };
            if columns == 16 {
                b.lanes(0, columns, column_sums);
            } else {
                b.lanes(lower, upper, column_sums);
            }
            let mut random = Random(11);
            let values: Vec<u64> = (0..rows * columns).map(|_| random.moderate_lane(scalar)).collect();
            let buffers =
                [filled(scalar, &values), filled(scalar, &values[..rows as usize]), filled(scalar, &values)];
            check(&b.finish(), &buffers, 0..columns);
        }
    }
}
