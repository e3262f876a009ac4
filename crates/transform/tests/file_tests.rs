//! Runs `tests/ir/<folder>/*.ir`: a pass on a program in, the programs it makes out.
//!
//! The first line says what to run: `// run: simplify`, or a pass with flags for parameters and results, `t` or `f`
//! each: `// run: batch tf 8`; several passes that keep the meaning run in turn. The program follows, then
//! after every `// ---` a program of the pass. A pass that
//! keeps the meaning is also checked by running both programs. `BLESS=1 cargo test` writes what the passes make.

use crate::blessed;
use gradus_ir::eval::eval;
use gradus_ir::ops::sample::Argument;
use gradus_ir::text::parse;
use gradus_ir::verify::verify;
use gradus_ir::{Array, Lanes, Program, Type};
use gradus_transform as passes;
use std::path::Path;

#[test]
fn files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/ir");
    let count = blessed::check(&root, "ir", run_file);
    assert!(count > 20, "{} holds only {count} .ir files", root.display());
}

/// The whole file as it should be.
fn run_file(text: &str) -> Result<String, String> {
    let (input, header) = blessed::input(text)?;
    let program = parse(input).map_err(|e| e.to_string())?;
    let made = run(header, &program)?;
    for program in &made {
        verify(program).map_err(|e| format!("{header} made a wrong program: {e}\n{program}"))?;
    }
    let sections: String = made.iter().map(|program| format!("// ---\n{program}\n")).collect();
    Ok(format!("{input}\n{sections}"))
}

fn run(header: &str, program: &Program) -> Result<Vec<Program>, String> {
    let words: Vec<&str> = header.split_whitespace().collect();
    let flags = |word: &str| word.chars().map(|c| c == 't').collect::<Vec<bool>>();
    Ok(match words[..] {
        ["jvp", tangents] => vec![passes::jvp(program, &flags(tangents)).0],
        ["transpose", linear, cotangents] => {
            vec![passes::transpose(program, &flags(linear), &flags(cotangents)).0]
        }
        ["batch", mapped, size] => {
            let size = size.parse().map_err(|_| "the size of a batch is a number")?;
            vec![passes::batch(program, &flags(mapped), Lanes::new(size)).0]
        }
        ["split", known] => {
            let halves = passes::split(program, &flags(known));
            vec![(*halves.known).clone(), (*halves.rest).clone()]
        }
        ["linearize", wrt] => {
            let halves = passes::linearize(program, &flags(wrt));
            vec![(*halves.primal).clone(), (*halves.linear).clone()]
        }
        ["vjp", wrt, cotangents] => {
            let halves = passes::vjp(program, &flags(wrt), &flags(cotangents));
            vec![(*halves.forward).clone(), (*halves.backward).clone()]
        }
        _ => {
            let mut made = program.clone();
            for word in words {
                made = same_meaning(&made, clean_up(word).ok_or(format!("no pass is called `{word}`"))?);
            }
            vec![made]
        }
    })
}

fn clean_up(name: &str) -> Option<fn(&Program) -> Program> {
    Some(match name {
        "simplify" => passes::simplify,
        "fold_constants" => passes::fold_constants,
        "cse" => passes::cse,
        "dce" => passes::dce,
        "optimize" => passes::optimize,
        _ => return None,
    })
}

/// The program after `pass`, which agrees with the one before on ordinary and on extreme operands, bit for bit.
fn same_meaning(program: &Program, pass: fn(&Program) -> Program) -> Program {
    let made = pass(program);
    for extreme in [false, true] {
        let args: Vec<Array> = program.param_types().iter().map(|ty| operand(ty, extreme)).collect();
        let (before, after) = (eval(program, &args).unwrap(), eval(&made, &args).unwrap());
        for (before, after) in before.iter().zip(&after) {
            let bits = |array: &Array| array.to_f64_vec().iter().map(|x| canonical(*x)).collect::<Vec<_>>();
            assert_eq!(bits(before), bits(after), "on {args:?}:\n{program}\n{made}");
        }
    }
    made
}

/// Bits of a number; NaNs are all alike.
fn canonical(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

fn operand(ty: &Type, extreme: bool) -> Array {
    let low = if ty.dtype.is_float() || ty.dtype == gradus_ir::Dtype::I32 { -3.0 } else { 0.0 };
    match extreme && ty.dtype.is_float() {
        true => {
            let edges = [-0.0, f64::NAN, f64::INFINITY, 0.0, f64::NEG_INFINITY, -1.5, 1e30, 1e-42];
            Array::from_f64(ty, edges.into_iter().cycle().take(ty.shape.size()))
        }
        false => Argument::Range(ty.clone(), low, 4.0).fill(7),
    }
}
