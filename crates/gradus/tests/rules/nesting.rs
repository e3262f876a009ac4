//! Functions, rules and derivatives inside of one another: what is traced grows with the depth and not with a power of
//! it, or is refused.

use super::{first_line, near, scalar};
use gradus::{Val, custom_jvp, custom_vjp, grad, jit, jvp, linearize, scan, stack, trace, vmap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The sine, inside of functions whose rules call the next one twice.
fn twice(depth: usize, calls: &AtomicUsize, x: &Val) -> Val {
    if depth == 0 {
        calls.fetch_add(1, Ordering::Relaxed);
        return x.sin();
    }
    let inner = |x: &Val| twice(depth - 1, calls, x);
    match depth % 2 {
        0 => custom_vjp(
            *x,
            |x| inner(&x),
            |x| (inner(&x), (x, inner(&x))),
            |(x, y), ct| ct * x.cos() + 0.0 * (inner(&x) - y),
        ),
        _ => custom_jvp(*x, |x| inner(&x), |x, dx| (inner(&x), dx * (x.cos() + inner(&x) - inner(&x)))),
    }
}

type Under = fn(usize, &AtomicUsize, &Val) -> Val;

#[test]
fn rules_that_call_a_function_several_times_trace_it_as_often_at_any_depth() {
    let unders: [(Under, usize); 6] = [
        (|depth, calls, x| twice(depth, calls, x), 12),
        (|depth, calls, x| grad(|x: &Val| twice(depth, calls, x))(x), 60),
        (|depth, calls, x| grad(|x: &Val| grad(|x: &Val| twice(depth, calls, x))(x))(x), 240),
        (
            |depth, calls, x| {
                grad(|x: &Val| vmap(|x: &Val| twice(depth, calls, x))(&stack([*x, *x], 0)).sum())(x)
            },
            60,
        ),
        (|depth, calls, x| scan(*x, &stack([*x, *x], 0), |c, x| (twice(depth, calls, &(c + x)), ())).0, 24),
        (
            |depth, calls, x| {
                grad(|x: &Val| {
                    custom_jvp(*x, |x| grad(|x: &Val| twice(depth, calls, x))(&x), |x, dx| (x, dx))
                })(x)
            },
            60,
        ),
    ];
    for (i, (under, most)) in unders.into_iter().enumerate() {
        let times = [20, 40].map(|depth| {
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = calls.clone();
            let value = jit(move |x: &Val| under(depth, &counted, x))(&scalar(0.5));
            assert!(value.is_ok(), "{i}: {value:?}");
            calls.load(Ordering::Relaxed)
        });
        assert!(times[0] <= most && times[1] == times[0], "{i}: {times:?} calls of the function inside");
    }
}

#[test]
fn the_derivatives_of_such_functions_are_those_of_their_rules() {
    let calls: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    let x = 0.5f32;
    for depth in [1, 2, 3, 6] {
        let f = move |x: &Val| twice(depth, calls, x);
        near(&jit(f)(&scalar(x)).expect("a value"), &[x.sin()]);
        near(&jit(grad(f))(&scalar(x)).expect("a slope"), &[x.cos()]);
        near(&jit(grad(grad(f)))(&scalar(x)).expect("a second slope"), &[-x.sin()]);
        near(&jit(grad(grad(grad(f))))(&scalar(x)).expect("a third slope"), &[-x.cos()]);
    }
}

/// A rule of its own at every order: the derivatives are those of the rules, wrong as they are.
#[test]
fn every_order_of_derivative_asks_the_rule_of_that_order() {
    fn third(x: &Val) -> Val {
        custom_jvp(*x, |x| x * 1.0, |x, dx| (x * 1.0, dx * 7.0))
    }
    fn second(x: &Val) -> Val {
        custom_jvp(*x, |x| x * 1.0, |x, dx| (x * 1.0, dx * third(&x) * 5.0))
    }
    fn first(x: &Val) -> Val {
        custom_jvp(*x, |x| x * 1.0, |x, dx| (x * 1.0, dx * second(&x) * 3.0))
    }
    let x = scalar(2.0);
    near(&jit(grad(first))(&x).expect("first"), &[3.0 * 2.0]);
    near(&jit(grad(grad(first)))(&x).expect("second"), &[3.0 * 5.0 * 2.0]);
    near(&jit(grad(grad(grad(first))))(&x).expect("third"), &[3.0 * 5.0 * 7.0]);
    let forward = |x: &Val| {
        jvp(|x: &Val| jvp(|x: &Val| jvp(first, x, &x.ones_like()).1, x, &x.ones_like()).1, x, &x.ones_like())
            .1
    };
    near(&jit(forward)(&x).expect("forward"), &[3.0 * 5.0 * 7.0]);
    let kept = |x: &Val| {
        let (_, slope) = linearize(|x: &Val| grad(grad(first))(x), x);
        grad(|t: &Val| slope(t) * x)(x)
    };
    near(&jit(kept)(&x).expect("linearized"), &[3.0 * 5.0 * 7.0 * 2.0]);
}

#[test]
fn a_tangent_may_go_through_a_function_with_a_rule() {
    let halved = |dx: Val| custom_jvp(dx, |dx| dx * 0.5, |dx, ddx| (dx * 0.5, ddx * 0.5));
    let third = |dx: Val| custom_vjp(dx, |dx| dx / 3.0, |dx| (dx / 3.0, ()), |(), ct| ct / 3.0);
    let f = move |x: &Val| custom_jvp(*x, |x| x.sin(), move |x, dx| (x.sin(), halved(third(dx * x.cos()))));
    let x = 0.5f32;
    near(&jit(grad(f))(&scalar(x)).expect("reverse"), &[x.cos() / 6.0]);
    near(&jit(grad(grad(f)))(&scalar(x)).expect("reverse twice"), &[-x.sin() / 6.0]);
    let mapped = move |x: &Val| vmap(grad(f))(&stack([*x, x * 2.0], 0));
    near(&jit(mapped)(&scalar(x)).expect("in lanes"), &[x.cos() / 6.0, (2.0 * x).cos() / 6.0]);
}

/// The sine, inside of functions whose rules differentiate the next one twice.
fn differentiated(depth: usize, x: &Val) -> Val {
    if depth == 0 {
        return x.sin();
    }
    let inner = |x: &Val| differentiated(depth - 1, x);
    let slope = move |x: &Val, dx: &Val| jvp(inner, x, dx).1;
    custom_jvp(*x, |x| inner(&x), |x, dx| (inner(&x), (slope(&x, &dx) + slope(&x, &dx)) * 0.5))
}

#[test]
fn rules_that_double_at_each_level_are_refused_in_time() {
    let x = 0.5f32;
    near(&jit(grad(|x: &Val| differentiated(5, x)))(&scalar(x)).expect("5 levels"), &[x.cos()]);
    let message = first_line(jit(grad(|x: &Val| differentiated(40, x)))(&scalar(x)));
    assert!(message.starts_with("custom_jvp: 4096 rules were traced inside of one rule"), "{message}");
    // Nobody knows how often the Program of `trace` is differentiated.
    let calls: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    let message = first_line(trace(|x: &Val| twice(40, calls, x))(&scalar(x)));
    assert!(message.contains("4096 rules were traced inside of one rule"), "{message}");
    // What was counted is forgotten: the next function is traced.
    near(&jit(grad(|x: &Val| differentiated(3, x)))(&scalar(x)).expect("3 levels"), &[x.cos()]);
}

/// One derivative of a function.
type Step = fn(&(dyn Fn(&Val) -> Val + Sync), &Val) -> Val;

fn nested(depth: usize, step: Step, f: fn(&Val) -> Val, x: &Val) -> Val {
    match depth {
        0 => f(x),
        _ => step(&|x: &Val| nested(depth - 1, step, f, x), x),
    }
}

/// Eight derivatives, each of the one before, have so many equations at most; without sharing those of the sine alone
/// would have thousands.
#[test]
fn derivatives_inside_of_derivatives_share_what_is_equal() {
    let reverse: Step = |f, x| grad(|x: &Val| f(x))(x);
    let forward: Step = |f, x| jvp(|x: &Val| f(x), x, &x.ones_like()).1;
    let functions: [(fn(&Val) -> Val, usize, usize); 4] = [
        (|x| x.sin(), 20, 30),
        (|x| x.sin().exp(), 1200, 300),
        (|x| x.sin() * x.exp(), 400, 160),
        (|x| (x * 2.0).tanh(), 6000, 2900),
    ];
    for (i, (f, most_reverse, most_forward)) in functions.into_iter().enumerate() {
        for (name, step, most) in [("grad", reverse, most_reverse), ("jvp", forward, most_forward)] {
            let program = trace(move |x: &Val| nested(8, step, f, x))(&scalar(0.5));
            let size = program.expect("traced").equations().len();
            assert!(size <= most, "{name} of function {i}: {size} equations, more than {most}");
        }
    }
}
