//! Programs that only some lanes of a batch run: what a branch or a step is where lanes decide for themselves.
//!
//! Invariant: a lane that does not run adds nothing, neither to values nor to tangents nor to cotangents, whatever the
//! Program makes of its operands. So the operation is kept as it is until derivatives and batches are taken: the
//! derivative of `per_lane` is the `per_lane` of the derivative, and a cotangent of 0 never meets a slope of infinity.
//! Only then it is what it stands for: the batched Program, and a `select` by the lanes that run.

mod eval;
mod samples;
mod sums;

use super::rest::{count, everywhere, marked, spread, write};
use super::{Control, Tape};
use crate::ops::custom::batched_everywhere;
use crate::ops::effect::masked_program;
use crate::ops::{
    Attributes, Effect, Infer, Lanes, Narrowed, Operand, Passes, Remaining, Residual, Rules, Split,
};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Array, Dims, Dtype, ErrorKind, Op, Program, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// See [`Control::PerLane`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PerLane {
    /// What a lane runs: `operands.. -> results..`.
    pub program: Arc<Program>,
    /// How many leading axes are lanes: those of the mask.
    pub lanes: usize,
    /// Which of them each operand has: a bit for each axis, the innermost the lowest.
    pub operands: Vec<usize>,
    /// Which of them each result has. Along the others the results are added up.
    pub results: Vec<usize>,
}

impl PerLane {
    pub(super) fn parse(attributes: &mut Attributes) -> Result<PerLane, String> {
        Ok(PerLane {
            lanes: attributes.take("lanes")?,
            operands: attributes.take("operands")?,
            results: attributes.take("results")?,
            program: attributes.take("program")?,
        })
    }
    /// Every axis.
    fn all(&self) -> usize {
        every(self.lanes)
    }
}

impl From<PerLane> for Op {
    fn from(per_lane: PerLane) -> Op {
        Control::PerLane(per_lane).into()
    }
}

/// The bits of `lanes` axes.
fn every(lanes: usize) -> usize {
    (1 << lanes) - 1
}

/// Which axes of the mask `bits` are, from the outermost on.
fn axes(lanes: usize, bits: usize) -> impl Iterator<Item = usize> {
    (0..lanes).filter(move |axis| bits >> (lanes - 1 - axis) & 1 == 1)
}

/// A lane's type with the lanes' axes of `bits` in front.
fn in_lanes(ty: &Type, mask: &[usize], bits: usize) -> Type {
    let dims: Dims = axes(mask.len(), bits).map(|axis| mask[axis]).chain(ty.shape.dims()).collect();
    ty.with_shape(dims)
}

const CONSTRAINTS: [&str; 4] = [
    "The first operand, the mask, is of `bool`, with `lanes` axes.",
    "`operands` and `results` have an entry for each parameter and result of `program`: bits of the `lanes` axes.",
    "Each other operand has the type of its parameter, behind those axes of the mask that its entry marks.",
    "What is added up is no truth value.",
];

/// The axes of lanes that an attribute can mark.
const MOST_LANES: usize = 31;

