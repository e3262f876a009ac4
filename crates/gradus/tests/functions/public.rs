//! The names of the public functions of `Val`, `special` and `stats`, from the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The word with which a text begins.
fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")
}

/// The files of Rust at a path and below it.
fn files(path: PathBuf) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = std::fs::read_dir(&path).expect("a folder");
        return entries.flat_map(|entry| files(entry.expect("an entry").path())).collect();
    }
    if path.extension().is_some_and(|ending| ending == "rs") { vec![path] } else { vec![] }
}

/// What a source declares: functions and methods, records of tables, and, as `module.function`, distributions.
fn names(source: &str, is_stats: bool, is_ir: bool) -> BTreeSet<String> {
    let (mut all, mut module) = (BTreeSet::new(), "");
    for line in source.lines() {
        let (text, indent) = (line.trim_start(), line.len() - line.trim_start().len());
        let mut name = text.strip_prefix("pub fn ").filter(|_| !is_ir).map(word);
        // `name = Variant {` and `name = Variant(x, y);`.
        if indent == 4
            && text.ends_with(['{', ';'])
            && let Some((record, variant)) = text.split_once(" = ")
            && is_name(record)
            && variant.starts_with(char::is_uppercase)
        {
            name = Some(record);
        }
        if is_stats {
            // `name {` of a distribution, `pub mod name {`, and `name(x, y) => formula;`.
            let opened = text.strip_suffix(" {").map(|head| head.strip_prefix("pub mod ").unwrap_or(head));
            module = opened.filter(|head| is_name(head) && indent <= 4).unwrap_or(module);
            if indent == 8 && text.contains(") =>") && is_name(word(text)) {
                name = Some(word(text));
            }
        }
        let Some(name) = name.filter(|name| is_name(name)) else { continue };
        all.insert(if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") });
    }
    all
}

/// All of them.
pub(crate) fn public() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let of = |place: &str, is_stats: bool, is_ir: bool| {
        let files = files(root.join(place)).into_iter();
        files
            .flat_map(|path| names(&std::fs::read_to_string(path).expect("text"), is_stats, is_ir))
            .collect::<BTreeSet<String>>()
    };
    let places = [
        ("src/val", false, false),
        ("src/special.rs", false, false),
        ("src/stats", true, false),
        ("../ir/src/ops/elementwise/unary.rs", false, true),
        ("../ir/src/ops/elementwise/binary.rs", false, true),
    ];
    places.into_iter().flat_map(|(place, is_stats, is_ir)| of(place, is_stats, is_ir)).collect()
}

/// Those that the search for derivatives leaves out; each paragraph of the list begins with its reason.
pub(crate) fn not_searched() -> BTreeSet<String> {
    let paragraphs = include_str!("not_searched.txt").split("\n\n").skip(1);
    let words = paragraphs.flat_map(|paragraph| paragraph.lines().skip(1)).flat_map(str::split_whitespace);
    words.map(str::to_owned).collect()
}
