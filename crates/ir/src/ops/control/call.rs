//! Calls: one equation that runs a Program on its operands.

use super::rest::spread;
use crate::eval::eval;
use crate::ops::effect::masked_program;
use crate::ops::{
    Attribute, Attributes, Infer, Lanes, Operand, Passes, Remaining, Residual, Rules, Sample, Split,
};
use crate::trace::{Val, Vals, bind, trace};
use crate::{Array, Dtype, ErrorKind, Op, Program, SourceLocation, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// See [`Control::Call`](super::Control::Call).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// What is run.
    pub program: Arc<Program>,
    /// What the user called it; for printing.
    pub name: Arc<str>,
}

impl Call {
    fn new(program: Arc<Program>, name: String) -> Call {
        Call { program, name: name.into() }
    }
    pub(super) fn parse(attributes: &mut Attributes) -> Result<Call, String> {
        let name: String = attributes.take("name")?;
        Ok(Call::new(attributes.take("program")?, name))
    }
    pub(super) fn samples() -> Vec<Sample> {
        let float = || Type::new(Dtype::F64, [3]);
        let function =
            trace(SourceLocation::unknown(), &[float(), float()], |x| vec![x[0].sin() * x[1], x[1]]);
        let function = Arc::new(function.expect("internal: the sample is well typed").program);
        vec![Sample::new(Call::new(function, "f".into())).arg(float(), -2.0, 2.0).arg(float(), -2.0, 2.0)]
    }
    pub(super) fn refusals() -> Vec<(u8, Sample)> {
        let identity = trace(SourceLocation::unknown(), &[Type::new(Dtype::F32, [3])], |x| vec![x[0]]);
        let identity = Arc::new(identity.expect("internal: the sample is well typed").program);
        let call = Call::new(identity, "f".into());
        vec![
            (1, Sample::new(call.clone()).arg(Type::new(Dtype::F32, [2]), 0.0, 1.0)),
            (1, Sample::new(call).arg(Type::new(Dtype::F64, [3]), 0.0, 1.0)),
        ]
    }
}

impl From<Call> for Op {
    fn from(call: Call) -> Op {
        super::Control::Call(call).into()
    }
}

impl Rules for Call {
    fn name(&self) -> &'static str {
        "call"
    }
    fn attributes(&self) -> Attributes {
        Attributes::new()
            .with("name", Attribute::Text(self.name.to_string()))
            .with("program", self.program.clone())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        self.program.num_params()..=self.program.num_params()
    }
    fn constraints(&self) -> &'static [&'static str] {
        &["Each operand has the type of the parameter of `program` it stands for."]
    }
    fn num_results(&self, _: usize) -> usize {
        self.program.results().len()
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        for (i, (arg, param)) in args.iter().zip(self.program.param_types()).enumerate() {
            if *arg != param {
                let message =
                    format!("operand {i} of `{}` is {arg}, but its parameter is {param}", self.name);
                return Err(ErrorKind::constraint(1, message));
            }
        }
        Ok(self.program.result_types())
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let args: Vec<Array> = args.iter().copied().cloned().collect();
        eval(&self.program, &args).map_err(ErrorKind::Inside)
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let has_tangent: Vec<bool> = dx.iter().map(Option::is_some).collect();
        let (program, nonzero) = passes.jvp(&self.program, &has_tangent);
        let args: Vals = x.iter().copied().chain(dx.iter().flatten().copied()).collect();
        let mut results = bind(Call::new(program, format!("jvp({})", self.name)), &args).into_iter();
        let y = results.by_ref().take(nonzero.len()).collect();
        (y, spread(results, &nonzero))
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let linear: Vec<bool> = args.iter().map(|arg| arg.known().is_none()).collect();
        let has_cotangent: Vec<bool> = ct.iter().map(Option::is_some).collect();
        let (program, nonzero) = passes.transpose(&self.program, &linear, &has_cotangent);
        let known = args.iter().filter_map(Operand::known);
        let inputs: Vals = known.chain(ct.iter().flatten().copied()).collect();
        let results = bind(Call::new(program, format!("transpose({})", self.name)), &inputs);
        let mut cotangents = spread(results, &nonzero).into_iter();
        linear.iter().map(|linear| linear.then(|| cotangents.next()).flatten().flatten()).collect()
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let (program, mapped) = passes.batch(&self.program, mapped, lanes);
        let results = bind(Call::new(program, format!("vmap({})", self.name)), args);
        let everywhere = |(v, mapped): (Val, bool)| if mapped { v } else { v.repeat_leading(lanes.size) };
        results.into_iter().zip(mapped).map(everywhere).collect()
    }
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        let known: Vec<bool> = args.iter().map(Option::is_some).collect();
        let halves = passes.split(&self.program, &known);
        let inputs: Vals = args.iter().flatten().copied().collect();
        let results = bind(Call::new(halves.known, self.name.to_string()), &inputs);
        let residuals = halves.residuals.iter().map(|residual| match residual {
            Residual::Parameter(i) => Remaining::Known(inputs[*i]),
            Residual::Result(i) => Remaining::Known(results[*i]),
        });
        let unknown = (0..args.len()).filter(|i| args[*i].is_none()).map(Remaining::Operand);
        let operands = residuals.chain(unknown).collect();
        let num_known = halves.known_results.iter().filter(|known| **known).count();
        let known = spread(results.iter().copied().take(num_known), &halves.known_results);
        Some(Split { known, rest: Call::new(halves.rest, self.name.to_string()).into(), operands })
    }
    fn admits_effects(&self) -> bool {
        true
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let masked = Call::new(masked_program(&self.program), self.name.to_string());
        Some(bind(masked, &args.iter().copied().chain([mask]).collect::<Vals>()))
    }
    fn takes_tapes(&self) -> bool {
        true
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        vec![&self.program]
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        Some(Call { program: programs.pop()?, name: self.name.clone() }.into())
    }
}

/// The results of `program` on `args`, as one equation that names it.
#[track_caller]
pub fn call(program: &Arc<Program>, name: &str, args: &[Val]) -> Vals {
    bind(Call::new(program.clone(), name.into()), args)
}
