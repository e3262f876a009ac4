//! What common mistakes print: the messages of `#[diagnostic::on_unimplemented]` and of the derive.
//!
//! Each `tests/ui/*.rs` must fail to compile with the messages, labels and notes of the file `.expected`
//! beside it; `BLESS=1` writes those files. Rustc is asked directly, with the library that this test was
//! linked with, so that nothing is built a second time; what rustc adds of its own is left out.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs};

#[test]
fn mistakes_print_what_to_write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("a folder of cases")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect();
    cases.sort();
    assert!(cases.len() > 20, "the cases are found");
    let library = library();
    let next = AtomicUsize::new(0);
    let failures: Vec<String> = std::thread::scope(|s| {
        let work = || {
            std::iter::from_fn(|| cases.get(next.fetch_add(1, Ordering::Relaxed)))
                .filter_map(|case| check(case, &library).err())
                .collect::<Vec<_>>()
        };
        let team: Vec<_> = (0..2).map(|_| s.spawn(work)).collect();
        team.into_iter().flat_map(|t| t.join().expect("no panic")).collect()
    });
    assert!(failures.is_empty(), "{}\nBLESS=1 accepts what is printed now", failures.join("\n"));
}

/// Compares what `case` prints with what is expected.
fn check(case: &Path, library: &Path) -> Result<(), String> {
    let printed = diagnostics(case, library);
    let file = case.with_extension("expected");
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &printed).expect("writable");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    match printed == expected && !printed.is_empty() {
        true => Ok(()),
        false => Err(format!("{} prints\n{printed}but expected is\n{expected}", case.display())),
    }
}

/// The latest build of gradus beside this test's own binary.
fn library() -> PathBuf {
    let me = env::current_exe().expect("a path");
    let built = fs::read_dir(me.parent().expect("a folder")).expect("readable").filter_map(Result::ok);
    let is_gradus = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("libgradus-") && name.ends_with(".rlib")
    };
    let latest =
        built.filter(|e| is_gradus(&e.path())).max_by_key(|e| e.metadata().and_then(|m| m.modified()).ok());
    latest.expect("gradus is built").path()
}

/// Messages, labels and notes of every error of `case`.
fn diagnostics(case: &Path, library: &Path) -> String {
    let folder = library.parent().expect("a folder");
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--error-format=json", "-Awarnings"])
        .arg(format!("--extern=gradus={}", library.display()))
        .arg(format!("-Ldependency={}", folder.display()))
        .arg("-o")
        .arg(env::temp_dir().join(format!("gradus-ui-{}", std::process::id())))
        .arg(case)
        .output()
        .expect("rustc runs");
    let mut text = String::new();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let found: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        if found["level"] == "error" && found["spans"].as_array().is_some_and(|spans| !spans.is_empty()) {
            describe(&found, &mut text);
        }
    }
    text
}

fn describe(found: &Value, text: &mut String) {
    let words = |v: &Value| v.as_str().unwrap_or_default().to_string();
    let code = match found["code"]["code"].as_str() {
        Some(code) => format!("[{code}]"),
        None => String::new(),
    };
    let spans = found["spans"].as_array().cloned().unwrap_or_default();
    let primary = spans.iter().find(|s| s["is_primary"] == true).cloned().unwrap_or_default();
    writeln!(text, "{}: error{code}: {}", primary["line_start"], words(&found["message"])).expect("memory");
    if let Some(label) = primary["label"].as_str() {
        writeln!(text, "  label: {label}").expect("memory");
    }
    let children = found["children"].as_array().cloned().unwrap_or_default();
    let ours =
        children.iter().filter(|c| c["level"] == "note" && c["spans"].as_array().is_some_and(Vec::is_empty));
    // What rustc adds of its own names paths and its inner workings.
    let added = [
        "required for",
        "required because",
        "this error originates",
        "expected reference",
        "expected struct",
        "the full name",
        "consider using",
    ];
    for note in ours.map(|c| words(&c["message"])).filter(|m| !added.iter().any(|a| m.starts_with(a))) {
        writeln!(text, "  note: {note}").expect("memory");
    }
}
