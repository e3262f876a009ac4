//! Products summed over shared axes.

use crate::ops::strided::{View, are_distinct_axes, argsort, inverse_permutation, other_axes};
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, sum_terms, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dims, Dtype, ErrorKind, Numbers, Shape, Type};
use smallvec::smallvec;
use std::ops::RangeInclusive;

documented! {
/// A contraction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Contraction {
    /// The products of elements of two operands, summed over pairs of axes. The result's axes are the batch axes, the
    /// free axes of the left operand, then those of the right one.
    DotGeneral(DotDims),
}
}

/// Which axes of the operands of a [`Contraction::DotGeneral`] belong together; the others are free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DotDims {
    /// Axes of the left operand that are summed over.
    pub lhs_contracting: Dims,
    /// Axes of the right operand that are summed over, in the same order.
    pub rhs_contracting: Dims,
    /// Axes of the left operand along which the products stay apart.
    pub lhs_batch: Dims,
    /// Axes of the right operand along which the products stay apart, in the same order.
    pub rhs_batch: Dims,
}

impl DotDims {
    /// Sums over `lhs` of the left and `rhs` of the right operand.
    pub fn contracting(lhs: &[usize], rhs: &[usize]) -> DotDims {
        DotDims { lhs_contracting: lhs.into(), rhs_contracting: rhs.into(), ..DotDims::default() }
    }
    /// Keeps the products along `lhs` of the left and `rhs` of the right operand apart.
    pub fn batch(self, lhs: &[usize], rhs: &[usize]) -> DotDims {
        DotDims { lhs_batch: lhs.into(), rhs_batch: rhs.into(), ..self }
    }
    /// Axes of a left operand of `rank` that are free, increasing.
    pub fn lhs_free(&self, rank: usize) -> Dims {
        other_axes(rank, &[&self.lhs_batch, &self.lhs_contracting])
    }
    /// Axes of a right operand of `rank` that are free, increasing.
    pub fn rhs_free(&self, rank: usize) -> Dims {
        other_axes(rank, &[&self.rhs_batch, &self.rhs_contracting])
    }
    /// The result's shape.
    pub fn result_shape(&self, lhs: &Shape, rhs: &Shape) -> Shape {
        let batch = self.lhs_batch.iter().map(|axis| lhs.dim(*axis));
        let lhs_free = self.lhs_free(lhs.rank());
        let rhs_free = self.rhs_free(rhs.rank());
        let free =
            lhs_free.iter().map(|axis| lhs.dim(*axis)).chain(rhs_free.iter().map(|axis| rhs.dim(*axis)));
        batch.chain(free).collect()
    }
    /// The operands' roles exchanged.
    fn swapped(&self) -> DotDims {
        DotDims {
            lhs_contracting: self.rhs_contracting.clone(),
            rhs_contracting: self.lhs_contracting.clone(),
            lhs_batch: self.rhs_batch.clone(),
            rhs_batch: self.lhs_batch.clone(),
        }
    }
}

