//! From a Program to a graph: calls inlined, long reductions cut into chunks, products given to a loop or the library.
//!
//! This is the one place of this crate that names primitives. How a reduction is cut depends on its shape only, so
//! that every number of threads gives the same bits.

mod convolution;
mod window;

use crate::graph::{ContractDims, Graph, Id, Ids, Join, Kind, Node, Piece, SortKey, Windows};
use crate::host::HostOp;
use crate::nested;
use crate::tapes::{TapeOp, in_memory};
use gradus_ir::ops::contract::{Contraction, DotDims};
use gradus_ir::ops::control::{Control, Tape};
use gradus_ir::ops::elementwise::Parts;
use gradus_ir::ops::index::{IndexMode, Indexing, Scatter, default_fill};
use gradus_ir::ops::library::{self, Calls};
use gradus_ir::ops::monoid::Monoid;
use gradus_ir::ops::movement::Movement;
use gradus_ir::ops::reduce::Reduction;
use gradus_ir::ops::sort::Sorting;
use gradus_ir::ops::source::Source;
use gradus_ir::{
    Array, Buffer, Dims, Dtype, Effect, Equation, Error, ErrorKind, Op, Program, Result, Shape,
    SourceLocation as Place, Type, Var, trace,
};
use gradus_kernel::Combine;
use std::sync::Arc;

/// The graph of a program. Complex numbers are in it as they lie in memory: as pairs along a new last axis.
///
/// # Errors
/// If an operation has no compiled form, naming it and its line.
pub(crate) fn lower(program: &Program) -> Result<Graph> {
    let program = &gradus_transform::legalize(program)?;
    let mut lowering = Lowering { graph: Graph::default() };
    let params: Vec<Id> = program
        .param_types()
        .iter()
        .enumerate()
        .map(|(k, ty)| lowering.node(Kind::Param(k), &[], in_memory(ty), Place::unknown()))
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
        params[old] = Some(lowering.node(Kind::Param(k), &[], ty, Place::unknown()));
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
            let copy = Kind::Assemble { based: true, pieces: vec![] };
            results[k] = lowering.node(copy, &[results[k]], node.ty, node.place);
        }
    }
    lowering.graph.results = results;
    Ok(lowering.graph)
}

/// A result of equal elements is data up to this size, beyond it a kernel fills it.
const LARGEST_SPLAT_DATA: usize = 1 << 16;

struct Lowering {
    graph: Graph,
}

impl Lowering {
    fn node(&mut self, kind: Kind, args: &[Id], ty: Type, place: Place) -> Id {
        let ty = if ty.dtype.is_complex() { ty.parts() } else { ty };
        // Nothing computes no elements.
        if ty.shape.size() == 0 && !kind.is_source() {
            return self.graph.push(Node { kind: Kind::Splat(0), args: Ids::new(), ty, place });
        }
        self.graph.push(Node { kind, args: Ids::from_slice(args), ty, place })
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
        let (op, place) = (&equation.op, equation.place);
        if op.rules().expands() {
            let types: Vec<Type> = args.iter().map(|arg| self.graph.ty(*arg).clone()).collect();
            let expanded = trace(place, &types, |args| op.rules().expand(args))?;
            return self.program(&expanded.program, args);
        }
        if op.rules().elementwise().is_some() {
            let elementwise = |result| Kind::Elementwise { op: op.clone(), result };
            let nodes = types.iter().enumerate();
            return Ok(nodes.map(|(k, ty)| self.node(elementwise(k), args, (*ty).clone(), place)).collect());
        }
        if let Op::Control(control) = op {
            return self.control(control, args, types, place);
        }
        if let Op::Reduction(Reduction::Body { axes, body }) = op {
            return self.reduce_by_body(axes, body, args, types, place);
        }
        if let Op::Windowing(windowing) = op {
            return self.windowing(windowing, args, types, place);
        }
        if let Op::Sorting(sorting) = op {
            return self.sort(sorting, args, types, place);
        }
        let ty = types[0].clone();
        let one = match op {
            Op::Source(Source::Constant(array)) => self.constant(array, place),
            Op::Source(Source::Iota { dimension, .. }) => {
                self.node(Kind::Iota { axis: *dimension }, args, ty, place)
            }
            Op::Movement(movement) => self.movement(movement, args, ty, place)?,
            Op::Reduction(reduction) => self.reduction(reduction, args[0], ty, place)?,
            Op::Contraction(Contraction::DotGeneral(dims)) => self.product(dims, args, ty, place),
            Op::Convolution(convolution) => self.convolution(convolution, args, ty, place),
            Op::Cumulative(cumulative) => self.cumulative(cumulative, args[0], &ty, place)?,
            Op::Parts(parts) => self.parts(*parts, args, ty, place),
            Op::Indexing(indexing) => self.indexing(indexing, args, ty, place)?,
            op => return Err(unsupported(op, place)),
        };
        Ok(vec![one])
    }

