//! Iterative solvers of linear systems, whose matrices are functions: conjugate gradients and other methods of Krylov.
//!
//! Each runs as a loop on lists of values and is the solver of a `custom_linear_solve`: no step is differentiated.

use crate::engine::{refill, values};
use crate::transforms::{all, tree_like};
use crate::val::promote::{Promoted, promote};
use crate::{
    Dtype, Error, Traced, TransposeSolve, Val, custom_linear_solve, engine, eye, where_, while_loop, zeros,
};
use gradus_ir::{ErrorKind, SourceLocation};

/// A linear function on lists.
type Linear<'a> = &'a dyn Fn(&[Val]) -> Vec<Val>;

/// How an iterative solver runs. `Krylov::default()` is what [`cg`], [`bicgstab`] and [`gmres`] use.
///
/// ```
/// use gradus::linalg::Krylov;
/// use gradus::{Array, Val, jit};
/// let f = jit(|a: &Val, b: &Val| {
///     let jacobi = |x: &Val| x / a.diagonal(0);
///     Krylov { tol: 1e-6, m: Some(&jacobi), ..Krylov::default() }.cg(|x: &Val| a.dot(x), b)
/// });
/// let x = f(&Array::from([[4.0f32, 1.0], [1.0, 3.0]]), &Array::from([1.0f32, 2.0]))?;
/// assert!((x.to_vec::<f32>()?[0] - 1.0 / 11.0).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Krylov<'a, X> {
    /// Where it starts; zeros if there is none.
    pub x0: Option<&'a X>,
    /// It ends when the residual is at most this part of the right side, or at most `atol`.
    pub tol: f64,
    /// See `tol`.
    pub atol: f64,
    /// The most steps, of [`gmres`] rebuilt spaces; ten times the number of unknowns if there is none.
    pub maxiter: Option<usize>,
    /// A preconditioner: a linear function near the inverse of the matrix, for [`cg`] positive definite.
    pub m: Option<&'a dyn Fn(&X) -> X>,
    /// The most vectors that [`gmres`] builds a space of before it begins again.
    pub restart: usize,
}

impl<X> Default for Krylov<'_, X> {
    fn default() -> Self {
        Krylov { x0: None, tol: 1e-5, atol: 0.0, maxiter: None, m: None, restart: 20 }
    }
}

/// The solution of `a(x) = b` by conjugate gradients, for a linear function `a`, Hermitian and positive definite.
///
/// Differentiable by `b` and by what `a` captures, as [`custom_linear_solve`] is. `b` may be any tree. As
/// `jax.scipy.sparse.linalg.cg`; see [`Krylov`] for its options.
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val, b: &Val| linalg::cg(|x: &Val| a.dot(x), b));
/// let x = f(&Array::from([[4.0f32, 1.0], [1.0, 3.0]]), &Array::from([1.0f32, 2.0]))?;
/// assert!((x.to_vec::<f32>()?[1] - 7.0 / 11.0).abs() < 1e-6);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn cg<X: Traced>(a: impl Fn(&X) -> X, b: &X) -> X {
    Krylov::default().cg(a, b)
}

/// The solution of `a(x) = b` by stabilised biconjugate gradients, for any linear function `a` that has an inverse. See
/// [`cg`].
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val, b: &Val| linalg::bicgstab(|x: &Val| a.dot(x), b));
/// let x = f(&Array::from([[4.0f32, 1.0], [0.0, 2.0]]), &Array::from([9.0f32, 2.0]))?;
/// assert!((x.to_vec::<f32>()?[0] - 2.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn bicgstab<X: Traced>(a: impl Fn(&X) -> X, b: &X) -> X {
    Krylov::default().bicgstab(a, b)
}

/// The solution of `a(x) = b` by generalised minimal residuals, for any linear function `a` that has an inverse. See
/// [`cg`].
///
/// ```
/// use gradus::{Array, Val, jit, linalg};
/// let f = jit(|a: &Val, b: &Val| linalg::gmres(|x: &Val| a.dot(x), b));
/// let x = f(&Array::from([[4.0f32, 1.0], [0.0, 2.0]]), &Array::from([9.0f32, 2.0]))?;
/// assert!((x.to_vec::<f32>()?[0] - 2.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn gmres<X: Traced>(a: impl Fn(&X) -> X, b: &X) -> X {
    Krylov::default().gmres(a, b)
}

