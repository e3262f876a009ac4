//! Rematerialisation: what reverse mode computes again rather than keeps.
//!
//! A `checkpoint` runs its Program like a call. When it is split, only its operands and what the policy saves are
//! residuals; the rest computes the other values again. That rest is a `checkpoint` too, and its transpose puts all
//! it reads, cotangents included, behind a barrier: so no equation of the second computation is merged with one of
//! the first, and none runs before the cotangents are there.

use crate::eval::eval;
use crate::ops::contract::Contraction;
use crate::ops::control::{Call, Control, optimization_barrier};
use crate::ops::custom::batched_everywhere;
use crate::ops::effect::{masked_program, without_effects};
use crate::ops::{
    Attribute, Attributes, Infer, Lanes, Operand, Passes, Remaining, Residual, Rules, Sample, Split,
};
use crate::program::Var;
use crate::trace::{Val, Vals, at_place, bind, bind1, trace};
use crate::{Array, Dtype, Equation, ErrorKind, Op, Program, SourceLocation, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

documented! {
/// What is kept for reverse mode, and what is computed again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Checkpoint {
    /// Runs `program` on the operands. Reverse mode keeps the operands and what `policy` saves, and computes all else
    /// again.
    Checkpoint {
        /// What is run.
        program: Arc<Program>,
        /// What is saved.
        policy: Policy,
    },
    /// The operand, which a policy may save by its name.
    CheckpointName {
        /// The name.
        name: Arc<str>,
    },
}
}

/// Which values inside a checkpoint are saved. Its operands always are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// None: everything is computed again.
    #[default]
    NothingSaveable,
    /// All, as without a checkpoint.
    EverythingSaveable,
    /// Products of matrices.
    DotsSaveable,
    /// Products of matrices without batch axes: those with weights.
    DotsWithNoBatchDimsSaveable,
    /// Values with one of these names.
    SaveOnlyTheseNames(Vec<Arc<str>>),
    /// Named values but those with one of these names.
    SaveAnyNamesButThese(Vec<Arc<str>>),
    /// All values but those with one of these names.
    SaveAnythingExceptTheseNames(Vec<Arc<str>>),
}

/// Names, shared.
fn shared<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Arc<str>> {
    names.into_iter().map(Arc::from).collect()
}

impl Policy {
    /// Values with one of these names are saved.
    pub fn save_only_these_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Policy {
        Policy::SaveOnlyTheseNames(shared(names))
    }
    /// Named values but these are saved.
    pub fn save_any_names_but_these<'a>(names: impl IntoIterator<Item = &'a str>) -> Policy {
        Policy::SaveAnyNamesButThese(shared(names))
    }
    /// All values but these are saved.
    pub fn save_anything_except_these_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Policy {
        Policy::SaveAnythingExceptTheseNames(shared(names))
    }
    /// Whether results of `op` are saved.
    pub fn saves(&self, op: &Op) -> bool {
        let name = match op {
            Op::Checkpoint(Checkpoint::CheckpointName { name }) => Some(name),
            _ => None,
        };
        let dot = match op {
            Op::Contraction(Contraction::DotGeneral(dims)) => Some(dims),
            _ => None,
        };
        match self {
            Policy::NothingSaveable => false,
            Policy::EverythingSaveable => true,
            Policy::DotsSaveable => dot.is_some(),
            Policy::DotsWithNoBatchDimsSaveable => dot.is_some_and(|dims| dims.lhs_batch.is_empty()),
            Policy::SaveOnlyTheseNames(names) => name.is_some_and(|name| names.contains(name)),
            Policy::SaveAnyNamesButThese(names) => name.is_some_and(|name| !names.contains(name)),
            Policy::SaveAnythingExceptTheseNames(names) => name.is_none_or(|name| !names.contains(name)),
        }
    }
    fn word(&self) -> &'static str {
        match self {
            Policy::NothingSaveable => "nothing_saveable",
            Policy::EverythingSaveable => "everything_saveable",
            Policy::DotsSaveable => "dots_saveable",
            Policy::DotsWithNoBatchDimsSaveable => "dots_with_no_batch_dims_saveable",
            Policy::SaveOnlyTheseNames(_) => "save_only_these_names",
            Policy::SaveAnyNamesButThese(_) => "save_any_names_but_these",
            Policy::SaveAnythingExceptTheseNames(_) => "save_anything_except_these_names",
        }
    }
    fn names(&self) -> Option<&[Arc<str>]> {
        match self {
            Policy::SaveOnlyTheseNames(names)
            | Policy::SaveAnyNamesButThese(names)
            | Policy::SaveAnythingExceptTheseNames(names) => Some(names),
            _ => None,
        }
    }
    fn parse(attributes: &mut Attributes) -> Result<Policy, String> {
        let word: String = attributes.take("policy")?;
        let mut names = || -> Result<Vec<Arc<str>>, String> {
            let names: Vec<String> = attributes.take("names")?;
            Ok(names.into_iter().map(Arc::from).collect())
        };
        Ok(match &word[..] {
            "nothing_saveable" => Policy::NothingSaveable,
            "everything_saveable" => Policy::EverythingSaveable,
            "dots_saveable" => Policy::DotsSaveable,
            "dots_with_no_batch_dims_saveable" => Policy::DotsWithNoBatchDimsSaveable,
            "save_only_these_names" => Policy::SaveOnlyTheseNames(names()?),
            "save_any_names_but_these" => Policy::SaveAnyNamesButThese(names()?),
            "save_anything_except_these_names" => Policy::SaveAnythingExceptTheseNames(names()?),
            other => return Err(format!("no policy is called `{other}`")),
        })
    }
}

