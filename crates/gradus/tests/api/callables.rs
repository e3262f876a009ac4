//! Methods, function pointers, generic functions, captures, jitted functions in structs and vectors.

use super::{near, scalar, vector};
use gradus::{
    Array, Fixed, Function, Jit, Jitted, Loss, Outer, Reads, Result, Returning, Traced, Tree, Val, grad, jit,
};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Tree, Clone, Debug)]
struct Mlp<T = Array> {
    w: T,
    b: T,
}
impl Mlp<Val> {
    fn apply(&self, x: &Val) -> Val {
        x * self.w + self.b
    }
    fn update(&mut self, g: &Mlp<Val>) {
        *self = self.zip_map(g, |p, g| p - 0.1 * g);
    }
    fn new(seed: &Val) -> Mlp<Val> {
        Mlp { w: seed.sin(), b: seed * 0.0 }
    }
}
/// Written for any leaf: not useful to `jit`, must not be in the way.
impl<T: Clone> Mlp<T> {
    fn first(&self) -> T {
        self.w.clone()
    }
}
trait Layer: Traced {
    fn call(&self, x: &Val) -> Val;
    fn twice(&self, x: &Val) -> Val {
        self.call(&self.call(x))
    }
}
impl Layer for Mlp<Val> {
    fn call(&self, x: &Val) -> Val {
        self.apply(x)
    }
}
fn generic<M: Layer>(m: &M, x: &Val) -> Val {
    m.call(x)
}
fn squares(x: &Val) -> Val {
    x * x
}
fn constant_size<const N: usize>(x: &[Val; N]) -> Val {
    x.iter().fold(0.0.into(), |s: Val, x| s + x)
}
fn model() -> Mlp {
    Mlp { w: scalar(2.), b: scalar(1.) }
}

#[test]
fn methods_and_generic_functions_are_jitted() -> Result<()> {
    let (model, x) = (model(), scalar(1.));
    near(&jit(Mlp::<Val>::apply)(&model, &x)?, &[3.]);
    near(&jit(Mlp::apply)(&model, &x)?, &[3.]);
    near(&jit(Layer::call as fn(&Mlp<Val>, &Val) -> Val)(&model, &x)?, &[3.]);
    near(&jit(<Mlp<Val> as Layer>::twice)(&model, &x)?, &[7.]);
    near(&jit(generic::<Mlp<Val>>)(&model, &x)?, &[3.]);
    near(&jit(constant_size::<3>)(&[scalar(1.), scalar(2.), scalar(3.)])?, &[6.]);
    near(&jit(Mlp::new)(&x)?.w, &[1f32.sin()]);
    let mut m = model.clone();
    jit(Mlp::update)(&mut m, &model)?;
    near(&m.first(), &[1.8]);
    Ok(())
}

#[test]
fn pointers_boxes_and_arcs_are_jitted() -> Result<()> {
    let x = scalar(2.);
    let p: fn(&Val) -> Val = squares;
    let ps: [fn(&Val) -> Val; 2] = [squares, |x| x.sin()];
    let boxed: Box<dyn Fn(&Val) -> Val + Send + Sync> = Box::new(|x| x * 3.0);
    let shared: Arc<dyn Fn(&Val) -> Val + Send + Sync> = Arc::new(|x| x * 3.0);
    near(&jit(p)(&x)?, &[4.]);
    near(&jit(&squares)(&x)?, &[4.]);
    near(&jit(ps[1])(&x)?, &[2f32.sin()]);
    near(&jit(&boxed)(&x)?, &[6.]);
    let arc = shared.clone();
    near(&jit(move |x: &Val| arc(x))(&x)?, &[6.]);
    near(&jit(&*shared)(&x)?, &[6.]);
    near(&jit(grad(&boxed))(&x)?, &[3.]);
    let keep = jit(boxed);
    near(&keep(&x)?, &[6.]);
    Ok(())
}

