//! The tables from JAX to gradus are whole and true: docs/from-jax.md and docs/from-jax/*.md.
//!
//! `jax_names.txt` lists the public functions of JAX 0.10.2's modules, by the page on which they stand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Names that stand in tables but are declared elsewhere: by the language, by macros, by types of the IR.
const OTHERS: &[&str] = &["default", "from", "new", "derive", "tree"];

/// Public functions without a counterpart in JAX, or whose counterpart is no function there.
const GRADUS_ONLY: &[&str] = &[
    // Names and types of traced values.
    "ty",
    "is_weak",
    // What derives and macros call.
    "static_field",
    "within",
    "static_part",
    "same_static",
    "copy_static",
    "entry",
    "inside",
    "kept_state",
    "by",
    // A configuration for a jitted function.
    "with",
    // What operators stand for.
    "add",
    "sub",
    "mul",
    "div",
    "rem",
    "neg",
    "and",
    "or",
    "xor",
    "not",
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every file of Rust below a folder.
fn sources(folder: &str) -> Vec<String> {
    let mut waiting: Vec<PathBuf> = vec![root().join(folder)];
    let mut all = vec![];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                std::fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()),
            );
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push(std::fs::read_to_string(&path).expect("text"));
        }
    }
    all
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The word with which a text begins.
fn word(text: &str) -> &str {
    text.split(|c| !is_word(c)).next().unwrap_or("")
}

/// Functions and methods that a source declares as public, by themselves or as records of a table.
fn functions(source: &str) -> BTreeSet<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or("");
    let mut names = records(source);
    for text in source.lines().map(str::trim_start) {
        let rest = text.strip_prefix("pub const fn ").or_else(|| text.strip_prefix("pub fn "));
        names.extend(rest.map(|rest| word(rest).to_owned()).filter(|name| !name.is_empty()));
    }
    names
}

/// What the records of a source's tables become functions by.
fn records(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in source.lines() {
        let (text, indent) = (line.trim_start(), line.len() - line.trim_start().len());
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            continue;
        }
        // `name = Variant {`, `name = Variant(x, y) {`, `name = Variant;`.
        if indent == 4
            && let Some((name, variant)) = text.split_once(" = ")
        {
            let is_record = variant.starts_with(char::is_uppercase) && text.ends_with(['{', ';']);
            names.extend(Some(name).filter(|name| is_record && name.chars().all(is_word)));
        }
        // `name(x, y) => formula;` of distributions.
        if indent == 8 && text.contains(") => ") {
            names.insert(word(text));
        }
        // `name, name_along, Kind, axes;` of transforms.
        if indent == 4 && text.ends_with(';') && text.contains("_along, ") {
            let words = text.split(", ").filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
            names.extend(words.filter(|name| name.chars().all(is_word)));
        }
    }
    names.into_iter().map(str::to_owned).collect()
}

/// Other names that a source declares: types, their variants, modules, methods of traits.
fn declarations(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in source.lines() {
        let text = line.trim_start();
        for keyword in
            ["pub struct ", "pub enum ", "pub trait ", "pub mod ", "pub const ", "pub type ", "fn "]
        {
            names.extend(text.strip_prefix(keyword).map(|rest| word(rest).to_owned()));
        }
        let is_variant = text.starts_with(char::is_uppercase) && text.ends_with([',', '{']);
        // A module of the table of distributions.
        let is_module =
            line.starts_with("    ") && text.ends_with(" {") && text.chars().rev().skip(2).all(is_word);
        if is_variant || is_module {
            names.insert(word(text).to_owned());
        }
    }
    names
}

/// The three cells of every row of the tables of a page, without their heads: JAX, gradus, what differs.
fn rows(page: &str) -> Vec<[String; 3]> {
    let text = read(page);
    let lines = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| JAX"));
    let cells = lines.map(|line| {
        let line = line.replace("\\|", "\u{0}");
        let mut cells = line.split('|').skip(1).map(|cell| cell.trim().replace('\u{0}', "|"));
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    });
    cells.collect()
}

