//! What wrong programs say, word for word: the operation, both shapes or types, the user's line, what to do.
//!
//! Lines and columns are written `L`; `UPDATE_EXPECT=1` rewrites the messages, which are then read by eye.

/// A test for each program: what it says.
macro_rules! wrong_programs {
    ($($name:ident: $f:expr => $expected:expr;)*) => { $(
        #[test]
        fn $name() {
            $expected.assert_eq(&refused($f));
        }
    )* };
}

mod border;
mod control;
mod edits;
mod numpy;
mod operations;
mod transforms;

use gradus::{Array, Dtype, Result, Val, jit, zeros};

/// The message of `result` without line numbers and the path of this folder.
fn message<T>(result: Result<T>) -> String {
    let text = result.err().expect("a wrong program is refused").to_string();
    let mut out = String::new();
    // `folder/file.rs:12:34` becomes `file.rs:L`.
    for (i, part) in text.split(".rs:").enumerate() {
        let part = match i {
            0 => part,
            _ => {
                out.push_str(".rs:L");
                part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':')
            }
        };
        let part = part.replace("crates/gradus/", "").replace("tests/errors/", "");
        // The program of all tests is called so.
        let part = part.replace("`all::", "`");
        out.push_str(&part);
    }
    out
}

/// The message of a function of a matrix `[2, 3]`, a vector `[4]` and an integer vector `[2]`.
#[track_caller]
fn refused(f: impl Fn(Val, Val, Val) -> Val + Send + Sync + 'static) -> String {
    let f = jit(move |x: &Val, v: &Val, i: &Val| f(*x, *v, *i));
    let x = Array::from([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    message(f(&x, &Array::from([1.0f32, 2.0, 3.0, 4.0]), &Array::from([0i32, 1])))
}

/// A value of type `f32[shape]`.
fn of_shape(shape: impl gradus::IntoExtents) -> Val {
    zeros(shape, Dtype::F32)
}
