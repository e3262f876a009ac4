//! Loops whose number of steps is known before they run: `scan` over arrays, `scan_tape` over tapes.

mod derivative;
mod samples;

use super::Control;
use super::per_lane::{Runs, for_lanes};
use super::rest::{batch_all, choose, count, everywhere, join, mask_first, widened, write};
use crate::eval::eval;
use crate::ops::{Attributes, Infer, Lanes, Narrowed, Operand, Passes, Rules, Split};
use crate::trace::{Val, Vals, bind};
use crate::{Array, Buffer, Dtype, ErrorKind, Op, Program, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// See [`Control::Scan`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// `(consts.., carry.., x..) -> (carry.., y..)`.
    pub body: Arc<Program>,
    /// How many of its parameters are the same in every step.
    pub num_consts: usize,
    /// How many of its parameters are results of the step before.
    pub num_carry: usize,
    /// The number of steps; `None` if it is the first operand, an `i32[]`: then xs and ys are tapes.
    pub length: Option<usize>,
    /// Whether the first step is that of the last element.
    pub reverse: bool,
    /// How many steps may be written one after the other: a hint without meaning.
    pub unroll: usize,
}

/// The parts of a list that belongs to the operands of a [`Scan`] or to the parameters of its body.
pub(super) struct Parts<'a, T> {
    pub(super) consts: &'a [T],
    pub(super) carry: &'a [T],
    pub(super) xs: &'a [T],
}

impl Scan {
    /// The operands before those that the body knows: the number of steps, if it is one.
    pub(super) fn num_steps_operands(&self) -> usize {
        usize::from(self.length.is_none())
    }
    pub(super) fn parts<'a, T>(&self, all: &'a [T]) -> Parts<'a, T> {
        let (consts, rest) = all.split_at(self.num_consts);
        let (carry, xs) = rest.split_at(self.num_carry);
        Parts { consts, carry, xs }
    }
    /// The type of all xs or ys whose elements are of type `ty`.
    pub(super) fn stacked(&self, ty: &Type) -> Type {
        match self.length {
            Some(length) if !ty.is_tape() => ty.with_shape(ty.shape.with_axis(0, length)),
            _ => ty.tape(),
        }
    }
    pub(super) fn parse(name: &str, attributes: &mut Attributes) -> Result<Scan, String> {
        let length = if name == "scan" { Some(attributes.take("length")?) } else { None };
        Ok(Scan {
            num_consts: attributes.take("num_consts")?,
            num_carry: attributes.take("num_carry")?,
            length,
            reverse: attributes.take("reverse")?,
            unroll: attributes.take("unroll")?,
            body: attributes.take("body")?,
        })
    }
}

impl From<Scan> for Op {
    fn from(scan: Scan) -> Op {
        Control::Scan(scan).into()
    }
}

const CONSTRAINTS: [&str; 6] = [
    "`body` has at least `num_consts + num_carry` parameters and returns at least `num_carry` results.",
    "Each constant and each first carry has the type of its parameter of `body`.",
    "Each carry that `body` returns has the type of the one that it reads.",
    "Each x has the type of its parameter of `body` with a new leading axis of extent `length`, or is a tape of that type if the operation is `scan_tape` or the parameter is a tape.",
    "`unroll` is at least 1.",
    "The first operand of `scan_tape`, the number of steps, is of type `i32[]`.",
];

