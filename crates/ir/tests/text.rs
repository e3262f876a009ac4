//! Printing and parsing are inverse; wrong text is an error with its line and column, never a panic.

use gradus_ir::arbitrary::{Random, varied};
use gradus_ir::ops::{self, sample::Sample};
use gradus_ir::program::Builder;
use gradus_ir::verify::{DEEPEST, MOST_AXES, infer, verify};
use gradus_ir::{Array, Dtype, Op, Program, SourceLocation, Type, bind, text::parse, trace};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A program of one equation.
fn program_of(sample: &Sample) -> Program {
    trace(SourceLocation::here(), &sample.types(), |x| bind(sample.op.clone(), x).to_vec()).unwrap().program
}

/// Why the Program does not parse back, if it does not.
fn lost(program: &Program) -> Option<String> {
    let text = program.to_string();
    match parse(&text) {
        Err(error) => Some(format!("{error}\n{text}")),
        Ok(back) if back != *program => Some(format!("another program is read:\n{text}")),
        Ok(back) => (back.to_string() != text).then(|| format!("what is read prints as {back}, not {text}")),
    }
}

#[test]
fn every_primitive_prints_and_parses_back() {
    let mut lines = BTreeMap::new();
    for sample in ops::samples() {
        let program = program_of(&sample);
        verify(&program).unwrap();
        if let Some(why) = lost(&program) {
            lines.entry(sample.op.rules().name()).or_insert(why);
        }
    }
    let all = lines.values().map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(
        lines.is_empty(),
        "`parse` of their family in crates/ir/src/ops does not know {:?}:\n{all}",
        lines.keys()
    );
}

/// A Program of one equation, whose operands are its parameters; `None` if it does not verify.
fn equation(op: &Op, types: &[Type]) -> Option<Program> {
    let results = infer(op, &types.iter().collect::<Vec<_>>()).ok()?;
    let mut builder = Builder::new();
    let args = types.iter().map(|ty| builder.param(ty.clone())).collect();
    let results = builder.push(op.clone(), args, results, SourceLocation::unknown());
    let program = builder.finish(&results);
    verify(&program).is_ok().then_some(program)
}

/// Every Program that verifies prints and parses back: of each primitive, with random attributes and operands.
#[test]
fn operations_of_any_attributes_print_and_parse_back() {
    let tries = if std::env::var_os("GRADUS_SLOW").is_some() { 5_000 } else { 100 };
    let mut by_name: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
    for sample in ops::samples() {
        by_name.entry(sample.op.rules().name()).or_default().push(sample);
    }
    let mut random = Random::new(1);
    let (mut reached, mut varies, mut wrong) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for samples in by_name.values() {
        for _ in 0..tries {
            let sample = random.of(samples);
            let (op, types) = varied(&sample.op, &sample.types(), &mut random);
            let program = match catch_unwind(AssertUnwindSafe(|| equation(&op, &types))) {
                Ok(Some(program)) => program,
                Ok(None) => continue,
                Err(_) => {
                    wrong.entry(op.rules().name()).or_insert(format!("{op:?} panics on {types:?}"));
                    continue;
                }
            };
            if op != sample.op {
                varies.insert((op.family(), op.variant()));
            }
            if let Some(why) = lost(&program) {
                wrong.entry(op.rules().name()).or_insert(why);
            }
            reached.insert(op.rules().name(), program);
        }
    }
    let all = wrong.values().map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} neither are refused nor print and parse back:\n{all}", wrong.len());
    reached.retain(|name, _| !by_name.contains_key(name));
    assert!(reached.is_empty(), "these verify, but their family's `samples` has none of them: {reached:?}");
    let has_attributes = |samples: &&Vec<Sample>| !samples[0].op.rules().attributes().is_empty();
    let with_attributes = by_name.values().filter(has_attributes).map(|samples| &samples[0].op);
    let fixed: Vec<_> = with_attributes.filter(|op| !varies.contains(&(op.family(), op.variant()))).collect();
    assert!(fixed.is_empty(), "arbitrary/vary.rs found no other attributes that verify for {fixed:?}");
}

/// What does not parse for its size does not verify either.
#[test]
fn the_limits_of_text_are_those_of_the_verifier() {
    let long = |rank: usize| Type::new(Dtype::F32, vec![1; rank]);
    let stop = Op::from(ops::control::Control::StopGradient);
    assert_eq!(lost(&equation(&stop, &[long(MOST_AXES)]).unwrap()), None);
    assert!(equation(&stop, &[long(MOST_AXES + 1)]).is_none());
    let mut builder = Builder::new();
    let param = builder.param(long(MOST_AXES + 1));
    assert!(verify(&builder.finish(&[param])).is_err(), "a parameter of too many axes");
    let mut inside = equation(&stop, &[long(1)]).unwrap();
    for depth in 1..=DEEPEST {
        assert_eq!((inside.depth(), lost(&inside)), (depth, None));
        let call = ops::control::Call { program: Arc::new(inside.clone()), name: "f".into() };
        match equation(&call.clone().into(), &[long(1)]) {
            Some(outside) => inside = outside,
            None => {
                assert_eq!(depth, DEEPEST);
                let traced = trace(SourceLocation::here(), &[long(1)], |x| bind(call, x).to_vec());
                let message = traced.unwrap_err().to_string();
                assert!(message.contains("more than 64 programs stand inside one another"), "{message}");
            }
        }
    }
}

