//! The transforms: thin typed layers that flatten trees, ask the engine, and fill trees again.
//!
//! What is kept and called again (`grad`, `vmap`, ..) takes the function alone and returns a function;
//! what runs at once (`jvp`, `vjp`, ..) takes the function and where. They nest in any order, work inside a
//! trace only, and record the place where they are made, so that an error of the transform names it.

use crate::engine::{self, Inner, Numbers, Order, check_differentiable, check_jacobian, refill, values};
use crate::site::{Cache, outline as outlined};
use crate::{
    Array, Axes, Error, Function, LeafKind, Mismatch, Reads, ReadsTrees, Result, Traced, Tree, Type, Val,
};
use gradus_ir::{ErrorKind, SourceLocation};

/// What `grad` asks of a result.
#[diagnostic::on_unimplemented(
    message = "`grad` takes a function that returns one `Val`; this one returns `{Self}`",
    note = "for `(loss, aux)` use `value_and_grad_aux`; for several outputs use `jacrev` or `vjp`"
)]
pub trait Loss {
    /// The value to differentiate.
    fn loss(&self) -> Val;
}
impl Loss for Val {
    fn loss(&self) -> Val {
        *self
    }
}

/// What `value_and_grad_aux` asks of a result.
#[diagnostic::on_unimplemented(
    message = "`value_and_grad_aux` takes a function that returns `(Val, Aux)`, where `Aux` is a tree of `Val`; this one returns `{Self}`"
)]
pub trait LossAux: Traced {
    /// What comes with the loss.
    type Aux;
}
impl<Aux: Traced> LossAux for (Val, Aux) {
    type Aux = Aux;
}

/// The type of a transformed function: as `S`, returning `Q`.
pub type Returning<'f, S, Q> = Box<<S as Reads>::Returning<'f, Q>>;
/// Every leaf of `R` replaced by a `P`.
pub type Pairs<R, P> = <R as Tree<Val>>::With<P>;

/// The gradient by the first parameter, of a function that returns one float scalar.
///
/// By complex numbers `x + iy` it is `df/dx - i df/dy`, as in JAX: steps of descent take its conjugate. For complex
/// results there is [`grad_holomorphic`].
///
/// ```
/// use gradus::{Array, Val, grad, jit};
/// let f = jit(grad(|x: &Val| x * x * x));
/// assert_eq!(f(&Array::from(2.0f32))?, Array::from(12.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// Leaves of the first parameter that are buffers (`#[tree(buffer)]`) are constants; in the gradient they are zeros.
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if the result is no float scalar, or a leaf of the first
/// parameter no float.
#[track_caller]
pub fn grad<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, S::First>
where
    S: Reads<First: Traced, Out: Loss>,
{
    let place = gradus_ir::trace::current_place();
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("grad", place, || {
            differentiate(Numbers::Real, place, &|p| f(p).loss(), p).1
        })
    })
}

/// [`grad`] together with the value.
///
/// ```
/// use gradus::{Array, Val, jit, value_and_grad};
/// let y = jit(|x: &Val| value_and_grad(|x: &Val| x * x)(x).1)(&Array::from(3.0f32))?;
/// assert_eq!(y, Array::from(6.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn value_and_grad<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, (Val, S::First)>
where
    S: Reads<First: Traced, Out: Loss>,
{
    let place = gradus_ir::trace::current_place();
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("value_and_grad", place, || {
            differentiate(Numbers::Real, place, &|p| f(p).loss(), p)
        })
    })
}

/// [`value_and_grad`] of a function that returns `(loss, aux)`, where `aux` is any tree: `((loss, aux), gradient)`.
///
/// ```
/// use gradus::{Array, Val, jit, value_and_grad_aux};
/// let y = jit(|x: &Val| value_and_grad_aux(|x: &Val| (x * x, x + 1.0))(x).0.1)(&Array::from(3.0f32))?;
/// assert_eq!(y, Array::from(4.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn value_and_grad_aux<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, (S::Out, S::First)>
where
    S: Reads<First: Traced, Out: LossAux>,
{
    let place = gradus_ir::trace::current_place();
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("value_and_grad_aux", place, || differentiate(Numbers::Real, place, f, p))
    })
}

