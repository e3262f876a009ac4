//! Samples of loops over arrays and over tapes.

use super::Scan;
use crate::ops::sample::refused;
use crate::ops::{Sample, control::Call};
use crate::trace::{Val, bind};
use crate::{Array, Dtype, Program, Type, trace};
use std::sync::Arc;

fn f64s(shape: impl Into<crate::Shape>) -> Type {
    Type::new(Dtype::F64, shape)
}

fn body(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    Arc::new(
        trace(crate::SourceLocation::unknown(), types, f)
            .expect("internal: the sample is well typed")
            .program,
    )
}

/// A recurrence with a constant, a carry that no tangent reaches, and a y of each.
fn recurrence(dtype: Dtype) -> Arc<Program> {
    let vector = Type::new(dtype, [2]);
    let count = Type::scalar(Dtype::I32);
    let types = [vector.clone(), vector.clone(), count, vector];
    body(&types, |p| {
        let [w, h, i, x] = [p[0], p[1], p[2], p[3]];
        let h = (w * h + x).tanh();
        let next = i + i.full_like(1.0);
        vec![h, next, h * x, next]
    })
}

fn of(body: Arc<Program>, num_consts: usize, num_carry: usize, length: Option<usize>) -> Scan {
    Scan { body, num_consts, num_carry, length, reverse: false, unroll: 1 }
}

impl Scan {
    pub(in crate::ops::control) fn samples() -> Vec<Sample> {
        let count = || Array::scalar(0i32);
        let over_arrays = |scan: Scan, length: usize| {
            Sample::new(scan).arg(f64s([2]), -1.0, 1.0).arg(f64s([2]), -1.0, 1.0).exact(count()).arg(
                f64s([length, 2]),
                -1.0,
                1.0,
            )
        };
        let forward = of(recurrence(Dtype::F64), 1, 2, Some(3));
        let backward = Scan { reverse: true, unroll: 2, ..forward.clone() };
        let empty = Scan { length: Some(0), ..forward.clone() };
        let narrow = of(recurrence(Dtype::F32), 1, 2, Some(3));
        let narrow = Sample::new(narrow)
            .arg(Type::new(Dtype::F32, [2]), -1.0, 1.0)
            .arg(Type::new(Dtype::F32, [2]), -1.0, 1.0)
            .exact(count())
            .arg(Type::new(Dtype::F32, [3, 2]), -1.0, 1.0);
        let mut all = vec![over_arrays(forward, 3), over_arrays(backward, 3), over_arrays(empty, 0), narrow];
        all.push(Scan::nested_sample());
        all.push(Scan::dynamic_sample(false));
        all.push(Scan::dynamic_sample(true));
        all.push(Scan::tape_sample());
        all
    }
    /// A loop in a loop, whose constant is the outer carry.
    fn nested_sample() -> Sample {
        let inner = body(&[f64s([]), f64s([]), f64s([])], |p| {
            let h = p[1] * p[0].cos() + p[2];
            vec![h, h.sin()]
        });
        let inner = of(inner, 1, 1, Some(3));
        let outer = body(&[f64s([]), f64s([3])], |p| {
            let r = bind(inner.clone(), &[p[0], p[0].sin(), p[1]]);
            vec![r[0] * 0.5 + p[0], r[1]]
        });
        Sample::new(of(outer, 0, 1, Some(2))).arg(f64s([]), -1.0, 1.0).arg(f64s([2, 3]), -1.0, 1.0)
    }
    /// As many steps as an operand says, over no tape.
    fn dynamic_sample(reverse: bool) -> Sample {
        let step = body(&[f64s([2]), f64s([2])], |p| vec![(p[0] * p[1]).sin() + p[1]]);
        let scan = Scan { reverse, ..of(step, 1, 1, None) };
        Sample::new(scan).exact(Array::scalar(3i32)).arg(f64s([2]), -1.0, 1.0).arg(f64s([2]), -1.0, 1.0)
    }
    /// A loop that leaves a tape, and one that reads it from the end.
    fn tape_sample() -> Sample {
        let step = body(&[f64s([2]), f64s([2])], |p| {
            let h = (p[0] * p[1]).sin();
            vec![h, h * p[0]]
        });
        let back = body(&[f64s([2]), f64s([2])], |p| vec![p[0] * p[1].cos() + p[1]]);
        let types = [Type::scalar(Dtype::I32), f64s([2]), f64s([2])];
        let both = body(&types, |p| {
            let forward = bind(of(step, 1, 1, None), p);
            let reader = Scan { reverse: true, ..of(back, 0, 1, None) };
            let last = bind(reader, &[p[0], forward[0], forward[1]]);
            vec![forward[0], last[0]]
        });
        let call = Call { program: both, name: "tape".into() };
        Sample::new(call).exact(Array::scalar(3i32)).arg(f64s([2]), -1.0, 1.0).arg(f64s([2]), -1.0, 1.0)
    }
    pub(in crate::ops::control) fn refusals() -> Vec<(u8, Sample)> {
        let step = || body(&[f64s([2]), f64s([2]), f64s([2])], |p| vec![p[1] * p[0], p[2]]);
        let good = || [f64s([2]), f64s([2]), f64s([3, 2])];
        let scan = || of(step(), 1, 1, Some(3));
        let growing = body(&[f64s([2])], |p| vec![p[0].repeat_leading(3)]);
        let tape = || of(step(), 1, 1, None);
        let steps = || Type::scalar(Dtype::I32);
        let tapes = |first, second, xs| [steps(), first, second, xs];
        vec![
            refused(of(step(), 2, 2, Some(3)), 1, good()),
            refused(of(step(), 0, 3, Some(3)), 1, good()),
            refused(scan(), 2, [f64s([3]), f64s([2]), f64s([3, 2])]),
            refused(scan(), 2, [f64s([2]), Type::new(Dtype::F32, [2]), f64s([3, 2])]),
            refused(of(growing.clone(), 0, 1, Some(3)), 3, [f64s([2])]),
            refused(scan(), 4, [f64s([2]), f64s([2]), f64s([4, 2])]),
            refused(scan(), 4, [f64s([2]), f64s([2]), f64s([2])]),
            refused(scan(), 4, [f64s([2]), f64s([2]), f64s([2]).tape()]),
            refused(Scan { unroll: 0, ..scan() }, 5, good()),
            refused(of(step(), 2, 2, None), 1, tapes(f64s([2]), f64s([2]), f64s([2]).tape())),
            refused(tape(), 2, tapes(f64s([3]), f64s([2]), f64s([2]).tape())),
            refused(of(growing, 0, 1, None), 3, [steps(), f64s([2])]),
            refused(tape(), 4, tapes(f64s([2]), f64s([2]), f64s([3, 2]))),
            refused(Scan { unroll: 0, ..tape() }, 5, tapes(f64s([2]), f64s([2]), f64s([2]).tape())),
            refused(tape(), 6, [f64s([]), f64s([2]), f64s([2]), f64s([2]).tape()]),
        ]
    }
}
