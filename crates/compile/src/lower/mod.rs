//! From a Program to a graph: calls inlined, long reductions cut into chunks, products given to a loop or a routine.
//!
//! This folder is the one place of this crate that names primitives, a family a file. How a reduction is cut depends
//! on its shape only, so that every number of threads gives the same bits.

mod control_flow;
mod convolution;
mod indexing;
mod movement;
mod product;
mod reduction;
mod routine;
mod window;

use crate::graph::{Graph, Id, Ids, Kind, Node};
use gradus_ir::ops::contract::Contraction;
use gradus_ir::ops::control::Control;
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::reduce::Reduction;
use gradus_ir::ops::source::Source;
use gradus_ir::{
    Array, Buffer, Dims, Dtype, Effect, Equation, Error, ErrorKind, Op, Program, Result, Shape,
    SourceLocation, Type, trace,
};
use gradus_kernel::Combine;

/// The graph of a legalized program. Complex numbers are in it as they lie in memory: as pairs along a new last axis.
///
/// # Errors
/// If an operation has no compiled form, naming it and its line.
pub(crate) fn lower(program: &Program) -> Result<Graph> {
    let mut lowering = Lowering { graph: Graph::default() };
    let params: Vec<Id> = program
        .param_types()
        .iter()
        .enumerate()
        .map(|(k, ty)| lowering.node(Kind::Param(k), &[], in_memory(ty), SourceLocation::unknown()))
        .collect();
    lowering.graph.num_params = params.len();
    let mut results = lowering.program(program, &params)?;
    lowering.graph.result_types = program.result_types();
    for (result, ty) in results.iter_mut().zip(program.result_types()) {
        *result = lowering.as_data(*result, ty);
    }
    lowering.look_below_reshapes(&mut results);
    lowering.graph.results = results;
    Ok(lowering.graph)
}

/// The graph of a Program inside of a loop or choice: parameter `k` is the Program's number `order[k]`, and the results
/// are those of these numbers. Each result is a value of its own that some step writes.
///
/// # Errors
/// As [`lower`].
pub(crate) fn lower_body(program: &Program, order: &[usize], results: &[usize]) -> Result<Graph> {
    let mut lowering = Lowering { graph: Graph::default() };
    let mut params = vec![None; order.len()];
    for (k, &old) in order.iter().enumerate() {
        let ty = in_memory(&program.param_types()[old]);
        params[old] = Some(lowering.node(Kind::Param(k), &[], ty, SourceLocation::unknown()));
    }
    let params: Vec<Id> = params.into_iter().map(|id| id.expect("internal: each parameter once")).collect();
    lowering.graph.num_params = params.len();
    let all = lowering.program(program, &params)?;
    let mut results: Vec<Id> = results.iter().map(|&k| all[k]).collect();
    lowering.graph.result_types = results.iter().map(|result| lowering.graph.ty(*result).clone()).collect();
    lowering.look_below_reshapes(&mut results);
    for k in 0..results.len() {
        let node = lowering.graph.node(results[k]).clone();
        if node.kind.is_source() || results[..k].contains(&results[k]) {
            let copy = Kind::UpdateSlices { based: true, updates: vec![] };
            results[k] = lowering.node(copy, &[results[k]], node.ty, node.location);
        }
    }
    lowering.graph.results = results;
    Ok(lowering.graph)
}

/// How a value stands in memory: an array as it is, complex numbers as pairs, a tape as its handle.
fn in_memory(ty: &Type) -> Type {
    if ty.is_tape() { Type::scalar(Dtype::I64) } else { ty.parts() }
}

/// A result of equal elements is data up to this size, beyond it a kernel fills it.
const LARGEST_SPLAT_DATA: usize = 1 << 16;

struct Lowering {
    graph: Graph,
}

impl Lowering {
    fn node(&mut self, kind: Kind, args: &[Id], ty: Type, location: SourceLocation) -> Id {
        let ty = if ty.dtype.is_complex() { ty.parts() } else { ty };
        // Nothing computes no elements.
        if ty.shape.size() == 0 && !kind.is_source() {
            return self.graph.push(Node { kind: Kind::Splat(0), args: Ids::new(), ty, location });
        }
        self.graph.push(Node { kind, args: Ids::from_slice(args), ty, location })
    }

