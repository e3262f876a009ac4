//! Effects, rules and checkpoints inside of loops and branches.

use super::{first_line, near, scalar, vector};
use gradus::{
    Array, Checks, Config, Result, Val, check, checkpoint, cond, custom_jvp, custom_root, custom_vjp,
    debug_callback, fori_loop, grad, jit, scan, value_and_grad, vmap, while_loop,
};
use std::sync::{Arc, Mutex};

type Log = Arc<Mutex<Vec<f32>>>;

/// Notes the value when the program runs.
fn note(log: &Log, x: &Val) {
    let log = log.clone();
    debug_callback(x, move |x: Array| log.lock().expect("no panic").push(x.item().expect("one float")));
}
fn take(log: &Log) -> Vec<f32> {
    std::mem::take(&mut log.lock().expect("no panic"))
}

#[test]
fn effects_happen_in_every_step() -> Result<()> {
    let log = Log::default();
    let l = log.clone();
    let sum = move |xs: &Val| {
        scan(xs.sum() * 0.0, xs, |c, x| {
            note(&l, &x);
            (c + x * x, ())
        })
        .0
    };
    near(&jit(sum.clone())(&vector(&[1., 2., 3.]))?, &[14.]);
    assert_eq!(take(&log), [1., 2., 3.]);
    near(&jit(value_and_grad(sum.clone()))(&vector(&[1., 2., 3.]))?.1, &[2., 4., 6.]);
    assert_eq!(take(&log), [1., 2., 3.], "the reverse pass is silent");
    jit(vmap(sum))(&Array::from([[1f32, 2.], [3., 4.]]))?;
    assert_eq!(take(&log), [1., 3., 2., 4.], "step by step, lane by lane");
    // A loop without results that anybody reads, and what does not depend on the step.
    let l = log.clone();
    let f = jit(move |x: &Val| {
        let _ = fori_loop(0, 3, *x, |_, c| {
            note(&l, x);
            c + 1.0
        });
        *x
    });
    f(&scalar(7.))?;
    assert_eq!(take(&log), [7., 7., 7.]);
    let l = log.clone();
    let doubled = move |x: &Val| {
        while_loop(
            *x,
            |c| c.lt(10.0),
            |c| {
                note(&l, &c);
                c * 2.0
            },
        )
    };
    near(&jit(doubled.clone())(&scalar(3.))?, &[12.]);
    assert_eq!(take(&log), [3., 6.]);
    near(&jit(vmap(doubled))(&vector(&[6., 1.5, 20.]))?, &[12., 12., 20.]);
    assert_eq!(take(&log), [6., 1.5, 3., 6.], "a lane that has ended is silent");
    Ok(())
}

#[test]
fn branches_that_are_not_taken_are_silent() -> Result<()> {
    let log = Log::default();
    let l = log.clone();
    let f = move |x: &Val| {
        cond(
            x.lt(0.0),
            *x,
            |x| {
                note(&l, &x);
                -x
            },
            |x| {
                note(&l, &(x * 10.0));
                x
            },
        )
    };
    near(&jit(f.clone())(&scalar(-2.))?, &[2.]);
    assert_eq!(take(&log), [-2.]);
    near(&jit(grad(f.clone()))(&scalar(3.))?, &[1.]);
    assert_eq!(take(&log), [30.]);
    near(&jit(vmap(f))(&vector(&[1., -2., 3.]))?, &[1., 2., 3.]);
    let mut seen = take(&log);
    seen.sort_by(f32::total_cmp);
    assert_eq!(seen, [-2., 10., 30.], "each lane by its own branch");
    Ok(())
}

#[test]
fn checks_in_loops_fail_the_call_and_only_where_they_run() -> Result<()> {
    let sums = jit(|xs: &Val| {
        scan(xs.sum() * 0.0, xs, |c, x| {
            check(x.ge(0.0), "step of {}", &x);
            (c + x.sqrt(), c)
        })
        .0
    });
    near(&sums(&vector(&[1., 4.]))?, &[3.]);
    assert_eq!(first_line(sums(&vector(&[1., -4., -5.]))), "check: step of -4.0");
    let safe = |x: &Val| {
        cond(
            x.lt(0.0),
            *x,
            |x| x * 0.0,
            |x| {
                check(x.ge(0.0), "a root of {}", &x);
                x.sqrt()
            },
        )
    };
    near(&jit(safe)(&scalar(-4.))?, &[0.]);
    near(&jit(vmap(safe))(&vector(&[-4., 9.]))?, &[0., 3.]);
    // The checks of a configuration look into loops.
    let logs = jit(|xs: &Val| scan(xs.sum() * 0.0, xs, |c, x| (c + x.log(), ())).0);
    let logs = logs.with(Config { checks: Checks { nan: true, ..Checks::default() }, ..Config::default() });
    near(&logs(&vector(&[1., 1.]))?, &[0.]);
    assert_eq!(first_line(logs(&vector(&[1., -1.]))), "check: `log` makes a NaN");
    let replayed = logs.with(Config { debug_nans: true, ..Config::default() });
    assert_eq!(
        first_line(replayed(&vector(&[1., -1.]))),
        "log: the first NaN is made here, from f32[]: [-1]"
    );
    Ok(())
}

