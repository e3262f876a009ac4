//! Functions of every arity, trees in and out, nested transforms, state, captures, threads.

use super::{near, scalar, vector};
use gradus::{Array, Dtype, Jit, Result, Traced, Tree, Type, Val, grad, jit, random, value_and_grad, vmap};
use std::sync::Arc;

#[derive(Tree)]
struct Dense<T = Array> {
    w: T,
    b: T,
    #[tree(static)]
    act: &'static str,
}
impl Dense<Val> {
    fn apply(&self, x: Val) -> Val {
        x * self.w + self.b
    }
}
#[derive(Tree)]
struct Mlp<T = Array> {
    hidden: Vec<Dense<T>>,
    out: Dense<T>,
}
#[derive(Tree)]
struct Residual<M> {
    inner: M,
}
#[derive(Tree)]
struct Train<T = Array, O = T> {
    model: Mlp<T>,
    opt: O,
}

fn apply(m: &Mlp<Val>, x: Val) -> Val {
    m.out.apply(m.hidden.iter().fold(x, |x, l| l.apply(x)))
}
fn loss(m: &Mlp<Val>, x: &Val, y: &Val) -> Val {
    apply(m, *x) - y
}
fn square(x: &Val) -> Val {
    x * x
}
fn grad_of_square(x: &Val) -> Val {
    grad(square)(x)
}
fn dense() -> Dense {
    Dense { w: scalar(0.5), b: scalar(0.1), act: "relu" }
}
fn mlp() -> Mlp {
    Mlp { hidden: vec![dense(), dense()], out: dense() }
}

#[test]
fn jit_takes_functions_of_every_arity() -> Result<()> {
    near(&jit(square)(&scalar(3.0))?, &[9.0]);
    let f = jit(|x: &Val, y: &Val, z: &Val, w: &Val| x + y * z - 2.0 * w);
    near(&f(&scalar(1.), &scalar(2.), &scalar(3.), &scalar(4.))?, &[-1.0]);
    let f = jit(|x: &Val, y: &Val, z: &Val, u: &Val, v: &Val, w: &Val| x + y + z + u + v + w);
    let x = scalar(1.);
    near(&f(&x, &x, &x, &x, &x, &x)?, &[6.0]);
    Ok(())
}

#[test]
fn jit_returns_trees() -> Result<()> {
    let f = jit(|x: &Val| (x.sin(), vec![*x, x + 1.0], Some(x * 2.0)));
    let (s, v, o) = f(&scalar(1.0))?;
    near(&s, &[1f32.sin()]);
    near(&v[1], &[2.0]);
    near(&o.expect("some"), &[2.0]);
    Ok(())
}

#[test]
fn transforms_nest_in_any_order() -> Result<()> {
    near(&jit(vmap(grad(grad_of_square)))(&vector(&[2.0, 3.0]))?, &[2.0, 2.0]);
    let f = jit(value_and_grad(loss));
    let (l, g) = f(&mlp(), &scalar(1.0), &scalar(0.0))?;
    near(&l, &[0.3]);
    near(&g.out.w, &[0.4]);
    assert_eq!(g.out.act, "relu");
    Ok(())
}

/// The type of a jitted function, written in full.
struct Trainer {
    step: Jit<dyn Fn(&mut Mlp, &Array, &Array) -> Result<Array> + Send + Sync>,
}

#[test]
fn state_is_replaced_when_the_call_succeeds() -> Result<()> {
    let step = jit(|m: &mut Mlp<Val>, x: &Val, y: &Val| {
        let (l, g) = value_and_grad(loss)(m, x, y);
        *m = m.zip_map(&g, |p, g| p - 0.1 * g);
        l
    });
    let (mut model, x, y) = (mlp(), scalar(1.0), scalar(0.0));
    let first = step(&mut model, &x, &y)?;
    near(&model.out.b, &[0.0]);
    let trainer = Trainer { step };
    let second = (trainer.step)(&mut model, &x, &y)?;
    assert!(second.item::<f32>()? < first.item::<f32>()?);
    Ok(())
}

#[test]
fn closures_capture_values_of_the_enclosing_trace() -> Result<()> {
    let f = jit(|x: &Val, y: &Val| {
        let y = *y;
        let moved = grad(move |x: &Val| x * y)(x);
        let borrowed = grad(|x: &Val| x * y)(x);
        moved + borrowed
    });
    near(&f(&scalar(1.0), &scalar(2.0))?, &[4.0]);
    let k = 3.0;
    near(&jit(|x: &Val| x * k)(&scalar(2.0))?, &[6.0]);
    // gradients flow through captures, at every level
    let f = jit(grad(|x: &Val| {
        let inner = grad(|y: &Val| y * y * x)(x);
        inner * x
    }));
    near(&f(&scalar(2.0))?, &[24.0]);
    Ok(())
}

