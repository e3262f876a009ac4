//! Aux values, jvp and vjp, Jacobians and Hessians with leaf pairs.

use super::{near, scalar, vector};
use gradus::{
    Array, Complex, Linear, Pairs, Result, Traced, Tree, Val, grad, grad_holomorphic, hessian, jacfwd,
    jacfwd_holomorphic, jacrev, jacrev_holomorphic, jit, jvp, linearize, stack, value_and_grad,
    value_and_grad_aux, value_and_grad_holomorphic, vjp, vmap,
};

#[derive(Tree, Clone, Debug, PartialEq)]
struct Mlp<T = Array> {
    w: T,
    b: T,
}
/// Aux of any shape.
#[derive(Tree)]
struct Metrics<T = Array> {
    accuracy: T,
    activations: Vec<T>,
    #[tree(static)]
    epoch: usize,
}

fn apply(m: &Mlp<Val>, x: &Val) -> Val {
    x * m.w + m.b
}
fn loss(m: &Mlp<Val>, x: &Val, y: &Val) -> Val {
    let e = apply(m, x) - y;
    (e * e).sum()
}
fn loss_aux(m: &Mlp<Val>, x: &Val, y: &Val) -> (Val, Metrics<Val>) {
    let out = apply(m, x);
    (loss(m, x, y), Metrics { accuracy: out.sum(), activations: vec![out], epoch: 3 })
}
fn sin(x: &Val) -> Val {
    x.sin()
}
fn data() -> (Mlp, Array, Array) {
    (Mlp { w: scalar(2.), b: scalar(1.) }, vector(&[1., 2.]), vector(&[0., 0.]))
}

#[test]
fn aux_is_any_tree() -> Result<()> {
    let (m, x, y) = data();
    let ((l, metrics), g) = jit(value_and_grad_aux(loss_aux))(&m, &x, &y)?;
    near(&l, &[34.]);
    near(&g.w, &[26.]);
    near(&metrics.accuracy, &[8.]);
    near(&metrics.activations[0], &[3., 5.]);
    assert_eq!((metrics.epoch, metrics.activations.len()), (3, 1));
    let f = jit(|m: &Mlp<Val>, x: &Val| {
        let ((l, (p, ())), g) = value_and_grad_aux(|m: &Mlp<Val>| (apply(m, x).sum(), (m.w, ())))(m);
        (l, p, g)
    });
    let (l, p, g) = f(&m, &x)?;
    near(&l, &[8.]);
    near(&p, &[2.]);
    near(&g.b, &[2.]);
    Ok(())
}

#[test]
fn other_parameters_of_grad_need_not_be_trees() -> Result<()> {
    let (m, x, _) = data();
    let scaled =
        |m: &Mlp<Val>, x: &Val, scale: &f64, name: &String| (apply(m, x) * *scale).sum() + name.len() as f64;
    let f = jit(|m: &Mlp<Val>, x: &Val| grad(scaled)(m, x, &2.0, &"name".to_string()));
    near(&f(&m, &x)?.w, &[6.]);
    Ok(())
}

#[test]
fn several_parameters_are_a_tuple_and_the_second_a_closure() -> Result<()> {
    let f = jit(|x: &Val, y: &Val| {
        let (dx, dy) = grad(|(x, y): &(Val, Val)| (x * y * y).sum())(&(*x, *y));
        let dy2 = grad(|y: &Val| (x * y * y).sum())(y);
        (dx, dy - dy2)
    });
    let (dx, zero) = f(&vector(&[2.]), &vector(&[3.]))?;
    near(&dx, &[9.]);
    near(&zero, &[0.]);
    Ok(())
}

