//! Linear systems whose matrix is a function and whose solver is the user's: `custom_linear_solve`.
//!
//! Its derivative is that of the system and not of the solver: `A · x = b` gives `A · dx = db - dA · x`, another system
//! of the same matrix, and the transposed operation solves the transposed system. Invariant: the result is linear in
//! the right side and depends on no captured value but what `matvec` captured.

use crate::eval::eval;
use crate::ops::control::Call;
use crate::ops::custom::batched_everywhere;
use crate::ops::effect::masked_program;
use crate::ops::linalg::Transposed;
use crate::ops::linalg::matrix::{permuted_rows, transposed};
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample, sum_terms, tangents_through};
use crate::trace::{Poisoned, Val, Vals, bind, current_place, refuse, trace};
use crate::{Array, Dtype, Error, ErrorKind, Op, Program, SourceLocation, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

documented! {
/// The solution `x` of `matvec(x) = b` as `solve` finds it: right sides `b`, then the values that each of the Programs
/// captured, Program by Program. Derivatives are those of the system: what `matvec` captured is differentiated, what
/// `solve` and `transpose_solve` captured is not. Without a `transpose_solve` it has no reverse mode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinearSolve {
    /// How many of the operands are right sides; captured values follow.
    pub num_args: usize,
    /// `(x.., captured..) -> b..`, linear in `x..`.
    pub matvec: Arc<Program>,
    /// `(b.., captured..) -> x..`.
    pub solve: Arc<Program>,
    /// The same for the transposed system.
    pub transpose_solve: Option<Arc<Program>>,
}
}

/// What reverse mode says that meets a system without `transpose_solve`.
const NO_REVERSE_MODE: &str = "reverse mode (`grad`, `vjp`, `jacrev`) solves the transposed system, and the call does not \
     say how; give `TransposeSolve::By` or, if the matrix is symmetric, `TransposeSolve::Symmetric`";

/// The parts of a list that belongs to the operands.
struct Parts<'a, T> {
    right: &'a [T],
    of_matvec: &'a [T],
    of_solve: &'a [T],
    of_transpose: &'a [T],
}

