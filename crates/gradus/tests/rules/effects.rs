//! Callbacks and checks: when they happen, in which order, and what a call that fails leaves behind.

use super::{first_line, near, scalar, vector};
use gradus::{
    Array, Checks, Config, Dtype, Jitted, Result, Tree, Type, Val, check, checkpoint, custom_jvp,
    debug_callback, grad, jit, outline, pure_callback, value_and_grad, vmap, vmap_axes,
};
use std::sync::{Arc, Mutex};

/// A list that callbacks write and the test reads.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<f32>>>);

impl Log {
    /// Notes the value when the program runs.
    #[track_caller]
    fn note(&self, x: &Val) {
        let log = self.clone();
        debug_callback(x, move |x: Array| log.0.lock().expect("no panic").push(x.item().expect("one float")));
    }
    fn take(&self) -> Vec<f32> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

#[test]
fn callbacks_come_in_order_once_per_lane_and_are_not_repeated() -> Result<()> {
    let log = Log::default();
    let l = log.clone();
    let f = move |x: &Val| {
        l.note(x);
        let y = x.sin();
        l.note(&(x * 10.0));
        l.note(x);
        y * x
    };
    let g = f.clone();
    jit(f.clone())(&scalar(1.))?;
    assert_eq!(log.take(), [1., 10., 1.], "equal calls are not merged");
    jit(vmap(f.clone()))(&vector(&[1., 2.]))?;
    assert_eq!(log.take(), [1., 2., 10., 20., 1., 2.]);
    jit(value_and_grad(f.clone()))(&scalar(3.))?;
    assert_eq!(log.take(), [3., 30., 3.], "once, by the forward pass");
    jit(grad(checkpoint(f.clone())))(&scalar(3.))?;
    assert_eq!(log.take(), [3., 30., 3.], "the second computation is silent");
    jit(grad(grad(f.clone())))(&scalar(3.))?;
    assert_eq!(log.take(), [3., 30., 3.]);
    let inside = jit(f.clone());
    jit(move |x: &Val| inside.inside()(x) + 1.0)(&scalar(4.))?;
    assert_eq!(log.take(), [4., 40., 4.], "a call keeps its effects");
    let shared = outline(f);
    jit(move |x: &Val| shared(x) + shared(&(x + 1.0)))(&scalar(1.))?;
    assert_eq!(log.take(), [1., 10., 1., 2., 20., 2.]);
    let ruled = move |x: &Val| custom_jvp(*x, |x| g(&x), |x, dx| (g(&x), dx));
    jit(grad(ruled))(&scalar(5.))?;
    assert_eq!(log.take(), [5., 50., 5.], "the rule runs in place of the function");
    Ok(())
}

#[test]
fn an_effect_stays_whatever_reads_its_operands() -> Result<()> {
    let log = Log::default();
    let l = log.clone();
    let f = jit(move |_: &Val| {
        l.note(&Val::from(7.0).astype(Dtype::F32));
        Val::from(1.0)
    });
    for _ in 0..2 {
        f(&scalar(1.))?;
    }
    assert_eq!(log.take(), [7., 7.], "at every call");
    let l = log.clone();
    jit(vmap(move |x: &Val| {
        l.note(&Val::from(7.0).astype(Dtype::F32));
        *x
    }))(&vector(&[1., 2., 3.]))?;
    assert_eq!(log.take(), [7., 7., 7.], "once per lane, though no lane differs");
    Ok(())
}

#[test]
fn a_pure_callback_is_a_function_like_others() -> Result<()> {
    let halved = |x: &Val| {
        pure_callback(x.ty(), x, |x: Array| -> Result<Array> {
            Ok(Array::from_f64(x.ty(), x.to_f64_vec().into_iter().map(|x| x / 2.0)))
        })
    };
    near(&jit(move |x: &Val| halved(x) + 1.0)(&vector(&[2., 4.]))?, &[2., 3.]);
    near(&jit(vmap(halved))(&vector(&[2., 4.]))?, &[1., 2.]);
    near(&jit(vmap(vmap(halved)))(&Array::from([[2f32, 4.], [6., 8.]]))?, &[1., 2., 3., 4.]);
    let ruled = move |x: &Val| custom_jvp(*x, |x| halved(&x), move |x, dx| (halved(&x), dx / 2.0));
    near(&jit(grad(ruled))(&scalar(3.))?, &[0.5]);
    near(&jit(vmap(grad(ruled)))(&vector(&[3., 4.]))?, &[0.5, 0.5]);
    // Several arguments and results, of other types.
    let f = jit(|x: &Val, n: &Val| {
        let types = (Type::new(Dtype::F32, [2]), Type::scalar(Dtype::I32));
        let swap = |(x, n): (Array, Array)| -> Result<(Array, Array)> {
            let mut v = x.to_vec::<f32>()?;
            v.reverse();
            Ok((Array::from(v), Array::from(n.item::<i32>()? + 1)))
        };
        let (v, n) = pure_callback(types, &(*x, *n), swap);
        (v * 2.0, n)
    });
    let (v, n) = f(&vector(&[1., 2.]), &Array::from(3i32))?;
    near(&v, &[4., 2.]);
    assert_eq!(n, Array::from(4i32));
    // A jitted function may be called in a callback.
    let inner: Jitted<fn(&Val) -> Val> = jit(|x: &Val| x * 3.0);
    let outer = jit(move |x: &Val| {
        let inner = inner.clone();
        pure_callback(x.ty(), x, move |x: Array| inner(&x)) + 1.0
    });
    near(&outer(&scalar(2.))?, &[7.]);
    Ok(())
}

#[test]
fn checks_fail_with_their_message_and_any_lane_counts() -> Result<()> {
    let root = |x: &Val| {
        check(x.ge(0.0), "the root of {:.1}", x);
        x.sqrt()
    };
    near(&jit(root)(&scalar(4.))?, &[2.]);
    assert_eq!(first_line(jit(root)(&scalar(-4.))), "check: the root of -4.0");
    assert_eq!(first_line(jit(vmap(root))(&vector(&[1., -2., -3.]))), "check: the root of -2.0");
    assert_eq!(first_line(jit(value_and_grad(root))(&scalar(-4.))), "check: the root of -4.0");
    let whole = |x: &Val| {
        check(x.ge(0.0), "an element is negative", &());
        x.sqrt()
    };
    near(&jit(whole)(&vector(&[1., 4.]))?, &[1., 2.]);
    assert_eq!(first_line(jit(whole)(&vector(&[1., -4.]))), "check: an element is negative");
    let lanes = vmap_axes(move |x: &Val, y: &Val| whole(x) + y, (None, 0), 0);
    assert_eq!(first_line(jit(lanes)(&scalar(-1.), &vector(&[1., 2.]))), "check: an element is negative");
    // Of several failures the first of the program is reported, whatever the threads.
    let two = jit(|x: &Val| {
        check(x.lt(1.0), "first", &());
        check(x.lt(1.0), "second", &());
        *x
    });
    for threads in [1, 2] {
        let two = two.with(Config { threads, ..Config::default() });
        assert_eq!(first_line(two(&scalar(2.))), "check: first");
    }
    Ok(())
}

#[derive(Tree, Clone, Debug, PartialEq)]
struct State<T = Array> {
    w: T,
    steps: T,
}

#[test]
fn state_is_untouched_when_a_call_fails() -> Result<()> {
    let step = jit(|s: &mut State<Val>, x: &Val| {
        s.w *= x;
        check(s.w.lt(100.0), "w is {}", &s.w.amax());
        s.steps += 1;
        s.w.sum()
    });
    let mut state = State { w: vector(&[1., 2.]), steps: Array::from(0i32) };
    near(&step(&mut state, &scalar(3.))?, &[9.]);
    let before = state.clone();
    let address = state.w.bytes().as_ptr();
    assert_eq!(first_line(step(&mut state, &scalar(50.))), "check: w is 300.0");
    assert_eq!(state, before);
    assert_eq!(state.w.bytes().as_ptr(), address, "the old buffers are kept");
    near(&step(&mut state, &scalar(2.))?, &[18.]);
    assert_eq!(state.steps, Array::from(2i32));
    // The same for a callback that fails after the state was computed.
    let failing = jit(|s: &mut State<Val>| {
        s.w += 1.0;
        let refuse = |_: Array| -> std::result::Result<Array, String> { Err("no".into()) };
        pure_callback(Type::scalar(Dtype::F32), &s.w, refuse)
    });
    let before = state.clone();
    assert_eq!(
        first_line(failing(&mut state)),
        "pure_callback: the callback `@state_is_untouched_when_a_call_fails` failed: no"
    );
    assert_eq!(state, before);
    // And for `debug_nans`, and the checks that a configuration asks for.
    let log = jit(|s: &mut State<Val>| s.w = (s.w - 100.0).log());
    let config = Config { debug_nans: true, ..Config::default() };
    let message = first_line(log.with(config)(&mut state));
    assert!(message.starts_with("log: the first NaN is made here, from f32[2]: [-"), "{message}");
    assert_eq!(state, before);
    let config = Config { checks: Checks::ALL, ..Config::default() };
    assert_eq!(first_line(log.with(config)(&mut state)), "check: `log` makes a NaN");
    assert_eq!(state, before);
    Ok(())
}

#[test]
fn configured_checks_find_nan_index_and_division() -> Result<()> {
    let only = |checks| Config { checks, ..Config::default() };
    let nan = only(Checks { nan: true, ..Checks::default() });
    let index = only(Checks { out_of_bounds: true, ..Checks::default() });
    let zero = only(Checks { division_by_zero: true, ..Checks::default() });
    let f = jit(|x: &Val, i: &Val| (x / (x - 1.0)).take(i, 0).sqrt());
    let (x, good) = (vector(&[2., 3.]), Array::from([0i32, 1]));
    for config in [&nan, &index, &zero] {
        near(&f.with(config.clone())(&x, &good)?, &[2f32.sqrt(), 1.5f32.sqrt()]);
    }
    let bad = Array::from([0i32, 2]);
    assert_eq!(first_line(f.with(index.clone())(&x, &bad)), "check: an index of `gather` is out of bounds");
    let one = vector(&[1., 3.]);
    assert_eq!(first_line(f.with(zero.clone())(&one, &good)), "check: `div` divides by zero");
    let half = vector(&[0.5, 3.]);
    assert_eq!(first_line(f.with(nan.clone())(&half, &good)), "check: `sqrt` makes a NaN");
    assert!(f(&half, &bad).is_ok(), "without them nothing is checked");
    // Integers, and inside of shared Programs.
    let g = jit(|x: &Val, y: &Val| {
        let quotient = outline(|x: &Val, y: &Val| x.floor_divide(y));
        quotient(x, y) + quotient(y, x)
    });
    let (three, none) = (Array::from(3i32), Array::from(0i32));
    assert!(g.with(zero.clone())(&three, &three).is_ok());
    assert_eq!(first_line(g.with(zero)(&three, &none)), "check: `rem` divides by zero");
    // The gradient of what is checked is checked too.
    let slope = jit(grad(|x: &Val| x.sqrt() * 0.0));
    assert_eq!(first_line(slope.with(nan)(&scalar(0.))), "check: `mul` makes a NaN");
    Ok(())
}

#[test]
fn debug_nans_looks_into_calls_and_is_silent() -> Result<()> {
    let log = Log::default();
    let l = log.clone();
    let f = move |x: &Val| {
        l.note(x);
        (x - 2.0).log()
    };
    let shared = outline(f);
    let g = jit(move |x: &Val| shared(x) + shared(&(x + 1.0)));
    let g = g.with(Config { debug_nans: true, ..Config::default() });
    near(&g(&scalar(3.))?, &[2f32.ln()]);
    assert_eq!(log.take(), [3., 4.]);
    assert_eq!(first_line(g(&scalar(1.))), "log: the first NaN is made here, from f32[]: [-1]");
    assert_eq!(log.take(), [1., 2.], "the replay calls nobody back");
    assert_eq!(first_line(g(&scalar(f32::NAN))), "debug_nans: argument 0 (f32[]) holds NaN already");
    Ok(())
}
