//! Files of an input and, behind it, what is made of it: tests of several crates run theirs by this.

use std::fs;
use std::path::{Path, PathBuf};

/// Compares the text of every file in `folder`, and in folders inside, whose name ends in `.extension` with what `make`
/// makes of it: the whole file as it should be. `BLESS=1` writes that instead. Returns how many files there are.
pub(crate) fn check(folder: &Path, extension: &str, make: impl Fn(&str) -> Result<String, String>) -> usize {
    let files = files(folder, extension);
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = vec![];
    for file in &files {
        let name = file.strip_prefix(folder).unwrap_or(file).display();
        let text = fs::read_to_string(file).unwrap();
        let made = make(&text).unwrap_or_else(|message| panic!("{name}: {message}"));
        match made == text {
            true => {}
            false if bless => fs::write(file, made).unwrap(),
            false => wrong.push(format!("==== {name} ====\n{made}")),
        }
    }
    assert!(wrong.is_empty(), "run with BLESS=1 if this is right:\n{}", wrong.join("\n"));
    files.len()
}

/// What stands before the first `// ---`, and the words of its first line behind `// run: `.
pub(crate) fn input(text: &str) -> Result<(&str, &str), String> {
    let input = text.split("\n// ---").next().unwrap_or(text).trim_end();
    let header = input.lines().next().and_then(|line| line.strip_prefix("// run: "));
    Ok((input, header.ok_or("the first line is not `// run: ..`")?.trim()))
}

/// In order of their names.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let (mut files, mut folders) = (vec![], vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|ext| ext == extension) {
                files.push(entry);
            }
        }
    }
    files.sort();
    files
}
