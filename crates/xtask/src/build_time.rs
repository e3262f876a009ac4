//! `cargo xtask build-time`: what a newcomer and a contributor wait for, from a clean clone and an empty target folder.
//!
//! Wall time says little on a machine that does other things; processor time, of every process that a step starts,
//! says what the step costs (on Linux, where the system tells). This program is also the `RUSTC_WRAPPER` of the
//! builds: so the crates that took longest are known with nothing but the stable compiler.

use crate::sources::root;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// The file to which a wrapper adds a line for each crate.
const LOG: &str = "GRADUS_BUILD_TIME_LOG";
/// Crates that are shown of each step.
const SHOWN: usize = 8;

#[derive(Args)]
pub(crate) struct Options {
    /// Only the first command, without the tests.
    #[arg(long)]
    first: bool,
}

/// What one step took, in seconds.
struct Cost {
    wall: f64,
    processor: f64,
}

struct Bench {
    clone: PathBuf,
    target: PathBuf,
    log: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = root().join("target/build-time");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let bench =
        Bench { clone: folder.join("clone"), target: folder.join("target"), log: folder.join("crates.log") };
    let cloned = Command::new("git").args(["clone", "--quiet"]).arg(root()).arg(&bench.clone).status();
    ensure!(cloned.context("git is needed")?.success(), "the repository cannot be cloned");
    println!("of the last commit, from an empty target folder:");
    bench.step("first command", "build --release --example mnist")?;
    if options.first {
        return Ok(());
    }
    bench.step("tests, built", "test --workspace --no-run")?;
    bench.step("tests, run", "test --workspace")?;
    add_record(&bench.clone.join("crates/ir/src/ops/elementwise/unary.rs"))?;
    bench.step("an added record, gradus-ir tested", "test -p gradus-ir")?;
    // The new name is in no table of JAX's and in no specification yet: that its tests complain is not the question.
    bench.step("an added record, the workspace tested", "test --workspace --no-fail-fast")?;
    Ok(())
}

impl Bench {
    fn step(&self, what: &str, arguments: &str) -> Result<()> {
        fs::write(&self.log, "")?;
        let (start, before) = (Instant::now(), processor_seconds_of_children());
        let output = Command::new("cargo")
            .args(arguments.split(' '))
            .current_dir(&self.clone)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("RUSTC_WRAPPER", std::env::current_exe()?)
            .env(LOG, &self.log)
            .output()
            .context("cargo is needed")?;
        let cost =
            Cost { wall: start.elapsed().as_secs_f64(), processor: processor_seconds_of_children() - before };
        println!("{what:<40} {:>5.0} s wall {:>5.0} s of processor time", cost.wall, cost.processor);
        println!("    {}", slowest(&fs::read_to_string(&self.log)?));
        if !output.status.success() {
            println!("    cargo {arguments}: {}", output.status);
        }
        Ok(())
    }
}

/// The crates that took most processor time, with their seconds.
fn slowest(log: &str) -> String {
    let mut crates: Vec<(f64, &str)> = log
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(s, c)| Some((s.parse().ok()?, c)))
        .collect();
    crates.sort_by(|a, b| b.0.total_cmp(&a.0));
    crates.iter().take(SHOWN).fold(String::new(), |mut all, (seconds, name)| {
        let _ = write!(all, "{}{name} {seconds:.0}", if all.is_empty() { "" } else { ", " });
        all
    })
}

/// Adds a copy of the record `cbrt` under another name.
fn add_record(table: &Path) -> Result<()> {
    let text = fs::read_to_string(table)?;
    let start = text.find("    /// The cube root of every element.").context("the record `cbrt`")?;
    let end =
        start + text[start..].find("\n    }\n").context("the end of the record `cbrt`")? + "\n    }\n".len();
    let copy = text[start..end].replace("cbrt = Cbrt", "cube_root = CubeRoot");
    Ok(fs::write(table, format!("{}{copy}{}", &text[..end], &text[end..]))?)
}

/// As the wrapper of `rustc`: runs it and writes down what it took. `None` if this is no wrapper.
pub(crate) fn wrapped() -> Option<ExitCode> {
    let log = std::env::var_os(LOG)?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (rustc, rest) = arguments.split_first()?;
    let status = Command::new(rustc).args(rest).status().ok()?;
    let after = |flag: &str| rest.iter().skip_while(|word| *word != flag).nth(1);
    if let Some(name) = after("--crate-name").filter(|name| *name != "___") {
        let kind = if rest.iter().any(|word| word == "--test") { " (test)" } else { "" };
        let line = format!("{:.2} {}{kind}\n", processor_seconds_of_children(), name.to_string_lossy());
        let file = fs::OpenOptions::new().append(true).open(log);
        file.and_then(|mut file| file.write_all(line.as_bytes())).ok()?;
    }
    Some(ExitCode::from(status.code().unwrap_or(1) as u8))
}

/// Processor time of the processes that this one waited for, and of those that they waited for; 0 where unknown.
fn processor_seconds_of_children() -> f64 {
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may hold spaces; cutime and cstime are fields 16 and 17.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

#[cfg(test)]
mod tests {
    use super::{add_record, slowest};

    #[test]
    fn the_slowest_crates_come_first() {
        assert_eq!(slowest("1.5 a\n20.2 b (test)\nnonsense\n"), "b (test) 20, a 2");
    }

    #[test]
    fn a_record_is_added_behind_the_one_that_it_copies() {
        let table = crate::sources::root().join("crates/ir/src/ops/elementwise/unary.rs");
        let copy = std::env::temp_dir().join(format!("gradus-record-{}.rs", std::process::id()));
        std::fs::copy(&table, &copy).unwrap();
        add_record(&copy).unwrap();
        let (before, after) =
            (std::fs::read_to_string(table).unwrap(), std::fs::read_to_string(&copy).unwrap());
        std::fs::remove_file(copy).unwrap();
        assert_eq!(after.matches("cube_root = CubeRoot {").count(), 1);
        assert!(after.len() > before.len() && after.ends_with(&before[before.len() - 1000..]));
    }
}
