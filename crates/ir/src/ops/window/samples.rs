//! Windows on which the conformance tests run, and those that must be refused.

use super::{Select, Window, Windowing};
use crate::ops::Sample;
use crate::ops::monoid::Monoid;
use crate::trace::{Val, trace};
use crate::{Array, Dtype, Program, SourceLocation, Type};
use std::sync::Arc;

fn on(op: Windowing, dtype: Dtype, shape: &[usize]) -> Sample {
    let sample = Sample::new(op).arg(Type::new(dtype, shape), 0.5, 3.0);
    if dtype.is_inexact() { sample } else { sample.not_smooth() }
}

/// Windows with everything that they may have.
fn everything() -> Window {
    Window {
        strides: [2, 1].as_slice().into(),
        low: [1, -1].as_slice().into(),
        high: [0, 2].as_slice().into(),
        base_dilation: [1, 2].as_slice().into(),
        window_dilation: [2, 1].as_slice().into(),
        ..Window::new(&[2, 3])
    }
}

/// Pooling: windows side by side.
fn pool() -> Window {
    Window { strides: [1, 2, 2, 1].as_slice().into(), ..Window::new(&[1, 2, 2, 1]) }
}

/// Pooling with windows that overlap and reach over the border.
fn overlapping() -> Window {
    Window {
        strides: [2, 2].as_slice().into(),
        low: [1, 0].as_slice().into(),
        high: [1, 1].as_slice().into(),
        ..Window::new(&[3, 3])
    }
}

fn body(scalars: &[Dtype], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    let types: Vec<Type> = scalars.iter().map(|dtype| Type::scalar(*dtype)).collect();
    let traced = trace(SourceLocation::unknown(), &types, f);
    Arc::new(traced.expect("internal: the sample is well typed").program)
}

fn log_add_exp() -> Arc<Program> {
    body(&[Dtype::F64; 2], |x| vec![(x[0].exp() + x[1].exp()).log()])
}

/// The larger of two numbers with what stands beside it.
fn larger_with_index() -> Arc<Program> {
    use Dtype::{F64, I32};
    body(&[F64, I32, F64, I32], |v| {
        let first = v[0].ge(v[2]);
        vec![first.select(v[0], v[2]), first.select(v[1], v[3])]
    })
}

fn wide_dtype(monoid: Monoid) -> Dtype {
    if monoid.domain().admits(Dtype::F64) { Dtype::F64 } else { Dtype::I64 }
}

