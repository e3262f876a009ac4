//! Functions of three elements: `select` and `clamp`.

use super::binary::{maximum, minimum};
use super::complex::componentwise;
use super::{Domain, Elementwise};
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, sum_terms, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dtype, ErrorKind, Numbers, Shape, Type};
use gradus_kernel as kernel;
use smallvec::{SmallVec, smallvec};
use std::ops::RangeInclusive;

documented! {
    /// A choice among elements.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Choice {
        /// `select(p, x, y)`: the element of x where p holds, else that of y. A scalar p chooses for all.
        Select,
        /// `clamp(low, x, high)`: `min(max(x, low), high)`. A scalar bound holds for all elements.
        Clamp,
    }
}

impl Choice {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let ty = Type::new(Dtype::F32, [2, 3]);
        let predicate = Array::from([[true, false, true], [false, false, true]]);
        let number = |x: f64| Array::from_f64(&Type::scalar(Dtype::F32), [x]);
        let complex = ty.with_dtype(Dtype::Complex64);
        let half = ty.with_dtype(Dtype::BF16);
        let by = |ty: &Type| {
            let sample = Sample::new(Choice::Select).exact(predicate.clone());
            sample.arg(ty.clone(), -2.0, 2.0).arg(ty.clone(), -2.0, 2.0)
        };
        vec![
            by(&complex),
            by(&half),
            Sample::new(Choice::Clamp)
                .arg(half.clone(), -1.0, -0.5)
                .arg(half.clone(), -2.0, 2.0)
                .arg(half, 0.5, 1.0),
            Sample::new(Choice::Select).exact(predicate.clone()).arg(ty.clone(), -2.0, 2.0).arg(
                ty.clone(),
                -2.0,
                2.0,
            ),
            Sample::new(Choice::Select).exact(Array::scalar(false)).arg(ty.clone(), -2.0, 2.0).arg(
                ty.clone(),
                -2.0,
                2.0,
            ),
            Sample::new(Choice::Clamp).arg(ty.clone(), -1.0, -0.5).arg(ty.clone(), -2.0, 2.0).arg(
                ty.clone(),
                0.5,
                1.0,
            ),
            Sample::new(Choice::Clamp).exact(number(-0.7)).arg(ty, -2.0, 2.0).exact(number(0.9)),
        ]
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let [p, x, n] = [Dtype::Bool, Dtype::F32, Dtype::I32].map(|dtype| Type::new(dtype, [2]));
        let (long_p, long_x) = (p.with_shape([3]), x.with_shape([3]));
        vec![
            refused(Choice::Select, 1, [&n, &x, &x]),
            refused(Choice::Select, 2, [&p, &x, &n]),
            refused(Choice::Select, 3, [&p, &x, &long_x]),
            refused(Choice::Select, 4, [&long_p, &x, &x]),
            refused(Choice::Clamp, 1, [&p, &p, &p]),
            refused(Choice::Clamp, 2, [&x, &n, &n]),
            refused(Choice::Clamp, 2, [&n, &n, &x]),
            refused(Choice::Clamp, 3, [&long_x, &x, &x]),
            refused(Choice::Clamp, 3, [&x, &x, &long_x]),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, _: &mut Attributes) -> Option<Result<Choice, String>> {
        [Choice::Select, Choice::Clamp].into_iter().find(|op| op.name() == name).map(Ok)
    }
    /// The operands that may be scalars while the others are not.
    fn may_be_scalar(self) -> [bool; 3] {
        match self {
            Choice::Select => [true, false, false],
            Choice::Clamp => [true, false, true],
        }
    }
    /// The operand whose type the result has.
    fn main(self) -> usize {
        match self {
            Choice::Select => 2,
            Choice::Clamp => 1,
        }
    }
}

