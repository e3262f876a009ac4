//! Loops that run as long as a condition holds: `while`, and `while_record`, which also leaves tapes behind.

mod derivative;
mod samples;

use super::Control;
use super::per_lane::{Runs, for_lanes};
use super::rest::{batch_all, choose, count, everywhere, join, mask_first, transpose_by_split, write};
use crate::eval::{eval, tape_limit_bytes};
use crate::ops::{Attributes, Infer, Lanes, Narrowed, Operand, Passes, Rules, Split};
use crate::trace::{Val, Vals, bind};
use crate::{Array, Dtype, ErrorKind, Op, Program, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// See [`Control::While`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct While {
    /// `(cond_consts.., carry..) -> bool[]`.
    pub cond: Arc<Program>,
    /// `(body_consts.., carry..) -> carry..`, followed by residuals if they are recorded.
    pub body: Arc<Program>,
    /// How many operands only `cond` reads.
    pub num_cond_consts: usize,
    /// How many operands only `body` reads.
    pub num_body_consts: usize,
    /// Whether the number of steps and the tapes of the residuals are results.
    pub record: bool,
}

/// The parts of a list that belongs to the operands of a [`While`].
pub(super) struct Parts<'a, T> {
    pub(super) cond_consts: &'a [T],
    pub(super) body_consts: &'a [T],
    pub(super) carry: &'a [T],
}

impl While {
    pub(super) fn num_carry(&self) -> usize {
        self.body.num_params().saturating_sub(self.num_body_consts)
    }
    pub(super) fn parts<'a, T>(&self, all: &'a [T]) -> Parts<'a, T> {
        let (cond_consts, rest) = all.split_at(self.num_cond_consts);
        let (body_consts, carry) = rest.split_at(self.num_body_consts);
        Parts { cond_consts, body_consts, carry }
    }
    /// The types of the carry.
    pub(super) fn carry_types(&self) -> &[Type] {
        &self.body.param_types()[self.num_body_consts..]
    }
    pub(super) fn parse(name: &str, attributes: &mut Attributes) -> Result<While, String> {
        Ok(While {
            num_cond_consts: attributes.take("num_cond_consts")?,
            num_body_consts: attributes.take("num_body_consts")?,
            cond: attributes.take("cond")?,
            body: attributes.take("body")?,
            record: name == "while_record",
        })
    }
    fn holds(&self, consts: &[Array], carry: &[Array]) -> Result<bool, ErrorKind> {
        let results = eval(&self.cond, &[consts, carry].concat()).map_err(ErrorKind::Inside)?;
        Ok(results[0].elements::<bool>().next() == Some(true))
    }
}

impl From<While> for Op {
    fn from(while_loop: While) -> Op {
        Control::While(while_loop).into()
    }
}

const CONSTRAINTS: [&str; 4] = [
    "`cond` has the parameters `cond_consts.., carry..` and returns one `bool[]`.",
    "`body` has at least `num_body_consts` parameters, and its first results have the types of its other parameters, the carry.",
    "Each operand has the type of its parameter of `cond` or `body`.",
    "A `while` returns no more than the carry.",
];

