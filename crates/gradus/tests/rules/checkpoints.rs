//! What checkpoints keep: counted, by policy, and that derivatives do not change.

use super::{near, scalar, vector};
use gradus::{
    Array, Policy, Program, Result, Val, checkpoint, checkpoint_name, checkpoint_policy, grad, hessian, jit,
    jvp, linearize, trace, value_and_grad, vmap,
};

/// Three sines in a row, the first two named, and a product.
fn chain(x: &Val, w: &Val) -> Val {
    let a = checkpoint_name(&x.dot(w).sin(), "a");
    let b = checkpoint_name(&a.sin(), "b");
    b.dot(w).sin()
}

/// How many values the backward half of the gradient of `chain` reads that its forward half has computed.
fn num_kept(policy: Option<Policy>) -> usize {
    let program: Program = trace(move |x: &Val, w: &Val| match &policy {
        Some(policy) => checkpoint_policy(chain, policy.clone())(x, w).sum(),
        None => chain(x, w).sum(),
    })(&Array::zeros(ty(&[2, 3])), &Array::zeros(ty(&[3, 3])))
    .expect("well typed");
    let gradus_transform::Linearized { linear, .. } = gradus_transform::linearize(&program, &[true, true]);
    linear.num_params() - 2
}

fn ty(shape: &[usize]) -> gradus::Type {
    gradus::Type::new(gradus::Dtype::F32, shape.to_vec())
}

#[test]
fn policies_decide_what_is_kept() {
    // Operands: x and w. Without a checkpoint: w, x, the cosines of three sines, and what the second product reads.
    assert_eq!(num_kept(Some(Policy::NothingSaveable)), 2, "the operands alone");
    assert_eq!(num_kept(Some(Policy::DotsSaveable)), 4, "the operands and two products");
    assert_eq!(num_kept(Some(Policy::DotsWithNoBatchDimsSaveable)), 4);
    assert_eq!(num_kept(Some(Policy::save_only_these_names(["b"]))), 3, "the operands and `b`");
    assert_eq!(num_kept(Some(Policy::save_only_these_names(["a", "b"]))), 4);
    assert_eq!(num_kept(Some(Policy::save_only_these_names(["c"]))), 2);
    assert_eq!(num_kept(Some(Policy::save_any_names_but_these(["a"]))), 3);
    assert_eq!(num_kept(Some(Policy::EverythingSaveable)), num_kept(None), "as if there were no checkpoint");
    let all_but = num_kept(Some(Policy::save_anything_except_these_names(["a", "b"])));
    assert!(all_but >= num_kept(None), "what is named is computed again from what is kept: {all_but}");
}

#[test]
fn gradients_do_not_depend_on_the_policy() -> Result<()> {
    let x = Array::from([[0.1f32, 0.2, 0.3], [0.4, 0.5, 0.6]]);
    let w = Array::from([[0.1f32, 0.5, -0.3], [0.2, 0.4, 0.1], [0.7, -0.2, 0.3]]);
    let plain = jit(grad(|w: &Val, x: &Val| chain(x, w).sum()))(&w, &x)?.to_vec::<f32>()?;
    for policy in [
        Policy::NothingSaveable,
        Policy::EverythingSaveable,
        Policy::DotsSaveable,
        Policy::save_only_these_names(["a"]),
        Policy::save_anything_except_these_names(["b"]),
    ] {
        let f = move |w: &Val, x: &Val| checkpoint_policy(chain, policy.clone())(x, w).sum();
        near(&jit(grad(f.clone()))(&w, &x)?, &plain);
        let second = |f: &dyn Fn(&Val) -> Val, w: &Val| jvp(|w: &Val| grad_of(f, w), w, &w.ones_like()).1;
        let g = f.clone();
        let there = jit(move |w: &Val, x: &Val| second(&|w| g(w, x), w))(&w, &x)?;
        let here = jit(move |w: &Val, x: &Val| second(&|w| chain(x, w).sum(), w))(&w, &x)?;
        near(&there, &here.to_vec::<f32>()?);
    }
    Ok(())
}

fn grad_of(f: &dyn Fn(&Val) -> Val, w: &Val) -> Val {
    gradus::vjp(|w: &Val| f(w), w).1(&Val::from(1.0))
}

#[test]
fn what_is_computed_again_stands_behind_a_barrier_and_is_not_merged() -> Result<()> {
    let f = jit(grad(|x: &Val| checkpoint(|x: &Val| x.sin().sin().sin())(x)));
    f(&scalar(0.5))?;
    let text = f.explain();
    let optimized = text
        .split("optimized:")
        .nth(1)
        .and_then(|t| t.split("compiled:").next())
        .expect("the passes' result");
    assert!(optimized.contains("optimization_barrier"), "{optimized}");
    let plain = jit(grad(|x: &Val| x.sin().sin().sin()));
    plain(&scalar(0.5))?;
    let sines = |text: &str| text.matches("= sin(").count();
    // The gradient alone: nothing of the forward half is read but by the second computation.
    assert_eq!(sines(optimized), 2, "{optimized}");
    let both = jit(value_and_grad(|x: &Val| checkpoint(|x: &Val| x.sin().sin().sin())(x)));
    both(&scalar(0.5))?;
    let text = both.explain();
    let optimized = text
        .split("optimized:")
        .nth(1)
        .and_then(|t| t.split("compiled:").next())
        .expect("the passes' result");
    assert_eq!(sines(optimized), 3 + 2, "three for the value, two once more: {optimized}");
    Ok(())
}

#[test]
fn checkpoints_work_under_every_transform() -> Result<()> {
    let x = vector(&[0.1, 0.5, 2.0]);
    let f = |x: &Val| checkpoint(|x: &Val| (x.sin() * x).exp())(x);
    let plain = |x: &Val| (x.sin() * x).exp();
    let same = |a: Array, b: Array| near(&a, &b.to_vec::<f32>().expect("floats"));
    same(jit(vmap(grad(f)))(&x)?, jit(vmap(grad(plain)))(&x)?);
    same(
        jit(grad(move |x: &Val| vmap(f)(x).sum()))(&x)?,
        jit(grad(move |x: &Val| vmap(plain)(x).sum()))(&x)?,
    );
    same(jit(vmap(grad(grad(f))))(&x)?, jit(vmap(grad(grad(plain))))(&x)?);
    same(jit(vmap(grad(grad(grad(f)))))(&x)?, jit(vmap(grad(grad(grad(plain)))))(&x)?);
    same(jit(hessian(move |x: &Val| f(x).sum()))(&x)?, jit(hessian(move |x: &Val| plain(x).sum()))(&x)?);
    same(
        jit(move |x: &Val| linearize(f, x).1(&x.ones_like()))(&x)?,
        jit(move |x: &Val| linearize(plain, x).1(&x.ones_like()))(&x)?,
    );
    // Nested, with captured values, and with only some arguments differentiated.
    let nested = |x: &Val, y: &Val| {
        let y = *y;
        checkpoint(move |x: &Val| checkpoint(move |x: &Val| (x * y).sin() * y)(&x.sin()))(x).sum()
    };
    let flat = |x: &Val, y: &Val| ((x.sin() * y).sin() * y).sum();
    same(jit(grad(nested))(&x, &scalar(0.7))?, jit(grad(flat))(&x, &scalar(0.7))?);
    let by_y = jit(move |x: &Val, y: &Val| grad(|y: &Val| nested(x, y))(y))(&x, &scalar(0.7))?;
    same(by_y, jit(move |x: &Val, y: &Val| grad(|y: &Val| flat(x, y))(y))(&x, &scalar(0.7))?);
    Ok(())
}
