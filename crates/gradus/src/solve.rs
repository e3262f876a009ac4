//! Implicit derivatives of roots and of linear systems, however they are found.
//!
//! A solver iterates; its derivative does not have to. At a root `f(x, p) = 0` the implicit function theorem gives
//! `dx = -(df/dx)^-1 (df/dp) dp`: one linear solve, in which no step of the iteration is kept or differentiated.

use crate::custom::{custom_jvp, finished, like_results};
use crate::engine::{self, Inner, Operator, Order, check_differentiable, refill, values};
use crate::transforms::{all, jvp, linearize, within};
use crate::{Error, Result, Traced, Type, Val};
use gradus_ir::{ErrorKind, SourceLocation};

/// The root of `f` that `solve` finds from `x0`, differentiable by whatever `f` captures, in both modes.
///
/// `solve(f, x0)` may iterate as it likes; its steps are not differentiated. `tangent_solve(g, y)` solves `g(x) = y`
/// for a linear function `g`, the derivative of `f` at the root or, in reverse mode, its transpose; for a scalar that
/// is `y / g(1)`. It may iterate too, for it is the solver of a [`custom_linear_solve`]. The gradient by `x0` is zero.
/// As in `jax.lax.custom_root`.
///
/// ```
/// use gradus::{Array, Val, custom_root, grad, jit};
/// let cube_root = |a: &Val| {
///     let newton = |f: &dyn Fn(&Val) -> Val, x0: Val| (0..40).fold(x0, |x, _| x - f(&x) / (x * x * 3.0));
///     custom_root(*a, |x| x * x * x - a, newton, |g, y| y / g(&y.ones_like()))
/// };
/// let slope = jit(grad(cube_root))(&Array::from(8.0f32))?.item::<f32>()?;
/// assert!((slope - 1.0 / 12.0).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if `solve` or `tangent_solve` captures what is being differentiated.
#[track_caller]
pub fn custom_root<X: Traced>(
    x0: X,
    f: impl Fn(&X) -> X,
    solve: impl Fn(&dyn Fn(&X) -> X, X) -> X,
    tangent_solve: impl Fn(&dyn Fn(&X) -> X, X) -> X,
) -> X {
    crate::val::at_caller("custom_root", || {
        let place = gradus_ir::trace::current_place();
        // What `f` captures is what the root depends on. The rule below takes two derivatives of it.
        let traced = Inner::trace(place, &values(&x0), Order::More(2), &mut |x| values(&f(&refill(&x0, x))));
        let inner = match traced {
            Ok(inner) => inner,
            Err(error) => return all(&x0, engine::refuse(within(error, "custom_root", place))),
        };
        let (own, found) =
            (values(&x0).iter().map(|v| v.ty()).collect::<Vec<_>>(), inner.program.result_types());
        if own != found {
            let message = format!("f takes {own:?} and returns {found:?}; a root's f returns what it takes");
            let error = Error::new("custom_root", ErrorKind::invalid(message), place);
            return all(&x0, engine::refuse(error));
        }
        let at = |x: &X, params: &[Val]| -> X { refill(x, &inner.inline_with(&values(x), params)) };
        let root = |params: &[Val], x0: X| solve(&|x| at(x, params), x0);
        custom_jvp(
            (inner.captures.clone(), x0),
            |(params, x0)| root(&params, x0),
            |(params, x0), (dparams, _)| {
                let x = root(&params, x0);
                let (_, rhs) = jvp(|params: &Vec<Val>| at(&x, params), &params, &dparams);
                let (_, derivative) = linearize(|x: &X| at(x, &params), &x);
                let transpose_solve = TransposeSolve::By(&tangent_solve);
                let dx = custom_linear_solve(rhs, |x: &X| derivative(x), &tangent_solve, transpose_solve);
                let dx = dx.map(|v| -v);
                (x, dx)
            },
        )
    })
}

/// A solver of `matvec(x) = b`: from the linear function `matvec` and `b` to `x`.
pub type Solver<'a, X> = dyn Fn(&dyn Fn(&X) -> X, X) -> X + 'a;