impl Rules for While {
    fn name(&self) -> &'static str {
        if self.record { "while_record" } else { "while" }
    }
    fn attributes(&self) -> Attributes {
        Attributes::new()
            .with("num_cond_consts", self.num_cond_consts)
            .with("num_body_consts", self.num_body_consts)
            .with("cond", self.cond.clone())
            .with("body", self.body.clone())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        let n = self.num_cond_consts.saturating_add(self.body.num_params());
        n..=n
    }
    fn constraints(&self) -> &'static [&'static str] {
        if self.record { &CONSTRAINTS[..3] } else { &CONSTRAINTS }
    }
    fn num_results(&self, _: usize) -> usize {
        self.body.results().len() + usize::from(self.record)
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let results = self.body.result_types();
        // (C2)
        if self.num_body_consts > self.body.num_params() {
            let message = format!(
                "the body has {} parameters: too few for {} constants",
                self.body.num_params(),
                self.num_body_consts
            );
            return Err(ErrorKind::constraint(2, message));
        }
        let carry = self.carry_types();
        if results.len() < carry.len() {
            let message = format!("the body returns {} results for {} carries", results.len(), carry.len());
            return Err(ErrorKind::constraint(2, message));
        }
        for (i, (read, returned)) in carry.iter().zip(&results).enumerate() {
            if read != returned {
                let message = format!("the body reads {read} as carry {i}, but returns {returned}");
                return Err(ErrorKind::constraint(2, message));
            }
        }
        // (C1)
        let params = self.cond.param_types();
        if params.len() != self.num_cond_consts + carry.len() || params[self.num_cond_consts..] != *carry {
            let message = format!(
                "the condition takes {params:?}, but must take {} constants and {carry:?}",
                self.num_cond_consts
            );
            return Err(ErrorKind::constraint(1, message));
        }
        let answer = self.cond.result_types();
        if answer[..] != [Type::scalar(Dtype::Bool)] {
            let message = format!("the condition must return one bool[], but returns {answer:?}");
            return Err(ErrorKind::constraint(1, message));
        }
        // (C3)
        let wanted = params[..self.num_cond_consts].iter().chain(self.body.param_types());
        for (i, (arg, param)) in args.iter().zip(wanted).enumerate() {
            if *arg != param {
                let message = format!("operand {i} is {arg}, but its parameter is {param}");
                return Err(ErrorKind::constraint(3, message));
            }
        }
        // (C4)
        let (carry, residuals) = results.split_at(carry.len());
        if !self.record {
            return match residuals {
                [] => Ok(carry.to_vec()),
                _ => {
                    Err(ErrorKind::constraint(4, format!("the body returns {residuals:?} behind its carry")))
                }
            };
        }
        let steps = [Type::scalar(Dtype::I32)];
        Ok(carry.iter().cloned().chain(steps).chain(residuals.iter().map(Type::tape)).collect())
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let owned: Vec<Array> = args.iter().copied().cloned().collect();
        let Parts { cond_consts, body_consts, carry } = self.parts(&owned);
        let mut carry = carry.to_vec();
        let types = self.body.result_types();
        let mut tapes: Vec<Vec<Array>> = vec![vec![]; types.len() - carry.len()];
        let (mut steps, mut bytes) = (0i32, 0usize);
        let limit = if self.record { tape_limit_bytes()? } else { usize::MAX };
        while self.holds(cond_consts, &carry)? {
            let mut results = eval(&self.body, &[body_consts, &carry].concat()).map_err(ErrorKind::Inside)?;
            let residuals = results.split_off(carry.len());
            bytes = residuals.iter().fold(bytes, |all, a| all.saturating_add(a.bytes().len()));
            if bytes > limit {
                return Err(over_the_limit(limit));
            }
            tapes.iter_mut().zip(residuals).for_each(|(tape, residual)| tape.push(residual));
            carry = results;
            steps = match steps.checked_add(1) {
                None if self.record => return Err(too_many_steps()),
                more => more.unwrap_or(i32::MAX),
            };
        }
        if self.record {
            let of = types[carry.len()..].iter();
            let tapes = tapes.iter().zip(of).map(|(elements, of)| Array::tape(of, elements));
            let tapes: Vec<Array> = tapes.collect();
            carry.push(Array::scalar(steps));
            carry.extend(tapes);
        }
        Ok(carry)
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        self.push(passes, x, dx)
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        transpose_by_split(self, passes, ct, args)
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
        let own = self.parts(mapped);
        let mut carry = own.carry.to_vec();
        loop {
            let (_, outputs) = passes.batch(&self.body, &[own.body_consts, &carry].concat(), lanes);
            if !join(&mut carry, &outputs[..own.carry.len()]) {
                break;
            }
        }
        let (cond, differs) = passes.batch(&self.cond, &[own.cond_consts, &carry].concat(), lanes);
        match differs[0] {
            true => {
                let results = self.batch_with_own_condition(passes, args, mapped, lanes);
                let mapped = vec![true; results.len()];
                (results, mapped)
            }
            false => self.batch_together(passes, cond, &carry, args, mapped, lanes),
        }
    }
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        self.partial(passes, args)
    }
    fn admits_effects(&self) -> bool {
        true
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let (cond, body) = (mask_first(&self.cond), mask_first(&self.body));
        let own = self.parts(args);
        let consts = [mask].into_iter().chain(own.cond_consts.iter().copied()).chain([mask]);
        let operands: Vals = consts.chain(own.body_consts.iter().chain(own.carry).copied()).collect();
        let (num_cond_consts, num_body_consts) = (self.num_cond_consts + 1, self.num_body_consts + 1);
        Some(bind(While { cond, body, num_cond_consts, num_body_consts, record: self.record }, &operands))
    }
    fn takes_tapes(&self) -> bool {
        true
    }
    fn narrow(&self, read: &[bool]) -> Option<Narrowed> {
        let n = self.num_carry();
        let of_cond = self.cond.needs(&[true]);
        let mut carry = read[..n].to_vec();
        join(&mut carry, &of_cond[self.num_cond_consts..]);
        let residuals = if self.record { &read[n + 1..] } else { &[] };
        let of_body = loop {
            let needs = self.body.needs(&[&carry[..], residuals].concat());
            if !join(&mut carry, &needs[self.num_body_consts..]) {
                break needs;
            }
        };
        let (cond_consts, body_consts) = (&of_cond[..self.num_cond_consts], &of_body[..self.num_body_consts]);
        let args = [cond_consts, body_consts, &carry].concat();
        if !args.contains(&false) && !residuals.contains(&false) {
            return None;
        }
        let cond = self.cond.narrowed(&[cond_consts, &carry].concat(), &[true]);
        let results = [&carry[..], residuals].concat();
        let body = self.body.narrowed(&[body_consts, &carry].concat(), &results);
        let op = While {
            cond: Arc::new(cond),
            body: Arc::new(body),
            num_cond_consts: count(cond_consts),
            num_body_consts: count(body_consts),
            record: self.record,
        };
        let mut results = carry;
        if self.record {
            results.push(true);
            results.extend_from_slice(residuals);
        }
        Some(Narrowed { op: op.into(), args, results })
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        vec![&self.cond, &self.body]
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        let (body, cond) = (programs.pop()?, programs.pop()?);
        Some(While { cond, body, ..self.clone() }.into())
    }
}

