//! What is read off a traced Program: the floating-point operations of its equations, and where weights meet data.
//!
//! A layer is the leaves of one place in the model's tree. Invariant: a variable is of weights as long as nothing but
//! weights and constants went into it; the last equation in which weights of a layer meet data gives its output.

use std::collections::BTreeSet;

use gradus_ir::ops::contract::Contraction;
use gradus_ir::ops::control::Control;
use gradus_ir::ops::window::Windowing;
use gradus_ir::{Equation, Op, Program, Type, Var};

/// What went into a variable.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Origin {
    /// Neither weights nor data.
    Constant,
    /// Weights of these layers.
    Weights(BTreeSet<usize>),
    /// Data, whatever else.
    Data,
}

/// What is known of a layer after the walk.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) output: Option<Type>,
    pub(super) flops: u128,
}

/// Finds outputs and operations of layers in `program`, whose parameters are of these origins; returns those of its
/// results.
pub(super) fn find(program: &Program, params: Vec<Origin>, layers: &mut [Found]) -> Vec<Origin> {
    let mut origins = vec![Origin::Constant; program.num_vars()];
    for (param, origin) in program.params().zip(params) {
        origins[param.index()] = origin;
    }
    for eqn in program.equations() {
        let args: Vec<Origin> = eqn.args.iter().map(|arg| origins[arg.index()].clone()).collect();
        let results = results_of(program, eqn, args, layers);
        for (result, origin) in eqn.results.iter().zip(results) {
            origins[result.index()] = origin;
        }
    }
    program.results().iter().map(|result| origins[result.index()].clone()).collect()
}

fn results_of(program: &Program, eqn: &Equation, args: Vec<Origin>, layers: &mut [Found]) -> Vec<Origin> {
    if let Some(inner) = called(program, eqn) {
        return find(inner, args, layers);
    }
    let weights: BTreeSet<usize> = args
        .iter()
        .flat_map(|origin| if let Origin::Weights(of) = origin { of.clone() } else { BTreeSet::new() })
        .collect();
    let origin = match (args.contains(&Origin::Data), weights.is_empty()) {
        (true, _) => Origin::Data,
        (false, true) => Origin::Constant,
        (false, false) => Origin::Weights(weights.clone()),
    };
    if origin == Origin::Data {
        for (i, layer) in weights.into_iter().enumerate() {
            // Of a loop the last result is the stack of what its steps returned.
            layers[layer].output = eqn.results.last().map(|result| program.ty(*result).clone());
            if i == 0 {
                layers[layer].flops += equation(program, eqn);
            }
        }
    }
    vec![origin; eqn.results.len()]
}

/// The Program that an equation runs once on its operands, if that is all it does.
fn called<'a>(program: &Program, eqn: &'a Equation) -> Option<&'a Program> {
    if matches!(eqn.op, Op::Control(Control::Scan(_) | Control::While(_) | Control::Cond(_))) {
        return None;
    }
    let inner = eqn.op.rules().programs().into_iter().next()?;
    let types = |vars: &[Var]| -> Vec<Type> { vars.iter().map(|var| program.ty(*var).clone()).collect() };
    let fits = inner.param_types() == types(&eqn.args) && inner.result_types() == types(&eqn.results);
    fits.then_some(&**inner)
}

/// The floating-point operations of a Program: a product and a sum count as two. Of loops whose number of steps is not
/// known, one step; of branches, the longest.
pub(super) fn program(program: &Program) -> u128 {
    program.equations().iter().map(|eqn| equation(program, eqn)).sum()
}

fn equation(within: &Program, eqn: &Equation) -> u128 {
    let ty = |var: Var| within.ty(var);
    let out: u128 = eqn.results.first().map_or(0, |result| ty(*result).shape.size() as u128);
    let operand = |i: usize| eqn.args.get(i).map(|arg| ty(*arg));
    let elements = |i: usize| operand(i).map_or(0, |ty| ty.shape.size() as u128);
    let inner = || eqn.op.rules().programs().into_iter().map(|inner| program(inner));
    let computes = eqn.results.first().is_some_and(|result| ty(*result).dtype.is_inexact());
    match &eqn.op {
        Op::Contraction(Contraction::DotGeneral(dims)) => {
            2 * out * operand(0).map_or(0, |lhs| lhs.shape.extent_of(&dims.lhs_contracting) as u128)
        }
        Op::Convolution(convolution) => {
            let features =
                eqn.results.first().map_or(1, |out| ty(*out).shape.dim(convolution.dims.out.feature));
            2 * out * (elements(1) / features.max(1) as u128)
        }
        Op::Control(Control::Scan(scan)) => program(&scan.body) * scan.length.unwrap_or(1) as u128,
        Op::Control(Control::Cond(_)) => inner().max().unwrap_or(0),
        Op::Control(Control::While(_)) => inner().sum(),
        Op::Windowing(Windowing::Monoid { window, .. } | Windowing::Body { window, .. }) if computes => {
            out * window.dims.iter().map(|n| *n as u128).product::<u128>()
        }
        Op::Reduction(_) | Op::Cumulative(_) if computes => elements(0),
        _ => match called(within, eqn) {
            Some(inner) => program(inner),
            None if computes && eqn.op.rules().elementwise().is_some() => out,
            None => 0,
        },
    }
}
