//! Lines per crate: the size of the project, counted.

use crate::sources::{files, root};
use anyhow::Result;
use std::path::Path;

pub(crate) fn run() -> Result<()> {
    let root = root();
    let mut total = [0, 0];
    println!("{:<22} {:>7} {:>7} {:>7}", "", "files", "lines", "code");
    for entry in std::fs::read_dir(root.join("crates"))? {
        let dir = entry?.path();
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let counted = row(&format!("crates/{name}"), &dir.join("src"))?;
        total[0] += counted[0];
        total[1] += counted[1];
    }
    for name in ["examples", "tests", "benches"] {
        row(name, &root.join(name))?;
    }
    println!("{:<22} {:>7} {:>7} {:>7}", "crates together", "", total[0], total[1]);
    Ok(())
}

/// Prints a row; returns lines and lines of code (neither blank nor comment).
fn row(name: &str, dir: &Path) -> Result<[usize; 2]> {
    if !dir.exists() {
        return Ok([0, 0]);
    }
    let files = files(dir, "rs")?;
    let (mut lines, mut code) = (0, 0);
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        lines += text.lines().count();
        code += text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("//")).count();
    }
    println!("{name:<22} {:>7} {lines:>7} {code:>7}", files.len());
    Ok([lines, code])
}