/// The Jacobian by the first parameter in forward mode: one pass for each element of the parameter.
///
/// It is the tree of the result whose leaves are trees of the first parameter, as in JAX; the shape of a
/// leaf pair is the result's, then the parameter's. The parameter is real, for complex ones there is
/// [`jacfwd_holomorphic`].
///
/// ```
/// use gradus::{Array, Val, jacfwd, jit};
/// let y = jit(|x: &Val| jacfwd(|x: &Val| x * x)(x))(&Array::from([1.0f32, 2.0]))?;
/// assert_eq!(y, Array::from([[2.0f32, 0.0], [0.0, 4.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn jacfwd<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, Pairs<S::Out, S::First>>
where
    S: Reads<First: Traced, Out: Traced>,
{
    let place = gradus_ir::trace::current_place();
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("jacfwd", place, || {
            jacobian("jacfwd", Numbers::Real, place, Inner::jacobian_forward, f, p)
        })
    })
}

/// The Jacobian by the first parameter in reverse mode: one pass for each element of the result. See [`jacfwd`].
/// The result is real, for complex ones there is [`jacrev_holomorphic`].
///
/// ```
/// use gradus::{Array, Val, jacrev, jit};
/// let y = jit(|x: &Val| jacrev(|x: &Val| x * x)(x))(&Array::from([1.0f32, 2.0]))?;
/// assert_eq!(y, Array::from([[2.0f32, 0.0], [0.0, 4.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn jacrev<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, Pairs<S::Out, S::First>>
where
    S: Reads<First: Traced, Out: Traced>,
{
    let place = gradus_ir::trace::current_place();
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("jacrev", place, || {
            jacobian("jacrev", Numbers::Real, place, Inner::jacobian_reverse, f, p)
        })
    })
}

/// The second derivatives by the first parameter: a tree of trees of it.
///
/// ```
/// use gradus::{Array, Val, hessian, jit};
/// let f = jit(hessian(|x: &Val| (x * x * x).sum()));
/// let h = f(&Array::from([1.0f32, 2.0]))?;
/// assert_eq!(h, Array::from([[6.0f32, 0.0], [0.0, 12.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn hessian<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, Pairs<S::First, S::First>>
where
    S: Reads<First: Traced, Out: Loss>,
{
    let place = gradus_ir::trace::current_place();
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("hessian", place, || {
            let gradient = |p: &S::First| differentiate(Numbers::Real, place, &|p| f(p).loss(), p).1;
            jacobian("hessian", Numbers::Real, place, Inner::jacobian_forward, &gradient, p)
        })
    })
}

/// The complex derivative `df/dz` by the first parameter, of a holomorphic function that returns one complex scalar.
///
/// All leaves are complex. A function that is not holomorphic has no such derivative, which nobody checks; the
/// gradient of a real-valued function of complex numbers is [`grad`]. As `jax.grad(f, holomorphic=True)`.
///
/// ```
/// use gradus::{Array, Complex, Val, grad_holomorphic, jit};
/// let f = jit(grad_holomorphic(|z: &Val| z * z));
/// assert_eq!(f(&Array::from(Complex::new(1.0f32, 2.0)))?, Array::from(Complex::new(2.0f32, 4.0)));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if a leaf of the first parameter, or the result, is not complex.
#[track_caller]
pub fn grad_holomorphic<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, S::First>
where
    S: Reads<First: Traced, Out: Loss>,
{
    let place = gradus_ir::trace::current_place();
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("grad_holomorphic", place, || {
            differentiate(Numbers::Holomorphic, place, &|p| f(p).loss(), p).1
        })
    })
}

/// [`grad_holomorphic`] together with the value.
///
/// ```
/// use gradus::{Array, Complex, Val, jit, value_and_grad_holomorphic};
/// let f = jit(value_and_grad_holomorphic(|z: &Val| z * z));
/// let (value, slope) = f(&Array::from(Complex::new(1.0f32, 2.0)))?;
/// assert_eq!(value, Array::from(Complex::new(-3.0f32, 4.0)));
/// assert_eq!(slope, Array::from(Complex::new(2.0f32, 4.0)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn value_and_grad_holomorphic<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, (Val, S::First)>
where
    S: Reads<First: Traced, Out: Loss>,
{
    let place = gradus_ir::trace::current_place();
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("value_and_grad_holomorphic", place, || {
            differentiate(Numbers::Holomorphic, place, &|p| f(p).loss(), p)
        })
    })
}

