//! Dead code elimination: equations that no result needs are left out.
//!
//! ```text
//! fn(%0: f32[4]) { %1 = sin(%0)  %2 = cos(%0)  return %2 }
//! // dce
//! fn(%0: f32[4]) { %1 = cos(%0)  return %1 }
//! ```

use gradus_ir::program::{Builder, Program, Var, Vars};

/// The program without equations that no result needs. Parameters stay.
pub fn dce(program: &Program) -> Program {
    let mut needed = vec![false; program.num_vars()];
    program.results().iter().for_each(|r| needed[r.index()] = true);
    let mut kept = vec![false; program.equations().len()];
    for (i, eqn) in program.equations().iter().enumerate().rev() {
        kept[i] = eqn.results.iter().any(|r| needed[r.index()]);
        if kept[i] {
            eqn.args.iter().for_each(|a| needed[a.index()] = true);
        }
    }
    if kept.iter().all(|kept| *kept) {
        return program.clone();
    }
    let mut builder = Builder::new();
    let mut name: Vec<Option<Var>> = vec![None; program.num_vars()];
    for param in program.params() {
        name[param.index()] = Some(builder.param(program.ty(param).clone()));
    }
    let kept = program.equations().iter().zip(kept).filter(|(_, kept)| *kept);
    for (eqn, _) in kept {
        let rename = |a: &Var| name[a.index()].expect("internal: what is read is kept");
        let args: Vars = eqn.args.iter().map(rename).collect();
        let types = eqn.results.iter().map(|r| program.ty(*r).clone());
        let results = builder.push(eqn.op.clone(), args, types, eqn.place);
        for (old, new) in eqn.results.iter().zip(results) {
            name[old.index()] = Some(new);
        }
    }
    let results: Vec<Var> = program.results().iter().filter_map(|r| name[r.index()]).collect();
    builder.finish(&results)
}
