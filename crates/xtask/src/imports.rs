//! Which file uses which, inside of one crate: the order of the compiler's folders, and circles.
//!
//! A name is followed through re-exports to the file that defines it. `mod` lines and re-exports are no imports unless
//! the file says the name itself, methods have no path and are not seen, `#[cfg(test)]` modules play no part.

mod scan;

use crate::sources::{files, root};
use anyhow::Result;
use scan::{Module, Use, scanned, tokens};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

/// The compiler's folders and files: each uses only what stands before it, but for [`EXEMPT`].
const ORDER: [&str; 13] = [
    "config",
    "codegen",
    "runtime",
    "graph",
    "routines",
    "lower",
    "elements",
    "fuse",
    "kernels",
    "schedule",
    "executable",
    "pipeline",
    "lib",
];
/// A configuration names the instructions that may be used.
const EXEMPT: [&str; 2] = ["config.rs", "codegen/isa.rs"];

/// What may stand in circles in `crates/gradus/src`: the list of names, and folders whose `mod.rs` has what its files
/// share.
const OPEN: [&str; 4] = ["lib.rs", "control/", "linalg/", "random/"];

/// Folders of the compiler in their order, and no circle among its files, nor among those of `gradus` but [`OPEN`].
pub(crate) fn check(complaints: &mut Vec<String>) -> Result<()> {
    let compile = read(&root().join("crates/compile/src"))?;
    complaints.extend(compile.against_order().map(|line| format!("crates/compile/src: {line}")));
    complaints
        .extend(compile.circles(|_| true).into_iter().map(|line| format!("crates/compile/src: {line}")));
    let gradus = read(&root().join("crates/gradus/src"))?;
    let circles = gradus.circles(|file| !OPEN.iter().any(|open| file.starts_with(open)));
    complaints.extend(circles.into_iter().map(|line| format!("crates/gradus/src: {line}")));
    Ok(())
}

fn read(folder: &Path) -> Result<Modules> {
    let mut texts = vec![];
    for file in files(folder, "rs")? {
        let name = file.strip_prefix(folder)?.display().to_string();
        texts.push((name, std::fs::read_to_string(&file)?));
    }
    Ok(Modules::of(&texts))
}

/// A path in source, or that of a module from the crate's root.
type Names = Vec<String>;

/// The modules of a crate, each a file.
struct Modules(BTreeMap<Names, Module>);

/// Where a path leads: into the module of a file, and whether it is that module itself.
type Found = (Names, bool);

impl Modules {
    fn of(texts: &[(String, String)]) -> Modules {
        let module = |(file, text): &(String, String)| {
            let names = file.trim_end_matches(".rs").trim_end_matches("mod").trim_end_matches('/');
            let names = names.split('/').filter(|name| *name != "lib").map(str::to_string).collect();
            (names, scanned(file, &tokens(text)))
        };
        Modules(texts.iter().filter(|(file, _)| !file.ends_with("tests.rs")).map(module).collect())
    }

    /// What `name` is in a module; `None` if nothing there is called so. Circles of names end by `depth`.
    fn member(&self, at: &Names, name: &str, depth: usize) -> Option<Found> {
        let child: Names = at.iter().cloned().chain([name.to_string()]).collect();
        if depth == 0 || self.0.contains_key(&child) {
            return (depth > 0).then_some((child, true));
        }
        let module = self.0.get(at)?;
        let mut named = module.uses.iter().filter(|u| u.name == name);
        let mut all = module.uses.iter().filter(|u| u.name == "*");
        // What is imported first: an item of that name is a method then.
        let found = named.find_map(|u| self.resolve(at, &u.path, depth - 1));
        found.or_else(|| module.items.contains(name).then(|| (at.clone(), false))).or_else(|| {
            all.find_map(|u| match self.resolve(at, &u.path, depth - 1)? {
                (inside, true) => self.member(&inside, name, depth - 1),
                _ => None,
            })
        })
    }