impl Rules for PerLane {
    fn name(&self) -> &'static str {
        "per_lane"
    }
    fn attributes(&self) -> Attributes {
        Attributes::new()
            .with("lanes", self.lanes)
            .with("operands", self.operands.clone())
            .with("results", self.results.clone())
            .with("program", self.program.clone())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        let n = 1 + self.program.num_params();
        n..=n
    }
    fn constraints(&self) -> &'static [&'static str] {
        &CONSTRAINTS
    }
    fn num_results(&self, _: usize) -> usize {
        self.program.results().len()
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let (mask, args) = (args[0], &args[1..]);
        // (C1)
        if mask.dtype != Dtype::Bool || mask.rank() != self.lanes || mask.is_tape() || self.lanes > MOST_LANES
        {
            let message = format!("the mask is {mask}, not a bool for each lane of {} axes", self.lanes);
            return Err(ErrorKind::constraint(1, message));
        }
        // (C2)
        let (params, results) = (self.program.param_types(), self.program.result_types());
        let fits = |bits: &[usize], n| bits.len() == n && bits.iter().all(|bits| *bits <= self.all());
        if !fits(&self.operands, params.len()) || !fits(&self.results, results.len()) {
            let message = format!(
                "operands {:?} and results {:?} do not mark axes of {} for {} parameters and {} results",
                self.operands,
                self.results,
                self.lanes,
                params.len(),
                results.len()
            );
            return Err(ErrorKind::constraint(2, message));
        }
        // (C3)
        let dims = mask.shape.dims();
        for (i, ((arg, param), bits)) in args.iter().zip(params).zip(&self.operands).enumerate() {
            let wanted = in_lanes(param, &dims, *bits);
            if **arg != wanted {
                let message = format!("operand {} is {arg}, but must be {wanted}", i + 1);
                return Err(ErrorKind::constraint(3, message));
            }
        }
        // (C4)
        let of = results.iter().zip(&self.results);
        if let Some((ty, _)) = of.clone().find(|(ty, bits)| **bits != self.all() && ty.dtype == Dtype::Bool) {
            return Err(ErrorKind::constraint(4, format!("a result of {ty} cannot be added up")));
        }
        Ok(of.map(|(ty, bits)| in_lanes(ty, &dims, *bits)).collect())
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        self.evaluate(args)
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let has: Vec<bool> = dx[1..].iter().map(Option::is_some).collect();
        let (program, nonzero) = passes.jvp(&self.program, &has);
        let operands = [&self.operands[..], &marked(&self.operands, &has)].concat();
        let results = [&self.results[..], &marked(&self.results, &nonzero)].concat();
        let args: Vals = x.iter().chain(dx.iter().flatten()).copied().collect();
        let mut values = bind(PerLane { program, lanes: self.lanes, operands, results }, &args).into_iter();
        let y = values.by_ref().take(nonzero.len()).collect();
        (y, spread(values, &nonzero))
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let linear: Vec<bool> = args[1..].iter().map(|arg| arg.known().is_none()).collect();
        let known: Vec<bool> = linear.iter().map(|linear| !linear).collect();
        let has: Vec<bool> = ct.iter().map(Option::is_some).collect();
        let (program, nonzero) = passes.transpose(&self.program, &linear, &has);
        // What all lanes share gets the sum of their cotangents, and what was a sum passes its own on to all.
        let operands = [marked(&self.operands, &known), marked(&self.results, &has)].concat();
        let results = marked(&marked(&self.operands, &linear), &nonzero);
        let read: Vals = args.iter().filter_map(Operand::known).chain(ct.iter().flatten().copied()).collect();
        let back = bind(PerLane { program, lanes: self.lanes, operands, results }, &read);
        let back = spread(spread(back, &nonzero), &linear).into_iter().map(Option::flatten);
        [None].into_iter().chain(back).collect()
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        // A collective inside speaks to lanes of the new axis, whether or not they run.
        if lanes.name.is_some_and(|name| self.program.uses_axis(name)) {
            let types: Vec<Type> = args.iter().zip(mapped).map(|(v, mapped)| one_lane(*v, *mapped)).collect();
            let expanded = write(&types, |x| self.expand(passes, x));
            let batched = batched_everywhere(passes, &expanded, mapped, lanes);
            return batched.inline(args).into();
        }
        let new = 1 << self.lanes;
        let own = self.operands.iter().zip(&mapped[1..]);
        let per_lane = PerLane {
            program: self.program.clone(),
            lanes: self.lanes + 1,
            operands: own.map(|(bits, mapped)| if *mapped { bits | new } else { *bits }).collect(),
            results: self.results.iter().map(|bits| bits | new).collect(),
        };
        let mask = everywhere(args[0], mapped[0], lanes.size);
        bind(per_lane, &[mask].iter().chain(&args[1..]).copied().collect::<Vals>())
    }
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        let mask = args[0]?;
        let known: Vec<bool> = args[1..].iter().map(Option::is_some).collect();
        if !known.contains(&true) {
            return None;
        }
        let halves = passes.split(&self.program, &known);
        let inputs: Vec<Val> = args[1..].iter().flatten().copied().collect();
        let input_bits = marked(&self.operands, &known);
        let mut bits = marked(&self.results, &halves.known_results);
        let num_known = bits.len();
        // What the rest reads, it reads lane by lane: a result that is added up is returned a second time.
        let mut kept: Vec<usize> = (0..halves.known.results().len()).collect();
        bits.resize(kept.len(), self.all());
        let mut place = |result: usize| {
            if bits[result] == self.all() {
                return result;
            }
            kept.push(result);
            bits.push(self.all());
            kept.len() - 1
        };
        let residuals = halves.residuals.iter().map(|residual| match *residual {
            Residual::Parameter(i) => Residual::Parameter(i),
            Residual::Result(i) => Residual::Result(place(i)),
        });
        let residuals: Vec<Residual> = residuals.collect();
        let known_half = write(halves.known.param_types(), |x| {
            let values = halves.known.inline(x);
            kept.iter().map(|i| values[*i]).collect()
        });
        let runs = !kept.is_empty() || known_half.effect().stays();
        let first = PerLane {
            program: known_half,
            lanes: self.lanes,
            operands: input_bits.clone(),
            results: bits.clone(),
        };
        let operands: Vals = [mask].iter().chain(&inputs).copied().collect();
        let values = if runs { bind(first, &operands) } else { Vals::new() };
        let found = |residual: &Residual| match *residual {
            Residual::Parameter(i) => (inputs[i], input_bits[i]),
            Residual::Result(i) => (values[i], bits[i]),
        };
        let unknown: Vec<bool> = known.iter().map(|known| !known).collect();
        let unknown_results: Vec<bool> = halves.known_results.iter().map(|known| !known).collect();
        let of_residuals = residuals.iter().map(|residual| found(residual).1);
        let rest = PerLane {
            program: halves.rest,
            lanes: self.lanes,
            operands: of_residuals.chain(marked(&self.operands, &unknown)).collect(),
            results: marked(&self.results, &unknown_results),
        };
        let mut operands = vec![Remaining::Known(mask)];
        operands.extend(residuals.iter().map(|residual| Remaining::Known(found(residual).0)));
        operands.extend((1..args.len()).filter(|i| args[*i].is_none()).map(Remaining::Operand));
        let returned = values.iter().take(num_known).copied();
        Some(Split { known: spread(returned, &halves.known_results), rest: rest.into(), operands })
    }
    fn admits_effects(&self) -> bool {
        true
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let runs = args[0] & mask.splat(args[0].shape());
        Some(bind(self.clone(), &[runs].iter().chain(&args[1..]).copied().collect::<Vals>()))
    }
    fn takes_tapes(&self) -> bool {
        true
    }
    fn expands(&self) -> bool {
        true
    }
    fn expand(&self, passes: &dyn Passes, args: &[Val]) -> Vec<Val> {
        let mut inputs = args[1..].to_vec();
        let (mut program, mut operands) = (self.program.clone(), self.operands.clone());
        if program.effect() != Effect::None {
            program = masked_program(&program);
            operands.push(self.all());
            inputs.push(args[0]);
        }
        let dims = args[0].shape().dims();
        for level in 0..self.lanes {
            let flags: Vec<bool> = operands.iter().map(|bits| bits >> level & 1 == 1).collect();
            let lanes = Lanes::new(dims[self.lanes - 1 - level]);
            program = batched_everywhere(passes, &program, &flags, lanes);
        }
        sums::masked_results(self, &program, args[0], &inputs)
    }
    fn narrow(&self, read: &[bool]) -> Option<Narrowed> {
        let needs = self.program.needs(read);
        if !read.contains(&false) && !needs.contains(&false) {
            return None;
        }
        let op = PerLane {
            program: Arc::new(self.program.narrowed(&needs, read)),
            lanes: self.lanes,
            operands: marked(&self.operands, &needs),
            results: marked(&self.results, read),
        };
        Some(Narrowed { op: op.into(), args: [&[true][..], &needs].concat(), results: read.to_vec() })
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        vec![&self.program]
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        Some(PerLane { program: programs.pop()?, ..self.clone() }.into())
    }
}

