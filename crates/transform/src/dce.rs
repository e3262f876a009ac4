//! Dead code elimination: equations that no result needs, and that do nothing else, are left out.
//!
//! ```text
//! fn(%0: f32[4]) { %1 = sin(%0)  %2 = cos(%0)  return %2 }
//! // dce
//! fn(%0: f32[4]) { %1 = cos(%0)  return %1 }
//! ```

use crate::rebuild::Rebuild;
use gradus_ir::Program;

/// The program without equations that no result needs. Parameters stay.
pub fn dce(program: &Program) -> Program {
    let mut needed = vec![false; program.num_vars()];
    program.results().iter().for_each(|r| needed[r.index()] = true);
    let mut kept = vec![false; program.equations().len()];
    for (i, eqn) in program.equations().iter().enumerate().rev() {
        let does_more = eqn.op.rules().effect().stays();
        kept[i] = does_more || eqn.results.iter().any(|r| needed[r.index()]);
        if kept[i] {
            eqn.args.iter().for_each(|a| needed[a.index()] = true);
        }
    }
    if kept.iter().all(|kept| *kept) {
        return program.clone();
    }
    let mut copy = Rebuild::new(program);
    for (eqn, _) in program.equations().iter().zip(kept).filter(|(_, kept)| *kept) {
        copy.copy(eqn);
    }
    copy.finish()
}
