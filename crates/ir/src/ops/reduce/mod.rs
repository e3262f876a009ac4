//! Primitives that combine the elements along axes into one.

mod body;
mod extremum;
mod samples;
mod values;

use crate::ops::elementwise::{Domain, componentwise};
use crate::ops::monoid::Monoid;
use crate::ops::strided::{View, are_increasing_axes, other_axes};
use crate::ops::{Attributes, Infer, Lanes, Op, Operand, Passes, Rules, with_tangent};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Array, Dims, Dtype, ErrorKind, Program, Shape, Type};
use smallvec::smallvec;
use std::ops::RangeInclusive;
use std::sync::Arc;
pub use values::reduce;

documented! {
/// A reduction along axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// `reduce_sum`, `reduce_max`, ...: the elements along `axes` combined; of no elements it is the identity.
    Monoid {
        /// How two elements combine.
        monoid: Monoid,
        /// The axes that disappear, increasing.
        axes: Dims,
    },
    /// The index of the largest element along an axis, or of the first NaN; of equal ones the first.
    Argmax {
        /// The axis that disappears.
        axis: usize,
        /// The type of the indices.
        dtype: Dtype,
    },
    /// The index of the smallest element along an axis, or of the first NaN; of equal ones the first.
    Argmin {
        /// The axis that disappears.
        axis: usize,
        /// The type of the indices.
        dtype: Dtype,
    },
    /// `reduce`: n operands reduced together, n initial scalars behind them, by a Program that takes n totals and n
    /// elements and returns n totals. It must be associative and commutative, for the order is not part of the meaning.
    Body {
        /// The axes that disappear, increasing.
        axes: Dims,
        /// Combines scalars.
        body: Arc<Program>,
    },
}
}

/// The result shape of a reduction of `x` along `axes`, and for each element of `x` the result it goes to.
pub fn reduced_slots(x: &Shape, axes: &[usize]) -> (Shape, Vec<usize>) {
    let shape = x.without(axes);
    let mut view = View { offset: 0, strides: smallvec![0; x.rank()] };
    for (axis, stride) in other_axes(x.rank(), &[axes]).into_iter().zip(shape.strides()) {
        view.strides[axis] = stride as isize;
    }
    (shape, view.positions(x))
}

fn monoid_name(monoid: Monoid) -> &'static str {
    match monoid {
        Monoid::Sum => "reduce_sum",
        Monoid::Prod => "reduce_prod",
        Monoid::Max => "reduce_max",
        Monoid::Min => "reduce_min",
        Monoid::And => "reduce_and",
        Monoid::Or => "reduce_or",
        Monoid::Xor => "reduce_xor",
    }
}

impl Reduction {
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Reduction, String>> {
        if let Some(&monoid) = Monoid::ALL.iter().find(|monoid| monoid_name(**monoid) == name) {
            return Some(attributes.take("axes").map(|axes| Reduction::Monoid { monoid, axes }));
        }
        let mut arg = || -> Result<(usize, Dtype), String> {
            Ok((attributes.take("axis")?, attributes.take("dtype")?))
        };
        Some(match name {
            "argmax" => arg().map(|(axis, dtype)| Reduction::Argmax { axis, dtype }),
            "argmin" => arg().map(|(axis, dtype)| Reduction::Argmin { axis, dtype }),
            "reduce" => attributes
                .take("axes")
                .and_then(|axes| Ok(Reduction::Body { axes, body: attributes.take("body")? })),
            _ => return None,
        })
    }
}

