//! Derivatives of functions on lists. Values of other than float type have no derivative: their tangents
//! are not looked at, and their gradients are zeros.

use super::{Inner, inner, iota_equal, outer, type_of};
use crate::{Error, Val};
use gradus_ir::{ErrorKind, Lanes, Program, SourceLocation, Type};
use gradus_transform as passes;
use std::sync::Arc;

/// Zeros of type `ty` in the innermost trace.
fn zeros(ty: &Type) -> gradus_ir::Val {
    gradus_ir::Val::full(ty.clone(), 0.0)
}

/// Which types have a derivative.
fn floats<'a>(types: impl IntoIterator<Item = &'a Type>) -> Vec<bool> {
    types.into_iter().map(|ty| ty.dtype.is_inexact()).collect()
}

/// The values whose flag is set.
fn marked<T: Copy>(values: &[T], flags: &[bool]) -> Vec<T> {
    values.iter().zip(flags).filter_map(|(v, flag)| flag.then_some(*v)).collect()
}

/// One value for each type: the next of `values` where the flag is set, else zeros.
pub(super) fn dense(types: &[Type], flags: &[bool], values: &[gradus_ir::Val]) -> Vec<gradus_ir::Val> {
    let mut values = values.iter();
    let mut next = || *values.next().expect("internal: a value for each flag that is set");
    types.iter().zip(flags).map(|(ty, flag)| if *flag { next() } else { zeros(ty) }).collect()
}

/// Tangents or cotangents must be of the types of what they belong to.
fn check_types(
    op: &'static str,
    place: SourceLocation,
    what: &str,
    vals: &[Val],
    types: &[Type],
) -> Result<(), Error> {
    for (i, (v, ty)) in vals.iter().zip(types).enumerate().filter(|(_, (_, ty))| ty.dtype.is_inexact()) {
        let found = type_of(*v);
        if found != *ty {
            let message = format!("{what} {i} is {found}, but must be {ty}, the type of what it belongs to");
            return Err(Error::new(op, ErrorKind::invalid(message), place));
        }
    }
    Ok(())
}

impl Inner {
    /// The types of the arguments, without captures.
    pub(crate) fn arg_types(&self) -> &[Type] {
        let types = self.program.param_types();
        &types[..types.len() - self.captures.len()]
    }
    /// Flags for the arguments, continued by `false` for the captures.
    fn with_captures(&self, mut flags: Vec<bool>) -> Vec<bool> {
        flags.resize(self.program.num_params(), false);
        flags
    }

    /// The results, and the gradient of the first by every argument: zeros where `wrt` is not set.
    ///
    /// # Errors
    /// If the first result is no scalar of these numbers; the arguments are checked by [`check_differentiable`].
    pub(crate) fn value_and_grad(
        &self,
        numbers: Numbers,
        place: SourceLocation,
        args: &[Val],
        wrt: &[bool],
    ) -> Result<(Vec<Val>, Vec<Val>), Error> {
        let types = self.program.result_types();
        let loss = &types[0];
        let (op, wanted, fits) = match numbers {
            Numbers::Real => ("grad", "float", loss.dtype.is_float()),
            Numbers::Holomorphic => ("grad_holomorphic", "complex", loss.dtype.is_complex()),
        };
        if loss.rank() > 0 || !fits {
            let hint = match (loss.rank(), numbers) {
                (0, Numbers::Real) if loss.dtype.is_complex() => {
                    "take its real part, or its `abs`, or use `grad_holomorphic` or `vjp`"
                }
                (0, Numbers::Holomorphic) => "the gradient of a real function is `grad`",
                (_, Numbers::Real) if loss.dtype.is_complex() => {
                    "take its real part, or its `abs`, or use `jacrev_holomorphic` or `vjp`"
                }
                (_, Numbers::Real) => "sum it, or use `jacrev` or `vjp`",
                (_, Numbers::Holomorphic) => "sum it, or use `jacrev_holomorphic` or `vjp`",
            };
            let message = format!("the function must return one {wanted} scalar, not {loss}; {hint}");
            return Err(Error::new(op, ErrorKind::invalid(message), place));
        }
        let has_cotangent: Vec<bool> = (0..types.len()).map(|i| i == 0).collect();
        let vjp = passes::vjp(&self.program, &self.with_captures(wrt.to_vec()), &has_cotangent);
        let mut results = vjp.forward.inline(&self.operands(args));
        let mut residuals = results.split_off(types.len());
        residuals.push(gradus_ir::Val::full(loss.clone(), 1.0));
        let gradients = vjp.backward.inline(&residuals);
        Ok((outer(&results), outer(&dense(self.arg_types(), wrt, &gradients))))
    }

