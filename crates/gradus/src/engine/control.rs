//! Loops and branches of functions on lists.
//!
//! Their bodies are traced with the marks of weak element types, so that a literal as first carry takes the type
//! that the body makes of it, as in JAX.

use super::{Flat, Inner, Order, outer};
use crate::val::promote::{Promoted, promote};
use crate::val::strict;
use crate::{Error, Type, Val};
use gradus_ir::ops::control as ops;
use gradus_ir::{ErrorKind, Program, SourceLocation, trace as ir};
use std::sync::Arc;

/// How a scan runs.
pub(crate) struct Steps {
    /// How often.
    pub(crate) length: usize,
    /// From the last element on.
    pub(crate) reverse: bool,
    /// Steps that may be written one after the other.
    pub(crate) unroll: usize,
}

/// A traced body with what is known of its results.
struct Body {
    inner: Inner,
    results: Vec<Promoted>,
    types: Vec<Type>,
}

impl Body {
    /// Traces `f` on values of these types and marks.
    fn trace(place: SourceLocation, args: &[(Type, bool)], f: Flat<'_>) -> Result<Body, Error> {
        let types: Vec<Type> = args.iter().map(|(ty, _)| ty.clone()).collect();
        let mut weak = vec![];
        let inner = Inner::of_types(place, &types, Order::Same, &mut |x| {
            let marked: Vec<Val> = x.iter().zip(args).map(|(v, (_, weak))| v.with_weak(*weak)).collect();
            let results = f(&marked);
            weak = results.iter().map(|v| v.is_weak()).collect();
            results
        })?;
        let types = inner.program.result_types();
        let of = |(ty, weak): (&Type, bool)| Promoted { dtype: ty.dtype, weak };
        let results = types.iter().zip(weak).map(of).collect();
        Ok(Body { inner, results, types })
    }
    /// The Program with what it captures as its first parameters.
    fn captures_first(&self) -> Result<Arc<Program>, Error> {
        let num_captures = self.inner.captures.len();
        let params = self.inner.program.param_types();
        let (args, captures) = params.split_at(params.len() - num_captures);
        if num_captures == 0 {
            return Ok(self.inner.program.clone());
        }
        let traced = gradus_ir::trace(SourceLocation::unknown(), &[captures, args].concat(), |x| {
            let (captures, args) = x.split_at(num_captures);
            self.inner.program.inline(&[args, captures].concat())
        });
        Ok(Arc::new(traced?.program))
    }
    /// Values with the marks of the body's results.
    fn marked(&self, values: &[gradus_ir::Val]) -> Vec<Val> {
        let all = outer(values).into_iter().zip(&self.results);
        all.map(|(v, known)| v.with_weak(known.weak)).collect()
    }
}

fn known(v: &Val) -> (Type, bool) {
    (v.ty(), v.is_weak())
}

/// `init` with the element types that a body makes of its weak ones; `None` if it keeps them all.
fn promoted(init: &[Val], body: &Body) -> Option<Vec<Val>> {
    let mut changed = false;
    let each = init.iter().zip(&body.results).map(|(v, result)| {
        let (ty, weak) = known(v);
        let own = Promoted { dtype: ty.dtype, weak };
        if !weak || ty.dtype == result.dtype {
            return *v;
        }
        let met = promote(own, *result);
        changed |= met != own;
        Val::from_ir(strict::convert_literal(*v, met.dtype)).with_weak(met.weak)
    });
    let each: Vec<Val> = each.collect();
    changed.then_some(each)
}

/// Every carry must leave a step as it entered it.
fn check_carry(
    op: &'static str,
    place: SourceLocation,
    init: &[Val],
    body: &Body,
    paths: &dyn Fn() -> Vec<String>,
) -> Result<(), Error> {
    for (i, (v, returned)) in init.iter().zip(&body.types).enumerate() {
        let ty = v.ty();
        if ty != *returned {
            let path = paths().swap_remove(i);
            let leaf = if path.is_empty() { "the carry".to_string() } else { format!("carry `{path}`") };
            let what = if ty.dtype == returned.dtype { "shapes" } else { "element types" };
            let message = format!(
                "{leaf} is {ty}, but the body returns {returned}: the {what} must be those of the first carry; change it, or what the body returns"
            );
            return Err(Error::new(op, ErrorKind::invalid(message), place));
        }
    }
    Ok(())
}

/// Runs `f`, `(carry.., x..) -> (carry.., y..)`, step by step: the last carry, then the ys.
///
/// # Errors
/// The first error inside, or a carry that changes its type.
pub(crate) fn scan(
    op: &'static str,
    place: SourceLocation,
    steps: &Steps,
    init: &[Val],
    xs: &[Val],
    paths: &dyn Fn() -> Vec<String>,
    f: Flat<'_>,
) -> Result<Vec<Val>, Error> {
    let each = |v: &Val| {
        let (ty, weak) = known(v);
        (ty.with_shape(ty.shape.without(&[0])), weak)
    };
    let mut body = |init: &[Val]| {
        let args: Vec<(Type, bool)> = init.iter().map(known).chain(xs.iter().map(each)).collect();
        Body::trace(place, &args, f)
    };
    let (mut init, mut traced) = (init.to_vec(), body(init)?);
    if let Some(promoted) = promoted(&init, &traced) {
        (traced, init) = (body(&promoted)?, promoted);
    }
    check_carry(op, place, &init, &traced, paths)?;
    let scan = ops::Scan {
        body: traced.captures_first()?,
        num_consts: traced.inner.captures.len(),
        num_carry: init.len(),
        length: Some(steps.length),
        reverse: steps.reverse,
        unroll: steps.unroll,
    };
    let operands: Vec<gradus_ir::Val> =
        traced.inner.captures.iter().chain(&init).chain(xs).map(|v| v.ir()).collect();
    Ok(traced.marked(&ir::at_place(place.called(ir::called(op)), || ops::scan(scan, &operands))))
}

