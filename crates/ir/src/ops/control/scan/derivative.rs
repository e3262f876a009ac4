//! Derivatives of loops of known length: tangents are carried along, and cotangents are carried back by the loop
//! that runs the other way.

use super::Scan;
use crate::ops::control::halves::{Each, Plan};
use crate::ops::control::rest::{count, dense, join, marked, meet, spread, transpose_by_split, write};
use crate::ops::{Halves, Operand, Passes, Remaining, Residual, Split};
use crate::trace::{Val, Vals, bind};
use crate::{Program, Type};
use std::sync::Arc;

/// An operand of a loop that is being split: its value, or its number if it is not known.
type Given = Result<Val, usize>;

/// The body of a loop, transposed.
struct Pulled {
    /// `(known parameters.., cotangents of results..) -> (cotangents of linear parameters..)`.
    pulled: Arc<Program>,
    /// Which linear parameters have a cotangent.
    nonzero: Vec<bool>,
    /// Which parameters are linear.
    linear: Vec<bool>,
    /// Which results have a cotangent.
    has_ct: Vec<bool>,
}

impl Scan {
    fn carry_range(&self) -> std::ops::Range<usize> {
        self.num_consts..self.num_consts + self.num_carry
    }

    /// See [`Rules::jvp`](crate::Rules::jvp).
    pub(super) fn push(
        &self,
        passes: &dyn Passes,
        x: &[Val],
        dx: &[Option<Val>],
    ) -> (Vals, Vec<Option<Val>>) {
        let head = self.num_steps_operands();
        let dx = &dx[head..];
        let mut has: Vec<bool> = dx.iter().map(Option::is_some).collect();
        // A carry has a tangent if its first value has, or if a step gives it one.
        let (pushed, nonzero) = loop {
            let (pushed, nonzero) = passes.jvp(&self.body, &has);
            if !join(&mut has[self.carry_range()], &nonzero[..self.num_carry]) {
                break (pushed, nonzero);
            }
        };
        let body = self.pushed_body(&pushed, &has, &nonzero);
        let flags = self.parts(&has);
        let types = self.body.param_types();
        let (primal, tangent) = (self.parts(&x[head..]), self.parts(dx));
        let mut operands: Vals = x[..head].into();
        operands.extend_from_slice(primal.consts);
        operands.extend(tangent.consts.iter().flatten().copied());
        operands.extend_from_slice(primal.carry);
        operands.extend(dense(tangent.carry, self.parts(types).carry, flags.carry));
        operands.extend_from_slice(primal.xs);
        operands.extend(tangent.xs.iter().flatten().copied());
        let scan = Scan {
            body,
            num_consts: self.num_consts + count(flags.consts),
            num_carry: self.num_carry + count(flags.carry),
            ..self.clone()
        };
        let mut results = bind(scan, &operands).into_iter();
        let num_ys = nonzero.len() - self.num_carry;
        let mut y: Vals = results.by_ref().take(self.num_carry).collect();
        let mut dy = spread(results.by_ref().take(count(flags.carry)), flags.carry);
        y.extend(results.by_ref().take(num_ys));
        dy.extend(spread(results, &nonzero[self.num_carry..]));
        (y, dy)
    }

    /// `(consts.., dconsts.., carry.., dcarry.., x.., dx..) -> (carry.., dcarry.., y.., dy..)`.
    fn pushed_body(&self, pushed: &Arc<Program>, has: &[bool], nonzero: &[bool]) -> Arc<Program> {
        let types = self.parts(self.body.param_types());
        let flags = self.parts(has);
        let groups = [(types.consts, flags.consts), (types.carry, flags.carry), (types.xs, flags.xs)];
        let all: Vec<Type> = groups
            .iter()
            .flat_map(|(types, flags)| [types.to_vec(), marked(types, flags)].concat())
            .collect();
        let results = self.body.result_types();
        write(&all, |inputs| {
            let (mut primals, mut tangents, mut at) = (vec![], vec![], 0);
            for (types, flags) in groups {
                let (own, rest) = inputs[at..].split_at(types.len());
                primals.extend_from_slice(own);
                tangents.extend_from_slice(&rest[..count(flags)]);
                at += types.len() + count(flags);
            }
            primals.extend(tangents);
            let mut values = pushed.inline(&primals);
            let tangents = spread(values.split_off(results.len()), nonzero);
            let (carry, ys) = values.split_at(self.num_carry);
            let dcarry = dense(&tangents[..self.num_carry], &results, flags.carry);
            let dys = tangents[self.num_carry..].iter().flatten().copied();
            carry.iter().copied().chain(dcarry).chain(ys.iter().copied()).chain(dys).collect()
        })
    }