impl Rules for Scan {
    fn name(&self) -> &'static str {
        if self.length.is_some() { "scan" } else { "scan_tape" }
    }
    fn attributes(&self) -> Attributes {
        let attributes = match self.length {
            Some(length) => Attributes::new().with("length", length),
            None => Attributes::new(),
        };
        attributes
            .with("num_consts", self.num_consts)
            .with("num_carry", self.num_carry)
            .with("reverse", self.reverse)
            .with("unroll", self.unroll)
            .with("body", self.body.clone())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        let n = self.body.num_params() + self.num_steps_operands();
        n..=n
    }
    fn constraints(&self) -> &'static [&'static str] {
        if self.length.is_some() { &CONSTRAINTS[..5] } else { &CONSTRAINTS }
    }
    fn num_results(&self, _: usize) -> usize {
        self.body.results().len()
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let (params, results) = (self.body.param_types(), self.body.result_types());
        // (C1)
        if self.num_consts.saturating_add(self.num_carry) > params.len() || self.num_carry > results.len() {
            let message = format!(
                "the body has {} parameters and {} results: too few for {} constants and {} carries",
                params.len(),
                results.len(),
                self.num_consts,
                self.num_carry
            );
            return Err(ErrorKind::constraint(1, message));
        }
        let (steps, args) = args.split_at(self.num_steps_operands());
        let (given, wanted) = (self.parts(args), self.parts(params));
        // (C2)
        let fixed = given.consts.iter().zip(wanted.consts).chain(given.carry.iter().zip(wanted.carry));
        for (i, (arg, param)) in fixed.enumerate() {
            if *arg != param {
                let what = if i < self.num_consts { "constant" } else { "first carry" };
                let i = if i < self.num_consts { i } else { i - self.num_consts };
                let message = format!("{what} {i} is {arg}, but the body takes {param}");
                return Err(ErrorKind::constraint(2, message));
            }
        }
        // (C3)
        for (i, (read, returned)) in wanted.carry.iter().zip(&results).enumerate() {
            if read != returned {
                let message = format!("the body reads {read} as carry {i}, but returns {returned}");
                return Err(ErrorKind::constraint(3, message));
            }
        }
        // (C4)
        for (i, (arg, param)) in given.xs.iter().zip(wanted.xs).enumerate() {
            let stacked = self.stacked(param);
            if **arg != stacked {
                let message = format!("x {i} is {arg}, but must be {stacked}, for the body takes {param}");
                return Err(ErrorKind::constraint(4, message));
            }
        }
        // (C5)
        if self.unroll == 0 {
            return Err(ErrorKind::constraint(5, "unroll is 0, but must be at least 1"));
        }
        // (C6)
        if let Some(steps) = steps.iter().find(|ty| ***ty != Type::scalar(Dtype::I32)) {
            return Err(ErrorKind::constraint(6, format!("the number of steps is {steps}, not i32[]")));
        }
        let (carry, ys) = results.split_at(self.num_carry);
        Ok(carry.iter().cloned().chain(ys.iter().map(|ty| self.stacked(ty))).collect())
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let (steps, args) = args.split_at(self.num_steps_operands());
        let steps = match self.length {
            Some(length) => length,
            None => steps[0].elements::<i32>().next().map_or(0, |n| n.max(0) as usize),
        };
        let Parts { consts, carry, xs } = self.parts(args);
        let params = self.body.param_types();
        let rows: Vec<Rows<'_>> = xs.iter().map(|x| Rows::of(x)).collect();
        let mut carry: Vec<Array> = carry.iter().copied().cloned().collect();
        let mut ys: Vec<Vec<Array>> = vec![vec![]; self.body.results().len() - self.num_carry];
        for step in 0..steps {
            let i = if self.reverse { steps - 1 - step } else { step };
            let x = rows.iter().zip(self.parts(params).xs).map(|(rows, ty)| rows.row(i, ty));
            let inputs: Vec<Array> = consts.iter().copied().cloned().chain(carry).chain(x).collect();
            let mut results = eval(&self.body, &inputs).map_err(ErrorKind::Inside)?;
            let y = results.split_off(self.num_carry);
            ys.iter_mut().zip(y).for_each(|(all, y)| all.push(y));
            carry = results;
        }
        let types = self.body.result_types();
        let stacks = ys.into_iter().zip(&types[self.num_carry..]).map(|(mut rows, ty)| {
            if self.reverse {
                rows.reverse();
            }
            stack(&rows, ty, &self.stacked(ty))
        });
        Ok(carry.into_iter().chain(stacks).collect())
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        self.push(passes, x, dx)
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        self.pull(passes, ct, args)
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        batch_all(self, passes, args, mapped, lanes)
    }
    fn batch_marked(
        &self,
        passes: &dyn Passes,
        args: &[Val],
        mapped: &[bool],
        lanes: Lanes,
    ) -> (Vals, Vec<bool>) {
        let head = self.num_steps_operands();
        if mapped[..head].contains(&true) {
            let results = self.batch_with_own_steps(passes, args, mapped, lanes);
            let mapped = vec![true; results.len()];
            return (results, mapped);
        }
        let mut flags = mapped[head..].to_vec();
        let (batched, outputs) = self.batch_body(passes, &mut flags, lanes);
        let carry = self.num_consts..self.num_consts + self.num_carry;
        let body = write(batched.param_types(), |inputs| {
            let mut results = batched.inline(inputs);
            for (i, flag) in flags[carry.clone()].iter().enumerate() {
                results[i] = everywhere(results[i], outputs[i] || !flag, lanes.size);
            }
            results
        });
        let operand = |(i, v): (usize, &Val)| match flags[i] {
            true if i >= carry.end => self.lanes_inside(everywhere(*v, mapped[head + i], lanes.size)),
            flag => everywhere(*v, mapped[head + i] || !flag, lanes.size),
        };
        let operands = args[head..].iter().enumerate().map(operand);
        let operands: Vals = args[..head].iter().copied().chain(operands).collect();
        let results = bind(Scan { body, ..self.clone() }, &operands).into_iter();
        let differ = [&flags[carry], &outputs[self.num_carry..]].concat();
        let result = |(i, v): (usize, Val)| match i >= self.num_carry && differ[i] {
            true => self.lanes_outside(v),
            false => v,
        };
        (results.enumerate().map(result).collect(), differ)
    }
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        self.partial(passes, args)
    }
    fn admits_effects(&self) -> bool {
        true
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        // The mask is a constant of the loop.
        let (head, rest) = args.split_at(self.num_steps_operands());
        let operands: Vals = head.iter().copied().chain([mask]).chain(rest.iter().copied()).collect();
        let scan = Scan { body: mask_first(&self.body), num_consts: self.num_consts + 1, ..self.clone() };
        Some(bind(scan, &operands))
    }
    fn takes_tapes(&self) -> bool {
        true
    }
    fn narrow(&self, read: &[bool]) -> Option<Narrowed> {
        let mut results = read.to_vec();
        // A carry is needed if its last value is read, or if a step needs it for what is.
        let needed = loop {
            let needed = self.body.needs(&results);
            let carry = &needed[self.num_consts..self.num_consts + self.num_carry];
            if !join(&mut results[..self.num_carry], carry) {
                break needed;
            }
        };
        let mut params = needed;
        // What is read of a carry without needing it in a step still begins with the first one.
        join(&mut params[self.num_consts..self.num_consts + self.num_carry], &results[..self.num_carry]);
        if !params.contains(&false) && !results.contains(&false) {
            return None;
        }
        let parts = self.parts(&params);
        let op = Scan {
            body: Arc::new(self.body.narrowed(&params, &results)),
            num_consts: count(parts.consts),
            num_carry: count(parts.carry),
            ..self.clone()
        };
        let args = [&vec![true; self.num_steps_operands()], &params[..]].concat();
        Some(Narrowed { op: op.into(), args, results })
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        vec![&self.body]
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        Some(Scan { body: programs.pop()?, ..self.clone() }.into())
    }
}

