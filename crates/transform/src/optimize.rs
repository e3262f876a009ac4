//! The clean-up before compilation: a readable list of passes, run until nothing changes.
//!
//! ```text
//! fn(%0: f32[4]) { %1 = neg(%0)  %2 = neg(%1)  %3 = sin(%2)  %4 = sin(%0)  %5 = mul(%3, %4)  return %5 }
//! // optimize
//! fn(%0: f32[4]) { %1 = sin(%0)  %2 = mul(%1, %1)  return %2 }
//! ```

use crate::inline_calls::{Calls, inline_calls};
use crate::nested::map_nested;
use crate::{cse, dce, fold_constants, simplify};
use gradus_ir::Program;
use gradus_ir::verify::verify;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A pass with its name.
type Pass = (&'static str, fn(&Program) -> Program);

const PASSES: [Pass; 4] =
    [("simplify", simplify), ("fold_constants", fold_constants), ("cse", cse), ("dce", dce)];

/// One round usually does it; each round sees what the last uncovered.
const MOST_ROUNDS: usize = 4;

/// The program that computes the same and is the least work, nested Programs included.
pub fn optimize(program: &Program) -> Program {
    Optimizer::default().run(&checked("inline_calls", inline_calls(program, Calls::KeepShared)))
}

/// The program without equations that no result needs or that stand there twice: what a derivative is taken of.
///
/// A derivative repeats what it is made of, its derivative repeats that, and so on: k of them are 3ᵏ equations, of
/// which few differ.
pub fn share_equal(program: &Program) -> Program {
    checked("share_equal", cse(&dce(program)))
}

/// Nested Programs that were optimised before.
#[derive(Default)]
struct Optimizer {
    nested: FxHashMap<Arc<Program>, Arc<Program>>,
}

impl Optimizer {
    fn run(&mut self, program: &Program) -> Program {
        let mut program = dce(program);
        for _ in 0..MOST_ROUNDS {
            let mut next = self.nested_programs(&program);
            for (name, pass) in PASSES {
                next = checked(name, pass(&next));
            }
            if next == program {
                break;
            }
            program = next;
        }
        program
    }
    fn nested_programs(&mut self, program: &Program) -> Program {
        map_nested(program, |_, inside| {
            if let Some(known) = self.nested.get(inside) {
                return known.clone();
            }
            let new = Arc::new(self.run(inside));
            self.nested.insert(inside.clone(), new.clone());
            self.nested.insert(new.clone(), new.clone());
            new
        })
    }
}

/// In debug builds, that `program` is well-formed after pass `name`.
fn checked(name: &str, program: Program) -> Program {
    if cfg!(debug_assertions)
        && let Err(error) = verify(&program)
    {
        panic!("internal: pass {name} made a wrong program: {error}\n{program}");
    }
    program
}
