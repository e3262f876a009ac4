//! Optimizers in optax form over generic models, and functions that build jitted functions.

use super::{near, vector};
use gradus::{Array, Data, Jitted, Result, Stored, Traced, Tree, Val, grad, jit, value_and_grad};

/// optax: `init(params) -> state`, `update(grads, state, params) -> (updates, state)`.
trait Optimizer<P: Traced>: Send + Sync + 'static {
    type State: Traced;
    fn init(&self, params: &P) -> Self::State;
    fn update(&self, grads: &P, state: &Self::State, params: &P) -> (P, Self::State);

    /// The first state of a model outside a trace.
    fn start(&self, params: &P::Data) -> Result<Data<Self::State>> {
        jit(|p: &P| self.init(p))(params)
    }
}
fn apply_updates<P: Traced>(params: &P, updates: &P) -> P {
    params.zip_map(updates, |p, u| p + u)
}

struct Sgd(f64);
impl<P: Traced> Optimizer<P> for Sgd {
    type State = ();
    fn init(&self, _: &P) {}
    fn update(&self, grads: &P, _: &(), _: &P) -> (P, ()) {
        (grads.map(|g| -self.0 * g), ())
    }
}

struct Adam {
    rate: f64,
}
#[derive(Tree, Debug)]
struct AdamState<P, T = Array> {
    mu: P,
    nu: P,
    count: T,
}
impl<P: Traced> Optimizer<P> for Adam {
    type State = AdamState<P, Val>;
    fn init(&self, params: &P) -> Self::State {
        let zeros = || params.map(|p| p * 0.0);
        AdamState { mu: zeros(), nu: zeros(), count: 0.into() }
    }
    fn update(&self, grads: &P, state: &Self::State, _: &P) -> (P, Self::State) {
        let mu = state.mu.zip_map(grads, |m, g| 0.9 * m + 0.1 * g);
        let nu = state.nu.zip_map(grads, |v, g| 0.999 * v + 0.001 * g * g);
        let updates = mu.zip_map(&nu, |m, v| -self.rate * m / (v.sqrt() + 1e-8));
        (updates, AdamState { mu, nu, count: state.count + 1 })
    }
}

/// Transformations compose as tuples: `(Clip(1.0), Adam { rate: 1e-3 })`.
impl<P: Traced, A: Optimizer<P>, B: Optimizer<P>> Optimizer<P> for (A, B) {
    type State = (A::State, B::State);
    fn init(&self, params: &P) -> Self::State {
        (self.0.init(params), self.1.init(params))
    }
    fn update(&self, grads: &P, state: &Self::State, params: &P) -> (P, Self::State) {
        let (u, a) = self.0.update(grads, &state.0, params);
        let (u, b) = self.1.update(&u, &state.1, params);
        (u, (a, b))
    }
}
struct Clip(f64);
impl<P: Traced> Optimizer<P> for Clip {
    type State = ();
    fn init(&self, _: &P) {}
    fn update(&self, grads: &P, _: &(), _: &P) -> (P, ()) {
        let norm = grads.leaves().iter().fold(Val::from(0.0), |n, g| n + (*g * *g).sum()).sqrt();
        (grads.map(|g| g * (self.0 / norm.max(self.0))), ())
    }
}
/// optax.masked: a mask is a tree of `bool` of the same structure.
struct Masked<O, P: Traced> {
    inner: O,
    mask: P::With<bool>,
}
impl<P: Traced, O: Optimizer<P>> Optimizer<P> for Masked<O, P> {
    type State = O::State;
    fn init(&self, params: &P) -> O::State {
        self.inner.init(params)
    }
    fn update(&self, grads: &P, state: &O::State, params: &P) -> (P, O::State) {
        let (u, s) = self.inner.update(grads, state, params);
        (u.zip_with(&self.mask, |u, keep: &bool| if *keep { *u } else { u * 0.0 }), s)
    }
}
/// A schedule is a closure.
struct Scheduled<F>(F);
impl<P: Traced, F: Fn(Val) -> Val + Send + Sync + 'static> Optimizer<P> for Scheduled<F> {
    type State = (Val,);
    fn init(&self, _: &P) -> (Val,) {
        (0.into(),)
    }
    fn update(&self, grads: &P, (count,): &(Val,), _: &P) -> (P, (Val,)) {
        let rate = (self.0)(*count);
        (grads.map(|g| -rate * g), (count + 1,))
    }
}
/// An average of the parameters, the model twice in one state.
struct Ema<O>(O);
impl<P: Traced, O: Optimizer<P>> Optimizer<P> for Ema<O> {
    type State = (P, O::State);
    fn init(&self, params: &P) -> (P, O::State) {
        (params.copy(), self.0.init(params))
    }
    fn update(&self, grads: &P, (mean, state): &(P, O::State), params: &P) -> (P, (P, O::State)) {
        let (u, state) = self.0.update(grads, state, params);
        (u, (mean.zip_map(params, |m, p| 0.99 * m + 0.01 * p), state))
    }
}