    /// A result that is another value reshaped needs no copy of it, unless that value is a result itself.
    fn look_below_reshapes(&self, results: &mut [Id]) {
        for k in 0..results.len() {
            let mut below = results[k];
            while let Kind::Reshape = self.graph.node(below).kind {
                below = self.graph.node(below).args[0];
            }
            if !self.graph.node(below).kind.is_source() && !results.contains(&below) {
                results[k] = below;
            }
        }
    }

    /// A constant result of type `ty` as data, which needs no step.
    fn as_data(&mut self, id: Id, ty: Type) -> Id {
        let node = self.graph.node(id).clone();
        match node.kind {
            Kind::Constant(array) if node.ty != ty => {
                let array = array.reinterpreted(ty.clone());
                self.graph.push(Node { kind: Kind::Constant(array), ty, ..node })
            }
            Kind::Splat(bits) if node.ty.size_bytes() <= LARGEST_SPLAT_DATA => {
                let mut buffer = Buffer::any(node.ty.size_bytes());
                let size = node.ty.dtype.size_bytes();
                let element = &bits.to_le_bytes()[..size];
                buffer.bytes_mut().chunks_exact_mut(size).for_each(|place| place.copy_from_slice(element));
                let array = Array::from_buffer(ty.clone(), buffer);
                self.graph.push(Node { kind: Kind::Constant(array), ty, ..node })
            }
            _ => id,
        }
    }

    fn program(&mut self, program: &Program, args: &[Id]) -> Result<Vec<Id>> {
        let mut values = args.to_vec();
        for equation in program.equations() {
            if let Some(kind) = equation.op.rules().refusal() {
                return Err(Error::new(equation.op.rules().name(), kind, equation.place));
            }
            let args: Ids = equation.args.iter().map(|arg| values[arg.index()]).collect();
            if let Op::Control(Control::Tape(tape)) = &equation.op {
                values.push(self.tape(tape, &args, program.ty(equation.results[0]), equation.place));
                continue;
            }
            let rules = equation.op.rules();
            if rules.library().is_some() {
                values.extend(self.library(program, equation, &args));
                continue;
            }
            if rules.effect() != Effect::None && rules.programs().is_empty() {
                values.extend(self.host(program, equation, &args));
                continue;
            }
            let types: Vec<Type> = equation.results.iter().map(|r| in_memory(program.ty(*r))).collect();
            let types: Vec<&Type> = types.iter().collect();
            let results = self.equation(equation, &args, &types)?;
            debug_assert!(
                results.iter().zip(&types).all(|(id, ty)| *self.graph.ty(*id) == ty.parts()),
                "internal: {} is lowered to its type",
                equation.op.rules().name()
            );
            values.extend(results);
        }
        Ok(program.results().iter().map(|r| values[r.index()]).collect())
    }

    fn equation(&mut self, equation: &Equation, args: &[Id], types: &[&Type]) -> Result<Vec<Id>> {
        let (op, location) = (&equation.op, equation.place);
        if op.rules().expands() {
            let types: Vec<Type> = args.iter().map(|arg| self.graph.ty(*arg).clone()).collect();
            let expanded = trace(location, &types, |args| op.rules().expand(args))?;
            return self.program(&expanded.program, args);
        }
        if op.rules().elementwise().is_some() {
            let elementwise = |result| Kind::Elementwise { op: op.clone(), result };
            let nodes = types.iter().enumerate();
            return Ok(nodes
                .map(|(k, ty)| self.node(elementwise(k), args, (*ty).clone(), location))
                .collect());
        }
        if let Op::Control(control) = op {
            return self.control(control, args, types, location);
        }
        if let Op::Reduction(Reduction::Body { axes, body }) = op {
            return self.reduce_by_body(axes, body, args, types, location);
        }
        if let Op::Windowing(windowing) = op {
            return self.windowing(windowing, args, types, location);
        }
        if let Op::Sorting(sorting) = op {
            return self.sort(sorting, args, types, location);
        }
        let ty = types[0].clone();
        let one = match op {
            Op::Source(Source::Constant(array)) => self.constant(array, location),
            Op::Source(Source::Iota { dimension, .. }) => {
                self.node(Kind::Iota { axis: *dimension }, args, ty, location)
            }
            Op::Movement(movement) => self.movement(movement, args, ty, location)?,
            Op::Reduction(reduction) => self.reduction(reduction, args[0], ty, location)?,
            Op::Contraction(Contraction::DotGeneral(dims)) => self.product(dims, args, ty, location),
            Op::Convolution(convolution) => self.convolution(convolution, args, ty, location),
            Op::Cumulative(cumulative) => self.cumulative(cumulative, args[0], &ty, location)?,
            Op::Parts(parts) => self.parts(*parts, args, ty, location),
            Op::Indexing(indexing) => self.indexing(indexing, args, ty, location)?,
            op => return Err(unsupported(op, location)),
        };
        Ok(vec![one])
    }