    fn control(&mut self, control: &Control, args: &[Id], types: &[&Type], place: Place) -> Result<Vec<Id>> {
        match control {
            Control::StopGradient | Control::OptimizationBarrier => Ok(args.to_vec()),
            Control::Call(call) => self.program(&call.program, args),
            other => nested::lower(&mut self.graph, other, args, types, place)?
                .ok_or_else(|| unsupported(&other.clone().into(), place)),
        }
    }

    fn tape(&mut self, tape: &Tape, args: &[Id], ty: &Type, place: Place) -> Id {
        let kind = match tape {
            // The handle of an empty tape.
            Tape::Empty { .. } => Kind::Splat(0),
            Tape::Length => Kind::Tape(TapeOp::Length),
            Tape::Select => Kind::Tape(TapeOp::Select { row_bytes: ty.size_bytes(), depth: ty.tapes }),
        };
        self.node(kind, args, in_memory(ty), place)
    }

    /// Real and imaginary parts put side by side, or one of them taken out.
    fn parts(&mut self, parts: Parts, args: &[Id], ty: Type, place: Place) -> Id {
        let shape = match parts {
            Parts::Complex => self.graph.ty(args[0]).shape.clone(),
            _ => ty.shape.clone(),
        };
        let rank = shape.rank();
        let at = |part: usize| {
            let mut starts = Dims::from_elem(0, rank + 1);
            starts[rank] = part;
            (starts, Dims::from_elem(1, rank + 1))
        };
        let single = Type::new(ty.dtype.real(), shape.with_axis(rank, 1));
        let part = match parts {
            Parts::Real => 0,
            Parts::Imag => 1,
            _ => {
                let columns = [0, 1].map(|k| self.node(Kind::Reshape, &[args[k]], single.clone(), place));
                let piece = |k| {
                    let (starts, strides) = at(k);
                    Piece { starts, strides, dynamic: None }
                };
                let pieces = vec![piece(0), piece(1)];
                return self.node(Kind::Assemble { based: false, pieces }, &columns, ty, place);
            }
        };
        let (starts, strides) = at(part);
        let column = self.node(Kind::Slice { starts, strides }, args, single, place);
        self.node(Kind::Reshape, &[column], ty, place)
    }

    fn constant(&mut self, array: &Array, place: Place) -> Id {
        let array = &array.parts();
        let kind = match splat_bits(array) {
            Some(bits) => Kind::Splat(bits),
            None => Kind::Constant(array.clone()),
        };
        self.node(kind, &[], array.ty().clone(), place)
    }

    fn movement(&mut self, movement: &Movement, args: &[Id], ty: Type, place: Place) -> Result<Id> {
        let kind = match movement {
            Movement::Broadcast { dims, .. } => Kind::Broadcast { dims: dims.clone() },
            Movement::Reshape { .. } => Kind::Reshape,
            Movement::Transpose { permutation } => Kind::Transpose { axes: permutation.clone() },
            Movement::Slice { starts, strides, .. } => {
                Kind::Slice { starts: starts.clone(), strides: strides.clone() }
            }
            Movement::Rev { dimensions } => Kind::Reverse { axes: dimensions.clone() },
            Movement::Concatenate { dimension } => return Ok(self.concatenate(args, *dimension, ty, place)),
            Movement::Pad { low, interior, .. } => return Ok(self.pad(args, low, interior, ty, place)),
            other => return Err(unsupported(&other.clone().into(), place)),
        };
        Ok(self.node(kind, args, ty, place))
    }

    fn concatenate(&mut self, args: &[Id], axis: usize, ty: Type, place: Place) -> Id {
        let rank = ty.rank();
        let (mut start, mut parts, mut pieces) = (0, vec![], vec![]);
        for &arg in args {
            let shape = &self.graph.ty(arg).shape;
            let mut starts = Dims::from_elem(0, rank);
            starts[axis] = start;
            start += shape.dim(axis);
            if shape.size() > 0 {
                parts.push(arg);
                pieces.push(Piece { starts, strides: Dims::from_elem(1, rank), dynamic: None });
            }
        }
        match parts[..] {
            [] => self.node(Kind::Splat(0), &[], ty, place),
            [only] => only,
            _ => self.node(Kind::Assemble { based: false, pieces }, &parts, ty, place),
        }
    }