    /// The results and their tangents.
    ///
    /// # Errors
    /// If a tangent is of another type than its argument.
    pub(crate) fn jvp(
        &self,
        place: SourceLocation,
        args: &[Val],
        tangents: &[Val],
    ) -> Result<(Vec<Val>, Vec<Val>), Error> {
        check_types("jvp", place, "tangent", tangents, self.arg_types())?;
        let has_tangent = floats(self.arg_types());
        let (pushed, nonzero) = passes::jvp(&self.program, &self.with_captures(has_tangent.clone()));
        let mut operands = self.operands(args);
        operands.extend(inner(&marked(tangents, &has_tangent)));
        let types = self.program.result_types();
        let mut results = pushed.inline(&operands);
        let tangents = results.split_off(types.len());
        Ok((outer(&results), outer(&dense(&types, &nonzero, &tangents))))
    }

    /// The results, and the derivative at `args` as a function that can be called later.
    pub(crate) fn linearize(&self, args: &[Val]) -> (Vec<Val>, Linearized) {
        self.linearize_by(args, &vec![true; args.len()])
    }
    fn linearize_by(&self, args: &[Val], wrt: &[bool]) -> (Vec<Val>, Linearized) {
        let wrt: Vec<bool> = floats(self.arg_types()).iter().zip(wrt).map(|(a, b)| *a && *b).collect();
        let passes::Linearized { primal, linear, has_tangent } =
            passes::linearize(&self.program, &self.with_captures(wrt.clone()));
        let types = self.program.result_types();
        let mut results = primal.inline(&self.operands(args));
        let residuals = outer(&results.split_off(types.len()));
        let arg_types = self.arg_types().to_vec();
        (outer(&results), Linearized { linear, residuals, wrt, has_tangent, arg_types, result_types: types })
    }

    /// The function itself as a derivative, if it is linear in the arguments; `op` asks.
    ///
    /// # Errors
    /// If the derivative depends on the arguments.
    pub(crate) fn linear(&self, op: &'static str, place: SourceLocation) -> Result<Linearized, Error> {
        let wrt = floats(self.arg_types());
        let passes::Linearized { primal, linear, has_tangent } =
            passes::linearize(&self.program, &self.with_captures(wrt.clone()));
        // What the derivative reads must be known from the captures alone.
        let num_args = self.arg_types().len();
        let known: Vec<bool> = (0..primal.num_params()).map(|i| i >= num_args).collect();
        let halves = passes::split(&primal, &known);
        let num_results = self.program.results().len();
        if halves.known_results[num_results..].contains(&false) {
            let (what, hint) = match op {
                "linear_transpose" => ("the function", "use `vjp`"),
                _ => ("`matvec`", "its argument may only be added, moved and multiplied by other values"),
            };
            let message = format!("{what} is not linear: its derivative depends on the argument; {hint}");
            return Err(Error::new(op, ErrorKind::invalid(message), place));
        }
        let num_known = halves.known_results[..num_results].iter().filter(|known| **known).count();
        let values = halves.known.inline(&inner(&self.captures));
        let num_residuals = halves.known_results.len() - num_results;
        let residuals = outer(&values[num_known..num_known + num_residuals]);
        let (arg_types, result_types) = (self.arg_types().to_vec(), self.program.result_types());
        Ok(Linearized { linear, residuals, wrt, has_tangent, arg_types, result_types })
    }

    /// Forward mode: for every result, a derivative by every argument, of shape `result ++ argument`.
    pub(crate) fn jacobian_forward(&self, args: &[Val], wrt: &[bool]) -> (Vec<Val>, Vec<Vec<Val>>) {
        let result_types = self.program.result_types();
        let num_results = result_types.len();
        let mut blocks = vec![vec![]; num_results];
        for (i, ty) in self.arg_types().iter().enumerate() {
            let is_wanted = wrt[i] && ty.dtype.is_inexact();
            let wrt: Vec<bool> = (0..args.len()).map(|j| i == j && is_wanted).collect();
            let (pushed, nonzero) = passes::jvp(&self.program, &self.with_captures(wrt));
            let columns = |operands: &[gradus_ir::Val]| batched(&pushed, operands, ty, num_results);
            let columns = if is_wanted { columns(&self.operands(args)) } else { vec![] };
            let mut columns = columns.into_iter();
            for ((block, out), nonzero) in blocks.iter_mut().zip(&result_types).zip(&nonzero) {
                let shape: Vec<usize> = out.shape.dims().into_iter().chain(ty.shape.dims()).collect();
                block.push(match nonzero {
                    true => last(columns.next().expect("internal: a tangent for each flag"), &shape),
                    false => zeros(&out.with_shape(shape)),
                });
            }
        }
        (self.inline(args), blocks.iter().map(|b| outer(b)).collect())
    }

