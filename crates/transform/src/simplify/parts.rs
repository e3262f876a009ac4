//! Equations of complex numbers and their parts.

use super::draft::{Draft, Rewrite};
use gradus_ir::Op;
use gradus_ir::ops::elementwise::Parts;
use gradus_ir::program::Var;

pub(super) const EQUATIONS: &[Rewrite] = &[part_of_complex, complex_of_parts];

/// real(complex(x, y)) = x, imag(complex(x, y)) = y
fn part_of_complex(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let part = match op {
        Op::Parts(Parts::Real) => 0,
        Op::Parts(Parts::Imag) => 1,
        _ => return None,
    };
    let eqn = draft.definition(args[0])?;
    (eqn.op == Op::Parts(Parts::Complex)).then(|| eqn.args[part])
}

/// complex(real(z), imag(z)) = z
fn complex_of_parts(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    if *op != Op::Parts(Parts::Complex) {
        return None;
    }
    let of = |k: usize, part: Parts| draft.operand_of(args[k], part);
    let (z, same) = (of(0, Parts::Real)?, of(1, Parts::Imag)?);
    (z == same).then_some(z)
}