/// A model, its optimizer's state and the step count. Three parameters, three trees.
#[derive(Tree)]
struct Train<M, S, T = Array> {
    model: M,
    opt: S,
    step: T,
}
/// The state of a run, inside a trace.
type Run<M, O> = Train<M, <O as Optimizer<M>>::State, Val>;

/// The builder: one clause for the model, one for the optimizer, nothing else.
fn make_step<M: Traced, O: Optimizer<M>>(
    opt: O,
    loss: impl Fn(&M, &Val, &Val) -> Val + Send + Sync + 'static,
) -> Jitted<fn(&mut Run<M, O>, &Val, &Val) -> Val> {
    jit(move |t: &mut Run<M, O>, x: &Val, y: &Val| {
        let (l, g) = value_and_grad(&loss)(&t.model, x, y);
        let (u, s) = opt.update(&g, &t.opt, &t.model);
        t.model = apply_updates(&t.model, &u);
        t.opt = s;
        t.step += 1;
        l
    })
}
/// The functional form: state in, state out, everything by reference.
fn make_pure<M: Traced, O: Optimizer<M>>(
    opt: O,
    loss: fn(&M, &Val) -> Val,
) -> Jitted<fn(&M, &O::State, &Val) -> (M, O::State)> {
    jit(move |m: &M, s: &O::State, x: &Val| {
        let (u, s) = opt.update(&grad(loss)(m, x), s, m);
        (apply_updates(m, &u), s)
    })
}

/// A model is a tree that can be applied; a jitted function of it in a struct.
trait Model: Traced {
    fn apply(&self, x: &Val) -> Val;
}
struct Trainer<M: Model, O: Optimizer<M>> {
    state: Data<Run<M, O>>,
    step: Jitted<fn(&mut Run<M, O>, &Val, &Val) -> Val>,
    predict: Jitted<fn(&M, &Val) -> Val>,
}
impl<M: Model, O: Optimizer<M>> Trainer<M, O> {
    fn new(model: M::Data, opt: O) -> Result<Self> {
        let s = opt.start(&model)?;
        let state = Train { model, opt: s, step: Array::from(0i32) };
        let step = make_step(opt, |m: &M, x, y| {
            let e = m.apply(x) - y;
            (e * e).sum()
        });
        Ok(Trainer { state, step, predict: jit(M::apply) })
    }
    fn fit(&mut self, data: &[(Array, Array)]) -> Result<Vec<Array>> {
        data.iter().map(|(x, y)| (self.step)(&mut self.state, x, y)).collect()
    }
    fn predict(&self, x: &Array) -> Result<Array> {
        (self.predict)(&self.state.model, x)
    }
}
/// From the outer side: the caller has an `Mlp`, `M` is inferred.
fn count<D: Stored>(model: &D) -> usize {
    model.leaves().len()
}
fn fit<D: Stored, O: Optimizer<D::Traced>>(model: D, opt: O, data: &[(Array, Array)]) -> Result<D>
where
    D::Traced: Model,
{
    let mut trainer = Trainer::<D::Traced, O>::new(model, opt)?;
    trainer.fit(data)?;
    Ok(trainer.state.model)
}