    /// Reverse mode: for every result, a derivative by every argument, of shape `result ++ argument`.
    pub(crate) fn jacobian_reverse(&self, args: &[Val], wrt: &[bool]) -> (Vec<Val>, Vec<Vec<Val>>) {
        let (results, derivative) = self.linearize_by(args, wrt);
        let blocks = (0..results.len()).map(|i| derivative.rows(i)).collect();
        (results, blocks)
    }
}

/// A derivative at a point: linear in what it is called with. It borrows nothing of what it was made from.
pub(crate) struct Linearized {
    /// `(residuals.., tangents of the arguments marked..) -> (tangents of the results marked..)`.
    pub(super) linear: Arc<Program>,
    pub(super) residuals: Vec<Val>,
    wrt: Vec<bool>,
    pub(super) has_tangent: Vec<bool>,
    pub(super) arg_types: Vec<Type>,
    pub(super) result_types: Vec<Type>,
}

impl Linearized {
    /// Tangents of the results.
    ///
    /// # Errors
    /// If a tangent is of another type than its argument.
    pub(crate) fn push(&self, place: SourceLocation, tangents: &[Val]) -> Result<Vec<Val>, Error> {
        check_types("linearize", place, "tangent", tangents, &self.arg_types)?;
        let mut operands = inner(&self.residuals);
        operands.extend(inner(&marked(tangents, &self.wrt)));
        Ok(outer(&dense(&self.result_types, &self.has_tangent, &self.linear.inline(&operands))))
    }

    /// Cotangents of the arguments.
    ///
    /// # Errors
    /// If a cotangent is of another type than its result.
    pub(crate) fn pull(
        &self,
        op: &'static str,
        place: SourceLocation,
        cotangents: &[Val],
    ) -> Result<Vec<Val>, Error> {
        check_types(op, place, "cotangent", cotangents, &self.result_types)?;
        let (pulled, nonzero) = self.transposed(&vec![true; self.num_linear_results()]);
        let mut operands = inner(&self.residuals);
        operands.extend(inner(&marked(cotangents, &self.has_tangent)));
        Ok(outer(&dense(&self.arg_types, &nonzero, &pulled.inline(&operands))))
    }

    fn num_linear_results(&self) -> usize {
        self.has_tangent.iter().filter(|has| **has).count()
    }

    /// `(residuals.., cotangents of those marked..) -> (gradients that are not zero..)`, and by which arguments.
    fn transposed(&self, has_cotangent: &[bool]) -> (Program, Vec<bool>) {
        let is_linear: Vec<bool> = (0..self.linear.num_params()).map(|i| i >= self.residuals.len()).collect();
        let (pulled, nonzero) = passes::transpose(&self.linear, &is_linear, has_cotangent);
        // flags of the linear parameters, spread over the arguments
        let mut nonzero = nonzero.into_iter();
        let by_argument = |wrt: &bool| *wrt && nonzero.next().expect("internal: a flag for each tangent");
        (pulled, self.wrt.iter().map(by_argument).collect())
    }

    /// The derivative of result `i` by every argument.
    fn rows(&self, i: usize) -> Vec<Val> {
        let ty = &self.result_types[i];
        let shape = |by: &Type| ty.shape.dims().into_iter().chain(by.shape.dims()).collect::<Vec<_>>();
        if !self.has_tangent[i] {
            return outer(
                &self.arg_types.iter().map(|by| zeros(&ty.with_shape(shape(by)))).collect::<Vec<_>>(),
            );
        }
        let position = self.has_tangent[..i].iter().filter(|has| **has).count();
        let chosen: Vec<bool> = (0..self.num_linear_results()).map(|j| j == position).collect();
        let (pulled, nonzero) = self.transposed(&chosen);
        let mut rows = batched(&pulled, &inner(&self.residuals), ty, 0).into_iter();
        let row = |(by, nonzero): (&Type, &bool)| match nonzero {
            true => rows.next().expect("internal: a gradient for each flag").reshape(shape(by)),
            false => zeros(&by.with_shape(shape(by))),
        };
        outer(&self.arg_types.iter().zip(&nonzero).map(row).collect::<Vec<_>>())
    }
}

