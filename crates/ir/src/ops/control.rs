//! Primitives about how a program is run, not about its values: barriers and calls.

use crate::eval::eval;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Residual, Rules, Sample, Split};
use crate::trace::{Val, Vals, bind, trace};
use crate::{Array, Dtype, ErrorKind, Op, Place, Program, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

documented! {
/// An operation that returns its operands, or runs a Program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Control {
    /// The operand, whose tangent is zero.
    StopGradient,
    /// The operands. No equation moves across, and none before it is merged with one behind it.
    OptimizationBarrier,
    /// Runs `program` on the operands. Equal Programs share one compiled function.
    Call {
        /// What is run.
        program: Arc<Program>,
        /// What the user called it; for printing.
        name: Arc<str>,
    },
}
}

impl Control {
    fn call(program: Arc<Program>, name: String) -> Control {
        Control::Call { program, name: name.into() }
    }
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let vector = |dtype| Type::new(dtype, [3]);
        let float = || vector(Dtype::F64);
        let function = trace(Place::unknown(), &[float(), float()], |x| vec![x[0].sin() * x[1], x[1]]);
        let function = Arc::new(function.expect("internal: the sample is well typed").program);
        vec![
            // The tangent is zero by definition, whatever differences say.
            Sample::new(Control::StopGradient).arg(float(), -2.0, 2.0).not_smooth(),
            Sample::new(Control::OptimizationBarrier).arg(float(), -2.0, 2.0).arg(
                vector(Dtype::F32),
                -2.0,
                2.0,
            ),
            Sample::new(Control::OptimizationBarrier).arg(vector(Dtype::I32), 0.0, 9.0).not_smooth(),
            Sample::new(Control::call(function, "f".into())).arg(float(), -2.0, 2.0).arg(float(), -2.0, 2.0),
        ]
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let identity = trace(Place::unknown(), &[Type::new(Dtype::F32, [3])], |x| vec![x[0]]);
        let identity = Arc::new(identity.expect("internal: the sample is well typed").program);
        let call = Control::call(identity, "f".into());
        vec![
            (1, Sample::new(call.clone()).arg(Type::new(Dtype::F32, [2]), 0.0, 1.0)),
            (1, Sample::new(call).arg(Type::new(Dtype::F64, [3]), 0.0, 1.0)),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Control, String>> {
        Some(match name {
            "stop_gradient" => Ok(Control::StopGradient),
            "optimization_barrier" => Ok(Control::OptimizationBarrier),
            "call" => {
                attributes.take("name").and_then(|name| Ok(Control::call(attributes.take("program")?, name)))
            }
            _ => return None,
        })
    }
}

impl Rules for Control {
    fn name(&self) -> &'static str {
        match self {
            Control::StopGradient => "stop_gradient",
            Control::OptimizationBarrier => "optimization_barrier",
            Control::Call { .. } => "call",
        }
    }
    fn attributes(&self) -> Attributes {
        match self {
            Control::StopGradient | Control::OptimizationBarrier => Attributes::new(),
            Control::Call { program, name } => Attributes::new()
                .with("name", super::Attribute::Text(name.to_string()))
                .with("program", program.clone()),
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Control::StopGradient => 1..=1,
            Control::OptimizationBarrier => 0..=usize::MAX,
            Control::Call { program, .. } => program.num_params()..=program.num_params(),
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Control::StopGradient | Control::OptimizationBarrier => &[],
            Control::Call { .. } => {
                &["Each operand has the type of the parameter of `program` it stands for."]
            }
        }
    }
    fn num_results(&self, num_args: usize) -> usize {
        match self {
            Control::StopGradient | Control::OptimizationBarrier => num_args,
            Control::Call { program, .. } => program.results().len(),
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let Control::Call { program, name } = self else {
            return Ok(args.iter().copied().cloned().collect());
        };
        for (i, (arg, param)) in args.iter().zip(program.param_types()).enumerate() {
            if *arg != param {
                let message = format!("operand {i} of `{name}` is {arg}, but its parameter is {param}");
                return Err(ErrorKind::constraint(1, message));
            }
        }
        Ok(program.result_types())
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let args: Vec<Array> = args.iter().copied().cloned().collect();
        match self {
            Control::StopGradient | Control::OptimizationBarrier => Ok(args),
            Control::Call { program, .. } => eval(program, &args).map_err(ErrorKind::Inside),
        }
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        match self {
            Control::StopGradient => (bind(self.clone(), x), vec![None]),
            Control::OptimizationBarrier => (bind(self.clone(), x), behind_barrier(dx)),
            Control::Call { program, name } => jvp_of_call(passes, program, name, x, dx),
        }
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        match self {
            Control::StopGradient => unreachable!("internal: stop_gradient is not linear"),
            Control::OptimizationBarrier => behind_barrier(ct),
            Control::Call { program, name } => transpose_of_call(passes, program, name, ct, args),
        }
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let everywhere = |v: Val, mapped: bool| if mapped { v } else { v.repeat_leading(lanes.size) };
        match self {
            Control::StopGradient => bind(self.clone(), args),
            Control::OptimizationBarrier => {
                let args: Vals = args.iter().zip(mapped).map(|(v, mapped)| everywhere(*v, *mapped)).collect();
                bind(self.clone(), &args)
            }
            Control::Call { program, name } => {
                let (program, mapped) = passes.batch(program, mapped, lanes);
                let results = bind(Control::call(program, format!("vmap({name})")), args);
                results.into_iter().zip(mapped).map(|(v, mapped)| everywhere(v, mapped)).collect()
            }
        }
    }
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        let Control::Call { program, name } = self else { return None };
        let known: Vec<bool> = args.iter().map(Option::is_some).collect();
        let halves = passes.split(program, &known);
        let inputs: Vals = args.iter().flatten().copied().collect();
        let results = bind(Control::call(halves.known, name.to_string()), &inputs);
        let mut first = results.iter().copied();
        let known = halves.known_results.iter().map(|known| known.then(|| first.next()).flatten()).collect();
        let residuals = halves.residuals.iter().map(|residual| match residual {
            Residual::Parameter(i) => inputs[*i],
            Residual::Result(i) => results[*i],
        });
        let rest = Control::call(halves.rest, name.to_string()).into();
        Some(Split { known, rest, residuals: residuals.collect() })
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        match self {
            Control::StopGradient | Control::OptimizationBarrier => vec![],
            Control::Call { program, .. } => vec![program],
        }
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        let Control::Call { name, .. } = self else { return None };
        Some(Control::Call { program: programs.pop()?, name: name.clone() }.into())
    }
}