/// What a method gets.
struct System<'a> {
    a: Linear<'a>,
    m: Option<Linear<'a>>,
    b: &'a [Val],
    x0: &'a [Val],
    tol: f64,
    atol: f64,
    maxiter: i64,
    restart: usize,
}

impl<X: Traced> Krylov<'_, X> {
    /// See [`cg`].
    #[track_caller]
    pub fn cg(&self, a: impl Fn(&X) -> X, b: &X) -> X {
        crate::val::at_caller("cg", || {
            self.run("cg", gradus_ir::trace::current_place(), &a, b, conjugate_gradients)
        })
    }
    /// See [`bicgstab`].
    #[track_caller]
    pub fn bicgstab(&self, a: impl Fn(&X) -> X, b: &X) -> X {
        crate::val::at_caller("bicgstab", || {
            self.run("bicgstab", gradus_ir::trace::current_place(), &a, b, stabilised)
        })
    }
    /// See [`gmres`].
    #[track_caller]
    pub fn gmres(&self, a: impl Fn(&X) -> X, b: &X) -> X {
        crate::val::at_caller("gmres", || {
            self.run("gmres", gradus_ir::trace::current_place(), &a, b, minimal_residuals)
        })
    }

    fn run(
        &self,
        op: &'static str,
        place: SourceLocation,
        a: &dyn Fn(&X) -> X,
        b: &X,
        method: fn(&System<'_>) -> Vec<Val>,
    ) -> X {
        let (x0, size) = match self.checked(op, place, b) {
            Ok(both) => both,
            Err(error) => return all(b, engine::refuse(error)),
        };
        let maxiter = self.maxiter.unwrap_or(size.saturating_mul(10));
        let solve = |a: &dyn Fn(&X) -> X, right: X| {
            let flat = |f: &dyn Fn(&X) -> X, x: &[Val]| values(&f(&refill(b, x)));
            let m = self.m.map(|m| move |x: &[Val]| flat(m, x));
            let system = System {
                a: &|x| flat(a, x),
                m: m.as_ref().map(|m| -> Linear<'_> { m }),
                b: &values(&right),
                x0: &x0,
                tol: self.tol,
                atol: self.atol,
                maxiter: i64::from(i32::try_from(maxiter).unwrap_or(i32::MAX)),
                restart: self.restart.min(size),
            };
            refill(b, &method(&system))
        };
        let real = values(b).iter().all(|v| !v.is_complex());
        let symmetric = op == "cg" && real;
        let transposed = if symmetric { TransposeSolve::Symmetric } else { TransposeSolve::By(&solve) };
        gradus_ir::trace::at_place(place, || custom_linear_solve(b.copy(), a, solve, transposed))
    }

    /// The first values, and how many unknowns there are.
    fn checked(&self, op: &'static str, place: SourceLocation, b: &X) -> Result<(Vec<Val>, usize), Error> {
        let refused = |message: String| Error::new(op, ErrorKind::invalid(message), place);
        let right = values(b);
        let size = right.iter().map(|v| v.size()).sum();
        if op == "gmres" && self.restart == 0 {
            return Err(refused("`restart` is 0; it must be at least 1".into()));
        }
        let Some(x0) = self.x0 else {
            return Ok((right.iter().map(|v| v.zeros_like()).collect(), size));
        };
        let first = tree_like(op, place, b, x0)?;
        let differs = first.iter().zip(&right).position(|(x, b)| x.ty() != b.ty());
        match differs {
            Some(i) => {
                let (x, b) = (first[i].ty(), right[i].ty());
                Err(refused(format!(
                    "leaf {i} of `x0` is {x}, but that of the right side is {b}; they must agree"
                )))
            }
            None => Ok((first, size)),
        }
    }
}

impl System<'_> {
    fn preconditioned(&self, x: &[Val]) -> Vec<Val> {
        self.m.map_or_else(|| x.to_vec(), |m| m(x))
    }
    /// b - A · x.
    fn residual(&self, x: &[Val]) -> Vec<Val> {
        plus(self.b, -1.0, &(self.a)(x))
    }
    /// The square of the length at which a residual is small enough.
    fn small(&self) -> Val {
        (squares(self.b) * (self.tol * self.tol)).max(self.atol * self.atol)
    }
}