    fn control(
        &mut self,
        control: &Control,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Result<Vec<Id>> {
        match control {
            Control::StopGradient | Control::OptimizationBarrier => Ok(args.to_vec()),
            Control::Call(call) => self.program(&call.program, args),
            other => self.control_flow(other, args, types, location),
        }
    }

    fn constant(&mut self, array: &Array, location: SourceLocation) -> Id {
        let array = &array.parts();
        let kind = match splat_bits(array) {
            Some(bits) => Kind::Splat(bits),
            None => Kind::Constant(array.clone()),
        };
        self.node(kind, &[], array.ty().clone(), location)
    }

    pub(super) fn splat(&mut self, bits: u64, ty: Type, location: SourceLocation) -> Id {
        self.node(Kind::Splat(bits), &[], ty, location)
    }

    pub(super) fn elementwise(
        &mut self,
        op: impl Into<Op>,
        args: &[Id],
        ty: Type,
        location: SourceLocation,
    ) -> Id {
        self.node(Kind::Elementwise { op: op.into(), result: 0 }, args, ty, location)
    }

    pub(super) fn reshape(&mut self, x: Id, shape: impl Into<Shape>, location: SourceLocation) -> Id {
        let (from, shape) = (self.graph.ty(x).clone(), shape.into());
        if from.shape == shape { x } else { self.node(Kind::Reshape, &[x], from.with_shape(shape), location) }
    }

    pub(super) fn transpose(&mut self, x: Id, axes: &[usize], location: SourceLocation) -> Id {
        if axes.iter().enumerate().all(|(k, axis)| k == *axis) {
            return x;
        }
        let from = self.graph.ty(x).clone();
        let shape: Shape = axes.iter().map(|axis| from.shape.dim(*axis)).collect();
        self.node(Kind::Transpose { axes: axes.into() }, &[x], from.with_shape(shape), location)
    }

    pub(super) fn broadcast(&mut self, x: Id, dims: Dims, shape: &Shape, location: SourceLocation) -> Id {
        let from = self.graph.ty(x).clone();
        if from.shape == *shape {
            return x;
        }
        self.node(Kind::Broadcast { dims }, &[x], from.with_shape(shape.clone()), location)
    }
}

fn combine_of(monoid: Monoid) -> Combine {
    match monoid {
        Monoid::Sum => Combine::Sum,
        Monoid::Prod => Combine::Product,
        Monoid::Max => Combine::Max,
        Monoid::Min => Combine::Min,
        Monoid::And => Combine::And,
        Monoid::Or => Combine::Or,
        Monoid::Xor => Combine::Xor,
    }
}

/// The graph of a body on scalars.
fn lower_scalars(body: &Program, location: SourceLocation) -> Result<Graph> {
    let graph = lower(body)?;
    for id in graph.ids() {
        let node = graph.node(id);
        let fits = matches!(
            node.kind,
            Kind::Param(_)
                | Kind::Splat(_)
                | Kind::Elementwise { .. }
                | Kind::Broadcast { .. }
                | Kind::Reshape
                | Kind::Transpose { .. }
        );
        if !fits {
            let message = format!("a body on scalars cannot hold {} in compiled form", node.kind.name());
            return Err(Error::new("reduce", ErrorKind::invalid(message), location));
        }
    }
    Ok(graph)
}

fn unsupported(op: &Op, location: SourceLocation) -> Error {
    Error::new(op.rules().name(), ErrorKind::invalid("this operation has no compiled form"), location)
}

/// The bits of every element, if all are equal.
fn splat_bits(array: &Array) -> Option<u64> {
    let size = array.dtype().size_bytes();
    let mut elements = array.bytes().chunks_exact(size);
    let first = elements.next()?;
    if !elements.all(|element| element == first) {
        return None;
    }
    let mut bits = [0; 8];
    bits[..size].copy_from_slice(first);
    Some(u64::from_le_bytes(bits))
}