impl Rules for Choice {
    fn name(&self) -> &'static str {
        match self {
            Choice::Select => "select",
            Choice::Clamp => "clamp",
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        3..=3
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Choice::Select => &[
                "The first operand is `bool`.",
                "The other operands have the same element type.",
                "The other operands have the same shape.",
                "The first operand is a scalar or has the shape of the others.",
            ],
            Choice::Clamp => &[
                "The operand is a real number, not `bool`.",
                "The bounds have the operand's element type.",
                "Each bound is a scalar or has the operand's shape.",
            ],
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let scalar_or = |number: u8, arg: &Type, main: &Type| {
            let fits = arg.rank() == 0 || arg.shape == main.shape;
            fits.then_some(()).ok_or_else(|| shapes(number, arg, main))
        };
        match self {
            Choice::Select => {
                if args[0].dtype != Dtype::Bool {
                    let message =
                        format!("chooses by bool, not {}; compare it with something first", args[0]);
                    return Err(ErrorKind::constraint(1, message));
                }
                if args[1].dtype != args[2].dtype {
                    return Err(dtypes(2, args[1], args[2]));
                }
                if args[1].shape != args[2].shape {
                    return Err(shapes(3, args[1], args[2]));
                }
                scalar_or(4, args[0], args[1])?;
            }
            Choice::Clamp => {
                if !Domain::Real.admits(args[1].dtype) {
                    let message = format!("takes integers and real floats, not {}", args[1]);
                    return Err(ErrorKind::constraint(1, message));
                }
                for bound in [args[0], args[2]] {
                    if bound.dtype != args[1].dtype {
                        return Err(dtypes(2, bound, args[1]));
                    }
                    scalar_or(3, bound, args[1])?;
                }
            }
        }
        Ok(vec![args[self.main()].clone()])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let main = args[self.main()];
        let at = |k: usize, i: usize| if args[k].rank() == 0 { 0 } else { i };
        let all = 0..main.size();
        Ok(vec![match self {
            Choice::Select => {
                let p: Vec<bool> = args[0].elements().collect();
                main.put(args[1], all.filter(|i| p[at(0, *i)]).map(|i| (i, i)))
            }
            Choice::Clamp => match [0, 1, 2].map(|k: usize| args[k].numbers()) {
                [Numbers::Floats(low), Numbers::Floats(x), Numbers::Floats(high)] => {
                    let clamped = |i: usize| minimum(maximum(x[i], low[at(0, i)]), high[at(2, i)]);
                    Array::from_f64(main.ty(), all.map(clamped))
                }
                [Numbers::Integers(low), Numbers::Integers(x), Numbers::Integers(high)] => {
                    let clamped = |i: usize| x[i].max(low[at(0, i)]).min(high[at(2, i)]);
                    Array::from_integers(main.ty(), all.map(clamped))
                }
                _ => unreachable!("internal: real numbers of one type"),
            },
        }])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        with_tangent((*self).into(), x, |y| match self {
            Choice::Select => match (dx[1], dx[2]) {
                (None, None) => None,
                (dx, dy) => {
                    let zeros = || y.zeros_like();
                    Some(x[0].select(dx.unwrap_or_else(zeros), dy.unwrap_or_else(zeros)))
                }
            },
            Choice::Clamp => {
                let shape = y.shape();
                let [low, x, high] = [x[0], x[1], x[2]].map(|v| v.spread(&shape));
                let dx = [0, 1, 2].map(|k| dx[k].map(|d| d.spread(&shape)));
                let only = |p: Val, d: Option<Val>| d.map(|d| p.select(d, d.zeros_like()));
                sum_terms([
                    only(low.gt(x) & low.lt(high), dx[0]),
                    only(x.gt(low) & x.lt(high), dx[1]),
                    only(high.lt(x), dx[2]),
                ])
            }
        })
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let (Choice::Select, Operand::Known(p)) = (self, &args[0]) else {
            unreachable!("internal: {} is not linear in these operands", self.name())
        };
        let to = |k: usize, ct: Val| match args[k] {
            Operand::Known(_) => None,
            Operand::Linear(_) if k == 1 => Some(p.select(ct, ct.zeros_like())),
            Operand::Linear(_) => Some(p.select(ct.zeros_like(), ct)),
        };
        vec![None, ct[0].and_then(|ct| to(1, ct)), ct[0].and_then(|ct| to(2, ct))]
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let main = self.main();
        let own_shape = if mapped[main] { args[main].shape().without(&[0]) } else { args[main].shape() };
        let along: Vals = (0..3)
            .map(|k| {
                let scalar = self.may_be_scalar()[k] && args[k].shape().rank() == usize::from(mapped[k]);
                match (mapped[k], scalar) {
                    (false, true) => args[k],
                    (true, true) if own_shape.rank() > 0 => {
                        args[k].broadcast(own_shape.with_axis(0, lanes.size), &[0])
                    }
                    (true, _) => args[k],
                    (false, false) => args[k].repeat_leading(lanes.size),
                }
            })
            .collect();
        smallvec![bind1(*self, &along)]
    }
    fn moves_elements(&self) -> bool {
        *self == Choice::Select
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        Some(componentwise(&(*self).into(), args))
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for Choice {
    fn lower(&self, b: &mut kernel::Builder, args: &[kernel::Value]) -> SmallVec<[kernel::Value; 2]> {
        smallvec![match self {
            Choice::Select => b.select(args[0], args[1], args[2]),
            Choice::Clamp => {
                let above = b.max(args[1], args[0]);
                b.min(above, args[2])
            }
        }]
    }
}

fn shapes(number: u8, lhs: &Type, rhs: &Type) -> ErrorKind {
    let hint = "reshape or broadcast one of them";
    ErrorKind::ShapeMismatch {
        number,
        lhs: Box::new(lhs.shape.clone()),
        rhs: Box::new(rhs.shape.clone()),
        hint,
    }
}

fn dtypes(number: u8, lhs: &Type, rhs: &Type) -> ErrorKind {
    ErrorKind::DtypeMismatch {
        number,
        lhs: Box::new(lhs.clone()),
        rhs: Box::new(rhs.clone()),
        hint: "convert one of them",
    }
}

impl Val {
    /// The element of `x` where `self`, which is `bool`, holds, else that of `y`. A scalar chooses for all.
    #[track_caller]
    pub fn select(self, x: Val, y: Val) -> Val {
        bind1(Choice::Select, &[self, x, y])
    }
    /// `min(max(self, low), high)`. A scalar bound holds for all elements.
    #[track_caller]
    pub fn clamp(self, low: Val, high: Val) -> Val {
        bind1(Choice::Clamp, &[low, self, high])
    }
    /// A scalar repeated to `shape`; what is no scalar stays.
    fn spread(self, shape: &Shape) -> Val {
        if self.shape().rank() == 0 { self.splat(shape.clone()) } else { self }
    }
}
