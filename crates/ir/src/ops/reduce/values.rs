//! Reductions as methods of the strict [`Val`].

use super::Reduction;
use crate::ops::monoid::Monoid;
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Dims, Dtype, Program};
use std::sync::Arc;

macro_rules! methods {
    ($($(#[doc = $doc:literal])* $method:ident = $Monoid:ident;)*) => {
        impl Val { $(
            $(#[doc = $doc])*
            #[track_caller]
            pub fn $method(self, axes: &[usize]) -> Val {
                self.reduce(Monoid::$Monoid, axes)
            }
        )* }
    };
}
methods! {
    /// The sum along `axes`, in any order.
    reduce_sum = Sum;
    /// The product along `axes`, in any order.
    reduce_prod = Prod;
    /// The largest element along `axes`; NaN if one is.
    reduce_max = Max;
    /// The smallest element along `axes`; NaN if one is.
    reduce_min = Min;
    /// The bits that are one in all elements along `axes`.
    reduce_and = And;
    /// The bits that are one in any element along `axes`.
    reduce_or = Or;
    /// The bits that are one in an odd number of elements along `axes`.
    reduce_xor = Xor;
}

impl Val {
    /// The elements along `axes` combined; along no axes it is `self`.
    #[track_caller]
    pub fn reduce(self, monoid: Monoid, axes: &[usize]) -> Val {
        let mut axes = Dims::from(axes);
        axes.sort_unstable();
        if axes.is_empty() && !self.is_poisoned() && monoid.domain().admits(self.ty().dtype) {
            return self;
        }
        bind1(Reduction::Monoid { monoid, axes }, &[self])
    }
    /// The index of the largest element along `axis`, or of the first NaN; of equal ones the first.
    #[track_caller]
    pub fn argmax(self, axis: usize, dtype: Dtype) -> Val {
        bind1(Reduction::Argmax { axis, dtype }, &[self])
    }
    /// The index of the smallest element along `axis`, or of the first NaN; of equal ones the first.
    #[track_caller]
    pub fn argmin(self, axis: usize, dtype: Dtype) -> Val {
        bind1(Reduction::Argmin { axis, dtype }, &[self])
    }
}

/// `operands` reduced together along `axes`, from the scalars `initial`, by a Program that combines as many totals
/// with as many elements. A body that is one of the monoids becomes the primitive that has rules of its own.
#[track_caller]
pub fn reduce(operands: &[Val], initial: &[Val], axes: &[usize], body: &Arc<Program>) -> Vals {
    let mut axes = Dims::from(axes);
    axes.sort_unstable();
    let args: Vals = operands.iter().chain(initial).copied().collect();
    match (Monoid::of_body(body), operands, initial) {
        (Some(monoid), [x], [initial]) if !x.is_poisoned() && !initial.is_poisoned() => {
            let ty = x.ty();
            let checked = Reduction::Body { axes: axes.clone(), body: body.clone() };
            if crate::Rules::infer(&checked, &[&ty, &initial.ty()]).is_err() {
                return bind(checked, &args);
            }
            let rest = x.reduce(monoid, &axes);
            let shape = ty.shape.without(&axes);
            bind(monoid.binary(), &[initial.splat(shape), rest])
        }
        _ => bind(Reduction::Body { axes, body: body.clone() }, &args),
    }
}
