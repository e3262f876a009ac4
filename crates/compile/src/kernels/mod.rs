//! Kernels from units of work: loop nests, a file for each kind of unit.

mod cumulative;
mod group;
mod nest;
mod scatter;
mod small_loop;
mod update_slice;

pub(crate) use nest::{LoopNest, Needed, Param};

use crate::fuse::Unit;
use gradus_kernel::Kernel;

/// The kernel of a unit that is one.
pub(crate) fn build(needed: &Needed<'_>, unit: &Unit) -> LoopNest {
    match unit {
        Unit::Group(group) => group::build(needed, group),
        Unit::Base(whole) => update_slice::build(needed, *whole, None),
        Unit::SliceUpdate { whole, update } => update_slice::build(needed, *whole, Some(*update)),
        Unit::Scatter(id) => scatter::build(needed, *id),
        Unit::Cumulate(id) => cumulative::build(needed, *id),
        Unit::SmallLoop(id) => small_loop::build(needed, *id),
        Unit::Routine(_) | Unit::Loop(_) => unreachable!("internal: {unit:?} has no kernel"),
    }
}

/// The kernel as it is compiled: multiplications and additions joined unless `precise`, and the chain of a loop in the
/// order that needs the fewest registers.
pub(crate) fn finished(nest: &LoopNest, precise: bool) -> Kernel {
    let mut kernel = nest.kernel.clone();
    if !precise {
        gradus_kernel::contract(&mut kernel);
    }
    if nest.is_loop {
        gradus_kernel::reduce_register_pressure(&mut kernel);
    }
    kernel
}