/// How a [`custom_linear_solve`] finds the solution of the transposed system, which reverse mode asks for.
#[non_exhaustive]
pub enum TransposeSolve<'a, X> {
    /// It does not: reverse mode is an `Err`.
    Missing,
    /// As that of the system itself: the matrix is symmetric.
    Symmetric,
    /// By this solver, which gets the transposed `matvec`.
    By(&'a Solver<'a, X>),
}

/// The solution `x` of `matvec(x) = b` that `solve` finds, differentiable by `b` and by whatever `matvec` captures.
///
/// `solve(matvec, b)` may iterate as it likes; its steps are not differentiated, nor is what it captures. The
/// derivative is that of the system, of any order and in both modes: `A dx = db - dA x`, by `solve` again; reverse
/// mode solves the transposed system, for which see [`TransposeSolve`]. As `jax.lax.custom_linear_solve`.
///
/// ```
/// use gradus::{Array, TransposeSolve, Val, custom_linear_solve, grad, jit, vjp};
/// let solve = |a: &Val, b: &Val| {
///     let jacobi = |matvec: &dyn Fn(&Val) -> Val, b: Val| (0..30).fold(b, |x, _| x + (b - matvec(&x)) * 0.5);
///     custom_linear_solve(*b, |x: &Val| a.dot(x), jacobi, TransposeSolve::By(&jacobi))
/// };
/// let f = jit(grad(move |b: &Val, a: &Val| solve(a, b).at(0)));
/// let gradient = f(&Array::from([1.0f32, 2.0]), &Array::from([[1.0f32, 0.5], [0.0, 2.0]]))?;
/// assert!((gradient.to_vec::<f32>()?[1] + 0.25).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if `matvec` is not linear, if `b` has a leaf that is no float, if
/// `matvec` or a solver returns another structure or other types than `b`, naming the leaf, or if reverse mode meets
/// [`TransposeSolve::Missing`].
#[track_caller]
pub fn custom_linear_solve<X: Traced>(
    b: X,
    matvec: impl Fn(&X) -> X,
    solve: impl Fn(&dyn Fn(&X) -> X, X) -> X,
    transpose_solve: TransposeSolve<'_, X>,
) -> X {
    crate::val::at_caller("custom_linear_solve", || {
        let place = gradus_ir::trace::current_place();
        finished(SYSTEM, place, &b, system(place, &b, &matvec, &solve, transpose_solve))
    })
}

const SYSTEM: &str = "custom_linear_solve";

fn system<X: Traced>(
    place: SourceLocation,
    b: &X,
    matvec: &dyn Fn(&X) -> X,
    solve: &Solver<'_, X>,
    transpose_solve: TransposeSolve<'_, X>,
) -> Result<Vec<Val>> {
    let right = values(b);
    check_differentiable(SYSTEM, place, &right, &vec![true; right.len()], || b.paths())?;
    let types: Vec<Type> = right.iter().map(|v| engine::type_of(*v)).collect();
    let like_right = |what: &str, x: &X| like_results(SYSTEM, place, what, b, x, &types);
    let product = Operator::trace(SYSTEM, place, &right, &mut |x| {
        like_right("result of `matvec`", &matvec(&refill(b, x)))
    })?;
    let solver = |what: &str,
                  solve: &Solver<'_, X>,
                  matvec: &dyn Fn(&X) -> X|
     -> std::result::Result<Inner, Error> {
        Inner::trace(place, &right, Order::Same, &mut |b_| like_right(what, &solve(matvec, refill(b, b_))))
    };
    let forward = solver("result of `solve`", solve, matvec)?;
    let backward = match transpose_solve {
        TransposeSolve::Missing => None,
        TransposeSolve::Symmetric => Some(forward.clone()),
        TransposeSolve::By(solve) => {
            let vecmat = |x: &X| refill(b, &product.pull(&values(x)));
            Some(solver("result of `transpose_solve`", solve, &vecmat)?)
        }
    };
    Ok(engine::linear_solve(place, &right, &product, &forward, backward.as_ref()))
}
