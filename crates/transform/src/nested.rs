//! Programs inside of operations: `call`, loops, branches.

use crate::rebuild::Rebuild;
use gradus_ir::{Op, Program};
use std::sync::Arc;

/// The program in which every Program inside of an operation is what `f` makes of it.
pub(crate) fn map_nested(
    program: &Program,
    mut f: impl FnMut(&Op, &Arc<Program>) -> Arc<Program>,
) -> Program {
    if program.equations().iter().all(|eqn| eqn.op.rules().programs().is_empty()) {
        return program.clone();
    }
    let mut copy = Rebuild::new(program);
    for eqn in program.equations() {
        let inside: Vec<Arc<Program>> =
            eqn.op.rules().programs().into_iter().map(|p| f(&eqn.op, p)).collect();
        let op = if inside.is_empty() { None } else { eqn.op.rules().with_programs(inside) };
        let args = copy.args(eqn);
        copy.replace(eqn, op.unwrap_or_else(|| eqn.op.clone()), args);
    }
    copy.finish()
}