/// [`jacfwd`] of a holomorphic function: complex derivatives of complex results by complex numbers.
///
/// ```
/// use gradus::{Array, Complex, Val, jacfwd_holomorphic, jit};
/// let f = jit(jacfwd_holomorphic(|z: &Val| z * z));
/// assert_eq!(f(&Array::from([Complex::new(1.0f32, 2.0)]))?, Array::from([[Complex::new(2.0f32, 4.0)]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn jacfwd_holomorphic<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, Pairs<S::Out, S::First>>
where
    S: Reads<First: Traced, Out: Traced>,
{
    let (op, place) = ("jacfwd_holomorphic", gradus_ir::trace::current_place());
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("jacfwd_holomorphic", place, || {
            jacobian(op, Numbers::Holomorphic, place, Inner::jacobian_forward, f, p)
        })
    })
}

/// [`jacrev`] of a holomorphic function: complex derivatives of complex results by complex numbers.
///
/// ```
/// use gradus::{Array, Complex, Val, jacrev_holomorphic, jit};
/// let f = jit(jacrev_holomorphic(|z: &Val| z * z));
/// assert_eq!(f(&Array::from([Complex::new(1.0f32, 2.0)]))?, Array::from([[Complex::new(2.0f32, 4.0)]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn jacrev_holomorphic<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, Pairs<S::Out, S::First>>
where
    S: Reads<First: Traced, Out: Traced>,
{
    let (op, place) = ("jacrev_holomorphic", gradus_ir::trace::current_place());
    S::wrap(f.share(), move |f, p| {
        gradus_ir::trace::called_at("jacrev_holomorphic", place, || {
            jacobian(op, Numbers::Holomorphic, place, Inner::jacobian_reverse, f, p)
        })
    })
}

/// Keeps the calls of `f` as calls of one shared Program, traced, transformed and compiled once.
#[track_caller]
pub fn outline<'f, S: ReadsTrees, F: Function<'f, S>>(f: F) -> Returning<'f, S, S::Out> {
    let (name, place, cache) =
        (engine::function_name::<F>(), gradus_ir::trace::current_place(), Cache::default());
    S::wrap_all(f.share(), move |f, args| {
        gradus_ir::trace::called_at("outline", place, || {
            let call = |vals: &[Val]| (vec![], f(&refill(args, vals)));
            outlined(&cache, name, place, &[args], &values(args), 0, &call).1
        })
    })
}

/// `f(primals)` and its derivative along `tangents`.
///
/// Several parameters are one tuple: `jvp(|(x, y)| .., &(x, y), &(dx, dy))`.
///
/// ```
/// use gradus::{Array, Val, jit, jvp};
/// let y = jit(|x: &Val| jvp(|x: &Val| x * x, x, &Val::from(1.0)).1)(&Array::from(3.0f32))?;
/// assert_eq!(y, Array::from(6.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn jvp<P: Traced, R: Traced>(f: impl Fn(&P) -> R, primals: &P, tangents: &P) -> (R, R) {
    crate::val::at_caller("jvp", || {
        let place = gradus_ir::trace::current_place();
        let args = values(primals);
        let (inner, out) = traced("jvp", place, Order::More(1), &f, primals);
        let pushed =
            inner.and_then(|inner| inner.jvp(place, &args, &tree_like("jvp", place, primals, tangents)?));
        match pushed {
            Ok((y, dy)) => (refill(&out, &y), refill(&out, &dy)),
            Err(error) => {
                let v = engine::refuse(error);
                (all(&out, v), all(&out, v))
            }
        }
    })
}

/// A function that `vjp` or `linearize` returns. It borrows nothing of what it was made from.
pub type Linear<A, B> = Box<dyn Fn(&A) -> B + Send + Sync>;

/// `f(primals)`, and the function from a cotangent of the result to one of `primals`.
///
/// ```
/// use gradus::{Array, Val, jit, vjp};
/// let y = jit(|x: &Val| vjp(|x: &Val| x * x, x).1(&Val::from(1.0)))(&Array::from(3.0f32))?;
/// assert_eq!(y, Array::from(6.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn vjp<P: Traced, R: Traced>(f: impl Fn(&P) -> R, primals: &P) -> (R, Linear<R, P>) {
    crate::val::at_caller("vjp", || -> (R, Linear<R, P>) {
        let place = gradus_ir::trace::current_place();
        let (inner, out) = traced("vjp", place, KEPT, &f, primals);
        let like = primals.copy();
        match inner.map(|inner| inner.linearize(&values(primals))) {
            Ok((y, derivative)) => {
                let y = refill(&out, &y);
                let result = y.copy();
                let pull = move |ct: &R| {
                    let pulled = tree_like("vjp", place, &result, ct)
                        .and_then(|ct| derivative.pull("vjp", place, &ct));
                    filled(&like, pulled)
                };
                (y, Box::new(pull))
            }
            Err(error) => {
                let v = engine::refuse(error);
                (all(&out, v), Box::new(move |_| all(&like, v)))
            }
        }
    })
}