/// Those that are not zero, behind a barrier of their own.
fn behind_barrier(values: &[Option<Val>]) -> Vec<Option<Val>> {
    let present: Vals = values.iter().flatten().copied().collect();
    let mut behind = bind(Control::OptimizationBarrier, &present).into_iter();
    values.iter().map(|v| v.and_then(|_| behind.next())).collect()
}

fn jvp_of_call(
    passes: &dyn Passes,
    program: &Arc<Program>,
    name: &str,
    x: &[Val],
    dx: &[Option<Val>],
) -> (Vals, Vec<Option<Val>>) {
    let has_tangent: Vec<bool> = dx.iter().map(Option::is_some).collect();
    let (program, nonzero) = passes.jvp(program, &has_tangent);
    let args: Vals = x.iter().copied().chain(dx.iter().flatten().copied()).collect();
    let mut results = bind(Control::call(program, format!("jvp({name})")), &args).into_iter();
    let y = results.by_ref().take(nonzero.len()).collect();
    (y, nonzero.iter().map(|nonzero| nonzero.then(|| results.next()).flatten()).collect())
}

fn transpose_of_call(
    passes: &dyn Passes,
    program: &Arc<Program>,
    name: &str,
    ct: &[Option<Val>],
    args: &[Operand],
) -> Vec<Option<Val>> {
    let linear: Vec<bool> = args.iter().map(|arg| arg.known().is_none()).collect();
    let has_cotangent: Vec<bool> = ct.iter().map(Option::is_some).collect();
    let (program, nonzero) = passes.transpose(program, &linear, &has_cotangent);
    let inputs: Vals = args.iter().filter_map(Operand::known).chain(ct.iter().flatten().copied()).collect();
    let mut results = bind(Control::call(program, format!("transpose({name})")), &inputs).into_iter();
    let mut nonzero = nonzero.into_iter();
    let mut next = || if nonzero.next()? { results.next() } else { None };
    linear.iter().map(|linear| linear.then(&mut next).flatten()).collect()
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

/// The results of `program` on `args`, as one equation that names it.
#[track_caller]
pub fn call(program: &Arc<Program>, name: &str, args: &[Val]) -> Vals {
    bind(Control::call(program.clone(), name.into()), args)
}