impl LinearSolve {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let (right, matrix) = (Type::new(Dtype::F64, [3]), Type::new(Dtype::F64, [3, 3]));
        let by_rows = |f: &dyn Fn(Val, Val) -> Val| {
            let types = [right.clone(), matrix.clone()];
            program(&types, |p| vec![f(p[1], p[0].reshape([3usize, 1])).reshape([3usize])])
        };
        let solved = LinearSolve {
            num_args: 1,
            matvec: by_rows(&crate::ops::linalg::matrix::product),
            solve: by_rows(&by_factors),
            transpose_solve: Some(by_rows(&|a, b| by_factors(transposed(a), b))),
        };
        // The captured values of the Programs are one matrix: only together they have the derivative.
        let whole = |op: LinearSolve| {
            let num_captures = op.operand_types().map_or(0, |types| types.len() - 1);
            let body = program(&[right.clone(), matrix.clone()], |p| {
                let operands: Vec<Val> = [p[0]].into_iter().chain((0..num_captures).map(|_| p[1])).collect();
                bind(op, &operands).to_vec()
            });
            Sample::new(Call { program: body, name: "solve".into() })
                .arg(right.clone(), -1.0, 1.0)
                .diagonal(matrix.clone(), 4.0)
        };
        vec![LinearSolve::of_two().arg(right.clone(), -1.0, 1.0).arg(right.clone(), -1.0, 1.0), whole(solved)]
    }
    /// A constant system of two right sides: `x + 2 y = b` and `3 y = c`, which is not symmetric.
    fn of_two() -> Sample {
        let types = [Type::new(Dtype::F64, [3]), Type::new(Dtype::F64, [3])];
        let matvec = program(&types, |p| vec![p[0] + 2.0 * p[1], 3.0 * p[1]]);
        let solve = program(&types, |p| vec![p[0] - 2.0 * p[1] / 3.0, p[1] / 3.0]);
        let transpose_solve = program(&types, |p| vec![p[0], (p[1] - 2.0 * p[0]) / 3.0]);
        Sample::new(LinearSolve { num_args: 2, matvec, solve, transpose_solve: Some(transpose_solve) })
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let float = Type::new(Dtype::F32, [3]);
        let same = |ty: &Type| program(std::slice::from_ref(ty), |p| vec![p[0]]);
        let nothing = program(std::slice::from_ref(&float), |_| vec![]);
        let of = |matvec: &Arc<Program>, solve: &Arc<Program>, transpose_solve: Option<&Arc<Program>>| {
            Sample::new(LinearSolve {
                num_args: 1,
                matvec: matvec.clone(),
                solve: solve.clone(),
                transpose_solve: transpose_solve.cloned(),
            })
        };
        let (identity, count) = (same(&float), Type::new(Dtype::I32, [3]));
        let with = |sample: Sample, ty: &Type| sample.arg(ty.clone(), 0.0, 1.0);
        vec![
            (1, with(of(&nothing, &identity, None), &float)),
            (1, with(of(&same(&count), &same(&count), None), &count)),
            (2, with(of(&identity, &nothing, None), &float)),
            (2, with(of(&identity, &same(&count), None), &float)),
            (2, with(of(&identity, &identity, Some(&nothing)), &float)),
            (3, with(of(&identity, &identity, Some(&identity)), &Type::new(Dtype::F32, [2]))),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<LinearSolve, String>> {
        let read = |attributes: &mut Attributes| -> Result<LinearSolve, String> {
            Ok(LinearSolve {
                num_args: attributes.take("num_args")?,
                matvec: attributes.take("matvec")?,
                solve: attributes.take("solve")?,
                transpose_solve: attributes.take_optional("transpose_solve")?,
            })
        };
        (name == "custom_linear_solve").then(|| read(attributes))
    }
    fn parts<'a, T>(&self, all: &'a [T]) -> Parts<'a, T> {
        let (right, rest) = all.split_at(self.num_args);
        let (of_matvec, rest) = rest.split_at(self.matvec.num_params() - self.num_args);
        let (of_solve, of_transpose) = rest.split_at(self.solve.num_params() - self.num_args);
        Parts { right, of_matvec, of_solve, of_transpose }
    }
    /// Types of all operands, or why the Programs do not fit one another.
    fn operand_types(&self) -> Result<Vec<Type>, ErrorKind> {
        let n = self.num_args;
        let taken = self.matvec.param_types().split_at_checked(n);
        let Some((right, captured)) = taken.filter(|(right, _)| self.matvec.result_types() == *right) else {
            let message = format!(
                "`matvec` is from {:?} to {:?}, but must return the {n} types that it takes first",
                self.matvec.param_types(),
                self.matvec.result_types()
            );
            return Err(ErrorKind::constraint(1, message));
        };
        if let Some(ty) = right.iter().find(|ty| !ty.dtype.is_inexact()) {
            return Err(ErrorKind::constraint(1, format!("{ty} is no float: the system has no derivative")));
        }
        let mut all = [right, captured].concat();
        for (solver, what) in self.solvers() {
            let taken = solver.param_types().split_at_checked(n).filter(|(first, _)| *first == right);
            let Some((_, captured)) = taken.filter(|_| solver.result_types() == right) else {
                let message = format!(
                    "`{what}` is from {:?} to {:?}, but must be from {right:?} and captured values to {right:?}",
                    solver.param_types(),
                    solver.result_types()
                );
                return Err(ErrorKind::constraint(2, message));
            };
            all.extend_from_slice(captured);
        }
        Ok(all)
    }
    fn solvers(&self) -> impl Iterator<Item = (&Arc<Program>, &'static str)> {
        let transposed = self.transpose_solve.iter().map(|program| (program, "transpose_solve"));
        [(&self.solve, "solve")].into_iter().chain(transposed)
    }
    /// `matvec` transposed: `(b.., captured..) -> x..`.
    fn vecmat(&self, passes: &dyn Passes) -> Arc<Program> {
        let n = self.num_args;
        let types = self.matvec.param_types();
        let linear: Vec<bool> = (0..types.len()).map(|i| i < n).collect();
        let (pulled, nonzero) = passes.transpose(&self.matvec, &linear, &vec![true; n]);
        let whole = trace(SourceLocation::unknown(), types, |p| {
            let (cotangents, captured) = p.split_at(n);
            let mut results = pulled.inline(&[captured, cotangents].concat()).into_iter();
            let mut next = |(nonzero, ty): (&bool, &Type)| match nonzero {
                true => results.next().expect("internal: a cotangent for each flag"),
                false => Val::zeros(ty.clone()),
            };
            nonzero.iter().zip(types).map(&mut next).collect()
        });
        Arc::new(whole.expect("internal: a transposed program is well typed").program)
    }
}

