//! Common subexpression elimination: an equation that was computed before is not computed again.
//!
//! ```text
//! fn(%0: f32[4], %1: f32[4]) { %2 = add(%0, %1)  %3 = add(%1, %0)  %4 = mul(%2, %3)  return %4 }
//! // cse
//! fn(%0: f32[4], %1: f32[4]) { %2 = add(%0, %1)  %3 = mul(%2, %2)  return %3 }
//! ```

use crate::rebuild::Rebuild;
use gradus_ir::program::{Program, Vars};
use gradus_ir::{Equation, Op};
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};

/// The program in which equal equations are computed once. The operands of commutative operations are sorted.
pub fn cse(program: &Program) -> Program {
    let mut copy = Rebuild::new(program);
    // Hash of an equation -> equations of the copy with that hash.
    let mut seen: FxHashMap<u64, SmallVec<[usize; 1]>> = FxHashMap::default();
    for eqn in program.equations() {
        let mut args = copy.args(eqn);
        if eqn.op.rules().is_commutative() {
            args.sort_unstable();
        }
        if eqn.op.rules().effect().stays() {
            copy.replace(eqn, eqn.op.clone(), args);
            continue;
        }
        let candidates = seen.entry(hash(&eqn.op, &args)).or_default();
        let same = |old: &&Equation| old.op == eqn.op && old.args == args;
        let found = candidates.iter().map(|i| &copy.builder.equations()[*i]).find(same);
        match found.map(|old| old.results.clone()) {
            Some(results) => eqn.results.iter().zip(results).for_each(|(old, new)| copy.set(*old, new)),
            None => {
                candidates.push(copy.builder.equations().len());
                copy.replace(eqn, eqn.op.clone(), args);
            }
        }
    }
    copy.finish()
}

fn hash(op: &Op, args: &Vars) -> u64 {
    let mut state = FxHasher::default();
    (op, args).hash(&mut state);
    state.finish()
}