#[test]
fn rules_and_checkpoints_inside_of_loops() -> Result<()> {
    let steep = |x: Val| custom_jvp(x, |x| x.sin(), |x, dx| (x.sin(), dx * x.cos() * 2.0));
    let f = move |x: &Val| fori_loop(0, 3, *x, move |_, c| steep(c));
    let (a, b, c) = (0.5f32, 0.5f32.sin(), 0.5f32.sin().sin());
    near(&jit(grad(f))(&scalar(0.5))?, &[8.0 * a.cos() * b.cos() * c.cos()]);
    let clipped = |x: Val| custom_vjp(x, |x| x * x, |x| (x * x, x), |x, ct| (x * 2.0 * ct).clip(-1.0, 1.0));
    let g = move |xs: &Val| scan(xs.sum() * 0.0, xs, move |c, x| (c + clipped(x), ())).0;
    near(&jit(grad(g))(&vector(&[0.25, 3.]))?, &[0.5, 1.0]);
    near(&jit(vmap(grad(g)))(&Array::from([[0.25f32, 3.], [0.1, -2.]]))?, &[0.5, 1.0, 0.2, -1.0]);
    let plain = |xs: &Val| scan(xs.sum() * 0.0, xs, |c, x| ((c + x).sin() * x, ())).0;
    let kept = |xs: &Val| {
        let step = |(c, x): &(Val, Val)| (c + x).sin() * x;
        scan(xs.sum() * 0.0, xs, |c, x| (checkpoint(step)(&(c, x)), ())).0
    };
    let xs = vector(&[0.3, 0.7, -0.4]);
    near(&jit(grad(kept))(&xs)?, &jit(grad(plain))(&xs)?.to_vec::<f32>()?);
    near(&jit(grad(checkpoint(plain)))(&xs)?, &jit(grad(plain))(&xs)?.to_vec::<f32>()?);
    let second = |f: fn(&Val) -> Val| jit(grad(move |xs: &Val| grad(f)(xs).square().sum()));
    near(&second(kept)(&xs)?, &second(plain)(&xs)?.to_vec::<f32>()?);
    Ok(())
}

#[test]
fn a_root_is_differentiated_without_its_iteration() -> Result<()> {
    // x^3 = a by Newton's method in a loop that stops by itself; d/da a^(1/3) = a^(-2/3) / 3
    let cube_root = |a: &Val| {
        let newton = |f: &dyn Fn(&Val) -> Val, x0: Val| {
            while_loop(x0, |x| f(&x).abs().gt(1e-5), |x| x - f(&x) / (x * x * 3.0))
        };
        custom_root(*a, |x| x * x * x - a, newton, |g, y| y / g(&y.ones_like()))
    };
    near(&jit(cube_root)(&scalar(8.))?, &[2.]);
    near(&jit(grad(cube_root))(&scalar(8.))?, &[1. / 12.]);
    near(&jit(grad(grad(cube_root)))(&scalar(8.))?, &[-2. / 9. / 32.]);
    near(&jit(vmap(grad(cube_root)))(&vector(&[8., 27.]))?, &[1. / 12., 1. / 27.]);
    near(&jit(|a: &Val| gradus::jvp(cube_root, a, &a.ones_like()).1)(&scalar(8.))?, &[1. / 12.]);
    Ok(())
}

/// Lanes that do not take a branch or a step add nothing to a gradient, whatever it is at their operands.
#[test]
fn gradients_of_lanes_with_branches_and_steps_of_their_own() -> Result<()> {
    fn guarded_log(x: &Val) -> Val {
        cond(x.gt(0.0), *x, |x| x.log(), |x| x * 0.0)
    }
    let x = vector(&[0.0, 2.0, -1.0]);
    let all = |x: &Val| vmap(guarded_log)(x).sum();
    near(&jit(grad(all))(&x)?, &[0.0, 0.5, 0.0]);
    near(&jit(vmap(grad(guarded_log)))(&x)?, &[0.0, 0.5, 0.0]);
    near(&jit(grad(move |x: &Val| grad(all)(x).sum()))(&x)?, &[0.0, -0.25, 0.0]);
    let harmonic = |n: &Val| {
        let (n, k) = (*n, gradus::stop_gradient(n));
        let start = (Val::from(0.0), Val::from(0.0));
        while_loop(start, |(i, _)| i.lt(k), |(i, s)| (i + 1.0, s + 1.0 / (n - i))).1
    };
    let slopes = [-1.0, -1.25, -1.361_111];
    near(&jit(grad(move |n: &Val| vmap(harmonic)(n).sum()))(&vector(&[1., 2., 3.]))?, &slopes);
    near(&jit(vmap(grad(harmonic)))(&vector(&[1., 2., 3.]))?, &slopes);
    // Bounds that lanes have of their own, a value that all share, and no lane that takes the branch.
    let root = |n: &Val, w: &Val| {
        let (n, w) = (*n, *w);
        let k = gradus::stop_gradient(&n).astype(gradus::Dtype::I32);
        fori_loop(0, k, n * 0.0, move |i, s| s + (n - i).sqrt() * w.log())
    };
    let shared = move |w: &Val, n: &Val| gradus::vmap_axes(root, (0, None), 0)(n, w).sum();
    let sum = 1.0 + (2f32.sqrt() + 1.0) + (3f32.sqrt() + 2f32.sqrt() + 1.0);
    near(&jit(grad(shared))(&scalar(2.0), &vector(&[1., 2., 3.]))?, &[sum / 2.0]);
    near(&jit(grad(shared))(&scalar(0.0), &vector(&[0., 0.]))?, &[0.0]);
    let unread = |w: &Val, x: &Val| {
        let f = |x: &Val, w: &Val| cond(x.gt(0.0), (*x, *w), |(x, w)| x * w.log(), |(x, _)| x);
        gradus::vmap_axes(f, (0, None), 0)(x, w).sum()
    };
    near(&jit(grad(unread))(&scalar(0.0), &vector(&[-1., -2.]))?, &[0.0]);
    Ok(())
}
