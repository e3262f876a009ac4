//! Linear systems on lists: functions that are linear become Programs that can be transposed.

use super::custom::bound;
use super::{Flat, Inner, Order, inner, outer, type_of};
use crate::{Error, Val};
use gradus_ir::ops::linear_solve::LinearSolve;
use gradus_ir::{SourceLocation, Type, trace as ir};
use gradus_transform as passes;
use std::sync::Arc;

/// A linear function of values to values of the same types, of linear operations alone.
pub(crate) struct Operator(Inner);

impl Operator {
    /// Traces `f`, a function of values like `like`; what it computes of captured values is computed here.
    ///
    /// # Errors
    /// The first error inside, or if `f` is not linear.
    pub(crate) fn trace(
        op: &'static str,
        place: SourceLocation,
        like: &[Val],
        f: Flat<'_>,
    ) -> Result<Operator, Error> {
        Ok(Operator(Inner::trace(place, like, Order::More(1), f)?.linear(op, place)?.dense()?))
    }
    /// The types that it takes and returns.
    fn types(&self) -> &[Type] {
        self.0.arg_types()
    }
    /// The transposed function on `ct`.
    pub(crate) fn pull(&self, ct: &[Val]) -> Vec<Val> {
        let n = self.types().len();
        let linear: Vec<bool> = (0..self.0.program.num_params()).map(|i| i < n).collect();
        let (pulled, nonzero) = passes::transpose(&self.0.program, &linear, &vec![true; n]);
        let operands: Vec<Val> = self.0.captures.iter().chain(ct).copied().collect();
        let results = pulled.inline(&inner(&operands));
        outer(&super::derivative::dense(self.types(), &nonzero, &results))
    }
}

impl super::derivative::Linearized {
    /// The derivative as a function: its arguments, then what it reads of the point.
    ///
    /// # Errors
    /// The first error of the operations inside.
    fn dense(self) -> Result<Inner, Error> {
        let captures = self.residuals.clone();
        let types: Vec<Type> =
            self.arg_types.iter().cloned().chain(captures.iter().map(|v| type_of(*v))).collect();
        let num_args = self.arg_types.len();
        let traced = ir::trace(SourceLocation::unknown(), &types, |x| {
            let (args, captures) = x.split_at(num_args);
            let results = self.linear.inline(&[captures, args].concat());
            super::derivative::dense(&self.result_types, &self.has_tangent, &results)
        });
        Ok(Inner { program: Arc::new(traced?.program), captures })
    }
}

/// The solution of `matvec(x) = b`.
pub(crate) fn linear_solve(
    place: SourceLocation,
    b: &[Val],
    matvec: &Operator,
    solve: &Inner,
    transpose_solve: Option<&Inner>,
) -> Vec<Val> {
    let op = LinearSolve {
        num_args: b.len(),
        matvec: matvec.0.program.clone(),
        solve: solve.program.clone(),
        transpose_solve: transpose_solve.map(|inner| inner.program.clone()),
    };
    let programs: Vec<&Inner> = [&matvec.0, solve].into_iter().chain(transpose_solve).collect();
    bound(op, place, b, &programs)
}