/// The type of one lane.
fn one_lane(v: Val, mapped: bool) -> Type {
    let ty = v.ty();
    if mapped { ty.with_shape(ty.shape.without(&[0])) } else { ty }
}

/// `x` where `mask`, of the first axes of `x`, holds, else zeros.
fn or_zero(mask: Val, x: Val) -> Val {
    let ty = x.ty();
    if ty.is_tape() {
        return bind1(Tape::Select, &[mask, x, Val::zeros(ty)]);
    }
    let rank = mask.shape().rank();
    let mask = if rank == ty.rank() { mask } else { mask.broadcast(ty.shape, &(0..rank).collect::<Dims>()) };
    mask.select(x, x.zeros_like())
}

/// Whether some lane is known to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// One does, as in a step of a loop.
    Some,
    /// Perhaps none.
    Unknown,
}

/// Writes `program` into the current trace for the lanes of which `mask` is true. Operands that are `mapped` have the
/// lanes' axis, and so have all results; those of other lanes mean nothing, and no cotangent comes from them.
pub(super) fn for_lanes(
    passes: &dyn Passes,
    program: &Arc<Program>,
    (mask, runs): (Val, Runs),
    args: &[Val],
    mapped: &[bool],
    lanes: Lanes,
) -> Vals {
    // A collective speaks to all lanes.
    if lanes.name.is_some_and(|name| program.uses_axis(name)) {
        return together(passes, program, mask, args, mapped, lanes);
    }
    let shared: Vec<bool> = mapped.iter().map(|mapped| !mapped).collect();
    if !shared.contains(&true) || program.effect() >= Effect::Check {
        let operands = mapped.iter().map(|mapped| usize::from(*mapped)).collect();
        return lane_by_lane(passes, program.clone(), operands, mask, args, lanes);
    }
    // What no lane decides is computed once, if one runs.
    let halves = passes.split(program, &shared);
    let inputs = marked(args, &shared);
    let values: Vec<Val> = match runs == Runs::Some || only_moves(&halves.known) {
        true => halves.known.inline(&inputs),
        false => {
            let once = PerLane {
                program: halves.known.clone(),
                lanes: 0,
                operands: vec![0; inputs.len()],
                results: vec![0; halves.known.results().len()],
            };
            let any = mask.reduce_or(&[0]);
            bind(once, &[any].iter().chain(&inputs).copied().collect::<Vals>()).to_vec()
        }
    };
    let residual = |residual: &Residual| match *residual {
        Residual::Parameter(i) => inputs[i],
        Residual::Result(i) => values[i],
    };
    let mut operands = vec![0; halves.residuals.len()];
    operands.resize(halves.residuals.len() + count(mapped), 1);
    let read: Vec<Val> = halves.residuals.iter().map(residual).chain(marked(args, mapped)).collect();
    let mut rest = lane_by_lane(passes, halves.rest, operands, mask, &read, lanes).into_iter();
    let mut known = values.iter();
    let result = |is_known: &bool| match is_known {
        true => known.next().map(|v| v.repeat_leading(lanes.size)),
        false => rest.next(),
    };
    let results: Option<Vals> = halves.known_results.iter().map(result).collect();
    results.expect("internal: every result is of one half")
}