#[test]
fn a_jitted_function_serves_threads() {
    let served = Arc::new(jit(square));
    std::thread::scope(|s| {
        for _ in 0..2 {
            let f = served.clone();
            s.spawn(move || near(&f(&scalar(4.0)).expect("runs"), &[16.0]));
        }
    });
}

#[test]
fn generic_wrappers_tuples_and_empty_trees_are_arguments() -> Result<()> {
    let f = jit(|m: &Residual<Mlp<Val>>, x: &Val| apply(&m.inner, *x) + x);
    near(&f(&Residual { inner: mlp() }, &scalar(1.0))?, &[1.3]);
    near(&jit(|(x, y): &(Val, Val)| x * y)(&(scalar(2.), scalar(5.)))?, &[10.0]);
    let f = jit(|x: &mut Val| {
        *x *= 2.0;
    });
    let mut s = scalar(2.0);
    f(&mut s)?;
    near(&s, &[4.0]);
    let f = jit(|t: &mut Train<Val, (Val, Val)>, x: &Val| {
        t.opt.0 += x;
        t.opt.1
    });
    let mut state = Train { model: Mlp { hidden: vec![], out: dense() }, opt: (scalar(1.), scalar(2.)) };
    near(&f(&mut state, &scalar(1.))?, &[2.0]);
    near(&state.opt.0, &[2.0]);
    near(&state.model.out.w, &[0.5]);
    let f = jit(|t: &mut (Val, ()), x: &Val| t.0 += x);
    let mut t = (scalar(1.), ());
    f(&mut t, &scalar(2.))?;
    near(&t.0, &[3.0]);
    Ok(())
}

#[derive(Tree)]
struct Relu;
#[derive(Tree)]
struct Chain<A, B> {
    a: A,
    b: B,
}

#[test]
fn a_layer_without_leaves_is_a_tree() -> Result<()> {
    let f = jit(|c: &Chain<Relu, Dense<Val>>, x: &Val| {
        let Relu = &c.a;
        c.b.apply(*x)
    });
    near(&f(&Chain { a: Relu, b: dense() }, &scalar(1.))?, &[0.6]);
    Ok(())
}

#[test]
fn a_permutation_of_nothing_is_nothing() -> Result<()> {
    let empty = Array::zeros(Type::new(Dtype::F32, [0, 3]));
    let f = jit(|key: &Val, x: &Val| {
        (random::permutation(key, x), random::permutation(key, 0), random::shuffle(key, x, 0))
    });
    let (rows, numbers, shuffled) = f(&random::seed(0), &empty)?;
    assert_eq!((rows.shape(), numbers.shape(), shuffled.shape()), (vec![0, 3], vec![0], vec![0, 3]));
    let columns = jit(|key: &Val, x: &Val| random::permutation_along(key, x, 1))(&random::seed(0), &empty)?;
    assert_eq!(columns.shape(), [0, 3]);
    Ok(())
}

#[test]
fn integers_between_integers_stay_integers() -> Result<()> {
    let x = Array::from([-5i32, 1, 5]);
    assert_eq!(jit(|x: &Val| x.clip(0, 2))(&x)?, Array::from([0i32, 1, 2]));
    // As `jnp.clip`: a float bound makes floats of them.
    assert_eq!(jit(|x: &Val| x.clip(0, 2.5))(&x)?, Array::from([0.0f32, 1.0, 2.5]));
    assert_eq!(jit(|x: &Val| x.astype(Dtype::U8).clip(0, 3))(&x)?.dtype(), Dtype::U8);
    Ok(())
}

#[test]
fn an_array_larger_than_memory_is_refused() {
    let error = Array::try_full([usize::MAX, 4], 1.0f32).unwrap_err().to_string();
    assert!(error.starts_with("Array::full: f32[18446744073709551615,4] is larger than"), "{error}");
    assert!(error.contains("basics.rs"), "{error}");
    assert_eq!(Array::full([usize::MAX, 0], 1.0f32).size(), 0);
    assert_eq!(Array::full([0, usize::MAX], 1i32).shape(), [0, usize::MAX]);
}