/// x + factor · y, each leaf in its own element type.
fn plus(x: &[Val], factor: impl Into<Val>, y: &[Val]) -> Vec<Val> {
    let factor = factor.into();
    let one = |(x, y): (&Val, &Val)| {
        let factor = if factor.is_weak() { factor } else { factor.astype(x.dtype()) };
        *x + factor * *y
    };
    x.iter().zip(y).map(one).collect()
}

/// x where `which` holds, else y.
fn choose(which: Val, x: &[Val], y: &[Val]) -> Vec<Val> {
    x.iter().zip(y).map(|(x, y)| where_(which, *x, *y)).collect()
}

/// Σ conj(x) · y over all leaves.
fn product(x: &[Val], y: &[Val]) -> Val {
    sum(x.iter().zip(y).map(|(x, y)| (x.conj() * *y).sum()))
}

/// The real part of [`product`].
fn real_product(x: &[Val], y: &[Val]) -> Val {
    sum(x.iter().zip(y).map(|(x, y)| match x.is_complex() {
        true => (x.real() * y.real() + x.imag() * y.imag()).sum(),
        false => (*x * *y).sum(),
    }))
}

fn squares(x: &[Val]) -> Val {
    real_product(x, x)
}

fn sum(terms: impl Iterator<Item = Val>) -> Val {
    terms.reduce(|a, b| a + b).unwrap_or_else(|| Val::from(0.0))
}

/// Hestenes and Stiefel, "Methods of conjugate gradients for solving linear systems" (1952).
fn conjugate_gradients(system: &System<'_>) -> Vec<Val> {
    let small = system.small();
    let r = system.residual(system.x0);
    let z = system.preconditioned(&r);
    let gamma = real_product(&r, &z);
    let first = (system.x0.to_vec(), r, gamma, z, Val::from(0));
    let goes_on = |(_, r, gamma, _, k): (Vec<Val>, Vec<Val>, Val, Vec<Val>, Val)| {
        let size = if system.m.is_some() { squares(&r) } else { gamma };
        size.gt(small) & k.lt(system.maxiter)
    };
    let step = |(x, r, gamma, p, k): (Vec<Val>, Vec<Val>, Val, Vec<Val>, Val)| {
        let ap = (system.a)(&p);
        let alpha = gamma / real_product(&p, &ap);
        let (x, r) = (plus(&x, alpha, &p), plus(&r, -alpha, &ap));
        let z = system.preconditioned(&r);
        let next = real_product(&r, &z);
        let p = plus(&z, next / gamma, &p);
        (x, r, next, p, k + 1)
    };
    while_loop(first, goes_on, step).0
}

/// The vectors, the scalars alpha, omega and rho, and the step.
type Stabilised = ([Vec<Val>; 4], [Val; 3], Val);

/// Van der Vorst, "Bi-CGSTAB: a fast and smoothly converging variant of Bi-CG" (1992), preconditioned on the right.
fn stabilised(system: &System<'_>) -> Vec<Val> {
    let small = system.small();
    let r = system.residual(system.x0);
    let shadow = r.clone();
    let one = product(&r, &r).ones_like();
    let first: Stabilised = ([system.x0.to_vec(), r.clone(), r.clone(), r], [one, one, one], Val::from(0));
    // The number of steps is negative when a divisor vanished.
    let goes_on = |([_, r, ..], _, k): Stabilised| squares(&r).gt(small) & k.lt(system.maxiter) & k.ge(0);
    let step = |([x, r, p, q], [alpha, omega, rho], k): Stabilised| {
        let next = product(&shadow, &r);
        let beta = where_(k.eq(0), 0.0, next / rho * alpha / omega);
        let p = plus(&r, beta, &plus(&p, -omega, &q));
        let p_hat = system.preconditioned(&p);
        let q = (system.a)(&p_hat);
        let alpha = next / product(&shadow, &q);
        let s = plus(&r, -alpha, &q);
        let halfway = plus(&x, alpha, &p_hat);
        let is_done = squares(&s).le(small);
        let s_hat = system.preconditioned(&s);
        let t = (system.a)(&s_hat);
        let omega = product(&t, &s) / product(&t, &t);
        let x = choose(is_done, &halfway, &plus(&halfway, omega, &s_hat));
        let r = choose(is_done, &s, &plus(&s, -omega, &t));
        let broken = next.eq(0) | alpha.eq(0) | (omega.eq(0) & is_done.logical_not());
        ([x, r, p, q], [alpha, omega, next], where_(broken, -1, k + 1))
    };
    let ([x, ..], ..) = while_loop(first, goes_on, step);
    x
}