    /// See [`Rules::transpose`](crate::Rules::transpose).
    pub(super) fn pull(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let head = self.num_steps_operands();
        let mut linear: Vec<bool> = args[head..].iter().map(|arg| arg.known().is_none()).collect();
        let known: Vec<bool> = linear.iter().map(|linear| !linear).collect();
        let (carries_known, _) = self.known_part(passes, known);
        if carries_known[self.carry_range()].contains(&true) {
            return transpose_by_split(self, passes, ct, args);
        }
        linear[self.carry_range()].fill(true);
        let mut has_ct: Vec<bool> = ct.iter().map(Option::is_some).collect();
        // A carry has a cotangent if its last value has, or if a step before gives it one.
        let carry_first = count(&linear[..self.num_consts]);
        let carries = carry_first..carry_first + self.num_carry;
        let (pulled, nonzero) = loop {
            let (pulled, nonzero) = passes.transpose(&self.body, &linear, &has_ct);
            if !join(&mut has_ct[..self.num_carry], &nonzero[carries.clone()]) {
                break (pulled, nonzero);
            }
        };
        self.run_backwards(&Pulled { pulled, nonzero, linear, has_ct }, ct, args)
    }

    /// The loop that runs the other way: it carries the cotangents of the carry and the sums of those of the
    /// constants; its xs are the known ones and the cotangents of the ys, its ys cotangents of xs.
    fn run_backwards(&self, body: &Pulled, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let head = self.num_steps_operands();
        let types = self.parts(self.body.param_types());
        let result_types = self.body.result_types();
        let (carry_ct, ys_ct) = ct.split_at(self.num_carry);
        let (has_carry_ct, has_ys_ct) = body.has_ct.split_at(self.num_carry);
        let linear = self.parts(&body.linear);
        let known = |flags: &[bool]| flags.iter().map(|linear| !linear).collect::<Vec<bool>>();
        let (known_consts, known_xs) = (known(linear.consts), known(linear.xs));
        let linear_consts = marked(types.consts, linear.consts);
        let (consts_nonzero, rest) = body.nonzero.split_at(linear_consts.len());
        let xs_nonzero = &rest[self.num_carry..];
        let sums = marked(&linear_consts, consts_nonzero);

        let mut param_types = marked(types.consts, &known_consts);
        let num_consts = param_types.len();
        param_types.extend(marked(types.carry, has_carry_ct));
        param_types.extend(sums.iter().cloned());
        let num_carry = param_types.len() - num_consts;
        param_types.extend(marked(types.xs, &known_xs));
        param_types.extend(marked(&result_types[self.num_carry..], has_ys_ct));
        let written = write(&param_types, |inputs| {
            let (consts, rest) = inputs.split_at(num_consts);
            let (carry_ct, rest) = rest.split_at(count(has_carry_ct));
            let (sums, rest) = rest.split_at(sums.len());
            let (xs, ys_ct) = rest.split_at(count(&known_xs));
            let all: Vec<Val> = [consts, xs, carry_ct, ys_ct].into_iter().flatten().copied().collect();
            let mut back = spread(body.pulled.inline(&all), &body.nonzero).into_iter();
            let of_consts: Vec<Val> = back.by_ref().take(linear_consts.len()).flatten().collect();
            let of_carry: Vec<Option<Val>> = back.by_ref().take(self.num_carry).collect();
            let of_carry = dense(&of_carry, types.carry, has_carry_ct);
            let sums = sums.iter().zip(of_consts).map(|(sum, ct)| sum.plus(ct));
            of_carry.into_iter().chain(sums).chain(back.flatten()).collect()
        });

        let values = |args: &[Operand]| args.iter().filter_map(Operand::known).collect::<Vec<Val>>();
        let given = self.parts(&args[head..]);
        let mut operands: Vals = values(&args[..head]).into();
        operands.extend(values(given.consts));
        operands.extend(dense(carry_ct, types.carry, has_carry_ct));
        operands.extend(sums.iter().map(|ty| Val::zeros(ty.clone())));
        operands.extend(values(given.xs));
        operands.extend(ys_ct.iter().flatten().copied());
        let scan = Scan { body: written, num_consts, num_carry, reverse: !self.reverse, ..self.clone() };
        let mut results = bind(scan, &operands).into_iter();

        let of_carry = spread(results.by_ref().take(count(has_carry_ct)), has_carry_ct);
        let of_consts = spread(results.by_ref().take(sums.len()), consts_nonzero);
        let of_xs = spread(results, xs_nonzero);
        let mut all = vec![None; head];
        let by_param = |values: Vec<Option<Val>>, flags: &[bool]| {
            spread(values, flags).into_iter().map(Option::flatten).collect::<Vec<Option<Val>>>()
        };
        all.extend(by_param(of_consts, linear.consts));
        all.extend(of_carry.into_iter().zip(given.carry).map(|(ct, arg)| match arg {
            Operand::Known(_) => None,
            Operand::Linear(_) => ct,
        }));
        all.extend(by_param(of_xs, linear.xs));
        all
    }

