//! Running totals along an axis.

use crate::ops::monoid::Monoid;
use crate::ops::sample::refused;
use crate::ops::{
    Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, linear_jvp, tangents_through, with_tangent,
};
use crate::trace::{Val, Vals, bind1, trace};
use crate::{Array, Dtype, ErrorKind, Program, SourceLocation, Type};
use smallvec::smallvec;
use std::ops::RangeInclusive;
use std::sync::Arc;

documented! {
/// Running totals along an axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cumulative {
    /// `cumsum`, `cumprod`, `cummax`, ...: every element combined with all before it, or with all behind it.
    Monoid {
        /// How two elements combine.
        monoid: Monoid,
        /// The axis.
        dimension: usize,
        /// Whether totals run from the end.
        reverse: bool,
    },
    /// The logarithm of the running sum of exponentials, without overflow.
    LogSumExp {
        /// The axis.
        dimension: usize,
        /// Whether totals run from the end.
        reverse: bool,
    },
}
}

fn monoid_name(monoid: Monoid) -> &'static str {
    match monoid {
        Monoid::Sum => "cumsum",
        Monoid::Prod => "cumprod",
        Monoid::Max => "cummax",
        Monoid::Min => "cummin",
        Monoid::And => "cumand",
        Monoid::Or => "cumor",
        Monoid::Xor => "cumxor",
    }
}

/// `log(exp(x) + exp(y))` without overflow; also of infinities of one sign.
pub fn log_add_exp(x: Val, y: Val) -> Val {
    let difference = x - y;
    let usual = x.max(y) + (-difference.abs()).exp().log1p();
    difference.ne(difference).select(x + y, usual)
}

