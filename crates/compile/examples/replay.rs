//! Compiles every Program of a folder and prints its kernels, steps and memory: what `cargo xtask replay` compares
//! between two revisions. Uses what each revision has: `compile`, `kernels` and the text form of Programs.

use gradus_compile::codegen::Code;
use gradus_compile::{Config, compile_with_state, kernels};
use gradus_ir::text::parse;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("say which folder of .ir files")?;
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    // One thread and the same instructions on every host that is asked.
    let config = Config { threads: 2, ..Config::default() };
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file)?;
        println!("== {name}");
        match report(&text, &config) {
            Ok(report) => print!("{report}"),
            Err(error) => println!("refused: {error}"),
        }
    }
    Ok(())
}

/// A line for each kernel: its text and its code as digests; then how it all runs.
fn report(text: &str, config: &Config) -> Result<String, Box<dyn std::error::Error>> {
    let program = parse(text)?;
    // The header says how many parameters are state: `// state: 3`.
    let state = text.lines().find_map(|line| line.strip_prefix("// state: ")?.trim().parse().ok());
    let mut report = String::new();
    for (kernel, code) in kernels(&program, config)? {
        let length = code.num_bytes();
        report += &format!(
            "kernel {:016x}, code {:016x} of {length} bytes\n",
            digest(&kernel.to_string()),
            of(&code)
        );
    }
    let executable = compile_with_state(&program, state.unwrap_or(0), config)?;
    Ok(format!("{report}memory {}\n{}", executable.memory(), shape_of(&executable.explain())))
}

/// How many steps there are and of what extent; names of steps may change with the words for them.
fn shape_of(explained: &str) -> String {
    let extents = explained.lines().filter_map(|line| Some(line.split_once("  [")?.1));
    extents.map(|step| format!("step {}\n", step.split(']').next().unwrap_or(step))).collect()
}

/// The digest of code, without the addresses of cold functions, which are another in every process: whatever a `movabs`
/// loads. What it loads else follows from the kernel.
fn of(code: &Code) -> u64 {
    let mut bytes = code.bytes().to_vec();
    for at in 0..bytes.len().saturating_sub(9) {
        if let [0x48 | 0x49, 0xb8..=0xbf, ..] = bytes[at..] {
            bytes[at + 2..at + 10].fill(0);
        }
    }
    digest(&(bytes, code.constants()))
}

fn digest(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
