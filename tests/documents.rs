//! What the documents show of the code is what the code does; `BLESS=1` rewrites the walk in ARCHITECTURE.md.

use gradus::{Array, Val, grad, jit, trace};
use gradus_transform::{Linearized, jvp, linearize, optimize, vjp};
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str = "<!-- walk: written by `BLESS=1 cargo test -p gradus-tests --test all documents::` -->\n";
const END: &str = "<!-- end of the walk -->";

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn f(x: &Val) -> Val {
    (x.sin() * x).sum()
}

fn walk() -> String {
    let x = Array::from([1.0f32, 2.0, 3.0, 4.0]);
    let traced = trace(f)(&x).expect("a right program");
    let (pushed, _) = jvp(&traced, &[true]);
    let Linearized { primal, linear, .. } = linearize(&traced, &[true]);
    let backward = vjp(&traced, &[true], &[true]).backward;
    let gradient = trace(grad(f))(&x).expect("a right program");
    let compiled = jit(grad(f));
    compiled(&x).expect("a right program");
    let mut text = String::from("```text\n");
    let mut stage = |what: &str, program: &dyn std::fmt::Display| {
        let _ = writeln!(text, "// {what}\n{}", program.to_string().trim_end());
    };
    stage("trace(f) runs the function once and writes down what it did", &traced);
    stage("jvp follows every equation by its tangent, by the rule of the primitive", &pushed);
    stage("linearize separates what needs no tangent, and returns what the rest needs", &primal);
    stage("from what is linear in the tangent", &linear);
    stage("transpose turns that around, from the cotangent of the result to that of x", &backward);
    stage("both halves in one, simplified, folded, merged and without dead code: the gradient", &{
        optimize(&gradient)
    });
    let explained = compiled.explain();
    let steps = explained.split_once("compiled:\n").expect("steps").1;
    let kernels = steps.lines().filter_map(|line| line.split_once("  [")).map(|(step, _)| step.trim());
    let kernels = kernels.collect::<Vec<_>>().join("\n");
    stage("compile fuses it into one kernel, a loop over lanes of four floats", &kernels);
    text + "```\n"
}

#[test]
fn architecture_shows_the_walk_as_it_is() {
    let path = root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).expect("ARCHITECTURE.md");
    let (before, rest) = text.split_once(BEGIN).expect("the place of the walk");
    let (shown, after) = rest.split_once(END).expect("the end of the walk");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", walk())).expect("writable");
        return;
    }
    assert_eq!(shown, walk(), "BLESS=1 cargo test -p gradus-tests --test all documents:: rewrites it");
}

#[test]
fn contributing_shows_a_record_as_it_stands() {
    let read = |path: &str| {
        let path = root().join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let text = read("CONTRIBUTING.md");
    let diff = text.split_once("```diff\n").expect("a diff").1.split_once("```").expect("its end").0;
    let added: Vec<&str> = diff.lines().filter_map(|line| line.strip_prefix('+')).collect();
    assert!(added.len() > 5, "the diff adds a record");
    let record = added.join("\n");
    assert!(read("crates/ir/src/ops/elementwise/unary.rs").contains(&record), "not in unary.rs:\n{record}");
}