    /// Which parameters of the body stay known when a carry is only if every step leaves it so, and the body split
    /// by them.
    fn known_part(&self, passes: &dyn Passes, mut known: Vec<bool>) -> (Vec<bool>, Halves) {
        loop {
            let halves = passes.split(&self.body, &known);
            if !meet(&mut known[self.carry_range()], &halves.known_results[..self.num_carry]) {
                return (known, halves);
            }
        }
    }

    /// See [`Rules::split`](crate::Rules::split).
    pub(super) fn partial(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        let head = self.num_steps_operands();
        // Not even how often it runs is known.
        if args[..head].iter().any(Option::is_none) {
            return None;
        }
        let given: Vec<Given> = (head..args.len()).map(|i| args[i].ok_or(i)).collect();
        let is_known = |given: &[Given]| given.iter().map(Result::is_ok).collect::<Vec<bool>>();
        let hoisted = self.hoisted(passes, &given);
        let is_hoisted = hoisted.is_some();
        let (scan, given) = hoisted.unwrap_or((self.clone(), given));
        let (known, halves) = scan.known_part(passes, is_known(&given));
        let does_nothing = halves.known.results().is_empty() && !halves.known.effect().stays();
        let is_empty = does_nothing && !is_hoisted;
        (!is_empty).then(|| scan.halved(&args[..head], &given, &known, &halves))
    }

    /// The same loop, what depends only on known constants computed before it; `None` if there is nothing.
    fn hoisted(&self, passes: &dyn Passes, given: &[Given]) -> Option<(Scan, Vec<Given>)> {
        let known: Vec<bool> = (0..given.len()).map(|i| i < self.num_consts && given[i].is_ok()).collect();
        if !known.contains(&true) {
            return None;
        }
        let halves = passes.split(&self.body, &known);
        // What a step does besides computing is done in each.
        if halves.known.equations().is_empty() || halves.known.effect().stays() {
            return None;
        }
        let inputs: Vec<Val> = given[..self.num_consts].iter().flatten().copied().collect();
        let before = halves.known.inline(&inputs);
        let num_known = count(&halves.known_results);
        let residual = |residual: &Residual| match residual {
            Residual::Parameter(i) => inputs[*i],
            Residual::Result(i) => before[*i],
        };
        // Results that do not depend on the steps are constants that the body returns.
        let mut consts: Vec<Val> = halves.residuals.iter().map(residual).collect();
        let num_residuals = consts.len();
        consts.extend_from_slice(&before[..num_known]);
        let unknown: Vec<bool> = known.iter().map(|known| !known).collect();
        let rest_types = marked(self.body.param_types(), &unknown);
        let mut types: Vec<Type> = consts.iter().map(|v| v.ty()).collect();
        types.extend(rest_types);
        let num_new = consts.len();
        let body = write(&types, |inputs| {
            let (consts, rest) = inputs.split_at(num_new);
            let (residuals, known) = consts.split_at(num_residuals);
            let all: Vec<Val> = residuals.iter().chain(rest).copied().collect();
            let mut unknown = halves.rest.inline(&all).into_iter();
            let mut known = known.iter().copied();
            let mut result = |is_known: &bool| if *is_known { known.next() } else { unknown.next() };
            halves.known_results.iter().map(|k| result(k).expect("internal: every result")).collect()
        });
        let num_consts = num_new + count(&unknown[..self.num_consts]);
        let rest = marked(given, &unknown);
        let given = consts.into_iter().map(Ok).chain(rest).collect();
        Some((Scan { body, num_consts, ..self.clone() }, given))
    }