/// The pieces of code in a cell.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The names that a piece of code calls or stands for: what is called, what is a path, and a word alone.
fn named(code: &str) -> Vec<&str> {
    let mut names = vec![];
    let mut start = 0;
    while let Some(at) = code[start..].find(is_word) {
        let begin = start + at;
        let name = word(&code[begin..]);
        let end = begin + name.len();
        let (before, after) = (&code[..begin], &code[end..]);
        let is_called = after.starts_with('(') || after.starts_with("::") || after.starts_with(" {");
        let is_path = before.ends_with("::") || before.ends_with('.') && !before.ends_with("..");
        let is_alone = before.is_empty() && after.is_empty() && name.len() > 1;
        if (is_called || is_path || is_alone) && !name.starts_with(|c: char| c.is_ascii_digit()) {
            names.push(name);
        }
        start = end;
    }
    names
}

const PAGES: [&str; 5] = [
    "docs/from-jax.md",
    "docs/from-jax/numpy.md",
    "docs/from-jax/lax.md",
    "docs/from-jax/scipy.md",
    "docs/from-jax/nn.md",
];

#[test]
fn every_function_of_jax_stands_on_its_page() {
    let (mut missing, mut page, mut module, mut names) = (vec![], BTreeSet::new(), "", 0);
    let list = read("tests/jax_names.txt");
    for line in list.lines() {
        if let Some(rest) = line.strip_prefix("  ") {
            for name in rest.split(' ') {
                names += 1;
                if !page.contains(name) {
                    missing.push(format!("{module}.{name}"));
                }
            }
        } else {
            let (file, of) = line.split_once(' ').expect("a page and a module");
            let spans = rows(&format!("docs/from-jax/{file}"));
            page = spans.iter().flat_map(|row| code(&row[0])).map(str::to_owned).collect();
            module = of;
        }
    }
    assert!(names > 850, "only {names}");
    assert!(missing.is_empty(), "no row for {}:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn every_name_of_gradus_in_the_tables_exists() {
    let mut known: BTreeSet<String> = OTHERS.iter().map(|name| (*name).to_owned()).collect();
    for folder in
        ["crates/array/src", "crates/gradus/src", "crates/ir/src", "crates/nn/src", "crates/transform/src"]
    {
        for source in sources(folder) {
            known.extend(functions(&source));
            known.extend(declarations(&source));
        }
    }
    known.extend(["special", "stats", "linalg", "fft", "random", "gradus_nn"].map(str::to_owned));
    let mut wrong = vec![];
    for page in PAGES {
        for [_, gradus, _] in rows(page) {
            for name in code(&gradus).into_iter().flat_map(named) {
                if !known.contains(name) {
                    wrong.push(format!("{page}: `{name}` in {gradus}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "not declared anywhere:\n{}", wrong.join("\n"));
}

#[test]
fn every_public_function_of_gradus_stands_in_a_table() {
    let mut shown = BTreeSet::new();
    for page in PAGES {
        for [_, gradus, differs] in rows(page) {
            let spans = code(&gradus).into_iter().chain(code(&differs));
            shown.extend(spans.flat_map(named).map(str::to_owned));
        }
    }
    let mut all = BTreeSet::new();
    for source in sources("crates/gradus/src") {
        all.extend(functions(&source));
    }
    for file in ["unary.rs", "binary.rs"] {
        all.extend(records(&read(format!("crates/ir/src/ops/elementwise/{file}"))));
    }
    assert!(all.len() > 600, "only {}", all.len());
    let known = |name: &&String| shown.contains(*name) || GRADUS_ONLY.contains(&name.as_str());
    let missing: Vec<&str> = all.iter().filter(|name| !known(name)).map(String::as_str).collect();
    assert!(
        missing.is_empty(),
        "in no table: {}; add a row `| JAX's name or — | `name` | what differs |` to the page of its kind, of a primitive \
         docs/from-jax/lax.md",
        missing.join(" ")
    );
}
