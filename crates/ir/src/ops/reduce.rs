//! Primitives that combine the elements along axes into one.

use crate::ops::monoid::Monoid;
use crate::ops::strided::{View, are_increasing_axes, other_axes};
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dims, Dtype, ErrorKind, Shape, Type};
use smallvec::smallvec;
use std::ops::RangeInclusive;

documented! {
/// A reduction along axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reduction {
    /// `reduce_sum`, `reduce_max`, ...: the elements along `axes` combined; of no elements it is the identity.
    Monoid {
        /// How two elements combine.
        monoid: Monoid,
        /// The axes that disappear, increasing.
        axes: Dims,
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

impl Reduction {
    fn monoid_name(monoid: Monoid) -> &'static str {
        match monoid {
            Monoid::Sum => "reduce_sum",
            Monoid::Max => "reduce_max",
            Monoid::Min => "reduce_min",
            Monoid::And => "reduce_and",
            Monoid::Or => "reduce_or",
            Monoid::Xor => "reduce_xor",
        }
    }
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let mut all = vec![];
        for &monoid in Monoid::ALL {
            let mut push = |dtype: Dtype, shape: &[usize], axes: &[usize]| {
                let op = Reduction::Monoid { monoid, axes: axes.into() };
                let sample = Sample::new(op).arg(Type::new(dtype, shape), 0.5, 9.0);
                all.push(if dtype.is_float() { sample } else { sample.not_smooth() });
            };
            for dtype in monoid.domain().dtypes() {
                push(dtype, &[2, 3], &[1]);
                push(dtype, &[2, 3, 4], &[0, 2]);
                push(dtype, &[0, 2], &[0]);
            }
            let dtype = if monoid.domain().admits(Dtype::F64) { Dtype::F64 } else { Dtype::I64 };
            push(dtype, &[2, 3], &[0, 1]);
            push(dtype, &[2, 3], &[]);
            push(dtype, &[3, 1], &[1]);
        }
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let sample = |monoid, axes: &[usize], dtype| {
            Sample::new(Reduction::Monoid { monoid, axes: axes.into() }).arg(
                Type::new(dtype, [2, 3]),
                0.0,
                1.0,
            )
        };
        let mut all = vec![];
        for &monoid in Monoid::ALL {
            let dtype = if monoid.domain().admits(Dtype::F64) { Dtype::F64 } else { Dtype::I64 };
            all.push((1, sample(monoid, &[2], dtype)));
            all.push((1, sample(monoid, &[1, 0], dtype)));
            let refused = Dtype::ALL.iter().find(|dtype| !monoid.domain().admits(**dtype));
            all.extend(refused.map(|dtype| (2, sample(monoid, &[0], *dtype))));
        }
        all
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Reduction, String>> {
        let monoid = *Monoid::ALL.iter().find(|monoid| Reduction::monoid_name(**monoid) == name)?;
        Some(attributes.take("axes").map(|axes| Reduction::Monoid { monoid, axes }))
    }
}

impl Rules for Reduction {
    fn name(&self) -> &'static str {
        let Reduction::Monoid { monoid, .. } = self;
        Reduction::monoid_name(*monoid)
    }
    fn attributes(&self) -> Attributes {
        let Reduction::Monoid { axes, .. } = self;
        Attributes::new().with("axes", axes.clone())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }
    fn constraints(&self) -> &'static [&'static str] {
        let all: &[&str] = &[
            "`axes` are axes of the operand, strictly increasing.",
            "The element type is one the combination is defined for.",
        ];
        let Reduction::Monoid { monoid, .. } = self;
        if monoid.domain() == super::elementwise::Domain::All { &all[..1] } else { all }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let Reduction::Monoid { monoid, axes } = self;
        let x = args[0];
        if !are_increasing_axes(axes, x.rank()) {
            let message = format!("axes {axes:?} are not axes of {x} in increasing order, none twice");
            return Err(ErrorKind::constraint(1, message));
        }
        if !monoid.domain().admits(x.dtype) {
            let message = format!("takes {}, not {x}; convert the operand first", monoid.domain().words());
            return Err(ErrorKind::constraint(2, message));
        }
        Ok(vec![x.with_shape(x.shape.without(axes))])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let Reduction::Monoid { monoid, axes } = self;
        let (shape, slots) = reduced_slots(&args[0].ty().shape, axes);
        Ok(vec![monoid.fold(args[0], args[0].ty().with_shape(shape), &slots)])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let Reduction::Monoid { monoid, axes } = self;
        with_tangent(self.clone().into(), x, |y| match monoid {
            Monoid::Sum => Some(dx[0]?.reduce_sum(axes)),
            Monoid::Max | Monoid::Min => Some(tangent_of_extremum(x[0], dx[0]?, y, axes)),
            Monoid::And | Monoid::Or | Monoid::Xor => None,
        })
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
    fn batch(&self, _: &dyn Passes, args: &[Val], _: &[bool], _: Lanes) -> Vals {
        let Reduction::Monoid { monoid, axes } = self;
        let axes = axes.iter().map(|axis| axis + 1).collect();
        smallvec![bind1(Reduction::Monoid { monoid: *monoid, axes }, args)]
    }
}

/// The mean of the tangents of the elements that are the extremum.
fn tangent_of_extremum(x: Val, dx: Val, y: Val, axes: &[usize]) -> Val {
    let x_ty = x.ty();
    let all = y.broadcast(x_ty.shape.clone(), &other_axes(x_ty.rank(), &[axes]));
    let here = x.eq(all).convert(x_ty.dtype);
    (dx * here).reduce_sum(axes) / here.reduce_sum(axes)
}

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
}
