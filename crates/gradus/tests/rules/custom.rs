//! `custom_jvp` and `custom_vjp` under every transform, nested in every order.

use super::{near, scalar, vector};
use gradus::{
    Array, Result, Tree, Val, checkpoint, custom_jvp, custom_vjp, grad, hessian, jacfwd, jacrev, jit, jvp,
    outline, stop_gradient, value_and_grad, vjp, vmap, vmap_axes,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The sine, with a derivative that is twice the true one, so that one sees whose it is.
fn steep(x: &Val) -> Val {
    custom_jvp(*x, |x| x.sin(), |x, dx| (x.sin(), dx * x.cos() * 2.0))
}
/// The square, with a gradient that is clipped.
fn clipped(x: &Val) -> Val {
    custom_vjp(*x, |x| x * x, |x| (x * x, x), |x, ct| (x * 2.0 * ct).clip(-1.0, 1.0))
}
/// A product whose gradient by the first factor is tripled.
fn tripled(x: &Val, y: &Val) -> Val {
    custom_vjp((*x, *y), |(x, y)| x * y, |(x, y)| (x * y, (x, y)), |(x, y), ct| (ct * y * 3.0, ct * x))
}

#[test]
fn a_jvp_rule_is_used_in_both_modes_and_to_any_order() -> Result<()> {
    let x = 0.5f32;
    near(&jit(steep)(&scalar(x))?, &[x.sin()]);
    near(&jit(grad(steep))(&scalar(x))?, &[2.0 * x.cos()]);
    near(&jit(|x: &Val| jvp(steep, x, &x.ones_like()).1)(&scalar(x))?, &[2.0 * x.cos()]);
    // The rule is differentiated in turn: 2 cos(x), of which -2 sin(x).
    near(&jit(grad(grad(steep)))(&scalar(x))?, &[-2.0 * x.sin()]);
    near(&jit(grad(grad(grad(steep))))(&scalar(x))?, &[-2.0 * x.cos()]);
    near(&jit(|x: &Val| jvp(grad(steep), x, &x.ones_like()).1)(&scalar(x))?, &[-2.0 * x.sin()]);
    // The sine inside the rule is steep: its second derivative has the factor twice.
    fn cosine(x: &Val) -> Val {
        custom_jvp(*x, |x| x.cos(), |x, dx| (x.cos(), -steep(&x) * dx))
    }
    near(&jit(grad(grad(cosine)))(&scalar(x))?, &[-2.0 * x.cos()]);
    Ok(())
}

#[test]
fn rules_meet_vmap_in_both_orders() -> Result<()> {
    let x = vector(&[0.1, 0.5, 2.0]);
    let expected: Vec<f32> = [0.1f32, 0.5, 2.0].iter().map(|x| 2.0 * x.cos()).collect();
    near(&jit(vmap(grad(steep)))(&x)?, &expected);
    near(&jit(grad(|x: &Val| vmap(steep)(x).sum()))(&x)?, &expected);
    near(&jit(vmap(grad(clipped)))(&x)?, &[0.2, 1.0, 1.0]);
    near(&jit(grad(|x: &Val| vmap(clipped)(x).sum()))(&x)?, &[0.2, 1.0, 1.0]);
    // A factor that all lanes share: its gradient is the sum over the lanes.
    let shared = |x: &Val, y: &Val| vmap_axes(tripled, (None, 0), 0)(x, y).sum();
    near(&jit(grad(shared))(&scalar(2.0), &x)?, &[3.0 * 2.6]);
    near(&jit(|x: &Val, y: &Val| grad(|y: &Val| shared(x, y))(y))(&scalar(2.0), &x)?, &[2.0, 2.0, 2.0]);
    let twice = |x: &Val, y: &Val| vmap_axes(vmap_axes(tripled, (0, None), 0), (None, 0), 0)(x, y).sum();
    near(&jit(grad(twice))(&vector(&[1.0, 2.0]), &x)?, &[7.8, 7.8]);
    Ok(())
}

#[test]
fn a_vjp_rule_is_used_by_all_of_reverse_mode() -> Result<()> {
    near(&jit(grad(clipped))(&scalar(0.25))?, &[0.5]);
    near(&jit(grad(clipped))(&scalar(3.0))?, &[1.0]);
    near(&jit(jacrev(clipped))(&vector(&[0.25, 3.0]))?, &[0.5, 0.0, 0.0, 1.0]);
    near(&jit(|x: &Val| vjp(clipped, x).1(&Val::from(0.5)))(&scalar(0.5))?, &[0.5]);
    // The rule is differentiated in turn: inside of the bounds by 2, outside by 0.
    near(&jit(grad(grad(clipped)))(&scalar(0.25))?, &[2.0]);
    near(&jit(grad(grad(clipped)))(&scalar(3.0))?, &[0.0]);
    // Forward over reverse: the gradient is a function of its own by then.
    near(&jit(hessian(clipped))(&scalar(0.25))?, &[2.0]);
    near(&jit(|x: &Val| jvp(grad(clipped), x, &x.ones_like()).1)(&scalar(0.25))?, &[2.0]);
    near(&jit(grad(|x: &Val| tripled(x, &(x * 2.0))))(&scalar(1.0))?, &[8.0]);
    Ok(())
}

#[test]
fn rules_work_inside_of_each_other_and_of_other_transforms() -> Result<()> {
    let x = 0.3f32;
    let both = |x: &Val| clipped(&steep(x));
    near(&jit(grad(both))(&scalar(x))?, &[2.0 * x.sin() * 2.0 * x.cos()]);
    near(&jit(grad(checkpoint(both)))(&scalar(x))?, &[4.0 * x.sin() * x.cos()]);
    near(&jit(grad(outline(both)))(&scalar(x))?, &[4.0 * x.sin() * x.cos()]);
    near(&jit(grad(|x: &Val| jit(both).inside()(x)))(&scalar(x))?, &[4.0 * x.sin() * x.cos()]);
    near(
        &jit(grad(|x: &Val| custom_jvp(*x, |x| both(&x), |x, dx| (both(&x), dx * 7.0))))(&scalar(x))?,
        &[7.0],
    );
    near(&jit(jacfwd(|x: &Val| steep(x) * x))(&scalar(x))?, &[2.0 * x.cos() * x + x.sin()]);
    // A rule that takes the derivative of what it stands for.
    let own = |x: &Val| {
        custom_jvp(
            *x,
            |x| x.sin(),
            |x, dx| {
                let (y, dy) = jvp(|x: &Val| x.sin(), &x, &dx);
                (y, dy * 5.0)
            },
        )
    };
    near(&jit(grad(own))(&scalar(x))?, &[5.0 * x.cos()]);
    Ok(())
}

#[derive(Tree, Clone, Copy)]
struct Pair<T = Array> {
    a: T,
    n: T,
}

#[test]
fn trees_integers_and_captured_values_are_arguments_too() -> Result<()> {
    // An integer leaf has a tangent of zeros, and what the rule says about it is not looked at.
    let f = |p: &Pair<Val>| {
        custom_vjp(
            Pair { ..*p },
            |p| Pair { a: p.a * p.n, n: p.n + 1 },
            |p| (Pair { a: p.a * p.n, n: p.n + 1 }, p),
            |p, ct| Pair { a: ct.a * p.n * 10.0, n: ct.n },
        )
    };
    let g = jit(move |a: &Val, n: &Val| {
        let loss = |a: &Val| f(&Pair { a: *a, n: *n }).a.sum();
        (grad(loss)(a), f(&Pair { a: *a, n: *n }).n)
    });
    let (gradient, next) = g(&vector(&[1.0, 2.0]), &Array::from([3i32, 4]))?;
    near(&gradient, &[30.0, 40.0]);
    assert_eq!(next, Array::from([4i32, 5]));
    // Values of the enclosing function, data, and a value under `stop_gradient` may be captured.
    let data = vector(&[2.0, 5.0]);
    let h = jit(move |x: &Val, y: &Val| {
        let (y, w) = (stop_gradient(y), Val::from(&data));
        let f = |x: &Val| {
            custom_jvp(*x, |x| (x * y * w).sum(), |x, dx| ((x * y * w).sum(), (dx * w).sum() + y * 0.0))
        };
        value_and_grad(f)(x)
    });
    let (value, gradient) = h(&vector(&[1.0, 1.0]), &scalar(3.0))?;
    near(&value, &[21.0]);
    near(&gradient, &[2.0, 5.0]);
    let k = jit(|x: &Val, y: &Val| {
        grad(|x: &Val| custom_vjp(*x, |x| x * y, |x| (x * y, x), |_, ct| ct * y * y))(x)
    });
    near(&k(&scalar(1.0), &scalar(3.0))?, &[9.0]);
    Ok(())
}

#[test]
fn a_value_without_a_rule_of_its_own_is_as_if_there_were_none() -> Result<()> {
    let program = gradus::trace(steep)(&scalar(1.0))?;
    let text = program.to_string();
    assert!(text.contains("custom_jvp(%0) {num_args = 1, program = fn(%0: f32[]) {"), "{text}");
    let compiled = jit(steep);
    compiled(&scalar(1.0))?;
    let optimized = compiled.explain();
    let optimized = optimized.split("optimized:").nth(1).expect("after the passes");
    assert!(!optimized.contains("custom_jvp"), "{optimized}");
    Ok(())
}

/// Rules inside of rules, each of which calls the next function in both of its Programs.
fn nested(depth: usize, calls: &AtomicUsize, x: &Val) -> Val {
    if depth == 0 {
        calls.fetch_add(1, Ordering::Relaxed);
        return x.sin();
    }
    let inner = |x: &Val| nested(depth - 1, calls, x);
    match depth % 2 {
        0 => custom_vjp(*x, |x| inner(&x), |x| (inner(&x), x), |x, ct| ct * x.cos()),
        _ => custom_jvp(*x, |x| inner(&x), |x, dx| (inner(&x), dx * x.cos())),
    }
}

#[test]
fn nested_rules_trace_what_they_stand_for_a_few_times() {
    let (alone, reverse, lanes, looped): (Under, Under, Under, Under) = (
        |depth, calls, x| nested(depth, calls, x),
        |depth, calls, x| grad(|x: &Val| nested(depth, calls, x))(x),
        |depth, calls, x| vmap(|x: &Val| nested(depth, calls, x))(&x.broadcast_to([2])).sum(),
        |depth, calls, x| {
            custom_jvp(
                *x,
                |x| vmap(|x: &Val| nested(depth, calls, x))(&x.reshape([1])).sum(),
                |x, dx| (x, dx),
            )
        },
    );
    for (under, depth) in [(alone, 1), (alone, 6), (alone, 40), (reverse, 40), (lanes, 40), (looped, 40)] {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let program = gradus::trace(move |x: &Val| under(depth, &counted, &x.at(0)))(&vector(&[0.5, 0.25]));
        let program = program.map_err(|e| e.to_string());
        let times = calls.load(Ordering::Relaxed);
        assert!(times <= 2 * depth, "{times} for {depth}, {:?}", program.err());
    }
}

type Under = fn(usize, &AtomicUsize, &Val) -> Val;

#[test]
fn a_gradient_inside_of_a_function_with_a_rule_uses_the_rules_inside() -> Result<()> {
    let x = 0.3f32;
    let slope = |x: &Val| custom_jvp(*x, |x| grad(steep)(&x), |x, dx| (grad(steep)(&x), dx * 0.0));
    near(&jit(slope)(&scalar(x))?, &[2.0 * x.cos()]);
    let inside = |x: &Val| custom_vjp(*x, |x| jvp(steep, &x, &x).1, |x| (x, x), |x, ct| ct * x);
    near(&jit(inside)(&scalar(x))?, &[2.0 * x * x.cos()]);
    Ok(())
}
