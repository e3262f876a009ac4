//! Wrong calls of control flow, transformations, solvers, callbacks and functions of trees.

use super::Wrong;
use gradus::*;

calls! {
    FUNCTIONS(x, k, a, e);
    // Control flow.
    cond: cond(x, x, |v| v, |v| v.sum()),
    switch: switch(x, x, &[&|v: Val| v, &|v: Val| v.sum()]),
    while_loop: while_loop(x, |v| v.lt(3.0), |v| v.sum()),
    fori_loop: fori_loop(x, x, x, |_, v| v.sum()),
    scan: scan(x, &x, |c, v| (c.sum(), v)),
    run: Scan { length: Some(3), ..Scan::default() }.run(x, &x, |c, v| (c.sum(), v)),
    associative_scan: associative_scan(&x, |s, t| (s + t).sum()),
    run: AssociativeScan { reverse: true, axis: a }.run(&x, |s, t| (s + t).sum()),
    map: map(|v: &Val| v * 2.0)(&x),
    map_batches: map_batches(2, |v: &Val| v * 2.0)(&x),
    // Transformations.
    grad: grad(|v: &Val| *v)(&x),
    value_and_grad: value_and_grad(|v: &Val| *v)(&x),
    value_and_grad_aux: value_and_grad_aux(|v: &Val| (*v, *v))(&x),
    grad_holomorphic: grad_holomorphic(|v: &Val| *v)(&x),
    value_and_grad_holomorphic: value_and_grad_holomorphic(|v: &Val| *v)(&x),
    jacfwd: jacfwd(|v: &Val| *v)(&x),
    jacrev: jacrev(|v: &Val| *v)(&x),
    jacfwd_holomorphic: jacfwd_holomorphic(|v: &Val| *v)(&x),
    jacrev_holomorphic: jacrev_holomorphic(|v: &Val| *v)(&x),
    hessian: hessian(|v: &Val| *v)(&x),
    jvp: jvp(|v: &Val| *v, &x, &Val::from(1)),
    vjp: vjp(|v: &Val| *v, &x).1(&x.sum()),
    linearize: linearize(|v: &Val| *v, &x).1(&x.sum()),
    linear_transpose: linear_transpose(|v: &Val| v * v, &x)(&x),
    jet: jet(|v: &Val| *v, &x, &[Val::from(1)]),
    vmap: vmap(|v: &Val| *v)(&x),
    vmap_axes: vmap_axes(|v: &Val| *v, (a,), a)(&x),
    of: Vmap::default().size(3).of(|v: &Val| *v)(&x),
    outline: outline(|v: &Val| v.sum())(&x),
    checkpoint: checkpoint(|v: &Val| v.sum())(&x),
    checkpoint_policy: checkpoint_policy(|v: &Val| v.sum(), Policy::NothingSaveable)(&x),
    checkpoint_name: checkpoint_name(&x, "name"),
    stop_gradient: stop_gradient(&x),
    custom_jvp: custom_jvp(x, |v| v, |v, dv| (v, dv.sum())),
    custom_vjp: custom_vjp(x, |v| v, |v| (v, v), |_, ct| ct.sum()),
    // Solvers.
    custom_root: custom_root(x, |v| v.sum(), |_, v| v, |f, v| f(&v)),
    custom_linear_solve: custom_linear_solve(x, |v| v.sum(), |_, v| v, TransposeSolve::Symmetric),
    cg: linalg::cg(|v: &Val| v.sum(), &x),
    bicgstab: linalg::bicgstab(|v: &Val| v.sum(), &x),
    gmres: linalg::gmres(|v: &Val| v.sum(), &x),
    // What the host does.
    debug_print: debug_print("{} {}", &x),
    debug_callback: debug_callback(&x, |_| ()),
    pure_callback: pure_callback(Type::scalar(Dtype::F32), &x, Ok::<Array, Error>),
    check: check(x, "holds", &x),
    // Trees.
    ravel: tree::ravel(&x),
    unravel: tree::unravel(&x, x),
    trace: trace(|v: &Val| *v)(&Array::from(0.0f32)),
}