/// The operation, or the batched Program itself where that cannot make a difference.
fn lane_by_lane(
    passes: &dyn Passes,
    program: Arc<Program>,
    operands: Vec<usize>,
    mask: Val,
    args: &[Val],
    lanes: Lanes,
) -> Vals {
    if only_moves(&program) {
        let mapped: Vec<bool> = operands.iter().map(|bits| *bits == 1).collect();
        return batched_everywhere(passes, &program, &mapped, lanes).inline(args).into();
    }
    let results = vec![1; program.results().len()];
    let per_lane = PerLane { program, lanes: 1, operands, results };
    bind(per_lane, &[mask].iter().chain(args).copied().collect::<Vals>())
}

/// Whether nothing is computed that could be no number: then other lanes do no harm.
fn only_moves(program: &Program) -> bool {
    program.equations().iter().all(|eqn| matches!(eqn.op, Op::Movement(_) | Op::Source(_)))
}

/// The Program in all lanes; what it does besides, it does in those of `mask`.
fn together(
    passes: &dyn Passes,
    program: &Arc<Program>,
    mask: Val,
    args: &[Val],
    mapped: &[bool],
    lanes: Lanes,
) -> Vals {
    if program.effect() == Effect::None {
        return batched_everywhere(passes, program, mapped, lanes).inline(args).into();
    }
    let flags = [mapped, &[true]].concat();
    let batched = batched_everywhere(passes, &masked_program(program), &flags, lanes);
    batched.inline(&[args, &[mask]].concat()).into()
}
