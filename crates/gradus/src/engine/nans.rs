//! Finding the operation that made the first NaN, by running the Program through the interpreter.

use crate::{Array, Error};
use gradus_ir::eval::{eval_until_nan, has_nan};
use gradus_ir::ops::effect::without_effects;
use gradus_ir::{ErrorKind, Program, SourceLocation};
use std::sync::Arc;

/// The error that names the first operation with a NaN among its results and none among its operands; loops and
/// branches are looked into. Nothing is printed, called back or checked for the second time.
pub(super) fn first_nan(program: &Arc<Program>, args: &[Array]) -> Error {
    let refused =
        |message: String| Error::new("debug_nans", ErrorKind::invalid(message), SourceLocation::unknown());
    if let Some(i) = args.iter().position(has_nan) {
        return refused(format!("argument {i} ({}) holds NaN already", args[i].ty()));
    }
    match eval_until_nan(&without_effects(program), args) {
        Err(error) => error,
        Ok(_) => refused(
            "a compiled result is NaN where the interpreter's is not: values on the way overflow in one only"
                .into(),
        ),
    }
}
