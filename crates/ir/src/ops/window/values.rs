//! Windows as methods of the strict [`Val`], and what reductions of windows mean.

use super::{Select, Window, Windowing};
use crate::ops::monoid::Monoid;
use crate::trace::{Val, Vals, bind, bind1, trace};
use crate::{Array, Program, SourceLocation, Type};
use std::sync::Arc;

/// The combination of every window of `x`.
pub(super) fn evaluate(monoid: Monoid, window: &Window, x: &Array) -> Array {
    let ty = Windowing::reduced(monoid, window, x.ty()).expect("internal: operands are checked");
    let positions = window.positions(&x.ty().shape, &ty.shape);
    let mut elements = vec![];
    let mut slots = vec![];
    for (slot, places) in positions.into_iter().enumerate() {
        elements.extend(places.iter().flatten().copied());
        slots.resize(elements.len(), slot);
    }
    let all = x.take(&[elements.len()].into(), &elements);
    monoid.fold(&all, ty, &slots)
}

/// The reduction of windows that stand along an axis of their own. There are windows.
pub(super) fn stacked_program(monoid: Monoid, window: &Window, x: &Type) -> Arc<Program> {
    let shape = window.result_shape(1, x).expect("internal: operands are checked");
    let traced = trace(SourceLocation::unknown(), &[x.clone()], |x| {
        let fill = Val::constant(monoid.identity(x[0].ty().dtype));
        vec![window.stacked(x[0], fill, &shape).reduce(monoid, &[0])]
    });
    Arc::new(traced.expect("internal: the windows are checked").program)
}

/// For every element of an array of type `x` the sum over the windows that see it.
pub(super) fn spread_sum(sums: Val, window: &Window, x: &Type) -> Val {
    let windows = sums.shape();
    if windows.size() == 0 || x.shape.size() == 0 {
        return Val::full(x.clone(), 0.0);
    }
    sums.reduce_window(Monoid::Sum, &window.transposed(&x.shape, &windows))
}

impl Val {
    /// The elements of every window combined.
    #[track_caller]
    pub fn reduce_window(self, monoid: Monoid, window: &Window) -> Val {
        bind1(Windowing::Monoid { monoid, window: window.clone() }, &[self])
    }
    /// The elements of `self` that stand where the windows of `operand` select theirs.
    #[track_caller]
    pub fn select_and_gather_add(self, operand: Val, select: Select, window: &Window) -> Val {
        bind1(Windowing::SelectAndGatherAdd { select, window: window.clone() }, &[self, operand])
    }
    /// The elements of `self`, one for each window of `operand`, added up where those select theirs.
    #[track_caller]
    pub fn select_and_scatter_add(self, operand: Val, select: Select, window: &Window) -> Val {
        bind1(Windowing::SelectAndScatterAdd { select, window: window.clone() }, &[self, operand])
    }
}

/// The windows of `operands` reduced together, from the scalars `initial`, by a Program that combines as many
/// totals with
/// as many elements.
#[track_caller]
pub fn reduce_window(operands: &[Val], initial: &[Val], window: &Window, body: &Arc<Program>) -> Vals {
    let args: Vals = operands.iter().chain(initial).copied().collect();
    bind(Windowing::Body { window: window.clone(), body: body.clone() }, &args)
}
