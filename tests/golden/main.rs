//! The oracle's cases: outputs, derivatives and batches as JAX computes them.
//!
//! Runs the folder `$GRADUS_GOLDEN`, or `golden` in `$GRADUS_SHARED` or `../shared`, or else the subset
//! committed beside this file. `--nocapture` lists what is skipped; other words are filters on case ids.

mod manifest;
mod ops;
mod run;

use anyhow::Result;
use manifest::Tensors;
use run::Outcome;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (flags, filters): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let list_skipped = flags.iter().any(|f| f == "--nocapture");
    let dir = folder();
    match run_folder(&dir, &filters, list_skipped) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("golden: {}: {error:#}", dir.display());
            ExitCode::FAILURE
        }
    }
}

fn folder() -> PathBuf {
    if let Some(dir) = std::env::var_os("GRADUS_GOLDEN") {
        return dir.into();
    }
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let shared = std::env::var_os("GRADUS_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let whole = shared.join("golden");
    if whole.join("manifest.json").exists() {
        return whole;
    }
    println!("golden: the whole set is absent here; running the committed subset");
    root.join("tests/golden/subset")
}

/// The number of failures.
fn run_folder(dir: &Path, filters: &[String], list_skipped: bool) -> Result<usize> {
    let (manifest, bytes) = manifest::load(dir)?;
    let tensors = Tensors::new(&bytes)?;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    std::panic::set_hook(Box::new(|_| {}));
    for case in &manifest.cases {
        if !filters.is_empty() && !filters.iter().any(|f| case.id.contains(f)) {
            continue;
        }
        match catch_unwind(AssertUnwindSafe(|| run::run(case, &tensors))) {
            Ok(Ok(Outcome::Passed)) => passed += 1,
            Ok(Ok(Outcome::Skipped(why))) => {
                skipped += 1;
                *reasons.entry(why).or_default() += 1;
            }
            Ok(Err(error)) => {
                failed += 1;
                println!("FAILED {}: {error:#}", case.id);
            }
            Err(payload) => {
                failed += 1;
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
                println!("FAILED {}: panicked: {text}", case.id);
            }
        }
    }
    let _ = std::panic::take_hook();
    if list_skipped {
        reasons.iter().for_each(|(why, n)| println!("skipped {n:3}  {why}"));
    }
    println!("golden: {passed} passed, {failed} failed, {skipped} skipped (op not there yet)");
    Ok(failed)
}