impl Contraction {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let sample = |dims: DotDims, dtype, lhs: &[usize], rhs: &[usize]| {
            let sample = Sample::new(Contraction::DotGeneral(dims)).arg(Type::new(dtype, lhs), 0.0, 2.0);
            let sample = sample.arg(Type::new(dtype, rhs), 0.0, 2.0);
            if dtype.is_inexact() { sample } else { sample.not_smooth() }
        };
        let matmul = || DotDims::contracting(&[1], &[0]);
        let mut all = vec![
            sample(DotDims::contracting(&[0], &[0]), Dtype::F32, &[3], &[3]),
            sample(DotDims::contracting(&[], &[]), Dtype::F32, &[2], &[3]),
            sample(DotDims::contracting(&[0], &[1]), Dtype::F64, &[3, 2], &[4, 3]),
            sample(matmul(), Dtype::F64, &[2, 0], &[0, 3]),
            sample(DotDims::contracting(&[2], &[1]).batch(&[0], &[0]), Dtype::F32, &[2, 3, 4], &[2, 4, 5]),
            sample(DotDims::contracting(&[1], &[2]).batch(&[2], &[0]), Dtype::F64, &[3, 4, 2], &[2, 5, 4]),
            sample(
                DotDims::contracting(&[3, 1], &[0, 2]).batch(&[2], &[3]),
                Dtype::F64,
                &[2, 3, 4, 5],
                &[5, 2, 3, 4],
            ),
            sample(DotDims::default().batch(&[0, 1], &[1, 0]), Dtype::F64, &[2, 3], &[3, 2]),
        ];
        let numbers = Dtype::ALL.iter().copied().filter(|dtype| *dtype != Dtype::Bool);
        all.extend(numbers.map(|dtype| sample(matmul(), dtype, &[2, 3], &[3, 4])));
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let sample = |dims: DotDims, lhs: Type, rhs: Type| {
            Sample::new(Contraction::DotGeneral(dims)).arg(lhs, 0.0, 1.0).arg(rhs, 0.0, 1.0)
        };
        let matrix = |dtype, rows, columns| Type::new(dtype, [rows, columns]);
        let float = |rows, columns| matrix(Dtype::F32, rows, columns);
        let dims = DotDims::contracting;
        vec![
            (1, sample(dims(&[1], &[0]), float(2, 3), matrix(Dtype::F64, 3, 2))),
            (2, sample(dims(&[1], &[0]), matrix(Dtype::Bool, 2, 3), matrix(Dtype::Bool, 3, 2))),
            (3, sample(dims(&[2], &[0]), float(2, 3), float(3, 2))),
            (3, sample(dims(&[1], &[0]).batch(&[1], &[1]), float(2, 3), float(3, 3))),
            (4, sample(dims(&[1], &[0, 1]), float(2, 3), float(3, 2))),
            (4, sample(dims(&[], &[]).batch(&[0], &[]), float(2, 3), float(3, 2))),
            (5, sample(dims(&[1], &[1]).batch(&[0], &[0]), float(2, 3), float(4, 3))),
            (6, sample(dims(&[1], &[0]), float(2, 3), float(4, 2))),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Contraction, String>> {
        let mut pair = |key: &str| -> Result<(Dims, Dims), String> {
            let rows: Vec<Vec<i64>> = attributes.take(key)?;
            let axes = |row: &[i64]| row.iter().map(|n| usize::try_from(*n)).collect::<Result<Dims, _>>();
            let [lhs, rhs] = &rows[..] else {
                return Err(format!("attribute `{key}` needs a list of axes for each operand"));
            };
            let (Ok(lhs), Ok(rhs)) = (axes(lhs), axes(rhs)) else {
                return Err(format!("attribute `{key}` holds a negative axis"));
            };
            Ok((lhs, rhs))
        };
        (name == "dot_general").then(|| {
            let (lhs_contracting, rhs_contracting) = pair("contracting")?;
            let (lhs_batch, rhs_batch) = pair("batch")?;
            let dims = DotDims { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch };
            Ok(Contraction::DotGeneral(dims))
        })
    }
}

impl Rules for Contraction {
    fn name(&self) -> &'static str {
        "dot_general"
    }
    fn attributes(&self) -> Attributes {
        let Contraction::DotGeneral(dims) = self;
        let pair = |lhs: &Dims, rhs: &Dims| -> Vec<Vec<i64>> {
            [lhs, rhs].iter().map(|axes| axes.iter().map(|axis| *axis as i64).collect()).collect()
        };
        Attributes::new()
            .with("contracting", pair(&dims.lhs_contracting, &dims.rhs_contracting))
            .with("batch", pair(&dims.lhs_batch, &dims.rhs_batch))
    }
    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "Both operands have the same element type.",
            "The element type is a number, not `bool`.",
            "`contracting` and `batch` together name axes of each operand, none twice.",
            "`contracting` names as many axes of the left as of the right operand, and so does `batch`.",
            "Batch axes that belong together have the same extent.",
            "Contracted axes that belong together have the same extent.",
        ]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let Contraction::DotGeneral(dims) = self;
        let (lhs, rhs) = (args[0], args[1]);
        check_dims(dims, lhs, rhs)?;
        Ok(vec![lhs.with_shape(dims.result_shape(&lhs.shape, &rhs.shape))])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let Contraction::DotGeneral(dims) = self;
        Ok(vec![evaluate(dims, args[0], args[1])])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let Contraction::DotGeneral(dims) = self;
        with_tangent(self.clone().into(), x, |_| {
            sum_terms([
                dx[0].map(|dx| dx.dot_general(x[1], dims.clone())),
                dx[1].map(|dy| x[0].dot_general(dy, dims.clone())),
            ])
        })
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let Contraction::DotGeneral(dims) = self;
        let Some(ct) = ct[0] else { return vec![None, None] };
        match (&args[0], &args[1]) {
            (Operand::Linear(lhs), Operand::Known(rhs)) => vec![Some(pull_left(ct, lhs, *rhs, dims)), None],
            (Operand::Known(lhs), Operand::Linear(rhs)) => vec![None, Some(pull_right(ct, *lhs, rhs, dims))],
            _ => unreachable!("internal: dot_general is linear in one operand at a time"),
        }
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        Some(crate::ops::elementwise::bilinear(&self.clone().into(), args))
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], _: Lanes) -> Vals {
        let Contraction::DotGeneral(dims) = self;
        let shifted =
            |axes: &Dims, mapped: bool| axes.iter().map(|axis| axis + usize::from(mapped)).collect();
        let mut inner = DotDims {
            lhs_contracting: shifted(&dims.lhs_contracting, mapped[0]),
            rhs_contracting: shifted(&dims.rhs_contracting, mapped[1]),
            lhs_batch: shifted(&dims.lhs_batch, mapped[0]),
            rhs_batch: shifted(&dims.rhs_batch, mapped[1]),
        };
        if mapped[0] && mapped[1] {
            inner.lhs_batch.insert(0, 0);
            inner.rhs_batch.insert(0, 0);
            return smallvec![args[0].dot_general(args[1], inner)];
        }
        // The lanes are one more free axis: the first of its operand.
        let num_batch = dims.lhs_batch.len();
        let before = if mapped[0] { 0 } else { inner.lhs_free(args[0].shape().rank()).len() };
        smallvec![args[0].dot_general(args[1], inner).move_axis(num_batch + before, 0)]
    }
}