#[test]
fn jvp_annotates_nothing() -> Result<()> {
    let (m, x, y) = data();
    let f = jit(|m: &Mlp<Val>, x: &Val, y: &Val| {
        let (l, dl) = jvp(|m| loss(m, x, y), m, m);
        let (_, dxy) = jvp(|(x, y)| x * y, &(*x, *y), &(*y, *x));
        let (_, d) = jvp(sin, x, y);
        (l, dl, dxy, d)
    });
    let (l, dl, dxy, d) = f(&m, &x, &y)?;
    near(&l, &[34.]);
    near(&dl, &[68.]);
    near(&dxy, &[1., 4.]);
    near(&d, &[0., 0.]);
    Ok(())
}

#[test]
fn hessian_vector_products_agree_both_ways() -> Result<()> {
    let (m, x, y) = data();
    let f = jit(|m: &Mlp<Val>, v: &Mlp<Val>, x: &Val, y: &Val| {
        let (_, hv) = jvp(|m| grad(loss)(m, x, y), m, v);
        let (_, pull) = vjp(|m| grad(loss)(m, x, y), m);
        (hv, pull(v))
    });
    let (hv, vh) = f(&m, &m, &x, &y)?;
    near(&hv.w, &[26.]);
    near(&vh.w, &[26.]);
    near(&hv.b, &[16.]);
    near(&vh.b, &[16.]);
    Ok(())
}

#[test]
fn a_pullback_is_a_value() -> Result<()> {
    let (m, x, _) = data();
    let f = jit(|m: &Mlp<Val>, x: &Val| {
        let (out, pull) = vjp(|m| apply(m, x), m);
        let g = pull(&out);
        let all: Vec<Linear<Val, Mlp<Val>>> = vec![pull];
        let h = all[0](&(out * 2.0));
        (g.w, h.w)
    });
    let (g, h) = f(&m, &x)?;
    near(&g, &[13.]);
    near(&h, &[26.]);
    let f = jit(|m: &Mlp<Val>, x: &Val| {
        let ((u, v), pull) = vjp(|(m, x)| (apply(m, x), m.w), &(m.copy(), *x));
        let (dm, dx) = pull(&(u, v));
        let (_, push) = linearize(|x| apply(m, x), x);
        (dm, dx, push(x))
    });
    let (dm, dx, pushed) = f(&m, &x)?;
    near(&dm.w, &[15.]);
    near(&dx, &[6., 10.]);
    near(&pushed, &[2., 4.]);
    Ok(())
}

#[test]
fn jacobians_are_leaf_pairs() -> Result<()> {
    let (m, x, _) = data();
    let f = jit(|m: &Mlp<Val>, x: &Val| -> Mlp<Val> { jacrev(apply)(m, x) });
    let j = f(&m, &x)?;
    near(&j.w, &[1., 2.]);
    near(&j.b, &[1., 1.]);
    let f = jit(jacfwd(|x: &Val| Mlp { w: x * x, b: x.sum() }));
    let j: Mlp<Array> = f(&x)?;
    near(&j.w, &[2., 0., 0., 4.]);
    assert_eq!(j.w.shape(), [2, 2]);
    let f = jit(jacrev(|m: &Mlp<Val>| vec![(m.w * m.b, m.w)]));
    let j: Vec<(Mlp, Mlp)> = f(&m)?;
    near(&j[0].0.w, &[1.]);
    near(&j[0].0.b, &[2.]);
    near(&j[0].1.b, &[0.]);
    Ok(())
}

#[test]
fn a_hessian_crosses_the_border_like_any_tree() -> Result<()> {
    let (m, x, y) = data();
    let h: Mlp<Mlp> = jit(hessian(loss))(&m, &x, &y)?;
    near(&h.w.w, &[10.]);
    near(&h.w.b, &[6.]);
    near(&h.b.b, &[4.]);
    let h: Mlp<Mlp> = jit(jacfwd(grad(loss)))(&m, &x, &y)?;
    near(&h.b.w, &[6.]);
    let h: Mlp<Mlp> = jit(jacrev(grad(loss)))(&m, &x, &y)?;
    near(&h.b.w, &[6.]);
    near(&jit(vmap(hessian(|x: &Val| (x * x * x).sum())))(&x)?, &[6., 12.]);
    let f = jit(|m: &Mlp<Val>, x: &Val, y: &Val| {
        let h = hessian(loss)(m, x, y);
        h.w.w + h.b.b
    });
    near(&f(&m, &x, &y)?, &[14.]);
    Ok(())
}