#[test]
fn literals_keep_every_bit() {
    let f32s: Vec<f32> = [0u32, 1 << 31, 1, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc1_2345, 0x7f7f_ffff]
        .map(f32::from_bits)
        .to_vec();
    let f64s = vec![0.1, -0.0, 1e300, 5e-324, f64::from_bits(0x7ff8_0000_0000_0001), f64::NEG_INFINITY];
    let arrays = [
        Array::from(f32s),
        Array::from(f64s),
        Array::from([i64::MIN, i64::MAX, 0]),
        Array::from([true, false]),
        Array::from([0u8, 255]),
        Array::scalar(1.5f32),
        Array::zeros(Type::new(gradus_ir::Dtype::F32, [0, 3])),
    ];
    for array in arrays {
        let program = program_of(&Sample::new(ops::source::Source::Constant(array)));
        assert_eq!(parse(&program.to_string()).unwrap(), program);
    }
}

#[track_caller]
fn refused(text: &str, message: &str) {
    let error = parse(text).unwrap_err().to_string();
    assert!(error.contains(message), "{error}\nnot {message}");
}

#[test]
fn wrong_text_is_refused_with_line_and_column() {
    refused("", "1:1: expected `fn`, found the end of the text");
    refused("fn(%0: f32[3]) {\n  return %1\n}", "2:10: %1 is not defined");
    refused("fn(%0: f32[3], %0: f32[3]) {\n  return %0\n}", "1:16: %0 is defined twice");
    refused("fn(%0: f33[3]) {\n  return %0\n}", "1:8: no element type is called `f33`");
    refused("fn(%0: f32[-3]) {\n  return %0\n}", "1:12: -3 is no extent");
    refused("fn(%0: f32[3]) {\n  %1: f32[3] = sun(%0)\n  return %1\n}", "2:16: no operation is called `sun`");
    refused(
        "fn(%0: f32[3]) {\n  %1: f32[4] = sin(%0)\n  return %1\n}",
        "2:16: sin has results of types [f32[3]], not [f32[4]]",
    );
    refused("fn(%0: f32[3]) {\n  %1: f32[3] = add(%0)\n  return %1\n}", "2:16: add: takes 2 operands, not 1");
    refused(
        "fn() {\n  %1: f32[2] = iota() {dtype = f32, shape = [2]}\n  return %1\n}",
        "iota: attribute `dimension` is missing",
    );
    refused(
        "fn(%0: f32[3]) {\n  %1: f32[3] = sin(%0) {k = 1}\n  return %1\n}",
        "2:16: sin has no attribute `k`",
    );
    refused(
        "fn() {\n  %0: i32[] = constant() {value = i32[] [1.5]}\n  return %0\n}",
        "2:42: `1.5` is no i32",
    );
    refused("fn() {\n  %0: u8[] = constant() {value = u8[] [256]}\n  return %0\n}", "`256` is no u8");
    refused(
        "fn() {\n  %0: f32[] = constant() {value = f32[99999999999] [1]}\n  return %0\n}",
        "holds 99999999999 elements, not 1",
    );
    refused(
        "fn() {\n  %0: f32[9999999999,9999999999] = iota() {dtype = f32, shape = [9999999999, 9999999999], dimension = 0}\n  return %0\n}",
        "larger than any memory",
    );
    refused("fn() {\n  return\n} x", "3:3: expected the end of the text, found `x`");
}

#[test]
fn comments_and_names_are_free() {
    let program = parse(
        "// twice the sine\nfn(%x: f32[]) {\n  %y: f32[] = sin(%x) // here\n  %z: f32[] = add(%y, %y)\n  return %z\n}",
    );
    assert_eq!(
        program.unwrap().to_string(),
        "fn(%0: f32[]) {\n  %1: f32[] = sin(%0)\n  %2: f32[] = add(%1, %1)\n  return %2\n}"
    );
}

/// Deep nesting, cut and mutated text: an answer of either kind, but an answer.
#[test]
fn hostile_text_is_answered() {
    for deep in
        ["fn(", "fn() { %0: f32[] = call() {program = fn() {", "[", "fn() { %0: f32[] = sin() {a = [[["]
    {
        assert!(parse(&deep.repeat(100_000)).is_err());
    }
    let mut seed = 7u64;
    let mut random = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % n
    };
    for sample in ops::samples() {
        let text = program_of(&sample).to_string();
        for _ in 0..40 {
            let mut bytes = text.clone().into_bytes();
            match random(4) {
                0 => bytes.truncate(random(bytes.len())),
                1 => drop(bytes.remove(random(bytes.len()))),
                2 => bytes[random(text.len())] = b"0129-[]{}(),:=%fx \"\\"[random(20)],
                _ => {
                    let (i, j) = (random(text.len()), random(text.len()));
                    bytes.swap(i, j);
                }
            }
            if let Ok(program) = String::from_utf8(bytes).map_err(drop).and_then(|t| parse(&t).map_err(drop))
            {
                verify(&program).unwrap();
                assert_eq!(parse(&program.to_string()).unwrap(), program);
            }
        }
    }
}