/// Runs `body` as long as `cond` holds: the last carry.
///
/// # Errors
/// The first error inside, a carry that changes its type, or a condition that is no truth value.
pub(crate) fn while_loop(
    op: &'static str,
    place: SourceLocation,
    init: &[Val],
    paths: &dyn Fn() -> Vec<String>,
    cond: Flat<'_>,
    body: Flat<'_>,
) -> Result<Vec<Val>, Error> {
    let args = |init: &[Val]| init.iter().map(known).collect::<Vec<_>>();
    let (mut init, mut traced) = (init.to_vec(), Body::trace(place, &args(init), body)?);
    if let Some(promoted) = promoted(&init, &traced) {
        (traced, init) = (Body::trace(place, &args(&promoted), body)?, promoted);
    }
    check_carry(op, place, &init, &traced, paths)?;
    let test = Body::trace(place, &args(&init), cond)?;
    if test.types[..] != [Type::scalar(crate::Dtype::Bool)] {
        let message = format!("the condition must return bool[], but returns {}", test.types[0]);
        return Err(Error::new(op, ErrorKind::invalid(message), place));
    }
    let repeat = ops::While {
        cond: test.captures_first()?,
        body: traced.captures_first()?,
        num_cond_consts: test.inner.captures.len(),
        num_body_consts: traced.inner.captures.len(),
        record: false,
    };
    let captures = test.inner.captures.iter().chain(&traced.inner.captures);
    let operands: Vec<gradus_ir::Val> = captures.chain(&init).map(|v| v.ir()).collect();
    Ok(traced.marked(&ir::at_place(place.called(ir::called(op)), || ops::while_loop(repeat, &operands))))
}

/// The results of that of `branches` whose number `index`, an `i32[]`, is.
///
/// # Errors
/// The first error inside, or branches whose results differ in type; `paths` names results.
pub(crate) fn cond(
    op: &'static str,
    place: SourceLocation,
    index: Val,
    operands: &[Val],
    branches: &mut [Flat<'_>],
    paths: &dyn Fn() -> Vec<String>,
) -> Result<Vec<Val>, Error> {
    let args: Vec<(Type, bool)> = operands.iter().map(known).collect();
    let bodies: Vec<Body> =
        branches.iter_mut().map(|f| Body::trace(place, &args, *f)).collect::<Result<_, _>>()?;
    for (k, body) in bodies.iter().enumerate() {
        let differ = bodies[0].types.iter().zip(&body.types).position(|(first, own)| first != own);
        if let Some(i) = differ {
            let path = paths().swap_remove(i);
            let leaf = if path.is_empty() { "a result".to_string() } else { format!("result `{path}`") };
            let (first, own) = (&bodies[0].types[i], &body.types[i]);
            let message = match op {
                "cond" => format!("{leaf} is {own} if the predicate holds, but {first} if it does not"),
                _ => format!("{leaf} is {first} in branch 0, but {own} in branch {k}"),
            };
            let message = format!("{message}; all branches must return the same types");
            return Err(Error::new(op, ErrorKind::invalid(message), place));
        }
    }
    // Every branch takes what any of them captures.
    let mut captures: Vec<gradus_ir::Val> = vec![];
    let mut places: Vec<Vec<usize>> = vec![];
    for body in &bodies {
        let own = body.inner.captures.iter().map(|v| {
            let v = v.ir();
            captures.iter().position(|c| c.to_bits() == v.to_bits()).unwrap_or_else(|| {
                captures.push(v);
                captures.len() - 1
            })
        });
        places.push(own.collect());
    }
    let types: Vec<Type> =
        args.iter().map(|(ty, _)| ty.clone()).chain(captures.iter().map(|v| v.ty())).collect();
    let programs = bodies.iter().zip(&places).map(|(body, places)| {
        let traced = gradus_ir::trace(SourceLocation::unknown(), &types, |x| {
            let (args, captures) = x.split_at(args.len());
            let own: Vec<gradus_ir::Val> = places.iter().map(|i| captures[*i]).collect();
            body.inner.program.inline(&[args, &own].concat())
        });
        Ok(Arc::new(traced?.program))
    });
    let programs = programs.collect::<Result<Vec<_>, Error>>()?;
    let operands: Vec<gradus_ir::Val> = operands.iter().map(|v| v.ir()).chain(captures).collect();
    let results = ir::at_place(place.called(ir::called(op)), || ops::cond(programs, index.ir(), &operands));
    Ok(bodies[0].marked(&results))
}

/// The elements `from`, `from + step`, .. below `to` along `axis`.
pub(crate) fn slice_axis(place: SourceLocation, v: Val, axis: usize, [from, to, step]: [usize; 3]) -> Val {
    let rank = v.rank();
    let (mut starts, mut limits, mut strides) = (vec![0; rank], v.shape(), vec![1; rank]);
    (starts[axis], limits[axis], strides[axis]) = (from, to, step);
    let sliced = ir::at_place(place, || v.ir().slice(&starts, &limits, &strides));
    Val::from_ir(sliced).with_weak(v.is_weak())
}