/// Generic code: `grad`, `jvp`, `vjp` need nothing but `Traced`; a Jacobian of generic trees must say that it is one.
fn newton<M: Traced>(f: impl Fn(&M) -> Val + Send + Sync, m: &M) -> M {
    let (_, g) = value_and_grad(&f)(m);
    let (_, hg) = jvp(|m| grad(&f)(m), m, &g);
    m.zip_map3(&g, &hg, |m, g, hg| m - g * g / hg)
}
fn curvature<M: Traced>(f: impl Fn(&M) -> Val + Send + Sync, m: &M) -> Pairs<M, M>
where
    Pairs<M, M>: Traced,
{
    hessian(f)(m)
}

#[test]
fn generic_code_needs_one_bound() -> Result<()> {
    let f = jit(|m: &Mlp<Val>| {
        let n = newton(|m: &Mlp<Val>| m.w * m.w + m.b * m.b, m);
        let h = curvature(|m: &Mlp<Val>| m.w * m.w * m.b, m);
        (n, h)
    });
    let (n, h) = f(&Mlp { w: scalar(2.), b: scalar(3.) })?;
    near(&n.w, &[0.]);
    near(&h.w.b, &[4.]);
    Ok(())
}

/// The parts of all elements.
fn parts(x: &Array) -> Vec<f64> {
    x.to_complex_vec().into_iter().flat_map(|z| [z.re, z.im]).collect()
}

#[test]
fn holomorphic_functions_have_complex_derivatives() -> Result<()> {
    let z = |re: f64, im: f64| Complex::new(re, im);
    let close = |x: &Array, expected: &[f64]| {
        let found = parts(x);
        assert!(
            found.len() == expected.len() && found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-7),
            "{x}"
        );
    };
    let f = |z: &Val| z.sin() * z.exp() + z * z * z;
    let at = Array::from(z(0.3, 0.7));
    let (_, slope) = jit(value_and_grad_holomorphic(f))(&at)?;
    close(&slope, &[-0.014307552424501546, 3.142065784599054]);
    close(&jit(grad_holomorphic(f))(&at)?, &parts(&slope));
    let of_two = |z: &Val| stack([z.at(0) * z.at(1), z.at(0).sin(), z.at(1) * z.at(1)], 0);
    let at = Array::from([z(1.0, 2.0), z(0.5, -1.0)]);
    let expected = [0.5, -1.0, 1.0, 2.0, 2.0327230070196656, -3.0518977991518, 0.0, 0.0, 0.0, 0.0, 1.0, -2.0];
    close(&jit(jacfwd_holomorphic(of_two))(&at)?, &expected);
    close(&jit(jacrev_holomorphic(of_two))(&at)?, &expected);
    let cubic = |z: &Val| z.at(0) * z.at(0) * z.at(1);
    let second = jit(jacfwd_holomorphic(grad_holomorphic(cubic)))(&at)?;
    close(&second, &[1.0, -2.0, 2.0, 4.0, 2.0, 4.0, 0.0, 0.0]);
    // A real function of complex numbers: df/dx - i df/dy, as in JAX.
    close(&jit(grad(|z: &Val| z.abs().square()))(&Array::from(z(1.0, 2.0)))?, &[2.0, -4.0]);
    close(&jit(jacrev(|z: &Val| z.abs().square()))(&Array::from([z(1.0, 2.0)]))?, &[2.0, -4.0]);
    close(&jit(jacfwd(|x: &Val| gradus::complex(x, x * 2.0)))(&Array::from(1.0f64))?, &[1.0, 2.0]);
    Ok(())
}