    /// Where `path`, written in the module `from`, leads; `None` if out of the crate.
    fn resolve(&self, from: &Names, path: &[String], depth: usize) -> Option<Found> {
        let mut at = match path[0].as_str() {
            "crate" => (vec![], true),
            "self" => (from.clone(), true),
            "super" => (from[..from.len().checked_sub(1)?].to_vec(), true),
            name => self.member(from, name, depth)?,
        };
        for name in &path[1..] {
            at = match at {
                (mut names, true) if name == "super" => {
                    names.pop();
                    (names, true)
                }
                // What a macro defines is seen by its user alone.
                (names, true) => self.member(&names, name, depth).unwrap_or((names, false)),
                item => return Some(item),
            };
        }
        Some(at)
    }

    /// Each file that another uses, with the path that leads there.
    fn edges(&self, with_exports: bool) -> BTreeMap<(&str, &str), String> {
        const DEPTH: usize = 12;
        let mut edges = BTreeMap::new();
        for (from, module) in &self.0 {
            let says = |u: &Use| with_exports || !u.exported || module.words.contains(&u.name);
            let used = module.uses.iter().filter(|u| says(u));
            // A module by itself is a name; what is read of it shows in code.
            let used = used.map(|u| (&u.path, u.name == "*"));
            for (path, whole) in used.chain(module.paths.iter().map(|path| (path, true))) {
                if let Some((to, is_module)) = self.resolve(from, path, DEPTH)
                    && (whole || !is_module)
                    && to != *from
                    && let Some(target) = self.0.get(&to)
                {
                    edges
                        .entry((module.file.as_str(), target.file.as_str()))
                        .or_insert_with(|| path.join("::"));
                }
            }
        }
        edges
    }

    /// The uses that go against the order of the folders.
    fn against_order(&self) -> impl Iterator<Item = String> {
        let rank = |file: &str| {
            let folder = file.split('/').next().unwrap_or(file).trim_end_matches(".rs");
            ORDER.iter().position(|name| *name == folder)
        };
        let wrong = self.edges(true).into_iter().filter_map(move |((from, to), path)| {
            let (Some(own), Some(other)) = (rank(from), rank(to)) else {
                return Some(format!(
                    "{from} uses {to}, and one of them has no place in the order of folders"
                ));
            };
            let is_wrong = other > own && [from, to] != EXEMPT;
            is_wrong.then(|| format!("{from} uses `{path}` of {to}, whose folder comes later"))
        });
        wrong.collect::<Vec<_>>().into_iter()
    }

    /// Circles among the files that belong, the shortest first; none shares a use with another.
    fn circles(&self, belongs: impl Fn(&str) -> bool) -> Vec<String> {
        let edges = self.edges(false);
        let inside: Vec<(&str, &str)> =
            edges.keys().filter(|(a, b)| belongs(a) && belongs(b)).copied().collect();
        let starts: BTreeSet<&str> = inside.iter().map(|(from, _)| *from).collect();
        let mut chains: Vec<Vec<&str>> =
            starts.into_iter().filter_map(|start| circle_through(start, &inside)).collect();
        chains.sort_by_key(Vec::len);
        let (mut told, mut lines) = (BTreeSet::new(), vec![]);
        for chain in chains {
            let uses: Vec<(&str, &str)> = chain.windows(2).map(|pair| (pair[0], pair[1])).collect();
            if uses.iter().all(|pair| !told.contains(pair)) {
                let step = |pair: &(&str, &str)| format!(" -> {} (`{}`)", pair.1, edges[pair]);
                lines.push(format!("a circle: {}{}", chain[0], uses.iter().map(step).collect::<String>()));
            }
            told.extend(uses);
        }
        lines
    }
}

