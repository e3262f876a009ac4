//! What the compiler does not check: that the house stays in order.

use crate::sources::{files, packages, root, shown};
use anyhow::{Context, Result, bail};
use std::path::Path;

const MOST_LINES: usize = 800;
const WIDEST_LINE: usize = 120;

/// The crates from the highest to the lowest; each may depend only on those below it.
const ORDER: [&str; 9] = [
    "gradus-nn",
    "gradus",
    "gradus-macros",
    "gradus-compile",
    "gradus-transform",
    "gradus-ir",
    "gradus-array",
    "gradus-kernel",
    "gradus-library",
];

pub(crate) fn run() -> Result<()> {
    let mut complaints = vec![];
    sources(&mut complaints)?;
    edges(&mut complaints)?;
    crate::imports::check(&mut complaints)?;
    dependencies(&mut complaints)?;
    unused(&mut complaints)?;
    features_of_examples(&mut complaints)?;
    crate::report::check_readme(&mut complaints)?;
    for complaint in &complaints {
        println!("{complaint}");
    }
    match complaints.len() {
        0 => {
            println!("tidy: in order");
            Ok(())
        }
        n => bail!("tidy: {n} complaints"),
    }
}

/// Every source file has a header, no loose ends, and a size one can read.
fn sources(complaints: &mut Vec<String>) -> Result<()> {
    for file in files(&root(), "rs")? {
        let text = std::fs::read_to_string(&file)?;
        let name = shown(&file);
        // Compile-fail programs are read together with the messages beside them.
        if name.contains("tests/ui/") {
            continue;
        }
        if !text.starts_with("//!") {
            complaints.push(format!("{name}: begins without a `//!` that says what it holds"));
        }
        if text.lines().count() > MOST_LINES {
            complaints.push(format!("{name}: more than {MOST_LINES} lines"));
        }
        for (i, line) in text.lines().enumerate() {
            // The texts of messages are as wide as they are.
            let is_message = name.contains("tests/errors/") && line.starts_with("        ");
            if let Some(what) = complaint_about(line).filter(|_| !is_message) {
                complaints.push(format!("{name}:{}: {what}", i + 1));
            }
        }
    }
    Ok(())
}

fn complaint_about(line: &str) -> Option<String> {
    // Written in two halves, or this file would complain about itself.
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimpl", "emented!(")];
    if let Some(mark) = marks.iter().find(|mark| line.contains(**mark)) {
        return Some(format!("{mark} is a promise; keep it or delete it"));
    }
    // A text or a table's row stays on one line.
    if line.chars().count() > WIDEST_LINE && !line.contains(['"', '[']) {
        return Some(format!("wider than {WIDEST_LINE} columns"));
    }
    (line.trim_end() != line).then(|| "trailing space".into())
}

/// A manifest without code, which others ask for so that all ask for the same features.
const WITHOUT_CODE: &str = "gradus-features";

/// The crate graph points down.
fn edges(complaints: &mut Vec<String>) -> Result<()> {
    for (i, name) in ORDER.iter().enumerate() {
        let folder = name.strip_prefix("gradus-").unwrap_or(name);
        let path = root().join("crates").join(folder).join("Cargo.toml");
        let text = std::fs::read_to_string(&path).with_context(|| shown(&path))?;
        let dependencies = text.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for other in &ORDER[..=i] {
            if dependencies.lines().any(|l| l.split(['.', ' ', '=']).next() == Some(other)) {
                complaints.push(format!("{}: {name} depends on {other}, which lies above it", shown(&path)));
            }
        }
    }
    Ok(())
}

/// Each dependency of the workspace has its reason, and a package that asks for it.
fn dependencies(complaints: &mut Vec<String>) -> Result<()> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml"))?;
    let reasons = root().join("docs/design/dependencies.md");
    let reasons = read_or_empty(&reasons)?;
    let mut asked_for: Vec<String> = vec![];
    for folder in packages()? {
        asked_for.extend(read_or_empty(&folder.join("Cargo.toml"))?.lines().map(str::to_string));
    }
    let own = manifest.split("[package]").nth(1).unwrap_or_default();
    asked_for.extend(own.lines().map(str::to_string));
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    for line in section.lines() {
        let Some((name, _)) = line.split_once('=') else { continue };
        let name = name.trim();
        if !name.starts_with('#') && !asked_for.iter().any(|line| line.split(['.', ' ']).next() == Some(name))
        {
            complaints.push(format!("Cargo.toml: no package depends on `{name}`"));
        }
        if !name.starts_with('#') && !name.starts_with("gradus") && !reasons.contains(&format!("`{name}`")) {
            complaints.push(format!("docs/design/dependencies.md: no reason for `{name}`"));
        }
    }
    Ok(())
}

