//! Largest and smallest elements: where they are, and how they change.

use crate::ops::strided::other_axes;
use crate::trace::Val;
use crate::{Array, Dtype, ErrorKind, Numbers, Type};

/// The type of the indices along `axis` of `x`.
pub(super) fn index_type(x: &Type, axis: usize, dtype: Dtype) -> Result<Type, ErrorKind> {
    let refuse = |number, message: String| Err(ErrorKind::constraint(number, message));
    if axis >= x.rank() {
        return refuse(1, format!("axis {axis} does not exist in {x}; it has {} axes", x.rank()));
    }
    if x.shape.dim(axis) == 0 {
        return refuse(2, format!("axis {axis} of {x} is empty; there is no element to point at"));
    }
    if !dtype.is_integer() {
        return refuse(3, format!("indices along axis {axis} of {x} cannot be {dtype}; use an integer type"));
    }
    if x.dtype.is_complex() {
        return refuse(4, format!("{x} has no order; compare magnitudes or real parts"));
    }
    Ok(Type::new(dtype, x.shape.without(&[axis])))
}

/// The index along `axis` of the first NaN, else of the first element that no other is `better` than.
pub(super) fn index_of_extremum(
    x: &Array,
    axis: usize,
    dtype: Dtype,
    better: impl Fn(Number, Number) -> bool,
) -> Array {
    let shape = &x.ty().shape;
    let (len, inner) = (shape.dim(axis), shape.strides()[axis]);
    if shape.size() == 0 {
        return Array::zeros(Type::new(dtype, shape.without(&[axis])));
    }
    let outer = crate::Shape::from(&shape.dims()[..axis]).size();
    let starts = (0..outer).flat_map(|o| (0..inner).map(move |i| o * len * inner + i));
    let numbers: Vec<Number> = match x.numbers() {
        Numbers::Floats(all) => all.into_iter().map(Number::Float).collect(),
        Numbers::Integers(all) => all.into_iter().map(Number::Integer).collect(),
        Numbers::Complex(_) => unreachable!("internal: an order of complex numbers"),
    };
    let winner = |start: usize| {
        let along = |k: usize| numbers[start + k * inner];
        let wins = |k: usize, best: usize| match (along(k).is_nan(), along(best).is_nan()) {
            (_, true) => false,
            (true, false) => true,
            (false, false) => better(along(k), along(best)),
        };
        (1..len).fold(0, |best, k| if wins(k, best) { k } else { best })
    };
    Array::from_integers(&Type::new(dtype, shape.without(&[axis])), starts.map(|start| winner(start) as i128))
}

/// An element of any type, for comparisons; integers stay exact.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Number {
    Float(f64),
    Integer(i128),
}

impl Number {
    fn is_nan(self) -> bool {
        matches!(self, Number::Float(x) if x.is_nan())
    }
}

/// The tangent of the extremum `y` of `x` along `axes`: the mean of the tangents of the elements that attain it;
/// of no elements it is zero.
pub(super) fn tangent(x: Val, dx: Val, y: Val, axes: &[usize]) -> Option<Val> {
    let ty = x.ty();
    if axes.iter().any(|axis| ty.shape.dim(*axis) == 0) {
        return None;
    }
    let everywhere = y.broadcast(ty.shape.clone(), &other_axes(ty.rank(), &[axes]));
    let attains = x.eq(everywhere).convert(ty.dtype);
    Some((dx * attains).reduce_sum(axes) / attains.reduce_sum(axes))
}
