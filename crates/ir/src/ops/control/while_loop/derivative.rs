//! Derivatives of loops of unknown length: tangents are carried along; what the linear half reads of each step is
//! recorded on tapes, over which it is a loop of known length.

use super::While;
use crate::ops::control::Scan;
use crate::ops::control::halves::Plan;
use crate::ops::control::rest::{count, dense, join, marked, meet, spread, write};
use crate::ops::{Halves, Passes, Remaining, Split};
use crate::trace::{Val, Vals, bind};
use crate::{Program, Type};
use std::sync::Arc;

impl While {
    /// See [`Rules::jvp`](crate::Rules::jvp).
    pub(super) fn push(
        &self,
        passes: &dyn Passes,
        x: &[Val],
        dx: &[Option<Val>],
    ) -> (Vals, Vec<Option<Val>>) {
        let (given, tangent) = (self.parts(x), self.parts(dx));
        let n = self.num_carry();
        let flags = |all: &[Option<Val>]| all.iter().map(Option::is_some).collect::<Vec<bool>>();
        let (consts, mut carry) = (flags(tangent.body_consts), flags(tangent.carry));
        // A carry has a tangent if its first value has, or if a step gives it one.
        let (pushed, nonzero) = loop {
            let (pushed, nonzero) = passes.jvp(&self.body, &[&consts[..], &carry].concat());
            if !join(&mut carry, &nonzero[..n]) {
                break (pushed, nonzero);
            }
        };
        let body = self.pushed_body(&pushed, &consts, &carry, &nonzero);
        let tangent_types = marked(self.carry_types(), &carry);
        let cond_types: Vec<Type> = self.cond.param_types().iter().chain(&tangent_types).cloned().collect();
        let cond = write(&cond_types, |inputs| self.cond.inline(&inputs[..self.cond.num_params()]));
        let mut operands: Vals = given.cond_consts.into();
        operands.extend_from_slice(given.body_consts);
        operands.extend(tangent.body_consts.iter().flatten().copied());
        operands.extend_from_slice(given.carry);
        operands.extend(dense(tangent.carry, self.carry_types(), &carry));
        let op = While {
            cond,
            body,
            num_cond_consts: self.num_cond_consts,
            num_body_consts: self.num_body_consts + count(&consts),
            record: self.record,
        };
        let mut results = bind(op, &operands).into_iter();
        let mut y: Vals = results.by_ref().take(n).collect();
        let mut dy = spread(results.by_ref().take(count(&carry)), &carry);
        if self.record {
            y.extend(results.by_ref().take(1 + nonzero.len() - n));
            dy.push(None);
            dy.extend(spread(results, &nonzero[n..]));
        }
        (y, dy)
    }

    /// `(consts.., dconsts.., carry.., dcarry..) -> (carry.., dcarry.., residuals.., dresiduals..)`.
    fn pushed_body(
        &self,
        pushed: &Program,
        consts: &[bool],
        carry: &[bool],
        nonzero: &[bool],
    ) -> Arc<Program> {
        let n = carry.len();
        let (const_types, carry_types) = self.body.param_types().split_at(self.num_body_consts);
        let groups = [const_types.to_vec(), marked(const_types, consts), carry_types.to_vec()];
        let types = [groups.concat(), marked(carry_types, carry)].concat();
        write(&types, |inputs| {
            let (own, rest) = inputs.split_at(consts.len());
            let (dconsts, rest) = rest.split_at(count(consts));
            let (state, dstate) = rest.split_at(n);
            let mut values = pushed.inline(&[own, state, dconsts, dstate].concat());
            let tangents = spread(values.split_off(self.body.results().len()), nonzero);
            let dcarry = dense(&tangents[..n], carry_types, carry);
            let mut results = values[..n].to_vec();
            results.extend(dcarry);
            results.extend_from_slice(&values[n..]);
            results.extend(tangents[n..].iter().flatten());
            results
        })
    }

    /// See [`Rules::split`](crate::Rules::split).
    pub(super) fn partial(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        let given = self.parts(args);
        let known = |all: &[Option<Val>]| all.iter().map(Option::is_some).collect::<Vec<bool>>();
        let (consts, mut carry) = (known(given.body_consts), known(given.carry));
        let halves = loop {
            let halves = passes.split(&self.body, &[&consts[..], &carry].concat());
            if !meet(&mut carry, &halves.known_results[..self.num_carry()]) {
                break halves;
            }
        };
        let cond_known = [known(given.cond_consts), carry.clone()].concat();
        let cond = passes.split(&self.cond, &cond_known);
        // How often it runs must be known.
        cond.known_results[0].then(|| self.halved(args, &consts, &carry, cond.known, &halves))
    }

    /// The known half is run here and records what the rest reads of each step.
    fn halved(
        &self,
        args: &[Option<Val>],
        consts: &[bool],
        carry: &[bool],
        cond: Arc<Program>,
        halves: &Halves,
    ) -> Split {
        let given = self.parts(args);
        let plan = Plan::new(halves, count(consts), carry);
        let body = write(halves.known.param_types(), |inputs| plan.known_results(&halves.known, inputs));
        let known_consts: Vec<Val> = given.body_consts.iter().flatten().copied().collect();
        let first_carry = given.carry.iter().zip(carry).filter(|(_, known)| **known).filter_map(|(v, _)| *v);
        let cond_consts: Vec<Val> = given.cond_consts.iter().flatten().copied().collect();
        let operands: Vals = cond_consts.iter().chain(&known_consts).copied().chain(first_carry).collect();
        let first = While {
            cond,
            body,
            num_cond_consts: cond_consts.len(),
            num_body_consts: known_consts.len(),
            record: true,
        };
        let mut results = bind(first, &operands);
        let steps = results.remove(count(carry));

        let unknown = |flags: &[bool]| flags.iter().map(|known| !known).collect::<Vec<bool>>();
        let (const_types, carry_types) = self.body.param_types().split_at(self.num_body_consts);
        let mut types: Vec<Type> = plan.consts.iter().map(|i| known_consts[*i].ty()).collect();
        let num_residual_consts = types.len();
        types.extend(marked(const_types, &unknown(consts)));
        let num_consts = types.len();
        types.extend(marked(carry_types, &unknown(carry)));
        let num_carry = types.len() - num_consts;
        types.extend(plan.step_types(&halves.known));
        let body = write(&types, |inputs| {
            let (consts, rest) = inputs.split_at(num_consts);
            let (carry, each) = rest.split_at(num_carry);
            let (residuals, unknown) = consts.split_at(num_residual_consts);
            plan.rest_results(halves, residuals, each, &[unknown, carry].concat())
        });
        let mut operands = vec![Remaining::Known(steps)];
        operands.extend(plan.consts.iter().map(|i| Remaining::Known(known_consts[*i])));
        let begin = self.num_cond_consts;
        let flags = consts.iter().chain(carry).enumerate().filter(|(_, known)| !**known);
        operands.extend(flags.map(|(i, _)| match args[begin + i] {
            Some(v) => Remaining::Known(v),
            None => Remaining::Operand(begin + i),
        }));
        operands.extend(plan.each.iter().map(|source| Remaining::Known(results[plan.position(source)])));
        let rest = Scan { body, num_consts, num_carry, length: None, reverse: false, unroll: 1 };
        let returned = results.iter().take(count(&plan.returned)).copied();
        let mut known = spread(returned, &plan.returned);
        if self.record {
            known.insert(carry.len(), Some(steps));
        }
        Split { known, rest: rest.into(), operands }
    }
}
