//! `cargo xtask replay BASE`: does a change that should only move things leave every kernel as it was?
//!
//! A corpus of Programs, written as text, is compiled by two revisions, `BASE` and the working tree; their kernels
//! must be the same to the byte, and their steps and memory alike. A Program that `BASE` cannot read is counted.

use crate::sources::root;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use gradus_ir::SourceLocation;
use gradus_ir::arbitrary::{Draw, Recipe};
use gradus_ir::ops::samples;
use gradus_ir::trace::{bind, trace};
use gradus_tests::replay;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Args)]
pub(crate) struct Options {
    /// The revision to compare with: the parent of the move.
    base: String,
    /// Random Programs in the corpus.
    #[arg(long, default_value_t = 500)]
    random: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = root().join("target/replay");
    let corpus = folder.join("corpus");
    let programs = write_corpus(&corpus, options.random)?;
    let before = at_revision(&options.base, &folder, |tree| compiled(tree, &corpus, &folder))?;
    let now = compiled(&root(), &corpus, &folder)?;
    let (before, now) = (sections(&before), sections(&now));
    ensure!(before.len() == programs && now.len() == programs, "a report for each of {programs} Programs");
    let (mut kernels, mut unreadable, mut different) = (0, 0, vec![]);
    for ((name, before), (_, now)) in before.iter().zip(&now) {
        if before.starts_with("refused") && !now.starts_with("refused") {
            unreadable += 1;
            continue;
        }
        kernels += before.lines().filter(|line| line.starts_with("kernel")).count();
        if before != now {
            different.push(format!("{name}\nbefore:\n{before}\nnow:\n{now}"));
        }
    }
    for one in different.iter().take(5) {
        println!("{one}");
    }
    if !different.is_empty() {
        bail!(
            "{} of {programs} Programs compile to something else; see {}",
            different.len(),
            corpus.display()
        );
    }
    println!("{programs} Programs, {kernels} kernels: byte for byte as at {}", options.base);
    if unreadable > 0 {
        println!("{unreadable} of them that revision refuses");
    }
    Ok(())
}

/// Writes the Programs, a file each; returns how many.
fn write_corpus(folder: &Path, random: u64) -> Result<usize> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let mut all: Vec<(String, String)> = vec![];
    // A tape is made by a loop and seen by no user.
    for (k, sample) in samples().iter().filter(|sample| sample.is_run()).enumerate() {
        let traced =
            trace(SourceLocation::unknown(), &sample.types(), |x| bind(sample.op.clone(), x).to_vec());
        let program = traced.context("a sample is well typed")?.program;
        all.push((format!("sample-{k:04}-{}", sample.op.rules().name()), program.to_string()));
    }
    for k in 0..random {
        all.push((format!("random-{k:04}"), recipe(k).program(Draw::All).to_string()));
    }
    for (name, num_state, program) in replay::programs() {
        let text = format!("// state: {num_state}\n{program}");
        all.push((format!("model-{name}"), text));
    }
    for (name, text) in &all {
        std::fs::write(folder.join(format!("{name}.ir")), text)?;
    }
    Ok(all.len())
}

/// The choices of random Program `number`.
fn recipe(number: u64) -> Recipe {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u16
    };
    let params = (0..1 + number % 3).map(|_| next()).collect();
    let steps = (0..number % 20).map(|_| std::array::from_fn(|_| next())).collect();
    Recipe { params, steps }
}

/// Runs `f` on a checkout of `revision`, which is removed again.
fn at_revision(revision: &str, folder: &Path, f: impl Fn(&Path) -> Result<String>) -> Result<String> {
    let tree = folder.join("base");
    let git = |args: &[&str]| -> Result<bool> {
        Ok(Command::new("git").arg("-C").arg(root()).args(args).status().context("git is needed")?.success())
    };
    let path = tree.to_str().context("a path in UTF-8")?;
    git(&["worktree", "remove", "--force", path]).ok();
    ensure!(git(&["worktree", "add", "--quiet", "--detach", path, revision])?, "no revision {revision}");
    let outcome = f(&tree);
    git(&["worktree", "remove", "--force", path])?;
    outcome
}

/// What the compiler of a checkout makes of the corpus.
fn compiled(tree: &Path, corpus: &Path, folder: &Path) -> Result<String> {
    let target: PathBuf = folder.join("target");
    let output = Command::new("cargo")
        .args(["run", "--quiet", "-p", "gradus-compile", "--example", "replay", "--"])
        .arg(corpus)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", target)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the compiler of {} fails", tree.display());
    Ok(String::from_utf8(output.stdout)?)
}

/// The reports by Program.
fn sections(report: &str) -> Vec<(&str, &str)> {
    let parts = report.split("== ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect()
}
