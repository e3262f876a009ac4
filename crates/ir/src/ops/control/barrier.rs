//! Operations that return their operands: what they stop is derivatives, and other equations.

use super::Control;
use crate::ops::{Infer, Lanes, Operand, Passes, Rules, Sample};
use crate::trace::{Val, Vals, bind};
use crate::{Array, Dtype, ErrorKind, Type};
use std::ops::RangeInclusive;

/// See [`Control::StopGradient`].
pub(super) struct StopGradient;
/// See [`Control::OptimizationBarrier`].
pub(super) struct OptimizationBarrier;

pub(super) fn samples() -> Vec<Sample> {
    let vector = |dtype| Type::new(dtype, [3]);
    vec![
        // The tangent is zero by definition, whatever differences say.
        Sample::new(Control::StopGradient).arg(vector(Dtype::F64), -2.0, 2.0).not_smooth(),
        Sample::new(Control::OptimizationBarrier).arg(vector(Dtype::F64), -2.0, 2.0).arg(
            vector(Dtype::F32),
            -2.0,
            2.0,
        ),
        Sample::new(Control::OptimizationBarrier).arg(vector(Dtype::I32), 0.0, 9.0).not_smooth(),
    ]
}

impl Rules for StopGradient {
    fn name(&self) -> &'static str {
        "stop_gradient"
    }
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        Ok(vec![args[0].clone()])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(vec![args[0].clone()])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], _: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        (bind(Control::StopGradient, x), vec![None])
    }
    fn transpose(&self, _: &dyn Passes, _: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        unreachable!("internal: stop_gradient is not linear")
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], _: &[bool], _: Lanes) -> Vals {
        bind(Control::StopGradient, args)
    }
}

impl Rules for OptimizationBarrier {
    fn name(&self) -> &'static str {
        "optimization_barrier"
    }
    fn arity(&self) -> RangeInclusive<usize> {
        0..=usize::MAX
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[]
    }
    fn num_results(&self, num_args: usize) -> usize {
        num_args
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        Ok(args.iter().copied().cloned().collect())
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(args.iter().copied().cloned().collect())
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        (optimization_barrier(x), behind_barrier(dx))
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        behind_barrier(ct)
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let everywhere = |(v, mapped): (&Val, &bool)| if *mapped { *v } else { v.repeat_leading(lanes.size) };
        let args: Vals = args.iter().zip(mapped).map(everywhere).collect();
        optimization_barrier(&args)
    }
    fn takes_tapes(&self) -> bool {
        true
    }
}

/// Those that are not zero, behind a barrier of their own.
fn behind_barrier(values: &[Option<Val>]) -> Vec<Option<Val>> {
    let present: Vals = values.iter().flatten().copied().collect();
    let mut behind = optimization_barrier(&present).into_iter();
    values.iter().map(|v| v.and_then(|_| behind.next())).collect()
}

impl Val {
    /// `self` as a constant of differentiation.
    #[track_caller]
    pub fn stop_gradient(self) -> Val {
        bind(Control::StopGradient, &[self])[0]
    }
}

/// `values`, behind a barrier that no equation crosses.
#[track_caller]
pub fn optimization_barrier(values: &[Val]) -> Vals {
    bind(Control::OptimizationBarrier, values)
}
