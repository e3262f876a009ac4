//! Reductions on which the conformance tests run, and those that must be refused.

use super::Reduction;
use crate::ops::Sample;
use crate::ops::elementwise::Domain;
use crate::ops::monoid::Monoid;
use crate::trace::{Val, trace};
use crate::{Array, Dtype, Program, SourceLocation, Type};
use std::sync::Arc;

/// An element type that the combination is defined for; a wide one, so that differences are exact enough.
fn wide_dtype(monoid: Monoid) -> Dtype {
    if monoid.domain().admits(Dtype::F64) { Dtype::F64 } else { Dtype::I64 }
}

fn on(op: Reduction, dtype: Dtype, shape: &[usize]) -> Sample {
    let sample = Sample::new(op).arg(Type::new(dtype, shape), 0.5, 3.0);
    if dtype.is_inexact() { sample } else { sample.not_smooth() }
}

fn monoid(monoid: Monoid, axes: &[usize]) -> Reduction {
    Reduction::Monoid { monoid, axes: axes.into() }
}

fn body(scalars: &[Dtype], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    let types: Vec<Type> = scalars.iter().map(|dtype| Type::scalar(*dtype)).collect();
    let traced = trace(SourceLocation::unknown(), &types, f);
    Arc::new(traced.expect("internal: the sample is well typed").program)
}

/// `log(exp(x) + exp(y))`: smooth, and none of the monoids.
fn log_add_exp() -> Arc<Program> {
    body(&[Dtype::F64; 2], |x| vec![(x[0].exp() + x[1].exp()).log()])
}

/// The larger of two numbers with the index that stands beside it.
fn larger_with_index() -> Arc<Program> {
    use Dtype::{F64, I32};
    body(&[F64, I32, F64, I32], |v| {
        let first = v[0].ge(v[2]);
        vec![first.select(v[0], v[2]), first.select(v[1], v[3])]
    })
}

impl Reduction {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let mut all = vec![];
        for &m in Monoid::ALL {
            for dtype in m.domain().dtypes() {
                all.push(on(monoid(m, &[1]), dtype, &[2, 3]));
                all.push(on(monoid(m, &[0, 2]), dtype, &[2, 3, 4]));
                // The identity may be infinite, of which differences say nothing.
                all.push(on(monoid(m, &[0]), dtype, &[0, 2]).not_smooth());
            }
            let dtype = wide_dtype(m);
            all.push(on(monoid(m, &[0, 1]), dtype, &[2, 3]));
            all.push(on(monoid(m, &[]), dtype, &[2, 3]));
            all.push(on(monoid(m, &[1]), dtype, &[3, 1]));
        }
        let zeros = Array::from([[0.0, 2.0, 3.0], [0.0, 5.0, 0.0]]);
        all.push(Sample::new(monoid(Monoid::Prod, &[1])).exact(zeros));
        let ties = Array::from([[1.0f32, 3.0, 3.0], [f32::NAN, 5.0, f32::INFINITY]]);
        for (axis, shape) in [(0, vec![4]), (1, vec![2, 3, 2]), (2, vec![2, 0, 3])] {
            for dtype in Domain::Ordered.dtypes() {
                all.push(on(Reduction::Argmax { axis, dtype: Dtype::I32 }, dtype, &shape).not_smooth());
                all.push(on(Reduction::Argmin { axis, dtype: Dtype::I64 }, dtype, &shape).not_smooth());
            }
        }
        all.push(
            Sample::new(Reduction::Argmax { axis: 1, dtype: Dtype::I32 }).exact(ties.clone()).not_smooth(),
        );
        all.push(Sample::new(Reduction::Argmin { axis: 0, dtype: Dtype::U8 }).exact(ties).not_smooth());
        for (axes, shape) in [(vec![1], vec![2, 5]), (vec![0, 2], vec![3, 2, 2]), (vec![0], vec![0, 2])] {
            let op = Reduction::Body { axes: axes.into(), body: log_add_exp() };
            all.push(on(op, Dtype::F64, &shape).arg(Type::scalar(Dtype::F64), -1.0, 1.0));
        }
        let op = Reduction::Body { axes: [1].as_slice().into(), body: larger_with_index() };
        let complex = body(&[Dtype::Complex64; 2], |z| vec![z[0] * z[1] + z[0] + z[1]]);
        // In any order the same, to the last bit.
        let half = body(&[Dtype::F16; 2], |x| vec![(-((-x[0]).min(-x[1])))]);
        for (dtype, body) in [(Dtype::Complex64, complex), (Dtype::F16, half)] {
            let op = Reduction::Body { axes: [1].as_slice().into(), body };
            all.push(on(op, dtype, &[2, 3]).arg(Type::scalar(dtype), -1.0, 1.0).not_smooth());
        }
        let indices = Array::from([[0i32, 1, 2], [0, 1, 2]]);
        let pair = on(op, Dtype::F64, &[2, 3]).exact(indices);
        all.push(pair.exact(f64::NEG_INFINITY).exact(-1i32));
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        use Dtype::{F32, F64, I32};
        let mut all = vec![];
        for &m in Monoid::ALL {
            all.push((1, on(monoid(m, &[2]), wide_dtype(m), &[2, 3])));
            all.push((1, on(monoid(m, &[1, 0]), wide_dtype(m), &[2, 3])));
            let refused = Dtype::ALL.iter().find(|dtype| !m.domain().admits(**dtype));
            all.extend(refused.map(|dtype| (2, on(monoid(m, &[0]), *dtype, &[2, 3]))));
        }
        let make: [fn(usize, Dtype) -> Reduction; 2] = [
            |axis, dtype| Reduction::Argmax { axis, dtype },
            |axis, dtype| Reduction::Argmin { axis, dtype },
        ];
        for arg in make {
            all.push((1, on(arg(2, I32), F32, &[2, 3])));
            all.push((2, on(arg(1, I32), F32, &[2, 0])));
            all.push((3, on(arg(1, F32), F32, &[2, 3])));
            all.push((4, on(arg(1, I32), Dtype::Complex64, &[2, 3])));
        }
        let reduce = |axis: usize| Reduction::Body { axes: [axis].as_slice().into(), body: log_add_exp() };
        let (matrix, scalar) = (|| Type::new(F64, [2, 3]), || Type::scalar(F64));
        let pair = Reduction::Body { axes: [0].as_slice().into(), body: larger_with_index() };
        all.extend([
            (1, on(reduce(0), F64, &[2, 3]).arg(scalar(), 0.0, 1.0).arg(scalar(), 0.0, 1.0)),
            (2, on(pair, F64, &[2, 3]).arg(Type::new(I32, [3]), 0.0, 1.0).exact(0.0).exact(0)),
            (3, on(reduce(0), F64, &[2, 3]).arg(matrix(), 0.0, 1.0)),
            (3, on(reduce(0), F64, &[2, 3]).arg(Type::scalar(F32), 0.0, 1.0)),
            (4, on(reduce(2), F64, &[2, 3]).arg(scalar(), 0.0, 1.0)),
            (5, on(reduce(0), F32, &[2, 3]).arg(Type::scalar(F32), 0.0, 1.0)),
        ]);
        all
    }
}