#[test]
fn a_function_may_have_no_parameters() -> Result<()> {
    let zeros = jit(|| Mlp { w: 0.0.into(), b: 0.0.into() });
    let z: Mlp = zeros()?;
    near(&jit(|| Val::from(&z.w) + 1.0)()?, &[1.]);
    Ok(())
}

#[test]
fn arrays_are_captured() -> Result<()> {
    let (w, model) = (scalar(3.), model());
    near(&jit(|x: &Val| x * &w + 2 * x * &w + &w / x)(&scalar(2.))?, &[19.5]);
    let arc = Arc::new(model.clone());
    near(&jit(move |x: &Val| x * &arc.w)(&scalar(1.))?, &[2.]);
    let frozen = jit(|x: &Val| Mlp { w: Val::from(&model.w), b: Val::from(&model.b) }.apply(x));
    near(&frozen(&scalar(1.))?, &[3.]);
    let frozen = jit(|x: &Val| model.map(|a| Val::from(a)).apply(x));
    near(&frozen(&scalar(1.))?, &[3.]);
    // the same buffer is one operand of the Program, however often it is met
    let program = gradus::trace(|x: &Val| x * &w + &w)(&scalar(1.))?;
    assert_eq!(program.num_params(), 2);
    Ok(())
}

#[test]
fn fixed_arguments_are_static() -> Result<()> {
    let f = jit(|x: &Val, n: &Fixed<usize>, name: &Fixed<&'static str>| {
        (0..n.0).fold(*x, |x, _| if name.0 == "double" { x * 2.0 } else { x })
    });
    near(&f(&scalar(1.), &Fixed(3), &Fixed("double"))?, &[8.]);
    near(&f(&scalar(1.), &Fixed(2), &Fixed("double"))?, &[4.]);
    near(&f(&scalar(1.), &Fixed(2), &Fixed("same"))?, &[1.]);
    Ok(())
}

fn run_twice(f: &dyn Fn(&Array) -> Result<Array>, x: &Array) -> Result<Array> {
    f(&f(x)?)
}
fn run_any(f: impl Fn(&Array) -> Result<Array>, x: &Array) -> Result<Array> {
    f(x)
}
fn describe<S: ?Sized + Outer>(f: &Jit<S>) -> String {
    f.explain()
}

#[test]
fn a_jitted_function_is_called_inside_another() -> Result<()> {
    let inner = jit(|x: &Val| x * x);
    let outer = jit(|x: &Val| grad(inner.inside())(x) + inner.inside()(x));
    near(&outer(&scalar(3.))?, &[15.]);
    near(&run_twice(&*inner, &scalar(3.))?, &[81.]);
    near(&run_any(&*inner, &scalar(3.))?, &[9.]);
    near(&run_any(|x| inner(x), &scalar(3.))?, &[9.]);
    let step = jit(|m: &mut Mlp<Val>, x: &Val| {
        m.w += x;
        m.b
    });
    let two = jit(|m: &mut Mlp<Val>, x: &Val| {
        step.inside()(m, x);
        step.inside()(m, x)
    });
    let mut m = model();
    near(&two(&mut m, &scalar(1.))?, &[1.]);
    near(&m.w, &[4.]);
    assert!(describe(&two).contains("traced 1 times"), "{}", describe(&two));
    let clone = inner.clone();
    let x = std::thread::spawn(move || clone(&scalar(2.))).join().expect("no panic")?;
    near(&x, &[4.]);
    Ok(())
}

/// A transform of one's own, for functions of any arity.
fn normalized_grad<'f, S, F: Function<'f, S>>(f: F) -> Returning<'f, S, S::First>
where
    S: Reads<First: Traced, Out: Loss>,
{
    S::wrap(f.share(), |f, p| {
        let g = grad(f)(p);
        let norm = g.leaves().into_iter().fold(0.0.into(), |n: Val, g| n + (g * g).sum()).sqrt();
        g.map(|g| g / norm)
    })
}
/// One that keeps the result: a penalty for any loss.
fn with_decay<'f, S, F: Function<'f, S>>(f: F, rate: f64) -> Returning<'f, S, Val>
where
    S: Reads<First: Traced, Out: Loss>,
{
    S::wrap(f.share(), move |f, p| p.leaves().into_iter().fold(f(p).loss(), |l, p| l + rate * (p * p).sum()))
}
fn normalized_grad_of_sum((x, y): &(Val, Val)) -> Val {
    normalized_grad(|x: &Val| (x * y).sum())(x)
}