/// The space that one round of minimal residuals builds: an orthonormal basis, along a leading axis of each leaf, and
/// the triangular factor of the matrix in it.
#[derive(Clone)]
struct Space {
    basis: Vec<Val>,
    /// Column j of R is row j.
    columns: Val,
    /// The rotations so far, as pairs c, s.
    rotations: Val,
    /// The rotated right side; its element j is the residual.
    right: Val,
}

type Round = (Vec<Val>, Val, Val, Val, Val);

impl Space {
    fn from(state: Round) -> (Space, Val) {
        let (basis, columns, rotations, right, j) = state;
        (Space { basis, columns, rotations, right }, j)
    }
    fn into(self, j: Val) -> Round {
        (self.basis, self.columns, self.rotations, self.right, j)
    }
    /// The space of no vectors but the residual's.
    fn new(system: &System<'_>, residual: &[Val], length: Val, dtype: Dtype) -> Space {
        let n = system.restart;
        let basis = residual.iter().map(|r| {
            let unit = divided(*r, length);
            let shape: Vec<usize> = [n].into_iter().chain(r.shape()).collect();
            crate::concatenate([unit.expand_dims(0), zeros(shape, r.dtype())], 0)
        });
        let identity = crate::concatenate([crate::ones([n, 1], dtype), zeros([n, 1], dtype)], 1);
        Space {
            basis: basis.collect(),
            columns: eye(n, dtype),
            rotations: identity,
            right: zeros([n + 1], dtype).set_at(crate::s![0], length.astype(dtype)),
        }
    }
    /// The length of the residual after `j` vectors.
    fn error(&self, j: Val) -> Val {
        self.right.dynamic_index_in_dim(j, 0).abs()
    }
    /// Arnoldi's step: one vector more.
    fn grown(self, system: &System<'_>, j: Val) -> Space {
        let Space { basis, columns, rotations, right } = self;
        let dtype = right.dtype();
        let last: Vec<Val> = basis.iter().map(|v| v.dynamic_index_in_dim(j, 0)).collect();
        let w = system.preconditioned(&(system.a)(&last));
        let before = squares(&w).sqrt();
        // Twice is enough: Giraud, Langou, Rozloznik (2005).
        let (w, h1) = orthogonal(&basis, &w, dtype);
        let (w, h2) = orthogonal(&basis, &w, dtype);
        let length = squares(&w).sqrt();
        // What is left of a vector that lies in the space already is rounding.
        let length = where_(length.gt(before * super::epsilon(dtype)), length, 0.0);
        let basis = basis
            .iter()
            .zip(&w)
            .map(|(basis, w)| basis.dynamic_update_index_in_dim(divided(*w, length), j + 1, 0));
        let basis = basis.collect();
        let h = (h1 + h2).dynamic_update_index_in_dim(length.astype(dtype), j + 1, 0);
        let rotated = crate::fori_loop(0, system.restart as i64, h, |i, h| {
            let rotation = rotations.dynamic_index_in_dim(i, 0);
            rotate(h, i, rotation)
        });
        let (a, b) = (rotated.dynamic_index_in_dim(j, 0), rotated.dynamic_index_in_dim(j + 1, 0));
        let size = squares(&[a, b]).sqrt();
        let is_zero = size.eq(0);
        let divisor = where_(is_zero, 1.0, size).astype(dtype);
        let rotation = crate::stack([where_(is_zero, 1.0, a / divisor), b / divisor], 0);
        let column = rotate(rotated, j, rotation).slice(crate::s![..system.restart as i64]);
        Space {
            basis,
            columns: columns.dynamic_update_index_in_dim(column, j, 0),
            rotations: rotations.dynamic_update_index_in_dim(rotation, j, 0),
            right: rotate(right, j, rotation),
        }
    }
    /// The combination of the first `j` vectors whose residual is the least.
    fn best(&self, j: Val) -> Vec<Val> {
        let n = self.columns.shape()[0];
        let used = crate::arange(n).lt(j);
        let upper = self.columns.swapaxes(0, 1);
        // A vector that the matrix takes to zero is left out.
        let used = used & upper.diagonal(0).ne(0);
        let upper = where_(used.expand_dims(0), upper, eye(n, upper.dtype()));
        let right = where_(used, self.right.slice(crate::s![..n as i64]), 0.0);
        let factors = super::solve_triangular(upper, right, super::Triangle::Upper, super::Transposed::No);
        let factors = crate::concatenate([factors, zeros([1], factors.dtype())], 0);
        let combined = |v: &Val| {
            let (shape, dtype) = (v.shape(), v.dtype());
            let rows = v.reshape([n as i64 + 1, -1]);
            factors.astype(dtype).dot(rows).reshape(shape[1..].to_vec())
        };
        self.basis.iter().map(combined).collect()
    }
}

