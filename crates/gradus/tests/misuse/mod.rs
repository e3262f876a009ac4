//! Every public function called wrongly: an error names the function and the test's own line, and nothing panics.
//!
//! A table holds one call of each; what is wrong is what they are given: a value of another trace, another shape, an
//! axis that is not there, extents whose product no machine holds. A public function in no table fails the last test.

/// What a call is given: a value, a key, an axis, extents.
#[derive(Clone, Copy)]
pub(crate) struct Wrong {
    x: Val,
    k: Val,
    a: i64,
    e: [i64; 2],
}

/// A function's name, a call of it, and the call's text.
pub(crate) struct Call {
    name: &'static str,
    call: fn(Wrong),
    text: &'static str,
}

/// The table of that name, of calls written with the names of what they are given.
macro_rules! calls {
    ($list:ident($x:ident, $k:ident, $a:ident, $e:ident); $($name:ident: $call:expr,)*) => {
        pub(crate) const $list: &[$crate::misuse::Call] = &[$($crate::misuse::Call {
            name: stringify!($name),
            call: |Wrong { x: $x, k: $k, a: $a, e: $e }| {
                let _ = ($x, $k, $a, $e);
                let _ = $call;
            },
            text: stringify!($call),
        }),*];
    };
}

mod functions;
mod modules;
mod shapes;
mod values;

use gradus::{Array, Complex, Dtype, Error, Type, Val, random, trace, zeros};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

fn all() -> impl Iterator<Item = &'static Call> {
    [values::VALUES, shapes::SHAPES, modules::MODULES, functions::FUNCTIONS].into_iter().flatten()
}

/// The error of a call on `x`, if it is refused.
///
/// # Errors
/// The text of a panic.
fn error_of(call: &Call, x: &Array, a: i64, e: [i64; 2]) -> Result<Option<Error>, String> {
    let run = call.call;
    let traced = || {
        trace(move |x: &Val, k: &Val| {
            run(Wrong { x: *x, k: *k, a, e });
            Val::from(0.0)
        })(x, &random::seed(0))
    };
    catch_unwind(AssertUnwindSafe(traced)).map(|result| result.err()).map_err(|payload| text_of(&*payload))
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

/// What is wrong with how an error speaks, if something is.
fn complaint(call: &Call, error: &Error) -> Option<String> {
    let file = error.place().location().map_or("no file", |at| at.file());
    let own = Path::new(file).components().any(|part| part.as_os_str() == "misuse");
    let (op, name) = (error.op().rsplit(['.', ':']).next().unwrap_or_default(), call.name);
    // `sum_axes` is an error of `sum`; `.index(..).set(..)` one of `set_at`.
    let named = op == name.trim_end_matches('_')
        || name.strip_prefix(op).is_some_and(|rest| rest.starts_with('_'))
        || op.strip_suffix("_at") == Some(name)
        // What the user's own closure refuses carries the name of what it called.
        || call.text.contains('|') && own
        || OTHER_NAMES.contains(&(name, op));
    let text = error.to_string();
    let plain = !text.contains("{{closure}}") && !text.contains("internal");
    (!own || !named || !plain).then(|| format!("{}: {}", call.text, text.replace('\n', " ")))
}

/// Functions whose errors carry another name that says as much.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("of", "vmap"),
    ("of", "dot_product_attention"),
    ("of", "histogram"),
    ("edges", "histogram"),
    ("draw", "choice"),
    ("run", "scan"),
    ("run", "associative_scan"),
    ("multiply", "mul_at"),
    ("apply", "get"),
];

#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{}:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn a_value_of_another_trace_is_refused_at_the_users_line() {
    let kept = Mutex::new(None);
    trace(|x: &Val, k: &Val| {
        *kept.lock().unwrap() = Some((*x, *k));
        *x
    })(&Array::from([1.0f32]), &random::seed(0))
    .unwrap();
    let (x, k) = kept.into_inner().unwrap().unwrap();
    let mut complaints = vec![];
    let reads = |word: &str| word == "x" || word == "k";
    for call in all().filter(|call| call.text.split(|c: char| !c.is_alphanumeric()).any(reads)) {
        let run = call.call;
        let traced = || {
            trace(move |_: &Val| {
                run(Wrong { x, k, a: 0, e: [2, 2] });
                Val::from(0.0)
            })(&Array::from(0.0f32))
        };
        match catch_unwind(AssertUnwindSafe(traced)) {
            Ok(Err(error)) => complaints.extend(complaint(call, &error)),
            Ok(Ok(_)) => complaints.push(format!("{}: accepted", call.text)),
            Err(payload) => complaints.push(format!("{}: panicked: {}", call.text, text_of(&*payload))),
        }
    }
    none(complaints);
}

/// Operands that many functions do not take: ranks, element types, nothing, extents without a product.
fn operands() -> Vec<Array> {
    let zeros = |dtype, shape: &[usize]| Array::zeros(Type::new(dtype, shape));
    let mut all: Vec<Array> = [
        &[][..],
        &[0],
        &[3],
        &[2, 3],
        &[0, 2],
        &[2, 3, 4, 1, 1],
        &[1 << 62, 4, 0],
        &[0, usize::MAX],
        &[usize::MAX, 0],
    ]
    .iter()
    .map(|shape| zeros(Dtype::F32, shape))
    .collect();
    for dtype in [Dtype::Bool, Dtype::I32, Dtype::U8, Dtype::F16, Dtype::Complex64] {
        all.push(zeros(dtype, &[3]));
        all.push(zeros(dtype, &[2, 2]));
    }
    all.push(Array::scalar(Complex::new(1.0f64, f64::NAN)));
    all
}