/// What a loop says that records more than may be, as the compiled one does.
fn over_the_limit(limit: usize) -> ErrorKind {
    ErrorKind::invalid(format!(
        "what this loop keeps of its steps for the derivative needs more than the {limit} bytes that tapes may take; raise GRADUS_TAPE_BYTES or the configuration's `tape_bytes`, or let the loop end sooner"
    ))
}

/// What a loop says whose recorded steps `i32` does not count.
pub fn too_many_steps() -> ErrorKind {
    ErrorKind::invalid(format!(
        "the derivative of this loop goes back over its steps, of which there are more than {}; let it end sooner",
        i32::MAX
    ))
}

impl While {
    /// All lanes take the same number of steps.
    fn batch_together(
        &self,
        passes: &dyn Passes,
        cond: Arc<Program>,
        carry: &[bool],
        args: &[Val],
        mapped: &[bool],
        lanes: Lanes,
    ) -> (Vals, Vec<bool>) {
        let own = self.parts(mapped);
        let (batched, outputs) = passes.batch(&self.body, &[own.body_consts, carry].concat(), lanes);
        let body = write(batched.param_types(), |inputs| {
            let mut results = batched.inline(inputs);
            for (i, flag) in carry.iter().enumerate() {
                results[i] = everywhere(results[i], outputs[i] || !flag, lanes.size);
            }
            results
        });
        let given = self.parts(args);
        let first = given.carry.iter().zip(own.carry).zip(carry);
        let first = first.map(|((v, mapped), flag)| everywhere(*v, *mapped || !flag, lanes.size));
        let consts = given.cond_consts.iter().chain(given.body_consts).copied();
        let operands: Vals = consts.chain(first).collect();
        let results = bind(While { cond, body, ..self.clone() }, &operands);
        let mut differ = carry.to_vec();
        if self.record {
            // the number of steps, then the tapes
            differ.push(false);
            differ.extend_from_slice(&outputs[carry.len()..]);
        }
        (results, differ)
    }