impl Checkpoint {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let float = Type::new(Dtype::F64, [3]);
        let function = trace(SourceLocation::unknown(), &[float.clone(), float.clone()], |x| {
            let named = bind1(Checkpoint::CheckpointName { name: "sine".into() }, &[x[0].sin()]);
            vec![named.sin() * x[1], x[1].cos()]
        });
        let program = Arc::new(function.expect("internal: the sample is well typed").program);
        let policies = [
            Policy::NothingSaveable,
            Policy::EverythingSaveable,
            Policy::DotsSaveable,
            Policy::DotsWithNoBatchDimsSaveable,
            Policy::SaveOnlyTheseNames(vec!["sine".into()]),
            Policy::SaveAnyNamesButThese(vec!["cosine".into(), "tangent".into()]),
            Policy::SaveAnythingExceptTheseNames(vec![]),
        ];
        let checkpoint = |policy| {
            Sample::new(Checkpoint::Checkpoint { program: program.clone(), policy })
                .arg(float.clone(), -2.0, 2.0)
                .arg(float.clone(), -2.0, 2.0)
        };
        let named = Sample::new(Checkpoint::CheckpointName { name: "x".into() });
        policies.into_iter().map(checkpoint).chain([named.arg(float.clone(), -2.0, 2.0)]).collect()
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let float = Type::new(Dtype::F32, [3]);
        let identity = trace(SourceLocation::unknown(), &[float.clone()], |x| vec![x[0]]);
        let program = Arc::new(identity.expect("internal: the sample is well typed").program);
        let checkpoint = Checkpoint::Checkpoint { program, policy: Policy::NothingSaveable };
        let named = Checkpoint::CheckpointName { name: "a,b".into() };
        vec![
            (1, Sample::new(checkpoint).arg(Type::new(Dtype::F32, [2]), 0.0, 1.0)),
            (1, Sample::new(named).arg(float, 0.0, 1.0)),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Checkpoint, String>> {
        Some(match name {
            "checkpoint" => attributes.take("program").and_then(|program| {
                Ok(Checkpoint::Checkpoint { program, policy: Policy::parse(attributes)? })
            }),
            "checkpoint_name" => {
                attributes.take::<String>("name").map(|name| Checkpoint::CheckpointName { name: name.into() })
            }
            _ => return None,
        })
    }
}

impl Rules for Checkpoint {
    fn name(&self) -> &'static str {
        match self {
            Checkpoint::Checkpoint { .. } => "checkpoint",
            Checkpoint::CheckpointName { .. } => "checkpoint_name",
        }
    }
    fn attributes(&self) -> Attributes {
        match self {
            Checkpoint::Checkpoint { program, policy } => {
                let attributes = Attributes::new()
                    .with("program", program.clone())
                    .with("policy", Attribute::word(policy.word()));
                match policy.names() {
                    Some(names) => {
                        attributes.with("names", names.iter().map(ToString::to_string).collect::<Vec<_>>())
                    }
                    None => attributes,
                }
            }
            Checkpoint::CheckpointName { name } => {
                Attributes::new().with("name", Attribute::Text(name.to_string()))
            }
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Checkpoint::Checkpoint { .. } => {
                &["Each operand has the type of the parameter of `program` it stands for."]
            }
            Checkpoint::CheckpointName { .. } => &["`name` is not empty and has no comma."],
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Checkpoint::Checkpoint { program, .. } => program.num_params()..=program.num_params(),
            Checkpoint::CheckpointName { .. } => 1..=1,
        }
    }
    fn num_results(&self, _: usize) -> usize {
        match self {
            Checkpoint::Checkpoint { program, .. } => program.results().len(),
            Checkpoint::CheckpointName { .. } => 1,
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        match self {
            Checkpoint::Checkpoint { program, .. } => {
                for (i, (arg, param)) in args.iter().zip(program.param_types()).enumerate() {
                    if *arg != param {
                        let message = format!("operand {i} is {arg}, but its parameter is {param}");
                        return Err(ErrorKind::constraint(1, message));
                    }
                }
                Ok(program.result_types())
            }
            Checkpoint::CheckpointName { name } if name.is_empty() || name.contains(',') => {
                Err(ErrorKind::constraint(1, format!("`{name}` is no name: it is empty or has a comma")))
            }
            Checkpoint::CheckpointName { .. } => Ok(vec![args[0].clone()]),
        }
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let args: Vec<Array> = args.iter().copied().cloned().collect();
        match self {
            Checkpoint::Checkpoint { program, .. } => eval(program, &args).map_err(ErrorKind::Inside),
            Checkpoint::CheckpointName { .. } => Ok(args),
        }
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let Checkpoint::Checkpoint { program, policy } = self else {
            return (bind(self.clone(), x), dx.to_vec());
        };
        let has_tangent: Vec<bool> = dx.iter().map(Option::is_some).collect();
        let (program, nonzero) = passes.jvp(program, &has_tangent);
        let args: Vals = x.iter().copied().chain(dx.iter().flatten().copied()).collect();
        let pushed = Checkpoint::Checkpoint { program, policy: policy.clone() };
        let mut results = bind(pushed, &args).into_iter();
        let y = results.by_ref().take(nonzero.len()).collect();
        (y, nonzero.iter().map(|nonzero| nonzero.then(|| results.next()).flatten()).collect())
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let Checkpoint::Checkpoint { program, .. } = self else {
            return ct.to_vec();
        };
        let linear: Vec<bool> = args.iter().map(|arg| arg.known().is_none()).collect();
        let has_cotangent: Vec<bool> = ct.iter().map(Option::is_some).collect();
        let (pulled, nonzero) = passes.transpose(program, &linear, &has_cotangent);
        let read: Vals = args.iter().filter_map(Operand::known).chain(ct.iter().flatten().copied()).collect();
        let mut results = pulled.inline(&optimization_barrier(&read)).into_iter();
        let mut nonzero = nonzero.into_iter();
        let mut next = || if nonzero.next()? { results.next() } else { None };
        linear.iter().map(|linear| linear.then(&mut next).flatten()).collect()
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        match self {
            Checkpoint::Checkpoint { program, policy } => {
                let program = batched_everywhere(passes, program, mapped, lanes);
                bind(Checkpoint::Checkpoint { program, policy: policy.clone() }, args)
            }
            Checkpoint::CheckpointName { .. } => bind(self.clone(), args),
        }
    }
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        let Checkpoint::Checkpoint { program, policy } = self else { return None };
        let is_known: Vec<bool> = args.iter().map(Option::is_some).collect();
        let halves = passes.split(program, &is_known);
        let inputs: Vec<Val> = args.iter().flatten().copied().collect();
        let known = flattened(&halves.known);
        let values = run(&known, &inputs);
        let wanted: Vec<Var> = halves
            .residuals
            .iter()
            .map(|residual| match residual {
                Residual::Parameter(i) => Var::new(*i),
                Residual::Result(i) => known.results()[*i],
            })
            .collect();
        let Again { saved, computed } = Again::plan(&known, policy, &wanted);
        let unknown = program.param_types().iter().zip(&is_known).filter(|(_, known)| !**known);
        let types: Vec<Type> =
            saved.iter().map(|var| known.ty(*var)).chain(unknown.map(|(ty, _)| ty)).cloned().collect();
        let rest = trace(SourceLocation::unknown(), &types, |x| {
            let (kept, unknown) = x.split_at(saved.len());
            let mut value: Vec<Option<Val>> = vec![None; known.num_vars()];
            saved.iter().zip(kept).for_each(|(var, v)| value[var.index()] = Some(*v));
            for eqn in &computed {
                compute(eqn, &mut value);
            }
            let residuals = wanted.iter().map(|var| value[var.index()].expect("internal: saved or computed"));
            halves.rest.inline(&residuals.chain(unknown.iter().copied()).collect::<Vec<_>>())
        });
        let rest = Arc::new(rest.expect("internal: parts of a well-typed program").program);
        let mut first = known.results().iter().map(|r| values[r.index()]);
        let known_results =
            halves.known_results.iter().map(|known| known.then(|| first.next()).flatten()).collect();
        let kept = saved.iter().map(|var| Remaining::Known(values[var.index()]));
        let unknown = (0..args.len()).filter(|i| !is_known[*i]).map(Remaining::Operand);
        let operands = kept.chain(unknown).collect();
        Some(Split {
            known: known_results,
            rest: Checkpoint::Checkpoint { program: rest, policy: policy.clone() }.into(),
            operands,
        })
    }
    fn takes_tapes(&self) -> bool {
        true
    }
    fn admits_effects(&self) -> bool {
        !self.programs().is_empty()
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let Checkpoint::Checkpoint { program, policy } = self else { return None };
        let masked = Checkpoint::Checkpoint { program: masked_program(program), policy: policy.clone() };
        Some(bind(masked, &args.iter().copied().chain([mask]).collect::<Vals>()))
    }
    fn expands(&self) -> bool {
        true
    }
    fn expand(&self, args: &[Val]) -> Vec<Val> {
        match self {
            Checkpoint::Checkpoint { program, .. } => program.inline(args),
            Checkpoint::CheckpointName { .. } => args.to_vec(),
        }
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        match self {
            Checkpoint::Checkpoint { program, .. } => vec![program],
            Checkpoint::CheckpointName { .. } => vec![],
        }
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        let Checkpoint::Checkpoint { policy, .. } = self else { return None };
        Some(Checkpoint::Checkpoint { program: programs.pop()?, policy: policy.clone() }.into())
    }
}