impl Windowing {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let mut all = vec![];
        for &monoid in Monoid::ALL {
            let reduce = |window| Windowing::Monoid { monoid, window };
            let dtype = wide_dtype(monoid);
            all.extend(monoid.domain().dtypes().map(|d| on(reduce(Window::new(&[2])), d, &[4])));
            // A window without elements has an infinite identity, of which differences say nothing.
            let sparse = on(reduce(everything()), dtype, &[5, 4]);
            all.push(if matches!(monoid, Monoid::Max | Monoid::Min) { sparse.not_smooth() } else { sparse });
            all.push(on(reduce(pool()), dtype, &[2, 4, 5, 2]));
            all.push(on(reduce(overlapping()), dtype, &[5, 6]));
            all.push(on(reduce(Window::new(&[])), dtype, &[]));
            all.push(on(reduce(Window::new(&[3])), dtype, &[2]));
        }
        for select in [Select::Ge, Select::Le] {
            let gather = |window| Windowing::SelectAndGatherAdd { select, window };
            let scatter = |window| Windowing::SelectAndScatterAdd { select, window };
            let pair = |op, dtype, first: &[usize], shape: &[usize]| {
                let ty = Type::new(dtype, first);
                Sample::new(op).arg(ty, -1.0, 1.0).arg(Type::new(Dtype::F64, shape), 0.0, 1.0)
            };
            for (window, windows, shape) in [
                (pool(), vec![2, 2, 2, 2], vec![2, 4, 5, 2]),
                (overlapping(), vec![3, 3], vec![5, 6]),
                (everything(), vec![2, 6], vec![5, 4]),
                (Window::new(&[2]), vec![0], vec![1]),
            ] {
                all.push(pair(gather(window.clone()), Dtype::F64, &shape, &shape));
                all.push(pair(scatter(window), Dtype::F64, &windows, &shape));
            }
            let ties = || Array::from([1.0f32, 3.0, 3.0, 1.0, f32::NEG_INFINITY, f32::INFINITY]);
            let numbers = || Array::from([1, 2, 3, 4, 5, 6]);
            let wide = Window { low: [1].as_slice().into(), ..Window::new(&[3]) };
            all.push(Sample::new(gather(wide.clone())).exact(numbers()).exact(ties()).not_smooth());
            let five = Array::from([1, 2, 3, 4, 5]);
            all.push(Sample::new(scatter(wide)).exact(five).exact(ties()).not_smooth());
        }
        let reduce = |window, body| Windowing::Body { window, body };
        for (window, shape) in [(everything(), vec![5, 4]), (Window::new(&[3]), vec![2])] {
            let op = reduce(window, log_add_exp());
            all.push(on(op, Dtype::F64, &shape).arg(Type::scalar(Dtype::F64), -1.0, 1.0));
        }
        let indices = Array::from([[0i32, 1, 2, 3], [4, 5, 6, 7]]);
        let pair = on(reduce(Window::new(&[1, 2]), larger_with_index()), Dtype::F64, &[2, 4]).exact(indices);
        all.push(pair.exact(f64::NEG_INFINITY).exact(-1i32));
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        use Dtype::{F32, F64, I32};
        let mut all = vec![];
        let wrong = || {
            let two = || Window::new(&[2, 2]);
            let zero = Window { strides: [1, 0].as_slice().into(), ..two() };
            let cut = Window { low: [-2, 0].as_slice().into(), high: [-2, 0].as_slice().into(), ..two() };
            [(1, Window::new(&[2])), (1, Window { low: [].as_slice().into(), ..two() }), (2, zero), (3, cut)]
        };
        for &monoid in Monoid::ALL {
            for (number, window) in wrong() {
                all.push((number, on(Windowing::Monoid { monoid, window }, wide_dtype(monoid), &[3, 3])));
            }
            let refused = Dtype::ALL.iter().find(|dtype| !monoid.domain().admits(**dtype));
            let plain = || Windowing::Monoid { monoid, window: Window::new(&[2]) };
            all.extend(refused.map(|dtype| (4, on(plain(), *dtype, &[3]))));
        }
        let select = Select::Ge;
        let square = || Type::new(F32, [3, 3]);
        let gather = |window| Sample::new(Windowing::SelectAndGatherAdd { select, window });
        let scatter = |window| Sample::new(Windowing::SelectAndScatterAdd { select, window });
        let reduce = |window, body| Sample::new(Windowing::Body { window, body });
        for (number, window) in wrong() {
            all.push((number, gather(window.clone()).arg(square(), 0.0, 1.0).arg(square(), 0.0, 1.0)));
            all.push((number, scatter(window.clone()).arg(square(), 0.0, 1.0).arg(square(), 0.0, 1.0)));
            let wide = || Type::new(F64, [3, 3]);
            let init = Type::scalar(F64);
            all.push((number, reduce(window, log_add_exp()).arg(wide(), 0.0, 1.0).arg(init, 0.0, 1.0)));
        }
        let two = || Window::new(&[2, 2]);
        let bools = |n: usize| Type::new(Dtype::Bool, [n, n]);
        all.push((4, gather(two()).arg(Type::new(F32, [3, 2]), 0.0, 1.0).arg(square(), 0.0, 1.0)));
        all.push((5, gather(two()).arg(bools(3), 0.0, 1.0).arg(square(), 0.0, 1.0)));
        all.push((4, scatter(two()).arg(square(), 0.0, 1.0).arg(square(), 0.0, 1.0)));
        all.push((5, scatter(two()).arg(bools(2), 0.0, 1.0).arg(square(), 0.0, 1.0)));
        let line = |dtype| Type::new(dtype, [3]);
        let scalar = || Type::scalar(F64);
        let of = |body| reduce(Window::new(&[2]), body).arg(line(F64), 0.0, 1.0);
        let pair = || reduce(Window::new(&[2]), larger_with_index()).arg(line(F64), 0.0, 1.0);
        all.extend([
            (4, of(log_add_exp()).arg(scalar(), 0.0, 1.0).arg(scalar(), 0.0, 1.0)),
            (5, pair().arg(Type::new(I32, [4]), 0.0, 1.0).exact(0.0).exact(0)),
            (6, of(log_add_exp()).arg(line(F64), 0.0, 1.0)),
            (7, of(larger_with_index()).arg(scalar(), 0.0, 1.0)),
        ]);
        all
    }
}
