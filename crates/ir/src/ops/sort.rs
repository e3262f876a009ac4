//! Sorting.

use crate::ops::index::IndexMode;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Array, Dtype, ErrorKind, Numbers, Type};
use std::cmp::Ordering;
use std::ops::RangeInclusive;

documented! {
/// An order of elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sorting {
    /// The operands in the increasing order of the first `num_keys` of them along an axis; the others go with them.
    /// Equal elements keep their order. Among floats -0 equals +0, and NaN comes last. Complex numbers are in the order
    /// of their real parts, equal ones of their imaginary parts.
    Sort {
        /// The axis.
        dimension: usize,
        /// How many operands decide, the first one first.
        num_keys: usize,
    },
}
}

/// The order of two floats.
fn by_value(x: f64, y: f64) -> Ordering {
    x.partial_cmp(&y).unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
}

impl Sorting {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let sort = |dimension, num_keys| Sample::new(Sorting::Sort { dimension, num_keys });
        let with = |sample: Sample, dtype: Dtype, shape: &[usize]| {
            let sample = sample.arg(Type::new(dtype, shape), 0.0, 9.0);
            if dtype.is_inexact() { sample } else { sample.not_smooth() }
        };
        let mut all: Vec<Sample> = Dtype::ALL.iter().map(|dtype| with(sort(0, 1), *dtype, &[5])).collect();
        let special =
            Array::from([2.0f32, f32::NAN, -0.0, f32::NEG_INFINITY, 0.0, -f32::NAN, f32::INFINITY, -1.0]);
        let numbers = Array::from([0, 1, 2, 3, 4, 5, 6, 7]);
        let ties = Array::from([[1, 0, 1, 0], [2, 2, 2, 2]]);
        all.extend([
            with(sort(1, 1), Dtype::F64, &[2, 5, 2]),
            with(with(sort(0, 1), Dtype::F64, &[6]), Dtype::F64, &[6]),
            with(sort(0, 1), Dtype::F64, &[0]),
            with(sort(1, 1), Dtype::F64, &[0, 3]),
            with(sort(1, 1), Dtype::F64, &[2, 1]),
            sort(0, 1).exact(special).exact(numbers).not_smooth(),
            with(sort(1, 2).exact(ties.clone()), Dtype::F64, &[2, 4]),
            with(sort(1, 1).exact(ties.clone()), Dtype::F64, &[2, 4]),
            sort(0, 2).exact(ties.clone()).exact(ties).not_smooth(),
        ]);
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let on = |dimension, num_keys| {
            Sample::new(Sorting::Sort { dimension, num_keys }).arg(Type::new(Dtype::F32, [2, 3]), 0.0, 1.0)
        };
        vec![
            (1, on(2, 1)),
            (2, on(0, 1).arg(Type::new(Dtype::F32, [3, 2]), 0.0, 1.0)),
            (3, on(0, 0)),
            (3, on(0, 2)),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Sorting, String>> {
        (name == "sort").then(|| {
            let dimension = attributes.take("dimension")?;
            Ok(Sorting::Sort { dimension, num_keys: attributes.take("num_keys")? })
        })
    }
}

impl Rules for Sorting {
    fn name(&self) -> &'static str {
        "sort"
    }
    fn attributes(&self) -> Attributes {
        let Sorting::Sort { dimension, num_keys } = self;
        Attributes::new().with("dimension", *dimension).with("num_keys", *num_keys)
    }
    fn arity(&self) -> RangeInclusive<usize> {
        1..=usize::MAX
    }
    fn num_results(&self, num_args: usize) -> usize {
        num_args
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "`dimension` is an axis of the operands.",
            "All operands have the same shape.",
            "`num_keys` is at least 1 and at most the number of operands.",
        ]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let Sorting::Sort { dimension, num_keys } = self;
        if *dimension >= args[0].rank() {
            let message =
                format!("axis {dimension} does not exist in {}; it has {} axes", args[0], args[0].rank());
            return Err(ErrorKind::constraint(1, message));
        }
        if let Some(other) = args.iter().find(|ty| ty.shape != args[0].shape) {
            let (lhs, rhs) = (args[0].shape.clone(), other.shape.clone());
            let hint = "what is sorted together has one shape";
            return Err(ErrorKind::ShapeMismatch { number: 2, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        if !(1..=args.len()).contains(num_keys) {
            let message =
                format!("{num_keys} of {} operands cannot be keys; use 1 to all of them", args.len());
            return Err(ErrorKind::constraint(3, message));
        }
        Ok(args.iter().copied().cloned().collect())
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let Sorting::Sort { dimension, num_keys } = self;
        let positions = sorted_positions(&args[..*num_keys], *dimension);
        let shape = &args[0].ty().shape;
        Ok(args.iter().map(|x| x.take(shape, &positions)).collect())
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let Sorting::Sort { dimension, .. } = self;
        // The tangents go where their elements went: an iota that is sorted with them says where that is.
        let index_ty = x[0].ty().with_dtype(Dtype::I32);
        let args: Vals = x.iter().copied().chain([Val::iota(index_ty, *dimension)]).collect();
        let mut y = bind(self.clone(), &args);
        let from = y.pop().expect("internal: the sorted indices");
        let follow = |dx: Val| dx.take_along_axis(from, *dimension, IndexMode::PromiseInBounds);
        let dy = dx.iter().map(|dx| dx.map(follow)).collect();
        (y, dy)
    }
    fn transpose(&self, _: &dyn Passes, _: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        unreachable!("internal: sort is not linear")
    }
    /// Real and imaginary parts are operands, and keys, of their own.
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        let Sorting::Sort { dimension, num_keys } = self;
        let is_complex: Vec<bool> = args.iter().map(|arg| arg.ty().dtype.is_complex()).collect();
        let num_keys = num_keys + is_complex[..*num_keys].iter().filter(|complex| **complex).count();
        let parts = args.iter().zip(&is_complex).flat_map(|(v, complex)| match complex {
            true => vec![v.real(), v.imag()],
            false => vec![*v],
        });
        let sorted = bind(Sorting::Sort { dimension: *dimension, num_keys }, &parts.collect::<Vals>());
        let mut sorted = sorted.into_iter();
        let mut next = || sorted.next().expect("internal: a result for each part");
        Some(
            is_complex.iter().map(|complex| if *complex { next().complex(next()) } else { next() }).collect(),
        )
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let Sorting::Sort { dimension, num_keys } = self;
        let everywhere = |(v, mapped): (&Val, &bool)| if *mapped { *v } else { v.repeat_leading(lanes.size) };
        let args: Vals = args.iter().zip(mapped).map(everywhere).collect();
        bind(Sorting::Sort { dimension: dimension + 1, num_keys: *num_keys }, &args)
    }
}

/// For each result its position in the operands.
fn sorted_positions(keys: &[&Array], dimension: usize) -> Vec<usize> {
    let shape = &keys[0].ty().shape;
    let (len, stride) = (shape.dim(dimension), shape.strides()[dimension]);
    let ranks: Vec<Vec<u64>> = keys.iter().map(|key| ordinals(key)).collect();
    let mut positions: Vec<usize> = vec![0; shape.size()];
    for start in (0..shape.size()).filter(|p| p / stride % len == 0) {
        let mut along: Vec<usize> = (0..len).map(|k| start + k * stride).collect();
        along.sort_by(|a, b| {
            ranks
                .iter()
                .map(|key| key[*a].cmp(&key[*b]))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        for (k, from) in along.into_iter().enumerate() {
            positions[start + k * stride] = from;
        }
    }
    positions
}

/// Numbers in the order of the elements; equal for equal elements.
fn ordinals(key: &Array) -> Vec<u64> {
    match key.numbers() {
        Numbers::Complex(all) => ranks(&all, |x, y| by_value(x.re, y.re).then_with(|| by_value(x.im, y.im))),
        Numbers::Floats(all) => ranks(&all, |x, y| by_value(*x, *y)),
        Numbers::Integers(all) => ranks(&all, Ord::cmp),
    }
}

fn ranks<T>(all: &[T], compare: impl Fn(&T, &T) -> Ordering) -> Vec<u64> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| compare(&all[*a], &all[*b]));
    let mut ranks = vec![0; all.len()];
    for pair in order.windows(2) {
        let step = u64::from(compare(&all[pair[0]], &all[pair[1]]).is_ne());
        ranks[pair[1]] = ranks[pair[0]] + step;
    }
    ranks
}

/// `operands` in the increasing order of the first `num_keys` of them along `dimension`.
#[track_caller]
pub fn sort(operands: &[Val], dimension: usize, num_keys: usize) -> Vals {
    bind(Sorting::Sort { dimension, num_keys }, operands)
}

impl Val {
    /// The elements in increasing order along `dimension`, NaN last.
    #[track_caller]
    pub fn sort(self, dimension: usize) -> Val {
        bind1(Sorting::Sort { dimension, num_keys: 1 }, &[self])
    }
    /// The indices along `dimension` of the elements in increasing order, NaN last; of equal ones the first first.
    #[track_caller]
    pub fn argsort(self, dimension: usize, dtype: Dtype) -> Val {
        let indices = Val::iota(self.ty().with_dtype(dtype), dimension);
        sort(&[self, indices], dimension, 1)[1]
    }
}
