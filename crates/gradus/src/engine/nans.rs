//! Finding the operation that made the first NaN, by running the Program through the interpreter.

use crate::{Array, Error};
use gradus_ir::{ErrorKind, Place, Program};

/// Whether a float element is NaN.
pub(super) fn has_nan(array: &Array) -> bool {
    array.dtype().is_inexact() && array.parts().to_f64_vec().iter().any(|x| x.is_nan())
}

/// The error that names the first operation with a NaN among its results and none among its operands.
///
/// # Errors
/// If the interpreter refuses the Program.
pub(super) fn first_nan(program: &Program, args: &[Array]) -> Result<Error, Error> {
    let refused =
        |message: String, op: &'static str, place| Error::new(op, ErrorKind::invalid(message), place);
    if let Some(i) = args.iter().position(has_nan) {
        let message = format!("argument {i} ({}) holds NaN already", args[i].ty());
        return Ok(refused(message, "debug_nans", Place::unknown()));
    }
    let mut env: Vec<Option<Array>> = args.iter().cloned().map(Some).collect();
    env.resize(program.num_vars(), None);
    for eqn in program.equations() {
        let rules = eqn.op.rules();
        let read = |a: &gradus_ir::Var| env[a.index()].as_ref().expect("internal: defined before");
        let operands: Vec<&Array> = eqn.args.iter().map(read).collect();
        let results = rules.eval(&operands).map_err(|kind| Error::new(rules.name(), kind, eqn.place))?;
        if results.iter().any(has_nan) {
            let shown: Vec<String> =
                operands.iter().map(|a| format!("{}: {}", a.ty(), shortened(a))).collect();
            let message = format!("the first NaN is made here, from {}", shown.join("; "));
            return Ok(refused(message, rules.name(), eqn.place));
        }
        for (var, result) in eqn.results.iter().zip(results) {
            env[var.index()] = Some(result);
        }
    }
    let message =
        "a compiled result is NaN where the interpreter's is not: values on the way overflow in one only";
    Ok(refused(message.into(), "debug_nans", Place::unknown()))
}

/// The values that a message has room for.
fn shortened(array: &Array) -> String {
    const MOST: usize = 8;
    let values = array.to_f64_vec();
    let shown: Vec<String> = values.iter().take(MOST).map(f64::to_string).collect();
    let more = if values.len() > MOST { ", .." } else { "" };
    format!("[{}{more}]", shown.join(", "))
}
