//! From a Program to a graph: calls inlined, long reductions cut into chunks, products given to a loop or the library.
//!
//! This is the one place of this crate that names primitives. How a reduction is cut depends on its shape only, so
//! that every number of threads gives the same bits.

use crate::graph::{Graph, Id, Ids, Kind, Node};
use gradus_ir::ops::source::Source;
use gradus_ir::ops::movement::Movement;
use gradus_ir::{Array, Equation, Error, ErrorKind, Op, Place, Program, Result, Type};

/// The graph of a program.
///
/// # Errors
/// If an operation has no compiled form, naming it and its line.
pub(crate) fn lower(program: &Program) -> Result<Graph> {
    let mut lowering = Lowering { graph: Graph::default() };
    let params: Vec<Id> = program
        .param_types()
        .iter()
        .enumerate()
        .map(|(k, ty)| lowering.node(Kind::Param(k), &[], ty.clone(), Place::unknown()))
        .collect();
    lowering.graph.num_params = params.len();
    lowering.graph.results = lowering.program(program, &params)?;
    Ok(lowering.graph)
}

struct Lowering {
    graph: Graph,
}

impl Lowering {
    fn node(&mut self, kind: Kind, args: &[Id], ty: Type, place: Place) -> Id {
        self.graph.push(Node { kind, args: Ids::from_slice(args), ty, place })
    }

    fn program(&mut self, program: &Program, args: &[Id]) -> Result<Vec<Id>> {
        let mut values = args.to_vec();
        for equation in program.equations() {
            let args: Ids = equation.args.iter().map(|arg| values[arg.index()]).collect();
            let types: Vec<&Type> = equation.results.iter().map(|r| program.ty(*r)).collect();
            let results = self.equation(equation, &args, &types)?;
            debug_assert!(
                results.iter().zip(&types).all(|(id, ty)| self.graph.ty(*id) == *ty),
                "internal: {} is lowered to its type",
                equation.op.rules().name()
            );
            values.extend(results);
        }
        Ok(program.results().iter().map(|r| values[r.index()]).collect())
    }

    fn equation(&mut self, equation: &Equation, args: &[Id], types: &[&Type]) -> Result<Vec<Id>> {
        let (op, place) = (&equation.op, equation.place);
        if op.rules().elementwise().is_some() {
            let elementwise = |result| Kind::Elementwise { op: op.clone(), result };
            let nodes = types.iter().enumerate();
            return Ok(nodes.map(|(k, ty)| self.node(elementwise(k), args, (*ty).clone(), place)).collect());
        }
        let ty = types[0].clone();
        let one = match op {
            Op::Source(Source::Constant(array)) => self.constant(array, place),
            Op::Source(Source::Iota { dimension, .. }) => {
                self.node(Kind::Iota { axis: *dimension }, args, ty, place)
            }
            Op::Movement(movement) => self.movement(movement, args, ty, place)?,
            op => return Err(unsupported(op, place)),
        };
        Ok(vec![one])
    }

    fn constant(&mut self, array: &Array, place: Place) -> Id {
        let kind = match splat_bits(array) {
            Some(bits) => Kind::Splat(bits),
            None => Kind::Constant(array.clone()),
        };
        self.node(kind, &[], array.ty().clone(), place)
    }

    fn movement(&mut self, movement: &Movement, args: &[Id], ty: Type, place: Place) -> Result<Id> {
        let kind = match movement {
            Movement::Broadcast { dims, .. } => Kind::Broadcast { dims: dims.clone() },
            other => return Err(unsupported(&other.clone().into(), place)),
        };
        Ok(self.node(kind, args, ty, place))
    }
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
