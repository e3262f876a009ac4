//! Simplification: named equations, applied from left to right until none fits.
//!
//! ```text
//! fn(%0: f32[4]) { %1 = constant {value = f32[] [1.0]}  %2 = broadcast(%1) {..}  %3 = mul(%0, %2)  return %3 }
//! // simplify
//! fn(%0: f32[4]) { return %0 }
//! ```
//!
//! Rules for equations: an equation is directed and never makes a program worse; it holds for every value, NaN,
//! infinities and the sign of zero included; its doc comment is the equation. Equations stand in the file of what
//! they match. Results of equations are simplified again, so that equations compose.

mod arithmetic;
mod contraction;
mod draft;
mod elementwise;
mod logic;
mod movement;
mod parts;
mod reduction;
mod selection;

use crate::rebuild::Rebuild;
use draft::Draft;
use gradus_ir::Program;

/// The program after every equation that fits. What it leaves unread is for [`dce`](crate::dce()).
pub fn simplify(program: &Program) -> Program {
    let mut draft = Draft::new(Rebuild::new(program));
    for eqn in program.equations() {
        let args = draft.copy.args(eqn);
        match eqn.results[..] {
            [result] => {
                let new = draft.at(eqn.place).write(eqn.op.clone(), &args);
                draft.copy.set(result, new);
            }
            _ => draft.copy_whole(eqn),
        }
    }
    draft.copy.finish()
}