/// `f(primals)`, and its derivative there as a function of tangents.
///
/// ```
/// use gradus::{Array, Val, jit, linearize};
/// let y = jit(|x: &Val| linearize(|x: &Val| x * x, x).1(&Val::from(2.0)))(&Array::from(3.0f32))?;
/// assert_eq!(y, Array::from(12.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn linearize<P: Traced, R: Traced>(f: impl Fn(&P) -> R, primals: &P) -> (R, Linear<P, R>) {
    crate::val::at_caller("linearize", || -> (R, Linear<P, R>) {
        let place = gradus_ir::trace::current_place();
        let (inner, out) = traced("linearize", place, KEPT, &f, primals);
        match inner.map(|inner| inner.linearize(&values(primals))) {
            Ok((y, derivative)) => {
                let (y, like) = (refill(&out, &y), primals.copy());
                let result = y.copy();
                let push = move |t: &P| {
                    let pushed =
                        tree_like("linearize", place, &like, t).and_then(|t| derivative.push(place, &t));
                    filled(&result, pushed)
                };
                (y, Box::new(push))
            }
            Err(error) => {
                let v = engine::refuse(error);
                (all(&out, v), Box::new(move |_| all(&out, v)))
            }
        }
    })
}

/// The transpose of `f`, which must be linear: from a cotangent of its result to one of `primals`, whose values do not
/// matter.
///
/// ```
/// use gradus::{Array, Val, jit, linear_transpose};
/// let f = jit(|ct: &Val| linear_transpose(|x: &Val| x.sum() * 3.0, &Val::from(&Array::from([0.0f32, 0.0])))(ct));
/// assert_eq!(f(&Array::from(2.0f32))?, Array::from([6.0f32, 6.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if the derivative of `f` depends on where it is taken.
#[track_caller]
pub fn linear_transpose<P: Traced, R: Traced>(f: impl Fn(&P) -> R, primals: &P) -> Linear<R, P> {
    crate::val::at_caller("linear_transpose", || -> Linear<R, P> {
        let (op, place) = ("linear_transpose", gradus_ir::trace::current_place());
        let (inner, out) = traced(op, place, KEPT, &f, primals);
        let like = primals.copy();
        let transposed = inner.and_then(|inner| {
            let all = vec![true; inner.arg_types().len()];
            check_differentiable(op, place, &values(primals), &all, || primals.paths())?;
            inner.linear(op, place)
        });
        match transposed {
            Ok(derivative) => Box::new(move |ct: &R| {
                let pulled = tree_like(op, place, &out, ct).and_then(|ct| derivative.pull(op, place, &ct));
                filled(&like, pulled)
            }),
            Err(error) => {
                let v = engine::refuse(error);
                Box::new(move |_| all(&like, v))
            }
        }
    })
}

/// The same values, through which no derivative flows.
///
/// ```
/// use gradus::{Array, Val, grad, jit, stop_gradient};
/// let y = jit(|x: &Val| grad(|x: &Val| x * stop_gradient(x))(x))(&Array::from(3.0f32))?;
/// assert_eq!(y, Array::from(3.0f32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn stop_gradient<T: Traced>(tree: &T) -> T {
    crate::val::at_caller("stop_gradient", || tree.map(|v| engine::stop_gradient(*v)))
}

/// A derivative that is a function may be differentiated by what it is called with, too.
const KEPT: Order = Order::More(2);

pub(crate) const RAN: &str = "internal: a function that was traced ran to its end";

/// Traces `f` on the leaves of `p`; the tree's values belong to that trace.
fn traced<P: Traced, R: Traced>(
    op: &'static str,
    place: SourceLocation,
    order: Order,
    f: &dyn Fn(&P) -> R,
    p: &P,
) -> (Result<Inner>, R) {
    let mut result = None;
    let inner = Inner::trace(place, &values(p), order, &mut |x| {
        let out = f(&refill(p, x));
        let vals = values(&out);
        result = Some(out);
        vals
    });
    (inner.map_err(|e| within(e, op, place)), result.expect(RAN))
}

/// By which leaves of `p` derivatives are taken: not by buffers.
fn parameters<P: Traced>(p: &P) -> Vec<bool> {
    p.kinds().into_iter().map(|kind| kind == LeafKind::Parameter).collect()
}