impl Scan {
    /// The body in a batch, after as many rounds as it takes until every carry that differs between lanes is marked
    /// in `flags`; and which results differ.
    fn batch_body(&self, passes: &dyn Passes, flags: &mut [bool], lanes: Lanes) -> (Arc<Program>, Vec<bool>) {
        let carry = self.num_consts..self.num_consts + self.num_carry;
        loop {
            let (batched, outputs) = passes.batch(&self.body, flags, lanes);
            if !join(&mut flags[carry.clone()], &outputs[..self.num_carry]) {
                return (batched, outputs);
            }
        }
    }
    /// Stacked values with the lanes' axis outermost, as the steps see them: the lanes' axis behind that of the steps.
    fn lanes_inside(&self, v: Val) -> Val {
        if v.ty().is_tape() { v } else { v.move_axis(0, 1) }
    }
    /// The way back.
    fn lanes_outside(&self, v: Val) -> Val {
        if v.ty().is_tape() { v } else { v.move_axis(1, 0) }
    }
    /// Lanes that take different numbers of steps: as many as the longest, where a lane that has ended keeps its
    /// carry.
    fn batch_with_own_steps(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let mut flags = mapped[1..].to_vec();
        // Which lanes go on differs, so every carry does.
        flags[self.num_consts..self.num_consts + self.num_carry].fill(true);
        let counter = Type::scalar(Dtype::I32);
        let steps_type = Type::new(Dtype::I32, [lanes.size]);
        let params = self.body.param_types().iter().zip(&flags);
        let params: Vec<Type> = params.map(|(ty, mapped)| widened(ty, *mapped, lanes.size)).collect();
        let params = self.parts(&params);
        let mut types = vec![steps_type];
        types.extend_from_slice(params.consts);
        types.push(counter.clone());
        types.extend(params.carry.iter().chain(params.xs).cloned());
        let body = write(&types, |inputs| {
            let (steps, position) = (inputs[0], inputs[1 + self.num_consts]);
            let old = &inputs[2 + self.num_consts..2 + self.num_consts + self.num_carry];
            let xs = &inputs[2 + self.num_consts + self.num_carry..];
            let all: Vec<Val> =
                [&inputs[1..1 + self.num_consts], old, xs].into_iter().flatten().copied().collect();
            let active = position.broadcast([lanes.size], &[]).lt(steps);
            let new = for_lanes(passes, &self.body, (active, Runs::Some), &all, &flags, lanes);
            let next = position + position.full_like(if self.reverse { -1.0 } else { 1.0 });
            let carry = new.iter().zip(old).map(|(new, old)| choose(active, *new, *old));
            [next].into_iter().chain(carry).chain(new[self.num_carry..].iter().copied()).collect()
        });
        let longest = match lanes.size {
            0 => Val::zeros(counter.clone()),
            _ => args[0].reduce_max(&[0]),
        };
        let first = match self.reverse {
            true => longest - Val::full(counter, 1.0),
            false => Val::zeros(counter),
        };
        let given = self.parts(&args[1..]);
        let mut operands: Vals = Vals::from_slice(&[longest, args[0]]);
        operands.extend_from_slice(given.consts);
        operands.push(first);
        let rest = given.carry.iter().chain(given.xs).zip(&mapped[1 + self.num_consts..]);
        let rest = rest.zip(&flags[self.num_consts..]);
        operands.extend(rest.map(|((v, mapped), flag)| everywhere(*v, *mapped || !flag, lanes.size)));
        let scan =
            Scan { body, num_consts: 1 + self.num_consts, num_carry: 1 + self.num_carry, ..self.clone() };
        bind(scan, &operands).into_iter().skip(1).collect()
    }
}

