//! The product of the other factors of an element, for the derivative of a scatter that multiplies.
//!
//! No quotient: a factor may be 0, and so may two. The updates are sorted by the element that they multiply, so that
//! the factors of one element stand side by side; what stands before an update and what stands behind it are running
//! products of that run. They are products alone, so that their derivatives are right at every order.

use super::{IndexMode, Scatter};
use crate::ops::sort::sort;
use crate::trace::Val;
use crate::{Dtype, Shape, Type};

/// For every element of `updates` the product of `operand`, where it is written, and all other updates of that place.
pub(super) fn other_factors(scatter: &Scatter, operand: Val, indices: Val, updates: Val) -> Val {
    let (ty, own) = (updates.ty(), scatter.read(operand, indices, &updates.ty()));
    let n = ty.shape.size();
    if n < 2 {
        return own;
    }
    let flat = Shape::from([n]);
    let places = places(scatter, &operand.ty(), indices, &ty).reshape(flat.clone());
    let numbers = Val::iota(Type::new(Dtype::of_index(n), flat.clone()), 0);
    let sorted = sort(&[places, numbers], 0, 1);
    let (places, order) = (sorted[0], sorted[1]);
    let back = order.argsort(0, Dtype::of_index(n));
    let factors = updates.reshape(flat).take(order, 0, IndexMode::PromiseInBounds);
    let others = product_before(places, factors, 1) * product_before(places, factors, -1);
    own * others.take(back, 0, IndexMode::PromiseInBounds).reshape(ty.shape)
}

/// The number of the operand's element that each update is written to, from 1 on; 0 for those that are left out.
fn places(scatter: &Scatter, operand: &Type, indices: Val, updates: &Type) -> Val {
    let size = operand.shape.size();
    let numbers = Val::iota(Type::new(Dtype::of_index(size.saturating_add(1)), [size]), 0);
    let numbers = (numbers + numbers.ones_like()).reshape(operand.shape.clone());
    scatter.read(numbers, indices, updates)
}

/// The product of the factors that stand before each in its run of equal `places`; behind it if `direction` is -1.
fn product_before(places: Val, factors: Val, direction: i64) -> Val {
    let n = factors.shape().dim(0);
    let (one, none) =
        (Val::full(Type::scalar(factors.ty().dtype), 1.0), Val::full(Type::scalar(places.ty().dtype), -1.0));
    let from = |x: Val, fill: Val, distance: usize| {
        let by = distance as i64 * direction;
        x.pad(fill, &[by], &[-by], &[0])
    };
    // What the neighbour has, if it is of the same run.
    let of_run = |x: Val, distance: usize| {
        places.eq(from(places, none, distance)).select(from(x, one, distance), x.ones_like())
    };
    let mut products = factors;
    let mut reach = 1;
    while reach < n {
        products = products * of_run(products, reach);
        reach *= 2;
    }
    of_run(products, 1)
}
