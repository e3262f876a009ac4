//! Loops and choices of a Program as nodes.

use super::{Lowering, lower_body, unsupported};
use crate::graph::{ControlFlow, Graph, Id, Ids, Kind, Node, Scan, TripCount, While};
use gradus_ir::ops::control::{self, Control};
use gradus_ir::{Dtype, Program, Result, Shape, SourceLocation, Type};
use std::sync::Arc;

impl Lowering {
    /// The results of a loop or choice on `args`.
    ///
    /// # Errors
    /// If an operation inside has no compiled form, naming it and its line.
    pub(super) fn control_flow(
        &mut self,
        control: &Control,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Result<Vec<Id>> {
        match control {
            Control::Scan(scan) => self.scan(scan, args, types, location),
            Control::While(inner) => self.while_loop(inner, args, types, location),
            Control::Cond(choice) => {
                let lowered: Result<Vec<Graph>> =
                    choice.branches.iter().map(|branch| lower_branch(branch)).collect();
                let kept = KeptCarries::all(types.len());
                Ok(self.push_control_flow(ControlFlow::Cond(lowered?), args, types, &kept, location))
            }
            other => Err(unsupported(&other.clone().into(), location)),
        }
    }

    fn scan(
        &mut self,
        scan: &control::Scan,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Result<Vec<Id>> {
        let control::Scan { body, num_consts, num_carry, length, reverse, .. } = scan;
        let kept = KeptCarries::of(body, *num_consts, *num_carry);
        let (count, args) = args.split_at(usize::from(length.is_none()));
        // Beside tapes of arrays there are those of tapes, whose number may be known.
        let on_tape = |ty: &Type| length.is_none() || ty.is_tape();
        let results = body.result_types();
        let scan = ControlFlow::Scan(Scan {
            body: kept.body(body)?,
            num_consts: num_consts + kept.invariant.len(),
            num_carry: kept.varying.len(),
            trip_count: length.map_or(TripCount::Operand, TripCount::Known),
            reverse: *reverse,
            xs_on_tape: body.param_types()[num_consts + num_carry..].iter().map(on_tape).collect(),
            ys_on_tape: results[*num_carry..].iter().map(on_tape).collect(),
            returns_tapes: results.iter().any(Type::is_tape),
        });
        let moved: Vec<Id> = count.iter().copied().chain(kept.moved(args)).collect();
        Ok(kept.results(args, self.push_control_flow(scan, &moved, types, &kept, location)))
    }

    fn while_loop(
        &mut self,
        inner: &control::While,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Result<Vec<Id>> {
        let control::While { cond, body, num_cond_consts, num_body_consts, record } = inner;
        let num_carry = body.num_params() - num_body_consts;
        let kept = KeptCarries::of(body, *num_body_consts, num_carry);
        // The test's parameters in the same order: its constants, then carries that do not vary, then others.
        let of_test = KeptCarries { num_consts: *num_cond_consts, ..kept.clone() };
        let inner = ControlFlow::While(While {
            test: lower_body(cond, &of_test.order(cond.num_params()), &[0])?,
            body: kept.body(body)?,
            num_test_consts: num_cond_consts + kept.invariant.len(),
            num_body_consts: num_body_consts + kept.invariant.len(),
            num_carry: kept.varying.len(),
            is_recorded: *record,
            returns_tapes: body.result_types().iter().any(Type::is_tape),
        });
        let (test, rest) = args.split_at(*num_cond_consts);
        let (consts, carries) = rest.split_at(*num_body_consts);
        let invariant: Vec<Id> = kept.invariant.iter().map(|&k| carries[k]).collect();
        let varying: Vec<Id> = kept.varying.iter().map(|&k| carries[k]).collect();
        let moved = [test, &invariant, consts, &invariant, &varying].concat();
        Ok(kept.results(rest, self.push_control_flow(inner, &moved, types, &kept, location)))
    }

    /// Adds the node and its results, of the types of those that the node makes.
    fn push_control_flow(
        &mut self,
        inner: ControlFlow<Graph>,
        args: &[Id],
        types: &[&Type],
        kept: &KeptCarries,
        location: SourceLocation,
    ) -> Vec<Id> {
        let types = kept.varying.iter().copied().chain(kept.num_carry..types.len()).map(|k| types[k]);
        // The node itself is no value; the type stands for nothing.
        let ty = Type::new(Dtype::Bool, Shape::scalar());
        let kind = Kind::ControlFlow(Arc::new(inner));
        let id = self.graph.push(Node { kind, args: Ids::from_slice(args), ty, location });
        let element = |ty: &Type| {
            let args = Ids::from_slice(&[id]);
            self.graph.push(Node { kind: Kind::TupleElement, args, ty: ty.clone(), location })
        };
        types.map(element).collect()
    }
}

fn lower_branch(branch: &Program) -> Result<Graph> {
    let order: Vec<usize> = (0..branch.num_params()).collect();
    let results: Vec<usize> = (0..branch.results().len()).collect();
    lower_body(branch, &order, &results)
}

/// Carried values that the body returns as they came are constants.
#[derive(Clone)]
struct KeptCarries {
    num_consts: usize,
    num_carry: usize,
    /// Numbers of carries.
    invariant: Vec<usize>,
    varying: Vec<usize>,
}

impl KeptCarries {
    fn of(body: &Program, num_consts: usize, num_carry: usize) -> KeptCarries {
        let returned = |k: usize| body.results()[k].index();
        let (invariant, varying) = (0..num_carry).partition(|&k| returned(k) == num_consts + k);
        KeptCarries { num_consts, num_carry, invariant, varying }
    }
    fn all(num_results: usize) -> KeptCarries {
        KeptCarries {
            num_consts: 0,
            num_carry: num_results,
            invariant: vec![],
            varying: (0..num_results).collect(),
        }
    }
    /// Old numbers of the body's parameters in their new order.
    fn order(&self, num_params: usize) -> Vec<usize> {
        let carry = |k: &usize| self.num_consts + k;
        let consts = (0..self.num_consts).chain(self.invariant.iter().map(carry));
        let rows = self.num_consts + self.num_carry..num_params;
        consts.chain(self.varying.iter().map(carry)).chain(rows).collect()
    }
    fn body(&self, body: &Program) -> Result<Graph> {
        let rows = self.num_carry..body.results().len();
        let results: Vec<usize> = self.varying.iter().copied().chain(rows).collect();
        lower_body(body, &self.order(body.num_params()), &results)
    }
    /// A scan's operands in their new order.
    fn moved(&self, args: &[Id]) -> Vec<Id> {
        self.order(args.len()).into_iter().map(|k| args[k]).collect()
    }
    /// The operation's results from those of the node.
    fn results(&self, args: &[Id], of_node: Vec<Id>) -> Vec<Id> {
        let mut results = vec![None; self.num_carry];
        self.invariant.iter().for_each(|&k| results[k] = Some(args[self.num_consts + k]));
        let mut of_node = of_node.into_iter();
        self.varying.iter().for_each(|&k| results[k] = of_node.next());
        results.into_iter().flatten().chain(of_node).collect()
    }
}
