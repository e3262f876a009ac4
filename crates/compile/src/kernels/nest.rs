//! A loop nest and what it is called with; the loops that kernels share.

use crate::elements::Emitter;
use crate::fuse::{Axis, Space};
use crate::graph::{Graph, Id};
use gradus_kernel::{Builder, Index, Kernel, Value};

/// A parameter of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    /// The memory of a stored value.
    Value(Id),
    /// That many bytes for each thread.
    Scratch(usize),
}

/// A kernel and what it is called with.
#[derive(Debug)]
pub(crate) struct LoopNest {
    pub(crate) kernel: Kernel,
    pub(crate) params: Vec<Param>,
    /// Extent of the loop that is split over threads.
    pub(crate) extent: i64,
    /// The least part of it that is worth a thread's while, in iterations.
    pub(crate) grain: i64,
    /// A measure of the time of all of it, in operations on four bytes.
    pub(crate) cost: u64,
    /// Values whose only reads are at the very element that is written.
    pub(crate) same_element: Vec<Id>,
    pub(crate) writes: Vec<Id>,
    /// Whether it is a loop of the program: one long chain of operations that values in registers serve best.
    pub(crate) is_loop: bool,
}

/// Values that must stand in memory after a unit.
pub(crate) struct Needed<'p> {
    pub(crate) graph: &'p Graph,
    pub(crate) stored: &'p [bool],
    /// Read by another unit, or a result.
    pub(crate) outside: &'p [bool],
}

/// Merges adjacent loops where every profile allows it.
pub(super) fn merged_axes(space: &Space, mergeable: impl Fn(usize) -> bool) -> Vec<Axis> {
    let mut axes: Vec<Axis> = vec![];
    for (k, (&extent, &reduced)) in space.dims.iter().zip(&space.reduced).enumerate() {
        let extent = extent as i64;
        match axes.last_mut() {
            Some(last) if last.reduced == reduced && mergeable(k - 1) => {
                last.extent *= extent;
                last.covers += 1;
            }
            _ => axes.push(Axis { extent, covers: 1, reduced, variable: Index::constant(0) }),
        }
    }
    axes
}

/// Opens a serial loop for each axis listed, outermost first; the first one runs over the kernel's range.
pub(super) fn row_loops<'g>(
    e: &mut Emitter<'g>,
    b: &mut Builder,
    axes: &mut Vec<Axis>,
    order: &[usize],
    ranged: bool,
    body: &mut dyn FnMut(&mut Emitter<'g>, &mut Builder, &mut Vec<Axis>),
) {
    let Some((&k, rest)) = order.split_first() else { return body(e, b, axes) };
    let extent = axes[k].extent;
    let [lower, upper] = b.range();
    let mut inner = |b: &mut Builder, variable: Value| {
        e.ranges.set(variable, 0, extent - 1);
        axes[k].variable = variable.into();
        e.scoped(|e| row_loops(e, b, axes, rest, false, body));
    };
    if ranged { b.serial(lower, upper, &mut inner) } else { b.serial(0, extent, &mut inner) }
}