/// The results of `program` from number `skip` on, when its last parameter, of type `ty`, runs over all unit
/// arrays: one lane for each, the lanes first.
fn batched(program: &Program, operands: &[gradus_ir::Val], ty: &Type, skip: usize) -> Vec<gradus_ir::Val> {
    let size = ty.shape.size();
    let mapped: Vec<bool> = (0..program.num_params()).map(|i| i + 1 == program.num_params()).collect();
    let (batched, is_mapped) = passes::batch(program, &mapped, Lanes::new(size));
    let units =
        iota_equal(ty.dtype, size).reshape(ty.shape.dims().into_iter().fold(vec![size], |mut dims, n| {
            dims.push(n);
            dims
        }));
    let mut operands = operands.to_vec();
    operands.push(units);
    let results = batched.inline(&operands).into_iter().zip(is_mapped).skip(skip);
    results.map(|(r, is_mapped)| if is_mapped { r } else { r.repeat_leading(size) }).collect()
}

/// Moves the lanes of `x` behind its other axes and gives it `shape`.
fn last(x: gradus_ir::Val, shape: &[usize]) -> gradus_ir::Val {
    let rank = x.shape().rank();
    let order: Vec<usize> = (1..rank).chain([0]).collect();
    x.transpose(&order).reshape(shape.to_vec())
}

/// By which numbers a derivative is taken, and of which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Of real functions.
    Real,
    /// Of functions from complex to complex numbers that have a complex derivative.
    Holomorphic,
}

/// Refuses arguments or results whose Jacobian would say less than the derivative: that of a complex number by another
/// has four real numbers, unless it is holomorphic. Reverse mode knows it of real results, forward mode by real
/// arguments.
///
/// # Errors
/// Naming the first that does not fit.
pub(crate) fn check_jacobian(
    op: &'static str,
    place: SourceLocation,
    numbers: Numbers,
    args: &[Type],
    results: &[Type],
) -> Result<(), Error> {
    let found =
        |types: &[Type], complex: bool| types.iter().find(|ty| ty.dtype.is_complex() == complex).cloned();
    let message = match numbers {
        Numbers::Holomorphic => match (found(args, false), found(results, false)) {
            (Some(ty), _) => {
                let real = op.trim_end_matches("_holomorphic");
                format!("takes a function of complex numbers, not of {ty}; for real ones there is `{real}`")
            }
            (_, Some(ty)) => format!(
                "takes a function that returns complex numbers, not {ty}: a real one is not holomorphic; use `grad`, \
                 `jacrev` or `jvp`"
            ),
            _ => return Ok(()),
        },
        Numbers::Real if op == "jacrev" => match found(results, true) {
            Some(ty) => format!(
                "takes derivatives of real numbers, not of {ty}; use `jacrev_holomorphic` if the function is \
                 holomorphic, else `vjp`"
            ),
            None => return Ok(()),
        },
        Numbers::Real => match found(args, true) {
            Some(ty) => format!(
                "takes derivatives by real numbers, not by {ty}; use `jacfwd_holomorphic` if the function is \
                 holomorphic, else `jvp`"
            ),
            None => return Ok(()),
        },
    };
    Err(Error::new(op, ErrorKind::invalid(message), place))
}

/// Refuses arguments by which no gradient exists.
///
/// # Errors
/// Naming the first leaf that is no float.
pub(crate) fn check_differentiable(
    op: &'static str,
    place: SourceLocation,
    args: &[Val],
    wrt: &[bool],
    paths: impl FnOnce() -> Vec<String>,
) -> Result<(), Error> {
    let Some(i) = (0..args.len()).find(|i| wrt[*i] && !type_of(args[*i]).dtype.is_inexact()) else {
        return Ok(());
    };
    let path = paths().swap_remove(i);
    let leaf = if path.is_empty() { "the first parameter".to_string() } else { format!("leaf `{path}`") };
    let message = format!(
        "{leaf} is {}, and only floats have a derivative; make it another parameter, or its field a \
         `#[tree(buffer)]`",
        type_of(args[i])
    );
    Err(Error::new(op, ErrorKind::invalid(message), place))
}
