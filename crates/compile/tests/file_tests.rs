//! Runs `tests/stages/<stage>/*.ir`: a Program in, what the stage makes of it as text.
//!
//! The first line says which stage: `// run: fuse`; a second may say how many of the first parameters are state that
//! the first results replace: `// state: 1`. What the stage makes follows after `// ---`. `BLESS=1 cargo test`
//! writes it. Schedules are verified on the way.

use crate::blessed;
use gradus_compile::{Config, Stage, compile_with_state};
use gradus_ir::eval::eval;
use gradus_ir::ops::sample::Argument;
use gradus_ir::text::parse;
use gradus_ir::{Array, Program};
use std::path::Path;

#[test]
fn stages_make_what_the_files_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stages");
    for stage in Stage::ALL {
        let folder = root.join(format!("{stage:?}").to_lowercase());
        assert!(blessed::check(&folder, "ir", made) > 0, "{stage:?} has no file test");
    }
}

/// The whole file as it should be.
fn made(text: &str) -> Result<String, String> {
    let (input, header) = blessed::input(text)?;
    let stage = Stage::named(header).ok_or_else(|| format!("no stage is called `{header}`"))?;
    let state = input.lines().find_map(|line| line.strip_prefix("// state: ")?.trim().parse().ok());
    let program = parse(input).map_err(|e| e.to_string())?;
    agrees(&program, state.unwrap_or(0));
    let made = stage.text(&program, state.unwrap_or(0)).map_err(|e| e.to_string())?;
    Ok(format!("{input}\n// ---\n{}\n", made.trim_end()))
}

/// The Program compiles and gives what the interpreter gives.
fn agrees(program: &Program, num_state: usize) {
    let types = program.param_types().iter().enumerate();
    let args: Vec<Array> =
        types.map(|(k, ty)| Argument::Range(ty.clone(), -1.0, 1.0).fill(k as u64)).collect();
    let expected = eval(program, &args).unwrap();
    let executable = compile_with_state(program, num_state, &Config::default()).unwrap();
    let mut state = args[..num_state].to_vec();
    let rest: Vec<&Array> = args[num_state..].iter().collect();
    let results = executable.run_with_state(&mut state.iter_mut().collect::<Vec<_>>(), &rest).unwrap();
    for (found, expected) in state.iter().chain(&results).zip(&expected) {
        assert_eq!(found.ty(), expected.ty());
        for (a, b) in found.to_complex_vec().into_iter().zip(expected.to_complex_vec()) {
            assert!((a - b).norm() <= 1e-2 * b.norm().max(1.0), "{a} is not {b} in\n{program}");
        }
    }
}