/// The shortest way from `start` back to it.
fn circle_through<'a>(start: &'a str, edges: &[(&'a str, &'a str)]) -> Option<Vec<&'a str>> {
    let (mut came_from, mut waiting) = (BTreeMap::new(), VecDeque::from([start]));
    while let Some(at) = waiting.pop_front() {
        for (_, to) in edges.iter().filter(|(from, _)| *from == at) {
            if came_from.contains_key(to) {
                continue;
            }
            came_from.insert(*to, at);
            waiting.push_back(to);
            if *to == start {
                let mut chain = vec![start, at];
                while chain.last() != Some(&start) {
                    chain.push(came_from[chain.last().expect("not empty")]);
                }
                chain.reverse();
                return Some(chain);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(texts: &[(&str, &str)]) -> Modules {
        Modules::of(
            &texts.iter().map(|(file, text)| (file.to_string(), text.to_string())).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn a_circle_is_told_with_its_chain() {
        let crate_ = modules(&[
            ("lib.rs", "mod a; mod b; pub use a::f;"),
            ("a/mod.rs", "mod inner; use crate::b::{self, g as other}; pub fn f() { b::g() }"),
            ("a/inner.rs", "// use crate::b::g;\nconst TEXT: &str = \"crate::b::g\";"),
            ("b.rs", "pub fn g<'a>(x: &'a str) { crate::f(); }"),
        ]);
        assert_eq!(
            crate_.circles(|_| true),
            ["a circle: a/mod.rs -> b.rs (`crate::b::g`) -> a/mod.rs (`crate::f`)"]
        );
        assert!(crate_.circles(|file| file.starts_with("a/")).is_empty());
        // A second circle through the same use is told when the first is mended.
        let two = modules(&[
            ("a.rs", "use crate::b::g; pub fn f() {}"),
            ("b.rs", "use crate::{a::f, c::h}; pub fn g() {}"),
            ("c.rs", "use crate::a::f; pub fn h() {}"),
            ("d.rs", "use crate::e::k; pub fn i() {}"),
            ("e.rs", "use crate::d::i; pub fn k() {}"),
        ]);
        let found = two.circles(|_| true);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("a circle: a.rs") && found[1].starts_with("a circle: d.rs"),
            "{found:?}"
        );
    }

    #[test]
    fn a_name_is_followed_to_the_file_that_defines_it() {
        let crate_ = modules(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod part; mod user; pub(crate) use part::{*, Shown as Other};"),
            ("c.rs", "pub use crate::b::said; const fn said_not() { said() }"),
            ("a/part.rs", "pub(crate) struct Shown; pub(crate) struct Hidden;"),
            ("a/user.rs", "use super::Other; fn f() { super::part::Hidden; }"),
            ("b.rs", "use crate::a::Hidden; use std::fmt; mod tests_of { } pub fn said() {}"),
        ]);
        let edges: Vec<(&str, &str)> = crate_.edges(false).into_keys().collect();
        assert_eq!(edges, [("a/user.rs", "a/part.rs"), ("b.rs", "a/part.rs"), ("c.rs", "b.rs")]);
        assert!(crate_.circles(|_| true).is_empty());
    }

    #[test]
    fn a_parent_and_its_part_can_be_a_circle() {
        let parent = ("a/mod.rs", "mod part; use part::g; pub(crate) struct Shared;");
        let circle = modules(&[parent, ("a/part.rs", "use super::Shared; pub(super) fn g() {}")]);
        assert_eq!(
            circle.circles(|_| true),
            ["a circle: a/mod.rs -> a/part.rs (`part::g`) -> a/mod.rs (`super::Shared`)"]
        );
        let tests = "pub(super) fn g() {} #[cfg(test)] mod tests { use super::super::Shared; fn f() { } }";
        assert!(modules(&[parent, ("a/part.rs", tests)]).circles(|_| true).is_empty());
        let inline =
            "pub(super) fn g() {} struct Shared; mod deep { use super::Shared; fn f() { super::g(); } }";
        assert!(modules(&[parent, ("a/part.rs", inline)]).circles(|_| true).is_empty());
        let beyond = "pub(super) fn g() {} mod deep { use super::super::Shared; }";
        assert_eq!(modules(&[parent, ("a/part.rs", beyond)]).circles(|_| true).len(), 1);
    }

    #[test]
    fn folders_have_an_order() {
        let crate_ = modules(&[
            ("config.rs", "use crate::codegen::Isa;"),
            ("codegen/mod.rs", "mod isa; pub use isa::Isa;"),
            ("codegen/isa.rs", "pub enum Isa {}"),
            ("graph/mod.rs", "use crate::codegen::Isa; use crate::fuse::fuse; struct Graph;"),
            ("fuse/mod.rs", "use crate::graph::Graph; pub fn fuse() {}"),
        ]);
        let wrong: Vec<String> = crate_.against_order().collect();
        assert_eq!(wrong, ["graph/mod.rs uses `crate::fuse::fuse` of fuse/mod.rs, whose folder comes later"]);
    }
}