fn check_dims(dims: &DotDims, lhs: &Type, rhs: &Type) -> Result<(), ErrorKind> {
    if lhs.dtype != rhs.dtype {
        let (lhs, rhs, hint) = (lhs.clone(), rhs.clone(), "convert one of them");
        return Err(ErrorKind::DtypeMismatch { number: 1, lhs: lhs.into(), rhs: rhs.into(), hint });
    }
    let refuse = |number, message: String| Err(ErrorKind::constraint(number, message));
    if lhs.dtype == Dtype::Bool {
        return refuse(2, format!("takes integers and floats, not {lhs} and {rhs}; convert them first"));
    }
    let sides =
        [(lhs, &dims.lhs_contracting, &dims.lhs_batch), (rhs, &dims.rhs_contracting, &dims.rhs_batch)];
    for (ty, contracting, batch) in sides {
        let named: Dims = contracting.iter().chain(batch).copied().collect();
        if !are_distinct_axes(&named, ty.rank()) {
            let axes = format!("contracting axes {contracting:?} and batch axes {batch:?}");
            return refuse(3, format!("{axes} are not different axes of {ty}; name each at most once"));
        }
    }
    let roles = [
        (5, "batch", &dims.lhs_batch, &dims.rhs_batch),
        (6, "contracted", &dims.lhs_contracting, &dims.rhs_contracting),
    ];
    for (number, role, left, right) in roles {
        if left.len() != right.len() {
            let message = format!("{role} axes {left:?} of {lhs} and {right:?} of {rhs} are not as many");
            return refuse(4, message);
        }
        for (i, j) in left.iter().zip(right) {
            let (n, m) = (lhs.shape.dim(*i), rhs.shape.dim(*j));
            if n != m {
                let axes = format!("axis {i} of {lhs} (extent {n}) and axis {j} of {rhs} (extent {m})");
                return refuse(
                    number,
                    format!("{axes} are {role} together; they must agree, check the shapes or transpose"),
                );
            }
        }
    }
    Ok(())
}

/// The cotangent of the left operand: the products of the result's cotangent with the right operand, summed over
/// the latter's free axes.
fn pull_left(ct: Val, lhs: &Type, rhs: Val, dims: &DotDims) -> Val {
    let rhs_rank = rhs.shape().rank();
    let (num_batch, lhs_free, rhs_free) =
        (dims.lhs_batch.len(), dims.lhs_free(lhs.rank()), dims.rhs_free(rhs_rank));
    let first = num_batch + lhs_free.len();
    let of_ct: Dims = (first..first + rhs_free.len()).collect();
    let batch: Dims = (0..num_batch).collect();
    let product = ct.dot_general(rhs, DotDims::contracting(&of_ct, &rhs_free).batch(&batch, &dims.rhs_batch));
    // What is left of the right operand are its contracted axes, in increasing order.
    let contracted = argsort(&dims.rhs_contracting).into_iter().map(|k| dims.lhs_contracting[k]);
    let axes: Dims = dims.lhs_batch.iter().chain(&lhs_free).copied().chain(contracted).collect();
    product.transpose(&inverse_permutation(&axes))
}

