//! Static fields, phantom data, several parameters, masks and parts.

use super::{near, scalar};
use gradus::{Array, Fixed, Leaf, Result, Static, Traced, Tree, Val, grad, jit, stop_gradient};
use std::marker::PhantomData;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Activation {
    Relu,
    Sin,
    Leaky(f32),
}
#[derive(Tree, Debug)]
struct Dense<T = Array> {
    w: T,
    b: Option<T>,
    #[tree(static)]
    act: Activation,
    #[tree(static)]
    rate: f32,
    #[tree(static)]
    name: String,
}
/// A parameter that occurs in static fields only stays what it is.
#[derive(Tree, Debug)]
struct Custom<T, F> {
    w: T,
    #[tree(static)]
    f: F,
}
#[derive(Clone, Copy, Debug, PartialEq)]
struct Swish(f64);
trait Act: Static {
    fn call(&self, x: Val) -> Val;
}
impl Act for Swish {
    fn call(&self, x: Val) -> Val {
        x.sin() * self.0
    }
}
impl<F: Act> Custom<Val, F> {
    fn apply(&self, x: &Val) -> Val {
        self.f.call(x * self.w)
    }
}
/// A type-level tag, and the leaf type in a phantom.
#[derive(Tree, Debug)]
struct Tagged<T, Unit> {
    value: T,
    #[tree(static)]
    unit: PhantomData<Unit>,
}
struct Meter;
#[derive(Tree)]
struct Empty<T = Array> {
    #[tree(static)]
    size: i64,
    leaf: PhantomData<T>,
}
/// Two trees: a model and whatever stands beside it.
#[derive(Tree)]
struct Pair<A, B> {
    a: A,
    b: B,
}
/// Names of parameters that a macro might use itself.
#[derive(Tree, Debug)]
struct Names<L, K, J> {
    l: L,
    k: K,
    j: J,
}
/// No leaves at all: a tree of every leaf.
#[derive(Tree, Clone, Debug, PartialEq)]
struct Layout {
    #[tree(static)]
    layers: usize,
    #[tree(static)]
    dropout: f64,
}

fn dense() -> Dense {
    Dense { w: scalar(2.), b: None, act: Activation::Leaky(0.1), rate: f32::NAN, name: "first".into() }
}
fn sure() -> Dense {
    Dense { rate: 1., ..dense() }
}
fn apply(d: &Dense<Val>, x: &Val) -> Val {
    let y = x * d.w * d.rate as f64;
    match d.act {
        Activation::Relu => y.max(0.0),
        Activation::Sin => y.sin(),
        Activation::Leaky(k) => y.max(y * k as f64),
    }
}
/// equinox: `partition(model, filter)`: a part is the same struct with `Option<Val>` at the leaves.
fn part<M: Traced>(m: &M, keep: impl Fn(&str) -> bool) -> M::With<Option<Val>> {
    m.map_with_path(|path, v| keep(path).then_some(*v))
}
/// `combine(part, model)`.
fn overlay<M: Traced>(m: &M, part: &M::With<Option<Val>>) -> M {
    m.zip_with(part, |old, new: &Option<Val>| new.unwrap_or(*old))
}
/// The other way: the whole gradient, with zeros where `keep` is false. No clause in generic code either.
fn freeze<M: Traced>(m: &M, keep: &M::With<bool>) -> M {
    m.zip_with(keep, |v, keep: &bool| if *keep { *v } else { stop_gradient(v) })
}
/// A gradient by a part of a generic model must say that the part is a tree.
fn grad_part<M: Traced>(
    f: impl Fn(&M) -> Val + Send + Sync,
    m: &M,
    keep: impl Fn(&str) -> bool,
) -> M::With<Option<Val>>
where
    M::With<Option<Val>>: Traced,
{
    grad(|p: &M::With<Option<Val>>| f(&overlay(m, p)))(&part(m, keep))
}

#[test]
fn static_fields_are_read_while_tracing() -> Result<()> {
    let x = scalar(1.);
    let f = jit(apply);
    near(&f(&sure(), &x)?, &[2.]);
    near(&f(&Dense { act: Activation::Sin, ..sure() }, &x)?, &[2f32.sin()]);
    near(&f(&Dense { act: Activation::Relu, ..sure() }, &scalar(-1.))?, &[0.]);
    let g = jit(grad(apply))(&sure(), &x)?;
    near(&g.w, &[1.]);
    assert_eq!((g.name.as_str(), g.b.is_none()), ("first", true));
    let f = jit(Custom::<Val, Swish>::apply);
    near(&f(&Custom { w: scalar(1.), f: Swish(2.) }, &x)?, &[2. * 1f32.sin()]);
    Ok(())
}

