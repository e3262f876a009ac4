//! Runs `tests/stages/<stage>/*.ir`: a Program in, what the stage makes of it as text.
//!
//! The first line says which stage: `// run: fuse`; a second may say how many of the first parameters are state that
//! the first results replace: `// state: 1`. What the stage makes follows after `// ---`. `BLESS=1 cargo test`
//! writes it. Schedules are verified on the way.

use gradus_compile::{Config, Stage, compile_with_state};
use gradus_ir::eval::eval;
use gradus_ir::ops::sample::Argument;
use gradus_ir::text::parse;
use gradus_ir::{Array, Program};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn stages_make_what_the_files_say() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = vec![];
    let files = files();
    assert!(files.len() > 12, "only {} files", files.len());
    for file in files {
        let name = file.display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        let made = made(&text).unwrap_or_else(|message| panic!("{name}: {message}"));
        if made == text {
            continue;
        }
        match bless {
            true => fs::write(&file, made).unwrap(),
            false => wrong.push(format!("==== {name} ====\n{made}")),
        }
    }
    assert!(wrong.is_empty(), "run with BLESS=1 if this is right:\n{}", wrong.join("\n"));
}

/// Every file, of every stage, which has one at least.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stages");
    let mut files = vec![];
    for stage in Stage::ALL {
        let folder = root.join(format!("{stage:?}").to_lowercase());
        let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut own: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        assert!(!own.is_empty(), "{stage:?} has no file test");
        own.sort();
        files.extend(own);
    }
    files
}

/// The whole file as it should be.
fn made(text: &str) -> Result<String, String> {
    let input = text.split("\n// ---").next().unwrap_or(text).trim_end();
    let header = input.lines().next().and_then(|line| line.strip_prefix("// run: "));
    let header = header.ok_or("the first line is not `// run: <stage>`")?;
    let stage = Stage::named(header.trim()).ok_or_else(|| format!("no stage is called `{header}`"))?;
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
