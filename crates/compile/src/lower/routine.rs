//! Operations that a routine computes as nodes: sorts, libraries, tapes, and what the host runs.

use super::{Lowering, in_memory, unsupported};
use crate::graph::{Id, Ids, Kind, Node, Routine};
use crate::routines::{HostCall, LibraryCall, Sort, TapeOp};
use gradus_ir::ops::control::Tape;
use gradus_ir::ops::library::{self, Calls};
use gradus_ir::ops::sort::Sorting;
use gradus_ir::{Array, Dtype, Equation, Program, Result, SourceLocation, Type, Var};
use std::sync::Arc;

impl Lowering {
    /// A routine with results of these types: the first is the node, the others stand behind it.
    fn routine(
        &mut self,
        routine: impl Routine + 'static,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Vec<Id> {
        let first = self.node(Kind::Routine(Arc::new(routine)), args, types[0].clone(), location);
        let others =
            types[1..].iter().map(|ty| self.node(Kind::TupleElement, &[first], (*ty).clone(), location));
        std::iter::once(first).chain(others).collect()
    }

    pub(super) fn tape(&mut self, tape: &Tape, args: &[Id], ty: &Type, location: SourceLocation) -> Id {
        let handle = in_memory(ty);
        let op = match tape {
            Tape::Empty { .. } => return self.node(Kind::Splat(0), args, handle, location),
            Tape::Length => TapeOp::Length,
            Tape::Select => TapeOp::Select { row_bytes: ty.size_bytes(), depth: ty.tapes },
        };
        self.routine(op, args, &[&handle], location)[0]
    }

    pub(super) fn sort(
        &mut self,
        sorting: &Sorting,
        args: &[Id],
        types: &[&Type],
        location: SourceLocation,
    ) -> Result<Vec<Id>> {
        let Sorting::Sort { dimension, num_keys } = sorting;
        let sort = Sort { axis: *dimension, num_keys: *num_keys };
        Ok(self.routine(sort, args, types, location))
    }

    /// An operation that the host runs, and its results.
    pub(super) fn host(&mut self, program: &Program, equation: &Equation, args: &[Id]) -> Vec<Id> {
        let types = |vars: &[Var]| vars.iter().map(|var| program.ty(*var).clone()).collect::<Vec<Type>>();
        let results = types(&equation.results);
        let host =
            HostCall { op: equation.op.clone(), args: types(&equation.args), results: results.clone() };
        let (kind, location) = (Kind::Routine(Arc::new(host)), equation.place);
        // The node itself is no value; the type stands for nothing.
        let ty = Type::scalar(Dtype::Bool);
        let run = self.graph.push(Node { kind, args: Ids::from_slice(args), ty, location });
        let result = |ty: Type| {
            let args = Ids::from_slice(&[run]);
            self.graph.push(Node { kind: Kind::TupleElement, args, ty: ty.parts(), location })
        };
        results.into_iter().map(result).collect()
    }

    /// A library's routine is one step, which takes complex numbers as such. What it makes of no elements is data.
    pub(super) fn library(&mut self, program: &Program, equation: &Equation, args: &[Id]) -> Vec<Id> {
        let (op, location) = (&equation.op, equation.place);
        let operands: Vec<&Type> = equation.args.iter().map(|arg| program.ty(*arg)).collect();
        let results: Vec<&Type> = equation.results.iter().map(|result| program.ty(*result)).collect();
        if operands.iter().any(|ty| ty.shape.size() == 0) {
            let nothing: Vec<Array> = operands.iter().map(|ty| Array::zeros((*ty).clone())).collect();
            let results = library::evaluate(op, &nothing.iter().collect::<Vec<_>>());
            return results.iter().map(|result| self.constant(result, location)).collect();
        }
        let calls = Calls::of(op, &operands, &results).expect("internal: a library's operation");
        self.routine(LibraryCall(calls), args, &results, location)
    }
}