impl Cumulative {
    /// The axis.
    pub fn dimension(&self) -> usize {
        let (Cumulative::Monoid { dimension, .. } | Cumulative::LogSumExp { dimension, .. }) = self;
        *dimension
    }
    /// Whether totals run from the end.
    pub fn is_reversed(&self) -> bool {
        let (Cumulative::Monoid { reverse, .. } | Cumulative::LogSumExp { reverse, .. }) = self;
        *reverse
    }
    /// Two totals as one.
    pub fn combine(&self, x: Val, y: Val) -> Val {
        match self {
            Cumulative::Monoid { monoid, .. } => bind1(monoid.binary(), &[x, y]),
            Cumulative::LogSumExp { .. } => log_add_exp(x, y),
        }
    }
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let on = |op: Cumulative, dtype: Dtype, shape: &[usize]| {
            let sample = Sample::new(op).arg(Type::new(dtype, shape), 0.5, 2.0);
            if dtype.is_inexact() { sample } else { sample.not_smooth() }
        };
        let mut all = vec![];
        for &monoid in Monoid::ALL {
            let of = |dimension, reverse| Cumulative::Monoid { monoid, dimension, reverse };
            all.extend(monoid.domain().dtypes().map(|dtype| on(of(0, false), dtype, &[5])));
            let dtype = if monoid.domain().admits(Dtype::F64) { Dtype::F64 } else { Dtype::U8 };
            all.push(on(of(1, true), dtype, &[2, 4, 3]));
            all.push(on(of(0, true), dtype, &[4, 2]));
            all.push(on(of(0, false), dtype, &[0, 2]));
            all.push(on(of(1, false), dtype, &[3, 1]));
        }
        let zeros = Array::from([[2.0, 0.0, 3.0, 0.5], [0.0, 2.0, 0.0, 1.0]]);
        let monoid = Monoid::Prod;
        all.push(Sample::new(Cumulative::Monoid { monoid, dimension: 1, reverse: false }).exact(zeros));
        for (dtype, shape) in [(Dtype::F32, vec![5]), (Dtype::F64, vec![3, 4]), (Dtype::F64, vec![0])] {
            for reverse in [false, true] {
                all.push(on(Cumulative::LogSumExp { dimension: shape.len() - 1, reverse }, dtype, &shape));
            }
        }
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let matrix = |dtype| [Type::new(dtype, [2, 3])];
        let mut all = vec![];
        for &monoid in Monoid::ALL {
            let of = |dimension| Cumulative::Monoid { monoid, dimension, reverse: false };
            all.push(refused(of(2), 1, matrix(Dtype::I32)));
            let dtype = Dtype::ALL.iter().find(|dtype| !monoid.domain().admits(**dtype));
            all.extend(dtype.map(|dtype| refused(of(0), 2, matrix(*dtype))));
        }
        let of = |dimension| Cumulative::LogSumExp { dimension, reverse: false };
        all.extend([refused(of(2), 1, matrix(Dtype::F32)), refused(of(0), 2, matrix(Dtype::I32))]);
        all
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, all: &mut Attributes) -> Option<Result<Cumulative, String>> {
        let monoid = Monoid::ALL.iter().copied().find(|monoid| monoid_name(*monoid) == name);
        if monoid.is_none() && name != "cumlogsumexp" {
            return None;
        }
        let mut parse = || {
            let (dimension, reverse) = (all.take("dimension")?, all.take("reverse")?);
            Ok(match monoid {
                Some(monoid) => Cumulative::Monoid { monoid, dimension, reverse },
                None => Cumulative::LogSumExp { dimension, reverse },
            })
        };
        Some(parse())
    }
    /// The same as a tree of combinations: pairs, their running totals, and what stands between.
    fn by_pairs(&self, x: &Type) -> Arc<Program> {
        let traced = trace(SourceLocation::unknown(), &[x.clone()], |x| {
            let first = x[0].move_axis(self.dimension(), 0);
            let turned = if self.is_reversed() { first.rev(&[0]) } else { first };
            let totals = self.running(turned);
            let back = if self.is_reversed() { totals.rev(&[0]) } else { totals };
            vec![back.move_axis(0, self.dimension())]
        });
        Arc::new(traced.expect("internal: the operand is checked").program)
    }
    /// Running totals along the first axis, in as many combinations as twice the elements.
    fn running(&self, x: Val) -> Val {
        let shape = x.shape();
        let n = shape.dim(0);
        if n < 2 {
            return x;
        }
        let every_second = |x: Val, start: usize, limit: usize| {
            let shape = x.shape();
            let (mut starts, mut strides) =
                (crate::Dims::from_elem(0, shape.rank()), crate::Dims::from_elem(1, shape.rank()));
            (starts[0], strides[0]) = (start, 2);
            x.slice(&starts, &shape.with_dim(0, limit).dims(), &strides)
        };
        let pairs = self.combine(every_second(x, 0, n - 1), every_second(x, 1, n));
        let odd = self.running(pairs);
        let num_even = n.div_ceil(2);
        let mut even = x.slice_axis(0, 0, 1);
        if num_even > 1 {
            let between = self.combine(odd.slice_axis(0, 0, num_even - 1), every_second(x, 2, n));
            even = Val::concatenate(&[even, between], 0);
        }
        interleaved(even, odd)
    }
}

/// Elements of the first axis of both in turn; `even` has as many as `odd` or one more.
fn interleaved(even: Val, odd: Val) -> Val {
    let (shape, n) = (even.shape(), odd.shape().dim(0));
    let both = [even.slice_axis(0, 0, n).expand_dims(1), odd.expand_dims(1)];
    let merged = Val::concatenate(&both, 1).reshape(shape.with_dim(0, 2 * n));
    if shape.dim(0) == n {
        return merged;
    }
    Val::concatenate(&[merged, even.slice_axis(0, n, n + 1)], 0)
}

/// The running totals of each line of `x`.
fn evaluate(x: &Array, dimension: usize, reverse: bool, mut total: impl FnMut(usize, Option<usize>)) {
    let shape = &x.ty().shape;
    let (n, stride) = (shape.dim(dimension), shape.strides()[dimension]);
    for start in (0..shape.size()).filter(|p| p / stride % n == 0) {
        let at = |k: usize| start + stride * if reverse { n - 1 - k } else { k };
        (0..n).for_each(|k| total(at(k), k.checked_sub(1).map(at)));
    }
}

