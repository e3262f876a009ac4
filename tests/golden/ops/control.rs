//! Loops and branches, and small programs made of them.

use super::{Found, many};
use crate::manifest::Params;
use gradus::{
    Dtype, Scan, Val, associative_scan, cond, fori_loop, map, scan, stack, stop_gradient, switch,
    value_and_grad, where_, while_loop, zeros,
};

/// The float type that is the default beside `x`: the wide one where the case is wide.
fn wide(x: Val) -> Dtype {
    if x.dtype() == Dtype::F64 { Dtype::F64 } else { Dtype::F32 }
}

pub(super) fn find(op: &str, params: &Params) -> Found {
    if op == "control.fori_pow" {
        let n = params.int("n");
        return many(move |a| {
            // an input if it is no parameter
            let n = n.map_or_else(|| a[1], Val::from);
            let x = a[0];
            vec![fori_loop(0, n, x.zeros_like(), |i, c: Val| c * x + i)]
        });
    }
    let f: fn(&[Val]) -> Vec<Val> = match op {
        "lax.associative_scan" => |a| {
            let (p, q) = associative_scan(&(a[0], a[1]), |(a, b), (c, d)| (a * c, c * b + d));
            vec![p, q]
        },
        "control.while_collatz" => |a| {
            let step = |(n, k): (Val, Val)| (where_((n % 2).eq(0), n.floor_divide(2), 3 * n + 1), k + 1);
            let (n, k) = while_loop((a[0], Val::from(0).astype(Dtype::I32)), |(n, _)| n.gt(1), step);
            vec![n, k]
        },
        "control.while_newton" => |a| {
            let a = a[0];
            vec![while_loop(a, |s| (s * s - a).abs().gt(1e-5), |s| 0.5 * (s + a / s))]
        },
        "control.fori_dynamic" => |a| {
            let x = a[0];
            vec![fori_loop(0, a[1], x, |_, c| c * 0.5 + x)]
        },
        "control.scan_cumsum" => |a| {
            let init = zeros(&a[0].shape()[1..], wide(a[0]));
            let (c, y) = scan(init, &a[0], |c, v| (c + v, c * v));
            vec![c, y]
        },
        "control.scan_reverse" => |a| {
            let backwards = Scan { reverse: true, ..Scan::default() };
            let (c, y) = backwards.run(a[0], &a[1], |c, v| ((c + v).tanh(), c));
            vec![c, y]
        },
        "control.scan_unroll" => |a| {
            let unrolled = Scan { unroll: 2, ..Scan::default() };
            let (c, y) = unrolled.run(a[0], &a[1], |c, v| (c.sin() * v, c + v));
            vec![c, y]
        },
        "control.scan_length" => |a| {
            let six = Scan { length: Some(6), ..Scan::default() };
            let (c, y) = six.run(a[0], &(), |c, ()| (c * 0.9 + 0.1, c));
            vec![c, y]
        },
        "control.scan_pytree" => |a| {
            let step = |(c, h): (Val, Val), v: Val| ((c * v.sigmoid() + h, (h + v).tanh()), h * v);
            let ((c, h), y) = scan((a[1], a[0]), &a[2], step);
            vec![c, h, y]
        },
        "control.scan_nested" => |a| {
            let inner = |r: Val| scan(Val::from(0.0), &r, |d, v| (d * 0.5 + v, d)).0;
            let (c, y) = scan(Val::from(0.0), &a[0], |c, r| (c + inner(r), c));
            vec![c, y]
        },
        "control.scan_zero_len" => |a| {
            let (c, y) = scan(a[0], &a[1], |c, v| (c + v.sum(), c));
            vec![c, y]
        },
        "control.cond" => |a| vec![cond(a[0].gt(0), (a[1], a[2]), |(a, b)| a.sin() * b, |(a, b)| a + b * b)],
        "control.cond_closure" => |a| {
            let x = a[0];
            vec![cond(x.sum().gt(0), (), |()| x * 2, |()| -x)]
        },
        "control.switch" => |a| vec![switch(a[0], a[1], &[&|v| v, &|v| v * v, &|v| v.exp()])],
        "control.lax_map" => |a| vec![map(|v: &Val| v.sort(0) * v.sum())(&a[0])],
        "control.scan_cond" => |a| {
            let step = |c: Val, v: Val| cond(v.gt(0), (), |()| (c + v, c), |()| (c * 0.5, v));
            let (c, y) = scan(Val::from(1.0).astype(wide(a[0])), &a[0], step);
            vec![c, y]
        },
        "control.stop_gradient" => |a| vec![stop_gradient(&a[0]) * a[1] + a[0] * a[0]],
        "control.pytree_dict" => |a| vec![a[0] * 2, a[1], a[0] + a[1]],
        "model.lstm" => |a| vec![lstm(a[0], a[1], a[2])],
        "model.gru" => |a| vec![gru(a[0], a[1], a[2])],
        "model.train_10_steps" => |a| {
            let (x, y) = (a[1], a[2]);
            let step = |p: Val, ()| {
                let (loss, g) = value_and_grad(move |q: &Val| (x.dot(q).tanh() - y).square().mean())(&p);
                (p - 0.1 * g, loss)
            };
            let (p, losses) = Scan { length: Some(10), ..Scan::default() }.run(a[0], &(), step);
            vec![p, losses]
        },
        "model.rk4_lotka" => |a| vec![fori_loop(0, 20, a[0], |_, y| rk4_step(y))],
        "model.mandelbrot" => |a| vec![mandelbrot(a[0], a[1])],
        "model.viterbi" => |a| {
            let (lp, lt) = (a[0], a[1]);
            let rest = lp.slice(gradus::s![1..]);
            let step = |d: Val, o: Val| {
                let s = d.expand_dims(1) + lt;
                (s.amax_axes(0) + o, s.argmax(0))
            };
            let (d, back) = scan(lp.at(0), &rest, step);
            vec![d, back]
        },
        _ => return None,
    };
    many(f)
}