    fn pad(&mut self, args: &[Id], low: &[i64], interior: &[usize], ty: Type, place: Place) -> Id {
        let (x, fill) = (args[0], args[1]);
        let from = self.graph.ty(x).clone();
        let rank = ty.rank();
        let mut kept = (Dims::new(), Dims::new());
        let mut starts = Dims::new();
        for axis in 0..rank {
            let step = interior[axis] + 1;
            let to = ty.shape.dim(axis) as i64;
            // Elements before `first` and from `end` on are cut off.
            let first = (-low[axis]).max(0).unsigned_abs().div_ceil(step as u64) as usize;
            let fits = (to - low[axis] + step as i64 - 1).div_euclid(step as i64);
            let end = from.shape.dim(axis).min(fits.max(0) as usize);
            kept.0.push(first);
            kept.1.push(end.saturating_sub(first));
            starts.push((low[axis] + (first * step) as i64).max(0) as usize);
        }
        let all_filled = kept.1.contains(&0);
        if all_filled {
            return self.node(Kind::Broadcast { dims: Dims::new() }, &[fill], ty, place);
        }
        let mut piece = x;
        if kept.1 != from.shape.dims() {
            let kind = Kind::Slice { starts: kept.0, strides: Dims::from_elem(1, rank) };
            piece = self.node(kind, &[x], from.with_shape(kept.1), place);
        }
        let strides = interior.iter().map(|n| n + 1).collect();
        let pieces = vec![Piece { starts, strides, dynamic: None }];
        self.node(Kind::Assemble { based: true, pieces }, &[fill, piece], ty, place)
    }

    fn sort(&mut self, sorting: &Sorting, args: &[Id], types: &[&Type], place: Place) -> Result<Vec<Id>> {
        let key = match sorting {
            Sorting::Sort { dimension, num_keys } => SortKey { axis: *dimension, num_keys: *num_keys },
            other => return Err(unsupported(&other.clone().into(), place)),
        };
        let first = self.node(Kind::Sort(key), args, types[0].clone(), place);
        let others = types[1..].iter().map(|ty| self.node(Kind::Extra, &[first], (*ty).clone(), place));
        Ok(std::iter::once(first).chain(others).collect())
    }

    /// An operation that the host runs, and its results.
    fn host(&mut self, program: &Program, equation: &Equation, args: &[Id]) -> Vec<Id> {
        let types = |vars: &[Var]| vars.iter().map(|var| program.ty(*var).clone()).collect::<Vec<Type>>();
        let results = types(&equation.results);
        let host = HostOp { op: equation.op.clone(), args: types(&equation.args), results: results.clone() };
        let (kind, place) = (Kind::Host(Box::new(host)), equation.place);
        let ty = Type::scalar(Dtype::Bool);
        let run = self.graph.push(Node { kind, args: Ids::from_slice(args), ty, place });
        let result = |ty: Type| {
            let args = Ids::from_slice(&[run]);
            self.graph.push(Node { kind: Kind::Extra, args, ty: ty.parts(), place })
        };
        results.into_iter().map(result).collect()
    }

    /// A library's routine is one step, which takes complex numbers as such. What it makes of no elements is data.
    fn library(&mut self, program: &Program, equation: &Equation, args: &[Id]) -> Vec<Id> {
        let (op, place) = (&equation.op, equation.place);
        let operands: Vec<&Type> = equation.args.iter().map(|arg| program.ty(*arg)).collect();
        let results: Vec<&Type> = equation.results.iter().map(|result| program.ty(*result)).collect();
        if operands.iter().any(|ty| ty.shape.size() == 0) {
            let nothing: Vec<Array> = operands.iter().map(|ty| Array::zeros((*ty).clone())).collect();
            let results = library::evaluate(op, &nothing.iter().collect::<Vec<_>>());
            return results.iter().map(|result| self.constant(result, place)).collect();
        }
        let calls = Calls::of(op, &operands, &results).expect("internal: a library's operation");
        let first = self.node(Kind::Library(Box::new(calls)), args, results[0].clone(), place);
        let others = results[1..].iter().map(|ty| self.node(Kind::Extra, &[first], (*ty).clone(), place));
        std::iter::once(first).chain(others).collect()
    }