/// The result of `f`, whose first leaf is the loss, and the gradient of that leaf.
fn differentiate<P: Traced, R: Traced>(
    numbers: Numbers,
    place: SourceLocation,
    f: &dyn Fn(&P) -> R,
    p: &P,
) -> (R, P) {
    let op = if numbers == Numbers::Real { "grad" } else { "grad_holomorphic" };
    let args = values(p);
    let (inner, out) = traced(op, place, Order::More(1), f, p);
    let both = inner.and_then(|inner| {
        let wrt = parameters(p);
        check_differentiable(op, place, &args, &wrt, || p.paths())?;
        if numbers == Numbers::Holomorphic {
            check_jacobian(op, place, numbers, inner.arg_types(), &[])?;
        }
        inner.value_and_grad(numbers, place, &args, &wrt)
    });
    match both {
        Ok((y, g)) => (refill(&out, &y), refill(p, &g)),
        Err(error) => {
            let v = engine::refuse(error);
            (all(&out, v), all(p, v))
        }
    }
}

/// The engine's way to all derivatives of all results: values, then a row of blocks for each result.
type Blocks = fn(&Inner, &[Val], &[bool]) -> (Vec<Val>, Vec<Vec<Val>>);

fn jacobian<P: Traced, R: Traced>(
    op: &'static str,
    numbers: Numbers,
    place: SourceLocation,
    blocks: Blocks,
    f: &dyn Fn(&P) -> R,
    p: &P,
) -> Pairs<R, P> {
    let args = values(p);
    let (inner, out) = traced(op, place, Order::More(1), f, p);
    let found = inner.and_then(|inner| {
        let wrt = parameters(p);
        check_differentiable(op, place, &args, &wrt, || p.paths())?;
        check_jacobian(op, place, numbers, inner.arg_types(), &inner.program.result_types())?;
        Ok(blocks(&inner, &args, &wrt).1)
    });
    match found {
        Ok(rows) => {
            let mut rows = rows.iter();
            out.map_leaves(&mut |_| refill(p, rows.next().expect("internal: a row for each result")))
        }
        Err(error) => {
            let v = engine::refuse(error);
            out.map_leaves(&mut |_| all(p, v))
        }
    }
}

/// The leaves of `tree`, which must be of the structure of `like`.
pub(crate) fn tree_like<T: Traced>(
    op: &'static str,
    place: SourceLocation,
    like: &T,
    tree: &T,
) -> Result<Vec<Val>> {
    let mut vals = vec![];
    match Tree::<Val>::zip_leaves::<Val, ()>(like, tree, &mut |_, v| vals.push(*v)) {
        Ok(_) => Ok(vals),
        Err(mismatch) => Err(differing(op, place, &mismatch)),
    }
}

fn differing(op: &'static str, place: SourceLocation, mismatch: &Mismatch) -> Error {
    Error::new(op, ErrorKind::invalid(mismatch.to_string()), place)
}

pub(crate) fn axes_of<X, A: Axes<X>>(axes: &A, x: &X, place: SourceLocation) -> Result<Vec<Option<i64>>> {
    let mut all = vec![];
    axes.axes(x, &mut all).map_err(|mismatch| {
        let message = format!("the axes are of another structure than what they belong to: {mismatch}");
        Error::new("vmap", ErrorKind::invalid(message), place)
    })?;
    Ok(all)
}

/// An error from inside a transform, which was made at `place`.
pub(crate) fn within(error: Error, op: &'static str, place: SourceLocation) -> Error {
    error.with_note(format!("inside `{op}`, made"), place)
}

/// A tree like `like`, from a list or poisoned.
fn filled<T: Traced>(like: &T, vals: Result<Vec<Val>>) -> T {
    match vals {
        Ok(vals) => refill(like, &vals),
        Err(error) => all(like, engine::refuse(error)),
    }
}

/// A tree like `like` whose every leaf is `v`.
pub(crate) fn all<T: Traced>(like: &T, v: Val) -> T {
    like.map(|_| v)
}

/// The leaves of a tree of data, which must be of the structure of `like`.
///
/// # Errors
/// Where they differ.
pub(crate) fn tree_like_data<T: Tree<Type>>(
    like: &T,
    tree: &<T as Tree<Type>>::With<Array>,
) -> std::result::Result<Vec<Array>, String> {
    let mut data = vec![];
    let zipped = like.zip_leaves::<Array, ()>(tree, &mut |_, array| data.push(array.clone()));
    zipped.map(|_| data).map_err(|mismatch| mismatch.to_string())
}
