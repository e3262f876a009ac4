//! Transformations of functions, nested.

use super::{Found, many};
use crate::manifest::Params;
use gradus::{
    Val, Vmap, all_gather, axis_index, grad, hessian, jacfwd, jacrev, jet, jvp, linearize, pmax, pmean,
    ppermute, psum, stack, value_and_grad, value_and_grad_aux, vjp, vmap, vmap_axes,
};

pub(super) fn find(op: &str, _: &Params) -> Found {
    let f: fn(&[Val]) -> Vec<Val> = match op {
        "transform.grad" => |a| vec![grad(|v: &Val| (v.sin() * v.square()).sum())(&a[0])],
        "transform.value_and_grad" => |a| {
            let (y, g) = value_and_grad(|v: &Val| v.tanh().square().sum())(&a[0]);
            vec![y, g]
        },
        "transform.grad_grad" => |a| {
            let inner = |v: &Val| grad(|u: &Val| u.pow(4).sum())(v).square().sum();
            vec![grad(inner)(&a[0])]
        },
        "transform.jacfwd" => |a| vec![jacfwd(|v: &Val| v.sin() * v.sum())(&a[0])],
        "transform.jacrev" => |a| vec![jacrev(|v: &Val| v.outer(v.cos()))(&a[0])],
        "transform.hessian" => |a| vec![hessian(|v: &Val| v.prod() + v.exp().sum())(&a[0])],
        "transform.vmap_grad" => |a| vec![vmap(grad(|v: &Val| v.sin() * v.exp()))(&a[0])],
        "transform.grad_vmap" => |a| {
            let f = |v: &Val| vmap(|u: &Val| u * u.sum())(v).sum();
            vec![grad(f)(&a[0])]
        },
        "transform.vmap_vmap" => |a| {
            let x = a[0];
            vec![vmap(move |r: &Val| {
                let r = *r;
                vmap(move |c: &Val| r.dot(c))(&x)
            })(&x)]
        },
        "transform.vmap_outaxes" => |a| {
            let f = |v: &Val| stack([*v, v * v], 0);
            vec![vmap_axes(f, (1,), 2)(&a[0])]
        },
        "transform.linearize" => |a| {
            let (_, push) = linearize(|v: &Val| v.sin() * v, &a[0]);
            vec![push(&a[0].ones_like())]
        },
        "transform.jvp_of_vjp" => |a| {
            let pulled = |v: &Val| vjp(|u: &Val| u.tanh(), v).1(&v.ones_like());
            let (y, dy) = jvp(pulled, &a[0], &a[0].ones_like());
            vec![y, dy]
        },
        "transform.vmap_axis_name" => |a| {
            let share = |v: &Val| v / psum(v, "i") + axis_index("i");
            vec![Vmap::default().name("i").of(share)(&a[0])]
        },
        "transform.vmap_collectives" => |a| {
            let n = a[0].shape()[0];
            let f = move |v: &Val| {
                let next: Vec<(usize, usize)> = (0..n).map(|j| (j, (j + 1) % n)).collect();
                vec![pmean(v, "i"), pmax(v, "i"), all_gather(v, "i"), ppermute(v, "i", &next)]
            };
            Vmap::default().name("i").of(f)(&a[0])
        },
        "transform.linear_transpose" => |a| {
            let f = |v: &Val| v.cumsum(0).slice(gradus::s![..;2]) * 3.0;
            vec![gradus::linear_transpose(f, &gradus::zeros(2 * a[0].size(), a[0].dtype()))(&a[0])]
        },
        "transform.jet5" => |a| {
            let series = [a[0].ones_like(), a[0].zeros_like(), a[0].zeros_like()];
            let (y, dy) = jet(|x: &Val| x.sin(), &a[0], &series);
            std::iter::once(y).chain(dy).collect()
        },
        "transform.third_derivative" => |a| vec![vmap(grad(grad(grad(|x: &Val| x.sin()))))(&a[0])],
        "transform.grad_has_aux" => |a| {
            let f = |v: &Val| (v.pow(3).sum(), v * 2);
            let ((_, aux), g) = value_and_grad_aux(f)(&a[0]);
            vec![g, aux]
        },
        "transform.ravel_pytree" => |a| {
            let x = a[0];
            vec![gradus::concatenate([x * 2, x.sum(), x].map(Val::ravel), 0)]
        },
        _ => return None,
    };
    many(f)
}
