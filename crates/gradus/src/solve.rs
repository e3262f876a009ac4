//! Implicit derivatives of roots, however they are found.
//!
//! A solver iterates; its derivative does not have to. At a root `f(x, p) = 0` the implicit function theorem gives
//! `dx = -(df/dx)^-1 (df/dp) dp`: one linear solve, in which no step of the iteration is kept or differentiated.

use crate::custom::custom_jvp;
use crate::engine::{self, Inner, refill, values};
use crate::transforms::{all, jvp, linearize, within};
use crate::{Traced, Val};
use gradus_ir::Place;

/// The root of `f` that `solve` finds from `x0`, differentiable by whatever `f` captures, in both modes.
///
/// `solve(f, x0)` may iterate as it likes; its steps are not differentiated. `tangent_solve(g, y)` solves
/// `g(x) = y` for
/// the linear function `g`, the derivative of `f` at the root; for a scalar that is `y / g(1)`. The gradient by `x0` is
/// zero. As in `jax.lax.custom_root`.
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
    let place = Place::here();
    // What `f` captures is what the root depends on.
    let traced = Inner::trace(place, &values(&x0), &mut |x| values(&f(&refill(&x0, x))));
    let inner = match traced {
        Ok(inner) => inner,
        Err(error) => return all(&x0, engine::refuse(within(error, "custom_root", place))),
    };
    let at = |x: &X, params: &[Val]| -> X { refill(x, &inner.inline_with(&values(x), params)) };
    let root = |params: &[Val], x0: X| solve(&|x| at(x, params), x0);
    custom_jvp(
        (inner.captures.clone(), x0),
        |(params, x0)| root(&params, x0),
        |(params, x0), (dparams, _)| {
            let x = root(&params, x0);
            let (_, rhs) = jvp(|params: &Vec<Val>| at(&x, params), &params, &dparams);
            let (_, derivative) = linearize(|x: &X| at(x, &params), &x);
            let dx = tangent_solve(&|x| derivative(x), rhs);
            let dx = dx.map(|v| -v);
            (x, dx)
        },
    )
}
