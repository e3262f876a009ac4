//! The words of a source file that say what it defines and what it uses.

use super::Names;
use regex::Regex;
use std::collections::BTreeSet;

#[derive(Debug)]
pub(super) struct Use {
    pub(super) path: Names,
    /// What it is called here; `*` for all.
    pub(super) name: String,
    pub(super) exported: bool,
}

#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) file: String,
    pub(super) uses: Vec<Use>,
    /// Paths in code.
    pub(super) paths: Vec<Names>,
    pub(super) items: BTreeSet<String>,
    /// Words in code that can be names of items.
    pub(super) words: BTreeSet<String>,
}

/// Words and signs, without comments, texts and test modules.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let pattern =
        r##"(?s)//[^\n]*|/\*.*?\*/|r#".*?"#|r"[^"]*"|"(?:\\.|[^"\\])*"|'(?:\\[^']+|\\'|[^'\\])'|\s+"##;
    let pattern = format!(r"({pattern})|[A-Za-z_]\w*|\d\w*|::|.");
    let regex = Regex::new(&pattern).expect("internal: a pattern");
    let kept = regex.captures_iter(text).filter(|found| found.get(1).is_none());
    let all: Vec<&str> = kept.map(|found| found.get(0).expect("the whole").as_str()).collect();
    let (mut outside, mut i) = (vec![], 0);
    while i < all.len() {
        if all[i..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]", "mod"]) {
            let mut open = 0;
            i += 8;
            while i < all.len() {
                open += i32::from(all[i] == "{") - i32::from(all[i] == "}");
                i += 1;
                if open == 0 && ["}", ";"].contains(&all[i - 1]) {
                    break;
                }
            }
            continue;
        }
        outside.push(all[i]);
        i += 1;
    }
    outside
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// What a file defines, imports and names.
pub(super) fn scanned(file: &str, tokens: &[&str]) -> Module {
    const DEFINE: [&str; 9] = ["fn", "struct", "enum", "trait", "const", "static", "type", "union", "macro"];
    let mut module = Module { file: file.to_string(), ..Module::default() };
    let before = |i: usize| if i == 0 { "" } else { tokens[i - 1] };
    // Modules inside of the file, by the number of braces around each.
    let (mut inline, mut braces) = (vec![], 0);
    let mut i = 0;
    while i < tokens.len() {
        let next = tokens.get(i + 1).copied().unwrap_or_default();
        if tokens[i] == "use" && next != "<" {
            let exported = ["pub", ")"].contains(&before(i));
            i += 1;
            let first = module.uses.len();
            tree(tokens, &mut i, &[], exported, &mut module.uses);
            module.uses[first..].iter_mut().for_each(|u| of_file(&mut u.path, inline.len()));
        } else if tokens[i] == "mod" && tokens.get(i + 2) == Some(&"{") {
            inline.push(braces);
            braces += 1;
            i += 3;
        } else if DEFINE.contains(&tokens[i]) && before(i) != "*" && is_word(next) && !DEFINE.contains(&next)
        {
            // A name at the outermost level or below: methods are never asked for.
            module.items.insert(next.to_string());
            i += 2;
        } else if is_word(tokens[i]) && next == "::" && !["::", "$", "in", "."].contains(&before(i)) {
            let mut path = vec![tokens[i].to_string()];
            while tokens.get(i + 1) == Some(&"::") && tokens.get(i + 2).is_some_and(|name| is_word(name)) {
                path.push(tokens[i + 2].to_string());
                i += 2;
            }
            module.words.insert(path[0].clone());
            of_file(&mut path, inline.len());
            module.paths.push(path);
            i += 1;
        } else {
            if is_word(tokens[i]) && ![".", "::"].contains(&before(i)) {
                module.words.insert(tokens[i].to_string());
            }
            braces += i32::from(tokens[i] == "{") - i32::from(tokens[i] == "}");
            inline.pop_if(|outside| *outside == braces && tokens[i] == "}");
            i += 1;
        }
    }
    module
}

/// A path written so many modules below that of the file, as one of the file's module.
fn of_file(path: &mut Names, depth: usize) {
    let ups = path.iter().take_while(|name| *name == "super").count();
    path.drain(..ups.min(depth));
    if ups > 0 && ups <= depth {
        path.insert(0, "self".into());
    }
}

/// Reads what stands behind `use`, or a part of its braces, up to the sign behind it.
fn tree(tokens: &[&str], i: &mut usize, prefix: &[String], exported: bool, uses: &mut Vec<Use>) {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(*i) {
        *i += 1;
        match *token {
            "::" => {}
            "{" => {
                while tokens.get(*i).is_some_and(|token| *token != "}") {
                    tree(tokens, i, &path, exported, uses);
                    *i += usize::from(tokens.get(*i) == Some(&","));
                }
                *i += 1;
                return;
            }
            "*" => return uses.push(Use { path, name: "*".into(), exported }),
            "as" => {
                uses.push(Use { path, name: tokens[*i].into(), exported });
                *i += 1;
                return;
            }
            "," | ";" | "}" => {
                *i -= 1;
                break;
            }
            "self" if !prefix.is_empty() => {}
            name => path.push(name.to_string()),
        }
    }
    if let Some(name) = path.last().cloned() {
        uses.push(Use { path, name, exported });
    }
}
