//! Axes per argument, per leaf, as prefixes.

use super::{near, scalar, vector};
use gradus::{Array, Jitted, PerLeaf, Result, Traced, Tree, Val, grad, jit, vmap, vmap_axes};

#[derive(Tree)]
struct Mlp<T = Array> {
    w: T,
    b: T,
}
#[derive(Tree)]
struct State<M, T = Array> {
    model: M,
    step: T,
}

fn apply(m: &Mlp<Val>, x: &Val) -> Val {
    x * m.w + m.b
}
fn one() -> Mlp {
    Mlp { w: scalar(2.), b: scalar(1.) }
}
fn many() -> Mlp {
    Mlp { w: vector(&[1., 2., 3.]), b: vector(&[0., 0., 1.]) }
}
fn part() -> Mlp {
    Mlp { w: vector(&[1., 2., 3.]), b: scalar(1.) }
}
fn xs() -> Array {
    vector(&[1., 2., 3.])
}

#[test]
fn an_axis_for_each_parameter() -> Result<()> {
    near(&jit(vmap_axes(apply, (None, 0), 0))(&one(), &xs())?, &[3., 5., 7.]);
    // ensembles
    near(&jit(vmap_axes(apply, (0, None), 0))(&many(), &scalar(2.))?, &[2., 4., 7.]);
    // one axis for every parameter, negative axes, an axis chosen at run time
    let axis = 0;
    near(&jit(vmap_axes(apply, axis, -1))(&many(), &xs())?, &[1., 4., 10.]);
    let k: i64 = 0;
    near(&jit(vmap_axes(apply, (Some(k), Some(-1)), 0))(&many(), &xs())?, &[1., 4., 10.]);
    Ok(())
}

#[test]
fn prefixes_of_tuples() -> Result<()> {
    let f = jit(vmap_axes(|(m, x): &(Mlp<Val>, Val), s: &Val| apply(m, x) * s, ((None, 0), None), 0));
    near(&f(&(one(), xs()), &scalar(10.))?, &[30., 50., 70.]);
    near(&jit(vmap_axes(|x: &Val| x * 2.0, (0,), 0))(&xs())?, &[2., 4., 6.]);
    let f = jit(vmap_axes(|(x, y): &(Val, Val)| x * y, ((0, None),), 0));
    near(&f(&(xs(), scalar(2.)))?, &[2., 4., 6.]);
    let f = jit(vmap_axes(|x: &Val| (*x, Mlp { w: *x, b: x * 2.0 }), 0, (0, 0)));
    near(&f(&xs())?.1.b, &[2., 4., 6.]);
    Ok(())
}

#[test]
fn results_take_their_axis() -> Result<()> {
    let x = Array::from([[1f32, 2.], [3., 4.], [5., 6.]]);
    let f = jit(vmap_axes(|x: &Val| x * 2.0, 0, 1));
    let y = f(&x)?;
    assert_eq!(y.shape(), [2, 3]);
    near(&y, &[2., 6., 10., 4., 8., 12.]);
    // a result that does not depend on what is mapped may say so
    let f = jit(vmap_axes(|x: &Val, y: &Val| (*x, y * 2.0), (0, None), (0, None)));
    near(&f(&xs(), &scalar(2.))?.1, &[4.]);
    // ... and is repeated otherwise
    let f = jit(vmap_axes(|_: &Val, y: &Val| y * 2.0, (0, None), 0));
    near(&f(&xs(), &scalar(2.))?, &[4., 4., 4.]);
    Ok(())
}

#[test]
fn an_axis_for_each_leaf() -> Result<()> {
    // the tree is made from the model itself
    let f = jit(|m: &Mlp<Val>, x: &Val| {
        let axes = Mlp { b: None, ..m.map(|_| Some(0)) };
        vmap_axes(apply, (PerLeaf(axes), 0), 0)(m, x)
    });
    near(&f(&part(), &xs())?, &[2., 5., 10.]);
    // by path
    let f = jit(|m: &State<Mlp<Val>, Val>, x: &Val| {
        let axes = m.map_with_path(|path, _| path.ends_with(".w").then_some(0));
        vmap_axes(|s: &State<Mlp<Val>, Val>, x: &Val| apply(&s.model, x) + s.step, (PerLeaf(axes), 0), 0)(
            m, x,
        )
    });
    near(&f(&State { model: part(), step: scalar(100.) }, &xs())?, &[102., 105., 110.]);
    let f = jit(vmap_axes(apply, (|path: &str| (path == "w").then_some(0), 0), 0));
    near(&f(&part(), &xs())?, &[2., 5., 10.]);
    // written out, before any trace
    let axes = || Mlp { w: Some(0), b: None };
    near(&jit(vmap_axes(apply, (PerLeaf(axes()), 0), 0))(&part(), &xs())?, &[2., 5., 10.]);
    Ok(())
}

#[test]
fn vmap_nests_with_captures_of_the_outer_lane() -> Result<()> {
    let f = jit(|xs: &Val, ys: &Val| {
        vmap(|x: &Val| vmap_axes(|x: &Val, y: &Val| x * y, (None, 0), 0)(x, ys).sum())(xs)
    });
    near(&f(&xs(), &vector(&[1., 2.]))?, &[3., 6., 9.]);
    // per-example gradients
    let f = jit(vmap_axes(grad(|m: &Mlp<Val>, x: &Val| apply(m, x)), (None, 0), 0));
    near(&f(&one(), &xs())?.w, &[1., 2., 3.]);
    Ok(())
}

/// Generic over the model, no clause but `Traced`.
fn generic<M: Traced>(apply: fn(&M, &Val) -> Val) -> Jitted<fn(&M, &Val) -> Val> {
    jit(move |m: &M, x: &Val| {
        let same = vmap_axes(apply, (PerLeaf(m.map(|_| None)), 0), 0)(m, x);
        let path = vmap_axes(apply, (|path: &str| path.starts_with("none").then_some(0), 0), 0)(m, x);
        vmap_axes(apply, (None, 0), 0)(m, x) + same - path
    })
}

#[test]
fn vmap_of_generic_models() -> Result<()> {
    near(&generic::<Mlp<Val>>(apply)(&one(), &xs())?, &[3., 5., 7.]);
    Ok(())
}