    fn indexing(&mut self, indexing: &Indexing, args: &[Id], ty: Type, place: Place) -> Result<Id> {
        let kind = match indexing {
            Indexing::DynamicSlice { .. } => Kind::DynamicSlice,
            Indexing::DynamicUpdateSlice => {
                let rank = ty.rank();
                if self.graph.ty(args[1]).shape.size() == 0 {
                    return Ok(args[0]);
                }
                let (starts, strides) = (Dims::from_elem(0, rank), Dims::from_elem(1, rank));
                Kind::Assemble { based: true, pieces: vec![Piece { starts, strides, dynamic: Some(2) }] }
            }
            Indexing::Gather(gather) => {
                let fill = gather.fill.clone().unwrap_or_else(|| default_fill(ty.dtype));
                let fill = (gather.mode == IndexMode::FillOrDrop).then(|| splat_bits(&fill)).flatten();
                let (dims, sizes) = (gather.dims.clone(), gather.slice_sizes.clone());
                Kind::Gather(Box::new(Windows { dims, sizes, fill }))
            }
            Indexing::Scatter(scatter) => {
                let join =
                    scatter.combine.map_or(Join::Overwrite, |monoid| Join::Combine(combine_of(monoid)));
                match self.scatter(scatter, join, args[2], &ty) {
                    Some(kind) => kind,
                    None => return Ok(args[0]),
                }
            }
            Indexing::ScatterBy { scatter, body } => {
                let join = match Monoid::of_body(body) {
                    Some(monoid) => Join::Combine(combine_of(monoid)),
                    None => Join::Body(Arc::new(lower_scalars(body, place)?)),
                };
                match self.scatter(scatter, join, args[2], &ty) {
                    Some(kind) => kind,
                    None => return Ok(args[0]),
                }
            }
            other => return Err(unsupported(&other.clone().into(), place)),
        };
        Ok(self.node(kind, args, ty, place))
    }

    /// A scatter into a value of type `ty`; none if there are no updates.
    fn scatter(&self, scatter: &Scatter, join: Join, updates: Id, ty: &Type) -> Option<Kind> {
        let updates = &self.graph.ty(updates).shape;
        if updates.size() == 0 {
            return None;
        }
        let windows = Windows {
            dims: scatter.dims.to_gather(),
            sizes: scatter.dims.window_sizes(ty.rank(), updates),
            fill: (scatter.mode == IndexMode::FillOrDrop).then_some(0),
        };
        Some(Kind::Scatter { windows: Box::new(windows), join })
    }

    fn reduction(&mut self, reduction: &Reduction, x: Id, ty: Type, place: Place) -> Result<Id> {
        Ok(match reduction {
            Reduction::Monoid { monoid, axes } => self.reduce(x, axes, *monoid, place),
            Reduction::Argmax { axis, .. } => self.first_extremum(x, *axis, Monoid::Max, ty, place),
            Reduction::Argmin { axis, .. } => self.first_extremum(x, *axis, Monoid::Min, ty, place),
            other => return Err(unsupported(&other.clone().into(), place)),
        })
    }

    /// The index where the extremum stands first: two reductions that fusion makes row by row.
    fn first_extremum(&mut self, x: Id, axis: usize, monoid: Monoid, ty: Type, place: Place) -> Id {
        let from = self.graph.ty(x).clone();
        let best = self.reduce(x, &[axis], monoid, place);
        let dims = (0..from.rank()).filter(|&d| d != axis).collect();
        let best = self.node(Kind::Broadcast { dims }, &[best], from.clone(), place);
        let numbers = from.with_dtype(ty.dtype);
        let number = self.node(Kind::Iota { axis }, &[], numbers.clone(), place);
        let hit = self.node(Kind::Hit, &[x, best, number], numbers, place);
        self.reduce(hit, &[axis], Monoid::Min, place)
    }

    fn reduce_by_body(
        &mut self,
        axes: &Dims,
        body: &Arc<Program>,
        args: &[Id],
        types: &[&Type],
        place: Place,
    ) -> Result<Vec<Id>> {
        if let (Some(monoid), [x, init]) = (Monoid::of_body(body), args) {
            let reduced = self.reduce(*x, axes, monoid, place);
            let init = self.node(Kind::Broadcast { dims: Dims::new() }, &[*init], types[0].clone(), place);
            return Ok(vec![self.combine(monoid, init, reduced, place)]);
        }
        let body = Arc::new(lower_scalars(body, place)?);
        let fold = |result| Kind::Fold { axes: axes.clone(), body: body.clone(), result };
        Ok(types.iter().enumerate().map(|(k, ty)| self.node(fold(k), args, (*ty).clone(), place)).collect())
    }

