//! Checks that the user asked for: equations that make the call an error where a result would mean nothing.
//!
//! ```text
//! fn(%0: f32[], %1: f32[]) { %2 = div(%0, %1)  return %2 }
//! // instrument, divisions by zero
//! fn(%0: f32[], %1: f32[]) { %2 = .. ne(%1, 0)  check(.., %2) {..}  %3 = div(%0, %1)  return %3 }
//! ```

use crate::nested::map_nested;
use crate::write::write;
use gradus_ir::ops::{Hazard, effect};
use gradus_ir::trace::at_place;
use gradus_ir::{Op, Program, Val, Vals, bind};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What is checked in a running program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Checks {
    /// No float operation makes a NaN.
    pub nan: bool,
    /// No index is out of bounds, whatever its mode says about such.
    pub out_of_bounds: bool,
    /// No divisor is zero.
    pub division_by_zero: bool,
}

impl Checks {
    /// All of them.
    pub const ALL: Checks = Checks { nan: true, out_of_bounds: true, division_by_zero: true };

    fn include(self, hazard: Hazard) -> bool {
        match hazard {
            Hazard::OutOfBounds => self.out_of_bounds,
            Hazard::DivisionByZero => self.division_by_zero,
        }
    }
}

/// The program with a check, at the user's line, for each equation that may go wrong; loops and branches included.
pub fn instrument(program: &Program, checks: Checks) -> Program {
    if checks == Checks::default() {
        return program.clone();
    }
    instrumented(program, checks, &mut FxHashMap::default())
}

fn instrumented(
    program: &Program,
    checks: Checks,
    done: &mut FxHashMap<Arc<Program>, Arc<Program>>,
) -> Program {
    let program = map_nested(program, |op, inside| {
        if !op.rules().admits_effects() {
            return inside.clone();
        }
        if let Some(known) = done.get(inside) {
            return known.clone();
        }
        let new = Arc::new(instrumented(inside, checks, done));
        done.insert(inside.clone(), new.clone());
        new
    });
    write(program.param_types(), |inputs| {
        let mut values = inputs.to_vec();
        for eqn in program.equations() {
            let args: Vals = eqn.args.iter().map(|a| values[a.index()]).collect();
            values.extend(at_place(eqn.place, || checked(&eqn.op, &args, checks)));
        }
        program.results().iter().map(|r| values[r.index()]).collect()
    })
}

/// Writes the operation between its checks.
fn checked(op: &Op, args: &[Val], checks: Checks) -> Vals {
    let name = op.rules().name();
    for (hazard, holds) in op.rules().hazards(args) {
        if checks.include(hazard) {
            let message = match hazard {
                Hazard::OutOfBounds => format!("an index of `{name}` is out of bounds"),
                Hazard::DivisionByZero => format!("`{name}` divides by zero"),
            };
            effect::check(holds, &message, &[]);
        }
    }
    let results = bind(op.clone(), args);
    // Operations that run Programs have checks inside.
    if checks.nan && !args.is_empty() && !op.rules().admits_effects() {
        for v in results.iter().filter(|v| v.ty().dtype.is_inexact()) {
            let axes: Vec<usize> = (0..v.shape().rank()).collect();
            effect::check(v.eq(*v).reduce_and(&axes), &format!("`{name}` makes a NaN"), &[]);
        }
    }
    results
}
