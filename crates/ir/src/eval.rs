//! The reference interpreter: one operation after the other, by its own meaning.

use crate::{Array, Error, ErrorKind, Program};

/// Runs `program` on `args`.
///
/// # Errors
/// If the arguments are not of the parameters' types, or an operation refuses its values.
pub fn eval(program: &Program, args: &[Array]) -> Result<Vec<Array>, Error> {
    check_args(program, args)?;
    let mut env: Vec<Option<Array>> = args.iter().cloned().map(Some).collect();
    env.resize(program.num_vars(), None);
    let mut last_use = vec![0; program.num_vars()];
    for (i, eqn) in program.equations().iter().enumerate() {
        eqn.args.iter().for_each(|a| last_use[a.index()] = i);
    }
    program.results().iter().for_each(|r| last_use[r.index()] = usize::MAX);
    for (i, eqn) in program.equations().iter().enumerate() {
        let read = |a: &crate::Var| env[a.index()].as_ref().expect("internal: a value still in use");
        let args: Vec<&Array> = eqn.args.iter().map(read).collect();
        let results = eqn.op.rules().eval(&args);
        let results = results.map_err(|kind| Error::new(eqn.op.rules().name(), kind, eqn.place))?;
        for (var, result) in eqn.results.iter().zip(results) {
            debug_assert_eq!(
                program.ty(*var),
                result.ty(),
                "internal: {} evaluates to its type",
                eqn.op.rules().name()
            );
            env[var.index()] = Some(result);
        }
        for a in eqn.args.iter().filter(|a| last_use[a.index()] == i) {
            env[a.index()] = None;
        }
    }
    let read = |r: &crate::Var| env[r.index()].clone().expect("internal: results are kept");
    Ok(program.results().iter().map(read).collect())
}

/// Whether `args` are what `program` takes.
///
/// # Errors
/// If their number or a type differs.
pub fn check_args(program: &Program, args: &[Array]) -> Result<(), Error> {
    let expected = program.param_types();
    if args.len() != expected.len() {
        let message = format!("the program takes {} arguments, not {}", expected.len(), args.len());
        return Err(Error::new("eval", ErrorKind::invalid(message), Default::default()));
    }
    for (i, (arg, ty)) in args.iter().zip(expected).enumerate() {
        if arg.ty() != ty {
            let message = format!("argument {i} is {}, but the program takes {ty}", arg.ty());
            return Err(Error::new("eval", ErrorKind::invalid(message), Default::default()));
        }
    }
    Ok(())
}