#[test]
fn wrong_operands_are_refused_at_the_users_line() {
    let operands = operands();
    let matrix = &operands[3];
    let mut complaints = vec![];
    for call in all() {
        let same = operands.iter().map(|x| (x, 0, [2, 2]));
        let others = [(7, [2, 2]), (-9, [2, 2]), (0, [-3, 2]), (0, [i64::MAX; 2]), (1, [1 << 62, 0])];
        for (x, a, e) in same.chain(others.map(|(a, e)| (matrix, a, e))) {
            let found = match error_of(call, x, a, e) {
                Ok(error) => error.and_then(|error| complaint(call, &error)),
                Err(panic) => Some(format!("{}: panicked: {panic}", call.text)),
            };
            if let Some(found) = found {
                complaints.push(format!("{found} [{}, {a}, {e:?}]", x.ty()));
                break;
            }
        }
    }
    none(complaints);
}

#[test]
fn empty_arrays_whose_extents_have_no_product_are_computed() {
    let mut complaints = vec![];
    for call in all() {
        for shape in [[usize::MAX, 0], [0, usize::MAX]] {
            let (x, key) = (Array::zeros(Type::new(Dtype::F32, shape)), random::seed(0));
            let run = call.call;
            let program = |inside: bool| {
                trace(move |x: &Val, k: &Val| {
                    let x = if inside { zeros(shape, Dtype::F32) } else { *x };
                    run(Wrong { x, k: *k, a: 0, e: [2, 2] });
                    x.sum()
                })(&x, &key)
            };
            // Every equation, used or not: by the interpreter, and by the passes, which fold constants.
            let computed = || {
                if let Ok(program) = program(false) {
                    let args = [x.clone(), key.clone()];
                    let rest = program.num_params() - args.len();
                    if rest == 0 {
                        let _ = gradus_ir::eval::eval(&program, &args);
                    }
                    let _ = gradus_transform::fold_constants(&program);
                }
            };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(computed)) {
                complaints.push(format!("{} of {shape:?}: {}", call.text, text_of(&*payload)));
                break;
            }
            let folded = || program(true).map(|program| gradus_transform::fold_constants(&program));
            if let Err(payload) = catch_unwind(AssertUnwindSafe(folded)) {
                complaints.push(format!("{} of {shape:?}, folded: {}", call.text, text_of(&*payload)));
                break;
            }
        }
    }
    none(complaints);
}

#[test]
fn a_call_outside_of_a_trace_names_the_users_line() {
    let mut complaints = vec![];
    for call in all() {
        let literal = Val::from(1.5);
        let called = || (call.call)(Wrong { x: literal, k: literal, a: 0, e: [2, 2] });
        if let Err(payload) = catch_unwind(AssertUnwindSafe(called)) {
            let text = text_of(&*payload);
            if !text.contains("misuse/") {
                complaints.push(format!("{}: {}", call.text, text.replace('\n', " ")));
            }
        }
    }
    none(complaints);
}

/// Public functions that take nothing that can be wrong, or that no user calls.
const CANNOT_BE_WRONG: &[&str] = &[
    // What is known of a value; asked of a wrong one they unwind to the border.
    "ty",
    "shape",
    "rank",
    "size",
    "dtype",
    "is_weak",
    "is_complex",
    "promote_types",
    "keep",
    "is_same",
    // What functions of one's own speak with.
    "as_operation",
    "refuse",
    // Configurations, which the functions that take them check.
    "new",
    "with",
    "with_edges",
    "weights",
    "bandwidth",
    "named",
    "features_first",
    "by",
    "bias",
    "mask",
    "scale",
    "causal",
    "local_window",
    "query_lengths",
    "key_lengths",
    "range",
    "density",
    "mode",
    "unique",
    "index",
    "name",
    "size",
    "inputs",
    "outputs",
    // Of a jitted function.
    "program",
    "memory",
    "explain",
    "jit",
    // Of trees of data, outside of traces; what derives call.
    "seed",
    "leaves_with_path",
    "partition",
    "filter",
    "combine",
    "unflatten",
    "static_field",
    "static_part",
    "same_static",
    "copy_static",
    "within",
    "inside",
    "entry",
    "kept_state",
    "run",
];

/// Every file of Rust below a folder.
fn sources(folder: PathBuf) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let read = |path: PathBuf| match path.is_dir() {
        true => sources(path),
        false => vec![std::fs::read_to_string(path).expect("text")],
    };
    entries.flat_map(read).collect()
}

#[test]
fn every_public_function_is_called() {
    let known: BTreeSet<&str> = all().map(|call| call.name).chain(CANNOT_BE_WRONG.iter().copied()).collect();
    let mut missing = BTreeSet::new();
    for source in sources(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for line in source.lines().map(str::trim_start) {
            let Some(rest) = line.strip_prefix("pub fn ") else { continue };
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            if !name.is_empty() && !known.contains(name) {
                missing.insert(name.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "in no table of tests/misuse: {missing:?}");
    assert!(known.len() > 600, "only {}", known.len());
}
