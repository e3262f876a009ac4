//! Samples of loops of unknown length.

use super::While;
use crate::ops::Sample;
use crate::ops::control::{Call, Scan};
use crate::ops::sample::refused;
use crate::trace::{Val, bind};
use crate::{Array, Dtype, Program, SourceLocation, Type, trace};
use std::sync::Arc;

fn f64s(shape: impl Into<crate::Shape>) -> Type {
    Type::new(Dtype::F64, shape)
}
fn i32() -> Type {
    Type::scalar(Dtype::I32)
}
fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    Arc::new(trace(SourceLocation::unknown(), types, f).expect("internal: the sample is well typed").program)
}

impl While {
    /// `for i < n { h = sin(w * h) + h }`, `n` steps of a counter.
    fn counted(dtype: Dtype) -> While {
        let vector = Type::new(dtype, [2]);
        let cond = program(&[i32(), i32(), vector.clone()], |p| vec![p[1].lt(p[0])]);
        let body = program(&[vector.clone(), i32(), vector], |p| {
            let [w, i, h] = [p[0], p[1], p[2]];
            vec![i + i.full_like(1.0), (w * h).sin() + h]
        });
        While { cond, body, num_cond_consts: 1, num_body_consts: 1, record: false }
    }
    /// Doubles until the value is large, but not for ever.
    fn doubling() -> While {
        let types = [f64s([]), f64s([]), i32()];
        let cond = program(&types, |p| vec![p[0].lt(p[0].full_like(5.0)) & p[2].lt(p[2].full_like(9.0))]);
        let body =
            program(&types, |p| vec![p[0] * 2.0, p[1] * p[0] + p[0].sin(), p[2] + p[2].full_like(1.0)]);
        While { cond, body, num_cond_consts: 0, num_body_consts: 0, record: false }
    }
    /// A loop that records, and one that reads what it recorded from the end.
    fn recorded() -> Sample {
        let counted = While::counted(Dtype::F64);
        let body = program(counted.body.param_types(), |p| {
            let results = counted.body.inline(p);
            [&results[..], &[p[2] * p[0]]].concat()
        });
        let loops = While { body, record: true, ..counted };
        let back = program(&[f64s([2]), f64s([2])], |p| vec![p[0] * p[1].cos() + p[1], p[0] * p[0]]);
        let back = Scan { body: back, num_consts: 0, num_carry: 1, length: None, reverse: true, unroll: 1 };
        let last = program(&[f64s([2]), f64s([2])], |p| vec![p[0] + p[1].sin()]);
        let last = Scan { body: last, reverse: false, ..back.clone() };
        let back_of_nothing = back.clone();
        let both = program(&[i32(), f64s([2]), f64s([2])], |p| {
            let zero = Val::zeros(i32());
            let r = bind(loops, &[p[0], p[1], zero, p[2]]);
            let (h, steps, tape) = (r[1], r[2], r[3]);
            let r = bind(back, &[steps, h, tape]);
            let chosen = h.lt(h.full_like(0.0));
            let mixed = crate::bind1(crate::ops::control::Tape::Select, &[chosen, tape, r[1].plus(tape)]);
            let l = bind(last, &[steps, h, mixed]);
            let nothing = bind(back_of_nothing, &[steps, h, Val::zeros(tape.ty())]);
            vec![h, steps, r[0], l[0], nothing[0]]
        });
        Sample::new(Call { program: both, name: "recorded".into() })
            .exact(Array::scalar(3i32))
            .arg(f64s([2]), 0.1, 1.0)
            .arg(f64s([2]), 0.1, 1.0)
    }
    pub(in crate::ops::control) fn samples() -> Vec<Sample> {
        let counted = |dtype: Dtype| {
            let vector = Type::new(dtype, [2]);
            Sample::new(While::counted(dtype))
                .exact(Array::scalar(3i32))
                .arg(vector.clone(), -1.0, 1.0)
                .exact(Array::scalar(0i32))
                .arg(vector, -1.0, 1.0)
        };
        let never = Sample::new(While::counted(Dtype::F64))
            .exact(Array::scalar(-3i32))
            .arg(f64s([2]), -1.0, 1.0)
            .exact(Array::scalar(0i32))
            .arg(f64s([2]), -1.0, 1.0);
        let doubling = |record| {
            Sample::new(While { record, ..While::doubling() })
                .arg(f64s([]), 0.33, 0.6)
                .arg(f64s([]), -1.0, 1.0)
                .exact(Array::scalar(0i32))
        };
        // Lanes of a batch take different numbers of steps.
        let widely = Sample::new(While::doubling())
            .arg(f64s([]), 0.02, 4.9)
            .arg(f64s([]), -1.0, 1.0)
            .exact(Array::scalar(0i32))
            .not_smooth();
        vec![
            counted(Dtype::F64),
            counted(Dtype::F32),
            never,
            doubling(false),
            doubling(true),
            widely,
            While::recorded(),
        ]
    }
    pub(in crate::ops::control) fn refusals() -> Vec<(u8, Sample)> {
        let one = f64s([]);
        let condition = |ty: &Type| program(std::slice::from_ref(ty), |p| vec![p[0]]);
        let truth = program(std::slice::from_ref(&one), |p| vec![p[0].lt(p[0])]);
        let step = program(std::slice::from_ref(&one), |p| vec![p[0] * 2.0]);
        let wrong = program(std::slice::from_ref(&one), |p| vec![p[0].convert(Dtype::F32)]);
        let nothing = program(std::slice::from_ref(&one), |_| vec![]);
        let more = program(std::slice::from_ref(&one), |p| vec![p[0], p[0]]);
        let of = |cond: &Arc<Program>, body: &Arc<Program>, record| While {
            cond: cond.clone(),
            body: body.clone(),
            num_cond_consts: 0,
            num_body_consts: 0,
            record,
        };
        let mut all = vec![];
        for record in [false, true] {
            all.extend([
                refused(of(&condition(&one), &step, record), 1, [&one]),
                refused(of(&condition(&f64s([2])), &step, record), 1, [&one]),
                refused(of(&truth, &wrong, record), 2, [&one]),
                refused(of(&truth, &nothing, record), 2, [&one]),
                refused(While { num_body_consts: 2, ..of(&truth, &step, record) }, 2, [&one]),
                refused(of(&truth, &step, record), 3, [&f64s([2])]),
            ]);
        }
        all.push(refused(of(&truth, &more, false), 4, [&one]));
        all
    }
}
