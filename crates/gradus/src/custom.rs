//! Rules of one's own: derivatives, and what reverse mode keeps.

use crate::engine::{self, Inner, Order, refill, values};
use crate::transforms::{RAN, all, tree_like, within};
use crate::{Error, ErrorKind, Function, ReadsTrees, Result, Returning, Traced, Type, Val};
use gradus_ir::SourceLocation;
use gradus_ir::ops::checkpoint::Policy;

/// `f(args)`, whose derivative is `rule`: from `args` and their tangents to the values and theirs.
///
/// Works in forward and reverse mode, to any order, under `vmap` and inside loops. Several parameters are one tuple.
/// `f` and `rule` may capture values of the enclosing function, but not such that are being differentiated: those are
/// an `Err`; pass them as arguments. A leaf that is no float has a tangent of zeros, and what the rule returns for such
/// a result is not looked at.
///
/// ```
/// use gradus::{Array, Val, custom_jvp, grad, jit};
/// fn relu6(x: &Val) -> Val {
///     custom_jvp(*x, |x| x.clip(0.0, 6.0), |x, dx| (x.clip(0.0, 6.0), dx * x.gt(0.0) * x.le(6.0)))
/// }
/// assert_eq!(jit(grad(relu6))(&Array::from(6.0f32))?, Array::from(1.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if `rule` returns another structure or other types than `f`, naming
/// the leaf, or values that depend on the tangents.
#[track_caller]
pub fn custom_jvp<P: Traced, R: Traced>(args: P, f: impl Fn(P) -> R, rule: impl Fn(P, P) -> (R, R)) -> R {
    crate::val::at_caller("custom_jvp", || {
        let (op, place) = ("custom_jvp", gradus_ir::trace::current_place());
        // Nobody asks for a rule where only values are wanted.
        if engine::is_undifferentiated() {
            return plain(&f(plain(&args)));
        }
        let (function, out) = match traced(op, place, &args, Order::Never, &f) {
            Ok(both) => both,
            Err((error, out)) => return all(&out, engine::refuse(error)),
        };
        let vals = values(&args);
        let types = function.program.result_types();
        let rule = engine::trace_jvp_rule(place, &vals, &mut |x, dx| {
            let (y, dy) = rule(refill(&args, x), refill(&args, dx));
            let y = like_results(op, place, "value", &out, &y, &types);
            (y, like_results(op, place, "tangent", &out, &dy, &types))
        });
        let results = rule.and_then(|rule| engine::custom_jvp(place, &vals, &function, &rule));
        finished(op, place, &out, results)
    })
}

/// `f(args)`, whose gradient is computed by `bwd` from what `fwd` returns besides the result, and a cotangent of it.
///
/// For reverse mode (`grad`, `vjp`, `jacrev`) of any order, under `vmap` and inside loops; forward mode is an `Err`
/// that says to give a [`custom_jvp`]. Residuals are any tree. As for captured values and leaves that are no floats see
/// [`custom_jvp`].
///
/// ```
/// use gradus::{Array, Val, custom_vjp, grad, jit};
/// fn clip_gradient(x: &Val, low: f64, high: f64) -> Val {
///     custom_vjp(*x, |x| x, |x| (x, ()), move |(), ct| ct.clip(low, high))
/// }
/// let f = jit(grad(|x: &Val| clip_gradient(x, -1.0, 1.0) * 3.0));
/// assert_eq!(f(&Array::from(2.0f32))?, Array::from(1.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if `fwd` returns another structure or other types than `f`, or `bwd`
/// than `args`, naming the leaf.
#[track_caller]
pub fn custom_vjp<P: Traced, R: Traced, S: Traced>(
    args: P,
    f: impl Fn(P) -> R,
    fwd: impl Fn(P) -> (R, S),
    bwd: impl Fn(S, R) -> P,
) -> R {
    crate::val::at_caller("custom_vjp", || {
        let (op, place) = ("custom_vjp", gradus_ir::trace::current_place());
        // Nobody asks for a rule where only values are wanted.
        if engine::is_undifferentiated() {
            return plain(&f(plain(&args)));
        }
        let (function, out) = match traced(op, place, &args, Order::Never, &f) {
            Ok(both) => both,
            Err((error, out)) => return all(&out, engine::refuse(error)),
        };
        let vals = values(&args);
        let types = function.program.result_types();
        let mut residuals = None;
        let forward = engine::trace_forward(place, &vals, &mut |x| {
            let (y, kept) = fwd(refill(&args, x));
            let mut all = like_results(op, place, "value of `fwd`", &out, &y, &types);
            all.extend(values(&kept));
            residuals = Some(kept);
            all
        });
        let arg_types: Vec<Type> = vals.iter().map(|v| engine::type_of(*v)).collect();
        let both = forward.and_then(|forward| {
            let kept = residuals.as_ref().expect(RAN);
            let backward = engine::trace_vjp_rule(place, &forward, &types, &mut |res, ct| {
                let gradient = bwd(refill(kept, res), refill(&out, ct));
                like_results(op, place, "gradient of `bwd`", &args, &gradient, &arg_types)
            })?;
            Ok(engine::custom_vjp(place, &vals, &function, &forward, &backward))
        });
        finished(op, place, &out, both)
    })
}