    /// The known half is run here, and the values that the rest reads of each step are stacked.
    fn halved(&self, steps: &[Option<Val>], given: &[Given], known: &[bool], halves: &Halves) -> Split {
        let flags = self.parts(known);
        let num_known = [count(flags.consts), count(flags.carry), count(flags.xs)];
        let plan = Plan::new(halves, num_known[0], flags.carry);
        let body = write(halves.known.param_types(), |inputs| plan.known_results(&halves.known, inputs));
        let values = |i: usize| if known[i] { given[i].ok() } else { None };
        let inputs: Vec<Val> = (0..given.len()).filter_map(values).collect();
        let operands: Vals = steps.iter().flatten().chain(&inputs).copied().collect();
        let first = Scan { body, num_consts: num_known[0], num_carry: num_known[1], ..self.clone() };
        let runs = !first.body.results().is_empty() || first.body.effect().stays();
        let results = if runs { bind(first, &operands) } else { Vals::new() };

        let rest_known = |flags: &[bool]| flags.iter().map(|known| !known).collect::<Vec<bool>>();
        let types = self.parts(self.body.param_types());
        let unknown_consts = marked(types.consts, &rest_known(flags.consts));
        let unknown_carry = marked(types.carry, &rest_known(flags.carry));
        let mut param_types: Vec<Type> = plan.consts.iter().map(|i| inputs[*i].ty()).collect();
        let num_residual_consts = param_types.len();
        param_types.extend(unknown_consts.iter().cloned());
        let num_consts = param_types.len();
        param_types.extend(unknown_carry.iter().cloned());
        let num_carry = unknown_carry.len();
        param_types.extend(plan.step_types(&halves.known));
        param_types.extend(marked(types.xs, &rest_known(flags.xs)));
        let rest = write(&param_types, |inputs| {
            let (consts, rest) = inputs.split_at(num_consts);
            let (carry, rest) = rest.split_at(num_carry);
            let (each, xs) = rest.split_at(plan.each.len());
            let (residual_consts, unknown_consts) = consts.split_at(num_residual_consts);
            let unknown: Vec<Val> = [unknown_consts, carry, xs].concat();
            plan.rest_results(halves, residual_consts, each, &unknown)
        });
        let stacked = |source: &Each| match source {
            Each::Parameter(i) if *i >= num_known[0] + num_known[1] => inputs[*i],
            _ => results[plan.position(source)],
        };
        let unknown = |range: std::ops::Range<usize>| {
            range.filter(|i| !known[*i]).map(|i| match given[i] {
                Ok(v) => Remaining::Known(v),
                Err(operand) => Remaining::Operand(operand),
            })
        };
        let mut operands: Vec<Remaining> = steps.iter().flatten().copied().map(Remaining::Known).collect();
        operands.extend(plan.consts.iter().map(|i| Remaining::Known(inputs[*i])));
        operands.extend(unknown(0..self.num_consts + self.num_carry));
        operands.extend(plan.each.iter().map(|source| Remaining::Known(stacked(source))));
        operands.extend(unknown(self.num_consts + self.num_carry..given.len()));
        let rest = Scan { body: rest, num_consts, num_carry, ..self.clone() };
        let returned = results.iter().take(count(&plan.returned)).copied();
        Split { known: spread(returned, &plan.returned), rest: rest.into(), operands }
    }
}
