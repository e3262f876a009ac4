//! Random kernels: generated code equals the interpreter, bit for bit, before and after contraction.

use crate::machine::{Random, check, filled};
use gradus_kernel::{
    Access, Binary, Bound, BufferId, Builder, Combine, Comparison, Index, Kernel, Reduce, Scalar, Unary,
    Value, contract, interpret, reduce_register_pressure,
};
use proptest::prelude::*;

/// One step of a body: what to do, and which values to do it with, each taken modulo what there is.
type Step = (u8, u8, u8, u8);

/// The shape of a kernel.
#[derive(Clone, Debug)]
struct Plan {
    rows: i64,
    columns: i64,
    /// The columns' end is an argument of the call instead of a constant.
    dynamic: bool,
    lanes: u32,
    types: Vec<u8>,
    steps: Vec<Step>,
    /// Steps of a serial loop within the lanes loop.
    inner: Vec<Step>,
    inner_length: i64,
}

fn plans() -> impl Strategy<Value = Plan> {
    let step = any::<Step>();
    let inner = prop_oneof![Just(Vec::new()), proptest::collection::vec(step, 1..6)];
    (
        (1_i64..4, 0_i64..40, any::<bool>(), 0_u32..6),
        proptest::collection::vec(any::<u8>(), 1..4),
        proptest::collection::vec(step, 0..24),
        (inner, 0_i64..5),
    )
        .prop_map(|((rows, columns, dynamic, lanes), types, steps, (inner, inner_length))| Plan {
            rows,
            columns,
            dynamic,
            lanes: 1 << lanes,
            types,
            steps,
            inner,
            inner_length,
        })
}

/// Types that appear often, then all others.
fn scalar_of(choice: u8) -> Scalar {
    match choice % 16 {
        0..5 => Scalar::F32,
        other => Scalar::ALL[usize::from(other - 5)],
    }
}

/// Carries out steps on a growing list of values.
fn extend(b: &mut Builder, values: &mut Vec<Value>, steps: &[Step]) {
    for &(what, first, second, third) in steps {
        let x = values[usize::from(first) % values.len()];
        let scalar = b.scalar(x);
        let same = |b: &Builder, choice: u8| {
            let fitting: Vec<Value> = values.iter().copied().filter(|&v| b.scalar(v) == scalar).collect();
            fitting[usize::from(choice) % fitting.len()]
        };
        let (y, z) = (same(b, second), same(b, third));
        let value = match what % 10 {
            0 => {
                let fitting: Vec<Unary> = Unary::ALL.into_iter().filter(|op| op.accepts(scalar)).collect();
                b.unary(fitting[usize::from(second) % fitting.len()], x)
            }
            1..4 => {
                let accepted = |op: &Binary| op.accepts(scalar) && *op != Binary::ScaleByPowerOfTwo;
                let fitting: Vec<Binary> = Binary::ALL.into_iter().filter(accepted).collect();
                b.binary(fitting[usize::from(third) % fitting.len()], x, y)
            }
            4 if scalar.is_float() => b.fma(x, y, z),
            4 | 5 => b.compare(Comparison::ALL[usize::from(third) % 6], x, y),
            6 => {
                let conditions: Vec<Value> =
                    values.iter().copied().filter(|&v| b.scalar(v) == Scalar::Bool).collect();
                let condition = match conditions.is_empty() {
                    true => b.lt(x, z),
                    false => conditions[usize::from(third) % conditions.len()],
                };
                b.select(condition, x, y)
            }
            7 => b.convert(scalar_of(second), x),
            8 if scalar.is_float() => match second % 5 {
                0 => b.exp(x),
                1 => b.log(x),
                2 => b.tanh(x),
                3 => b.sin(x),
                _ => b.atan2(x, y),
            },
            _ => {
                let constant = b.int(scalar, i64::from(second as i8));
                b.binary(if scalar == Scalar::Bool { Binary::Xor } else { Binary::Add }, x, constant)
            }
        };
        values.push(value);
    }
}