/// Computes `f` again in reverse mode, instead of keeping what its gradient reads: less memory for more work.
///
/// Only the arguments, and captured values, are kept. See [`checkpoint_policy`] to keep more.
///
/// ```
/// use gradus::{Array, Val, checkpoint, grad, jit};
/// let f = jit(grad(|x: &Val| checkpoint(|x: &Val| x.sin().sin().sin())(x)));
/// assert_eq!(f(&Array::from(0.0f32))?, Array::from(1.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn checkpoint<'f, S: ReadsTrees, F: Function<'f, S>>(f: F) -> Returning<'f, S, S::Out> {
    checkpoint_policy(f, Policy::NothingSaveable)
}

/// [`checkpoint`] that keeps the values that `policy` says.
///
/// ```
/// use gradus::{Array, Policy, Val, checkpoint_name, checkpoint_policy, grad, jit};
/// let block = |x: &Val| checkpoint_name(&x.sin(), "sine").sin();
/// let f = jit(grad(move |x: &Val| checkpoint_policy(block, Policy::save_only_these_names(["sine"]))(x)));
/// assert_eq!(f(&Array::from(0.0f32))?, Array::from(1.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn checkpoint_policy<'f, S: ReadsTrees, F: Function<'f, S>>(
    f: F,
    policy: Policy,
) -> Returning<'f, S, S::Out> {
    let place = gradus_ir::trace::current_place();
    S::wrap_all(f.share(), move |f, args| {
        gradus_ir::trace::called_at("checkpoint", place, || {
            match traced("checkpoint", place, args, Order::Same, &|args| f(&args)) {
                Ok((inner, out)) => refill(&out, &engine::checkpoint(place, &inner, &values(args), &policy)),
                Err((error, out)) => all(&out, engine::refuse(error)),
            }
        })
    })
}

/// The same values, which the policy of a [`checkpoint_policy`] around may keep by that name.
#[track_caller]
pub fn checkpoint_name<T: Traced>(tree: &T, name: &str) -> T {
    let place = gradus_ir::trace::current_place();
    tree.map(|v| gradus_ir::trace::at_place(place, || engine::checkpoint_name(*v, name)))
}

/// The tree as a Program has it: without marks of weak element types.
fn plain<T: Traced>(tree: &T) -> T {
    refill(tree, &values(tree).iter().map(|v| Val::from_ir(v.ir())).collect::<Vec<_>>())
}

/// Traces `f` on the leaves of `args`; the tree's values belong to that trace.
fn traced<P: Traced, R: Traced>(
    op: &'static str,
    place: SourceLocation,
    args: &P,
    order: Order,
    f: &dyn Fn(P) -> R,
) -> std::result::Result<(Inner, R), (Error, R)> {
    let mut result = None;
    let inner = Inner::trace(place, &values(args), order, &mut |x| {
        let out = f(refill(args, x));
        let vals = values(&out);
        result = Some(out);
        vals
    });
    let out = result.expect(RAN);
    match inner {
        Ok(inner) => Ok((inner, out)),
        Err(error) => Err((within(error, op, place), out)),
    }
}

/// The leaves of `tree`, which must be of the structure of `like` and of `types`, those of floats at least.
pub(crate) fn like_results<T: Traced>(
    op: &'static str,
    place: SourceLocation,
    what: &str,
    like: &T,
    tree: &T,
    types: &[Type],
) -> Vec<Val> {
    let refused = |message: String| engine::refuse(Error::new(op, ErrorKind::invalid(message), place));
    let vals = match tree_like(op, place, like, tree) {
        Ok(vals) => vals,
        Err(error) => {
            return vec![refused(format!("the {what} differs in structure: {}", error.kind())); types.len()];
        }
    };
    let compared = |ty: &Type| ty.dtype.is_inexact() || what.starts_with("value");
    let wrong = vals.iter().zip(types).position(|(v, ty)| compared(ty) && engine::type_of(*v) != *ty);
    if let Some(i) = wrong {
        let path = like.paths().swap_remove(i);
        let leaf = if path.is_empty() { String::new() } else { format!(" at leaf `{path}`") };
        refused(format!("the {what}{leaf} is {}, but must be {}", engine::type_of(vals[i]), types[i]));
    }
    vals
}

pub(crate) fn finished<R: Traced>(
    op: &'static str,
    place: SourceLocation,
    out: &R,
    results: Result<Vec<Val>>,
) -> R {
    match results {
        Ok(vals) => refill(out, &vals),
        Err(error) => all(out, engine::refuse(within(error, op, place))),
    }
}
