//! Printing and parsing are inverse; wrong text is an error with its line and column, never a panic.

use gradus_ir::ops::{self, sample::Sample};
use gradus_ir::{Array, Program, SourceLocation, Type, bind, text::parse, trace, verify::verify};

/// A program of one equation.
fn program_of(sample: &Sample) -> Program {
    trace(SourceLocation::here(), &sample.types(), |x| bind(sample.op.clone(), x).to_vec()).unwrap().program
}

#[test]
fn every_primitive_prints_and_parses_back() {
    for sample in ops::samples() {
        let program = program_of(&sample);
        verify(&program).unwrap();
        let text = program.to_string();
        let back = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(back, program, "{text}");
        assert_eq!(back.to_string(), text);
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