    fn combine(&mut self, monoid: Monoid, x: Id, y: Id, place: Place) -> Id {
        let ty = self.graph.ty(x).clone();
        self.node(Kind::Elementwise { op: monoid.binary().into(), result: 0 }, &[x, y], ty, place)
    }

    /// A reduction; a long one is cut into chunks whose results are reduced in turn.
    fn reduce(&mut self, x: Id, axes: &[usize], monoid: Monoid, place: Place) -> Id {
        let from = self.graph.ty(x).clone();
        if axes.is_empty() {
            return x;
        }
        let ty = from.with_shape(from.shape.without(axes));
        let combine = combine_of(monoid);
        if from.shape.size() == 0 {
            return self.node(Kind::Splat(combine.identity(ty.dtype.scalar())), &[], ty, place);
        }
        match chunk(&from.shape, axes) {
            Some((axis, length)) => self.reduce_chunks(x, axes, monoid, axis, length, place),
            None => self.node(Kind::Reduce { axes: axes.into(), combine }, &[x], ty, place),
        }
    }

    fn reduce_chunks(
        &mut self,
        x: Id,
        axes: &[usize],
        monoid: Monoid,
        axis: usize,
        length: usize,
        place: Place,
    ) -> Id {
        let from = self.graph.ty(x).clone();
        let extent = from.shape.dim(axis);
        let (chunks, rest) = (extent / length, extent % length);
        let main = self.part(x, axis, 0, chunks * length, place);
        let split = from.shape.with_dim(axis, length).with_axis(axis, chunks);
        let main = self.node(Kind::Reshape, &[main], from.with_shape(split), place);
        // Axes from `axis` on have moved by one; the chunk's own axis is reduced, the number of chunks is kept.
        let inner: Dims = axes.iter().map(|&a| if a < axis { a } else { a + 1 }).collect();
        let partial = self.reduce(main, &inner, monoid, place);
        let kept_before = axis - axes.iter().filter(|&&a| a < axis).count();
        let total = self.reduce(partial, &[kept_before], monoid, place);
        if rest == 0 {
            return total;
        }
        let tail = self.part(x, axis, chunks * length, rest, place);
        let tail = self.reduce(tail, axes, monoid, place);
        self.combine(monoid, total, tail, place)
    }

    /// `length` indices of an axis.
    fn part(&mut self, x: Id, axis: usize, start: usize, length: usize, place: Place) -> Id {
        let ty = self.graph.ty(x).clone();
        if length == ty.shape.dim(axis) {
            return x;
        }
        let mut starts = Dims::from_elem(0, ty.rank());
        starts[axis] = start;
        let kind = Kind::Slice { starts, strides: Dims::from_elem(1, ty.rank()) };
        let shape = ty.shape.with_dim(axis, length);
        self.node(kind, &[x], ty.with_shape(shape), place)
    }

    /// A product: of matrices for the library, with a vector as a reduction, else as loops in a kernel.
    fn product(&mut self, dims: &DotDims, args: &[Id], ty: Type, place: Place) -> Id {
        let [lhs, rhs] = [0, 1].map(|k| self.graph.ty(args[k]).shape.clone());
        let size =
            |shape: &Shape, axes: &[usize]| axes.iter().map(|&axis| shape.dim(axis)).product::<usize>();
        let m = size(&lhs, &dims.lhs_free(lhs.rank()));
        let n = size(&rhs, &dims.rhs_free(rhs.rank()));
        let k = size(&lhs, &dims.lhs_contracting);
        if ty.shape.size() == 0 || k == 0 {
            return self.node(Kind::Splat(0), &[], ty, place);
        }
        if n == 1 {
            return self.vector_product(dims, args, ty, place);
        }
        if m == 1 {
            let swapped = DotDims {
                lhs_contracting: dims.rhs_contracting.clone(),
                rhs_contracting: dims.lhs_contracting.clone(),
                lhs_batch: dims.rhs_batch.clone(),
                rhs_batch: dims.lhs_batch.clone(),
            };
            return self.vector_product(&swapped, &[args[1], args[0]], ty, place);
        }
        let own = Box::new(ContractDims {
            lhs_batch: dims.lhs_batch.clone(),
            rhs_batch: dims.rhs_batch.clone(),
            lhs_contract: dims.lhs_contracting.clone(),
            rhs_contract: dims.rhs_contracting.clone(),
        });
        let by_library = ty.dtype.is_float() && m * n * k > LARGEST_LOOP_PRODUCT;
        self.node(if by_library { Kind::Matmul(own) } else { Kind::Contract(own) }, args, ty, place)
    }