fn lstm(wx: Val, wh: Val, x: Val) -> Val {
    let zero = zeros([wh.shape()[0]], wide(x));
    let step = |(h, c): (Val, Val), v: Val| {
        let z = (v.dot(wx) + h.dot(wh)).split(4, 0);
        let c = z[1].sigmoid() * c + z[0].sigmoid() * z[2].tanh();
        let h = z[3].sigmoid() * c.tanh();
        ((h, c), h)
    };
    scan((zero, zero), &x, step).1
}

fn gru(wx: Val, wh: Val, x: Val) -> Val {
    let n = wh.shape()[0] as i64;
    let step = |h: Val, v: Val| {
        let z = (v.dot(wx) + h.dot(wh)).slice(gradus::s![..2 * n]).sigmoid().slice(gradus::s![..n]);
        let new = (v.dot(wx).slice(gradus::s![2 * n..]) + h.dot(wh).slice(gradus::s![2 * n..])).tanh();
        let h = (1 - z) * new + z * h;
        (h, h)
    };
    scan(zeros([wh.shape()[0]], wide(x)), &x, step).1
}

fn rk4_step(y: Val) -> Val {
    let slope = |z: Val| {
        let (a, b) = (z.at(0), z.at(1));
        stack([1.1 * a - 0.4 * a * b, 0.1 * a * b - 0.4 * b], 0)
    };
    let k1 = slope(y);
    let k2 = slope(y + 0.025 * k1);
    let k3 = slope(y + 0.025 * k2);
    y + 0.05 / 6.0 * (k1 + 2 * k2 + 2 * k3 + slope(y + 0.05 * k3))
}

fn mandelbrot(cr: Val, ci: Val) -> Val {
    let count = zeros(&cr.shape()[..], Dtype::I32);
    let init = (cr.zeros_like(), cr.zeros_like(), count);
    let step = |_: Val, (r, i, n): (Val, Val, Val)| {
        let inside = (r.square() + i.square()).lt(4);
        let zr = where_(inside, r.square() - i.square() + cr, r);
        let zi = where_(inside, 2 * r * i + ci, i);
        (zr, zi, n + (zr * zr + zi * zi).lt(4))
    };
    fori_loop(0, 20, init, step).2
}