#[derive(Tree, Debug)]
struct Dense<T = Array> {
    w: T,
    b: T,
}
#[derive(Tree, Debug)]
struct Mlp<T = Array> {
    layers: Vec<Dense<T>>,
    out: Dense<T>,
}
impl Dense<Val> {
    fn apply(&self, x: &Val) -> Val {
        x * self.w + self.b
    }
}
impl Model for Mlp<Val> {
    fn apply(&self, x: &Val) -> Val {
        self.out.apply(&self.layers.iter().fold(*x, |x, l| l.apply(&x).max(0.0)))
    }
}
/// A model generic over its parts is a model.
#[derive(Tree)]
struct Skip<M> {
    inner: M,
}
impl<M: Model> Model for Skip<M> {
    fn apply(&self, x: &Val) -> Val {
        x + self.inner.apply(x)
    }
}

fn mlp() -> Mlp {
    let dense = |w| Dense { w: vector(&[w]), b: vector(&[0.1]) };
    Mlp { layers: vec![dense(0.5), dense(0.8)], out: dense(1.) }
}
fn samples() -> Vec<(Array, Array)> {
    (0..40).map(|i| (vector(&[i as f32 / 40.]), vector(&[i as f32 / 20.]))).collect()
}

#[test]
fn a_struct_holds_model_optimizer_and_step() -> Result<()> {
    let trainer = || Trainer::<Mlp<Val>, _>::new(mlp(), (Clip(1.0), Ema(Adam { rate: 0.005 })));
    let untrained = trainer()?.fit(&samples()[39..])?[0].item::<f32>()?;
    let mut t = trainer()?;
    let losses = t.fit(&samples())?;
    assert!(losses[39].item::<f32>()? < 0.1 * untrained);
    t.fit(&samples())?;
    assert_eq!(t.state.step.item::<i32>()?, 80);
    assert_eq!(t.state.opt.1.1.count.item::<i32>()?, 80);
    assert_eq!(t.predict(&vector(&[0.5]))?.shape(), [1]);
    Ok(())
}

#[test]
fn from_the_outer_side_nothing_is_annotated() -> Result<()> {
    let m = fit(mlp(), Sgd(0.1), &samples())?;
    assert_eq!(count(&m), 6);
    assert_ne!(m.out.w, mlp().out.w);
    let skip = Skip { inner: Skip { inner: mlp() } };
    let s = fit(skip, Scheduled(|n: Val| 0.01 / (n + 1)), &samples())?;
    assert_ne!(s.inner.inner.out.w, mlp().out.w);
    Ok(())
}

#[test]
fn a_mask_freezes_leaves_and_a_wrong_one_is_an_error() -> Result<()> {
    fn loss(m: &Mlp<Val>, x: &Val) -> Val {
        (m.apply(x) - x).sum()
    }
    let keep = || Dense { w: true, b: false };
    let opt = Masked { inner: Adam { rate: 0.1 }, mask: Mlp { layers: vec![keep(), keep()], out: keep() } };
    let s = opt.start(&mlp())?;
    let pure = make_pure(opt, loss);
    let (m, s) = pure(&mlp(), &s, &vector(&[1.]))?;
    assert_eq!(m.out.b, vector(&[0.1]));
    near(&m.out.w, &[1. - 0.1 * 0.1 / 0.001f32.sqrt()]);
    assert_eq!(s.count, Array::from(1i32));
    let opt = Masked { inner: Sgd(0.1), mask: Mlp { layers: vec![], out: keep() } };
    let message =
        make_pure(opt, loss)(&mlp(), &(), &vector(&[1.])).expect_err("another structure").to_string();
    assert!(message.contains("trees differ at `layers`: lengths 2 and 0"), "{message}");
    Ok(())
}