/// Values along the steps.
enum Rows<'a> {
    Array(&'a Array),
    Tape(Vec<Array>),
}

impl Rows<'_> {
    fn of(x: &Array) -> Rows<'_> {
        if x.ty().is_tape() { Rows::Tape(x.tape_elements()) } else { Rows::Array(x) }
    }
    /// That of step `i`, of type `ty`.
    fn row(&self, i: usize, ty: &Type) -> Array {
        match self {
            Rows::Tape(elements) => elements.get(i).cloned().unwrap_or_else(|| Array::zero(ty)),
            Rows::Array(x) => {
                let width = ty.size_bytes();
                let mut buffer = Buffer::any(width);
                buffer.bytes_mut().copy_from_slice(&x.bytes()[i * width..(i + 1) * width]);
                Array::from_buffer(ty.clone(), buffer)
            }
        }
    }
}

/// All ys, of type `stacked`.
fn stack(rows: &[Array], ty: &Type, stacked: &Type) -> Array {
    if stacked.is_tape() {
        return Array::tape(ty, rows);
    }
    let mut buffer = Buffer::any(stacked.size_bytes());
    let width = ty.size_bytes();
    for (i, row) in rows.iter().enumerate() {
        buffer.bytes_mut()[i * width..(i + 1) * width].copy_from_slice(row.bytes());
    }
    Array::from_buffer(stacked.clone(), buffer)
}

/// Runs `body` once for each element along the leading axis of `xs`; see [`Scan`].
#[track_caller]
pub fn scan(scan: Scan, args: &[Val]) -> Vals {
    bind(scan, args)
}