fn program(types: &[Type], f: impl FnOnce(&[Val]) -> Vec<Val>) -> Arc<Program> {
    Arc::new(trace(SourceLocation::unknown(), types, f).expect("internal: the sample is well typed").program)
}

/// A⁻¹ · b.
fn by_factors(a: Val, b: Val) -> Val {
    let factors = a.lu();
    let y = factors[0].triangular_solve(permuted_rows(b, factors[2]), true, true, Transposed::No, true);
    factors[0].triangular_solve(y, true, false, Transposed::No, false)
}

impl Rules for LinearSolve {
    fn name(&self) -> &'static str {
        "custom_linear_solve"
    }
    fn attributes(&self) -> Attributes {
        let attributes = Attributes::new()
            .with("num_args", self.num_args)
            .with("matvec", self.matvec.clone())
            .with("solve", self.solve.clone());
        match &self.transpose_solve {
            Some(program) => attributes.with("transpose_solve", program.clone()),
            None => attributes,
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "`matvec` takes `num_args` floats or complex numbers, then captured values; it returns values of the types of \
             the former.",
            "`solve`, and `transpose_solve` if it is there, take and return values of these types, and take captured \
             values behind them.",
            "Each operand has the type of the parameter it stands for: the first `num_args` of `matvec`, then the \
             captured parameters of `matvec`, `solve` and `transpose_solve`.",
        ]
    }
    fn arity(&self) -> RangeInclusive<usize> {
        self.operand_types().map_or(0..=usize::MAX, |types| types.len()..=types.len())
    }
    fn num_results(&self, _: usize) -> usize {
        self.num_args
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        for (i, (arg, param)) in args.iter().zip(self.operand_types()?).enumerate() {
            if **arg != param {
                let message = format!("operand {i} is {arg}, but its parameter is {param}");
                return Err(ErrorKind::constraint(3, message));
            }
        }
        Ok(self.matvec.result_types())
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let Parts { right, of_solve, .. } = self.parts(args);
        let args: Vec<Array> = right.iter().chain(of_solve).map(|a| (*a).clone()).collect();
        eval(&self.solve, &args).map_err(ErrorKind::Inside)
    }
    /// A · dx = db - dA · x.
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let y = bind(self.clone(), x);
        let (given, tangent) = (self.parts(x), self.parts(dx));
        let mut changed = vec![None; self.num_args];
        if tangent.of_matvec.iter().any(Option::is_some) {
            let at = [&y[..], given.of_matvec].concat();
            changed =
                tangents_through(passes, &self.matvec, &at, &[&changed[..], tangent.of_matvec].concat());
        }
        let terms = tangent.right.iter().zip(&changed);
        let right: Vec<Option<Val>> =
            terms.map(|(db, change)| sum_terms([*db, change.map(|change| -change)])).collect();
        if right.iter().all(Option::is_none) {
            return (y.clone(), vec![None; y.len()]);
        }
        let right = right.iter().zip(&y).map(|(v, y)| v.unwrap_or_else(|| y.zeros_like()));
        let operands: Vals = right.chain(x[self.num_args..].iter().copied()).collect();
        let dy = bind(self.clone(), &operands);
        (y, dy.into_iter().map(Some).collect())
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let Some(transpose_solve) = &self.transpose_solve else {
            refuse(Error::new(self.name(), ErrorKind::invalid(NO_REVERSE_MODE), current_place()));
            std::panic::resume_unwind(Box::new(Poisoned))
        };
        let mut pulled = vec![None; args.len()];
        if ct.iter().all(Option::is_none) {
            return pulled;
        }
        let op = LinearSolve {
            num_args: self.num_args,
            matvec: self.vecmat(passes),
            solve: transpose_solve.clone(),
            transpose_solve: Some(self.solve.clone()),
        };
        let Parts { of_matvec, of_solve, of_transpose, .. } = self.parts(args);
        let captured = [of_matvec, of_transpose, of_solve].concat();
        let captured = captured.iter().map(|arg| arg.known().expect("internal: linear in the right side"));
        let types = self.matvec.result_types();
        let right = ct.iter().zip(types).map(|(ct, ty)| ct.unwrap_or_else(|| Val::zeros(ty)));
        let operands: Vals = right.chain(captured).collect();
        for (i, ct) in bind(op, &operands).into_iter().enumerate() {
            pulled[i] = args[i].known().is_none().then_some(ct);
        }
        pulled
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let Parts { right, of_matvec, of_solve, of_transpose } = self.parts(mapped);
        let everywhere = |(v, mapped): (&Val, &bool)| if *mapped { *v } else { v.repeat_leading(lanes.size) };
        let captured = args[self.num_args..].iter().copied();
        let operands: Vals = args.iter().zip(right).map(everywhere).chain(captured).collect();
        let batched = |program: &Arc<Program>, captured: &[bool]| {
            let flags = [&vec![true; self.num_args], captured].concat();
            batched_everywhere(passes, program, &flags, lanes)
        };
        let op = LinearSolve {
            num_args: self.num_args,
            matvec: batched(&self.matvec, of_matvec),
            solve: batched(&self.solve, of_solve),
            transpose_solve: self.transpose_solve.as_ref().map(|program| batched(program, of_transpose)),
        };
        bind(op, &operands)
    }
    fn takes_tapes(&self) -> bool {
        true
    }
    fn admits_effects(&self) -> bool {
        true
    }
    /// Each Program captures the mask behind all else.
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let op = LinearSolve {
            num_args: self.num_args,
            matvec: masked_program(&self.matvec),
            solve: masked_program(&self.solve),
            transpose_solve: self.transpose_solve.as_ref().map(masked_program),
        };
        let Parts { right, of_matvec, of_solve, of_transpose } = self.parts(args);
        let mask = [mask];
        let transposed = if self.transpose_solve.is_some() { &mask[..] } else { &[] };
        Some(bind(op, &[right, of_matvec, &mask, of_solve, &mask, of_transpose, transposed].concat()))
    }
    fn expands(&self) -> bool {
        true
    }
    fn expand(&self, args: &[Val]) -> Vec<Val> {
        let Parts { right, of_solve, .. } = self.parts(args);
        self.solve.inline(&[right, of_solve].concat())
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        [&self.matvec, &self.solve].into_iter().chain(&self.transpose_solve).collect()
    }
    fn with_programs(&self, programs: Vec<Arc<Program>>) -> Option<Op> {
        let mut programs = programs.into_iter();
        let (matvec, solve) = (programs.next()?, programs.next()?);
        let op = LinearSolve { num_args: self.num_args, matvec, solve, transpose_solve: programs.next() };
        Some(op.into())
    }
}