/// Each package names in its sources what it depends on, but itself with other features.
fn unused(complaints: &mut Vec<String>) -> Result<()> {
    let folders = packages()?;
    // Examples of the first package lie beside those that are packages.
    let mut own = vec![root().join("tests/without_libraries.rs")];
    for entry in std::fs::read_dir(root().join("examples"))? {
        own.extend(Some(entry?.path()).filter(|path| !folders.contains(path)));
    }
    own.retain(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "rs"));
    let mut packages = vec![(root().join("Cargo.toml"), own)];
    for folder in folders {
        let benches = (folder == root().join("tests")).then(|| root().join("benches"));
        packages.push((folder.join("Cargo.toml"), [folder].into_iter().chain(benches).collect()));
    }
    for (manifest, sources) in packages {
        let text = std::fs::read_to_string(&manifest).with_context(|| shown(&manifest))?;
        let own = text.split("name = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        if own == WITHOUT_CODE {
            continue;
        }
        let mut code = String::new();
        for source in sources {
            let all = if source.is_dir() { files(&source, "rs")? } else { vec![source] };
            for file in all {
                code += &std::fs::read_to_string(&file)?;
            }
        }
        for name in asked_for(&text).filter(|name| ![WITHOUT_CODE, own].contains(name)) {
            let path = name.replace('-', "_");
            if !regex::Regex::new(&format!(r"\b{path}::|\buse {path}\b"))?.is_match(&code) {
                complaints.push(format!("{}: no source names `{name}`", shown(&manifest)));
            }
        }
    }
    Ok(())
}

/// The tests of every example ask for the features that the workspace has, the example itself for those of mnist.
fn features_of_examples(complaints: &mut Vec<String>) -> Result<()> {
    for folder in packages()?.iter().filter(|folder| folder.starts_with(root().join("examples"))) {
        let manifest = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest)?;
        let asks = |section: &str| {
            let section =
                text.split(&format!("\n[{section}]")).nth(1).and_then(|rest| rest.split("\n[").next());
            section.is_some_and(|section| {
                asked_for(&format!("\n[dependencies]{section}")).any(|name| name == WITHOUT_CODE)
            })
        };
        if !asks("dev-dependencies") || asks("dependencies") {
            complaints
                .push(format!("{}: `{WITHOUT_CODE}` belongs to its dev-dependencies", shown(&manifest)));
        }
    }
    Ok(())
}

/// What a manifest depends on, for tests too.
fn asked_for(manifest: &str) -> impl Iterator<Item = &str> {
    let sections = manifest.split("\n[").filter(|section| {
        let title = section.split(']').next().unwrap_or_default();
        title.ends_with("dependencies") && !title.starts_with("workspace")
    });
    let lines = sections.flat_map(|section| section.lines().skip(1));
    lines
        .filter(|line| line.contains('=') && !line.starts_with('#'))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
}

fn read_or_empty(path: &Path) -> Result<String> {
    if path.exists() { Ok(std::fs::read_to_string(path)?) } else { Ok(String::new()) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_manifest_says_what_it_depends_on() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\n# why\nhalf.workspace = true\n\n[dev-dependencies]\nserde = { workspace = true }\n";
        assert_eq!(super::asked_for(manifest).collect::<Vec<_>>(), ["half", "serde"]);
    }

    #[test]
    fn the_house_is_in_order() {
        super::run().unwrap();
    }
}