fn build(plan: &Plan) -> Kernel {
    let mut b = Builder::new();
    let types: Vec<Scalar> = plan.types.iter().map(|&choice| scalar_of(choice)).collect();
    let inputs: Vec<BufferId> = types.iter().map(|&scalar| b.buffer(scalar, Access::Read)).collect();
    let columns = plan.columns;
    let end = if plan.dynamic { Bound::Value(b.range()[1]) } else { Bound::Constant(columns) };
    b.serial(0, plan.rows, |b, row| {
        let row_value = b.load(inputs[0], row);
        let reduced_type = b.scalar(row_value);
        let combines: Vec<Combine> =
            Combine::ALL.into_iter().filter(|combine| combine.binary().accepts(reduced_type)).collect();
        let combine = combines[plan.steps.len() % combines.len()];
        let init = b.int(reduced_type, 2);
        let mut outputs = Vec::new();
        let reduced = b.reduce_lanes(0, end, plan.lanes, &[Reduce { combine, init }], |b, column| {
            let mut values = vec![row_value];
            for (k, &input) in inputs.iter().enumerate() {
                // Contiguous, strided, and backwards.
                let index = match k {
                    0 => Index::from(column).plus(row, columns),
                    1 => Index::constant(1).plus(column, 2),
                    _ => Index::constant(100).plus(column, -1),
                };
                values.push(b.load(input, index));
            }
            values.push(column);
            extend(b, &mut values, &plan.steps);
            if !plan.inner.is_empty() {
                let start = *values.last().expect("there are values");
                let carried = b.carry(0, plan.inner_length, &[start], |b, k, carried| {
                    let mut inner = values.clone();
                    inner.push(b.load(inputs[0], Index::from(k).plus(column, 1)));
                    inner.push(b.load(inputs[0], k));
                    inner.push(carried[0]);
                    extend(b, &mut inner, &plan.inner);
                    let last = *inner.last().expect("there are values");
                    vec![b.convert(b.scalar(carried[0]), last)]
                });
                values.push(carried[0]);
            }
            for &value in values.iter().rev().take(3) {
                let output = b.buffer(b.scalar(value), Access::Write);
                b.store(output, Index::from(column).plus(row, columns), value);
                outputs.push(output);
            }
            let last = *values.last().expect("there are values");
            vec![b.convert(reduced_type, last)]
        });
        let output = b.buffer(reduced_type, Access::Write);
        b.store(output, row, reduced[0]);
    });
    b.finish()
}

/// What the kernel prints is the kernel.
fn reads_back(kernel: &Kernel) {
    let text = kernel.to_string();
    let back: Kernel = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert!(back == *kernel, "another kernel is read:\n{text}{back}");
}

fn agrees(plan: &Plan, seed: u64) {
    let mut kernel = build(plan);
    let mut random = Random(seed);
    let buffers: Vec<Vec<u8>> = kernel
        .buffers()
        .iter()
        .map(|buffer| {
            let values: Vec<u64> = (0..200).map(|_| random.lane(buffer.scalar)).collect();
            filled(buffer.scalar, &values)
        })
        .collect();
    reads_back(&kernel);
    check(&kernel, &buffers, 0..plan.columns);
    contract(&mut kernel);
    reads_back(&kernel);
    check(&kernel, &buffers, 0..plan.columns);
    let (mut before, mut after) = (buffers.clone(), buffers.clone());
    interpret(&kernel, &mut before, 0..plan.columns);
    reduce_register_pressure(&mut kernel);
    reads_back(&kernel);
    check(&kernel, &buffers, 0..plan.columns);
    interpret(&kernel, &mut after, 0..plan.columns);
    assert_eq!(before, after, "another order of operations, another result:\n{kernel}");
}

fn num_cases() -> u32 {
    if std::env::var_os("GRADUS_SLOW").is_some_and(|slow| slow == "1") { 10_000 } else { 150 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: num_cases(), ..ProptestConfig::default() })]

    #[test]
    fn generated_code_agrees_with_the_interpreter(plan in plans(), seed in any::<u64>()) {
        agrees(&plan, seed);
    }
}
