//! What the two halves of a split loop owe each other: the first returns what is known, and stacks what the second
//! reads of each of its steps. What no step changes is not stacked.

use crate::ops::{Halves, Residual};
use crate::trace::Val;
use crate::{Program, Type};

/// A value of each step that the second half reads, as the first half's body knows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Each {
    /// Its parameter of that number: a carry before the step, or an x.
    Parameter(usize),
    /// Its result of that number.
    Result(usize),
}

/// Where the second half's body finds a residual.
enum Found {
    Const(usize),
    Each(usize),
}

/// A split body as the bodies of two loops.
pub(super) struct Plan {
    /// Which results the first loop returns: the other carries are known in each step, but not the first ones.
    pub(super) returned: Vec<bool>,
    /// The constants of the first loop that the second reads.
    pub(super) consts: Vec<usize>,
    /// What the second loop reads of each step.
    pub(super) each: Vec<Each>,
    residuals: Vec<Found>,
    /// For each known result of the body that is not returned, its number and where the second half finds it.
    forced: Vec<(usize, usize)>,
    /// What of `each` the first loop stacks behind what it returns.
    stacks: Vec<Each>,
    /// The place, among what is returned, of each known result of the body.
    places: Vec<Option<usize>>,
    num_carry: usize,
}

impl Plan {
    /// For a body whose first `num_consts` known parameters are constants, and of whose carries those marked are
    /// known before and after every step.
    pub(super) fn new(halves: &Halves, num_consts: usize, known_carry: &[bool]) -> Plan {
        let num_carry = known_carry.len();
        let known = halves.known_results.iter().enumerate();
        let returned: Vec<bool> =
            known.map(|(i, known)| *known && known_carry.get(i).is_none_or(|known| *known)).collect();
        let mut plan = Plan {
            returned,
            consts: vec![],
            each: vec![],
            residuals: vec![],
            forced: vec![],
            stacks: vec![],
            places: vec![],
            num_carry,
        };
        let mut num_returned = 0;
        for (i, _) in halves.known_results.iter().enumerate().filter(|(_, known)| **known) {
            let number = plan.places.len();
            plan.places.push(plan.returned[i].then_some(num_returned));
            if plan.returned[i] {
                num_returned += 1;
            } else {
                let place = position(&mut plan.each, Each::Result(number));
                plan.forced.push((i, place));
            }
        }
        for residual in &halves.residuals {
            let found = match *residual {
                Residual::Parameter(i) if i < num_consts => Found::Const(position(&mut plan.consts, i)),
                Residual::Parameter(i) => Found::Each(position(&mut plan.each, Each::Parameter(i))),
                Residual::Result(i) => Found::Each(position(&mut plan.each, Each::Result(i))),
            };
            plan.residuals.push(found);
        }
        plan.stack(num_consts + known_carry.iter().filter(|known| **known).count());
        plan
    }

    /// Lists what must be stacked: what is neither an x, from parameter `first_x` on, nor a y that is returned.
    fn stack(&mut self, first_x: usize) {
        let num_carry = self.returned[..self.num_carry].iter().filter(|returned| **returned).count();
        let is_stacked = |source: &Each| match *source {
            Each::Parameter(i) => i < first_x,
            Each::Result(i) => self.place(i).is_none_or(|place| place < num_carry),
        };
        self.stacks = self.each.iter().copied().filter(is_stacked).collect();
    }

    fn place(&self, result: usize) -> Option<usize> {
        self.places.get(result).copied().flatten()
    }

    /// Which result of the first loop is `source` of all steps.
    pub(super) fn position(&self, source: &Each) -> usize {
        let num_returned = self.returned.iter().filter(|returned| **returned).count();
        match self.stacks.iter().position(|stacked| stacked == source) {
            Some(i) => num_returned + i,
            None => match *source {
                Each::Result(i) => self.place(i).expect("internal: what is not stacked is returned"),
                Each::Parameter(_) => unreachable!("internal: an x is no result"),
            },
        }
    }

    /// The results of the first loop's body.
    pub(super) fn known_results(&self, known: &Program, inputs: &[Val]) -> Vec<Val> {
        let values = known.inline(inputs);
        let returned = self.places.iter().zip(&values).filter(|(place, _)| place.is_some()).map(|(_, v)| *v);
        let stacked = self.stacks.iter().map(|source| match *source {
            Each::Parameter(i) => inputs[i],
            Each::Result(i) => values[i],
        });
        returned.chain(stacked).collect()
    }

    /// The types of what the second loop reads of each step.
    pub(super) fn step_types(&self, known: &Program) -> Vec<Type> {
        let of = |source: &Each| match *source {
            Each::Parameter(i) => known.param_types()[i].clone(),
            Each::Result(i) => known.ty(known.results()[i]).clone(),
        };
        self.each.iter().map(of).collect()
    }

    /// The results of the second loop's body.
    pub(super) fn rest_results(
        &self,
        halves: &Halves,
        consts: &[Val],
        each: &[Val],
        unknown: &[Val],
    ) -> Vec<Val> {
        let residual = |found: &Found| match *found {
            Found::Const(i) => consts[i],
            Found::Each(i) => each[i],
        };
        let inputs: Vec<Val> = self.residuals.iter().map(residual).chain(unknown.iter().copied()).collect();
        let mut computed = halves.rest.inline(&inputs).into_iter();
        let mut results = vec![];
        for (i, known) in halves.known_results.iter().enumerate() {
            match self.forced.iter().find(|(result, _)| *result == i) {
                Some((_, place)) => results.push(each[*place]),
                None if *known => {}
                None => results.push(computed.next().expect("internal: every unknown result")),
            }
        }
        results
    }
}

/// The place of `item` in `all`, where it is added if it is missing.
fn position<T: PartialEq>(all: &mut Vec<T>, item: T) -> usize {
    all.iter().position(|other| *other == item).unwrap_or_else(|| {
        all.push(item);
        all.len() - 1
    })
}