#[test]
fn users_write_transforms_of_their_own() -> Result<()> {
    let g = jit(normalized_grad(with_decay(Mlp::apply, 0.1)))(&model(), &scalar(1.))?;
    let (w, b) = (1.4f32, 1.2f32);
    near(&g.w, &[w / w.hypot(b)]);
    let f = jit(normalized_grad(normalized_grad_of_sum));
    f(&(scalar(1.), scalar(2.)))?;
    Ok(())
}

#[test]
fn six_parameters_of_every_kind() -> Result<()> {
    let f = jit(|m: &mut Mlp<Val>, s: &(), x: &Val, y: &Val, k: &Val, n: &Fixed<u8>| {
        let () = s;
        let scaled = |m: &Mlp<Val>, x: &Val, y: &Val, k: &Val, n: &Fixed<u8>| m.apply(x) * y * k * n.0 as i64;
        grad(scaled)(m, x, y, k, n).w
    });
    let (mut m, x) = (model(), scalar(3.));
    near(&f(&mut m, &(), &x, &scalar(1.), &scalar(1.), &Fixed(2))?, &[6.]);
    Ok(())
}

/// A struct generic over the model holds jitted functions of it.
#[derive(Clone, Debug)]
struct Server<M: Traced> {
    model: M::Data,
    forward: Jitted<fn(&M, &Val) -> Val>,
    all: Vec<Jitted<fn(&M, &Val) -> Val>>,
    by_name: HashMap<String, Jitted<fn(&M, &Val) -> Val>>,
}
impl<M: Layer> Server<M> {
    fn new(model: M::Data) -> Self {
        let all = vec![jit(M::call), jit(M::twice), jit(generic::<M>), jit(|m: &M, x: &Val| m.call(x) * 2.0)];
        Server { model, forward: jit(M::call), all, by_name: HashMap::from([("call".into(), jit(M::call))]) }
    }
    fn run(&self, x: &Array) -> Result<Array> {
        self.all.iter().try_fold(x.clone(), |x, f| f(&self.model, &x))?;
        self.by_name["call"](&self.model, x)?;
        (self.forward)(&self.model, x)
    }
    /// Generic and threaded: no clause.
    fn spawn(self, x: Array) -> std::thread::JoinHandle<Result<Array>> {
        std::thread::spawn(move || self.run(&x))
    }
}
/// The type written out, for those who prefer it.
struct Plain {
    step: Jit<dyn Fn(&mut Mlp, &Array) -> Result<Array> + Send + Sync>,
}

#[test]
fn structs_and_vectors_hold_jitted_functions() -> Result<()> {
    let s = Server::<Mlp<Val>>::new(model());
    near(&s.run(&scalar(1.))?, &[3.]);
    near(&s.clone().spawn(scalar(1.)).join().expect("no panic")?, &[3.]);
    let plain = Plain { step: jit(|m: &mut Mlp<Val>, x: &Val| m.apply(x)) };
    near(&(plain.step)(&mut model(), &scalar(1.))?, &[3.]);
    let mut ladder = vec![jit(squares)];
    for k in 0..3 {
        ladder.push(jit(move |x: &Val| x * k as f64));
    }
    let all: Vec<Array> = ladder.iter().map(|f| f(&vector(&[3.]))).collect::<Result<_>>()?;
    near(&all[3], &[6.]);
    // a choice at run time has one type
    let f = if ladder.len() > 3 { jit(squares) } else { jit(|x: &Val| x.sin()) };
    let g: Jitted<fn(&Val) -> Val> = f;
    assert!(format!("{g:?}").contains("squares"));
    Ok(())
}