    /// The right operand has one element along its free axes: it is spread over the left one, and their
    /// product reduced.
    fn vector_product(&mut self, dims: &DotDims, args: &[Id], ty: Type, place: Place) -> Id {
        let (lhs, rhs) = (self.graph.ty(args[0]).clone(), self.graph.ty(args[1]).clone());
        // The right operand's paired axes in the order of the left one's.
        let pairs = dims.lhs_batch.iter().zip(&dims.rhs_batch);
        let mut pairs: Vec<(usize, usize)> = pairs
            .chain(dims.lhs_contracting.iter().zip(&dims.rhs_contracting))
            .map(|(l, r)| (*l, *r))
            .collect();
        pairs.sort_unstable();
        let permutation: Dims = pairs.iter().map(|pair| pair.1).chain(dims.rhs_free(rhs.rank())).collect();
        let ordered: Shape = permutation.iter().map(|&axis| rhs.shape.dim(axis)).collect();
        let vector =
            self.node(Kind::Transpose { axes: permutation }, &[args[1]], rhs.with_shape(ordered), place);
        let without_free: Shape = pairs.iter().map(|pair| rhs.shape.dim(pair.1)).collect();
        let vector = self.node(Kind::Reshape, &[vector], rhs.with_shape(without_free), place);
        let spread = Kind::Broadcast { dims: pairs.iter().map(|pair| pair.0).collect() };
        let spread = self.node(spread, &[vector], lhs.clone(), place);
        let multiply = Kind::Elementwise { op: Monoid::Prod.binary().into(), result: 0 };
        let products = self.node(multiply, &[args[0], spread], lhs.clone(), place);
        let mut axes = dims.lhs_contracting.clone();
        axes.sort_unstable();
        let reduced = self.reduce(products, &axes, Monoid::Sum, place);
        // The result's axes: batch, then free ones; unit axes of the right operand last.
        let kept: Vec<usize> = (0..lhs.rank()).filter(|axis| !axes.contains(axis)).collect();
        let order = dims.lhs_batch.iter().copied().chain(dims.lhs_free(lhs.rank()));
        let axes: Dims =
            order.map(|axis| kept.iter().position(|&k| k == axis).expect("internal: a kept axis")).collect();
        let moved = self.graph.ty(reduced).clone();
        let shape: Shape = axes.iter().map(|&axis| moved.shape.dim(axis)).collect();
        let result = self.node(Kind::Transpose { axes }, &[reduced], moved.with_shape(shape), place);
        self.node(Kind::Reshape, &[result], ty, place)
    }
}

/// Products of at most this many multiplications are loops in a kernel.
const LARGEST_LOOP_PRODUCT: usize = 512;
/// Elements that one chunk of a reduction has.
const CHUNK: usize = 1 << 14;

/// Where a reduction is cut: axis and length of a chunk. Depends on the shape only.
fn chunk(shape: &Shape, axes: &[usize]) -> Option<(usize, usize)> {
    let reduced: usize = axes.iter().map(|&axis| shape.dim(axis)).product();
    let kept = shape.size() / reduced;
    let last = (0..shape.rank()).rev().find(|&axis| shape.dim(axis) != 1)?;
    let in_rows = axes.contains(&last);
    let (fewest_kept, target) = if in_rows { (16, CHUNK) } else { (1 << 12, 256) };
    if kept >= fewest_kept || reduced < 4 * target {
        return None;
    }
    let axis = axes.iter().copied().max_by_key(|&axis| (shape.dim(axis), usize::MAX - axis))?;
    let extent = shape.dim(axis);
    let length = (target / (reduced / extent)).max(1);
    (extent / length >= 2).then_some((axis, length))
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
        other => unreachable!("internal: {other:?} has no combination"),
    }
}

/// The graph of a body on scalars.
fn lower_scalars(body: &Program, place: Place) -> Result<Graph> {
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
            return Err(Error::new("reduce", ErrorKind::invalid(message), place));
        }
    }
    Ok(graph)
}

fn unsupported(op: &Op, place: Place) -> Error {
    Error::new(op.rules().name(), ErrorKind::invalid("this operation has no compiled form"), place)
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