impl Rules for Reduction {
    fn name(&self) -> &'static str {
        match self {
            Reduction::Monoid { monoid, .. } => monoid_name(*monoid),
            Reduction::Argmax { .. } => "argmax",
            Reduction::Argmin { .. } => "argmin",
            Reduction::Body { .. } => "reduce",
        }
    }
    fn attributes(&self) -> Attributes {
        let all = Attributes::new();
        match self {
            Reduction::Monoid { axes, .. } => all.with("axes", axes.clone()),
            Reduction::Argmax { axis, dtype } | Reduction::Argmin { axis, dtype } => {
                all.with("axis", *axis).with("dtype", *dtype)
            }
            Reduction::Body { axes, body } => all.with("axes", axes.clone()).with("body", body.clone()),
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Reduction::Body { .. } => 2..=usize::MAX,
            _ => 1..=1,
        }
    }
    fn num_results(&self, num_args: usize) -> usize {
        match self {
            Reduction::Body { .. } => num_args / 2,
            _ => 1,
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Reduction::Monoid { monoid, .. } => {
                let all: &[&str] = &[
                    "`axes` are axes of the operand, strictly increasing.",
                    "The element type is one the combination is defined for.",
                ];
                if monoid.domain() == Domain::All { &all[..1] } else { all }
            }
            Reduction::Argmax { .. } | Reduction::Argmin { .. } => &[
                "`axis` is an axis of the operand.",
                "The axis is not empty.",
                "`dtype` is an integer type.",
                "The elements have an order: they are not complex.",
            ],
            Reduction::Body { .. } => body::SENTENCES,
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        match self {
            Reduction::Monoid { monoid, axes } => {
                check_axes(1, args[0], axes)?;
                let domain = monoid.domain();
                if !domain.admits(args[0].dtype) {
                    let message =
                        format!("takes {}, not {}; convert the operand first", domain.words(), args[0]);
                    return Err(ErrorKind::constraint(2, message));
                }
                Ok(vec![args[0].with_shape(args[0].shape.without(axes))])
            }
            Reduction::Argmax { axis, dtype } | Reduction::Argmin { axis, dtype } => {
                extremum::index_type(args[0], *axis, *dtype).map(|ty| vec![ty])
            }
            Reduction::Body { axes, body } => body::infer(axes, body, args),
        }
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        match self {
            Reduction::Monoid { monoid, axes } => {
                let (shape, slots) = reduced_slots(&args[0].ty().shape, axes);
                Ok(vec![monoid.fold(args[0], args[0].ty().with_shape(shape), &slots)])
            }
            Reduction::Argmax { axis, dtype } => {
                Ok(vec![extremum::index_of_extremum(args[0], *axis, *dtype, |x, best| x > best)])
            }
            Reduction::Argmin { axis, dtype } => {
                Ok(vec![extremum::index_of_extremum(args[0], *axis, *dtype, |x, best| x < best)])
            }
            Reduction::Body { axes, body } => body::evaluate(axes, body, args),
        }
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        match self {
            Reduction::Monoid { monoid, axes } => with_tangent(self.clone().into(), x, |y| match monoid {
                Monoid::Sum => Some(dx[0]?.reduce_sum(axes)),
                Monoid::Prod => Some(tangent_of_product(x[0], dx[0]?, y, axes)),
                Monoid::Max | Monoid::Min => extremum::tangent(x[0], dx[0]?, y, axes),
                Monoid::And | Monoid::Or | Monoid::Xor => None,
            }),
            Reduction::Argmax { .. } | Reduction::Argmin { .. } => (bind(self.clone(), x), vec![None]),
            Reduction::Body { axes, body } => {
                (bind(self.clone(), x), body::tangents(passes, axes, body, x, dx))
            }
        }
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        match (self, &args[0]) {
            // Summed elements share one cotangent.
            (Reduction::Monoid { monoid: Monoid::Sum, axes }, Operand::Linear(x)) => {
                vec![ct[0].map(|ct| ct.broadcast(x.shape.clone(), &other_axes(x.rank(), &[axes])))]
            }
            _ => unreachable!("internal: {} is not linear", self.name()),
        }
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let behind = |axes: &Dims| axes.iter().map(|axis| axis + 1).collect();
        match self {
            Reduction::Monoid { monoid, axes } => {
                smallvec![bind1(Reduction::Monoid { monoid: *monoid, axes: behind(axes) }, args)]
            }
            Reduction::Argmax { axis, dtype } => {
                smallvec![bind1(Reduction::Argmax { axis: axis + 1, dtype: *dtype }, args)]
            }
            Reduction::Argmin { axis, dtype } => {
                smallvec![bind1(Reduction::Argmin { axis: axis + 1, dtype: *dtype }, args)]
            }
            Reduction::Body { axes, body } => body::batched(passes, axes, body, args, mapped, lanes),
        }
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        match self {
            Reduction::Monoid { monoid: Monoid::Sum, .. } => Some(componentwise(&self.clone().into(), args)),
            Reduction::Monoid { monoid: Monoid::Prod, axes } => {
                Some(smallvec![product_by_pairs(args[0], axes)])
            }
            Reduction::Body { axes, body } => Some(body::decompose_complex(axes, body, args)),
            _ => None,
        }
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        match self {
            Reduction::Body { body, .. } => vec![body],
            _ => vec![],
        }
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        let Reduction::Body { axes, .. } = self else { return None };
        Some(Reduction::Body { axes: axes.clone(), body: programs.pop()? }.into())
    }
}

fn check_axes(number: u8, x: &Type, axes: &[usize]) -> Result<(), ErrorKind> {
    if are_increasing_axes(axes, x.rank()) {
        return Ok(());
    }
    let message = format!("axes {axes:?} are not axes of {x} in increasing order, none twice");
    Err(ErrorKind::constraint(number, message))
}

/// `x` with `axes` made one axis, which comes first: `[n, rest..]`.
fn axes_first(x: Val, axes: &[usize]) -> Val {
    let shape = x.shape();
    let others = other_axes(shape.rank(), &[axes]);
    let permutation: Dims = axes.iter().chain(&others).copied().collect();
    let len = shape.extent_of(axes);
    x.transpose(&permutation).reshape(shape.without(axes).with_axis(0, len))
}

/// Halves of `[n, ..]` that pair up, and the odd one left over.
fn pairs(x: Val) -> (Val, Val, Option<Val>) {
    let n = x.shape().dim(0);
    let half = n / 2;
    let last = (n % 2 == 1).then(|| x.slice_axis(0, n - 1, n));
    (x.slice_axis(0, 0, half), x.slice_axis(0, half, 2 * half), last)
}

fn with_last(x: Val, last: Option<Val>) -> Val {
    last.map_or(x, |last| Val::concatenate(&[x, last], 0))
}

/// The product along `axes`: of pairs, then of pairs of pairs.
fn product_by_pairs(x: Val, axes: &[usize]) -> Val {
    let ty = x.ty();
    let shape = ty.shape.without(axes);
    let mut x = axes_first(x, axes);
    if x.shape().dim(0) == 0 {
        return Val::full(ty.with_shape(shape), 1.0);
    }
    while x.shape().dim(0) > 1 {
        let (left, right, last) = pairs(x);
        x = with_last(left * right, last);
    }
    x.reshape(shape)
}

/// The tangent of a product, right where factors are zero: products of pairs, then of pairs of pairs.
fn tangent_of_product(x: Val, dx: Val, y: Val, axes: &[usize]) -> Val {
    let (mut x, mut dx) = (axes_first(x, axes), axes_first(dx, axes));
    if x.shape().dim(0) == 0 {
        return y.zeros_like();
    }
    while x.shape().dim(0) > 1 {
        let ((x0, x1, last), (dx0, dx1, dlast)) = (pairs(x), pairs(dx));
        x = with_last(x0 * x1, last);
        dx = with_last(dx0 * x1 + x0 * dx1, dlast);
    }
    dx.reshape(y.shape())
}