/// The cotangent of the right operand, by the same formula with the operands' roles exchanged.
fn pull_right(ct: Val, lhs: Val, rhs: &Type, dims: &DotDims) -> Val {
    let lhs_rank = lhs.shape().rank();
    let swapped = dims.swapped();
    let (num_batch, lhs_free, rhs_free) =
        (dims.lhs_batch.len(), dims.lhs_free(lhs_rank), dims.rhs_free(rhs.rank()));
    let of_ct: Dims = (num_batch..num_batch + lhs_free.len()).collect();
    let batch: Dims = (0..num_batch).collect();
    let product = ct.dot_general(lhs, DotDims::contracting(&of_ct, &lhs_free).batch(&batch, &dims.lhs_batch));
    let contracted = argsort(&swapped.rhs_contracting).into_iter().map(|k| swapped.lhs_contracting[k]);
    let axes: Dims = dims.rhs_batch.iter().chain(&rhs_free).copied().chain(contracted).collect();
    product.transpose(&inverse_permutation(&axes))
}

fn evaluate(dims: &DotDims, lhs: &Array, rhs: &Array) -> Array {
    let (left, right) = (&lhs.ty().shape, &rhs.ty().shape);
    let offsets = |shape: &Shape, axes: &[usize]| {
        let extents: Shape = axes.iter().map(|axis| shape.dim(*axis)).collect();
        View::of_axes(shape, axes).positions(&extents)
    };
    let pairs = |a: Vec<usize>, b: Vec<usize>| a.into_iter().zip(b).collect::<Vec<_>>();
    let batch = pairs(offsets(left, &dims.lhs_batch), offsets(right, &dims.rhs_batch));
    let summed = pairs(offsets(left, &dims.lhs_contracting), offsets(right, &dims.rhs_contracting));
    let rows = offsets(left, &dims.lhs_free(left.rank()));
    let columns = offsets(right, &dims.rhs_free(right.rank()));
    let ty = lhs.ty().with_shape(dims.result_shape(left, right));
    let starts = batch.iter().flat_map(|(l, r)| {
        let columns = &columns;
        rows.iter().flat_map(move |row| columns.iter().map(move |column| (l + row, r + column)))
    });
    match (lhs.numbers(), rhs.numbers()) {
        (Numbers::Complex(x), Numbers::Complex(y)) => {
            let total = |(l, r)| summed.iter().map(|(i, j)| x[l + i] * y[r + j]).sum();
            Array::from_complex(&ty, starts.map(total))
        }
        (Numbers::Floats(x), Numbers::Floats(y)) => {
            let total = |(l, r)| summed.iter().map(|(i, j)| x[l + i] * y[r + j]).sum();
            Array::from_f64(&ty, starts.map(total))
        }
        (Numbers::Integers(x), Numbers::Integers(y)) => {
            let products = |(l, r)| summed.iter().map(move |(i, j)| (l + i, r + j));
            let total = |start: (usize, usize)| {
                products(start).fold(0i128, |sum, (i, j)| sum.wrapping_add(x[i].wrapping_mul(y[j])))
            };
            Array::from_integers(&ty, starts.map(total))
        }
        _ => unreachable!("internal: operands of one type"),
    }
}

impl Val {
    /// The products of elements of `self` and `rhs`, summed over the contracting axes of `dims`. The result's axes are
    /// the batch axes, the free axes of `self`, then those of `rhs`.
    #[track_caller]
    pub fn dot_general(self, rhs: Val, dims: DotDims) -> Val {
        bind1(Contraction::DotGeneral(dims), &[self, rhs])
    }
    /// `[n, k] · [k, m] -> [n, m]`
    #[track_caller]
    pub fn matmul(self, rhs: Val) -> Val {
        self.dot_general(rhs, DotDims::contracting(&[1], &[0]))
    }
}