/// The rotation of elements `i` and `i + 1` that takes the pair of which it was made to (r, 0).
fn rotate(h: Val, i: Val, rotation: Val) -> Val {
    let (c, s) = (rotation.at(0), rotation.at(1));
    let (a, b) = (h.dynamic_index_in_dim(i, 0), h.dynamic_index_in_dim(i + 1, 0));
    let h = h.dynamic_update_index_in_dim(c.conj() * a + s * b, i, 0);
    h.dynamic_update_index_in_dim(c * b - s * a, i + 1, 0)
}

/// x / length, zeros if the length is zero.
fn divided(x: Val, length: Val) -> Val {
    let is_zero = length.eq(0);
    let divisor = where_(is_zero, 1.0, length).astype(x.dtype());
    where_(is_zero, 0.0, x / divisor)
}

/// The part of `w` orthogonal to the basis, and the factors of the rest.
fn orthogonal(basis: &[Val], w: &[Val], dtype: Dtype) -> (Vec<Val>, Val) {
    let rows = |v: &Val| v.reshape([v.shape()[0] as i64, -1]);
    let h = sum(basis.iter().zip(w).map(|(v, w)| rows(v).conj().dot(w.ravel()).astype(dtype)));
    let left = basis.iter().zip(w).map(|(v, w)| *w - h.astype(w.dtype()).dot(rows(v)).reshape(w.shape()));
    (left.collect(), h)
}

/// Saad and Schultz, "GMRES: a generalized minimal residual algorithm" (1986), with rotations of Givens,
/// preconditioned on the left.
fn minimal_residuals(system: &System<'_>) -> Vec<Val> {
    if system.restart == 0 {
        return system.x0.to_vec();
    }
    let of = |v: &Val| Promoted { dtype: v.dtype(), weak: false };
    let dtype = system.b.iter().map(of).reduce(promote).map_or(Dtype::F32, |met| met.dtype);
    let dtype = super::wide(dtype);
    // The part of the preconditioned right side that is the part `tol` of the right side, and `atol` likewise.
    let (length, limit) = (squares(system.b).sqrt(), system.small().sqrt());
    let part = where_(length.gt(0), limit / where_(length.gt(0), length, 1.0), 1.0);
    let small = squares(&system.preconditioned(system.b)).sqrt() * part.min(1.0);
    let measured = |x: &[Val]| {
        let r = system.preconditioned(&system.residual(x));
        let length = squares(&r).sqrt();
        (r, length)
    };
    let (r, length) = measured(system.x0);
    let goes_on = |(_, _, length, k): (Vec<Val>, Vec<Val>, Val, Val)| length.gt(small) & k.lt(system.maxiter);
    let round = |(x, r, length, k): (Vec<Val>, Vec<Val>, Val, Val)| {
        let first = Space::new(system, &r, length, dtype).into(Val::from(0));
        let grows = |state: Round| {
            let (space, j) = Space::from(state);
            j.lt(system.restart as i64) & space.error(j).gt(small.astype(dtype.real()))
        };
        let grown = |state: Round| {
            let (space, j) = Space::from(state);
            space.grown(system, j).into(j + 1)
        };
        let (space, j) = Space::from(while_loop(first, grows, grown));
        let x = plus(&x, 1.0, &space.best(j));
        let (r, length) = measured(&x);
        (x, r, length, k + 1)
    };
    while_loop((system.x0.to_vec(), r, length, Val::from(0)), goes_on, round).0
}