    /// Lanes run on their own: the loop ends when all have ended, and a lane that has keeps its carry. The loop
    /// carries which lanes go on, how many steps each took if that is recorded, and the carry.
    fn batch_with_own_condition(
        &self,
        passes: &dyn Passes,
        args: &[Val],
        mapped: &[bool],
        lanes: Lanes,
    ) -> Vals {
        let (own, given) = (self.parts(mapped), self.parts(args));
        let n = own.carry.len();
        let everyone = vec![true; n];
        // A lane that has ended neither prints nor calls nor fails: the condition reads which lanes go on.
        let cond = mask_first(&self.cond);
        let (test, _) = passes.batch(&cond, &[&[true][..], own.cond_consts, &everyone].concat(), lanes);
        let first: Vec<Val> = given
            .carry
            .iter()
            .zip(own.carry)
            .map(|(v, mapped)| everywhere(*v, *mapped, lanes.size))
            .collect();
        let everyone = Val::constant(Array::scalar(true)).repeat_leading(lanes.size);
        let active = test.inline(&[&[everyone][..], given.cond_consts, &first].concat())[0];
        let mut state = vec![active];
        if self.record {
            state.push(Val::zeros(Type::new(Dtype::I32, [lanes.size])));
        }
        let num_own = state.len();
        state.extend(first);
        let state_types: Vec<Type> = state.iter().map(|v| v.ty()).collect();
        let cond = write(&state_types, |state| vec![state[0].reduce_or(&[0])]);
        let consts: Vec<Val> = [given.cond_consts, given.body_consts].concat();
        let types: Vec<Type> = consts.iter().map(|v| v.ty()).chain(state_types).collect();
        let flags = [own.body_consts, &vec![true; n]].concat();
        let body = write(&types, |inputs| {
            let (consts, state) = inputs.split_at(consts.len());
            let (cond_consts, body_consts) = consts.split_at(self.num_cond_consts);
            let (own, old) = state.split_at(num_own);
            let operands = [body_consts, old].concat();
            let new = for_lanes(passes, &self.body, (own[0], Runs::Some), &operands, &flags, lanes);
            let kept: Vec<Val> = new.iter().zip(old).map(|(new, old)| choose(own[0], *new, *old)).collect();
            let goes_on = test.inline(&[&own[..1], cond_consts, &kept].concat())[0];
            let mut results = vec![goes_on & own[0]];
            results.extend(own[1..].iter().map(|steps| *steps + own[0].convert(Dtype::I32)));
            results.extend(kept.iter().chain(&new[n..]));
            results
        });
        let operands: Vals = consts.iter().chain(&state).copied().collect();
        let op = While { cond, body, num_cond_consts: 0, num_body_consts: consts.len(), record: self.record };
        let results = bind(op, &operands);
        let mut all: Vals = results[num_own..num_own + n].into();
        if self.record {
            // each lane's number of steps, not that of the longest
            all.push(results[1]);
            all.extend_from_slice(&results[num_own + n + 1..]);
        }
        all
    }
}

/// Runs a loop; see [`While`].
#[track_caller]
pub fn while_loop(op: While, args: &[Val]) -> Vals {
    bind(op, args)
}
