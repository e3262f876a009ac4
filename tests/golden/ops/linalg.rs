//! Linear algebra.

use super::{Found, many, one, three, two};
use crate::manifest::Params;
use gradus::linalg::{self, Order, Transposed, Triangle};
use gradus::{Dtype, Val, arange, concatenate, grad, hessian, jacfwd, keep, zeros};

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "linalg.cholesky" => one(|a| linalg::cholesky(a)),
        "linalg.inv" => one(|a| linalg::inv(a)),
        "linalg.det" => one(|a| linalg::det(a)),
        "linalg.slogdet" => many(|a| {
            let (sign, log) = linalg::slogdet(a[0]);
            vec![sign, log]
        }),
        "linalg.solve" => two(|a, b| linalg::solve(a, b)),
        "linalg.pinv" => one(|a| linalg::pinv(a)),
        "linalg.matrix_power" => {
            let n = params.int("n")?;
            one(move |a| linalg::matrix_power(a, n))
        }
        "linalg.lstsq" => two(|a, b| linalg::lstsq(a, b).x),
        "linalg.expm" => one(|a| linalg::expm(a)),
        "linalg.cho_solve" => two(|a, b| linalg::cho_solve((linalg::cholesky(a), Triangle::Lower), b)),
        "linalg.multi_dot" => three(|a, b, c| linalg::multi_dot(&[a, b, c])),
        "linalg.block_diag" => two(|a, b| linalg::block_diag(&[a, b])),
        "linalg.tridiagonal_solve" => two(tridiagonal),
        "linalg.matrix_rank" => one(|a| linalg::matrix_rank(a)),
        "linalg.cond" => one(|a| linalg::cond(a)),
        "linalg.gp_loglik" => two(gp_loglik),
        "lax.triangular_solve" => triangular_solve(params),
        "jnp.linalg.norm" => norm(params),
        "model.logreg_newton_step" => three(newton_step),
        "model.jacobian_det_flow" => one(jacobian_det_flow),
        _ => decompositions(op),
    }
}

fn decompositions(op: &str) -> Found {
    let f: fn(&[Val]) -> Vec<Val> = match op {
        "linalg.eigvalsh" => |a| vec![linalg::eigvalsh(a[0])],
        "linalg.eigh_reconstruct" => |a| {
            let (w, v) = linalg::eigh(a[0]);
            vec![(v * w.tanh().expand_dims(-2)).matmul(v.swapaxes(-1, -2))]
        },
        "linalg.sqrtm_psd" => |a| {
            let (w, v) = linalg::eigh(a[0]);
            vec![(v * w.sqrt()).matmul(v.transpose())]
        },
        "linalg.svdvals" => |a| vec![linalg::svdvals(a[0])],
        "linalg.svd_reconstruct" => |a| {
            let (u, s, vh) = linalg::svd(a[0]);
            vec![(u * s.log1p()).matmul(vh)]
        },
        "linalg.qr_R2" => |a| {
            let (q, r) = linalg::qr(a[0]);
            vec![q.matmul(r), r.abs()]
        },
        "linalg.qr" => |a| {
            let (q, r) = linalg::qr(a[0]);
            vec![q, r]
        },
        "linalg.svd" => |a| {
            let (u, s, vh) = linalg::svd(a[0]);
            vec![u, s, vh]
        },
        "linalg.eigh" => |a| {
            let (w, v) = linalg::eigh(a[0]);
            vec![w, v]
        },
        "linalg.lu" => |a| {
            let (p, l, u) = linalg::lu(a[0]);
            vec![p, l, u]
        },
        "linalg.lu_factor" => |a| {
            let found = linalg::lu_factor(a[0]);
            vec![found.lu, found.pivots, found.permutation]
        },
        _ => return None,
    };
    many(f)
}

fn tridiagonal(d: Val, b: Val) -> Val {
    let n = d.shape()[0];
    let zero = || zeros([1], Dtype::F32);
    let rest =
        |start: usize| Val::slice(d, [gradus::Slice::from(start as i64..(start + n - 1) as i64)]) * 0.2;
    linalg::tridiagonal_solve(concatenate([zero(), rest(1)], 0), d + 3, concatenate([rest(0), zero()], 0), b)
}

fn gp_loglik(a: Val, y: Val) -> Val {
    let l = linalg::cholesky(a);
    let quadratic = -0.5 * y.dot(linalg::cho_solve((l, Triangle::Lower), y));
    quadratic - l.diagonal(0).log().sum()
}

fn triangular_solve(params: &Params) -> Found {
    let flag = |name: &str| params.bool(name).unwrap_or(false);
    let [left_side, lower, unit] = ["left_side", "lower", "unit_diagonal"].map(flag);
    let (transpose, conjugate) = (flag("transpose_a"), flag("conjugate_a"));
    let op = if transpose { Transposed::Transpose } else { Transposed::No };
    let triangle = if lower { Triangle::Lower } else { Triangle::Upper };
    let matrix = move |a: Val| if conjugate { a.conj() } else { a };
    two(move |a, b| linalg::triangular_solve(matrix(a), b, left_side, triangle, op, unit))
}

fn norm(params: &Params) -> Found {
    let keepdims = params.bool("keepdims").unwrap_or(false);
    let order = params.get("ord").map(|ord| match (ord.as_f64(), ord.as_str()) {
        (Some(p), _) => Some(Order::P(p)),
        (None, Some("fro" | "f")) => Some(Order::Frobenius),
        (None, Some("nuc")) => Some(Order::Nuclear),
        (None, Some("inf" | "Infinity")) => Some(Order::P(f64::INFINITY)),
        (None, Some("-inf" | "-Infinity")) => Some(Order::P(f64::NEG_INFINITY)),
        _ => None,
    });
    let order = match order {
        Some(None) => return None,
        Some(order) => order,
        None => None,
    };
    let axes = params.ints("axis");
    one(move |x| {
        let axes = axes.clone().unwrap_or_else(|| (0..x.rank() as i64).collect());
        match (order, keepdims) {
            (None, false) => linalg::norm_axes(x, axes),
            (None, true) => linalg::norm_axes(x, keep(axes)),
            (Some(order), false) => linalg::norm_ord(x, order, axes),
            (Some(order), true) => linalg::norm_ord(x, order, keep(axes)),
        }
    })
}

/// One step of Newton's method for logistic regression.
fn newton_step(w: Val, x: Val, y: Val) -> Val {
    let loss = move |q: &Val| {
        let z = x.matmul(q);
        (Val::from(0.0).logaddexp(z) - y * z).mean() + 0.05 * q.dot(q)
    };
    w - linalg::solve(hessian(loss)(&w), grad(loss)(&w))
}

fn jacobian_det_flow(x: Val) -> Val {
    let flow = |v: &Val| {
        let weights = [[0.5, -0.2], [0.1, 0.4]].map(|row| concatenate(row.map(|w| full_like(v, w)), 0));
        v + 0.3 * v.matmul(gradus::stack(weights, 0)).tanh()
    };
    linalg::slogdet(jacfwd(flow)(&x)).1
}

/// One element of the type of `v`.
fn full_like(v: &Val, x: f64) -> Val {
    (arange(1).astype(v.dtype())) + x
}