/// What a checkpoint keeps of its known half, and what it computes again.
struct Again<'a> {
    /// Parameters and saved results.
    saved: Vec<Var>,
    /// In order.
    computed: Vec<&'a Equation>,
}

impl<'a> Again<'a> {
    /// For the values `wanted` of `known`, the least that must be saved where `policy` decides what may be.
    fn plan(known: &'a Program, policy: &Policy, wanted: &[Var]) -> Again<'a> {
        let mut needed = vec![false; known.num_vars()];
        wanted.iter().for_each(|var| needed[var.index()] = true);
        let (mut saved, mut computed) = (vec![], vec![]);
        for eqn in known.equations().iter().rev() {
            if !eqn.results.iter().any(|r| needed[r.index()]) {
                continue;
            }
            // Constants are no residuals.
            if policy.saves(&eqn.op) && !eqn.args.is_empty() {
                saved.extend(eqn.results.iter().filter(|r| needed[r.index()]));
                continue;
            }
            eqn.args.iter().for_each(|arg| needed[arg.index()] = true);
            computed.push(eqn);
        }
        computed.reverse();
        saved.extend(known.params().filter(|param| needed[param.index()]));
        saved.sort_unstable();
        Again { saved, computed }
    }
}

/// Writes one equation for the second time: what it does besides computing is done already.
fn compute(eqn: &Equation, value: &mut [Option<Val>]) {
    let read = |arg: &Var| value[arg.index()].expect("internal: defined before");
    let args: Vals = eqn.args.iter().map(read).collect();
    let programs = eqn.op.rules().programs().into_iter().map(without_effects).collect();
    let op = eqn.op.rules().with_programs(programs).unwrap_or_else(|| eqn.op.clone());
    let results = at_place(eqn.place, || bind(op, &args));
    for (var, v) in eqn.results.iter().zip(results) {
        value[var.index()] = Some(v);
    }
}

/// Writes the program into the current trace; returns every value.
fn run(program: &Program, args: &[Val]) -> Vec<Val> {
    let mut values = args.to_vec();
    for eqn in program.equations() {
        let args: Vals = eqn.args.iter().map(|arg| values[arg.index()]).collect();
        values.extend(at_place(eqn.place, || bind(eqn.op.clone(), &args)));
    }
    values
}

/// The program with calls replaced by what they call, so that a policy sees inside.
fn flattened(program: &Program) -> Program {
    let callee = |eqn: &Equation| match &eqn.op {
        Op::Control(Control::Call(Call { program, .. })) => Some(program.clone()),
        _ => None,
    };
    let mut program = program.clone();
    while program.equations().iter().any(|eqn| callee(eqn).is_some()) {
        let inlined = trace(SourceLocation::unknown(), program.param_types(), |args| {
            let mut values = args.to_vec();
            for eqn in program.equations() {
                let args: Vals = eqn.args.iter().map(|arg| values[arg.index()]).collect();
                match callee(eqn) {
                    Some(callee) => values.extend(callee.inline(&args)),
                    None => values.extend(at_place(eqn.place, || bind(eqn.op.clone(), &args))),
                }
            }
            program.results().iter().map(|r| values[r.index()]).collect()
        });
        program = inlined.expect("internal: a well-typed program").program;
    }
    program
}

impl Val {
    /// `self`, which the policy of an enclosing checkpoint may save by `name`.
    #[track_caller]
    pub fn checkpoint_name(self, name: &str) -> Val {
        bind1(Checkpoint::CheckpointName { name: name.into() }, &[self])
    }
}