#[test]
fn phantom_data_is_a_tag_or_a_tree() -> Result<()> {
    let f = jit(|x: &Tagged<Val, Meter>, y: &Tagged<Val, Meter>| x.zip_map(y, |x, y| x + y));
    let tagged = |x| Tagged::<Array, Meter> { value: scalar(x), unit: PhantomData };
    near(&f(&tagged(1.), &tagged(2.))?.value, &[3.]);
    let f = jit(|e: &Empty<Val>, c: &Layout| (Val::from(e.size) * 2, c.clone()));
    let layout = Layout { layers: 2, dropout: 0.5 };
    let (six, kept) = f(&Empty { size: 3, leaf: PhantomData }, &layout)?;
    assert_eq!((six.item::<i32>()?, kept), (6, layout));
    Ok(())
}

#[test]
fn parameters_of_any_name_and_number() -> Result<()> {
    let f = jit(|p: &Pair<Dense<Val>, (Layout, Val)>| apply(&p.a, &p.b.1) * p.b.0.dropout);
    let layout = Layout { layers: 1, dropout: 0.5 };
    near(&f(&Pair { a: sure(), b: (layout, scalar(1.)) })?, &[1.]);
    let f = jit(|n: &Names<Val, (), Vec<Val>>| n.copy());
    let n = f(&Names { l: scalar(1.), k: (), j: vec![scalar(2.)] })?;
    near(&n.j[0], &[2.]);
    let () = n.k;
    near(&n.l, &[1.]);
    Ok(())
}

#[test]
fn leaves_are_replaced_by_any_type() {
    let mask: Dense<bool> = dense().map(|a| a.size() > 1);
    let label: Dense<&'static str> =
        dense().map_with_path(|path, _: &Array| if path == "w" { "decay" } else { "none" });
    assert_eq!((mask.w, label.w, label.act), (false, "decay", Activation::Leaky(0.1)));
    fn is_leaf<T: Leaf>(_: &T) {}
    is_leaf(&mask);
}

#[test]
fn static_floats_are_compared_by_their_bits() -> Result<()> {
    let same = |d: &Dense| dense().try_zip_map(d, |x: &Array, y: &Array| x == y);
    assert!(same(&dense())?.w);
    let message = same(&sure()).expect_err("other rates").to_string();
    assert!(message.starts_with("zip_map: trees differ: static field `rate` differs\n  at "), "{message}");
    assert!(same(&Dense { name: "second".into(), ..dense() }).is_err());
    let f = jit(|x: &Dense<Val>, y: &Dense<Val>, z: &Dense<Val>| {
        x.zip_map(y, |x, y| x + y).zip_map(z, |x, y| x + y)
    });
    near(&f(&dense(), &dense(), &dense())?.w, &[6.]);
    let message = f(&dense(), &dense(), &sure()).expect_err("other rates").to_string();
    assert!(
        message.contains("static field `rate` differs\n  at crates/gradus/tests/api/static_fields.rs"),
        "{message}"
    );
    let fixed = |x: f64, y: f64| Fixed(x).try_zip_map(&Fixed(y), |x: &Array, _: &Array| x.clone()).is_ok();
    let pairs = [fixed(f64::NAN, f64::NAN), fixed(1., 1.), fixed(1., 2.), fixed(0., -0.)];
    assert_eq!(pairs, [true, true, false, false]);
    Ok(())
}

#[test]
fn a_part_of_a_model_is_a_tree() -> Result<()> {
    let f = jit(|m: &Pair<Val, (Val, Val)>, x: &Val| {
        let loss = |m: &Pair<Val, (Val, Val)>| m.a * x + m.b.0 * m.b.1;
        let train = part(m, |path| path.starts_with("b"));
        let g = grad(|p: &Pair<Option<Val>, (Option<Val>, Option<Val>)>| loss(&overlay(m, p)))(&train);
        let h = grad(|m: &_| loss(&freeze(m, &Pair { a: false, b: (true, true) })))(m);
        (g, grad_part(loss, m, |path| path == "a"), h)
    });
    let (g, h, i) = f(&Pair { a: scalar(1.), b: (scalar(2.), scalar(3.)) }, &scalar(5.))?;
    assert!(g.a.is_none() && h.b.0.is_none());
    near(&g.b.0.expect("a gradient"), &[3.]);
    near(&h.a.expect("a gradient"), &[5.]);
    near(&i.a, &[0.]);
    near(&i.b.1, &[2.]);
    Ok(())
}