impl Rules for Cumulative {
    fn name(&self) -> &'static str {
        match self {
            Cumulative::Monoid { monoid, .. } => monoid_name(*monoid),
            Cumulative::LogSumExp { .. } => "cumlogsumexp",
        }
    }
    fn attributes(&self) -> Attributes {
        Attributes::new().with("dimension", self.dimension()).with("reverse", self.is_reversed())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }
    fn constraints(&self) -> &'static [&'static str] {
        &["`dimension` is an axis of the operand.", "The element type is one the combination is defined for."]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let (x, dimension) = (args[0], self.dimension());
        if dimension >= x.rank() {
            let message = format!("axis {dimension} does not exist in {x}; it has {} axes", x.rank());
            return Err(ErrorKind::constraint(1, message));
        }
        let refused = match self {
            Cumulative::Monoid { monoid, .. } => {
                let domain = monoid.domain();
                (!domain.admits(x.dtype)).then(|| domain.words())
            }
            Cumulative::LogSumExp { .. } => (!x.dtype.is_float()).then_some("floats"),
        };
        match refused {
            Some(words) => {
                Err(ErrorKind::constraint(2, format!("takes {words}, not {x}; convert the operand first")))
            }
            None => Ok(vec![x.clone()]),
        }
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let x = args[0];
        let (dimension, reverse) = (self.dimension(), self.is_reversed());
        let of_floats = |x: f64, y: f64| match self {
            Cumulative::Monoid { monoid, .. } => monoid.combine_floats(x, y),
            Cumulative::LogSumExp { .. } if x == y => x + std::f64::consts::LN_2,
            Cumulative::LogSumExp { .. } => {
                crate::ops::elementwise::maximum(x, y) + (-(x - y).abs()).exp().ln_1p()
            }
        };
        if let (Cumulative::Monoid { monoid, .. }, true) = (self, x.dtype().is_complex()) {
            let mut all = x.to_complex_vec();
            evaluate(x, dimension, reverse, |at, before| {
                if let Some(before) = before {
                    all[at] = monoid.combine_complex(all[before], all[at]);
                }
            });
            return Ok(vec![Array::from_complex(x.ty(), all)]);
        }
        if x.dtype().is_float() {
            let mut all = x.to_f64_vec();
            evaluate(x, dimension, reverse, |at, before| {
                if let Some(before) = before {
                    all[at] = of_floats(all[before], all[at]);
                }
            });
            return Ok(vec![Array::from_f64(x.ty(), all)]);
        }
        let Cumulative::Monoid { monoid, .. } = self else { unreachable!("internal: floats only") };
        let mut all = x.to_i128_vec();
        evaluate(x, dimension, reverse, |at, before| {
            if let Some(before) = before {
                all[at] = monoid.combine_integers(all[before], all[at]);
            }
        });
        Ok(vec![Array::from_integers(x.ty(), all)])
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        if matches!(self, Cumulative::Monoid { monoid: Monoid::Sum, .. }) {
            return linear_jvp(self.clone().into(), x, dx);
        }
        with_tangent(self.clone().into(), x, |_| {
            dx[0]?;
            tangents_through(passes, &self.by_pairs(&x[0].ty()), x, dx).remove(0)
        })
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        let Cumulative::Monoid { monoid: monoid @ Monoid::Sum, dimension, reverse } = *self else {
            unreachable!("internal: {} is not linear", self.name())
        };
        // Element i is in every total from i on, so it gets the cotangents from i on.
        vec![ct[0].map(|ct| bind1(Cumulative::Monoid { monoid, dimension, reverse: !reverse }, &[ct]))]
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        if matches!(self, Cumulative::Monoid { monoid: Monoid::Prod, .. }) {
            return Some(self.by_pairs(&args[0].ty()).inline(args).into());
        }
        Some(crate::ops::elementwise::componentwise(&self.clone().into(), args))
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], _: &[bool], _: Lanes) -> Vals {
        let mut op = self.clone();
        let (Cumulative::Monoid { dimension, .. } | Cumulative::LogSumExp { dimension, .. }) = &mut op;
        *dimension += 1;
        smallvec![bind1(op, args)]
    }
}

impl Val {
    /// Every element combined with all before it along `dimension`, or with all behind it.
    #[track_caller]
    pub fn cumulative(self, monoid: Monoid, dimension: usize, reverse: bool) -> Val {
        bind1(Cumulative::Monoid { monoid, dimension, reverse }, &[self])
    }
    /// The logarithm of the running sum of exponentials along `dimension`.
    #[track_caller]
    pub fn cumlogsumexp(self, dimension: usize, reverse: bool) -> Val {
        bind1(Cumulative::LogSumExp { dimension, reverse }, &[self])
    }
}
